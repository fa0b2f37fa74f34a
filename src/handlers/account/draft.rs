//! What each operation that changes does, to a copy of the account.

use countersign_proto::{account::operation_type::StateOperationType, text::Secret};

use super::values::{none, one_boolean, one_text, one_time, some, times};
use crate::{
    clock::UnixMillis,
    directory::modify::ModificationKind,
    error::{Error, Result},
    factors::{lockout::Failures, yubikey::public_id},
    handlers::{
        account_policy,
        context::Context,
        proof::lockouts,
        subject::Account,
        update::secrets::{SecretChange, decoded},
    },
};

const DISABLED: &str = "ds-pwp-account-disabled";
const ACTIVATION: &str = "ds-pwp-account-activation-time";
const EXPIRATION: &str = "ds-pwp-account-expiration-time";
const YUBIKEY_PUBLIC_ID: &str = "ds-auth-yubikey-public-id";

/// Most times of one list, and most values of one operation.
const MAX_VALUES: usize = 100;
/// Most factors of one kind.
const MAX_FACTORS: usize = 10;

/// An account while it is changed, and the attributes of its entry that change with it.
pub(super) struct Draft {
    pub(super) account: Account,
    /// Names with all of their values.
    pub(super) attributes: Vec<(&'static str, Vec<Vec<u8>>)>,
    now: UnixMillis,
    /// The last time by which everybody had, or has, to change their password.
    required: UnixMillis,
}

impl Draft {
    pub(super) fn new(context: &Context, account: Account) -> Self {
        let now = context.clock.now();
        let required = account_policy::configured(&context.config.load()).change_by.unwrap_or(now);
        Self { account, attributes: Vec::new(), now, required }
    }

    /// Carries one operation out.
    ///
    /// # Errors
    /// `protocolError` for values that are not those that it takes; what changing a secret or a device is refused with.
    pub(super) fn apply(&mut self, context: &Context, kind: StateOperationType, values: &[Secret]) -> Result<()> {
        use StateOperationType as Kind;
        if values.len() > MAX_VALUES {
            return Err(Error::protocol(format!("An operation takes at most {MAX_VALUES} values")));
        }
        if kind.name().starts_with("clear") || kind == Kind::PurgeRetiredPassword {
            none(values)?;
        }
        match kind {
            Kind::SetAccountDisabled
            | Kind::ClearAccountDisabled
            | Kind::SetAccountExpirationTime
            | Kind::ClearAccountExpirationTime
            | Kind::SetAccountActivationTime
            | Kind::ClearAccountActivationTime => self.close(kind, values),
            Kind::AddAuthenticationFailureTime
            | Kind::SetAuthenticationFailureTimes
            | Kind::ClearAuthenticationFailureTimes
            | Kind::SetAccountIsFailureLocked => self.fail(context, kind, values),
            Kind::AddRegisteredYubiKeyPublicId
            | Kind::RemoveRegisteredYubiKeyPublicId
            | Kind::SetRegisteredYubiKeyPublicIds
            | Kind::ClearRegisteredYubiKeyPublicIds => self.own(kind, values),
            Kind::AddTotpSharedSecret
            | Kind::RemoveTotpSharedSecret
            | Kind::SetTotpSharedSecrets
            | Kind::ClearTotpSharedSecrets => self.share(context, kind, values),
            kind => self.remember(kind, values),
        }
    }

    /// Opens and closes the account.
    fn close(&mut self, kind: StateOperationType, values: &[Secret]) -> Result<()> {
        use StateOperationType as Kind;
        let time = |moment: UnixMillis| vec![moment.generalized_time().into_bytes()];
        self.account.record.end_tokens();
        match kind {
            Kind::SetAccountDisabled => {
                self.account.disabled = one_boolean(values)?;
                let text = if self.account.disabled { "TRUE" } else { "FALSE" };
                self.set(DISABLED, vec![text.as_bytes().to_vec()]);
            }
            Kind::ClearAccountDisabled => {
                self.account.disabled = false;
                self.set(DISABLED, Vec::new());
            }
            Kind::SetAccountExpirationTime => {
                let moment = one_time(values, self.now)?;
                self.account.expiration = Some(moment);
                self.set(EXPIRATION, time(moment));
            }
            Kind::ClearAccountExpirationTime => {
                self.account.expiration = None;
                self.set(EXPIRATION, Vec::new());
            }
            Kind::SetAccountActivationTime => {
                let moment = one_time(values, self.now)?;
                self.account.activation = Some(moment);
                self.set(ACTIVATION, time(moment));
            }
            _ => {
                self.account.activation = None;
                self.set(ACTIVATION, Vec::new());
            }
        }
        Ok(())
    }

    /// Failures and the lock that follows from them; of the password and of the second factor alike.
    fn fail(&mut self, context: &Context, kind: StateOperationType, values: &[Secret]) -> Result<()> {
        use StateOperationType as Kind;
        let [password, _] = lockouts(context);
        let counted = |times: &[UnixMillis]| {
            let count = u32::try_from(times.len()).unwrap_or(u32::MAX);
            times.last().map(|&last| Failures { count, consecutive: count, last }).unwrap_or_default()
        };
        let mut failed = match kind {
            Kind::ClearAuthenticationFailureTimes => Vec::new(),
            Kind::AddAuthenticationFailureTime => {
                let mut failed = self.account.record.failure_times().to_vec();
                failed.extend(times(values, self.now)?);
                failed
            }
            Kind::SetAuthenticationFailureTimes => times(values, self.now)?,
            _ if !one_boolean(values)? => Vec::new(),
            _ if password.failures == 0 => {
                return Err(Error::unwilling("Failures lock no account here ([lockout] failures is 0)"));
            }
            _ => vec![self.now; usize::try_from(password.failures).unwrap_or(MAX_VALUES).min(MAX_VALUES)],
        };
        failed.sort_unstable();
        self.account.record.clear_failures();
        self.account.record.password_failures = counted(&failed);
        if kind == Kind::SetAccountIsFailureLocked && !failed.is_empty() {
            self.account.record.password_failures.count = password.failures;
            self.account.record.end_tokens();
        }
        self.account.record.state.failure_times = failed;
        Ok(())
    }

    /// Which YubiKeys are the user's.
    fn own(&mut self, kind: StateOperationType, values: &[Secret]) -> Result<()> {
        use StateOperationType as Kind;
        let id = |value: &Secret| {
            let id = value.expose_text().and_then(public_id);
            id.ok_or_else(|| Error::protocol("The public ID of a YubiKey is 1 to 16 modhex characters"))
        };
        let named = values.iter().map(id).collect::<Result<Vec<_>>>()?;
        let devices = &mut self.account.yubikeys;
        match kind {
            Kind::AddRegisteredYubiKeyPublicId => {
                some(values)?;
                devices.extend(named);
            }
            Kind::RemoveRegisteredYubiKeyPublicId => {
                some(values)?;
                devices.retain(|device| !named.contains(device));
            }
            _ => *devices = named,
        }
        self.account.record.end_tokens();
        devices.sort_unstable();
        devices.dedup();
        let values = devices.iter().map(|device| device.clone().into_bytes()).collect();
        let number = devices.len();
        self.set(YUBIKEY_PUBLIC_ID, values);
        self.check_number(number)
    }

    /// Which TOTP secrets the user shares.
    fn share(&mut self, context: &Context, kind: StateOperationType, values: &[Secret]) -> Result<()> {
        use StateOperationType as Kind;
        let change = match kind {
            Kind::AddTotpSharedSecret => ModificationKind::Add,
            Kind::RemoveTotpSharedSecret => ModificationKind::Delete,
            _ => ModificationKind::Replace,
        };
        if change != ModificationKind::Replace {
            some(values)?;
        }
        let secrets = values.iter().map(|value| decoded(value.expose()));
        let secrets = secrets.collect::<Result<Vec<_>>>().map_err(|error| Error::protocol(error.diagnostic))?;
        let uuid = self.account.user.uuid;
        SecretChange::new(change, secrets).apply(&mut self.account.record, uuid, context, false)?;
        self.check_number(self.account.record.factors.len())
    }

    /// As many factors of a kind as an account may have; a service account has none.
    fn check_number(&self, factors: usize) -> Result<()> {
        if self.account.is_service && factors > 0 {
            return Err(Error::unwilling("A service account binds with its password alone and has no second factor"));
        }
        if factors > MAX_FACTORS {
            return Err(Error::unwilling(format!("An account has at most {MAX_FACTORS} factors of one kind")));
        }
        Ok(())
    }

    /// What is only written down in the record.
    fn remember(&mut self, kind: StateOperationType, values: &[Secret]) -> Result<()> {
        use StateOperationType as Kind;
        let (now, required) = (self.now, self.required);
        let one = |values| one_time(values, now).map(Some);
        let record = &mut self.account.record;
        match kind {
            Kind::SetPasswordChangedTime => record.password_changed = one(values)?,
            Kind::ClearPasswordChangedTime => record.password_changed = None,
            Kind::SetPasswordExpirationWarnedTime => record.state.warned = one(values)?,
            Kind::ClearPasswordExpirationWarnedTime => record.state.warned = None,
            Kind::SetLastLoginTime => record.last_login = one(values)?,
            Kind::ClearLastLoginTime => record.last_login = None,
            Kind::SetLastLoginIpAddress => {
                let text = one_text(values)?;
                let address: std::net::IpAddr =
                    text.parse().map_err(|_| Error::protocol("The value is no IP address"))?;
                record.state.last_address = Some(address.to_string());
            }
            Kind::ClearLastLoginIpAddress => record.state.last_address = None,
            Kind::SetPasswordResetState => {
                record.state.must_change = one_boolean(values)?;
                record.state.reset = record.state.must_change.then_some(now);
            }
            Kind::ClearPasswordResetState => {
                record.state.must_change = false;
                record.state.reset = None;
            }
            Kind::AddGraceLoginUseTime => {
                record.state.grace_uses.extend(times(values, now)?);
                record.state.grace_uses.sort_unstable();
                record.state.grace_uses.truncate(MAX_VALUES);
            }
            Kind::SetGraceLoginUseTimes => record.state.grace_uses = times(values, now)?,
            Kind::ClearGraceLoginUseTimes => record.state.grace_uses.clear(),
            Kind::SetPasswordChangedByRequiredTime => record.state.changed_by = Some(one_time(values, required)?),
            Kind::ClearPasswordChangedByRequiredTime => record.state.changed_by = None,
            Kind::ClearPasswordHistory => record.history.clear(),
            Kind::SetLastBindPasswordValidationTime => record.state.validated = one(values)?,
            Kind::ClearLastBindPasswordValidationTime => record.state.validated = None,
            Kind::SetAccountIsValidationLocked => record.state.validation_locked = one_boolean(values)?,
            Kind::PurgeRetiredPassword => record.state.retired = None,
            Kind::ClearRecentLoginHistory => record.state.logins = Default::default(),
            // There is none to be forgotten.
            _ => {}
        }
        Ok(())
    }

    fn set(&mut self, name: &'static str, values: Vec<Vec<u8>>) {
        self.attributes.retain(|(other, _)| *other != name);
        self.attributes.push((name, values));
    }
}
