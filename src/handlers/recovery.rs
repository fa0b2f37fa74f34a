//! What the server does with recovery codes: makes an account's, tells how many are left, takes them away. How one looks stands in
//! `factors::recovery`; what a typed one is worth, in `proof`, since it is taken wherever the code of a device is.

use countersign_proto::{
    recovery::{
        CountRecoveryCodesRequest, CountRecoveryCodesResult, GenerateRecoveryCodesRequest, GenerateRecoveryCodesResult,
        RevokeRecoveryCodesRequest,
    },
    text::{Secret, Text},
    value::NoValue,
};
use zeroize::Zeroizing;

use crate::{
    caller::Caller,
    error::{Error, Result},
    factors::{
        record::Record,
        recovery::{ALPHABET, LENGTH, NUMBER, RecoveryCodes, shown},
    },
    handlers::{
        AboutEntry, Operation,
        context::Context,
        owner::{password_needed, prove_owner},
        proof::{fence, recovery_place, update_record},
        subject::{Account, Permitted, by_dn, named_or_own, permitted},
    },
    random,
};

/// A code as it is hashed.
type Code = Zeroizing<String>;

impl Operation for GenerateRecoveryCodesRequest {
    type Outcome = GenerateRecoveryCodesResult;

    async fn perform(self, context: &Context, caller: &Caller) -> Result<Self::Outcome> {
        let whose = (self.authentication_id.as_ref(), self.static_password.as_ref());
        let mut codes = Vec::new();
        let mut replace = |account: &Account, record: &mut Record| {
            codes = new_codes(context, account)?;
            record.recovery = Some(hashed(context, account, &codes));
            record.end_tokens();
            Ok(())
        };
        change(context, caller, whose, &mut replace).await?;
        let recovery_codes = codes.iter().map(|code| Secret::new(shown(code).as_bytes())).collect();
        Ok(GenerateRecoveryCodesResult { recovery_codes })
    }
}

impl AboutEntry for GenerateRecoveryCodesRequest {
    fn about(self, dn: &str) -> Self {
        Self { authentication_id: Some(format!("dn:{dn}").as_str().into()), ..self }
    }
}

impl Operation for CountRecoveryCodesRequest {
    type Outcome = CountRecoveryCodesResult;

    async fn perform(self, context: &Context, caller: &Caller) -> Result<Self::Outcome> {
        let account = match permitted(caller, by_dn(context, &self.user_dn).await?)? {
            Permitted::Itself(account) | Permitted::Administrator(account) => account,
        };
        let left = account.record.recovery.map_or(0, |codes| codes.left(fence(context)));
        Ok(CountRecoveryCodesResult { left: u32::try_from(left).unwrap_or(u32::MAX) })
    }
}

impl Operation for RevokeRecoveryCodesRequest {
    type Outcome = NoValue;

    async fn perform(self, context: &Context, caller: &Caller) -> Result<NoValue> {
        let whose = (self.authentication_id.as_ref(), self.static_password.as_ref());
        let mut remove = |_: &Account, record: &mut Record| {
            if record.recovery.take().is_some() {
                record.end_tokens();
            }
            Ok(())
        };
        change(context, caller, whose, &mut remove).await?;
        Ok(NoValue {})
    }
}

impl AboutEntry for RevokeRecoveryCodesRequest {
    fn about(self, dn: &str) -> Self {
        Self { authentication_id: Some(format!("dn:{dn}").as_str().into()), ..self }
    }
}

/// Lets `change` happen to one's own account by what an owner must prove, or to another's by an administrator. `whose`: the
/// authentication ID and the static password of the request.
async fn change(
    context: &Context,
    caller: &Caller,
    whose: (Option<&Text>, Option<&Secret>),
    change: &mut (dyn FnMut(&Account, &mut Record) -> Result<()> + Send),
) -> Result<()> {
    let (authentication_id, password) = whose;
    let subject = named_or_own(context, caller, authentication_id.map(|id| &**id)).await?;
    match password {
        Some(password) => prove_owner(context, caller, subject, password.expose(), change).await.map(drop),
        None => match permitted(caller, subject)? {
            Permitted::Itself(_) => Err(password_needed()),
            Permitted::Administrator(account) => update_record(context, *account, change).await,
        },
    }
}

/// Codes for the account.
///
/// # Errors
/// `unwillingToPerform` where there is nothing for which they could stand in.
fn new_codes(context: &Context, account: &Account) -> Result<Vec<Code>> {
    if account.is_service || !account.has_second_factor() {
        return Err(Error::unwilling("Recovery codes stand in for a second factor, and the account has none"));
    }
    let new = || random::text(&*context.random, ALPHABET, LENGTH).map(Zeroizing::new).map_err(Error::unavailable);
    (0..NUMBER).map(|_| new()).collect()
}

/// What is kept of them.
fn hashed(context: &Context, account: &Account, codes: &[Code]) -> RecoveryCodes {
    let hash = |code: &Code| context.sealer.keyed_hash(recovery_place(account), code.as_bytes());
    RecoveryCodes::new(codes.iter().map(hash).collect(), context.clock.now())
}
