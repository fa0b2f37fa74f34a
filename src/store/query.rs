//! What may be asked of a store that reads: targets, queries, what is found, and positions to resume from.

use super::change::{EntryId, Version};
use crate::directory::{dn::DnKey, entry::EntryRef, filter::CompiledFilter};

/// Which entry to read.
#[derive(Clone, Copy, Debug)]
pub enum Target<'a> {
    /// By name.
    Key(&'a DnKey),
    /// By id.
    Id(EntryId),
}

/// One entry as found, borrowed from the store for the length of a call.
#[derive(Clone, Copy, Debug)]
pub struct Found<'a> {
    /// Its id.
    pub id: EntryId,
    /// Its version, for `Change::Replace` and its like.
    pub version: Version,
    /// Its content.
    pub entry: EntryRef<'a>,
    /// How many entries are immediately below it.
    pub children: u64,
    /// Its factor record, if one was asked for and there is one.
    pub factors: Option<Factors<'a>>,
    /// Whether an index led here (always true for reads and base searches); false in a scan.
    pub indexed: bool,
}

/// A factor record as stored.
#[derive(Clone, Copy)]
pub struct Factors<'a> {
    /// Its version, for `Change::Factors`.
    pub version: Version,
    /// The octets; `factors/record.rs` reads them.
    pub record: &'a [u8],
}

impl std::fmt::Debug for Factors<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Factors({:?}, {} octets)", self.version, self.record.len())
    }
}

/// Candidates wanted.
#[derive(Clone, Copy, Debug)]
pub struct Query<'a> {
    /// Where to begin.
    pub base: &'a DnKey,
    /// How far to go.
    pub scope: Scope,
    /// What they may match.
    pub filter: &'a CompiledFilter,
}

/// How far below the base a search goes (RFC 4511 section 4.5.1.2; subordinates: draft-sermersheim-ldap-subordinate-scope).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Scope {
    /// The base alone.
    Base,
    /// What is immediately below the base.
    One,
    /// The base and all below it.
    Subtree,
    /// All below the base.
    Subordinates,
}

/// What a visitor wants next.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Step {
    /// This one is done with; the next one please.
    Continue,
    /// This one is done with; no more now.
    Stop,
    /// This one could not be taken: resume with it.
    Pause,
}

/// How far a search came.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Progress {
    /// There are no more candidates.
    Done,
    /// There may be more, from here on.
    More(Position),
}

/// Where a search goes on; outlives connections and processes. Means nothing in another query than its own, and does no harm
/// there: a search only ever visits what is in its scope.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Position(pub(super) Place);

/// The two orders in which candidates come.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Place {
    /// By ascending id: this id or one above it.
    Id(u64),
    /// By name: the first stored name key at or after this one.
    Key(Vec<u8>),
}

impl Position {
    /// Longest octet form.
    pub const MAX_LENGTH: usize = 1 + 512;

    /// As octets, for a cookie or a cursor; not secret, not authenticated.
    pub fn to_bytes(&self) -> Vec<u8> {
        match &self.0 {
            Place::Id(id) => [&[1], &id.to_be_bytes()[..]].concat(),
            Place::Key(key) => [&[2], key.as_slice()].concat(),
        }
    }

    /// Read back; `None` if the octets are no position.
    pub fn from_bytes(bytes: &[u8]) -> Option<Self> {
        match bytes.split_first()? {
            (1, id) => Some(Self(Place::Id(u64::from_be_bytes(id.try_into().ok()?)))),
            (2, key) if !key.is_empty() && bytes.len() <= Self::MAX_LENGTH => Some(Self(Place::Key(key.to_vec()))),
            _ => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn positions_survive_their_octets_and_others_are_refused() {
        for place in [Place::Id(0), Place::Id(u64::MAX), Place::Key(b"dc=com\0".to_vec())] {
            let position = Position(place);
            assert_eq!(Position::from_bytes(&position.to_bytes()), Some(position));
        }
        for octets in [&b""[..], b"\x01", b"\x01\0\0\0\0\0\0\0\0\0", b"\x02", b"\x03abc", &[2; 600]] {
            assert_eq!(Position::from_bytes(octets), None);
        }
    }
}
