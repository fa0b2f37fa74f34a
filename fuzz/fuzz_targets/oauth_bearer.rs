//! Any octets as the credentials of OAUTHBEARER.
#![no_main]

use countersign_proto::{sasl_oauthbearer::OauthBearerCredentials, value::BerRequest};

libfuzzer_sys::fuzz_target!(|octets: &[u8]| drop(OauthBearerCredentials::from_ber(Some(octets))));
