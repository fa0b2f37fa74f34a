//! What was presented, taken apart for one account: where its password ends and its code begins. A user's factors say which codes there
//! may be; no password is hashed for it.

use super::{
    claim::{Claim, CodeClaim},
    codes::Codes,
    recovery::{self, Typed},
    rules::Rules,
};
use crate::{
    error::Result,
    factors::{
        appended::{Code as Shape, Expected, Split, splits},
        recovery::{length_at_end, read},
        yubikey::{Otp, length_of_otp},
    },
    handlers::{context::Context, subject::Account},
};

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
    /// This one, of the account's recovery codes.
    Recovery(&'a [u8]),
}

impl Code<'_> {
    /// The kind of factor that makes such codes, for the log.
    pub(super) const fn made_by(&self) -> Option<&'static str> {
        match self {
            Self::NotNeeded | Self::Missing => None,
            Self::Given(_) => Some("totp"),
            Self::Device(_) => Some("yubikey"),
            Self::Recovery(_) => Some(recovery::FACTOR),
        }
    }
}

impl<'a> Presented<'a> {
    /// `claim` as `account` has it.
    ///
    /// # Errors
    /// `unavailable` if a secret of the account does not open.
    pub(super) fn of(context: &Context, rules: &Rules, account: &Account, claim: Claim<'a>) -> Result<Self> {
        let field = match claim.code {
            CodeClaim::Alone | CodeClaim::AloneInAnyState => {
                return Ok(Self { password: claim.password, code: Code::NotNeeded });
            }
            CodeClaim::Apart(code) => return Ok(Self { password: claim.password, code: typed(code, Code::Given) }),
            CodeClaim::Only(code) => return Ok(Self { password: None, code: typed(code, Code::Given) }),
            // A device alone may be enough by configuration; a piece of paper alone never is.
            CodeClaim::DeviceAlone(otp) if claim.password.is_none() => {
                return Ok(Self { password: None, code: Code::Device(otp) });
            }
            CodeClaim::Device(otp) | CodeClaim::DeviceAlone(otp) => {
                return Ok(Self { password: claim.password, code: typed(otp, Code::Device) });
            }
            CodeClaim::Appended | CodeClaim::Perhaps => claim.password.unwrap_or_default(),
        };
        if account.is_service || !account.has_second_factor() {
            return Ok(Self { password: claim.password, code: Code::NotNeeded });
        }
        let is_optional = matches!(claim.code, CodeClaim::Perhaps);
        Ok(match reading(context, rules, account, field, is_optional)? {
            Some(Split { password, code: Shape::Digits(code) }) => {
                Self { password: Some(password), code: Code::Given(code) }
            }
            Some(Split { password, code: Shape::YubiKey(otp) }) => {
                Self { password: Some(password), code: Code::Device(otp) }
            }
            Some(Split { password, code: Shape::Recovery(code) }) => {
                Self { password: Some(password), code: Code::Recovery(code) }
            }
            None if is_optional => Self { password: claim.password, code: Code::NotNeeded },
            None => Self { password: claim.password, code: Code::Missing },
        })
    }
}

/// A code in a field of its own: a recovery code where it looks like one, else what the field is for.
fn typed<'a>(code: &'a [u8], usual: fn(&'a [u8]) -> Code<'a>) -> Code<'a> {
    if read(code).is_some() { Code::Recovery(code) } else { usual(code) }
}

/// The way in which `field` is a password with a code after it. Of several the one whose code is good, else the likeliest; where a code
/// `is_optional`, one whose code is good, or none.
fn reading<'a>(
    context: &Context,
    rules: &Rules,
    account: &Account,
    field: &'a [u8],
    is_optional: bool,
) -> Result<Option<Split<'a>>> {
    let readings = splits(field, &expected(rules, account, field));
    let likeliest = readings.first().copied().filter(|_| !is_optional);
    if readings.len() < 2 && !is_optional {
        return Ok(likeliest);
    }
    for reading in readings {
        let is_it = match reading.code {
            // It names its device.
            Shape::YubiKey(otp) => Otp::parse(otp).is_some_and(|otp| account.has_yubikey(&otp)),
            Shape::Digits(code) => {
                let codes = Codes::judge(context, rules, account, code, context.clock.now())?;
                codes.fresh.is_some() || (codes.used && !is_optional)
            }
            Shape::Recovery(code) => match recovery::judge(context, rules, account, code) {
                Typed::Good(_) => true,
                Typed::Used => !is_optional,
                Typed::Wrong => false,
            },
        };
        if is_it {
            return Ok(Some(reading));
        }
    }
    Ok(likeliest)
}

/// The codes that the account's factors make, and the recovery code at the end of `field`.
fn expected(rules: &Rules, account: &Account, field: &[u8]) -> Expected {
    let totp = account.record.active_totp();
    let mut digits: Vec<u8> = totp.map(|factor| factor.settings(&rules.totp).digits).collect();
    let mut otps: Vec<u8> = account.yubikeys.iter().filter_map(|public_id| length_of_otp(public_id)).collect();
    for lengths in [&mut digits, &mut otps] {
        lengths.sort_unstable();
        lengths.dedup();
    }
    let recovery = account.record.recovery.as_ref().and_then(|_| length_at_end(field));
    Expected { digits, otps, recovery, separator: rules.separator }
}
