//! The judgement itself: what was presented, weighed against an account as it was at one moment. It waits for nothing and writes
//! nothing; the record that it answers with is for the caller to keep.

use std::borrow::Cow;

use super::{
    age::{self, Lapsed, Purpose},
    amended::Amended,
    codes::{Codes, dummy_code_work},
    presented::Code,
    recovery::{self, Typed},
    rules::{Count, Rules},
};
use crate::{
    caller::{Notice, Strength},
    clock::UnixMillis,
    error::{Error, PolicyError, Result},
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

/// What there is to weigh.
pub(super) struct Evidence<'c> {
    /// Why the account may not be used, where that matters.
    pub(super) unusable: Option<&'static str>,
    pub(super) password: Password,
    pub(super) code: Code<'c>,
    /// What the OTP is worth, if `code` is one of a device of the account.
    pub(super) device: Option<Judged>,
    pub(super) now: UnixMillis,
}

/// What a claim is worth.
pub(super) enum Judgement<'r> {
    /// It is proven.
    Accepted(Accepted<'r>),
    /// It is not.
    Refused(Refusal),
    /// Nobody can say; nothing is counted.
    Unknown(Error),
}

/// A claim that is proven once `record` is kept, and with it the change that spends an OTP.
pub(super) struct Accepted<'r> {
    pub(super) record: Amended<'r>,
    pub(super) strength: Strength,
    pub(super) otp: Option<Change>,
    /// What there is to say about the password.
    pub(super) notice: Notice,
}

/// Why a claim is not proven, and where the failure counts, if it does.
pub(super) struct Refusal {
    pub(super) reason: Cow<'static, str>,
    pub(super) counted: Option<Count>,
    /// What is wrong with a password that was right.
    pub(super) policy: Option<PolicyError>,
}

impl Judgement<'_> {
    fn refused(reason: impl Into<Cow<'static, str>>, counted: Option<Count>) -> Self {
        Self::Refused(Refusal { reason: reason.into(), counted, policy: None })
    }

    /// Refused while a door is shut: nothing more is counted.
    fn uncounted(reason: &'static str) -> Self {
        Self::refused(reason, None)
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

/// Weighs a claim against `account` as it was when it was read. What the age of a right password demands is weighed last: only
/// whoever knows the password is told.
pub(super) fn weigh<'r>(
    context: &Context,
    rules: &Rules,
    account: &'r Account,
    evidence: Evidence<'_>,
    purpose: Purpose,
) -> Result<Judgement<'r>> {
    let Evidence { unusable, password, code, device, now } = evidence;
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
    let judgement = match unusable {
        Some(reason) => Judgement::uncounted(reason),
        None => combine(rules, account, password, (worth, count), now),
    };
    match judgement {
        Judgement::Accepted(accepted) if matches!(password, Password::NotAsked) => Ok(Judgement::Accepted(accepted)),
        Judgement::Accepted(accepted) => Ok(aged(rules, account, accepted, purpose, now)),
        Judgement::Unknown(error) => Ok(Judgement::Unknown(error)),
        Judgement::Refused(refusal) => {
            match code {
                Code::Given(code) if codes.compared > 0 => codes.look_further(context, rules, account, code, now)?,
                _ => dummy_code_work(rules, now),
            }
            Ok(Judgement::Refused(refusal.with_offset(codes.clock_offset)))
        }
    }
}

/// What the age of the password makes of a proof that is good otherwise.
fn aged<'r>(
    rules: &Rules,
    account: &Account,
    mut accepted: Accepted<'r>,
    purpose: Purpose,
    now: UnixMillis,
) -> Judgement<'r> {
    match age::judge(rules, account, &mut accepted.record, purpose, now) {
        Ok(notice) => Judgement::Accepted(Accepted { notice, ..accepted }),
        Err(Lapsed { reason, policy }) => {
            Judgement::Refused(Refusal { reason: reason.into(), counted: None, policy: Some(policy) })
        }
    }
}

impl Refusal {
    /// The same, where a clock that is off has made the wrong code.
    fn with_offset(self, offset: Option<i64>) -> Self {
        match offset {
            Some(offset) if self.reason == reason::WRONG_CODE => {
                Self { reason: format!("{}:{offset:+}", reason::CLOCK_OFF).into(), ..self }
            }
            _ => self,
        }
    }
}

/// The password's part first, then the code's, which counts where `count` says.
fn combine<'r>(
    rules: &Rules,
    account: &'r Account,
    password: Password,
    (worth, count): (Worth, Count),
    now: UnixMillis,
) -> Judgement<'r> {
    let mut record = Amended::of(&account.record);
    match password {
        Password::NotAsked => {}
        _ if rules.locks_password(account, now) => return Judgement::uncounted(reason::LOCKED),
        Password::Wrong(reason) => return Judgement::refused(reason, Some(Count::Password)),
        Password::Right if record.password_failures == Failures::default() => {}
        Password::Right => record.amend().password_failures = Failures::default(),
        Password::Spared => {}
    }
    if matches!(worth, Worth::NotNeeded) {
        return accepted(record, Strength::One, None);
    }
    let strength = if matches!(password, Password::Spared) { Strength::One } else { Strength::TwoFactors };
    combine_code((count, rules.limits(count)), &account.record, record, (worth, strength), now)
}

/// `before`: the record as it was; `proven`: as it is if the code is good too. A right password alone clears nothing.
fn combine_code<'r>(
    (count, limits): (Count, &Lockout),
    before: &Record,
    mut proven: Amended<'r>,
    (worth, strength): (Worth, Strength),
    now: UnixMillis,
) -> Judgement<'r> {
    match before.second_factor_failures.door(now, limits) {
        Door::Open => {}
        Door::Locked { .. } => return Judgement::uncounted(reason::FACTOR_LOCKED),
        Door::Closed => return Judgement::uncounted(reason::FACTOR_CLOSED),
    }
    let reason = match worth {
        Worth::Fresh(spent) => {
            let record = proven.amend();
            record.second_factor_failures = Failures::default();
            let otp = match spent {
                Spent::Otp(change) => change,
                Spent::Step(factor, step) => {
                    record.claim_step(factor, step, now);
                    None
                }
                Spent::RecoveryCode(place) => {
                    record.recovery.iter_mut().for_each(|codes| codes.spend(place, now));
                    None
                }
            };
            return accepted(proven, strength, otp);
        }
        Worth::Unknown(error) => return Judgement::Unknown(error),
        Worth::Missing | Worth::NotNeeded => reason::CODE_MISSING,
        Worth::NoFactor => reason::NO_FACTOR,
        Worth::Used => reason::CODE_ALREADY_USED,
        Worth::Wrong(reason) => reason,
    };
    Judgement::refused(reason, Some(count))
}

fn accepted(record: Amended<'_>, strength: Strength, otp: Option<Change>) -> Judgement<'_> {
    let notice = Notice::default();
    Judgement::Accepted(Accepted { record, strength, otp, notice })
}
