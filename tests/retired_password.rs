//! Retired passwords: the one before the present still binds for a while, where the change asked for that.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

mod common;

use std::time::Duration;

use common::{
    account_state::{ask, get, set},
    client::{Change, Client, control, extended, tagged},
    code::*,
    http::{self, basic},
    oid,
    people::{BOB, BOB_PASSWORD},
    server::Server,
};

const RETIRE: &str = "1.3.6.1.4.1.30221.2.5.31";
const PURGE: &str = "1.3.6.1.4.1.30221.2.5.32";
const RULES: &str = "[password]\nretired_for = \"1h\"\nhistory = 3\nrehash_on_bind = true\n";
const NEW: &str = "the new one";

/// Changes Bob's password by his old one, with this control, if any.
fn change(server: &Server, old: &str, new: &str, with: Option<(&str, bool)>) -> i64 {
    let request = extended(oid::PASSWORD_MODIFY, Some(&tagged(&[(0, BOB), (1, old), (2, new)])));
    let controls: Vec<_> = with.into_iter().map(|(oid, critical)| control(oid, critical, None)).collect();
    server.client().request(&request, &controls).code
}

fn bind(server: &Server, password: &str) -> i64 {
    server.client().bind(BOB, password).code
}

fn reset_with(root: &mut Client, password: &str, oid: &str) -> i64 {
    root.modify_with(BOB, &[Change::Replace("userPassword", &[password])], &[control(oid, true, None)]).code
}

#[test]
fn both_passwords_bind_for_an_hour_and_then_the_new_one_alone() {
    let server = Server::with(RULES);
    let mut root = server.root();
    assert_eq!(get(&mut root, BOB, 41), ["false"]);
    assert_eq!(change(&server, BOB_PASSWORD, NEW, Some((RETIRE, true))), SUCCESS);
    assert_eq!(get(&mut root, BOB, 41), ["true"]);
    assert_eq!(get(&mut root, BOB, 42), ["20330518033335.000Z"]);
    assert_eq!(get(&mut root, BOB, 43), ["20330518043335.000Z"]);
    assert!(get(&mut root, BOB, 52)[0].contains("name=outstanding-retired-password"));
    for _ in 0..2 {
        for password in [BOB_PASSWORD, NEW] {
            assert_eq!(bind(&server, password), SUCCESS, "{password}");
            assert_eq!(server.client().bind_plain("u:bob", password).code, SUCCESS, "{password}");
            let own = format!("/directory/v1/{BOB}");
            assert_eq!(http::get(server.rest(), &own, Some(&basic("bob", password))).status, 200, "{password}");
        }
    }
    assert_eq!(bind(&server, "neither of them"), INVALID_CREDENTIALS);
    assert_eq!(change(&server, BOB_PASSWORD, "yet another", None), INVALID_CREDENTIALS, "it sets no password");
    server.advance(Duration::from_secs(3_600));
    assert_eq!(bind(&server, BOB_PASSWORD), INVALID_CREDENTIALS);
    assert_eq!(bind(&server, NEW), SUCCESS);
    assert_eq!((get(&mut root, BOB, 41), get(&mut root, BOB, 42)), (vec!["false".to_owned()], vec![]));
    assert_eq!(get(&mut root, BOB, 52), [""; 0]);
}

#[test]
fn a_change_that_does_not_ask_ends_what_there_was() {
    let server = Server::with(RULES);
    let mut root = server.root();
    assert_eq!(change(&server, BOB_PASSWORD, NEW, None), SUCCESS);
    assert_eq!((bind(&server, BOB_PASSWORD), get(&mut root, BOB, 41)), (INVALID_CREDENTIALS, vec!["false".to_owned()]));
    assert_eq!(change(&server, NEW, "second", Some((RETIRE, false))), SUCCESS);
    assert_eq!((bind(&server, NEW), bind(&server, BOB_PASSWORD)), (SUCCESS, INVALID_CREDENTIALS), "one alone is kept");
    assert_eq!(change(&server, "second", "third", Some((PURGE, true))), SUCCESS);
    assert_eq!(
        (bind(&server, NEW), bind(&server, "second"), bind(&server, "third")),
        (INVALID_CREDENTIALS, INVALID_CREDENTIALS, SUCCESS)
    );
}

#[test]
fn an_administrator_retires_purges_and_takes_away() {
    let server = Server::with(RULES);
    let mut root = server.root();
    assert_eq!(reset_with(&mut root, NEW, RETIRE), SUCCESS);
    assert_eq!(bind(&server, BOB_PASSWORD), SUCCESS);
    assert_eq!(set(&mut root, BOB, 44, &[]), ["false"]);
    assert_eq!((bind(&server, BOB_PASSWORD), bind(&server, NEW)), (INVALID_CREDENTIALS, SUCCESS));
    assert_eq!(reset_with(&mut root, "second", RETIRE), SUCCESS);
    assert_eq!(bind(&server, NEW), SUCCESS);
    assert_eq!(root.modify(BOB, &[Change::Delete("userPassword", &[])]).code, SUCCESS);
    assert_eq!(bind(&server, NEW), INVALID_CREDENTIALS, "without a password there is no former one");
    ask(&mut root, BOB, &[(2, &["true"])]).unwrap();
    assert_eq!(bind(&server, NEW), INVALID_CREDENTIALS);
}

#[test]
fn a_closed_account_is_closed_to_a_retired_password_too() {
    let server = Server::with(RULES);
    let mut root = server.root();
    assert_eq!(change(&server, BOB_PASSWORD, NEW, Some((RETIRE, true))), SUCCESS);
    for (close, open) in [((2, &["true"][..]), (3, &[][..])), ((60, &["true"][..]), (60, &["false"][..]))] {
        ask(&mut root, BOB, &[close]).unwrap();
        assert_eq!(bind(&server, BOB_PASSWORD), INVALID_CREDENTIALS);
        ask(&mut root, BOB, &[open]).unwrap();
        assert_eq!(bind(&server, BOB_PASSWORD), SUCCESS);
    }
}

#[test]
fn where_passwords_are_not_retired_only_a_critical_wish_is_refused() {
    let server = Server::start();
    assert_eq!(change(&server, BOB_PASSWORD, NEW, Some((RETIRE, true))), UNWILLING_TO_PERFORM);
    assert_eq!(bind(&server, BOB_PASSWORD), SUCCESS, "nothing was changed");
    assert_eq!(change(&server, BOB_PASSWORD, NEW, Some((RETIRE, false))), SUCCESS);
    assert_eq!((bind(&server, BOB_PASSWORD), bind(&server, NEW)), (INVALID_CREDENTIALS, SUCCESS));
    assert_eq!(change(&server, NEW, "second", Some((PURGE, true))), SUCCESS);
    let mut root = server.root();
    assert_eq!(reset_with(&mut root, "third", RETIRE), UNWILLING_TO_PERFORM);
    let both = [control(RETIRE, true, None), control(PURGE, true, None)];
    let changes = [Change::Replace("userPassword", &["third"])];
    assert_eq!(root.modify_with(BOB, &changes, &both).code, PROTOCOL_ERROR);
    assert_eq!(root.modify_with(BOB, &changes, &[control(RETIRE, false, Some(b""))]).code, PROTOCOL_ERROR);
    assert_eq!(root.delete_with(BOB, &[control(PURGE, true, None)]).code, UNAVAILABLE_CRITICAL_EXTENSION);
}
