//! What the server does with tokens that are good once: sends one for a purpose of an application's and consumes it, and sends the one
//! with which a person sets a new password (which `password` consumes). How a person is reached is `sending`'s.

use std::time::Duration;

use countersign_proto::{
    token::{
        ConsumeSingleUseTokenRequest, DeliverPasswordResetTokenRequest, DeliverSingleUseTokenRequest,
        TokenDeliveryResult,
    },
    value::NoValue,
};
use zeroize::Zeroizing;

use crate::{
    caller::{Caller, Privilege},
    error::{Error, Result},
    factors::{
        account::{Age, Unusable},
        one_time_password::{Outstanding, SingleUse, Tokens, Verdict},
        record::Record,
    },
    handlers::{
        Operation, account_policy,
        context::Context,
        proof::{fence, is_locked, update_record},
        reset_token::{check_condition, invalid_state, reset_place},
        sending::{Keeping, Order, Sent, send},
        subject::{Account, Permitted, by_dn, permitted},
    },
    random,
    seal::Place,
    telemetry::reason,
};

/// Characters of a token: none that people take for one another.
const ALPHABET: &[u8] = b"abcdefghijkmnpqrstuvwxyzABCDEFGHJKLMNPQRSTUVWXYZ23456789";
/// Most purposes for which one account has tokens at a time.
const MAX_TOKENS: usize = 16;
/// Most octets of a purpose's name.
const MAX_TOKEN_ID: usize = 256;

impl Operation for DeliverSingleUseTokenRequest {
    type Outcome = TokenDeliveryResult;

    async fn perform(self, context: &Context, caller: &Caller) -> Result<TokenDeliveryResult> {
        let account = match permitted(caller, by_dn(context, &self.user_dn).await?)? {
            Permitted::Itself(account) | Permitted::Administrator(account) => *account,
        };
        if self.token_id.len() > MAX_TOKEN_ID {
            return Err(Error::unwilling(format!("A token ID has at most {MAX_TOKEN_ID} octets")));
        }
        let config = context.config.load_full();
        let settings = &config.single_use_tokens;
        let validity = self
            .validity_duration_millis
            .map_or(settings.validity, |millis| Duration::from_millis(millis.get()))
            .min(settings.longest_validity);
        let token = new_token(context, settings.length)?;
        let hash = single_use_hash(context, &account, &self.token_id, token.as_bytes());
        let order = Order {
            preferred: &self.preferred_mechanisms,
            texts: &self.texts,
            defaults: &settings.default_mechanisms,
            usual: Some(("Your single-use token", "Your single-use token is: ")),
        };
        let mut keep = |account: &Account, record: &mut Record| {
            check_state(context, account, &self)?;
            let fresh = Outstanding::new(hash.clone(), context.clock.now(), validity);
            put(context, record.tokens.get_or_insert_default(), &self.token_id, fresh)
        };
        let mut take_back = |record: &mut Record| {
            if let Some(tokens) = &mut record.tokens {
                tokens.single_use.retain(|known| known.token.hash != hash);
            }
        };
        let keeping = Keeping { keep: &mut keep, take_back: &mut take_back };
        Ok(delivered(send(context, account, &order, &token, keeping).await?))
    }
}

impl Operation for ConsumeSingleUseTokenRequest {
    type Outcome = NoValue;

    async fn perform(self, context: &Context, caller: &Caller) -> Result<NoValue> {
        let account = match permitted(caller, by_dn(context, &self.user_dn).await?)? {
            Permitted::Itself(account) | Permitted::Administrator(account) => *account,
        };
        let most = context.config.load().single_use_tokens.wrong_guesses;
        let mut guess = |account: &Account, record: &mut Record| Ok(use_up(context, account, record, &self, most));
        match update_record(context, account, &mut guess).await? {
            Ok(()) => Ok(NoValue {}),
            Err(reason) => Err(Error::invalid_credentials(reason)),
        }
    }
}

impl Operation for DeliverPasswordResetTokenRequest {
    type Outcome = TokenDeliveryResult;

    async fn perform(self, context: &Context, caller: &Caller) -> Result<TokenDeliveryResult> {
        let subject = by_dn(context, &self.user_dn).await?;
        let account = match permitted(caller, subject)? {
            Permitted::Itself(_) if !caller.may(Privilege::PasswordReset) => {
                let sentence = "This needs the privilege password-reset";
                return Err(Error::insufficient_access(sentence).reason(reason::NOT_ALLOWED));
            }
            Permitted::Itself(account) | Permitted::Administrator(account) => *account,
        };
        let config = context.config.load_full();
        let settings = &config.password_reset_tokens;
        let token = new_token(context, settings.length)?;
        let hash = context.sealer.keyed_hash(reset_place(&account), token.as_bytes());
        let order = Order {
            preferred: &self.preferred_mechanisms,
            texts: &self.texts,
            defaults: &settings.default_mechanisms,
            usual: Some(("Your password reset token", "Your password reset token is: ")),
        };
        let mut keep = |account: &Account, record: &mut Record| {
            check_condition(context, account, settings)?;
            let fresh = Outstanding::new(hash.clone(), context.clock.now(), settings.validity);
            record.tokens.get_or_insert_default().reset = Some(fresh);
            Ok(())
        };
        let mut take_back = |record: &mut Record| {
            if let Some(tokens) = &mut record.tokens {
                tokens.reset.take_if(|token| token.hash == hash);
            }
        };
        let keeping = Keeping { keep: &mut keep, take_back: &mut take_back };
        Ok(delivered(send(context, account, &order, &token, keeping).await?))
    }
}

/// Judges a guess, and takes the token out of the record where the guess is right, the token has ended, or this was the last guess.
///
/// # Errors
/// The reason, for the log.
fn use_up(
    context: &Context,
    account: &Account,
    record: &mut Record,
    guess: &ConsumeSingleUseTokenRequest,
    most: u32,
) -> std::result::Result<(), &'static str> {
    let guessed = single_use_text(&guess.token_id, guess.token_value.expose());
    let tokens = record.tokens.as_mut().map(|tokens| &mut tokens.single_use);
    let place = tokens.as_ref().and_then(|list| list.iter().position(|known| known.id == *guess.token_id));
    let (Some(list), Some(place)) = (tokens, place) else { return Err(reason::NOT_OUTSTANDING) };
    let SingleUse { id, token } = list.swap_remove(place);
    let matches = context.sealer.is_keyed_hash(single_use_place(account), &guessed, &token.hash);
    match token.judge(matches, context.clock.now(), fence(context)) {
        Verdict::Right => Ok(()),
        Verdict::Expired => Err(reason::TOKEN_EXPIRED),
        Verdict::Wrong => {
            list.extend(token.after_wrong_guess(most).map(|token| SingleUse { id, token }));
            Err(reason::WRONG_TOKEN)
        }
    }
}

/// Whether a single-use token may be sent to this account as it is: a state must be excused by the request.
///
/// # Errors
/// tokenDeliveryInvalidAccountState.
fn check_state(context: &Context, account: &Account, request: &DeliverSingleUseTokenRequest) -> Result<()> {
    let (facts, now) = (account.facts(account_policy::configured(&context.config.load())), context.clock.now());
    let excused = match facts.unusable(now) {
        None => true,
        Some(Unusable::Disabled | Unusable::NotYetActive) => request.deliver_if_account_disabled,
        Some(Unusable::Expired) => request.deliver_if_account_expired,
        Some(Unusable::IdleLocked | Unusable::ResetLocked | Unusable::ValidationLocked) => {
            request.deliver_if_account_locked
        }
    };
    match (account.unusable, facts.age(now)) {
        (Some(state), _) if !excused => Err(invalid_state(state)),
        _ if is_locked(context, account) && !request.deliver_if_account_locked => Err(invalid_state(reason::LOCKED)),
        (_, Age::Expired) if !request.deliver_if_password_expired => Err(invalid_state(reason::PASSWORD_EXPIRED)),
        _ => Ok(()),
    }
}

/// Puts a token into the record in place of an earlier one for the same purpose; those that have ended make room.
fn put(context: &Context, tokens: &mut Tokens, id: &str, token: Outstanding) -> Result<()> {
    let (now, fence) = (context.clock.now(), fence(context));
    tokens.single_use.retain(|known| known.id != id && known.token.is_good(now, fence));
    if tokens.single_use.len() >= MAX_TOKENS {
        return Err(Error::unwilling(format!("The user has tokens for {MAX_TOKENS} purposes; consume one first")));
    }
    tokens.single_use.push(SingleUse { id: id.to_owned(), token });
    Ok(())
}

fn new_token(context: &Context, length: u32) -> Result<Zeroizing<String>> {
    let length = usize::try_from(length).unwrap_or_default();
    random::text(&*context.random, ALPHABET, length).map(Zeroizing::new).map_err(Error::unavailable)
}

fn single_use_hash(context: &Context, account: &Account, id: &str, token: &[u8]) -> Vec<u8> {
    context.sealer.keyed_hash(single_use_place(account), &single_use_text(id, token))
}

/// Purpose and token as they are hashed: a token is good for its purpose alone.
fn single_use_text(id: &str, token: &[u8]) -> Zeroizing<Vec<u8>> {
    let length = u64::try_from(id.len()).unwrap_or(u64::MAX).to_be_bytes();
    Zeroizing::new([&length, id.as_bytes(), token].concat())
}

fn delivered(Sent { mechanism, recipient }: Sent) -> TokenDeliveryResult {
    TokenDeliveryResult {
        delivery_mechanism: mechanism.as_str().into(),
        recipient_id: Some(recipient.as_str().into()),
        message: None,
    }
}

fn single_use_place(account: &Account) -> Place<'_> {
    Place { entry: account.user.uuid, attribute: "ds-auth-single-use-token" }
}
