//! Bearer tokens: SASL OAUTHBEARER (RFC 7628), and HTTP's `Bearer` (RFC 6750), which is the same. A token is one of ours (`access_token`) or
//! one of the configured issuer's (`crate::jwt`); either proves whose account it is, and the account must be one that may be used.

use std::pin::pin;

use countersign_proto::sasl_oauthbearer::OauthBearerCredentials;

use crate::{
    caller::{Basis, Caller, Notice, Strength},
    config::LogLevel,
    error::{Error, Result},
    factors::account::Age,
    handlers::{
        Mechanism, access_token, account_policy,
        bind::{Attempt, Outcome, become_user},
        context::Context,
        proof::is_refused,
        subject::{Account, Subject, acting_as, by_value},
    },
    jwt::{Judgement, Refused},
    telemetry::reason,
};

impl Mechanism for OauthBearerCredentials {
    async fn authenticate(self, context: &Context, caller: &Caller) -> Result<Caller> {
        // Who it is stands in the token: the line of the log names the account alone.
        let attempt =
            Attempt { mechanism: Self::MECHANISM, user: "", authorization_id: self.authorization_id.as_deref() };
        let outcome = pin!(async {
            let (account, strength) = match account_of(context, &self).await {
                Ok(found) => found,
                Err(error) => return Outcome::failed(error),
            };
            let dn = Some(account.user.dn.clone());
            let bound = become_owner(context, caller, account, strength, attempt.authorization_id).await;
            Outcome { dn, factor: None, caller: bound }
        });
        attempt.audited(context, caller, outcome).await
    }
}

/// Whose token it is, and what it proves.
async fn account_of(context: &Context, credentials: &OauthBearerCredentials) -> Result<(Box<Account>, Strength)> {
    let Some(token) = credentials.token.expose_text().filter(|token| is_token(token)) else {
        return Err(bad("form"));
    };
    // Ours have no full stop, JWTs have two.
    if !token.contains('.') {
        return access_token::account_of(context, token).await?.ok_or_else(|| bad("unknown"));
    }
    let issuer = context.token_issuer.load_full().ok_or_else(|| bad("no-issuer"))?;
    let Judgement { outcome, notices } = issuer.judge(token, context.clock.now()).await;
    notices.iter().for_each(|notice| context.audit.notice(LogLevel::Warn, notice));
    let subject = outcome.map_err(|refused| match refused {
        Refused::Bad(why) => bad(why),
        Refused::Scope => Error::insufficient_access("The token does not have the scope that this needs")
            .reason(reason::INSUFFICIENT_SCOPE),
        Refused::Unknown => {
            Error::unavailable("the keys of the tokens' issuer cannot be had").reason(reason::KEYS_UNAVAILABLE)
        }
    })?;
    let attribute = context.config.load().bearer.subject_attribute.clone();
    match by_value(context, &[attribute], &subject).await? {
        // Who else proved it proved one thing, whatever that was.
        Subject::Account(account) => fresh_enough(context, account).map(|account| (account, Strength::One)),
        Subject::Root => Err(Error::invalid_credentials(reason::NO_SUCH_USER)),
        Subject::Nobody(reason) => Err(Error::invalid_credentials(reason)),
    }
}

/// Refuses an account whose password has expired: at no other door could its user get in any more. A token of ours was handed out
/// after that was looked at.
fn fresh_enough(context: &Context, account: Box<Account>) -> Result<Box<Account>> {
    let age = account.facts(account_policy::configured(&context.config.load())).age(context.clock.now());
    match age {
        Age::Expired => Err(Error::invalid_credentials(reason::PASSWORD_EXPIRED)),
        Age::Good | Age::Expiring { .. } | Age::Grace { .. } => Ok(account),
    }
}

/// The account's user, if the account may be used.
async fn become_owner(
    context: &Context,
    caller: &Caller,
    account: Box<Account>,
    strength: Strength,
    authorization_id: Option<&str>,
) -> Result<Caller> {
    if is_refused(context, &account) {
        return Err(Error::invalid_credentials(account.unusable.unwrap_or(reason::LOCKED)));
    }
    let notice = Notice { must_change: account.record.state.must_change, ..Notice::default() };
    // A token is no ground for another one.
    let caller = Caller { basis: Basis::NotWanted, ..caller.clone() };
    let user = become_user(context, &caller, account, strength).await?;
    acting_as(context, Caller { notice, ..user }, authorization_id).await
}

/// Whether it can be a token at all (RFC 6750 section 2.1).
fn is_token(text: &str) -> bool {
    let body = text.trim_end_matches('=');
    !body.is_empty() && body.bytes().all(|octet| octet.is_ascii_alphanumeric() || b"-._~+/".contains(&octet))
}

fn bad(why: &'static str) -> Error {
    Error::invalid_credentials(format!("{}:{why}", reason::BAD_TOKEN))
}
