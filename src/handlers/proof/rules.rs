//! By which rules a proof is judged: the configuration as far as proofs go by it, and the fence of the store.

use crate::{
    clock::UnixMillis,
    factors::{
        account::Policy,
        lockout::{Door, Settings as Lockout},
        login_history::Bounds,
        password::Scheme,
        record::Factor,
        totp::{Settings as Totp, Step, spent_by_fence},
    },
    handlers::{account_policy, context::Context, hashing::configured_scheme, login_history, subject::Account},
};

/// The configuration as far as proofs go by it.
pub(super) struct Rules {
    pub(super) scheme: Scheme,
    pub(super) password: Lockout,
    pub(super) second_factor: Lockout,
    pub(super) totp: Totp,
    pub(super) fence: Option<UnixMillis>,
    pub(super) separator: Option<u8>,
    /// When accounts may be used.
    pub(super) account: Policy,
    /// Whether an expired password may still be changed by its user.
    pub(super) change_expired: bool,
    /// How much of an account's recent logins is kept.
    pub(super) logins: Bounds,
}

/// What is counted as judged where there is no code.
pub(super) const PASSWORD: &str = "password";

/// Which count a failure goes to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Count {
    /// The password's.
    Password,
    /// The second factor's.
    SecondFactor,
    /// The second factor's, which for recovery codes is open though it is closed for others.
    RecoveryCode,
}

impl Rules {
    /// The rules as they are now.
    pub(super) fn of(context: &Context) -> Self {
        let config = context.config.load();
        let password = Lockout {
            failures: config.lockout.failures,
            duration: config.lockout.duration,
            forget_after: config.lockout.forget_after,
            closed_after: None,
        };
        let close_after = config.lockout.close_factor_after;
        Self {
            scheme: configured_scheme(&config),
            password,
            second_factor: Lockout { closed_after: (close_after > 0).then_some(close_after), ..password },
            totp: Totp {
                period_seconds: u32::try_from(config.totp.step.as_secs()).unwrap_or(u32::MAX),
                window: u8::try_from(config.totp.window).unwrap_or(u8::MAX),
                ..Totp::default()
            },
            fence: fence(context),
            separator: config.simple_bind.separator.bytes().next(),
            account: account_policy::configured(&config),
            change_expired: config.password.change_expired,
            logins: login_history::bounds(&config),
        }
    }

    /// Whether too many wrong passwords lock the account.
    pub(super) fn locks_password(&self, account: &Account, now: UnixMillis) -> bool {
        account.record.password_failures.door(now, &self.password) != Door::Open
    }

    /// After how many failures of this count what closes.
    pub(super) const fn limits(&self, count: Count) -> &Lockout {
        match count {
            // To recovery codes the second factor is never closed, since such a code is what opens it again.
            Count::Password | Count::RecoveryCode => &self.password,
            Count::SecondFactor => &self.second_factor,
        }
    }

    /// The newest step of a factor that no code may have any more.
    pub(super) fn spent(&self, factor: &Factor, settings: &Totp) -> Option<Step> {
        factor.last_step.max(self.fence.map(|fence| spent_by_fence(fence, settings)))
    }
}

/// Up to when what is good once may have been used, and is forgotten (`Store::fence`).
pub(in crate::handlers) fn fence(context: &Context) -> Option<UnixMillis> {
    Some(context.store.fence()).filter(|&fence| fence > 0).map(UnixMillis)
}
