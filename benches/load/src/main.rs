//! Generates load on slapd and on countersign and compares what it costs them. `benches/against_slapd` is the command around it.

mod arguments;
mod cases;
mod comparison;
mod data;
mod engine;
mod extras;
mod loading;
mod loads;
mod process;
mod report;
mod requests;
mod servers;

use std::{io, path::Path, process::ExitCode, time::Duration};

use clap::Parser as _;

use crate::{
    arguments::{Arguments, Command},
    cases::Case,
    comparison::{Comparison, Plan},
    data::Population,
    extras::{Extra, flood, growth, idle, start},
    report::Report,
};

fn main() -> ExitCode {
    let arguments = Arguments::parse();
    let ended = match &arguments.command {
        Some(Command::Limits { ldap, ldaps, http, tls, hashing }) => {
            servers::limits::serve([*ldap, *ldaps, *http], tls, *hashing)
        }
        None => measure(&arguments),
    };
    match ended {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            let _ = Report::say(&format!("against_slapd: {error}"));
            ExitCode::FAILURE
        }
    }
}

fn measure(arguments: &Arguments) -> io::Result<()> {
    raise_open_files()?;
    let temporary = tempfile::tempdir()?;
    let folder = arguments.keep.as_deref().unwrap_or_else(|| temporary.path());
    let program = arguments.binary.canonicalize().map_err(|error| {
        io::Error::other(format!("{}: {error}; name a server by --binary", arguments.binary.display()))
    })?;
    let mut report = Report::default();
    if arguments.growth {
        let (_, plan) = arguments.plan();
        growth::measure(folder, &program, plan, &mut report, &growth::usual())?;
    } else {
        compare(arguments, folder, &program, &mut report)?;
    }
    report.end(arguments.json.as_deref())
}

fn compare(arguments: &Arguments, folder: &Path, program: &Path, report: &mut Report) -> io::Result<()> {
    let (entries, plan) = arguments.plan();
    let mut comparison = Comparison::new(folder, program, Population { entries, seed: 7 }, plan)?;
    for text in comparison.slapd.missing() {
        Report::say(&text)?;
    }
    comparison.load(report)?;
    if arguments.wants(Extra::Start) {
        start::measure(&mut comparison, report)?;
    } else {
        comparison.start()?;
    }
    loads(&arguments.cases(), plan, &mut comparison, report)?;
    if arguments.wants(Extra::Flood) {
        flood::measure(&comparison, report, Duration::from_secs_f64(plan.seconds * 2.0))?;
    }
    if arguments.wants(Extra::Idle) {
        idle::measure(&mut comparison, report, arguments.quick.then_some(1_000))?;
    }
    Ok(())
}

fn loads(cases: &[Case], plan: Plan, comparison: &mut Comparison, report: &mut Report) -> io::Result<()> {
    if cases.is_empty() {
        return Ok(());
    }
    comparison.warm()?;
    let (entries, Plan { seconds, rounds, .. }) = (comparison.population().entries, plan);
    Report::section(&format!("Loads with {entries} people; servers in turn, {rounds} rounds of {seconds} s each"))?;
    Report::head()?;
    for case in cases {
        let row = comparison.case(*case)?;
        report.row(row)?;
    }
    Ok(())
}

/// Ten thousand connections need as many open files, here and in what is started from here.
fn raise_open_files() -> io::Result<()> {
    use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
    let Rlimit { maximum, .. } = getrlimit(Resource::Nofile);
    // slapd keeps a table as long as its limit.
    let current = maximum.map_or(65_536, |maximum| maximum.min(65_536));
    Ok(setrlimit(Resource::Nofile, Rlimit { current: Some(current), maximum })?)
}
