//! Ascending lists of ids out of the index, and their intersections and unions, read lazily: nobody pays for ids that a size limit
//! or the other side of an AND makes superfluous.

use std::ops::Bound;

use heed::{RoRange, types::Bytes};
use smallvec::SmallVec;

use super::{
    super::StoreError,
    keys::{self, Key},
    tables::Tables,
};

/// A snapshot that lists are read from.
pub(super) type Txn<'t> = heed::RoTxn<'t>;

/// Lists up to this length are read at once, on the stack.
pub(super) const FEW: usize = 16;

/// Ascending ids.
pub(super) enum Ids<'t> {
    /// No id at all.
    Nothing,
    /// The ids under one term.
    Term(Postings<'t>),
    /// Ids that were collected and sorted.
    Sorted(SmallVec<[u64; FEW]>),
    /// What all of them have in common.
    Every(Vec<Self>),
    /// What any of them has.
    Any(Vec<Self>),
}

impl Ids<'_> {
    /// The same ids from the first one on.
    pub(super) fn rewound(self) -> Self {
        match self {
            Self::Term(postings) => Self::Term(Postings { cursor: None, current: None, ..postings }),
            Self::Every(lists) => Self::Every(lists.into_iter().map(Self::rewound).collect()),
            Self::Any(lists) => Self::Any(lists.into_iter().map(Self::rewound).collect()),
            other => other,
        }
    }

    /// Reads a short list to its end, so that its length is known; a longer one begins anew.
    pub(super) fn shortened(mut self) -> Result<Self, StoreError> {
        if let Self::Sorted(_) | Self::Nothing = self {
            return Ok(self);
        }
        let mut ids = SmallVec::new();
        let mut from = 0;
        while let Some(id) = self.seek(from)? {
            if ids.len() == FEW {
                return Ok(self.rewound());
            }
            ids.push(id);
            from = id + 1;
        }
        Ok(Self::Sorted(ids))
    }

    /// Whether all ids are at hand.
    pub(super) fn is_collected(&self) -> bool {
        matches!(self, Self::Nothing | Self::Sorted(_))
    }

    /// Whether the list is known to be short.
    pub(super) fn is_short(&self) -> bool {
        match self {
            Self::Nothing => true,
            Self::Sorted(ids) => ids.len() <= FEW,
            _ => false,
        }
    }

    /// The smallest id at or above `from`. `from` must not be smaller than in the call before.
    pub(super) fn seek(&mut self, from: u64) -> Result<Option<u64>, StoreError> {
        match self {
            Self::Nothing => Ok(None),
            Self::Term(postings) => postings.seek(from),
            Self::Sorted(ids) => Ok(ids.get(ids.partition_point(|id| *id < from)).copied()),
            Self::Every(lists) => every(lists, from),
            Self::Any(lists) => {
                let mut smallest = None;
                for list in lists {
                    smallest = [smallest, list.seek(from)?].into_iter().flatten().min();
                }
                Ok(smallest)
            }
        }
    }
}

/// Leapfrog: each list in turn jumps to where the others are, until all agree.
fn every(lists: &mut [Ids<'_>], mut from: u64) -> Result<Option<u64>, StoreError> {
    loop {
        let target = from;
        for list in lists.iter_mut() {
            match list.seek(from)? {
                Some(id) => from = id,
                None => return Ok(None),
            }
        }
        if from == target {
            return Ok((!lists.is_empty()).then_some(from));
        }
    }
}

/// The ids under one term, by a cursor.
pub(super) struct Postings<'t> {
    tables: &'t Tables,
    txn: &'t Txn<'t>,
    head: Key,
    cursor: Option<RoRange<'t, Bytes, Bytes>>,
    current: Option<u64>,
}

impl<'t> Postings<'t> {
    /// `head`: what the term's keys begin with (`keys::term`).
    pub(super) fn new(tables: &'t Tables, txn: &'t Txn<'t>, head: Key) -> Self {
        Self { tables, txn, head, cursor: None, current: None }
    }

    fn seek(&mut self, from: u64) -> Result<Option<u64>, StoreError> {
        let near = self.current.is_some_and(|current| current >> 16 == from >> 16);
        if self.cursor.is_none() || (!near && self.current.is_some_and(|current| current < from)) {
            self.jump(from)?;
        }
        while self.current.is_some_and(|current| current < from) {
            self.step()?;
        }
        Ok(self.current)
    }

    /// To the chunk in which `from` lies, or the first one behind it.
    fn jump(&mut self, from: u64) -> Result<(), StoreError> {
        let length = self.head.len();
        self.head.extend_from_slice(&keys::posting(from).0);
        let bounds = (Bound::Included(self.head.as_slice()), Bound::Unbounded);
        let cursor = self.tables.index.range(self.txn, &bounds);
        self.head.truncate(length);
        self.cursor = Some(cursor.map_err(|error| self.tables.failed(error))?);
        self.step()
    }

    /// To the next id of this term.
    fn step(&mut self) -> Result<(), StoreError> {
        self.current = match self.cursor.as_mut().and_then(Iterator::next).transpose() {
            Ok(row) => row.and_then(|(key, value)| keys::id_of(&self.head, key, value)),
            Err(error) => return Err(self.tables.failed(error)),
        };
        Ok(())
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
        if ids.len() == limit {
            return Ok(None);
        }
        ids.extend(keys::id_of_any(key, value));
    }
    ids.sort_unstable();
    ids.dedup();
    Ok(Some(ids))
}
