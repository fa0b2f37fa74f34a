//! What each operation that reads says of an account; what is worth saying besides is `issues`.

use countersign_proto::{
    account::operation_type::StateOperationType, delivered_otp::DeliveredOtpCredentials, sasl_plain::PlainCredentials,
    text::Text, totp::TotpCredentials, yubikey::YubiKeyOtpCredentials,
};

use super::values::{boolean, number, seconds, time};
use crate::{
    clock::UnixMillis,
    error::Result,
    factors::{
        account::{Age, Facts, Policy, Unusable},
        lockout::{Door, Settings as Lockout},
        retired_password::Retired,
    },
    handlers::{account_policy, context::Context, login_history, password_policy, proof::lockouts, subject::Account},
    store::{Found, Target},
};

/// An account as it is, and the rules that it is held against.
pub(super) struct View {
    pub(super) account: Account,
    pub(super) policy: Policy,
    lockouts: [Lockout; 2],
    /// The delivery mechanisms that could reach the user.
    mechanisms: Vec<String>,
    pub(super) now: UnixMillis,
}

impl View {
    /// # Errors
    /// `unavailable` where the store cannot be read.
    pub(super) async fn of(context: &Context, account: Account) -> Result<Self> {
        let configured = context.mechanisms.load_full();
        let mut mechanisms = Vec::new();
        let mut reader = |found: Found<'_>| {
            let kind = |name: &str| context.schema.attribute_type(name).map(|kind| kind.id);
            let has = |name: &str| kind(name).is_some_and(|id| found.entry.of_type(id).next().is_some());
            let able = configured.iter().filter(|mechanism| mechanism.takes_names() || has(mechanism.attribute()));
            mechanisms = able.map(|mechanism| mechanism.name().to_owned()).collect();
        };
        if !configured.is_empty() {
            context.store.read(Target::Id(account.user.id), false, &mut reader).await?;
        }
        let policy = account_policy::configured(&context.config.load());
        Ok(Self { account, policy, lockouts: lockouts(context), mechanisms, now: context.clock.now() })
    }

    pub(super) fn facts(&self) -> Facts<'_> {
        self.account.facts(self.policy)
    }

    /// The values that answer `kind`; none where it does not apply. Notices, warnings and errors are said elsewhere.
    pub(super) fn read(&self, context: &Context, kind: StateOperationType) -> Vec<Text> {
        if let Some(truth) = self.truth(kind) {
            return vec![boolean(truth)];
        }
        if let Some(moment) = self.moment(kind) {
            return moment.map(time).into_iter().collect();
        }
        if let Some(left) = self.time_left(kind) {
            return left.map(|end| seconds(end, self.now)).into_iter().collect();
        }
        self.list(context, kind)
    }

    /// The booleans: each has exactly one value.
    fn truth(&self, kind: StateOperationType) -> Option<bool> {
        use StateOperationType as Kind;
        let is = |unusable| self.facts().unusable(self.now) == Some(unusable);
        let passed = |moment: Option<UnixMillis>| moment.is_some_and(|moment| moment <= self.now);
        Some(match kind {
            Kind::GetAccountDisabled => self.account.disabled,
            Kind::GetPasswordResetState => self.account.record.state.must_change,
            Kind::HasRetiredPassword => self.retired().is_some(),
            Kind::GetAccountIsUsable => self.is_usable(),
            Kind::GetAccountIsNotYetActive => self.account.activation.is_some_and(|moment| self.now < moment),
            Kind::GetAccountIsExpired => passed(self.account.expiration),
            Kind::GetAccountIsFailureLocked => self.locked_until().is_some(),
            Kind::GetAccountIsIdleLocked => is(Unusable::IdleLocked) || passed(self.facts().idle_lock()),
            Kind::GetAccountIsResetLocked => passed(self.facts().reset_lock()),
            Kind::GetAccountIsValidationLocked => self.account.record.state.validation_locked,
            Kind::GetPasswordIsExpired => passed(self.facts().password_expires()),
            Kind::HasTotpSharedSecret => self.account.record.active_totp().next().is_some(),
            Kind::HasRegisteredYubiKeyPublicId => !self.account.yubikeys.is_empty(),
            Kind::HasStaticPassword => !self.account.passwords.is_empty(),
            _ => return None,
        })
    }

    /// The single times.
    fn moment(&self, kind: StateOperationType) -> Option<Option<UnixMillis>> {
        use StateOperationType as Kind;
        let (account, record) = (&self.account, &self.account.record);
        Some(match kind {
            Kind::GetAccountExpirationTime => account.expiration,
            Kind::GetAccountActivationTime => account.activation,
            Kind::GetPasswordChangedTime => {
                record.password_changed.or(account.created).filter(|_| !account.passwords.is_empty())
            }
            Kind::GetPasswordExpirationWarnedTime => record.state.warned,
            Kind::GetLastLoginTime => record.last_login,
            Kind::GetPasswordChangedByRequiredTime => record.state.changed_by,
            Kind::GetPasswordRetiredTime => self.retired().map(|retired| retired.since),
            Kind::GetRetiredPasswordExpirationTime => self.retired().map(|retired| retired.expires),
            Kind::GetPasswordExpirationTime => self.facts().password_expires(),
            Kind::GetFailureLockoutTime => self.locked_until().map(|(since, _)| since),
            Kind::GetIdleLockoutTime => self.facts().idle_lock(),
            Kind::GetResetLockoutTime => self.facts().reset_lock(),
            Kind::GetLastBindPasswordValidationTime => record.state.validated,
            _ => return None,
        })
    }

    /// The ends of times, told as seconds from now.
    fn time_left(&self, kind: StateOperationType) -> Option<Option<UnixMillis>> {
        use StateOperationType as Kind;
        let warning = |end: UnixMillis| {
            let before = u64::try_from(self.policy.warn_before.as_millis()).unwrap_or(u64::MAX);
            UnixMillis(end.0.saturating_sub(before))
        };
        Some(match kind {
            Kind::GetSecondsUntilAccountExpiration => self.account.expiration,
            Kind::GetSecondsUntilAccountActivation => self.account.activation,
            Kind::GetSecondsUntilPasswordExpiration => self.facts().password_expires(),
            Kind::GetSecondsUntilPasswordExpirationWarning => self.facts().password_expires().map(warning),
            Kind::GetSecondsUntilAuthenticationFailureUnlock => self.locked_until().and_then(|(_, until)| until),
            Kind::GetSecondsUntilIdleLockout => self.facts().idle_lock(),
            Kind::GetSecondsUntilPasswordResetLockout => self.facts().reset_lock(),
            Kind::GetSecondsUntilRequiredChangeTime => self.facts().change_due(),
            _ => return None,
        })
    }

    /// Everything else.
    fn list(&self, context: &Context, kind: StateOperationType) -> Vec<Text> {
        use StateOperationType as Kind;
        let (account, record) = (&self.account, &self.account.record);
        match kind {
            Kind::GetPasswordPolicyDn => vec![Text::from(password_policy::DN)],
            Kind::GetAuthenticationFailureTimes => record.failure_times().iter().copied().map(time).collect(),
            Kind::GetRemainingAuthenticationFailureCount => self.failures_left().map(number).into_iter().collect(),
            Kind::GetGraceLoginUseTimes => record.state.grace_uses.iter().copied().map(time).collect(),
            Kind::GetRemainingGraceLoginCount => vec![number(self.facts().grace_left())],
            Kind::GetLastLoginIpAddress => record.state.last_address.clone().map(Text).into_iter().collect(),
            Kind::GetPasswordHistoryCount => vec![number(u32::try_from(record.history.len()).unwrap_or(u32::MAX))],
            Kind::GetAvailableSaslMechanisms => self.sasl(context),
            Kind::GetAvailableOtpDeliveryMechanisms => self.mechanisms.iter().cloned().map(Text).collect(),
            Kind::GetRegisteredYubiKeyPublicIds => account.yubikeys.iter().cloned().map(Text).collect(),
            Kind::GetSecondsSinceLastBindPasswordValidation => {
                record.state.validated.map(|then| seconds(self.now, then)).into_iter().collect()
            }
            Kind::GetRecentLoginHistory => {
                login_history::told(context, &record.state.logins).map(Text).into_iter().collect()
            }
            // The password history never comes back.
            _ => Vec::new(),
        }
    }

    /// The password before the present one, while it is good.
    pub(super) fn retired(&self) -> Option<&Retired> {
        self.account.record.state.retired.as_ref().filter(|retired| retired.is_good(self.now))
    }

    fn is_usable(&self) -> bool {
        let is_open = self.facts().unusable(self.now).is_none() && self.locked_until().is_none();
        is_open && self.facts().age(self.now) != Age::Expired
    }

    /// Since when the account is locked after failures of the password or the second factor, and until when; `None` as the end:
    /// until somebody opens it.
    pub(super) fn locked_until(&self) -> Option<(UnixMillis, Option<UnixMillis>)> {
        let record = &self.account.record;
        let counts = [record.password_failures, record.second_factor_failures];
        let locks = counts.iter().zip(&self.lockouts).filter_map(|(failures, settings)| {
            match failures.door(self.now, settings) {
                Door::Open => None,
                Door::Locked { until } => Some((failures.last, Some(until))),
                Door::Closed => Some((failures.last, None)),
            }
        });
        // A lock without an end outlasts every other.
        locks.max_by_key(|(_, until)| (until.is_none(), *until))
    }

    /// How many failures more lock the account; `None` where failures lock nothing.
    fn failures_left(&self) -> Option<u32> {
        let record = &self.account.record;
        let counts = [record.password_failures, record.second_factor_failures];
        let left = counts.iter().zip(&self.lockouts).filter(|(_, settings)| settings.failures > 0);
        left.map(|(failures, settings)| settings.failures.saturating_sub(failures.counting(self.now, settings))).min()
    }

    /// The mechanisms that the user could bind by, of those that are served.
    fn sasl(&self, context: &Context) -> Vec<Text> {
        let has_password = !self.account.passwords.is_empty();
        let able = |name: &str| match name {
            PlainCredentials::MECHANISM => has_password,
            TotpCredentials::MECHANISM => has_password && self.account.record.active_totp().next().is_some(),
            YubiKeyOtpCredentials::MECHANISM => !self.account.yubikeys.is_empty(),
            DeliveredOtpCredentials::MECHANISM => !self.mechanisms.is_empty(),
            _ => false,
        };
        context.served.mechanisms.iter().filter(|name| able(name)).map(|name| Text::from(*name)).collect()
    }
}
