//! Ascending lists of ids out of the index, and their intersections and unions, read lazily and a chunk at a time: nobody pays for
//! ids that a size limit or the other side of an AND makes superfluous.

use std::ops::Bound;

use smallvec::SmallVec;

use super::{
    super::StoreError,
    keys::Key,
    postings::{self, Block, FEW, Found, Term},
    snapshot::{Snapshot, Txn},
    tables::Tables,
};

/// Ascending ids.
pub(super) enum Ids<'t> {
    /// No id at all.
    Nothing,
    /// The ids under one term that has more than a few.
    Term(Term<'t>),
    /// Ids that were collected and sorted.
    Sorted(SmallVec<[u64; FEW]>),
    /// What all of them have in common.
    Every(Vec<Self>),
    /// What any of them has.
    Any(Vec<Self>),
}

impl<'t> Ids<'t> {
    /// The ids under the term with this head.
    pub(super) fn of_term(snapshot: Snapshot<'t>, head: Key) -> Result<Self, StoreError> {
        Term::find(snapshot, head).map(Self::of_found)
    }

    /// The same of a term that probably has many ids, the first of which are read at once.
    pub(super) fn of_common_term(snapshot: Snapshot<'t>, head: Key) -> Result<Self, StoreError> {
        Term::find_common(snapshot, head).map(Self::of_found)
    }

    fn of_found(found: Found<'t>) -> Self {
        match found {
            Found::Nothing => Self::Nothing,
            Found::Few(ids) => Self::Sorted(postings::few(ids).collect()),
            Found::Many(term) => Self::Term(term),
        }
    }

    /// What all lists have in common, asking first those that seem to have the fewest ids.
    pub(super) fn every(mut lists: Vec<Self>) -> Self {
        lists.sort_by_key(Self::density);
        Self::Every(lists)
    }

    /// Ids to eight chunks, judged by where the list begins; as many as can be, where nothing was read yet.
    fn density(&self) -> usize {
        match self {
            Self::Nothing | Self::Sorted(_) => 0,
            Self::Term(term) => term.density(),
            Self::Every(lists) => lists.first().map_or(0, Self::density),
            Self::Any(lists) => lists.iter().map(Self::density).fold(0, usize::saturating_add),
        }
    }

    /// The same ids from the first one on.
    fn rewound(self) -> Self {
        match self {
            Self::Term(term) => Self::Term(term.rewound()),
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

    /// The ids that are at hand.
    pub(super) fn at_hand(&self) -> &[u64] {
        if let Self::Sorted(ids) = self { ids } else { &[] }
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
            Self::Term(term) => term.block(from, block),
            Self::Sorted(ids) => Ok(sorted_block(ids, from, block)),
            Self::Every(lists) => every(lists, from, block),
            Self::Any(lists) => any(lists, from, block),
        }
    }

    /// Keeps in `block` what the list has too. The block's number must not be smaller than in the call before.
    fn keep_common(&mut self, block: &mut Block) -> Result<Common, StoreError> {
        let (number, is_any) = if let Self::Term(term) = self {
            // As it is stored, which is most often a few ids.
            let Some((number, chunk)) = term.chunk(block.number)? else { return Ok(Common::End) };
            (number, number == block.number && block.keep_stored(chunk))
        } else {
            let mut other = Block::empty();
            if !self.block(block.number, &mut other)? {
                return Ok(Common::End);
            }
            (other.number, other.number == block.number && block.keep(&other))
        };
        Ok(match is_any {
            true => Common::Some,
            false if number > block.number => Common::Further(number),
            false => Common::None,
        })
    }
}

/// What a list has in common with a block.
enum Common {
    /// Some ids, which are left in the block.
    Some,
    /// No id of this chunk.
    None,
    /// Nothing before the chunk of this number.
    Further(u64),
    /// Nothing from there on.
    End,
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
    'chunks: while first.block(from, block)? {
        for list in others.iter_mut() {
            match list.keep_common(block)? {
                Common::Some => {}
                Common::None => {
                    from = block.number + 1;
                    continue 'chunks;
                }
                Common::Further(number) => {
                    from = number;
                    continue 'chunks;
                }
                Common::End => return Ok(false),
            }
        }
        return Ok(true);
    }
    Ok(false)
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
