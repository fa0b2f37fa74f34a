//! Codes and tokens that the server makes and sends: good once, for a while, for a few guesses. Of each only a keyed hash is stored; the
//! key is `seal`'s, and so is the comparison. How one reaches a person is not known here.

use std::{fmt, time::Duration};

use minicbor::{Decode, Encode};

use crate::clock::UnixMillis;

/// What is remembered of one that was sent.
#[derive(Clone, PartialEq, Eq, Encode, Decode)]
#[cbor(map)]
pub struct Outstanding {
    /// Its keyed hash.
    #[n(0)]
    #[cbor(with = "minicbor::bytes")]
    pub hash: Vec<u8>,
    /// When it was made.
    #[n(1)]
    pub made: UnixMillis,
    /// When it ends.
    #[n(2)]
    pub expires: UnixMillis,
    /// Wrong guesses so far.
    #[n(3)]
    #[cbor(default)]
    pub wrong: u32,
}

/// The one-time password of an account, and how often something was sent to its owner.
#[derive(Clone, Debug, Default, PartialEq, Eq, Encode, Decode)]
#[cbor(map)]
pub struct Delivered {
    /// The one that was sent last, until it is used or given up.
    #[n(0)]
    pub outstanding: Option<Outstanding>,
    /// When messages were sent, of those that still count.
    #[n(1)]
    #[cbor(default)]
    pub sent: Vec<UnixMillis>,
}

/// The tokens of an account.
#[derive(Clone, Debug, Default, PartialEq, Eq, Encode, Decode)]
#[cbor(map)]
pub struct Tokens {
    /// For setting a new password.
    #[n(0)]
    pub reset: Option<Outstanding>,
    /// For what applications agree on, one for each purpose.
    #[n(1)]
    #[cbor(default)]
    pub single_use: Vec<SingleUse>,
}

/// A token for one purpose.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
#[cbor(map)]
pub struct SingleUse {
    /// The purpose.
    #[n(0)]
    pub id: String,
    /// The token.
    #[n(1)]
    pub token: Outstanding,
}

/// What a guess is worth.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// It is the one, and it is still good.
    Right,
    /// It is not.
    Wrong,
    /// Whatever it is, the one that was sent is good no more.
    Expired,
}

/// Two nodes' clocks may differ by this much.
const CLOCKS_DIFFER: Duration = Duration::from_secs(60);

impl Outstanding {
    /// One that is sent now and is good for `validity`.
    pub fn new(hash: Vec<u8>, now: UnixMillis, validity: Duration) -> Self {
        Self { hash, made: now, expires: now.plus(validity), wrong: 0 }
    }

    /// Whether it can still be used. `fence`: what was made up to then may have been used since, and is forgotten
    /// (`Store::fence`). A clock that was set back makes none of them good for longer.
    pub fn is_good(&self, now: UnixMillis, fence: Option<UnixMillis>) -> bool {
        now < self.expires && self.made.since(now) <= CLOCKS_DIFFER && fence.is_none_or(|fence| self.made > fence)
    }

    /// What a guess is worth that is the one or not, as `matches` says.
    pub fn judge(&self, matches: bool, now: UnixMillis, fence: Option<UnixMillis>) -> Verdict {
        match (self.is_good(now, fence), matches) {
            (false, _) => Verdict::Expired,
            (true, true) => Verdict::Right,
            (true, false) => Verdict::Wrong,
        }
    }

    /// What remains after a wrong guess: nothing after as many as `most`.
    #[must_use]
    pub fn after_wrong_guess(self, most: u32) -> Option<Self> {
        let wrong = self.wrong.saturating_add(1);
        (wrong < most).then_some(Self { wrong, ..self })
    }
}

impl fmt::Debug for Outstanding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Outstanding").field("made", &self.made).field("wrong", &self.wrong).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: UnixMillis = UnixMillis::from_seconds(1_000_000);
    const VALIDITY: Duration = Duration::from_secs(300);

    fn made() -> Outstanding {
        Outstanding::new(vec![1, 2, 3], NOW, VALIDITY)
    }

    #[test]
    fn it_is_good_from_when_it_is_made_until_it_ends() {
        let at = |seconds: u64, millis: u64| UnixMillis(seconds * 1000 + millis);
        let table = [
            (at(1_000_000, 0), true),
            (at(1_000_299, 999), true),
            (at(1_000_300, 0), false),
            (at(2_000_000, 0), false),
            (at(999_940, 0), true),
            (at(999_939, 999), false),
            (at(0, 0), false),
        ];
        for (now, good) in table {
            assert_eq!(made().is_good(now, None), good, "{now}");
            assert_eq!(made().judge(true, now, None) == Verdict::Right, good);
            assert_eq!(made().judge(false, now, None) == Verdict::Wrong, good);
        }
    }

    #[test]
    fn what_was_made_before_the_fence_is_good_no_more() {
        assert!(made().is_good(NOW, Some(UnixMillis(NOW.0 - 1))));
        assert_eq!(made().judge(true, NOW, Some(NOW)), Verdict::Expired);
    }

    #[test]
    fn a_few_wrong_guesses_end_it() {
        let mut left = Some(made());
        for wrong in 1..5 {
            left = left.and_then(|one| one.after_wrong_guess(5));
            assert_eq!(left.as_ref().map(|one| one.wrong), Some(wrong));
        }
        assert_eq!(left.and_then(|one| one.after_wrong_guess(5)), None);
        assert_eq!(made().after_wrong_guess(1), None);
    }

    #[test]
    fn the_hash_is_not_printed() {
        assert!(!format!("{:?}", made()).contains("[1, 2, 3]"));
    }
}
