//! Password policy state: what an account's state is, and an administrator's hand on it. Reading is `view` and `issues`, changing `draft`; all
//! changes of one request are one change of the store, judged anew where somebody else was faster.

mod draft;
mod issues;
mod values;
mod view;

use std::collections::BTreeSet;

use countersign_proto::{
    account::{PasswordPolicyStateRequest, PasswordPolicyStateResult, StatePart, operation_type::StateOperationType},
    text::{DnText, Secret, Text},
};

use self::{draft::Draft, view::View};
use crate::{
    caller::Caller,
    error::{Error, Result},
    handlers::{
        Operation,
        context::Context,
        devices::{claimed, is_race},
        subject::{Account, Permitted, by_dn, permitted},
        update::stamps,
    },
    store::{Change, EntryId, Found, Target},
    telemetry::reason,
};

/// How often a change is judged anew before the client is told to try later.
const MAX_ATTEMPTS: usize = 64;

/// One operation of a request, known and with its values.
struct Step<'a> {
    kind: StateOperationType,
    values: &'a [Secret],
}

impl Operation for PasswordPolicyStateRequest {
    type Outcome = PasswordPolicyStateResult;

    async fn perform(self, context: &Context, caller: &Caller) -> Result<PasswordPolicyStateResult> {
        let (account, may_change) = match permitted(caller, by_dn(context, &self.target_user).await?)? {
            Permitted::Itself(account) => (account, caller.bypasses_access()),
            Permitted::Administrator(account) => (account, true),
        };
        let steps = steps(&self)?;
        let changes = steps.iter().any(|step| !step.kind.reads());
        if changes && !may_change {
            let sentence = "The state of an account is changed by administrators";
            return Err(Error::insufficient_access(sentence).reason(reason::NOT_ALLOWED));
        }
        let view = match changes {
            true => changed(context, caller, account.user.id, &steps).await?,
            false => View::of(context, *account).await?,
        };
        let told: BTreeSet<StateOperationType> = match steps.is_empty() {
            true => StateOperationType::ALL.iter().copied().filter(|kind| kind.reads()).collect(),
            false => steps.iter().flat_map(|step| answered_by(step.kind)).collect(),
        };
        Ok(PasswordPolicyStateResult {
            target_user: DnText(view.account.user.dn.clone()),
            operations: told
                .into_iter()
                .map(|kind| StatePart { number: kind.number(), values: read(&view, context, kind) })
                .collect(),
        })
    }
}

/// The values that answer `kind`; none where it does not apply.
fn read(view: &View, context: &Context, kind: StateOperationType) -> Vec<Text> {
    match kind {
        StateOperationType::GetAccountUsabilityNotices => issues::notices(view, context),
        StateOperationType::GetAccountUsabilityWarnings => issues::warnings(view),
        StateOperationType::GetAccountUsabilityErrors => issues::errors(view),
        _ => view.read(context, kind),
    }
}

/// The operations of a request.
///
/// # Errors
/// `unwillingToPerform` for one that nobody knows: nothing is done then.
fn steps(request: &PasswordPolicyStateRequest) -> Result<Vec<Step<'_>>> {
    let known = request.operations.iter().map(|operation| {
        let kind = StateOperationType::of(operation.number).ok_or_else(|| {
            Error::unwilling(format!("There is no password policy state operation {}", operation.number))
        })?;
        Ok(Step { kind, values: &operation.values })
    });
    known.collect()
}

/// The account after all of `steps`, in order; none of them if one is refused.
async fn changed(context: &Context, caller: &Caller, id: EntryId, steps: &[Step<'_>]) -> Result<View> {
    for _ in 0..MAX_ATTEMPTS {
        let (mut entry, mut version) = (None, None);
        let mut reader = |found: Found<'_>| (entry, version) = (Some(found.entry.to_entry()), Some(found.version));
        context.store.read(Target::Id(id), false, &mut reader).await?;
        // The record is read after the entry: a change of the entry between the two is noticed by its version.
        let account = Account::read(context, Target::Id(id)).await?;
        let (Some(mut entry), Some(version), Some(account)) = (entry, version, account) else {
            return Err(Error::no_such_object(None));
        };
        let before = account.yubikeys.clone();
        let mut draft = Draft::new(context, *account);
        for step in steps.iter().filter(|step| !step.kind.reads()) {
            draft.apply(context, step.kind, step.values)?;
        }
        let Draft { account, attributes, .. } = draft;
        let gained: Vec<String> = account.yubikeys.iter().filter(|id| !before.contains(id)).cloned().collect();
        let mut changes = claimed(context, caller, Some(id), &gained).await?;
        let record = account.record.encode();
        changes.push(Change::Factors { id, expected: account.record_version, record });
        if !attributes.is_empty() {
            for (name, values) in attributes {
                entry.set(&context.schema, name, values);
            }
            stamps::changed(&mut entry, context, caller);
            context.schema.check(&entry)?;
            changes.push(Change::Replace { id, expected: version, entry: entry.encode(&context.schema) });
        }
        match context.store.apply(changes).await {
            Ok(_) => return View::of(context, account).await,
            Err(error) if is_race(&error) => {}
            Err(error) => return Err(error.into()),
        }
    }
    Err(Error::busy().reason(reason::BUSY))
}

/// As which reading operations an operation is answered.
fn answered_by(kind: StateOperationType) -> Vec<StateOperationType> {
    use StateOperationType as Kind;
    let answer = match kind {
        kind if kind.reads() => kind,
        Kind::ClearPasswordHistory => return vec![Kind::GetPasswordHistory, Kind::GetPasswordHistoryCount],
        Kind::PurgeRetiredPassword => Kind::HasRetiredPassword,
        Kind::AddTotpSharedSecret
        | Kind::RemoveTotpSharedSecret
        | Kind::SetTotpSharedSecrets
        | Kind::ClearTotpSharedSecrets => Kind::HasTotpSharedSecret,
        Kind::AddRegisteredYubiKeyPublicId
        | Kind::RemoveRegisteredYubiKeyPublicId
        | Kind::SetRegisteredYubiKeyPublicIds
        | Kind::ClearRegisteredYubiKeyPublicIds => Kind::GetRegisteredYubiKeyPublicIds,
        Kind::AddAuthenticationFailureTime => Kind::GetAuthenticationFailureTimes,
        Kind::AddGraceLoginUseTime => Kind::GetGraceLoginUseTimes,
        setter => {
            // Every other one is answered by the reader of the same name.
            let name = setter.name().split_once(' ').map_or("", |(_, name)| name);
            let is_its = |reader: &&Kind| reader.name().strip_prefix("get ") == Some(name);
            return Kind::ALL.iter().find(is_its).copied().into_iter().collect();
        }
    };
    vec![answer]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_operation_that_changes_is_answered_by_one_that_reads() {
        for kind in StateOperationType::ALL {
            let answers = answered_by(*kind);
            assert!(!answers.is_empty() && answers.iter().all(|answer| answer.reads()), "{}", kind.name());
        }
        assert_eq!(answered_by(StateOperationType::SetAccountDisabled), [StateOperationType::GetAccountDisabled]);
    }
}
