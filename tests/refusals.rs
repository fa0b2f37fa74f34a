//! Each row of the switchboard refuses those who prove nothing and those who may not. The exceptions are named, with the reason.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

mod common;

use common::{
    ber,
    client::totp_credentials,
    code::*,
    http, mailbox,
    people::{ALICE, ALICE_PASSWORD, BOB, BOB_PASSWORD},
    requests::{UNKNOWN_OTP, json_body, ldap_value, own_json_body},
    server::Server,
    yubikey,
};
use countersign::routes::{MECHANISMS, ROUTES};

/// Rows that ask nobody who they are.
const OPEN: [(&str, &str); 4] = [
    ("generate-password", "tells nothing about anybody and changes nothing"),
    ("who-am-i", "tells the requester only who the requester is"),
    ("start-tls", "comes before anybody can be anybody"),
    ("cancel", "reaches operations of the same connection only"),
];

#[test]
fn each_route_refuses_whoever_proves_nothing() {
    let server = Server::start();
    for route in ROUTES {
        let Some(value) = ldap_value(route.name, ALICE, None) else {
            assert!(OPEN.iter().any(|(name, _)| *name == route.name), "{} is open without a reason", route.name);
            continue;
        };
        for (who, mut client) in [("anonymous", server.client()), ("somebody else", server.bound(BOB, BOB_PASSWORD))] {
            let response = client.extended(route.oid, Some(&value));
            assert_eq!(response.code, INSUFFICIENT_ACCESS_RIGHTS, "{} by {who}", route.name);
            assert_eq!((response.name, response.value), (None, None), "{} by {who}", route.name);
        }
        let (path, body) = if let Some(at) = &route.entry_path {
            (format!("/directory/v1/{ALICE}/{}", at.name), json_body(route.name, None))
        } else {
            let Some(at) = &route.path else { continue };
            let Some(body) = own_json_body(route.name, ALICE) else { continue };
            (format!("/directory/v1/{}", at.name), body)
        };
        for (authorization, expected) in [
            (None, &[401, 403][..]),
            (Some(http::basic(BOB, BOB_PASSWORD)), &[403]),
            (Some(http::basic(BOB, "wrong")), &[401]),
            (Some("Bearer a.b.c".to_owned()), &[401]),
            (Some("Nonsense".to_owned()), &[400, 401]),
        ] {
            let answer = http::post(server.rest(), &path, authorization.as_deref(), &body);
            assert!(expected.contains(&answer.status), "{} with {authorization:?}: {answer:?}", route.name);
        }
    }
    // And nothing has changed.
    assert_eq!(server.client().bind(ALICE, format!("{ALICE_PASSWORD}{}", server.code(0))).code, SUCCESS);
}

#[test]
fn each_mechanism_refuses_a_wrong_proof_with_the_same_words() {
    let server = Server::start();
    let wrong = server.client().bind(BOB, "wrong");
    assert_eq!(wrong.code, INVALID_CREDENTIALS);
    for mechanism in MECHANISMS {
        let credentials = match mechanism.name {
            "PLAIN" => b"\0u:bob\0wrong".to_vec(),
            "UNBOUNDID-TOTP" => totp_credentials("u:bob", Some("wrong"), "123456"),
            "UNBOUNDID-YUBIKEY-OTP" => yubikey::credentials("u:bob", Some("wrong"), UNKNOWN_OTP),
            "UNBOUNDID-DELIVERED-OTP" => mailbox::delivered_credentials("u:bob", "123456"),
            "EXTERNAL" => Vec::new(),
            // The client has taken note of a refusal.
            "OAUTHBEARER" => b"\x01".to_vec(),
            other => panic!("add {other} to this test"),
        };
        let response = server.client().bind_sasl(mechanism.name, Some(&credentials));
        assert_eq!((response.code, &response.diagnostic), (wrong.code, &wrong.diagnostic), "{}", mechanism.name);
        assert_eq!(response.sasl_credentials, None, "{}", mechanism.name);
    }
}

#[test]
fn each_confidential_route_and_mechanism_is_refused_in_clear_before_it_is_read() {
    let server = Server::with("[ldap]\nallow_plaintext_passwords = \"never\"\n");
    for route in ROUTES.iter().filter(|route| route.confidential) {
        let response = server.client().extended(route.oid, Some(b"not even BER"));
        assert_eq!(response.code, CONFIDENTIALITY_REQUIRED, "{}", route.name);
    }
    for mechanism in MECHANISMS.iter().filter(|mechanism| mechanism.confidential) {
        let response = server.client().bind_sasl(mechanism.name, Some(b"not even BER"));
        assert_eq!(response.code, CONFIDENTIALITY_REQUIRED, "{}", mechanism.name);
    }
    // The same over HTTP.
    let answer = http::get(server.rest(), "/directory/v1/me", Some(&http::basic(BOB, BOB_PASSWORD)));
    assert_eq!(answer.status, 403);
}

#[test]
fn each_route_refuses_a_value_that_is_no_value() {
    let server = Server::start();
    for route in ROUTES.iter().filter(|route| route.oid != common::oid::START_TLS) {
        for value in [&b"\x30"[..], b"\x30\x02\x8f\x00", b"\x31\x00", b"text", b"\x30\x00\x00"] {
            let response = server.client().extended(route.oid, Some(value));
            assert_eq!(response.code, PROTOCOL_ERROR, "{} {value:?}", route.name);
        }
        let twice = ber::sequence(&[ber::tlv(0x80, "a"), ber::tlv(0x80, "a")]);
        assert_eq!(server.client().extended(route.oid, Some(&twice)).code, PROTOCOL_ERROR, "{}", route.name);
    }
}

#[test]
fn rest_refuses_what_is_no_request() {
    let server = Server::start();
    for route in ROUTES {
        let path = match (&route.entry_path, &route.path) {
            (Some(at), _) => format!("/directory/v1/{ALICE}/{}", at.name),
            (None, Some(at)) => format!("/directory/v1/{}", at.name),
            (None, None) => continue,
        };
        for body in
            ["{", "[]", "\"x\"", "{\"noSuchMember\":1}", "{\"staticPassword\":7}", "{\"staticPassword\":null,\"x\":{}}"]
        {
            let answer = http::request(server.rest(), "POST", &path, None, Some(body));
            assert_eq!(answer.status, 400, "{path} {body}: {answer:?}");
        }
        let misplaced = http::request(server.rest(), "POST", &path, None, Some("{\"staticPassword\":[\"hunter2\"]}"));
        assert_eq!(misplaced.status, 400);
        assert!(!misplaced.body.to_string().contains("hunter2"), "the answer repeats a password: {misplaced:?}");
        assert_eq!(http::request(server.rest(), "GET", &path, None, None).status, 405, "{path}");
    }
}
