//! What the age and the origin of a password mean to a proof that is good otherwise: expired, to be changed first, expiring soon.

use super::{amended::Amended, rules::Rules};
use crate::{
    caller::Notice, clock::UnixMillis, error::PolicyError, factors::account::Age, handlers::subject::Account,
    telemetry::reason,
};

/// What something is proven for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::handlers) enum Purpose {
    /// To be somebody from now on.
    Bind,
    /// For one operation.
    Operation,
    /// To set another password.
    NewPassword,
}

/// A proof that is good and does not help.
pub(super) struct Lapsed {
    pub(super) reason: &'static str,
    pub(super) policy: PolicyError,
}

/// What there is to say about the password of a good proof; a grace login is noted in `record`.
pub(super) fn judge(
    rules: &Rules,
    account: &Account,
    record: &mut Amended<'_>,
    purpose: Purpose,
    now: UnixMillis,
) -> Result<Notice, Lapsed> {
    let expired = Lapsed { reason: reason::PASSWORD_EXPIRED, policy: PolicyError::PasswordExpired };
    let must_change = account.record.state.must_change;
    let age = account.facts(rules.account).age(now);
    match (purpose, age) {
        (Purpose::NewPassword, Age::Good | Age::Expiring { .. }) => Ok(Notice::default()),
        (Purpose::NewPassword, _) if rules.change_expired => Ok(Notice::default()),
        (Purpose::NewPassword, _) => Err(expired),
        (Purpose::Operation, _) if must_change => {
            Err(Lapsed { reason: reason::MUST_CHANGE_PASSWORD, policy: PolicyError::ChangeAfterReset })
        }
        (_, Age::Good) => Ok(Notice { must_change, ..Notice::default() }),
        (_, Age::Expiring { left }) => {
            if purpose == Purpose::Bind && record.state.warned.is_none() {
                record.amend().state.warned = Some(now);
            }
            let seconds = i32::try_from(left.as_secs()).unwrap_or(i32::MAX);
            Ok(Notice { must_change, expires_in: Some(seconds), ..Notice::default() })
        }
        (Purpose::Bind, Age::Grace { left }) => {
            record.amend().state.grace_uses.push(now);
            let left = i32::try_from(left.saturating_sub(1)).unwrap_or(i32::MAX);
            Ok(Notice { must_change, grace_logins_left: Some(left), ..Notice::default() })
        }
        (Purpose::Operation, Age::Grace { .. }) | (_, Age::Expired) => Err(expired),
    }
}
