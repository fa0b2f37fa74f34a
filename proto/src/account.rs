//! The state of an account as password policy sees it: the operation that reads and changes it, and the numbers of its parts.
//! What the parts mean is at home in the server.

pub mod issue;
mod json;
pub mod login_history;
pub mod operation_type;

use crate::{
    text::{DnText, Secret, Text},
    value::{BerRequest, BerResult, ValueError, elements, required, sequence},
};

/// Reads or changes parts of an account's state, all or nothing, in the order given. The requester needs the password-reset
/// privilege; a user may read their own.
///
/// OID 1.3.6.1.4.1.30221.1.6.1, value required, everything universal:
/// ```text
/// SEQUENCE { targetUser OCTET STRING, operations SEQUENCE OF SEQUENCE {
///                opType ENUMERATED, opValues SEQUENCE OF OCTET STRING OPTIONAL } OPTIONAL }
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PasswordPolicyStateRequest {
    /// The user's entry: a bare DN.
    pub target_user: DnText,
    /// What to read and change; empty: read everything.
    pub operations: Vec<StateOperation>,
}

/// One thing to read or change.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StateOperation {
    /// Its number on the wire; which numbers there are, [`operation_type::StateOperationType`] says.
    pub number: i64,
    /// Text each, and maybe a secret; empty is the same as absent.
    pub values: Vec<Secret>,
}

impl BerRequest for PasswordPolicyStateRequest {
    fn from_ber(value: Option<&[u8]>) -> Result<Self, ValueError> {
        let (target_user, operations) = read(value, |text| Secret::new(text))?;
        let operations = operations.into_iter().map(|(number, values)| StateOperation { number, values }).collect();
        Ok(Self { target_user, operations })
    }

    fn to_ber(&self) -> Option<Vec<u8>> {
        let parts = self.operations.iter().map(|one| (one.number, one.values.iter().map(Secret::expose)));
        Some(write(&self.target_user, parts))
    }
}

/// The parts of the state that were read, and those that were changed as they are now.
///
/// The same value as the request's; the response has no OID.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PasswordPolicyStateResult {
    /// The user's entry.
    pub target_user: DnText,
    /// Each type once.
    pub operations: Vec<StatePart>,
}

/// One part of the state.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StatePart {
    /// The number of the operation that reads this part.
    pub number: i64,
    /// Booleans are `true` or `false`, integers decimal, times generalized time in UTC with milliseconds; empty: does not apply.
    pub values: Vec<Text>,
}

impl BerResult for PasswordPolicyStateResult {
    fn to_ber(&self) -> Option<Vec<u8>> {
        let parts = self.operations.iter().map(|one| (one.number, one.values.iter().map(|value| value.as_bytes())));
        Some(write(&self.target_user, parts))
    }

    fn from_ber(value: Option<&[u8]>) -> Result<Self, ValueError> {
        let (target_user, parts) = read(value, |text| Text::from(text))?;
        let operations = parts.into_iter().map(|(number, values)| StatePart { number, values }).collect();
        Ok(Self { target_user, operations })
    }
}

/// Number and values of each operation.
type Operations<V> = Vec<(i64, Vec<V>)>;

fn read<V>(value: Option<&[u8]>, of: impl Fn(&str) -> V) -> Result<(DnText, Operations<V>), ValueError> {
    let mut value = elements(required(value)?)?;
    let target_user = DnText::from(value.text()?);
    let mut operations = Vec::new();
    if !value.is_empty() {
        let mut list = value.sequence()?;
        value.finish()?;
        while !list.is_empty() {
            let mut one = list.sequence()?;
            let number = one.enumerated()?;
            let mut values = Vec::new();
            if !one.is_empty() {
                let mut texts = one.sequence()?;
                one.finish()?;
                while !texts.is_empty() {
                    values.push(of(texts.text()?));
                }
            }
            operations.push((number, values));
        }
    }
    Ok((target_user, operations))
}

fn write<'a, V: Iterator<Item = &'a [u8]>>(
    target_user: &DnText,
    operations: impl ExactSizeIterator<Item = (i64, V)>,
) -> Vec<u8> {
    sequence(|value| {
        value.octet_string(target_user.as_bytes());
        if operations.len() == 0 {
            return;
        }
        value.sequence(|list| {
            for (number, values) in operations {
                list.sequence(|one| {
                    one.enumerated(number);
                    let mut values = values.peekable();
                    if values.peek().is_some() {
                        one.sequence(|texts| values.for_each(|text| texts.octet_string(text)));
                    }
                });
            }
        });
    })
}
