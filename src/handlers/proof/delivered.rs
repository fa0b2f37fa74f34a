//! Whether a guess is the one-time password that was sent to an account's owner. No static password belongs to it: that was proven
//! when it was asked for. What holds for every proof holds here: a failure is one durable write, a success is one change of the record
//! as it was judged, and of many at once one wins.

use std::borrow::Cow;

use super::{
    Amended, Failure, Guessed, MAX_ATTEMPTS, Origin, Owed, Purpose, age,
    codes::dummy_code_work,
    refuse_stranger, reread,
    rules::{Count, Rules},
    unless_lost,
};
use crate::{
    caller::Notice,
    error::{Error, Result},
    factors::{lockout::Door, one_time_password::Verdict},
    handlers::{
        context::Context,
        proof::{Claim, CodeClaim},
        subject::Account,
    },
    seal::Place,
    store::Change,
    telemetry::reason,
};

/// What a guess comes to.
enum Judged {
    /// It is the one, once this is kept: the record without it.
    Right(Option<Change>, Notice),
    /// It proves nothing: why, where that counts, if it does, and what the guess was at.
    Refused { reason: &'static str, counted: Option<Count>, guessed: Option<Guessed> },
}

/// Somebody's guess.
#[derive(Clone, Copy)]
pub(in crate::handlers) struct Guess<'a> {
    /// What it is.
    pub(in crate::handlers) text: &'a [u8],
    /// By what and from where it comes.
    pub(in crate::handlers) origin: Origin,
}

/// Takes the one-time password of `account` once and for all, if `guess` is it; the account as it was then, and what there is to say
/// about its password.
///
/// # Errors
/// `invalidCredentials` whatever failed; `unavailable` if the outcome cannot be recorded.
pub(in crate::handlers) async fn prove_delivered(
    context: &Context,
    mut account: Box<Account>,
    guess: Guess<'_>,
) -> Result<(Box<Account>, Notice)> {
    let rules = Rules::of(context);
    let mut owed = Owed::default();
    for _ in 0..MAX_ATTEMPTS {
        if account.user.as_of != context.store.last_change() {
            let Some(fresh) = reread(context, &account).await? else {
                return Err(refuse_delivered(context, guess, reason::NO_SUCH_USER).await);
            };
            account = fresh;
        }
        match judge(context, &rules, &account, guess) {
            Judged::Right(change, notice) => {
                owed.forgive();
                match context.store.apply(change.into_iter().collect()).await {
                    Ok(_) => {
                        context.metrics.accepted(FACTOR);
                        return Ok((account, notice));
                    }
                    Err(error) => unless_lost(error)?,
                }
            }
            Judged::Refused { reason, counted, guessed } => {
                let attempt = guess.origin.attempt(context.clock.now(), Some(reason));
                let failure = Failure::new(context, &rules, &account, counted, attempt).of_guess(guessed);
                match owed.record(context, failure, &account).await {
                    Ok(()) => {
                        context.metrics.refused(FACTOR, reason);
                        return Err(Error::invalid_credentials(reason));
                    }
                    Err(error) => unless_lost(error)?,
                }
            }
        }
    }
    Err(Error::busy().reason(Cow::Borrowed(reason::BUSY)))
}

/// The answer to a guess about nobody's account, after the work that one about somebody's costs.
pub(in crate::handlers) async fn refuse_delivered(context: &Context, guess: Guess<'_>, reason: &'static str) -> Error {
    let nowhere = Place { entry: uuid::Uuid::nil(), attribute: ATTRIBUTE };
    std::hint::black_box(context.sealer.is_keyed_hash(nowhere, guess.text, &[]));
    let claim = Claim { password: None, code: CodeClaim::Only(guess.text), origin: guess.origin };
    refuse_stranger(context, claim, reason).await
}

/// Where the one-time passwords of an account belong.
pub(in crate::handlers) fn delivered_place(account: &Account) -> Place<'_> {
    Place { entry: account.user.uuid, attribute: ATTRIBUTE }
}

/// As what it is counted.
const FACTOR: &str = "delivered-otp";
const ATTRIBUTE: &str = "ds-auth-delivered-otp";

/// The record without the one-time password, if the guess is it.
fn judge(context: &Context, rules: &Rules, account: &Account, guess: Guess<'_>) -> Judged {
    let now = context.clock.now();
    let outstanding = account.record.outstanding();
    let hash = outstanding.map_or(&[][..], |outstanding| &outstanding.hash);
    let matches = context.sealer.is_keyed_hash(delivered_place(account), guess.text, hash);
    let verdict = outstanding.map(|outstanding| outstanding.judge(matches, now, rules.fence));
    let door = account.record.second_factor_failures.door(now, &rules.second_factor);
    let shut = match (account.unusable, door) {
        (Some(state), _) => Some(state),
        _ if rules.locks_password(account, now) => Some(reason::LOCKED),
        (None, Door::Locked { .. }) => Some(reason::FACTOR_LOCKED),
        (None, Door::Closed) => Some(reason::FACTOR_CLOSED),
        (None, Door::Open) => None,
    };
    let uncounted = |reason| Judged::Refused { reason, counted: None, guessed: None };
    if shut.is_none() && verdict == Some(Verdict::Right) {
        let mut amended = Amended::of(&account.record);
        let record = amended.amend();
        if let Some(delivered) = &mut record.delivered {
            delivered.outstanding = None;
        }
        record.clear_failures();
        record.last_login = Some(now);
        record.state.last_address = guess.origin.address();
        if rules.logins.successes > 0 {
            record.state.logins.note(guess.origin.attempt(now, None), &rules.logins);
        }
        // The password that was proven when the code was asked for may have expired since, or be somebody else's.
        return match age::judge(rules, account, &mut amended, Purpose::Bind, now) {
            Ok(notice) => Judged::Right(amended.change(account), notice),
            Err(lapsed) => uncounted(lapsed.reason),
        };
    }
    dummy_code_work(rules, now);
    if let Some(reason) = shut {
        return uncounted(reason);
    }
    // While a code is outstanding its owner, or a thief of the password, is about to use it. Guesses at nothing need no password: they
    // must not close the second factor, and count like wrong passwords.
    let count = if verdict == Some(Verdict::Wrong) { Count::SecondFactor } else { Count::Password };
    let most = context.config.load().delivered_otp.wrong_guesses;
    let (reason, most) = match verdict {
        Some(Verdict::Expired) => (reason::TOKEN_EXPIRED, 0),
        None => (reason::NOT_OUTSTANDING, 0),
        Some(_) => (reason::WRONG_CODE, most),
    };
    let guessed = outstanding.map(|outstanding| Guessed { hash: outstanding.hash.clone(), most });
    Judged::Refused { reason, counted: Some(count), guessed }
}
