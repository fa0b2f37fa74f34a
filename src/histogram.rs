//! How large something was, how often: counts between fixed bounds, for whoever counts (the store, the doors) and whoever shows it
//! (`telemetry::metrics`). What is measured, and in what unit, is theirs.

use std::sync::atomic::{AtomicU64, Ordering};

/// Bounds for times in microseconds: from 100 us to 10 s.
pub const MICROSECONDS: &[u64] =
    &[100, 250, 500, 1_000, 2_500, 5_000, 10_000, 25_000, 50_000, 100_000, 250_000, 1_000_000, 10_000_000];
/// Bounds for numbers of things done at once.
pub const NUMBERS: &[u64] = &[1, 2, 4, 8, 16, 32, 64, 128, 256, 512];

/// Counts that grow; shared by all that observe.
#[derive(Debug)]
pub struct Histogram {
    bounds: &'static [u64],
    /// One more than bounds: what is larger than all of them.
    counts: Box<[AtomicU64]>,
    sum: AtomicU64,
}

/// The counts as they were at one moment.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Distribution {
    /// The largest value that belongs to each count.
    pub bounds: &'static [u64],
    /// How many values are at most their bound and larger than the one before; the last: larger than all bounds.
    pub counts: Vec<u64>,
    /// All values together.
    pub sum: u64,
}

impl Histogram {
    /// Nothing observed yet; `bounds` rise.
    pub fn new(bounds: &'static [u64]) -> Self {
        let counts = (0..=bounds.len()).map(|_| AtomicU64::new(0)).collect();
        Self { bounds, counts, sum: AtomicU64::new(0) }
    }

    /// One more value.
    pub fn observe(&self, value: u64) {
        let place = self.bounds.partition_point(|bound| *bound < value);
        if let Some(count) = self.counts.get(place) {
            count.fetch_add(1, Ordering::Relaxed);
            self.sum.fetch_add(value, Ordering::Relaxed);
        }
    }

    /// What was observed so far.
    pub fn so_far(&self) -> Distribution {
        let counts = self.counts.iter().map(|count| count.load(Ordering::Relaxed)).collect();
        Distribution { bounds: self.bounds, counts, sum: self.sum.load(Ordering::Relaxed) }
    }
}

impl Distribution {
    /// How many values there were.
    pub fn total(&self) -> u64 {
        self.counts.iter().sum()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_value_belongs_to_the_first_bound_that_it_does_not_exceed() {
        let histogram = Histogram::new(&[1, 10]);
        for value in [0, 1, 2, 10, 11, 500] {
            histogram.observe(value);
        }
        let seen = histogram.so_far();
        assert_eq!((seen.counts.as_slice(), seen.sum, seen.total()), ([2, 2, 2].as_slice(), 524, 6));
    }
}
