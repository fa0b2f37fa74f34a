//! The password modify extended operation (RFC 3062) from outside, raw and by ldappasswd.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

mod common;

use common::{
    ber,
    client::{Change, Client, Response, tagged},
    code::*,
    command, oid,
    people::{ALICE, ALICE_PASSWORD, BOB, BOB_PASSWORD, CAROL, CAROL_PASSWORD, NOBODY, ROOT, ROOT_PASSWORD},
    server::Server,
};

const NEW: &str = "a much better one";

fn change(client: &mut Client, members: &[(u8, &str)]) -> Response {
    client.extended(oid::PASSWORD_MODIFY, Some(&tagged(members)))
}

fn assert_password(server: &Server, password: &str) {
    assert_eq!(server.client().bind(BOB, password).code, SUCCESS, "{password}");
}

#[test]
fn the_old_password_changes_the_password() {
    let server = Server::start();
    for identity in [BOB.to_owned(), format!("dn:{BOB}"), "u:bob".to_owned()] {
        let changed = change(&mut server.client(), &[(0, &identity), (1, BOB_PASSWORD), (2, NEW)]);
        assert_eq!((changed.code, changed.name, changed.value), (SUCCESS, None, None), "{}", changed.diagnostic);
        assert_password(&server, NEW);
        assert_eq!(server.client().bind(BOB, BOB_PASSWORD).code, INVALID_CREDENTIALS);
        let back = change(&mut server.client(), &[(0, &identity), (1, NEW), (2, BOB_PASSWORD)]);
        assert_eq!(back.code, SUCCESS, "{}", back.diagnostic);
    }
    let mut bob = server.bound(BOB, BOB_PASSWORD);
    assert_eq!(change(&mut bob, &[(1, BOB_PASSWORD), (2, NEW)]).code, SUCCESS);
    assert_password(&server, NEW);
}

#[test]
fn a_password_is_made_where_none_is_given() {
    let server = Server::start();
    let changed = change(&mut server.bound(BOB, BOB_PASSWORD), &[(1, BOB_PASSWORD)]);
    assert_eq!(changed.code, SUCCESS, "{}", changed.diagnostic);
    let value = changed.value.expect("the password that was made");
    let members = ber::elements(ber::elements(&value)[0].1);
    assert_eq!(members[0].0, 0x80);
    let made = ber::text(members[0].1);
    assert!(made.len() >= 12, "long enough");
    assert_password(&server, &made);
}

#[test]
fn whoever_may_reset_passwords_needs_no_old_one() {
    let server = Server::start();
    let mut carol = server.bound(CAROL, CAROL_PASSWORD);
    assert_eq!(change(&mut carol, &[(0, BOB), (2, NEW)]).code, SUCCESS);
    assert_password(&server, NEW);
    assert_eq!(change(&mut server.root(), &[(0, "u:bob"), (2, BOB_PASSWORD)]).code, SUCCESS);
    assert_password(&server, BOB_PASSWORD);
}

#[test]
fn refusals_are_those_of_the_specification() {
    let server = Server::start();
    let mut bob = server.bound(BOB, BOB_PASSWORD);
    let mut carol = server.bound(CAROL, CAROL_PASSWORD);
    assert_eq!(change(&mut server.client(), &[(2, NEW)]).code, UNWILLING_TO_PERFORM, "anonymous names nobody");
    assert_eq!(server.client().extended(oid::PASSWORD_MODIFY, None).code, UNWILLING_TO_PERFORM);
    assert_eq!(change(&mut bob, &[(0, ALICE), (2, NEW)]).code, INSUFFICIENT_ACCESS_RIGHTS);
    assert_eq!(change(&mut bob, &[(0, ALICE), (1, "wrong"), (2, NEW)]).code, INVALID_CREDENTIALS);
    assert_eq!(change(&mut bob, &[(0, NOBODY), (1, "wrong"), (2, NEW)]).code, INVALID_CREDENTIALS);
    assert_eq!(change(&mut bob, &[(1, "wrong"), (2, NEW)]).code, INVALID_CREDENTIALS);
    assert_eq!(change(&mut carol, &[(0, NOBODY), (2, NEW)]).code, NO_SUCH_OBJECT);
    assert_password(&server, BOB_PASSWORD);
}

#[test]
fn a_new_password_does_not_take_the_second_factor_away() {
    let server = Server::start();
    assert_eq!(change(&mut server.bound(CAROL, CAROL_PASSWORD), &[(0, ALICE), (2, NEW)]).code, SUCCESS);
    assert_eq!(server.client().bind(ALICE, NEW).code, INVALID_CREDENTIALS);
    assert_eq!(server.client().bind(ALICE, format!("{NEW}{}", server.code(0))).code, SUCCESS);
    assert_eq!(server.client().bind(ALICE, ALICE_PASSWORD).code, INVALID_CREDENTIALS);
}

#[test]
fn wrong_old_passwords_lock_the_account_like_wrong_binds() {
    let server = Server::start();
    for _ in 0..10 {
        let refused = change(&mut server.client(), &[(0, BOB), (1, "wrong"), (2, NEW)]);
        assert_eq!(refused.code, INVALID_CREDENTIALS);
    }
    assert_eq!(server.client().bind(BOB, BOB_PASSWORD).code, INVALID_CREDENTIALS);
}

#[test]
fn a_password_written_in_clear_by_modify_is_hashed() {
    let server = Server::start();
    assert_eq!(server.root().modify(BOB, &[Change::Replace("userPassword", &[NEW])]).code, SUCCESS);
    assert_password(&server, NEW);
}

#[test]
fn a_new_password_that_looks_like_a_hash_is_a_password() {
    let server = Server::start();
    for new in ["{curly}", "{SSHA}1G904nLkTkGWjKNnQuB/hpWXC/hzYWx0c2FsdA=="] {
        let changed = change(&mut server.bound(CAROL, CAROL_PASSWORD), &[(0, BOB), (2, new)]);
        assert_eq!(changed.code, SUCCESS, "{}", changed.diagnostic);
        assert_password(&server, new);
        assert_eq!(server.client().bind(BOB, "secret").code, INVALID_CREDENTIALS, "what {new} is a hash of");
    }
}

#[test]
fn ldappasswd_changes_resets_and_generates() {
    let server = Server::start();
    let url = format!("ldap://{}", server.ldap());
    let own = ["-x", "-H", &url, "-D", BOB, "-w", BOB_PASSWORD, "-a", BOB_PASSWORD, "-s", NEW];
    command::run("ldappasswd", &own).succeeded();
    assert_password(&server, NEW);
    let made = command::run("ldappasswd", &["-x", "-H", &url, "-D", ROOT, "-w", ROOT_PASSWORD, BOB]).succeeded();
    let made = made.stdout.trim().strip_prefix("New password: ").expect("the new password").to_owned();
    assert_password(&server, &made);
    let wrong = command::run("ldappasswd", &["-x", "-H", &url, "-D", BOB, "-w", &made, "-a", "wrong", "-s", NEW]);
    assert_ne!(wrong.status, 0);
}
