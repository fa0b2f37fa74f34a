//! How the ids under one index term are stored: a few in the term's own row, many as chunks of 4,096 ids beside it.
//!
//! ```text
//! head             -> FEW  | id u64 LE ...        up to 16 ids, ascending: one lookup answers for all of them
//! head             -> MANY                        the ids are in the rows that follow
//! head | id >> 12  -> LIST | (id & 0xFFF) u16 LE ...   up to 255 of a chunk, ascending
//! head | id >> 12  -> BITS | 512 octets                one bit an id of a chunk that has more
//! ```
//! A row stays below a quarter of a page however many entries share a term, chunks intersect 64 ids a step, and an id of a common
//! term is added by rewriting half a kilobyte. `head` is what `keys::term` makes; the chunk's number is a u32 BE, for order.

use heed::RwTxn;
use smallvec::SmallVec;

use super::{
    super::StoreError,
    keys::{CHUNK, Key},
    tables::Tables,
};

/// Ids that stand in the term's own row, at most.
pub(super) const FEW: usize = 16;
/// Ids of one chunk.
const CHUNK_IDS: u64 = 1 << CHUNK_BITS;
const CHUNK_BITS: u32 = 12;
/// Members of a chunk that are listed one by one, at most.
const LISTED: usize = 255;

const TAG_FEW: u8 = 0;
const TAG_MANY: u8 = 1;
const TAG_LIST: u8 = 2;
const TAG_BITS: u8 = 3;

/// The ids of one chunk.
#[derive(Clone)]
pub(super) struct Block {
    /// Which chunk: its ids are `number << 12` and the 4,095 that follow.
    pub(super) number: u64,
    bits: [u64; 64],
}

/// A stored row, by its value.
pub(super) enum Row<'a> {
    /// All ids of the term, eight octets each.
    Few(&'a [u8]),
    /// The ids are in chunks.
    Many,
    /// A chunk.
    Chunk(Chunk<'a>),
}

/// A stored chunk without its number.
#[derive(Clone, Copy)]
pub(super) enum Chunk<'a> {
    /// Two octets a member.
    List(&'a [u8]),
    /// One bit a member.
    Bits(&'a [u8; 512]),
}

impl<'a> Row<'a> {
    pub(super) fn read(value: &'a [u8]) -> Result<Self, StoreError> {
        let row = match value.split_first() {
            Some((&TAG_FEW, ids)) if ids.len().is_multiple_of(8) => Some(Row::Few(ids)),
            Some((&TAG_MANY, [])) => Some(Row::Many),
            Some((&TAG_LIST, members)) if members.len().is_multiple_of(2) => Some(Row::Chunk(Chunk::List(members))),
            Some((&TAG_BITS, bits)) => bits.try_into().ok().map(|bits| Row::Chunk(Chunk::Bits(bits))),
            _ => None,
        };
        row.ok_or_else(|| StoreError::Damaged("a row of the index has an unknown layout".into()))
    }
}

impl Chunk<'_> {
    /// How many members it has, at most.
    fn len(self) -> usize {
        match self {
            Self::List(members) => members.len() / 2,
            Self::Bits(_) => CHUNK_IDS as usize,
        }
    }

    fn contains(self, member: [u8; 2]) -> bool {
        let number = u16::from_le_bytes(member);
        match self {
            Self::List(members) => {
                members.as_chunks::<2>().0.binary_search_by_key(&number, |other| u16::from_le_bytes(*other)).is_ok()
            }
            Self::Bits(bits) => bits.get(usize::from(number / 8)).is_some_and(|octet| octet >> (number % 8) & 1 == 1),
        }
    }
}

/// Fills `block` with what stored chunks of one number have in common; whether there is anything. The shortest is asked first, so
/// that a rare term makes a common one cheap.
pub(super) fn intersect(number: u64, chunks: &[Chunk<'_>], block: &mut Block) -> bool {
    block.reset(number);
    let Some(shortest) = chunks.iter().copied().min_by_key(|chunk| chunk.len()) else { return false };
    match shortest {
        Chunk::List(members) => {
            let mut any = false;
            for member in members.as_chunks::<2>().0 {
                if chunks.iter().all(|chunk| chunk.contains(*member)) {
                    block.insert(u16::from_le_bytes(*member).into());
                    any = true;
                }
            }
            any
        }
        Chunk::Bits(_) => {
            block.load(number, shortest);
            let mut other = Block::empty();
            chunks.iter().all(|chunk| {
                other.load(number, *chunk);
                block.keep(&other)
            })
        }
    }
}

/// The ids of a `Row::Few`.
pub(super) fn few(ids: &[u8]) -> impl Iterator<Item = u64> {
    ids.as_chunks::<8>().0.iter().map(|id| u64::from_le_bytes(*id))
}

/// The chunk's number at the end of a chunk's key.
pub(super) fn number_of(key: &[u8]) -> Option<u64> {
    key.last_chunk::<CHUNK>().map(|number| u64::from(u32::from_be_bytes(*number)))
}

/// The chunk that an id belongs to.
pub(super) const fn number(id: u64) -> u64 {
    id >> CHUNK_BITS
}

/// Appends the chunk's number to a head.
pub(super) fn push_number(key: &mut Key, number: u64) {
    #[expect(clippy::cast_possible_truncation, reason = "ids stay below 2^44: ten thousand a second for fifty years")]
    key.extend_from_slice(&(number as u32).to_be_bytes());
}

impl Block {
    /// No ids, of chunk 0.
    pub(super) const fn empty() -> Self {
        Self { number: 0, bits: [0; 64] }
    }

    /// Becomes the empty chunk of this number.
    pub(super) fn reset(&mut self, number: u64) {
        *self = Self { number, ..Self::empty() };
    }

    /// Becomes the stored chunk.
    pub(super) fn load(&mut self, number: u64, chunk: Chunk<'_>) {
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
    pub(super) fn insert(&mut self, id: u64) {
        if let Some((word, bit)) = self.place(id) {
            *word |= bit;
        }
    }

    fn remove(&mut self, id: u64) {
        if let Some((word, bit)) = self.place(id) {
            *word &= !bit;
        }
    }

    fn place(&mut self, id: u64) -> Option<(&mut u64, u64)> {
        let member = id % CHUNK_IDS;
        let word = usize::try_from(member / 64).ok().and_then(|word| self.bits.get_mut(word))?;
        Some((word, 1 << (member % 64)))
    }

    /// Keeps what both have, which must be of the same chunk; whether anything is left.
    pub(super) fn keep(&mut self, other: &Self) -> bool {
        let mut any = 0;
        for (word, other) in self.bits.iter_mut().zip(&other.bits) {
            *word &= other;
            any |= *word;
        }
        any != 0
    }

    /// Takes what the other has, which must be of the same chunk.
    pub(super) fn join(&mut self, other: &Self) {
        self.bits.iter_mut().zip(&other.bits).for_each(|(word, other)| *word |= other);
    }

    /// The smallest id at or above `from`.
    pub(super) fn first_from(&self, from: u64) -> Option<u64> {
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
    pub(super) fn ids(&self) -> impl Iterator<Item = u64> {
        let mut from = self.number << CHUNK_BITS;
        std::iter::from_fn(move || {
            let id = self.first_from(from)?;
            from = id + 1;
            Some(id)
        })
    }

    fn is_empty(&self) -> bool {
        self.bits.iter().all(|word| *word == 0)
    }

    /// Replaces `out` by the stored form.
    fn store(&self, out: &mut Vec<u8>) {
        out.clear();
        let count: u32 = self.bits.iter().map(|word| word.count_ones()).sum();
        if count as usize > LISTED {
            out.push(TAG_BITS);
            self.bits.iter().for_each(|word| out.extend_from_slice(&word.to_le_bytes()));
        } else {
            out.push(TAG_LIST);
            self.ids().for_each(|id| out.extend_from_slice(&((id % CHUNK_IDS) as u16).to_le_bytes()));
        }
    }
}

fn store_few(ids: &[u64], out: &mut Vec<u8>) {
    out.clear();
    out.push(TAG_FEW);
    ids.iter().for_each(|id| out.extend_from_slice(&id.to_le_bytes()));
}

/// Adds and removes ids in one write transaction, with buffers that are used again.
#[derive(Default)]
pub(super) struct Editor {
    key: Key,
    row: Vec<u8>,
}

impl Editor {
    /// Adds an id to a term; one that is there already stays.
    pub(super) fn insert(
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
    pub(super) fn remove(
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

/// Takes a row: its key and its value.
pub(super) type EachRow<'e> = &'e mut dyn FnMut(&[u8], &[u8]) -> Result<(), StoreError>;

/// Makes the rows of an index from all its postings in order.
pub(super) struct Rows {
    head: Vec<u8>,
    few: SmallVec<[u64; FEW]>,
    /// The chunk being filled, of a term that has more than a few.
    block: Option<Block>,
    key: Key,
    row: Vec<u8>,
}

impl Rows {
    pub(super) fn new() -> Self {
        Self { head: Vec::new(), few: SmallVec::new(), block: None, key: Key::new(), row: Vec::new() }
    }

    /// Takes the next posting, in the order of heads and then ids, and gives `each` the rows that are whole.
    pub(super) fn push(&mut self, head: &[u8], id: u64, each: EachRow<'_>) -> Result<(), StoreError> {
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
        let block = self.block.get_or_insert_with(|| Block { number: number(id), ..Block::empty() });
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
    pub(super) fn finish(&mut self, each: EachRow<'_>) -> Result<(), StoreError> {
        if !self.few.is_empty() {
            store_few(&self.few, &mut self.row);
            self.few.clear();
            each(&self.head, &self.row)?;
        }
        self.chunk(each)
    }
}

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
#[allow(clippy::unwrap_used)]
mod tests {
    use std::collections::BTreeSet;

    use proptest::prelude::*;

    use super::{super::list::Ids, super::list::Walk, super::tables::Mode, *};

    fn tables(directory: &tempfile::TempDir) -> Tables {
        Tables::open(directory.path(), 16 << 20, Mode::Owner).unwrap()
    }

    fn read(tables: &Tables, head: &[u8]) -> Vec<u64> {
        let txn = tables.read().unwrap();
        let mut walk = Walk::new(Ids::of_term(tables, &txn, Key::from_slice(head)).unwrap());
        let (mut ids, mut from) = (Vec::new(), 0);
        while let Some(id) = walk.seek(from).unwrap() {
            ids.push(id);
            from = id + 1;
        }
        ids
    }

    /// Ids near and far: some chunks become full, others hold one.
    fn id() -> impl Strategy<Value = u64> {
        prop_oneof![0_u64..600, 4000_u64..4200, 0_u64..20_000, Just(1 << 40)]
    }

    #[test]
    fn a_walk_that_has_ended_stays_ended() {
        let directory = tempfile::tempdir().unwrap();
        let tables = tables(&directory);
        let mut txn = tables.write().unwrap();
        let mut editor = Editor::default();
        (0..40).chain([1 << 40]).for_each(|id| editor.insert(&tables, &mut txn, b"a\0", id).unwrap());
        (100..140).for_each(|id| editor.insert(&tables, &mut txn, b"b\0", id).unwrap());
        txn.commit().unwrap();
        let txn = tables.read().unwrap();
        let of = |head: &[u8]| Ids::of_term(&tables, &txn, Key::from_slice(head)).unwrap();
        for lists in [vec![of(b"a\0"), of(b"b\0")], vec![of(b"a\0"), Ids::Any(vec![of(b"b\0")])]] {
            let mut walk = Walk::new(Ids::Every(lists));
            assert_eq!((walk.seek(0).unwrap(), walk.seek(1 << 39).unwrap()), (None, None));
        }
    }

    proptest! {
        #![proptest_config(ProptestConfig { cases: 24, ..ProptestConfig::default() })]

        #[test]
        fn a_term_holds_what_was_added_and_not_removed(edits in prop::collection::vec((id(), prop::bool::weighted(0.7)), 1..900)) {
            let directory = tempfile::tempdir().unwrap();
            let tables = tables(&directory);
            let (mut editor, mut expected) = (Editor::default(), BTreeSet::new());
            let mut txn = tables.write().unwrap();
            for (id, is_new) in edits {
                if is_new {
                    editor.insert(&tables, &mut txn, b"a\0", id).unwrap();
                    expected.insert(id);
                } else {
                    editor.remove(&tables, &mut txn, b"a\0", id).unwrap();
                    expected.remove(&id);
                }
                editor.insert(&tables, &mut txn, b"b\0", id).unwrap();
            }
            txn.commit().unwrap();
            prop_assert_eq!(read(&tables, b"a\0"), expected.iter().copied().collect::<Vec<_>>());
            let mut txn = tables.write().unwrap();
            expected.iter().for_each(|id| editor.remove(&tables, &mut txn, b"a\0", *id).unwrap());
            let left = tables.index.prefix_iter(&txn, b"a\0").unwrap().count();
            prop_assert_eq!(left, 0, "no row stays behind");
        }

        #[test]
        fn rows_made_in_order_are_read_as_they_were(ids in prop::collection::btree_set(id(), 1..900)) {
            let directory = tempfile::tempdir().unwrap();
            let tables = tables(&directory);
            let mut txn = tables.write().unwrap();
            let mut rows = Rows::new();
            let mut put = |key: &[u8], row: &[u8]| {
                tables.index.put(&mut txn, key, row).map_err(|error| tables.failed(error))
            };
            for head in [&b"a\0"[..], b"b\0"] {
                ids.iter().for_each(|id| rows.push(head, *id, &mut put).unwrap());
            }
            rows.finish(&mut put).unwrap();
            txn.commit().unwrap();
            let expected: Vec<u64> = ids.into_iter().collect();
            prop_assert_eq!(&read(&tables, b"a\0"), &expected);
            prop_assert_eq!(&read(&tables, b"b\0"), &expected);
        }

        #[test]
        fn lists_intersect_and_unite_as_sets_do(
            sets in prop::collection::vec(prop::collection::btree_set(id(), 1..400), 2..4),
            starts in prop::collection::vec(0_u64..21_000, 1..6),
        ) {
            let directory = tempfile::tempdir().unwrap();
            let tables = tables(&directory);
            let mut txn = tables.write().unwrap();
            let mut editor = Editor::default();
            for (at, set) in sets.iter().enumerate() {
                let head = [b'a' + u8::try_from(at).unwrap(), 0];
                set.iter().for_each(|id| editor.insert(&tables, &mut txn, &head, *id).unwrap());
            }
            txn.commit().unwrap();
            let txn = tables.read().unwrap();
            let lists = || (0..sets.len()).map(|at| {
                let head = [b'a' + u8::try_from(at).unwrap(), 0];
                Ids::of_term(&tables, &txn, Key::from_slice(&head)).unwrap()
            }).collect::<Vec<_>>();
            let all: BTreeSet<u64> = sets.iter().flatten().copied().collect();
            let common: BTreeSet<u64> = all.iter().copied().filter(|id| sets.iter().all(|set| set.contains(id))).collect();
            let mut starts = starts;
            starts.sort_unstable();
            for (ids, expected) in [(Ids::Every(lists()), &common), (Ids::Any(lists()), &all)] {
                let mut walk = Walk::new(ids);
                for start in &starts {
                    prop_assert_eq!(walk.seek(*start).unwrap(), expected.range(start..).next().copied());
                }
            }
        }
    }
}
