//! The recent logins of accounts: how much of them is kept, and as what they are told. They are written down where a proof is judged
//! (`proof`), the successes where a bind is concluded (`bind`).

use countersign_proto::{
    account::login_history::{LoginAttempt, RecentLoginHistory},
    text::Text,
};

use crate::{
    caller::Caller,
    config::Config,
    error::Result,
    factors::login_history::{Attempt, Bounds, Logins},
    handlers::{context::Context, subject::Account},
    store::Target,
};

/// How much is kept.
pub(super) fn bounds(config: &Config) -> Bounds {
    let lines = |count: u32| usize::try_from(count).unwrap_or(usize::MAX);
    let settings = &config.login_history;
    Bounds { failures: lines(settings.failures), successes: lines(settings.successes), max_age: settings.max_age }
}

/// The recent logins of the account that `caller` has become, as the response control of a bind tells them; `None` for whoever is
/// no entry, and where none are kept.
///
/// # Errors
/// `unavailable` where the store cannot be read.
pub async fn of_caller(context: &Context, caller: &Caller) -> Result<Option<String>> {
    let Some(user) = caller.user() else { return Ok(None) };
    let account = Account::read(context, Target::Id(user.id)).await?;
    Ok(account.and_then(|account| told(context, &account.record.state.logins)))
}

/// What is told of `logins`; `None` where none are kept.
pub(super) fn told(context: &Context, logins: &Logins) -> Option<String> {
    let bounds = bounds(&context.config.load());
    if bounds.is_off() {
        return None;
    }
    let kept = logins.kept(&bounds, context.clock.now());
    let history = RecentLoginHistory {
        successful_attempts: kept.successes.iter().rev().map(attempt).collect(),
        failed_attempts: kept.failures.iter().rev().map(attempt).collect(),
    };
    Some(history.to_json())
}

fn attempt(attempt: &Attempt) -> LoginAttempt {
    LoginAttempt {
        successful: attempt.reason.is_none(),
        timestamp: Text(attempt.time.rfc3339()),
        authentication_method: Text(attempt.method.clone()),
        client_ip_address: attempt.address.clone().map(Text),
        failure_reason: attempt.reason.clone().map(Text),
        additional_attempt_count: Some(attempt.more.min(i32::MAX.unsigned_abs())).filter(|more| *more > 0),
    }
}
