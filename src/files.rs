//! New files and folders that only their owner may read (0600, 0700), and that never overwrite.

use std::{
    fs::{DirBuilder, OpenOptions},
    io::{self, Write},
    os::unix::fs::{DirBuilderExt, OpenOptionsExt},
    path::Path,
};

/// Writes a new file, durably.
///
/// # Errors
/// When it exists, or cannot be written; the message names it.
pub fn create(path: &Path, content: &[u8]) -> io::Result<()> {
    let write = || {
        let mut file = OpenOptions::new().write(true).create_new(true).mode(0o600).open(path)?;
        file.write_all(content)?;
        file.sync_all()
    };
    write().map_err(|error| named(path, &error))
}

/// Makes a folder and those above it; one that exists stays as it is.
///
/// # Errors
/// When it cannot be made; the message names it.
pub fn create_folder(path: &Path) -> io::Result<()> {
    DirBuilder::new().recursive(true).mode(0o700).create(path).map_err(|error| named(path, &error))
}

fn named(path: &Path, error: &io::Error) -> io::Error {
    io::Error::new(error.kind(), format!("{}: {error}", path.display()))
}
