//! Any octets as what a YubiKey typed.
#![no_main]

libfuzzer_sys::fuzz_target!(|octets: &[u8]| drop(countersign::factors::yubikey::Otp::parse(octets)));
