//! Delivered one-time passwords from outside: who may have one sent, how and with which words it goes, what it is good for.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

mod common;

use std::{path::Path, time::Duration};

use common::{
    ber::{self, constructed, octets, tlv},
    client::{Change, Client, Response, tagged},
    code::*,
    http,
    mail_server::MailServer,
    mailbox::{Mailbox, bind, deliver, deliver_with, ways},
    oid,
    people::{
        ALICE, ALICE_PASSWORD, BOB, BOB_PASSWORD, CAROL, CAROL_PASSWORD, NOBODY, ROOT, ROOT_PASSWORD, add_person,
    },
    process::Process,
    server::Server,
    web_server::{Reply, WebServer},
};
use serde_json::json;

const MINUTE: Duration = Duration::from_secs(60);
/// No limit is in the way of what is tested.
const OFTEN: &str = "[delivery_limits]\nper_user = \"0/1h\"\nper_recipient = \"0/1h\"\n";

fn server(mailbox: &Mailbox) -> Server {
    Server::with(&format!("{}{OFTEN}", mailbox.settings("Mail")))
}

/// Has a code sent to Bob, and takes it out of the mailbox.
fn code_for_bob(server: &Server, mailbox: &Mailbox) -> String {
    assert_eq!(deliver(&mut server.client(), "u:bob", Some(BOB_PASSWORD)).code, SUCCESS);
    mailbox.take().secret().to_owned()
}

/// The members of a result: tag and text.
fn members(response: &Response) -> Vec<(u8, String)> {
    assert_eq!(response.code, SUCCESS, "{}", response.diagnostic);
    let value = response.value.as_ref().expect("a value");
    let (tag, content, rest) = ber::split(value).unwrap();
    assert_eq!((tag, rest.len()), (ber::SEQUENCE, 0));
    ber::elements(content).into_iter().map(|(tag, text)| (tag, ber::text(text))).collect()
}

#[test]
fn a_code_is_sent_and_is_good_once() {
    let mailbox = Mailbox::new();
    let server = server(&mailbox);
    let response = deliver(&mut server.client(), "u:bob", Some(BOB_PASSWORD));
    assert_eq!(response.name.as_deref(), Some(oid::DELIVER_OTP_RESPONSE));
    let expected = [(0x80, "Mail"), (0x81, BOB), (0x82, "bob@example.com")];
    assert_eq!(members(&response), expected.map(|(tag, text)| (tag, text.to_owned())));
    let mail = mailbox.take();
    assert_eq!((mail.to.as_str(), mail.subject.as_str()), ("bob@example.com", "Your one-time password"));
    let code = mail.secret();
    assert_eq!(mail.text, format!("Your one-time password is: {code}"));
    assert!(code.len() == 6 && code.bytes().all(|octet| octet.is_ascii_digit()), "{code}");
    let mut client = server.client();
    assert_eq!(bind(&mut client, "u:bob", code).code, SUCCESS);
    assert_eq!(client.who_am_i(), format!("dn:{BOB}"));
    let again = bind(&mut client, "u:bob", code);
    assert_eq!((again.code, client.who_am_i().as_str()), (INVALID_CREDENTIALS, ""));
    assert_eq!(bind(&mut server.client(), &format!("dn:{BOB}"), code).code, INVALID_CREDENTIALS);
}

#[test]
fn nobody_but_the_owner_has_one_sent_and_nothing_is_sent_on_refusal() {
    let mailbox = Mailbox::new();
    let server = server(&mailbox);
    let requesters = [None, Some((BOB, BOB_PASSWORD)), Some((CAROL, CAROL_PASSWORD)), Some((ROOT, ROOT_PASSWORD))];
    let wrong = server.client().bind(BOB, "wrong");
    for requester in requesters {
        let connect = || requester.map_or_else(|| server.client(), |(dn, password)| server.bound(dn, password));
        for (id, password, expected) in [
            ("u:bob", Some("wrong"), INVALID_CREDENTIALS),
            ("u:bob", Some(""), INVALID_CREDENTIALS),
            ("u:nobody", Some(BOB_PASSWORD), INVALID_CREDENTIALS),
            ("bob", Some(BOB_PASSWORD), INVALID_CREDENTIALS),
            ("", Some(BOB_PASSWORD), INVALID_CREDENTIALS),
            ("u:nobody", None, INSUFFICIENT_ACCESS_RIGHTS),
            ("u:alice", None, INSUFFICIENT_ACCESS_RIGHTS),
            ("u:alice", Some(BOB_PASSWORD), INVALID_CREDENTIALS),
        ] {
            let response = deliver(&mut connect(), id, password);
            assert_eq!(response.code, expected, "{id} {password:?} by {requester:?}");
            assert_eq!((response.name, response.value), (None, None));
            if expected == INVALID_CREDENTIALS {
                assert_eq!(response.diagnostic, wrong.diagnostic);
            }
        }
        // Enough wrong passwords lock; here only what is sent is of interest.
        server.advance(20 * MINUTE);
    }
    let own = deliver(&mut server.root(), &format!("dn:{ROOT}"), None);
    assert_eq!(own.code, UNWILLING_TO_PERFORM);
    assert_eq!(mailbox.mails(), []);
    // Bob himself needs no password once he is there.
    assert_eq!(deliver(&mut server.bound(BOB, BOB_PASSWORD), "u:bob", None).code, SUCCESS);
    assert_eq!(mailbox.take().to, "bob@example.com");
}

#[test]
fn wrong_passwords_count_and_a_locked_account_is_sent_nothing() {
    let mailbox = Mailbox::new();
    let server = server(&mailbox);
    let mut there = server.bound(BOB, BOB_PASSWORD);
    for _ in 0..10 {
        assert_eq!(deliver(&mut server.client(), "u:bob", Some("wrong")).code, INVALID_CREDENTIALS);
    }
    assert_eq!(deliver(&mut server.client(), "u:bob", Some(BOB_PASSWORD)).code, INVALID_CREDENTIALS);
    assert_eq!(server.client().bind(BOB, BOB_PASSWORD).code, INVALID_CREDENTIALS);
    assert_eq!(deliver(&mut there, "u:bob", None).code, INVALID_ACCOUNT_STATE);
    assert_eq!(mailbox.mails(), []);
}

#[test]
fn a_newer_code_replaces_an_older_one() {
    let mailbox = Mailbox::new();
    let server = server(&mailbox);
    let older = code_for_bob(&server, &mailbox);
    let newer = code_for_bob(&server, &mailbox);
    if older != newer {
        assert_eq!(bind(&mut server.client(), "u:bob", &older).code, INVALID_CREDENTIALS);
    }
    assert_eq!(bind(&mut server.client(), "u:bob", &newer).code, SUCCESS);
}

#[test]
fn a_code_expires() {
    let mailbox = Mailbox::new();
    let server = server(&mailbox);
    let code = code_for_bob(&server, &mailbox);
    server.advance(5 * MINUTE - Duration::from_millis(1));
    assert_eq!(bind(&mut server.client(), "u:bob", &code).code, SUCCESS);
    let code = code_for_bob(&server, &mailbox);
    server.advance(5 * MINUTE);
    assert_eq!(bind(&mut server.client(), "u:bob", &code).code, INVALID_CREDENTIALS);
    let code = code_for_bob(&server, &mailbox);
    server.set_back(60 * MINUTE);
    assert_eq!(bind(&mut server.client(), "u:bob", &code).code, INVALID_CREDENTIALS);
}

#[test]
fn five_wrong_guesses_end_a_code_and_count_with_the_second_factor() {
    let mailbox = Mailbox::new();
    let server = server(&mailbox);
    let wrong = |code: &str| if code == "000000" { "000001" } else { "000000" };
    for guesses in [4, 5] {
        let code = code_for_bob(&server, &mailbox);
        for _ in 0..guesses {
            assert_eq!(bind(&mut server.client(), "u:bob", wrong(&code)).code, INVALID_CREDENTIALS);
        }
        let expected = if guesses < 5 { SUCCESS } else { INVALID_CREDENTIALS };
        assert_eq!(bind(&mut server.client(), "u:bob", &code).code, expected, "after {guesses}");
    }
    // Five failures stand; five more lock the second factor, whatever is sent after them.
    let code = code_for_bob(&server, &mailbox);
    for _ in 0..5 {
        assert_eq!(bind(&mut server.client(), "u:bob", wrong(&code)).code, INVALID_CREDENTIALS);
    }
    let code = code_for_bob(&server, &mailbox);
    assert_eq!(bind(&mut server.client(), "u:bob", &code).code, INVALID_CREDENTIALS);
    server.advance(15 * MINUTE);
    let code = code_for_bob(&server, &mailbox);
    for mangled in [format!(" {code}"), format!("{code}\0"), format!("0{code}"), code[1..].to_owned()] {
        assert_eq!(bind(&mut server.client(), "u:bob", &mangled).code, INVALID_CREDENTIALS, "{mangled:?}");
    }
    assert_eq!(bind(&mut server.client(), "u:bob", &code).code, SUCCESS);
}

#[test]
fn guesses_at_nothing_do_not_close_the_second_factor() {
    let mailbox = Mailbox::new();
    let server = server(&mailbox);
    for _ in 0..12 {
        for _ in 0..10 {
            assert_eq!(bind(&mut server.client(), "u:alice", "123456").code, INVALID_CREDENTIALS);
        }
        // They count like wrong passwords.
        let password = format!("{ALICE_PASSWORD}{}", server.code(0));
        assert_eq!(server.client().bind(ALICE, &password).code, INVALID_CREDENTIALS);
        server.advance(15 * MINUTE);
    }
    assert_eq!(server.client().bind(ALICE, format!("{ALICE_PASSWORD}{}", server.code(0))).code, SUCCESS);
}

#[test]
fn a_code_is_its_owners_and_failed_binds_look_alike() {
    let mailbox = Mailbox::new();
    let server = server(&mailbox);
    let code = code_for_bob(&server, &mailbox);
    let usual = server.client().bind(BOB, "wrong").diagnostic;
    for id in ["u:alice", "u:nobody", "u:carol", "bob", "", "dn:", "dn:cn=Directory Manager"] {
        let response = bind(&mut server.client(), id, &code);
        assert_eq!((response.code, &response.diagnostic), (INVALID_CREDENTIALS, &usual), "{id}");
    }
    assert_eq!(bind(&mut server.client(), "u:bob", &code).code, SUCCESS);
    // Acting as somebody else needs the privilege, and the proof first.
    let code = code_for_bob(&server, &mailbox);
    let as_alice = tagged(&[(0, "u:bob"), (1, "u:alice"), (2, &code)]);
    let response = server.client().bind_sasl("UNBOUNDID-DELIVERED-OTP", Some(&as_alice));
    assert_eq!(response.code, AUTHORIZATION_DENIED);
    assert_eq!(server.client().bind_sasl("UNBOUNDID-DELIVERED-OTP", None).code, PROTOCOL_ERROR);
    assert_eq!(
        server.client().bind_sasl("UNBOUNDID-DELIVERED-OTP", Some(&tagged(&[(0, "u:bob")]))).code,
        PROTOCOL_ERROR
    );
}

#[test]
fn an_account_that_is_disabled_after_the_delivery_is_refused() {
    let mailbox = Mailbox::new();
    let server = server(&mailbox);
    let code = code_for_bob(&server, &mailbox);
    let disable = [Change::Replace("ds-pwp-account-disabled", &["TRUE"])];
    assert_eq!(server.root().modify(BOB, &disable).code, SUCCESS);
    assert_eq!(bind(&mut server.client(), "u:bob", &code).code, INVALID_CREDENTIALS);
    mailbox.empty();
    // Whoever knows the password is told why; whoever does not may not try for ever.
    assert_eq!(deliver(&mut server.client(), "u:bob", Some(BOB_PASSWORD)).code, INVALID_ACCOUNT_STATE);
    for _ in 0..10 {
        assert_eq!(deliver(&mut server.client(), "u:bob", Some("wrong")).code, INVALID_CREDENTIALS);
    }
    assert_eq!(deliver(&mut server.client(), "u:bob", Some(BOB_PASSWORD)).code, INVALID_CREDENTIALS);
    assert_eq!(mailbox.mails(), []);
}

#[test]
fn the_requests_words_are_used_as_they_are_and_never_begin_a_line() {
    let mailbox = Mailbox::new();
    let compact = mailbox.settings("Short") + "text = \"compact\"\n";
    let server = Server::with(&format!("{}{compact}{OFTEN}", mailbox.settings("Long")));
    let words = [(0x84, "Grüße"), (0x85, "<<"), (0x86, ">> in full"), (0x87, "["), (0x88, "]")];
    let with = |name: &str, words: &[(u8, &str)]| {
        let mut more: Vec<Vec<u8>> = words.iter().map(|(tag, text)| tlv(*tag, text)).collect();
        more.push(ways(0xA3, &[(name, None)]));
        deliver_with(&mut server.client(), "u:bob", Some(BOB_PASSWORD), more).code
    };
    assert_eq!(with("Long", &words), SUCCESS);
    let mail = mailbox.take();
    let code = mail.text.trim_start_matches("<<").trim_end_matches(">> in full");
    assert_eq!((mail.subject.as_str(), code.len()), ("Grüße", 6), "{mail:?}");
    assert_eq!(with("Short", &words), SUCCESS);
    let mail = mailbox.take();
    assert!(mail.text.starts_with('[') && mail.text.ends_with(']') && mail.text.len() == 8, "{mail:?}");
    assert_eq!(with("Short", &words[..3]), SUCCESS);
    assert!(mailbox.take().text.starts_with("Your one-time password is: "));
    for bad in ["a\r\nBcc: eve@example.com", "a\nb", "a\0b", "\u{2028}", "\u{7f}"] {
        for tag in 0x84..=0x88 {
            assert_eq!(with("Long", &[(tag, bad)]), UNWILLING_TO_PERFORM, "{bad:?}");
        }
    }
    assert_eq!(with("Long", &[(0x85, &"x".repeat(1001))]), UNWILLING_TO_PERFORM);
    assert_eq!(mailbox.mails(), []);
}

#[test]
fn the_requests_ways_come_first_then_the_users_then_the_configured_ones() {
    let mailbox = Mailbox::new();
    let names = ["One", "Two", "Three"].map(|name| mailbox.settings(name)).concat();
    let settings = format!("{names}{OFTEN}[delivered_otp]\ndefault_mechanisms = [\"three\", \"One\"]\n");
    let server = Server::with(&settings);
    let sent_by = |more: Vec<Vec<u8>>| {
        let response = deliver_with(&mut server.client(), "u:bob", Some(BOB_PASSWORD), more);
        assert_eq!(members(&response)[0].1, mailbox.mails()[0].by);
        mailbox.take().by
    };
    let prefer = |values: &[&str]| {
        let change = [Change::Replace("ds-auth-preferred-otp-delivery-mechanism", values)];
        assert_eq!(server.root().modify(BOB, &change).code, SUCCESS);
    };
    assert_eq!(sent_by(vec![]), "Three");
    assert_eq!(sent_by(vec![ways(0xA3, &[("nothing", Some("x")), ("tWO", None)])]), "Two");
    assert_eq!(sent_by(vec![constructed(0xA2, &[octets("nothing"), octets("One")])]), "One");
    assert_eq!(sent_by(vec![constructed(0xA2, &[])]), "Three");
    prefer(&["nothing", "two"]);
    assert_eq!(sent_by(vec![]), "Two");
    prefer(&["One=eve@example.com", "Two=BOB@example.com"]);
    assert_eq!(sent_by(vec![]), "Two");
    prefer(&["nothing"]);
    assert_eq!(sent_by(vec![]), "Three");
    let both = vec![constructed(0xA2, &[octets("One")]), ways(0xA3, &[("One", None)])];
    assert_eq!(deliver_with(&mut server.client(), "u:bob", Some(BOB_PASSWORD), both).code, PROTOCOL_ERROR);
    let none = vec![ways(0xA3, &[("nothing", None)])];
    assert_eq!(deliver_with(&mut server.client(), "u:bob", Some(BOB_PASSWORD), none).code, MECHANISM_UNAVAILABLE);
    assert_eq!(mailbox.mails(), []);
}

#[test]
fn a_code_goes_to_the_users_own_addresses_only() {
    let mailbox = Mailbox::new();
    let sms = mailbox.settings("Phone") + "attribute = \"mobile\"\n";
    let server = Server::with(&format!("{}{sms}{OFTEN}", mailbox.settings("Mail")));
    let change = [Change::Replace("mail", &["bob@example.com", "Bob.Baker@example.org"])];
    assert_eq!(server.root().modify(BOB, &change).code, SUCCESS);
    let send = |name: &str, recipient: &str| {
        let more = vec![ways(0xA3, &[(name, Some(recipient))])];
        deliver_with(&mut server.client(), "u:bob", Some(BOB_PASSWORD), more).code
    };
    assert_eq!(send("Mail", "bob.baker@EXAMPLE.org"), SUCCESS);
    assert_eq!(mailbox.take().to, "Bob.Baker@example.org");
    for foreign in ["eve@example.com", "alice@example.com", "", BOB, "bob@example.com, eve@example.com"] {
        assert_eq!(send("Mail", foreign), INVALID_RECIPIENT_ID, "{foreign}");
    }
    // A way that takes names needs no address; it is then the user's own name.
    assert_eq!(send("Phone", BOB), SUCCESS);
    assert_eq!(mailbox.take().to, BOB);
    let change = [Change::Replace("mobile", &["+1 555 010 9999"])];
    assert_eq!(server.root().modify(BOB, &change).code, SUCCESS);
    assert_eq!(send("Phone", "+15550109999"), SUCCESS);
    assert_eq!(mailbox.take().to, "+1 555 010 9999");
    assert_eq!(send("Phone", BOB), INVALID_RECIPIENT_ID);
    // One foreign address spoils the whole request, before anything is sent.
    let more = vec![ways(0xA3, &[("Mail", None), ("Phone", Some("+15550109998"))])];
    let response = deliver_with(&mut server.client(), "u:bob", Some(BOB_PASSWORD), more);
    assert_eq!(response.code, INVALID_RECIPIENT_ID);
    assert_eq!(mailbox.mails(), []);
}

#[test]
fn a_code_goes_by_mail() {
    let post = MailServer::start("none", Path::new(""), None, "take");
    let smtp = "kind = \"smtp\"\nsecurity = \"none\"\nhost = \"localhost\"\nsender = \"no-reply@example.com\"\n";
    let server = Server::with(&format!("[delivery.Mail]\n{smtp}port = {}\n", post.port));
    assert_eq!(deliver(&mut server.client(), "u:bob", Some(BOB_PASSWORD)).code, SUCCESS);
    let mail = post.mail();
    assert_eq!(mail["to"][0], "bob@example.com");
    let code = mail["text"].as_str().unwrap().trim_end().rsplit(": ").next().unwrap().to_owned();
    assert_eq!(bind(&mut server.client(), "u:bob", &code).code, SUCCESS);
    let change = [Change::Replace("mail", &[])];
    assert_eq!(server.root().modify(BOB, &change).code, SUCCESS);
    assert_eq!(deliver(&mut server.client(), "u:bob", Some(BOB_PASSWORD)).code, MECHANISM_UNAVAILABLE);
    assert_eq!(post.end(), 0);
}

/// TOML for two webhooks: one that refuses, one that takes.
fn hooks(refusing: &WebServer, taking: &WebServer) -> String {
    let hook = |name: &str, server: &WebServer| {
        format!(
            "[delivery.{name}]\nkind = \"webhook\"\nurl = \"http://{}/\"\nsecret = \"0123456789abcdef\"\n",
            server.address
        )
    };
    hook("refusing", refusing) + &hook("taking", taking)
}

#[test]
fn what_one_way_refuses_another_may_take_and_what_none_takes_is_no_code() {
    let refusing = WebServer::start(|_| Reply::Status(500, String::new()));
    let taking = WebServer::start(|_| Reply::Status(200, String::new()));
    let server = Server::with(&format!("{}{OFTEN}", hooks(&refusing, &taking)));
    let code_in = |server: &WebServer| {
        let body: serde_json::Value = serde_json::from_str(&server.seen().last().unwrap().body).unwrap();
        body["text"].as_str().unwrap().rsplit(": ").next().unwrap().to_owned()
    };
    let response = deliver(&mut server.client(), "u:bob", Some(BOB_PASSWORD));
    assert_eq!(members(&response)[0].1, "taking");
    assert_eq!(code_in(&refusing), code_in(&taking));
    let earlier = code_in(&taking);
    let only = vec![ways(0xA3, &[("refusing", None)])];
    let response = deliver_with(&mut server.client(), "u:bob", Some(BOB_PASSWORD), only);
    assert_eq!((response.code, response.value), (DELIVERY_FAILED, None));
    let failed = code_in(&refusing);
    for code in [earlier, failed] {
        assert_eq!(bind(&mut server.client(), "u:bob", &code).code, INVALID_CREDENTIALS);
    }
    assert_eq!((refusing.seen().len(), taking.seen().len()), (2, 1));
}

#[test]
fn so_many_are_sent_and_no_more() {
    let mailbox = Mailbox::new();
    let server = Server::with(&mailbox.settings("Mail"));
    let send = |mut client: Client| deliver(&mut client, "u:bob", Some(BOB_PASSWORD)).code;
    for _ in 0..5 {
        assert_eq!(send(server.client()), SUCCESS);
    }
    assert_eq!(send(server.client()), UNWILLING_TO_PERFORM);
    let body = json!({"username": "bob", "staticPassword": BOB_PASSWORD});
    assert!(http::post(server.rest(), "/directory/v1/deliverOneTimePassword", None, &body).status >= 400);
    server.advance(15 * MINUTE - Duration::from_millis(1));
    assert_eq!(send(server.client()), UNWILLING_TO_PERFORM);
    assert_eq!(mailbox.mails().len(), 5);
    // What was refused has not replaced what was sent.
    server.advance(Duration::from_millis(1));
    assert_eq!(send(server.client()), SUCCESS);
    assert_eq!(mailbox.mails().len(), 6);
}

#[test]
fn an_address_that_many_share_is_not_flooded() {
    let mailbox = Mailbox::new();
    let server = Server::with(&format!("{}[delivery_limits]\nper_recipient = \"3/1h\"\n", mailbox.settings("Mail")));
    let mut root = server.root();
    let shared = [Change::Replace("mail", &["desk@example.com"])];
    let codes: Vec<i64> = (0..4)
        .map(|number| {
            let uid = format!("shared{number}");
            add_person(&mut root, &uid, "A Sharer", "shared", &[]);
            assert_eq!(root.modify(&format!("uid={uid},{}", common::people::PEOPLE), &shared).code, SUCCESS);
            deliver(&mut server.client(), &format!("u:{uid}"), Some("shared")).code
        })
        .collect();
    assert_eq!(codes, [SUCCESS, SUCCESS, SUCCESS, UNWILLING_TO_PERFORM]);
    assert_eq!(mailbox.mails().len(), 3);
}

#[test]
fn of_many_at_once_one_wins() {
    let mailbox = Mailbox::new();
    let server = Server::with(&mailbox.settings("Mail"));
    let codes: Vec<i64> = at_once(|| deliver(&mut server.client(), "u:bob", Some(BOB_PASSWORD)).code);
    assert_eq!(codes.iter().filter(|code| **code == SUCCESS).count(), 5, "{codes:?}");
    assert!(codes.iter().all(|code| [SUCCESS, UNWILLING_TO_PERFORM].contains(code)), "{codes:?}");
    assert_eq!(mailbox.mails().len(), 5);
    mailbox.empty();
    server.advance(15 * MINUTE);
    let code = code_for_bob(&server, &mailbox);
    let doors = at_once(|| bind(&mut server.client(), "u:bob", &code).code);
    assert_eq!(doors.iter().filter(|code| **code == SUCCESS).count(), 1, "{doors:?}");
    assert!(doors.iter().all(|code| [SUCCESS, INVALID_CREDENTIALS].contains(code)), "{doors:?}");
}

/// What 32 threads get that do the same at the same moment.
fn at_once(attempt: impl Fn() -> i64 + Sync) -> Vec<i64> {
    let barrier = std::sync::Barrier::new(32);
    std::thread::scope(|scope| {
        let running: Vec<_> = (0..32)
            .map(|_| {
                scope.spawn(|| {
                    barrier.wait();
                    attempt()
                })
            })
            .collect();
        running.into_iter().map(|thread| thread.join().unwrap()).collect()
    })
}

#[test]
fn codes_and_counts_outlive_the_process() {
    let mailbox = Mailbox::new();
    let mut server = Process::with(&mailbox.settings("Mail"));
    let send = |server: &Process| deliver(&mut server.client(), "u:bob", Some(BOB_PASSWORD)).code;
    assert_eq!(send(&server), SUCCESS);
    let code = mailbox.take().secret().to_owned();
    server.kill();
    server.start_again();
    assert_eq!(bind(&mut server.client(), "u:bob", &code).code, SUCCESS);
    server.kill();
    server.start_again();
    assert_eq!(bind(&mut server.client(), "u:bob", &code).code, INVALID_CREDENTIALS);
    let codes: Vec<i64> = (0..5).map(|_| send(&server)).collect();
    assert_eq!(codes, [SUCCESS, SUCCESS, SUCCESS, SUCCESS, UNWILLING_TO_PERFORM]);
}

#[test]
fn rest_sends_and_takes_them_too() {
    let mailbox = Mailbox::new();
    let server = server(&mailbox);
    let send = |authorization: Option<&str>, body| {
        http::post(server.rest(), "/directory/v1/deliverOneTimePassword", authorization, &body)
    };
    let take = |credentials: serde_json::Value| {
        http::post(server.rest(), "/directory/v1/authenticate", None, &json!({ "credentials": credentials }))
    };
    let answer =
        send(None, json!({"dn": BOB, "staticPassword": BOB_PASSWORD, "preferredDeliveryMechanisms": ["x", "mail"]}));
    assert_eq!((answer.status, answer.result_code()), (200, SUCCESS), "{answer:?}");
    assert_eq!(answer.body["deliveryMechanism"], "Mail");
    assert_eq!(answer.body["recipientDN"], BOB);
    assert_eq!(answer.body["recipientID"], "bob@example.com");
    let code = mailbox.take().secret().to_owned();
    let with = |code: &str| json!({"authenticationType": "passwordPlusDeliveredOTP", "username": "bob", "otp": code});
    let number = json!({"authenticationType": "passwordPlusDeliveredOTP", "username": "bob", "otp": 123456});
    let password = json!({"authenticationType": "passwordPlusDeliveredOTP", "username": "bob", "otp": code,
        "staticPassword": BOB_PASSWORD});
    for malformed in [number, password, json!({"authenticationType": "passwordPlusDeliveredOTP", "username": "bob"})] {
        assert_eq!(take(malformed).status, 400);
    }
    assert_eq!(take(with(&code)).status, 200);
    let again = take(with(&code));
    assert_eq!((again.status, again.result_code()), (401, INVALID_CREDENTIALS));
    // As oneself, without the password.
    let bob = http::basic(BOB, BOB_PASSWORD);
    assert_eq!(send(Some(&bob), json!({"username": "bob"})).status, 200);
    assert_eq!(mailbox.take().to, "bob@example.com");
    for (authorization, body, status) in [
        (None, json!({"username": "bob", "staticPassword": "wrong"}), 401),
        (None, json!({"username": "nobody", "staticPassword": "wrong"}), 401),
        (None, json!({"staticPassword": BOB_PASSWORD}), 400),
        (None, json!({"username": "bob", "dn": BOB, "staticPassword": BOB_PASSWORD}), 400),
        (None, json!({"username": "bob", "staticPassword": BOB_PASSWORD, "subject": "x"}), 400),
        (Some(bob.as_str()), json!({"username": "alice"}), 403),
        (None, json!({"username": "bob", "staticPassword": BOB_PASSWORD, "preferredDeliveryMechanisms": ["x"]}), 503),
    ] {
        let answer = send(authorization, body.clone());
        assert_eq!(answer.status, status, "{body} {answer:?}");
    }
    assert_eq!(mailbox.mails(), []);
}

#[test]
fn the_supported_mechanisms_are_told_to_whom_they_concern() {
    let mailbox = Mailbox::new();
    let sms = "[delivery.SMS]\nkind = \"sms\"\nurl = \"http://localhost:1\"\naccount_sid = \"AC0\"\nauth_token = \"t\"\nsenders = [\"+1\"]\n";
    let server = Server::with(&format!("{sms}{}", mailbox.settings("Local File")));
    let ask = |mut client: Client, dn: &str| client.extended(oid::SUPPORTED_MECHANISMS, Some(&tagged(&[(0, dn)])));
    let expected = [
        constructed(0x30, &[tlv(0x80, "SMS"), tlv(0x81, [0])]),
        constructed(0x30, &[tlv(0x80, "Local File"), tlv(0x81, [0xFF]), tlv(0x82, "bob@example.com")]),
    ];
    for client in [server.bound(BOB, BOB_PASSWORD), server.bound(CAROL, CAROL_PASSWORD), server.root()] {
        let response = ask(client, BOB);
        assert_eq!((response.code, response.name.as_deref()), (SUCCESS, Some(oid::SUPPORTED_MECHANISMS_RESPONSE)));
        assert_eq!(response.value, Some(constructed(0x30, &expected)));
    }
    assert_eq!(ask(server.client(), BOB).code, INSUFFICIENT_ACCESS_RIGHTS);
    assert_eq!(ask(server.bound(BOB, BOB_PASSWORD), ALICE).code, INSUFFICIENT_ACCESS_RIGHTS);
    assert_eq!(ask(server.bound(BOB, BOB_PASSWORD), NOBODY).code, INSUFFICIENT_ACCESS_RIGHTS);
    assert_eq!(ask(server.bound(CAROL, CAROL_PASSWORD), NOBODY).code, NO_SUCH_OBJECT);
    assert_eq!(ask(server.root(), "dn:uid=bob").code, INVALID_DN_SYNTAX);
    let names = server.client().read("", &["ds-supported-otp-delivery-mechanism"]);
    assert_eq!(names.values("ds-supported-otp-delivery-mechanism"), ["SMS", "Local File"]);
}

#[test]
fn a_user_with_totp_may_have_a_code_sent_by_the_password_alone() {
    let mailbox = Mailbox::new();
    let server = server(&mailbox);
    let with_code = format!("{ALICE_PASSWORD}{}", server.code(0));
    assert_eq!(deliver(&mut server.client(), "u:alice", Some(&with_code)).code, INVALID_CREDENTIALS);
    assert_eq!(deliver(&mut server.client(), "u:alice", Some(ALICE_PASSWORD)).code, SUCCESS);
    assert_eq!(bind(&mut server.client(), "u:alice", mailbox.take().secret()).code, SUCCESS);
    // A code that was sent is not one for simple binds.
    assert_eq!(deliver(&mut server.client(), "u:alice", Some(ALICE_PASSWORD)).code, SUCCESS);
    let appended = format!("{ALICE_PASSWORD}{}", mailbox.take().secret());
    assert_eq!(server.client().bind(ALICE, appended).code, INVALID_CREDENTIALS);
}
