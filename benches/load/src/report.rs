//! The table: a row for each server under each load, how they compare, and whether a bar is met.

pub(crate) mod bars;

use std::{
    collections::BTreeMap,
    fs,
    io::{self, Write as _},
    path::Path,
};

use serde_json::{Value, json};

use crate::{cases::Case, engine::tally::Outcome, servers::Side};

/// What a load came to on each server.
pub(crate) struct Row {
    /// The load.
    pub(crate) case: Case,
    /// By server.
    pub(crate) outcomes: BTreeMap<Side, Outcome>,
    /// What a password hash alone cost between the rounds, in microseconds of processor time; for slow ones.
    pub(crate) bare_hash: Option<f64>,
}

impl Row {
    /// What one server came to.
    pub(crate) fn of(&self, side: Side) -> Option<&Outcome> {
        self.outcomes.get(&side).filter(|outcome| outcome.tally.operations() > 0)
    }
}

/// All that was seen, printed as it comes.
#[derive(Default)]
pub(crate) struct Report {
    /// Rows so far.
    pub(crate) rows: Vec<Row>,
    facts: Vec<Value>,
    is_wrong: bool,
}

const HEAD: &str = "  server          ops/s   p50 us   p99 us   server us/op   generator us/op   RSS MiB   private MiB";

impl Report {
    /// A line of text.
    pub(crate) fn say(text: &str) -> io::Result<()> {
        let mut out = io::stdout().lock();
        writeln!(out, "{text}")?;
        out.flush()
    }

    /// A heading.
    pub(crate) fn section(title: &str) -> io::Result<()> {
        Self::say(&format!("\n## {title}\n"))
    }

    /// A figure that is no row of the table, as text and as JSON.
    pub(crate) fn fact(&mut self, text: &str, value: Value) -> io::Result<()> {
        self.facts.push(value);
        Self::say(text)
    }

    /// What the columns are.
    pub(crate) fn head() -> io::Result<()> {
        Self::say(HEAD)
    }

    /// One load on all servers.
    pub(crate) fn row(&mut self, row: Row) -> io::Result<()> {
        Self::say(&row.case.title())?;
        for (side, outcome) in &row.outcomes {
            Self::say(&line(*side, outcome))?;
            if !outcome.tally.wrong.is_empty() {
                self.is_wrong = true;
                Self::say(&format!("  !!! WRONG ANSWERS of {}: {:?}", side.name(), outcome.tally.wrong))?;
            }
        }
        for text in bars::compared(&row, &self.rows) {
            Self::say(&format!("    {text}"))?;
        }
        self.rows.push(row);
        Ok(())
    }

    /// The last word, and the JSON file where one is wanted.
    pub(crate) fn end(&self, file: Option<&Path>) -> io::Result<()> {
        if self.is_wrong {
            Self::say(
                "\n!!! Some answers were wrong: see the lines marked so; the figures of those loads mean nothing.",
            )?;
        }
        let Some(file) = file else { return Ok(()) };
        let rows: Vec<Value> = self.rows.iter().map(row_json).collect();
        fs::write(file, format!("{:#}\n", json!({"rows": rows, "facts": self.facts})))
    }
}

fn line(side: Side, outcome: &Outcome) -> String {
    if outcome.tally.operations() == 0 {
        return format!("  {:<12}   nothing was asked: what this load uses up was used up", side.name());
    }
    format!(
        "  {:<12} {:>8.0} {:>8.0} {:>8.0} {:>14.2} {:>17.2} {:>9.1} {:>13.1}",
        side.name(),
        outcome.rate(),
        outcome.tally.within(0.5),
        outcome.tally.within(0.99),
        outcome.server_each(),
        outcome.own_each(),
        outcome.memory.resident as f64 / 1024.0,
        outcome.memory.private as f64 / 1024.0,
    )
}

fn row_json(row: &Row) -> Value {
    let mut sides = serde_json::Map::new();
    for (side, outcome) in &row.outcomes {
        sides.insert(
            side.name().to_owned(),
            json!({
                "operations": outcome.tally.operations(),
                "perSecond": outcome.rate(),
                "p50Microseconds": outcome.tally.within(0.5),
                "p99Microseconds": outcome.tally.within(0.99),
                "serverMicrosecondsEach": outcome.server_each(),
                "generatorMicrosecondsEach": outcome.own_each(),
                "residentKiB": outcome.memory.resident,
                "privateKiB": outcome.memory.private,
                "octetsEach": outcome.tally.octets / outcome.tally.operations().max(1),
                "wrong": outcome.tally.wrong,
            }),
        );
    }
    let Case { load, connections, depth, is_tls } = row.case;
    json!({"load": load.name(), "connections": connections, "depth": depth, "tls": is_tls, "bareHashMicroseconds": row.bare_hash, "servers": sides})
}
