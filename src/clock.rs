//! What time it is, as a trait, so that tests move time instead of waiting. Nothing else in the server reads a clock.

use std::{
    fmt,
    sync::atomic::{AtomicU64, Ordering},
    time::{Duration, SystemTime, UNIX_EPOCH},
};

use minicbor::{Decode, Encode};
use time::OffsetDateTime;

/// A moment: milliseconds since 1970-01-01T00:00:00Z.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Encode, Decode)]
#[cbor(transparent)]
pub struct UnixMillis(#[n(0)] pub u64);

impl UnixMillis {
    /// Whole seconds since the epoch.
    pub const fn seconds(self) -> u64 {
        self.0 / 1000
    }

    /// The moment at this many seconds since the epoch.
    pub const fn from_seconds(seconds: u64) -> Self {
        Self(seconds.saturating_mul(1000))
    }

    /// The moment this much later; the end of time if there is none.
    #[must_use]
    pub fn plus(self, duration: Duration) -> Self {
        Self(self.0.saturating_add(u64::try_from(duration.as_millis()).unwrap_or(u64::MAX)))
    }

    /// The moment as a generalized time in UTC (RFC 4517 section 3.3.13): `20261122130501.250Z`, without a fraction where there is
    /// none. The end of the year 9999 for what is later.
    pub fn generalized_time(self) -> String {
        let ((year, month, day), (hour, minute, second)) = self.calendar();
        let fraction = match self.0 % 1000 {
            0 => String::new(),
            milliseconds => format!(".{milliseconds:03}"),
        };
        format!("{year:04}{month:02}{day:02}{hour:02}{minute:02}{second:02}{fraction}Z")
    }

    /// The moment as RFC 3339 has it, in UTC with milliseconds: `2026-11-22T13:05:01.250Z`.
    pub fn rfc3339(self) -> String {
        String::from_utf8_lossy(&self.rfc3339_octets()).into_owned()
    }

    /// The same where no string is wanted: the log has one in every line.
    pub fn rfc3339_octets(self) -> [u8; 24] {
        let ((year, month, day), (hour, minute, second)) = self.calendar();
        let milliseconds = (self.0 % 1000) as u16;
        let [y1, y2, y3, y4] = digits(year.unsigned_abs() as u16);
        let [[_, _, m1, m2], [_, _, d1, d2]] = [month, day].map(|field| digits(field.into()));
        let [[_, _, h1, h2], [_, _, n1, n2], [_, _, s1, s2]] = [hour, minute, second].map(|field| digits(field.into()));
        let [_, f1, f2, f3] = digits(milliseconds);
        [y1, y2, y3, y4, b'-', m1, m2, b'-', d1, d2, b'T', h1, h2, b':', n1, n2, b':', s1, s2, b'.', f1, f2, f3, b'Z']
    }

    /// Year, month and day; hour, minute and second; in UTC.
    fn calendar(self) -> ((i32, u8, u8), (u8, u8, u8)) {
        const LATEST: i64 = 253_402_300_799;
        let seconds = i64::try_from(self.seconds()).unwrap_or(LATEST).min(LATEST);
        let moment = OffsetDateTime::from_unix_timestamp(seconds).unwrap_or(OffsetDateTime::UNIX_EPOCH);
        let (date, clock) = (moment.date(), moment.time());
        ((date.year(), u8::from(date.month()), date.day()), clock.as_hms())
    }

    /// How long after `earlier` this is; nothing if it is before (a clock may be set back).
    pub const fn since(self, earlier: Self) -> Duration {
        Duration::from_millis(self.0.saturating_sub(earlier.0))
    }
}

/// The last four decimal digits of a number.
fn digits(number: u16) -> [u8; 4] {
    [1000, 100, 10, 1].map(|unit| b'0' + (number / unit % 10) as u8)
}

impl fmt::Display for UnixMillis {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{:03}", self.seconds(), self.0 % 1000)
    }
}

/// Tells the time.
pub trait Clock: Send + Sync + 'static {
    /// The present moment. Not monotonic: an operator may set the clock back.
    fn now(&self) -> UnixMillis;
}

/// The machine's clock.
#[derive(Clone, Copy, Debug, Default)]
pub struct SystemClock;

impl Clock for SystemClock {
    fn now(&self) -> UnixMillis {
        // A machine set to before 1970 is told it is 1970: no code is valid then, nothing worse.
        let since_epoch = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        UnixMillis::default().plus(since_epoch)
    }
}

/// A clock that stands still until it is moved; for tests.
#[derive(Debug, Default)]
pub struct FixedClock(AtomicU64);

impl FixedClock {
    /// A clock that stands at `moment`.
    pub const fn at(moment: UnixMillis) -> Self {
        Self(AtomicU64::new(moment.0))
    }

    /// Moves to `moment`, forwards or back.
    pub fn set(&self, moment: UnixMillis) {
        self.0.store(moment.0, Ordering::SeqCst);
    }

    /// Moves forwards.
    pub fn advance(&self, duration: Duration) {
        self.set(self.now().plus(duration));
    }
}

impl Clock for FixedClock {
    fn now(&self) -> UnixMillis {
        UnixMillis(self.0.load(Ordering::SeqCst))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_fixed_clock_stands_until_it_is_moved() {
        let clock = FixedClock::at(UnixMillis::from_seconds(59));
        assert_eq!(clock.now().seconds(), 59);
        clock.advance(Duration::from_millis(1500));
        assert_eq!(clock.now().to_string(), "60.500");
    }

    #[test]
    fn generalized_times_are_utc() {
        let table = [
            (0, "19700101000000Z"),
            (1_795_352_701_250, "20261122130501.250Z"),
            (951_868_799_000, "20000229235959Z"),
            (u64::MAX, "99991231235959.615Z"),
        ];
        for (milliseconds, expected) in table {
            assert_eq!(UnixMillis(milliseconds).generalized_time(), expected);
        }
        assert_eq!(UnixMillis(1_795_352_701_050).rfc3339(), "2026-11-22T13:05:01.050Z");
    }

    #[test]
    fn time_before_an_earlier_moment_is_no_time() {
        assert_eq!(UnixMillis(5).since(UnixMillis(9)), Duration::ZERO);
        assert_eq!(UnixMillis(u64::MAX).plus(Duration::MAX), UnixMillis(u64::MAX));
    }
}
