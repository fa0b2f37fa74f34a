//! YubiKeys from outside: an OTP after the password, SASL, REST; devices registered and deregistered; one ledger behind all of them.
//! The server judges here by keys of its own; other servers do in `yubikey_remote.rs`.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

mod common;

use std::sync::Barrier;

use common::{
    client::{Change, Client, Response},
    code::*,
    http, oid,
    people::{ALICE, ALICE_PASSWORD, BOB, BOB_PASSWORD, CAROL, CAROL_PASSWORD, NOBODY, add_person},
    process::Process,
    server::Server,
    yubikey::{DEVICE, Device, OTHER_DEVICE, credentials, request},
};
use serde_json::json;

const MECHANISM: &str = "UNBOUNDID-YUBIKEY-OTP";
const PUBLIC_ID: &str = "ds-auth-yubikey-public-id";

/// A way to prove with Bob's password and an OTP: its name, and the attempt, which answers with the LDAP result code.
type Door = (&'static str, fn(&Server, &str, &str) -> i64);

const DOORS: [Door; 5] = [
    ("simple bind", |server, password, otp| server.client().bind(BOB, format!("{password}{otp}")).code),
    ("PLAIN", |server, password, otp| server.client().bind_plain("u:bob", &format!("{password}{otp}")).code),
    (MECHANISM, |server, password, otp| sasl(&mut server.client(), "u:bob", Some(password), otp).code),
    ("REST authenticate", |server, password, otp| authenticate(server, password, otp).result_code()),
    ("HTTP Basic", |server, password, otp| {
        let authorization = http::basic(BOB, &format!("{password}{otp}"));
        match http::get(server.rest(), "/directory/v1/me", Some(&authorization)).status {
            200 => SUCCESS,
            401 => INVALID_CREDENTIALS,
            other => panic!("HTTP {other}"),
        }
    }),
];

fn sasl(client: &mut Client, authentication_id: &str, password: Option<&str>, otp: &str) -> Response {
    client.bind_sasl(MECHANISM, Some(&credentials(authentication_id, password, otp)))
}

fn authenticate(server: &Server, password: &str, otp: &str) -> http::Answer {
    let credentials = json!({"authenticationType": "passwordPlusYubiKeyOTP", "username": "bob",
        "staticPassword": password, "otp": otp});
    http::post(server.rest(), "/directory/v1/authenticate", None, &json!({ "credentials": credentials }))
}

fn register(client: &mut Client, id: Option<&str>, password: Option<&str>, otp: &str) -> i64 {
    let response = client.extended(oid::REGISTER_YUBIKEY, Some(&request(id, password, Some(otp))));
    assert_eq!((response.name, response.value), (None, None));
    response.code
}

fn deregister(client: &mut Client, id: Option<&str>, password: Option<&str>, otp: Option<&str>) -> i64 {
    let response = client.extended(oid::DEREGISTER_YUBIKEY, Some(&request(id, password, otp)));
    assert_eq!((response.name, response.value), (None, None));
    response.code
}

/// A server that knows both devices; the first one is Bob's.
fn with_bobs_device() -> Server {
    let server = Server::start();
    let mut root = server.root();
    [DEVICE, OTHER_DEVICE].iter().for_each(|device| Device::known(&mut root, device));
    DEVICE.given_to(&mut root, BOB);
    server
}

fn devices_of(server: &Server, dn: &str) -> Vec<String> {
    let mut devices = server.root().read(dn, &[PUBLIC_ID]).values(PUBLIC_ID);
    devices.sort();
    devices
}

#[test]
fn an_otp_proves_its_owner_at_every_door_and_once_at_all_of_them() {
    let server = with_bobs_device();
    assert_eq!(server.client().bind(BOB, BOB_PASSWORD).code, INVALID_CREDENTIALS, "the password alone");
    for (session, (door, prove)) in (1..).zip(DOORS) {
        let otp = DEVICE.otp(session, 0);
        assert_eq!(prove(&server, BOB_PASSWORD, &otp), SUCCESS, "{door}");
        for (other, prove) in DOORS {
            assert_eq!(prove(&server, BOB_PASSWORD, &otp), INVALID_CREDENTIALS, "{door}, then {other}");
        }
        // What locks after ten failures has no say here.
        assert_eq!(DOORS[0].1(&server, BOB_PASSWORD, &DEVICE.otp(session, 1)), SUCCESS);
    }
}

#[test]
fn an_older_otp_is_refused_whether_of_this_session_or_of_one_before() {
    let server = with_bobs_device();
    let prove =
        |session, uses| sasl(&mut server.client(), "u:bob", Some(BOB_PASSWORD), &DEVICE.otp(session, uses)).code;
    assert_eq!(prove(7, 3), SUCCESS);
    for (session, uses) in [(7, 3), (7, 2), (7, 0), (6, 200), (0, 255)] {
        assert_eq!(prove(session, uses), INVALID_CREDENTIALS, "{session} {uses}");
    }
    assert_eq!(prove(7, 4), SUCCESS);
    assert_eq!(prove(8, 0), SUCCESS);
    // Caps Lock is forgiven, the upper case of it too.
    let shouted = DEVICE.otp(8, 1).to_uppercase();
    assert_eq!(server.client().bind(BOB, format!("{BOB_PASSWORD}{shouted}")).code, SUCCESS);
}

#[test]
fn a_wrong_password_uses_no_otp_up_and_an_otp_of_another_device_proves_nothing() {
    let server = with_bobs_device();
    for (number, (door, prove)) in (1..).zip(DOORS) {
        let otp = DEVICE.otp(number, 0);
        assert_eq!(prove(&server, "wrong", &otp), INVALID_CREDENTIALS, "{door}");
        assert_eq!(prove(&server, BOB_PASSWORD, &OTHER_DEVICE.otp(number, 0)), INVALID_CREDENTIALS, "{door}");
        let damaged = format!("{}{}", &otp[..43], if otp.ends_with('c') { 'b' } else { 'c' });
        assert_eq!(prove(&server, BOB_PASSWORD, &damaged), INVALID_CREDENTIALS, "{door}");
        assert_eq!(prove(&server, BOB_PASSWORD, &otp), SUCCESS, "{door}");
    }
    let mut client = server.client();
    assert_eq!(sasl(&mut client, "u:bob", None, &DEVICE.otp(90, 0)).code, INVALID_CREDENTIALS, "no password");
    assert_eq!(sasl(&mut client, "u:nobody", Some("x"), &DEVICE.otp(90, 0)).code, INVALID_CREDENTIALS);
    assert_eq!(sasl(&mut client, "u:carol", Some(CAROL_PASSWORD), &DEVICE.otp(90, 0)).code, INVALID_CREDENTIALS);
    assert_eq!(sasl(&mut client, "u:bob", Some(BOB_PASSWORD), &DEVICE.otp(90, 0)).code, SUCCESS);
}

#[test]
fn a_user_may_have_both_an_application_and_devices() {
    let server = with_bobs_device();
    let mut root = server.root();
    OTHER_DEVICE.given_to(&mut root, ALICE);
    let bind = |code: &str| server.client().bind(ALICE, format!("{ALICE_PASSWORD}{code}")).code;
    assert_eq!(bind(&server.code(0)), SUCCESS);
    assert_eq!(bind(&OTHER_DEVICE.otp(1, 0)), SUCCESS);
    assert_eq!(bind(&server.code(1)), SUCCESS);
    assert_eq!(bind(&DEVICE.otp(1, 0)), INVALID_CREDENTIALS);
    assert_eq!(bind(""), INVALID_CREDENTIALS);
}

#[test]
fn without_a_password_the_device_alone_proves_its_owner_where_that_is_allowed() {
    let server = Server::with("[yubikey]\nrequire_static_password = false\n");
    let mut root = server.root();
    Device::known(&mut root, &DEVICE);
    DEVICE.given_to(&mut root, BOB);
    assert_eq!(sasl(&mut server.client(), "u:bob", None, &DEVICE.otp(1, 0)).code, SUCCESS);
    assert_eq!(sasl(&mut server.client(), "u:bob", None, &DEVICE.otp(1, 0)).code, INVALID_CREDENTIALS);
    assert_eq!(sasl(&mut server.client(), "u:bob", Some("wrong"), &DEVICE.otp(1, 1)).code, INVALID_CREDENTIALS);
    assert_eq!(sasl(&mut server.client(), "u:bob", Some(""), &DEVICE.otp(1, 1)).code, INVALID_CREDENTIALS);
    assert_eq!(sasl(&mut server.client(), "u:bob", Some(BOB_PASSWORD), &DEVICE.otp(1, 1)).code, SUCCESS);
    assert_eq!(server.client().bind(BOB, DEVICE.otp(1, 2)).code, INVALID_CREDENTIALS, "a simple bind has a password");
}

#[test]
fn of_thirty_two_uses_at_once_one_wins_also_across_a_restart() {
    let mut server = Process::start();
    let mut root = server.root();
    Device::known(&mut root, &DEVICE);
    DEVICE.given_to(&mut root, BOB);
    let otp = DEVICE.otp(1, 0);
    let barrier = Barrier::new(32);
    let codes: Vec<i64> = std::thread::scope(|scope| {
        let attempt = |number: usize| {
            let (server, barrier, otp) = (&server, &barrier, &otp);
            scope.spawn(move || {
                let mut client = server.client();
                barrier.wait();
                match number % 2 {
                    0 => sasl(&mut client, "u:bob", Some(BOB_PASSWORD), otp).code,
                    _ => client.bind(BOB, format!("{BOB_PASSWORD}{otp}")).code,
                }
            })
        };
        let attempts: Vec<_> = (0..32).map(attempt).collect();
        attempts.into_iter().map(|attempt| attempt.join().unwrap()).collect()
    });
    assert_eq!(codes.iter().filter(|code| **code == SUCCESS).count(), 1, "{codes:?}");
    assert!(codes.iter().all(|code| [SUCCESS, INVALID_CREDENTIALS].contains(code)), "{codes:?}");
    server.kill();
    server.start_again();
    let mut root = server.root();
    // The failures of the race may have locked the factor: that is not the question here.
    let changes = [Change::Replace("userPassword", &[BOB_PASSWORD])];
    assert_eq!(root.modify(BOB, &changes).code, SUCCESS);
    let bind = |otp: &str| server.client().bind(BOB, format!("{BOB_PASSWORD}{otp}")).code;
    assert_eq!(bind(&otp), INVALID_CREDENTIALS);
    assert_eq!(bind(&DEVICE.otp(1, 1)), SUCCESS);
}

#[test]
fn the_first_device_is_registered_by_password_and_a_further_one_needs_the_second_factor() {
    let server = Server::start();
    let mut root = server.root();
    [DEVICE, OTHER_DEVICE].iter().for_each(|device| Device::known(&mut root, device));
    let mut client = server.client();
    assert_eq!(register(&mut client, Some("u:bob"), Some("wrong"), &DEVICE.otp(1, 0)), INVALID_CREDENTIALS);
    assert_eq!(register(&mut client, Some("u:bob"), Some(BOB_PASSWORD), &DEVICE.otp(1, 0)), SUCCESS);
    assert_eq!(devices_of(&server, BOB), [DEVICE.id]);
    assert_eq!(sasl(&mut server.client(), "u:bob", Some(BOB_PASSWORD), &DEVICE.otp(1, 0)).code, INVALID_CREDENTIALS);
    let other = |password: &str, uses| {
        register(&mut server.client(), Some("u:bob"), Some(password), &OTHER_DEVICE.otp(2, uses))
    };
    assert_eq!(other(BOB_PASSWORD, 0), INVALID_CREDENTIALS, "the password alone");
    assert_eq!(other(&format!("{BOB_PASSWORD}{}", DEVICE.otp(1, 1)), 1), SUCCESS);
    assert_eq!(devices_of(&server, BOB), [DEVICE.id, OTHER_DEVICE.id]);
    assert_eq!(other(&format!("{BOB_PASSWORD}{}", DEVICE.otp(1, 2)), 2), ATTRIBUTE_OR_VALUE_EXISTS);
    // The self with two factors needs no password.
    assert_eq!(sasl(&mut client, "u:bob", Some(BOB_PASSWORD), &DEVICE.otp(1, 3)).code, SUCCESS);
    assert_eq!(deregister(&mut client, None, None, Some(&OTHER_DEVICE.otp(0, 0))), SUCCESS);
    assert_eq!(deregister(&mut client, None, None, Some(&OTHER_DEVICE.otp(0, 0))), NO_SUCH_ATTRIBUTE);
    assert_eq!(deregister(&mut client, None, None, Some("no OTP")), NO_SUCH_ATTRIBUTE);
    assert_eq!(register(&mut client, None, None, &OTHER_DEVICE.otp(3, 0)), SUCCESS);
    assert_eq!(
        register(&mut client, Some(&format!("dn:{BOB}")), None, &OTHER_DEVICE.otp(3, 1)),
        ATTRIBUTE_OR_VALUE_EXISTS
    );
    assert_eq!(deregister(&mut client, None, None, None), SUCCESS);
    assert_eq!(devices_of(&server, BOB), Vec::<String>::new());
    assert_eq!(deregister(&mut client, None, None, None), SUCCESS, "none at all and none named");
    assert_eq!(server.client().bind(BOB, BOB_PASSWORD).code, SUCCESS);
    // An OTP that was used before stays used when the device is registered again.
    assert_eq!(register(&mut client, None, None, &DEVICE.otp(1, 3)), INVALID_CREDENTIALS);
}

#[test]
fn self_registration_without_a_password_can_be_forbidden() {
    let server = Server::with("[yubikey]\nself_registration_without_password = false\n");
    Device::known(&mut server.root(), &DEVICE);
    let mut client = server.bound(BOB, BOB_PASSWORD);
    assert_eq!(register(&mut client, None, None, &DEVICE.otp(1, 0)), UNWILLING_TO_PERFORM);
    assert_eq!(register(&mut client, None, Some(BOB_PASSWORD), &DEVICE.otp(1, 0)), SUCCESS);
}

#[test]
fn the_literal_rule_of_the_reference_asks_for_the_password_alone() {
    let server = Server::with("[factors]\nself_service = \"password\"\n");
    let mut root = server.root();
    [DEVICE, OTHER_DEVICE].iter().for_each(|device| Device::known(&mut root, device));
    let mut client = server.client();
    assert_eq!(register(&mut client, Some("u:bob"), Some(BOB_PASSWORD), &DEVICE.otp(1, 0)), SUCCESS);
    assert_eq!(register(&mut client, Some("u:bob"), Some(BOB_PASSWORD), &OTHER_DEVICE.otp(1, 0)), SUCCESS);
    let with_otp = format!("{BOB_PASSWORD}{}", DEVICE.otp(1, 1));
    assert_eq!(deregister(&mut client, Some("u:bob"), Some(&with_otp), None), SUCCESS);
    assert_eq!(deregister(&mut client, Some("u:bob"), Some("wrong"), None), INVALID_CREDENTIALS);
}

/// Who asks, about whom, with which password; what registering answers, and deregistering.
type Row<'a> = (Option<(&'a str, &'a str)>, Option<&'a str>, Option<&'a str>, i64, i64);

#[test]
fn each_person_gets_the_documented_code_and_refusal_changes_nothing() {
    let server = with_bobs_device();
    let (self_id, other_id, nobody_id) = (format!("dn:{CAROL}"), format!("dn:{BOB}"), format!("dn:{NOBODY}"));
    let good = |uses: u8| OTHER_DEVICE.otp(1, uses);
    let table: [Row<'_>; 12] = [
        (None, None, None, INSUFFICIENT_ACCESS_RIGHTS, INSUFFICIENT_ACCESS_RIGHTS),
        (None, None, Some("x"), INVALID_CREDENTIALS, INVALID_CREDENTIALS),
        (None, Some(&other_id), None, INSUFFICIENT_ACCESS_RIGHTS, INSUFFICIENT_ACCESS_RIGHTS),
        (None, Some(&other_id), Some("wrong"), INVALID_CREDENTIALS, INVALID_CREDENTIALS),
        (None, Some(&other_id), Some(""), INVALID_CREDENTIALS, INVALID_CREDENTIALS),
        (None, Some(&nobody_id), Some("wrong"), INVALID_CREDENTIALS, INVALID_CREDENTIALS),
        (None, Some(""), Some("wrong"), INVALID_CREDENTIALS, INVALID_CREDENTIALS),
        (
            Some(("uid=dave,ou=people,dc=example,dc=com", "dave's")),
            Some(&other_id),
            None,
            INSUFFICIENT_ACCESS_RIGHTS,
            INSUFFICIENT_ACCESS_RIGHTS,
        ),
        (
            Some(("uid=dave,ou=people,dc=example,dc=com", "dave's")),
            Some(&nobody_id),
            None,
            INSUFFICIENT_ACCESS_RIGHTS,
            INSUFFICIENT_ACCESS_RIGHTS,
        ),
        (Some((CAROL, CAROL_PASSWORD)), Some(&nobody_id), None, NO_SUCH_OBJECT, NO_SUCH_OBJECT),
        (Some((CAROL, CAROL_PASSWORD)), Some(&other_id), Some("wrong"), INVALID_CREDENTIALS, INVALID_CREDENTIALS),
        (Some((CAROL, CAROL_PASSWORD)), Some(&self_id), Some("wrong"), INVALID_CREDENTIALS, INVALID_CREDENTIALS),
    ];
    add_person(&mut server.root(), "dave", "Dave Dyer", "dave's", &[]);
    for (number, (requester, id, password, registered, deregistered)) in table.into_iter().enumerate() {
        let mut client = requester.map_or_else(|| server.client(), |(dn, password)| server.bound(dn, password));
        let case = format!("case {number}: {requester:?} about {id:?} with {password:?}");
        assert_eq!(register(&mut client, id, password, &good(0)), registered, "{case}");
        assert_eq!(deregister(&mut client, id, password, None), deregistered, "{case}");
        assert_eq!(devices_of(&server, BOB), [DEVICE.id], "{case}");
    }
    // No refusal used the OTP up, and an administrator may.
    let mut carol = server.bound(CAROL, CAROL_PASSWORD);
    assert_eq!(register(&mut carol, Some(&other_id), None, &good(0)), SUCCESS);
    assert_eq!(register(&mut carol, Some("u:dave"), None, &good(1)), CONSTRAINT_VIOLATION);
    assert_eq!(register(&mut carol, Some(&other_id), None, "vvcc"), INVALID_CREDENTIALS);
    assert_eq!(register(&mut carol, Some(&other_id), None, &good(0)[12..]), INVALID_CREDENTIALS, "no public ID");
    assert_eq!(deregister(&mut carol, Some(&other_id), None, None), SUCCESS);
    assert_eq!(devices_of(&server, BOB), Vec::<String>::new());
}

#[test]
fn of_two_users_who_register_one_device_at_once_one_is_refused() {
    let server = Server::start();
    Device::known(&mut server.root(), &DEVICE);
    let (barrier, otps) = (Barrier::new(2), [DEVICE.otp(1, 0), DEVICE.otp(1, 1)]);
    let codes: Vec<i64> = std::thread::scope(|scope| {
        let attempts: Vec<_> = [(BOB, BOB_PASSWORD), (CAROL, CAROL_PASSWORD)]
            .into_iter()
            .zip(&otps)
            .map(|((dn, password), otp)| {
                let (server, barrier) = (&server, &barrier);
                scope.spawn(move || {
                    let mut client = server.bound(dn, password);
                    barrier.wait();
                    register(&mut client, None, None, otp)
                })
            })
            .collect();
        attempts.into_iter().map(|attempt| attempt.join().unwrap()).collect()
    });
    assert_eq!(codes.iter().filter(|code| **code == SUCCESS).count(), 1, "{codes:?}");
    assert_eq!(devices_of(&server, BOB).len() + devices_of(&server, CAROL).len(), 1);
}

#[test]
fn administrators_write_the_attribute_and_its_owner_reads_it() {
    let server = Server::start();
    let mut root = server.root();
    let give = |client: &mut Client, dn: &str, ids: &[&str]| client.modify(dn, &[Change::Add(PUBLIC_ID, ids)]).code;
    assert_eq!(give(&mut root, BOB, &["VVCCCCBBCDEF"]), SUCCESS);
    assert_eq!(devices_of(&server, BOB), [DEVICE.id], "in lower case");
    assert_eq!(give(&mut root, BOB, &[DEVICE.id]), ATTRIBUTE_OR_VALUE_EXISTS);
    assert_eq!(give(&mut root, CAROL, &[DEVICE.id]), CONSTRAINT_VIOLATION);
    let carols = [("sn", ["x"].as_slice()), (PUBLIC_ID, &[DEVICE.id])];
    let more: Vec<(&str, &[&str])> =
        [("objectClass", ["person"].as_slice()), ("cn", &["x"])].into_iter().chain(carols).collect();
    assert_eq!(root.add("cn=x,ou=people,dc=example,dc=com", &more).code, CONSTRAINT_VIOLATION);
    for text in ["abcd", "", "ccccccccccccccccc"] {
        assert_eq!(give(&mut root, CAROL, &[text]), INVALID_ATTRIBUTE_SYNTAX, "{text}");
    }
    Device::known(&mut root, &OTHER_DEVICE);
    assert_eq!(root.modify(BOB, &[Change::Replace(PUBLIC_ID, &[OTHER_DEVICE.id])]).code, SUCCESS);
    let mut bob = server.client();
    assert_eq!(bob.bind(BOB, format!("{BOB_PASSWORD}{}", OTHER_DEVICE.otp(1, 0))).code, SUCCESS);
    assert_eq!(bob.read(BOB, &[PUBLIC_ID]).values(PUBLIC_ID), [OTHER_DEVICE.id]);
    assert_eq!(give(&mut bob, BOB, &[DEVICE.id]), INSUFFICIENT_ACCESS_RIGHTS);
    assert_eq!(bob.modify(BOB, &[Change::Delete(PUBLIC_ID, &[])]).code, INSUFFICIENT_ACCESS_RIGHTS);
    let mut carol = server.bound(CAROL, CAROL_PASSWORD);
    assert!(carol.read(BOB, &[PUBLIC_ID]).values(PUBLIC_ID).is_empty());
    // Taken away by the administrator: at once the password alone is enough.
    assert_eq!(root.modify(BOB, &[Change::Delete(PUBLIC_ID, &[])]).code, SUCCESS);
    assert_eq!(server.client().bind(BOB, BOB_PASSWORD).code, SUCCESS);
}

#[test]
fn wrong_otps_lock_the_second_factor_and_a_wrong_password_does_not() {
    let server = with_bobs_device();
    let prove = |password: &str, otp: &str| sasl(&mut server.client(), "u:bob", Some(password), otp).code;
    for uses in 0..9 {
        assert_eq!(prove(BOB_PASSWORD, &OTHER_DEVICE.otp(1, uses)), INVALID_CREDENTIALS);
    }
    assert_eq!(prove(BOB_PASSWORD, &DEVICE.otp(1, 0)), SUCCESS, "nine failures do not lock, and are forgotten");
    for uses in 0..10 {
        assert_eq!(prove(BOB_PASSWORD, &OTHER_DEVICE.otp(1, uses)), INVALID_CREDENTIALS);
    }
    assert_eq!(prove(BOB_PASSWORD, &DEVICE.otp(1, 1)), INVALID_CREDENTIALS, "locked");
    server.advance(std::time::Duration::from_secs(901));
    assert_eq!(prove(BOB_PASSWORD, &DEVICE.otp(1, 1)), SUCCESS, "an OTP that met a lock was not used up");
}

#[test]
fn rest_registers_and_deregisters() {
    let server = Server::start();
    Device::known(&mut server.root(), &DEVICE);
    let post = |operation: &str, authorization: Option<&str>, body| {
        http::post(server.rest(), &format!("/directory/v1/{BOB}/{operation}"), authorization, &body)
    };
    let body = |uses| json!({"staticPassword": BOB_PASSWORD, "otp": DEVICE.otp(1, uses)});
    let registered = post("registerYubiKeyOTPDevice", None, body(0));
    assert_eq!((registered.status, registered.result_code()), (200, SUCCESS), "{registered:?}");
    let carol = http::basic(CAROL, CAROL_PASSWORD);
    let again = post("registerYubiKeyOTPDevice", Some(&carol), json!({"otp": DEVICE.otp(1, 1)}));
    assert_eq!(again.status, 409, "{again:?}");
    assert_eq!(post("registerYubiKeyOTPDevice", Some(&carol), json!({})).status, 400, "no OTP");
    assert_eq!(authenticate(&server, BOB_PASSWORD, &DEVICE.otp(1, 2)).status, 200);
    assert_eq!(authenticate(&server, BOB_PASSWORD, &DEVICE.otp(1, 2)).status, 401);
    let path = format!("/directory/v1/{BOB}/deregisterYubiKeyOTPDevice");
    let without_body = http::request(server.rest(), "POST", &path, Some(&carol), None);
    assert_eq!((without_body.status, without_body.result_code()), (200, SUCCESS));
    assert!(devices_of(&server, BOB).is_empty());
}
