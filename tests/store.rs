//! One suite for every store: what the trait promises. Then what the embedded store owes besides: its file, its directory, its
//! damage. A test that must be killed runs in a child process, which is this same program.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::print_stdout,
    missing_docs
)]

use std::{
    collections::BTreeSet,
    io::{BufRead, BufReader},
    path::Path,
    process::{Command, Stdio},
    sync::Arc,
};

use countersign::{
    directory::{
        computed::Surroundings,
        dn::{Dn, DnKey},
        entry::Entry,
        filter::{CompiledFilter, Truth},
        index_terms::{Indexes, Kind},
        schema::Schema,
    },
    store::{
        Answer, Change, EntryId, Incoming, Position, Progress, Query, Scope, Step, Store, StoreError, Target, Version,
        embedded::{Embedded, Opened, Settings, backup, import::ImportError},
    },
};
use countersign_proto::ldap::{filter::Filter, filter_text::encode};
use tempfile::TempDir;
use uuid::Uuid;

/// A store with its schema, in a directory of its own.
struct House {
    store: Embedded,
    schema: Arc<Schema>,
    directory: TempDir,
}

const SUFFIX: &str = "dc=example";

impl House {
    /// An empty store with its suffix entry.
    fn new() -> Self {
        let directory = tempfile::tempdir().unwrap();
        let (store, schema) = open(directory.path());
        let house = Self { store, schema, directory };
        house.add(SUFFIX, &[]).unwrap();
        house
    }

    fn reopened(self) -> Self {
        let Self { store, directory, .. } = self;
        drop(store);
        let (store, schema) = open(directory.path());
        Self { store, schema, directory }
    }

    fn encoded(&self, dn: &str, attributes: &[(&str, &str)]) -> (DnKey, Vec<u8>) {
        encoded(&self.schema, dn, attributes)
    }

    fn add(&self, dn: &str, attributes: &[(&str, &str)]) -> Result<EntryId, StoreError> {
        let (key, entry) = self.encoded(dn, attributes);
        wait(self.store.apply(vec![Change::Add { key, entry, factors: None }])).map(|applied| applied.added[0])
    }

    fn key(&self, dn: &str) -> DnKey {
        DnKey::parse(dn, &self.schema).unwrap()
    }

    /// Id, version, number of children and name of an entry.
    fn look(&self, dn: &str) -> Option<(EntryId, Version, u64, String)> {
        let (key, mut seen) = (self.key(dn), None);
        let there = wait(self.store.read(Target::Key(&key), false, &mut |found| {
            assert_eq!(found.entry.key(), key.as_bytes());
            seen = Some((found.id, found.version, found.children, found.entry.dn().to_owned()));
        }));
        assert_eq!(there.unwrap(), seen.is_some());
        seen
    }

    fn factors(&self, id: EntryId) -> Option<(Version, Vec<u8>)> {
        let mut seen = None;
        let there = wait(self.store.read(Target::Id(id), true, &mut |found| {
            seen = found.factors.map(|factors| (factors.version, factors.record.to_vec()));
        }));
        assert!(there.unwrap());
        seen
    }

    /// Names of candidates in order, `page` at a time.
    fn search(&self, base: &str, scope: Scope, filter: &str, page: usize) -> Vec<String> {
        let (base, filter) = (self.key(base), compiled(&self.schema, filter));
        let query = Query { base: &base, scope, filter: &filter };
        let (mut names, mut from) = (Vec::new(), None::<Position>);
        loop {
            let mut taken = 0;
            let progress = wait(self.store.search(&query, from.as_ref(), &mut |found| {
                if taken == page {
                    return Step::Pause;
                }
                taken += 1;
                names.push(found.entry.dn().to_owned());
                if taken % 2 == 0 && taken == page { Step::Stop } else { Step::Continue }
            }));
            match progress.unwrap() {
                Progress::Done => return names,
                Progress::More(position) => from = Position::from_bytes(&position.to_bytes()),
            }
        }
    }

    fn everything(&self) -> Vec<String> {
        self.search(SUFFIX, Scope::Subtree, "(objectClass=*)", 1000)
    }
}

fn open(directory: &Path) -> (Embedded, Arc<Schema>) {
    try_open(directory, &Settings::default()).unwrap()
}

fn try_open(directory: &Path, settings: &Settings) -> Result<(Embedded, Arc<Schema>), StoreError> {
    let opened = Opened::open(directory, settings)?;
    let schema = Arc::new(Schema::standard(opened.attribute_ids()));
    let suffixes = vec![DnKey::parse(SUFFIX, &schema).unwrap()];
    let store = opened.start(Arc::clone(&schema), indexes(&schema), suffixes)?;
    Ok((store, schema))
}

fn encoded(schema: &Schema, dn: &str, attributes: &[(&str, &str)]) -> (DnKey, Vec<u8>) {
    let mut entry = Entry::new(Dn::parse(dn).unwrap(), Uuid::new_v4());
    let mut names: Vec<&str> = attributes.iter().map(|(name, _)| *name).collect();
    names.dedup();
    for name in names {
        let values = attributes.iter().filter(|(other, _)| *other == name).map(|(_, value)| value.as_bytes().to_vec());
        entry.set(schema, name, values.collect());
    }
    (entry.dn.key(schema), entry.encode(schema))
}

fn wait<T: Unpin>(answer: Answer<'_, T>) -> T {
    tokio::runtime::Builder::new_current_thread().build().unwrap().block_on(answer)
}

#[test]
fn an_entry_is_added_found_read_replaced_and_deleted() {
    let house = House::new();
    let id = house.add("uid=ada,dc=example", &[("uid", "ada"), ("cn", "Ada")]).unwrap();
    assert_eq!(wait(house.store.find(&house.key("UID=Ada, dc=EXAMPLE"))).unwrap(), Some(id));
    let (_, version, children, name) = house.look("uid=ada,dc=example").unwrap();
    assert_eq!((children, name.as_str()), (0, "uid=ada,dc=example"));
    assert_eq!(house.look(SUFFIX).unwrap().2, 1);

    let (_, entry) = house.encoded("uid=ada,dc=example", &[("uid", "ada"), ("cn", "Countess")]);
    let replace = |expected| Change::Replace { id, expected, entry: entry.clone() };
    let applied = wait(house.store.apply(vec![replace(version)])).unwrap();
    assert_eq!(house.look("uid=ada,dc=example").unwrap().1, applied.version);
    assert_eq!(house.store.last_change(), applied.version.0);
    assert!(matches!(wait(house.store.apply(vec![replace(version)])), Err(StoreError::Conflict)));
    assert_eq!(house.search(SUFFIX, Scope::Subtree, "(cn=countess)", 9), ["uid=ada,dc=example"]);
    assert!(house.search(SUFFIX, Scope::Subtree, "(cn=ada)", 9).is_empty());

    let delete = |expected| Change::Delete { id, expected, subtree: false };
    assert!(matches!(wait(house.store.apply(vec![delete(version)])), Err(StoreError::Conflict)));
    wait(house.store.apply(vec![delete(applied.version)])).unwrap();
    assert!(house.look("uid=ada,dc=example").is_none());
    assert_eq!(house.look(SUFFIX).unwrap().2, 0);
    assert!(matches!(wait(house.store.apply(vec![delete(applied.version)])), Err(StoreError::NotFound)));
    assert!(house.search(SUFFIX, Scope::Subtree, "(cn=countess)", 9).is_empty());
    let again = house.add("uid=ada,dc=example", &[]).unwrap();
    assert!(again > id, "ids are never given again");
}

#[test]
fn a_name_needs_an_entry_above_it_and_is_taken_once() {
    let house = House::new();
    assert!(matches!(house.add("uid=x,ou=none,dc=example", &[]), Err(StoreError::NoParent)));
    assert!(matches!(house.add("dc=other", &[]), Err(StoreError::NoParent)));
    house.add("uid=x,dc=example", &[]).unwrap();
    assert!(matches!(house.add("UID=X,dc=example", &[]), Err(StoreError::Exists)));
    let (id, version, ..) = house.look(SUFFIX).unwrap();
    let delete = |subtree| Change::Delete { id, expected: version, subtree };
    assert!(matches!(wait(house.store.apply(vec![delete(false)])), Err(StoreError::NotLeaf)));
    assert!(house.look("uid=x,dc=example").is_some());
    wait(house.store.apply(vec![delete(true)])).unwrap();
    assert!(house.look("uid=x,dc=example").is_none() && house.look(SUFFIX).is_none());
}

#[test]
fn factor_records_are_claimed_once_and_go_with_their_entry() {
    let house = House::new();
    let id = house.add("uid=ada,dc=example", &[]).unwrap();
    let version = house.look("uid=ada,dc=example").unwrap().1;
    assert_eq!(house.factors(id), None);
    let claim = |expected, record: &[u8]| {
        wait(house.store.apply(vec![Change::Factors { id, expected, record: record.to_vec() }]))
            .map(|applied| applied.version)
    };
    let first = claim(None, b"one").unwrap();
    assert!(matches!(claim(None, b"two"), Err(StoreError::Conflict)));
    let second = claim(Some(first), b"two").unwrap();
    assert!(matches!(claim(Some(first), b"three"), Err(StoreError::Conflict)));
    assert_eq!(house.factors(id), Some((second, b"two".to_vec())));
    assert_eq!(house.look("uid=ada,dc=example").unwrap().1, version, "the entry did not change");
    wait(house.store.apply(vec![Change::Delete { id, expected: version, subtree: false }])).unwrap();
    let later = Change::Factors { id, expected: None, record: b"x".to_vec() };
    assert!(matches!(wait(house.store.apply(vec![later])), Err(StoreError::NotFound)));
    wait(house.store.apply(vec![Change::Stranger { record: vec![0; 100] }])).unwrap();
}

#[test]
fn several_changes_happen_together_or_not_at_all() {
    let house = House::new();
    let id = house.add("uid=ada,dc=example", &[]).unwrap();
    let (key, entry) = house.encoded("ou=people,dc=example", &[]);
    let (below, second) = house.encoded("uid=bob,ou=people,dc=example", &[]);
    let batch = |expected| {
        vec![
            Change::Add { key: key.clone(), entry: entry.clone(), factors: None },
            Change::Add { key: below.clone(), entry: second.clone(), factors: Some(b"sealed".to_vec()) },
            Change::Factors { id, expected, record: b"r".to_vec() },
        ]
    };
    assert!(matches!(wait(house.store.apply(batch(Some(Version(77))))), Err(StoreError::Conflict)));
    assert!(house.look("ou=people,dc=example").is_none() && house.factors(id).is_none());
    let applied = wait(house.store.apply(batch(None))).unwrap();
    assert_eq!(applied.added.len(), 2);
    assert_eq!(house.factors(applied.added[1]), Some((applied.version, b"sealed".to_vec())));
}

#[test]
fn renaming_moves_all_that_is_below() {
    let house = House::new();
    for dn in ["ou=a,dc=example", "ou=b,dc=example", "ou=Sub,ou=a,dc=example", "uid=x,ou=Sub,ou=a,dc=example"] {
        house.add(dn, &[("cn", "thing")]).unwrap();
    }
    let rename = |from: &str, to: &str| {
        let (id, expected, ..) = house.look(from).unwrap();
        let (key, entry) = house.encoded(to, &[("cn", "renamed")]);
        wait(house.store.apply(vec![Change::Rename { id, expected, key, entry }]))
    };
    assert!(matches!(rename("ou=a,dc=example", "ou=b,dc=example"), Err(StoreError::Exists)));
    assert!(matches!(rename("ou=a,dc=example", "ou=a,ou=sub,ou=a,dc=example"), Err(StoreError::NotLeaf)));
    assert!(matches!(rename("ou=a,dc=example", "ou=a,ou=none,dc=example"), Err(StoreError::NoParent)));
    rename("ou=a,dc=example", "ou=Moved,ou=b,dc=example").unwrap();
    let mut names = house.everything();
    names.sort();
    assert_eq!(
        names,
        [
            "dc=example",
            "ou=Moved,ou=b,dc=example",
            "ou=Sub,ou=Moved,ou=b,dc=example",
            "ou=b,dc=example",
            "uid=x,ou=Sub,ou=Moved,ou=b,dc=example"
        ]
    );
    assert_eq!(house.look("ou=b,dc=example").unwrap().2, 1);
    assert_eq!(house.look(SUFFIX).unwrap().2, 1);
    assert_eq!(house.search(SUFFIX, Scope::Subtree, "(cn=renamed)", 9), ["ou=Moved,ou=b,dc=example"]);
    rename("ou=moved,ou=b,dc=example", "ou=MOVED,ou=b,dc=example").unwrap();
    assert_eq!(house.look("uid=x,ou=sub,ou=moved,ou=b,dc=example").unwrap().3, "uid=x,ou=Sub,ou=MOVED,ou=b,dc=example");
    house.check();
}

#[test]
fn names_longer_than_a_key_work_like_others() {
    let house = House::new();
    let long = format!("cn={},dc=example", "x".repeat(600));
    let below = format!("cn=below,{long}");
    let other = format!("cn={}y,dc=example", "x".repeat(600));
    for dn in [&long, &below, &other] {
        house.add(dn, &[]).unwrap();
    }
    assert!(matches!(house.add(&below, &[]), Err(StoreError::Exists)));
    assert_eq!(house.look(&long).unwrap().2, 1);
    assert_eq!(house.search(&long, Scope::Subtree, "(objectClass=*)", 1).len(), 2);
    assert_eq!(house.search(&long, Scope::One, "(objectClass=*)", 1), [below.as_str()]);
    let mut children = house.search(SUFFIX, Scope::One, "(objectClass=*)", 1);
    children.sort();
    assert_eq!(children, [long.clone(), other.clone()]);
    let (id, expected, ..) = house.look(&long).unwrap();
    let (key, entry) = house.encoded("cn=short,dc=example", &[]);
    wait(house.store.apply(vec![Change::Rename { id, expected, key, entry }])).unwrap();
    assert_eq!(
        house.search("cn=short,dc=example", Scope::Subordinates, "(objectClass=*)", 9),
        ["cn=below,cn=short,dc=example"]
    );
    assert!(house.look(&other).is_some());
    house.check();
}

/// Three levels: the suffix, 3 units, 40 people each.
fn village() -> House {
    let house = House::new();
    for unit in 0..3 {
        house.add(&format!("ou=u{unit},dc=example"), &[]).unwrap();
        for number in 0..40 {
            let (uid, cn) = (format!("p{unit}-{number}"), format!("Person {} of {unit}", number % 10));
            house.add(&format!("uid={uid},ou=u{unit},dc=example"), &[("uid", &uid), ("cn", &cn)]).unwrap();
        }
    }
    house
}

#[test]
fn every_scope_and_every_page_size_sees_each_candidate_once() {
    let house = village();
    let people = "(cn=person 3 of 1)";
    for page in [1, 2, 3, 7, 1000] {
        let count = |base: &str, scope, filter: &str| {
            let names = house.search(base, scope, filter, page);
            assert_eq!(names.iter().collect::<BTreeSet<_>>().len(), names.len(), "each once");
            names.len()
        };
        assert_eq!(count(SUFFIX, Scope::Subtree, "(objectClass=*)"), 124);
        assert_eq!(count(SUFFIX, Scope::Subordinates, "(objectClass=*)"), 123);
        assert_eq!(count(SUFFIX, Scope::One, "(objectClass=*)"), 3);
        assert_eq!(count("ou=u1,dc=example", Scope::One, "(objectClass=*)"), 40);
        assert_eq!(count("ou=u1,dc=example", Scope::Subtree, "(objectClass=*)"), 41);
        assert_eq!(count(SUFFIX, Scope::Base, "(objectClass=*)"), 1);
        assert_eq!(count("ou=none,dc=example", Scope::Base, "(objectClass=*)"), 0);
        assert_eq!(count(SUFFIX, Scope::Subtree, people), 4);
        assert_eq!(count("ou=u1,dc=example", Scope::One, people), 4);
        assert_eq!(count("ou=u2,dc=example", Scope::One, people), 0);
        assert_eq!(count(SUFFIX, Scope::One, people), 0);
    }
    house.check();
}

#[test]
fn an_index_misses_nothing_that_a_scan_finds() {
    let house = village();
    for number in 0..30_u32 {
        let (name, uid) = (format!("uid=n{number},dc=example"), (number * 7919 % 101).to_string());
        house.add(&name, &[("cn", &format!("N{number} Some\u{e9}body  Else")), ("uidNumber", &uid)]).unwrap();
    }
    let base = house.key(SUFFIX);
    let matching = |filter: &CompiledFilter, by: &CompiledFilter| {
        let query = Query { base: &base, scope: Scope::Subtree, filter: by };
        let (mut names, mut indexed, mut seen) = (BTreeSet::new(), true, 0);
        let visited = wait(house.store.search(&query, None, &mut |found| {
            let surroundings = Surroundings { children: found.children };
            indexed &= found.indexed;
            seen += 1;
            if filter.matches(found.entry, surroundings, &house.schema, &|_| true) == Truth::True {
                names.insert(found.entry.dn().to_owned());
            }
            Step::Continue
        }));
        assert_eq!(visited.unwrap(), Progress::Done);
        (names, indexed, seen)
    };
    let everything = compiled(&house.schema, "(objectClass=*)");
    let all = matching(&everything, &everything).2;
    for (text, is_indexed) in [
        ("(cn=Person 3 of 1)", true),
        ("(cn=PERSON*)", true),
        ("(cn=*of 2)", true),
        ("(cn=* 7 of*)", true),
        ("(cn=n1*else)", true),
        ("(cn=*some\u{e9}body e*)", true),
        ("(cn=n1 some\u{c9}body else)", true),
        ("(cn=*x*)", false),
        ("(cn=*)", true),
        ("(uid=*)", false),
        ("(uidNumber>=50)", true),
        ("(uidNumber<=50)", true),
        ("(&(cn=*person*)(uidNumber>=50))", true),
        ("(&(cn=*somebody*)(uidNumber>=50)(uidNumber<=60))", true),
        ("(&(sn=x)(cn=*person*))", true),
        ("(|(cn=*of 1)(uidNumber<=9)(uid=p2-3))", true),
        ("(|(cn=*of 1)(sn=x))", false),
        ("(&(cn=*person*)(!(cn=*of 1)))", true),
        ("(!(cn=*of 1))", false),
        ("(nonsense=1)", true),
        ("(|)", true),
        ("(&)", false),
        ("(&(|(uid=p0-1)(uid=p0-2)(uid=p0-3))(cn=*person*))", true),
    ] {
        let filter = compiled(&house.schema, text);
        let (by_index, indexed, seen) = matching(&filter, &filter);
        assert_eq!(by_index, matching(&filter, &everything).0, "{text}");
        assert_eq!(indexed || seen == 0, is_indexed, "{text}");
        assert!(!is_indexed || seen < all, "{text}: {seen} candidates of {all}");
    }
}

#[test]
fn a_search_goes_on_while_entries_come() {
    let house = village();
    let before: BTreeSet<String> = house.everything().into_iter().collect();
    let base = house.key(SUFFIX);
    for text in ["(objectClass=*)", "(cn=*person*)"] {
        let filter = compiled(&house.schema, text);
        let query = Query { base: &base, scope: Scope::Subordinates, filter: &filter };
        let (mut names, mut from, mut round) = (Vec::new(), None::<Position>, 0);
        loop {
            let mut taken = 0;
            let progress = wait(house.store.search(&query, from.as_ref(), &mut |found| {
                taken += 1;
                names.push(found.entry.dn().to_owned());
                if taken == 10 { Step::Stop } else { Step::Continue }
            }));
            let Progress::More(position) = progress.unwrap() else { break };
            from = Some(position);
            round += 1;
            if round < 20 {
                let uid = Uuid::new_v4().to_string();
                house.add(&format!("uid={uid},ou=u{},dc=example", round % 3), &[("cn", "Person new")]).unwrap();
            }
        }
        let unique: BTreeSet<String> = names.iter().cloned().collect();
        assert_eq!(unique.len(), names.len(), "each once");
        let people = before.iter().filter(|name| name.starts_with("uid="));
        assert!(people.into_iter().all(|name| unique.contains(name)), "none of the old ones is missed");
    }
}

#[test]
fn sixty_four_writers_count_to_the_same_number() {
    let house = House::new();
    let id = house.add("uid=ada,dc=example", &[]).unwrap();
    wait(house.store.apply(vec![Change::Factors { id, expected: None, record: vec![0; 8] }])).unwrap();
    std::thread::scope(|scope| {
        for writer in 0..64 {
            let house = &house;
            scope.spawn(move || {
                for round in 0..5 {
                    loop {
                        let (version, record) = house.factors(id).unwrap();
                        let next = u64::from_be_bytes(record.try_into().unwrap()) + 1;
                        let change =
                            Change::Factors { id, expected: Some(version), record: next.to_be_bytes().to_vec() };
                        match wait(house.store.apply(vec![change])) {
                            Ok(_) => break,
                            Err(StoreError::Conflict) => {}
                            Err(error) => panic!("{error}"),
                        }
                    }
                    house.add(&format!("uid=w{writer}-{round},dc=example"), &[]).unwrap();
                }
            });
        }
    });
    assert_eq!(house.factors(id).unwrap().1, 320_u64.to_be_bytes());
    assert_eq!(house.look(SUFFIX).unwrap().2, 321);
    let house = house.reopened();
    assert_eq!(house.everything().len(), 322);
    house.check();
}

#[test]
fn a_backup_holds_what_the_store_held_and_raises_the_fence() {
    let house = village();
    let copies = tempfile::tempdir().unwrap();
    let copy = copies.path().join("copy.mdb");
    let runtime = tokio::runtime::Builder::new_multi_thread().build().unwrap();
    runtime.block_on(house.store.backup(&copy)).unwrap();
    assert!(runtime.block_on(house.store.backup(&copy)).is_err(), "nothing is overwritten");
    let place = copies.path().join("restored");
    backup::restore(&copy, &place, &Settings::default(), 1234).unwrap();
    assert!(backup::restore(&copy, &place, &Settings::default(), 1234).is_err(), "not over a store");
    let (store, schema) = open(&place);
    assert_eq!(store.fence(), 1234);
    let restored = House { store, schema, directory: copies };
    assert_eq!(restored.everything(), house.everything());
}

// What follows is about the embedded store alone.

impl House {
    /// Reads everything back and finds nothing wrong.
    fn check(&self) {
        // One process opens a file once, so the check is made on a copy.
        let copies = tempfile::tempdir().unwrap();
        let copy = copies.path().join("copy.mdb");
        let runtime = tokio::runtime::Builder::new_multi_thread().build().unwrap();
        runtime.block_on(self.store.backup(&copy)).unwrap();
        let place = copies.path().join("restored");
        backup::restore(&copy, &place, &Settings::default(), 1).unwrap();
        let opened = Opened::open(&place, &Settings::default()).unwrap();
        let schema = Arc::new(Schema::standard(opened.attribute_ids()));
        let report = opened.check(Arc::clone(&schema), indexes(&schema)).unwrap();
        assert_eq!((report.problems, report.problem_count), (vec![], 0));
        assert!(report.entries > 0);
    }
}

#[test]
fn other_indexes_are_built_at_the_next_start() {
    let house = village();
    let filter = compiled(&house.schema, "(uid=p1-7)");
    let House { store, directory, .. } = house;
    drop(store);
    let opened = Opened::open(directory.path(), &Settings::default()).unwrap();
    let schema = Arc::new(Schema::standard(opened.attribute_ids()));
    let suffixes = vec![DnKey::parse(SUFFIX, &schema).unwrap()];
    let store = opened.start(Arc::clone(&schema), Indexes::default(), suffixes).unwrap();
    assert_eq!(wait(store.statistics()).unwrap().index_rows, 0);
    drop(store);
    let (store, schema) = open(directory.path());
    let house = House { store, schema, directory };
    let mut indexed = 0;
    let base = house.key(SUFFIX);
    let query = Query { base: &base, scope: Scope::Subtree, filter: &filter };
    let searched = wait(house.store.search(&query, None, &mut |found| {
        indexed += u32::from(found.indexed);
        Step::Continue
    }));
    assert_eq!((searched.unwrap(), indexed), (Progress::Done, 1));
    house.check();
}

#[test]
fn a_data_directory_is_used_by_one() {
    let house = House::new();
    let second = Opened::open(house.directory.path(), &Settings::default()).map(drop).unwrap_err().to_string();
    assert!(second.contains(&std::process::id().to_string()) && second.contains("in use"), "{second}");
}

#[test]
fn a_store_sealed_with_another_key_is_refused() {
    let directory = tempfile::tempdir().unwrap();
    let with = |key: &str| Settings { seal_key_ids: vec![key.into()], ..Settings::default() };
    drop(try_open(directory.path(), &with("aaaa")).unwrap());
    let refused = try_open(directory.path(), &with("bbbb")).map(drop).unwrap_err().to_string();
    assert!(refused.contains("aaaa") && refused.contains("bbbb"), "{refused}");
    drop(try_open(directory.path(), &with("aaaa")).unwrap());
}

#[test]
fn a_full_map_refuses_writes_and_goes_on() {
    let directory = tempfile::tempdir().unwrap();
    let settings = Settings { map_size: 1 << 20, ..Settings::default() };
    let (store, schema) = try_open(directory.path(), &settings).unwrap();
    let house = House { store, schema, directory };
    house.add(SUFFIX, &[]).unwrap();
    let big = "x".repeat(10_000);
    let mut count = 0;
    let refused = loop {
        match house.add(&format!("uid=u{count},dc=example"), &[("cn", &big)]) {
            Ok(_) => count += 1,
            Err(error) => break error,
        }
    };
    assert!(matches!(refused, StoreError::Full), "{refused}");
    assert!(count > 10 && house.look("uid=u3,dc=example").is_some());
    let (id, expected, ..) = house.look("uid=u3,dc=example").unwrap();
    wait(house.store.apply(vec![Change::Delete { id, expected, subtree: false }])).unwrap();
    house.add("uid=small,dc=example", &[]).unwrap();
    assert_eq!(house.reopened().everything().len(), count + 1);
}

#[test]
fn a_full_disk_refuses_writes_and_goes_on() {
    const NAME: &str = "a_full_disk_refuses_writes_and_goes_on";
    if let Ok(directory) = std::env::var(CHILD) {
        return fill_the_disk(Path::new(&directory));
    }
    let directory = tempfile::tempdir().unwrap();
    // A limit on the size of files stands for a small disk: in blocks of 512 octets, and without the signal it sends.
    let program = std::env::current_exe().unwrap();
    let limited = format!("trap '' XFSZ; ulimit -f 4000; exec {} --exact {NAME}", program.display());
    let child = Command::new("sh").args(["-c", &limited]).env(CHILD, directory.path()).output().unwrap();
    assert!(child.status.success(), "{}", String::from_utf8_lossy(&child.stdout));
    // With room again, what was acknowledged is there and writing goes on.
    let (store, schema) = open(directory.path());
    let house = House { store, schema, directory };
    assert!(house.everything().len() > 10);
    house.add("uid=later,dc=example", &[]).unwrap();
    house.check();
}

/// Writes until there is no room, and goes on reading.
fn fill_the_disk(place: &Path) {
    let (store, schema) = open(place);
    let house = House { store, schema, directory: tempfile::tempdir().unwrap() };
    house.add(SUFFIX, &[]).unwrap();
    let big = "x".repeat(10_000);
    for number in 0..1000 {
        match house.add(&format!("uid=u{number},dc=example"), &[("cn", &big)]) {
            Ok(_) => {}
            Err(StoreError::Full) => {
                assert!(number > 10 && house.look("uid=u3,dc=example").is_some());
                assert!(matches!(
                    house.add(&format!("uid=v{number},dc=example"), &[("cn", &big)]),
                    Err(StoreError::Full)
                ));
                return assert_eq!(house.everything().len(), number + 1);
            }
            Err(error) => panic!("{error}"),
        }
    }
    panic!("there was room for everything");
}

#[test]
fn a_truncated_file_and_a_flipped_byte_end_in_a_sentence() {
    let house = village();
    let House { store, directory, schema } = house;
    drop(store);
    let file = directory.path().join("data.mdb");
    let whole = std::fs::read(&file).unwrap();
    for keep in [100, 4096, 8192, 20_000, whole.len() / 2] {
        std::fs::write(&file, &whole[..keep]).unwrap();
        let refused = try_open(directory.path(), &Settings::default()).map(drop).unwrap_err();
        assert!(matches!(refused, StoreError::Damaged(_)), "{keep}: {refused}");
    }
    let needle = schema_free_needle(&schema);
    let places: Vec<usize> =
        whole.windows(needle.len()).enumerate().filter(|(_, at)| *at == needle).map(|(at, _)| at).collect();
    assert!(!places.is_empty());
    let mut flipped = whole.clone();
    for place in places {
        flipped[place] ^= 1;
    }
    std::fs::write(&file, &flipped).unwrap();
    let (store, schema) = open(directory.path());
    let house = House { store, schema, directory };
    let key = house.key("uid=p2-39,ou=u2,dc=example");
    let read = wait(house.store.read(Target::Key(&key), false, &mut |_| panic!("a damaged entry was believed")));
    assert!(matches!(read, Err(StoreError::Damaged(_)) | Ok(false)), "{read:?}");
}

/// Octets that stand in one entry's stored form only.
fn schema_free_needle(_schema: &Schema) -> Vec<u8> {
    b"uid=p2-39,ou=u2,dc=example".to_vec()
}

#[test]
fn a_load_is_sorted_whole_or_not_at_all() {
    let directory = tempfile::tempdir().unwrap();
    let load = |names: Vec<String>| {
        let opened = Opened::open(directory.path(), &Settings::default()).unwrap();
        let schema = Arc::new(Schema::standard(opened.attribute_ids()));
        let suffixes = vec![DnKey::parse(SUFFIX, &schema).unwrap()];
        let mut source = names.iter().map(|name| {
            let cn = format!("Name of {name}");
            let (_, entry) = encoded(&schema, name, &[("cn", &cn[..60.min(cn.len())])]);
            Ok(Incoming { entry, factors: name.starts_with("uid=p1-1").then(|| b"sealed".to_vec()) })
        });
        opened.import(Arc::clone(&schema), indexes(&schema), suffixes, &mut source, &mut |_, _| {})
    };
    let mut names = vec![SUFFIX.to_owned()];
    names.extend((0..3).map(|unit| format!("ou=u{unit},dc=example")));
    names.extend((0..2000).map(|number| format!("uid=p{}-{number},ou=u{0},dc=example", number % 3)));
    names.push(format!("cn={},ou=u1,dc=example", "z".repeat(700)));
    let twice = [&names[..], &names[7..8]].concat();
    assert!(matches!(load(twice), Err(ImportError::Twice(name)) if name == names[7]));
    let orphaned = [&names[..], &["uid=x,ou=none,dc=example".to_owned()]].concat();
    assert!(matches!(load(orphaned), Err(ImportError::Orphan(name)) if name.contains("ou=none")));
    names.reverse();
    assert_eq!(load(names.clone()).unwrap(), names.len() as u64, "children before their parents");
    assert!(matches!(load(vec![SUFFIX.to_owned()]), Err(ImportError::NotEmpty(count)) if count == names.len() as u64));
    let (store, schema) = open(directory.path());
    let house = House { store, schema, directory };
    assert_eq!(house.everything().len(), names.len());
    assert_eq!(house.look("ou=u1,dc=example").unwrap().2, 668);
    let id = house.look("uid=p1-1,ou=u1,dc=example").unwrap().0;
    assert_eq!(house.factors(id).unwrap().1, b"sealed");
    house.add("uid=late,ou=u1,dc=example", &[]).unwrap();
    house.check();
}

const CHILD: &str = "COUNTERSIGN_TEST_STORE_CHILD";

#[test]
fn nothing_acknowledged_is_lost_by_kill_9() {
    if let Ok(directory) = std::env::var(CHILD) {
        return write_until_killed(Path::new(&directory));
    }
    let directory = tempfile::tempdir().unwrap();
    let mut acknowledged = BTreeSet::new();
    for round in 0..5 {
        let mut child = Command::new(std::env::current_exe().unwrap())
            .args(["--exact", "nothing_acknowledged_is_lost_by_kill_9", "--nocapture", "--test-threads=1"])
            .env(CHILD, directory.path())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let lines = BufReader::new(child.stdout.take().unwrap()).lines();
        let done = lines.map(Result::unwrap).filter_map(|line| line.strip_prefix("done ").map(str::to_owned));
        acknowledged.extend(done.take(100 + round * 37));
        child.kill().unwrap();
        child.wait().unwrap();
        let (store, schema) = open(directory.path());
        for name in &acknowledged {
            let key = DnKey::parse(name, &schema).unwrap();
            assert!(wait(store.find(&key)).unwrap().is_some(), "{name} was acknowledged");
        }
    }
    let (store, schema) = open(directory.path());
    House { store, schema, directory }.check();
}

/// Adds entries from eight threads, saying each name when it is durable.
fn write_until_killed(directory: &Path) {
    let (store, schema) = open(directory);
    let (key, entry) = encoded(&schema, SUFFIX, &[]);
    let _ = wait(store.apply(vec![Change::Add { key, entry, factors: None }]));
    std::thread::scope(|scope| {
        for _ in 0..8 {
            scope.spawn(|| {
                loop {
                    let name = format!("uid={},dc=example", Uuid::new_v4());
                    let (key, entry) = encoded(&schema, &name, &[("cn", "some name"), ("uid", &name)]);
                    wait(store.apply(vec![Change::Add { key, entry, factors: Some(vec![7; 50]) }])).unwrap();
                    println!("done {name}");
                }
            });
        }
    });
}

fn indexes(schema: &Schema) -> Indexes {
    let all = &[Kind::Equality, Kind::Presence, Kind::Substring][..];
    let wanted = [("cn", all), ("uid", &[Kind::Equality]), ("uidNumber", &[Kind::Equality, Kind::Ordering])];
    Indexes::build(schema, wanted).unwrap()
}

/// A compiled filter, from its text.
fn compiled(schema: &Schema, text: &str) -> CompiledFilter {
    let encoded = encode(text).unwrap();
    let mut filter = CompiledFilter::default();
    filter.compile(Filter::decode(&encoded).unwrap(), schema);
    filter
}

/// What the store costs, with many entries. Prints; asserts nothing about time.
///
/// `COUNTERSIGN_ENTRIES=1000000 cargo test --release --test store -- --ignored --nocapture figures`
#[test]
#[ignore = "takes a while; run it by name"]
fn figures() {
    let entries: u64 = std::env::var("COUNTERSIGN_ENTRIES").ok().and_then(|text| text.parse().ok()).unwrap_or(100_000);
    let directory = tempfile::tempdir_in(".").unwrap();
    let opened = Opened::open(directory.path(), &Settings::default()).unwrap();
    let schema = Arc::new(Schema::standard(opened.attribute_ids()));
    let suffixes = vec![DnKey::parse(SUFFIX, &schema).unwrap()];
    let wanted = || {
        let eq = &[Kind::Equality][..];
        let sub = &[Kind::Equality, Kind::Substring][..];
        let wanted = [("objectClass", eq), ("uid", eq), ("mail", eq), ("sn", eq), ("cn", sub), ("entryUUID", eq)];
        Indexes::build(&schema, wanted).unwrap()
    };
    let name = |number: u64| format!("uid=user{number:07},ou=people,dc=example");
    let person = |number: u64| {
        let dn = name(number);
        let (given, sn) = (["Ada", "Grace", "Edith", "Mary"][number as usize % 4], format!("Sur{}", number % 5000));
        let cn = format!("{given} {sn}");
        let (mail, uuid) = (format!("user{number}@example.com"), Uuid::new_v4().to_string());
        let mut attributes = vec![("objectClass", "top"), ("objectClass", "person"), ("objectClass", "inetOrgPerson")];
        let uid = &dn[4..15];
        let long = "x".repeat(400);
        attributes.extend([("uid", uid), ("cn", &cn), ("sn", &sn), ("givenName", given), ("mail", &mail)]);
        attributes.extend([("entryUUID", uuid.as_str()), ("telephoneNumber", "+1 555 0100"), ("description", &long)]);
        encoded(&schema, &dn, &attributes)
    };
    let tops = [SUFFIX, "ou=people,dc=example"].map(|dn| encoded(&schema, dn, &[]).1);
    let people = (0..entries).map(|number| person(number).1);
    let mut source = tops.into_iter().chain(people).map(|entry| Ok(Incoming { entry, factors: None }));
    let start = std::time::Instant::now();
    let mut last = None;
    let mut progress = |stage, _| {
        if last.replace(stage) != Some(stage) {
            eprintln!(
                "{:8.2} s, {:.2} s of processor time: {stage:?}",
                start.elapsed().as_secs_f64(),
                thread_seconds()
            );
        }
    };
    opened.import(Arc::clone(&schema), wanted(), suffixes.clone(), &mut source, &mut progress).unwrap();
    let (wall, processor) = (start.elapsed().as_secs_f64(), thread_seconds());
    eprintln!("{wall:8.2} s, {processor:.2} s of processor time: loaded {entries}; {}", memory());
    let opened = Opened::open(directory.path(), &Settings::default()).unwrap();
    let store = opened.start(Arc::clone(&schema), wanted(), suffixes).unwrap();
    eprintln!("{:8.2} s open; {:?}", start.elapsed().as_secs_f64(), wait(store.statistics()).unwrap());

    let mut state = 1_u64;
    let mut random = move || {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
        (state >> 33) % entries
    };
    let measure = |what: &str, count: u64, work: &mut dyn FnMut()| {
        let start = thread_seconds();
        for _ in 0..count {
            work();
        }
        eprintln!("{:8.2} us of processor time: {what}", (thread_seconds() - start) * 1e6 / count as f64);
    };
    let now = |answer: Answer<'_, Result<bool, StoreError>>| match answer {
        Answer::Ready(Some(ready)) => ready.unwrap(),
        _ => panic!("not ready"),
    };
    measure("(making a key)", 200_000, &mut || drop(DnKey::parse(&name(random()), &schema)));
    for round in ["cold", "warm"] {
        measure(&format!("read by name, {round}"), 200_000, &mut || {
            let key = DnKey::parse(&name(random()), &schema).unwrap();
            assert!(now(store.read(Target::Key(&key), false, &mut |_| {})));
        });
    }
    let base = DnKey::parse(SUFFIX, &schema).unwrap();
    let search = |text: &str, limit: usize| {
        let filter = compiled(&schema, text);
        let query = Query { base: &base, scope: Scope::Subtree, filter: &filter };
        let mut seen = 0;
        let mut visit = |_: countersign::store::Found<'_>| {
            seen += 1;
            if seen == limit { Step::Stop } else { Step::Continue }
        };
        let Answer::Ready(Some(Ok(_))) = store.search(&query, None, &mut visit) else { panic!("not ready") };
        seen
    };
    measure("search (uid=...)", 100_000, &mut || assert_eq!(search(&format!("(uid=user{:07})", random()), 10), 1));
    measure("search (&(objectClass=person)(uid=...))", 50_000, &mut || {
        assert_eq!(search(&format!("(&(objectClass=person)(uid=user{:07}))", random()), 10), 1);
    });
    measure("search (cn=*ur123*), 10 entries", 5_000, &mut || assert!(search("(cn=*ur123*)", 10) > 0));
    measure("search (uid=nobody)", 50_000, &mut || assert_eq!(search("(uid=nobody)", 10), 0));
    measure("scan of all", 1, &mut || assert!(search("(!(uid=x))", usize::MAX) > 0));

    let writes = |what: &str, threads: u64, each: u64, work: &(dyn Fn(u64) + Sync)| {
        let start = std::time::Instant::now();
        std::thread::scope(|scope| {
            for thread in 0..threads {
                scope.spawn(move || (0..each).for_each(|round| work(thread * each + round)));
            }
        });
        let (count, seconds) = ((threads * each) as f64, start.elapsed().as_secs_f64());
        eprintln!("{:8.0} /s {what}, {threads} writers", count / seconds);
    };
    let replace = |number: u64| {
        let number = number.wrapping_mul(7919) % entries;
        let (key, entry) = person(number);
        let mut read = None;
        assert!(now(store.read(Target::Key(&key), false, &mut |found| read = Some((found.id, found.version)))));
        let (id, expected) = read.unwrap();
        wait(store.apply(vec![Change::Replace { id, expected, entry }])).unwrap();
    };
    let factors = |number: u64| {
        let change = Change::Factors { id: EntryId(3 + number % entries), expected: None, record: vec![9; 120] };
        wait(store.apply(vec![change])).unwrap();
    };
    let add = |number: u64| {
        let (key, entry) = person(entries + number);
        wait(store.apply(vec![Change::Add { key, entry, factors: None }])).unwrap();
    };
    writes("replace", 1, 500, &replace);
    writes("replace", 64, 300, &replace);
    writes("factor record", 64, 300, &factors);
    writes("add", 64, 300, &add);
    eprintln!("{}", memory());
}

/// Seconds that this thread has had a processor.
fn thread_seconds() -> f64 {
    let schedule = std::fs::read_to_string("/proc/thread-self/schedstat").unwrap();
    schedule.split_whitespace().next().unwrap().parse::<f64>().unwrap() / 1e9
}

/// This process's memory: private now, and at most in all.
fn memory() -> String {
    let status = std::fs::read_to_string("/proc/self/status").unwrap();
    let lines = status.lines().filter(|line| ["VmHWM", "RssAnon", "RssFile"].iter().any(|name| line.starts_with(name)));
    lines.map(|line| line.split_whitespace().collect::<Vec<_>>().join(" ")).collect::<Vec<_>>().join(", ")
}
