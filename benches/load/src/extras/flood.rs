//! Searches at a fixed rate on one connection while many others bind with a slow hash.

use std::{io, thread, time::Duration};

use serde_json::json;

use crate::{
    comparison::Comparison,
    engine::{self, Shape, tally::Outcome},
    loads::{Caller, Ledger, Load},
    report::Report,
    servers::Side,
};

/// Connections that bind without end.
const BINDING: usize = 64;
/// Searches a second: few, since slapd closes a connection on which more than a thousand wait, and in a flood all of them wait.
const RATE: f64 = 200.0;

/// Measures both servers, without the flood and in it.
pub(crate) fn measure(comparison: &Comparison, report: &mut Report, time: Duration) -> io::Result<()> {
    Report::section(&format!("{RATE} searches a second on one connection, while {BINDING} others bind with argon2id"))?;
    Report::say("  server                  searches: p50 us   p99 us   wrong   binds/s   wrong")?;
    for side in [Side::Slapd, Side::Countersign] {
        if side == Side::Slapd && !comparison.slapd.has("argon2") {
            continue;
        }
        for is_flooded in [false, true] {
            match both(comparison, side, is_flooded, time) {
                Ok((searches, binds)) => say(report, side, is_flooded, &searches, binds.as_ref())?,
                Err(error) => Report::say(&format!("  {:<12} no figure: {error}", side.name()))?,
            }
        }
    }
    Ok(())
}

fn say(
    report: &mut Report,
    side: Side,
    is_flooded: bool,
    searches: &Outcome,
    binds: Option<&Outcome>,
) -> io::Result<()> {
    let (p50, p99) = (searches.tally.within(0.5), searches.tally.within(0.99));
    let wrong = |outcome: &Outcome| outcome.tally.wrong.values().sum::<u64>();
    let bar = match (side, is_flooded, p99 < 5_000.0) {
        (Side::Countersign, true, true) => "   (bar: p99 under 5 ms: met)",
        (Side::Countersign, true, false) => "   (bar: p99 under 5 ms: MISSED)",
        _ => "",
    };
    let flood = binds.map_or_else(String::new, |binds| format!("{:>10.0} {:>7}", binds.rate(), wrong(binds)));
    let state = if is_flooded { "flooded" } else { "at rest" };
    let text = format!("  {:<12} {state}  {p50:>17.0} {p99:>8.0} {:>7}{flood}{bar}", side.name(), wrong(searches));
    let value = json!({
        "fact": "flood", "server": side.name(), "flooded": is_flooded, "p50Microseconds": p50, "p99Microseconds": p99,
        "bindsPerSecond": binds.map(Outcome::rate),
    });
    report.fact(&text, value)
}

fn both(
    comparison: &Comparison,
    side: Side,
    is_flooded: bool,
    time: Duration,
) -> io::Result<(Outcome, Option<Outcome>)> {
    let warm_up = Duration::from_millis(500);
    let search = Shape { connections: 1, depth: 1, rate: Some(RATE), warm_up, duration: time };
    // The flood is there before the searches count, and after.
    let flood = Shape { connections: BINDING, depth: 1, rate: None, warm_up, duration: time };
    thread::scope(|scope| {
        let binding = is_flooded.then(|| scope.spawn(|| run(comparison, side, Load::Argon2id, flood)));
        let searches = run(comparison, side, Load::DnAll, search)?;
        let lost = || Err(io::Error::other("a thread of the generator ended"));
        let binds = binding.map(|thread| thread.join().unwrap_or_else(|_| lost())).transpose()?;
        Ok((searches, binds))
    })
}

fn run(comparison: &Comparison, side: Side, load: Load, shape: Shape) -> io::Result<Outcome> {
    let caller = if load == Load::DnAll { Caller::Reader } else { Caller::Nobody };
    let mut ledger = Ledger::new(comparison.population());
    let mut asking = load.asking(comparison.population(), side, &mut ledger);
    engine::run(&comparison.target(side, false, caller)?, shape, &mut *asking)
}
