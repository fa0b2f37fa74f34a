//! The comparison: makes the data, loads it into both servers, runs the same loads against them in turn.

use std::{
    collections::BTreeMap,
    fs, io,
    path::{Path, PathBuf},
    thread::sleep,
    time::Duration,
};

use crate::{
    cases::Case,
    data::{Population, ldif},
    engine::{self, Shape, tally::Outcome},
    extras::hash::{self, Bare},
    loads::{self, Caller, Ledger, Load},
    report::{Report, Row},
    servers::{Served, Side, countersign::Countersign, files, limits, slapd::Slapd},
};

/// How long and how often.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Plan {
    /// Counted seconds of a round.
    pub(crate) seconds: f64,
    /// Rounds, each against all servers in turn.
    pub(crate) rounds: u32,
    /// Reads are asked by root instead of an ordinary user.
    pub(crate) is_root: bool,
}

/// Both servers with their data, running, and the limit.
pub(crate) struct Comparison {
    population: Population,
    plan: Plan,
    pub(crate) slapd: Slapd,
    countersign: Countersign,
    served: BTreeMap<Side, Served>,
    ledgers: BTreeMap<Side, Ledger>,
    ldif: [PathBuf; 2],
    is_loaded: bool,
    folder: PathBuf,
}

impl Comparison {
    /// Makes the folders. What is already in `folder` from an earlier run with as many entries is used again.
    pub(crate) fn new(folder: &Path, program: &Path, population: Population, plan: Plan) -> io::Result<Self> {
        let folder = folder.join(population.entries.to_string());
        let is_loaded = folder.join("loaded").exists();
        if !is_loaded && folder.exists() {
            fs::remove_dir_all(&folder)?;
        }
        fs::create_dir_all(&folder)?;
        let countersign = Countersign::new(folder.join("countersign"), program)?;
        let slapd = Slapd::new(folder.join("slapd"), countersign.tls())?;
        Ok(Self {
            population,
            plan,
            slapd,
            countersign,
            served: BTreeMap::new(),
            ledgers: Side::ALL.map(|side| (side, Ledger::new(population))).into(),
            ldif: ["slapd.ldif", "countersign.ldif"].map(|name| folder.join(name)),
            is_loaded,
            folder,
        })
    }

    /// Whom the directory holds.
    pub(crate) const fn population(&self) -> Population {
        self.population
    }

    /// Loads both, unless that was done by an earlier run, and says what it took.
    pub(crate) fn load(&mut self, report: &mut Report) -> io::Result<()> {
        let [for_slapd, for_countersign] = &self.ldif;
        if self.is_loaded {
            return Report::say("The databases of an earlier run are used again.");
        }
        ldif::write(self.population, ldif::Dialect::Slapd, for_slapd)?;
        ldif::write(self.population, ldif::Dialect::Countersign, for_countersign)?;
        let taken = [self.slapd.load(for_slapd)?, self.countersign.load(for_countersign)?];
        for side in [Side::Slapd, Side::Countersign] {
            files::settle(&self.data(side))?;
        }
        crate::loading::report(report, self, taken)?;
        for file in &self.ldif {
            fs::remove_file(file)?;
        }
        fs::write(self.folder.join("loaded"), "")
    }

    /// Starts all that most loads need, those that run afresh.
    pub(crate) fn start(&mut self) -> io::Result<()> {
        [Side::Slapd, Side::Countersign, Side::Limit].into_iter().try_for_each(|side| self.start_one(side))
    }

    /// Starts one of them, afresh if it runs.
    pub(crate) fn start_one(&mut self, side: Side) -> io::Result<()> {
        self.served.remove(&side);
        let served = match side {
            Side::Slapd => self.slapd.start(false)?,
            Side::Countersign => self.countersign.start()?,
            Side::Limit | Side::Hashing => limits::start(&self.countersign.tls(), side == Side::Hashing)?,
        };
        self.served.insert(side, served);
        Ok(())
    }

    /// Stops all that run.
    pub(crate) fn stop(&mut self) {
        self.served.clear();
    }

    /// Where a server's database is.
    pub(crate) fn data(&self, side: Side) -> PathBuf {
        if side == Side::Slapd { self.slapd.data() } else { self.countersign.data() }
    }

    /// Where a load of its own kind goes.
    pub(crate) fn target(&self, side: Side, is_tls: bool, caller: Caller) -> io::Result<engine::Target> {
        let served = self.served.get(&side).ok_or_else(|| io::Error::other(format!("{} does not run", side.name())))?;
        Ok(served.target(is_tls, false, caller.bind()))
    }

    /// Has each read everybody once by name and once by uid, so that no load pays for pages that are read for the first time.
    pub(crate) fn warm(&mut self) -> io::Result<()> {
        let enough = Duration::from_secs(120);
        for side in [Side::Slapd, Side::Countersign] {
            for load in [Load::DnAll, Load::Uid] {
                let case = Case { load, connections: 16, depth: 16, is_tls: false };
                let (target, mut next) = (self.target(side, false, Caller::Reader)?, 0);
                let shape = Shape { warm_up: Duration::ZERO, duration: enough, ..shape(case, 0.0) };
                engine::run(&target, shape, &mut *loads::everybody(self.population, load, &mut next))?;
            }
        }
        Ok(())
    }

    /// One load against all servers that have it, in turn.
    pub(crate) fn case(&mut self, case: Case) -> io::Result<Row> {
        let mut sides = case.load.sides();
        if case.load == Load::Totp && !self.slapd.has("otp") || case.load == Load::Argon2id && !self.slapd.has("argon2")
        {
            sides.retain(|side| *side != Side::Slapd);
        }
        let has_overlay = case.load == Load::Totp && sides.contains(&Side::Slapd);
        if has_overlay {
            self.restart_slapd(true)?;
        }
        if sides.contains(&Side::Hashing) && !self.served.contains_key(&Side::Hashing) {
            self.start_one(Side::Hashing)?;
        }
        let (mut outcomes, mut bare) = (BTreeMap::<Side, Outcome>::new(), Bare::default());
        for _ in 0..self.plan.rounds {
            for side in &sides {
                let outcome = self.round(case, *side, self.plan.seconds)?;
                match outcomes.get_mut(side) {
                    Some(sum) => sum.add(&outcome),
                    None => drop(outcomes.insert(*side, outcome)),
                }
            }
            if case.load == Load::Argon2id {
                bare.add(hash::bare(case.connections, Duration::from_secs_f64(self.plan.seconds))?);
            }
        }
        if has_overlay {
            self.restart_slapd(false)?;
        }
        Ok(Row { case, outcomes, bare_hash: bare.each() })
    }

    fn restart_slapd(&mut self, with_codes: bool) -> io::Result<()> {
        self.served.remove(&Side::Slapd);
        self.served.insert(Side::Slapd, self.slapd.start(with_codes)?);
        Ok(())
    }

    fn round(&mut self, case: Case, side: Side, seconds: f64) -> io::Result<Outcome> {
        if case.load == Load::Delete {
            self.provide(case, side, seconds)?;
        }
        let (Some(served), Some(ledger)) = (self.served.get(&side), self.ledgers.get_mut(&side)) else {
            return Err(io::Error::other(format!("{} does not run", side.name())));
        };
        if case.load == Load::Totp {
            sleep(ledger.until_codes());
        }
        let caller = match case.load.caller() {
            Caller::Reader if self.plan.is_root => Caller::Root,
            caller => caller,
        };
        // The limit knows no binds before a load, but answers them.
        let target = served.target(case.is_tls, case.load.is_http(), caller.bind());
        let mut asking = case.load.asking(self.population, side, ledger);
        engine::run(&target, shape(case, seconds), &mut *asking)
    }

    /// Adds what a delete will take away.
    fn provide(&mut self, case: Case, side: Side, seconds: f64) -> io::Result<()> {
        let add = Case { load: Load::Add, ..case };
        let left = self.ledgers.get(&side).map_or(0, Ledger::to_delete);
        // Deletes may be quicker than adds: half as long again.
        if left < 1_000 { self.round(add, side, seconds * 1.5).map(drop) } else { Ok(()) }
    }
}

fn shape(case: Case, seconds: f64) -> Shape {
    Shape {
        connections: case.connections,
        depth: case.depth,
        rate: None,
        warm_up: Duration::from_secs_f64((seconds / 10.0).clamp(0.05, 0.3)),
        duration: Duration::from_secs_f64(seconds),
    }
}
