//! What goes over the wire: LDAP messages and the values of the multi-factor operations.
//! No I/O, no clock, no policy.
//!
//! `ber` is the ground; `ldap/` are the messages of RFC 4511; every other file is one family of values: its extended
//! operations and SASL credentials, under the name that the family has on every floor of the server. The values' two encodings,
//! BER and JSON, are explained in `value.rs`.

#![forbid(unsafe_code)]

pub mod account;
pub mod ber;
pub mod cancel;
pub mod delivered_otp;
pub mod delivery;
pub mod ldap;
pub mod oid;
pub mod password;
pub mod password_generation;
pub mod password_quality;
pub mod password_validation;
pub mod recovery;
pub mod result_code;
pub mod sasl_external;
pub mod sasl_oauthbearer;
pub mod sasl_plain;
pub mod text;
pub mod token;
pub mod totp;
pub mod value;
pub mod who_am_i;
pub mod yubikey;
