//! The LMDB file and its tables: opened, made, and their error codes read. What the rows mean is at home in the neighbours.

use std::{
    fs::File,
    io,
    path::{Path, PathBuf},
};

use heed::{
    CommitOrAbort, Database, Env, EnvFlags, EnvOpenOptions, IntegerComparator, RoTxn, RwTxn, WithoutTls, types::Bytes,
};

use super::super::StoreError;

/// The file that holds everything, inside the data directory.
pub(super) const FILE: &str = "data.mdb";

/// A table of octets to octets. Which table a handle belongs to never changes after opening.
pub(super) type Table = Database<'static, Bytes, Bytes>;

/// A table by entry id (`keys::id`): compared as numbers, which is half the way to a row.
pub(super) type ById = Database<'static, Bytes, Bytes, IntegerComparator>;

/// A read transaction that may move between threads.
pub(super) type Reader<'e> = RoTxn<'e, WithoutTls>;

/// How the file is opened.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Mode {
    /// By the one process that writes it.
    Owner,
    /// Beside a process that may be writing it.
    Reader,
    /// Into a new file that nobody trusts before it is whole: commits do not wait for the disk.
    Load,
}

/// The open file and its tables.
#[derive(Clone)]
pub(super) struct Tables {
    pub(super) env: Env<WithoutTls>,
    /// Where the file lies.
    pub(super) directory: PathBuf,
    /// Entry id to envelope of the encoded entry.
    pub(super) entry: ById,
    /// Name key (`keys::name`) to envelope of the id.
    pub(super) name: Table,
    /// Term (`keys::term`) to ids (`postings`).
    pub(super) index: Table,
    /// Entry id to envelope of the factor record.
    pub(super) factor: ById,
    /// Sequence number and id to what was deleted.
    pub(super) tombstone: Table,
    /// Format, counters, attribute ids, fence (`meta`).
    pub(super) meta: Table,
}

impl Tables {
    /// Opens the file in `directory`, making file and tables where `mode` writes.
    pub(super) fn open(directory: &Path, map_size: u64, mode: Mode) -> Result<Self, StoreError> {
        let env = open_env(directory, map_size, mode)?;
        let (entry, name, index, factor, tombstone, meta) =
            if mode == Mode::Reader { existing(&env)? } else { created(&env)? };
        Ok(Self { env, directory: directory.to_owned(), entry, name, index, factor, tombstone, meta })
    }

    /// A fresh snapshot.
    pub(super) fn read(&self) -> Result<Reader<'static>, StoreError> {
        self.env.clone().static_read_txn().map_err(|error| self.failed(error))
    }

    /// The one write transaction; waits for another one of this process.
    pub(super) fn write(&self) -> Result<RwTxn<'_>, StoreError> {
        self.env.write_txn().map_err(|error| self.failed(error))
    }

    /// Lets go of snapshots that processes beside this one (an export, a backup) held when they were killed: their pages could
    /// never be used again.
    pub(super) fn forget_dead_readers(&self) {
        // Failing costs room, not truth; the next round tries again.
        let _ = self.env.clear_stale_readers();
    }

    /// What an LMDB failure means. A short write on a full disk comes as an I/O error, so the disk is asked.
    pub(super) fn failed(&self, error: heed::Error) -> StoreError {
        failure(&self.directory, error)
    }

    /// Makes sure all of the file is on disk, and takes it out of the page cache: what a bulk load left there would make every
    /// later sync walk it (design.md section 5).
    pub(super) fn settle(&self) -> Result<(), StoreError> {
        self.env.force_sync().map_err(|error| self.failed(error))?;
        let file = File::open(self.directory.join(FILE)).map_err(io_failure)?;
        file.sync_all().map_err(io_failure)?;
        rustix::fs::fadvise(&file, 0, None, rustix::fs::Advice::DontNeed).map_err(|error| io_failure(error.into()))
    }
}

/// The tables in the order of the fields above.
type All = (ById, Table, Table, ById, Table, Table);

/// What a table is called in the file.
const NAMES: [&str; 6] = ["entry", "name", "index", "factor", "tombstone", "meta"];

fn created(env: &Env<WithoutTls>) -> Result<All, StoreError> {
    let failed = |error| failure(env.path(), error);
    let txn = env.write_txn().map_err(failed)?;
    env.create_databases_and_commit(txn, |opener, txn| {
        let mut plain = opener.database_options().types::<Bytes, Bytes>();
        let mut by_id = plain.key_comparator::<IntegerComparator>();
        let [entry, name, index, factor, tombstone, meta] = NAMES;
        Ok(CommitOrAbort::<_, ()>::Commit((
            by_id.name(entry).create(txn)?,
            plain.name(name).create(txn)?,
            plain.name(index).create(txn)?,
            by_id.name(factor).create(txn)?,
            plain.name(tombstone).create(txn)?,
            plain.name(meta).create(txn)?,
        )))
    })
    .map_err(failed)?
    .commit()
    .ok_or_else(|| StoreError::Damaged("its tables could not be made".into()))
}

fn existing(env: &Env<WithoutTls>) -> Result<All, StoreError> {
    let failed = |error| failure(env.path(), error);
    let missing = || heed::Error::Mdb(heed::MdbError::NotFound);
    let txn = env.read_txn().map_err(failed)?;
    env.open_databases_and_commit(txn, |opener, txn| {
        let mut plain = opener.database_options().types::<Bytes, Bytes>();
        let mut by_id = plain.key_comparator::<IntegerComparator>();
        let [entry, name, index, factor, tombstone, meta] = NAMES;
        Ok(CommitOrAbort::<_, ()>::Commit((
            by_id.name(entry).open(txn)?.ok_or_else(missing)?,
            plain.name(name).open(txn)?.ok_or_else(missing)?,
            plain.name(index).open(txn)?.ok_or_else(missing)?,
            by_id.name(factor).open(txn)?.ok_or_else(missing)?,
            plain.name(tombstone).open(txn)?.ok_or_else(missing)?,
            plain.name(meta).open(txn)?.ok_or_else(missing)?,
        )))
    })
    .map_err(failed)?
    .commit()
    .ok_or_else(|| StoreError::Damaged("its tables could not be opened".into()))
}

/// Concurrent snapshots: parked and working readers, exports and backups.
const MAX_READERS: u32 = 1024;

#[expect(unsafe_code, reason = "opening a memory map is unsafe by nature; what is done about it stands inside")]
fn open_env(directory: &Path, map_size: u64, mode: Mode) -> Result<Env<WithoutTls>, StoreError> {
    let size = usize::try_from(map_size).unwrap_or(usize::MAX) & !0xFFFF;
    let mut options = EnvOpenOptions::new().read_txn_without_tls();
    options.map_size(size.max(1 << 16)).max_readers(MAX_READERS).max_dbs(16);
    // SAFETY: The map is undefined if others change the file. Only LMDB writes it: the data directory is locked for one process
    // (lock.rs), readers beside it go through LMDB's own reader table, and the file's size was held against its meta pages before
    // (file_size.rs). NO_SYNC is used only for a file that is thrown away unless the load ends with a sync.
    let opened = unsafe {
        match mode {
            Mode::Owner => {}
            Mode::Reader => drop(options.flags(EnvFlags::READ_ONLY)),
            Mode::Load => drop(options.flags(EnvFlags::NO_SYNC)),
        }
        // Lookups are scattered: reading ahead would only push useful pages out.
        options.flags(EnvFlags::NO_READ_AHEAD).open(directory)
    };
    opened.map_err(|error| failure(directory, error))
}

/// What an LMDB failure means to the callers of a store.
fn failure(directory: &Path, error: heed::Error) -> StoreError {
    use heed::MdbError;
    match error {
        heed::Error::Mdb(MdbError::MapFull) => StoreError::Full,
        heed::Error::Mdb(code @ (MdbError::Corrupted | MdbError::PageNotFound | MdbError::Invalid)) => {
            StoreError::Damaged(format!("{}: {code}", directory.join(FILE).display()))
        }
        heed::Error::Mdb(MdbError::NotFound) => StoreError::Damaged("a table is missing".into()),
        heed::Error::Io(error) if is_full(directory, &error) => StoreError::Full,
        error => StoreError::Unavailable(error.into()),
    }
}

/// Whether a write failed for want of room. LMDB tells a write that ended early as an I/O error, so the disk is asked then.
fn is_full(directory: &Path, error: &io::Error) -> bool {
    const EIO: i32 = 5;
    is_out_of_room(error)
        || (error.raw_os_error() == Some(EIO) && (disk_is_full(directory) || file_is_at_its_limit(directory)))
}

fn disk_is_full(directory: &Path) -> bool {
    rustix::fs::statvfs(directory).is_ok_and(|disk| disk.f_bavail < 64)
}

fn file_is_at_its_limit(directory: &Path) -> bool {
    let limit = rustix::process::getrlimit(rustix::process::Resource::Fsize).current;
    let length = std::fs::metadata(directory.join(FILE)).map(|file| file.len());
    limit.zip(length.ok()).is_some_and(|(limit, length)| length >= limit)
}

/// Makes names in a directory durable.
pub(super) fn sync_directory(directory: &Path) -> Result<(), StoreError> {
    File::open(directory).and_then(|directory| directory.sync_all()).map_err(io_failure)
}

/// Removes a directory with all that is in it, if it is there.
pub(super) fn remove(directory: &Path) -> Result<(), StoreError> {
    match std::fs::remove_dir_all(directory) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(io_failure(error)),
        _ => Ok(()),
    }
}

/// A full disk, a quota, or a limit on the size of files.
fn is_out_of_room(error: &io::Error) -> bool {
    matches!(error.kind(), io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded | io::ErrorKind::FileTooLarge)
}

/// A failed file operation.
pub(super) fn io_failure(error: io::Error) -> StoreError {
    if is_out_of_room(&error) { StoreError::Full } else { StoreError::Unavailable(error.into()) }
}
