//! A failure while it is being recorded. Whoever closes the connection at that moment, to learn from the silence that a guess was
//! wrong before it is counted, has it counted all the same.

use std::{borrow::Cow, future::poll_fn, pin::Pin, sync::Arc};

use crate::{
    clock::UnixMillis,
    error::Error,
    factors::{lockout::Settings, record::Record},
    handlers::{context::Context, subject::Account},
    store::{Answer, Applied, Change, EntryId, Found, Store, StoreError, Target},
    telemetry::reason,
};

/// How often the record is read again after somebody else changed it.
const MAX_ATTEMPTS: usize = 200;

/// Which count a failure goes to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Count {
    /// The password's.
    Password,
    /// The second factor's.
    SecondFactor,
}

/// A failure whose record the store is writing. Dropped before the store has answered, it sees to it that the failure is counted.
pub(super) struct Unrecorded {
    answer: Option<Answer<'static, Result<Applied, StoreError>>>,
    failure: Failure,
}

/// What is needed to count a failure once more.
#[derive(Clone)]
struct Failure {
    store: Arc<dyn Store>,
    account: EntryId,
    count: Count,
    settings: Settings,
    now: UnixMillis,
}

impl Unrecorded {
    /// Begins to write `record`, in which a failure of `account` is counted by `settings`.
    pub(super) fn begin(
        context: &Context,
        account: &Account,
        count: Count,
        settings: Settings,
        record: &Record,
    ) -> Self {
        let account_id = account.user.id;
        let change = Change::Factors { id: account_id, expected: account.record_version, record: record.encode() };
        let store = Arc::clone(&context.store);
        let answer = Some(store.apply(vec![change]));
        Self { answer, failure: Failure { store, account: account_id, count, settings, now: context.clock.now() } }
    }

    /// What the store answers. After a conflict nothing is counted: the caller judges anew.
    pub(super) async fn recorded(mut self) -> Result<(), StoreError> {
        let Some(answer) = &mut self.answer else { return Ok(()) };
        let outcome = poll_fn(|context| Pin::new(&mut *answer).poll(context)).await;
        self.answer = None;
        outcome.map(drop)
    }
}

impl Drop for Unrecorded {
    fn drop(&mut self) {
        let Some(answer) = self.answer.take() else { return };
        let Ok(runtime) = tokio::runtime::Handle::try_current() else { return };
        let failure = self.failure.clone();
        runtime.spawn(async move {
            if let Err(StoreError::Conflict) = answer.await {
                failure.record().await;
            }
        });
    }
}

impl Failure {
    async fn record(self) {
        for _ in 0..MAX_ATTEMPTS {
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
            let failures = match self.count {
                Count::Password => &mut record.password_failures,
                Count::SecondFactor => &mut record.second_factor_failures,
            };
            let before = *failures;
            *failures = failures.failed(self.now, &self.settings);
            if before != *failures {
                record.note_failure(self.now);
            }
            let change = Change::Factors { id: self.account, expected, record: record.encode() };
            match self.store.apply(vec![change]).await {
                Err(StoreError::Conflict) => {}
                _ => return,
            }
        }
    }
}

/// The answer to whoever had an outcome that the store would not take.
pub(super) fn not_recorded(error: StoreError) -> Error {
    Error::unavailable(error).reason(Cow::Borrowed(reason::NOT_RECORDED))
}
