//! Password modify (RFC 3062): a user's own password by the old one or by an authenticated session, another's by the privilege
//! `password-reset`. How passwords are hashed is `factors::password`; whether the old one is right, `proof`.

use countersign_proto::{
    password::{PasswordModifyRequest, PasswordModifyResult},
    result_code::ResultCode,
    text::Secret,
};

use crate::{
    caller::Caller,
    clock::UnixMillis,
    directory::entry::Entry,
    error::{Error, Result},
    factors::{password::MAX_LENGTH, record::Record},
    handlers::{
        AboutEntry, Operation,
        context::Context,
        hashing::hash_password,
        proof::{Claim, CodeClaim, prove, prove_root, refuse_stranger},
        subject::{Account, Permitted, Subject, named_leniently, named_or_own, permitted, root_has_no_entry},
    },
    random,
    store::{Change, Found, StoreError, Target},
    telemetry::reason,
};

/// Characters of a generated password: none that people take for one another.
const ALPHABET: &[u8] = b"abcdefghijkmnpqrstuvwxyzABCDEFGHJKLMNPQRSTUVWXYZ23456789";
/// 16 of 56 characters: 92 bits.
const GENERATED_LENGTH: usize = 16;
/// How often a change is tried again after somebody else changed the entry.
const MAX_ATTEMPTS: usize = 20;

impl Operation for PasswordModifyRequest {
    type Outcome = PasswordModifyResult;

    async fn perform(self, context: &Context, caller: &Caller) -> Result<PasswordModifyResult> {
        if self.user_identity.is_none() && caller.is_anonymous() {
            return Err(Error::unwilling("An anonymous request must say whose password it is about"));
        }
        let subject = match self.user_identity.as_deref() {
            None => named_or_own(context, caller, None).await?,
            Some(identity) => named_leniently(context, identity).await?,
        };
        let permit = permit(context, caller, subject, self.old_password.as_ref()).await?;
        let (password, generated) = match self.new_password {
            Some(password) => (password, None),
            None => {
                let text = random::text(&*context.random, ALPHABET, GENERATED_LENGTH).map_err(Error::unavailable)?;
                (Secret::new(text.as_str()), Some(Secret::new(text)))
            }
        };
        check(password.expose())?;
        set_password(context, caller, permit, &password).await?;
        Ok(PasswordModifyResult { generated_password: generated })
    }
}

impl AboutEntry for PasswordModifyRequest {
    fn about(self, dn: &str) -> Self {
        Self { user_identity: Some(dn.into()), ..self }
    }
}

/// What allows a change of password.
struct Permit {
    account: Box<Account>,
    by: By,
}

/// By whom or what it is allowed.
#[derive(PartialEq, Eq)]
enum By {
    /// The old password, which must still be the one that was proven.
    OldPassword,
    /// The user's own session.
    Session,
    /// An administrator, who also lifts what failures have locked.
    Administrator,
}

async fn permit(context: &Context, caller: &Caller, subject: Subject, old: Option<&Secret>) -> Result<Permit> {
    let Some(old) = old else {
        return Ok(match permitted(caller, subject)? {
            Permitted::Itself(account) => Permit { account, by: By::Session },
            Permitted::Administrator(account) => Permit { account, by: By::Administrator },
        });
    };
    let claim = Claim { password: Some(old.expose()), code: CodeClaim::Alone };
    match subject {
        Subject::Account(account) => {
            let (proven, ()) = prove(context, *account, claim, true, &mut |_, _| Ok(())).await?;
            Ok(Permit { account: Box::new(proven.account), by: By::OldPassword })
        }
        Subject::Nobody(reason) => Err(refuse_stranger(context, claim, reason).await),
        Subject::Root => {
            prove_root(context, claim.password).await?;
            Err(root_has_no_entry())
        }
    }
}

/// What every password must be; further rules come with their issue.
fn check(password: &[u8]) -> Result<()> {
    let refused = |sentence: String| Err(Error::new(ResultCode::CONSTRAINT_VIOLATION, sentence));
    match password.len() {
        0 => refused("A password must not be empty".to_owned()),
        length if length > MAX_LENGTH => refused(format!("A password has at most {MAX_LENGTH} octets")),
        _ => Ok(()),
    }
}

async fn set_password(context: &Context, caller: &Caller, permit: Permit, password: &Secret) -> Result<()> {
    let hashed = hash_password(context, password.expose()).await?;
    let Permit { account: permitted, by } = permit;
    for _ in 0..MAX_ATTEMPTS {
        let now = context.clock.now();
        let id = permitted.user.id;
        let mut replace = Err(Error::no_such_object(None));
        let mut reader = |found: Found<'_>| {
            let mut entry = found.entry.to_entry();
            let outcome = write_password(context, caller, &mut entry, &hashed, now);
            let entry = outcome.map(|()| entry.encode(&context.schema));
            replace = entry.map(|entry| Change::Replace { id, expected: found.version, entry });
        };
        context.store.read(Target::Id(id), false, &mut reader).await?;
        let replace = replace?;
        let account = Account::read(context, Target::Id(id)).await?.ok_or_else(|| Error::no_such_object(None))?;
        if by == By::OldPassword && account.passwords != permitted.passwords {
            // Of two changes that rest on the same old password the first holds.
            return Err(Error::invalid_credentials(reason::WRONG_PASSWORD));
        }
        let record = record_of_change(&account, by == By::Administrator, now);
        let factors = Change::Factors { id, expected: account.record_version, record: record.encode() };
        match context.store.apply(vec![replace, factors]).await {
            Ok(_) => return Ok(()),
            Err(StoreError::Conflict) => {}
            Err(error) => return Err(error.into()),
        }
    }
    Err(Error::busy().reason(reason::BUSY))
}

fn write_password(context: &Context, caller: &Caller, entry: &mut Entry, hashed: &str, now: UnixMillis) -> Result<()> {
    let text = |text: String| vec![text.into_bytes()];
    let schema = &context.schema;
    let is_first = schema.attribute_type("userPassword").is_none_or(|kind| entry.values(kind.id).is_empty());
    entry.set(schema, "userPassword", text(hashed.to_owned()));
    entry.set(schema, "modifyTimestamp", text(now.generalized_time()));
    entry.set(schema, "modifiersName", text(caller.dn().to_owned()));
    // An entry that has a password may have one, however it came here.
    if is_first { schema.check(entry) } else { Ok(()) }
}

/// The record after a change of password. Its history takes the former hash here when `[password] history` comes.
fn record_of_change(account: &Account, reset: bool, now: UnixMillis) -> Record {
    let mut record = Record { password_changed: Some(now), ..account.record.clone() };
    record.password_failures = Default::default();
    if reset {
        record.clear_failures();
    }
    record
}
