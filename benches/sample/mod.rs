//! What the micro-benchmarks share: people of about a kilobyte with eighteen attribute types, filters, and a store that holds them.

#![allow(
    dead_code,
    clippy::unwrap_used,
    reason = "a benchmark that cannot be set up should say so; none uses all of this"
)]

use std::{
    path::Path,
    pin::pin,
    sync::Arc,
    task::{Context, Poll, Wake, Waker},
    thread::{self, Thread},
};

use countersign::{
    directory::{
        dn::{Dn, DnKey},
        entry::Entry,
        filter::CompiledFilter,
        index_terms::{Indexes, Kind},
        schema::Schema,
    },
    store::{
        Answer, Change, Store,
        embedded::{Embedded, Opened, Settings},
    },
};
use countersign_proto::{
    ber::Writer,
    ldap::{filter::Filter, filter_text},
};
use uuid::Uuid;

/// The top of the tree.
pub(crate) const SUFFIX: &str = "dc=example,dc=com";
/// Entries applied at once while a store is filled.
const TOGETHER: u64 = 500;

/// The name of a person.
pub(crate) fn dn(number: u64) -> String {
    format!("uid=user.{number:07},ou=people,{SUFFIX}")
}

/// A person.
pub(crate) fn person(schema: &Schema, number: u64) -> Entry {
    let mut entry = Entry::new(Dn::parse(&dn(number)).unwrap(), Uuid::from_u128(u128::from(number)));
    let classes = ["top", "person", "organizationalPerson", "inetOrgPerson"];
    entry.set(schema, "objectClass", classes.map(|class| class.as_bytes().to_vec()).to_vec());
    let uid = format!("user.{number:07}");
    let values = [
        ("uid", uid.clone()),
        ("cn", format!("Ada Keeper{number:07}")),
        ("sn", format!("Keeper{number:07}")),
        ("givenName", "Ada".to_owned()),
        ("initials", "AK".to_owned()),
        ("displayName", format!("Ada Keeper ({number})")),
        ("mail", format!("{uid}@example.com")),
        ("telephoneNumber", format!("+1 555 {number:07}")),
        ("mobile", format!("+1 556 {number:07}")),
        ("homePhone", format!("+1 557 {number:07}")),
        ("employeeNumber", number.to_string()),
        ("departmentNumber", (number % 97).to_string()),
        ("title", "Keeper of the gate".to_owned()),
        ("l", "Example Town".to_owned()),
        ("postalAddress", "1 Lane$12345 Example Town$Elsewhere".to_owned()),
        ("description", "word by word ".repeat(30)),
        ("userPassword", "{SSHA}AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA==".to_owned()),
    ];
    for (name, value) in values {
        entry.set(schema, name, vec![value.into_bytes()]);
    }
    entry
}

/// A search by uid for all attributes, as a client sends it.
pub(crate) fn search_message(filter: &str, attributes: &[&str]) -> Vec<u8> {
    let (filter, mut octets) = (filter_text::encode(filter).unwrap(), Vec::new());
    Writer::new(&mut octets).sequence(|message| {
        message.integer(7);
        message.constructed(0x63, |search| {
            search.octet_string(SUFFIX.as_bytes());
            search.enumerated(2);
            search.enumerated(0);
            search.integer(0);
            search.integer(0);
            search.boolean(false);
            search.raw(&filter);
            search.sequence(|list| attributes.iter().for_each(|name| list.octet_string(name.as_bytes())));
        });
    });
    octets
}

/// A filter made ready.
pub(crate) fn compiled(schema: &Schema, text: &str) -> CompiledFilter {
    let (octets, mut filter) = (filter_text::encode(text).unwrap(), CompiledFilter::default());
    filter.compile(Filter::decode(&octets).unwrap(), schema);
    filter
}

/// An embedded store with so many people.
pub(crate) fn store(folder: &Path, people: u64) -> (Embedded, Arc<Schema>) {
    let opened = Opened::open(folder, &Settings::default()).unwrap();
    let schema = Arc::new(Schema::standard(opened.attribute_ids()));
    let (equality, both) = (&[Kind::Equality][..], &[Kind::Equality, Kind::Substring][..]);
    let wanted = [("objectClass", equality), ("uid", equality), ("mail", equality), ("sn", equality), ("cn", both)];
    let indexes = Indexes::build(&schema, wanted).unwrap();
    let suffixes = vec![DnKey::parse(SUFFIX, &schema).unwrap()];
    let store = opened.start(Arc::clone(&schema), indexes, suffixes).unwrap();
    for name in [SUFFIX.to_owned(), format!("ou=people,{SUFFIX}")] {
        let entry = Entry::new(Dn::parse(&name).unwrap(), Uuid::new_v4());
        wait(store.apply(vec![add(&schema, &entry)])).unwrap();
    }
    for first in (0..people).step_by(TOGETHER as usize) {
        let changes = (first..people.min(first + TOGETHER)).map(|number| add(&schema, &person(&schema, number)));
        wait(store.apply(changes.collect())).unwrap();
    }
    (store, schema)
}

fn add(schema: &Schema, entry: &Entry) -> Change {
    Change::Add { key: entry.dn.key(schema), entry: entry.encode(schema), factors: None }
}

/// Waits for an answer, without a runtime: most are here already.
pub(crate) fn wait<T: Unpin>(answer: Answer<'_, T>) -> T {
    match answer {
        Answer::Ready(Some(value)) => value,
        answer => block_on(answer),
    }
}

/// Runs a future on this thread, which sleeps while there is nothing to do.
pub(crate) fn block_on<F: Future>(future: F) -> F::Output {
    struct Unpark(Thread);
    impl Wake for Unpark {
        fn wake(self: Arc<Self>) {
            self.0.unpark();
        }
    }
    let (waker, mut future) = (Waker::from(Arc::new(Unpark(thread::current()))), pin!(future));
    loop {
        match future.as_mut().poll(&mut Context::from_waker(&waker)) {
            Poll::Ready(value) => return value,
            Poll::Pending => thread::park(),
        }
    }
}
