//! What is worth saying about whether an account is usable: notices, warnings and errors.

use countersign_proto::{account::issue::Issue, text::Text};

use super::view::View;
use crate::{
    clock::UnixMillis,
    factors::{
        account::{Age, Unusable},
        one_time_password::Outstanding,
    },
    handlers::context::Context,
};

/// Of interest, no more.
pub(super) fn notices(view: &View, context: &Context) -> Vec<Text> {
    let record = &view.account.record;
    let min_age = context.config.load().password.min_age;
    let is_young = record.password_changed.is_some_and(|changed| view.now.since(changed) < min_age);
    let mut notices = Vec::new();
    let is_outstanding = |token: Option<&Outstanding>| token.is_some_and(|token| token.is_good(view.now, None));
    if view.retired().is_some() {
        notices.push(Issue::OUTSTANDING_RETIRED_PASSWORD.line("The former password is still good for a while"));
    }
    if is_outstanding(record.outstanding()) {
        notices.push(Issue::OUTSTANDING_ONE_TIME_PASSWORD.line("A one-time password was delivered and not used yet"));
    }
    if is_outstanding(record.reset_token()) {
        notices.push(
            Issue::OUTSTANDING_PASSWORD_RESET_TOKEN.line("A password reset token was delivered and not used yet"),
        );
    }
    if is_young {
        notices.push(Issue::IN_MINIMUM_PASSWORD_AGE.line("The password was changed too recently to be changed again"));
    }
    if view.account.passwords.is_empty() {
        notices.push(Issue::NO_STATIC_PASSWORD.line("The account has no password"));
    }
    notices
}

/// What leads to an error if nothing is done.
pub(super) fn warnings(view: &View) -> Vec<Text> {
    let facts = view.facts();
    let soon = |end: Option<UnixMillis>| {
        end.is_some_and(|end| view.now < end && end.since(view.now) <= view.policy.warn_before)
    };
    let failures = view.account.record.failure_times().len();
    let mut warnings = Vec::new();
    if soon(view.account.expiration) {
        warnings.push(Issue::ACCOUNT_EXPIRING.line("The account expires soon"));
    }
    if matches!(facts.age(view.now), Age::Expiring { .. }) {
        warnings.push(Issue::PASSWORD_EXPIRING.line("The password expires soon"));
    }
    if facts.change_due().is_some_and(|due| view.now < due) {
        warnings.push(
            Issue::REQUIRE_PASSWORD_CHANGE_BY_TIME
                .line("Everybody must change their password, and this user has not yet"),
        );
    }
    if failures > 0 && view.locked_until().is_none() {
        warnings.push(
            Issue::OUTSTANDING_BIND_FAILURES
                .line(&format!("{failures} authentications failed since the last good one")),
        );
    }
    if soon(facts.idle_lock()) {
        warnings.push(Issue::ACCOUNT_IDLE.line("The account is locked soon because nobody uses it"));
    }
    warnings
}

/// Why the account cannot be used, or not for everything.
pub(super) fn errors(view: &View) -> Vec<Text> {
    let facts = view.facts();
    let mut errors = Vec::new();
    if let Some(unusable) = facts.unusable(view.now) {
        errors.push(match unusable {
            Unusable::Disabled => Issue::ACCOUNT_DISABLED.line("An administrator has disabled the account"),
            Unusable::NotYetActive => Issue::ACCOUNT_NOT_YET_ACTIVE.line("The account is not active yet"),
            Unusable::Expired => Issue::ACCOUNT_EXPIRED.line("The account has expired"),
            Unusable::IdleLocked => Issue::IDLE_LOCKED.line("The account is locked because nobody used it"),
            Unusable::ResetLocked => Issue::RESET_LOCKED
                .line("The account is locked because its password was not changed in time after a reset"),
            Unusable::ValidationLocked => {
                Issue::VALIDATION_LOCKED.line("The account is locked because its password breaks the password rules")
            }
        });
    }
    match view.locked_until() {
        None => {}
        Some((_, Some(_))) => {
            errors.push(Issue::TEMPORARILY_LOCKED.line("The account is locked after too many failures"))
        }
        Some((_, None)) => errors.push(
            Issue::PERMANENTLY_LOCKED.line("The account is locked after too many failures until somebody opens it"),
        ),
    }
    match facts.age(view.now) {
        Age::Expired => errors.push(Issue::PASSWORD_EXPIRED.line("The password has expired")),
        Age::Grace { left } => {
            errors.push(
                Issue::PASSWORD_EXPIRED_WITH_GRACE_LOGINS
                    .line(&format!("The password has expired and binds {left} times more")),
            );
        }
        Age::Good | Age::Expiring { .. } => {}
    }
    if facts.change_due().is_some_and(|due| due <= view.now) {
        errors.push(
            Issue::PASSWORD_NOT_CHANGED_BY_REQUIRED_TIME
                .line("The password was not changed by the time by which everybody had to"),
        );
    }
    if view.account.record.state.must_change {
        errors.push(Issue::MUST_CHANGE_PASSWORD.line("The password must be changed before anything else"));
    }
    errors
}
