//! Adding ids to a term and taking them away, in a write transaction.

use heed::RwTxn;

use super::super::{edits::Edit, keys::Key, tables::Tables};
use super::{
    block::Block,
    layout::{FEW, Row, TAG_MANY, few, number, push_number, store_few},
};
use crate::store::StoreError;

/// Edits terms in one write transaction, with buffers that are used again.
#[derive(Default)]
pub(crate) struct Editor {
    key: Key,
    row: Vec<u8>,
    /// The ids of a term that has few.
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
        for edits in edits.chunk_by(|left, right| number(left.0) == number(right.0)) {
            self.edit_chunk(tables, txn, (head, edits))?;
        }
        Ok(())
    }

    /// Edits the row of one chunk, to which all edits belong.
    fn edit_chunk(
        &mut self,
        tables: &Tables,
        txn: &mut RwTxn<'_>,
        (head, edits): OfTerm<'_>,
    ) -> Result<(), StoreError> {
        let chunk = edits.first().map_or(0, |edit| number(edit.0));
        self.key.clear();
        self.key.extend_from_slice(head);
        push_number(&mut self.key, chunk);
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
