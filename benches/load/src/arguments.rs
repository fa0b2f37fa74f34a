//! The command line.

use std::{net::SocketAddr, path::PathBuf};

use clap::{Parser, Subcommand};

use crate::{
    cases::{self, Case},
    comparison::Plan,
    extras::Extra,
    loads::Load,
};

/// Compares countersign with OpenLDAP's slapd under the same loads.
#[derive(Parser)]
#[command(bin_name = "benches/against_slapd", version)]
pub(crate) struct Arguments {
    #[command(subcommand)]
    pub(crate) command: Option<Command>,
    /// People in the directory.
    #[arg(long, default_value_t = 100_000, value_parser = clap::value_parser!(u64).range(1_000..=1_900_000))]
    pub(crate) entries: u64,
    /// Counted seconds of each round.
    #[arg(long, default_value_t = 2.0)]
    pub(crate) seconds: f64,
    /// Rounds of each load; the servers take turns.
    #[arg(long, default_value_t = 2)]
    pub(crate) rounds: u32,
    /// Only these, by name, with commas: search-dn, search-dn-three, search-uid, substring, missing, compare, bind-ssha,
    /// bind-argon2id, totp-bind, generate-totp, modify, add, delete, mix, rest-authenticate, rest-entry; and start, flood, idle.
    #[arg(long, value_delimiter = ',', value_parser = part)]
    pub(crate) only: Vec<Part>,
    /// In these shapes instead of the usual ones: connections x requests under way on each, with commas, such as 16x1,64x16.
    #[arg(long, value_delimiter = ',', value_parser = cases::shape)]
    pub(crate) shapes: Vec<(usize, usize)>,
    /// The loads over TLS; 16x1 and 16x16 where no shapes are named.
    #[arg(long)]
    pub(crate) tls: bool,
    /// Every load with 1, 16 and 64 connections, one by one and 16 in flight, in clear and over TLS: takes hours.
    #[arg(long)]
    pub(crate) all: bool,
    /// Every load for a moment, with few entries: shows that the command works; the figures mean little.
    #[arg(long)]
    pub(crate) quick: bool,
    /// Instead: how the processor time of an operation grows from ten thousand to a hundred thousand and a million people.
    #[arg(long)]
    pub(crate) growth: bool,
    /// Reads are asked by the root user instead of an ordinary one, for whom access rules are evaluated.
    #[arg(long)]
    pub(crate) as_root: bool,
    /// Keep the databases in this folder, and use those that an earlier run left there; remove it when the store has changed its form.
    #[arg(long)]
    pub(crate) keep: Option<PathBuf>,
    /// Write all figures to this file as JSON too.
    #[arg(long)]
    pub(crate) json: Option<PathBuf>,
    /// The countersign to measure.
    #[arg(long, default_value = "target/release/countersign")]
    pub(crate) binary: PathBuf,
}

/// What this program does beside comparing.
#[derive(Subcommand)]
pub(crate) enum Command {
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
        /// Compute a slow hash for each bind.
        #[arg(long)]
        hashing: bool,
    },
}

/// What `--only` names.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Part {
    /// A load.
    Load(Load),
    /// Something beside the loads.
    Extra(Extra),
}

impl Arguments {
    /// How many people, how long, how often.
    pub(crate) fn plan(&self) -> (u64, Plan) {
        let plan = Plan { seconds: self.seconds.max(0.05), rounds: self.rounds.max(1), is_root: self.as_root };
        if self.quick {
            (self.entries.min(10_000), Plan { seconds: 0.2, rounds: 1, ..plan })
        } else {
            (self.entries, plan)
        }
    }

    /// The loads, in their shapes.
    pub(crate) fn cases(&self) -> Vec<Case> {
        let is_meant = |load: &Load| self.only.is_empty() || self.only.contains(&Part::Load(*load));
        let loads: Vec<Load> = Load::ALL.into_iter().filter(is_meant).collect();
        if !self.shapes.is_empty() || self.tls {
            let shapes = if self.shapes.is_empty() { &[(16, 1), (16, 16)][..] } else { &self.shapes };
            return cases::shaped(&loads, shapes, self.tls);
        }
        let mut cases = match (self.all, self.quick) {
            (true, _) => cases::all(),
            (false, true) => cases::quick(),
            (false, false) => cases::usual(),
        };
        cases.retain(|case| loads.contains(&case.load));
        cases
    }

    /// Whether this is to be measured beside the loads.
    pub(crate) fn wants(&self, extra: Extra) -> bool {
        self.only.contains(&Part::Extra(extra)) || self.only.is_empty() && self.shapes.is_empty() && !self.tls
    }
}

fn part(name: &str) -> Result<Part, String> {
    let load = Load::ALL.into_iter().find(|load| load.name() == name).map(Part::Load);
    let extra = Extra::ALL.into_iter().find(|extra| extra.name() == name).map(Part::Extra);
    load.or(extra).ok_or_else(|| {
        let names: Vec<_> = Load::ALL.map(Load::name).into_iter().chain(Extra::ALL.map(Extra::name)).collect();
        format!("nothing has this name; there are {}", names.join(", "))
    })
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]
    use super::*;

    #[test]
    fn one_load_in_one_shape_is_one_case() {
        let words = ["against_slapd", "--only", "modify,idle", "--shapes", "64x1"];
        let arguments = Arguments::try_parse_from(words).unwrap();
        assert_eq!(arguments.cases().len(), 1);
        assert!(arguments.wants(Extra::Idle) && !arguments.wants(Extra::Flood));
        assert!(Arguments::try_parse_from(["against_slapd", "--only", "modfy"]).is_err());
    }

    #[test]
    fn by_itself_everything_usual_is_measured() {
        let arguments = Arguments::try_parse_from(["against_slapd"]).unwrap();
        assert_eq!(arguments.cases(), cases::usual());
        assert!(Extra::ALL.into_iter().all(|extra| arguments.wants(extra)));
    }
}
