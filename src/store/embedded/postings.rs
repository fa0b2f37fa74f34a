//! The ids under one index term, stored and read: the rows' form is `layout`, eight chunks in one row are `wide`, a chunk in memory
//! is `block`. Rows are read in `term` and `chunks`, and come to be one by one in `editor`, or all at once in `rows`.

mod block;
mod chunks;
mod editor;
mod layout;
mod rows;
mod term;
mod wide;

pub(super) use self::{
    block::Block,
    editor::Editor,
    layout::{FEW, Row, few, number},
    rows::Rows,
    term::{Found, Term},
};
use super::{super::StoreError, keys::CHUNK};

/// The head of the term that a stored row belongs to.
pub(super) fn head_of<'k>(key: &'k [u8], value: &[u8]) -> Result<&'k [u8], StoreError> {
    match Row::read(value)? {
        Row::Few(_) | Row::Many => Ok(key),
        Row::Chunk(_) | Row::Wide(_) => {
            let head = key.len().checked_sub(CHUNK).and_then(|length| key.get(..length));
            head.ok_or_else(|| StoreError::Damaged("a row of the index has a short key".into()))
        }
    }
}

/// Calls `each` with every id of a stored row, which may be of any term.
pub(super) fn every_id(key: &[u8], value: &[u8], each: &mut dyn FnMut(u64)) -> Result<(), StoreError> {
    match Row::read(value)? {
        Row::Few(ids) => few(ids).for_each(each),
        Row::Many => {}
        Row::Wide(members) => wide::ids(number_in(key)?, members).for_each(each),
        Row::Chunk(chunk) => {
            let mut block = Block::empty();
            block.load(number_in(key)?, chunk);
            block.ids().for_each(each);
        }
    }
    Ok(())
}

fn number_in(key: &[u8]) -> Result<u64, StoreError> {
    layout::number_of(key).ok_or_else(|| StoreError::Damaged("a row of the index has a short key".into()))
}

#[cfg(test)]
mod tests;
