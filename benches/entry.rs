//! Writing an entry: into its stored form, and from there into a search result, whole or by attribute.
#![allow(missing_docs, clippy::unwrap_used)]

mod sample;

use std::{hint::black_box, sync::Arc};

use countersign::directory::{attribute_ids::AttributeIds, entry::EntryRef, schema::Schema};
use countersign_proto::ldap::response::search_entry;
use criterion::{Criterion, criterion_group, criterion_main};

fn entry(criterion: &mut Criterion) {
    let schema = Schema::standard(Arc::new(AttributeIds::load(Vec::new())));
    let person = sample::person(&schema, 42);
    criterion.bench_function("encode to the stored form", |bench| bench.iter(|| black_box(person.encode(&schema))));
    let octets = person.encode(&schema);
    let stored = EntryRef::new(&octets).unwrap();
    let mut out = Vec::with_capacity(4096);
    criterion.bench_function("search result, all user attributes", |bench| {
        bench.iter(|| {
            out.clear();
            search_entry(&mut out, 7, stored.dn(), &[black_box(stored).user_segments()], &[]);
        });
    });
    let wanted = ["cn", "mail", "telephoneNumber"].map(|name| schema.attribute_type(name).unwrap().id);
    criterion.bench_function("search result, three attributes", |bench| {
        bench.iter(|| {
            out.clear();
            let segments =
                wanted.map(|id| black_box(stored).attribute(id).map_or(&[][..], |attribute| attribute.segment));
            search_entry(&mut out, 7, stored.dn(), &segments, &[]);
        });
    });
}

criterion_group!(benches, entry);
criterion_main!(benches);
