//! One write transaction being filled with changes. Each change checks before it writes, so that a refused one leaves nothing
//! behind and its neighbours in the group can still be committed.

use heed::{PutFlags, RwTxn};

use super::{
    super::{Applied, Change, EntryId, StoreError, Version},
    edits::Edits,
    envelope::{EntryRow, FactorRow, open_name, seal_name},
    keys,
    meta::Number,
    postings::Editor,
    rules::Rules,
    tables::Tables,
    terms::{Terms, changed_types, difference},
};
use crate::directory::{dn::DnKey, entry::EntryRef};

/// Buffers that serve one transaction after another.
#[derive(Default)]
pub(super) struct Buffers {
    pub(super) row: Vec<u8>,
    old_terms: Terms,
    new_terms: Terms,
    edits: Edits,
    editor: Editor,
}

/// One write transaction.
pub(super) struct Draft<'e> {
    pub(super) tables: &'e Tables,
    pub(super) rules: &'e Rules,
    pub(super) txn: RwTxn<'e>,
    pub(super) buffers: &'e mut Buffers,
    /// The sequence number of the changes being applied.
    pub(super) sequence: u64,
    next_id: u64,
    /// Whether the changes being applied have written anything.
    touched: bool,
}

/// Why changes were not applied.
pub(super) enum Refused {
    /// And the transaction is as it was before them.
    Cleanly(StoreError),
    /// And the transaction holds some of them, so it must not be committed.
    Halfway(StoreError),
}

impl<'e> Draft<'e> {
    pub(super) fn begin(tables: &'e Tables, rules: &'e Rules, buffers: &'e mut Buffers) -> Result<Self, StoreError> {
        let txn = tables.write()?;
        // What waited in a transaction that was given up.
        buffers.edits.clear();
        let sequence = tables.number(&txn, Number::LastChange)?;
        let next_id = tables.number(&txn, Number::NextId)?;
        Ok(Self { tables, rules, txn, buffers, sequence, next_id, touched: false })
    }

    /// Applies all of `changes`, in order.
    pub(super) fn apply(&mut self, changes: &[Change]) -> Result<Applied, Refused> {
        self.touched = false;
        self.sequence += 1;
        let mut added = Vec::new();
        for change in changes {
            if let Err(error) = self.change(change, &mut added) {
                if self.touched {
                    return Err(Refused::Halfway(error));
                }
                self.sequence -= 1;
                return Err(Refused::Cleanly(error));
            }
        }
        Ok(Applied { version: Version(self.sequence), added })
    }

    /// Makes everything durable that was applied; the LMDB transaction's number, for readers.
    pub(super) fn commit(mut self, persisted_attributes: &mut usize) -> Result<usize, StoreError> {
        self.edit_index()?;
        let known = self.rules.attribute_ids.len();
        if known > *persisted_attributes {
            let descriptions = self.rules.attribute_ids.descriptions();
            let new = descriptions.get(*persisted_attributes..).unwrap_or_default();
            self.tables.add_attributes(&mut self.txn, *persisted_attributes, new)?;
        }
        self.tables.set_number(&mut self.txn, Number::LastChange, self.sequence)?;
        self.tables.set_number(&mut self.txn, Number::NextId, self.next_id)?;
        let transaction = self.txn.id();
        self.txn.commit().map_err(|error| self.tables.failed(error))?;
        *persisted_attributes = known.max(*persisted_attributes);
        Ok(transaction)
    }

    fn change(&mut self, change: &Change, added: &mut Vec<EntryId>) -> Result<(), StoreError> {
        match change {
            Change::Add { key, entry, factors } => added.push(self.add(key, entry, factors.as_deref())?),
            Change::Replace { id, expected, entry } => self.replace(*id, *expected, entry)?,
            Change::Rename { id, expected, key, entry } => self.rename(*id, *expected, key, entry)?,
            Change::Delete { id, expected, subtree } => self.delete(*id, *expected, *subtree)?,
            Change::Factors { id, expected, record } => self.replace_factors(*id, *expected, record)?,
            Change::Stranger { record } => {
                self.touched = true;
                self.tables.set_stranger(&mut self.txn, record)?;
            }
        }
        Ok(())
    }

    fn add(&mut self, key: &DnKey, entry: &[u8], factors: Option<&[u8]>) -> Result<EntryId, StoreError> {
        let new = readable(entry)?;
        if self.id_of(key)?.is_some() {
            return Err(StoreError::Exists);
        }
        let parent = self.parent_of(key)?;
        let id = EntryId(self.next_id);
        self.touched = true;
        self.next_id += 1;
        EntryRow { version: Version(self.sequence), children: 0, entry }.seal(id, &mut self.buffers.row);
        let flags = PutFlags::APPEND;
        let row = self.tables.entry.put_with_flags(&mut self.txn, flags, &keys::id(id), &self.buffers.row);
        row.map_err(|error| self.tables.failed(error))?;
        self.put_name(key, id)?;
        self.put_terms(id, None, Some(new))?;
        if let Some(record) = factors {
            self.put_factors(id, record)?;
        }
        self.count_children(parent, 1)?;
        Ok(id)
    }

    fn replace(&mut self, id: EntryId, expected: Version, entry: &[u8]) -> Result<(), StoreError> {
        let new = readable(entry)?;
        let stored = self.entry_row(id, Some(expected))?;
        if readable(stored.entry)?.key() != new.key() {
            return Err(StoreError::Unavailable("a replaced entry must keep its name".into()));
        }
        let children = stored.children;
        self.change_terms(id, new)?;
        self.put_entry(id, children, entry)
    }

    fn replace_factors(&mut self, id: EntryId, expected: Option<Version>, record: &[u8]) -> Result<(), StoreError> {
        let key = keys::id(id);
        let stored = self.tables.factor.get(&self.txn, &key).map_err(|error| self.tables.failed(error))?;
        // A record goes with its entry: where there is one, the entry need not be looked for.
        if stored.is_none()
            && self.tables.entry.get(&self.txn, &key).map_err(|error| self.tables.failed(error))?.is_none()
        {
            return Err(StoreError::NotFound);
        }
        let version = stored.map(|row| FactorRow::open(id, row)).transpose()?.map(|row| row.version);
        if version != expected {
            return Err(StoreError::Conflict);
        }
        self.put_factors(id, record)
    }

    /// The id under a name.
    pub(super) fn id_of(&self, key: &DnKey) -> Result<Option<EntryId>, StoreError> {
        id_of(self.tables, &self.txn, key)
    }

    /// The entry above a name; `None` where the name is a suffix without one.
    pub(super) fn parent_of(&self, key: &DnKey) -> Result<Option<EntryId>, StoreError> {
        let parent = match key.parent() {
            Some(parent) if !parent.is_empty() => self.id_of(&parent)?,
            _ => None,
        };
        match parent {
            None if !self.rules.suffixes.contains(key) => Err(StoreError::NoParent),
            parent => Ok(parent),
        }
    }

    /// A stored entry, if it is still the one the caller judged.
    pub(super) fn entry_row(&self, id: EntryId, expected: Option<Version>) -> Result<EntryRow<'_>, StoreError> {
        let stored = self.tables.entry.get(&self.txn, &keys::id(id)).map_err(|error| self.tables.failed(error))?;
        let row = EntryRow::open(id, stored.ok_or(StoreError::NotFound)?)?;
        if expected.is_some_and(|expected| expected != row.version) {
            return Err(StoreError::Conflict);
        }
        Ok(row)
    }

    /// Writes an entry under its id, with this change's version.
    pub(super) fn put_entry(&mut self, id: EntryId, children: u64, entry: &[u8]) -> Result<(), StoreError> {
        self.touched = true;
        EntryRow { version: Version(self.sequence), children, entry }.seal(id, &mut self.buffers.row);
        let row = self.tables.entry.put(&mut self.txn, &keys::id(id), &self.buffers.row);
        row.map_err(|error| self.tables.failed(error))
    }

    fn put_factors(&mut self, id: EntryId, record: &[u8]) -> Result<(), StoreError> {
        self.touched = true;
        FactorRow { version: Version(self.sequence), record }.seal(id, &mut self.buffers.row);
        let row = self.tables.factor.put(&mut self.txn, &keys::id(id), &self.buffers.row);
        row.map_err(|error| self.tables.failed(error))
    }

    pub(super) fn put_name(&mut self, key: &DnKey, id: EntryId) -> Result<(), StoreError> {
        self.touched = true;
        let stored = keys::name(key.as_bytes());
        let row = self.tables.name.put(&mut self.txn, &stored, &seal_name(&stored, id));
        row.map_err(|error| self.tables.failed(error))
    }

    pub(super) fn remove_name(&mut self, key: &[u8]) -> Result<(), StoreError> {
        self.touched = true;
        let removed = self.tables.name.delete(&mut self.txn, &keys::name(key));
        removed.map(drop).map_err(|error| self.tables.failed(error))
    }

    /// Counts children of `parent` up or down; its version stays, for it did not change.
    pub(super) fn count_children(&mut self, parent: Option<EntryId>, difference: i64) -> Result<(), StoreError> {
        let Some(parent) = parent else { return Ok(()) };
        self.touched = true;
        let key = keys::id(parent);
        let stored = self.tables.entry.get(&self.txn, &key).map_err(|error| self.tables.failed(error))?;
        let row = EntryRow::open(parent, stored.ok_or(StoreError::NotFound)?)?;
        let children = row.children.saturating_add_signed(difference);
        EntryRow { children, ..row }.seal(parent, &mut self.buffers.row);
        let row = self.tables.entry.put(&mut self.txn, &key, &self.buffers.row);
        row.map_err(|error| self.tables.failed(error))
    }

    /// Brings the index from the stored entry's terms to those of `new`.
    pub(super) fn change_terms(&mut self, id: EntryId, new: EntryRef<'_>) -> Result<(), StoreError> {
        let stored = self.tables.entry.get(&self.txn, &keys::id(id)).map_err(|error| self.tables.failed(error))?;
        let row = EntryRow::open(id, stored.ok_or(StoreError::NotFound)?)?;
        let old = readable(row.entry)?;
        let changed = changed_types(old, new);
        self.buffers.old_terms.fill_types(Some(old), self.rules, |id| changed.contains(&id));
        self.buffers.new_terms.fill_types(Some(new), self.rules, |id| changed.contains(&id));
        self.write_terms(id)
    }

    /// Takes the stored entry's terms out of the index.
    pub(super) fn remove_terms(&mut self, id: EntryId) -> Result<(), StoreError> {
        let row = self.tables.entry.get(&self.txn, &keys::id(id)).map_err(|error| self.tables.failed(error))?;
        let row = EntryRow::open(id, row.ok_or(StoreError::NotFound)?)?;
        self.buffers.old_terms.fill(Some(readable(row.entry)?), self.rules);
        self.buffers.new_terms.fill(None, self.rules);
        self.write_terms(id)
    }

    fn put_terms(
        &mut self,
        id: EntryId,
        old: Option<EntryRef<'_>>,
        new: Option<EntryRef<'_>>,
    ) -> Result<(), StoreError> {
        self.buffers.old_terms.fill(old, self.rules);
        self.buffers.new_terms.fill(new, self.rules);
        self.write_terms(id)
    }

    /// Has the index edited by the difference between old and new terms, at the latest when the transaction is committed.
    fn write_terms(&mut self, id: EntryId) -> Result<(), StoreError> {
        self.touched = true;
        let Buffers { old_terms, new_terms, edits, .. } = &mut *self.buffers;
        difference(old_terms, new_terms, |head, is_new| edits.push(head, (id.0, is_new)));
        if self.buffers.edits.is_full() { self.edit_index() } else { Ok(()) }
    }

    fn edit_index(&mut self) -> Result<(), StoreError> {
        let Buffers { edits, editor, .. } = &mut *self.buffers;
        let (tables, txn) = (self.tables, &mut self.txn);
        edits.carry_out(|head, edits| editor.edit(tables, txn, (head, edits)))
    }
}

/// The id under a name.
pub(super) fn id_of(tables: &Tables, txn: &heed::RoTxn<'_>, key: &DnKey) -> Result<Option<EntryId>, StoreError> {
    if key.is_empty() {
        return Ok(None);
    }
    let stored = keys::name(key.as_bytes());
    let row = tables.name.get(txn, &stored).map_err(|error| tables.failed(error))?;
    row.map(|row| open_name(&stored, row)).transpose()
}

/// The entry in these octets.
pub(super) fn readable(entry: &[u8]) -> Result<EntryRef<'_>, StoreError> {
    EntryRef::new(entry).ok_or_else(|| StoreError::Damaged("an entry has an unknown layout".into()))
}
