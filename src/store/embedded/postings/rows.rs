//! The rows of an index made from all its postings in order: a bulk load, or an index built anew.

use super::super::keys::Key;
use super::{
    layout::{FEW, TAG_MANY, number, row_key, store_few},
    wide::{self, first_chunk},
};
use crate::store::StoreError;

/// Takes a row: its key and its value.
pub(crate) type EachRow<'e> = &'e mut dyn FnMut(&[u8], &[u8]) -> Result<(), StoreError>;

/// Makes the rows of an index from all its postings in order.
pub(crate) struct Rows {
    head: Vec<u8>,
    /// The term's few ids, or those of the eight chunks being filled.
    ids: Vec<u64>,
    /// Whether the term has more than a few.
    is_many: bool,
    key: Key,
    row: Vec<u8>,
}

impl Rows {
    pub(crate) fn new() -> Self {
        Self { head: Vec::new(), ids: Vec::new(), is_many: false, key: Key::new(), row: Vec::new() }
    }

    /// Takes the next posting, in the order of heads and then ids, and gives `each` the rows that are whole.
    pub(crate) fn push(&mut self, head: &[u8], id: u64, each: EachRow<'_>) -> Result<(), StoreError> {
        if self.head != head {
            self.finish(each)?;
            self.head.clear();
            self.head.extend_from_slice(head);
        }
        if !self.is_many && self.ids.len() == FEW {
            each(&self.head, &[TAG_MANY])?;
            self.is_many = true;
            for id in std::mem::take(&mut self.ids) {
                self.add(id, each)?;
            }
        }
        if self.is_many {
            return self.add(id, each);
        }
        self.ids.push(id);
        Ok(())
    }

    fn add(&mut self, id: u64, each: EachRow<'_>) -> Result<(), StoreError> {
        let is_further = |last: &u64| first_chunk(number(*last)) != first_chunk(number(id));
        if self.ids.last().is_some_and(is_further) {
            self.chunks(each)?;
        }
        self.ids.push(id);
        Ok(())
    }

    fn chunks(&mut self, each: EachRow<'_>) -> Result<(), StoreError> {
        let Self { head, ids, key, row, .. } = self;
        wide::store(ids, row, |number, row| {
            row_key(key, head, number);
            each(key, row)
        })?;
        ids.clear();
        Ok(())
    }

    /// Gives the rows of the last term.
    pub(crate) fn finish(&mut self, each: EachRow<'_>) -> Result<(), StoreError> {
        if std::mem::take(&mut self.is_many) {
            return self.chunks(each);
        }
        if !self.ids.is_empty() {
            store_few(&self.ids, &mut self.row);
            self.ids.clear();
            each(&self.head, &self.row)?;
        }
        Ok(())
    }
}
