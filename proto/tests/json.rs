//! The JSON of requests and results: the members that rest-api.md names, and no others.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

use countersign_proto::{
    delivered_otp::{DeliverOneTimePasswordRequest, DeliverOneTimePasswordResult},
    password_generation::{GeneratePasswordRequest, GeneratePasswordResult, GeneratedPassword, PolicySelection},
    password_quality::{
        ClientSideValidation, GetPasswordQualityRequirementsRequest, GetPasswordQualityRequirementsResult,
        PasswordQualityRequirement,
    },
    recovery::{
        CountRecoveryCodesRequest, CountRecoveryCodesResult, GenerateRecoveryCodesRequest, GenerateRecoveryCodesResult,
        RevokeRecoveryCodesRequest,
    },
    text::{DnText, Secret, Text},
    token::{DeliverSingleUseTokenRequest, TokenDeliveryResult},
    value::BerResult,
    yubikey::{DeregisterYubiKeyOtpDeviceRequest, RegisterYubiKeyOtpDeviceRequest},
};
use serde::de::DeserializeOwned;
use serde_json::{Value, from_value, json, to_value};

fn refused<R: DeserializeOwned>(body: Value) -> String {
    from_value::<R>(body.clone()).err().unwrap_or_else(|| panic!("{body}")).to_string()
}

#[test]
fn a_delivery_names_exactly_one_account() {
    let body = json!({"dn": "uid=a", "staticPassword": "pw", "preferredDeliveryMechanisms": ["File", "SMS"]});
    let request: DeliverOneTimePasswordRequest = from_value(body).unwrap();
    assert_eq!(&*request.authentication_id, "dn:uid=a");
    assert_eq!(request.static_password, Some(Secret::new("pw")));
    let names: Vec<_> = request.preferred_mechanisms.iter().map(|one| &*one.mechanism).collect();
    assert_eq!(names, ["File", "SMS"]);
    let request: DeliverOneTimePasswordRequest = from_value(json!({"username": "a"})).unwrap();
    assert_eq!((&*request.authentication_id, request.static_password), ("u:a", None));
    assert!(refused::<DeliverOneTimePasswordRequest>(json!({})).starts_with("missing field"));
    assert!(
        refused::<DeliverOneTimePasswordRequest>(json!({"dn": "a", "username": "a"})).starts_with("duplicate field")
    );
    assert!(refused::<DeliverOneTimePasswordRequest>(json!({"dn": "a", "otp": "x"})).starts_with("unknown field"));
}

#[test]
fn results_of_deliveries_leave_out_what_is_absent() {
    let result = DeliverOneTimePasswordResult {
        delivery_mechanism: Text::from("SMS"),
        recipient_dn: DnText::from("uid=a"),
        recipient_id: Some(Text::from("+1")),
        message: None,
    };
    let expected = json!({"deliveryMechanism": "SMS", "recipientDN": "uid=a", "recipientID": "+1"});
    assert_eq!(to_value(result).unwrap(), expected);
    let result = TokenDeliveryResult { delivery_mechanism: Text::from("SMS"), recipient_id: None, message: None };
    assert_eq!(to_value(result).unwrap(), json!({"deliveryMechanism": "SMS"}));
}

#[test]
fn a_token_is_good_for_more_than_no_time() {
    let body = json!({"userDN": "uid=a", "tokenID": "t", "validityDurationMillis": 1});
    let request: DeliverSingleUseTokenRequest = from_value(body).unwrap();
    assert_eq!(request.validity_duration_millis.unwrap().get(), 1);
    refused::<DeliverSingleUseTokenRequest>(json!({"userDN": "uid=a", "tokenID": "t", "validityDurationMillis": 0}));
}

#[test]
fn a_device_is_registered_with_a_code_and_deregistered_without() {
    let request: RegisterYubiKeyOtpDeviceRequest = from_value(json!({"otp": "cccc"})).unwrap();
    assert_eq!((request.authentication_id, request.yubikey_otp), (None, Secret::new("cccc")));
    assert!(refused::<RegisterYubiKeyOtpDeviceRequest>(json!({})).starts_with("missing field `otp`"));
    let request: DeregisterYubiKeyOtpDeviceRequest = from_value(json!({})).unwrap();
    assert_eq!(request, DeregisterYubiKeyOtpDeviceRequest::default());
}

#[test]
fn passwords_are_suggested_by_one_policy() {
    assert_eq!(from_value::<GeneratePasswordRequest>(json!({})).unwrap(), GeneratePasswordRequest::default());
    let body = json!({"targetEntryDN": "uid=a", "numberOfPasswords": 2, "validationAttempts": 0});
    let request: GeneratePasswordRequest = from_value(body).unwrap();
    assert_eq!(request.policy, PolicySelection::TargetEntry(DnText::from("uid=a")));
    assert_eq!((request.number_of_passwords, request.validation_attempts), (2, 0));
    refused::<GeneratePasswordRequest>(json!({"targetEntryDN": "uid=a", "passwordPolicyDN": "cn=p"}));
    refused::<GeneratePasswordRequest>(json!({"numberOfPasswords": 0}));
    refused::<GeneratePasswordRequest>(json!({"numberOfPasswords": -1}));
    let passwords = vec![GeneratedPassword {
        password: Secret::new("pw"),
        validation_attempted: true,
        validation_errors: vec![Text::from("short")],
    }];
    let result = GeneratePasswordResult { password_policy_dn: DnText::from("cn=p"), passwords };
    let expected = json!({"passwordPolicyDN": "cn=p", "generatedPasswords": [
        {"password": "pw", "validationAttempted": true, "validationErrors": ["short"]}]});
    assert_eq!(to_value(result).unwrap(), expected);
}

#[test]
fn requirements_are_asked_for_by_the_kind_of_change() {
    use GetPasswordQualityRequirementsRequest as Request;
    for (body, expected) in [
        (json!({"operationType": "add"}), Request::Add),
        (json!({"operationType": "add", "passwordPolicyDN": "cn=p"}), Request::AddWithPolicy(DnText::from("cn=p"))),
        (json!({"operationType": "selfChange"}), Request::SelfChange),
        (json!({"operationType": "selfChange", "userDN": "uid=a"}), Request::SelfChangeFor(DnText::from("uid=a"))),
        (
            json!({"operationType": "administrativeReset", "userDN": "uid=a"}),
            Request::AdministrativeReset(DnText::from("uid=a")),
        ),
    ] {
        assert_eq!(from_value::<Request>(body).unwrap(), expected);
    }
    for body in [
        json!({}),
        json!({"operationType": "delete"}),
        json!({"operationType": "add", "userDN": "uid=a"}),
        json!({"operationType": "selfChange", "passwordPolicyDN": "cn=p"}),
        json!({"operationType": "administrativeReset"}),
        json!({"operationType": "administrativeReset", "userDN": "uid=a", "passwordPolicyDN": "cn=p"}),
    ] {
        refused::<Request>(body);
    }
}

#[test]
fn requirements_say_how_a_client_can_check_them() {
    let length = ClientSideValidation {
        kind: Text::from("length"),
        properties: vec![(Text::from("minimum-length"), Text::from("8"))],
    };
    let result = GetPasswordQualityRequirementsResult {
        requirements: vec![
            PasswordQualityRequirement { description: Text::from("8 at least"), client_side: Some(length) },
            PasswordQualityRequirement { description: Text::from("a good one"), client_side: None },
        ],
        must_change_password: Some(false),
        ..GetPasswordQualityRequirementsResult::default()
    };
    let expected = json!({"mustChangePassword": false, "passwordRequirements": [
        {"description": "8 at least", "clientSideValidationType": "length",
         "clientSideValidationProperties": {"minimum-length": "8"}},
        {"description": "a good one"}]});
    assert_eq!(to_value(result).unwrap(), expected);
}

#[test]
fn recovery_codes_are_told_once_and_counted() {
    let result = GenerateRecoveryCodesResult { recovery_codes: vec![Secret::new("bcdf-ghjk-mnpq"), Secret::new("zz")] };
    assert!(!format!("{result:?}").contains("bcdf"));
    assert_eq!(GenerateRecoveryCodesResult::from_ber(result.to_ber().as_deref()).unwrap(), result);
    assert_eq!(to_value(result).unwrap(), json!({"recoveryCodes": ["bcdf-ghjk-mnpq", "zz"]}));
    let count = CountRecoveryCodesResult { left: 7 };
    assert_eq!(CountRecoveryCodesResult::from_ber(count.to_ber().as_deref()).unwrap(), count);
    assert_eq!(to_value(count).unwrap(), json!({"recoveryCodesLeft": 7}));
    let request: GenerateRecoveryCodesRequest = from_value(json!({"staticPassword": "pw"})).unwrap();
    assert_eq!((request.authentication_id, request.static_password), (None, Some(Secret::new("pw"))));
    assert!(refused::<RevokeRecoveryCodesRequest>(json!({"authenticationID": "u:a"})).starts_with("unknown field"));
    assert!(refused::<CountRecoveryCodesRequest>(json!({})).starts_with("missing field"));
}
