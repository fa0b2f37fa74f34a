//! One process per data directory: a lock file that the kernel lets go of when its holder dies, however it dies.

use std::{
    fs::{File, OpenOptions, TryLockError},
    io::{Read, Write},
    path::Path,
};

use super::{super::StoreError, tables::io_failure};

/// Held as long as the data directory is in use.
pub(super) struct Lock {
    _file: File,
}

impl Lock {
    /// Takes the data directory for this process.
    ///
    /// # Errors
    /// `Unavailable`, naming the process that has it.
    pub(super) fn take(directory: &Path) -> Result<Self, StoreError> {
        let path = directory.join("lock");
        let mut file =
            OpenOptions::new().read(true).write(true).create(true).truncate(false).open(&path).map_err(io_failure)?;
        match file.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => return Err(in_use(directory, &mut file)),
            Err(TryLockError::Error(error)) => return Err(io_failure(error)),
        }
        file.set_len(0).and_then(|()| writeln!(file, "{}", std::process::id())).map_err(io_failure)?;
        Ok(Self { _file: file })
    }
}

fn in_use(directory: &Path, file: &mut File) -> StoreError {
    let mut holder = String::new();
    let by = match file.read_to_string(&mut holder) {
        Ok(_) if !holder.trim().is_empty() => format!("process {}", holder.trim()),
        _ => "another process".to_owned(),
    };
    StoreError::Unavailable(
        format!(
            "the data directory {} is in use by {by}; stop it first, or use another directory",
            directory.display()
        )
        .into(),
    )
}
