//! How the ids under one index term are stored: a few in the term's own row, many as chunks of 4,096 ids beside it.
//!
//! ```text
//! head             -> FEW  | id u64 LE ...        up to 16 ids, ascending: one lookup answers for all of them
//! head             -> MANY                        the ids are in the rows that follow
//! head | id >> 12  -> WIDE | (id & 0x7FFF) u16 LE ...  up to 700 of eight chunks, ascending, under the first one's number
//! head | id >> 12  -> LIST | (id & 0x7FFF) u16 LE ...  up to 255 of a chunk, ascending
//! head | id >> 12  -> BITS | 512 octets                one bit an id of a chunk that has more
//! ```
//! A row stays below half a page however many entries share a term, chunks intersect 64 ids a step, and an id of a common term is
//! added by rewriting half a kilobyte. Eight chunks have one wide row or rows of their own, never both. `head` is what
//! `keys::term` makes; the chunk's number is a u32 BE, for order.

use super::super::keys::{CHUNK, Key};
use crate::store::StoreError;

/// Ids that stand in the term's own row, at most.
pub(crate) const FEW: usize = 16;
/// Ids of one chunk.
pub(super) const CHUNK_IDS: u64 = 1 << CHUNK_BITS;
pub(super) const CHUNK_BITS: u32 = 12;
/// Chunks that a wide row stands for; its own number is that of the first.
pub(super) const CHUNKS: u64 = 8;
/// Members of a chunk that are listed one by one, at most.
pub(super) const LISTED: usize = 255;

pub(super) const TAG_FEW: u8 = 0;
pub(super) const TAG_MANY: u8 = 1;
pub(super) const TAG_LIST: u8 = 2;
pub(super) const TAG_BITS: u8 = 3;
pub(super) const TAG_WIDE: u8 = 4;

/// A stored row, by its value.
pub(crate) enum Row<'a> {
    /// All ids of the term, eight octets each.
    Few(&'a [u8]),
    /// The ids are in chunks.
    Many,
    /// Eight chunks, two octets a member.
    Wide(&'a [u8]),
    /// A chunk.
    Chunk(Chunk<'a>),
}

/// A stored chunk without its number.
#[derive(Clone, Copy)]
pub(crate) enum Chunk<'a> {
    /// Two octets a member.
    List(&'a [u8]),
    /// One bit a member.
    Bits(&'a [u8; 512]),
}

impl<'a> Row<'a> {
    pub(crate) fn read(value: &'a [u8]) -> Result<Self, StoreError> {
        let row = match value.split_first() {
            Some((&TAG_FEW, ids)) if ids.len().is_multiple_of(8) => Some(Row::Few(ids)),
            Some((&TAG_MANY, [])) => Some(Row::Many),
            Some((&TAG_WIDE, members)) if members.len().is_multiple_of(2) => Some(Row::Wide(members)),
            Some((&TAG_LIST, members)) if members.len().is_multiple_of(2) => Some(Row::Chunk(Chunk::List(members))),
            Some((&TAG_BITS, bits)) => bits.try_into().ok().map(|bits| Row::Chunk(Chunk::Bits(bits))),
            _ => None,
        };
        row.ok_or_else(|| StoreError::Damaged("a row of the index has an unknown layout".into()))
    }
}

/// The ids of a `Row::Few`.
pub(crate) fn few(ids: &[u8]) -> impl Iterator<Item = u64> {
    ids.as_chunks::<8>().0.iter().map(|id| u64::from_le_bytes(*id))
}

/// The chunk's number at the end of a chunk's key.
pub(crate) fn number_of(key: &[u8]) -> Option<u64> {
    key.last_chunk::<CHUNK>().map(|number| u64::from(u32::from_be_bytes(*number)))
}

/// The chunk that an id belongs to.
pub(crate) const fn number(id: u64) -> u64 {
    id >> CHUNK_BITS
}

/// An id as it stands in a wide row, and in the list of a chunk.
pub(super) const fn member(id: u64) -> u16 {
    (id % (CHUNKS * CHUNK_IDS)) as u16
}

/// Appends the chunk's number to a head.
pub(crate) fn push_number(key: &mut Key, number: u64) {
    #[expect(clippy::cast_possible_truncation, reason = "ids stay below 2^44: ten thousand a second for fifty years")]
    key.extend_from_slice(&(number as u32).to_be_bytes());
}

/// Replaces `key` by that of the chunk's row, or the wide row, of this number.
pub(super) fn row_key(key: &mut Key, head: &[u8], number: u64) {
    key.clear();
    key.extend_from_slice(head);
    push_number(key, number);
}

pub(super) fn store_few(ids: &[u64], out: &mut Vec<u8>) {
    out.clear();
    out.push(TAG_FEW);
    ids.iter().for_each(|id| out.extend_from_slice(&id.to_le_bytes()));
}
