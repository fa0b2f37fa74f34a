//! A time by which everybody must have changed their password: who still must is warned before it and expired after it.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

mod common;

use std::time::Duration;

use common::{
    account_state::{ask, get, set},
    client::{Client, tagged},
    code::*,
    oid,
    people::{BOB, BOB_PASSWORD, CAROL, CAROL_PASSWORD, PEOPLE, add_person},
    server::Server,
};

/// Ten days from now, by the server's clock.
const RULES: &str = "[password]\nchange_by = \"2033-05-28T03:33:35Z\"\n";
const TIME: &str = "20330528033335.000Z";
const DAY: u64 = 86_400;

fn change(client: &mut Client, dn: &str, old: &str, new: &str) -> i64 {
    client.extended(oid::PASSWORD_MODIFY, Some(&tagged(&[(0, dn), (1, old), (2, new)]))).code
}

#[test]
fn who_has_not_changed_by_then_may_do_nothing_else() {
    let server = Server::with(RULES);
    let mut root = server.root();
    assert_eq!((get(&mut root, BOB, 35), get(&mut root, BOB, 38)), (vec![], vec![(10 * DAY).to_string()]));
    assert_eq!(get(&mut root, BOB, 58), [TIME], "the password expires then");
    assert!(get(&mut root, BOB, 53)[0].contains("name=require-password-change-by-time"));
    assert_eq!(change(&mut server.client(), CAROL, CAROL_PASSWORD, "taken in time"), SUCCESS);
    assert_eq!((get(&mut root, CAROL, 35), get(&mut root, CAROL, 38)), (vec![TIME.to_owned()], vec![]));
    assert_eq!((get(&mut root, CAROL, 58), get(&mut root, CAROL, 53)), (vec![], vec![]));
    server.advance(Duration::from_secs(10 * DAY));
    assert_eq!(server.client().bind(CAROL, "taken in time").code, SUCCESS);
    assert_eq!(server.client().bind(BOB, BOB_PASSWORD).code, INVALID_CREDENTIALS);
    let errors = get(&mut root, BOB, 54);
    assert!(errors.iter().any(|error| error.contains("name=password-not-changed-by-required-time")), "{errors:?}");
    assert_eq!((get(&mut root, BOB, 67), get(&mut root, BOB, 55)), (vec!["true".to_owned()], vec!["false".to_owned()]));
    assert_eq!(change(&mut server.client(), BOB, BOB_PASSWORD, "late, and taken"), SUCCESS);
    assert_eq!(server.client().bind(BOB, "late, and taken").code, SUCCESS);
    assert_eq!(get(&mut root, BOB, 54), [""; 0]);
}

#[test]
fn an_administrator_sets_and_clears_that_somebody_did() {
    let server = Server::with(RULES);
    let mut root = server.root();
    assert_eq!(set(&mut root, BOB, 36, &[]), [TIME], "without a value it is the configured one");
    assert_eq!(get(&mut root, BOB, 38), [""; 0]);
    ask(&mut root, BOB, &[(36, &["20330101000000Z"])]).unwrap();
    assert_eq!(get(&mut root, BOB, 38), [(10 * DAY).to_string()], "an earlier one is not this one");
    ask(&mut root, BOB, &[(36, &[]), (37, &[])]).unwrap();
    assert_eq!(get(&mut root, BOB, 38).len(), 1);
    add_person(&mut root, "dora", "Dora", "brand new", &[]);
    let dora = format!("uid=dora,{PEOPLE}");
    assert_eq!(get(&mut root, &dora, 35), [TIME], "a new password is a changed one");
    assert_eq!(get(&mut server.root(), &dora, 38), [""; 0]);
}
