//! The files of a database: how much room they take, and that they do not stay in the page cache as a bulk load left them.

use std::{
    fs::{self, File},
    io,
    os::unix::fs::MetadataExt as _,
    path::Path,
};

/// Brings a folder's files to disk and drops their pages from the cache.
///
/// What a bulk load leaves there lies in large folios, and every later `fdatasync` walks them: a slapd so loaded needs ten times
/// the processor time for an add. Both servers are treated alike.
pub(crate) fn settle(folder: &Path) -> io::Result<()> {
    each(folder, &mut |path, _| {
        let file = File::open(path)?;
        file.sync_all()?;
        rustix::fs::fadvise(&file, 0, None, rustix::fs::Advice::DontNeed).map_err(io::Error::from)
    })
}

/// What a folder takes on disk, in MiB.
pub(crate) fn mebibytes(folder: &Path) -> io::Result<f64> {
    let mut blocks = 0;
    each(folder, &mut |_, metadata| {
        blocks += metadata.blocks();
        Ok(())
    })?;
    Ok(blocks as f64 * 512.0 / f64::from(1 << 20))
}

fn each(folder: &Path, visit: &mut dyn FnMut(&Path, &fs::Metadata) -> io::Result<()>) -> io::Result<()> {
    for entry in fs::read_dir(folder)? {
        let path = entry?.path();
        let metadata = fs::symlink_metadata(&path)?;
        if metadata.is_dir() {
            each(&path, visit)?;
        } else if metadata.is_file() {
            visit(&path, &metadata)?;
        }
    }
    Ok(())
}
