//! Changes that reach below an entry: renaming and deleting, and the tombstones that deleting leaves.

use std::ops::Bound;

use super::{
    super::{EntryId, StoreError, Version},
    draft::{Draft, readable},
    envelope::{EntryRow, open_name},
    keys,
};
use crate::directory::dn::{Dn, DnKey};

/// Tombstones kept: the newest ones. Who asks for changes since an older one must read everything again.
const MAX_TOMBSTONES: u64 = 100_000;

impl Draft<'_> {
    /// Gives the entry a new name, and everything below it likewise.
    pub(super) fn rename(
        &mut self,
        id: EntryId,
        expected: Version,
        key: &DnKey,
        entry: &[u8],
    ) -> Result<(), StoreError> {
        let new = readable(entry)?;
        let row = self.entry_row(id, Some(expected))?;
        let children = row.children;
        let old_key = DnKey::from_bytes(readable(row.entry)?.key());
        if *key != old_key {
            if key.is_within(&old_key) {
                return Err(StoreError::NotLeaf);
            }
            if self.id_of(key)?.is_some() {
                return Err(StoreError::Exists);
            }
        }
        let (old_parent, new_parent) = (self.parent_of(&old_key).unwrap_or(None), self.parent_of(key)?);
        let below = if children > 0 { self.below(&old_key)? } else { Vec::new() };
        self.change_terms(id, new)?;
        self.remove_name(old_key.as_bytes())?;
        self.put_name(key, id)?;
        self.put_entry(id, children, entry)?;
        if old_parent != new_parent {
            self.count_children(old_parent, -1)?;
            self.count_children(new_parent, 1)?;
        }
        let name = Dn::parse(new.dn()).map_err(|_| unreadable_name())?;
        for id in below {
            self.rebase(id, &old_key, key, &name)?;
        }
        Ok(())
    }

    /// Moves one entry that was below `old_key` to below `new_key`, whose name is `name`.
    fn rebase(&mut self, id: EntryId, old_key: &DnKey, new_key: &DnKey, name: &Dn) -> Result<(), StoreError> {
        let row = self.entry_row(id, None)?;
        let (children, stored) = (row.children, readable(row.entry)?);
        let key = DnKey::from_bytes(stored.key());
        let moved = || key.rebased(old_key, new_key);
        let new_key = moved().ok_or_else(|| StoreError::Damaged("an entry lies outside its subtree".into()))?;
        let own = Dn::parse(stored.dn()).map_err(|_| unreadable_name())?;
        let encoded = stored.renamed(&own.rebased(old_key.depth(), name).to_string(), &new_key);
        self.remove_name(key.as_bytes())?;
        self.put_name(&new_key, id)?;
        self.put_entry(id, children, &encoded)
    }

    /// Deletes the entry, and with `subtree` everything below it.
    pub(super) fn delete(&mut self, id: EntryId, expected: Version, subtree: bool) -> Result<(), StoreError> {
        let row = self.entry_row(id, Some(expected))?;
        let key = DnKey::from_bytes(readable(row.entry)?.key());
        let below = match row.children {
            0 => Vec::new(),
            _ if !subtree => return Err(StoreError::NotLeaf),
            _ => self.below(&key)?,
        };
        let parent = self.parent_of(&key).unwrap_or(None);
        for id in below.into_iter().rev() {
            self.remove(id)?;
        }
        self.remove(id)?;
        self.count_children(parent, -1)?;
        self.bound_tombstones()
    }

    /// Takes one entry out of all tables and leaves a tombstone.
    fn remove(&mut self, id: EntryId) -> Result<(), StoreError> {
        self.remove_terms(id)?;
        let key = keys::id(id);
        let stored = self.tables.entry.get(&self.txn, &key).map_err(|error| self.tables.failed(error))?;
        let entry = readable(EntryRow::open(id, stored.ok_or(StoreError::NotFound)?)?.entry)?;
        let name = entry.key().to_vec();
        let tombstone = [&entry.uuid().into_bytes()[..], &name].concat();
        self.remove_name(&name)?;
        let deleted = self
            .tables
            .entry
            .delete(&mut self.txn, &key)
            .and_then(|_| self.tables.factor.delete(&mut self.txn, &key))
            .and_then(|_| {
                let when = [self.sequence.to_be_bytes(), id.0.to_be_bytes()].concat();
                self.tables.tombstone.put(&mut self.txn, &when, &tombstone)
            });
        deleted.map_err(|error| self.tables.failed(error))
    }

    /// Forgets the oldest tombstones beyond the bound.
    fn bound_tombstones(&mut self) -> Result<(), StoreError> {
        let table = self.tables.tombstone;
        let mut count = table.len(&self.txn).map_err(|error| self.tables.failed(error))?;
        while count > MAX_TOMBSTONES {
            let oldest = table.first(&self.txn).map_err(|error| self.tables.failed(error))?;
            let Some(key) = oldest.map(|(key, _)| key.to_vec()) else { break };
            table.delete(&mut self.txn, &key).map_err(|error| self.tables.failed(error))?;
            count -= 1;
        }
        Ok(())
    }

    /// The ids of all entries below a name, each after the entry above it where names are short.
    fn below(&self, key: &DnKey) -> Result<Vec<EntryId>, StoreError> {
        let range = keys::name_range(key.as_bytes());
        let exact = range.len() == key.as_bytes().len();
        let bounds = (Bound::Excluded(range), Bound::Unbounded);
        let rows = self.tables.name.range(&self.txn, &bounds).map_err(|error| self.tables.failed(error))?;
        let mut ids = Vec::new();
        for row in rows {
            let (stored, value) = row.map_err(|error| self.tables.failed(error))?;
            if !stored.starts_with(range) {
                break;
            }
            let id = open_name(stored, value)?;
            // Names that only share a long beginning are no business of ours.
            let inside = exact || {
                let found = readable(self.entry_row(id, None)?.entry)?.key();
                found.starts_with(key.as_bytes()) && found.len() > key.as_bytes().len()
            };
            if inside {
                ids.push(id);
            }
        }
        Ok(ids)
    }
}

fn unreadable_name() -> StoreError {
    StoreError::Damaged("a stored name cannot be read".into())
}
