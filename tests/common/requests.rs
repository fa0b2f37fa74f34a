//! For each row of the switchboard a request about somebody's account, as each door takes it. A row that is missing here fails the
//! tests that walk the rows.

use serde_json::{Value, json};

use super::{
    ber::{octets, sequence},
    client::tagged,
};

/// What some YubiKey typed that nobody knows.
pub const UNKNOWN_OTP: &str = "ccccccccccccfkncjhklrfkvhgnhrbekbtrrjkkbnclb";

pub const NEW_PASSWORD: &str = "a new one, and long";

/// The request value about the account `dn`, with the account's static password as proof or without any; `None` for the
/// operations that are not about an account.
pub fn ldap_value(route: &str, dn: &str, password: Option<&str>) -> Option<Vec<u8>> {
    let id = format!("dn:{dn}");
    let mut members = match route {
        "generate-totp-shared-secret" | "revoke-totp-shared-secret" => vec![(0, id.as_str())],
        "validate-totp-password" => return Some(tagged(&[(0, dn), (1, "123456")])),
        "generate-recovery-codes" | "revoke-recovery-codes" => vec![(0, id.as_str())],
        "count-recovery-codes" => return Some(tagged(&[(0, dn)])),
        "deliver-one-time-password" => vec![(0, id.as_str())],
        "get-supported-otp-delivery-mechanisms" => return Some(tagged(&[(0, dn)])),
        "deliver-password-reset-token" => return Some(sequence(&[octets(dn)])),
        "deliver-single-use-token" => return Some(sequence(&[octets(dn), octets("purpose")])),
        "consume-single-use-token" => return Some(sequence(&[octets(dn), octets("purpose"), octets("token")])),
        "password-modify" => vec![(0, id.as_str()), (2, NEW_PASSWORD)],
        "get-password-quality-requirements" => return Some(tagged(&[(4, dn)])),
        "password-policy-state" => return Some(sequence(&[octets(dn)])),
        "generate-password" | "who-am-i" | "start-tls" | "cancel" => return None,
        "register-yubikey-otp-device" => vec![(0, id.as_str()), (2, UNKNOWN_OTP)],
        "deregister-yubikey-otp-device" => vec![(0, id.as_str())],
        other => panic!("add {other} to tests/common/requests.rs"),
    };
    members.extend(password.map(|password| (1, password)));
    members.sort();
    Some(tagged(&members))
}

/// The same as a JSON body; the account is in the path.
pub fn json_body(route: &str, password: Option<&str>) -> Value {
    match (route, password) {
        ("generate-totp-shared-secret" | "revoke-totp-shared-secret", Some(password)) => {
            json!({"staticPassword": password})
        }
        ("generate-totp-shared-secret" | "revoke-totp-shared-secret", None) => json!({}),
        ("register-yubikey-otp-device", Some(password)) => json!({"staticPassword": password, "otp": UNKNOWN_OTP}),
        ("register-yubikey-otp-device", None) => json!({"otp": UNKNOWN_OTP}),
        ("deregister-yubikey-otp-device", Some(password)) => json!({"staticPassword": password}),
        ("deregister-yubikey-otp-device", None) => json!({}),
        ("password-modify", Some(password)) => json!({"oldPassword": password, "newPassword": NEW_PASSWORD}),
        ("password-modify", None) => json!({"newPassword": NEW_PASSWORD}),
        (other, _) => panic!("add {other} to tests/common/requests.rs"),
    }
}

/// The same for the operations that REST serves beside the entries: the account is in the body. `None` for those that are not about
/// an account.
pub fn own_json_body(route: &str, dn: &str) -> Option<Value> {
    match route {
        "generate-password" => None,
        "deliver-one-time-password" => Some(json!({"dn": dn})),
        "get-password-quality-requirements" => Some(json!({"operationType": "administrativeReset", "userDN": dn})),
        other => panic!("add {other} to tests/common/requests.rs"),
    }
}
