//! Any octets as one Filter, walked to its leaves.
#![no_main]

use countersign_proto::ldap::filter::Filter;

libfuzzer_sys::fuzz_target!(|octets: &[u8]| drop(Filter::decode(octets).map(walk)));

fn walk(filter: Filter<'_>) -> usize {
    match filter {
        Filter::And(set) | Filter::Or(set) | Filter::Not(set) => set.iter().map(walk).sum(),
        Filter::Substrings(substrings) => substrings.parts().count(),
        _ => 1,
    }
}
