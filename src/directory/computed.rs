//! Attributes that no entry stores: they follow from its name and its place in the tree.

use super::{attribute_ids::AttributeId, entry::EntryRef, schema::Schema};

/// One of them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ComputedAttribute {
    /// RFC 5020.
    EntryDn,
    /// RFC 4512 section 4.2.
    SubschemaSubentry,
    /// Whether entries are below this one.
    HasSubordinates,
    /// How many entries are immediately below this one.
    NumSubordinates,
}

/// What a store knows of an entry beside its content.
#[derive(Clone, Copy, Debug, Default)]
pub struct Surroundings {
    /// How many entries are immediately below it.
    pub children: u64,
}

/// Where the subschema is published.
pub const SUBSCHEMA_DN: &str = "cn=schema";

impl ComputedAttribute {
    /// All of them.
    pub const ALL: [Self; 4] = [Self::EntryDn, Self::SubschemaSubentry, Self::HasSubordinates, Self::NumSubordinates];

    /// The attribute description.
    pub const fn name(self) -> &'static str {
        match self {
            Self::EntryDn => "entryDN",
            Self::SubschemaSubentry => "subschemaSubentry",
            Self::HasSubordinates => "hasSubordinates",
            Self::NumSubordinates => "numSubordinates",
        }
    }

    /// The id of its type.
    pub fn id(self, schema: &Schema) -> AttributeId {
        let known = schema.well_known();
        match self {
            Self::EntryDn => known.entry_dn,
            Self::SubschemaSubentry => known.subschema_subentry,
            Self::HasSubordinates => known.has_subordinates,
            Self::NumSubordinates => known.num_subordinates,
        }
    }

    /// The computed attribute of this type, if it is one.
    pub fn of(id: AttributeId, schema: &Schema) -> Option<Self> {
        Self::ALL.into_iter().find(|computed| computed.id(schema) == id)
    }

    /// Its one value for an entry; `None` for the root DSE, which is no entry of the tree.
    pub fn value(self, entry: EntryRef<'_>, surroundings: Surroundings) -> Option<Vec<u8>> {
        match self {
            _ if entry.key().is_empty() => None,
            Self::EntryDn => Some(entry.dn().as_bytes().to_vec()),
            Self::SubschemaSubentry => Some(SUBSCHEMA_DN.as_bytes().to_vec()),
            // How many naming contexts there are is not counted below the root DSE.
            Self::HasSubordinates | Self::NumSubordinates if entry.key().is_empty() => None,
            Self::HasSubordinates if surroundings.children > 0 => Some(b"TRUE".to_vec()),
            Self::HasSubordinates => Some(b"FALSE".to_vec()),
            Self::NumSubordinates => Some(surroundings.children.to_string().into_bytes()),
        }
    }
}
