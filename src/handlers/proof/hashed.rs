//! The password of a claim, judged against the stored values: on which thread, and what a failure still owes.

use smallvec::SmallVec;
use zeroize::Zeroizing;

use super::{
    claim::{Claim, CodeClaim},
    codes::dummy_code_work,
    judgement::Password,
    rules::Rules,
    unrecorded::not_recorded,
};
use crate::{
    error::{Error, Result},
    factors::{
        password::{Stored, Value, Workspace, read, verify},
        record::Record,
    },
    handlers::context::Context,
    store::Change,
    telemetry::reason,
};

/// Most values of userPassword that are judged: a heap of slow hashes must not stall the server.
const MAX_PASSWORDS: usize = 4;

/// A password as judged against the stored values.
pub(super) struct Hashed {
    pub(super) verdict: Password,
    /// Whether a hash of the configured scheme was computed for it.
    pub(super) paid: bool,
}

impl Hashed {
    /// No password, for this reason.
    pub(super) const fn nothing(reason: &'static str) -> Self {
        Self { verdict: Password::Wrong(reason), paid: false }
    }

    /// Whether one of `values` is the password. Light hashes are computed at once, others on the pool.
    ///
    /// # Errors
    /// `busy`.
    pub(super) async fn judge(
        context: &Context,
        rules: &Rules,
        values: &[Vec<u8>],
        password: Option<&[u8]>,
    ) -> Result<Self> {
        let Some(password) = password else {
            return Ok(Self::nothing(reason::WRONG_PASSWORD));
        };
        let stored: SmallVec<[Stored<'_>; 1]> = values
            .iter()
            .take(MAX_PASSWORDS)
            .filter_map(|value| match read(value) {
                Value::Hashed(stored) => Some(stored),
                Value::Unusable | Value::ClearText(_) => None,
            })
            .collect();
        let paid = stored.iter().any(|stored| stored.is_of(&rules.scheme));
        let right = if stored.iter().all(Stored::is_light) {
            let mut workspace = Workspace::default();
            stored.iter().fold(false, |right, stored| stored.verify(password, &mut workspace) | right)
        } else {
            let values: Vec<Vec<u8>> = values.iter().take(MAX_PASSWORDS).cloned().collect();
            let password = Zeroizing::new(password.to_vec());
            let judge = move |workspace: &mut Workspace| verify(values.iter().map(Vec::as_slice), &password, workspace);
            context.hashing.run(judge).await?
        };
        let verdict = match right {
            true => Password::Right,
            false if values.is_empty() => Password::Wrong(reason::NO_PASSWORD),
            false if stored.is_empty() => Password::Wrong(reason::UNUSABLE_HASH),
            false => Password::Wrong(reason::WRONG_PASSWORD),
        };
        Ok(Self { verdict, paid })
    }

    /// Computes a hash of the configured scheme, if none was computed yet.
    ///
    /// # Errors
    /// `busy`.
    pub(super) async fn pay(&mut self, context: &Context, rules: &Rules, claim: Claim<'_>) -> Result<()> {
        if self.paid || matches!(claim.code, CodeClaim::Only(_)) {
            return Ok(());
        }
        self.paid = true;
        let scheme = rules.scheme;
        if scheme.is_light() {
            scheme.burn(claim.password.unwrap_or_default(), &mut Workspace::default());
            return Ok(());
        }
        let password = Zeroizing::new(claim.password.unwrap_or_default().to_vec());
        context.hashing.run(move |workspace| scheme.burn(&password, workspace)).await
    }

    /// The answer to a claim about nobody's account: a write, and the hash it still owes.
    pub(super) async fn refuse_stranger(
        &mut self,
        context: &Context,
        rules: &Rules,
        claim: Claim<'_>,
        reason: &'static str,
    ) -> Error {
        dummy_code_work(rules, context.clock.now());
        if let Err(error) = context.store.apply(vec![stranger(context)]).await {
            return not_recorded(error);
        }
        context.metrics.refused("password", reason);
        let busy = self.pay(context, rules, claim).await.err();
        busy.unwrap_or_else(|| Error::invalid_credentials(reason))
    }
}

fn stranger(context: &Context) -> Change {
    let mut record = Record { last_login: Some(context.clock.now()), ..Record::default() };
    record.password_failures.last = context.clock.now();
    Change::Stranger { record: record.encode() }
}
