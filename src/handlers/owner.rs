//! Changing one's own factors: what an owner must prove (`[factors] self_service`). Every operation that adds or removes a factor asks
//! here: whoever steals a password must not be able to add a factor of their own, or take the owner's away.

use crate::{
    caller::{Caller, Privilege, Strength},
    config::SelfService,
    error::{Error, Result},
    factors::record::Record,
    handlers::{
        context::Context,
        proof::{Claim, CodeClaim, Origin, prove, prove_root, refuse_stranger},
        subject::{Account, Subject, root_has_no_entry},
    },
    telemetry::reason,
};

/// Lets `change` happen once the password is proven, and what `[factors] self_service` asks besides it: a code directly after the
/// password, unless the requester has proven two factors already or may reset passwords.
///
/// # Errors
/// `invalidCredentials` whatever was missing; those of `change`.
pub(super) async fn prove_owner<T: Send>(
    context: &Context,
    caller: &Caller,
    subject: Subject,
    password: &[u8],
    change: &mut (dyn FnMut(&Account, &mut Record) -> Result<T> + Send),
) -> Result<(Account, T)> {
    let proven_otherwise = match &subject {
        Subject::Account(account) => is_proven_otherwise(caller, account),
        Subject::Root | Subject::Nobody(_) => true,
    };
    let code = match context.config.load().factors.self_service {
        SelfService::SecondFactor if !proven_otherwise => CodeClaim::Appended,
        SelfService::SecondFactor | SelfService::Password => CodeClaim::Perhaps,
    };
    let claim = Claim { password: Some(password), code, origin: Origin::internal(caller) };
    prove_with(context, subject, claim, change).await.map_err(|error| match error.reason.as_deref() {
        Some(reason::CODE_MISSING) => error.reason(reason::SECOND_FACTOR_NEEDED),
        _ => error,
    })
}

/// The same for a user who is authenticated already and gives no password here.
///
/// # Errors
/// `invalidCredentials` if the account has a second factor and the requester has not proven it.
pub(super) fn need_second_factor(context: &Context, caller: &Caller, account: &Account) -> Result<()> {
    let rule = context.config.load().factors.self_service;
    if rule == SelfService::Password || !account.has_second_factor() || is_proven_otherwise(caller, account) {
        return Ok(());
    }
    Err(Error::invalid_credentials(reason::SECOND_FACTOR_NEEDED))
}

/// Whether the requester may enrol because the account has no second factor yet, and for no other reason: then it must still have none
/// when the change is written.
pub(super) fn only_as_first(context: &Context, caller: &Caller, account: &Account) -> bool {
    context.config.load().factors.self_service == SelfService::SecondFactor
        && !account.has_second_factor()
        && !is_proven_otherwise(caller, account)
}

/// Lets `change` happen once `claim` is proven.
///
/// # Errors
/// As [`prove`]; `unwillingToPerform` for the root user, who has no entry.
pub(super) async fn prove_with<T: Send>(
    context: &Context,
    subject: Subject,
    claim: Claim<'_>,
    change: &mut (dyn FnMut(&Account, &mut Record) -> Result<T> + Send),
) -> Result<(Account, T)> {
    match subject {
        Subject::Account(account) => {
            prove(context, account, claim, true, change).await.map(|(proven, outcome)| (*proven.account, outcome))
        }
        Subject::Nobody(reason) => Err(refuse_stranger(context, claim, reason).await),
        Subject::Root => {
            prove_root(context, claim).await?;
            Err(root_has_no_entry())
        }
    }
}

/// What is answered where one's own account may only be changed by its password.
pub(super) fn password_needed() -> Error {
    Error::unwilling("For one's own account the static password is needed")
}

fn is_proven_otherwise(caller: &Caller, account: &Account) -> bool {
    caller.may(Privilege::PasswordReset) || (caller.strength == Strength::TwoFactors && caller.is(account.user.id))
}
