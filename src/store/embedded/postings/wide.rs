//! Eight chunks of a term as one row, where it has not very many ids in them: what most trigrams have. Where there are too many for
//! that, each chunk has a row of its own.

use super::{
    super::edits::Edit,
    block::Block,
    layout::{CHUNK_BITS, CHUNKS, TAG_WIDE, member, number},
};
use crate::store::StoreError;

/// Ids of a wide row, at most: with the longest key a row so stays below half a page, and out of pages of its own.
pub(super) const MEMBERS: usize = 700;

/// The number of the wide row that the chunk of this number belongs to.
pub(crate) const fn first_chunk(number: u64) -> u64 {
    number & !(CHUNKS - 1)
}

/// All ids of the wide row `first`, ascending.
pub(super) fn ids(first: u64, members: &[u8]) -> impl Iterator<Item = u64> {
    let base = first << CHUNK_BITS;
    members.as_chunks::<2>().0.iter().map(move |member| base + u64::from(u16::from_le_bytes(*member)))
}

/// Makes `row` the wide row of these members after edits by ascending id, of which the last of an id counts; how many ids it has.
pub(super) fn amended(members: &[u8], edits: &[Edit], row: &mut Vec<u8>) -> usize {
    row.clear();
    row.push(TAG_WIDE);
    let mut rest = members.as_chunks::<2>().0;
    for (id, is_new) in edits.chunk_by(|left, right| left.0 == right.0).filter_map(<[Edit]>::last) {
        let member = member(*id);
        let place = rest.partition_point(|other| u16::from_le_bytes(*other) < member);
        let (before, after) = rest.split_at(place);
        row.extend_from_slice(before.as_flattened());
        let stored = member.to_le_bytes();
        rest = after.strip_prefix(&[stored]).unwrap_or(after);
        if *is_new {
            row.extend_from_slice(&stored);
        }
    }
    row.extend_from_slice(rest.as_flattened());
    row.len() / 2
}

/// The rows of eight chunks that hold `ids`, ascending: one, or one a chunk. `row` is used for each in turn.
pub(super) fn store(
    ids: &[u64],
    row: &mut Vec<u8>,
    mut each: impl FnMut(u64, &[u8]) -> Result<(), StoreError>,
) -> Result<(), StoreError> {
    let Some(any) = ids.first() else { return Ok(()) };
    if ids.len() <= MEMBERS {
        row.clear();
        row.push(TAG_WIDE);
        ids.iter().for_each(|id| row.extend_from_slice(&member(*id).to_le_bytes()));
        return each(first_chunk(number(*any)), row);
    }
    let mut block = Block::empty();
    for chunk in ids.chunk_by(|left, right| number(*left) == number(*right)) {
        let Some(any) = chunk.first() else { continue };
        block.reset(number(*any));
        chunk.iter().for_each(|id| block.insert(*id));
        block.store(row);
        each(block.number, row)?;
    }
    Ok(())
}
