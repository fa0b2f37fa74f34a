//! Filling the index table from entries: when other indexes are configured than the store was built for, and after a load.

use heed::{Comparator, Database, PutFlags, RwTxn, types::Bytes};

use super::{
    super::{EntryId, StoreError},
    draft::readable,
    envelope::EntryRow,
    keys,
    postings::Rows,
    rules::Rules,
    sort::Sorter,
    tables::Tables,
    terms::Terms,
};

/// Memory for sorting.
pub(super) const SORT_BUDGET: usize = 64 << 20;
/// Rows written before a transaction is committed, so that its pages need not be held in memory.
const ROWS: usize = 200_000;

/// Builds the index anew if it was built for other indexes than those of `rules`, or if building it was interrupted.
pub(super) fn if_needed(tables: &Tables, rules: &Rules) -> Result<(), StoreError> {
    let wanted = rules.indexes.description();
    let snapshot = tables.read()?;
    if tables.indexes_built(&snapshot)?.as_deref() == Some(wanted) {
        return Ok(());
    }
    drop(snapshot);
    let mut txn = tables.write()?;
    tables.set_indexes_built(&mut txn, UNFINISHED)?;
    tables.index.clear(&mut txn).map_err(|error| tables.failed(error))?;
    txn.commit().map_err(|error| tables.failed(error))?;
    let mut sorter = Sorter::new(&tables.directory, SORT_BUDGET);
    postings(tables, rules, &mut sorter)?;
    load(tables, sorter, |_| {})?;
    finish(tables, rules)
}

const UNFINISHED: &str = "unfinished";

/// Notes that the index is whole.
pub(super) fn finish(tables: &Tables, rules: &Rules) -> Result<(), StoreError> {
    let mut txn = tables.write()?;
    tables.set_indexes_built(&mut txn, rules.indexes.description())?;
    txn.commit().map_err(|error| tables.failed(error))
}

/// All postings that the entries should have.
pub(super) fn postings(tables: &Tables, rules: &Rules, sorter: &mut Sorter) -> Result<(), StoreError> {
    let snapshot = tables.read()?;
    let mut poster = Poster::default();
    for row in tables.entry.iter(&snapshot).map_err(|error| tables.failed(error))? {
        let (key, value) = row.map_err(|error| tables.failed(error))?;
        let id = keys::read_id(key)?;
        poster.post(id, EntryRow::open(id, value)?.entry, rules, sorter)?;
    }
    Ok(())
}

/// An id as it stands in sorted postings: big-endian, so that octets sort as numbers do.
pub(super) fn posted_id(octets: &[u8]) -> Result<EntryId, StoreError> {
    let id = <[u8; 8]>::try_from(octets).map(u64::from_be_bytes).map(EntryId);
    id.map_err(|_| StoreError::Damaged("an entry has a wrong key".into()))
}

/// Makes postings of entries, with buffers that are used again.
#[derive(Default)]
pub(super) struct Poster {
    terms: Terms,
}

impl Poster {
    pub(super) fn post(&mut self, id: EntryId, entry: &[u8], rules: &Rules, to: &mut Sorter) -> Result<(), StoreError> {
        self.terms.fill(Some(readable(entry)?), rules);
        let id = id.0.to_be_bytes();
        self.terms.iter().try_for_each(|head| to.push(head, &id))
    }
}

/// Appends sorted postings to the empty index table.
pub(super) fn load(tables: &Tables, sorter: Sorter, mut progress: impl FnMut(u64)) -> Result<(), StoreError> {
    let mut appender = Appender::begin(tables)?;
    let mut rows = Rows::new();
    let mut append = |key: &[u8], row: &[u8]| appender.put(&tables.index, PutFlags::APPEND, key, row);
    let mut done = 0;
    sorter.merge(|head, id| {
        rows.push(head, posted_id(id)?.0, &mut append)?;
        done += 1;
        if done % 100_000 == 0 {
            progress(done);
        }
        Ok(())
    })?;
    rows.finish(&mut append)?;
    appender.finish()
}

/// Writes many rows through one transaction after another.
pub(super) struct Appender<'t> {
    tables: &'t Tables,
    txn: Option<RwTxn<'t>>,
    rows: usize,
    octets: usize,
}

impl<'t> Appender<'t> {
    pub(super) fn begin(tables: &'t Tables) -> Result<Self, StoreError> {
        Ok(Self { tables, txn: None, rows: 0, octets: 0 })
    }

    /// Writes one row.
    pub(super) fn put<C: Comparator>(
        &mut self,
        table: &Database<'static, Bytes, Bytes, C>,
        flags: PutFlags,
        key: &[u8],
        value: &[u8],
    ) -> Result<(), StoreError> {
        if self.rows >= ROWS || self.octets >= 32 << 20 {
            self.commit()?;
        }
        let txn = match &mut self.txn {
            Some(txn) => txn,
            none => none.insert(self.tables.write()?),
        };
        self.rows += 1;
        self.octets += key.len() + value.len();
        table.put_with_flags(txn, flags, key, value).map_err(|error| self.tables.failed(error))
    }

    fn commit(&mut self) -> Result<(), StoreError> {
        (self.rows, self.octets) = (0, 0);
        match self.txn.take() {
            Some(txn) => txn.commit().map_err(|error| self.tables.failed(error)),
            None => Ok(()),
        }
    }

    /// Writes what is left.
    pub(super) fn finish(mut self) -> Result<(), StoreError> {
        self.commit()
    }
}
