//! countersign: an LDAP directory server whose speciality is the second factor.

pub mod config;
pub mod directory;
pub mod error;
pub mod store;
