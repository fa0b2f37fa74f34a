//! The responses, and what a client reads back.

use std::fmt::Debug;

use countersign_proto::{
    account::{PasswordPolicyStateResult, StatePart},
    ber::Reader,
    delivered_otp::{DeliverOneTimePasswordResult, GetSupportedOtpDeliveryMechanismsResult, OtpDeliveryMechanism},
    ldap::response::{self, LdapResult},
    password::PasswordModifyResult,
    password_generation::{GeneratePasswordResult, GeneratedPassword},
    password_quality::{ClientSideValidation, GetPasswordQualityRequirementsResult, PasswordQualityRequirement},
    result_code::ResultCode,
    text::{DnText, Secret, Text},
    token::TokenDeliveryResult,
    totp::GenerateTotpSharedSecretResult,
    value::BerResult,
    who_am_i::WhoAmIResult,
};
use serde_json::Value;

use crate::{Vector, vectors};

/// The value of this result; a client reads the same from it.
fn read_back<R: BerResult + PartialEq + Debug>(result: R) -> Option<Vec<u8>> {
    let value = result.to_ber();
    assert_eq!(R::from_ber(value.as_deref()).unwrap(), result);
    value
}

fn texts(values: &Value) -> Vec<Text> {
    values.as_array().unwrap().iter().map(|value| Text::from(value.as_str().unwrap())).collect()
}

fn response_value(vector: &Vector) -> Option<Vec<u8>> {
    match vector.kind() {
        "generate-totp-shared-secret-response" => vector
            .secret("totp_shared_secret")
            .and_then(|totp_shared_secret| read_back(GenerateTotpSharedSecretResult { totp_shared_secret })),
        "password-modify-response" => {
            read_back(PasswordModifyResult { generated_password: vector.secret("generated_password") })
        }
        "who-am-i-response" => {
            vector.text("authz_id").and_then(|authorization_id| read_back(WhoAmIResult { authorization_id }))
        }
        "deliver-otp-response" => vector.text("delivery_mechanism").and_then(|delivery_mechanism| {
            read_back(DeliverOneTimePasswordResult {
                delivery_mechanism,
                recipient_dn: vector.dn("recipient_dn"),
                recipient_id: vector.text("recipient_id"),
                message: vector.text("message"),
            })
        }),
        "deliver-password-reset-token-response" | "deliver-single-use-token-response" => {
            vector.text("delivery_mechanism").and_then(|delivery_mechanism| {
                let (recipient_id, message) = (vector.text("recipient_id"), vector.text("message"));
                read_back(TokenDeliveryResult { delivery_mechanism, recipient_id, message })
            })
        }
        _ if vector.number("result_code") != Some(0) => None,
        "get-supported-otp-delivery-mechanisms-response" => mechanisms(vector),
        "password-policy-state-response" => policy_state(vector),
        "generate-password-response" => generated(vector),
        "get-password-quality-requirements-response" => requirements(vector),
        _ => None,
    }
}

fn mechanisms(vector: &Vector) -> Option<Vec<u8>> {
    let one = |one: &Value| OtpDeliveryMechanism {
        delivery_mechanism: Text::from(one["mechanism"].as_str().unwrap()),
        is_supported: one["is_supported"].as_bool(),
        recipient_id: one["recipient_id"].as_str().map(Text::from),
    };
    read_back(GetSupportedOtpDeliveryMechanismsResult {
        mechanisms: vector.list("mechanisms").iter().map(one).collect(),
    })
}

fn policy_state(vector: &Vector) -> Option<Vec<u8>> {
    let one = |one: &Value| StatePart { number: one["op_type"].as_i64().unwrap(), values: texts(&one["values"]) };
    read_back(PasswordPolicyStateResult {
        target_user: vector.dn("user_dn"),
        operations: vector.list("operations").iter().map(one).collect(),
    })
}

fn generated(vector: &Vector) -> Option<Vec<u8>> {
    let one = |one: &Value| GeneratedPassword {
        password: Secret::new(one["password"].as_str().unwrap()),
        validation_attempted: one["validation_attempted"].as_bool().unwrap(),
        validation_errors: texts(&one["validation_errors"]),
    };
    let password_policy_dn = DnText::from(vector.field("password_policy_dn")?);
    let passwords = vector.list("passwords").iter().map(one).collect();
    read_back(GeneratePasswordResult { password_policy_dn, passwords })
}

fn requirements(vector: &Vector) -> Option<Vec<u8>> {
    let one = |one: &Value| PasswordQualityRequirement {
        description: Text::from(one["description"].as_str().unwrap()),
        client_side: one["client_side_validation_type"].as_str().map(|kind| ClientSideValidation {
            kind: Text::from(kind),
            properties: properties(&one["client_side_validation_properties"]),
        }),
    };
    read_back(GetPasswordQualityRequirementsResult {
        requirements: vector.list("requirements").iter().map(one).collect(),
        current_password_required: vector.flag("current_password_required"),
        must_change_password: vector.flag("must_change_password"),
        seconds_until_expiration: vector.number("seconds_until_expiration").map(|number| number.try_into().unwrap()),
    })
}

/// Names and values, `min...` before `max...` as in the recorded octets; serde_json sorts the members.
fn properties(object: &Value) -> Vec<(Text, Text)> {
    let members = object.as_object().into_iter().flatten();
    let text = |value: &Value| Text::from(value.as_str().unwrap());
    let mut properties: Vec<_> = members.map(|(name, value)| (Text::from(name.as_str()), text(value))).collect();
    properties.reverse();
    properties
}

#[test]
fn responses_are_written() {
    for vector in vectors("extop-responses") {
        let value = response_value(&vector);
        assert_eq!(value, vector.value(), "{}", vector.name());
        let expected = vector.octets("message_hex").unwrap();
        let code = ResultCode(vector.number("result_code").unwrap_or(0).try_into().unwrap());
        let outcome = LdapResult {
            code,
            matched_dn: vector.field("matched_dn").unwrap_or_default(),
            diagnostic: vector.field("diagnostic_message").unwrap_or_default(),
        };
        let mut out = Vec::new();
        if vector.kind() == "notice-of-disconnection" {
            response::notice_of_disconnection(&mut out, code, "shutting down");
        } else {
            let id = Reader::new(&expected).sequence().unwrap().integer().unwrap();
            let name = vector.0["oid"].as_str();
            response::extended(&mut out, id.try_into().unwrap(), &outcome, name, value.as_deref(), &[]);
        }
        assert_eq!(hex::encode(&out), hex::encode(&expected), "{}", vector.name());
    }
}
