//! The ids of one chunk in memory, a bit each: what lists are intersected and united in.

use super::layout::{CHUNK_BITS, CHUNK_IDS, Chunk, LISTED, TAG_BITS, TAG_LIST, member};

/// The ids of one chunk.
#[derive(Clone)]
pub(crate) struct Block {
    /// Which chunk: its ids are `number << 12` and the 4,095 that follow.
    pub(crate) number: u64,
    bits: [u64; 64],
}

impl Block {
    /// No ids, of chunk 0.
    pub(crate) const fn empty() -> Self {
        Self { number: 0, bits: [0; 64] }
    }

    /// No ids, of the chunk of this number.
    pub(super) fn of(number: u64) -> Self {
        Self { number, ..Self::empty() }
    }

    /// Becomes the empty chunk of this number.
    pub(crate) fn reset(&mut self, number: u64) {
        *self = Self::of(number);
    }

    /// Becomes the stored chunk.
    pub(crate) fn load(&mut self, number: u64, chunk: Chunk<'_>) {
        self.number = number;
        match chunk {
            Chunk::Bits(bits) => {
                for (word, octets) in self.bits.iter_mut().zip(bits.as_chunks::<8>().0) {
                    *word = u64::from_le_bytes(*octets);
                }
            }
            Chunk::List(members) => {
                self.bits = [0; 64];
                members.as_chunks::<2>().0.iter().for_each(|member| self.insert(u16::from_le_bytes(*member).into()));
            }
        }
    }

    /// Adds an id of this chunk; the bits above the chunk's do not count.
    pub(crate) fn insert(&mut self, id: u64) {
        if let Some((word, bit)) = self.place(id) {
            *word |= bit;
        }
    }

    pub(super) fn remove(&mut self, id: u64) {
        if let Some((word, bit)) = self.place(id) {
            *word &= !bit;
        }
    }

    fn contains(&self, id: u64) -> bool {
        let member = id % CHUNK_IDS;
        let word = usize::try_from(member / 64).ok().and_then(|word| self.bits.get(word));
        word.is_some_and(|word| word >> (member % 64) & 1 == 1)
    }

    fn place(&mut self, id: u64) -> Option<(&mut u64, u64)> {
        let member = id % CHUNK_IDS;
        let word = usize::try_from(member / 64).ok().and_then(|word| self.bits.get_mut(word))?;
        Some((word, 1 << (member % 64)))
    }

    /// Keeps what both have, which must be of the same chunk; whether anything is left.
    pub(crate) fn keep(&mut self, other: &Self) -> bool {
        let mut any = 0;
        for (word, other) in self.bits.iter_mut().zip(&other.bits) {
            *word &= other;
            any |= *word;
        }
        any != 0
    }

    /// Keeps what the stored chunk of the same number has too; whether anything is left. Where nothing is, the block may hold anything.
    pub(crate) fn keep_stored(&mut self, chunk: Chunk<'_>) -> bool {
        if let Chunk::List(members) = chunk
            && !members.as_chunks::<2>().0.iter().any(|member| self.contains(u16::from_le_bytes(*member).into()))
        {
            return false;
        }
        let mut other = Self::of(self.number);
        other.load(self.number, chunk);
        self.keep(&other)
    }

    /// Takes what the other has, which must be of the same chunk.
    pub(crate) fn join(&mut self, other: &Self) {
        self.bits.iter_mut().zip(&other.bits).for_each(|(word, other)| *word |= other);
    }

    /// The smallest id at or above `from`.
    pub(crate) fn first_from(&self, from: u64) -> Option<u64> {
        let first = self.number << CHUNK_BITS;
        let start = from.max(first) - first;
        let start_word = usize::try_from(start / 64).ok()?;
        for (at, word) in self.bits.iter().enumerate().skip(start_word) {
            let word = if at == start_word { word & (u64::MAX << (start % 64)) } else { *word };
            if word != 0 {
                return Some(first + at as u64 * 64 + u64::from(word.trailing_zeros()));
            }
        }
        None
    }

    /// All ids, ascending.
    pub(crate) fn ids(&self) -> impl Iterator<Item = u64> {
        let mut from = self.number << CHUNK_BITS;
        std::iter::from_fn(move || {
            let id = self.first_from(from)?;
            from = id + 1;
            Some(id)
        })
    }

    pub(super) fn is_empty(&self) -> bool {
        self.bits.iter().all(|word| *word == 0)
    }

    /// Replaces `out` by the stored form.
    pub(super) fn store(&self, out: &mut Vec<u8>) {
        out.clear();
        let count: u32 = self.bits.iter().map(|word| word.count_ones()).sum();
        if count as usize > LISTED {
            out.push(TAG_BITS);
            self.bits.iter().for_each(|word| out.extend_from_slice(&word.to_le_bytes()));
        } else {
            out.push(TAG_LIST);
            self.ids().for_each(|id| out.extend_from_slice(&member(id).to_le_bytes()));
        }
    }
}
