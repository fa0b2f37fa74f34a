//! Generates load on slapd and on countersign and compares what it costs them. `benches/against_slapd` is the command around it.

mod cases;
mod comparison;
mod data;
mod engine;
mod loading;
mod loads;
mod process;
mod report;
mod requests;
mod servers;

use std::{io, net::SocketAddr, path::PathBuf, process::ExitCode};

use clap::{Parser, Subcommand};

use crate::{
    cases::Case,
    comparison::{Comparison, Plan},
    data::Population,
    loads::Load,
    report::Report,
};

/// Compares countersign with OpenLDAP's slapd under the same loads.
#[derive(Parser)]
#[command(bin_name = "benches/against_slapd", version)]
struct Arguments {
    #[command(subcommand)]
    command: Option<Command>,
    /// People in the directory.
    #[arg(long, default_value_t = 100_000)]
    entries: u64,
    /// Counted seconds of each round.
    #[arg(long, default_value_t = 2.0)]
    seconds: f64,
    /// Rounds of each load; the servers take turns.
    #[arg(long, default_value_t = 2)]
    rounds: u32,
    /// Only these loads, by name, with commas: search-dn, search-dn-three, search-uid, substring, missing, compare, bind-ssha,
    /// bind-argon2id, totp-bind, generate-totp, modify, add, delete, mix, rest-authenticate, rest-entry.
    #[arg(long, value_delimiter = ',', value_parser = load)]
    only: Vec<Load>,
    /// In these shapes instead of the usual ones: connections x requests under way on each, with commas, such as 16x1,64x16.
    #[arg(long, value_delimiter = ',', value_parser = cases::shape)]
    shapes: Vec<(usize, usize)>,
    /// With --only or --shapes: over TLS.
    #[arg(long)]
    tls: bool,
    /// Every load with 1, 16 and 64 connections, one by one and 16 in flight, in clear and over TLS: takes hours.
    #[arg(long)]
    all: bool,
    /// Every load for a moment, with few entries: shows that the command works; the figures mean little.
    #[arg(long)]
    quick: bool,
    /// Reads are asked by the root user instead of an ordinary one, for whom access rules are evaluated.
    #[arg(long)]
    as_root: bool,
    /// Keep the databases in this folder, and use those that an earlier run left there.
    #[arg(long)]
    keep: Option<PathBuf>,
    /// Write all figures to this file as JSON too.
    #[arg(long)]
    json: Option<PathBuf>,
    /// The countersign to measure.
    #[arg(long, default_value = "target/release/countersign")]
    binary: PathBuf,
}

#[derive(Subcommand)]
enum Command {
    /// Serves as the limit of the network; the comparison starts it by itself.
    #[command(hide = true)]
    Limits {
        /// Where it speaks LDAP.
        ldap: SocketAddr,
        /// Where it speaks LDAP over TLS.
        ldaps: SocketAddr,
        /// Where it speaks HTTP.
        http: SocketAddr,
        /// The folder of certificates.
        tls: PathBuf,
    },
}

fn main() -> ExitCode {
    let arguments = Arguments::parse();
    let ended = match &arguments.command {
        Some(Command::Limits { ldap, ldaps, http, tls }) => servers::limits::serve(*ldap, *ldaps, *http, tls),
        None => compare(&arguments),
    };
    match ended {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            let _ = Report::say(&format!("against_slapd: {error}"));
            ExitCode::FAILURE
        }
    }
}

fn compare(arguments: &Arguments) -> io::Result<()> {
    raise_open_files()?;
    let temporary = tempfile::tempdir()?;
    let folder = arguments.keep.as_deref().unwrap_or_else(|| temporary.path());
    let (entries, plan) = arguments.plan();
    let program = arguments.binary.canonicalize()?;
    let mut report = Report::default();
    let mut comparison = Comparison::new(folder, &program, Population { entries, seed: 7 }, plan)?;
    for text in comparison.slapd.missing() {
        Report::say(&text)?;
    }
    comparison.load(&mut report)?;
    comparison.start()?;
    comparison.warm()?;
    Report::section(&format!(
        "Loads, {entries} people, {} rounds of {} s each, servers in turn",
        plan.rounds, plan.seconds
    ))?;
    Report::head()?;
    for case in arguments.cases() {
        let row = comparison.case(case)?;
        report.row(row, None)?;
    }
    report.end(arguments.json.as_deref())
}

impl Arguments {
    fn plan(&self) -> (u64, Plan) {
        let plan = Plan { seconds: self.seconds, rounds: self.rounds.max(1), is_root: self.as_root };
        if self.quick {
            (self.entries.min(10_000), Plan { seconds: 0.2, rounds: 1, ..plan })
        } else {
            (self.entries, plan)
        }
    }

    fn cases(&self) -> Vec<Case> {
        let loads = if self.only.is_empty() { &Load::ALL[..] } else { &self.only };
        if !self.shapes.is_empty() || self.tls {
            let shapes = if self.shapes.is_empty() { &[(16, 1), (16, 16)][..] } else { &self.shapes };
            return cases::shaped(loads, shapes, self.tls);
        }
        let mut cases = match (self.all, self.quick) {
            (true, _) => cases::all(),
            (false, true) => cases::quick(),
            (false, false) => cases::usual(),
        };
        cases.retain(|case| loads.contains(&case.load));
        cases
    }
}

fn load(name: &str) -> Result<Load, String> {
    let found = Load::ALL.into_iter().find(|load| load.name() == name);
    found.ok_or_else(|| format!("no load has this name; there are {}", Load::ALL.map(Load::name).join(", ")))
}

/// Ten thousand connections need as many open files, here and in what is started from here.
fn raise_open_files() -> io::Result<()> {
    use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
    let Rlimit { maximum, .. } = getrlimit(Resource::Nofile);
    // slapd keeps a table as long as its limit.
    let current = maximum.map_or(65_536, |maximum| maximum.min(65_536));
    Ok(setrlimit(Resource::Nofile, Rlimit { current: Some(current), maximum })?)
}
