//! What a schema is made of: attribute types, object classes, and descriptions of attributes.

use smallvec::SmallVec;

use super::matching::MatchingRule;
use crate::directory::{attribute_ids::AttributeId, class::Class};

/// An attribute type (RFC 4512 section 2.5.1), with what it inherits.
#[derive(Debug)]
pub struct AttributeType {
    /// Its id.
    pub id: AttributeId,
    /// Its numeric OID.
    pub oid: String,
    /// Its names, the one in which it is sent first; at least one (the OID where it has none).
    pub names: Vec<String>,
    /// Its first name in lower case: how it stands in DN keys.
    pub key_name: String,
    /// The type it is derived from.
    pub superior: Option<AttributeId>,
    /// Equality rule.
    pub equality: Option<&'static MatchingRule>,
    /// Ordering rule.
    pub ordering: Option<&'static MatchingRule>,
    /// Substring rule.
    pub substring: Option<&'static MatchingRule>,
    /// OID of the syntax.
    pub syntax: String,
    /// Whether it has one value at most.
    pub single_value: bool,
    /// Whether only the server writes it.
    pub no_user_modification: bool,
    /// What it is for.
    pub usage: Usage,
    /// Who may see its values.
    pub class: Class,
    /// Itself and all types derived from it.
    pub family: SmallVec<[AttributeId; 2]>,
    pub(super) definition: String,
}

/// What an attribute type is for (RFC 4512 section 2.5.1).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Usage {
    /// User data.
    UserApplications,
    /// Operational: the directory's own.
    DirectoryOperation,
    /// Operational: shared between servers.
    DistributedOperation,
    /// Operational: of this server.
    DsaOperation,
}

/// An object class (RFC 4512 section 2.4), with what it inherits.
#[derive(Debug)]
pub struct ObjectClass {
    /// Its numeric OID.
    pub oid: String,
    /// Its names; at least one (the OID where it has none).
    pub names: Vec<String>,
    /// Its kind.
    pub kind: Kind,
    /// All classes above it, as positions in `Schema::classes`.
    pub(super) superiors: Vec<usize>,
    /// Attribute types that an entry of this class must have, those of the superiors among them.
    pub must: Vec<AttributeId>,
    /// Attribute types that it may have, likewise.
    pub may: Vec<AttributeId>,
    pub(super) definition: String,
}

/// The kinds of object classes (RFC 4512 section 2.4).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// A base for other classes.
    Abstract,
    /// What an entry is.
    Structural,
    /// What it is besides.
    Auxiliary,
}

/// An attribute description (RFC 4512 section 2.5) that the schema knows.
#[derive(Clone, Debug)]
pub struct Description<'s> {
    /// The type.
    pub attribute_type: &'s AttributeType,
    /// Options in lower case and ascending order.
    pub options: SmallVec<[String; 2]>,
    /// The id of the description; `None` if no entry ever had it.
    pub id: Option<AttributeId>,
}

impl AttributeType {
    /// The name in which it is sent.
    pub fn name(&self) -> &str {
        self.names.first().unwrap_or(&self.oid)
    }

    /// Whether it is operational.
    pub fn is_operational(&self) -> bool {
        self.usage != Usage::UserApplications
    }
}

impl ObjectClass {
    /// Its first name.
    pub fn name(&self) -> &str {
        self.names.first().unwrap_or(&self.oid)
    }
}

impl std::fmt::Display for Description<'_> {
    /// The canonical text: first name, options in ascending order.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.attribute_type.name())?;
        self.options.iter().try_for_each(|option| write!(f, ";{option}"))
    }
}
