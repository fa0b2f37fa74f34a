//! The embedded store: looking up, reading, searching by an index; and what a durable change costs alone and in company.
#![allow(missing_docs, clippy::unwrap_used)]

mod sample;

use std::hint::black_box;

use countersign::{
    directory::dn::DnKey,
    store::{Change, Query, Scope, Step, Store, Target, embedded::Embedded},
};
use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use futures_util::future::join_all;
use sample::{SUFFIX, block_on, wait};

/// People in the store.
const PEOPLE: u64 = 10_000;
/// Writers whose changes are committed together.
const WRITERS: u64 = 64;

fn store(criterion: &mut Criterion) {
    // Not in a temporary folder of the system, which may be memory: durable writes shall reach a disk.
    let folder = tempfile::tempdir_in(env!("CARGO_TARGET_TMPDIR")).unwrap();
    let (store, schema) = sample::store(folder.path(), PEOPLE);
    let mut number = 0;
    let mut next = move || {
        number = (number + 7_919) % PEOPLE;
        number
    };
    criterion.bench_function("find by DN", |bench| {
        bench.iter_batched(
            || DnKey::parse(&sample::dn(next()), &schema).unwrap(),
            |key| wait(store.find(&key)).unwrap(),
            criterion::BatchSize::SmallInput,
        );
    });
    criterion.bench_function("read by DN", |bench| {
        bench.iter_batched(
            || DnKey::parse(&sample::dn(next()), &schema).unwrap(),
            |key| {
                let mut octets = 0;
                wait(store.read(Target::Key(&key), false, &mut |found| octets = found.entry.user_segments().len()))
                    .unwrap();
                octets
            },
            criterion::BatchSize::SmallInput,
        );
    });
    let base = DnKey::parse(SUFFIX, &schema).unwrap();
    for (name, text) in [("equality", "(uid=user.0000042)"), ("substring", "(cn=*per00042*)"), ("nobody", "(uid=none)")]
    {
        let filter = sample::compiled(&schema, text);
        criterion.bench_function(&format!("search by {name}"), |bench| {
            let query = Query { base: &base, scope: Scope::Subtree, filter: &filter };
            let count = || {
                let mut seen = 0;
                let mut visit = |_: countersign::store::Found<'_>| {
                    seen += 1;
                    Step::Continue
                };
                wait(store.search(&query, None, &mut visit)).unwrap();
                seen
            };
            bench.iter(|| black_box(count()));
        });
    }
    commit(criterion, &store);
}

/// Factor records written durably, as each bind with a code does.
fn commit(criterion: &mut Criterion, store: &Embedded) {
    let mut group = criterion.benchmark_group("durable factor records");
    let mut version = 0_u64;
    for writers in [1, WRITERS] {
        group.throughput(Throughput::Elements(writers));
        group.bench_function(format!("{writers} at once"), |bench| {
            bench.iter(|| {
                version += 1;
                let record = version.to_be_bytes().to_vec();
                let changes = (0..writers).map(|_| store.apply(vec![Change::Stranger { record: record.clone() }]));
                block_on(join_all(changes)).into_iter().for_each(|applied| drop(applied.unwrap()));
            });
        });
    }
    group.finish();
}

criterion_group!(benches, store);
criterion_main!(benches);
