//! A device becomes a user's, or ceases to be: the change itself, once the requester is entitled to it. Read, judged and written until
//! nobody was faster.

use countersign_proto::result_code::ResultCode;

use crate::{
    caller::Caller,
    directory::entry::Entry,
    error::{Error, Result},
    factors::{record::Record, yubikey::Otp},
    handlers::{
        context::Context,
        devices::{Judge, Judged, claimed, is_race, need_unowned},
        update::stamps,
    },
    store::{Change, EntryId, Found, Target, Version},
    telemetry::reason,
};

/// Most devices of one account.
const MAX_DEVICES: usize = 10;
/// How often a change is judged anew before the client is told to try later.
const MAX_ATTEMPTS: usize = 64;
const PUBLIC_ID: &str = "ds-auth-yubikey-public-id";

/// A user's entry as it was read.
struct Owner {
    id: EntryId,
    version: Version,
    entry: Entry,
    record: Record,
    record_version: Option<Version>,
}

/// Makes the device of `otp` the user's, if the OTP is good; it is used up then. `only_as_first`: only if it is the account's first second
/// factor still; somebody may have enrolled another one while the OTP was judged.
///
/// # Errors
/// `invalidCredentials` for an OTP that is not good, or where it is not the first; `unavailable` if nobody can say; `attributeOrValueExists` if it is this user's
/// device already, `constraintViolation` if it is another's; `unwillingToPerform` beyond the most devices.
pub(super) async fn add_device(
    context: &Context,
    caller: &Caller,
    user: EntryId,
    otp: &Otp,
    only_as_first: bool,
) -> Result<()> {
    let mut judge = Judge::default();
    for _ in 0..MAX_ATTEMPTS {
        let owner = Owner::read(context, user).await?;
        let spent = match judge.judge(context, otp).await? {
            Judged::Fresh(spent) => spent,
            Judged::Used => return Err(Error::invalid_credentials(reason::CODE_ALREADY_USED)),
            Judged::Wrong(reason) => return Err(Error::invalid_credentials(reason)),
            Judged::Unknown(error) => return Err(error),
        };
        let mut devices = owner.devices(context);
        if only_as_first && (!devices.is_empty() || owner.record.has_active_factor()) {
            return Err(Error::invalid_credentials(reason::SECOND_FACTOR_NEEDED));
        }
        if devices.iter().any(|device| device == otp.public_id()) {
            let sentence = "The YubiKey is registered to this user already";
            return Err(Error::new(ResultCode::ATTRIBUTE_OR_VALUE_EXISTS, sentence));
        }
        if devices.len() >= MAX_DEVICES {
            let sentence = format!("The account has {MAX_DEVICES} YubiKeys; deregister one first");
            return Err(Error::unwilling(sentence));
        }
        let mut more = match spent {
            // It touches the device itself.
            Some(spent) => {
                need_unowned(context, otp.public_id(), Some(user)).await?;
                vec![spent]
            }
            None => claimed(context, caller, Some(user), &[otp.public_id().to_owned()]).await?,
        };
        devices.push(otp.public_id().to_owned());
        if only_as_first {
            more.push(owner.factors(&owner.record));
        }
        if owner.write(context, caller, devices, more).await? {
            return Ok(());
        }
    }
    Err(Error::busy().reason(reason::BUSY))
}

/// Takes the device with this public ID from the user, or all of them. `reset`: an administrator's deregistration is also the reset that
/// opens a closed second factor again.
///
/// # Errors
/// `noSuchAttribute` if the user has not that one.
pub(super) async fn remove_devices(
    context: &Context,
    caller: &Caller,
    user: EntryId,
    public_id: Option<&str>,
    reset: bool,
) -> Result<()> {
    for _ in 0..MAX_ATTEMPTS {
        let owner = Owner::read(context, user).await?;
        let mut devices = owner.devices(context);
        let before = devices.len();
        devices.retain(|device| public_id.is_some_and(|public_id| device != public_id));
        if before == devices.len() && public_id.is_some() {
            return Err(not_registered());
        }
        let mut record = owner.record.clone();
        if reset {
            record.second_factor_failures = Default::default();
        }
        if before != devices.len() {
            record.end_tokens();
        }
        let changed = (record != owner.record).then(|| owner.factors(&record));
        if changed.is_none() || owner.write(context, caller, devices, changed.into_iter().collect()).await? {
            return Ok(());
        }
    }
    Err(Error::busy().reason(reason::BUSY))
}

impl Owner {
    async fn read(context: &Context, id: EntryId) -> Result<Self> {
        let mut owner = None;
        let mut reader = |found: Found<'_>| {
            let record = found.factors.map_or_else(|| Ok(Record::default()), |factors| Record::decode(factors.record));
            owner = Some(record.map(|record| Self {
                id,
                version: found.version,
                entry: found.entry.to_entry(),
                record,
                record_version: found.factors.map(|factors| factors.version),
            }));
        };
        context.store.read(Target::Id(id), true, &mut reader).await?;
        owner.ok_or_else(|| Error::no_such_object(None))?.map_err(Error::other)
    }

    /// The public IDs of the user's devices.
    fn devices(&self, context: &Context) -> Vec<String> {
        let values = self.entry.values(context.schema.well_known().yubikey_public_id);
        values.iter().map(|value| String::from_utf8_lossy(value).to_ascii_lowercase()).collect()
    }

    /// The change that makes this the factor record; it holds only while nobody else changed it.
    fn factors(&self, record: &Record) -> Change {
        Change::Factors { id: self.id, expected: self.record_version, record: record.encode() }
    }

    /// Writes these devices into the entry, together with `more`; `false` if others were faster.
    async fn write(
        mut self,
        context: &Context,
        caller: &Caller,
        devices: Vec<String>,
        more: Vec<Change>,
    ) -> Result<bool> {
        let values = devices.into_iter().map(String::into_bytes).collect();
        self.entry.set(&context.schema, PUBLIC_ID, values);
        stamps::changed(&mut self.entry, context, caller);
        let entry = self.entry.encode(&context.schema);
        let change = Change::Replace { id: self.id, expected: self.version, entry };
        match context.store.apply([change].into_iter().chain(more).collect()).await {
            Ok(_) => Ok(true),
            Err(error) if is_race(&error) => Ok(false),
            Err(error) => Err(error.into()),
        }
    }
}

/// What is to be removed is not there.
pub(super) fn not_registered() -> Error {
    Error::new(ResultCode::NO_SUCH_ATTRIBUTE, "The account has no such YubiKey")
}
