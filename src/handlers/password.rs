//! Password modify (RFC 3062): a user's own password by the old one or by an authenticated session, another's by the privilege
//! `password-reset`. How passwords are hashed is `factors::password`; whether the old one is right, `proof`; whether the new one may
//! be set, `new_password`.

use countersign_proto::{
    password::{PasswordModifyRequest, PasswordModifyResult},
    text::Secret,
};
use zeroize::Zeroizing;

use crate::{
    caller::Caller,
    clock::UnixMillis,
    directory::entry::Entry,
    error::{Error, PolicyError, Result},
    factors::record::Record,
    handlers::{
        AboutEntry, Operation,
        context::Context,
        hashing::hash_password,
        new_password::{Setter, Standing, begin_report, check_retirement, remember},
        own_password,
        proof::{Claim, CodeClaim, Origin, Purpose, prove_for, prove_root, refuse_stranger},
        reset_token::is_reset_token,
        subject::{Account, Permitted, Subject, named_leniently, named_or_own, permitted, root_has_no_entry},
    },
    store::{Change, Found, StoreError, Target},
    telemetry::reason,
};

/// How often a change is tried again after somebody else changed the entry.
const MAX_ATTEMPTS: usize = 20;

impl Operation for PasswordModifyRequest {
    type Outcome = PasswordModifyResult;

    async fn perform(self, context: &Context, caller: &Caller) -> Result<PasswordModifyResult> {
        if self.user_identity.is_none() && caller.is_anonymous() {
            return Err(Error::unwilling("An anonymous request must say whose password it is about"));
        }
        begin_report(caller, usize::from(self.new_password.is_some()));
        check_retirement(context, caller)?;
        let subject = match self.user_identity.as_deref() {
            None => named_or_own(context, caller, None).await?,
            Some(identity) => named_leniently(context, identity).await?,
        };
        let permit = permit(context, caller, subject, self.old_password.as_ref()).await?;
        let standing = permit.standing(context, self.old_password).await?;
        let (password, generated) = match self.new_password {
            Some(password) => (password, None),
            None => standing.make(context).map(|made| (made.clone(), Some(made)))?,
        };
        standing.judge(context, caller, password.expose(), permit.setter()).await?;
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
    /// The token that was sent to the user, which must still be outstanding; it lifts what failures have locked.
    ResetToken,
    /// The user's own session.
    Session,
    /// An administrator, who also lifts what failures have locked.
    Administrator,
}

impl Permit {
    const fn setter(&self) -> Setter {
        match self.by {
            By::OldPassword | By::ResetToken | By::Session => Setter::User,
            By::Administrator => Setter::Administrator,
        }
    }

    /// What the rules want to know; `old`: the present password, which was right.
    async fn standing(&self, context: &Context, old: Option<Secret>) -> Result<Standing> {
        Ok(Standing {
            values: Standing::values_of(context, self.account.user.id).await?,
            stored: self.account.passwords.clone(),
            record: self.account.record.clone(),
            // A token is no password: nothing can be said about how much the new one differs from it.
            current: old.filter(|_| self.by != By::ResetToken).map(|old| Zeroizing::new(old.expose().to_vec())),
        })
    }
}

async fn permit(context: &Context, caller: &Caller, subject: Subject, old: Option<&Secret>) -> Result<Permit> {
    let Some(old) = old else {
        return Ok(match permitted(caller, subject)? {
            Permitted::Itself(_) if context.config.load().password.current_password_required => {
                caller.password_report.tell(|details| details.missing_current_password = true);
                let sentence = "The present password must be given too";
                return Err(Error::unwilling(sentence).policy(PolicyError::MustSupplyOldPassword));
            }
            Permitted::Itself(account) => Permit { account, by: By::Session },
            Permitted::Administrator(account) => {
                own_password::demand(context, caller).await?;
                Permit { account, by: By::Administrator }
            }
        });
    };
    let claim = Claim { password: Some(old.expose()), code: CodeClaim::Alone, origin: Origin::internal(caller) };
    match subject {
        Subject::Account(account) if is_reset_token(context, &account, old.expose()) => {
            Ok(Permit { account, by: By::ResetToken })
        }
        Subject::Account(account) => {
            let (proven, ()) =
                prove_for(Purpose::NewPassword, context, account, claim, true, &mut |_, _| Ok(())).await?;
            Ok(Permit { account: proven.account, by: By::OldPassword })
        }
        Subject::Nobody(reason) => Err(refuse_stranger(context, claim, reason).await),
        Subject::Root => {
            prove_root(context, claim).await?;
            Err(root_has_no_entry())
        }
    }
}

async fn set_password(context: &Context, caller: &Caller, permit: Permit, password: &Secret) -> Result<()> {
    let hashed = hash_password(context, password.expose()).await?;
    let setter = permit.setter();
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
        if by == By::ResetToken && account.record.reset_token() != permitted.record.reset_token() {
            return Err(Error::invalid_credentials(reason::NOT_OUTSTANDING));
        }
        let record = record_of_change(context, caller, (&account, setter), now);
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

/// The record after a change of password.
fn record_of_change(
    context: &Context,
    caller: &Caller,
    (account, setter): (&Account, Setter),
    now: UnixMillis,
) -> Record {
    let mut record = account.record.clone();
    remember(context, caller, &mut record, (&account.passwords, setter), now);
    record.password_failures = Default::default();
    if setter == Setter::Administrator {
        record.clear_failures();
    }
    record
}
