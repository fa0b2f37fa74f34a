//! What stands around each stored value: a checksum that also covers its key, and a version. A flipped byte, or a value under a
//! wrong key, is refused with a sentence and never believed.
//!
//! ```text
//! entry   crc32c u32 | version u64 | children u64 | encoded entry      crc over the id and all after the crc
//! factor  crc32c u32 | version u64 | record                           crc over the id and all after the crc
//! name    crc32c u32 | id u64                                         crc over the stored key and the id
//! ```
//! All numbers are little-endian here.

use super::super::{EntryId, StoreError, Version};

/// An entry row.
#[derive(Clone, Copy)]
pub(super) struct EntryRow<'a> {
    pub(super) version: Version,
    pub(super) children: u64,
    pub(super) entry: &'a [u8],
}

/// A factor row.
#[derive(Clone, Copy)]
pub(super) struct FactorRow<'a> {
    pub(super) version: Version,
    pub(super) record: &'a [u8],
}

impl<'a> EntryRow<'a> {
    pub(super) fn open(id: EntryId, stored: &'a [u8]) -> Result<Self, StoreError> {
        let parts = checked(&id.0.to_be_bytes(), stored)
            .and_then(|rest| Some((take_u64(rest)?, rest.get(8..)?)))
            .and_then(|(version, rest)| Some((version, take_u64(rest)?, rest.get(8..)?)));
        match parts {
            Some((version, children, entry)) => Ok(Self { version: Version(version), children, entry }),
            None => Err(damaged("entry", id)),
        }
    }

    /// Replaces `out` by the row's stored form.
    pub(super) fn seal(&self, id: EntryId, out: &mut Vec<u8>) {
        out.clear();
        out.extend_from_slice(&[0; 4]);
        out.extend_from_slice(&self.version.0.to_le_bytes());
        out.extend_from_slice(&self.children.to_le_bytes());
        out.extend_from_slice(self.entry);
        finish(&id.0.to_be_bytes(), out);
    }
}

impl<'a> FactorRow<'a> {
    pub(super) fn open(id: EntryId, stored: &'a [u8]) -> Result<Self, StoreError> {
        let parts = checked(&id.0.to_be_bytes(), stored).and_then(|rest| Some((take_u64(rest)?, rest.get(8..)?)));
        match parts {
            Some((version, record)) => Ok(Self { version: Version(version), record }),
            None => Err(damaged("factor record of entry", id)),
        }
    }

    /// Replaces `out` by the row's stored form.
    pub(super) fn seal(&self, id: EntryId, out: &mut Vec<u8>) {
        out.clear();
        out.extend_from_slice(&[0; 4]);
        out.extend_from_slice(&self.version.0.to_le_bytes());
        out.extend_from_slice(self.record);
        finish(&id.0.to_be_bytes(), out);
    }
}

/// The stored form of a name row.
pub(super) fn seal_name(key: &[u8], id: EntryId) -> [u8; 12] {
    let mut row = [0; 12];
    let id = id.0.to_le_bytes();
    let crc = crc32c::crc32c_append(crc32c::crc32c(key), &id);
    let (head, tail) = row.split_at_mut(4);
    head.copy_from_slice(&crc.to_le_bytes());
    tail.copy_from_slice(&id);
    row
}

/// The id in a name row.
pub(super) fn open_name(key: &[u8], stored: &[u8]) -> Result<EntryId, StoreError> {
    checked(key, stored)
        .filter(|rest| rest.len() == 8)
        .and_then(take_u64)
        .map(EntryId)
        .ok_or_else(|| StoreError::Damaged("a row of the names does not match its checksum".into()))
}

fn damaged(what: &str, id: EntryId) -> StoreError {
    StoreError::Damaged(format!("the {what} {} does not match its checksum", id.0))
}

fn checked<'a>(key: &[u8], stored: &'a [u8]) -> Option<&'a [u8]> {
    let (crc, rest) = stored.split_first_chunk::<4>()?;
    (crc32c::crc32c_append(crc32c::crc32c(key), rest) == u32::from_le_bytes(*crc)).then_some(rest)
}

fn finish(key: &[u8], out: &mut [u8]) {
    if let Some((head, rest)) = out.split_first_chunk_mut::<4>() {
        *head = crc32c::crc32c_append(crc32c::crc32c(key), rest).to_le_bytes();
    }
}

fn take_u64(bytes: &[u8]) -> Option<u64> {
    bytes.first_chunk::<8>().map(|chunk| u64::from_le_bytes(*chunk))
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::indexing_slicing)]
mod tests {
    use super::*;

    #[test]
    fn an_entry_row_survives_and_every_flipped_bit_is_noticed() {
        let row = EntryRow { version: Version(7), children: 3, entry: b"some entry" };
        let mut stored = Vec::new();
        row.seal(EntryId(9), &mut stored);
        let opened = EntryRow::open(EntryId(9), &stored).unwrap();
        assert_eq!((opened.version, opened.children, opened.entry), (Version(7), 3, &b"some entry"[..]));
        assert!(EntryRow::open(EntryId(10), &stored).is_err(), "under another id");
        for at in 0..stored.len() * 8 {
            let mut bad = stored.clone();
            bad[at / 8] ^= 1 << (at % 8);
            assert!(EntryRow::open(EntryId(9), &bad).is_err());
        }
        for length in 0..stored.len() {
            assert!(EntryRow::open(EntryId(9), &stored[..length]).is_err());
        }
    }

    #[test]
    fn a_name_row_belongs_to_its_key() {
        let row = seal_name(b"dc=com\0", EntryId(5));
        assert_eq!(open_name(b"dc=com\0", &row).unwrap(), EntryId(5));
        assert!(open_name(b"dc=con\0", &row).is_err());
        assert!(open_name(b"dc=com\0", &row[..11]).is_err());
    }

    #[test]
    fn a_factor_row_survives() {
        let mut stored = Vec::new();
        FactorRow { version: Version(2), record: b"" }.seal(EntryId(1), &mut stored);
        let opened = FactorRow::open(EntryId(1), &stored).unwrap();
        assert_eq!((opened.version, opened.record), (Version(2), &b""[..]));
    }
}
