//! Names as keys: normalized, root first, so that a parent sorts before its children and is a prefix of them.

use smallvec::SmallVec;

/// The normalized name, root first: equal keys are equal names (RFC 4517 section 4.2.15), and an entry's key is a prefix of the
/// keys of all below it.
///
/// Each RDN is its assertions `type=value` in ascending order, joined by the octet 2, and ends in the octet 0; within values the
/// octets 0, 1 and 2 are written as 1 followed by the octet plus one. A known type is written as its first name in lower case,
/// whatever name or OID the text used.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct DnKey(SmallVec<[u8; 96]>);

impl DnKey {
    /// A key read back from a store.
    pub fn from_bytes(bytes: &[u8]) -> Self {
        Self(SmallVec::from_slice(bytes))
    }

    /// A key that was just made.
    pub(in crate::directory) const fn of(octets: SmallVec<[u8; 96]>) -> Self {
        Self(octets)
    }

    /// The octets.
    pub fn as_bytes(&self) -> &[u8] {
        &self.0
    }

    /// Whether this is the empty name.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Whether `self` is `ancestor` or below it.
    pub fn is_within(&self, ancestor: &Self) -> bool {
        self.0.starts_with(&ancestor.0)
    }

    /// The key above; `None` for the empty key.
    pub fn parent(&self) -> Option<Self> {
        parent_key(&self.0).map(Self::from_bytes)
    }

    /// How many RDNs.
    pub fn depth(&self) -> usize {
        self.0.iter().filter(|octet| **octet == END_OF_RDN).count()
    }

    /// This key moved from below `old` to below `new`; `None` if it is not within `old`.
    pub fn rebased(&self, old: &Self, new: &Self) -> Option<Self> {
        let below = self.0.strip_prefix(old.as_bytes())?;
        let mut key = new.clone();
        key.0.extend_from_slice(below);
        Some(key)
    }
}

/// The octets of the key above; `None` for the empty key.
pub fn parent_key(key: &[u8]) -> Option<&[u8]> {
    let (_, above) = key.split_last()?;
    let end = above.iter().rposition(|octet| *octet == END_OF_RDN).map_or(0, |position| position + 1);
    above.get(..end)
}

/// Behind every RDN.
pub(in crate::directory) const END_OF_RDN: u8 = 0;
/// Before an octet of a value that would be one of these three; the octet is written plus one.
pub(in crate::directory) const ESCAPE: u8 = 1;
/// Between the assertions of one RDN.
pub(in crate::directory) const END_OF_ASSERTION: u8 = 2;
