//! Generate password: passwords that the rules would take, for whoever is about to set one. Nothing is changed.

use countersign_proto::{
    password_generation::{GeneratePasswordRequest, GeneratePasswordResult, GeneratedPassword, PolicySelection},
    text::{DnText, Text},
};

use crate::{
    caller::Caller,
    error::{Error, Result},
    handlers::{
        Operation,
        context::Context,
        new_password::{Standing, draw},
        password_policy,
        subject::{Subject, by_dn},
    },
    telemetry::reason,
};

/// Most passwords of one request.
const MAX_PASSWORDS: u32 = 10;
/// Most attempts at one password; more are as many.
const MAX_ATTEMPTS: u32 = 20;

impl Operation for GeneratePasswordRequest {
    type Outcome = GeneratePasswordResult;

    async fn perform(self, context: &Context, caller: &Caller) -> Result<GeneratePasswordResult> {
        if caller.is_anonymous() {
            let sentence = "Passwords are made for authenticated requesters";
            return Err(Error::insufficient_access(sentence).reason(reason::NOT_ALLOWED));
        }
        if self.number_of_passwords > MAX_PASSWORDS {
            return Err(Error::unwilling(format!("One request gets at most {MAX_PASSWORDS} passwords")));
        }
        let standing = standing(context, caller, &self.policy).await?;
        let attempts = self.validation_attempts.min(MAX_ATTEMPTS);
        let passwords = (0..self.number_of_passwords).map(|_| one(context, &standing, attempts));
        Ok(GeneratePasswordResult {
            password_policy_dn: DnText::from(password_policy::DN),
            passwords: passwords.collect::<Result<_>>()?,
        })
    }
}

/// One password: the first of the attempts that keeps the rules, else the last.
fn one(context: &Context, standing: &Standing, attempts: u32) -> Result<GeneratedPassword> {
    let mut password = draw(context)?;
    let mut broken = Vec::new();
    for attempt in 0..attempts {
        if attempt > 0 {
            password = draw(context)?;
        }
        broken = standing.broken(context, password.expose());
        if broken.is_empty() {
            break;
        }
    }
    let validation_errors = broken.into_iter().map(Text).collect();
    Ok(GeneratedPassword { password, validation_attempted: attempts > 0, validation_errors })
}

/// Whose password it is to be. An entry that is not there, or that is none of the requester's business, is one without attributes.
async fn standing(context: &Context, caller: &Caller, policy: &PolicySelection) -> Result<Standing> {
    match policy {
        PolicySelection::Default => Ok(Standing::default()),
        PolicySelection::Policy(dn) => password_policy::known(context, dn).map(|()| Standing::default()),
        PolicySelection::TargetEntry(dn) => match by_dn(context, dn).await? {
            Subject::Account(account) if password_policy::may_know(caller, &account) => {
                let values = Standing::values_of(context, account.user.id).await?;
                Ok(Standing { values, ..Standing::default() })
            }
            _ => Ok(Standing::default()),
        },
    }
}
