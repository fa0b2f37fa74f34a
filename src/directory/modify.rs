//! Modifications of an entry (RFC 4511 section 4.6): add, delete, replace, increment (RFC 4525), without storing anything.
//! (Being written by "store", as is ldif.rs; its signatures hold.)

use super::{entry::Entry, schema::Schema};
use crate::error::Result;

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
pub fn apply(_entry: &mut Entry, _modifications: &[Modification], _schema: &Schema, _permissive: bool) -> Result<()> {
    Err(crate::error::Error::unwilling("not written yet"))
}
