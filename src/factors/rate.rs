//! So often within so long: whether once more is allowed. A burst is; what counts is how many times lie within the time before now.

use std::time::Duration;

use crate::clock::UnixMillis;

/// How often.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Rate {
    /// This many times; 0: as often as one likes.
    pub count: u32,
    /// Within this long.
    pub per: Duration,
}

impl Rate {
    /// Whether once more is allowed now. Forgets the times that count no more; those in the future (a clock was set back) count.
    pub fn allows(&self, times: &mut Vec<UnixMillis>, now: UnixMillis) -> bool {
        times.retain(|time| now.since(*time) < self.per);
        self.count == 0 || times.len() < usize::try_from(self.count).unwrap_or(usize::MAX)
    }

    /// The same, and counts it if it is allowed.
    pub fn take(&self, times: &mut Vec<UnixMillis>, now: UnixMillis) -> bool {
        let allowed = self.allows(times, now);
        if allowed && self.count > 0 {
            times.push(now);
        }
        allowed
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_burst_is_allowed_and_no_more_than_it_within_the_time() {
        let rate = Rate { count: 3, per: Duration::from_secs(60) };
        let mut times = Vec::new();
        let mut take = |second: u64| rate.take(&mut times, UnixMillis::from_seconds(second));
        let taken: Vec<bool> = [100, 100, 110, 111, 159, 160, 161, 162, 170, 171].into_iter().map(&mut take).collect();
        assert_eq!(taken, [true, true, true, false, false, true, true, false, true, false]);
        // Set back, the clock frees nobody at once.
        assert!(!take(10));
        assert!(times.len() <= 3);
    }

    #[test]
    fn no_rate_is_no_bound_and_remembers_nothing() {
        let mut times = Vec::new();
        let rate = Rate { count: 0, per: Duration::from_secs(60) };
        assert!((0..100).all(|second| rate.take(&mut times, UnixMillis::from_seconds(second))));
        assert!(times.is_empty());
    }
}
