//! Any text as a distinguished name.
#![no_main]

libfuzzer_sys::fuzz_target!(|text: &str| drop(countersign::directory::dn::Dn::parse(text)));
