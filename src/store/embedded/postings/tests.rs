//! What is stored under a term is what was put there, and lists agree with sets.

#![allow(clippy::unwrap_used)]

use std::collections::BTreeSet;

use proptest::prelude::*;

use super::{
    super::{
        ahead::Ahead,
        hints::Hints,
        keys::Key,
        list::{Ids, Walk},
        snapshot::{Snapshot, Txn},
        tables::{Mode, Tables},
    },
    Editor, Rows,
};

fn tables(directory: &tempfile::TempDir) -> Tables {
    Tables::open(directory.path(), 16 << 20, Mode::Owner).unwrap()
}

/// What a snapshot has beside its tables.
fn memory() -> (Hints, Ahead) {
    (Hints::for_entries(0), Ahead::for_entries(0))
}

fn snapshot<'t>(tables: &'t Tables, txn: &'t Txn<'t>, (hints, ahead): &'t (Hints, Ahead)) -> Snapshot<'t> {
    Snapshot { tables, txn, hints, ahead }
}

fn read(tables: &Tables, head: &[u8]) -> Vec<u64> {
    let (txn, memory) = (tables.read().unwrap(), memory());
    let mut walk = Walk::new(Ids::of_term(snapshot(tables, &txn, &memory), Key::from_slice(head)).unwrap());
    let (mut ids, mut from) = (Vec::new(), 0);
    while let Some(id) = walk.seek(from).unwrap() {
        ids.push(id);
        from = id + 1;
    }
    ids
}

/// Ids near and far: some chunks become full, others hold one, and some share a row with their neighbours.
fn id() -> impl Strategy<Value = u64> {
    prop_oneof![0_u64..600, 4000_u64..4200, 0_u64..20_000, 65_000_u64..70_000, 200_000_u64..200_300, Just(1 << 40)]
}

#[test]
fn a_walk_that_has_ended_stays_ended() {
    let directory = tempfile::tempdir().unwrap();
    let tables = tables(&directory);
    let mut txn = tables.write().unwrap();
    let mut editor = Editor::default();
    (0..40).chain([1 << 40]).for_each(|id| editor.edit(&tables, &mut txn, (b"a\0", &[(id, true)])).unwrap());
    (100..140).for_each(|id| editor.edit(&tables, &mut txn, (b"b\0", &[(id, true)])).unwrap());
    txn.commit().unwrap();
    let (txn, memory) = (tables.read().unwrap(), memory());
    let of = |head: &[u8]| Ids::of_term(snapshot(&tables, &txn, &memory), Key::from_slice(head)).unwrap();
    for lists in [vec![of(b"a\0"), of(b"b\0")], vec![of(b"a\0"), Ids::Any(vec![of(b"b\0")])]] {
        let mut walk = Walk::new(Ids::every(lists));
        assert_eq!((walk.seek(0).unwrap(), walk.seek(1 << 39).unwrap()), (None, None));
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 24, ..ProptestConfig::default() })]

    #[test]
    fn a_term_holds_what_was_added_and_not_removed(
        edits in prop::collection::vec((id(), prop::bool::weighted(0.7)), 1..2500),
        together in 1_usize..100,
    ) {
        let directory = tempfile::tempdir().unwrap();
        let tables = tables(&directory);
        let (mut editor, mut expected) = (Editor::default(), BTreeSet::new());
        let mut txn = tables.write().unwrap();
        for edits in edits.chunks(together) {
            for (id, is_new) in edits {
                if *is_new { expected.insert(*id) } else { expected.remove(id) };
            }
            let mut edits = edits.to_vec();
            edits.sort_by_key(|edit| edit.0);
            editor.edit(&tables, &mut txn, (b"a\0", &edits)).unwrap();
            edits.iter_mut().for_each(|edit| edit.1 = true);
            editor.edit(&tables, &mut txn, (b"b\0", &edits)).unwrap();
        }
        txn.commit().unwrap();
        prop_assert_eq!(read(&tables, b"a\0"), expected.iter().copied().collect::<Vec<_>>());
        let mut txn = tables.write().unwrap();
        expected.iter().for_each(|id| editor.edit(&tables, &mut txn, (b"a\0", &[(*id, false)])).unwrap());
        let left = tables.index.prefix_iter(&txn, b"a\0").unwrap().count();
        prop_assert_eq!(left, 0, "no row stays behind");
    }

    #[test]
    fn rows_made_in_order_are_read_as_they_were(ids in prop::collection::btree_set(id(), 1..2500)) {
        let directory = tempfile::tempdir().unwrap();
        let tables = tables(&directory);
        let mut txn = tables.write().unwrap();
        let mut rows = Rows::new();
        let mut put = |key: &[u8], row: &[u8]| {
            tables.index.put(&mut txn, key, row).map_err(|error| tables.failed(error))
        };
        for head in [&b"a\0"[..], b"b\0"] {
            ids.iter().for_each(|id| rows.push(head, *id, &mut put).unwrap());
        }
        rows.finish(&mut put).unwrap();
        txn.commit().unwrap();
        let expected: Vec<u64> = ids.into_iter().collect();
        prop_assert_eq!(&read(&tables, b"a\0"), &expected);
        prop_assert_eq!(&read(&tables, b"b\0"), &expected);
    }

    #[test]
    fn lists_intersect_and_unite_as_sets_do(
        sets in prop::collection::vec(prop::collection::btree_set(id(), 1..400), 2..4),
        starts in prop::collection::vec(0_u64..21_000, 1..6),
    ) {
        let directory = tempfile::tempdir().unwrap();
        let tables = tables(&directory);
        let mut txn = tables.write().unwrap();
        let mut editor = Editor::default();
        for (at, set) in sets.iter().enumerate() {
            let head = [b'a' + u8::try_from(at).unwrap(), 0];
            set.iter().for_each(|id| editor.edit(&tables, &mut txn, (&head, &[(*id, true)])).unwrap());
        }
        txn.commit().unwrap();
        let (txn, memory) = (tables.read().unwrap(), memory());
        let lists = || (0..sets.len()).map(|at| {
            let head = [b'a' + u8::try_from(at).unwrap(), 0];
            Ids::of_common_term(snapshot(&tables, &txn, &memory), Key::from_slice(&head)).unwrap()
        }).collect::<Vec<_>>();
        let all: BTreeSet<u64> = sets.iter().flatten().copied().collect();
        let common: BTreeSet<u64> = all.iter().copied().filter(|id| sets.iter().all(|set| set.contains(id))).collect();
        let mut starts = starts;
        starts.sort_unstable();
        for (ids, expected) in [(Ids::every(lists()), &common), (Ids::Any(lists()), &all)] {
            let mut walk = Walk::new(ids);
            for start in &starts {
                prop_assert_eq!(walk.seek(*start).unwrap(), expected.range(start..).next().copied());
            }
        }
    }
}
