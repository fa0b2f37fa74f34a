//! LDIF records on their way into an import: what an add by root does to an entry, without a client. Passwords are hashed, TOTP
//! secrets sealed, operational attributes kept where the record has them and made where it has none.

use std::sync::Arc;

use uuid::Uuid;
use zeroize::Zeroizing;

use super::{naming, secrets, stamps};
use crate::{
    clock::Clock,
    directory::{
        entry::{Attribute, Entry},
        ldif::{Content, Record as LdifRecord},
        schema::{AttributeType, Schema},
    },
    error::{Error, Result},
    factors::{
        password::{self, Scheme, Value, Workspace},
        record::Record,
    },
    random::{self, Random},
    seal::{Place, Sealer},
    store::Incoming,
};

/// Turns records into entries; one for each thread that does so.
pub struct Intake {
    /// The schema they are held against.
    pub schema: Arc<Schema>,
    /// What seals TOTP secrets.
    pub sealer: Arc<Sealer>,
    /// When they come in.
    pub clock: Arc<dyn Clock>,
    /// For UUIDs, salts and nonces.
    pub random: Arc<dyn Random>,
    /// How clear-text passwords are hashed.
    pub scheme: Scheme,
    /// The DN that `creatorsName` names where a record does not.
    pub creator: String,
    workspace: Workspace,
}

/// Operational attributes of other servers, and those that are computed here: left out without a word.
const LEFT_OUT: [&str; 16] = [
    "entrydn",
    "hassubordinates",
    "numsubordinates",
    "subschemasubentry",
    "structuralobjectclass",
    "entrycsn",
    "contextcsn",
    "entryid",
    "parentid",
    "nsuniqueid",
    "ds-entry-unique-id",
    "ds-update-time",
    "ds-create-time",
    "pwdchangedtime",
    "pwdfailuretime",
    "pwdhistory",
];

impl Intake {
    /// An intake with these parts.
    pub fn new(
        schema: Arc<Schema>,
        sealer: Arc<Sealer>,
        clock: Arc<dyn Clock>,
        random: Arc<dyn Random>,
        scheme: Scheme,
        creator: String,
    ) -> Self {
        Self { schema, sealer, clock, random, scheme, creator, workspace: Workspace::default() }
    }

    /// The entry of a record, ready to be stored.
    ///
    /// # Errors
    /// What add would answer; the sentence does not name the line, which the caller knows.
    pub fn entry(&mut self, record: LdifRecord) -> Result<Incoming> {
        let Content::Entry(attributes) = record.content else {
            return Err(Error::unwilling("An import takes entries only, not changes"));
        };
        let dn = super::target::parse_dn(&record.dn)?;
        let mut entry = Entry::new(dn, stamps::new_uuid(&*self.random)?);
        let mut secrets = Vec::new();
        let mut has_password = false;
        for (description, value) in attributes {
            let name = description.split(';').next().unwrap_or_default().to_ascii_lowercase();
            if LEFT_OUT.contains(&name.as_str()) {
                continue;
            }
            if name == secrets::TOTP_SHARED_SECRET {
                secrets.push(secrets::decoded(&Zeroizing::new(value))?);
                continue;
            }
            let value = if self.is_password(&name) {
                has_password = true;
                self.hashed(value)?
            } else {
                value
            };
            self.put(&mut entry, &description, value)?;
        }
        self.complete(&mut entry)?;
        let factors = self.factors(entry.uuid, &secrets, has_password)?;
        Ok(Incoming { entry: entry.encode(&self.schema), factors })
    }

    fn is_password(&self, name: &str) -> bool {
        self.schema.attribute_type(name).is_some_and(|known| known.id == self.schema.well_known().user_password)
    }

    /// Appends a value; values that follow one another under one description stay together.
    fn put(&self, entry: &mut Entry, description: &str, value: Vec<u8>) -> Result<()> {
        let (id, canonical) = self.schema.assign(description)?;
        match entry.attribute_mut(id) {
            Some(attribute) => attribute.values.push(value),
            None => entry.attributes.push(Attribute { id, description: canonical, values: vec![value] }),
        }
        Ok(())
    }

    /// Hashes a clear-text password. Hashes are kept even where this server cannot judge them: they match nothing.
    fn hashed(&mut self, value: Vec<u8>) -> Result<Vec<u8>> {
        let value = Zeroizing::new(value);
        let Value::ClearText(clear) = password::read(&value) else { return Ok(value.to_vec()) };
        let salt = random::octets::<16>(&*self.random).map_err(Error::unavailable)?;
        let hashed = self.scheme.hash(clear, &salt, &mut self.workspace);
        hashed.map(String::into_bytes).ok_or_else(|| Error::unwilling("A password is too long"))
    }

    /// Adds what the record lacks, and checks the whole.
    fn complete(&self, entry: &mut Entry) -> Result<()> {
        let schema = &self.schema;
        let uuid = schema.well_known().entry_uuid;
        let kept = entry.values(uuid).first().and_then(|value| Uuid::try_parse_ascii(value).ok());
        entry.uuid = kept.unwrap_or(entry.uuid);
        if let Some(rdn) = entry.dn.rdn().cloned() {
            naming::add_values(entry, &rdn, schema)?;
        }
        schema.complete_classes(entry);
        stamps::identity(entry, schema)?;
        let now = self.clock.now().generalized_time();
        for (name, value) in [
            ("createTimestamp", &now),
            ("creatorsName", &self.creator),
            ("modifyTimestamp", &now),
            ("modifiersName", &self.creator),
        ] {
            let is_there = |known: &AttributeType| !entry.values(known.id).is_empty();
            if !schema.attribute_type(name).is_some_and(is_there) {
                stamps::set(entry, schema, name, value);
            }
        }
        schema.check(entry)
    }

    fn factors(&self, uuid: Uuid, secrets: &[Zeroizing<Vec<u8>>], has_password: bool) -> Result<Option<Vec<u8>>> {
        if secrets.is_empty() {
            return Ok(None);
        }
        let now = self.clock.now();
        let mut record = Record { password_changed: has_password.then_some(now), ..Record::default() };
        for secret in secrets {
            let place = Place { entry: uuid, attribute: secrets::TOTP_SHARED_SECRET };
            let sealed = self.sealer.seal(&*self.random, place, secret).map_err(Error::unavailable)?;
            record.add_totp(sealed, String::new(), now);
        }
        Ok(Some(record.encode()))
    }
}
