//! Loading many entries: into an empty store by sorting and appending, into one that has entries by ordinary changes.
//!
//! The load goes into a new file beside the store's own, which takes its place when it is whole and on disk: a load that fails, or
//! a machine that stops, leaves the store as it was. Memory stays bounded however many entries come: names and index terms are
//! sorted in runs on disk (sort.rs), pages go out with every transaction.

use std::{fmt, fs, path::Path, sync::Arc};

use heed::PutFlags;

use super::{
    super::{Change, EntryId, Incoming, Store, StoreError, Version},
    Opened,
    draft::readable,
    envelope::{EntryRow, FactorRow, seal_name},
    keys,
    meta::Number,
    rebuild::{self, Appender, Poster, SORT_BUDGET},
    rules::Rules,
    sort::Sorter,
    tables::{FILE, Mode, Tables, io_failure, remove, sync_directory},
};
use crate::directory::{
    dn::{DnKey, parent_key},
    index_terms::Indexes,
    schema::Schema,
};

/// Where a load goes until it is whole.
pub(super) const UNFINISHED: &str = "import.tmp";

/// What a load is at.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stage {
    /// Taking entries; counts entries.
    Entries,
    /// Writing names; counts names.
    Names,
    /// Writing the index; counts its rows.
    Index,
}

/// Told now and then how far a load came: the stage and its count.
pub type OnProgress<'p> = &'p mut dyn FnMut(Stage, u64);

/// Why a load failed; the store is as it was before, except after `add`, which says how many entries it took.
pub enum ImportError {
    /// The source failed, or held something that is no entry.
    Source(Box<dyn std::error::Error + Send + Sync>),
    /// The store holds entries already.
    NotEmpty(u64),
    /// An entry with this name comes twice, or is in the store already.
    Twice(String),
    /// The entry above this name is missing.
    Orphan(String),
    /// The store failed.
    Store(StoreError),
}

impl Opened {
    /// Loads all of `source` into this store, which must have no entries; parents and children may come in any order.
    /// Gives the number of entries.
    ///
    /// The store is closed then; `Opened::open` opens it with its entries.
    pub fn import(
        self,
        schema: Arc<Schema>,
        indexes: Indexes,
        suffixes: Vec<DnKey>,
        source: &mut dyn Iterator<Item = Result<Incoming, Box<dyn std::error::Error + Send + Sync>>>,
        progress: OnProgress<'_>,
    ) -> Result<u64, ImportError> {
        match self.entries()? {
            0 => {}
            some => return Err(ImportError::NotEmpty(some)),
        }
        let directory = self.tables.directory.clone();
        let beside = directory.join(UNFINISHED);
        remove(&beside)?;
        fs::create_dir(&beside).map_err(io_failure)?;
        let rules = Rules { schema, indexes, attribute_ids: self.attribute_ids(), suffixes };
        let map_size = self.tables.env.info().map_size as u64;
        let tables = Tables::open(&beside, map_size, Mode::Load)?;
        let mut load = Load { tables: &tables, rules: &rules, count: 0, long_names: Vec::new() };
        load.carry_over(&self.tables)?;
        let loaded = load.run(source, progress);
        let settled = loaded.and_then(|()| tables.settle().map_err(ImportError::Store));
        let count = load.count;
        close(tables);
        let moved = settled.and_then(|()| self.replace_by(&beside).map_err(ImportError::Store));
        remove(&beside)?;
        moved.map(|()| count)
    }

    /// Puts the file in `beside` in the place of this store's.
    fn replace_by(self, beside: &Path) -> Result<(), StoreError> {
        let Self { tables, lock, .. } = self;
        let directory = tables.directory.clone();
        close(tables);
        fs::rename(beside.join(FILE), directory.join(FILE)).map_err(io_failure)?;
        sync_directory(&directory)?;
        drop(lock);
        Ok(())
    }
}

/// One load into an empty file.
struct Load<'t> {
    tables: &'t Tables,
    rules: &'t Rules,
    count: u64,
    /// Names that are too long for their stored key to tell the name above.
    long_names: Vec<(DnKey, EntryId)>,
}

type Source<'s> = &'s mut dyn Iterator<Item = Result<Incoming, Box<dyn std::error::Error + Send + Sync>>>;

impl Load<'_> {
    /// What the old file knows and the new one must not forget: the numbers that only ever grow, the seal key.
    fn carry_over(&self, old: &Tables) -> Result<(), StoreError> {
        let snapshot = old.read()?;
        let mut txn = self.tables.write()?;
        for row in old.meta.iter(&snapshot).map_err(|error| old.failed(error))? {
            let (key, value) = row.map_err(|error| old.failed(error))?;
            self.tables.meta.put(&mut txn, key, value).map_err(|error| self.tables.failed(error))?;
        }
        txn.commit().map_err(|error| self.tables.failed(error))
    }

    fn run(&mut self, source: Source<'_>, progress: OnProgress<'_>) -> Result<(), ImportError> {
        let directory = self.tables.directory.clone();
        let mut names = Sorter::new(&directory, SORT_BUDGET / 2);
        let mut postings = Sorter::new(&directory, SORT_BUDGET);
        self.entries(source, &mut names, &mut postings, progress)?;
        let parents = self.names(names, progress)?;
        self.child_counts(parents)?;
        rebuild::load(self.tables, postings, |rows| progress(Stage::Index, rows))?;
        rebuild::finish(self.tables, self.rules)?;
        Ok(())
    }

    /// Appends every entry under the next id, and collects what must be sorted.
    fn entries(
        &mut self,
        source: Source<'_>,
        names: &mut Sorter,
        postings: &mut Sorter,
        progress: OnProgress<'_>,
    ) -> Result<(), ImportError> {
        let snapshot = self.tables.read()?;
        let first = self.tables.number(&snapshot, Number::NextId)?;
        let version = Version(self.tables.number(&snapshot, Number::LastChange)? + 1);
        drop(snapshot);
        let (mut appender, mut poster, mut row) = (Appender::begin(self.tables)?, Poster::default(), Vec::new());
        for incoming in source {
            let Incoming { entry, factors } = incoming.map_err(ImportError::Source)?;
            let id = EntryId(first + self.count);
            EntryRow { version, children: 0, entry: &entry }.seal(id, &mut row);
            appender.put(&self.tables.entry, PutFlags::APPEND, &keys::id(id), &row)?;
            if let Some(record) = factors {
                FactorRow { version, record: &record }.seal(id, &mut row);
                appender.put(&self.tables.factor, PutFlags::APPEND, &keys::id(id), &row)?;
            }
            let key = readable(&entry)?.key();
            let stored = keys::name(key);
            if !keys::is_whole_name(&stored) {
                self.long_names.push((DnKey::from_bytes(key), id));
            }
            names.push(&stored, &id.0.to_be_bytes())?;
            poster.post(id, &entry, self.rules, postings)?;
            self.count += 1;
            if self.count.is_multiple_of(1000) {
                progress(Stage::Entries, self.count);
            }
        }
        appender.finish()?;
        progress(Stage::Entries, self.count);
        self.numbers(first + self.count, version)
    }

    /// Writes counters and attribute ids.
    fn numbers(&self, next_id: u64, version: Version) -> Result<(), ImportError> {
        let mut txn = self.tables.write()?;
        self.tables.set_number(&mut txn, Number::NextId, next_id)?;
        self.tables.set_number(&mut txn, Number::LastChange, version.0)?;
        self.tables.add_attributes(&mut txn, 0, &self.rules.attribute_ids.descriptions())?;
        txn.commit().map_err(|error| self.tables.failed(error))?;
        Ok(())
    }

    /// Appends the sorted names. A name comes right after those above it, so the open ones are a stack; gives how many
    /// children each closed one had.
    fn names(&mut self, names: Sorter, progress: OnProgress<'_>) -> Result<Vec<(EntryId, u64)>, ImportError> {
        let mut appender = Appender::begin(self.tables)?;
        let mut open: Vec<Open> = Vec::new();
        let mut closed = Vec::new();
        let (mut done, mut last, mut refused) = (0_u64, Vec::new(), None);
        let merged = names.merge(|key, id| {
            let id = EntryId(u64::from_be_bytes(id.try_into().unwrap_or_default()));
            if last == key {
                refused = Some(ImportError::Twice(self.name_of(id)));
                return Err(StoreError::Exists);
            }
            last.clear();
            last.extend_from_slice(key);
            while let Some(top) = open.pop_if(|top| !key.starts_with(&top.key)) {
                closed.extend(top.counted());
            }
            if keys::is_whole_name(key) {
                let parent = parent_key(key).unwrap_or_default();
                match open.last_mut().filter(|top| top.key == parent) {
                    Some(top) => top.children += 1,
                    None if self.rules.suffixes.iter().any(|suffix| suffix.as_bytes() == key) => {}
                    None => {
                        refused = Some(ImportError::Orphan(self.name_of(id)));
                        return Err(StoreError::NoParent);
                    }
                }
                open.push(Open { key: key.to_vec(), id, children: 0 });
            }
            appender.put(&self.tables.name, PutFlags::APPEND, key, &seal_name(key, id))?;
            done += 1;
            if done.is_multiple_of(10_000) {
                progress(Stage::Names, done);
            }
            Ok(())
        });
        merged.map_err(|error| refused.take().unwrap_or(ImportError::Store(error)))?;
        appender.finish()?;
        closed.extend(open.into_iter().filter_map(|open| open.counted()));
        Ok(closed)
    }

    /// Writes how many children entries have, those with long names included.
    fn child_counts(&self, mut parents: Vec<(EntryId, u64)>) -> Result<(), ImportError> {
        let mut txn = self.tables.write()?;
        for (key, id) in &self.long_names {
            let parent = key.parent().unwrap_or_default();
            match super::draft::id_of(self.tables, &txn, &parent)? {
                Some(parent) => parents.push((parent, 1)),
                None if self.rules.suffixes.contains(key) => {}
                None => return Err(ImportError::Orphan(self.name_of(*id))),
            }
        }
        parents.sort_unstable();
        let mut row = Vec::new();
        for same in parents.chunk_by(|left, right| left.0 == right.0) {
            let Some((id, _)) = same.first() else { continue };
            let key = keys::id(*id);
            let stored = self.tables.entry.get(&txn, &key).map_err(|error| self.tables.failed(error))?;
            let entry = EntryRow::open(*id, stored.ok_or(StoreError::NotFound)?)?;
            let children = entry.children + same.iter().map(|(_, children)| children).sum::<u64>();
            EntryRow { children, ..entry }.seal(*id, &mut row);
            self.tables.entry.put(&mut txn, &key, &row).map_err(|error| self.tables.failed(error))?;
        }
        txn.commit().map_err(|error| self.tables.failed(error))?;
        Ok(())
    }

    /// The name of a loaded entry, for a message.
    fn name_of(&self, id: EntryId) -> String {
        let name = || -> Result<String, StoreError> {
            let snapshot = self.tables.read()?;
            let stored = self.tables.entry.get(&snapshot, &keys::id(id));
            let stored = stored.map_err(|error| self.tables.failed(error))?.ok_or(StoreError::NotFound)?;
            Ok(readable(EntryRow::open(id, stored)?.entry)?.dn().to_owned())
        };
        name().unwrap_or_else(|_| format!("number {}", id.0))
    }
}

/// A name whose children are coming.
struct Open {
    key: Vec<u8>,
    id: EntryId,
    children: u64,
}

impl Open {
    fn counted(self) -> Option<(EntryId, u64)> {
        (self.children > 0).then_some((self.id, self.children))
    }
}

/// Adds all of `source` to a store that may have entries, as ordinary changes; parents must come before their children.
/// Stops at the first entry that cannot be added; what was added before stays.
pub async fn add(
    store: &dyn Store,
    source: &mut (dyn Iterator<Item = Result<Incoming, Box<dyn std::error::Error + Send + Sync>>> + Send),
    progress: &mut (dyn FnMut(Stage, u64) + Send),
) -> Result<u64, (u64, ImportError)> {
    let mut count = 0;
    for incoming in source {
        let Incoming { entry, factors } = incoming.map_err(|error| (count, ImportError::Source(error)))?;
        let (key, name) = {
            let entry = readable(&entry).map_err(|error| (count, ImportError::Store(error)))?;
            (DnKey::from_bytes(entry.key()), entry.dn().to_owned())
        };
        match store.apply(vec![Change::Add { key, entry, factors }]).await {
            Ok(_) => count += 1,
            Err(StoreError::Exists) => return Err((count, ImportError::Twice(name))),
            Err(StoreError::NoParent) => return Err((count, ImportError::Orphan(name))),
            Err(error) => return Err((count, ImportError::Store(error))),
        }
        progress(Stage::Entries, count);
    }
    Ok(count)
}

/// Closes a file; returns when it is closed.
pub(super) fn close(tables: Tables) {
    let env = tables.env.clone();
    drop(tables);
    env.prepare_for_closing().wait();
}

impl From<StoreError> for ImportError {
    fn from(error: StoreError) -> Self {
        Self::Store(error)
    }
}

impl fmt::Display for ImportError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Source(error) => error.fmt(f),
            Self::NotEmpty(entries) => {
                write!(f, "the store has {entries} entries already; import into an empty one, or add to it with --add")
            }
            Self::Twice(name) => write!(f, "the entry {name} is there already"),
            Self::Orphan(name) => {
                write!(f, "the entry above {name} is missing; import that too, or configure the name as a base DN")
            }
            Self::Store(error) => error.fmt(f),
        }
    }
}

impl fmt::Debug for ImportError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl std::error::Error for ImportError {}
