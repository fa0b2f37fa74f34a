//! Adding one id to a term and taking one away, in a write transaction.

use heed::RwTxn;
use smallvec::SmallVec;

use super::super::{keys::Key, tables::Tables};
use super::{
    block::Block,
    layout::{FEW, Row, TAG_MANY, few, number, push_number, store_few},
};
use crate::store::StoreError;

/// Adds and removes ids in one write transaction, with buffers that are used again.
#[derive(Default)]
pub(crate) struct Editor {
    key: Key,
    row: Vec<u8>,
}

impl Editor {
    /// Adds an id to a term; one that is there already stays.
    pub(crate) fn insert(
        &mut self,
        tables: &Tables,
        txn: &mut RwTxn<'_>,
        head: &[u8],
        id: u64,
    ) -> Result<(), StoreError> {
        let stored = tables.index.get(txn, head).map_err(|error| tables.failed(error))?;
        let mut ids: SmallVec<[u64; FEW]> = SmallVec::new();
        match stored.map(Row::read).transpose()? {
            Some(Row::Few(stored)) => ids.extend(few(stored)),
            Some(_) => return self.edit_chunk(tables, txn, (head, id), Block::insert),
            None => {}
        }
        let Err(place) = ids.binary_search(&id) else { return Ok(()) };
        if ids.len() < FEW {
            ids.insert(place, id);
            store_few(&ids, &mut self.row);
            return tables.index.put(txn, head, &self.row).map_err(|error| tables.failed(error));
        }
        tables.index.put(txn, head, &[TAG_MANY]).map_err(|error| tables.failed(error))?;
        for id in ids.into_iter().chain([id]) {
            self.edit_chunk(tables, txn, (head, id), Block::insert)?;
        }
        Ok(())
    }

    /// Removes an id from a term; one that is not there is none.
    pub(crate) fn remove(
        &mut self,
        tables: &Tables,
        txn: &mut RwTxn<'_>,
        head: &[u8],
        id: u64,
    ) -> Result<(), StoreError> {
        let stored = tables.index.get(txn, head).map_err(|error| tables.failed(error))?;
        let mut ids: SmallVec<[u64; FEW]> = SmallVec::new();
        match stored.map(Row::read).transpose()? {
            Some(Row::Few(stored)) => ids.extend(few(stored).filter(|other| *other != id)),
            Some(_) => {
                self.edit_chunk(tables, txn, (head, id), Block::remove)?;
                return forget_if_gone(tables, txn, head);
            }
            None => return Ok(()),
        }
        if ids.is_empty() {
            return tables.index.delete(txn, head).map(drop).map_err(|error| tables.failed(error));
        }
        store_few(&ids, &mut self.row);
        tables.index.put(txn, head, &self.row).map_err(|error| tables.failed(error))
    }

    fn edit_chunk(
        &mut self,
        tables: &Tables,
        txn: &mut RwTxn<'_>,
        (head, id): (&[u8], u64),
        edit: impl FnOnce(&mut Block, u64),
    ) -> Result<(), StoreError> {
        self.key.clear();
        self.key.extend_from_slice(head);
        push_number(&mut self.key, number(id));
        let mut block = Block::empty();
        let stored = tables.index.get(txn, &self.key).map_err(|error| tables.failed(error))?;
        match stored.map(Row::read).transpose()? {
            Some(Row::Chunk(chunk)) => block.load(number(id), chunk),
            _ => block.reset(number(id)),
        }
        edit(&mut block, id);
        if block.is_empty() {
            return tables.index.delete(txn, &self.key).map(drop).map_err(|error| tables.failed(error));
        }
        block.store(&mut self.row);
        tables.index.put(txn, &self.key, &self.row).map_err(|error| tables.failed(error))
    }
}

/// Takes the row of a term away whose last chunk is gone.
fn forget_if_gone(tables: &Tables, txn: &mut RwTxn<'_>, head: &[u8]) -> Result<(), StoreError> {
    let next = tables.index.get_greater_than(txn, head).map_err(|error| tables.failed(error))?;
    if next.is_some_and(|(key, _)| key.starts_with(head)) {
        return Ok(());
    }
    tables.index.delete(txn, head).map(drop).map_err(|error| tables.failed(error))
}
