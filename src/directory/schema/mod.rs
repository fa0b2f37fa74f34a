//! The schema (RFC 4512 section 4): which attribute types and object classes exist, and what they demand of entries.

use std::{collections::HashMap, sync::Arc};

use smallvec::SmallVec;

use super::{
    attribute_ids::{AttributeId, AttributeIds, lower_case},
    entry::Class,
};

/// The schema in force; built at start from the embedded definitions and the configured files.
#[derive(Debug)]
pub struct Schema {
    ids: Arc<AttributeIds>,
    types: Vec<AttributeType>,
    by_name: HashMap<Box<[u8]>, usize>,
}

/// An attribute type (RFC 4512 section 2.5.1).
#[derive(Debug)]
pub struct AttributeType {
    /// Its id.
    pub id: AttributeId,
    /// Its first name in lower case: how it stands in DN keys.
    pub key_name: String,
    /// Who may see its values.
    pub class: Class,
}

impl Schema {
    /// The embedded definitions.
    pub fn standard(ids: Arc<AttributeIds>) -> Self {
        let mut schema = Self { ids, types: Vec::new(), by_name: HashMap::new() };
        for (names, class) in [
            (&["cn", "commonName", "2.5.4.3"][..], Class::User),
            (&["uid"], Class::User),
            (&["dc", "domainComponent"], Class::User),
            (&["modifyTimestamp"], Class::Operational),
            (&["userPassword"], Class::Secret),
        ] {
            let name = names.first().copied().unwrap_or_default();
            let id = schema.ids.assign(name);
            for name in names {
                schema.by_name.insert(lower_case(name.as_bytes()).as_slice().into(), schema.types.len());
            }
            schema.types.push(AttributeType { id, key_name: name.to_ascii_lowercase(), class });
        }
        schema
    }

    /// The attribute ids of the store this schema belongs to.
    pub fn ids(&self) -> &Arc<AttributeIds> {
        &self.ids
    }

    /// The attribute type with this name or OID, in any case.
    pub fn attribute_type(&self, name: &str) -> Option<&AttributeType> {
        self.types.get(*self.by_name.get(lower_case(name.as_bytes()).as_slice())?)
    }

    /// Who may see the values of this type; user attributes where the schema has forgotten it.
    pub fn class(&self, id: AttributeId) -> Class {
        self.types.iter().find(|known| known.id == id).map_or(Class::User, |known| known.class)
    }

    /// The normalized form of a value in a DN; a value that the rule refuses stands for itself.
    pub(super) fn normalize_naming(&self, _type: Option<&AttributeType>, value: &[u8], out: &mut SmallVec<[u8; 128]>) {
        match std::str::from_utf8(value) {
            Ok(text) => {
                for (index, word) in text.split_ascii_whitespace().enumerate() {
                    if index > 0 {
                        out.push(b' ');
                    }
                    out.extend_from_slice(word.to_lowercase().as_bytes());
                }
            }
            Err(_) => out.extend_from_slice(value),
        }
    }
}
