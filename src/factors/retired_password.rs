//! A password that was replaced and is good for a while longer, so that whatever has it stored can be told of the new one. How long, and
//! who may ask for it, is decided in `handlers`.

use std::{fmt, time::Duration};

use minicbor::{Decode, Encode};

use crate::clock::UnixMillis;

/// Clocks of two nodes may differ by this much.
const CLOCKS_DIFFER: Duration = Duration::from_secs(60);

/// The password before the present one.
#[derive(Clone, PartialEq, Eq, Encode, Decode)]
#[cbor(map)]
pub struct Retired {
    /// The values of userPassword as they were.
    #[n(0)]
    pub hashes: Vec<String>,
    /// When it was replaced.
    #[n(1)]
    pub since: UnixMillis,
    /// When it ends.
    #[n(2)]
    pub expires: UnixMillis,
}

impl Retired {
    /// The password with these values, replaced now, good for `time` longer; `None` if there is none.
    pub fn new(values: &[Vec<u8>], now: UnixMillis, time: Duration) -> Option<Self> {
        let hashes: Vec<String> = values.iter().filter_map(|hash| String::from_utf8(hash.clone()).ok()).collect();
        let is_one = !hashes.is_empty() && !time.is_zero();
        is_one.then(|| Self { hashes, since: now, expires: now.plus(time) })
    }

    /// Whether it is still good. A clock that was set back makes it good for no longer.
    pub fn is_good(&self, now: UnixMillis) -> bool {
        now < self.expires && self.since.since(now) <= CLOCKS_DIFFER
    }
}

impl fmt::Debug for Retired {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Retired").field("since", &self.since).field("expires", &self.expires).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    const NOW: UnixMillis = UnixMillis::from_seconds(1_000_000);
    const HOUR: Duration = Duration::from_secs(3_600);

    #[test]
    fn it_is_good_for_its_time_and_no_longer() {
        let retired = Retired::new(&[b"{SSHA}x".to_vec()], NOW, HOUR).unwrap();
        for (seconds, good) in
            [(1_000_000, true), (1_003_599, true), (1_003_600, false), (999_940, true), (999_000, false)]
        {
            assert_eq!(retired.is_good(UnixMillis::from_seconds(seconds)), good, "{seconds}");
        }
        assert!(!format!("{retired:?}").contains("SSHA"));
        let encoded = minicbor::to_vec(&retired).unwrap();
        assert_eq!(minicbor::decode::<Retired>(&encoded).unwrap(), retired);
    }

    #[test]
    fn no_password_and_no_time_retire_nothing() {
        assert_eq!(Retired::new(&[], NOW, HOUR), None);
        assert_eq!(Retired::new(&[b"x".to_vec()], NOW, Duration::ZERO), None);
    }
}
