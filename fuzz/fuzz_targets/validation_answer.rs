//! Any text as the answer of a validation server.
#![no_main]

libfuzzer_sys::fuzz_target!(|text: &str| drop(countersign::validation::fields_of(text)));
