//! Names as keys: normalized, root first, so that a parent sorts before its children and is a prefix of them.

use smallvec::SmallVec;

use super::{DnError, scanner::Scanner};
use crate::directory::schema::Schema;

/// The normalized name, root first: equal keys are equal names (RFC 4517 section 4.2.15), and an entry's key is a prefix of the
/// keys of all below it.
///
/// Each RDN is its assertions `type=value` in ascending order, joined by the octet 2, and ends in the octet 0; within values the
/// octets 0, 1 and 2 are written as 1 followed by the octet plus one. A known type is written as its first name in lower case,
/// whatever name or OID the text used.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct DnKey(SmallVec<[u8; 96]>);

impl DnKey {
    /// The key of RFC 4514 text, without building a `Dn`.
    ///
    /// # Errors
    /// What is wrong with the text.
    pub fn parse(text: &str, schema: &Schema) -> Result<Self, DnError> {
        let mut key = KeyBuilder::new(schema);
        let mut scanner = Scanner::new(text);
        while let Some(assertion) = scanner.next_assertion()? {
            key.assertion(assertion.name, assertion.value);
            if assertion.ends_rdn {
                key.end_rdn();
            }
        }
        Ok(key.finish())
    }

    /// A key read back from a store.
    pub fn from_bytes(bytes: &[u8]) -> Self {
        Self(bytes.into())
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

/// Collects RDNs in the order of the text and turns them round at the end.
pub(super) struct KeyBuilder<'s> {
    schema: &'s Schema,
    octets: SmallVec<[u8; 256]>,
    /// Where each finished RDN ends.
    ends: SmallVec<[u32; 16]>,
    /// Where each assertion of the current RDN begins.
    assertions: SmallVec<[u32; 4]>,
}

impl<'s> KeyBuilder<'s> {
    pub(super) fn new(schema: &'s Schema) -> Self {
        Self { schema, octets: SmallVec::new(), ends: SmallVec::new(), assertions: SmallVec::new() }
    }

    /// Takes the next assertion of the current RDN.
    pub(super) fn assertion(&mut self, name: &str, value: &[u8]) {
        self.assertions.push(self.octets.len() as u32);
        let attribute_type = self.schema.attribute_type(name);
        match attribute_type {
            Some(known) => self.octets.extend_from_slice(known.key_name.as_bytes()),
            None => self.octets.extend(name.bytes().map(|octet| octet.to_ascii_lowercase())),
        }
        self.octets.push(b'=');
        let mut normalized = SmallVec::<[u8; 128]>::new();
        self.schema.normalize_naming(attribute_type, value, &mut normalized);
        for octet in normalized {
            if octet <= END_OF_ASSERTION {
                self.octets.push(ESCAPE);
                self.octets.push(octet + 1);
            } else {
                self.octets.push(octet);
            }
        }
    }

    /// The current RDN has all its assertions.
    pub(super) fn end_rdn(&mut self) {
        if self.assertions.len() > 1 {
            self.sort_assertions();
        }
        self.octets.push(END_OF_RDN);
        self.ends.push(self.octets.len() as u32);
        self.assertions.clear();
    }

    fn sort_assertions(&mut self) {
        let first = self.assertions.first().map_or(0, |start| *start as usize);
        let ends = self.assertions.iter().skip(1).map(|end| *end as usize).chain([self.octets.len()]);
        let pieces = self.assertions.iter().zip(ends);
        let mut pieces: Vec<Vec<u8>> =
            pieces.filter_map(|(start, end)| self.octets.get(*start as usize..end).map(<[u8]>::to_vec)).collect();
        pieces.sort_unstable();
        pieces.dedup();
        self.octets.truncate(first);
        self.octets.extend_from_slice(&pieces.join(&END_OF_ASSERTION));
    }

    /// The key of all RDNs taken.
    pub(super) fn finish(self) -> DnKey {
        let mut key = SmallVec::new();
        let starts = self.ends.iter().rev().skip(1).copied().chain([0]);
        for (end, start) in self.ends.iter().rev().zip(starts) {
            key.extend_from_slice(self.octets.get(start as usize..*end as usize).unwrap_or_default());
        }
        DnKey(key)
    }
}

const END_OF_RDN: u8 = 0;
const ESCAPE: u8 = 1;
const END_OF_ASSERTION: u8 = 2;
