//! What the figures are held against. Nothing is asserted: a bar is printed, and whether it is met.

use super::Row;
use crate::{cases::Case, engine::tally::Outcome, loads::Load, servers::Side};

/// Lines that say how the servers compare under one load. `earlier`: the rows before, for bars between two loads.
pub(crate) fn compared(row: &Row, earlier: &[Row]) -> Vec<String> {
    let Some(ours) = row.of(Side::Countersign) else { return Vec::new() };
    let mut lines = Vec::new();
    if let Some(slapd) = row.of(Side::Slapd) {
        lines.push(against_slapd(row.case, ours, slapd));
    }
    if let Some(limit) = row.of(Side::Limit) {
        lines.push(against_limit(row.case, ours, limit));
    }
    if row.case.is_tls {
        lines.extend(added_by_tls(row, earlier));
    }
    if row.case.load == Load::Totp {
        lines.extend(against_plain_binds(row.case, ours, earlier));
    }
    if let Some(bare) = row.bare_hash {
        lines.push(over_the_hash(row.case, ours.server_each() - bare, bare, earlier));
    }
    if let Some(hashing) = row.of(Side::Hashing) {
        lines.push(over_only_hashing(ours.server_each() - hashing.server_each()));
    }
    lines
}

fn verdict(is_met: bool) -> &'static str {
    if is_met { "met" } else { "MISSED" }
}

/// How many times less processor time, and how many times the rate.
fn against_slapd(case: Case, ours: &Outcome, slapd: &Outcome) -> String {
    let (cpu, rate) = (slapd.server_each() / ours.server_each(), ours.rate() / slapd.rate());
    let bar = match (cpu_bar(case), rate_bar(case)) {
        (Some(bar), _) => format!("  (bar: {bar} times less CPU: {})", verdict(cpu >= bar)),
        (None, Some(bar)) => format!("  (bar: {bar} times the rate: {})", verdict(rate >= bar)),
        (None, None) => String::new(),
    };
    format!("against slapd: {cpu:.2} times less CPU per operation, {rate:.2} times the rate{bar}")
}

fn cpu_bar(case: Case) -> Option<f64> {
    match (case.load, case.depth) {
        (Load::DnAll | Load::DnThree | Load::Uid | Load::Missing, 2..) if case.is_tls => Some(6.0),
        (Load::DnAll | Load::DnThree | Load::Uid | Load::Missing, 2..) => Some(7.0),
        (Load::DnAll | Load::DnThree | Load::Uid | Load::Missing, _) if !case.is_tls => Some(4.0),
        (Load::Substring | Load::Compare | Load::Ssha, _) if !case.is_tls => Some(3.0),
        _ => None,
    }
}

fn rate_bar(case: Case) -> Option<f64> {
    match (case.load, case.connections) {
        (Load::Modify | Load::Add | Load::Delete, 1) => Some(1.0),
        (Load::Modify | Load::Totp, 64..) => Some(8.0),
        (Load::Add | Load::Delete, 64..) => Some(10.0),
        _ => None,
    }
}

fn against_limit(case: Case, ours: &Outcome, limit: &Outcome) -> String {
    let times = ours.server_each() / limit.server_each();
    let has_bar =
        case.depth == 1 && !case.is_tls && matches!(case.load, Load::DnAll | Load::DnThree | Load::Uid | Load::Missing);
    let bar = if has_bar { format!("  (bar: 1.5 times or less: {})", verdict(times <= 1.5)) } else { String::new() };
    format!("against the limit: {times:.2} times its CPU per operation{bar}")
}

/// What TLS adds to each, where the same load ran in clear before. What adds nothing is never too much: less than nothing is noise.
fn added_by_tls(row: &Row, earlier: &[Row]) -> Option<String> {
    let clear = earlier.iter().find(|other| other.case == Case { is_tls: false, ..row.case })?;
    let added = |side| Some(row.of(side)?.server_each() - clear.of(side)?.server_each());
    let (ours, slapd) = (added(Side::Countersign)?, added(Side::Slapd)?);
    Some(format!(
        "TLS adds {ours:.2} us, and {slapd:.2} us to slapd  (bar: no more than to slapd: {})",
        verdict(ours <= slapd.max(0.0))
    ))
}

fn against_plain_binds(case: Case, ours: &Outcome, earlier: &[Row]) -> Option<String> {
    let plain = earlier.iter().find(|other| other.case == Case { load: Load::Ssha, ..case })?.of(Side::Countersign)?;
    let part = ours.rate() / plain.rate();
    Some(format!("of the rate of plain binds: {part:.2}  (bar: half or more: {})", verdict(part >= 0.5)))
}

/// What a bind costs beside its hash. The difference of two large figures is unsteady; what a bind with a fast hash costs is not.
fn over_the_hash(case: Case, over: f64, bare: f64, earlier: &[Row]) -> String {
    let fast = Case { load: Load::Ssha, ..case };
    let fast = earlier.iter().find(|other| other.case == fast).and_then(|row| row.of(Side::Countersign));
    let fast =
        fast.map_or_else(String::new, |fast| format!("; a whole bind with {{SSHA}}: {:.0} us", fast.server_each()));
    format!("the bare hash, in ordinary pages, is {bare:.0} us; over it: {over:.0} us{fast}")
}

/// What a bind costs beside its hash and beside what any server pays for being woken between two hashes, with the processor's caches full
/// of the hash. No verdict: what large pages spare the server is in the difference, and less than nothing proves nothing.
fn over_only_hashing(over: f64) -> String {
    format!("over a server that only hashes, in ordinary pages: {over:.0} us  (bar: 20 us over the same hash)")
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "tests")]
    use std::{collections::BTreeMap, time::Duration};

    use super::*;
    use crate::engine::{Right, tally::Tally};

    fn outcome(operations: u64, server_cpu: f64) -> Outcome {
        let mut tally = Tally::new().unwrap();
        for _ in 0..operations {
            tally.record(Duration::from_micros(100), Right { code: 0, entries: None }, 0, 0);
        }
        Outcome { tally, seconds: 1.0, server_cpu, own_cpu: 0.0, memory: Default::default() }
    }

    fn row(load: Load, connections: usize, depth: usize, ours: Outcome, slapd: Outcome) -> Row {
        let case = Case { load, connections, depth, is_tls: false };
        Row { case, outcomes: BTreeMap::from([(Side::Countersign, ours), (Side::Slapd, slapd)]), bare_hash: None }
    }

    #[test]
    fn a_search_is_held_against_slapds_processor_time() {
        let met = row(Load::DnAll, 16, 1, outcome(100, 0.001), outcome(100, 0.005));
        assert!(compared(&met, &[])[0].contains("5.00 times less CPU per operation"), "{:?}", compared(&met, &[]));
        assert!(compared(&met, &[])[0].ends_with(": met)"));
        let missed = row(Load::DnAll, 16, 16, outcome(100, 0.001), outcome(100, 0.005));
        assert!(compared(&missed, &[])[0].ends_with("(bar: 7 times less CPU: MISSED)"));
    }

    #[test]
    fn a_write_is_held_against_slapds_rate() {
        let row = row(Load::Modify, 64, 1, outcome(800, 1.0), outcome(100, 1.0));
        assert!(compared(&row, &[])[0].ends_with("8.00 times the rate  (bar: 8 times the rate: met)"));
    }

    #[test]
    fn binds_with_codes_are_held_against_plain_ones() {
        let plain = row(Load::Ssha, 64, 1, outcome(100, 1.0), outcome(100, 1.0));
        let codes = row(Load::Totp, 64, 1, outcome(40, 1.0), outcome(10, 1.0));
        assert!(compared(&codes, &[plain]).iter().any(|line| line.contains("0.40  (bar: half or more: MISSED)")));
    }
}
