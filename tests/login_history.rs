//! The recent logins of an account: what is written down of each door, who is told, what is forgotten, and that no secret is in it.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

mod common;

use std::time::Duration;

use common::{
    account_state::{ask, get, set},
    ber,
    client::{Client, Response, control, simple_bind, tagged},
    code::*,
    http::{basic, post},
    oid,
    people::{ALICE, ALICE_PASSWORD, BOB, BOB_PASSWORD, CAROL, CAROL_PASSWORD, ROOT, ROOT_PASSWORD},
    server::Server,
};
use serde_json::{Value, json};

const REQUEST: &str = "1.3.6.1.4.1.30221.2.5.61";
const RESPONSE: &str = "1.3.6.1.4.1.30221.2.5.62";
/// Now, as the server's clock stands.
const NOW: &str = "2033-05-18T03:33:35.000Z";

/// The recent logins as the policy state tells them.
fn logins(client: &mut Client, dn: &str) -> Value {
    let told = get(client, dn, 88);
    assert_eq!(told.len(), 1);
    serde_json::from_str(&told[0]).unwrap()
}

/// Method and reason of each failure, the newest first.
fn failures(logins: &Value) -> Vec<String> {
    let list = logins["failed-attempts"].as_array().unwrap().iter();
    let text = |value: &Value| value.as_str().unwrap().to_owned();
    list.map(|one| text(&one["authentication-method"]) + ": " + &text(&one["failure-reason"])).collect()
}

fn bind_asking(client: &mut Client, dn: &str, password: &str, value: Option<&[u8]>) -> Response {
    client.request(&simple_bind(dn, password), &[control(REQUEST, true, value)])
}

#[test]
fn a_failure_of_every_door_is_told_with_its_time_way_address_and_reason() {
    let server = Server::start();
    let mut root = server.root();
    let none = json!({"successful-attempts": [], "failed-attempts": []});
    assert_eq!(logins(&mut root, ALICE), none);
    server.client().bind(ALICE, "wrong");
    server.client().bind(ALICE, format!("{ALICE_PASSWORD}000000"));
    server.client().bind_plain("u:alice", "wrong");
    server.client().bind_totp("u:alice", Some(ALICE_PASSWORD), &server.code(40));
    server.client().extended(oid::PASSWORD_MODIFY, Some(&tagged(&[(0, ALICE), (1, "wrong"), (2, "whatever")])));
    let path = format!("/directory/v1/{ALICE}");
    common::http::get(server.rest(), &path, Some(&basic("alice", "wrong")));
    let told = logins(&mut root, ALICE);
    let expected = [
        "SASL PLAIN: wrong-password",
        "internal: wrong-password",
        "SASL UNBOUNDID-TOTP: wrong-code",
        "simple: wrong-code",
        "simple: wrong-password",
    ];
    assert_eq!(failures(&told), expected, "those over REST are SASL PLAIN");
    let newest = json!({
        "successful": false, "timestamp": NOW, "authentication-method": "SASL PLAIN", "client-ip-address": "127.0.0.1",
        "failure-reason": "wrong-password", "additional-attempt-count": 1,
    });
    assert_eq!(told["failed-attempts"][0], newest);
    assert_eq!(told["successful-attempts"], json!([]));
}

#[test]
fn why_a_code_was_refused_and_that_the_account_was_closed_is_told() {
    let server = Server::start();
    let mut root = server.root();
    server.client().bind_totp("u:alice", Some(ALICE_PASSWORD), &server.code(3));
    let code = server.code(0);
    server.client().bind(ALICE, format!("{ALICE_PASSWORD}{code}"));
    server.client().bind(ALICE, format!("{ALICE_PASSWORD}{code}"));
    server.client().bind(ALICE, ALICE_PASSWORD);
    set(&mut root, ALICE, 2, &["true"]);
    server.client().bind(ALICE, ALICE_PASSWORD);
    set(&mut root, ALICE, 3, &[]);
    set(&mut root, ALICE, 60, &["true"]);
    server.client().bind(ALICE, ALICE_PASSWORD);
    let expected = [
        "simple: locked",
        "simple: policy:account-disabled",
        "simple: code-missing",
        "simple: code-already-used",
        "SASL UNBOUNDID-TOTP: clock-off:+3",
    ];
    assert_eq!(failures(&logins(&mut root, ALICE)), expected);
}

#[test]
fn the_owner_and_administrators_are_told_and_only_these_forget() {
    let server = Server::start();
    server.client().bind(BOB, "wrong");
    let mut bob = server.bound(BOB, BOB_PASSWORD);
    assert_eq!(failures(&logins(&mut bob, BOB)), ["simple: wrong-password"]);
    assert_eq!(ask(&mut bob, BOB, &[(89, &[])]), Err(INSUFFICIENT_ACCESS_RIGHTS));
    let mut carol = server.bound(CAROL, CAROL_PASSWORD);
    assert_eq!(ask(&mut bob, ALICE, &[(88, &[])]), Err(INSUFFICIENT_ACCESS_RIGHTS));
    assert_eq!(ask(&mut carol, BOB, &[(89, &["now"])]), Err(PROTOCOL_ERROR));
    assert_eq!(failures(&logins(&mut carol, BOB)).len(), 1);
    assert_eq!(set(&mut carol, BOB, 89, &[]), [r#"{"successful-attempts":[],"failed-attempts":[]}"#]);
}

#[test]
fn a_new_password_forgets_nothing_and_time_does() {
    let server = Server::with("[login_history]\nfailures = 2\nmax_age = \"7d\"\n");
    let mut root = server.root();
    for day in 0..3 {
        server.client().bind(BOB, format!("wrong {day}"));
        server.advance(Duration::from_secs(86_400));
    }
    assert_eq!(failures(&logins(&mut root, BOB)).len(), 2);
    let reset = tagged(&[(0, BOB), (2, "another password")]);
    assert_eq!(root.extended(oid::PASSWORD_MODIFY, Some(&reset)).code, SUCCESS);
    assert_eq!(failures(&logins(&mut root, BOB)).len(), 2);
    server.advance(Duration::from_secs(5 * 86_400));
    assert_eq!(failures(&logins(&mut root, BOB)).len(), 1);
    server.advance(Duration::from_secs(2 * 86_400));
    assert_eq!(failures(&logins(&mut root, BOB)).len(), 0);
}

#[test]
fn a_bind_that_asks_is_told_on_success_alone() {
    let server = Server::with("[login_history]\nsuccesses = 3\n");
    server.client().bind(BOB, "wrong");
    let mut client = server.client();
    let refused = bind_asking(&mut client, BOB, "wrong", None);
    assert_eq!((refused.code, refused.control(RESPONSE)), (INVALID_CREDENTIALS, None));
    let told = bind_asking(&mut client, BOB, BOB_PASSWORD, None);
    assert_eq!(told.code, SUCCESS);
    let history: Value = serde_json::from_slice(told.control(RESPONSE).unwrap()).unwrap();
    assert_eq!(failures(&history), ["simple: wrong-password"]);
    assert_eq!(history["failed-attempts"][0]["additional-attempt-count"], 1);
    let success = json!({
        "successful": true, "timestamp": NOW, "authentication-method": "simple", "client-ip-address": "127.0.0.1",
    });
    assert_eq!(history["successful-attempts"], json!([success]));
    assert_eq!(bind_asking(&mut client, BOB, BOB_PASSWORD, Some(b"")).code, PROTOCOL_ERROR, "it has no value");
    let root = bind_asking(&mut client, ROOT, ROOT_PASSWORD, None);
    assert_eq!((root.code, root.control(RESPONSE)), (SUCCESS, None), "the root user is no entry");
    let anonymous = bind_asking(&mut client, "", "", None);
    assert_eq!((anonymous.code, anonymous.control(RESPONSE)), (SUCCESS, None));
    let code = server.code(0);
    let body = json!({"credentials": {"authenticationType": "passwordPlusTOTP", "username": "alice",
        "staticPassword": ALICE_PASSWORD, "totp": code}});
    assert_eq!(post(server.rest(), "/directory/v1/authenticate", None, &body).status, 200);
    let told = logins(&mut server.root(), ALICE);
    assert_eq!(told["successful-attempts"][0]["authentication-method"], "SASL UNBOUNDID-TOTP");
}

#[test]
fn without_history_there_is_none_to_be_told() {
    let server = Server::with("[login_history]\nfailures = 0\n");
    server.client().bind(BOB, "wrong");
    assert_eq!(get(&mut server.root(), BOB, 88), [""; 0]);
    let told = bind_asking(&mut server.client(), BOB, BOB_PASSWORD, None);
    assert_eq!((told.code, told.control(RESPONSE)), (SUCCESS, None));
}

#[test]
fn the_control_is_advertised_and_means_something_to_binds_alone() {
    let server = Server::start();
    let mut client = server.bound(BOB, BOB_PASSWORD);
    assert!(client.read("", &["supportedControl"]).values("supportedControl").contains(&REQUEST.to_owned()));
    let who = common::client::extended(oid::WHO_AM_I, None);
    assert_eq!(client.request(&who, &[control(REQUEST, true, None)]).code, UNAVAILABLE_CRITICAL_EXTENSION);
    assert_eq!(client.request(&who, &[control(REQUEST, false, None)]).code, SUCCESS);
}

#[test]
fn nothing_that_was_presented_is_in_it() {
    let server = Server::start();
    let mut root = server.root();
    let guesses = ["hunter2-guess", "correct horse987654"];
    for guess in guesses {
        server.client().bind(ALICE, guess);
        server.client().bind_plain("dn:uid=alice,ou=people,dc=example,dc=com", guess);
        server.client().bind_totp("u:alice", Some(guess), "987654");
        server
            .client()
            .bind_sasl("UNBOUNDID-YUBIKEY-OTP", Some(&tagged(&[(0, "u:alice"), (2, guess), (3, "cccc987654")])));
        server.client().bind_sasl("UNBOUNDID-DELIVERED-OTP", Some(&tagged(&[(0, "u:alice"), (2, guess)])));
    }
    let told = logins(&mut root, ALICE).to_string();
    assert!(told.contains("wrong-password") && told.contains("SASL UNBOUNDID-DELIVERED-OTP"), "{told}");
    for secret in ["hunter2", "987654", "correct horse"] {
        assert!(!told.contains(secret), "{told}");
    }
    assert!(ber::octets(&told).len() < 4096, "and it stays small");
}
