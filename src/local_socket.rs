//! The Unix socket in the data directory (ldapi): where it is, also when its path is longer than the 107 octets that the
//! system takes for one.

use std::{
    fs::File,
    io,
    os::fd::AsRawFd,
    path::{Path, PathBuf},
};

/// The socket's name.
const NAME: &str = "ldapi";

/// What fits into a socket's address.
const LONGEST_PATH: usize = 100;

/// A path under which the socket can be bound and reached for as long as this lives.
#[derive(Debug)]
pub struct LocalSocket {
    path: PathBuf,
    name: PathBuf,
    _folder: Option<File>,
}

impl LocalSocket {
    /// The socket of a data directory.
    ///
    /// # Errors
    /// When the path is long and the folder cannot be opened.
    pub fn in_folder(folder: &Path) -> io::Result<Self> {
        let name = folder.join(NAME);
        if name.as_os_str().len() <= LONGEST_PATH {
            return Ok(Self { path: name.clone(), name, _folder: None });
        }
        let folder = File::open(folder)?;
        let path = PathBuf::from(format!("/proc/self/fd/{}", folder.as_raw_fd())).join(NAME);
        Ok(Self { path, name, _folder: Some(folder) })
    }

    /// What it is called, for people.
    pub fn name(&self) -> &Path {
        &self.name
    }

    /// Where to bind or connect.
    pub fn path(&self) -> &Path {
        &self.path
    }
}
