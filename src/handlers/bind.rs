//! Binding: a name and what proves it become a `Caller`. Simple binds are at home here, and what every bind shares: the audit line, the
//! root user, acting as somebody else. Whether a proof is good is decided in `proof`.
//!
//! Every bind writes its own audit line here, for only here it is known whose account it was about; the doors write none for binds.

use std::{
    pin::{Pin, pin},
    sync::Arc,
    time::Duration,
};

use countersign_proto::result_code::ResultCode;

use crate::{
    caller::{Basis, Caller, Identity, Strength},
    config::{Config, LogLevel, SecondFactor},
    error::{Error, Result},
    factors::password::{Value, read},
    handlers::{
        access_token,
        context::Context,
        hashing::{configured_scheme, hash_password},
        login_history,
        proof::{Amended, Claim, CodeClaim, Origin, Proven, Purpose, prove_for, prove_root, refuse_stranger},
        subject::{Account, Subject, acting_as, by_dn},
    },
    store::{Change, Target},
    telemetry::{audit::Event, reason},
};

/// Simple bind (RFC 4513 section 5.1): `name` is a DN, `password` may have a code directly after it. Without either: anonymous.
/// HTTP Basic and REST's `password` come here by their user name instead: see `PlainCredentials`.
///
/// # Errors
/// `unwillingToPerform` for a name without a password; `invalidDNSyntax`; `invalidCredentials` whatever failed; `unavailable` if the
/// outcome could not be recorded; `busy`.
pub async fn simple(context: &Context, caller: &Caller, name: &str, password: &[u8]) -> Result<Caller> {
    let attempt = Attempt { mechanism: "simple", user: name, authorization_id: None };
    attempt.audited(context, caller, pin!(simple_outcome(context, caller, &attempt, name, password))).await
}

/// One bind, for its audit line.
pub(super) struct Attempt<'a> {
    /// `simple`, or the SASL mechanism's name.
    pub(super) mechanism: &'static str,
    /// The name as the client gave it.
    pub(super) user: &'a str,
    /// As whom to act.
    pub(super) authorization_id: Option<&'a str>,
}

/// How far a bind got: the caller, and the account it was about.
pub(super) struct Outcome {
    /// The account's DN, if the bind got as far as one.
    pub(super) dn: Option<String>,
    /// What made the code that was proven, for the log.
    pub(super) factor: Option<&'static str>,
    /// Who the connection is now, or why not.
    pub(super) caller: Result<Caller>,
}

impl Attempt<'_> {
    /// The bind's result, after its audit line is written. `outcome` is lent: it is large, and a bind holds it once.
    pub(super) async fn audited(
        &self,
        context: &Context,
        caller: &Caller,
        outcome: Pin<&mut impl Future<Output = Outcome>>,
    ) -> Result<Caller> {
        let began = context.clock.now();
        let Outcome { dn, factor, caller: bound } = outcome.await;
        let ended = context.clock.now();
        let mut event = Event {
            event: "bind",
            at: Some(ended),
            connection: Some(caller.channel.connection),
            operation: Some(caller.operation),
            client: caller.channel.peer,
            user: Some(self.user).filter(|user| !user.is_empty()),
            dn: dn.as_deref(),
            mechanism: Some(self.mechanism),
            took: Some(ended.since(began)),
            ..Event::default()
        };
        let code = bound.as_ref().map_or_else(|error| error.code, |_| ResultCode::SUCCESS);
        context.metrics.authenticated(self.mechanism, code);
        match &bound {
            Ok(_) => {
                event.factor = factor;
                event.result = Some(ResultCode::SUCCESS);
                context.audit.record(LogLevel::Info, &event);
            }
            Err(error) => context.audit.record_failure(LogLevel::Info, event, error),
        }
        bound
    }

    /// The caller that `claim` proves to be `subject`, acting as the authorization ID says.
    pub(super) async fn prove(
        &self,
        context: &Context,
        caller: &Caller,
        subject: Subject,
        claim: Claim<'_>,
    ) -> Outcome {
        let dn = match &subject {
            Subject::Account(account) => Some(account.user.dn.clone()),
            Subject::Root => Some(context.config.load().root.dn.clone()),
            Subject::Nobody(_) => None,
        };
        let proven = match subject {
            Subject::Account(account) => user(context, caller, account, claim).await,
            Subject::Root => root(context, caller, claim).await.map(|caller| (caller, None)),
            Subject::Nobody(reason) => Err(refuse_stranger(context, claim, reason).await),
        };
        match proven {
            Ok((proven, factor)) => {
                Outcome { dn, factor, caller: acting_as(context, proven, self.authorization_id).await }
            }
            Err(error) => Outcome { dn, factor: None, caller: Err(error) },
        }
    }
}

impl Outcome {
    /// A bind that failed before it was about an account.
    pub(super) const fn failed(error: Error) -> Self {
        Self { dn: None, factor: None, caller: Err(error) }
    }
}

/// How a password in one field is read: with a code after it, unless simple binds are left to the policies.
pub(super) fn one_field(config: &Config) -> CodeClaim<'static> {
    match config.simple_bind.second_factor {
        SecondFactor::Enrolled => CodeClaim::Appended,
        SecondFactor::Policy => CodeClaim::Alone,
    }
}

async fn simple_outcome(
    context: &Context,
    caller: &Caller,
    attempt: &Attempt<'_>,
    name: &str,
    password: &[u8],
) -> Outcome {
    if password.is_empty() {
        let caller = match name.is_empty() {
            true => Ok(caller.become_identity(Identity::Anonymous, Strength::None)),
            // RFC 4513 section 5.1.2: else an application that forgot to ask for the password would take this for a proof.
            false => Err(Error::unwilling("A bind with a name needs a password")),
        };
        return Outcome { dn: None, factor: None, caller };
    }
    let code = one_field(&context.config.load());
    match by_dn(context, name).await {
        Ok(subject) => {
            let claim = Claim { password: Some(password), code, origin: Origin::simple(caller) };
            attempt.prove(context, caller, subject, claim).await
        }
        Err(error) => Outcome::failed(error),
    }
}

/// The user of an account, and what made the code, if one was asked for.
async fn user(
    context: &Context,
    caller: &Caller,
    account: Box<Account>,
    claim: Claim<'_>,
) -> Result<(Caller, Option<&'static str>)> {
    let (precision, logins) = {
        let config = context.config.load();
        (login_precision(&config), login_history::bounds(&config))
    };
    // Whoever knows the password needs no token for another one.
    let revokes = claim.password.is_some() && account.record.reset_token().is_some();
    let mut settle = |_: &Account, record: &mut Amended<'_>| {
        if claim.password.is_some()
            && record.reset_token().is_some()
            && let Some(tokens) = &mut record.amend().tokens
        {
            tokens.reset = None;
        }
        // The last login alone is not worth a write, unless accounts close when nobody uses them.
        let is_old = |precision| record.last_login.is_none_or(|last| context.clock.now().since(last) >= precision);
        if record.is_changed() || precision.is_some_and(is_old) {
            let record = record.amend();
            record.last_login = Some(context.clock.now());
            record.state.last_address = claim.origin.address();
        }
        if logins.successes > 0 {
            record.amend().state.logins.note(claim.origin.attempt(context.clock.now(), None), &logins);
        }
        Ok(())
    };
    let (Proven { mut account, password, strength, factor, notice }, ()) =
        prove_for(Purpose::Bind, context, account, claim, revokes || precision.is_some(), &mut settle).await?;
    if let Some(password) = password
        && let Some(hashed) = rehash(context, &account, password).await
    {
        account.passwords = vec![hashed];
    }
    Ok((Caller { notice, ..become_user(context, caller, account, strength).await? }, factor))
}

/// The connection `caller` as the user whose account was proven.
///
/// # Errors
/// `invalidCredentials` if the entry is gone; `unavailable`.
pub(super) async fn become_user(
    context: &Context,
    caller: &Caller,
    account: Box<Account>,
    strength: Strength,
) -> Result<Caller> {
    let basis = match caller.basis {
        Basis::NotWanted => Basis::NotWanted,
        Basis::Wanted | Basis::Proven(_) => Basis::Proven(access_token::digest(&account)),
    };
    let user = if context.access.load().names_groups() {
        let gone = || Error::invalid_credentials(reason::NO_SUCH_USER);
        context.user_by(Target::Id(account.user.id)).await?.ok_or_else(gone)?
    } else {
        account.user
    };
    Ok(Caller { basis, ..caller.become_identity(Identity::User(Arc::new(user)), strength) })
}

/// How old the recorded login may be before a new one is recorded; `None`: it is recorded only along with something else.
fn login_precision(config: &Config) -> Option<Duration> {
    let idle_after = config.lockout.idle_after;
    (!idle_after.is_zero()).then(|| (idle_after / 10).min(Duration::from_secs(3600)))
}

/// The root user has no entry, and so no factor: it is proven by its password alone.
async fn root(context: &Context, caller: &Caller, claim: Claim<'_>) -> Result<Caller> {
    match claim.code {
        CodeClaim::Alone | CodeClaim::AloneInAnyState | CodeClaim::Appended | CodeClaim::Perhaps => {
            prove_root(context, claim).await?
        }
        CodeClaim::Apart(_) | CodeClaim::Only(_) | CodeClaim::Device(_) | CodeClaim::DeviceAlone(_) => {
            return Err(refuse_stranger(context, claim, reason::NO_FACTOR).await);
        }
    }
    let dn = context.config.load().root.dn.as_str().into();
    Ok(caller.become_identity(Identity::Root(dn), Strength::One))
}

/// Replaces a hash of another scheme by one of the configured scheme, which is returned. Best effort: a bind never fails for it.
async fn rehash(context: &Context, account: &Account, password: &[u8]) -> Option<Vec<u8>> {
    let [stored] = account.passwords.as_slice() else { return None };
    // What was proven may be the retired one.
    if account.record.state.retired.is_some() {
        return None;
    }
    let (is_wanted, scheme) = {
        let config = context.config.load();
        (config.password.rehash_on_bind, configured_scheme(&config))
    };
    if !is_wanted || matches!(read(stored), Value::Hashed(stored) if stored.is_of(&scheme)) {
        return None;
    }
    let hashed = hash_password(context, password).await.ok()?;
    let mut change = None;
    let mut replace = |found: crate::store::Found<'_>| {
        let mut entry = found.entry.to_entry();
        let Some(id) = context.schema.attribute_type("userPassword").map(|kind| kind.id) else { return };
        // Somebody may have set another password meanwhile.
        if entry.values(id) == [stored.clone()] {
            entry.set(&context.schema, "userPassword", vec![hashed.clone().into_bytes()]);
            change =
                Some(Change::Replace { id: found.id, expected: found.version, entry: entry.encode(&context.schema) });
        }
    };
    context.store.read(Target::Id(account.user.id), false, &mut replace).await.ok()?;
    context.store.apply(vec![change?]).await.ok()?;
    Some(hashed.into_bytes())
}
