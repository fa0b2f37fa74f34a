//! The loads: what each asks, as whom, and what the right answer is.

mod ledger;

use std::ops::Range;

use self::ledger::Codes;
pub(crate) use self::ledger::Ledger;
use crate::{
    data::{PASSWORD, Population, READER, ROOT, SUFFIX, mixed},
    engine::{Asking, Right},
    requests::{self, Filter, Frame, LETTERS, NUMBER, any_dn, any_password},
    servers::Side,
};

/// One load.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Load {
    /// Base search, all user attributes.
    DnAll,
    /// Base search, three attributes.
    DnThree,
    /// Subtree search `(uid=…)`.
    Uid,
    /// Subtree search `(cn=*abcdef*)`.
    Substring,
    /// Subtree search for a uid that nobody has.
    Missing,
    /// Compare of `mail`, true.
    Compare,
    /// Simple bind, {SSHA}.
    Ssha,
    /// Simple bind, argon2id.
    Argon2id,
    /// A code that nobody used, beside an {SSHA} password.
    Totp,
    /// A first TOTP shared secret for somebody.
    Generate,
    /// Replace of one value.
    Modify,
    /// A new entry.
    Add,
    /// An entry that a load added.
    Delete,
    /// Nine reads, then a modify.
    Mix,
    /// REST: `authenticate` by password, {SSHA}.
    RestAuthenticate,
    /// REST: an entry by its DN, Basic authentication.
    RestEntry,
}

/// Who asks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Caller {
    /// Binds are the load itself.
    Nobody,
    /// An ordinary user: access rules are evaluated.
    Reader,
    /// The root user.
    Root,
}

impl Caller {
    /// What is sent before the load.
    pub(crate) fn bind(self) -> Option<Frame> {
        match self {
            Self::Nobody => None,
            Self::Reader => Some(requests::simple_bind(READER, PASSWORD)),
            Self::Root => Some(requests::simple_bind(ROOT, PASSWORD)),
        }
    }
}

/// Right answers.
const SUCCESS: Right = Right { code: 0, entries: None };
const FOUND: Right = Right { code: 0, entries: Some(true) };
const NOT_FOUND: Right = Right { code: 0, entries: Some(false) };
const TRUE: Right = Right { code: 6, entries: None };
const OK: Right = Right { code: 200, entries: None };

impl Load {
    /// All of them.
    pub(crate) const ALL: [Self; 16] = [
        Self::DnAll,
        Self::DnThree,
        Self::Uid,
        Self::Substring,
        Self::Missing,
        Self::Compare,
        Self::Ssha,
        Self::Argon2id,
        Self::Totp,
        Self::Generate,
        Self::Modify,
        Self::Add,
        Self::Delete,
        Self::Mix,
        Self::RestAuthenticate,
        Self::RestEntry,
    ];

    /// As the command line names it.
    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::DnAll => "search-dn",
            Self::DnThree => "search-dn-three",
            Self::Uid => "search-uid",
            Self::Substring => "substring",
            Self::Missing => "missing",
            Self::Compare => "compare",
            Self::Ssha => "bind-ssha",
            Self::Argon2id => "bind-argon2id",
            Self::Totp => "totp-bind",
            Self::Generate => "generate-totp",
            Self::Modify => "modify",
            Self::Add => "add",
            Self::Delete => "delete",
            Self::Mix => "mix",
            Self::RestAuthenticate => "rest-authenticate",
            Self::RestEntry => "rest-entry",
        }
    }

    /// As the table names it.
    pub(crate) const fn title(self) -> &'static str {
        match self {
            Self::DnAll => "search by DN, all attributes",
            Self::DnThree => "search by DN, three attributes",
            Self::Uid => "search (uid=...)",
            Self::Substring => "search (cn=*abcdef*)",
            Self::Missing => "search of a uid nobody has",
            Self::Compare => "compare",
            Self::Ssha => "simple bind, {SSHA}",
            Self::Argon2id => "simple bind, argon2id",
            Self::Totp => "UNBOUNDID-TOTP bind, {SSHA} (slapd: code appended)",
            Self::Generate => "generate TOTP shared secret",
            Self::Modify => "modify, replace of one value",
            Self::Add => "add",
            Self::Delete => "delete",
            Self::Mix => "mix: 9 searches, 1 modify",
            Self::RestAuthenticate => "REST authenticate, {SSHA}",
            Self::RestEntry => "REST GET entry, Basic {SSHA}",
        }
    }

    /// Who asks.
    pub(crate) const fn caller(self) -> Caller {
        match self {
            Self::DnAll | Self::DnThree | Self::Uid | Self::Substring | Self::Missing | Self::Compare => Caller::Reader,
            Self::Modify | Self::Add | Self::Delete | Self::Mix | Self::Generate => Caller::Root,
            Self::Ssha | Self::Argon2id | Self::Totp | Self::RestAuthenticate | Self::RestEntry => Caller::Nobody,
        }
    }

    /// Whether it is a read, for which the limit of the network is known.
    pub(crate) const fn is_read(self) -> bool {
        matches!(self.caller(), Caller::Reader) || matches!(self, Self::Ssha)
    }

    /// Whether it speaks HTTP.
    pub(crate) const fn is_http(self) -> bool {
        matches!(self, Self::RestAuthenticate | Self::RestEntry)
    }

    /// Who has it.
    pub(crate) fn sides(self) -> Vec<Side> {
        let mut sides = Vec::new();
        if !self.is_http() && self != Self::Generate {
            sides.push(Side::Slapd);
        }
        sides.push(Side::Countersign);
        if self.is_read() || self.is_http() {
            sides.push(Side::Limit);
        }
        if self == Self::Argon2id {
            sides.push(Side::Hashing);
        }
        sides
    }

    /// What it asks of one server. The ledger is that server's: it knows what has been used up.
    pub(crate) fn asking(self, population: Population, side: Side, ledger: &mut Ledger) -> Box<dyn Asking + '_> {
        let plain = population.plain();
        let (numbers, requests) = match self {
            Self::Argon2id => (ledger.random(population.with_slow_hash()), self.requests(population, side)),
            Self::Totp => (Numbers::Codes(&mut ledger.codes), self.requests(population, side)),
            Self::Generate => (
                Numbers::Each { next: &mut ledger.enrolled, end: population.to_enrol().end },
                self.requests(population, side),
            ),
            Self::Add => (Numbers::Each { next: &mut ledger.added, end: u64::MAX }, self.requests(population, side)),
            Self::Delete => {
                let end = ledger.added;
                (Numbers::Each { next: &mut ledger.deleted, end }, self.requests(population, side))
            }
            Self::Ssha | Self::RestAuthenticate | Self::RestEntry | Self::Modify => {
                (ledger.random(plain), self.requests(population, side))
            }
            _ => (ledger.random(population.all()), self.requests(population, side)),
        };
        Box::new(Source { population, numbers, requests, turn: 0 })
    }

    /// The requests that take turns.
    fn requests(self, population: Population, side: Side) -> Vec<(Frame, Right)> {
        let uid = || Filter::Equality("uid", format!("user.{NUMBER}"));
        let everything = || Filter::Everything;
        let one = |frame, right| vec![(frame, right)];
        match self {
            Self::DnAll => one(requests::search(&any_dn(), false, &everything(), &[]), FOUND),
            Self::DnThree => {
                one(requests::search(&any_dn(), false, &everything(), &["cn", "mail", "telephoneNumber"]), FOUND)
            }
            Self::Uid => one(requests::search(SUFFIX, true, &uid(), &[]), FOUND),
            Self::Substring => {
                one(requests::search(SUFFIX, true, &Filter::Contains("cn", LETTERS.to_owned()), &[]), FOUND)
            }
            Self::Missing => {
                let filter = Filter::Equality("uid", requests::nobody());
                let right = if side == Side::Limit { FOUND } else { NOT_FOUND };
                one(requests::search(SUFFIX, true, &filter, &[]), right)
            }
            Self::Compare => one(requests::compare(&any_dn(), "mail", &format!("user.{NUMBER}@example.com")), TRUE),
            Self::Ssha | Self::Argon2id => one(requests::simple_bind(&any_dn(), &any_password()), SUCCESS),
            Self::Totp if side == Side::Slapd => one(requests::simple_bind_with_code(), SUCCESS),
            Self::Totp => one(requests::totp_bind(), SUCCESS),
            Self::Generate => one(requests::generate_totp(), SUCCESS),
            Self::Modify => versions().map(|text| (modify(&text), SUCCESS)).collect(),
            Self::Add => one(requests::add(population.person(0)), SUCCESS),
            Self::Delete => one(requests::delete(&any_dn()), SUCCESS),
            Self::Mix => versions().flat_map(|text| mix(modify(&text), &uid())).collect(),
            Self::RestAuthenticate => one(requests::http::authenticate(), OK),
            Self::RestEntry => one(requests::http::entry(), OK),
        }
    }
}

/// Reads everybody once by this load, one after the other.
pub(crate) fn everybody(population: Population, load: Load, next: &mut u64) -> Box<dyn Asking + '_> {
    let numbers = Numbers::Each { next, end: population.entries };
    Box::new(Source { population, numbers, requests: load.requests(population, Side::Countersign), turn: 0 })
}

/// Texts that take turns, so that no modify finds the value that it brings.
fn versions() -> impl Iterator<Item = String> {
    (0..7).map(|version| {
        format!("Seen at the gate for the {version}th time, on a day in November, with both keys in hand")
    })
}

fn modify(text: &str) -> Frame {
    requests::modify_replace(&any_dn(), "description", text)
}

fn mix(modify: Frame, uid: &Filter) -> Vec<(Frame, Right)> {
    let by_uid = requests::search(SUFFIX, true, uid, &[]);
    let by_dn = requests::search(&any_dn(), false, &Filter::Everything, &[]);
    let reads = (0..9).map(|at| (if at % 2 == 0 { by_uid.clone() } else { by_dn.clone() }, FOUND));
    reads.chain([(modify, SUCCESS)]).collect()
}

/// Whom the next request is about.
pub(crate) enum Numbers<'l> {
    /// Anybody of a range.
    Random {
        /// The range.
        range: Range<u64>,
        /// Where the sequence stands.
        state: u64,
    },
    /// One after the other, each once.
    Each {
        /// The next one.
        next: &'l mut u64,
        /// Where it ends.
        end: u64,
    },
    /// Those who have a code left.
    Codes(&'l mut Codes),
}

/// Fills in frames, one after the other.
struct Source<'l> {
    population: Population,
    numbers: Numbers<'l>,
    requests: Vec<(Frame, Right)>,
    turn: usize,
}

impl Asking for Source<'_> {
    fn ask(&mut self, id: u32, out: &mut Vec<u8>) -> Option<Right> {
        let mut code = None;
        let number = match &mut self.numbers {
            Numbers::Random { range, state } => {
                *state = state.wrapping_add(1);
                range.start + mixed(*state) % (range.end - range.start).max(1)
            }
            Numbers::Each { next, end } => {
                let number = **next;
                if number >= *end {
                    return None;
                }
                **next += 1;
                number
            }
            Numbers::Codes(codes) => {
                let (number, _, digits) = codes.take(self.population)?;
                code = Some(digits);
                number
            }
        };
        let (frame, right) = self.requests.get(self.turn)?;
        self.turn = (self.turn + 1) % self.requests.len();
        frame.append(id, self.population, number, code, out);
        Some(*right)
    }
}
