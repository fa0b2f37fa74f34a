//! The rows of an index made from all its postings in order: a bulk load, or an index built anew.

use smallvec::SmallVec;

use super::super::keys::Key;
use super::{
    block::Block,
    layout::{FEW, TAG_MANY, number, push_number, store_few},
};
use crate::store::StoreError;

/// Takes a row: its key and its value.
pub(crate) type EachRow<'e> = &'e mut dyn FnMut(&[u8], &[u8]) -> Result<(), StoreError>;

/// Makes the rows of an index from all its postings in order.
pub(crate) struct Rows {
    head: Vec<u8>,
    few: SmallVec<[u64; FEW]>,
    /// The chunk being filled, of a term that has more than a few.
    block: Option<Block>,
    key: Key,
    row: Vec<u8>,
}

impl Rows {
    pub(crate) fn new() -> Self {
        Self { head: Vec::new(), few: SmallVec::new(), block: None, key: Key::new(), row: Vec::new() }
    }

    /// Takes the next posting, in the order of heads and then ids, and gives `each` the rows that are whole.
    pub(crate) fn push(&mut self, head: &[u8], id: u64, each: EachRow<'_>) -> Result<(), StoreError> {
        if self.head != head {
            self.finish(each)?;
            self.head.clear();
            self.head.extend_from_slice(head);
        }
        if self.block.is_none() {
            if self.few.len() < FEW {
                self.few.push(id);
                return Ok(());
            }
            each(&self.head, &[TAG_MANY])?;
            for id in std::mem::take(&mut self.few) {
                self.add(id, each)?;
            }
        }
        self.add(id, each)
    }

    fn add(&mut self, id: u64, each: EachRow<'_>) -> Result<(), StoreError> {
        if self.block.as_ref().is_some_and(|block| block.number != number(id)) {
            self.chunk(each)?;
        }
        let block = self.block.get_or_insert_with(|| Block::of(number(id)));
        block.insert(id);
        Ok(())
    }

    fn chunk(&mut self, each: EachRow<'_>) -> Result<(), StoreError> {
        let Some(block) = self.block.take() else { return Ok(()) };
        self.key.clear();
        self.key.extend_from_slice(&self.head);
        push_number(&mut self.key, block.number);
        block.store(&mut self.row);
        each(&self.key, &self.row)
    }

    /// Gives the rows of the last term.
    pub(crate) fn finish(&mut self, each: EachRow<'_>) -> Result<(), StoreError> {
        if !self.few.is_empty() {
            store_few(&self.few, &mut self.row);
            self.few.clear();
            each(&self.head, &self.row)?;
        }
        self.chunk(each)
    }
}
