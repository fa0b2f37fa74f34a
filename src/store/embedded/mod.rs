//! The embedded store: LMDB in one file, read in place, written by one thread.
//!
//! ```text
//! data directory     data.mdb   the store          lock       who uses it (lock.rs)
//!                    lock.mdb   LMDB's readers     import.tmp a load that did not finish; thrown away
//! tables (all keys sort as octets)
//!   entry       id u64 BE                                     -> envelope(version, children, encoded entry)
//!   name        name key, root first (keys.rs)                -> envelope(id)
//!   index       attribute and kind u32 BE | value 0 ...       -> ids (postings.rs)
//!   factor      id u64 BE                                     -> envelope(version, factor record)
//!   tombstone   sequence u64 BE | id u64 BE                    -> entry UUID, name key
//!   meta        names of settings and counters                -> (meta.rs)
//! ```
//! Every change of a row's layout raises `meta::FORMAT`.

mod ahead;
pub mod backup;
pub mod check;
mod draft;
mod edits;
mod envelope;
mod file_size;
mod hints;
pub mod import;
mod keys;
mod list;
mod lock;
mod meta;
mod plan;
mod postings;
mod readers;
mod rebuild;
mod rules;
mod search;
mod snapshot;
mod sort;
mod subtree;
mod tables;
mod terms;
mod writer;

use std::{
    fs,
    path::{Path, PathBuf},
    sync::{Arc, atomic::Ordering},
};

use self::{
    ahead::Ahead,
    draft::id_of,
    file_size::Length,
    hints::Hints,
    lock::Lock,
    meta::Number,
    readers::Readers,
    rules::Rules,
    snapshot::Snapshot,
    tables::{FILE, Mode, Reader, Tables, io_failure, remove, sync_directory},
    writer::{Shared, Writer, stopped},
};
use super::{
    Answer, Applied, Change, EntryId, Found, Position, Progress, Query, Statistics, Step, Store, StoreError, Target,
};
use crate::directory::{attribute_ids::AttributeIds, dn::DnKey, index_terms::Indexes, schema::Schema};

/// How a store is opened.
#[derive(Clone, Debug)]
pub struct Settings {
    /// Octets that the store may grow to; address space, not memory. A full store refuses writes and goes on reading.
    pub map_size: u64,
    /// The ids of the keys that open the secrets in factor records, the sealing one first; a store that was written with none
    /// of them is refused. Empty: not checked.
    pub seal_key_ids: Vec<String>,
}

impl Default for Settings {
    fn default() -> Self {
        Self { map_size: 64 << 30, seal_key_ids: Vec::new() }
    }
}

/// A store that is open and does not serve yet: the schema needs its attribute ids first.
pub struct Opened {
    tables: Tables,
    attribute_ids: Arc<AttributeIds>,
    persisted_attributes: usize,
    /// `None` beside another process.
    lock: Option<Lock>,
}

/// A store that serves.
pub struct Embedded {
    /// First, so that it is dropped first: what is queued is written before the file is closed.
    writer: Option<Writer>,
    shared: Arc<Shared>,
    rules: Arc<Rules>,
    hints: Hints,
    ahead: Ahead,
    fence: u64,
    _lock: Option<Lock>,
}

impl Opened {
    /// Opens the store in `directory` for this process alone, making both where they do not exist.
    ///
    /// # Errors
    /// `Unavailable` if another process has it, if it has another format, or was written with another seal key; `Damaged` if
    /// it is truncated or no store.
    pub fn open(directory: &Path, settings: &Settings) -> Result<Self, StoreError> {
        fs::create_dir_all(directory).map_err(io_failure)?;
        let lock = Lock::take(directory)?;
        for unfinished in [import::UNFINISHED, backup::UNFINISHED] {
            remove(&directory.join(unfinished))?;
        }
        let length = file_size::examine(directory)?;
        let short = match length {
            Length::Short { found, expected } => Some((found, expected)),
            Length::Nothing | Length::Whole => None,
        };
        if let Some((_, expected)) = short {
            set_length(directory, expected)?;
        }
        let tables = Tables::open(directory, settings.map_size, Mode::Owner)?;
        if length == Length::Nothing {
            // Without this a power cut could take the file's name, and every commit with it.
            sync_directory(directory)?;
        }
        tables.forget_dead_readers();
        tables.check_format()?;
        if let Some((found, expected)) = short {
            // After a kill the last pages may be missing because they were given up before they were written: then nothing
            // leads to them, and everything can be read.
            if check::rows(&tables).is_err() {
                set_length(directory, found)?;
                return Err(file_size::truncated(directory, found, expected));
            }
        }
        tables.check_seal_key(&settings.seal_key_ids)?;
        Self::new(tables, Some(lock))
    }

    /// Opens an existing store for reading, beside the process that serves it. Nothing can be applied to it.
    pub fn open_beside(directory: &Path, settings: &Settings) -> Result<Self, StoreError> {
        match file_size::examine(directory)? {
            Length::Nothing => {
                let path = directory.join(FILE);
                return Err(StoreError::Unavailable(format!("there is no store at {}", path.display()).into()));
            }
            Length::Short { found, expected } => return Err(file_size::truncated(directory, found, expected)),
            Length::Whole => {}
        }
        let tables = Tables::open(directory, settings.map_size, Mode::Reader)?;
        tables.check_format_of_reader()?;
        Self::new(tables, None)
    }

    fn new(tables: Tables, lock: Option<Lock>) -> Result<Self, StoreError> {
        let descriptions = tables.attributes(&tables.read()?)?;
        let persisted_attributes = descriptions.len();
        Ok(Self { tables, attribute_ids: Arc::new(AttributeIds::load(descriptions)), persisted_attributes, lock })
    }

    /// The attribute ids that the store knows; the schema is built on them.
    pub fn attribute_ids(&self) -> Arc<AttributeIds> {
        Arc::clone(&self.attribute_ids)
    }

    /// How many entries it has.
    pub fn entries(&self) -> Result<u64, StoreError> {
        self.tables.entry.len(&*self.tables.read()?).map_err(|error| self.tables.failed(error))
    }

    /// Begins to serve. `suffixes`: the names that need no entry above them. If `indexes` are not those that the store was
    /// built for, they are built now, which takes a while where there are many entries.
    pub fn start(self, schema: Arc<Schema>, indexes: Indexes, suffixes: Vec<DnKey>) -> Result<Embedded, StoreError> {
        let rules = Arc::new(Rules { schema, indexes, attribute_ids: Arc::clone(&self.attribute_ids), suffixes });
        let writes = self.lock.is_some();
        if writes {
            rebuild::if_needed(&self.tables, &rules)?;
        }
        let snapshot = self.tables.read()?;
        let last_change = self.tables.number(&snapshot, Number::LastChange)?;
        let fence = self.tables.number(&snapshot, Number::Fence)?;
        let readers = Readers::new(if writes { snapshot.id() } else { 0 });
        let entries = self.tables.entry.len(&snapshot).map_err(|error| self.tables.failed(error))?;
        let (hints, ahead) = (Hints::for_entries(entries), Ahead::for_entries(entries));
        drop(snapshot);
        let shared = Arc::new(Shared::new(self.tables, readers, last_change));
        let writer = if writes {
            Some(Writer::start(Arc::clone(&shared), Arc::clone(&rules), self.persisted_attributes)?)
        } else {
            None
        };
        Ok(Embedded { writer, shared, rules, hints, ahead, fence, _lock: self.lock })
    }
}

impl Embedded {
    fn reading<'a, R>(
        &self,
        work: impl FnOnce(&Tables, &Reader<'static>) -> Result<R, StoreError>,
    ) -> Answer<'a, Result<R, StoreError>> {
        let tables = &self.shared.tables;
        Answer::ready(self.shared.readers.with(tables, |txn| work(tables, txn)))
    }
}

impl Store for Embedded {
    fn find<'a>(&'a self, key: &'a DnKey) -> Answer<'a, Result<Option<EntryId>, StoreError>> {
        self.reading(|tables, txn| id_of(tables, txn, key))
    }

    fn read<'a>(
        &'a self,
        target: Target<'a>,
        with_factors: bool,
        reader: &'a mut (dyn FnMut(Found<'_>) + Send),
    ) -> Answer<'a, Result<bool, StoreError>> {
        self.reading(|tables, txn| {
            Snapshot { tables, txn, hints: &self.hints, ahead: &self.ahead }.read(target, with_factors, reader)
        })
    }

    fn search<'a>(
        &'a self,
        query: &'a Query<'a>,
        from: Option<&'a Position>,
        visitor: &'a mut (dyn FnMut(Found<'_>) -> Step + Send),
    ) -> Answer<'a, Result<Progress, StoreError>> {
        self.reading(|tables, txn| {
            Snapshot { tables, txn, hints: &self.hints, ahead: &self.ahead }.search(&self.rules, query, from, visitor)
        })
    }

    fn apply(&self, changes: Vec<Change>) -> Answer<'static, Result<Applied, StoreError>> {
        let Some(writer) = &self.writer else {
            return Answer::ready(Err(StoreError::Unavailable("the store is open for reading only".into())));
        };
        match writer.submit(changes) {
            Ok(outcome) => Answer::later(async { outcome.await.unwrap_or_else(|_| Err(stopped())) }),
            Err(error) => Answer::ready(Err(error)),
        }
    }

    fn last_change(&self) -> u64 {
        self.shared.last_change.load(Ordering::Acquire)
    }

    fn fence(&self) -> u64 {
        self.fence
    }

    fn statistics(&self) -> Answer<'_, Result<Statistics, StoreError>> {
        let (times, sizes) = (&self.shared.commit_times, &self.shared.commit_sizes);
        self.reading(|tables, txn| {
            let so_far =
                Statistics { commit_times: times.so_far(), commit_sizes: sizes.so_far(), ..tables.statistics(txn)? };
            Ok(so_far)
        })
    }

    fn backup<'a>(&'a self, to: &'a Path) -> Answer<'a, Result<(), StoreError>> {
        let (tables, to): (_, PathBuf) = (self.shared.tables.clone(), to.to_owned());
        Answer::later(async move {
            let copying = tokio::task::spawn_blocking(move || backup::copy(&tables, &to));
            copying.await.unwrap_or_else(|error| Err(StoreError::Unavailable(error.into())))
        })
    }
}

fn set_length(directory: &Path, length: u64) -> Result<(), StoreError> {
    let file = fs::OpenOptions::new().write(true).open(directory.join(FILE)).map_err(io_failure)?;
    file.set_len(length).map_err(io_failure)
}
