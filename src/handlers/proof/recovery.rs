//! Recovery codes as proofs: what a typed one is worth, and the word in the log when none is left.

use countersign_proto::result_code::ResultCode;

use super::rules::{Rules, fence};
use crate::{
    config::LogLevel,
    factors::{
        record::Record,
        recovery::{RecoveryCodes, read},
    },
    handlers::{context::Context, subject::Account},
    seal::Place,
    telemetry::{audit::Event, reason},
};

/// The kind of factor in the log.
pub(super) const FACTOR: &str = "recovery-code";

/// What a typed code is worth.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Typed {
    /// It is the code at this place, and not spent yet.
    Good(usize),
    /// It was good once.
    Used,
    /// It is none of the account's.
    Wrong,
}

/// What `typed` is worth by the codes that the account has.
pub(super) fn judge(context: &Context, rules: &Rules, account: &Account, typed: &[u8]) -> Typed {
    let guess = read(typed).unwrap_or_default();
    let codes = account.record.recovery.as_ref();
    let hashes = codes.into_iter().flat_map(|codes| &codes.codes).map(|code| code.hash.as_slice());
    let place = context.sealer.position_of_keyed_hash(recovery_place(account), &guess, hashes);
    match (codes, place) {
        (Some(codes), Some(place)) if codes.is_good(place, rules.fence) => Typed::Good(place),
        (_, Some(_)) => Typed::Used,
        (_, None) => Typed::Wrong,
    }
}

/// Whether the account's last code is spent by the change to `record`.
pub(super) fn is_last_spent(context: &Context, account: &Account, record: &Record) -> bool {
    let left = |codes: &RecoveryCodes| codes.left(fence(context));
    account.record.recovery.as_ref().map_or(0, left) > 0 && record.recovery.as_ref().map(left) == Some(0)
}

/// Tells whoever reads the log that the account has no code left.
pub(super) fn warn_of_last(context: &Context, account: &Account) {
    let event = Event {
        event: "recovery-codes",
        dn: Some(&account.user.dn),
        factor: Some(FACTOR),
        result: Some(ResultCode::SUCCESS),
        reason: Some(reason::NO_RECOVERY_CODE_LEFT),
        ..Event::default()
    };
    context.audit.record(LogLevel::Warn, &event);
}

/// Where the recovery codes of an account belong.
pub(in crate::handlers) fn recovery_place(account: &Account) -> Place<'_> {
    Place { entry: account.user.uuid, attribute: "countersign-recovery-code" }
}
