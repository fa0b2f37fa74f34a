//! Whoever has a password that somebody else set may do nothing but set another, where the policy says so. Both doors ask here
//! before anything else; the operations that are needed for it are named in `routes.rs`.

use crate::{
    caller::Caller,
    directory::{dn::DnKey, modify::Modification},
    error::{Error, PolicyError, Result},
    handlers::{account_policy, context::Context, subject::Account, update::Update},
    store::Target,
    telemetry::reason,
};

/// Refuses whoever must change the password first, as long as that is so.
///
/// # Errors
/// `insufficientAccessRights`; `unavailable` where the store cannot be read.
pub async fn demand(context: &Context, caller: &Caller) -> Result<()> {
    if !caller.notice.must_change {
        return Ok(());
    }
    let account = match caller.user() {
        Some(user) => Account::read(context, Target::Id(user.id)).await?,
        None => None,
    };
    if account.is_some_and(|account| !account.record.state.must_change) {
        return Ok(());
    }
    let sentence = "The password was set by somebody else: change it before anything else";
    let error = Error::insufficient_access(sentence).reason(reason::MUST_CHANGE_PASSWORD);
    Err(error.policy(PolicyError::ChangeAfterReset))
}

/// In how many seconds the caller's password expires; `None` if it never does, or the caller has none.
///
/// # Errors
/// `unavailable` where the store cannot be read.
pub async fn expires_in(context: &Context, caller: &Caller) -> Result<Option<u64>> {
    let policy = account_policy::configured(&context.config.load());
    let Some(user) = caller.user().filter(|_| !policy.max_age.is_zero()) else { return Ok(None) };
    let account = Account::read(context, Target::Id(user.id)).await?;
    let end = account.and_then(|account| account.facts(policy).password_expires());
    Ok(end.map(|end| end.since(context.clock.now()).as_secs()))
}

/// Whether a change sets the caller's own password and does nothing else.
pub fn is_set_by(update: &Update, context: &Context, caller: &Caller) -> bool {
    let Update::Modify { dn, modifications } = update else { return false };
    let key = DnKey::parse(dn, &context.schema);
    let sets = |change: &Modification| change.description.eq_ignore_ascii_case("userPassword");
    caller.user().zip(key.ok()).is_some_and(|(user, key)| user.key == key) && modifications.iter().all(sets)
}
