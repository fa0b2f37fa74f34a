//! Making a filter ready, and judging an entry by it.
#![allow(missing_docs, clippy::unwrap_used)]

mod sample;

use std::{hint::black_box, sync::Arc};

use countersign::directory::{
    attribute_ids::AttributeIds, computed::Surroundings, entry::EntryRef, filter::CompiledFilter, schema::Schema,
};
use countersign_proto::ldap::{filter::Filter, filter_text};
use criterion::{Criterion, criterion_group, criterion_main};

const FILTERS: [(&str, &str); 4] = [
    ("equality", "(uid=user.0000042)"),
    ("equality, other case", "(cn=ADA KEEPER0000042)"),
    ("substring", "(cn=*keeper00000*)"),
    ("seven items", "(&(objectClass=inetOrgPerson)(|(uid=ada)(mail=user.0000042@example.com))(!(cn=*gate*)))"),
];

fn filter(criterion: &mut Criterion) {
    let schema = Schema::standard(Arc::new(AttributeIds::load(Vec::new())));
    let octets = sample::person(&schema, 42).encode(&schema);
    let entry = EntryRef::new(&octets).unwrap();
    for (name, text) in FILTERS {
        let encoded = filter_text::encode(text).unwrap();
        let mut compiled = CompiledFilter::default();
        criterion.bench_function(&format!("compile {name}"), |bench| {
            bench.iter(|| compiled.compile(Filter::decode(black_box(&encoded)).unwrap(), &schema));
        });
        criterion.bench_function(&format!("evaluate {name}"), |bench| {
            let surroundings = Surroundings { children: 0 };
            bench.iter(|| black_box(compiled.matches(black_box(entry), surroundings, &schema, &|_| true)));
        });
    }
}

criterion_group!(benches, filter);
criterion_main!(benches);
