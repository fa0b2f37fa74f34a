//! Whether the file is as long as its meta pages say, before it is mapped: touching a page beyond the end of a mapped file ends a
//! process with a signal, and a sentence is better.
//!
//! ```text
//! LMDB 0.9 (64-bit, native byte order)      page 0 and page 1, one meta each; the newer transaction counts
//! 0   page header, 16 octets
//! 16  magic u32 | version u32 | address u64 | map size u64
//! 40  free list: page size u32, flags u16, depth u16, 4 x u64, root page u64
//! 88  main tree: likewise
//! 136 last page u64 | transaction u64
//! ```

use std::{fs::File, os::unix::fs::FileExt, path::Path};

use super::{
    super::StoreError,
    tables::{FILE, io_failure},
};

/// What the file's length says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Length {
    /// There is no file, or an empty one: it will be made.
    Nothing,
    /// All pages are there.
    Whole,
    /// The newest transaction's last pages are missing, which is damage or (after a kill) pages that were given up unwritten.
    Short {
        /// Its length.
        found: u64,
        /// The length that its meta page speaks of.
        expected: u64,
    },
}

/// Holds the file's length against its meta pages.
///
/// # Errors
/// `Damaged` if it is no such file, or if the roots of its trees lie beyond its end.
pub(super) fn examine(directory: &Path) -> Result<Length, StoreError> {
    let path = directory.join(FILE);
    let file = match File::open(&path) {
        Ok(file) => file,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(Length::Nothing),
        Err(error) => return Err(io_failure(error)),
    };
    let found = file.metadata().map_err(io_failure)?.len();
    if found == 0 {
        return Ok(Length::Nothing);
    }
    let Some(meta) = newest_meta(&file) else {
        return Err(StoreError::Damaged(format!("{} is not a store, or its first pages are damaged", path.display())));
    };
    let expected = (meta.last_page + 1).saturating_mul(meta.page_size);
    if meta.roots().any(|root| (root + 1).saturating_mul(meta.page_size) > found) {
        return Err(truncated(directory, found, expected));
    }
    Ok(if found < expected { Length::Short { found, expected } } else { Length::Whole })
}

/// The sentence for a file that is too short.
pub(super) fn truncated(directory: &Path, found: u64, expected: u64) -> StoreError {
    StoreError::Damaged(format!(
        "{} is truncated: it has {found} octets and should have {expected}; restore a backup",
        directory.join(FILE).display()
    ))
}

struct Meta {
    page_size: u64,
    free_root: u64,
    main_root: u64,
    last_page: u64,
    transaction: u64,
}

impl Meta {
    const MAGIC: u32 = 0xBEEF_C0DE;
    const LENGTH: usize = 152;

    fn parse(page: &[u8; Self::LENGTH]) -> Option<Self> {
        let word = |at: usize| page.get(at..)?.first_chunk().map(|octets| u64::from_ne_bytes(*octets));
        let half = |at: usize| page.get(at..)?.first_chunk().map(|octets| u32::from_ne_bytes(*octets));
        if half(16)? != Self::MAGIC {
            return None;
        }
        let page_size = u64::from(half(40)?);
        let meta = Self {
            page_size,
            free_root: word(80)?,
            main_root: word(128)?,
            last_page: word(136)?,
            transaction: word(144)?,
        };
        (page_size.is_power_of_two() && (512..=65536).contains(&page_size) && meta.last_page < u64::MAX / 65536)
            .then_some(meta)
    }

    fn roots(&self) -> impl Iterator<Item = u64> {
        [self.free_root, self.main_root].into_iter().filter(|root| *root != u64::MAX)
    }
}

fn newest_meta(file: &File) -> Option<Meta> {
    let at = |offset: u64| {
        let mut page = [0; Meta::LENGTH];
        file.read_exact_at(&mut page, offset).ok().and_then(|()| Meta::parse(&page))
    };
    let first = at(0);
    // The second page's place is the page size, which only the first page tells; without it, the usual one.
    let second = at(first.as_ref().map_or(4096, |meta| meta.page_size));
    [first, second].into_iter().flatten().max_by_key(|meta| meta.transaction)
}
