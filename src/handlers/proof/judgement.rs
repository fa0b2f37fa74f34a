//! The judgement itself: what was presented, weighed against an account as it was at one moment. It waits for nothing and writes
//! nothing; the record that it answers with is for the caller to keep.

use std::borrow::Cow;

use super::{
    codes::{Codes, dummy_code_work},
    presented::Code,
    recovery::{self, Typed},
    rules::{Count, Rules},
};
use crate::{
    caller::Strength,
    clock::UnixMillis,
    error::{Error, Result},
    factors::{
        lockout::{Door, Failures, Settings as Lockout},
        record::Record,
        totp::Step,
    },
    handlers::{context::Context, devices::Judged, subject::Account},
    store::Change,
    telemetry::reason,
};

/// What became of the password.
#[derive(Clone, Copy)]
pub(super) enum Password {
    Right,
    Wrong(&'static str),
    NotAsked,
    /// None is given, and by configuration none is needed.
    Spared,
}

/// What a claim is worth.
#[expect(
    clippy::large_enum_variant,
    reason = "it lives on one stack for a moment, and a good bind should not allocate for it"
)]
pub(super) enum Judgement {
    /// Proven, once this record is kept, and with it the change that spends an OTP.
    Accepted { record: Record, strength: Strength, otp: Option<Change> },
    /// Not proven, and where the failure counts, if it does.
    Refused { reason: Cow<'static, str>, counted: Option<Count> },
    /// Nobody can say; nothing is counted.
    Unknown(Error),
}

impl Judgement {
    /// Refused while a door is shut: nothing more is counted.
    fn uncounted(reason: &'static str) -> Self {
        Self::Refused { reason: reason.into(), counted: None }
    }
}

/// What was presented as a code, judged.
enum Worth {
    /// None is asked for.
    NotNeeded,
    /// It is not there.
    Missing,
    /// Good, once what it rests on is spent.
    Fresh(Spent),
    /// Spent before.
    Used,
    /// No good code of the account's; why, for the log.
    Wrong(&'static str),
    /// The account has nothing that makes such codes.
    NoFactor,
    /// Nobody can say.
    Unknown(Error),
}

/// What a good code takes out of use.
enum Spent {
    /// A time step of a TOTP factor.
    Step(u32, Step),
    /// The recovery code at this place.
    RecoveryCode(usize),
    /// A YubiKey's OTP, by this change; without one it is used up already.
    Otp(Option<Change>),
}

impl Worth {
    fn of_codes(codes: &Codes) -> Self {
        match codes.fresh {
            Some((factor, step)) => Self::Fresh(Spent::Step(factor, step)),
            None if codes.compared == 0 => Self::NoFactor,
            None if codes.used => Self::Used,
            None => Self::Wrong(reason::WRONG_CODE),
        }
    }

    /// What a recovery code is worth to an account that has something for which it can stand in.
    fn of_recovery_code(typed: Typed, account: &Account) -> Self {
        match typed {
            _ if account.is_service || !account.has_second_factor() => Self::NoFactor,
            Typed::Good(place) => Self::Fresh(Spent::RecoveryCode(place)),
            Typed::Used => Self::Used,
            Typed::Wrong => Self::Wrong(reason::WRONG_CODE),
        }
    }

    /// `judged`: `None` for what is no OTP of any device of the account.
    fn of_device(judged: Option<Judged>) -> Self {
        match judged {
            Some(Judged::Fresh(change)) => Self::Fresh(Spent::Otp(change)),
            Some(Judged::Used) => Self::Used,
            Some(Judged::Wrong(reason)) => Self::Wrong(reason),
            Some(Judged::Unknown(error)) => Self::Unknown(error),
            None => Self::NoFactor,
        }
    }
}

/// Weighs a claim against `account` as it was when it was read. `device`: what the OTP in it is worth, if it is one of a device of
/// the account.
pub(super) fn weigh(
    context: &Context,
    rules: &Rules,
    account: &Account,
    password: Password,
    code: Code<'_>,
    device: Option<Judged>,
) -> Result<Judgement> {
    let now = context.clock.now();
    let mut codes = Codes::default();
    let worth = match code {
        Code::NotNeeded => Worth::NotNeeded,
        Code::Missing => Worth::Missing,
        Code::Device(_) => Worth::of_device(device),
        Code::Recovery(typed) => Worth::of_recovery_code(recovery::judge(context, rules, account, typed), account),
        Code::Given(code) => {
            codes = Codes::judge(context, rules, account, code, now)?;
            Worth::of_codes(&codes)
        }
    };
    let count = if matches!(code, Code::Recovery(_)) { Count::RecoveryCode } else { Count::SecondFactor };
    let judgement = combine(rules, account, password, (worth, count), now);
    let Judgement::Refused { reason: why, counted } = judgement else { return Ok(judgement) };
    match code {
        Code::Given(code) if codes.compared > 0 => codes.look_further(context, rules, account, code, now)?,
        _ => dummy_code_work(rules, now),
    }
    let why = match codes.clock_offset {
        Some(offset) if why == reason::WRONG_CODE => format!("{}:{offset:+}", reason::CLOCK_OFF).into(),
        _ => why,
    };
    Ok(Judgement::Refused { reason: why, counted })
}

/// The password's part first, then the code's, which counts where `count` says.
fn combine(
    rules: &Rules,
    account: &Account,
    password: Password,
    (worth, count): (Worth, Count),
    now: UnixMillis,
) -> Judgement {
    if let Some(reason) = account.unusable {
        return Judgement::uncounted(reason);
    }
    let mut record = account.record.clone();
    match password {
        Password::NotAsked => {}
        _ if rules.locks_password(account, now) => return Judgement::uncounted(reason::LOCKED),
        Password::Wrong(reason) => {
            return Judgement::Refused { reason: reason.into(), counted: Some(Count::Password) };
        }
        Password::Right => record.password_failures = Failures::default(),
        Password::Spared => {}
    }
    if matches!(worth, Worth::NotNeeded) {
        return Judgement::Accepted { record, strength: Strength::One, otp: None };
    }
    let strength = if matches!(password, Password::Spared) { Strength::One } else { Strength::TwoFactors };
    combine_code((count, rules.limits(count)), &account.record, record, (worth, strength), now)
}

/// `before`: the record as it was; `proven`: as it is if the code is good too. A right password alone clears nothing.
fn combine_code(
    (count, limits): (Count, &Lockout),
    before: &Record,
    mut proven: Record,
    (worth, strength): (Worth, Strength),
    now: UnixMillis,
) -> Judgement {
    match before.second_factor_failures.door(now, limits) {
        Door::Open => {}
        Door::Locked { .. } => return Judgement::uncounted(reason::FACTOR_LOCKED),
        Door::Closed => return Judgement::uncounted(reason::FACTOR_CLOSED),
    }
    let reason = match worth {
        Worth::Fresh(spent) => {
            proven.second_factor_failures = Failures::default();
            let otp = match spent {
                Spent::Otp(change) => change,
                Spent::Step(factor, step) => {
                    proven.claim_step(factor, step, now);
                    None
                }
                Spent::RecoveryCode(place) => {
                    proven.recovery.iter_mut().for_each(|codes| codes.spend(place, now));
                    None
                }
            };
            return Judgement::Accepted { record: proven, strength, otp };
        }
        Worth::Unknown(error) => return Judgement::Unknown(error),
        Worth::Missing | Worth::NotNeeded => reason::CODE_MISSING,
        Worth::NoFactor => reason::NO_FACTOR,
        Worth::Used => reason::CODE_ALREADY_USED,
        Worth::Wrong(reason) => reason,
    };
    Judgement::Refused { reason: reason.into(), counted: Some(count) }
}
