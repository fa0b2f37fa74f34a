//! The member `_controls` (rest-api.md section 22), of requests and of answers. A control that is not carried out where it stands is
//! refused if it is critical, and ignored if not.

use countersign_proto::{oid, result_code::ResultCode};
use serde::Deserialize;
use serde_json::{Value, json};

use super::status::{Hearer, Refusal};
use crate::{
    caller::{Caller, PasswordReport},
    error::Error,
};

/// The member's name.
pub(super) const MEMBER: &str = "_controls";

/// One control. A value, where there is one, stands in one of two members.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Control {
    oid: String,
    #[serde(rename = "control-name")]
    _name: Option<String>,
    criticality: bool,
    #[serde(rename = "value-base64")]
    value_base64: Option<String>,
    #[serde(rename = "value-json")]
    value_json: Option<Value>,
}

/// Checks the member's form and that no control in it is critical.
///
/// # Errors
/// 400.
pub(super) fn check(controls: Option<Value>) -> Result<(), Refusal> {
    of_change(controls, false).map(drop)
}

/// Reads the member of a request, which may set a password: what that is told of the password beside its result.
///
/// # Errors
/// 400.
pub(super) fn of_change(controls: Option<Value>, sets_password: bool) -> Result<PasswordReport, Refusal> {
    let mut report = PasswordReport::default();
    let Some(controls) = controls else { return Ok(report) };
    let controls: Vec<Control> = serde_json::from_value(controls).map_err(|_| malformed())?;
    if controls.iter().any(|control| control.value_base64.is_some() && control.value_json.is_some()) {
        return Err(malformed());
    }
    let asks = |control: &&Control| sets_password && control.oid == oid::PASSWORD_VALIDATION_DETAILS_REQUEST;
    let (known, others): (Vec<&Control>, Vec<&Control>) = controls.iter().partition(asks);
    if known.len() > 1 || known.iter().any(|control| control.value_base64.is_some() || control.value_json.is_some()) {
        return Err(Refusal::invalid("The password validation details control has no value, and is there once"));
    }
    if !known.is_empty() {
        report = PasswordReport::wanted();
    }
    if others.iter().any(|control| control.criticality) {
        let error = Error::new(
            ResultCode::UNAVAILABLE_CRITICAL_EXTENSION,
            "A control is critical, and this server does not carry it out here",
        );
        return Err(Refusal::of(&error, Hearer::Anonymous));
    }
    Ok(report)
}

/// The member of the answer to `caller`; `None` if there is nothing to say.
pub(super) fn answered(caller: &Caller) -> Option<Value> {
    let details = caller.password_report.told()?;
    Some(json!([{
        "oid": oid::PASSWORD_VALIDATION_DETAILS_RESPONSE,
        "control-name": "Password Validation Details Response Control",
        "criticality": false,
        "value-json": details,
    }]))
}

fn malformed() -> Refusal {
    Refusal::invalid(
        "_controls is an array of objects with oid, criticality and at most one of value-base64 and value-json",
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn only_critical_and_malformed_controls_are_refused() {
        let table = [
            (json!([]), true),
            (json!([{"oid": "1.2.3", "criticality": false}]), true),
            (json!([{"oid": "1.2.3", "criticality": false, "control-name": "x", "value-json": {"a": 1}}]), true),
            (json!([{"oid": "1.2.3", "criticality": true}]), false),
            (json!([{"oid": "1.2.3"}]), false),
            (json!([{"criticality": false}]), false),
            (json!([{"oid": "1.2.3", "criticality": false, "value-json": {}, "value-base64": ""}]), false),
            (json!({}), false),
            (json!("x"), false),
        ];
        for (controls, expected) in table {
            assert_eq!(check(Some(controls.clone())).is_ok(), expected, "{controls}");
        }
        assert!(check(None).is_ok());
        let asking = json!([{"oid": oid::PASSWORD_VALIDATION_DETAILS_REQUEST, "criticality": true}]);
        assert!(check(Some(asking.clone())).is_err(), "it means nothing elsewhere");
        assert!(of_change(Some(asking), true).is_ok_and(|report| report.is_wanted()));
    }
}
