//! Tokens that are good once, from outside: single-use tokens of applications, and the token with which a person sets a new password.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

mod common;

use std::time::Duration;

use common::{
    ber::{integer, octets, sequence, tlv},
    client::{Change, Client, Response, tagged},
    code::*,
    http,
    mailbox::{Mailbox, ways},
    oid,
    people::{ALICE, BOB, BOB_PASSWORD, CAROL, CAROL_PASSWORD, NOBODY},
    process::Process,
    server::Server,
};
use serde_json::json;

const MINUTE: Duration = Duration::from_secs(60);
const OFTEN: &str = "[delivery_limits]\nper_user = \"0/1h\"\nper_recipient = \"0/1h\"\n";
const NEW: &str = "an altogether new one";

fn server(mailbox: &Mailbox) -> Server {
    Server::with(&format!("{}{OFTEN}", mailbox.settings("Mail")))
}

fn carol(server: &Server) -> Client {
    server.bound(CAROL, CAROL_PASSWORD)
}

fn deliver(client: &mut Client, dn: &str, id: &str, more: &[Vec<u8>]) -> Response {
    let members = [&[octets(dn), octets(id)], more].concat();
    client.extended(oid::DELIVER_TOKEN, Some(&sequence(&members)))
}

fn consume(client: &mut Client, dn: &str, id: &str, token: &str) -> Response {
    client.extended(oid::CONSUME_TOKEN, Some(&sequence(&[octets(dn), octets(id), octets(token)])))
}

fn deliver_reset(client: &mut Client, dn: &str, more: &[Vec<u8>]) -> Response {
    client.extended(oid::DELIVER_RESET_TOKEN, Some(&sequence(&[&[octets(dn)], more].concat())))
}

/// Sets Bob's password anonymously, by what stands for the old one.
fn change(client: &mut Client, old: &str, new: &str) -> i64 {
    let value = tagged(&[(0, BOB), (1, old), (2, new)]);
    client.extended(oid::PASSWORD_MODIFY, Some(&value)).code
}

/// Has a token for Bob sent, and takes it out of the mailbox.
fn token_for(server: &Server, mailbox: &Mailbox, id: &str) -> String {
    let response = deliver(&mut carol(server), BOB, id, &[]);
    assert_eq!(response.code, SUCCESS, "{}", response.diagnostic);
    mailbox.take().secret().to_owned()
}

fn reset_token(server: &Server, mailbox: &Mailbox) -> String {
    let response = deliver_reset(&mut carol(server), BOB, &[]);
    assert_eq!(response.code, SUCCESS, "{}", response.diagnostic);
    mailbox.take().secret().to_owned()
}

#[test]
fn a_token_is_sent_and_consumed_once() {
    let mailbox = Mailbox::new();
    let server = server(&mailbox);
    let response = deliver(&mut carol(&server), BOB, "confirm", &[]);
    assert_eq!((response.code, response.name.as_deref()), (SUCCESS, Some(oid::DELIVER_TOKEN_RESPONSE)));
    assert_eq!(response.value, Some(sequence(&[octets("Mail"), tlv(0x80, "bob@example.com")])));
    let mail = mailbox.take();
    assert_eq!((mail.to.as_str(), mail.subject.as_str()), ("bob@example.com", "Your single-use token"));
    let token = mail.secret();
    assert_eq!((token.len(), mail.text.as_str()), (8, format!("Your single-use token is: {token}").as_str()));
    let response = consume(&mut carol(&server), BOB, "confirm", token);
    assert_eq!((response.code, response.name, response.value), (SUCCESS, None, None));
    assert_eq!(consume(&mut carol(&server), BOB, "confirm", token).code, INVALID_CREDENTIALS);
    // The user's own session may do both.
    let mut bob = server.bound(BOB, BOB_PASSWORD);
    assert_eq!(deliver(&mut bob, BOB, "confirm", &[]).code, SUCCESS);
    assert_eq!(consume(&mut bob, BOB, "confirm", mailbox.take().secret()).code, SUCCESS);
}

#[test]
fn a_token_is_for_its_user_and_its_purpose_and_a_newer_one_replaces_it() {
    let mailbox = Mailbox::new();
    let server = server(&mailbox);
    let older = token_for(&server, &mailbox, "one");
    let other = token_for(&server, &mailbox, "other");
    let newer = token_for(&server, &mailbox, "one");
    let mut client = carol(&server);
    for (dn, id, token) in [
        (BOB, "one", &older),
        (BOB, "one", &other),
        (BOB, "One", &newer),
        (BOB, "none", &newer),
        (ALICE, "one", &newer),
    ] {
        let response = consume(&mut client, dn, id, token);
        assert_eq!((response.code, response.value), (INVALID_CREDENTIALS, None), "{dn} {id}");
    }
    assert_eq!(consume(&mut client, BOB, "other", &other).code, SUCCESS);
    assert_eq!(consume(&mut client, BOB, "one", &newer).code, SUCCESS);
}

#[test]
fn a_token_expires_when_the_request_says_and_after_five_wrong_guesses() {
    let mailbox = Mailbox::new();
    let server = server(&mailbox);
    let validity = |millis: i64| vec![integer(0x80, millis)];
    let try_after = |more: &[Vec<u8>], time: Duration| {
        assert_eq!(deliver(&mut carol(&server), BOB, "x", more).code, SUCCESS);
        let token = mailbox.take().secret().to_owned();
        server.advance(time);
        consume(&mut carol(&server), BOB, "x", &token).code
    };
    assert_eq!(try_after(&[], 5 * MINUTE - Duration::from_millis(1)), SUCCESS);
    assert_eq!(try_after(&[], 5 * MINUTE), INVALID_CREDENTIALS);
    assert_eq!(try_after(&validity(1500), Duration::from_millis(1499)), SUCCESS);
    assert_eq!(try_after(&validity(1500), Duration::from_millis(1500)), INVALID_CREDENTIALS);
    assert_eq!(try_after(&validity(i64::MAX), 24 * 60 * MINUTE - Duration::from_millis(1)), SUCCESS);
    assert_eq!(try_after(&validity(i64::MAX), 24 * 60 * MINUTE), INVALID_CREDENTIALS);
    for malformed in [validity(0), validity(-1)] {
        assert_eq!(deliver(&mut carol(&server), BOB, "x", &malformed).code, PROTOCOL_ERROR);
    }
    let token = token_for(&server, &mailbox, "x");
    for _ in 0..5 {
        assert_eq!(consume(&mut carol(&server), BOB, "x", "wrong").code, INVALID_CREDENTIALS);
    }
    assert_eq!(consume(&mut carol(&server), BOB, "x", &token).code, INVALID_CREDENTIALS);
    // Nothing of it counts against the account.
    assert_eq!(server.client().bind(BOB, BOB_PASSWORD).code, SUCCESS);
}

#[test]
fn nothing_is_sent_for_whoever_may_not_ask() {
    let mailbox = Mailbox::new();
    let server = server(&mailbox);
    for (mut client, dn, expected) in [
        (server.client(), BOB, INSUFFICIENT_ACCESS_RIGHTS),
        (server.bound(BOB, BOB_PASSWORD), ALICE, INSUFFICIENT_ACCESS_RIGHTS),
        (server.bound(BOB, BOB_PASSWORD), NOBODY, INSUFFICIENT_ACCESS_RIGHTS),
        (carol(&server), NOBODY, NO_SUCH_OBJECT),
        (carol(&server), "dn:uid=bob", INVALID_DN_SYNTAX),
        (carol(&server), "", NO_SUCH_OBJECT),
    ] {
        assert_eq!(deliver(&mut client, dn, "x", &[]).code, expected, "{dn}");
        assert_eq!(consume(&mut client, dn, "x", "token").code, expected, "{dn}");
        assert_eq!(deliver_reset(&mut client, dn, &[]).code, expected, "{dn}");
    }
    // One's own reset token would make an open session as good as the password.
    assert_eq!(deliver_reset(&mut server.bound(BOB, BOB_PASSWORD), BOB, &[]).code, INSUFFICIENT_ACCESS_RIGHTS);
    let long = "x".repeat(257);
    assert_eq!(deliver(&mut carol(&server), BOB, &long, &[]).code, UNWILLING_TO_PERFORM);
    let injected = [tlv(0x81, "Subject\r\nBcc: eve@example.com")];
    assert_eq!(deliver(&mut carol(&server), BOB, "x", &injected).code, UNWILLING_TO_PERFORM);
    let foreign = [ways(0xA6, &[("Mail", Some("eve@example.com"))])];
    assert_eq!(deliver(&mut carol(&server), BOB, "x", &foreign).code, INVALID_RECIPIENT_ID);
    let foreign = [ways(0xA5, &[("Mail", Some("eve@example.com"))])];
    assert_eq!(deliver_reset(&mut carol(&server), BOB, &foreign).code, INVALID_RECIPIENT_ID);
    let unknown = [ways(0xA5, &[("Fax", None)])];
    assert_eq!(deliver_reset(&mut carol(&server), BOB, &unknown).code, MECHANISM_UNAVAILABLE);
    assert_eq!(mailbox.mails(), []);
}

#[test]
fn the_state_of_the_account_must_be_excused() {
    let mailbox = Mailbox::new();
    let server = server(&mailbox);
    let flag = |number: u8| vec![tlv(0x80 | number, [0xFF])];
    for _ in 0..10 {
        assert_eq!(server.client().bind(BOB, "wrong").code, INVALID_CREDENTIALS);
    }
    let codes = |reset: i64, plain: i64, locked: i64, disabled: i64| {
        let mut client = carol(&server);
        assert_eq!(deliver(&mut client, BOB, "x", &[]).code, plain);
        assert_eq!(deliver(&mut client, BOB, "x", &flag(8)).code, locked);
        assert_eq!(deliver(&mut client, BOB, "x", &flag(9)).code, disabled);
        assert_eq!(deliver_reset(&mut client, BOB, &[]).code, reset);
    };
    codes(SUCCESS, INVALID_ACCOUNT_STATE, SUCCESS, INVALID_ACCOUNT_STATE);
    server.advance(15 * MINUTE);
    let disable = [Change::Replace("ds-pwp-account-disabled", &["TRUE"])];
    assert_eq!(server.root().modify(BOB, &disable).code, SUCCESS);
    codes(INVALID_ACCOUNT_STATE, INVALID_ACCOUNT_STATE, INVALID_ACCOUNT_STATE, SUCCESS);
    assert_eq!(mailbox.mails().len(), 3);
}

#[test]
fn one_account_has_tokens_for_so_many_purposes() {
    let mailbox = Mailbox::new();
    let server = server(&mailbox);
    let mut client = carol(&server);
    for number in 0..16 {
        assert_eq!(deliver(&mut client, BOB, &format!("purpose {number}"), &[]).code, SUCCESS);
    }
    assert_eq!(deliver(&mut client, BOB, "one more", &[]).code, UNWILLING_TO_PERFORM);
    assert_eq!(deliver(&mut client, BOB, "purpose 3", &[]).code, SUCCESS);
    server.advance(5 * MINUTE);
    assert_eq!(deliver(&mut carol(&server), BOB, "one more", &[]).code, SUCCESS);
}

#[test]
fn a_reset_token_sets_one_password_and_does_nothing_else() {
    let mailbox = Mailbox::new();
    let server = server(&mailbox);
    let response = deliver_reset(&mut carol(&server), BOB, &[tlv(0x80, "Reset"), tlv(0x81, "Token: ")]);
    assert_eq!((response.code, response.name.as_deref()), (SUCCESS, Some(oid::DELIVER_RESET_TOKEN_RESPONSE)));
    assert_eq!(response.value, Some(sequence(&[octets("Mail"), tlv(0x80, "bob@example.com")])));
    let mail = mailbox.take();
    let token = mail.secret();
    assert_eq!(
        (mail.subject.as_str(), mail.text.as_str(), token.len()),
        ("Reset", format!("Token: {token}").as_str(), 12)
    );
    // It is no password: not in a bind, not where a static password proves, not as a single-use token.
    assert_eq!(server.client().bind(BOB, token).code, INVALID_CREDENTIALS);
    let generate = tagged(&[(0, "u:bob"), (1, token)]);
    assert_eq!(server.client().extended(oid::GENERATE_TOTP, Some(&generate)).code, INVALID_CREDENTIALS);
    assert_eq!(consume(&mut carol(&server), BOB, "", token).code, INVALID_CREDENTIALS);
    // A password that the rules refuse does not spend it.
    assert_eq!(change(&mut server.client(), token, ""), CONSTRAINT_VIOLATION);
    assert_eq!(change(&mut server.client(), token, NEW), SUCCESS);
    assert_eq!(server.client().bind(BOB, NEW).code, SUCCESS);
    assert_eq!(server.client().bind(BOB, BOB_PASSWORD).code, INVALID_CREDENTIALS);
    assert_eq!(change(&mut server.client(), token, "yet another one, and long"), INVALID_CREDENTIALS);
}

#[test]
fn a_reset_token_unlocks_expires_and_ends_with_what_makes_it_needless() {
    let mailbox = Mailbox::new();
    let server = server(&mailbox);
    let token = reset_token(&server, &mailbox);
    for _ in 0..10 {
        assert_eq!(server.client().bind(BOB, "wrong").code, INVALID_CREDENTIALS);
    }
    assert_eq!(server.client().bind(BOB, BOB_PASSWORD).code, INVALID_CREDENTIALS);
    assert_eq!(change(&mut server.client(), &token, NEW), SUCCESS);
    assert_eq!(server.client().bind(BOB, NEW).code, SUCCESS);

    let token = reset_token(&server, &mailbox);
    server.advance(30 * MINUTE);
    assert_eq!(change(&mut server.client(), &token, BOB_PASSWORD), INVALID_CREDENTIALS);

    let token = reset_token(&server, &mailbox);
    assert_eq!(server.client().bind(BOB, NEW).code, SUCCESS);
    assert_eq!(change(&mut server.client(), &token, BOB_PASSWORD), INVALID_CREDENTIALS);

    let older = reset_token(&server, &mailbox);
    let newer = reset_token(&server, &mailbox);
    assert_eq!(change(&mut server.client(), &older, "an older one, long enough"), INVALID_CREDENTIALS);
    assert_eq!(change(&mut server.client(), &newer, "a newer one, long enough"), SUCCESS);

    let token = reset_token(&server, &mailbox);
    let by_administrator = tagged(&[(0, BOB), (2, "given by the help desk")]);
    assert_eq!(carol(&server).extended(oid::PASSWORD_MODIFY, Some(&by_administrator)).code, SUCCESS);
    assert_eq!(change(&mut server.client(), &token, "a last one, long enough"), INVALID_CREDENTIALS);
}

#[test]
fn wrong_reset_tokens_count_as_wrong_passwords() {
    let mailbox = Mailbox::new();
    let server = Server::with(&format!(
        "{}{OFTEN}[password_reset_tokens]\nuse_conditions = [\"account-usable\"]\n",
        mailbox.settings("Mail")
    ));
    let token = reset_token(&server, &mailbox);
    for _ in 0..10 {
        assert_eq!(change(&mut server.client(), "abcdefghijkm", NEW), INVALID_CREDENTIALS);
    }
    // Now the account is locked, and the configuration lets nobody reset it in that state.
    assert_eq!(change(&mut server.client(), &token, NEW), INVALID_CREDENTIALS);
    assert_eq!(deliver_reset(&mut carol(&server), BOB, &[]).code, INVALID_ACCOUNT_STATE);
    server.advance(15 * MINUTE);
    assert_eq!(change(&mut server.client(), &token, NEW), SUCCESS);
}

#[test]
fn of_many_at_once_one_wins() {
    let mailbox = Mailbox::new();
    let server = server(&mailbox);
    let token = token_for(&server, &mailbox, "x");
    let reset = reset_token(&server, &mailbox);
    let barrier = std::sync::Barrier::new(32);
    let (consumed, changed) = std::thread::scope(|scope| {
        let threads: Vec<_> = (0..32)
            .map(|number: usize| {
                let (barrier, server, token, reset) = (&barrier, &server, &token, &reset);
                scope.spawn(move || {
                    let (mut client, mut anonymous) = (carol(server), server.client());
                    barrier.wait();
                    let consumed = consume(&mut client, BOB, "x", token).code;
                    (consumed, change(&mut anonymous, reset, &format!("new password number {number}")))
                })
            })
            .collect();
        threads.into_iter().map(|thread| thread.join().unwrap()).collect::<(Vec<i64>, Vec<i64>)>()
    });
    for codes in [consumed, changed] {
        assert_eq!(codes.iter().filter(|code| **code == SUCCESS).count(), 1, "{codes:?}");
        assert!(codes.iter().all(|code| [SUCCESS, INVALID_CREDENTIALS].contains(code)), "{codes:?}");
    }
}

#[test]
fn tokens_outlive_the_process_and_are_spent_for_good() {
    let mailbox = Mailbox::new();
    let mut server = Process::with(&mailbox.settings("Mail"));
    let carol = |server: &Process| {
        let mut client = server.client();
        assert_eq!(client.bind(CAROL, CAROL_PASSWORD).code, SUCCESS);
        client
    };
    assert_eq!(deliver(&mut carol(&server), BOB, "x", &[]).code, SUCCESS);
    let token = mailbox.take().secret().to_owned();
    assert_eq!(deliver_reset(&mut carol(&server), BOB, &[]).code, SUCCESS);
    let reset = mailbox.take().secret().to_owned();
    server.kill();
    server.start_again();
    assert_eq!(consume(&mut carol(&server), BOB, "x", &token).code, SUCCESS);
    assert_eq!(change(&mut server.client(), &reset, NEW), SUCCESS);
    server.kill();
    server.start_again();
    assert_eq!(consume(&mut carol(&server), BOB, "x", &token).code, INVALID_CREDENTIALS);
    assert_eq!(change(&mut server.client(), &reset, BOB_PASSWORD), INVALID_CREDENTIALS);
    assert_eq!(server.client().bind(BOB, NEW).code, SUCCESS);
}

#[test]
fn rest_sets_a_password_by_a_reset_token_too() {
    let mailbox = Mailbox::new();
    let server = server(&mailbox);
    let token = reset_token(&server, &mailbox);
    let path = format!("/directory/v1/{BOB}/changePassword");
    let body = json!({"oldPassword": token, "newPassword": NEW});
    assert_eq!(http::post(server.rest(), &path, None, &body).status, 200);
    assert_eq!(http::post(server.rest(), &path, None, &body).status, 401);
    assert_eq!(server.client().bind(BOB, NEW).code, SUCCESS);
}
