//! Decoding a search, and asking where a message ends: what each request costs before anybody looks for anything.
#![allow(missing_docs, clippy::unwrap_used)]

mod sample;

use std::hint::black_box;

use countersign_proto::ldap::{frame::frame_length, message::Message};
use criterion::{Criterion, criterion_group, criterion_main};

fn decode(criterion: &mut Criterion) {
    let by_uid = sample::search_message("(uid=user.0000042)", &[]);
    let filter = "(&(objectClass=inetOrgPerson)(|(uid=ada)(mail=ada@example.com))(!(cn=*keeper*)))";
    let long = sample::search_message(filter, &["cn", "mail", "telephoneNumber"]);
    criterion.bench_function("frame_length", |bench| bench.iter(|| frame_length(black_box(&by_uid), 65_536).unwrap()));
    criterion.bench_function("decode search (uid=...)", |bench| {
        bench.iter(|| black_box(Message::decode(black_box(&by_uid)).unwrap()).id);
    });
    criterion.bench_function("decode search, seven items, three attributes", |bench| {
        bench.iter(|| black_box(Message::decode(black_box(&long)).unwrap()).id);
    });
}

criterion_group!(benches, decode);
criterion_main!(benches);
