//! Password reset tokens: what the operation that sends one and the one that consumes it share. Sending is `token`'s; a new password is
//! set by `password`.

use countersign_proto::result_code::ResultCode;

use crate::{
    config::codes::{PasswordResetTokenSettings, ResetCondition},
    error::{Error, Result},
    factors::{account::Age, one_time_password::Verdict},
    handlers::{
        account_policy,
        context::Context,
        proof::{fence, is_locked},
        subject::Account,
    },
    seal::Place,
    telemetry::reason,
};

/// Whether `guess` is the account's password reset token and may be used now. To be asked again of the record that is written: a
/// token is taken out of it in the same change that sets the password.
pub(super) fn is_reset_token(context: &Context, account: &Account, guess: &[u8]) -> bool {
    let Some(token) = account.record.reset_token() else { return false };
    let matches = context.sealer.is_keyed_hash(reset_place(account), guess, &token.hash);
    let is_right = token.judge(matches, context.clock.now(), fence(context)) == Verdict::Right;
    is_right && check_condition(context, account, &context.config.load().password_reset_tokens).is_ok()
}

/// Whether a password reset token may be sent to this account, and used, as it is: the configuration names the states.
///
/// # Errors
/// tokenDeliveryInvalidAccountState.
pub(super) fn check_condition(
    context: &Context,
    account: &Account,
    settings: &PasswordResetTokenSettings,
) -> Result<()> {
    if let Some(state) = account.unusable {
        return Err(invalid_state(state));
    }
    let age = account.facts(account_policy::configured(&context.config.load())).age(context.clock.now());
    let (condition, state) = match (is_locked(context, account), age) {
        (true, _) => (ResetCondition::LockedDueToFailures, reason::LOCKED),
        (false, Age::Expired) => (ResetCondition::PasswordExpired, reason::PASSWORD_EXPIRED),
        (false, _) => (ResetCondition::AccountUsable, reason::POLICY),
    };
    if settings.use_conditions.contains(&condition) { Ok(()) } else { Err(invalid_state(state)) }
}

/// What is answered where the state of an account forbids sending; `state` is for the log.
pub(super) fn invalid_state(state: &'static str) -> Error {
    let sentence = "The account is not in a state in which this may be sent to its owner";
    Error::new(ResultCode::TOKEN_DELIVERY_INVALID_ACCOUNT_STATE, sentence).reason(state)
}

/// Where the password reset token of an account belongs.
pub(super) fn reset_place(account: &Account) -> Place<'_> {
    Place { entry: account.user.uuid, attribute: "ds-auth-password-reset-token" }
}
