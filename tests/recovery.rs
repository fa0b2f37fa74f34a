//! Recovery codes from outside: taken wherever the code of a device is, each once; made, counted and revoked by whom they concern.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

mod common;

use std::time::Duration;

use common::{
    client::{Client, tagged},
    code::*,
    command, http, oid,
    people::{ALICE, ALICE_PASSWORD, BOB, BOB_PASSWORD, CAROL, CAROL_PASSWORD, NOBODY, PEOPLE, add_person},
    process::{self, PROGRAM, Process},
    recovery::{ask_count, count, generate},
    server::Server,
    yubikey,
};
use serde_json::{Value, json};

/// A way to use a code of Alice's: its name, and the attempt, which answers with the LDAP result code.
type Door = (&'static str, fn(&Server, &str) -> i64);

const DOORS: [Door; 8] = [
    ("simple bind", |server, code| server.client().bind(ALICE, with_code(code)).code),
    ("PLAIN", |server, code| server.client().bind_plain("u:alice", &with_code(code)).code),
    ("UNBOUNDID-TOTP", |server, code| server.client().bind_totp("u:alice", Some(ALICE_PASSWORD), code).code),
    ("UNBOUNDID-YUBIKEY-OTP", |server, code| {
        let credentials = yubikey::credentials("u:alice", Some(ALICE_PASSWORD), code);
        server.client().bind_sasl("UNBOUNDID-YUBIKEY-OTP", Some(&credentials)).code
    }),
    ("validate", |server, code| {
        server.bound(CAROL, CAROL_PASSWORD).extended(oid::VALIDATE_TOTP, Some(&tagged(&[(0, ALICE), (1, code)]))).code
    }),
    ("static password", |server, code| {
        let value = tagged(&[(0, "u:alice"), (1, &with_code(code))]);
        server.client().extended(oid::GENERATE_TOTP, Some(&value)).code
    }),
    ("REST authenticate", |server, code| {
        let credentials = json!({"authenticationType": "passwordPlusTOTP", "username": "alice",
            "staticPassword": ALICE_PASSWORD, "totp": code});
        http::post(server.rest(), "/directory/v1/authenticate", None, &json!({ "credentials": credentials }))
            .result_code()
    }),
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

/// Codes that the help desk has made for Alice.
fn codes_of_alice(server: &Server) -> Vec<String> {
    generate(&mut server.bound(CAROL, CAROL_PASSWORD), &[(0, "u:alice")])
}

fn left(server: &Server, dn: &str) -> u8 {
    count(&mut server.bound(CAROL, CAROL_PASSWORD), dn)
}

fn bind(server: &Server, code: &str) -> i64 {
    server.client().bind(ALICE, with_code(code)).code
}

#[test]
fn ten_codes_are_made_that_nobody_mistakes_for_anything_else() {
    let server = Server::start();
    let codes = codes_of_alice(&server);
    assert_eq!((codes.len(), left(&server, ALICE)), (10, 10));
    for (place, code) in codes.iter().enumerate() {
        let groups: Vec<&str> = code.split('-').collect();
        assert!(groups.len() == 3 && groups.iter().all(|group| group.len() == 4), "{code}");
        assert!(code.chars().all(|c| c == '-' || c.is_ascii_lowercase() && !"aeioul".contains(c)), "{code}");
        assert!(!codes[..place].contains(code));
    }
}

#[test]
fn every_door_takes_a_code_and_once_it_is_spent_none_does() {
    let server = Server::start();
    let codes = codes_of_alice(&server);
    for (number, ((name, attempt), code)) in (1..).zip(DOORS.iter().zip(&codes)) {
        assert_eq!(attempt(&server, code), SUCCESS, "{name}");
        assert_eq!(left(&server, ALICE), 10 - number, "{name}");
        for (other, attempt) in DOORS {
            assert_eq!(attempt(&server, code), INVALID_CREDENTIALS, "{other} after {name}");
        }
        // The device's own code goes on as if nothing had been; it clears the failures.
        server.advance(Duration::from_secs(90));
        assert_eq!(bind(&server, &server.code(0)), SUCCESS, "after {name}");
    }
}

#[test]
fn a_code_is_taken_however_it_is_typed_and_at_its_place_alone() {
    let server = Server::start();
    let codes = codes_of_alice(&server);
    let bare = codes[0].replace('-', "");
    for wrong in [
        &bare[1..],
        &format!("{bare}b"),
        &format!("{bare} "),
        &codes[0].replace('-', "--"),
        &bare.replace(&bare[..1], "a"),
    ] {
        assert_eq!(bind(&server, wrong), INVALID_CREDENTIALS, "{wrong:?}");
    }
    assert_eq!(server.client().bind(ALICE, &bare).code, INVALID_CREDENTIALS, "no password");
    assert_eq!(server.client().bind(ALICE, format!("wrong{bare}")).code, INVALID_CREDENTIALS, "a wrong password");
    assert_eq!(server.client().bind_totp("u:alice", None, &bare).code, INVALID_CREDENTIALS, "no password, SASL");
    let alone = yubikey::credentials("u:alice", None, &bare);
    assert_eq!(server.client().bind_sasl("UNBOUNDID-YUBIKEY-OTP", Some(&alone)).code, INVALID_CREDENTIALS);
    assert_eq!(left(&server, ALICE), 10, "a wrong password spends nothing");
    server.advance(Duration::from_secs(60 * 60));
    assert_eq!(bind(&server, &bare), SUCCESS);
    assert_eq!(bind(&server, &codes[1].to_uppercase()), SUCCESS);
    assert_eq!(bind(&server, &codes[2].replace('-', " ")), SUCCESS);
    let apart = format!(" {} ", codes[3].replace('-', " - "));
    assert_eq!(server.client().bind_totp("u:alice", Some(ALICE_PASSWORD), &apart).code, SUCCESS);
}

#[test]
fn a_paper_alone_is_never_enough() {
    let server = Server::with("[yubikey]\nrequire_static_password = false\n");
    let codes = codes_of_alice(&server);
    let alone = yubikey::credentials("u:alice", None, &codes[0]);
    assert_eq!(server.client().bind_sasl("UNBOUNDID-YUBIKEY-OTP", Some(&alone)).code, INVALID_CREDENTIALS);
    let both = yubikey::credentials("u:alice", Some(ALICE_PASSWORD), &codes[0]);
    assert_eq!(server.client().bind_sasl("UNBOUNDID-YUBIKEY-OTP", Some(&both)).code, SUCCESS);
}

#[test]
fn a_password_that_ends_like_a_code_stays_a_password() {
    let server = Server::start();
    let password = "my bcdf-ghjk-mnpq";
    let secret: &[(&str, &[&str])] = &[("ds-auth-totp-shared-secret", &[common::totp::SECRET])];
    add_person(&mut server.root(), "dave", "Dave Dean", password, secret);
    let dn = format!("uid=dave,{PEOPLE}");
    let codes = generate(&mut server.bound(CAROL, CAROL_PASSWORD), &[(0, "u:dave")]);
    assert_eq!(server.client().bind(&dn, password).code, INVALID_CREDENTIALS);
    assert_eq!(server.client().bind(&dn, format!("{password}{}", server.code(0))).code, SUCCESS);
    assert_eq!(server.client().bind(&dn, format!("{password}{}", codes[0])).code, SUCCESS);
    // Where the code is optional the password alone is one.
    let mut bound = server.client();
    assert_eq!(bound.bind(&dn, format!("{password}{}", codes[1])).code, SUCCESS);
    assert_eq!(generate(&mut bound, &[(1, password)]).len(), 10);
}

#[test]
fn only_an_account_with_a_second_factor_has_codes() {
    let server = Server::with(&format!("[factors]\nservice_accounts = [\"{ALICE}\"]\n"));
    let mut carol = server.bound(CAROL, CAROL_PASSWORD);
    for dn in [BOB, ALICE] {
        let value = tagged(&[(0, &format!("dn:{dn}"))]);
        assert_eq!(carol.extended(oid::GENERATE_RECOVERY, Some(&value)).code, UNWILLING_TO_PERFORM, "{dn}");
        assert_eq!(count(&mut carol, dn), 0);
    }
    let own = tagged(&[(0, "u:bob"), (1, BOB_PASSWORD)]);
    assert_eq!(server.client().extended(oid::GENERATE_RECOVERY, Some(&own)).code, UNWILLING_TO_PERFORM);
}

#[test]
fn codes_of_an_account_whose_factors_are_gone_prove_nothing() {
    let server = Server::start();
    let codes = codes_of_alice(&server);
    let mut carol = server.bound(CAROL, CAROL_PASSWORD);
    assert_eq!(carol.extended(oid::REVOKE_TOTP, Some(&tagged(&[(0, "u:alice")]))).code, SUCCESS);
    assert_eq!(server.client().bind(ALICE, ALICE_PASSWORD).code, SUCCESS);
    assert_eq!(server.client().bind_totp("u:alice", Some(ALICE_PASSWORD), &codes[0]).code, INVALID_CREDENTIALS);
    assert_eq!(bind(&server, &codes[0]), INVALID_CREDENTIALS);
    assert_eq!(count(&mut carol, ALICE), 10);
}

/// How a requester comes: anonymous, or bound.
fn requester(server: &Server, who: &str, code: &str) -> Client {
    match who {
        "anonymous" => server.client(),
        "self" => server.bound(ALICE, &with_code(code)),
        "other" => server.bound(BOB, BOB_PASSWORD),
        "administrator" => server.bound(CAROL, CAROL_PASSWORD),
        other => panic!("{other}"),
    }
}

#[test]
fn codes_are_made_and_revoked_by_whom_they_concern_and_nothing_changes_on_refusal() {
    let (right, none) = (SUCCESS, None);
    let (wrong, may_not) = (INVALID_CREDENTIALS, INSUFFICIENT_ACCESS_RIGHTS);
    let table = [
        ("anonymous", none, may_not),
        ("anonymous", Some("wrong"), wrong),
        ("anonymous", Some(ALICE_PASSWORD), wrong), // and no code
        ("anonymous", Some("with a code"), right),
        ("self", none, UNWILLING_TO_PERFORM),
        ("self", Some("wrong"), wrong),
        ("self", Some(ALICE_PASSWORD), right),
        ("other", none, may_not),
        ("other", Some("wrong"), wrong),
        ("other", Some(ALICE_PASSWORD), wrong),
        ("other", Some("with a code"), right),
        ("administrator", none, right),
        ("administrator", Some("wrong"), wrong),
        ("administrator", Some(ALICE_PASSWORD), right),
    ];
    let server = Server::start();
    for operation in [oid::GENERATE_RECOVERY, oid::REVOKE_RECOVERY] {
        for (who, password, expected) in table {
            let before = codes_of_alice(&server);
            let mut client = requester(&server, who, &server.code(0));
            server.advance(Duration::from_secs(90));
            let password = password.map(|word| match word {
                "with a code" => with_code(&server.code(0)),
                word => word.to_owned(),
            });
            let mut members = vec![(0, "u:alice")];
            members.extend(password.as_deref().map(|password| (1, password)));
            let response = client.extended(operation, Some(&tagged(&members)));
            assert_eq!(response.code, expected, "{who} with {password:?}: {}", response.diagnostic);
            if expected != SUCCESS {
                assert_eq!((response.name, response.value), (None, None));
            }
            server.advance(Duration::from_secs(90));
            let still = if expected == SUCCESS { INVALID_CREDENTIALS } else { SUCCESS };
            assert_eq!(bind(&server, &before[0]), still, "{who} with {password:?}: the codes of before");
            // Failures of one row are not those of the next.
            server.advance(Duration::from_secs(2 * 60 * 60));
        }
    }
    let mut carol = server.bound(CAROL, CAROL_PASSWORD);
    for (dn, expected) in [(NOBODY, NO_SUCH_OBJECT), (common::people::ROOT, UNWILLING_TO_PERFORM)] {
        let value = tagged(&[(0, &format!("dn:{dn}"))]);
        assert_eq!(carol.extended(oid::GENERATE_RECOVERY, Some(&value)).code, expected, "{dn}");
        assert_eq!(ask_count(&mut carol, dn).code, expected, "{dn}");
    }
}

#[test]
fn the_count_is_told_to_the_owner_and_the_help_desk() {
    let server = Server::start();
    let codes = codes_of_alice(&server);
    assert_eq!(bind(&server, &codes[0]), SUCCESS);
    for (who, expected) in [("anonymous", 50), ("other", 50), ("self", 0), ("administrator", 0)] {
        let response = ask_count(&mut requester(&server, who, &server.code(0)), ALICE);
        assert_eq!(response.code, expected, "{who}");
        assert_eq!(response.value, (expected == 0).then_some(vec![0x30, 3, 0x80, 1, 9]), "{who}");
    }
    assert_eq!(ask_count(&mut server.bound(CAROL, CAROL_PASSWORD), "u:alice").code, INVALID_DN_SYNTAX);
}

#[test]
fn guesses_count_like_other_codes() {
    let server = Server::start();
    let codes = codes_of_alice(&server);
    for attempt in 0..10 {
        let guess = ["bcdf-ghjk-mnpq", "123456"][attempt % 2];
        assert_eq!(bind(&server, guess), INVALID_CREDENTIALS);
    }
    assert_eq!(bind(&server, &codes[0]), INVALID_CREDENTIALS, "locked");
    assert_eq!(bind(&server, &server.code(0)), INVALID_CREDENTIALS, "locked for the device too");
    server.advance(Duration::from_secs(15 * 60));
    assert_eq!(bind(&server, &codes[0]), SUCCESS);
    // Ten wrong passwords close the account for codes as well.
    for _ in 0..10 {
        assert_eq!(server.client().bind(ALICE, "wrong").code, INVALID_CREDENTIALS);
    }
    assert_eq!(bind(&server, &codes[1]), INVALID_CREDENTIALS);
    server.advance(Duration::from_secs(15 * 60));
    assert_eq!(bind(&server, &codes[1]), SUCCESS);
}

#[test]
fn a_code_opens_a_closed_factor_and_guesses_at_one_are_bounded_while_it_is_closed() {
    let server = Server::with("[lockout]\nclose_factor_after = 20\n");
    let codes = codes_of_alice(&server);
    let fail = |guess: &str| {
        for _ in 0..10 {
            assert_eq!(bind(&server, guess), INVALID_CREDENTIALS);
        }
    };
    let pass = || server.advance(Duration::from_secs(15 * 60));
    for _ in 0..2 {
        fail("123456");
        pass();
    }
    assert_eq!(bind(&server, &server.code(0)), INVALID_CREDENTIALS, "closed");
    fail("bcdf-ghjk-mnpq");
    assert_eq!(bind(&server, &codes[0]), INVALID_CREDENTIALS, "guesses lock it for a while");
    pass();
    assert_eq!(bind(&server, &server.code(0)), INVALID_CREDENTIALS, "still closed");
    assert_eq!(bind(&server, &codes[0]), SUCCESS);
    assert_eq!(bind(&server, &server.code(0)), SUCCESS, "open again");
}

#[test]
fn a_lost_device_is_replaced_by_a_code() {
    let server = Server::start();
    let codes = codes_of_alice(&server);
    let mut alice = server.bound(ALICE, &with_code(&codes[0]));
    let revoked = alice.extended(oid::REVOKE_TOTP, Some(&tagged(&[(1, ALICE_PASSWORD)])));
    assert_eq!(revoked.code, SUCCESS, "{}", revoked.diagnostic);
    assert_eq!(server.client().bind(ALICE, ALICE_PASSWORD).code, SUCCESS);
}

#[test]
fn new_codes_and_none_end_access_tokens_and_a_used_one_does_not() {
    let server = Server::start();
    let token = |code: &str| {
        let credentials =
            json!({"authenticationType": "password", "username": "alice", "staticPassword": with_code(code)});
        let answer =
            http::post(server.rest(), "/directory/v1/authenticate", None, &json!({ "credentials": credentials }));
        format!("Bearer {}", answer.body["accessToken"].as_str().unwrap())
    };
    let me = |token: &str| http::get(server.rest(), "/directory/v1/me", Some(token)).status;
    let codes = codes_of_alice(&server);
    let tokens = [token(&codes[0]), token(&codes[1])];
    assert_eq!([me(&tokens[0]), me(&tokens[1])], [200, 200]);
    let codes = codes_of_alice(&server);
    assert_eq!([me(&tokens[0]), me(&tokens[1])], [401, 401]);
    let token = token(&codes[0]);
    assert_eq!(me(&token), 200);
    let revoked = server.bound(CAROL, CAROL_PASSWORD).extended(oid::REVOKE_RECOVERY, Some(&tagged(&[(0, "u:alice")])));
    assert_eq!((revoked.code, me(&token)), (SUCCESS, 401));
}

#[test]
fn rest_makes_counts_and_revokes_them() {
    let server = Server::with("[rest]\nextensions = true\n");
    let carol = http::basic(CAROL, CAROL_PASSWORD);
    let path = |name: &str| format!("/countersign/v1/{ALICE}/{name}");
    let made = http::post(server.rest(), &path("generateRecoveryCodes"), Some(&carol), &json!({}));
    assert_eq!((made.status, made.result_code()), (200, SUCCESS), "{made:?}");
    assert!(made.headers.to_ascii_lowercase().contains("cache-control: no-store"), "{}", made.headers);
    let codes: Vec<String> = serde_json::from_value(made.body["recoveryCodes"].clone()).unwrap();
    assert_eq!(codes.len(), 10);
    assert_eq!(bind(&server, &codes[9]), SUCCESS);
    let counted = http::get(server.rest(), &path("recoveryCodes"), Some(&carol));
    assert_eq!((counted.status, &counted.body["recoveryCodesLeft"]), (200, &json!(9)), "{counted:?}");
    let bob = http::basic(BOB, BOB_PASSWORD);
    for (requester, status) in [(None, 401), (Some(&bob), 403)] {
        let requester = requester.map(String::as_str);
        assert_eq!(http::get(server.rest(), &path("recoveryCodes"), requester).status, status);
        for name in ["generateRecoveryCodes", "revokeRecoveryCodes"] {
            assert_eq!(http::post(server.rest(), &path(name), requester, &json!({})).status, status, "{name}");
            let wrong = json!({"staticPassword": "wrong"});
            assert_eq!(http::post(server.rest(), &path(name), requester, &wrong).status, 401, "{name}");
            assert_eq!(http::request(server.rest(), "GET", &path(name), Some(&carol), None).status, 405, "{name}");
        }
    }
    assert_eq!(left(&server, ALICE), 9);
    let by_owner = json!({"staticPassword": with_code(&codes[8])});
    assert_eq!(http::post(server.rest(), &path("revokeRecoveryCodes"), None, &by_owner).status, 200);
    assert_eq!((left(&server, ALICE), bind(&server, &codes[0])), (0, INVALID_CREDENTIALS));
}

#[test]
fn the_command_line_makes_counts_and_revokes_them_and_the_log_warns_of_the_last() {
    let mut server = Process::start();
    let configuration = server.configuration();
    let run = |words: &str| {
        let mut arguments: Vec<&str> = words.split(' ').collect();
        arguments.extend(["--config", configuration.to_str().unwrap()]);
        command::run_with_input(PROGRAM, &arguments, "")
    };
    let made = run("--json recovery generate alice").succeeded();
    let made: Value = serde_json::from_str(&made.stdout).unwrap();
    let codes: Vec<String> = serde_json::from_value(made["recoveryCodes"].clone()).unwrap();
    assert_eq!((codes.len(), &made["dn"]), (10, &json!(ALICE)));
    for (used, code) in (1..).zip(&codes) {
        assert!(!server.log().contains("no-recovery-code-left"));
        assert_eq!(server.client().bind(ALICE, with_code(code)).code, SUCCESS);
        if used == 5 {
            server.kill();
            server.start_again();
        }
    }
    process::wait_until("the log warns", || {
        server.log().lines().any(|line| {
            line.contains("level=warn")
                && line.contains("event=recovery-codes")
                && line.contains("reason=no-recovery-code-left")
        })
    });
    assert!(server.log().contains("factor=recovery-code"), "binds tell by what");
    assert_eq!(run("recovery count alice").succeeded().stdout, format!("{ALICE} has 0 recovery codes left\n"));
    assert_eq!(server.client().bind(ALICE, with_code(&codes[3])).code, INVALID_CREDENTIALS);
    let shown = run("recovery generate alice").succeeded().stdout;
    let first = shown.lines().find_map(|line| line.strip_prefix("  ")).unwrap().to_owned();
    assert_eq!(run("recovery revoke alice").succeeded().stdout, format!("{ALICE} has no recovery code any more\n"));
    assert_eq!(server.client().bind(ALICE, with_code(&first)).code, INVALID_CREDENTIALS);
    assert_eq!((run("recovery generate bob").status, run("recovery count nobody").status), (1, 1));
    // Without a server the same words do the same.
    assert_eq!(server.terminate(), 0);
    assert_eq!(run("recovery count alice").succeeded().stdout, format!("{ALICE} has 0 recovery codes left\n"));
}

#[test]
fn a_backup_put_back_brings_no_spent_code_back() {
    let mut server = Process::start();
    let codes = generate(&mut server.root(), &[(0, "u:alice")]);
    let (configuration, copy) = (server.configuration(), server.site().join("copy.backup"));
    let [configuration, copy] = [&configuration, &copy].map(|path| path.to_str().unwrap());
    process::assert_done(process::command(&["backup", "--config", configuration, copy]));
    assert_eq!(server.client().bind(ALICE, with_code(&codes[0])).code, SUCCESS);
    assert_eq!(server.terminate(), 0);
    std::fs::remove_dir_all(server.site().join("data")).unwrap();
    process::assert_done(process::command(&["restore", "--config", configuration, copy]));
    server.start_again();
    assert_eq!(server.client().bind(ALICE, with_code(&codes[0])).code, INVALID_CREDENTIALS);
    // Nobody knows which of the others were spent.
    assert_eq!(server.client().bind(ALICE, with_code(&codes[1])).code, INVALID_CREDENTIALS);
    assert_eq!(count(&mut server.root(), ALICE), 0);
}
