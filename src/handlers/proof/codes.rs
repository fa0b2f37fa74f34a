//! Codes of digits: what one is worth against all of an account's TOTP secrets, and the same work where there is nothing to compare.

use std::hint::black_box;

use zeroize::Zeroizing;

use super::rules::Rules;
use crate::{
    clock::UnixMillis,
    error::{Error, Result},
    factors::{
        record::Factor,
        totp::{Step, Verdict, clock_offset, matching_step},
    },
    handlers::{context::Context, subject::Account},
    seal::Place,
};

/// The attribute to which TOTP secrets are sealed.
const TOTP_SECRET: &str = "ds-auth-totp-shared-secret";
/// What codes are compared with where there is no secret, for the time it takes.
const NO_SECRET: [u8; 20] = [0x5A; 20];

/// What a code is worth, against all of an account's secrets.
#[derive(Default)]
pub(super) struct Codes {
    pub(super) fresh: Option<(u32, Step)>,
    pub(super) used: bool,
    pub(super) compared: usize,
    pub(super) clock_offset: Option<i64>,
}

impl Codes {
    pub(super) fn judge(
        context: &Context,
        rules: &Rules,
        account: &Account,
        code: &[u8],
        now: UnixMillis,
    ) -> Result<Self> {
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
    pub(super) fn look_further(
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
