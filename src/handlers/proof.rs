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
mod amended;
mod case;
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
    amended::Amended,
    case::Proven,
    claim::{Claim, CodeClaim},
    codes::{open_secret, totp_place},
    delivered::{Guess, delivered_place, prove_delivered, refuse_delivered},
    origin::Origin,
    recovery::recovery_place,
    rules::fence,
};
use self::{
    case::{Case, reread},
    hashed::Hashed,
    judgement::{Accepted, Judgement, Password, Refusal, weigh},
    presented::Code,
    rules::{PASSWORD, Rules},
    unrecorded::{Failure, Guessed, Owed, not_recorded},
};
use crate::{
    caller::Strength,
    error::{Error, Result},
    factors::{lockout::Settings as Lockout, record::Record, yubikey::Otp},
    handlers::{
        context::Context,
        devices::{Judge, Judged},
        subject::Account,
    },
    store::{Change, StoreError},
    telemetry::reason,
};

/// What a good proof changes further, or why it is refused all the same.
type Settle<'s, T> = dyn FnMut(&Account, &mut Amended<'_>) -> Result<T> + Send + 's;

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
    let mut settle = |account: &Account, record: &mut Amended<'_>| settle(account, record.amend());
    prove_for(Purpose::Operation, context, account, claim, durable, &mut settle).await
}

/// The same for another purpose: what an old password is still good for depends on it. `settle` amends the record only where it has to.
///
/// # Errors
/// As [`prove`].
pub(super) async fn prove_for<'a, T: Send>(
    purpose: Purpose,
    context: &Context,
    account: Box<Account>,
    claim: Claim<'a>,
    durable: bool,
    settle: &mut Settle<'_, T>,
) -> Result<(Proven<'a>, T)> {
    let rules = Rules::of(context);
    let mut case = Case::open(purpose, context, &rules, account, claim).await?;
    let mut judge = Judge::default();
    let mut owed = Owed::default();
    // What a good bind seldom waits for is boxed: else every bind would bring the room for it.
    for _ in 0..MAX_ATTEMPTS {
        if case.account.user.as_of != context.store.last_change() {
            Box::pin(case.renew(context, &rules)).await?;
        }
        let device = device_of(context, &case.account, case.presented.code, &mut judge).await?;
        let evidence = case.evidence(device, context.clock.now());
        let judgement = weigh(context, &rules, &case.account, evidence, purpose)?;
        match judgement {
            Judgement::Unknown(error) => {
                owed.forgive();
                return Err(error);
            }
            Judgement::Refused(refusal) => {
                match Box::pin(refused(context, &rules, &mut case, &mut owed, refusal)).await {
                    Ok(error) => return Err(error),
                    Err(error) => unless_lost(error)?,
                }
            }
            Judgement::Accepted(Accepted { record, strength, otp, notice }) => {
                owed.forgive();
                let durable = durable || strength == Strength::TwoFactors || notice.grace_logins_left.is_some();
                match settled(context, &case.account, (record, otp), durable, settle).await {
                    Ok(outcome) => {
                        let proven = case.proven(strength, notice);
                        context.metrics.accepted(proven.factor.unwrap_or(PASSWORD));
                        return outcome.map(|outcome| (proven, outcome));
                    }
                    Err(error) => unless_lost(error)?,
                }
            }
        }
    }
    Err(Error::busy().reason(reason::BUSY))
}

/// Counts a failure; the answer to it, unless somebody was faster and the claim is to be judged anew.
async fn refused(
    context: &Context,
    rules: &Rules,
    case: &mut Case<'_>,
    owed: &mut Owed,
    refusal: Refusal,
) -> Result<Error, StoreError> {
    let Refusal { reason, counted, policy } = refusal;
    let attempt = case.claim.origin.attempt(context.clock.now(), Some(&reason));
    let failure = Failure::new(context, rules, &case.account, counted, attempt);
    owed.record(context, failure, &case.account).await?;
    context.metrics.refused(case.presented.code.made_by().unwrap_or(PASSWORD), &reason);
    let busy = case.hashed.pay(context, rules, case.claim).await.err();
    Ok(busy.unwrap_or_else(|| Error { policy, ..Error::invalid_credentials(reason) }))
}

/// Whoever lost a race has the claim judged anew.
///
/// # Errors
/// The answer to whoever had an outcome that the store would not take for another reason.
fn unless_lost(error: StoreError) -> Result<()> {
    match error {
        StoreError::Conflict | StoreError::NotFound => Ok(()),
        error => Err(not_recorded(error)),
    }
}

/// Keeps what a good proof changes, and what `settle` adds, unless that refuses. What is to be kept is decided at once; the answer waits
/// for the store.
fn settled<'c, T: Send>(
    context: &'c Context,
    account: &'c Account,
    (record, otp): (Amended<'_>, Option<Change>),
    durable: bool,
    settle: &mut Settle<'_, T>,
) -> impl Future<Output = Result<Result<T>, StoreError>> + Send + use<'c, T> {
    let mut settled = record.clone();
    let outcome = settle(account, &mut settled);
    let record = if outcome.is_ok() { settled } else { record };
    let durable = durable || otp.is_some();
    let is_last_code = recovery::is_last_spent(context, account, &record);
    let changes: Vec<Change> = record.change(account).into_iter().chain(otp).collect();
    async move {
        keep(context, changes, durable).await?;
        if is_last_code {
            recovery::warn_of_last(context, account);
        }
        Ok(outcome)
    }
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
        let mut record = Amended::of(&account.record);
        let outcome = change(&account, record.amend())?;
        let changes = record.change(&account).into_iter().collect();
        match keep(context, changes, true).await {
            Ok(()) => return Ok(outcome),
            Err(StoreError::Conflict) => {}
            Err(error) => return Err(error.into()),
        }
        account = *reread(context, &account).await?.ok_or_else(|| Error::no_such_object(None))?;
    }
    Err(Error::busy().reason(reason::BUSY))
}

/// Has `changes` written, if there are any. Where success does not rest on them, only a lost race is an error.
async fn keep(context: &Context, changes: Vec<Change>, durable: bool) -> Result<(), StoreError> {
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

/// What the OTP in a claim is worth; `None` if there is none, or its device is not the account's. That is told before anybody is asked:
/// validation servers only say that some device made it.
async fn device_of(context: &Context, account: &Account, code: Code<'_>, judge: &mut Judge) -> Result<Option<Judged>> {
    let Code::Device(typed) = code else { return Ok(None) };
    match Otp::parse(typed).filter(|otp| account.has_yubikey(otp)) {
        Some(otp) => Box::pin(judge.judge(context, &otp)).await.map(Some),
        None => Ok(None),
    }
}
