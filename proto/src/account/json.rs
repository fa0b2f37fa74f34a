//! The state of an account as JSON: members named as those of the attribute `ds-pwp-state-json` that clients know, with booleans,
//! numbers, lists and times (RFC 3339) instead of texts. What does not apply is left out.

use serde::{Deserialize, Deserializer, Serialize, Serializer, ser::SerializeMap};
use serde_json::{Value, json};

use super::{PasswordPolicyStateRequest, PasswordPolicyStateResult, operation_type::StateOperationType};
use crate::text::{DnText, Text};

/// The body of a request: whose state; all of it is read.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Body {
    #[serde(rename = "userDN")]
    user_dn: DnText,
}

impl<'de> Deserialize<'de> for PasswordPolicyStateRequest {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Body::deserialize(deserializer).map(|body| Self { target_user: body.user_dn, operations: Vec::new() })
    }
}

impl Serialize for PasswordPolicyStateResult {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut object = serializer.serialize_map(None)?;
        object.serialize_entry("userDN", &self.target_user)?;
        for part in &self.operations {
            let Some(kind) = StateOperationType::of(part.number) else { continue };
            if let (Some(name), Some(value)) = (name(kind), value(kind, &part.values)) {
                object.serialize_entry(&name, &value)?;
            }
        }
        object.end()
    }
}

/// The member of what `kind` reads; `None` for what is deprecated.
fn name(kind: StateOperationType) -> Option<String> {
    use StateOperationType as Kind;
    Some(match kind {
        Kind::GetPasswordHistory => return None,
        Kind::GetAccountDisabled => "account-is-disabled".to_owned(),
        Kind::GetPasswordExpirationWarnedTime => "password-expiration-warning-time".to_owned(),
        Kind::GetSecondsUntilAuthenticationFailureUnlock => "seconds-remaining-in-failure-lockout".to_owned(),
        Kind::GetPasswordResetState => "must-change-password".to_owned(),
        Kind::GetSecondsUntilPasswordResetLockout => "seconds-until-reset-lockout".to_owned(),
        Kind::GetPasswordHistoryCount => "current-password-history-count".to_owned(),
        Kind::HasRegisteredYubiKeyPublicId => "has-registered-yubikey-otp-device".to_owned(),
        kind => kind.name().trim_start_matches("get ").replace(' ', "-").to_ascii_lowercase(),
    })
}

fn value(kind: StateOperationType, values: &[Text]) -> Option<Value> {
    use StateOperationType as Kind;
    let name = kind.name();
    let is_list = ["times", "mechanisms", "IDs", "notices", "warnings", "errors"].iter().any(|end| name.ends_with(end));
    let one = |value: &Text| match kind {
        Kind::GetAccountUsabilityNotices | Kind::GetAccountUsabilityWarnings | Kind::GetAccountUsabilityErrors => {
            issue(value)
        }
        Kind::GetRecentLoginHistory => serde_json::from_str(value).unwrap_or(Value::Null),
        _ if name.ends_with("time") && !name.starts_with("get seconds") || name.ends_with("times") => {
            json!(time(value))
        }
        // What people named, such as a mechanism, is a text whatever it looks like.
        _ if is_list => Value::from(&**value),
        _ => plain(value),
    };
    if is_list { Some(values.iter().map(one).collect()) } else { values.first().map(one) }
}

/// Booleans and numbers as such, texts as they are. No single text of this operation looks like either.
fn plain(value: &Text) -> Value {
    match (&**value, value.parse::<i64>()) {
        ("true", _) => Value::Bool(true),
        ("false", _) => Value::Bool(false),
        (_, Ok(number)) => Value::from(number),
        (text, Err(_)) => Value::from(text),
    }
}

/// `20260102030405.006Z` as `2026-01-02T03:04:05.006Z`; anything else as it is.
fn time(value: &str) -> String {
    let part = |from: usize, to: usize| value.get(from..to).unwrap_or_default();
    match (value.len(), value.is_ascii()) {
        (19, true) => {
            format!("{}-{}-{}T{}:{}:{}", part(0, 4), part(4, 6), part(6, 8), part(8, 10), part(10, 12), part(12, 19))
        }
        _ => value.to_owned(),
    }
}

/// `code=1 TAB name=... TAB message=...` as an object.
fn issue(value: &str) -> Value {
    let member = |name: &str| value.split('\t').find_map(|part| part.strip_prefix(name)?.strip_prefix('='));
    let id = member("code").and_then(|code| code.parse::<i64>().ok());
    json!({"type-id": id, "type-name": member("name"), "message": member("message")})
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use crate::account::StatePart;

    #[test]
    fn each_part_is_told_as_what_it_is() {
        let part = |kind: StateOperationType, values: &[&str]| StatePart {
            number: kind.number(),
            values: values.iter().map(|value| Text::from(*value)).collect(),
        };
        use StateOperationType as Kind;
        let result = PasswordPolicyStateResult {
            target_user: DnText::from("uid=a"),
            operations: vec![
                part(Kind::GetAccountIsUsable, &["true"]),
                part(Kind::GetAccountDisabled, &["false"]),
                part(Kind::GetSecondsUntilIdleLockout, &["12"]),
                part(Kind::GetSecondsUntilRequiredChangeTime, &["13"]),
                part(Kind::GetLastLoginTime, &["20260102030405.006Z"]),
                part(Kind::GetLastLoginIpAddress, &["192.0.2.1"]),
                part(Kind::GetAccountExpirationTime, &[]),
                part(Kind::GetGraceLoginUseTimes, &["20260102030405.006Z"]),
                part(Kind::GetAuthenticationFailureTimes, &[]),
                part(Kind::GetPasswordHistory, &[]),
                part(Kind::GetAccountUsabilityErrors, &["code=1\tname=account-disabled\tmessage=It is"]),
                part(Kind::GetRecentLoginHistory, &[r#"{"failed-attempts":[]}"#]),
                part(Kind::GetRegisteredYubiKeyPublicIds, &["cccc"]),
            ],
        };
        let expected = json!({
            "userDN": "uid=a", "account-is-usable": true, "account-is-disabled": false,
            "seconds-until-idle-lockout": 12, "seconds-until-required-change-time": 13,
            "last-login-time": "2026-01-02T03:04:05.006Z", "last-login-ip-address": "192.0.2.1",
            "grace-login-use-times": ["2026-01-02T03:04:05.006Z"], "authentication-failure-times": [],
            "account-usability-errors": [{"type-id": 1, "type-name": "account-disabled", "message": "It is"}],
            "recent-login-history": {"failed-attempts": []}, "registered-yubikey-public-ids": ["cccc"],
        });
        assert_eq!(serde_json::to_value(result).unwrap(), expected);
    }

    #[test]
    fn every_part_has_a_name_of_its_own() {
        let readers = StateOperationType::ALL.iter().filter(|kind| kind.reads());
        let mut names: Vec<_> = readers.filter_map(|kind| name(*kind)).collect();
        assert!(names.contains(&"has-totp-shared-secret".to_owned()), "{names:?}");
        let count = names.len();
        names.sort();
        names.dedup();
        assert_eq!((names.len(), count), (50, 50));
    }
}
