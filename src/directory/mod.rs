//! LDAP's data model (RFC 4512): names, schema, entries, filters, LDIF. No I/O, no access control, no clients.

pub mod attribute_ids;
pub mod class;
pub mod computed;
pub mod device_tree;
pub mod dn;
pub mod entry;
pub mod filter;
pub mod identity;
pub mod index_terms;
pub mod ldif;
pub mod modify;
mod naming;
mod plain_naming;
pub mod schema;
mod tlv;
