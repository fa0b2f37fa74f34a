//! What goes over the wire: LDAP messages and the values of the multi-factor operations.
//! No I/O, no clock, no policy.

pub mod ber;
pub mod ldap;
pub mod result_code;
