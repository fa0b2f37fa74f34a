//! Copies of a store that goes on serving, and stores made from such copies.

use std::{
    fs::{self, File, OpenOptions},
    path::{Path, PathBuf},
};

use heed::CompactionOption;

use super::{
    super::StoreError,
    check,
    file_size::{self, Length},
    meta::Number,
    tables::{FILE, Mode, Tables, io_failure, remove, sync_directory},
};
use super::{Opened, Settings};

/// Where a restored store goes until it is whole.
pub(super) const UNFINISHED: &str = "restore.tmp";

/// Writes a consistent copy to the file `to`, which must not exist yet. It appears under its name when it is whole and on disk.
pub(super) fn copy(tables: &Tables, to: &Path) -> Result<(), StoreError> {
    if fs::exists(to).map_err(io_failure)? {
        return Err(StoreError::Unavailable(
            format!("{} exists already; a backup never overwrites anything", to.display()).into(),
        ));
    }
    let unfinished = unfinished(to);
    let copied = write_copy(tables, &unfinished).and_then(|()| fs::rename(&unfinished, to).map_err(io_failure));
    if copied.is_err() {
        // The error that is on its way says more than a failure to clean up would.
        let _ = fs::remove_file(&unfinished);
    }
    copied
}

fn write_copy(tables: &Tables, to: &Path) -> Result<(), StoreError> {
    let mut file = private_file(to)?;
    tables.env.copy_to_file(&mut file, CompactionOption::Enabled).map_err(|error| tables.failed(error))?;
    file.sync_all().map_err(io_failure)
}

impl Opened {
    /// Writes a consistent copy to the file `to`, which must not exist yet.
    pub fn backup(&self, to: &Path) -> Result<(), StoreError> {
        copy(&self.tables, to)
    }
}

/// Makes a store in `directory` from the copy `from`, and raises its fence to `now` (milliseconds since 1970): codes that were
/// spent after the copy was made are unknown to it, so none up to now may be accepted.
///
/// # Errors
/// `Exists` in words if the directory has a store; `Damaged` if the copy does not hold together; `Unavailable` if it was sealed
/// with another key.
pub fn restore(from: &Path, directory: &Path, settings: &Settings, now: u64) -> Result<(), StoreError> {
    fs::create_dir_all(directory).map_err(io_failure)?;
    let lock = super::lock::Lock::take(directory)?;
    if file_size::examine(directory)? != Length::Nothing {
        let place = directory.join(FILE);
        return Err(StoreError::Unavailable(
            format!("there is a store at {} already; restore into another directory or move it away", place.display())
                .into(),
        ));
    }
    let beside = directory.join(UNFINISHED);
    remove(&beside)?;
    fs::create_dir(&beside).map_err(io_failure)?;
    let restored = raise(from, &beside, settings, now).and_then(|()| {
        fs::rename(beside.join(FILE), directory.join(FILE)).map_err(io_failure)?;
        sync_directory(directory)
    });
    let removed = remove(&beside);
    drop(lock);
    restored.and(removed)
}

/// Copies, checks, and raises the fence, in a directory of its own.
fn raise(from: &Path, directory: &Path, settings: &Settings, now: u64) -> Result<(), StoreError> {
    let mut file = private_file(&directory.join(FILE))?;
    let mut source = File::open(from).map_err(io_failure)?;
    std::io::copy(&mut source, &mut file).and_then(|_| file.sync_all()).map_err(io_failure)?;
    if let Length::Short { found, expected } = file_size::examine(directory)? {
        return Err(file_size::truncated(directory, found, expected));
    }
    let tables = Tables::open(directory, settings.map_size, Mode::Owner)?;
    let raised = tables.check_format_of_reader().and_then(|()| {
        tables.check_seal_key(&settings.seal_key_ids)?;
        check::rows(&tables)?;
        let mut txn = tables.write()?;
        tables.set_number(&mut txn, Number::Fence, now)?;
        txn.commit().map_err(|error| tables.failed(error))
    });
    super::import::close(tables);
    raised
}

/// A new file that only its owner may read: it holds sealed secrets and password hashes.
fn private_file(path: &Path) -> Result<File, StoreError> {
    use std::os::unix::fs::OpenOptionsExt;
    OpenOptions::new().read(true).write(true).create_new(true).mode(0o600).open(path).map_err(io_failure)
}

fn unfinished(to: &Path) -> PathBuf {
    let mut name = to.file_name().unwrap_or_default().to_owned();
    name.push(".unfinished");
    to.with_file_name(name)
}
