//! What may be asked of a store that writes: changes with their preconditions, and what became of them.

use crate::{directory::dn::DnKey, histogram::Distribution};

/// An entry's number within its store: given once, kept through renames, never given again.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct EntryId(pub u64);

/// The change sequence number of the last write of a value; equal versions of one value are equal values.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Version(pub u64);

/// One change with what must be true for it to happen. Closed: a store knows all there are.
pub enum Change {
    /// A new entry below an existing one, or at a configured suffix.
    ///
    /// Refused with `Exists` if the name is taken, `NoParent` if the name above has no entry and this is no suffix.
    Add {
        /// Its name.
        key: DnKey,
        /// The encoded entry, which holds the same key.
        entry: Vec<u8>,
        /// Its factor record, if it begins with one.
        factors: Option<Vec<u8>>,
    },
    /// The entry's content anew, under the same name. Refused with `NotFound`, or `Conflict` if it changed meanwhile.
    Replace {
        /// Which entry.
        id: EntryId,
        /// The version that the new content was made from.
        expected: Version,
        /// The encoded entry, which holds the same key as before.
        entry: Vec<u8>,
    },
    /// The entry under another name, with everything below it: the store rewrites keys and names of what is below.
    ///
    /// Refused with `NotFound`, `Conflict`, `Exists` if the new name is taken, `NoParent`, or `NotLeaf` if the new name lies
    /// below the old one.
    Rename {
        /// Which entry.
        id: EntryId,
        /// The version that the new content was made from.
        expected: Version,
        /// The new name.
        key: DnKey,
        /// The encoded entry with its new name.
        entry: Vec<u8>,
    },
    /// The entry no more, with its factor record. Refused with `NotFound`, `Conflict`, or `NotLeaf` if something is below it.
    Delete {
        /// Which entry.
        id: EntryId,
        /// The version that the decision rested on.
        expected: Version,
        /// Whether what is below it goes too.
        subtree: bool,
    },
    /// The entry's factor record anew; the entry's own version stays. Refused with `NotFound` if there is no such entry,
    /// `Conflict` if the record changed meanwhile.
    Factors {
        /// Whose.
        id: EntryId,
        /// The version of the record that the new one was made from; `None`: there must be no record yet.
        expected: Option<Version>,
        /// The record.
        record: Vec<u8>,
    },
    /// One reserved record, written unconditionally and never read: the durable write that a failed authentication costs when
    /// there is no account whose record could take it.
    Stranger {
        /// As long as the record it stands for.
        record: Vec<u8>,
    },
}

impl Change {
    /// About how much memory the change holds.
    pub fn octets(&self) -> usize {
        let content = match self {
            Self::Add { key, entry, factors } => {
                key.as_bytes().len() + entry.len() + factors.as_ref().map_or(0, Vec::len)
            }
            Self::Replace { entry, .. } => entry.len(),
            Self::Rename { key, entry, .. } => key.as_bytes().len() + entry.len(),
            Self::Delete { .. } => 0,
            Self::Factors { record, .. } | Self::Stranger { record } => record.len(),
        };
        size_of::<Self>() + content
    }
}

/// What became of a list of changes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Applied {
    /// The version of every value that the changes wrote.
    pub version: Version,
    /// The ids of the added entries, in the order of their changes.
    pub added: Vec<EntryId>,
}

/// How full a store is.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Statistics {
    /// Entries.
    pub entries: u64,
    /// Factor records.
    pub factors: u64,
    /// Index rows.
    pub index_rows: u64,
    /// The sequence number of the newest change.
    pub last_change: u64,
    /// Octets in use on disk.
    pub used: u64,
    /// Octets it may grow to; 0 if it knows no limit.
    pub limit: u64,
    /// Snapshots held by readers now.
    pub readers: u64,
    /// Since the store was opened: how long commits took, from the first change to the end of the sync, in microseconds.
    pub commit_times: Distribution,
    /// Since then: how many lists of changes shared a commit.
    pub commit_sizes: Distribution,
}

/// One entry to be loaded, ready to be stored.
pub struct Incoming {
    /// The encoded entry.
    pub entry: Vec<u8>,
    /// Its factor record, if it begins with one.
    pub factors: Option<Vec<u8>>,
}
