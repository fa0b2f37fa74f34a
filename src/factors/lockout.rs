//! When repeated failure closes the door, as a state machine. The password and the second factor each keep a count of their own.
//!
//! ```text
//!            failure (fewer than `failures` within `forget_after` of one another)
//!              ┌──┐
//!              ▼  │      the failure that makes `failures`
//!   clear ──▶ Open ──────────────────────────────────────▶ Locked
//!              ▲                                             │
//!              └───────── `duration` later, count 0 ─────────┘
//!
//!   second factor only: the failure that makes `closed_after` without a success between ──▶ Closed, until a reset
//! ```
//!
//! While locked nothing is counted and nothing is accepted, so a lock ends `duration` after the failure that caused it. A success with
//! every factor, or a reset, clears the count.

use std::time::Duration;

use minicbor::{Decode, Encode};

use crate::clock::UnixMillis;

/// After how many failures, and for how long.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Settings {
    /// This many failures lock; 0: nothing locks.
    pub failures: u32,
    /// How long a lock lasts.
    pub duration: Duration,
    /// A failure is forgotten when none followed within this time.
    pub forget_after: Duration,
    /// This many failures without a success between close for good; `None`: never (the password's count).
    pub closed_after: Option<u32>,
}

impl Settings {
    /// 10 failures, 15 minutes, forgotten after an hour.
    pub const PASSWORD: Self = Self {
        failures: 10,
        duration: Duration::from_secs(15 * 60),
        forget_after: Duration::from_secs(60 * 60),
        closed_after: None,
    };
    /// As for the password, and closed after 100 consecutive failures (NIST SP 800-63B section 5.2.2).
    pub const SECOND_FACTOR: Self = Self { closed_after: Some(100), ..Self::PASSWORD };
}

/// One count of failures, as stored.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Encode, Decode)]
#[cbor(map)]
pub struct Failures {
    /// Failures since the last success, lock or quiet hour.
    #[n(0)]
    #[cbor(default)]
    pub count: u32,
    /// Failures since the last success, whatever time passed.
    #[n(1)]
    #[cbor(default)]
    pub consecutive: u32,
    /// The last failure that was counted.
    #[n(2)]
    #[cbor(default)]
    pub last: UnixMillis,
}

/// Whether an attempt is worth judging.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Door {
    /// It is.
    Open,
    /// Refuse everything until this moment.
    Locked {
        /// When the lock ends.
        until: UnixMillis,
    },
    /// Refuse everything until a reset.
    Closed,
}

impl Failures {
    /// What the count says at `now`.
    pub fn door(&self, now: UnixMillis, settings: &Settings) -> Door {
        if settings.closed_after.is_some_and(|most| self.consecutive >= most) {
            return Door::Closed;
        }
        let until = self.last.plus(settings.duration);
        // A clock set back far makes `last` lie in the future; a lock never outlasts its duration by that.
        let ahead = self.last.since(now) > settings.duration;
        if settings.failures > 0 && self.count >= settings.failures && now < until && !ahead {
            Door::Locked { until }
        } else {
            Door::Open
        }
    }

    /// The failures that bring the next lock nearer: none after a lock that is over, none that are forgotten.
    pub fn counting(&self, now: UnixMillis, settings: &Settings) -> u32 {
        let lock_over =
            settings.failures > 0 && self.count >= settings.failures && self.door(now, settings) == Door::Open;
        let forgotten = now.since(self.last) >= settings.forget_after;
        if lock_over || forgotten { 0 } else { self.count }
    }

    /// The count after one more failure at `now`; unchanged while the door is not open.
    #[must_use]
    pub fn failed(&self, now: UnixMillis, settings: &Settings) -> Self {
        if self.door(now, settings) != Door::Open {
            return *self;
        }
        let count = self.counting(now, settings);
        Self { count: count.saturating_add(1), consecutive: self.consecutive.saturating_add(1), last: now }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const START: UnixMillis = UnixMillis::from_seconds(1_000_000);

    fn minutes(minutes: u64) -> Duration {
        Duration::from_secs(minutes * 60)
    }

    fn after(failures: u32, settings: &Settings) -> Failures {
        (0..failures).fold(Failures::default(), |count, _| count.failed(START, settings))
    }

    #[test]
    fn the_tenth_failure_locks_for_a_quarter_of_an_hour() {
        let settings = Settings::PASSWORD;
        assert_eq!(after(9, &settings).door(START, &settings), Door::Open);
        let locked = after(10, &settings);
        let until = START.plus(minutes(15));
        assert_eq!(locked.door(START, &settings), Door::Locked { until });
        assert_eq!(locked.door(UnixMillis(until.0 - 1), &settings), Door::Locked { until });
        assert_eq!(locked.door(until, &settings), Door::Open);
    }

    #[test]
    fn attempts_while_locked_do_not_prolong_the_lock() {
        let settings = Settings::PASSWORD;
        let locked = after(10, &settings);
        assert_eq!(locked.failed(START.plus(minutes(14)), &settings), locked);
    }

    #[test]
    fn after_a_lock_the_count_starts_anew() {
        let settings = Settings::PASSWORD;
        let again = after(10, &settings).failed(START.plus(minutes(15)), &settings);
        assert_eq!((again.count, again.consecutive), (1, 11));
    }

    #[test]
    fn a_quiet_hour_forgets() {
        let settings = Settings::PASSWORD;
        let count = after(9, &settings);
        assert_eq!(count.failed(START.plus(minutes(59)), &settings).count, 10);
        assert_eq!(count.failed(START.plus(minutes(60)), &settings).count, 1);
    }

    #[test]
    fn a_hundred_failures_in_a_row_close_the_second_factor_however_slow() {
        let settings = Settings::SECOND_FACTOR;
        let slow = |count: Failures, hour: u64| count.failed(START.plus(minutes(61 * hour)), &settings);
        let almost = (0..99).fold(Failures::default(), slow);
        assert_eq!(almost.door(START.plus(minutes(61 * 99)), &settings), Door::Open);
        let closed = slow(almost, 99);
        assert_eq!(closed.door(START.plus(minutes(1_000_000)), &settings), Door::Closed);
        assert_eq!(closed.failed(START.plus(minutes(1_000_000)), &settings), closed);
    }

    #[test]
    fn a_clock_set_back_does_not_lock_for_ever() {
        let settings = Settings::PASSWORD;
        let locked = after(10, &settings);
        assert_eq!(locked.door(UnixMillis::from_seconds(1000), &settings), Door::Open);
    }

    #[test]
    fn with_no_number_of_failures_nothing_locks() {
        let settings = Settings { failures: 0, ..Settings::PASSWORD };
        assert_eq!(after(50, &settings).door(START, &settings), Door::Open);
    }
}
