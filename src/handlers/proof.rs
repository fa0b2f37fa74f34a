//! Whether what was presented proves whose account it is: the core that simple binds, SASL mechanisms, REST and the static passwords
//! of extended operations share. How each of them gets here is theirs.
//!
//! What holds for every proof:
//! * At most one judgement of the stored password; a failure costs one hash of the configured scheme and one durable write, whatever
//!   the cause and whether or not the account exists. Its text is always the same; the reason is for the log.
//! * What a proof changes (a spent time step, cleared or added failures, what `settle` adds) is one write that holds only if the
//!   record is still the one that was judged. Else the record is read and judged again: of two proofs with one code one wins, and
//!   no number of guesses at once is more than so many guesses in a row.
//! * A failure that cannot be recorded, and a code that cannot be spent, is 52 and proves nothing.
//!
//! The password is hashed first, and the record is read after it: what others recorded meanwhile counts.

mod age;
mod claim;
mod codes;
mod delivered;
mod hashed;
mod judgement;
mod origin;
mod presented;
mod recovery;
pub mod replay;
mod rules;
mod unrecorded;

pub(super) use self::{
    age::Purpose,
    claim::{Claim, CodeClaim},
    codes::{open_secret, totp_place},
    delivered::{Guess, delivered_place, prove_delivered, refuse_delivered},
    origin::Origin,
    recovery::recovery_place,
    rules::fence,
};
use self::{
    hashed::Hashed,
    judgement::{Judgement, Password, weigh},
    presented::{Code, Presented},
    rules::{PASSWORD, Rules},
    unrecorded::{Failure, Guessed, Owed, not_recorded},
};
use crate::{
    caller::{Notice, Strength},
    error::{Error, PolicyError, Result},
    factors::{lockout::Settings as Lockout, record::Record, yubikey::Otp},
    handlers::{
        context::Context,
        devices::{Judge, Judged},
        subject::Account,
    },
    store::{Change, StoreError, Target},
    telemetry::reason,
};

/// A proof that was good.
pub(super) struct Proven<'a> {
    /// The account as it was when it was proven.
    pub(super) account: Box<Account>,
    /// The password, without the code that was after it.
    pub(super) password: Option<&'a [u8]>,
    /// By what.
    pub(super) strength: Strength,
    /// What made the code, for the log; `None` without one.
    pub(super) factor: Option<&'static str>,
    /// What there is to say about the password.
    pub(super) notice: Notice,
}

/// How often a record is judged again after somebody else changed it; each time somebody got on, so only a flood gets here.
const MAX_ATTEMPTS: usize = 200;

/// Whether `claim` proves `account`. After a good proof `settle` may change the record further, or refuse: the code is spent then too.
/// `durable`: whether success rests on the record; if not, only spending a code does.
///
/// # Errors
/// `invalidCredentials` whatever failed; `unavailable` if the outcome cannot be recorded; `busy` if too much is hashed; those of
/// `settle`.
pub(super) async fn prove<'a, T: Send>(
    context: &Context,
    account: Box<Account>,
    claim: Claim<'a>,
    durable: bool,
    settle: &mut (dyn FnMut(&Account, &mut Record) -> Result<T> + Send),
) -> Result<(Proven<'a>, T)> {
    prove_for(Purpose::Operation, context, account, claim, durable, settle).await
}

/// The same for another purpose: what an old password is still good for depends on it.
///
/// # Errors
/// As [`prove`].
pub(super) async fn prove_for<'a, T: Send>(
    purpose: Purpose,
    context: &Context,
    account: Box<Account>,
    claim: Claim<'a>,
    durable: bool,
    settle: &mut (dyn FnMut(&Account, &mut Record) -> Result<T> + Send),
) -> Result<(Proven<'a>, T)> {
    let rules = Rules::of(context);
    let mut account = account;
    let mut presented = Presented::of(context, &rules, &account, claim)?;
    let mut stored = with_retired(purpose, context, &account);
    let values = stored.as_ref().unwrap_or(&account.passwords);
    let mut hashed = Hashed::judge(context, &rules, values, presented.password).await?;
    let mut judge = Judge::default();
    let mut owed = Owed::default();
    for _ in 0..MAX_ATTEMPTS {
        if account.user.as_of != context.store.last_change() {
            let Some(fresh) = reread(context, &account).await? else {
                return Err(hashed.refuse_stranger(context, &rules, claim, reason::NO_SUCH_USER).await);
            };
            let again = Presented::of(context, &rules, &fresh, claim)?;
            let stored_now = with_retired(purpose, context, &fresh);
            let are_the_same = fresh.passwords == account.passwords && stored_now == stored;
            if again.password != presented.password || !are_the_same {
                let paid = hashed.paid;
                stored = stored_now;
                let values = stored.as_ref().unwrap_or(&fresh.passwords);
                hashed = Hashed::judge(context, &rules, values, again.password).await?;
                hashed.paid |= paid;
            }
            (*account, presented) = (fresh, again);
        }
        let device = device_of(context, &account, presented.code, &mut judge).await?;
        let found = (verdict(claim, &hashed), presented.code, device);
        let closed = account.unusable.take_if(|_| matches!(claim.code, CodeClaim::AloneInAnyState));
        let (judgement, notice) = weighed(context, &rules, &account, found, purpose)?;
        account.unusable = account.unusable.or(closed);
        match judgement {
            Judgement::Unknown(error) => {
                owed.forgive();
                return Err(error);
            }
            Judgement::Refused { reason, counted } => {
                let attempt = claim.origin.attempt(context.clock.now(), Some(&reason));
                let failure = Failure::new(context, &rules, &account, counted, attempt);
                match owed.record(context, failure, &account).await {
                    Ok(()) => {
                        context.metrics.refused(presented.code.made_by().unwrap_or(PASSWORD), &reason);
                        let busy = hashed.pay(context, &rules, claim).await.err();
                        let refused = || Error { policy: notice.err(), ..Error::invalid_credentials(reason) };
                        return Err(busy.unwrap_or_else(refused));
                    }
                    Err(StoreError::Conflict | StoreError::NotFound) => {}
                    Err(error) => return Err(not_recorded(error)),
                }
            }
            Judgement::Accepted { record, strength, otp } => {
                owed.forgive();
                let notice = notice.unwrap_or_default();
                let durable = durable || strength == Strength::TwoFactors || notice.grace_logins_left.is_some();
                match settled(context, &account, (record, otp), durable, settle).await {
                    Ok(outcome) => {
                        let factor = presented.code.made_by();
                        context.metrics.accepted(factor.unwrap_or(PASSWORD));
                        let proven = Proven { account, password: presented.password, strength, factor, notice };
                        return outcome.map(|outcome| (proven, outcome));
                    }
                    Err(StoreError::Conflict | StoreError::NotFound) => {}
                    Err(error) => return Err(not_recorded(error)),
                }
            }
        }
    }
    Err(Error::busy().reason(reason::BUSY))
}

/// The hashes that a password is held against where the entry's are not all: with the retired one's, for whatever sets no new password.
fn with_retired(purpose: Purpose, context: &Context, account: &Account) -> Option<Vec<Vec<u8>>> {
    let retired = account.record.state.retired.as_ref()?;
    if purpose == Purpose::NewPassword || !retired.is_good(context.clock.now()) {
        return None;
    }
    let former = retired.hashes.iter().map(|hash| hash.clone().into_bytes());
    Some(account.passwords.iter().cloned().chain(former).collect())
}

/// What the password of a claim comes to, where one is asked for.
const fn verdict(claim: Claim<'_>, hashed: &Hashed) -> Password {
    match claim.code {
        CodeClaim::Only(_) => Password::NotAsked,
        CodeClaim::DeviceAlone(_) if claim.password.is_none() => Password::Spared,
        _ => hashed.verdict,
    }
}

/// Keeps what a good proof changes, and what `settle` adds, unless that refuses.
async fn settled<T: Send>(
    context: &Context,
    account: &Account,
    (record, otp): (Record, Option<Change>),
    durable: bool,
    settle: &mut (dyn FnMut(&Account, &mut Record) -> Result<T> + Send),
) -> Result<Result<T>, StoreError> {
    let mut settled = record.clone();
    let outcome = settle(account, &mut settled);
    let record = if outcome.is_ok() { settled } else { record };
    let durable = durable || otp.is_some();
    let is_last_code = recovery::is_last_spent(context, account, &record);
    keep(context, account, record, otp, durable).await?;
    if is_last_code {
        recovery::warn_of_last(context, account);
    }
    Ok(outcome)
}

/// The judgement of a claim, with what there is to say about a password that was right: what its age demands, or why it does not
/// help.
fn weighed(
    context: &Context,
    rules: &Rules,
    account: &Account,
    (password, code, device): (Password, Code<'_>, Option<Judged>),
    purpose: Purpose,
) -> Result<(Judgement, Result<Notice, PolicyError>)> {
    let mut judgement = weigh(context, rules, account, password, code, device)?;
    let Judgement::Accepted { record, .. } = &mut judgement else { return Ok((judgement, Ok(Notice::default()))) };
    if matches!(password, Password::NotAsked) {
        return Ok((judgement, Ok(Notice::default())));
    }
    Ok(match age::judge(rules, account, record, purpose, context.clock.now()) {
        Ok(notice) => (judgement, Ok(notice)),
        Err(lapsed) => (Judgement::Refused { reason: lapsed.reason.into(), counted: None }, Err(lapsed.policy)),
    })
}

/// Whether the password of `claim` is the root user's. There is no record to count failures in; each costs a hash and a durable write.
///
/// # Errors
/// As [`prove`].
pub(super) async fn prove_root(context: &Context, claim: Claim<'_>) -> Result<()> {
    let rules = Rules::of(context);
    let config = context.config.load_full();
    let values: Vec<Vec<u8>> = config.root.password_hash.iter().map(|hash| hash.expose().as_bytes().to_vec()).collect();
    let mut hashed = Hashed::judge(context, &rules, &values, claim.password).await?;
    match hashed.verdict {
        Password::Right | Password::NotAsked | Password::Spared => Ok(()),
        Password::Wrong(reason) => {
            let claim = Claim { code: CodeClaim::Alone, ..claim };
            Err(hashed.refuse_stranger(context, &rules, claim, reason).await)
        }
    }
}

/// The answer to a claim about nobody's account, after the work and the write that a wrong password costs.
pub(super) async fn refuse_stranger(context: &Context, claim: Claim<'_>, reason: &'static str) -> Error {
    let mut hashed = Hashed::nothing(reason);
    hashed.refuse_stranger(context, &Rules::of(context), claim, reason).await
}

/// The answer to a failed proof that is no password, of an account: a hash, and the failure counted with the password's.
///
/// # Errors
/// Always.
pub(super) async fn refuse_account<T>(
    context: &Context,
    account: Box<Account>,
    claim: Claim<'_>,
    reason: &'static str,
) -> Result<T> {
    let claim = Claim { password: None, code: CodeClaim::Alone, ..claim };
    let refused = prove(context, account, claim, false, &mut |_, _| Ok(())).await;
    Err(match refused {
        Err(error) if error.reason.as_deref() == Some(reason::WRONG_PASSWORD) => error.reason(reason),
        Err(error) => error,
        Ok(_) => Error::invalid_credentials(reason),
    })
}

/// Whether the account is refused whatever is proven: not usable, or its password locked.
pub(super) fn is_refused(context: &Context, account: &Account) -> bool {
    account.unusable.is_some() || Rules::of(context).locks_password(account, context.clock.now())
}

/// After how many failures what closes, and for how long: the password, the second factor.
pub(super) fn lockouts(context: &Context) -> [Lockout; 2] {
    let rules = Rules::of(context);
    [rules.password, rules.second_factor]
}

/// Whether too many wrong passwords lock the account.
pub(super) fn is_locked(context: &Context, account: &Account) -> bool {
    Rules::of(context).locks_password(account, context.clock.now())
}

/// The record changed as `change` says, by whoever may: read, changed and written until nobody was faster.
///
/// # Errors
/// Those of `change`; `noSuchObject` if the entry is gone; those of the store.
pub(super) async fn update_record<T: Send>(
    context: &Context,
    mut account: Account,
    change: &mut (dyn FnMut(&Account, &mut Record) -> Result<T> + Send),
) -> Result<T> {
    for _ in 0..MAX_ATTEMPTS {
        let mut record = account.record.clone();
        let outcome = change(&account, &mut record)?;
        match keep(context, &account, record, None, true).await {
            Ok(()) => return Ok(outcome),
            Err(StoreError::Conflict) => {}
            Err(error) => return Err(error.into()),
        }
        account = reread(context, &account).await?.ok_or_else(|| Error::no_such_object(None))?;
    }
    Err(Error::busy().reason(reason::BUSY))
}

/// Writes the record if it changed, and with it the change that spends an OTP. Where success does not rest on it, only a lost race is
/// an error.
async fn keep(
    context: &Context,
    account: &Account,
    record: Record,
    otp: Option<Change>,
    durable: bool,
) -> Result<(), StoreError> {
    let changed = (record != account.record).then(|| factors(account, &record));
    let changes: Vec<Change> = changed.into_iter().chain(otp).collect();
    if changes.is_empty() {
        return Ok(());
    }
    match context.store.apply(changes).await {
        Ok(_) => Ok(()),
        Err(error @ (StoreError::Conflict | StoreError::NotFound)) => Err(error),
        Err(error) if durable => Err(error),
        Err(_) => Ok(()),
    }
}

fn factors(account: &Account, record: &Record) -> Change {
    Change::Factors { id: account.user.id, expected: account.record_version, record: record.encode() }
}

/// What the OTP in a claim is worth; `None` if there is none, or its device is not the account's. That is told before anybody is asked:
/// validation servers only say that some device made it.
async fn device_of(context: &Context, account: &Account, code: Code<'_>, judge: &mut Judge) -> Result<Option<Judged>> {
    let Code::Device(typed) = code else { return Ok(None) };
    match Otp::parse(typed).filter(|otp| account.has_yubikey(otp)) {
        Some(otp) => judge.judge(context, &otp).await.map(Some),
        None => Ok(None),
    }
}

/// The same account as it is now; `None` if its entry is gone.
async fn reread(context: &Context, account: &Account) -> Result<Option<Account>> {
    let fresh = Account::read(context, Target::Id(account.user.id)).await?;
    Ok(fresh.filter(|fresh| fresh.user.uuid == account.user.uuid))
}
