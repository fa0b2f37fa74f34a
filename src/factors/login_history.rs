//! The recent logins of an account, those that failed and those that did not: a few of each, none older than a bound. What an
//! attempt was refused for is one word of the log's list; what was presented is never here.
//!
//! Attempts that are alike on the same day (in UTC) are one line with a count, so that a guesser fills no list.

use std::time::Duration;

use minicbor::{Decode, Encode};

use crate::clock::UnixMillis;

const DAY_SECONDS: u64 = 86_400;

/// The recent logins of an account, oldest first.
#[derive(Clone, Debug, Default, PartialEq, Eq, Encode, Decode)]
#[cbor(map)]
pub struct Logins {
    /// Those that failed.
    #[n(0)]
    #[cbor(default)]
    pub failures: Vec<Attempt>,
    /// Those that did not.
    #[n(1)]
    #[cbor(default)]
    pub successes: Vec<Attempt>,
}

/// One attempt to log in, or several that are alike on one day.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
#[cbor(map)]
pub struct Attempt {
    /// When; the last one, of several.
    #[n(0)]
    pub time: UnixMillis,
    /// How: `simple`, `SASL` and the mechanism, or `internal`.
    #[n(1)]
    pub method: String,
    /// From which IP address; `None` over the Unix socket.
    #[n(2)]
    pub address: Option<String>,
    /// Why it failed; `None` if it did not.
    #[n(3)]
    pub reason: Option<String>,
    /// How many more were like it on that day.
    #[n(4)]
    #[cbor(default)]
    pub more: u32,
}

/// How much is kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Bounds {
    /// Most lines of failures; 0 keeps none.
    pub failures: usize,
    /// Most lines of successes; 0 keeps none.
    pub successes: usize,
    /// How old a line may be; zero is any age.
    pub max_age: Duration,
}

impl Bounds {
    /// Whether nothing is kept at all.
    pub const fn is_off(&self) -> bool {
        self.failures == 0 && self.successes == 0
    }
}

impl Logins {
    /// Writes down an attempt, and forgets what the bounds do not keep.
    pub fn note(&mut self, attempt: Attempt, bounds: &Bounds) {
        let now = attempt.time;
        let list = if attempt.reason.is_some() { &mut self.failures } else { &mut self.successes };
        match list.iter().position(|earlier| earlier.is_like(&attempt)) {
            Some(place) => {
                let earlier = list.remove(place);
                list.push(Attempt { more: earlier.more.saturating_add(1), time: earlier.time.max(now), ..attempt });
            }
            None => list.push(attempt),
        }
        self.trim(bounds, now);
    }

    /// What the bounds keep at `now`.
    #[must_use]
    pub fn kept(&self, bounds: &Bounds, now: UnixMillis) -> Self {
        let mut kept = self.clone();
        kept.trim(bounds, now);
        kept
    }

    fn trim(&mut self, bounds: &Bounds, now: UnixMillis) {
        for (list, most) in [(&mut self.failures, bounds.failures), (&mut self.successes, bounds.successes)] {
            if !bounds.max_age.is_zero() {
                list.retain(|attempt| now.since(attempt.time) < bounds.max_age);
            }
            list.drain(..list.len().saturating_sub(most));
        }
    }
}

impl Attempt {
    fn is_like(&self, other: &Self) -> bool {
        let day = |attempt: &Self| attempt.time.seconds() / DAY_SECONDS;
        let is_same = self.method == other.method && self.address == other.address && self.reason == other.reason;
        is_same && day(self) == day(other)
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    const DAY: Duration = Duration::from_secs(DAY_SECONDS);
    const BOUNDS: Bounds = Bounds { failures: 3, successes: 2, max_age: Duration::from_secs(30 * DAY_SECONDS) };

    fn attempt(hours: u64, address: &str, reason: Option<&str>) -> Attempt {
        Attempt {
            time: UnixMillis::from_seconds(1_000 * DAY_SECONDS + hours * 3_600),
            method: "simple".to_owned(),
            address: Some(address.to_owned()),
            reason: reason.map(str::to_owned),
            more: 0,
        }
    }

    #[test]
    fn those_alike_on_one_day_are_one_line() {
        let mut logins = Logins::default();
        for hour in [1, 2, 23, 24] {
            logins.note(attempt(hour, "192.0.2.1", Some("wrong-code")), &BOUNDS);
        }
        logins.note(attempt(25, "192.0.2.2", Some("wrong-code")), &BOUNDS);
        let lines: Vec<_> = logins.failures.iter().map(|line| (line.time, line.more)).collect();
        let time = |hour| attempt(hour, "", None).time;
        assert_eq!(lines, [(time(23), 2), (time(24), 0), (time(25), 0)]);
        assert!(logins.successes.is_empty());
    }

    #[test]
    fn only_so_many_are_kept_and_none_too_old() {
        let mut logins = Logins::default();
        for reason in ["wrong-password", "wrong-code", "locked", "clock-off:+3"] {
            logins.note(attempt(0, "192.0.2.1", Some(reason)), &BOUNDS);
        }
        let reasons: Vec<_> = logins.failures.iter().map(|line| line.reason.as_deref().unwrap()).collect();
        assert_eq!(reasons, ["wrong-code", "locked", "clock-off:+3"]);
        logins.note(attempt(29 * 24, "192.0.2.1", None), &BOUNDS);
        assert_eq!((logins.failures.len(), logins.successes.len()), (3, 1));
        let later = attempt(0, "", None).time.plus(30 * DAY);
        assert_eq!(logins.kept(&BOUNDS, later).failures, []);
        assert_eq!(logins.kept(&BOUNDS, later).successes.len(), 1);
        assert_eq!(logins.kept(&Bounds { max_age: Duration::ZERO, ..BOUNDS }, later), logins, "of any age");
    }

    #[test]
    fn with_no_room_nothing_is_kept() {
        let off = Bounds { failures: 0, successes: 0, ..BOUNDS };
        let mut logins = Logins::default();
        logins.note(attempt(0, "192.0.2.1", Some("locked")), &off);
        assert!(off.is_off() && logins == Logins::default());
    }

    #[test]
    fn a_clock_set_back_takes_no_line_away() {
        let mut logins = Logins::default();
        logins.note(attempt(100, "192.0.2.1", None), &BOUNDS);
        logins.note(attempt(0, "192.0.2.1", None), &BOUNDS);
        assert_eq!(logins.successes.len(), 2);
        let encoded = minicbor::to_vec(&logins).unwrap();
        assert_eq!(minicbor::decode::<Logins>(&encoded).unwrap(), logins);
    }
}
