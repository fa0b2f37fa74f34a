//! The LDAP messages themselves: frame, envelope, requests, filter, responses, controls.

pub mod filter;
