//! Reading a term that has more than a few ids: a cursor over its rows that stops at every chunk.

use std::ops::Bound;

use heed::{RoRange, types::Bytes};

use super::{
    super::{
        ahead::{RowKey, fetch_with_next},
        keys::Key,
        snapshot::Snapshot,
    },
    block::Block,
    chunks::Chunks,
    layout::{Chunk, Row, push_number},
    wide::first_chunk,
};
use crate::store::StoreError;

/// What stands under the head of a term.
#[expect(clippy::large_enum_variant, reason = "taken apart where it is returned")]
pub(crate) enum Found<'t> {
    /// No id has the term.
    Nothing,
    /// So few have it that they stand there: see [`super::few`].
    Few(&'t [u8]),
    /// The term's rows.
    Many(Term<'t>),
}

/// A term that has more than a few ids, by a cursor over its rows.
pub(crate) struct Term<'t> {
    snapshot: Snapshot<'t>,
    head: Key,
    cursor: Option<RoRange<'t, Bytes, Bytes>>,
    current: Option<Chunks<'t>>,
}

/// Rows that are stepped over rather than looked up.
const STEPS: u64 = 8;

impl<'t> Term<'t> {
    /// Looks a term up, and reads none of its rows yet.
    pub(crate) fn find(snapshot: Snapshot<'t>, head: Key) -> Result<Found<'t>, StoreError> {
        let Snapshot { tables, txn, ahead, .. } = snapshot;
        let key = RowKey::term(&head);
        ahead.fetch(key);
        let stored = tables.index.get(txn, &head).map_err(|error| tables.failed(error))?;
        if let Some(row) = stored {
            ahead.note(key, row);
        }
        Ok(match stored.map(Row::read).transpose()? {
            None => Found::Nothing,
            Some(Row::Few(ids)) => Found::Few(ids),
            Some(_) => Found::Many(Self { snapshot, head, cursor: None, current: None }),
        })
    }

    /// Looks a term up that probably has many ids, and is at its first row then: one search where [`Term::find`] would need two.
    pub(crate) fn find_common(snapshot: Snapshot<'t>, head: Key) -> Result<Found<'t>, StoreError> {
        let Snapshot { tables, txn, ahead, .. } = snapshot;
        let bounds = (Bound::Included(head.as_slice()), Bound::Unbounded);
        let mut cursor = tables.index.range(txn, &bounds).map_err(|error| tables.failed(error))?;
        let first = cursor.next().transpose().map_err(|error| tables.failed(error))?;
        let Some((_, row)) = first.filter(|(key, _)| *key == head.as_slice()) else { return Ok(Found::Nothing) };
        if let Row::Few(ids) = Row::read(row)? {
            return Ok(Found::Few(ids));
        }
        let mut term = Self { snapshot, head, cursor: Some(cursor), current: None };
        if let Some(members) = term.step()? {
            ahead.note(RowKey::term(&term.head), members);
        }
        Ok(Found::Many(term))
    }

    /// The same term before its first row.
    pub(crate) fn rewound(self) -> Self {
        Self { cursor: None, current: None, ..self }
    }

    /// Ids to eight chunks, judged by the row where it is; the most there can be, if none was read yet.
    pub(crate) fn density(&self) -> usize {
        self.current.as_ref().map_or(usize::MAX, Chunks::density)
    }

    /// Fills `block` with the first chunk numbered `from` or above; `false` if there is none. `from` must not be smaller than in the
    /// call before.
    pub(crate) fn block(&mut self, from: u64, block: &mut Block) -> Result<bool, StoreError> {
        let Some((number, chunk)) = self.chunk(from)? else { return Ok(false) };
        block.load(number, chunk);
        Ok(true)
    }

    /// The first chunk numbered `from` or above. `from` must not be smaller than in the call before.
    pub(crate) fn chunk(&mut self, from: u64) -> Result<Option<(u64, Chunk<'t>)>, StoreError> {
        match &self.current {
            None if self.cursor.is_some() => return Ok(None),
            Some(chunks) if from < chunks.end() + STEPS * chunks.count() => {}
            _ => self.jump(from)?,
        }
        while let Some(chunks) = &mut self.current {
            if let Some(found) = chunks.chunk_from(from) {
                return Ok(Some(found));
            }
            self.step()?;
        }
        Ok(None)
    }

    /// To the row of the chunk of this number, or to one a little before it, or to the first one behind it.
    fn jump(&mut self, number: u64) -> Result<(), StoreError> {
        self.seek(first_chunk(number))?;
        match &self.current {
            // Each chunk has a row of its own here.
            Some(chunks) if chunks.end() + STEPS < number => self.seek(number),
            _ => Ok(()),
        }
    }

    /// To the row under this number, or the first one behind it.
    fn seek(&mut self, number: u64) -> Result<(), StoreError> {
        let length = self.head.len();
        push_number(&mut self.head, number);
        let bounds = (Bound::Included(self.head.as_slice()), Bound::Unbounded);
        let Snapshot { tables, txn, .. } = self.snapshot;
        let cursor = tables.index.range(txn, &bounds);
        self.head.truncate(length);
        self.cursor = Some(cursor.map_err(|error| tables.failed(error))?);
        self.step().map(drop)
    }

    /// To the next row of this term, which it returns as it is stored.
    fn step(&mut self) -> Result<Option<&'t [u8]>, StoreError> {
        let next = self.cursor.as_mut().and_then(Iterator::next).transpose();
        let next = next.map_err(|error| self.snapshot.tables.failed(error))?;
        let next = next.filter(|(key, _)| key.starts_with(&self.head));
        if let Some((_, row)) = next {
            fetch_with_next(row);
        }
        self.current = next.map(|(key, row)| Chunks::read(key, row)).transpose()?;
        Ok(next.map(|(_, row)| row))
    }
}
