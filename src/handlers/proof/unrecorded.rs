//! Failures until they are on the disk. Whoever closes the connection at that moment, to learn from the silence that a guess was wrong
//! before it is counted, has it counted all the same: from its judgement to the store's answer a failure is [`Owed`], also
//! while it is judged again because somebody else was faster, and what is owed is paid though nobody waits for it.

use std::{borrow::Cow, future::poll_fn, pin::Pin, sync::Arc};

use super::rules::{Count, PASSWORD, Rules};
use crate::{
    clock::UnixMillis,
    error::Error,
    factors::{
        lockout::{Door, Settings},
        login_history::{Attempt, Bounds},
        record::Record,
    },
    handlers::{context::Context, subject::Account},
    store::{Answer, Applied, Change, EntryId, Found, Store, StoreError, Target},
    telemetry::reason,
};

/// A failed proof: all that is needed to count it and to write it down, now or later.
pub(super) struct Failure {
    store: Arc<dyn Store>,
    account: EntryId,
    now: UnixMillis,
    /// Where it counts, and by what rule; `None` while a door is shut: then it is only written down.
    counted: Option<(Count, Settings)>,
    attempt: Attempt,
    bounds: Bounds,
    guessed: Option<Guessed>,
}

/// A guess at a one-time password that was sent.
pub(super) struct Guessed {
    /// The hash of the one that was outstanding.
    pub(super) hash: Vec<u8>,
    /// After how many wrong guesses it is good no more; 0: it has ended.
    pub(super) most: u32,
}

impl Failure {
    /// A failure of `account` that is judged now.
    pub(super) fn new(
        context: &Context,
        rules: &Rules,
        account: &Account,
        counted: Option<Count>,
        attempt: Attempt,
    ) -> Self {
        Self {
            store: Arc::clone(&context.store),
            account: account.user.id,
            now: attempt.time,
            counted: counted.map(|count| (count, *rules.limits(count))),
            attempt,
            bounds: rules.logins,
            guessed: None,
        }
    }

    /// The same failure, which was a guess at what was sent.
    pub(super) fn of_guess(self, guessed: Option<Guessed>) -> Self {
        Self { guessed, ..self }
    }

    /// Counts the failure in `record` and writes it down there.
    fn enter(&self, record: &mut Record) {
        if let Some((count, settings)) = &self.counted {
            let failures = match count {
                Count::Password => &mut record.password_failures,
                Count::SecondFactor | Count::RecoveryCode => &mut record.second_factor_failures,
            };
            let before = *failures;
            *failures = failures.failed(self.now, settings);
            if before != *failures {
                record.note_failure(self.now);
            }
        }
        if let (Some(guessed), Some(delivered)) = (&self.guessed, &mut record.delivered) {
            let outstanding = delivered.outstanding.take_if(|outstanding| outstanding.hash == guessed.hash);
            if let Some(outstanding) = outstanding {
                delivered.outstanding = outstanding.after_wrong_guess(guessed.most);
            }
        }
        record.state.logins.note(self.attempt.clone(), &self.bounds);
    }

    /// What the failure has closed, once it is entered in `record`.
    fn locked(&self, record: &Record) -> Option<&'static str> {
        let (count, settings) = self.counted?;
        let (factor, failures) = match count {
            Count::Password => (PASSWORD, &record.password_failures),
            Count::SecondFactor | Count::RecoveryCode => ("second-factor", &record.second_factor_failures),
        };
        (failures.door(self.now, &settings) != Door::Open).then_some(factor)
    }

    /// Counts the failure in whatever the record is by now, until nobody was faster. Each time that somebody was, somebody got on.
    async fn enter_late(self) {
        loop {
            let (mut record, mut expected) = (None, None);
            let mut reader = |found: Found<'_>| {
                expected = found.factors.map(|factors| factors.version);
                record = found
                    .factors
                    .map_or_else(|| Some(Record::default()), |factors| Record::decode(factors.record).ok());
            };
            if self.store.read(Target::Id(self.account), true, &mut reader).await.is_err() {
                return;
            }
            let Some(mut record) = record else { return };
            self.enter(&mut record);
            let change = Change::Factors { id: self.account, expected, record: record.encode() };
            if !matches!(self.store.apply(vec![change]).await, Err(StoreError::Conflict)) {
                return;
            }
        }
    }
}

/// A failure that is not on the disk yet. Dropped with one, it sees to it that the failure is counted.
#[derive(Default)]
pub(super) struct Owed {
    failure: Option<Box<Failure>>,
    answer: Option<Answer<'static, Result<Applied, StoreError>>>,
}

impl Owed {
    /// Writes the failure into the record that was judged. It comes before the hash that a failure may still owe: a requester who
    /// does not wait for that is counted all the same.
    ///
    /// # Errors
    /// A conflict: it is owed still, until it is judged anew. Any other: the store cannot.
    pub(super) async fn record(
        &mut self,
        context: &Context,
        failure: Failure,
        account: &Account,
    ) -> Result<(), StoreError> {
        let stranger = || Change::Stranger { record: account.record.encode() };
        let mut record = account.record.clone();
        failure.enter(&mut record);
        let change = match record == account.record {
            // A write that costs the same.
            true => stranger(),
            false => Change::Factors { id: account.user.id, expected: account.record_version, record: record.encode() },
        };
        let is_counted = failure.counted.is_some();
        let locked = failure.locked(&record);
        self.failure = is_counted.then(|| Box::new(failure));
        match self.answered(context.store.apply(vec![change])).await {
            // What counts nowhere is not worth a race.
            Err(StoreError::Conflict | StoreError::NotFound) if !is_counted => {
                self.answered(context.store.apply(vec![stranger()])).await.map(drop)
            }
            Err(error @ (StoreError::Conflict | StoreError::NotFound)) => Err(error),
            done => {
                self.failure = None;
                done?;
                locked.into_iter().for_each(|factor| context.metrics.locked_out(factor));
                Ok(())
            }
        }
    }

    /// The claim was judged anew, and is no failure.
    pub(super) fn forgive(&mut self) {
        self.failure = None;
    }

    async fn answered(&mut self, answer: Answer<'static, Result<Applied, StoreError>>) -> Result<Applied, StoreError> {
        let answer = self.answer.insert(answer);
        let outcome = poll_fn(|context| Pin::new(&mut *answer).poll(context)).await;
        self.answer = None;
        outcome
    }
}

impl Drop for Owed {
    fn drop(&mut self) {
        let (Some(failure), answer) = (self.failure.take(), self.answer.take()) else { return };
        let Ok(runtime) = tokio::runtime::Handle::try_current() else { return };
        runtime.spawn(async move {
            let is_recorded = match answer {
                Some(answer) => !matches!(answer.await, Err(StoreError::Conflict)),
                None => false,
            };
            if !is_recorded {
                failure.enter_late().await;
            }
        });
    }
}

/// The answer to whoever had an outcome that the store would not take.
pub(super) fn not_recorded(error: StoreError) -> Error {
    Error::unavailable(error).reason(Cow::Borrowed(reason::NOT_RECORDED))
}
