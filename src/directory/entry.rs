//! Entries: as they are changed (`Entry`) and as they are stored and sent (`EntryRef`).
//!
//! Stored layout, numbers little-endian:
//!
//! | offset | octets | what |
//! |---|---|---|
//! | 0 | 4 | version (1), then zeros |
//! | 4, 8, 12 | 4 each | number of rows, length of the DN, length of its key |
//! | 16, 20, 24 | 4 each | lengths of the user, operational and secret segments |
//! | 28 | 16 | entry UUID |
//! | 44 | 16 a row | id of the description, id of its type, offset among the segments, length |
//! | then | | DN as written, key, segments |
//!
//! A segment is a ready PartialAttribute TLV (RFC 4511 section 4.1.7). User attributes come first and contiguous, then
//! operational ones, then secret ones (userPassword), which are never sent.

use uuid::Uuid;

pub use super::class::Class;
use super::{
    attribute_ids::AttributeId,
    dn::{Dn, DnKey},
    schema::Schema,
    tlv::split_tlv,
};

/// An entry in memory, to be changed.
#[derive(Clone, Debug, Default)]
pub struct Entry {
    /// The name as its writer spelled it.
    pub dn: Dn,
    /// RFC 4530.
    pub uuid: Uuid,
    /// Attribute descriptions with their values, in the order in which they are sent.
    pub attributes: Vec<Attribute>,
}

/// One attribute description and its values, at least one.
#[derive(Clone)]
pub struct Attribute {
    /// The id of the description.
    pub id: AttributeId,
    /// The description as sent: canonical type name and options.
    pub description: String,
    /// The values as written.
    pub values: Vec<Vec<u8>>,
}

/// An entry as stored, borrowed from the store. Reading it allocates nothing.
#[derive(Clone, Copy)]
pub struct EntryRef<'a> {
    bytes: &'a [u8],
    rows: &'a [u8],
    names: &'a [u8],
    segments: &'a [u8],
}

/// One attribute of a stored entry.
#[derive(Clone, Copy, Debug)]
pub struct AttributeRef<'a> {
    /// The id of the description.
    pub id: AttributeId,
    /// The id of its attribute type, which is the description without options.
    pub type_id: AttributeId,
    /// Who may see it.
    pub class: Class,
    /// The whole PartialAttribute TLV.
    pub segment: &'a [u8],
}

impl Entry {
    /// An entry without attributes.
    pub fn new(dn: Dn, uuid: Uuid) -> Self {
        Self { dn, uuid, attributes: Vec::new() }
    }

    /// The attribute with this description, if the entry has it.
    pub fn attribute(&self, id: AttributeId) -> Option<&Attribute> {
        self.attributes.iter().find(|attribute| attribute.id == id)
    }

    /// The same, to be changed.
    pub fn attribute_mut(&mut self, id: AttributeId) -> Option<&mut Attribute> {
        self.attributes.iter_mut().find(|attribute| attribute.id == id)
    }

    /// Puts `values` in the place of all values of `description`, which the schema must know; no values remove it.
    /// For what the server itself maintains (`modifyTimestamp` and the like): nothing is checked.
    pub fn set(&mut self, schema: &Schema, description: &str, values: Vec<Vec<u8>>) {
        let id = schema.ids().assign(description);
        if values.is_empty() {
            self.attributes.retain(|attribute| attribute.id != id);
        } else if let Some(attribute) = self.attribute_mut(id) {
            attribute.values = values;
        } else {
            self.attributes.push(Attribute { id, description: description.to_owned(), values });
        }
    }

    /// The values of the description with this id; none if the entry has no such attribute.
    pub fn values(&self, id: AttributeId) -> &[Vec<u8>] {
        self.attribute(id).map_or(&[], |attribute| &attribute.values)
    }

    /// The stored form.
    pub fn encode(&self, schema: &Schema) -> Vec<u8> {
        let mut rows = Vec::with_capacity(self.attributes.len() * ROW);
        let mut segments = Vec::with_capacity(512);
        let mut lengths = [0_usize; 3];
        for (class, length) in [Class::User, Class::Operational, Class::Secret].into_iter().zip(&mut lengths) {
            let start = segments.len();
            for attribute in self.attributes.iter().filter(|attribute| !attribute.values.is_empty()) {
                let type_id = schema.ids().current().type_of(attribute.id);
                if schema.class(type_id) == class {
                    let offset = segments.len();
                    write_segment(&mut segments, attribute.description.as_bytes(), &attribute.values);
                    let length = segments.len() - offset;
                    for number in [attribute.id.0, type_id.0, offset as u32, length as u32] {
                        rows.extend_from_slice(&number.to_le_bytes());
                    }
                }
            }
            *length = segments.len() - start;
        }
        let dn = self.dn.to_string();
        assemble(&self.uuid, &rows, &dn, self.dn.key(schema).as_bytes(), lengths, &segments)
    }
}

fn assemble(uuid: &Uuid, rows: &[u8], dn: &str, key: &[u8], lengths: [usize; 3], segments: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(HEADER + rows.len() + dn.len() + key.len() + segments.len());
    out.extend_from_slice(&[VERSION, 0, 0, 0]);
    for number in [rows.len() / ROW, dn.len(), key.len()].into_iter().chain(lengths) {
        out.extend_from_slice(&(number as u32).to_le_bytes());
    }
    out.extend_from_slice(uuid.as_bytes());
    for part in [rows, dn.as_bytes(), key, segments] {
        out.extend_from_slice(part);
    }
    out
}

impl std::fmt::Debug for Attribute {
    /// Names the attribute and counts its values; values may be secret.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{} ({} values)", self.description, self.values.len())
    }
}

impl<'a> EntryRef<'a> {
    /// The entry in `bytes`; `None` if they are no entry of a known version.
    pub fn new(bytes: &'a [u8]) -> Option<Self> {
        if *bytes.first()? != VERSION {
            return None;
        }
        let body = bytes.get(HEADER..)?;
        let (rows, body) = body.split_at_checked((number(bytes, 4) as usize).checked_mul(ROW)?)?;
        let (names, segments) = body.split_at_checked(number(bytes, 8) as usize + number(bytes, 12) as usize)?;
        let lengths = number(bytes, 16) as usize + number(bytes, 20) as usize + number(bytes, 24) as usize;
        (segments.len() == lengths).then_some(Self { bytes, rows, names, segments })
    }

    /// The stored octets.
    pub fn bytes(&self) -> &'a [u8] {
        self.bytes
    }

    /// The DN as written.
    pub fn dn(&self) -> &'a str {
        let text = self.names.get(..number(self.bytes, 8) as usize).unwrap_or_default();
        std::str::from_utf8(text).unwrap_or_default()
    }

    /// The normalized key (`DnKey::as_bytes`).
    pub fn key(&self) -> &'a [u8] {
        self.names.get(number(self.bytes, 8) as usize..).unwrap_or_default()
    }

    /// The entry UUID.
    pub fn uuid(&self) -> Uuid {
        self.bytes
            .get(28..)
            .and_then(|rest| rest.first_chunk())
            .map_or_else(Uuid::nil, |octets| Uuid::from_bytes(*octets))
    }

    /// All user segments, contiguous: what a search for `*` sends.
    pub fn user_segments(&self) -> &'a [u8] {
        self.segments.get(..number(self.bytes, 16) as usize).unwrap_or_default()
    }

    /// All operational segments that are stored, contiguous.
    pub fn operational_segments(&self) -> &'a [u8] {
        let start = number(self.bytes, 16) as usize;
        self.segments.get(start..start + number(self.bytes, 20) as usize).unwrap_or_default()
    }

    /// Every attribute, in stored order.
    pub fn attributes(&self) -> impl Iterator<Item = AttributeRef<'a>> + use<'a> {
        let entry = *self;
        self.rows.chunks_exact(ROW).filter_map(move |row| entry.row(row))
    }

    /// One attribute by id.
    pub fn attribute(&self, id: AttributeId) -> Option<AttributeRef<'a>> {
        let wanted = id.0.to_le_bytes();
        self.rows.chunks_exact(ROW).find(|row| row.starts_with(&wanted)).and_then(|row| self.row(row))
    }

    /// Those of the attributes with these ids that the entry has, in its order.
    pub fn attributes_among(&self, ids: &[AttributeId]) -> impl Iterator<Item = AttributeRef<'a>> {
        let is_wanted = |row: &&[u8]| ids.contains(&AttributeId(number(row, 0)));
        self.rows.chunks_exact(ROW).filter(is_wanted).filter_map(|row| self.row(row))
    }

    /// The attributes of this type, with and without options. Subtypes are not among them.
    pub fn of_type(&self, type_id: AttributeId) -> impl Iterator<Item = AttributeRef<'a>> + use<'a> {
        let entry = *self;
        let is_wanted = move |row: &&[u8]| number(row, 4) == type_id.0;
        self.rows.chunks_exact(ROW).filter(is_wanted).filter_map(move |row| entry.row(row))
    }

    /// An owned copy, to be changed.
    pub fn to_entry(&self) -> Entry {
        let attributes = self.attributes().map(|attribute| Attribute {
            id: attribute.id,
            description: String::from_utf8_lossy(attribute.description()).into_owned(),
            values: attribute.values().map(<[u8]>::to_vec).collect(),
        });
        // What is stored was printed from a `Dn`, so it parses.
        let dn = Dn::parse(self.dn()).unwrap_or_default();
        Entry { dn, uuid: self.uuid(), attributes: attributes.collect() }
    }

    /// The stored form of the same entry under another name: what a store writes for every entry below a renamed one.
    pub fn renamed(&self, dn: &str, key: &DnKey) -> Vec<u8> {
        let lengths = [16, 20, 24].map(|offset| number(self.bytes, offset) as usize);
        assemble(&self.uuid(), self.rows, dn, key.as_bytes(), lengths, self.segments)
    }

    fn row(&self, row: &[u8]) -> Option<AttributeRef<'a>> {
        let offset = number(row, 8) as usize;
        let user = number(self.bytes, 16) as usize;
        let class = match offset {
            _ if offset < user => Class::User,
            _ if offset < user + number(self.bytes, 20) as usize => Class::Operational,
            _ => Class::Secret,
        };
        let segment = self.segments.get(offset..)?.get(..number(row, 12) as usize)?;
        Some(AttributeRef { id: AttributeId(number(row, 0)), type_id: AttributeId(number(row, 4)), class, segment })
    }
}

impl std::fmt::Debug for EntryRef<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "entry {:?} ({} octets)", self.dn(), self.bytes.len())
    }
}

impl<'a> AttributeRef<'a> {
    /// The description as sent.
    pub fn description(&self) -> &'a [u8] {
        self.members().map_or(&[], |(description, _)| description)
    }

    /// The values.
    pub fn values(&self) -> Values<'a> {
        Values { rest: self.members().map_or(&[], |(_, values)| values) }
    }

    fn members(&self) -> Option<(&'a [u8], &'a [u8])> {
        let (sequence, _) = split_tlv(self.segment)?;
        let (description, rest) = split_tlv(sequence)?;
        let (values, _) = split_tlv(rest)?;
        Some((description, values))
    }
}

/// The values of one stored attribute.
#[derive(Clone, Debug)]
pub struct Values<'a> {
    rest: &'a [u8],
}

impl<'a> Iterator for Values<'a> {
    type Item = &'a [u8];

    fn next(&mut self) -> Option<Self::Item> {
        let (value, rest) = split_tlv(self.rest)?;
        self.rest = rest;
        Some(value)
    }
}

/// Appends a PartialAttribute TLV.
pub fn write_segment(out: &mut Vec<u8>, description: &[u8], values: &[impl AsRef<[u8]>]) {
    let set = values.iter().map(|value| tlv_length(value.as_ref().len())).sum::<usize>();
    push_header(out, 0x30, tlv_length(description.len()) + tlv_length(set));
    push_header(out, 0x04, description.len());
    out.extend_from_slice(description);
    push_header(out, 0x31, set);
    for value in values {
        push_header(out, 0x04, value.as_ref().len());
        out.extend_from_slice(value.as_ref());
    }
}

fn tlv_length(contents: usize) -> usize {
    1 + match contents {
        0..0x80 => 1,
        0x80..0x100 => 2,
        0x100..0x1_0000 => 3,
        0x1_0000..0x100_0000 => 4,
        _ => 5,
    } + contents
}

fn push_header(out: &mut Vec<u8>, tag: u8, length: usize) {
    out.push(tag);
    let octets = (length as u32).to_be_bytes();
    let significant = octets.get((length as u32).leading_zeros() as usize / 8..).unwrap_or_default();
    if length >= 0x80 {
        out.push(0x80 | significant.len() as u8);
    } else if length == 0 {
        out.push(0);
    }
    out.extend_from_slice(significant);
}

fn number(bytes: &[u8], offset: usize) -> u32 {
    bytes.get(offset..).and_then(|rest| rest.first_chunk()).map_or(0, |octets| u32::from_le_bytes(*octets))
}

const VERSION: u8 = 1;
const HEADER: usize = 44;
const ROW: usize = 16;

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::indexing_slicing)]

    use std::sync::Arc;

    use super::*;
    use crate::directory::attribute_ids::AttributeIds;

    fn sample(schema: &Schema) -> Entry {
        let mut entry = Entry::new(Dn::parse("uid=ann, dc=example,dc=com").unwrap(), Uuid::from_u128(7));
        entry.set(schema, "modifyTimestamp", vec![b"20260101000000Z".to_vec()]);
        entry.set(schema, "userPassword", vec![b"{X}secret".to_vec()]);
        entry.set(schema, "uid", vec![b"ann".to_vec()]);
        entry.set(schema, "cn;lang-en", vec![vec![b'a'; 200], b"Ann".to_vec()]);
        entry
    }

    #[test]
    fn an_entry_is_read_back_as_it_was_written() {
        let schema = Schema::standard(Arc::new(AttributeIds::default()));
        let bytes = sample(&schema).encode(&schema);
        let entry = EntryRef::new(&bytes).unwrap();
        assert_eq!(entry.dn(), "uid=ann,dc=example,dc=com");
        assert_eq!(entry.key(), Dn::parse("UID=Ann,DC=Example,DC=com").unwrap().key(&schema).as_bytes());
        assert_eq!(entry.uuid(), Uuid::from_u128(7));
        let names: Vec<_> = entry.attributes().map(|a| (a.description().to_vec(), a.class)).collect();
        assert_eq!(names[0], (b"uid".to_vec(), Class::User));
        assert_eq!(names[1], (b"cn;lang-en".to_vec(), Class::User));
        assert_eq!(names[2], (b"modifyTimestamp".to_vec(), Class::Operational));
        assert_eq!(names[3], (b"userPassword".to_vec(), Class::Secret));
        let cn = entry.of_type(schema.ids().find("cn").unwrap()).next().unwrap();
        assert_eq!(cn.values().map(<[u8]>::len).collect::<Vec<_>>(), [200, 3]);
        assert_eq!(entry.user_segments().len(), entry.attributes().take(2).map(|a| a.segment.len()).sum::<usize>());
        assert!(!entry.user_segments().windows(6).any(|octets| octets == b"secret"));
        let again = entry.to_entry().encode(&schema);
        assert_eq!(EntryRef::new(&again).unwrap().dn(), entry.dn());
        assert_eq!(again.len(), bytes.len());
    }

    #[test]
    fn segments_are_minimal_ber() {
        let mut out = Vec::new();
        write_segment(&mut out, b"cn", &[b"x"]);
        assert_eq!(out, b"\x30\x09\x04\x02cn\x31\x03\x04\x01x");
        out.clear();
        write_segment(&mut out, b"cn", &[vec![0; 128], Vec::new()]);
        assert_eq!(out[..14], *b"\x30\x81\x8c\x04\x02cn\x31\x81\x85\x04\x81\x80\x00");
        assert!(out.ends_with(b"\x04\x00"));
    }

    #[test]
    fn truncated_octets_are_no_entry() {
        let schema = Schema::standard(Arc::new(AttributeIds::default()));
        let bytes = sample(&schema).encode(&schema);
        for length in 0..bytes.len() {
            assert!(EntryRef::new(&bytes[..length]).is_none());
        }
    }

    #[test]
    fn renaming_keeps_the_attributes() {
        let schema = Schema::standard(Arc::new(AttributeIds::default()));
        let bytes = sample(&schema).encode(&schema);
        let dn = Dn::parse("uid=ann,ou=people,dc=example,dc=com").unwrap();
        let renamed = EntryRef::new(&bytes).unwrap().renamed(&dn.to_string(), &dn.key(&schema));
        let renamed = EntryRef::new(&renamed).unwrap();
        assert_eq!(renamed.dn(), "uid=ann,ou=people,dc=example,dc=com");
        assert_eq!(renamed.user_segments(), EntryRef::new(&bytes).unwrap().user_segments());
    }
}
