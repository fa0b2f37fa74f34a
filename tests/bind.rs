//! Binds and connections from outside: simple, PLAIN, TLS, StartTLS, lockout, what a failure leaves behind.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

mod common;

use std::time::Duration;

use common::{
    ber,
    client::{BASE, Change, Client, Search, simple_bind},
    code::*,
    command, oid,
    people::{ALICE, ALICE_PASSWORD, BOB, BOB_PASSWORD, CAROL, NOBODY, PEOPLE, ROOT, ROOT_PASSWORD, add_person},
    server::Server,
};

#[test]
fn an_anonymous_bind_succeeds_and_names_nobody() {
    let server = Server::start();
    let mut client = server.client();
    assert_eq!(client.who_am_i(), "");
    assert_eq!(client.bind("", "").code, SUCCESS);
    assert_eq!(client.who_am_i(), "");
}

#[test]
fn an_empty_password_with_a_name_is_never_anonymous() {
    let server = Server::start();
    let mut client = server.client();
    for dn in [BOB, NOBODY, ROOT] {
        assert_eq!(client.bind(dn, "").code, UNWILLING_TO_PERFORM, "{dn}");
    }
    assert_eq!(client.bind_plain("u:bob", "").code, INVALID_CREDENTIALS);
}

#[test]
fn a_bind_takes_either_form_of_the_name() {
    let server = Server::start();
    let mut client = server.client();
    assert_eq!(client.bind("UID=Bob, OU=People, DC=Example, DC=COM", BOB_PASSWORD).code, SUCCESS);
    assert_eq!(client.who_am_i(), format!("dn:{BOB}"));
    for name in ["u:bob", "U:BOB", "bob", &format!("dn:{BOB}"), &format!("DN:{}", BOB.to_uppercase())] {
        assert_eq!(client.bind_plain(name, BOB_PASSWORD).code, SUCCESS, "{name}");
        assert_eq!(client.who_am_i(), format!("dn:{BOB}"));
    }
    assert_eq!(client.bind(ROOT, ROOT_PASSWORD).code, SUCCESS);
    assert_eq!(client.who_am_i().to_lowercase(), format!("dn:{ROOT}").to_lowercase());
}

#[test]
fn a_failed_bind_leaves_the_connection_anonymous_and_usable() {
    let server = Server::start();
    let mut client = server.bound(BOB, BOB_PASSWORD);
    assert_eq!(client.bind(BOB, "wrong").code, INVALID_CREDENTIALS);
    assert_eq!(client.who_am_i(), "");
    assert_eq!(client.search(&Search::new(BOB, BASE, "(objectClass=*)")).entries.len(), 0);
    assert_eq!(client.bind(BOB, BOB_PASSWORD).code, SUCCESS);
    assert_eq!(client.bind_sasl("NO-SUCH-MECHANISM", None).code, AUTH_METHOD_NOT_SUPPORTED);
    assert_eq!(client.who_am_i(), "");
}

#[test]
fn what_is_no_bind_is_refused_as_what_it_is() {
    let server = Server::start();
    let mut client = server.client();
    assert_eq!(client.bind("no name", "x").code, INVALID_DN_SYNTAX);
    let version_two = ber::constructed(0x60, &[ber::integer(2, 2), ber::octets(BOB), ber::tlv(0x80, BOB_PASSWORD)]);
    assert_eq!(client.request(&version_two, &[]).code, PROTOCOL_ERROR);
    let unknown_choice = ber::constructed(0x60, &[ber::integer(2, 3), ber::octets(BOB), ber::tlv(0x81, BOB_PASSWORD)]);
    let refused = client.request(&unknown_choice, &[]).code;
    assert!([AUTH_METHOD_NOT_SUPPORTED, PROTOCOL_ERROR].contains(&refused), "{refused}");
    for malformed in ["", "\0", "no nul", "\0u:bob", "\0u:bob\0a\0b"] {
        let code = client.bind_sasl("PLAIN", Some(malformed.as_bytes())).code;
        assert!([PROTOCOL_ERROR, INVALID_CREDENTIALS].contains(&code), "{malformed:?}: {code}");
    }
    assert_eq!(client.bind_sasl("PLAIN", None).code, PROTOCOL_ERROR);
    assert_eq!(client.bind_sasl("UNBOUNDID-TOTP", None).code, PROTOCOL_ERROR);
    client.assert_alive();
}

#[test]
fn an_authorization_id_is_for_those_who_may_proxy() {
    let server = Server::start();
    let mut client = server.client();
    let plain = |authorization: &str, password: &str| format!("{authorization}\0u:bob\0{password}").into_bytes();
    let own = client.bind_sasl("PLAIN", Some(&plain(&format!("dn:{BOB}"), BOB_PASSWORD)));
    assert_eq!(own.code, SUCCESS);
    let other = client.bind_sasl("PLAIN", Some(&plain("u:alice", BOB_PASSWORD)));
    assert_eq!(other.code, AUTHORIZATION_DENIED);
    assert_eq!(client.who_am_i(), "");
    let unproved = client.bind_sasl("PLAIN", Some(&plain("u:alice", "wrong")));
    assert_eq!(unproved.code, INVALID_CREDENTIALS, "the credentials come first");
    let change = [Change::Add("ds-privilege-name", &["proxied-auth"])];
    assert_eq!(server.root().modify(BOB, &change).code, SUCCESS);
    assert_eq!(client.bind_sasl("PLAIN", Some(&plain("u:alice", BOB_PASSWORD))).code, SUCCESS);
    assert_eq!(client.who_am_i(), format!("dn:{ALICE}"));
}

#[test]
fn ten_wrong_passwords_lock_for_a_quarter_of_an_hour() {
    let server = Server::start();
    for _ in 0..10 {
        assert_eq!(server.client().bind(BOB, "wrong").code, INVALID_CREDENTIALS);
    }
    let locked = server.client().bind(BOB, BOB_PASSWORD);
    assert_eq!((locked.code, &locked), (INVALID_CREDENTIALS, &server.client().bind(BOB, "wrong")));
    server.advance(Duration::from_secs(14 * 60));
    assert_eq!(server.client().bind(BOB, BOB_PASSWORD).code, INVALID_CREDENTIALS);
    server.advance(Duration::from_secs(2 * 60));
    assert_eq!(server.client().bind(BOB, BOB_PASSWORD).code, SUCCESS);
}

#[test]
fn passwords_are_octets_and_stay_as_they_are() {
    let server = Server::start();
    let mut root = server.root();
    for (uid, password) in [("e1", "pässwörd☃!"), ("e2", " spaces "), ("e4", "a\0b")] {
        add_person(&mut root, uid, "Some One", password, &[]);
        let dn = format!("uid={uid},{PEOPLE}");
        assert_eq!(server.client().bind(&dn, password).code, SUCCESS, "{password:?}");
        assert_eq!(server.client().bind(&dn, password.to_uppercase()).code, INVALID_CREDENTIALS, "{password:?}");
        let shorter = &password[..password.len() - 1];
        assert_eq!(server.client().bind(&dn, shorter).code, INVALID_CREDENTIALS, "{password:?}");
    }
    let mut client = server.client();
    let raw = client.bind(BOB, [0xFF, 0xFE, 0x00]);
    assert_eq!(raw.code, INVALID_CREDENTIALS, "octets that are no UTF-8 are merely wrong");
    let long = client.bind(BOB, vec![b'x'; 40_000]);
    assert_eq!(long.code, INVALID_CREDENTIALS);
}

#[test]
fn hashes_of_other_servers_are_verified() {
    let server = Server::start();
    let mut root = server.root();
    // The password is "secret" throughout; made with Python's hashlib and crypt.
    let hashes = [
        "{SHA}5en6G6MezRroT3XKqkdPOmY/BfQ=",
        "{SSHA}1G904nLkTkGWjKNnQuB/hpWXC/hzYWx0c2FsdA==",
        "{ssha}1G904nLkTkGWjKNnQuB/hpWXC/hzYWx0c2FsdA==",
        "{SHA256}K7gNU3sdo+OL0wNhqoVWhr3g6s1xYv72ol/pe/Unols=",
        "{SSHA256}oBmrdHcA6OZEkkCLeXh71YAerbvhXz1qqwjrPsXmEtNzYWx0c2FsdA==",
        "{SSHA384}xZjeLqA5S5k50pfYWOduoMpyOadNQ2hKzVUikzLgZ/JSGpE4X/aVRUUuwOH25+Urc2FsdHNhbHQ=",
        "{SSHA512}aCu7JRc+kLsuEmFs1zTY+AiP7DSGnjjG+dH28Dp+E5usqoAixeTPihKqZmkWal4mUfp63tqvCAkFV1LKTDFH6XNhbHRzYWx0",
        "{PBKDF2}10000$c2FsdHNhbHQ$1J.qbHg9k9gwJP/TEZO8JAMHRzQ",
        "{PBKDF2-SHA256}10000$c2FsdHNhbHQ$Ud43QyQpfkrBrm7iUov0KEpocQ1H1A65JKeSZBcZ.HQ",
        "{PBKDF2-SHA512}10000$c2FsdHNhbHQ$EPayD5uUBTEtWAVc5A/BDE94P92z1URuIGFG9dqerao2JkZSst3YhD65O7HTph4C35dJC0A.v6qfI/hRXA.w1A",
        "{CRYPT}$6$saltstring$AIsRs/Ee56G/tC8MEHhvReZTfx8u3rXXMl6eYrjCG9ibix19DxoMBLogdTET5Ukw9Sf7eZTITsuk0Ry5qulYz.",
        "{CRYPT}$5$saltstring$C3o4O1TC6aRHF4FI.QSZMXtHbaj2gSXr4sUc/3NcUi.",
        "{CRYPT}$2b$04$abcdefghijklmnopqrstuu2r9OfJnfCsdneAXAGHnS4UpFFP8WIrW",
        "{BCRYPT}$2b$04$abcdefghijklmnopqrstuu2r9OfJnfCsdneAXAGHnS4UpFFP8WIrW",
    ];
    for (index, hash) in hashes.iter().enumerate() {
        let uid = format!("h{index}");
        add_person(&mut root, &uid, "Some One", hash, &[]);
        let dn = format!("uid={uid},{PEOPLE}");
        assert_eq!(server.client().bind(&dn, "secret").code, SUCCESS, "{hash}");
        assert_eq!(server.client().bind(&dn, "Secret").code, INVALID_CREDENTIALS, "{hash}");
        assert_eq!(server.client().bind(&dn, hash).code, INVALID_CREDENTIALS, "{hash} is not the password itself");
    }
}

#[test]
fn a_hash_whose_work_has_no_bound_matches_nothing_and_costs_nothing() {
    let server = Server::start();
    let mut root = server.root();
    let hashes = [
        "{PBKDF2-SHA256}4000000000$c2FsdHNhbHQ$Ud43QyQpfkrBrm7iUov0KEpocQ1H1A65JKeSZBcZ.HQ",
        "{CRYPT}$6$rounds=999999999$saltstring$AIsRs/Ee56G/tC8MEHhvReZTfx8u3rXXMl6eYrjCG9ibix19DxoMBLogdTET5Ukw9Sf7eZTITsuk0Ry5qulYz.",
        "{BCRYPT}$2b$31$abcdefghijklmnopqrstuu2r9OfJnfCsdneAXAGHnS4UpFFP8WIrW",
        "{ARGON2}$argon2id$v=19$m=4194304,t=1000,p=1$c2FsdHNhbHQ$Ud43QyQpfkrBrm7iUov0KEpocQ1H1A65JKeSZBcZAAA",
        "{NO-SUCH-SCHEME}secret",
    ];
    for hash in hashes {
        let written = root.modify(BOB, &[Change::Replace("userPassword", &[hash])]);
        assert_eq!(written.code, SUCCESS, "it may have been good where it came from: {}", written.diagnostic);
        assert_eq!(server.client().bind(BOB, "secret").code, INVALID_CREDENTIALS, "{hash}");
        assert_eq!(server.client().bind(BOB, hash).code, INVALID_CREDENTIALS, "{hash} is not the password itself");
        server.advance(Duration::from_secs(2 * 60 * 60));
    }
}

#[test]
fn tls_and_start_tls_carry_everything() {
    let server = Server::start();
    let mut client = Client::connect_tls(server.ldaps(), server.trust());
    assert_eq!(client.bind(ALICE, format!("{ALICE_PASSWORD}{}", server.code(0))).code, SUCCESS);
    assert_eq!(client.who_am_i(), format!("dn:{ALICE}"));
    assert_eq!(client.extended(oid::START_TLS, None).code, OPERATIONS_ERROR);

    let mut client = server.bound(BOB, BOB_PASSWORD);
    client.start_tls(server.trust());
    assert_eq!(client.who_am_i(), "", "StartTLS resets the identity");
    assert_eq!(client.bind(BOB, BOB_PASSWORD).code, SUCCESS);
    assert_eq!(client.who_am_i(), format!("dn:{BOB}"));
}

#[test]
fn what_follows_start_tls_in_clear_is_never_carried_out() {
    let server = Server::start();
    let mut client = server.client();
    let mut bytes = common::client::message(1, &common::client::extended(oid::START_TLS, None), &[]);
    bytes.extend(common::client::message(2, &simple_bind(BOB, BOB_PASSWORD), &[]));
    client.send_raw(&bytes).unwrap();
    while let Some((id, ..)) = client.receive_raw() {
        assert_ne!(id, 2, "the bind in clear must not be answered");
    }
}

#[test]
fn a_clear_connection_carries_no_password_where_that_is_forbidden() {
    let server = Server::with("[ldap]\nallow_plaintext_passwords = \"never\"\n");
    let mut client = server.client();
    assert_eq!(client.bind(BOB, BOB_PASSWORD).code, CONFIDENTIALITY_REQUIRED);
    assert_eq!(client.bind(BOB, "wrong").code, CONFIDENTIALITY_REQUIRED);
    assert_eq!(client.bind_plain("u:bob", BOB_PASSWORD).code, CONFIDENTIALITY_REQUIRED);
    assert_eq!(client.bind_totp("u:bob", Some(BOB_PASSWORD), "123456").code, CONFIDENTIALITY_REQUIRED);
    let value = common::client::tagged(&[(0, "u:bob"), (1, BOB_PASSWORD)]);
    assert_eq!(client.extended(oid::GENERATE_TOTP, Some(&value)).code, CONFIDENTIALITY_REQUIRED);
    let old_and_new = common::client::tagged(&[(0, BOB), (1, BOB_PASSWORD), (2, "new password")]);
    assert_eq!(client.extended(oid::PASSWORD_MODIFY, Some(&old_and_new)).code, CONFIDENTIALITY_REQUIRED);
    assert_eq!(client.bind("", "").code, SUCCESS, "anonymous tells no password");
    client.start_tls(server.trust());
    assert_eq!(client.bind(BOB, BOB_PASSWORD).code, SUCCESS);
}

#[test]
fn an_unbind_closes_the_connection() {
    let server = Server::start();
    let mut client = server.bound(BOB, BOB_PASSWORD);
    client.send(&[0x42, 0x00], &[]);
    assert!(client.try_receive().is_none());
}

#[test]
fn ldapwhoami_binds_in_every_way_it_knows() {
    let server = Server::start();
    let url = format!("ldap://{}", server.ldap());
    let shown = command::run("ldapwhoami", &["-x", "-H", &url, "-D", BOB, "-w", BOB_PASSWORD]).succeeded();
    assert_eq!(shown.stdout.trim(), format!("dn:{BOB}"));
    let password = format!("{ALICE_PASSWORD}{}", server.code(0));
    let shown = command::run("ldapwhoami", &["-x", "-H", &url, "-D", ALICE, "-w", &password]).succeeded();
    assert_eq!(shown.stdout.trim(), format!("dn:{ALICE}"));
    let again = command::run("ldapwhoami", &["-x", "-H", &url, "-D", ALICE, "-w", &password]);
    assert_eq!(again.status, INVALID_CREDENTIALS as i32);
    let wrong = command::run("ldapwhoami", &["-x", "-H", &url, "-D", CAROL, "-w", "wrong"]);
    assert_eq!(wrong.status, INVALID_CREDENTIALS as i32);
    let plain = ["-Y", "PLAIN", "-O", "none", "-H", &url, "-U", "bob", "-w", BOB_PASSWORD];
    let shown = command::run("ldapwhoami", &plain).succeeded();
    assert_eq!(shown.stdout.trim(), format!("dn:{BOB}"));
}

#[test]
fn external_is_the_root_user_over_the_unix_socket_and_a_failed_bind_everywhere_else() {
    let server = Server::start();
    let mut client = server.client();
    assert_eq!(client.bind_sasl("EXTERNAL", None).code, INVALID_CREDENTIALS);
    assert_eq!(client.bind_sasl("EXTERNAL", Some(b"dn:")).code, INVALID_CREDENTIALS);
    assert_eq!(client.who_am_i(), "");
    let socket = server.site().join("data/ldapi").display().to_string().replace('/', "%2F");
    let url = format!("ldapi://{socket}");
    let told = command::run("ldapwhoami", &["-Q", "-Y", "EXTERNAL", "-H", &url]).succeeded();
    assert_eq!(told.stdout.trim(), format!("dn:{ROOT}"));
    let as_bob = format!("dn:{BOB}");
    let told = command::run("ldapwhoami", &["-Q", "-Y", "EXTERNAL", "-X", &as_bob, "-H", &url]).succeeded();
    assert_eq!(told.stdout.trim(), as_bob);
}
