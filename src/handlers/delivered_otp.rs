//! What the server does with delivered one-time passwords: makes one and has it sent, tells by which mechanisms one could be, and takes
//! it (SASL UNBOUNDID-DELIVERED-OTP). How a
//! person is reached is `sending`'s; what a guess is worth stands in `factors::one_time_password` and `proof`.

use std::pin::pin;

use countersign_proto::{
    delivered_otp::{
        DeliverOneTimePasswordRequest, DeliverOneTimePasswordResult, DeliveredOtpCredentials,
        GetSupportedOtpDeliveryMechanismsRequest, GetSupportedOtpDeliveryMechanismsResult,
    },
    text::Secret,
};
use zeroize::Zeroizing;

use crate::{
    caller::{Caller, Strength},
    error::{Error, Result},
    factors::{one_time_password::Outstanding, record::Record},
    handlers::{
        Mechanism, Operation,
        bind::{Attempt, Outcome, become_user},
        context::Context,
        proof::{
            Claim, CodeClaim, Guess, Origin, delivered_place, is_refused, prove, prove_delivered, prove_root,
            refuse_delivered, refuse_stranger,
        },
        reset_token::invalid_state,
        sending::{Keeping, Order, Sent, send, supported},
        subject::{Account, Permitted, Subject, acting_as, by_dn, named, permitted, root_has_no_entry},
    },
    random,
    telemetry::reason,
};

impl Operation for DeliverOneTimePasswordRequest {
    type Outcome = DeliverOneTimePasswordResult;

    async fn perform(self, context: &Context, caller: &Caller) -> Result<Self::Outcome> {
        let subject = named(context, &self.authentication_id).await?;
        let account = owner(context, caller, subject, self.static_password.as_ref()).await?;
        let config = context.config.load_full();
        let settings = &config.delivered_otp;
        let digits = usize::try_from(settings.digits).unwrap_or_default();
        let code = random::text(&*context.random, b"0123456789", digits).map_err(Error::unavailable)?;
        let code = Zeroizing::new(code);
        let recipient_dn = account.user.dn.as_str().into();
        let hash = context.sealer.keyed_hash(delivered_place(&account), code.as_bytes());
        let order = Order {
            preferred: &self.preferred_mechanisms,
            texts: &self.texts,
            defaults: &settings.default_mechanisms,
            usual: None,
        };
        let mut keep = |_: &Account, record: &mut Record| {
            let fresh = Outstanding::new(hash.clone(), context.clock.now(), settings.validity);
            record.delivered.get_or_insert_default().outstanding = Some(fresh);
            Ok(())
        };
        let mut take_back = |record: &mut Record| {
            if let Some(delivered) = &mut record.delivered {
                delivered.outstanding.take_if(|outstanding| outstanding.hash == hash);
            }
        };
        let keeping = Keeping { keep: &mut keep, take_back: &mut take_back };
        let Sent { mechanism, recipient } = send(context, account, &order, &code, keeping).await?;
        Ok(DeliverOneTimePasswordResult {
            delivery_mechanism: mechanism.as_str().into(),
            recipient_dn,
            recipient_id: Some(recipient.as_str().into()),
            message: None,
        })
    }
}

impl Operation for GetSupportedOtpDeliveryMechanismsRequest {
    type Outcome = GetSupportedOtpDeliveryMechanismsResult;

    async fn perform(self, context: &Context, caller: &Caller) -> Result<Self::Outcome> {
        let account = match permitted(caller, by_dn(context, &self.user_dn).await?)? {
            Permitted::Itself(account) | Permitted::Administrator(account) => account,
        };
        Ok(GetSupportedOtpDeliveryMechanismsResult { mechanisms: supported(context, &account.user).await? })
    }
}

impl Mechanism for DeliveredOtpCredentials {
    async fn authenticate(self, context: &Context, caller: &Caller) -> Result<Caller> {
        let attempt = Attempt {
            mechanism: Self::MECHANISM,
            user: &self.authentication_id,
            authorization_id: self.authorization_id.as_deref(),
        };
        let origin = Origin::sasl(Self::MECHANISM, caller);
        let guess = Guess { text: self.one_time_password.expose(), origin };
        let outcome = pin!(async {
            let account = match named(context, &self.authentication_id).await {
                Ok(Subject::Account(account)) => account,
                Ok(Subject::Root) => return Outcome::failed(refuse_delivered(context, guess, reason::NO_FACTOR).await),
                Ok(Subject::Nobody(reason)) => return Outcome::failed(refuse_delivered(context, guess, reason).await),
                Err(error) => return Outcome::failed(error),
            };
            let dn = Some(account.user.dn.clone());
            let bound = bind(context, caller, account, guess, attempt.authorization_id).await;
            Outcome { dn, factor: Some("delivered-otp"), caller: bound }
        });
        attempt.audited(context, caller, outcome).await
    }
}

async fn bind(
    context: &Context,
    caller: &Caller,
    account: Box<Account>,
    guess: Guess<'_>,
    authorization_id: Option<&str>,
) -> Result<Caller> {
    let (account, notice) = prove_delivered(context, account, guess).await?;
    // The password was proven when the code was asked for.
    let user = become_user(context, caller, account, Strength::TwoFactors).await?;
    acting_as(context, Caller { notice, ..user }, authorization_id).await
}

/// The account to which a code may be sent: the owner's, by the static password or by being authenticated already. Nobody else may
/// have one sent, whatever their privileges.
async fn owner(context: &Context, caller: &Caller, subject: Subject, password: Option<&Secret>) -> Result<Account> {
    let Some(password) = password else {
        return match subject {
            Subject::Account(account) if caller.is(account.user.id) => match is_refused(context, &account) {
                true => Err(invalid_state(account.unusable.unwrap_or(reason::LOCKED))),
                false => Ok(*account),
            },
            Subject::Root if caller.is_root() => Err(root_has_no_entry()),
            _ => Err(Error::insufficient_access("This needs the user's static password, or the user as requester")
                .reason(reason::NOT_ALLOWED)),
        };
    };
    let origin = Origin::internal(caller);
    let claim = Claim { password: Some(password.expose()), code: CodeClaim::AloneInAnyState, origin };
    match subject {
        Subject::Account(account) => {
            // Only whoever knows the password is told that the account is closed.
            let mut is_open =
                |account: &Account, _: &mut Record| account.unusable.map_or(Ok(()), |state| Err(invalid_state(state)));
            match prove(context, account, claim, true, &mut is_open).await {
                Ok((proven, ())) => Ok(*proven.account),
                Err(error) => Err(match error.reason.as_deref() {
                    Some(reason::PASSWORD_EXPIRED) => invalid_state(reason::PASSWORD_EXPIRED),
                    Some(reason::MUST_CHANGE_PASSWORD) => invalid_state(reason::MUST_CHANGE_PASSWORD),
                    _ => error,
                }),
            }
        }
        Subject::Nobody(reason) => Err(refuse_stranger(context, claim, reason).await),
        Subject::Root => {
            prove_root(context, claim).await?;
            Err(root_has_no_entry())
        }
    }
}
