//! The judgement itself: what was presented, weighed against an account as it was at one moment. It waits for nothing and writes
//! nothing; the record that it answers with is for the caller to keep.

use std::{borrow::Cow, hint::black_box};

use zeroize::Zeroizing;

use super::{
    claim::{Claim, CodeClaim},
    rules::Rules,
    unrecorded::Count,
};
use crate::{
    caller::Strength,
    clock::UnixMillis,
    error::{Error, Result},
    factors::{
        appended::{Code as Shape, Expected, splits},
        lockout::{Door, Failures},
        record::{Factor, Record},
        totp::{Step, Verdict, clock_offset, matching_step},
        yubikey::Otp,
    },
    handlers::{context::Context, devices::Judged, subject::Account},
    seal::Place,
    store::Change,
    telemetry::reason,
};

/// The attribute to which TOTP secrets are sealed.
const TOTP_SECRET: &str = "ds-auth-totp-shared-secret";
/// What codes are compared with where there is no secret, for the time it takes.
const NO_SECRET: [u8; 20] = [0x5A; 20];

/// What was presented, taken apart for one account.
pub(super) struct Presented<'a> {
    pub(super) password: Option<&'a [u8]>,
    pub(super) code: Code<'a>,
}

/// The code of a claim.
#[derive(Clone, Copy)]
pub(in crate::handlers) enum Code<'a> {
    /// None is asked for.
    NotNeeded,
    /// There should be one.
    Missing,
    /// This one, of digits.
    Given(&'a [u8]),
    /// This one, of a YubiKey.
    Device(&'a [u8]),
}

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
pub(super) enum Judgement {
    /// Proven, once this record is kept, and with it the change that spends an OTP.
    Accepted { record: Record, strength: Strength, otp: Option<Change> },
    /// Not proven; the record counts the failure, if it counts.
    Refused { reason: Cow<'static, str>, counted: Option<(Count, Record)> },
    /// Nobody can say; nothing is counted.
    Unknown(Error),
}

/// What a code is worth, against all of an account's secrets.
#[derive(Default)]
struct Codes {
    fresh: Option<(u32, Step)>,
    used: bool,
    compared: usize,
    clock_offset: Option<i64>,
}

impl Code<'_> {
    /// The kind of factor that makes such codes, for the log.
    pub(super) const fn made_by(&self) -> Option<&'static str> {
        match self {
            Self::NotNeeded | Self::Missing => None,
            Self::Given(_) => Some("totp"),
            Self::Device(_) => Some("yubikey"),
        }
    }
}

impl Judgement {
    /// Refused while a door is shut: nothing more is counted.
    fn uncounted(reason: &'static str) -> Self {
        Self::Refused { reason: reason.into(), counted: None }
    }
}

impl<'a> Presented<'a> {
    /// `claim` as `account` has it: where its password ends and its code begins.
    pub(super) fn of(context: &Context, rules: &Rules, account: &Account, claim: Claim<'a>) -> Result<Self> {
        let field = match claim.code {
            CodeClaim::Alone | CodeClaim::AloneInAnyState => {
                return Ok(Self { password: claim.password, code: Code::NotNeeded });
            }
            CodeClaim::Apart(code) => return Ok(Self { password: claim.password, code: Code::Given(code) }),
            CodeClaim::Only(code) => return Ok(Self { password: None, code: Code::Given(code) }),
            CodeClaim::Device(otp) | CodeClaim::DeviceAlone(otp) => {
                return Ok(Self { password: claim.password, code: Code::Device(otp) });
            }
            CodeClaim::Appended | CodeClaim::Perhaps => claim.password.unwrap_or_default(),
        };
        if account.is_service || !account.has_second_factor() {
            return Ok(Self { password: claim.password, code: Code::NotNeeded });
        }
        let mut digits: Vec<u8> =
            account.record.active_totp().map(|factor| factor.settings(&rules.totp).digits).collect();
        digits.sort_unstable();
        digits.dedup();
        let mut otps: Vec<u8> = account.yubikeys.iter().filter_map(|id| u8::try_from(id.len() + 32).ok()).collect();
        otps.sort_unstable();
        otps.dedup();
        let readings = splits(field, &Expected { digits, otps, separator: rules.separator });
        let is_optional = matches!(claim.code, CodeClaim::Perhaps);
        let mut chosen = readings.first().copied().filter(|_| !is_optional);
        if readings.len() > 1 || is_optional {
            for reading in readings {
                let is_it = match reading.code {
                    // It names its device.
                    Shape::YubiKey(otp) => Otp::parse(otp).is_some_and(|otp| account.has_yubikey(&otp)),
                    Shape::Digits(code) => {
                        let codes = Codes::judge(context, rules, account, code, context.clock.now())?;
                        codes.fresh.is_some() || (codes.used && !is_optional)
                    }
                };
                if is_it {
                    chosen = Some(reading);
                    break;
                }
            }
        }
        Ok(match chosen {
            Some(split) => {
                let code = match split.code {
                    Shape::Digits(code) => Code::Given(code),
                    Shape::YubiKey(otp) => Code::Device(otp),
                };
                Self { password: Some(split.password), code }
            }
            None if is_optional => Self { password: claim.password, code: Code::NotNeeded },
            None => Self { password: claim.password, code: Code::Missing },
        })
    }
}

impl Codes {
    fn judge(context: &Context, rules: &Rules, account: &Account, code: &[u8], now: UnixMillis) -> Result<Self> {
        let mut codes = Self::default();
        for factor in account.record.active_totp() {
            let (settings, secret) = (factor.settings(&rules.totp), open_secret(context, account, factor)?);
            codes.compared += 1;
            match matching_step(&secret, code, now, &settings, rules.spent(factor, &settings)) {
                Verdict::Fresh(step) => codes.fresh = codes.fresh.or(Some((factor.id, step))),
                Verdict::Used => codes.used = true,
                Verdict::Wrong => {}
            }
        }
        Ok(codes)
    }

    /// How far off the clock is that made a refused code. Asked after every refusal, so that its time tells nothing.
    fn look_further(
        &mut self,
        context: &Context,
        rules: &Rules,
        account: &Account,
        code: &[u8],
        now: UnixMillis,
    ) -> Result<()> {
        for factor in account.record.active_totp() {
            let settings = factor.settings(&rules.totp);
            let offset = clock_offset(&open_secret(context, account, factor)?, code, now, &settings);
            self.clock_offset = self.clock_offset.or(offset);
        }
        Ok(())
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
        Code::Given(code) => {
            codes = Codes::judge(context, rules, account, code, now)?;
            Worth::of_codes(&codes)
        }
    };
    let judgement = combine(rules, account, password, worth, now);
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

/// The password's part first, then the code's.
fn combine(rules: &Rules, account: &Account, password: Password, worth: Worth, now: UnixMillis) -> Judgement {
    let mut record = account.record.clone();
    if let Some(reason) = account.unusable {
        return Judgement::uncounted(reason);
    }
    match password {
        Password::NotAsked => {}
        _ if rules.locks_password(account, now) => return Judgement::uncounted(reason::LOCKED),
        Password::Wrong(reason) => {
            record.password_failures = record.password_failures.failed(now, &rules.password);
            record.note_failure(now);
            return Judgement::Refused { reason: reason.into(), counted: Some((Count::Password, record)) };
        }
        Password::Right => record.password_failures = Failures::default(),
        Password::Spared => {}
    }
    if matches!(worth, Worth::NotNeeded) {
        return Judgement::Accepted { record, strength: Strength::One, otp: None };
    }
    let strength = if matches!(password, Password::Spared) { Strength::One } else { Strength::TwoFactors };
    combine_code(rules, &account.record, record, worth, strength, now)
}

/// `before`: the record as it was; `proven`: as it is if the code is good too. A right password alone clears nothing.
fn combine_code(
    rules: &Rules,
    before: &Record,
    mut proven: Record,
    worth: Worth,
    strength: Strength,
    now: UnixMillis,
) -> Judgement {
    match before.second_factor_failures.door(now, &rules.second_factor) {
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
            };
            return Judgement::Accepted { record: proven, strength, otp };
        }
        Worth::Unknown(error) => return Judgement::Unknown(error),
        Worth::Missing | Worth::NotNeeded => reason::CODE_MISSING,
        Worth::NoFactor => reason::NO_FACTOR,
        Worth::Used => reason::CODE_ALREADY_USED,
        Worth::Wrong(reason) => reason,
    };
    let second_factor_failures = before.second_factor_failures.failed(now, &rules.second_factor);
    let mut record = Record { second_factor_failures, ..before.clone() };
    record.note_failure(now);
    Judgement::Refused { reason: reason.into(), counted: Some((Count::SecondFactor, record)) }
}

/// The work of judging one code and looking how far off it is, for a claim that has none to judge.
pub(super) fn dummy_code_work(rules: &Rules, now: UnixMillis) {
    black_box(matching_step(&NO_SECRET, b"000000", now, &rules.totp, None));
    black_box(clock_offset(&NO_SECRET, b"000000", now, &rules.totp));
}

/// The shared secret of a TOTP factor.
///
/// # Errors
/// `unavailable` if it does not open: the account is refused, not taken for one without factors.
pub(in crate::handlers) fn open_secret(
    context: &Context,
    account: &Account,
    factor: &Factor,
) -> Result<Zeroizing<Vec<u8>>> {
    context.sealer.open(totp_place(account), &factor.secret).map_err(Error::unavailable)
}

/// Where the TOTP secrets of an account belong.
pub(in crate::handlers) fn totp_place(account: &Account) -> Place<'_> {
    Place { entry: account.user.uuid, attribute: TOTP_SECRET }
}
