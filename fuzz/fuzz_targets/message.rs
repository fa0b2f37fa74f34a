//! Any octets as one LDAPMessage.
#![no_main]

libfuzzer_sys::fuzz_target!(|octets: &[u8]| drop(countersign_proto::ldap::message::Message::decode(octets)));
