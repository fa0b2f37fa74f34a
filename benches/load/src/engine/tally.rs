//! What is counted while a load runs.

use std::{collections::BTreeMap, io, time::Duration};

use hdrhistogram::Histogram;

use super::Right;
use crate::process::Memory;

/// Latencies and wrong answers.
#[derive(Clone, Debug)]
pub(crate) struct Tally {
    /// Of each operation, in nanoseconds.
    latency: Histogram<u64>,
    /// Answers that were not the right ones, by what was wrong.
    pub(crate) wrong: BTreeMap<String, u64>,
    /// Octets of all answers.
    pub(crate) octets: u64,
}

impl Tally {
    /// Nothing yet.
    pub(crate) fn new() -> io::Result<Self> {
        // From 100 ns to a minute, three digits.
        let latency = Histogram::new_with_bounds(100, 60_000_000_000, 3).map_err(io::Error::other)?;
        Ok(Self { latency, wrong: BTreeMap::new(), octets: 0 })
    }

    /// One operation has ended.
    pub(crate) fn record(&mut self, took: Duration, right: Right, code: u32, entries: u32) {
        self.latency.saturating_record(u64::try_from(took.as_nanos()).unwrap_or(u64::MAX));
        if code != right.code {
            *self.wrong.entry(format!("code {code}")).or_default() += 1;
        } else if right.entries.is_some_and(|expected| expected != (entries > 0)) {
            *self.wrong.entry(format!("{entries} entries")).or_default() += 1;
        }
    }

    /// An answer that nobody asked for, such as a notice of disconnection.
    pub(crate) fn unasked(&mut self) {
        *self.wrong.entry("an answer nobody asked for".to_owned()).or_default() += 1;
    }

    /// Operations that ended.
    pub(crate) fn operations(&self) -> u64 {
        self.latency.len()
    }

    /// Microseconds within which this part of all operations ended.
    pub(crate) fn within(&self, part: f64) -> f64 {
        self.latency.value_at_quantile(part) as f64 / 1e3
    }

    fn add(&mut self, other: &Self) {
        // Both have the same bounds: this cannot fail.
        let _ = self.latency.add(&other.latency);
        for (what, count) in &other.wrong {
            *self.wrong.entry(what.clone()).or_default() += count;
        }
        self.octets += other.octets;
    }
}

/// What a load came to, over one round or several.
#[derive(Clone, Debug)]
pub(crate) struct Outcome {
    /// What was counted.
    pub(crate) tally: Tally,
    /// How long that took.
    pub(crate) seconds: f64,
    /// Processor seconds of the server.
    pub(crate) server_cpu: f64,
    /// Processor seconds of the generator.
    pub(crate) own_cpu: f64,
    /// The server's memory at the end.
    pub(crate) memory: Memory,
}

impl Outcome {
    /// The sum over two rounds.
    pub(crate) fn add(&mut self, other: &Self) {
        self.tally.add(&other.tally);
        self.seconds += other.seconds;
        self.server_cpu += other.server_cpu;
        self.own_cpu += other.own_cpu;
        self.memory = other.memory;
    }

    /// Operations a second.
    pub(crate) fn rate(&self) -> f64 {
        self.tally.operations() as f64 / self.seconds.max(1e-9)
    }

    /// Microseconds of the server's processors for one operation.
    pub(crate) fn server_each(&self) -> f64 {
        self.server_cpu * 1e6 / self.tally.operations().max(1) as f64
    }

    /// Microseconds of the generator's processor for one operation.
    pub(crate) fn own_each(&self) -> f64 {
        self.own_cpu * 1e6 / self.tally.operations().max(1) as f64
    }
}
