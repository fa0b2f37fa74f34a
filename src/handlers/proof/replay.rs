//! A proof judged as if it were brought now, with nothing made of the judgement: no step is spent, no failure counted, no login
//! noted, no validation server asked. For an administrator who has to tell a user why a bind fails: it says what a bind never may, and
//! is for the machine that holds the store and its key alone.

use std::borrow::Cow;

use super::{
    age::Purpose,
    case::Case,
    claim::{Claim, CodeClaim},
    codes::open_secret,
    device_of,
    hashed::Hashed,
    judgement::{Judgement, Password, weigh},
    origin::Origin,
    presented::{Code, Presented},
    rules::Rules,
};
use crate::{
    caller::{Notice, Strength},
    clock::UnixMillis,
    error::{Error, Result},
    factors::{
        lockout::{Door, Failures, Settings},
        totp::{Verdict, clock_offset, matching_step},
        yubikey::Otp,
    },
    handlers::{
        bind::one_field,
        context::Context,
        devices::Judge,
        subject::{Account, Subject, by_dn},
    },
    telemetry::reason,
};

/// What a simple bind with these words would come to, and how each part was judged.
#[derive(Debug)]
pub struct Replay {
    /// How the field was taken apart.
    pub reading: Reading,
    /// Whether the password part is the password; why not, as a reason of the log.
    pub password: std::result::Result<(), &'static str>,
    /// Whether the whole field is the password, where a part of it is not.
    pub whole_is_password: bool,
    /// What the code is worth against each TOTP secret, where it is one of digits.
    pub secrets: Vec<SecretFound>,
    /// The counts of failures: of the password, of the second factor.
    pub counts: [Count; 2],
    /// The outcome: how strong the proof is and what is said of the password, or the reason of the refusal.
    pub outcome: std::result::Result<(Strength, Notice), Cow<'static, str>>,
}

/// How a field was read; lengths are in octets.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Reading {
    /// As the password alone: the user has no active factor.
    NoFactor,
    /// As the password alone: it is a service account.
    ServiceAccount,
    /// As the password alone: `[simple_bind] second_factor` leaves codes to the policies.
    LeftToPolicies,
    /// As the password alone, for it ends in nothing that could be a code of the user's; a code is needed.
    NoCode,
    /// As a password with a code of digits behind it.
    Digits {
        /// Of the password.
        password: usize,
        /// Of the code.
        code: usize,
    },
    /// As a password with a recovery code behind it.
    RecoveryCode {
        /// Of the password.
        password: usize,
        /// How many codes the user has left.
        left: usize,
    },
    /// As a password with the OTP of a YubiKey behind it.
    YubiKey {
        /// Of the password.
        password: usize,
        /// The device, if what stands there is an OTP.
        public_id: Option<String>,
        /// Whether the device is the user's.
        is_own: bool,
    },
}

/// What a code is worth against one secret.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SecretFound {
    /// The factor's number.
    pub id: u32,
    /// What its owner calls it.
    pub label: String,
    /// The verdict.
    pub worth: Worth,
    /// How many steps the clock that made the code is ahead of ours; `None` where no step within ten minutes fits.
    pub offset: Option<i64>,
    /// The length of a step in seconds.
    pub step_seconds: u32,
    /// When a code of it was last accepted.
    pub last_used: Option<UnixMillis>,
}

/// What a code is worth.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Worth {
    /// Good.
    Fresh,
    /// Of a step that is spent, or of one before it.
    Used,
    /// Of no step that is accepted.
    Wrong,
}

/// One count of failures.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Count {
    /// Failures that bring the next lock nearer.
    pub failures: u32,
    /// How many make a lock; 0: none do.
    pub most: u32,
    /// Whether it locks now.
    pub door: Door,
}

/// Judges `field` as the password of a simple bind as `dn`.
///
/// # Errors
/// `noSuchObject`; `unwillingToPerform` for the root user; `unavailable` if the store cannot be read or a secret does not open.
pub async fn replay(context: &Context, dn: &str, field: &[u8]) -> Result<Replay> {
    let account = match by_dn(context, dn).await? {
        Subject::Account(account) => account,
        Subject::Root => return Err(crate::handlers::subject::root_has_no_entry()),
        Subject::Nobody(_) => return Err(Error::no_such_object(None)),
    };
    let (rules, now) = (Rules::of(context), context.clock.now());
    let claim = Claim { password: Some(field), code: one_field(&context.config.load()), origin: Origin::nowhere() };
    let case = Case::open(Purpose::Bind, context, &rules, account, claim).await?;
    let Case { account, presented, hashed, .. } = &case;
    let password = match hashed.verdict {
        Password::Wrong(reason) => Err(reason),
        Password::Right | Password::NotAsked | Password::Spared => Ok(()),
    };
    let whole_is_password = password.is_err()
        && presented.password != Some(field)
        && matches!(Hashed::judge(context, &rules, &account.passwords, Some(field)).await?.verdict, Password::Right);
    let device = device_of(context, account, presented.code, &mut Judge::default()).await?;
    let outcome = match weigh(context, &rules, account, case.evidence(device, now), Purpose::Bind)? {
        Judgement::Accepted(accepted) => Ok((accepted.strength, accepted.notice)),
        Judgement::Refused(refusal) => Err(refusal.reason),
        Judgement::Unknown(error) => Err(error.reason.unwrap_or_else(|| reason::VALIDATION_UNAVAILABLE.into())),
    };
    let (record, settings) = (&account.record, [rules.password, rules.second_factor]);
    Ok(Replay {
        reading: reading(&rules, account, claim, presented),
        password,
        whole_is_password,
        secrets: secrets(context, &rules, account, presented.code, now)?,
        counts: [
            count(record.password_failures, &settings[0], now),
            count(record.second_factor_failures, &settings[1], now),
        ],
        outcome,
    })
}

fn reading(rules: &Rules, account: &Account, claim: Claim<'_>, presented: &Presented<'_>) -> Reading {
    let password = presented.password.map_or(0, <[u8]>::len);
    match presented.code {
        Code::Missing => Reading::NoCode,
        Code::Given(code) => Reading::Digits { password, code: code.len() },
        Code::Recovery(_) => {
            let left = account.record.recovery.as_ref().map_or(0, |codes| codes.left(rules.fence));
            Reading::RecoveryCode { password, left }
        }
        Code::Device(typed) => {
            let otp = Otp::parse(typed);
            let is_own = otp.as_ref().is_some_and(|otp| account.has_yubikey(otp));
            Reading::YubiKey { password, public_id: otp.map(|otp| otp.public_id().to_owned()), is_own }
        }
        Code::NotNeeded if account.is_service => Reading::ServiceAccount,
        Code::NotNeeded if account.has_second_factor() && matches!(claim.code, CodeClaim::Alone) => {
            Reading::LeftToPolicies
        }
        Code::NotNeeded => Reading::NoFactor,
    }
}

fn secrets(
    context: &Context,
    rules: &Rules,
    account: &Account,
    code: Code<'_>,
    now: UnixMillis,
) -> Result<Vec<SecretFound>> {
    let Code::Given(code) = code else { return Ok(Vec::new()) };
    let judged = account.record.active_totp().map(|factor| {
        let (settings, secret) = (factor.settings(&rules.totp), open_secret(context, account, factor)?);
        let worth = match matching_step(&secret, code, now, &settings, rules.spent(factor, &settings)) {
            Verdict::Fresh(_) => Worth::Fresh,
            Verdict::Used => Worth::Used,
            Verdict::Wrong => Worth::Wrong,
        };
        Ok(SecretFound {
            id: factor.id,
            label: factor.label.clone(),
            worth,
            offset: clock_offset(&secret, code, now, &settings),
            step_seconds: settings.period_seconds,
            last_used: factor.last_used,
        })
    });
    judged.collect()
}

fn count(failures: Failures, settings: &Settings, now: UnixMillis) -> Count {
    Count { failures: failures.counting(now, settings), most: settings.failures, door: failures.door(now, settings) }
}
