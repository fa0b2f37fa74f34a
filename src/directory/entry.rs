//! Entries: as they are changed (`Entry`) and as they are stored and sent (`EntryRef`).
//!
//! Stored layout: version octet, counts, the DN as written, its key, the entry UUID, then a table with one row per attribute
//! description (id, offset, length, class) and the segments: each a ready PartialAttribute TLV (RFC 4511 section 4.1.7),
//! user attributes first and contiguous, then operational ones, then secret ones (userPassword), which are never sent.

use super::{attribute_ids::AttributeId, dn::Dn};

/// An entry in memory, to be changed.
#[derive(Clone, Debug, Default)]
pub struct Entry {
    /// The name as its writer spelled it.
    pub dn: Dn,
    /// RFC 4530.
    pub uuid: uuid::Uuid,
    /// Attribute descriptions with their values, in the order in which they are sent.
    pub attributes: Vec<Attribute>,
}

/// One attribute description and its values, at least one.
#[derive(Clone, Debug)]
pub struct Attribute {
    /// The id of the description.
    pub id: AttributeId,
    /// The description as sent: canonical type name and options.
    pub description: String,
    /// The values as written.
    pub values: Vec<Vec<u8>>,
}

/// Where a segment lies and who may see it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Class {
    /// Returned for `*`.
    User,
    /// Returned for `+` or by name.
    Operational,
    /// Never returned (userPassword).
    Secret,
}

/// An entry as stored, borrowed from the store.
#[derive(Clone, Copy, Debug)]
pub struct EntryRef<'a> {
    bytes: &'a [u8],
}

/// One attribute of a stored entry.
#[derive(Clone, Copy, Debug)]
pub struct AttributeRef<'a> {
    /// The id of the description.
    pub id: AttributeId,
    /// Who may see it.
    pub class: Class,
    /// The whole PartialAttribute TLV.
    pub segment: &'a [u8],
}

impl<'a> EntryRef<'a> {
    /// The entry in `bytes`; `None` if they are no entry of a known version.
    pub fn new(_bytes: &'a [u8]) -> Option<Self> {
        todo!()
    }
    /// The stored octets.
    pub fn bytes(&self) -> &'a [u8] {
        self.bytes
    }
    /// The DN as written.
    pub fn dn(&self) -> &'a str {
        todo!()
    }
    /// The normalized key (`DnKey::as_bytes`).
    pub fn key(&self) -> &'a [u8] {
        todo!()
    }
    /// The entry UUID.
    pub fn uuid(&self) -> uuid::Uuid {
        todo!()
    }
    /// All user segments, contiguous: what a search for `*` sends.
    pub fn user_segments(&self) -> &'a [u8] {
        todo!()
    }
    /// All operational segments that are stored, contiguous.
    pub fn operational_segments(&self) -> &'a [u8] {
        todo!()
    }
    /// Every attribute, in stored order.
    pub fn attributes(&self) -> impl Iterator<Item = AttributeRef<'a>> + use<'a> {
        std::iter::empty()
    }
    /// One attribute by id.
    pub fn attribute(&self, _id: AttributeId) -> Option<AttributeRef<'a>> {
        todo!()
    }
    /// An owned copy, to be changed.
    pub fn to_entry(&self) -> Entry {
        todo!()
    }
}

impl<'a> AttributeRef<'a> {
    /// The description as sent.
    pub fn description(&self) -> &'a [u8] {
        todo!()
    }
    /// The values.
    pub fn values(&self) -> impl Iterator<Item = &'a [u8]> + use<'a> {
        std::iter::empty()
    }
}
