//! What a bulk load takes: time, processor, memory, disk.

use std::io;

use serde_json::json;

use crate::{
    comparison::Comparison,
    process::Taken,
    report::Report,
    servers::{Side, files},
};

/// Prints what `slapadd -q` and `countersign import` took.
pub(crate) fn report(report: &mut Report, comparison: &Comparison, taken: [Taken; 2]) -> io::Result<()> {
    let entries = comparison.population().entries;
    Report::section(&format!("Bulk load of {entries} people (slapadd -q, countersign import)"))?;
    Report::say("  server        seconds   CPU seconds   peak RSS MiB   peak private MiB   disk MiB")?;
    for (side, taken) in [Side::Slapd, Side::Countersign].into_iter().zip(taken) {
        let disk = files::mebibytes(&comparison.data(side))?;
        let text = format!(
            "  {:<12} {:>8.2} {:>13.2} {:>14.1} {:>18.1} {:>10.1}",
            side.name(),
            taken.seconds,
            taken.cpu_seconds,
            taken.peak_resident as f64 / 1024.0,
            taken.peak_anonymous as f64 / 1024.0,
            disk,
        );
        let value = json!({
            "fact": "bulk load", "server": side.name(), "entries": entries, "seconds": taken.seconds,
            "cpuSeconds": taken.cpu_seconds, "peakResidentKiB": taken.peak_resident,
            "peakPrivateKiB": taken.peak_anonymous, "diskMiB": disk,
        });
        report.fact(&text, value)?;
    }
    let [slapd, ours] = taken;
    let is_met = ours.seconds < slapd.seconds && ours.peak_resident < slapd.peak_resident;
    let verdict = if is_met { "met" } else { "MISSED" };
    Report::say(&format!("    (bar: faster than slapadd -q with less memory: {verdict})"))?;
    Report::say(
        "    Both databases were synced and dropped from the page cache, where a bulk load leaves them in large folios.",
    )
}
