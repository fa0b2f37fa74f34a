//! Values of userPassword on their way into an entry: hashed, never stored as they came.

use countersign_proto::result_code::ResultCode;
use zeroize::Zeroizing;

use super::target::Read;
use crate::{
    caller::Caller,
    directory::modify::{Modification, ModificationKind},
    error::{Error, PolicyError, Result},
    factors::password::{self, Value},
    handlers::{
        context::Context,
        hashing,
        new_password::{Setter, Standing},
    },
};

/// A password in clear text that is to be deleted.
pub(super) type GivenPassword = Zeroizing<Vec<u8>>;

/// What became of one modification of userPassword.
pub(super) struct Given {
    pub(super) modification: Option<Modification>,
    pub(super) deleted: Vec<GivenPassword>,
    pub(super) sets_password: bool,
}

/// Hashes what a modification brings.
///
/// # Errors
/// constraintViolation for a password that breaks a rule, and for any hash from others than root and `bypass-acl`: a hash says
/// nothing of the password's quality.
pub(super) async fn prepare(
    modification: Modification,
    context: &Context,
    caller: &Caller,
    standing: &Standing,
    setter: Setter,
) -> Result<Given> {
    let Modification { kind, description, values } = modification;
    if kind == ModificationKind::Delete {
        return deletion(description, values, caller);
    }
    let sets_password = !values.is_empty();
    if sets_password && setter == Setter::User && context.config.load().password.current_password_required {
        caller.password_report.tell(|details| details.missing_current_password = true);
        let sentence = "Change a password with the password modify operation, and give the present one";
        return Err(Error::unwilling(sentence).policy(PolicyError::MustSupplyOldPassword));
    }
    let mut hashed = Vec::with_capacity(values.len());
    for value in values {
        let value = Zeroizing::new(value);
        hashed.push(hash(&value, context, caller, standing, setter).await?);
    }
    let modification = Modification { kind, description, values: hashed };
    Ok(Given { modification: Some(modification), deleted: Vec::new(), sets_password })
}

/// How many passwords modifications set.
pub(super) fn count(modifications: &[Modification], context: &Context) -> usize {
    let password = context.schema.well_known().user_password;
    let is_password =
        |description: &str| context.schema.attribute_type(description).is_some_and(|it| it.id == password);
    let sets = |change: &&Modification| {
        change.kind != ModificationKind::Delete && is_password(change.description.split(';').next().unwrap_or_default())
    };
    modifications.iter().filter(sets).map(|change| change.values.len()).sum()
}

async fn hash(
    value: &[u8],
    context: &Context,
    caller: &Caller,
    standing: &Standing,
    setter: Setter,
) -> Result<Vec<u8>> {
    let refused = |sentence: &'static str| Err(Error::new(ResultCode::CONSTRAINT_VIOLATION, sentence));
    match password::read(value) {
        Value::ClearText(clear) => {
            standing.judge(context, caller, clear, setter).await?;
            hashing::hash_password(context, clear).await.map(String::into_bytes)
        }
        _ if !caller.bypasses_access() => refused("A password must be given as it is, not as a hash"),
        // One that cannot be judged is kept, so that entries of other servers can be moved here whole; it matches nothing.
        Value::Hashed(_) | Value::Unusable => Ok(value.to_vec()),
    }
}

fn deletion(description: String, values: Vec<Vec<u8>>, caller: &Caller) -> Result<Given> {
    let given = |value: &Vec<u8>| matches!(password::read(value), Value::ClearText(_));
    let (clear, hashes): (Vec<_>, Vec<_>) = values.iter().cloned().partition(given);
    if !clear.is_empty() && !caller.bypasses_access() {
        // Telling whether a deleted value was right would be a way to guess passwords past the lockout.
        return Err(Error::unwilling("Change a password with the password modify operation, which checks the old one"));
    }
    let whole = values.is_empty() || !hashes.is_empty();
    let kind = ModificationKind::Delete;
    Ok(Given {
        modification: whole.then_some(Modification { kind, description, values: hashes }),
        deleted: clear.into_iter().map(Zeroizing::new).collect(),
        sets_password: false,
    })
}

/// The deletions of the stored values that these passwords are.
///
/// # Errors
/// noSuchAttribute if one is none of them.
pub(super) async fn resolve(deleted: &[GivenPassword], read: &Read, context: &Context) -> Result<Vec<Modification>> {
    let mut deletions = Vec::new();
    for given in deleted {
        let stored = read.entry()?.attribute(context.schema.well_known().user_password);
        let stored: Vec<Vec<u8>> = stored.iter().flat_map(|stored| stored.values()).map(<[u8]>::to_vec).collect();
        let given = given.clone();
        let find = move |workspace: &mut password::Workspace| {
            let is_it = |value: &Vec<u8>| match (password::read(value), password::read(&given)) {
                (Value::Hashed(stored), Value::ClearText(given)) => stored.verify(given, workspace),
                _ => false,
            };
            stored.into_iter().find(is_it)
        };
        let Some(value) = context.hashing.run(find).await? else {
            return Err(Error::new(ResultCode::NO_SUCH_ATTRIBUTE, "The entry has no such password"));
        };
        let description = "userPassword".to_owned();
        deletions.push(Modification { kind: ModificationKind::Delete, description, values: vec![value] });
    }
    Ok(deletions)
}
