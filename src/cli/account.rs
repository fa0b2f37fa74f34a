//! The state of an account, as the command line asks the server for it and changes it: the password policy state operation.

use std::{collections::BTreeMap, time::Duration};

use countersign_proto::{
    account::{
        PasswordPolicyStateRequest, PasswordPolicyStateResult, StateOperation, operation_type::StateOperationType,
    },
    oid,
    text::{DnText, Secret},
    value::{BerRequest, BerResult},
};
use serde_json::{Map, Value, json};

use super::{answer::Failure, client::succeeded, site::Site};

/// Everything that the server tells of an account's state.
pub(crate) struct Account(BTreeMap<StateOperationType, Vec<String>>);

/// How grave it is what is worth saying about an account.
#[derive(Clone, Copy)]
pub(crate) enum Class {
    /// The account cannot be used, or not for everything.
    Errors,
    /// Soon it will be so.
    Warnings,
    /// Of interest.
    Notices,
}

impl Account {
    /// All of it.
    pub(crate) async fn read(site: &mut Site, dn: &str) -> Result<Self, Failure> {
        ask(site, dn, &[]).await.map(Self)
    }

    /// Changes parts of it, all or none; each operation with its values.
    pub(crate) async fn change(
        site: &mut Site,
        dn: &str,
        operations: &[(StateOperationType, &[&str])],
    ) -> Result<(), Failure> {
        ask(site, dn, operations).await.map(drop)
    }

    /// The values that answer `kind`.
    pub(crate) fn all(&self, kind: StateOperationType) -> &[String] {
        self.0.get(&kind).map_or(&[], Vec::as_slice)
    }

    /// The first of them.
    pub(crate) fn first(&self, kind: StateOperationType) -> Option<&str> {
        self.all(kind).first().map(String::as_str)
    }

    /// Whether the answer is `true`.
    pub(crate) fn is(&self, kind: StateOperationType) -> bool {
        self.first(kind) == Some("true")
    }

    /// An answer in seconds.
    pub(crate) fn seconds(&self, kind: StateOperationType) -> Option<Duration> {
        self.first(kind)?.parse().ok().map(Duration::from_secs)
    }

    /// What is worth saying, in sentences.
    pub(crate) fn issues(&self, class: Class) -> Vec<String> {
        let kind = match class {
            Class::Errors => StateOperationType::GetAccountUsabilityErrors,
            Class::Warnings => StateOperationType::GetAccountUsabilityWarnings,
            Class::Notices => StateOperationType::GetAccountUsabilityNotices,
        };
        let sentence =
            |line: &String| line.split_once("\tmessage=").map_or_else(|| line.clone(), |(_, text)| text.to_owned());
        self.all(kind).iter().map(sentence).collect()
    }

    /// Every part that applies, by the name of the operation that reads it.
    pub(crate) fn to_json(&self) -> Value {
        let parts = self.0.iter().filter(|(_, values)| !values.is_empty());
        let named = parts.map(|(kind, values)| {
            let name = kind.name().split_once(' ').map_or_else(|| kind.name(), |(_, name)| name);
            (name.replace(' ', "-"), json!(values))
        });
        Value::Object(named.collect::<Map<_, _>>())
    }
}

async fn ask(
    site: &mut Site,
    dn: &str,
    operations: &[(StateOperationType, &[&str])],
) -> Result<BTreeMap<StateOperationType, Vec<String>>, Failure> {
    let operations = operations.iter().map(|(kind, values)| StateOperation {
        number: kind.number(),
        values: values.iter().map(|value| Secret::new(value.as_bytes())).collect(),
    });
    let request = PasswordPolicyStateRequest { target_user: DnText(dn.to_owned()), operations: operations.collect() };
    let (result, value) = site.client.extended(oid::PASSWORD_POLICY_STATE, request.to_ber()).await?;
    succeeded(&result)?;
    let answer = PasswordPolicyStateResult::from_ber(value.as_deref())
        .map_err(|error| Failure::refused(format!("the server's answer cannot be read: {}", error.into_sentence())))?;
    let parts = answer.operations.into_iter().filter_map(|part| {
        let values = part.values.into_iter().map(|value| value.0).collect();
        StateOperationType::of(part.number).map(|kind| (kind, values))
    });
    Ok(parts.collect())
}
