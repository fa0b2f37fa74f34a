//! The member `_controls` (rest-api.md section 22), of requests and of answers. A control that is not carried out where it stands is
//! refused if it is critical, and ignored if not.

use countersign_proto::{oid, result_code::ResultCode};
use serde::{Deserialize, Serialize};
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

/// One control of an answer.
#[derive(Debug, Serialize)]
pub(super) struct Answered {
    oid: &'static str,
    #[serde(rename = "control-name")]
    name: &'static str,
    criticality: bool,
    #[serde(rename = "value-json")]
    value: Value,
}

impl Answered {
    /// A control with this value.
    pub(super) const fn new(oid: &'static str, name: &'static str, value: Value) -> Self {
        Self { oid, name, criticality: false, value }
    }
}

/// Reads the member of a request, which may set a password: what that is told of the password beside its result.
///
/// # Errors
/// 400.
pub(super) fn of_change(controls: Option<Value>, sets_password: bool) -> Result<PasswordReport, Refusal> {
    let known: &[_] = if sets_password { &[oid::PASSWORD_VALIDATION_DETAILS_REQUEST] } else { &[] };
    let wanted = !requested(controls, known)?.is_empty();
    Ok(if wanted { PasswordReport::wanted() } else { PasswordReport::default() })
}

/// The member of the answer to `caller`; `None` if there is nothing to say.
pub(super) fn answered(caller: &Caller) -> Option<Value> {
    let details = caller.password_report.told()?;
    let name = "Password Validation Details Response Control";
    Some(json!([Answered::new(oid::PASSWORD_VALIDATION_DETAILS_RESPONSE, name, json!(details))]))
}

/// Which of the `known` controls, none of which has a value, are asked for.
///
/// # Errors
/// 400 for what is no list of controls, a control that comes twice, one with a value that has none, and one that is critical and not
/// known here.
pub(super) fn requested(controls: Option<Value>, known: &[&'static str]) -> Result<Vec<&'static str>, Refusal> {
    let Some(controls) = controls else { return Ok(Vec::new()) };
    let controls: Vec<Control> = serde_json::from_value(controls).map_err(|_| malformed())?;
    let mut requested = Vec::new();
    for control in controls {
        let valued = control.value_base64.is_some() || control.value_json.is_some();
        if control.value_base64.is_some() && control.value_json.is_some() {
            return Err(malformed());
        }
        match known.iter().find(|known| **known == control.oid) {
            Some(_) if valued => return Err(Refusal::invalid(format!("The control {} has no value", control.oid))),
            Some(known) if requested.contains(known) => {
                return Err(Refusal::invalid(format!("The request has the control {known} twice")));
            }
            Some(known) => requested.push(*known),
            None if control.criticality => {
                let error = Error::new(
                    ResultCode::UNAVAILABLE_CRITICAL_EXTENSION,
                    "A control is critical, and this server does not carry it out here",
                );
                return Err(Refusal::of(&error, Hearer::Anonymous));
            }
            None => {}
        }
    }
    Ok(requested)
}

fn malformed() -> Refusal {
    Refusal::invalid(
        "_controls is an array of objects with oid, criticality and at most one of value-base64 and value-json",
    )
}

#[cfg(test)]
mod tests {
    use super::*;

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
            assert_eq!(of_change(Some(controls.clone()), false).is_ok(), expected, "{controls}");
        }
        assert!(of_change(None, false).is_ok());
        let asking = json!([{"oid": oid::PASSWORD_VALIDATION_DETAILS_REQUEST, "criticality": true}]);
        assert!(of_change(Some(asking.clone()), false).is_err(), "it means nothing elsewhere");
        assert!(of_change(Some(asking), true).is_ok_and(|report| report.is_wanted()));
    }

    #[test]
    fn known_controls_are_asked_for_once_and_have_no_value() {
        let read = |controls| requested(Some(controls), &["1.2.3"]).map_err(|refusal| refusal.status.as_u16());
        assert_eq!(
            read(json!([{"oid": "1.2.3", "criticality": true}, {"oid": "1.2", "criticality": false}])),
            Ok(vec!["1.2.3"])
        );
        for controls in [
            json!([{"oid": "1.2.3", "criticality": true}, {"oid": "1.2.3", "criticality": false}]),
            json!([{"oid": "1.2.3", "criticality": false, "value-json": {}}]),
            json!([{"oid": "1.2.3", "criticality": true}, {"oid": "1.2", "criticality": true}]),
        ] {
            assert_eq!(read(controls.clone()), Err(400), "{controls}");
        }
    }
}
