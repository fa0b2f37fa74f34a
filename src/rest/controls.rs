//! The member `_controls` (rest-api.md section 22): none is carried out yet, so a critical one is refused and others are ignored.

use countersign_proto::result_code::ResultCode;
use serde::Deserialize;
use serde_json::Value;

use super::status::{Hearer, Refusal};
use crate::error::Error;

/// The member's name.
pub(super) const MEMBER: &str = "_controls";

/// One control. A value, where there is one, stands in one of two members.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Control {
    #[serde(rename = "oid")]
    _oid: String,
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
    let Some(controls) = controls else { return Ok(()) };
    let controls: Vec<Control> = serde_json::from_value(controls).map_err(|_| malformed())?;
    if controls.iter().any(|control| control.value_base64.is_some() && control.value_json.is_some()) {
        return Err(malformed());
    }
    if controls.iter().any(|control| control.criticality) {
        let error = Error::new(
            ResultCode::UNAVAILABLE_CRITICAL_EXTENSION,
            "A control is critical, and this server does not carry it out here",
        );
        return Err(Refusal::of(&error, Hearer::Anonymous));
    }
    Ok(())
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
    }
}
