//! Ascending lists of ids out of the index, and their intersections and unions, read lazily and a chunk at a time: nobody pays for
//! ids that a size limit or the other side of an AND makes superfluous.

use std::ops::Bound;

use heed::{RoRange, types::Bytes};
use smallvec::SmallVec;

use super::{
    super::StoreError,
    keys::Key,
    postings::{self, Block, Chunk, FEW, Row},
    tables::Tables,
};

/// A snapshot that lists are read from.
pub(super) type Txn<'t> = heed::RoTxn<'t>;

/// Ascending ids.
pub(super) enum Ids<'t> {
    /// No id at all.
    Nothing,
    /// The ids under one term that has more than a few.
    Term(Postings<'t>),
    /// Ids that were collected and sorted.
    Sorted(SmallVec<[u64; FEW]>),
    /// What all of them have in common.
    Every(Vec<Self>),
    /// What any of them has.
    Any(Vec<Self>),
}

impl<'t> Ids<'t> {
    /// The ids under the term with this head.
    pub(super) fn of_term(tables: &'t Tables, txn: &'t Txn<'t>, head: Key) -> Result<Self, StoreError> {
        let stored = tables.index.get(txn, &head).map_err(|error| tables.failed(error))?;
        Ok(match stored.map(Row::read).transpose()? {
            None => Self::Nothing,
            Some(Row::Few(ids)) => Self::Sorted(postings::few(ids).collect()),
            Some(_) => Self::Term(Postings { tables, txn, head, cursor: None, current: None }),
        })
    }

    /// The same ids from the first one on.
    fn rewound(self) -> Self {
        match self {
            Self::Term(postings) => Self::Term(Postings { cursor: None, current: None, ..postings }),
            Self::Every(lists) => Self::Every(lists.into_iter().map(Self::rewound).collect()),
            Self::Any(lists) => Self::Any(lists.into_iter().map(Self::rewound).collect()),
            other => other,
        }
    }

    /// Reads a short list to its end, so that its length is known; a longer one begins anew.
    pub(super) fn shortened(self) -> Result<Self, StoreError> {
        if self.is_collected() {
            return Ok(self);
        }
        let mut walk = Walk::new(self);
        let mut ids = SmallVec::new();
        let mut from = 0;
        while let Some(id) = walk.seek(from)? {
            if ids.len() == FEW {
                return Ok(walk.ids.rewound());
            }
            ids.push(id);
            from = id + 1;
        }
        Ok(Self::Sorted(ids))
    }

    /// How many ids there are, where they are at hand.
    pub(super) fn collected(&self) -> Option<usize> {
        match self {
            Self::Nothing => Some(0),
            Self::Sorted(ids) => Some(ids.len()),
            _ => None,
        }
    }

    /// Whether all ids are at hand.
    pub(super) fn is_collected(&self) -> bool {
        self.collected().is_some()
    }

    /// Whether the list is known to be short.
    pub(super) fn is_short(&self) -> bool {
        self.collected().is_some_and(|count| count <= FEW)
    }

    /// Fills `block` with the first chunk numbered `from` or above that has an id; `false` if there is none. `from` must not be
    /// smaller than in the call before.
    fn block(&mut self, from: u64, block: &mut Block) -> Result<bool, StoreError> {
        match self {
            Self::Nothing => Ok(false),
            Self::Term(postings) => postings.block(from, block),
            Self::Sorted(ids) => Ok(sorted_block(ids, from, block)),
            Self::Every(lists) if lists.iter().all(|list| matches!(list, Self::Term(_))) => {
                every_term(lists, from, block)
            }
            Self::Every(lists) => every(lists, from, block),
            Self::Any(lists) => any(lists, from, block),
        }
    }
}

fn sorted_block(ids: &[u64], from: u64, block: &mut Block) -> bool {
    let start = ids.partition_point(|id| postings::number(*id) < from);
    let mut rest = ids.iter().skip(start).copied().peekable();
    let Some(number) = rest.peek().map(|first| postings::number(*first)) else { return false };
    block.reset(number);
    while let Some(id) = rest.next_if(|id| postings::number(*id) == number) {
        block.insert(id);
    }
    true
}

/// Leapfrog: each list in turn jumps to the chunk where the others are, until all have one with common ids.
fn every(lists: &mut [Ids<'_>], mut from: u64, block: &mut Block) -> Result<bool, StoreError> {
    let Some((first, others)) = lists.split_first_mut() else { return Ok(false) };
    let mut other = Block::empty();
    'chunks: while first.block(from, block)? {
        for list in others.iter_mut() {
            if !list.block(block.number, &mut other)? {
                return Ok(false);
            }
            if other.number > block.number {
                from = other.number;
                continue 'chunks;
            }
            if !block.keep(&other) {
                from = block.number + 1;
                continue 'chunks;
            }
        }
        return Ok(true);
    }
    Ok(false)
}

/// The same of terms alone, whose chunks are compared as they are stored.
fn every_term(lists: &mut [Ids<'_>], mut from: u64, block: &mut Block) -> Result<bool, StoreError> {
    'chunks: loop {
        let mut chunks = SmallVec::<[Chunk<'_>; 8]>::new();
        let mut number = None;
        for list in lists.iter_mut() {
            let Ids::Term(postings) = list else { return Ok(false) };
            let Some((found, chunk)) = postings.chunk(from)? else { return Ok(false) };
            if *number.get_or_insert(found) != found {
                // The others are behind this one, or it behind them: all go on from the later.
                from = found.max(number.unwrap_or(found));
                continue 'chunks;
            }
            chunks.push(chunk);
        }
        let Some(number) = number else { return Ok(false) };
        if postings::intersect(number, &chunks, block) {
            return Ok(true);
        }
        from = number + 1;
    }
}

fn any(lists: &mut [Ids<'_>], from: u64, block: &mut Block) -> Result<bool, StoreError> {
    let mut other = Block::empty();
    let mut found = false;
    for list in lists {
        if !list.block(from, &mut other)? {
            continue;
        }
        if found && other.number == block.number {
            block.join(&other);
        } else if !found || other.number < block.number {
            *block = other.clone();
            found = true;
        }
    }
    Ok(found)
}

/// The ids under one term, by a cursor over its chunks.
pub(super) struct Postings<'t> {
    tables: &'t Tables,
    txn: &'t Txn<'t>,
    head: Key,
    cursor: Option<RoRange<'t, Bytes, Bytes>>,
    current: Option<(u64, Chunk<'t>)>,
}

/// Chunks that are stepped over rather than looked up.
const STEPS: u64 = 4;

impl<'t> Postings<'t> {
    fn block(&mut self, from: u64, block: &mut Block) -> Result<bool, StoreError> {
        let Some((number, chunk)) = self.chunk(from)? else { return Ok(false) };
        block.load(number, chunk);
        Ok(true)
    }

    /// The first chunk numbered `from` or above. `from` must not be smaller than in the call before.
    fn chunk(&mut self, from: u64) -> Result<Option<(u64, Chunk<'t>)>, StoreError> {
        match self.current {
            None if self.cursor.is_some() => return Ok(None),
            Some((number, _)) if from < number + STEPS => {}
            _ => self.jump(from)?,
        }
        while self.current.is_some_and(|(number, _)| number < from) {
            self.step()?;
        }
        Ok(self.current)
    }

    /// To the chunk of this number, or the first one behind it.
    fn jump(&mut self, number: u64) -> Result<(), StoreError> {
        let length = self.head.len();
        postings::push_number(&mut self.head, number);
        let bounds = (Bound::Included(self.head.as_slice()), Bound::Unbounded);
        let cursor = self.tables.index.range(self.txn, &bounds);
        self.head.truncate(length);
        self.cursor = Some(cursor.map_err(|error| self.tables.failed(error))?);
        self.step()
    }

    /// To the next chunk of this term.
    fn step(&mut self) -> Result<(), StoreError> {
        self.current = match self.cursor.as_mut().and_then(Iterator::next).transpose() {
            Ok(Some((key, value))) if key.starts_with(&self.head) => {
                match (postings::number_of(key), Row::read(value)?) {
                    (Some(number), Row::Chunk(chunk)) => Some((number, chunk)),
                    _ => return Err(StoreError::Damaged("a chunk of the index is none".into())),
                }
            }
            Ok(_) => None,
            Err(error) => return Err(self.tables.failed(error)),
        };
        Ok(())
    }
}

/// One way through a list, from id to id.
pub(super) struct Walk<'t> {
    ids: Ids<'t>,
    block: Option<Block>,
}

impl<'t> Walk<'t> {
    pub(super) fn new(ids: Ids<'t>) -> Self {
        Self { ids, block: None }
    }

    /// The smallest id at or above `from`. `from` must not be smaller than in the call before.
    pub(super) fn seek(&mut self, from: u64) -> Result<Option<u64>, StoreError> {
        match &self.ids {
            Ids::Nothing => return Ok(None),
            Ids::Sorted(ids) => return Ok(ids.get(ids.partition_point(|id| *id < from)).copied()),
            _ => {}
        }
        let mut number = postings::number(from);
        if let Some(block) = &self.block
            && block.number >= number
        {
            if let Some(id) = block.first_from(from) {
                return Ok(Some(id));
            }
            number = block.number + 1;
        }
        loop {
            let block = self.block.get_or_insert_with(Block::empty);
            if !self.ids.block(number, block)? {
                // What the lists left in it on their way to the end is no answer.
                self.block = None;
                return Ok(None);
            }
            match block.first_from(from) {
                Some(id) => return Ok(Some(id)),
                None => number = block.number + 1,
            }
        }
    }
}

/// All ids whose postings lie between two keys, sorted, each once; `None` if there are more than `limit` of them.
pub(super) fn collect(
    tables: &Tables,
    txn: &Txn<'_>,
    from: &[u8],
    within: impl Fn(&[u8]) -> bool,
    limit: usize,
) -> Result<Option<Vec<u64>>, StoreError> {
    let bounds = (Bound::Included(from), Bound::Unbounded);
    let rows = tables.index.range(txn, &bounds).map_err(|error| tables.failed(error))?;
    let mut ids = Vec::new();
    for row in rows {
        let (key, value) = row.map_err(|error| tables.failed(error))?;
        if !within(key) {
            break;
        }
        postings::every_id(key, value, &mut |id| ids.push(id))?;
        if ids.len() > limit {
            return Ok(None);
        }
    }
    ids.sort_unstable();
    ids.dedup();
    Ok(Some(ids))
}
