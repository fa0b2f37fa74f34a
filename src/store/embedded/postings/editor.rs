//! Adding ids to a term and taking them away, in a write transaction.

use heed::RwTxn;

use super::super::{edits::Edit, keys::Key, tables::Tables};
use super::{
    block::Block,
    layout::{CHUNKS, FEW, Row, TAG_MANY, few, number, number_of, row_key, store_few},
    wide::{self, first_chunk},
};
use crate::store::StoreError;

/// Edits terms in one write transaction, with buffers that are used again.
#[derive(Default)]
pub(crate) struct Editor {
    key: Key,
    row: Vec<u8>,
    /// The ids of a term that has few, or of a wide row that becomes too long.
    ids: Vec<u64>,
}

/// Edits of one term, by ascending id; of one id the last one counts.
type OfTerm<'t> = (&'t [u8], &'t [Edit]);

impl Editor {
    /// Adds ids to the term `head` and removes ids from it: an id that is there stays, and one that is not there is none.
    pub(crate) fn edit(
        &mut self,
        tables: &Tables,
        txn: &mut RwTxn<'_>,
        (head, edits): OfTerm<'_>,
    ) -> Result<(), StoreError> {
        let stored = tables.index.get(txn, head).map_err(|error| tables.failed(error))?;
        self.ids.clear();
        match stored.map(Row::read).transpose()? {
            Some(Row::Few(stored)) => self.ids.extend(few(stored)),
            Some(_) => return self.edit_chunks(tables, txn, (head, edits)),
            None => {}
        }
        amend(&mut self.ids, edits);
        if self.ids.len() > FEW {
            tables.index.put(txn, head, &[TAG_MANY]).map_err(|error| tables.failed(error))?;
            let all: Vec<Edit> = self.ids.iter().map(|id| (*id, true)).collect();
            return self.edit_chunks(tables, txn, (head, &all));
        }
        if self.ids.is_empty() {
            return tables.index.delete(txn, head).map(drop).map_err(|error| tables.failed(error));
        }
        store_few(&self.ids, &mut self.row);
        tables.index.put(txn, head, &self.row).map_err(|error| tables.failed(error))
    }

    /// The same of a term that has more than a few.
    fn edit_chunks(
        &mut self,
        tables: &Tables,
        txn: &mut RwTxn<'_>,
        (head, edits): OfTerm<'_>,
    ) -> Result<(), StoreError> {
        let chunk = |edit: &Edit| number(edit.0);
        let eight = |edit: &Edit| first_chunk(chunk(edit));
        for edits in edits.chunk_by(|left, right| eight(left) == eight(right)) {
            let first = edits.first().map_or(0, eight);
            if let Some(count) = self.amend_wide(tables, txn, (head, edits), first)? {
                self.put_wide(tables, txn, (head, first), count)?;
                continue;
            }
            for edits in edits.chunk_by(|left, right| chunk(left) == chunk(right)) {
                self.edit_chunk(tables, txn, (head, edits))?;
            }
        }
        Ok(())
    }

    /// Makes `row` the wide row `first` with the edits carried out, and `key` its key: how many ids it has, or `None` if its chunks
    /// have rows of their own. Where none of them has a row, a wide one is begun.
    fn amend_wide(
        &mut self,
        tables: &Tables,
        txn: &RwTxn<'_>,
        (head, edits): OfTerm<'_>,
        first: u64,
    ) -> Result<Option<usize>, StoreError> {
        row_key(&mut self.key, head, first);
        let next = tables.index.get_greater_than_or_equal_to(txn, &self.key).map_err(|error| tables.failed(error))?;
        let is_near = |key: &[u8]| number_of(key).is_some_and(|number| number < first + CHUNKS);
        let stored = next.filter(|(key, _)| key.starts_with(head) && is_near(key)).map(|(_, row)| Row::read(row));
        let members = match stored.transpose()? {
            None => &[][..],
            Some(Row::Wide(members)) => members,
            Some(_) => return Ok(None),
        };
        Ok(Some(wide::amended(members, edits, &mut self.row)))
    }

    /// Puts the wide row in `row`; with too many ids it becomes a row for each chunk.
    fn put_wide(
        &mut self,
        tables: &Tables,
        txn: &mut RwTxn<'_>,
        (head, first): (&[u8], u64),
        count: usize,
    ) -> Result<(), StoreError> {
        if count == 0 {
            return self.delete_row(tables, txn, head);
        }
        if count <= wide::MEMBERS {
            return tables.index.put(txn, &self.key, &self.row).map_err(|error| tables.failed(error));
        }
        tables.index.delete(txn, &self.key).map_err(|error| tables.failed(error))?;
        let Self { key, row, ids } = self;
        ids.clear();
        ids.extend(wide::ids(first, row.get(1..).unwrap_or_default()));
        wide::store(ids, row, |number, row| {
            row_key(key, head, number);
            tables.index.put(txn, key, row).map_err(|error| tables.failed(error))
        })
    }

    /// Edits the row of one chunk, to which all edits belong.
    fn edit_chunk(
        &mut self,
        tables: &Tables,
        txn: &mut RwTxn<'_>,
        (head, edits): OfTerm<'_>,
    ) -> Result<(), StoreError> {
        let chunk = edits.first().map_or(0, |edit| number(edit.0));
        row_key(&mut self.key, head, chunk);
        let mut block = Block::of(chunk);
        let stored = tables.index.get(txn, &self.key).map_err(|error| tables.failed(error))?;
        if let Some(Row::Chunk(stored)) = stored.map(Row::read).transpose()? {
            block.load(chunk, stored);
        }
        for (id, is_new) in edits {
            if *is_new { block.insert(*id) } else { block.remove(*id) }
        }
        if block.is_empty() {
            return self.delete_row(tables, txn, head);
        }
        block.store(&mut self.row);
        tables.index.put(txn, &self.key, &self.row).map_err(|error| tables.failed(error))
    }

    /// Deletes the row under `key`, and with the last one of its term that of the term itself.
    fn delete_row(&self, tables: &Tables, txn: &mut RwTxn<'_>, head: &[u8]) -> Result<(), StoreError> {
        tables.index.delete(txn, &self.key).map_err(|error| tables.failed(error))?;
        let next = tables.index.get_greater_than(txn, head).map_err(|error| tables.failed(error))?;
        if next.is_some_and(|(key, _)| key.starts_with(head)) {
            return Ok(());
        }
        tables.index.delete(txn, head).map(drop).map_err(|error| tables.failed(error))
    }
}

/// Carries edits out on ascending ids.
fn amend(ids: &mut Vec<u64>, edits: &[Edit]) {
    for (id, is_new) in edits {
        match (ids.binary_search(id), is_new) {
            (Err(place), true) => ids.insert(place, *id),
            (Ok(place), false) => drop(ids.remove(place)),
            _ => {}
        }
    }
}
