//! What the server does with TOTP: secrets generated and revoked, codes validated, and the SASL mechanism UNBOUNDID-TOTP. What a code
//! is worth stands in `factors::totp`; whose account it is, in `subject` and `proof`.

use std::pin::pin;

use countersign_proto::{
    result_code::ResultCode,
    text::Secret,
    totp::{
        GenerateTotpSharedSecretRequest, GenerateTotpSharedSecretResult, RevokeTotpSharedSecretRequest,
        TotpCredentials, ValidateTotpPasswordRequest,
    },
    value::NoValue,
};
use subtle::ConstantTimeEq;

use crate::{
    caller::{Caller, Privilege},
    error::{Error, Result},
    factors::{
        record::{Factor, Kind, Record},
        totp::{SECRET_LENGTH, secret_from_base32, secret_to_base32},
    },
    handlers::{
        AboutEntry, Mechanism, Operation,
        bind::{Attempt, Outcome},
        context::Context,
        owner::{password_needed, prove_owner, prove_with},
        proof::{
            Claim, CodeClaim, Origin, is_refused, open_secret, prove, refuse_account, refuse_stranger, totp_place,
            update_record,
        },
        subject::{Account, Permitted, Subject, by_dn, named, named_or_own, permitted},
    },
    random::octets,
    telemetry::reason,
};

/// Most secrets of one account.
const MAX_SECRETS: usize = 10;

impl Operation for GenerateTotpSharedSecretRequest {
    type Outcome = GenerateTotpSharedSecretResult;

    async fn perform(self, context: &Context, caller: &Caller) -> Result<Self::Outcome> {
        let secret = octets::<SECRET_LENGTH>(&*context.random).map_err(Error::unavailable)?;
        let subject = named_or_own(context, caller, self.authentication_id.as_deref()).await?;
        let mut add = |account: &Account, record: &mut Record| add_secret(context, account, record, &secret);
        match self.static_password {
            Some(password) => drop(prove_owner(context, caller, subject, password.expose(), &mut add).await?),
            None => match permitted(caller, subject)? {
                Permitted::Itself(_) => return Err(password_needed()),
                Permitted::Administrator(account) => update_record(context, *account, &mut add).await?,
            },
        }
        Ok(GenerateTotpSharedSecretResult { totp_shared_secret: Secret::new(secret_to_base32(&secret)) })
    }
}

impl AboutEntry for GenerateTotpSharedSecretRequest {
    fn about(self, dn: &str) -> Self {
        Self { authentication_id: Some(format!("dn:{dn}").as_str().into()), ..self }
    }
}

impl Operation for RevokeTotpSharedSecretRequest {
    type Outcome = NoValue;

    async fn perform(self, context: &Context, caller: &Caller) -> Result<NoValue> {
        let subject = named_or_own(context, caller, self.authentication_id.as_deref()).await?;
        let Some(secret) = self.totp_shared_secret else {
            revoke_all(context, caller, subject, self.static_password.as_ref()).await?;
            return Ok(NoValue {});
        };
        // What is no base32 text is no secret of anybody's.
        let secret = secret.expose_text().and_then(secret_from_base32).unwrap_or_default();
        match self.static_password {
            Some(password) => {
                let mut remove = |account: &Account, record: &mut Record| {
                    remove_secret(context, account, record, &secret)?.then_some(()).ok_or_else(no_such_secret)
                };
                // The secret proves the second factor, so no code is needed.
                let origin = Origin::internal(caller);
                let claim = Claim { password: Some(password.expose()), code: CodeClaim::Perhaps, origin };
                prove_with(context, subject, claim, &mut remove).await?;
            }
            None => revoke_by_secret(context, caller, subject, &secret).await?,
        }
        Ok(NoValue {})
    }
}

impl AboutEntry for RevokeTotpSharedSecretRequest {
    fn about(self, dn: &str) -> Self {
        Self { authentication_id: Some(format!("dn:{dn}").as_str().into()), ..self }
    }
}

impl Operation for ValidateTotpPasswordRequest {
    type Outcome = NoValue;

    async fn perform(self, context: &Context, caller: &Caller) -> Result<NoValue> {
        let subject = by_dn(context, &self.user_dn).await?;
        let account = match (subject, caller.is_root()) {
            // The root user asking about itself may know.
            (Subject::Root, true) => return Err(no_secret()),
            (subject, _) => match permitted(caller, subject)? {
                Permitted::Itself(account) | Permitted::Administrator(account) => account,
            },
        };
        if account.record.active_totp().next().is_none() {
            return Err(no_secret());
        }
        let code = CodeClaim::Only(self.totp_password.expose());
        let claim = Claim { password: None, code, origin: Origin::internal(caller) };
        prove(context, account, claim, true, &mut |_, _| Ok(())).await?;
        Ok(NoValue {})
    }
}

impl Mechanism for TotpCredentials {
    async fn authenticate(self, context: &Context, caller: &Caller) -> Result<Caller> {
        let attempt = Attempt {
            mechanism: Self::MECHANISM,
            user: &self.authentication_id,
            authorization_id: self.authorization_id.as_deref(),
        };
        let outcome = pin!(async {
            let subject = match named(context, &self.authentication_id).await {
                Ok(subject) => subject,
                Err(error) => return Outcome::failed(error),
            };
            let password = self.static_password.as_ref().map(Secret::expose);
            let code = CodeClaim::Apart(self.totp_password.expose());
            let claim = Claim { password, code, origin: Origin::sasl(Self::MECHANISM, caller) };
            attempt.prove(context, caller, subject, claim).await
        });
        attempt.audited(context, caller, outcome).await
    }
}

/// Removes all secrets: by password, or by an administrator.
async fn revoke_all(context: &Context, caller: &Caller, subject: Subject, password: Option<&Secret>) -> Result<()> {
    match password {
        Some(password) => prove_owner(context, caller, subject, password.expose(), &mut |_, record| {
            remove_all(record);
            Ok(())
        })
        .await
        .map(drop),
        None => match permitted(caller, subject)? {
            Permitted::Itself(_) => Err(password_needed()),
            Permitted::Administrator(account) => {
                update_record(context, *account, &mut |_, record| {
                    remove_all(record);
                    // An administrator's revocation is the reset that opens a closed factor again.
                    record.second_factor_failures = Default::default();
                    Ok(())
                })
                .await
            }
        },
    }
}

/// Removes the one secret that is its own proof. A wrong one from whoever may not know is a failed authentication.
async fn revoke_by_secret(context: &Context, caller: &Caller, subject: Subject, secret: &[u8]) -> Result<()> {
    let claim = Claim { password: None, code: CodeClaim::Alone, origin: Origin::internal(caller) };
    let account = match subject {
        Subject::Account(account) => account,
        Subject::Root => return Err(refuse_stranger(context, claim, reason::NO_FACTOR).await),
        Subject::Nobody(reason) => return Err(refuse_stranger(context, claim, reason).await),
    };
    let may_know = caller.may(Privilege::PasswordReset) && !caller.is(account.user.id);
    if !may_know
        && (is_refused(context, &account) || find_secret(context, &account, &account.record, secret)?.is_none())
    {
        return refuse_account(context, account, claim, reason::WRONG_CODE).await;
    }
    update_record(context, *account, &mut |account, record| {
        match remove_secret(context, account, record, secret)? {
            true => Ok(()),
            false if may_know => Err(no_such_secret()),
            // Somebody else removed it between the two looks.
            false => Err(Error::invalid_credentials(reason::WRONG_CODE)),
        }
    })
    .await
}

fn add_secret(context: &Context, account: &Account, record: &mut Record, secret: &[u8]) -> Result<()> {
    if account.is_service {
        return Err(Error::unwilling("A service account binds with its password alone and has no second factor"));
    }
    if totp_factors(record).count() >= MAX_SECRETS {
        return Err(Error::unwilling(format!("The account has {MAX_SECRETS} TOTP shared secrets; revoke one first")));
    }
    let sealed = context.sealer.seal(&*context.random, totp_place(account), secret).map_err(Error::unavailable)?;
    record.add_totp(sealed, String::new(), context.clock.now());
    Ok(())
}

/// Removes the factor with this secret, and with it what is remembered of its codes; `false` if there is none.
fn remove_secret(context: &Context, account: &Account, record: &mut Record, secret: &[u8]) -> Result<bool> {
    let Some(id) = find_secret(context, account, record, secret)? else { return Ok(false) };
    record.factors.retain(|factor| factor.id != id);
    Ok(true)
}

fn find_secret(context: &Context, account: &Account, record: &Record, secret: &[u8]) -> Result<Option<u32>> {
    let mut found = None;
    if secret.is_empty() {
        return Ok(found);
    }
    for factor in totp_factors(record) {
        if bool::from(open_secret(context, account, factor)?.ct_eq(secret)) {
            found = Some(factor.id);
        }
    }
    Ok(found)
}

fn remove_all(record: &mut Record) {
    record.factors.retain(|factor| factor.kind != Kind::Totp);
}

fn totp_factors(record: &Record) -> impl Iterator<Item = &Factor> {
    record.factors.iter().filter(|factor| factor.kind == Kind::Totp)
}

fn no_such_secret() -> Error {
    Error::new(ResultCode::NO_SUCH_ATTRIBUTE, "The account has no such TOTP shared secret")
}

fn no_secret() -> Error {
    Error::new(ResultCode::INAPPROPRIATE_AUTHENTICATION, "The user has no TOTP shared secret").reason(reason::NO_FACTOR)
}
