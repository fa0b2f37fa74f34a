//! When an account may be used: closed, outside its time, idle, its password expired or to be changed first; at every door.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

mod common;

use std::time::Duration;

use common::{
    ber,
    client::{BASE, Change, Client, Response, Search, control, simple_bind, tagged},
    code::*,
    command, http, oid,
    people::{ALICE, ALICE_PASSWORD, BOB, BOB_PASSWORD, CAROL, CAROL_PASSWORD, SUFFIX, add_person},
    server::Server,
    totp,
};
use serde_json::json;

const DAY: u64 = 86_400;
const NEW: &str = "a much better one";

fn days(count: u64) -> Duration {
    Duration::from_secs(count * DAY)
}

/// A bind that asks for the password policy control.
fn bind_asking(client: &mut Client, dn: &str, password: &str) -> Response {
    client.request(&simple_bind(dn, password), &[control(oid::PASSWORD_POLICY, false, None)])
}

/// What the password policy control says: seconds left, grace logins left, error.
fn policy(response: &Response) -> (Option<i64>, Option<i64>, Option<i64>) {
    let value = response.control(oid::PASSWORD_POLICY).expect("the control");
    let members = ber::elements(ber::split(value).unwrap().1);
    let warning = members.iter().find(|member| member.0 == 0xA0).map(|member| ber::elements(member.1)[0]);
    let of = |tag| warning.filter(|warning| warning.0 == tag).map(|warning| ber::number(warning.1));
    let error = members.iter().find(|member| member.0 == 0x81).map(|member| ber::number(member.1));
    (of(0x80), of(0x81), error)
}

fn password_modify(client: &mut Client, members: &[(u8, &str)]) -> Response {
    client.extended(oid::PASSWORD_MODIFY, Some(&tagged(members)))
}

fn rest_authenticate(server: &Server, password: &str) -> http::Answer {
    let credentials = json!({"authenticationType": "password", "dn": BOB, "staticPassword": password});
    http::post(server.rest(), "/directory/v1/authenticate", None, &json!({"credentials": credentials}))
}

/// The import was made by the machine's clock, years ago by the server's: the password is new as of now.
fn begin(server: &Server) {
    assert_eq!(password_modify(&mut server.root(), &[(0, BOB), (2, BOB_PASSWORD)]).code, SUCCESS);
}

/// Every door refuses the right proof as it refuses a wrong one.
fn assert_closed(server: &Server, what: &str) {
    let wrong = server.client().bind(BOB, "wrong");
    let right = bind_asking(&mut server.client(), BOB, BOB_PASSWORD);
    assert_eq!((right.code, &right.diagnostic), (INVALID_CREDENTIALS, &wrong.diagnostic), "{what}");
    assert_eq!(policy(&right), (None, None, None), "{what}");
    assert_eq!(right.control(oid::PASSWORD_EXPIRED), None, "{what}");
    assert_eq!(server.client().bind_plain("u:bob", BOB_PASSWORD).code, INVALID_CREDENTIALS, "{what}");
    let code = totp::code_at(totp::SECRET, server.now(), 0);
    assert_eq!(server.client().bind_totp("u:bob", Some(BOB_PASSWORD), &code).code, INVALID_CREDENTIALS, "{what}");
    let changed = password_modify(&mut server.client(), &[(0, BOB), (1, BOB_PASSWORD), (2, NEW)]);
    assert_eq!(changed.code, INVALID_CREDENTIALS, "{what}");
    let generate = tagged(&[(0, "u:bob"), (1, BOB_PASSWORD)]);
    assert_eq!(server.client().extended(oid::GENERATE_TOTP, Some(&generate)).code, INVALID_CREDENTIALS, "{what}");
    assert_eq!(rest_authenticate(server, BOB_PASSWORD).status, 401, "{what}");
    let basic = http::basic(BOB, BOB_PASSWORD);
    assert_eq!(http::get(server.rest(), "/directory/v1/me", Some(&basic)).status, 401, "{what}");
}

fn assert_open(server: &Server, what: &str) {
    assert_eq!(server.client().bind(BOB, BOB_PASSWORD).code, SUCCESS, "{what}");
    assert_eq!(rest_authenticate(server, BOB_PASSWORD).status, 200, "{what}");
}

#[test]
fn a_closed_account_and_one_outside_its_time_are_refused_at_every_door() {
    let server = Server::start();
    let mut root = server.root();
    for (attribute, closed, open) in [
        ("ds-pwp-account-disabled", "TRUE", "FALSE"),
        ("ds-pwp-account-activation-time", "20330601000000Z", "20330501000000Z"),
        ("ds-pwp-account-expiration-time", "20330501000000.000Z", "20330601000000+0200"),
    ] {
        assert_eq!(root.modify(BOB, &[Change::Replace(attribute, &[closed])]).code, SUCCESS);
        assert_closed(&server, attribute);
        assert_eq!(root.modify(BOB, &[Change::Replace(attribute, &[open])]).code, SUCCESS);
        assert_open(&server, attribute);
    }
    // Time opens and closes it too.
    assert_eq!(
        root.modify(BOB, &[Change::Replace("ds-pwp-account-expiration-time", &["20330520000000Z"])]).code,
        SUCCESS
    );
    assert_open(&server, "before");
    server.advance(days(3));
    assert_closed(&server, "after");
}

#[test]
fn an_account_that_nobody_uses_closes_until_its_password_is_reset() {
    let server = Server::with("[lockout]\nidle_after = \"30d\"\n");
    begin(&server);
    assert_open(&server, "at the start");
    server.advance(days(29));
    assert_open(&server, "used within the time");
    server.advance(days(29));
    assert_open(&server, "and again: the login before counts");
    server.advance(days(31));
    assert_closed(&server, "idle");
    assert_eq!(password_modify(&mut server.root(), &[(0, BOB), (2, BOB_PASSWORD)]).code, SUCCESS);
    assert_open(&server, "reset");
}

#[test]
fn an_expiring_password_is_told_and_an_expired_one_is_good_for_changing_it_alone() {
    let server = Server::with("[password]\nmax_age = \"90d\"\nwarn_before = \"5d\"\n");
    begin(&server);
    let good = bind_asking(&mut server.client(), BOB, BOB_PASSWORD);
    assert_eq!((good.code, policy(&good)), (SUCCESS, (None, None, None)));
    assert_eq!((good.control(oid::PASSWORD_EXPIRED), good.control(oid::PASSWORD_EXPIRING)), (None, None));
    assert_eq!(rest_authenticate(&server, BOB_PASSWORD).body["secondsUntilPasswordExpiration"], 90 * DAY);

    server.advance(days(86));
    let expiring = bind_asking(&mut server.client(), BOB, BOB_PASSWORD);
    let (Some(left), None, None) = policy(&expiring) else { panic!("{expiring:?}") };
    assert!((3 * DAY as i64..=4 * DAY as i64).contains(&left), "{left}");
    assert_eq!(expiring.control(oid::PASSWORD_EXPIRING), Some(left.to_string().as_bytes()), "and nobody asked");
    assert_eq!(rest_authenticate(&server, BOB_PASSWORD).body["secondsUntilPasswordExpiration"], left);

    server.advance(days(5));
    let expired = bind_asking(&mut server.client(), BOB, BOB_PASSWORD);
    assert_eq!((expired.code, policy(&expired)), (INVALID_CREDENTIALS, (None, None, Some(0))));
    assert_eq!(expired.control(oid::PASSWORD_EXPIRED), Some(&b"0"[..]));
    let wrong = bind_asking(&mut server.client(), BOB, "wrong");
    assert_eq!(
        (wrong.code, policy(&wrong)),
        (INVALID_CREDENTIALS, (None, None, None)),
        "nothing for who does not know it"
    );
    assert_eq!((wrong.control(oid::PASSWORD_EXPIRED), &wrong.diagnostic), (None, &expired.diagnostic));
    let generate = tagged(&[(0, "u:bob"), (1, BOB_PASSWORD)]);
    assert_eq!(server.client().extended(oid::GENERATE_TOTP, Some(&generate)).code, INVALID_CREDENTIALS);
    assert_eq!(rest_authenticate(&server, BOB_PASSWORD).status, 401);
    assert_eq!(password_modify(&mut server.client(), &[(0, BOB), (1, BOB_PASSWORD), (2, NEW)]).code, SUCCESS);
    let fresh = bind_asking(&mut server.client(), BOB, NEW);
    assert_eq!((fresh.code, policy(&fresh)), (SUCCESS, (None, None, None)));
}

#[test]
fn an_expired_password_and_a_wrong_code_are_a_wrong_code() {
    let server = Server::with("[password]\nmax_age = \"1d\"\n");
    server.advance(days(2));
    let asked = |password: &str| bind_asking(&mut server.client(), ALICE, password);
    let wrong = asked(&format!("{ALICE_PASSWORD}000000"));
    assert_eq!((wrong.code, policy(&wrong)), (INVALID_CREDENTIALS, (None, None, None)));
    let right = asked(&format!("{ALICE_PASSWORD}{}", server.code(0)));
    assert_eq!((right.code, policy(&right)), (INVALID_CREDENTIALS, (None, None, Some(0))));
}

#[test]
fn an_expired_password_that_must_not_be_changed_is_good_for_nothing() {
    let server = Server::with("[password]\nmax_age = \"1d\"\nchange_expired = false\n");
    server.advance(days(2));
    let changed = password_modify(&mut server.client(), &[(0, BOB), (1, BOB_PASSWORD), (2, NEW)]);
    assert_eq!(changed.code, INVALID_CREDENTIALS);
    assert_eq!(password_modify(&mut server.root(), &[(0, BOB), (2, NEW)]).code, SUCCESS);
    assert_eq!(server.client().bind(BOB, NEW).code, SUCCESS);
}

#[test]
fn an_expired_password_binds_as_often_as_the_policy_lets_it() {
    let server = Server::with("[password]\nmax_age = \"1d\"\nwarn_before = \"0s\"\ngrace_logins = 3\n");
    server.advance(days(2));
    let generate = tagged(&[(0, "u:bob"), (1, BOB_PASSWORD)]);
    assert_eq!(server.client().extended(oid::GENERATE_TOTP, Some(&generate)).code, INVALID_CREDENTIALS, "binds only");
    for left in [2, 1, 0] {
        let grace = bind_asking(&mut server.client(), BOB, BOB_PASSWORD);
        assert_eq!((grace.code, policy(&grace)), (SUCCESS, (None, Some(left), None)));
        assert_eq!(grace.control(oid::PASSWORD_EXPIRED), Some(&b"0"[..]));
    }
    let over = bind_asking(&mut server.client(), BOB, BOB_PASSWORD);
    assert_eq!((over.code, policy(&over)), (INVALID_CREDENTIALS, (None, None, Some(0))));
    assert_eq!(password_modify(&mut server.root(), &[(0, BOB), (2, NEW)]).code, SUCCESS);
    assert_eq!(policy(&bind_asking(&mut server.client(), BOB, NEW)), (None, None, None));
}

#[test]
fn of_many_binds_at_once_no_more_use_the_grace_than_there_is() {
    let server = Server::with("[password]\nmax_age = \"1d\"\ngrace_logins = 3\n");
    server.advance(days(2));
    let bound: usize = std::thread::scope(|scope| {
        let binds: Vec<_> = (0..16)
            .map(|_| scope.spawn(|| usize::from(server.client().bind(BOB, BOB_PASSWORD).code == SUCCESS)))
            .collect();
        binds.into_iter().map(|bind| bind.join().unwrap()).sum()
    });
    assert_eq!(bound, 3);
}

#[test]
fn a_password_that_somebody_else_set_is_changed_before_anything_else() {
    let server = Server::with("[password]\nchange_after_reset = true\nmin_age = \"1d\"\n");
    assert_eq!(password_modify(&mut server.bound(CAROL, CAROL_PASSWORD), &[(0, BOB), (2, "reset")]).code, SUCCESS);
    let mut bob = server.client();
    let bound = bind_asking(&mut bob, BOB, "reset");
    assert_eq!((bound.code, policy(&bound)), (SUCCESS, (None, None, Some(2))));
    assert_eq!(bob.who_am_i(), format!("dn:{BOB}"));
    let found = bob.search(&Search::new(SUFFIX, BASE, "(objectClass=*)"));
    assert_eq!((found.result.code, found.entries.len()), (INSUFFICIENT_ACCESS_RIGHTS, 0));
    assert_eq!(bob.compare(BOB, "uid", "bob").code, INSUFFICIENT_ACCESS_RIGHTS);
    assert_eq!(bob.modify(BOB, &[Change::Replace("mail", &["b@example.com"])]).code, INSUFFICIENT_ACCESS_RIGHTS);
    let validate = tagged(&[(0, BOB), (1, "123456")]);
    assert_eq!(bob.extended(oid::VALIDATE_TOTP, Some(&validate)).code, INSUFFICIENT_ACCESS_RIGHTS);
    let generate = tagged(&[(0, "u:bob"), (1, "reset")]);
    assert_eq!(server.client().extended(oid::GENERATE_TOTP, Some(&generate)).code, INVALID_CREDENTIALS);
    // Over REST the same.
    let basic = http::basic(BOB, "reset");
    assert_eq!(http::get(server.rest(), "/directory/v1/me", Some(&basic)).status, 403);
    assert_eq!(rest_authenticate(&server, "reset").body["mustChangePassword"], true);
    // The connection is free as soon as the password is changed, by whichever way.
    assert_eq!(password_modify(&mut bob, &[(2, NEW)]).code, SUCCESS);
    assert_eq!(bob.search(&Search::new(SUFFIX, BASE, "(objectClass=*)")).result.code, SUCCESS);
    assert_eq!(policy(&bind_asking(&mut server.client(), BOB, NEW)), (None, None, None));
    let rest = rest_authenticate(&server, NEW);
    assert!(rest.status == 200 && rest.body["mustChangePassword"].is_null(), "{rest:?}");
}

#[test]
fn the_password_of_a_new_entry_is_changed_first_and_in_time() {
    let server = Server::with("[password]\nchange_after_add = true\nchange_within = \"3d\"\n");
    let mut root = server.root();
    add_person(&mut root, "dora", "Dora D", "given", &[]);
    let dora = "uid=dora,ou=people,dc=example,dc=com";
    assert_eq!(policy(&bind_asking(&mut server.client(), dora, "given")), (None, None, Some(2)));
    server.advance(days(4));
    let late = bind_asking(&mut server.client(), dora, "given");
    assert_eq!((late.code, policy(&late)), (INVALID_CREDENTIALS, (None, None, None)));
    assert_eq!(password_modify(&mut root, &[(0, dora), (2, "again")]).code, SUCCESS);
    assert_eq!(server.client().bind(dora, "again").code, SUCCESS, "a reset asks for nothing here");
}

#[test]
fn other_peoples_clients_understand_the_control() {
    let server = Server::with("[password]\nmax_age = \"90d\"\nchange_after_reset = true\n");
    begin(&server);
    let url = format!("ldap://{}", server.ldap());
    let who = |password: &str| {
        let words = ["-x", "-H", &url, "-D", BOB, "-w", password, "-e", "ppolicy"];
        let output = command::run("ldapwhoami", &words);
        format!("{} {}{}", output.status, output.stdout, output.stderr)
    };
    let reset = who(BOB_PASSWORD);
    assert!(reset.contains("must be changed") || reset.contains("Password must be changed"), "{reset}");
    let changed = password_modify(&mut server.client(), &[(0, BOB), (1, BOB_PASSWORD), (2, NEW)]);
    assert_eq!(changed.code, SUCCESS);
    assert!(who(NEW).starts_with("0 "), "{}", who(NEW));
    server.advance(days(88));
    let expiring = who(NEW);
    assert!(expiring.starts_with("0 ") && expiring.contains("expire"), "{expiring}");
    server.advance(days(3));
    let expired = who(NEW);
    assert!(expired.contains("Invalid credentials (49)") && expired.contains("expired"), "{expired}");
}
