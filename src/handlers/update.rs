//! Changing entries: add, modify, modify DN, delete. Whether a caller may is `access.rs`; what a valid entry is, the schema.
//! (Proposed by the LDAP door, to be filled in by the owner of the room; joins the tree then.)

use crate::{caller::Caller, directory::modify::Modification, error::Result, handlers::context::Context};

/// One change as a door decoded it; DNs as sent.
pub enum Update {
    /// RFC 4511 section 4.7.
    Add {
        /// The name of the new entry.
        dn: String,
        /// Attribute descriptions with their values.
        attributes: Vec<(String, Vec<Vec<u8>>)>,
    },
    /// RFC 4511 section 4.6.
    Modify {
        /// The entry.
        dn: String,
        /// In order; all or nothing.
        modifications: Vec<Modification>,
    },
    /// RFC 4511 section 4.9.
    ModifyDn {
        /// The entry.
        dn: String,
        /// Its new RDN.
        new_rdn: String,
        /// Whether the values of the old RDN go.
        delete_old_rdn: bool,
        /// Where it moves; absent: it stays.
        new_superior: Option<String>,
    },
    /// RFC 4511 section 4.8.
    Delete {
        /// The entry.
        dn: String,
    },
}

/// What stands beside the request, from controls.
#[derive(Clone, Debug, Default)]
pub struct UpdateOptions {
    /// A Filter element that the entry must match before the change, else assertionFailed (RFC 4528).
    pub assertion: Option<Vec<u8>>,
    /// Attributes to return as they were before (RFC 4527); not for add.
    pub pre_read: Option<Vec<String>>,
    /// Attributes to return as they are afterwards (RFC 4527); not for delete.
    pub post_read: Option<Vec<String>>,
    /// Adding what is there and deleting what is not is no error.
    pub permissive: bool,
    /// Delete takes what is below the entry too.
    pub subtree: bool,
}

/// An entry as pre-read and post-read return it, restricted to what the caller may see.
#[derive(Clone, Debug)]
pub struct ReadEntry {
    /// Its DN.
    pub dn: String,
    /// Whole PartialAttribute elements.
    pub attributes: Vec<u8>,
}

/// What a change answers.
#[derive(Clone, Debug, Default)]
pub struct Updated {
    /// If asked for.
    pub pre_read: Option<ReadEntry>,
    /// If asked for.
    pub post_read: Option<ReadEntry>,
}

/// Carries a change out; durable when answered.
///
/// # Errors
/// The change's result.
pub async fn update(_update: Update, _options: UpdateOptions, _context: &Context, _caller: &Caller) -> Result<Updated> {
    Err(crate::error::Error::unwilling("Changes are not served yet"))
}
