//! The access tokens that `authenticate` hands out: what they are good for, and what ends them.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

mod common;

use std::time::Duration;

use common::{
    client::{Change, tagged},
    code::*,
    http, oid,
    people::{ALICE, ALICE_PASSWORD, BOB, BOB_PASSWORD, CAROL, CAROL_PASSWORD, PEOPLE, ROOT, ROOT_PASSWORD},
    process::Process,
    server::Server,
};
use serde_json::{Value, json};

const AUTHENTICATE: &str = "/directory/v1/authenticate";
const ME: &str = "/directory/v1/me";
const NEW: &str = "an altogether new one";

fn authenticate(server: &Server, dn: &str, password: &str) -> http::Answer {
    let credentials = json!({"authenticationType": "password", "dn": dn, "staticPassword": password});
    http::post(server.rest(), AUTHENTICATE, None, &json!({ "credentials": credentials }))
}

/// A header with a token of this user's.
fn token(server: &Server, dn: &str, password: &str) -> String {
    let answer = authenticate(server, dn, password);
    assert_eq!(answer.status, 200, "{answer:?}");
    format!("Bearer {}", answer.body["accessToken"].as_str().unwrap())
}

fn of_bob(server: &Server) -> String {
    token(server, BOB, BOB_PASSWORD)
}

fn me(server: &Server, header: &str) -> http::Answer {
    http::get(server.rest(), ME, Some(header))
}

fn assert_refused(server: &Server, header: &str, why: &str) {
    let answer = me(server, header);
    assert_eq!((answer.status, &answer.body["code"]), (401, &json!("UNAUTHENTICATED")), "{why}: {answer:?}");
    assert!(answer.headers.contains(r#"Bearer realm="countersign", error="invalid_token""#), "{why}: {answer:?}");
}

/// SASL credentials of OAUTHBEARER with the token of this header.
fn oauth(header: &str) -> Vec<u8> {
    format!("n,,\x01auth={header}\x01\x01").into_bytes()
}

#[test]
fn a_token_is_its_user_at_both_doors() {
    let server = Server::start();
    let header = of_bob(&server);
    assert_eq!(me(&server, &header).body["_dn"], BOB);
    let mut client = server.client();
    assert_eq!(client.bind_sasl("OAUTHBEARER", Some(&oauth(&header))).code, SUCCESS);
    assert_eq!(client.who_am_i(), format!("dn:{BOB}"));
    let other = http::get(server.rest(), &format!("/directory/v1/{ALICE}"), Some(&header));
    assert_eq!(other.status, 200);
    // Its user's privileges go with it.
    let carol = token(&server, CAROL, CAROL_PASSWORD);
    let made = |header: &str| {
        let path = format!("/directory/v1/{BOB}/generateTOTPSharedSecret");
        http::post(server.rest(), &path, Some(header), &json!({})).status
    };
    assert_eq!((made(&header), made(&carol)), (403, 200));
}

#[test]
fn a_token_is_good_for_as_long_as_configured() {
    let server = Server::with("[rest]\naccess_tokens = \"10m\"\n");
    let header = of_bob(&server);
    server.advance(Duration::from_secs(599));
    assert_eq!(me(&server, &header).status, 200);
    server.advance(Duration::from_secs(1));
    assert_refused(&server, &header, "expired");
    let none = Server::with("[rest]\naccess_tokens = \"0s\"\n");
    let answer = authenticate(&none, BOB, BOB_PASSWORD);
    assert_eq!((answer.status, answer.body.get("accessToken")), (200, None));
}

#[test]
fn a_change_of_password_ends_it_at_once() {
    type Way = fn(&Server);
    let ways: [(&str, Way); 4] = [
        ("by its user", |server| {
            let value = tagged(&[(0, BOB), (1, BOB_PASSWORD), (2, NEW)]);
            assert_eq!(server.client().extended(oid::PASSWORD_MODIFY, Some(&value)).code, SUCCESS);
        }),
        ("by an administrator", |server| {
            let value = tagged(&[(0, BOB), (2, NEW)]);
            assert_eq!(server.root().extended(oid::PASSWORD_MODIFY, Some(&value)).code, SUCCESS);
        }),
        ("to the same one", |server| {
            let changes = [Change::Replace("userPassword", &[BOB_PASSWORD])];
            assert_eq!(server.root().modify(BOB, &changes).code, SUCCESS);
        }),
        ("to none", |server| {
            assert_eq!(server.root().modify(BOB, &[Change::Delete("userPassword", &[])]).code, SUCCESS);
        }),
    ];
    for (why, change) in ways {
        let server = Server::start();
        let header = of_bob(&server);
        assert_eq!(me(&server, &header).status, 200);
        change(&server);
        assert_refused(&server, &header, why);
        let bind = server.client().bind_sasl("OAUTHBEARER", Some(&oauth(&header)));
        assert_eq!(bind.code, 14, "{why}");
    }
}

#[test]
fn a_change_of_factors_ends_it_at_once() {
    let server = Server::start();
    let mut root = server.root();
    let secret = ["JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP"];
    let changes: [&[Change<'_>]; 4] = [
        &[Change::Add("ds-auth-totp-shared-secret", &secret)],
        &[Change::Delete("ds-auth-totp-shared-secret", &secret)],
        &[Change::Add("ds-auth-yubikey-public-id", &["vvccccbbcdef"])],
        &[Change::Delete("ds-auth-yubikey-public-id", &["vvccccbbcdef"])],
    ];
    let mut headers = vec![of_bob(&server)];
    for (number, change) in changes.iter().enumerate() {
        assert_eq!(root.modify(BOB, change).code, SUCCESS);
        headers.iter().for_each(|header| assert_refused(&server, header, &format!("change {number}")));
        if number == 1 || number == 3 {
            headers.push(of_bob(&server));
            assert_eq!(me(&server, headers.last().unwrap()).status, 200);
        }
    }
    // A code that is used changes no factor.
    let alice = token(&server, ALICE, &format!("{ALICE_PASSWORD}{}", server.code(0)));
    assert_eq!(server.client().bind(ALICE, format!("{ALICE_PASSWORD}{}", server.code(1))).code, SUCCESS);
    assert_eq!(me(&server, &alice).status, 200);
}

#[test]
fn what_closes_the_account_ends_it_for_good() {
    let server = Server::start();
    let mut root = server.root();
    let states = [
        ("ds-pwp-account-disabled", "TRUE"),
        ("ds-pwp-account-expiration-time", "20200101000000Z"),
        ("ds-pwp-account-activation-time", "20500101000000Z"),
    ];
    for (name, value) in states {
        let header = of_bob(&server);
        assert_eq!(root.modify(BOB, &[Change::Replace(name, &[value])]).code, SUCCESS, "{name}");
        assert_refused(&server, &header, name);
        assert_eq!(root.modify(BOB, &[Change::Replace(name, &[])]).code, SUCCESS);
        assert_refused(&server, &header, &format!("{name}, and open again"));
        assert_eq!(me(&server, &of_bob(&server)).status, 200);
    }
}

#[test]
fn a_locked_account_has_no_use_of_it() {
    let server = Server::with("[lockout]\nfailures = 3\n");
    let header = of_bob(&server);
    for _ in 0..3 {
        assert_eq!(server.client().bind(BOB, "wrong").code, INVALID_CREDENTIALS);
    }
    assert_refused(&server, &header, "locked");
}

#[test]
fn it_outlives_other_changes_and_a_new_name_but_not_its_user() {
    let server = Server::start();
    let mut root = server.root();
    let header = of_bob(&server);
    assert_eq!(root.modify(BOB, &[Change::Replace("description", &["other"])]).code, SUCCESS);
    assert_eq!(me(&server, &header).status, 200);
    assert_eq!(root.rename(BOB, "uid=robert", true, None).code, SUCCESS);
    let renamed = format!("uid=robert,{PEOPLE}");
    assert_eq!(me(&server, &header).body["_dn"], renamed);
    assert_eq!(root.delete(&renamed).code, SUCCESS);
    assert_refused(&server, &header, "deleted");
    common::people::add_person(&mut root, "bob", "Bob Baker", BOB_PASSWORD, &[]);
    assert_refused(&server, &header, "somebody else by that name");
}

#[test]
fn whoever_must_change_the_password_does_that_and_nothing_else() {
    let server = Server::with("[password]\nchange_after_reset = true\n");
    let value = tagged(&[(0, BOB), (2, NEW)]);
    assert_eq!(server.root().extended(oid::PASSWORD_MODIFY, Some(&value)).code, SUCCESS);
    let answer = authenticate(&server, BOB, NEW);
    assert_eq!((answer.status, &answer.body["mustChangePassword"]), (200, &json!(true)), "{answer:?}");
    let header = format!("Bearer {}", answer.body["accessToken"].as_str().unwrap());
    assert_eq!(me(&server, &header).status, 403);
    let body = json!({"newPassword": "yet another password"});
    let path = format!("/directory/v1/{BOB}/changePassword");
    assert_eq!(http::post(server.rest(), &path, Some(&header), &body).status, 200);
    assert_refused(&server, &header, "changed");
}

#[test]
fn two_factors_stay_two_factors() {
    let rule = "[[access]]\nto = \"*\"\nattributes = [\"*\", \"+\"]\nwho = \"users\"\nstrength = \"two-factors\"\nallow = [\"search\", \"read\"]\n";
    let server = Server::with(rule);
    let alice = token(&server, ALICE, &format!("{ALICE_PASSWORD}{}", server.code(0)));
    assert_eq!(me(&server, &alice).status, 200);
    assert_eq!(me(&server, &of_bob(&server)).status, 404);
}

#[test]
fn tokens_that_are_none_are_refused_and_the_root_user_gets_none() {
    let server = Server::start();
    let good = of_bob(&server);
    let altered: Vec<String> = (7..good.len())
        .step_by(9)
        .map(|at| {
            let mut text = good.clone().into_bytes();
            text[at] = if text[at] == b'A' { b'B' } else { b'A' };
            String::from_utf8(text).unwrap()
        })
        .collect();
    for header in &altered {
        assert_refused(&server, header, header);
    }
    let long = format!("Bearer {}", "A".repeat(40_000));
    let bad = [
        "Bearer",
        "Bearer ",
        "Bearer VW5A",
        "Bearer ====",
        "Bearer a b",
        "Bearer a,b",
        "Bearer \u{e4}",
        &long,
        &good[..good.len() - 2],
    ];
    for header in bad {
        assert_refused(&server, header, header);
    }
    assert_refused(&server, &format!("{good}\r\nAuthorization: {good}"), "twice");
    assert_refused(&server, &format!("{good}\r\nAuthorization: {}", http::basic(BOB, BOB_PASSWORD)), "and a password");
    // Another server's.
    let other = Server::start();
    assert_refused(&server, &of_bob(&other), "foreign");
    let root = authenticate(&server, ROOT, ROOT_PASSWORD);
    assert_eq!((root.status, root.body.get("accessToken")), (200, None));
}

#[test]
fn the_control_answers_with_the_token_too() {
    let server = Server::start();
    let ask = |controls: Value| {
        let credentials = json!({"authenticationType": "password", "dn": BOB, "staticPassword": BOB_PASSWORD});
        http::post(server.rest(), AUTHENTICATE, None, &json!({"credentials": credentials, "_controls": controls}))
    };
    let answer = ask(json!([{"oid": "1.3.6.1.4.1.30221.2.5.67", "criticality": true}]));
    let control = &answer.body["_controls"][0];
    assert_eq!(control["oid"], "1.3.6.1.4.1.30221.2.5.68", "{answer:?}");
    assert_eq!(control["value-json"]["token"], answer.body["accessToken"]);
    assert_eq!(control["value-json"]["expiration-time"], "2033-05-18T04:33:35.000Z");
    let policy = ask(json!([{"oid": oid::PASSWORD_POLICY, "criticality": false}]));
    assert_eq!(policy.body["_controls"][0]["value-json"], json!({}));
    assert_eq!(ask(json!([{"oid": "1.2.3", "criticality": true}])).status, 400);
    assert_eq!(ask(json!([])).body.get("_controls"), None);
}

#[test]
fn basic_can_be_turned_off() {
    let server = Server::with("[rest]\nbasic = false\n");
    let answer = http::get(server.rest(), ME, Some(&http::basic(BOB, BOB_PASSWORD)));
    assert_eq!(answer.status, 401);
    assert!(!answer.headers.contains("Basic realm"), "{answer:?}");
    assert_eq!(me(&server, &of_bob(&server)).status, 200);
}

#[test]
fn a_refused_bind_says_so_and_then_ends() {
    let server = Server::start();
    let mut client = server.client();
    let refused = client.bind_sasl("OAUTHBEARER", Some(b"n,,\x01auth=Bearer nonsense\x01\x01"));
    assert_eq!(refused.code, 14);
    let told: Value = serde_json::from_slice(refused.sasl_credentials.as_ref().unwrap()).unwrap();
    assert_eq!(told["status"], "invalid_token");
    let ended = client.bind_sasl("OAUTHBEARER", Some(b"\x01"));
    assert_eq!((ended.code, ended.sasl_credentials), (INVALID_CREDENTIALS, None));
    assert_eq!(client.who_am_i(), "");
    assert_eq!(client.bind_sasl("OAUTHBEARER", Some(b"nonsense")).code, PROTOCOL_ERROR);
    // Acting as another needs the privilege for it, as everywhere.
    let header = of_bob(&server);
    let other = format!("n,a=u:alice,\x01auth={header}\x01\x01");
    assert_eq!(client.bind_sasl("OAUTHBEARER", Some(other.as_bytes())).code, AUTHORIZATION_DENIED);
}

#[test]
fn it_outlives_the_process() {
    let mut server = Process::start();
    let credentials = json!({"authenticationType": "password", "dn": BOB, "staticPassword": BOB_PASSWORD});
    let answer = http::post(server.rest(), AUTHENTICATE, None, &json!({ "credentials": credentials }));
    let header = format!("Bearer {}", answer.body["accessToken"].as_str().unwrap());
    server.kill();
    server.start_again();
    assert_eq!(http::get(server.rest(), ME, Some(&header)).body["_dn"], BOB);
    assert_eq!(process_change(&server), SUCCESS);
    server.kill();
    server.start_again();
    assert_eq!(http::get(server.rest(), ME, Some(&header)).status, 401);
}

fn process_change(server: &Process) -> i64 {
    server.root().extended(oid::PASSWORD_MODIFY, Some(&tagged(&[(0, BOB), (2, NEW)]))).code
}

#[test]
fn no_token_stands_in_the_log() {
    let mut server = Server::with("[log]\nlevel = \"debug\"\n");
    let header = of_bob(&server);
    assert_eq!(me(&server, &header).status, 200);
    assert_eq!(server.client().bind_sasl("OAUTHBEARER", Some(&oauth(&header))).code, SUCCESS);
    assert_refused(&server, &format!("{header}AAAA"), "longer");
    server.stop();
    let (log, token) = (server.log(), header.strip_prefix("Bearer ").unwrap().to_owned());
    assert!(log.contains("OAUTHBEARER") && log.contains("bad-token"), "{log}");
    for from in (0..token.len() - 12).step_by(4) {
        assert!(!log.contains(&token[from..from + 12]), "{log}");
    }
}
