//! A stored row of chunks, read alike whether it holds one or eight.

use super::layout::{CHUNK_BITS, CHUNKS, Chunk, LISTED, Row, number_of};
use crate::store::StoreError;

/// The chunks of one stored row, from where the reader is.
#[derive(Clone, Copy)]
pub(crate) struct Chunks<'a> {
    /// The number of the row's first one.
    first: u64,
    stored: Stored<'a>,
}

#[derive(Clone, Copy)]
enum Stored<'a> {
    One(Chunk<'a>),
    /// The members that have not been passed.
    Wide(&'a [[u8; 2]]),
}

impl<'a> Chunks<'a> {
    /// The row under a key that is not a term's own.
    pub(crate) fn read(key: &[u8], value: &'a [u8]) -> Result<Self, StoreError> {
        let stored = match Row::read(value)? {
            Row::Chunk(chunk) => Some(Stored::One(chunk)),
            Row::Wide(members) => Some(Stored::Wide(members.as_chunks::<2>().0)),
            Row::Few(_) | Row::Many => None,
        };
        let read = number_of(key).zip(stored).map(|(first, stored)| Self { first, stored });
        read.ok_or_else(|| StoreError::Damaged("a chunk of the index is none".into()))
    }

    /// The first chunk numbered `from` or above that has an id. `from` must not be smaller than in the call before.
    pub(crate) fn chunk_from(&mut self, from: u64) -> Option<(u64, Chunk<'a>)> {
        let members = match &mut self.stored {
            Stored::One(chunk) => return (self.first >= from).then_some((self.first, *chunk)),
            Stored::Wide(members) => members,
        };
        let wanted = from.saturating_sub(self.first);
        *members = members.get(before_chunk(members, wanted)..)?;
        let found = u64::from(u16::from_le_bytes(*members.first()?) >> CHUNK_BITS);
        let chunk = members.get(..before_chunk(members, found + 1))?;
        Some((self.first + found, Chunk::List(chunk.as_flattened())))
    }

    /// Ids to eight chunks as they are not passed, at least.
    pub(crate) const fn density(&self) -> usize {
        match self.stored {
            Stored::One(Chunk::List(members)) => members.len() / 2 * CHUNKS as usize,
            Stored::One(Chunk::Bits(_)) => LISTED * CHUNKS as usize,
            Stored::Wide(members) => members.len(),
        }
    }

    /// How many chunks it may hold.
    pub(crate) const fn count(&self) -> u64 {
        match self.stored {
            Stored::One(_) => 1,
            Stored::Wide(_) => CHUNKS,
        }
    }

    /// The number behind its last chunk.
    pub(crate) const fn end(&self) -> u64 {
        self.first + self.count()
    }
}

/// How many members stand before the `chunk`th of the eight. In order, though they are sorted: the row was not read before, and the
/// processor fetches ahead what it sees read in order.
fn before_chunk(members: &[[u8; 2]], chunk: u64) -> usize {
    let stands_before = |member: &[u8; 2]| u64::from(u16::from_le_bytes(*member)) >> CHUNK_BITS < chunk;
    let strides = members.as_chunks::<16>().0;
    let passed = strides.iter().take_while(|[.., last]| stands_before(last)).count() * 16;
    passed + members.iter().skip(passed).take_while(|member| stands_before(member)).count()
}
