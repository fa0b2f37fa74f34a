//! What became of a password that a request sets, rule by rule: the value of the password validation details response control. The
//! rules as such are asked for in `password_quality.rs`.

use serde::{Serialize, ser::SerializeMap};

use crate::{
    ber::tag,
    password_quality::{ClientSideValidation, PasswordQualityRequirement},
    text::Text,
    value::sequence,
};

/// What became of the password of an add, a modify or a password modify, whether the request succeeded or not.
///
/// Response control 1.3.6.1.4.1.30221.2.5.41:
/// ```text
/// SEQUENCE { CHOICE { validationDetails [0] Result*, noPasswordProvided [1] NULL, multiplePasswordsProvided [2] NULL,
///                     noValidationAttempted [3] NULL },
///            missingCurrentPassword [3] BOOLEAN DEFAULT FALSE, mustChangePassword [4] BOOLEAN DEFAULT FALSE,
///            secondsUntilExpiration [5] INTEGER OPTIONAL }
/// Result ::= SEQUENCE { Requirement, satisfied BOOLEAN, additionalInfo [0] OCTET STRING OPTIONAL }
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct PasswordValidationDetails {
    /// How far it got.
    pub outcome: ValidationOutcome,
    /// The request failed, or would have, for want of the present password.
    pub missing_current_password: bool,
    /// The user must change the password before anything else.
    pub must_change_password: bool,
    /// How long the password will be good, seconds.
    pub seconds_until_expiration: Option<i32>,
}

/// How far the judgement of a password got.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum ValidationOutcome {
    /// Each rule was asked.
    Performed(Vec<RuleResult>),
    /// The request sets no password.
    NoPassword,
    /// It sets more than one.
    ManyPasswords,
    /// The request was refused before, or the password came as a hash.
    #[default]
    NotAttempted,
}

/// What one rule said.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RuleResult {
    /// The rule.
    pub requirement: PasswordQualityRequirement,
    /// Whether the password keeps it.
    pub satisfied: bool,
}

const DETAILS: u8 = tag::constructed(0);
const NO_PASSWORD: u8 = tag::primitive(1);
const MANY_PASSWORDS: u8 = tag::primitive(2);
const NOT_ATTEMPTED: u8 = tag::primitive(3);
// The same tag number means something else in the second place.
const MISSING_CURRENT: u8 = tag::primitive(3);
const MUST_CHANGE: u8 = tag::primitive(4);
const SECONDS: u8 = tag::primitive(5);

impl PasswordValidationDetails {
    /// The control's value.
    pub fn to_ber(&self) -> Vec<u8> {
        sequence(|value| {
            match &self.outcome {
                ValidationOutcome::Performed(results) => value.constructed(DETAILS, |list| {
                    for RuleResult { requirement, satisfied } in results {
                        list.sequence(|result| {
                            requirement.write(result);
                            result.boolean(*satisfied);
                        });
                    }
                }),
                ValidationOutcome::NoPassword => value.tagged(NO_PASSWORD, &[]),
                ValidationOutcome::ManyPasswords => value.tagged(MANY_PASSWORDS, &[]),
                ValidationOutcome::NotAttempted => value.tagged(NOT_ATTEMPTED, &[]),
            }
            if self.missing_current_password {
                value.tagged_boolean(MISSING_CURRENT, true);
            }
            if self.must_change_password {
                value.tagged_boolean(MUST_CHANGE, true);
            }
            if let Some(seconds) = self.seconds_until_expiration {
                value.tagged_integer(SECONDS, seconds.into());
            }
        })
    }
}

/// The value as the JSON form of controls has it.
impl Serialize for PasswordValidationDetails {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut object = serializer.serialize_map(None)?;
        let kind = match &self.outcome {
            ValidationOutcome::Performed(_) => "validation-performed",
            ValidationOutcome::NoPassword => "no-password-provided",
            ValidationOutcome::ManyPasswords => "multiple-passwords-provided",
            ValidationOutcome::NotAttempted => "no-validation-attempted",
        };
        object.serialize_entry("response-type", kind)?;
        if let ValidationOutcome::Performed(results) = &self.outcome {
            let results: Vec<_> = results.iter().map(ResultJson::of).collect();
            object.serialize_entry("validation-details", &results)?;
        }
        object.serialize_entry("missing-current-password", &self.missing_current_password)?;
        object.serialize_entry("must-change-password", &self.must_change_password)?;
        if let Some(seconds) = self.seconds_until_expiration {
            object.serialize_entry("seconds-until-expiration", &seconds)?;
        }
        object.end()
    }
}

#[derive(Serialize)]
#[serde(rename_all = "kebab-case")]
struct ResultJson<'a> {
    password_quality_requirement: RequirementJson<'a>,
    requirement_satisfied: bool,
}

#[derive(Serialize)]
#[serde(rename_all = "kebab-case")]
struct RequirementJson<'a> {
    description: &'a Text,
    #[serde(skip_serializing_if = "Option::is_none")]
    client_side_validation_type: Option<&'a Text>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    client_side_validation_properties: Vec<PropertyJson<'a>>,
}

#[derive(Serialize)]
struct PropertyJson<'a> {
    name: &'a Text,
    value: &'a Text,
}

impl<'a> ResultJson<'a> {
    fn of(result: &'a RuleResult) -> Self {
        let PasswordQualityRequirement { description, client_side } = &result.requirement;
        let properties = client_side.iter().flat_map(|ClientSideValidation { properties, .. }| properties);
        Self {
            password_quality_requirement: RequirementJson {
                description,
                client_side_validation_type: client_side.as_ref().map(|client_side| &client_side.kind),
                client_side_validation_properties: properties
                    .map(|(name, value)| PropertyJson { name, value })
                    .collect(),
            },
            requirement_satisfied: result.satisfied,
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    fn performed() -> PasswordValidationDetails {
        let client_side = ClientSideValidation {
            kind: Text::from("length"),
            properties: vec![(Text::from("minimum-length"), Text::from("8"))],
        };
        let requirement =
            PasswordQualityRequirement { description: Text::from("long"), client_side: Some(client_side) };
        let results = vec![RuleResult { requirement, satisfied: false }];
        PasswordValidationDetails {
            outcome: ValidationOutcome::Performed(results),
            missing_current_password: true,
            must_change_password: true,
            seconds_until_expiration: Some(300),
        }
    }

    #[test]
    fn the_place_tells_apart_what_has_one_tag() {
        let value = performed().to_ber();
        let tail = [0x83, 1, 0xFF, 0x84, 1, 0xFF, 0x85, 2, 1, 44];
        assert_eq!(value.first(), Some(&0x30));
        assert_eq!(value.get(2), Some(&0xA0));
        assert!(value.ends_with(&[&[1, 1, 0][..], &tail].concat()), "{value:02x?}");
        for (outcome, tag) in [
            (ValidationOutcome::NoPassword, 0x81),
            (ValidationOutcome::ManyPasswords, 0x82),
            (ValidationOutcome::NotAttempted, 0x83),
        ] {
            let details = PasswordValidationDetails { outcome, ..PasswordValidationDetails::default() };
            assert_eq!(details.to_ber(), [0x30, 2, tag, 0]);
        }
    }

    #[test]
    fn the_json_form_has_the_members_of_the_control() {
        let json = serde_json::to_value(performed()).unwrap();
        let expected = serde_json::json!({
            "response-type": "validation-performed",
            "validation-details": [{
                "password-quality-requirement": {
                    "description": "long", "client-side-validation-type": "length",
                    "client-side-validation-properties": [{"name": "minimum-length", "value": "8"}],
                },
                "requirement-satisfied": false,
            }],
            "missing-current-password": true, "must-change-password": true, "seconds-until-expiration": 300,
        });
        assert_eq!(json, expected);
    }
}
