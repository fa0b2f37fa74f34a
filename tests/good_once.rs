//! Whatever is good once is good once: each kind of code and token is used by thirty-two at once, at all the doors that take it; one
//! wins, and after the process was killed nobody does.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

mod common;

use std::sync::Barrier;

use common::{
    ber::{octets, sequence},
    client::tagged,
    code::*,
    http::{self, Answer},
    mailbox::{self, Mailbox},
    oid,
    people::{ALICE, ALICE_PASSWORD, BOB, BOB_PASSWORD, CAROL, CAROL_PASSWORD},
    process::Process,
    recovery,
    yubikey::{self, DEVICE, Device},
};
use serde_json::{Value, json};

/// A way to use the code or token in question: its name, and the attempt, of which the number is given; it answers with the result code.
type Door<'a> = (&'static str, Box<dyn Fn(&Process, usize) -> i64 + Sync + 'a>);

/// Nothing locks here: what is refused is refused because it is spent, however often that was tried. A code of a device is good
/// for longer than the test takes, unless it is spent.
fn server(settings: &str) -> Process {
    let variables = [
        ("LOCKOUT__FAILURES", "0"),
        ("LOCKOUT__CLOSE_FACTOR_AFTER", "0"),
        ("REST__EXTENSIONS", "true"),
        ("TOTP__WINDOW", "10"),
    ];
    Process::with_variables(settings, &variables)
}

/// Uses it thirty-two times at once; kills the server as soon as all have been answered; then tries each door again.
fn assert_good_once(server: &mut Process, doors: &[Door<'_>]) {
    let barrier = Barrier::new(32);
    let answers: Vec<(&str, i64)> = std::thread::scope(|scope| {
        let attempt = |number: usize| {
            let (server, barrier, (name, attempt)) = (&*server, &barrier, &doors[number % doors.len()]);
            scope.spawn(move || {
                barrier.wait();
                (*name, attempt(server, number))
            })
        };
        let attempts: Vec<_> = (0..32).map(attempt).collect();
        attempts.into_iter().map(|attempt| attempt.join().unwrap()).collect()
    });
    server.kill();
    assert!(answers.iter().all(|(_, code)| [SUCCESS, INVALID_CREDENTIALS].contains(code)), "{answers:?}");
    assert_eq!(answers.iter().filter(|(_, code)| *code == SUCCESS).count(), 1, "{answers:?}");
    server.start_again();
    for (number, (name, attempt)) in (32..).zip(doors) {
        assert_eq!(attempt(server, number), INVALID_CREDENTIALS, "{name} after a kill");
    }
}

/// The result code that an HTTP answer stands for.
fn code_of(answer: &Answer) -> i64 {
    match answer.status {
        200 => SUCCESS,
        401 => INVALID_CREDENTIALS,
        _ => panic!("{answer:?}"),
    }
}

fn authenticate(server: &Process, credentials: &Value) -> i64 {
    code_of(&http::post(server.rest(), "/directory/v1/authenticate", None, &json!({ "credentials": credentials })))
}

fn by_carol(server: &Process, path: &str, body: &Value) -> i64 {
    code_of(&http::post(server.rest(), path, Some(&http::basic(CAROL, CAROL_PASSWORD)), body))
}

/// The doors that take a code directly after the password of a user.
fn after_the_password(dn: &'static str, password: &str, code: &str) -> Vec<Door<'static>> {
    let field = format!("{password}{code}");
    let [simple, plain, basic, rest, operation] = std::array::from_fn(|_| field.clone());
    vec![
        ("simple bind", Box::new(move |server, _| server.client().bind(dn, &simple).code)),
        ("PLAIN", Box::new(move |server, _| server.client().bind_plain(&format!("dn:{dn}"), &plain).code)),
        (
            "HTTP Basic",
            Box::new(move |server, _| {
                code_of(&http::get(server.rest(), "/directory/v1/me", Some(&http::basic(dn, &basic))))
            }),
        ),
        (
            "REST password",
            Box::new(move |server, _| {
                authenticate(server, &json!({"authenticationType": "password", "dn": dn, "staticPassword": rest}))
            }),
        ),
        (
            "static password of an operation",
            Box::new(move |server, _| {
                let value = tagged(&[(0, &format!("dn:{dn}")), (1, &operation)]);
                server.client().extended(oid::GENERATE_TOTP, Some(&value)).code
            }),
        ),
    ]
}

/// The doors that take what is typed for a code of Alice's device.
fn beside_the_password(code: &str) -> Vec<Door<'static>> {
    let [sasl, rest, validate, extension] = std::array::from_fn(|_| code.to_owned());
    vec![
        (
            "UNBOUNDID-TOTP",
            Box::new(move |server, _| server.client().bind_totp("u:alice", Some(ALICE_PASSWORD), &sasl).code),
        ),
        (
            "REST passwordPlusTOTP",
            Box::new(move |server, _| {
                let credentials = json!({"authenticationType": "passwordPlusTOTP", "username": "alice",
                    "staticPassword": ALICE_PASSWORD, "totp": rest});
                authenticate(server, &credentials)
            }),
        ),
        (
            "validate",
            Box::new(move |server, _| {
                let value = tagged(&[(0, ALICE), (1, &validate)]);
                server.bound(CAROL, CAROL_PASSWORD).extended(oid::VALIDATE_TOTP, Some(&value)).code
            }),
        ),
        (
            "REST validate",
            Box::new(move |server, _| {
                let path = format!("/countersign/v1/{ALICE}/validateTOTP");
                by_carol(server, &path, &json!({ "totpPassword": extension }))
            }),
        ),
    ]
}

#[test]
fn a_code_of_a_device() {
    let mut server = server("");
    let code = server.code(8);
    let mut doors = after_the_password(ALICE, ALICE_PASSWORD, &code);
    doors.extend(beside_the_password(&code));
    assert_good_once(&mut server, &doors);
    assert_eq!(server.client().bind(ALICE, format!("{ALICE_PASSWORD}{}", server.code(9))).code, SUCCESS);
}

#[test]
fn a_recovery_code() {
    let mut server = server("");
    let codes = recovery::generate(&mut server.bound(CAROL, CAROL_PASSWORD), &[(0, "u:alice")]);
    let mut doors = after_the_password(ALICE, ALICE_PASSWORD, &codes[0]);
    doors.extend(beside_the_password(&codes[0]));
    assert_good_once(&mut server, &doors);
    assert_eq!(recovery::count(&mut server.root(), ALICE), 9);
    assert_eq!(server.client().bind(ALICE, format!("{ALICE_PASSWORD}{}", codes[1])).code, SUCCESS);
}

#[test]
fn an_otp_of_a_yubikey() {
    let mut server = server("");
    let mut root = server.root();
    Device::known(&mut root, &DEVICE);
    DEVICE.given_to(&mut root, BOB);
    let [otp, next] = [0, 1].map(|uses| DEVICE.otp(1, uses));
    let mut doors = after_the_password(BOB, BOB_PASSWORD, &otp);
    doors.push((
        "UNBOUNDID-YUBIKEY-OTP",
        Box::new(|server, _| {
            let credentials = yubikey::credentials("u:bob", Some(BOB_PASSWORD), &otp);
            server.client().bind_sasl("UNBOUNDID-YUBIKEY-OTP", Some(&credentials)).code
        }),
    ));
    doors.push((
        "REST passwordPlusYubiKeyOTP",
        Box::new(|server, _| {
            let credentials = json!({"authenticationType": "passwordPlusYubiKeyOTP", "username": "bob",
                "staticPassword": BOB_PASSWORD, "otp": otp});
            authenticate(server, &credentials)
        }),
    ));
    assert_good_once(&mut server, &doors);
    assert_eq!(server.client().bind(BOB, format!("{BOB_PASSWORD}{next}")).code, SUCCESS);
}

#[test]
fn a_code_that_was_sent() {
    let mailbox = Mailbox::new();
    let mut server = server(&mailbox.settings("Mail"));
    let sent = |server: &Process| {
        assert_eq!(mailbox::deliver(&mut server.client(), "u:bob", Some(BOB_PASSWORD)).code, SUCCESS);
        mailbox.take().secret().to_owned()
    };
    let code = sent(&server);
    let doors: [Door<'_>; 2] = [
        ("UNBOUNDID-DELIVERED-OTP", Box::new(|server, _| mailbox::bind(&mut server.client(), "u:bob", &code).code)),
        (
            "REST passwordPlusDeliveredOTP",
            Box::new(|server, _| {
                let credentials =
                    json!({"authenticationType": "passwordPlusDeliveredOTP", "username": "bob", "otp": code});
                authenticate(server, &credentials)
            }),
        ),
    ];
    assert_good_once(&mut server, &doors);
    let next = sent(&server);
    assert_eq!(mailbox::bind(&mut server.client(), "u:bob", &next).code, SUCCESS);
}

#[test]
fn a_single_use_token() {
    let mailbox = Mailbox::new();
    let mut server = server(&mailbox.settings("Mail"));
    let purpose = [octets(BOB), octets("purpose")];
    let sent = |server: &Process| {
        let mut carol = server.bound(CAROL, CAROL_PASSWORD);
        assert_eq!(carol.extended(oid::DELIVER_TOKEN, Some(&sequence(&purpose))).code, SUCCESS);
        mailbox.take().secret().to_owned()
    };
    let consume = |server: &Process, token: &str| {
        let value = sequence(&[&purpose[..], &[octets(token)]].concat());
        server.bound(CAROL, CAROL_PASSWORD).extended(oid::CONSUME_TOKEN, Some(&value)).code
    };
    let token = sent(&server);
    let doors: [Door<'_>; 3] = [
        ("consume", Box::new(|server, _| consume(server, &token))),
        (
            "consume by its owner",
            Box::new(|server, _| {
                let value = sequence(&[&purpose[..], &[octets(&token)]].concat());
                server.bound(BOB, BOB_PASSWORD).extended(oid::CONSUME_TOKEN, Some(&value)).code
            }),
        ),
        (
            "REST consume",
            Box::new(|server, _| {
                let body = json!({"userDN": BOB, "tokenID": "purpose", "tokenValue": token});
                by_carol(server, "/countersign/v1/consumeSingleUseToken", &body)
            }),
        ),
    ];
    assert_good_once(&mut server, &doors);
    let next = sent(&server);
    assert_eq!(consume(&server, &next), SUCCESS);
}

#[test]
fn a_password_reset_token() {
    let mailbox = Mailbox::new();
    let mut server = server(&mailbox.settings("Mail"));
    let mut carol = server.bound(CAROL, CAROL_PASSWORD);
    assert_eq!(carol.extended(oid::DELIVER_RESET_TOKEN, Some(&sequence(&[octets(BOB)]))).code, SUCCESS);
    let token = mailbox.take().secret().to_owned();
    let password = |number: usize| format!("new password number {number}");
    let doors: [Door<'_>; 2] = [
        (
            "password modify",
            Box::new(|server, number| {
                let value = tagged(&[(0, BOB), (1, &token), (2, &password(number))]);
                server.client().extended(oid::PASSWORD_MODIFY, Some(&value)).code
            }),
        ),
        (
            "REST changePassword",
            Box::new(|server, number| {
                let body = json!({"oldPassword": token, "newPassword": password(number)});
                code_of(&http::post(server.rest(), &format!("/directory/v1/{BOB}/changePassword"), None, &body))
            }),
        ),
    ];
    assert_good_once(&mut server, &doors);
    // Only the winner's password is the user's, and it outlived the kill too.
    let good: Vec<usize> =
        (0..34).filter(|&number| server.client().bind(BOB, password(number)).code == SUCCESS).collect();
    assert_eq!(good.len(), 1, "{good:?}");
    assert!(good[0] < 32);
}
