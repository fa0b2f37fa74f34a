//! Any octets as the credentials of UNBOUNDID-TOTP.
#![no_main]

use countersign_proto::{totp::TotpCredentials, value::BerRequest};

libfuzzer_sys::fuzz_target!(|octets: &[u8]| drop(TotpCredentials::from_ber(Some(octets))));
