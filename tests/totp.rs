//! TOTP from outside: the code after the password, SASL, validate, REST; one ledger behind all of them.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

mod common;

use std::time::Duration;

use common::{
    ber,
    client::{Change, Client, tagged},
    code::*,
    command, http, oid,
    people::{ALICE, ALICE_PASSWORD, BOB, BOB_PASSWORD, CAROL, CAROL_PASSWORD, NOBODY, add_person},
    server::Server,
    totp::{SECRET, code_at},
};
use serde_json::json;

/// A way to spend a code of Alice's: its name, and the attempt, which answers with the LDAP result code.
type Door = (&'static str, fn(&Server, &str) -> i64);

const DOORS: [Door; 6] = [
    ("simple bind", |server, code| server.client().bind(ALICE, with_code(code)).code),
    ("PLAIN", |server, code| server.client().bind_plain("u:alice", &with_code(code)).code),
    ("UNBOUNDID-TOTP", |server, code| server.client().bind_totp("u:alice", Some(ALICE_PASSWORD), code).code),
    ("validate", |server, code| validate(&mut server.bound(CAROL, CAROL_PASSWORD), ALICE, code).code),
    ("REST authenticate", |server, code| authenticate(server, "alice", ALICE_PASSWORD, code).result_code()),
    ("HTTP Basic", |server, code| {
        let authorization = http::basic(ALICE, &with_code(code));
        match http::get(server.rest(), "/directory/v1/me", Some(&authorization)).status {
            200 => SUCCESS,
            401 => INVALID_CREDENTIALS,
            other => panic!("HTTP {other}"),
        }
    }),
];

fn with_code(code: &str) -> String {
    format!("{ALICE_PASSWORD}{code}")
}

fn validate(client: &mut Client, dn: &str, code: &str) -> common::client::Response {
    client.extended(oid::VALIDATE_TOTP, Some(&tagged(&[(0, dn), (1, code)])))
}

fn authenticate(server: &Server, username: &str, password: &str, code: &str) -> http::Answer {
    let credentials = json!({"authenticationType": "passwordPlusTOTP", "username": username,
        "staticPassword": password, "totp": code});
    http::post(server.rest(), "/directory/v1/authenticate", None, &json!({ "credentials": credentials }))
}

/// Generates a secret, which must succeed, and returns it.
fn generate(client: &mut Client, members: &[(u8, &str)]) -> String {
    let response = client.extended(oid::GENERATE_TOTP, Some(&tagged(members)));
    assert_eq!(response.code, SUCCESS, "{}", response.diagnostic);
    assert_eq!(response.name.as_deref(), Some(oid::GENERATE_TOTP_RESPONSE));
    let value = response.value.expect("a value");
    let (tag, secret, _) = ber::split(ber::elements(&value)[0].1).unwrap();
    assert_eq!(tag, 0x80);
    ber::text(secret)
}

#[test]
fn a_code_after_the_password_binds() {
    let server = Server::start();
    let mut client = server.client();
    assert_eq!(client.bind(ALICE, ALICE_PASSWORD).code, INVALID_CREDENTIALS);
    assert_eq!(client.bind(ALICE, with_code(&server.code(0))).code, SUCCESS);
    assert_eq!(client.who_am_i().to_lowercase(), format!("dn:{ALICE}"));
}

#[test]
fn a_configured_separator_stands_between_password_and_code() {
    let server = Server::with("[simple_bind]\nseparator = \",\"\n");
    assert_eq!(server.client().bind(ALICE, with_code(&server.code(0))).code, INVALID_CREDENTIALS);
    assert_eq!(server.client().bind(ALICE, format!("{ALICE_PASSWORD},{}", server.code(0))).code, SUCCESS);
    assert_eq!(server.client().bind(BOB, BOB_PASSWORD).code, SUCCESS);
}

#[test]
fn every_door_takes_a_fresh_code() {
    let server = Server::start();
    for (name, spend) in DOORS {
        assert_eq!(spend(&server, &server.code(0)), SUCCESS, "{name}");
        server.advance(Duration::from_secs(30));
    }
}

#[test]
fn a_code_spent_at_any_door_is_spent_at_every_door() {
    let server = Server::start();
    for (first, spend) in DOORS {
        let code = server.code(0);
        assert_eq!(spend(&server, &code), SUCCESS, "{first}");
        for (second, replay) in DOORS {
            assert_eq!(replay(&server, &code), INVALID_CREDENTIALS, "{second} after {first}");
        }
        // A success with both factors clears the failures that the replays are.
        server.advance(Duration::from_secs(30));
        assert_eq!(server.client().bind(ALICE, with_code(&server.code(0))).code, SUCCESS);
        server.advance(Duration::from_secs(30));
    }
}

#[test]
fn the_window_is_one_step_either_side() {
    let server = Server::start();
    for offset in [-2, 2, -3, 3] {
        let refused = server.client().bind_totp("u:alice", Some(ALICE_PASSWORD), &server.code(offset));
        assert_eq!(refused.code, INVALID_CREDENTIALS, "{offset} steps away");
    }
    for offset in [-1, 0, 1] {
        let accepted = server.client().bind_totp("u:alice", Some(ALICE_PASSWORD), &server.code(offset));
        assert_eq!(accepted.code, SUCCESS, "{offset} steps away: each is later than the one before");
    }
}

#[test]
fn a_code_older_than_a_spent_one_is_refused() {
    let server = Server::start();
    assert_eq!(server.client().bind(ALICE, with_code(&server.code(1))).code, SUCCESS);
    assert_eq!(server.client().bind(ALICE, with_code(&server.code(0))).code, INVALID_CREDENTIALS);
    assert_eq!(server.client().bind(ALICE, with_code(&server.code(-1))).code, INVALID_CREDENTIALS);
}

#[test]
fn a_clock_set_back_brings_no_code_back() {
    let server = Server::start();
    let code = server.code(0);
    assert_eq!(server.client().bind(ALICE, with_code(&code)).code, SUCCESS);
    server.set_back(Duration::from_secs(30));
    assert_eq!(server.client().bind(ALICE, with_code(&code)).code, INVALID_CREDENTIALS);
}

#[test]
fn a_second_secret_has_its_own_steps() {
    let server = Server::start();
    let other = "JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP";
    let added = server.root().modify(ALICE, &[Change::Add("ds-auth-totp-shared-secret", &[other])]);
    assert_eq!(added.code, SUCCESS, "{}", added.diagnostic);
    assert_eq!(server.client().bind(ALICE, with_code(&server.code(0))).code, SUCCESS);
    let code = code_at(other, server.now(), 0);
    assert_eq!(server.client().bind(ALICE, with_code(&code)).code, SUCCESS);
    assert_eq!(server.client().bind(ALICE, with_code(&code)).code, INVALID_CREDENTIALS);
}

#[test]
fn a_wrong_password_does_not_spend_the_code() {
    let server = Server::start();
    let code = server.code(0);
    assert_eq!(server.client().bind(ALICE, format!("wrong{code}")).code, INVALID_CREDENTIALS);
    assert_eq!(server.client().bind_totp("u:alice", Some("wrong"), &code).code, INVALID_CREDENTIALS);
    assert_eq!(server.client().bind_totp("u:alice", None, &code).code, INVALID_CREDENTIALS);
    assert_eq!(authenticate(&server, "alice", "wrong", &code).status, 401);
    assert_eq!(server.client().bind(ALICE, with_code(&code)).code, SUCCESS);
}

#[test]
fn other_spellings_of_a_code_are_refused_before_and_after_it_is_spent() {
    let server = Server::start();
    for spent in [false, true] {
        let code = server.code(0);
        if spent {
            assert_eq!(server.client().bind(ALICE, with_code(&code)).code, SUCCESS);
        }
        let (left, right) = code.split_at(3);
        let wide: String =
            code.chars().map(|digit| char::from_u32(digit as u32 - '0' as u32 + 0xFF10).unwrap()).collect();
        let spellings = [
            format!(" {code}"),
            format!("{code} "),
            format!("{left} {right}"),
            format!("{left}-{right}"),
            format!("0{code}"),
            format!("+{code}"),
            format!("{code}\n"),
            format!("{code}\0"),
            wide,
        ];
        for (index, spelling) in spellings.iter().enumerate() {
            let answer = match index % 3 {
                0 => server.client().bind(ALICE, with_code(spelling)).code,
                1 => server.client().bind_totp("u:alice", Some(ALICE_PASSWORD), spelling).code,
                _ => authenticate(&server, "alice", ALICE_PASSWORD, spelling).result_code(),
            };
            assert_eq!(answer, INVALID_CREDENTIALS, "{spelling:?}, spent: {spent}");
        }
        server.advance(Duration::from_secs(30));
        assert_eq!(server.client().bind(ALICE, with_code(&server.code(0))).code, SUCCESS, "failures are cleared");
        server.advance(Duration::from_secs(30));
    }
}

#[test]
fn digits_that_belong_to_the_password_are_not_taken_for_a_code() {
    let server = Server::start();
    let mut root = server.root();
    let secret: &[(&str, &[&str])] = &[("ds-auth-totp-shared-secret", &[SECRET])];
    add_person(&mut root, "dora", "Dora Digits", "hunter123456", secret);
    add_person(&mut root, "emil", "Emil Digits", "hunter123456", &[]);
    let (dora, emil) = (ALICE.replace("alice", "dora"), ALICE.replace("alice", "emil"));
    assert_eq!(server.client().bind(&emil, "hunter123456").code, SUCCESS);
    assert_eq!(server.client().bind(&dora, "hunter123456").code, INVALID_CREDENTIALS);
    assert_eq!(server.client().bind(&dora, format!("hunter123456{}", server.code(0))).code, SUCCESS);
}

#[test]
fn a_user_without_a_factor_binds_with_the_password_alone() {
    let server = Server::start();
    assert_eq!(server.client().bind(BOB, BOB_PASSWORD).code, SUCCESS);
    assert_eq!(server.client().bind(BOB, format!("{BOB_PASSWORD}{}", server.code(0))).code, INVALID_CREDENTIALS);
    let without = server.client().bind_totp("u:bob", Some(BOB_PASSWORD), &server.code(0));
    assert_eq!(without.code, INVALID_CREDENTIALS);
}

#[test]
fn a_service_account_is_never_asked_for_a_code() {
    let server = Server::with("[factors]\nservice_accounts = [\"ou=services,dc=example,dc=com\"]\n");
    let mut root = server.root();
    let above: &[(&str, &[&str])] = &[("objectClass", &["organizationalUnit"])];
    assert_eq!(root.add("ou=services,dc=example,dc=com", above).code, SUCCESS);
    let (wiki, password) = ("uid=wiki,ou=services,dc=example,dc=com", "a long one for a program");
    let account: &[(&str, &[&str])] =
        &[("objectClass", &["account", "simpleSecurityObject"]), ("userPassword", &[password])];
    assert_eq!(root.add(wiki, account).code, SUCCESS);
    let members = [(0, "u:wiki"), (1, password)];
    let refused = server.client().extended(oid::GENERATE_TOTP, Some(&tagged(&members)));
    assert_eq!((refused.code, refused.value), (UNWILLING_TO_PERFORM, None), "{}", refused.diagnostic);
    assert_eq!(server.client().bind(wiki, password).code, SUCCESS);
}

#[test]
fn ten_wrong_codes_throttle_the_right_one_for_a_quarter_of_an_hour() {
    let server = Server::start();
    for attempt in 0..10 {
        let (name, spend) = DOORS[attempt % DOORS.len()];
        assert_eq!(spend(&server, &server.code(10)), INVALID_CREDENTIALS, "{name}");
    }
    for (name, spend) in DOORS {
        assert_eq!(spend(&server, &server.code(0)), INVALID_CREDENTIALS, "{name}");
    }
    server.advance(Duration::from_secs(16 * 60));
    assert_eq!(server.client().bind(ALICE, with_code(&server.code(0))).code, SUCCESS);
}

#[test]
fn password_failures_and_code_failures_are_counted_apart() {
    let server = Server::start();
    for _ in 0..9 {
        let wrong_password = server.client().bind_totp("u:alice", Some("wrong"), &server.code(10));
        assert_eq!(wrong_password.code, INVALID_CREDENTIALS);
        let wrong_code = server.client().bind_totp("u:alice", Some(ALICE_PASSWORD), &server.code(10));
        assert_eq!(wrong_code.code, INVALID_CREDENTIALS);
    }
    assert_eq!(server.client().bind(ALICE, with_code(&server.code(0))).code, SUCCESS);
}

#[test]
fn a_hundred_wrong_codes_in_a_row_close_the_factor_until_somebody_resets_it() {
    let server = Server::start();
    for _ in 0..10 {
        for _ in 0..10 {
            let refused = server.client().bind_totp("u:alice", Some(ALICE_PASSWORD), &server.code(10));
            assert_eq!(refused.code, INVALID_CREDENTIALS);
        }
        server.advance(Duration::from_secs(16 * 60));
    }
    server.advance(Duration::from_secs(24 * 60 * 60));
    assert_eq!(server.client().bind(ALICE, with_code(&server.code(0))).code, INVALID_CREDENTIALS);
}

#[test]
fn of_thirty_two_simultaneous_uses_of_one_code_exactly_one_succeeds() {
    let server = Server::start();
    for _ in 0..3 {
        let code = server.code(0);
        let start = std::sync::Barrier::new(32);
        let successes: usize = std::thread::scope(|scope| {
            let threads: Vec<_> = (0..32)
                .map(|index| {
                    let (server, code, start) = (&server, code.as_str(), &start);
                    scope.spawn(move || {
                        start.wait();
                        DOORS[index % DOORS.len()].1(server, code) == SUCCESS
                    })
                })
                .collect();
            threads.into_iter().map(|thread| usize::from(thread.join().unwrap())).sum()
        });
        assert_eq!(successes, 1);
        // The thirty-one others were failures: let their lock pass.
        server.advance(Duration::from_secs(2 * 60 * 60));
    }
}

#[test]
fn validate_answers_by_who_asks_about_whom() {
    let server = Server::start();
    let mut carol = server.bound(CAROL, CAROL_PASSWORD);
    let code = server.code(0);
    assert_eq!(validate(&mut server.client(), ALICE, &code).code, INSUFFICIENT_ACCESS_RIGHTS, "anonymous");
    assert_eq!(validate(&mut server.bound(BOB, BOB_PASSWORD), ALICE, &code).code, INSUFFICIENT_ACCESS_RIGHTS);
    assert_eq!(validate(&mut carol, BOB, &code).code, INAPPROPRIATE_AUTHENTICATION, "no factor");
    assert_eq!(validate(&mut carol, NOBODY, &code).code, NO_SUCH_OBJECT);
    assert_eq!(validate(&mut carol, "u:alice", &code).code, INVALID_DN_SYNTAX);
    assert_eq!(validate(&mut carol, &format!("dn:{ALICE}"), &code).code, INVALID_DN_SYNTAX);
    let refused = validate(&mut carol, ALICE, &server.code(10));
    assert_eq!((refused.code, refused.name, refused.value), (INVALID_CREDENTIALS, None, None));
    assert_eq!(validate(&mut carol, ALICE, &code).code, SUCCESS);
    assert_eq!(carol.who_am_i().to_lowercase(), format!("dn:{CAROL}"), "validating changes nobody's identity");

    let mut alice = server.bound(ALICE, &with_code(&server.code(1)));
    server.advance(Duration::from_secs(60));
    assert_eq!(validate(&mut alice, ALICE, &server.code(0)).code, SUCCESS, "the user's own");
}

#[test]
fn a_generated_secret_is_active_at_once() {
    let server = Server::start();
    let secret = generate(&mut server.client(), &[(0, "u:bob"), (1, BOB_PASSWORD)]);
    assert_eq!(secret.len(), 32, "160 bits, no padding");
    assert!(secret.bytes().all(|octet| octet.is_ascii_uppercase() || (b'2'..=b'7').contains(&octet)));
    assert_eq!(server.client().bind(BOB, BOB_PASSWORD).code, INVALID_CREDENTIALS);
    let code = code_at(&secret, server.now(), 0);
    assert_eq!(server.client().bind(BOB, format!("{BOB_PASSWORD}{code}")).code, SUCCESS);
}

#[test]
fn generate_answers_by_who_asks_for_whom() {
    let server = Server::start();
    let (mut anonymous, mut bob) = (server.client(), server.bound(BOB, BOB_PASSWORD));
    let mut carol = server.bound(CAROL, CAROL_PASSWORD);
    type Case<'a> = (&'a mut Client, &'a [(u8, &'a str)], i64);
    let cases: [Case<'_>; 10] = [
        (&mut server.client(), &[], PROTOCOL_ERROR),
        (&mut server.client(), &[(0, "u:bob")], INSUFFICIENT_ACCESS_RIGHTS),
        (&mut server.client(), &[(1, BOB_PASSWORD)], INVALID_CREDENTIALS),
        (&mut server.client(), &[(0, "u:bob"), (1, "wrong")], INVALID_CREDENTIALS),
        (&mut server.client(), &[(0, "u:bob"), (1, "")], INVALID_CREDENTIALS),
        (&mut server.client(), &[(0, "u:nobody"), (1, BOB_PASSWORD)], INVALID_CREDENTIALS),
        (&mut anonymous, &[(0, "bob"), (1, BOB_PASSWORD)], INVALID_CREDENTIALS),
        (&mut bob, &[(0, "u:bob")], UNWILLING_TO_PERFORM),
        (&mut server.bound(BOB, BOB_PASSWORD), &[(0, "u:alice")], INSUFFICIENT_ACCESS_RIGHTS),
        (&mut carol, &[(0, "u:nobody")], NO_SUCH_OBJECT),
    ];
    for (client, members, expected) in cases {
        let response = client.extended(oid::GENERATE_TOTP, Some(&tagged(members)));
        assert_eq!(response.code, expected, "{members:?}: {}", response.diagnostic);
        assert_eq!((response.name, response.value), (None, None), "a refusal carries neither name nor value");
    }
    generate(&mut carol, &[(0, "u:bob")]);
    generate(&mut server.root(), &[(0, &format!("dn:{BOB}"))]);
}

#[test]
fn a_stolen_password_adds_no_second_factor_of_its_own() {
    let server = Server::start();
    let alone = [(0, "u:alice"), (1, ALICE_PASSWORD)];
    let refused = server.client().extended(oid::GENERATE_TOTP, Some(&tagged(&alone)));
    assert_eq!((refused.code, refused.value), (INVALID_CREDENTIALS, None));
    let refused = server.client().extended(oid::REVOKE_TOTP, Some(&tagged(&alone)));
    assert_eq!(refused.code, INVALID_CREDENTIALS);

    generate(&mut server.client(), &[(0, "u:alice"), (1, &with_code(&server.code(0)))]);
    server.advance(Duration::from_secs(30));
    let mut alice = server.bound(ALICE, &with_code(&server.code(0)));
    generate(&mut alice, &[(1, ALICE_PASSWORD)]);
    generate(&mut server.bound(CAROL, CAROL_PASSWORD), &alone);
}

#[test]
fn where_it_is_configured_the_password_alone_adds_a_factor() {
    let server = Server::with("[factors]\nself_service = \"password\"\n");
    generate(&mut server.client(), &[(0, "u:alice"), (1, ALICE_PASSWORD)]);
}

#[test]
fn a_wrong_code_as_proof_counts_like_any_other_wrong_code() {
    let server = Server::start();
    for _ in 0..10 {
        let members = [(0, "u:alice"), (1, &*with_code(&server.code(10)))];
        let refused = server.client().extended(oid::GENERATE_TOTP, Some(&tagged(&members)));
        assert_eq!(refused.code, INVALID_CREDENTIALS);
    }
    assert_eq!(server.client().bind(ALICE, with_code(&server.code(0))).code, INVALID_CREDENTIALS);
}

#[test]
fn a_wrong_static_password_counts_like_a_failed_bind() {
    let server = Server::start();
    for _ in 0..10 {
        let refused = server.client().extended(oid::GENERATE_TOTP, Some(&tagged(&[(0, "u:bob"), (1, "wrong")])));
        assert_eq!(refused.code, INVALID_CREDENTIALS);
    }
    assert_eq!(server.client().bind(BOB, BOB_PASSWORD).code, INVALID_CREDENTIALS);
    server.advance(Duration::from_secs(16 * 60));
    assert_eq!(server.client().bind(BOB, BOB_PASSWORD).code, SUCCESS);
}

#[test]
fn revoke_keeps_to_the_table_of_proofs() {
    let server = Server::start();
    let mut root = server.root();
    let revoke = |client: &mut Client, members: &[(u8, &str)], expected: i64| {
        let response = client.extended(oid::REVOKE_TOTP, Some(&tagged(members)));
        assert_eq!(response.code, expected, "{members:?}: {}", response.diagnostic);
        assert_eq!((response.name, response.value), (None, None));
    };
    let other = "JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP";

    revoke(&mut server.client(), &[], PROTOCOL_ERROR);
    revoke(&mut server.client(), &[(0, "u:alice")], INSUFFICIENT_ACCESS_RIGHTS);
    revoke(&mut server.client(), &[(0, "u:alice"), (2, other)], INVALID_CREDENTIALS);
    revoke(&mut server.client(), &[(0, "u:nobody"), (2, other)], INVALID_CREDENTIALS);
    revoke(&mut server.client(), &[(2, SECRET)], INVALID_CREDENTIALS);
    let bound = with_code(&server.code(-1));
    let mut alice = server.bound(ALICE, &bound);
    revoke(&mut alice, &[(0, "u:alice")], UNWILLING_TO_PERFORM);
    revoke(&mut alice, &[(1, ALICE_PASSWORD), (2, other)], NO_SUCH_ATTRIBUTE);
    revoke(&mut server.bound(CAROL, CAROL_PASSWORD), &[(0, "u:nobody")], NO_SUCH_OBJECT);

    // The secret itself is proof enough, in any spelling of base32.
    revoke(&mut server.client(), &[(0, "u:alice"), (2, &SECRET.to_lowercase())], SUCCESS);
    assert_eq!(server.client().bind(ALICE, ALICE_PASSWORD).code, SUCCESS, "no factor is left");

    let add = |root: &mut Client| {
        let added = root.modify(ALICE, &[Change::Add("ds-auth-totp-shared-secret", &[SECRET, other])]);
        assert_eq!(added.code, SUCCESS, "{}", added.diagnostic);
    };
    add(&mut root);
    revoke(&mut server.client(), &[(0, "u:alice"), (1, "wrong"), (2, SECRET)], INVALID_CREDENTIALS);
    revoke(&mut server.client(), &[(0, "u:alice"), (1, &with_code(&server.code(0))), (2, SECRET)], SUCCESS);
    revoke(&mut server.bound(CAROL, CAROL_PASSWORD), &[(0, "u:alice")], SUCCESS);
    assert_eq!(server.client().bind(ALICE, ALICE_PASSWORD).code, SUCCESS, "all are gone");
    revoke(&mut server.client(), &[(0, "u:alice"), (1, ALICE_PASSWORD)], SUCCESS);
}

#[test]
fn the_same_answer_for_a_missing_user_a_wrong_password_and_a_wrong_code() {
    let server = Server::start();
    let answers = |attempt: &dyn Fn(&str, &str) -> (i64, String)| {
        let code = server.code(10);
        let missing = attempt("nobody", &format!("{ALICE_PASSWORD}{code}"));
        assert_eq!(attempt("bob", "wrong"), missing, "a wrong password");
        assert_eq!(attempt("alice", &with_code(&code)), missing, "a wrong code");
        assert_eq!(attempt("alice", ALICE_PASSWORD), missing, "no code");
        assert_eq!(missing.0, INVALID_CREDENTIALS);
        missing.1
    };
    let simple = answers(&|user, password| {
        let response = server.client().bind(&ALICE.replace("alice", user), password);
        (response.code, response.diagnostic)
    });
    let plain = answers(&|user, password| {
        let response = server.client().bind_plain(&format!("u:{user}"), password);
        (response.code, response.diagnostic)
    });
    let rest = answers(&|user, password| {
        let credentials = json!({"authenticationType": "password", "username": user, "staticPassword": password});
        let body = json!({ "credentials": credentials });
        let answer = http::post(server.rest(), "/directory/v1/authenticate", None, &body);
        assert_eq!(answer.status, 401);
        (answer.result_code(), answer.body["diagnosticMessage"].as_str().unwrap().to_owned())
    });
    assert_eq!((&simple, &simple), (&plain, &rest));
}

#[test]
fn our_codes_are_those_of_oathtool_and_of_the_vectors() {
    for (seconds, offset) in [(1_111_111_109_u64, 0), (1_234_567_890, 0), (2_000_000_000, 1), (59, -1)] {
        let time = format!("@{}", seconds.saturating_add_signed(offset * 30));
        let shown = command::run("oathtool", &["--totp", "-b", SECRET, "-N", &time]).succeeded();
        assert_eq!(shown.stdout.trim(), code_at(SECRET, seconds, offset));
    }
}
