//! The LDAP messages themselves: frame, envelope, requests, filter, responses, controls. What is inside the values of
//! extended operations and SASL credentials is at home in the family files beside this folder.

pub mod controls;
pub mod filter;
pub mod filter_text;
pub mod frame;
pub mod malformed;
pub mod message;
pub mod response;
pub mod strings;
