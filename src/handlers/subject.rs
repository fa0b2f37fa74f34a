//! Whose account a request is about: authentication IDs, bare DNs and the requester's own, as ldap-wire.md 2.1 and 2.2 have them, and
//! the account itself as a proof needs it. Whether the proof is good is decided in `proof`.

use countersign_proto::{ber::Writer, ldap::filter::Filter, result_code::ResultCode};

use crate::{
    caller::{Caller, Identity, Privilege, Strength, User},
    clock::UnixMillis,
    directory::{
        computed::Surroundings,
        dn::DnKey,
        entry::EntryRef,
        filter::{CompiledFilter, Truth},
        identity::AuthenticationId,
        schema::{WellKnown, time},
    },
    error::{Error, Result},
    factors::{
        account::{Facts, Policy, Unusable},
        record::Record,
        yubikey::Otp,
    },
    handlers::{account_policy, context::Context},
    store::{EntryId, Found, Query, Scope, Step, Target, Version},
    telemetry::reason,
};

/// Whom a request names.
pub enum Subject {
    /// The root user of the configuration.
    Root,
    /// The user of an entry.
    Account(Box<Account>),
    /// Nobody: no such entry, more than one, or no identity at all; the reason is for the log.
    Nobody(&'static str),
}

/// An account as read at one moment: what a proof is judged by.
pub struct Account {
    /// Who it is, without its groups.
    pub user: User,
    /// The values of userPassword.
    pub passwords: Vec<Vec<u8>>,
    /// Why the account may not be used at all, whatever is proven; for the log.
    pub unusable: Option<&'static str>,
    /// An administrator has closed it.
    pub disabled: bool,
    /// Before this moment it is not open yet.
    pub activation: Option<UnixMillis>,
    /// From this moment on it is closed.
    pub expiration: Option<UnixMillis>,
    /// When its entry was made.
    pub created: Option<UnixMillis>,
    /// A service account: binds with its password alone and cannot enrol a factor.
    pub is_service: bool,
    /// The public IDs of its YubiKeys, in lower case.
    pub yubikeys: Vec<String>,
    /// Its factor record.
    pub record: Record,
    /// The version of the record; `None` if there is none yet.
    pub record_version: Option<Version>,
}

/// In which of the three ways of ldap-wire.md 2.2 a requester without a password may act on an account.
pub enum Permitted {
    /// On its own, already authenticated.
    Itself(Box<Account>),
    /// On another's, by the privilege `password-reset`.
    Administrator(Box<Account>),
}

/// The subject of an authentication ID (`u:` or `dn:` form).
///
/// # Errors
/// `unavailable` where the store cannot be read.
pub async fn named(context: &Context, authentication_id: &str) -> Result<Subject> {
    identified(context, AuthenticationId::parse(authentication_id, &context.schema)).await
}

/// The subject of an authentication ID that may also be a bare DN or a bare user name (SASL PLAIN, HTTP Basic, userIdentity).
///
/// # Errors
/// `unavailable` where the store cannot be read.
pub async fn named_leniently(context: &Context, name: &str) -> Result<Subject> {
    identified(context, AuthenticationId::parse_lenient(name, &context.schema)).await
}

/// The subject of an authentication ID, or, where there is none, the requester's own account.
///
/// # Errors
/// `unavailable` where the store cannot be read.
pub async fn named_or_own(context: &Context, caller: &Caller, authentication_id: Option<&str>) -> Result<Subject> {
    match (authentication_id, &caller.identity) {
        (Some(authentication_id), _) => named(context, authentication_id).await,
        (None, Identity::Anonymous) => Ok(Subject::Nobody(reason::NO_SUCH_USER)),
        (None, Identity::Root(_)) => Ok(Subject::Root),
        (None, Identity::User(user)) => by_id(context, user.id).await,
    }
}

/// The subject with this name.
///
/// # Errors
/// `invalidDNSyntax` if it is none; `unavailable` where the store cannot be read.
pub async fn by_dn(context: &Context, dn: &str) -> Result<Subject> {
    match DnKey::parse(dn, &context.schema) {
        Ok(key) if key.is_empty() => Ok(Subject::Nobody(reason::NO_SUCH_USER)),
        Ok(key) => by_key(context, &key).await,
        Err(error) => Err(Error::new(ResultCode::INVALID_DN_SYNTAX, error.reason)),
    }
}

/// The user whose identity attribute (`uid` unless configured) is `name`, if it is exactly one.
async fn by_user_name(context: &Context, name: &str) -> Result<Subject> {
    let config = context.config.load_full();
    by_value(context, &config.directory.identity_attributes, name).await
}

/// The user one of whose `attributes` is `name`, if it is exactly one.
///
/// # Errors
/// `unavailable` where the store cannot be read.
pub async fn by_value(context: &Context, attributes: &[String], name: &str) -> Result<Subject> {
    let config = context.config.load_full();
    let mut encoded = Vec::new();
    Writer::new(&mut encoded).constructed(0xA1, |either| {
        for attribute in attributes {
            either.constructed(0xA3, |equality| {
                equality.octet_string(attribute.as_bytes());
                equality.octet_string(name.as_bytes());
            });
        }
    });
    let mut filter = CompiledFilter::default();
    let decoded =
        Filter::decode(&encoded).map_err(|_| Error::other("an identity filter of our own does not decode"))?;
    filter.compile(decoded, &context.schema);
    let mut found = None;
    for base in &config.directory.base_dns {
        let Ok(base) = DnKey::parse(base, &context.schema) else { continue };
        let query = Query { base: &base, scope: Scope::Subtree, filter: &filter };
        let mut ambiguous = false;
        let mut visit = |candidate: Found<'_>| {
            if filter.matches(candidate.entry, Surroundings::default(), &context.schema, &|_| true) == Truth::True {
                ambiguous |= found.replace(candidate.id).is_some_and(|other| other != candidate.id);
            }
            if ambiguous { Step::Stop } else { Step::Continue }
        };
        context.store.search(&query, None, &mut visit).await?;
        if ambiguous {
            return Ok(Subject::Nobody(reason::AMBIGUOUS_USER));
        }
    }
    match found {
        Some(id) => by_id(context, id).await,
        None => Ok(Subject::Nobody(reason::NO_SUCH_USER)),
    }
}

/// The account that a requester without a password may act on: its own, or another's with the privilege `password-reset`.
///
/// # Errors
/// `insufficientAccessRights` for whoever is anonymous or lacks the privilege, whether or not the account exists; then
/// `noSuchObject`; `unwillingToPerform` for the root user, who has no entry.
pub fn permitted(caller: &Caller, subject: Subject) -> Result<Permitted> {
    if caller.is_anonymous() {
        return Err(Error::insufficient_access("This needs an authenticated requester").reason(reason::NOT_ALLOWED));
    }
    if let Subject::Account(account) = subject {
        if caller.is(account.user.id) {
            return Ok(Permitted::Itself(account));
        }
        need_password_reset(caller)?;
        return Ok(Permitted::Administrator(account));
    }
    if matches!((&subject, caller.is_root()), (Subject::Nobody(_), _) | (Subject::Root, false)) {
        need_password_reset(caller)?;
    }
    Err(match subject {
        Subject::Root => root_has_no_entry(),
        _ => Error::no_such_object(None),
    })
}

/// What is answered where an operation needs the entry of the root user.
pub fn root_has_no_entry() -> Error {
    Error::unwilling("The root user is set up in the configuration and has no entry")
}

/// `caller` acting as `authorization_id`; absent, empty or its own: as itself. To be asked only once `caller` is proven.
///
/// # Errors
/// `authorizationDenied` without the privilege `proxied-auth`, or if it names nobody or the root user.
pub async fn acting_as(context: &Context, caller: Caller, authorization_id: Option<&str>) -> Result<Caller> {
    let denied = || {
        Error::new(ResultCode::AUTHORIZATION_DENIED, "The requester may not act as this identity")
            .reason(reason::NOT_ALLOWED)
    };
    let Some(authorization_id) = authorization_id.filter(|text| !text.is_empty()) else { return Ok(caller) };
    if matches!(AuthenticationId::parse(authorization_id, &context.schema), Some(AuthenticationId::Anonymous)) {
        return if caller.may(Privilege::ProxiedAuth) {
            Ok(Caller::anonymous(caller.channel.clone()))
        } else {
            Err(denied())
        };
    }
    match Box::pin(named(context, authorization_id)).await? {
        Subject::Root if caller.is_root() => Ok(caller),
        Subject::Account(account) if caller.is(account.user.id) => Ok(caller),
        Subject::Account(account) if caller.may(Privilege::ProxiedAuth) => {
            let user = context.user_by(Target::Id(account.user.id)).await?.ok_or_else(denied)?;
            // What was proven is the requester's identity, not this user's: it counts as one factor at most.
            let strength = caller.strength.min(Strength::One);
            Ok(Caller { identity: Identity::User(user.into()), strength, ..caller })
        }
        _ => Err(denied()),
    }
}

impl Account {
    /// Whether anything but a password is registered that proves whose account it is.
    pub fn has_second_factor(&self) -> bool {
        !self.yubikeys.is_empty() || self.record.has_active_factor()
    }

    /// Whether the YubiKey that makes this OTP is the account's.
    pub fn has_yubikey(&self, otp: &Otp) -> bool {
        self.yubikeys.iter().any(|public_id| public_id == otp.public_id())
    }

    /// The account of an entry; `None` if there is no such entry.
    ///
    /// # Errors
    /// `unavailable` where the store cannot be read; `other` for a factor record that this program cannot read: whoever has one is
    /// not taken for a user without factors.
    pub async fn read(context: &Context, target: Target<'_>) -> Result<Option<Box<Self>>> {
        let as_of = context.store.last_change();
        let mut account = None;
        context.store.read(target, true, &mut |found| account = Some(Self::of(context, &found, as_of))).await?;
        account.transpose()
    }

    fn of(context: &Context, found: &Found<'_>, as_of: u64) -> Result<Box<Self>> {
        let config = context.config.load();
        let record = match found.factors {
            Some(factors) => Record::decode(factors.record).map_err(Error::other)?,
            None => Record::default(),
        };
        let is_under = |top: &String| {
            DnKey::parse(top, &context.schema).is_ok_and(|top| found.entry.key().starts_with(top.as_bytes()))
        };
        let mut account = Box::new(Self {
            user: context.user_of(found, as_of),
            passwords: Vec::new(),
            unusable: None,
            disabled: false,
            activation: None,
            expiration: None,
            created: None,
            yubikeys: Vec::new(),
            is_service: config.factors.service_accounts.iter().any(is_under),
            record,
            record_version: found.factors.map(|factors| factors.version),
        });
        account.take_in(context.schema.well_known(), &found.entry);
        let facts = account.facts(account_policy::configured(&config));
        account.unusable = facts.unusable(context.clock.now()).map(Unusable::reason);
        Ok(account)
    }

    /// Takes in what the attributes of the entry say of the account.
    fn take_in(&mut self, known: &WellKnown, entry: &EntryRef<'_>) {
        let ids = [
            known.user_password,
            known.account_disabled,
            known.account_activation_time,
            known.account_expiration_time,
            known.create_timestamp,
            known.yubikey_public_id,
        ];
        for attribute in entry.attributes_among(&ids) {
            let time = || attribute.values().find_map(time::unix_millis).map(UnixMillis);
            match attribute.id {
                id if id == known.user_password => self.passwords = attribute.values().map(<[u8]>::to_vec).collect(),
                id if id == known.account_disabled => {
                    self.disabled = attribute.values().any(|value| value.eq_ignore_ascii_case(b"true"));
                }
                id if id == known.account_activation_time => self.activation = time(),
                id if id == known.account_expiration_time => self.expiration = time(),
                id if id == known.create_timestamp => self.created = time(),
                _ => {
                    let text = |value: &[u8]| String::from_utf8_lossy(value).to_ascii_lowercase();
                    self.yubikeys = attribute.values().map(text).collect();
                }
            }
        }
    }

    /// The account as the rules of its states see it.
    pub fn facts(&self, policy: Policy) -> Facts<'_> {
        Facts {
            disabled: self.disabled,
            activation: self.activation,
            expiration: self.expiration,
            created: self.created,
            has_password: !self.passwords.is_empty(),
            password_changed: self.record.password_changed,
            last_login: self.record.last_login,
            state: &self.record.state,
            policy,
        }
    }
}

async fn identified(context: &Context, id: Option<AuthenticationId<'_>>) -> Result<Subject> {
    match id {
        Some(AuthenticationId::User(name)) => by_user_name(context, name).await,
        Some(AuthenticationId::Entry(key)) => by_key(context, &key).await,
        Some(AuthenticationId::Anonymous) | None => Ok(Subject::Nobody(reason::NO_SUCH_USER)),
    }
}

async fn by_key(context: &Context, key: &DnKey) -> Result<Subject> {
    if *key == context.root_key {
        return Ok(Subject::Root);
    }
    Ok(subject_of(Account::read(context, Target::Key(key)).await?))
}

async fn by_id(context: &Context, id: EntryId) -> Result<Subject> {
    Ok(subject_of(Account::read(context, Target::Id(id)).await?))
}

fn subject_of(account: Option<Box<Account>>) -> Subject {
    account.map_or(Subject::Nobody(reason::NO_SUCH_USER), Subject::Account)
}

fn need_password_reset(caller: &Caller) -> Result<()> {
    if caller.may(Privilege::PasswordReset) {
        return Ok(());
    }
    Err(Error::insufficient_access("This needs the privilege password-reset").reason(reason::NOT_ALLOWED))
}
