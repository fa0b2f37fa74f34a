//! The ids under one index term, stored and read: the rows' form is `layout`, a chunk in memory is `block`, and rows come to be one
//! by one in `editor`, or all at once in `rows`.

mod block;
mod editor;
mod layout;
mod rows;

pub(super) use self::{
    block::{Block, intersect},
    editor::Editor,
    layout::{Chunk, FEW, Row, few, number, number_of, push_number},
    rows::Rows,
};
use super::{super::StoreError, keys::CHUNK};

/// The head of the term that a stored row belongs to.
pub(super) fn head_of<'k>(key: &'k [u8], value: &[u8]) -> Result<&'k [u8], StoreError> {
    match Row::read(value)? {
        Row::Few(_) | Row::Many => Ok(key),
        Row::Chunk(_) => {
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
        Row::Chunk(chunk) => {
            let number =
                number_of(key).ok_or_else(|| StoreError::Damaged("a row of the index has a short key".into()))?;
            let mut block = Block::empty();
            block.load(number, chunk);
            block.ids().for_each(each);
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests;
