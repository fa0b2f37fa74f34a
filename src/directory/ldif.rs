//! LDIF (RFC 2849): records read one by one from a stream, and entries written.
//! (Being written by "store"; its signatures hold.)

use super::modify::Modification;

/// One record.
pub struct Record {
    /// The line it begins in, from 1.
    pub line: u64,
    /// The name as written.
    pub dn: String,
    /// What it says.
    pub content: Content,
}

/// What a record says.
pub enum Content {
    /// An entry, or `changetype: add`: descriptions with their values, in order; a description may come more than once.
    Entry(Vec<(String, Vec<u8>)>),
    /// `changetype: modify`.
    Modify(Vec<Modification>),
    /// `changetype: modrdn` or `moddn`.
    Rename {
        /// `newrdn`.
        new_rdn: String,
        /// `deleteoldrdn`.
        delete_old_rdn: bool,
        /// `newsuperior`.
        new_superior: Option<String>,
    },
    /// `changetype: delete`.
    Delete,
}
