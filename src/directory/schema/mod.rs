//! The schema (RFC 4512 section 4): which attribute types and object classes exist, and what they demand of entries.
//! Definitions are data (`standard/*.schema`); here they are looked up. What entries must fulfil is `check.rs`.

mod check;
pub mod definition;
mod element;
mod load;
pub mod matching;
mod names;
pub(crate) mod prepare;
mod publish;
pub mod syntax;
pub(crate) mod time;

use std::sync::Arc;

use smallvec::SmallVec;

use self::names::Names;
pub use self::{
    definition::DefinitionError,
    element::{AttributeType, Description, Kind, ObjectClass, Usage},
    matching::{Form, MatchingRule, RuleKind},
    syntax::Syntax,
};
use super::{
    attribute_ids::{AttributeId, AttributeIds},
    class::Class,
};
use crate::error::{Error, Result};
use countersign_proto::result_code::ResultCode;

/// A normalized value: on the stack where it is of ordinary length.
pub type Normalized = SmallVec<[u8; 128]>;

/// The schema in force; built at start from the embedded definitions.
#[derive(Debug)]
pub struct Schema {
    ids: Arc<AttributeIds>,
    types: Vec<AttributeType>,
    classes: Vec<ObjectClass>,
    /// Positions in `types`, by name and OID.
    types_by_name: Names,
    /// Positions in `classes`, likewise.
    classes_by_name: Names,
    /// Positions in `types`, by attribute id: asked for every attribute of every entry that is judged.
    types_by_id: Vec<Option<u32>>,
    well_known: WellKnown,
}

/// The ids of the attribute types that the server itself reads or computes.
#[derive(Clone, Copy, Debug)]
#[expect(missing_docs, reason = "each is the attribute type of this name")]
pub struct WellKnown {
    pub object_class: AttributeId,
    pub entry_dn: AttributeId,
    pub entry_uuid: AttributeId,
    pub has_subordinates: AttributeId,
    pub num_subordinates: AttributeId,
    pub subschema_subentry: AttributeId,
    pub structural_object_class: AttributeId,
    pub user_password: AttributeId,
    pub privilege_name: AttributeId,
    pub member: AttributeId,
    pub unique_member: AttributeId,
    pub uid: AttributeId,
    pub totp_shared_secret: AttributeId,
    pub yubikey_public_id: AttributeId,
    pub yubikey_key: AttributeId,
    pub account_disabled: AttributeId,
    pub account_activation_time: AttributeId,
    pub account_expiration_time: AttributeId,
    pub create_timestamp: AttributeId,
}

impl Schema {
    /// The attribute ids of the store this schema belongs to.
    pub fn ids(&self) -> &Arc<AttributeIds> {
        &self.ids
    }

    /// The attribute types that the server itself reads or computes.
    pub fn well_known(&self) -> &WellKnown {
        &self.well_known
    }

    /// The attribute type with this name or OID, in any case, without options.
    pub fn attribute_type(&self, name: &str) -> Option<&AttributeType> {
        self.type_named(name.as_bytes())
    }

    /// The same by the octets of a request.
    pub(super) fn type_named(&self, name: &[u8]) -> Option<&AttributeType> {
        self.types.get(self.types_by_name.find(name)?)
    }

    /// The attribute type of the description with this id.
    pub fn type_by_id(&self, id: AttributeId) -> Option<&AttributeType> {
        let position = |id: AttributeId| self.types_by_id.get(id.0 as usize).copied().flatten();
        let position = position(id).or_else(|| position(self.ids.current().type_of(id)))?;
        self.types.get(position as usize)
    }

    /// An attribute type and all types derived from it, by its id.
    pub fn types_within(&self, id: AttributeId) -> &[AttributeId] {
        self.type_by_id(id).map_or(&[], |known| &known.family)
    }

    /// Whether an attribute type is `of` or derived from it.
    pub fn is_within(&self, id: AttributeId, of: AttributeId) -> bool {
        id == of || self.types_within(of).contains(&id)
    }

    /// All attribute types.
    pub fn attribute_types(&self) -> &[AttributeType] {
        &self.types
    }

    /// The object class with this name or OID, in any case.
    pub fn object_class(&self, name: &str) -> Option<&ObjectClass> {
        self.classes.get(self.classes_by_name.find(name.trim().as_bytes())?)
    }

    /// All classes above `class`.
    pub fn superiors<'s>(&'s self, class: &'s ObjectClass) -> impl Iterator<Item = &'s ObjectClass> {
        class.superiors.iter().filter_map(|position| self.classes.get(*position))
    }

    /// What `text` describes: a type, by name or OID, and options; `None` if the type is unknown or the text malformed.
    pub fn describe(&self, text: &str) -> Option<Description<'_>> {
        let (name, rest) = text.split_once(';').map_or((text, None), |(name, rest)| (name, Some(rest)));
        let attribute_type = self.attribute_type(name)?;
        let Some(rest) = rest else {
            return Some(Description { attribute_type, options: SmallVec::new(), id: Some(attribute_type.id) });
        };
        let is_key = |octet: u8| octet.is_ascii_alphanumeric() || octet == b'-';
        if rest.split(';').any(|option| option.is_empty() || !option.bytes().all(is_key)) {
            return None;
        }
        let mut options: SmallVec<[String; 2]> = rest.split(';').map(str::to_ascii_lowercase).collect();
        options.sort_unstable();
        options.dedup();
        let mut description = Description { attribute_type, options, id: None };
        description.id = self.ids.find(&description.to_string());
        Some(description)
    }

    /// The id and the canonical text of a description that is about to be written; given now if it has no id yet.
    ///
    /// # Errors
    /// undefinedAttributeType; adminLimitExceeded where too many different options have been used.
    pub fn assign(&self, text: &str) -> Result<(AttributeId, String)> {
        let description = self.describe(text).ok_or_else(|| {
            let shown: String = text.chars().take(64).filter(|c| !c.is_control()).collect();
            Error::new(
                ResultCode::UNDEFINED_ATTRIBUTE_TYPE,
                format!("The schema defines no attribute type for \"{shown}\""),
            )
        })?;
        let canonical = description.to_string();
        if description.id.is_none() && (self.ids.len() >= MAX_DESCRIPTIONS || canonical.len() > MAX_DESCRIPTION_LENGTH)
        {
            return Err(Error::new(
                ResultCode::ADMIN_LIMIT_EXCEEDED,
                "Attribute options are too long, or too many different ones are in use",
            ));
        }
        let id = description.id.unwrap_or_else(|| self.ids.assign(&canonical));
        Ok((id, canonical))
    }

    /// Appends the normalized form of a value under the equality rule of its type (octet for octet where it has none);
    /// `false`, with nothing appended, if it is no value of that rule.
    pub fn normalize(&self, attribute_type: &AttributeType, value: &[u8], out: &mut Normalized) -> bool {
        attribute_type.equality.map_or(Form::Octets, |rule| rule.form).normalize(self, value, out)
    }

    /// The OID that a name stands for: of an object class, an attribute type, a rule.
    pub fn oid_of(&self, name: &str) -> Option<&str> {
        let class = self.object_class(name).map(|class| class.oid.as_str());
        class
            .or_else(|| self.attribute_type(name).map(|known| known.oid.as_str()))
            .or_else(|| MatchingRule::find(name).map(|rule| rule.oid))
    }

    /// Who may see the values of this type; user attributes where the schema has forgotten it.
    pub fn class(&self, id: AttributeId) -> Class {
        self.type_by_id(id).map_or(Class::User, |known| known.class)
    }

    /// The normalized form of a value in a DN; a value that the rule refuses stands for itself.
    pub(super) fn normalize_naming(&self, known: Option<&AttributeType>, value: &[u8], out: &mut Normalized) {
        let form = known.map_or(Form::CaseIgnore, |known| known.equality.map_or(Form::Octets, |rule| rule.form));
        // A DN within a DN is compared as text: parsing it again at each level would let a short name cost much time.
        let form = match form {
            Form::DistinguishedName | Form::UniqueMember => Form::CaseIgnore,
            form => form,
        };
        if !form.normalize(self, value, out) {
            out.extend_from_slice(value);
        }
    }
}

/// Ids are never reused, so their number is bounded.
const MAX_DESCRIPTIONS: usize = 50_000;
const MAX_DESCRIPTION_LENGTH: usize = 256;
