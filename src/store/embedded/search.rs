//! Visiting entries: one by name or id, or the candidates of a query by index, by name range, or one after another.

use std::ops::Bound;

use super::{
    super::{EntryId, Factors, Found, Position, Progress, Query, Scope, Step, StoreError, Target, query::Place},
    ahead::RowKey,
    draft::{id_of, readable},
    envelope::{EntryRow, FactorRow, open_name},
    keys,
    list::{Ids, Walk},
    plan,
    postings::FEW,
    rules::Rules,
    snapshot::Snapshot,
};
use crate::directory::dn::DnKey;

/// What looks at candidates.
pub(super) type Visitor<'v> = &'v mut (dyn FnMut(Found<'_>) -> Step + Send);

/// Candidates whose entries are fetched ahead together.
const SIDE_BY_SIDE: usize = 4;

/// What became of one candidate.
enum Visit {
    Next,
    Stopped,
    Paused,
}

impl<'t> Snapshot<'t> {
    /// One entry, with its factor record if asked.
    pub(super) fn read(
        &self,
        target: Target<'_>,
        with_factors: bool,
        reader: &mut (dyn FnMut(Found<'_>) + Send),
    ) -> Result<bool, StoreError> {
        let found = match target {
            Target::Id(id) => self.entry(id, true)?,
            Target::Key(key) => self.named(key)?,
        };
        let Some(mut found) = found else { return Ok(false) };
        let id = found.id;
        if with_factors {
            self.ahead.fetch(RowKey::factor(id));
            let stored = self.tables.factor.get(self.txn, &keys::id(id));
            let row = stored.map_err(|error| self.tables.failed(error))?;
            if let Some(row) = row {
                self.ahead.note(RowKey::factor(id), row);
            }
            let row = row.map(|row| FactorRow::open(id, row)).transpose()?;
            found.factors = row.map(|row| Factors { version: row.version, record: row.record });
        }
        reader(found);
        Ok(true)
    }

    /// The candidates of a query.
    pub(super) fn search(
        &self,
        rules: &Rules,
        query: &Query<'_>,
        from: Option<&Position>,
        visitor: Visitor<'_>,
    ) -> Result<Progress, StoreError> {
        if query.scope == Scope::Base {
            return self.base(query, visitor);
        }
        match from.map(|position| &position.0) {
            Some(Place::Key(key)) => self.by_name(query, key, false, visitor),
            Some(Place::Id(id)) => match plan::candidates(self, rules, query.filter)? {
                Some(ids) => self.by_ids(query, ids, *id, visitor),
                None => self.by_entries(query, *id, visitor),
            },
            None => match plan::candidates(self, rules, query.filter)? {
                Some(ids) => {
                    let ids = ids.shortened()?;
                    if !ids.is_short() && self.is_narrow(query)? {
                        return self.by_name(query, &[], true, visitor);
                    }
                    self.by_ids(query, ids, 0, visitor)
                }
                None => self.by_name(query, &[], false, visitor),
            },
        }
    }

    fn base(&self, query: &Query<'_>, visitor: Visitor<'_>) -> Result<Progress, StoreError> {
        let Some(found) = self.named(query.base)? else { return Ok(Progress::Done) };
        let id = found.id;
        match visitor(found) {
            Step::Continue | Step::Stop => Ok(Progress::Done),
            Step::Pause => Ok(Progress::More(Position(Place::Id(id.0)))),
        }
    }

    fn by_ids(
        &self,
        query: &Query<'_>,
        ids: Ids<'_>,
        mut from: u64,
        visitor: Visitor<'_>,
    ) -> Result<Progress, StoreError> {
        ids.at_hand().iter().take(SIDE_BY_SIDE).for_each(|id| self.ahead.fetch(RowKey::entry(EntryId(*id))));
        let mut walk = Walk::new(ids);
        while let Some(id) = walk.seek(from)? {
            let found = self.entry(EntryId(id), true)?.ok_or_else(|| missing(EntryId(id)))?;
            match visit(query, found, visitor) {
                Visit::Next => from = id + 1,
                Visit::Stopped => return Ok(Progress::More(Position(Place::Id(id + 1)))),
                Visit::Paused => return Ok(Progress::More(Position(Place::Id(id)))),
            }
        }
        Ok(Progress::Done)
    }

    /// Every entry there is, in the order of ids: only to go on where an index led before and does not any more.
    fn by_entries(&self, query: &Query<'_>, from: u64, visitor: Visitor<'_>) -> Result<Progress, StoreError> {
        let first = keys::id(EntryId(from));
        let bounds = (Bound::Included(&first[..]), Bound::Unbounded);
        let rows = self.tables.entry.range(self.txn, &bounds).map_err(|error| self.tables.failed(error))?;
        for row in rows {
            let (key, value) = row.map_err(|error| self.tables.failed(error))?;
            let EntryId(id) = keys::read_id(key)?;
            match visit(query, found(EntryId(id), value, false)?, visitor) {
                Visit::Next => {}
                Visit::Stopped => return Ok(Progress::More(Position(Place::Id(id + 1)))),
                Visit::Paused => return Ok(Progress::More(Position(Place::Id(id)))),
            }
        }
        Ok(Progress::Done)
    }

    /// The range of names below the base, from the stored key `from` on.
    fn by_name(
        &self,
        query: &Query<'_>,
        from: &[u8],
        indexed: bool,
        visitor: Visitor<'_>,
    ) -> Result<Progress, StoreError> {
        let base = query.base.as_bytes();
        let range = keys::name_range(base);
        let mut start = keys::Key::from_slice(range.max(from));
        if start.is_empty() {
            start.push(0);
        }
        loop {
            let bounds = (Bound::Included(start.as_slice()), Bound::Unbounded);
            let rows = self.tables.name.range(self.txn, &bounds).map_err(|error| self.tables.failed(error))?;
            let mut skip = None;
            for row in rows {
                let (stored, value) = row.map_err(|error| self.tables.failed(error))?;
                if !stored.starts_with(range) {
                    return Ok(Progress::Done);
                }
                if let Some(beyond) = beyond_child(query, stored) {
                    skip = Some(beyond);
                    break;
                }
                let id = open_name(stored, value)?;
                let found = self.entry(id, indexed)?.ok_or_else(|| missing(id))?;
                let key = |end: &[u8]| Position(Place::Key([stored, end].concat()));
                match visit(query, found, visitor) {
                    Visit::Next => {}
                    Visit::Stopped => return Ok(Progress::More(key(&[0]))),
                    Visit::Paused => return Ok(Progress::More(key(&[]))),
                }
            }
            match skip {
                Some(beyond) => start = beyond,
                None => return Ok(Progress::Done),
            }
        }
    }

    /// Whether the base has so few entries below that reading them all is cheaper than following the index.
    fn is_narrow(&self, query: &Query<'_>) -> Result<bool, StoreError> {
        let range = keys::name_range(query.base.as_bytes());
        if range.is_empty() {
            return Ok(false);
        }
        let rows = self.tables.name.prefix_iter(self.txn, range).map_err(|error| self.tables.failed(error))?;
        Ok(rows.take(FEW).count() < FEW)
    }

    /// An entry by name, without factors.
    fn named(&self, key: &DnKey) -> Result<Option<Found<'t>>, StoreError> {
        if let Some(guess) = self.hints.guess(key.as_bytes())
            && let Some(found) = self.entry(guess, true)?
            && found.entry.key() == key.as_bytes()
        {
            return Ok(Some(found));
        }
        let Some(id) = id_of(self.tables, self.txn, key)? else { return Ok(None) };
        self.hints.note(key.as_bytes(), id);
        self.entry(id, true)?.ok_or_else(|| missing(id)).map(Some)
    }

    /// An entry by id, without factors.
    fn entry(&self, id: EntryId, indexed: bool) -> Result<Option<Found<'t>>, StoreError> {
        self.ahead.fetch(RowKey::entry(id));
        let stored = self.tables.entry.get(self.txn, &keys::id(id)).map_err(|error| self.tables.failed(error))?;
        let Some(stored) = stored else { return Ok(None) };
        self.ahead.note(RowKey::entry(id), stored);
        found(id, stored, indexed).map(Some)
    }
}

fn found(id: EntryId, stored: &[u8], indexed: bool) -> Result<Found<'_>, StoreError> {
    let row = EntryRow::open(id, stored)?;
    let entry = readable(row.entry)?;
    Ok(Found { id, version: row.version, entry, children: row.children, factors: None, indexed })
}

/// Shows one candidate to the visitor if it is in scope.
fn visit(query: &Query<'_>, found: Found<'_>, visitor: Visitor<'_>) -> Visit {
    if !in_scope(query.base, query.scope, found.entry.key()) {
        return Visit::Next;
    }
    match visitor(found) {
        Step::Continue => Visit::Next,
        Step::Stop => Visit::Stopped,
        Step::Pause => Visit::Paused,
    }
}

/// Whether the name `key` is in scope. Every RDN of a key ends in 0, and 0 stands nowhere else (dn.rs).
fn in_scope(base: &DnKey, scope: Scope, key: &[u8]) -> bool {
    let Some(below) = key.strip_prefix(base.as_bytes()) else { return false };
    match scope {
        Scope::Base => below.is_empty(),
        Scope::One => below.iter().position(|octet| *octet == 0).is_some_and(|end| end + 1 == below.len()),
        Scope::Subtree => true,
        Scope::Subordinates => !below.is_empty(),
    }
}

/// In a one-level search, where to go on when `stored` lies below a child of the base: behind all that is below that child.
fn beyond_child(query: &Query<'_>, stored: &[u8]) -> Option<keys::Key> {
    if query.scope != Scope::One {
        return None;
    }
    let base = query.base.as_bytes();
    let below = stored.strip_prefix(base)?;
    let end = below.iter().position(|octet| *octet == 0)?;
    // The hash at the end of a long name's key may hold a 0 too, but the part that is skipped by is the same then.
    if end + 1 == below.len() || end + base.len() >= keys::NAME_PREFIX {
        return None;
    }
    let mut beyond = keys::Key::from_slice(stored.get(..base.len() + end)?);
    beyond.push(1);
    Some(beyond)
}

fn missing(id: EntryId) -> StoreError {
    StoreError::Damaged(format!("an index or name leads to entry {}, which is not there", id.0))
}
