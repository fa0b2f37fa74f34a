//! One process per data directory: a lock file that the kernel lets go of when its holder dies, however it dies.

use std::{
    fs::{File, OpenOptions, TryLockError},
    io::{Read, Write},
    path::Path,
    thread,
    time::Duration,
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
        let mut patience = PATIENCE;
        loop {
            match file.try_lock() {
                Ok(()) => break,
                Err(TryLockError::WouldBlock) if patience.is_zero() => return Err(in_use(directory, &mut file)),
                Err(TryLockError::WouldBlock) => {
                    // A process that was killed a moment ago may still be giving its memory back.
                    thread::sleep(PAUSE);
                    patience = patience.saturating_sub(PAUSE);
                }
                Err(TryLockError::Error(error)) => return Err(io_failure(error)),
            }
        }
        file.set_len(0).and_then(|()| writeln!(file, "{}", std::process::id())).map_err(io_failure)?;
        Ok(Self { _file: file })
    }
}

/// How long a holder that is about to be gone is waited for.
const PATIENCE: Duration = Duration::from_secs(2);
const PAUSE: Duration = Duration::from_millis(20);

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
