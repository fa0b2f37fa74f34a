//! From nothing to the first answer, with nothing of the database in the page cache.

use std::{
    io,
    time::{Duration, Instant},
};

use serde_json::json;

use crate::{
    comparison::Comparison,
    engine::Connection,
    loads::Caller,
    report::Report,
    requests::{self, Filter},
    servers::{Side, files},
};

/// Starts of each server; the middle one counts.
const STARTS: usize = 3;

/// Measures both, and starts them again for what follows.
pub(crate) fn measure(comparison: &mut Comparison, report: &mut Report) -> io::Result<()> {
    Report::section("Cold start: to the first bind and search by DN, nothing in the page cache")?;
    for side in [Side::Slapd, Side::Countersign] {
        let mut times = Vec::new();
        for _ in 0..STARTS {
            comparison.stop();
            files::settle(&comparison.data(side))?;
            times.push(once(comparison, side)?);
        }
        times.sort_unstable();
        let middle = times.get(STARTS / 2).copied().unwrap_or_default().as_secs_f64();
        let bar = match (side, middle <= 1.0) {
            (Side::Countersign, true) => "   (bar: under a second: met)",
            (Side::Countersign, false) => "   (bar: under a second: MISSED)",
            _ => "",
        };
        let value = json!({"fact": "cold start", "server": side.name(), "seconds": middle});
        report.fact(&format!("  {:<12} {:>8.1} ms{bar}", side.name(), middle * 1e3), value)?;
    }
    comparison.start()
}

fn once(comparison: &mut Comparison, side: Side) -> io::Result<Duration> {
    let begun = Instant::now();
    comparison.start_one(side)?;
    let mut connection = Connection::open(&comparison.target(side, false, Caller::Reader)?, 0)?;
    let name = comparison.population().person(0).dn();
    let code = connection.call(requests::search(&name, false, &Filter::Everything, &[]).plain())?;
    if code == 0 {
        Ok(begun.elapsed())
    } else {
        Err(io::Error::other(format!("the first search was answered with {code}")))
    }
}
