//! Modifications of an entry (RFC 4511 section 4.6): add, delete, replace, increment (RFC 4525), without storing anything. Who may
//! is `access.rs`'s; whether the outcome is a valid entry, `Schema::check`'s.

use std::collections::HashSet;

use countersign_proto::result_code::ResultCode;

use super::{
    attribute_ids::AttributeId,
    entry::{Attribute, Entry},
    schema::{AttributeType, Normalized, Schema},
};
use crate::error::{Error, Result};

/// One change of one attribute.
#[derive(Clone, PartialEq, Eq)]
pub struct Modification {
    /// What to do.
    pub kind: ModificationKind,
    /// The attribute description as sent.
    pub description: String,
    /// The values as sent; may be empty for delete and replace.
    pub values: Vec<Vec<u8>>,
}

/// What a modification does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ModificationKind {
    /// Adds values; attributeOrValueExists if one is there.
    Add,
    /// Deletes the given values, or the attribute; noSuchAttribute if one is not there.
    Delete,
    /// Puts the given values in place of all there were; without values the attribute goes.
    Replace,
    /// Adds a number to every value (RFC 4525).
    Increment,
}

/// Applies `modifications` in order; the entry is undefined after an error. `permissive`: adding what is there and deleting what is
/// not there is no error (1.2.840.113556.1.4.1413). Knows nothing of object classes: `Schema::check` comes after it.
///
/// # Errors
/// `undefinedAttributeType`, `attributeOrValueExists`, `noSuchAttribute`, `protocolError`, and `constraintViolation` for an
/// increment of what is no number.
pub fn apply(entry: &mut Entry, modifications: &[Modification], schema: &Schema, permissive: bool) -> Result<()> {
    modifications.iter().try_for_each(|modification| {
        let subject = Subject::of(&modification.description, schema)?;
        match modification.kind {
            ModificationKind::Add => subject.add(entry, &modification.values, permissive),
            ModificationKind::Delete => subject.delete(entry, &modification.values, permissive),
            ModificationKind::Replace => subject.replace(entry, &modification.values),
            ModificationKind::Increment => subject.increment(entry, &modification.values),
        }
    })
}

/// The attribute that a modification is about.
struct Subject<'a> {
    schema: &'a Schema,
    kind: &'a AttributeType,
    /// Canonical.
    description: String,
    id: Option<AttributeId>,
}

impl<'a> Subject<'a> {
    fn of(description: &str, schema: &'a Schema) -> Result<Self> {
        match schema.describe(description) {
            Some(found) => {
                Ok(Self { schema, kind: found.attribute_type, description: found.to_string(), id: found.id })
            }
            // The sentence is the schema's.
            None => Err(schema.assign(description).map_or_else(|error| error, |_| Error::busy())),
        }
    }

    fn add(&self, entry: &mut Entry, values: &[Vec<u8>], permissive: bool) -> Result<()> {
        if values.is_empty() {
            return Err(Error::protocol(format!("Adding to {} needs a value", self.description)));
        }
        let (id, _) = self.schema.assign(&self.description)?;
        let mut known: HashSet<Normalized> = entry.values(id).iter().map(|value| self.normalized(value)).collect();
        for value in values {
            if known.insert(self.normalized(value)) {
                self.push(entry, id, value.clone());
            } else if !permissive {
                return Err(self.exists());
            }
        }
        Ok(())
    }

    fn delete(&self, entry: &mut Entry, values: &[Vec<u8>], permissive: bool) -> Result<()> {
        let Some(attribute) = self.id.and_then(|id| entry.attribute_mut(id)) else {
            return if permissive { Ok(()) } else { Err(self.missing("")) };
        };
        if values.is_empty() {
            attribute.values.clear();
        } else {
            let gone: HashSet<Normalized> = values.iter().map(|value| self.normalized(value)).collect();
            let before = attribute.values.len();
            attribute.values.retain(|value| !gone.contains(&self.normalized(value)));
            if !permissive && before - attribute.values.len() != values.len() {
                return Err(self.missing(" with this value"));
            }
        }
        entry.attributes.retain(|attribute| !attribute.values.is_empty());
        Ok(())
    }

    fn replace(&self, entry: &mut Entry, values: &[Vec<u8>]) -> Result<()> {
        if let Some(attribute) = self.id.and_then(|id| entry.attribute_mut(id)) {
            attribute.values.clear();
        }
        let replaced = if values.is_empty() { Ok(()) } else { self.add(entry, values, false) };
        entry.attributes.retain(|attribute| !attribute.values.is_empty());
        replaced
    }

    fn increment(&self, entry: &mut Entry, values: &[Vec<u8>]) -> Result<()> {
        let [by] = values else {
            return Err(Error::protocol(format!("An increment of {} needs exactly one value", self.description)));
        };
        let by = self.number(by)?;
        let attribute = self.id.and_then(|id| entry.attribute_mut(id)).ok_or_else(|| self.missing(""))?;
        for value in &mut attribute.values {
            let sum = self.number(value)?.checked_add(by).ok_or_else(|| self.no_number())?;
            *value = sum.to_string().into_bytes();
        }
        Ok(())
    }

    fn push(&self, entry: &mut Entry, id: AttributeId, value: Vec<u8>) {
        match entry.attribute_mut(id) {
            Some(attribute) => attribute.values.push(value),
            None => {
                let description = self.description.clone();
                entry.attributes.push(Attribute { id, description, values: vec![value] });
            }
        }
    }

    /// What equal values have in common; a value that its rule refuses is equal to itself only.
    fn normalized(&self, value: &[u8]) -> Normalized {
        let mut normalized = Normalized::new();
        if !self.schema.normalize(self.kind, value, &mut normalized) {
            normalized.clear();
            normalized.extend_from_slice(value);
        }
        normalized
    }

    fn number(&self, value: &[u8]) -> Result<i128> {
        let number = std::str::from_utf8(value).ok().and_then(|text| text.parse().ok());
        number.ok_or_else(|| self.no_number())
    }

    fn no_number(&self) -> Error {
        Error::new(ResultCode::CONSTRAINT_VIOLATION, format!("{} cannot be incremented by this", self.description))
    }

    fn exists(&self) -> Error {
        Error::new(
            ResultCode::ATTRIBUTE_OR_VALUE_EXISTS,
            format!("{} has this value already, or the request gives it twice", self.description),
        )
    }

    fn missing(&self, which: &str) -> Error {
        Error::new(ResultCode::NO_SUCH_ATTRIBUTE, format!("The entry has no {}{which}", self.description))
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use std::sync::Arc;

    use super::*;
    use crate::directory::{attribute_ids::AttributeIds, dn::Dn};

    use ModificationKind::{Add, Delete, Increment, Replace};

    fn modified(kind: ModificationKind, description: &str, values: &[&str], permissive: bool) -> Result<Vec<String>> {
        let schema = Schema::standard(Arc::new(AttributeIds::default()));
        let mut entry = Entry::new(Dn::parse("cn=x").unwrap(), uuid::Uuid::nil());
        for (name, values) in [("cn", &["Ada", "Lady  Lovelace"][..]), ("uidNumber", &["7"])] {
            entry.set(&schema, name, values.iter().map(|value| value.as_bytes().to_vec()).collect());
        }
        let values = values.iter().map(|value| value.as_bytes().to_vec()).collect();
        let modification = Modification { kind, description: description.to_owned(), values };
        apply(&mut entry, &[modification], &schema, permissive)?;
        let id = schema.describe(description).unwrap().id;
        let left = id.map_or(&[][..], |id| entry.values(id));
        Ok(left.iter().map(|value| String::from_utf8(value.clone()).unwrap()).collect())
    }

    fn code(kind: ModificationKind, description: &str, values: &[&str]) -> i32 {
        modified(kind, description, values, false).unwrap_err().code.0
    }

    #[test]
    fn values_come_go_and_are_replaced_by_their_matching_rule() {
        assert_eq!(modified(Add, "CN", &["Countess"], false).unwrap(), ["Ada", "Lady  Lovelace", "Countess"]);
        assert_eq!(modified(Delete, "commonName", &["lady lovelace"], false).unwrap(), ["Ada"]);
        assert!(modified(Delete, "cn", &[], false).unwrap().is_empty());
        assert!(modified(Delete, "cn", &["ada", "lady lovelace"], false).unwrap().is_empty());
        assert_eq!(modified(Replace, "cn", &["B"], false).unwrap(), ["B"]);
        assert!(modified(Replace, "sn", &[], false).unwrap().is_empty());
        assert_eq!(modified(Add, "cn;LANG-en", &["Ada"], false).unwrap(), ["Ada"]);
        assert_eq!(modified(Increment, "uidNumber", &["-10"], false).unwrap(), ["-3"]);
    }

    #[test]
    fn each_refusal_has_its_code() {
        assert_eq!(code(Add, "cn", &["ADA"]), 20);
        assert_eq!(code(Add, "cn", &["b", "B"]), 20);
        assert_eq!(code(Replace, "cn", &["b", "B"]), 20);
        assert_eq!(code(Add, "cn", &[]), 2);
        assert_eq!(code(Delete, "cn", &["b"]), 16);
        assert_eq!(code(Delete, "sn", &[]), 16);
        assert_eq!(code(Delete, "cn;lang-en", &[]), 16);
        assert_eq!(code(Add, "noSuchThing", &["b"]), 17);
        assert_eq!(code(Increment, "cn", &["1"]), 19);
        assert_eq!(code(Increment, "uidNumber", &["x"]), 19);
        assert_eq!(code(Increment, "uidNumber", &["1", "2"]), 2);
        assert_eq!(code(Increment, "gidNumber", &["1"]), 16);
    }

    #[test]
    fn permissive_overlooks_what_is_there_or_gone() {
        assert_eq!(modified(Add, "cn", &["ADA"], true).unwrap(), ["Ada", "Lady  Lovelace"]);
        assert_eq!(modified(Delete, "cn", &["b", "Ada"], true).unwrap(), ["Lady  Lovelace"]);
        assert!(modified(Delete, "sn", &[], true).unwrap().is_empty());
    }
}
