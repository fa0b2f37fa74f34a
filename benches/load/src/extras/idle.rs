//! Ten thousand connections that were used once and then do nothing.

use std::{io, thread::sleep, time::Duration};

use serde_json::json;

use crate::{
    comparison::Comparison,
    engine::Connection,
    loads::Caller,
    process::memory,
    report::Report,
    requests::{self, Filter},
    servers::Side,
};

/// Connections held.
const COUNT: u64 = 10_000;

/// Measures all servers, each fresh.
pub(crate) fn measure(comparison: &mut Comparison, report: &mut Report, count: Option<u64>) -> io::Result<()> {
    let count = count.unwrap_or(COUNT);
    Report::section(&format!("{count} idle connections, each bound and used for one search"))?;
    Report::say("  server        over     private KiB each   resident KiB each")?;
    for is_tls in [false, true] {
        for side in [Side::Slapd, Side::Countersign, Side::Limit] {
            comparison.stop();
            comparison.start_one(side)?;
            let [private, resident] = held(comparison, side, is_tls, count)?;
            let over = if is_tls { "TLS" } else { "clear" };
            let bar = match (side, is_tls, resident <= 7.0) {
                (Side::Countersign, false, true) => "   (bar: 7 KiB or less: met)",
                (Side::Countersign, false, false) => "   (bar: 7 KiB or less: MISSED)",
                _ => "",
            };
            let text = format!("  {:<12}  {over:<6} {private:>15.2} {resident:>19.2}{bar}", side.name());
            let value = json!({
                "fact": "idle connections", "server": side.name(), "tls": is_tls, "count": count,
                "privateKiBEach": private, "residentKiBEach": resident,
            });
            report.fact(&text, value)?;
        }
    }
    comparison.stop();
    comparison.start()
}

/// KiB for each connection, private and resident.
fn held(comparison: &Comparison, side: Side, is_tls: bool, count: u64) -> io::Result<[f64; 2]> {
    let target = comparison.target(side, is_tls, Caller::Reader)?;
    // What the first connections touch is the server's, not theirs.
    let mut connections = open(comparison, &target, 100)?;
    let before = memory(target.pid)?;
    connections.extend(open(comparison, &target, count)?);
    sleep(Duration::from_millis(500));
    let after = memory(target.pid)?;
    let each = |before: u64, after: u64| after.saturating_sub(before) as f64 / count as f64;
    Ok([each(before.private, after.private), each(before.resident, after.resident)])
}

fn open(comparison: &Comparison, target: &crate::engine::Target, count: u64) -> io::Result<Vec<Connection>> {
    let name = comparison.population().person(0).dn();
    let search = requests::search(&name, false, &Filter::Everything, &[]);
    let one = |number| {
        let mut connection = Connection::open(target, number)?;
        connection.call(search.plain())?;
        connection.shrink();
        Ok(connection)
    };
    (0..count).map(one).collect()
}
