//! What is kept of a YubiKey, whoever owns it: one entry in the server's own tree (`directory::device_tree`), and in its factor record
//! the sealed key, if the key is ours to judge by, and the newest token that was seen.
//!
//! Which devices a user has is told by one thing alone, the values of `ds-auth-yubikey-public-id` in the user's entry: they can be
//! searched, exported and written by administrators, and removing one takes the device away at once. The counters are not beside
//! them but with the device, so that they survive whatever happens to its owner: an OTP that was spent stays spent when a key
//! is taken from one user and given to another, and every door (binds, registration, the validation protocol) counts in the one place.
//!
//! A device becomes somebody's by a change that also touches its own record: of two users who register it at once one is refused.

mod judge;

use countersign_proto::{ber::Writer, ldap::filter::Filter, result_code::ResultCode};
use uuid::Uuid;

pub(super) use self::judge::{Judge, Judged};
use crate::{
    caller::Caller,
    clock::UnixMillis,
    directory::{
        computed::Surroundings,
        device_tree,
        dn::{Dn, DnKey},
        entry::Entry,
        filter::{CompiledFilter, Truth},
    },
    error::{Error, Result},
    factors::{
        record::Record,
        yubikey::{Key, Otp, Token, Verdict},
    },
    handlers::{context::Context, update::stamps},
    seal::Place,
    store::{Change, EntryId, Found, Query, Scope, Step, StoreError, Target, Version},
};

/// The attribute to which keys are sealed, and as which they are written.
pub(super) const KEY_ATTRIBUTE: &str = "countersign-yubikey-key";

/// A device as it was read.
pub(super) struct Device {
    id: EntryId,
    uuid: Uuid,
    public_id: String,
    record: Record,
    version: Option<Version>,
}

impl Device {
    /// The device with this public ID (lower case); `None` if it was never heard of.
    ///
    /// # Errors
    /// `unavailable` where the store cannot be read; `other` for a record that this program cannot read.
    pub(super) async fn find(context: &Context, public_id: &str) -> Result<Option<Self>> {
        let key = device_tree::dn_of(public_id).key(&context.schema);
        let mut device = None;
        let mut reader = |found: Found<'_>| {
            let record = found.factors.map_or_else(|| Ok(Record::default()), |factors| Record::decode(factors.record));
            device = Some(record.map(|record| Self {
                id: found.id,
                uuid: found.entry.uuid(),
                public_id: public_id.to_owned(),
                record,
                version: found.factors.map(|factors| factors.version),
            }));
        };
        context.store.read(Target::Key(&key), true, &mut reader).await?;
        device.transpose().map_err(Error::other)
    }

    /// What `otp` is worth by the key that is here; `None` without one.
    ///
    /// # Errors
    /// `unavailable` if the key does not open: nobody is let in by a key that cannot be read.
    pub(super) fn judge(&self, context: &Context, otp: &Otp) -> Result<Option<Verdict>> {
        let Some(factor) = self.record.yubikey().filter(|factor| !factor.secret.is_empty()) else { return Ok(None) };
        let key = open_key(context, self.uuid, &factor.secret)?;
        Ok(Some(key.judge(otp, factor.last_token.map(|token| token.counters))))
    }

    /// The newest token that was seen of it, and the nonce of the validation client that brought it.
    pub(super) fn last(&self) -> Option<(Token, Option<&str>)> {
        let factor = self.record.yubikey()?;
        Some((factor.last_token?, factor.last_nonce.as_deref()))
    }

    /// The change that takes `token` out of use for ever; it holds only while nobody else has used the device.
    pub(super) fn spent(&self, token: Token, nonce: Option<&str>, now: UnixMillis) -> Change {
        let mut record = self.record.clone();
        if let Some(factor) = record.yubikey_mut(&self.public_id, now) {
            factor.last_token = Some(token);
            factor.last_nonce = nonce.map(str::to_owned);
            factor.last_used = Some(now);
        }
        self.changed(&record)
    }

    /// The change that alters nothing, and that no other change of the device may come before.
    fn touched(&self) -> Change {
        self.changed(&self.record)
    }

    fn changed(&self, record: &Record) -> Change {
        Change::Factors { id: self.id, expected: self.version, record: record.encode() }
    }
}

/// The changes that must go with those that make `public_ids` `owner`'s: they are refused, as by [`is_race`], where somebody
/// else was faster.
///
/// # Errors
/// `constraintViolation` if one of them is another user's.
pub(super) async fn claimed(
    context: &Context,
    caller: &Caller,
    owner: Option<EntryId>,
    public_ids: &[String],
) -> Result<Vec<Change>> {
    let mut changes = Vec::new();
    for public_id in public_ids {
        // Read before its owners are looked for: whoever becomes one after that has changed it.
        let device = Device::find(context, public_id).await?;
        need_unowned(context, public_id, owner).await?;
        match device {
            Some(device) => changes.push(device.touched()),
            None => {
                if changes.is_empty() && context.store.find(&device_tree::top_key(&context.schema)).await?.is_none() {
                    changes.push(top(context, caller)?);
                }
                changes.push(added(context, caller, public_id)?);
            }
        }
    }
    Ok(changes)
}

/// Whether changes that claim a device failed because others were faster: then they are to be judged anew.
pub(super) fn is_race(error: &StoreError) -> bool {
    matches!(error, StoreError::Conflict | StoreError::Exists | StoreError::NoParent | StoreError::NotFound)
}

/// Refuses a device that is anybody's but `owner`'s.
///
/// # Errors
/// `constraintViolation`.
pub(super) async fn need_unowned(context: &Context, public_id: &str, owner: Option<EntryId>) -> Result<()> {
    if owners(context, public_id).await?.iter().any(|other| Some(*other) != owner) {
        return Err(Error::new(ResultCode::CONSTRAINT_VIOLATION, "The YubiKey is registered to another user"));
    }
    Ok(())
}

/// Every user whose entry names this device.
async fn owners(context: &Context, public_id: &str) -> Result<Vec<EntryId>> {
    let mut encoded = Vec::new();
    Writer::new(&mut encoded).constructed(0xA3, |equality| {
        equality.octet_string(b"ds-auth-yubikey-public-id");
        equality.octet_string(public_id.as_bytes());
    });
    let decoded = Filter::decode(&encoded).map_err(|_| Error::other("a device filter of our own does not decode"))?;
    let mut filter = CompiledFilter::default();
    filter.compile(decoded, &context.schema);
    let mut owners = Vec::new();
    for base in &context.config.load_full().directory.base_dns {
        let Ok(base) = DnKey::parse(base, &context.schema) else { continue };
        let query = Query { base: &base, scope: Scope::Subtree, filter: &filter };
        let mut visit = |found: Found<'_>| {
            if filter.matches(found.entry, Surroundings::default(), &context.schema, &|_| true) == Truth::True {
                owners.push(found.id);
            }
            Step::Continue
        };
        context.store.search(&query, None, &mut visit).await?;
    }
    Ok(owners)
}

/// Puts a key into a device's record; `None` takes it out. With another key the device counts anew, with the same it goes on.
///
/// # Errors
/// `unavailable` if the key that is there does not open, or no random numbers are to be had.
pub(super) fn set_key(
    context: &Context,
    record: &mut Record,
    entry: Uuid,
    public_id: &str,
    key: Option<&Key>,
) -> Result<()> {
    let Some(factor) = record.yubikey_mut(public_id, context.clock.now()) else { return Ok(()) };
    let Some(key) = key else {
        factor.secret.clear();
        return Ok(());
    };
    if !factor.secret.is_empty() && open_key(context, entry, &factor.secret)? == *key {
        return Ok(());
    }
    let sealed = context.sealer.seal(&*context.random, place(entry), &key.octets()).map_err(Error::unavailable)?;
    (factor.secret, factor.last_token, factor.last_nonce) = (sealed, None, None);
    Ok(())
}

fn open_key(context: &Context, entry: Uuid, sealed: &[u8]) -> Result<Key> {
    let opened = context.sealer.open(place(entry), sealed).map_err(Error::unavailable)?;
    Key::from_octets(&opened).ok_or_else(|| Error::unavailable("a stored YubiKey key has a wrong length"))
}

const fn place(entry: Uuid) -> Place<'static> {
    Place { entry, attribute: KEY_ATTRIBUTE }
}

fn top(context: &Context, caller: &Caller) -> Result<Change> {
    let dn = Dn::parse(device_tree::TOP).unwrap_or_default();
    made(context, caller, dn, "applicationProcess", "yubikeys", None)
}

fn added(context: &Context, caller: &Caller, public_id: &str) -> Result<Change> {
    let mut record = Record::default();
    let _ = record.yubikey_mut(public_id, context.clock.now());
    made(context, caller, device_tree::dn_of(public_id), "device", public_id, Some(record.encode()))
}

fn made(
    context: &Context,
    caller: &Caller,
    dn: Dn,
    class: &str,
    name: &str,
    factors: Option<Vec<u8>>,
) -> Result<Change> {
    let mut entry = Entry::new(dn, stamps::new_uuid(&*context.random)?);
    entry.set(&context.schema, "objectClass", vec![b"top".to_vec(), class.as_bytes().to_vec()]);
    entry.set(&context.schema, "cn", vec![name.as_bytes().to_vec()]);
    stamps::created(&mut entry, context, caller)?;
    Ok(Change::Add { key: entry.dn.key(&context.schema), entry: entry.encode(&context.schema), factors })
}
