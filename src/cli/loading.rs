//! LDIF records made ready for a bulk load: names and attributes held to the schema, clear-text passwords hashed, TOTP secrets
//! sealed into factor records, operational attributes kept where the file has them and made where it has not.

use std::{
    io::BufRead,
    sync::Arc,
    thread::{available_parallelism, scope},
};

use uuid::Uuid;
use zeroize::Zeroizing;

use crate::{
    clock::UnixMillis,
    directory::{
        dn::Dn,
        entry::{Attribute, Entry},
        ldif::{Content, Reader, Record},
        schema::Schema,
    },
    factors::{
        password::{self, Scheme, Workspace},
        record::Record as FactorRecord,
    },
    random::{Random, octets},
    seal::{Place, Sealer},
    store::embedded::import::Incoming,
};

/// What refuses a record: the line it begins on, and why.
pub(crate) type Refusal = Box<dyn std::error::Error + Send + Sync>;

/// What records are held to and made with.
pub(crate) struct Rules {
    pub(crate) schema: Arc<Schema>,
    pub(crate) sealer: Arc<Sealer>,
    pub(crate) random: Arc<dyn Random>,
    pub(crate) scheme: Scheme,
    pub(crate) now: UnixMillis,
    /// Who is written down as the creator of entries that do not say so.
    pub(crate) creator: String,
}

/// What other servers export and this one computes itself.
const COMPUTED: [&str; 8] = [
    "entryDN",
    "subschemaSubentry",
    "hasSubordinates",
    "numSubordinates",
    "entryCSN",
    "contextCSN",
    "structuralObjectClass",
    "ds-pwp-state-json",
];

/// Records handled at once: hashing keeps all processors busy.
const BATCH: usize = 256;

/// Entries of a stream of LDIF, in its order.
pub(crate) struct Entries<'r, R> {
    reader: Reader<R>,
    rules: &'r Rules,
    /// The next batch, the first one last.
    ready: Vec<Result<Incoming, Refusal>>,
    /// Told how many octets were read.
    on_read: Box<dyn FnMut(u64) + 'r>,
}

impl<'r, R: BufRead> Entries<'r, R> {
    pub(crate) fn new(input: R, rules: &'r Rules, on_read: impl FnMut(u64) + 'r) -> Self {
        Self { reader: Reader::new(input), rules, ready: Vec::new(), on_read: Box::new(on_read) }
    }

    fn read_batch(&mut self) {
        let mut records = Vec::with_capacity(BATCH);
        let mut failed = None;
        while records.len() < BATCH {
            match self.reader.next() {
                None => break,
                Some(Ok(record)) => records.push(record),
                Some(Err(error)) => {
                    failed = Some(Err(error.into()));
                    break;
                }
            }
        }
        (self.on_read)(self.reader.octets());
        self.ready = prepare_all(records, self.rules);
        self.ready.extend(failed);
        self.ready.reverse();
    }
}

impl<R: BufRead> Iterator for Entries<'_, R> {
    type Item = Result<Incoming, Refusal>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.ready.is_empty() {
            self.read_batch();
        }
        self.ready.pop()
    }
}

/// Prepares a batch on all processors, keeping its order.
fn prepare_all(records: Vec<Record>, rules: &Rules) -> Vec<Result<Incoming, Refusal>> {
    let threads = available_parallelism().map_or(1, usize::from);
    let share = records.len().div_ceil(threads).max(1);
    let mut records = records.into_iter();
    scope(|scope| {
        let parts: Vec<Vec<Record>> = std::iter::from_fn(|| {
            Some(records.by_ref().take(share).collect::<Vec<_>>()).filter(|part| !part.is_empty())
        })
        .collect();
        let running: Vec<_> = parts
            .into_iter()
            .map(|part| {
                scope.spawn(move || {
                    let mut workspace = Workspace::default();
                    part.into_iter().map(|record| prepare(record, rules, &mut workspace)).collect::<Vec<_>>()
                })
            })
            .collect();
        let lost = || vec![Err(Refusal::from("a thread that prepares entries ended"))];
        running.into_iter().flat_map(|thread| thread.join().unwrap_or_else(|_| lost())).collect()
    })
}

/// One record as an entry to be stored.
fn prepare(record: Record, rules: &Rules, workspace: &mut Workspace) -> Result<Incoming, Refusal> {
    let Record { line, dn, content } = record;
    let at = |reason: &dyn std::fmt::Display| Refusal::from(format!("line {line}: {dn}: {reason}"));
    let Content::Entry(values) = content else {
        return Err(at(&"only entries can be loaded; apply changes with import --add"));
    };
    let name = Dn::parse(&dn).map_err(|error| at(&error.reason))?;
    let mut entry = Entry::new(name, Uuid::nil());
    for (description, value) in values {
        let kind = description.split(';').next().unwrap_or_default();
        if !COMPUTED.iter().any(|computed| computed.eq_ignore_ascii_case(kind)) {
            take(&mut entry, &rules.schema, &description, value).map_err(|error| at(&error))?;
        }
    }
    entry.uuid = match stated_uuid(&mut entry, &rules.schema) {
        Some(uuid) => uuid,
        None => uuid::Builder::from_random_bytes(octets::<16>(&*rules.random)?).into_uuid(),
    };
    let factors = seal_secrets(&mut entry, rules).map_err(|error| at(&error))?;
    hash_passwords(&mut entry, rules, workspace).map_err(|error| at(&error))?;
    rules.schema.complete_classes(&mut entry);
    rules.schema.check(&entry).map_err(|error| at(&error))?;
    stamp(&mut entry, rules).map_err(|error| at(&error))?;
    Ok(Incoming { entry: entry.encode(&rules.schema), factors })
}

/// Adds one value; an LDIF record may name a description again and again.
fn take(entry: &mut Entry, schema: &Schema, description: &str, value: Vec<u8>) -> Result<(), crate::error::Error> {
    let (id, description) = schema.assign(description)?;
    match entry.attribute_mut(id) {
        Some(attribute) => attribute.values.push(value),
        None => entry.attributes.push(Attribute { id, description, values: vec![value] }),
    }
    Ok(())
}

/// The `entryUUID` that the file has, taken out: `stamp` writes it in its one spelling.
fn stated_uuid(entry: &mut Entry, schema: &Schema) -> Option<Uuid> {
    let id = schema.well_known().entry_uuid;
    let uuid = entry.values(id).first().and_then(|text| Uuid::try_parse_ascii(text).ok());
    entry.attributes.retain(|attribute| attribute.id != id);
    uuid
}

/// Takes `ds-auth-totp-shared-secret` out of the entry, into a factor record.
fn seal_secrets(entry: &mut Entry, rules: &Rules) -> Result<Option<Vec<u8>>, Refusal> {
    let id = rules.schema.well_known().totp_shared_secret;
    let Some(at) = entry.attributes.iter().position(|attribute| attribute.id == id) else { return Ok(None) };
    let attribute = entry.attributes.swap_remove(at);
    let mut record = FactorRecord::default();
    for value in attribute.values {
        let secret =
            shared_secret(&value).ok_or("a ds-auth-totp-shared-secret is no base32 text of 10 to 64 octets")?;
        let place = Place { entry: entry.uuid, attribute: "ds-auth-totp-shared-secret" };
        record.add_totp(rules.sealer.seal(&*rules.random, place, &secret)?, String::new(), rules.now);
    }
    Ok(Some(record.encode()))
}

/// The octets of a base32 text, in any case, with or without padding and spaces.
fn shared_secret(text: &[u8]) -> Option<Zeroizing<Vec<u8>>> {
    let plain: Zeroizing<String> = Zeroizing::new(
        std::str::from_utf8(text).ok()?.chars().filter(|letter| !matches!(letter, ' ' | '-' | '=')).collect(),
    );
    let secret = base32::decode(base32::Alphabet::Rfc4648 { padding: false }, &plain.to_ascii_uppercase())?;
    (10..=64).contains(&secret.len()).then(|| Zeroizing::new(secret))
}

/// Hashes every clear-text password; hashes stay as they are.
fn hash_passwords(entry: &mut Entry, rules: &Rules, workspace: &mut Workspace) -> Result<(), Refusal> {
    let Some(attribute) = entry.attribute_mut(rules.schema.well_known().user_password) else { return Ok(()) };
    for value in &mut attribute.values {
        if let password::Value::ClearText(clear) = password::read(value) {
            let salt = octets::<16>(&*rules.random)?;
            let hash = rules.scheme.hash(clear, &salt, workspace).ok_or("a password is longer than 1024 octets")?;
            *value = hash.into_bytes();
        }
    }
    Ok(())
}

/// Adds the operational attributes that the file does not have.
fn stamp(entry: &mut Entry, rules: &Rules) -> Result<(), crate::error::Error> {
    let schema = &rules.schema;
    let class = schema.structural_class(entry)?.name().to_owned();
    entry.set(schema, "structuralObjectClass", vec![class.into_bytes()]);
    entry.set(schema, "entryUUID", vec![entry.uuid.hyphenated().to_string().into_bytes()]);
    let now = rules.now.generalized_time();
    let stamps = [
        ("createTimestamp", &now),
        ("creatorsName", &rules.creator),
        ("modifyTimestamp", &now),
        ("modifiersName", &rules.creator),
    ];
    for (name, value) in stamps {
        if schema.attribute_type(name).is_some_and(|kind| entry.attribute(kind.id).is_none()) {
            entry.set(schema, name, vec![value.clone().into_bytes()]);
        }
    }
    Ok(())
}
