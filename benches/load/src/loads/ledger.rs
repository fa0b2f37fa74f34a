//! What has been used up on one server: each code is good once, each entry is added and deleted once, each person enrolled once.

use std::{
    ops::Range,
    time::{Duration, SystemTime, UNIX_EPOCH},
};

use super::Numbers;
use crate::{data::Population, requests};

/// The books of one server.
#[derive(Debug)]
pub(crate) struct Ledger {
    /// Codes.
    pub(super) codes: Codes,
    /// The next person to enrol.
    pub(super) enrolled: u64,
    /// The next number to add.
    pub(super) added: u64,
    /// The next number to delete: below are none left.
    pub(super) deleted: u64,
    rounds: u64,
}

impl Ledger {
    /// The books of a server that holds this population.
    pub(crate) fn new(population: Population) -> Self {
        // A database that is used again holds what an earlier run added: begin elsewhere.
        let first = 2_000_000 + (now().as_secs() % 79) * 100_000;
        Self {
            codes: Codes::new(population.with_factor()),
            enrolled: population.to_enrol().start,
            added: first,
            deleted: first,
            rounds: 0,
        }
    }

    /// Anybody of a range, in another order each time.
    pub(super) fn random(&mut self, range: Range<u64>) -> Numbers<'static> {
        self.rounds += 1;
        Numbers::Random { range, state: self.rounds << 32 }
    }

    /// How many entries wait to be deleted.
    pub(crate) const fn to_delete(&self) -> u64 {
        self.added - self.deleted
    }

    /// How long until everybody has a code that was not used.
    pub(crate) fn until_codes(&self) -> Duration {
        self.codes.until_next()
    }
}

/// Who has used which step.
#[derive(Debug)]
pub(crate) struct Codes {
    first: u64,
    /// The newest step used, for each person.
    used: Vec<u64>,
    turn: usize,
}

/// Seconds of a step.
const STEP: u64 = 30;

impl Codes {
    fn new(range: Range<u64>) -> Self {
        Self { first: range.start, used: vec![0; (range.end - range.start) as usize], turn: 0 }
    }

    /// Somebody, a step that they have not used, and its code; servers accept the next step too. `None` where everybody has used
    /// both.
    ///
    /// One code in half a million is that of a neighbouring step too, and a server may rightly take it for that one: whoever has
    /// such a code is left out.
    pub(crate) fn take(&mut self, population: Population) -> Option<(u64, u64, [u8; 6])> {
        let now = now().as_secs() / STEP;
        loop {
            let used = self.used.get_mut(self.turn)?;
            let step = now.max(*used + 1);
            if step > now + 1 {
                return None;
            }
            *used = step;
            let number = self.first + self.turn as u64;
            self.turn = (self.turn + 1) % self.used.len();
            let [before, code, after] = [step - 1, step, step + 1].map(|step| requests::code(population, number, step));
            if code != before && code != after {
                return Some((number, step, code));
            }
        }
    }

    /// How long until those whose turn is next have a code.
    fn until_next(&self) -> Duration {
        // Whoever used the step before has a code; the person whose turn is next used theirs first.
        let last = self.turn.checked_sub(1).unwrap_or_else(|| self.used.len().saturating_sub(1));
        let used = self.used.get(last).copied().unwrap_or(0);
        Duration::from_secs((used * STEP).saturating_sub(now().as_secs()))
    }
}

fn now() -> Duration {
    SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    const POPULATION: Population = Population { entries: 1_000, seed: 7 };

    #[test]
    fn nobody_is_asked_for_the_same_code_twice() {
        let mut codes = Codes::new(5..8);
        let taken: Vec<_> = std::iter::from_fn(|| codes.take(POPULATION)).take(100).collect();
        assert!((6..=9).contains(&taken.len()), "two steps for each of three, or three over a boundary");
        let mut once = taken.clone();
        once.sort_unstable();
        once.dedup();
        assert_eq!(once.len(), taken.len());
    }
}
