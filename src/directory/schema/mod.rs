//! The schema (RFC 4512 section 4): which attribute types and object classes exist, and what they demand of entries.

/// The schema in force; built at start from the embedded definitions and the configured files.
#[derive(Debug)]
pub struct Schema {}

/// An attribute type (RFC 4512 section 2.5.1).
#[derive(Debug)]
pub struct AttributeType {}
