//! How costs grow with the directory: the same loads with ten thousand, a hundred thousand and a million people.

use std::{collections::BTreeMap, io, path::Path};

use serde_json::json;

use crate::{
    cases::{self, Case},
    comparison::{Comparison, Plan},
    data::Population,
    report::{Report, Row},
    servers::Side,
};

/// People in the directories that are compared.
const SIZES: [u64; 3] = [10_000, 100_000, 1_000_000];

/// Builds and measures each directory, the small one first.
pub(crate) fn measure(
    folder: &Path,
    program: &Path,
    plan: Plan,
    report: &mut Report,
    cases: &[Case],
) -> io::Result<()> {
    let mut rows: BTreeMap<usize, Vec<Row>> = BTreeMap::new();
    for entries in SIZES {
        let mut comparison = Comparison::new(folder, program, Population { entries, seed: 7 }, plan)?;
        comparison.load(report)?;
        comparison.start()?;
        comparison.warm()?;
        Report::say(&format!("  measuring {} loads with {entries} people", cases.len()))?;
        for (place, case) in cases.iter().enumerate() {
            rows.entry(place).or_default().push(comparison.case(*case)?);
        }
    }
    table(&rows, report)
}

/// The loads that are worth it.
pub(crate) fn usual() -> Vec<Case> {
    use crate::loads::Load::{Add, Compare, DnAll, Missing, Modify, Ssha, Substring, Uid};
    let mut cases = cases::shaped(&[DnAll, Uid, Substring, Missing, Compare, Ssha], &[(16, 1)], false);
    cases.extend(cases::shaped(&[DnAll, Uid], &[(16, 16)], false));
    cases.extend(cases::shaped(&[Modify, Add], &[(64, 1)], false));
    cases
}

fn table(rows: &BTreeMap<usize, Vec<Row>>, report: &mut Report) -> io::Result<()> {
    Report::section("Server CPU per operation, in microseconds, by the number of people")?;
    let sizes = SIZES.map(|size| format!("{size:>10}")).concat();
    Report::say(&format!("  server       {sizes}   growth"))?;
    for row in rows.values() {
        let Some(first) = row.first() else { continue };
        Report::say(&first.case.title())?;
        for side in [Side::Slapd, Side::Countersign] {
            let costs: Vec<f64> =
                row.iter().filter_map(|row| row.of(side)).map(|outcome| outcome.server_each()).collect();
            let (Some(small), Some(large)) = (costs.first(), costs.last()) else { continue };
            let growth = large / small.max(1e-9);
            let columns: String = costs.iter().map(|cost| format!("{cost:>10.2}")).collect();
            let text = format!("  {:<12} {columns} {growth:>8.2}{}", side.name(), bar(side, growth));
            let value = json!({
                "fact": "growth", "server": side.name(), "load": first.case.load.name(), "connections": first.case.connections,
                "depth": first.case.depth, "entries": SIZES, "serverMicrosecondsEach": costs,
            });
            report.fact(&text, value)?;
        }
    }
    Ok(())
}

/// From ten thousand to a million the logarithm grows by half.
fn bar(side: Side, growth: f64) -> &'static str {
    match (side, growth <= 1.5) {
        (Side::Countersign, true) => "   (bar: as the logarithm, 1.5: met)",
        (Side::Countersign, false) => "   (bar: as the logarithm, 1.5: MISSED)",
        _ => "",
    }
}
