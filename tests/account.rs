//! The password policy state operation: what it tells of an account, what an administrator's hand does, and to whom it is refused.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

mod common;

use std::time::Duration;

use common::{
    account_state::{State, ask, get, set},
    client::{Change, tagged},
    code::*,
    oid,
    people::{ALICE, ALICE_PASSWORD, BOB, BOB_PASSWORD, CAROL, CAROL_PASSWORD, NOBODY, ROOT},
    server::Server,
    totp,
};

/// Now, as the server's clock stands.
const NOW: &str = "20330518033335.000Z";

#[test]
fn without_operations_everything_is_told() {
    let server = Server::start();
    let state = ask(&mut server.root(), ALICE, &[]).unwrap();
    let booleans = [1, 26, 41, 55, 56, 57, 59, 62, 64, 67, 70, 80, 81, 86];
    for number in booleans {
        assert!(
            ["true", "false"].contains(&state[&number][..].first().unwrap().as_str()),
            "{number}: {:?}",
            state[&number]
        );
        assert_eq!(state[&number].len(), 1, "{number}");
    }
    let readers = [
        0, 1, 4, 7, 8, 11, 14, 15, 16, 20, 21, 22, 25, 26, 29, 30, 34, 35, 38, 39, 41, 42, 43, 45, 48, 49, 52, 53, 54,
        55, 56, 57, 58, 59, 61, 62, 63, 64, 65, 66, 67, 68, 69, 70, 71, 80, 81, 82, 83, 86, 88,
    ];
    assert_eq!(state.keys().copied().collect::<Vec<_>>(), readers);
    assert_eq!(state[&0], ["cn=Default Password Policy,cn=Password Policies,cn=config"]);
    assert_eq!((state[&55][0].as_str(), state[&70][0].as_str(), state[&81][0].as_str()), ("true", "true", "true"));
    assert_eq!((&state[&21][..], &state[&66][..]), (&["10".to_owned()][..], &["0".to_owned()][..]));
    assert!(
        state[&68].contains(&"PLAIN".to_owned()) && state[&68].contains(&"UNBOUNDID-TOTP".to_owned()),
        "{:?}",
        state[&68]
    );
    assert!(state[&8][0].ends_with('Z') && state[&8][0].contains('.'), "{:?}", state[&8]);
    assert!(!format!("{state:?}").contains(totp::SECRET), "secrets never come back");
}

#[test]
fn what_is_set_is_told_by_its_reader_and_cleared_again() {
    let server = Server::start();
    let mut root = server.root();
    let time = "20300101000000.500Z";
    // Setter, its value, the clearing one; the same reader answers both.
    for (setter, value, told, clearing) in [
        (2, "true", "true", 3),
        (2, "TRUE", "true", 3),
        (5, time, time, 6),
        (9, time, time, 10),
        (12, time, time, 13),
        (23, time, time, 24),
        (27, "true", "true", 28),
        (36, time, time, 37),
        (46, time, time, 47),
        (50, "192.0.2.10", "192.0.2.10", 51),
        (84, time, time, 85),
    ] {
        assert_eq!(set(&mut root, BOB, setter, &[value]), [told], "{setter}");
        let cleared = set(&mut root, BOB, clearing, &[]);
        // A password has an age, known or from when the entry was made.
        assert!(cleared.is_empty() || cleared == ["false"] || clearing == 10, "{clearing}: {cleared:?}");
    }
    // Without a value it is now.
    for setter in [5, 9, 12, 23, 36, 46, 84] {
        assert_eq!(set(&mut root, BOB, setter, &[]), [NOW], "{setter}");
    }
    // A legal time in another form comes back in UTC with milliseconds.
    assert_eq!(set(&mut root, BOB, 5, &["203401010100+0100"]), ["20340101000000.000Z"]);
    let told = ask(&mut root, BOB, &[(40, &[])]).unwrap();
    assert_eq!(told, State::from([(39, vec![]), (66, vec!["0".to_owned()])]));
    assert_eq!(ask(&mut root, BOB, &[(44, &[])]).unwrap(), State::from([(41, vec!["false".to_owned()])]));
    let none = r#"{"successful-attempts":[],"failed-attempts":[]}"#;
    assert_eq!(set(&mut root, BOB, 89, &[]), [none]);
    assert_eq!(set(&mut root, BOB, 87, &["true"]), ["true"]);
    assert_eq!(set(&mut root, BOB, 87, &["false"]), ["false"]);
}

#[test]
fn what_is_set_holds_at_the_door() {
    let server = Server::start();
    let mut root = server.root();
    let bind = || server.client().bind(BOB, BOB_PASSWORD).code;
    for (close, open, error) in [
        ((2, &["true"][..]), (3, &[][..]), "account-disabled"),
        ((5, &["20330101000000Z"][..]), (6, &[][..]), "account-expired"),
        ((46, &["20340101000000Z"][..]), (47, &[][..]), "account-not-yet-active"),
        ((60, &["true"][..]), (60, &["false"][..]), "account-temporarily-locked-due-to-bind-failures"),
        ((87, &["true"][..]), (87, &["false"][..]), "account-validation-locked"),
    ] {
        ask(&mut root, BOB, &[close]).unwrap();
        assert_eq!(bind(), INVALID_CREDENTIALS, "{error}");
        let state = ask(&mut root, BOB, &[(54, &[]), (55, &[])]).unwrap();
        assert_eq!(state[&55], ["false"], "{error}");
        assert!(state[&54].iter().any(|issue| issue.contains(&format!("\tname={error}\tmessage="))), "{state:?}");
        ask(&mut root, BOB, &[open]).unwrap();
        assert_eq!(bind(), SUCCESS, "{error}");
        assert_eq!(get(&mut root, BOB, 54), [""; 0]);
    }
    // The attributes of the entry say the same.
    ask(&mut root, BOB, &[(2, &["true"]), (5, &["20400101000000Z"])]).unwrap();
    let entry = root.read(BOB, &["ds-pwp-account-disabled", "ds-pwp-account-expiration-time"]);
    assert_eq!(entry.values("ds-pwp-account-disabled"), ["TRUE"]);
    assert_eq!(entry.values("ds-pwp-account-expiration-time"), ["20400101000000Z"]);
    assert_eq!(root.modify(BOB, &[Change::Replace("ds-pwp-account-disabled", &["FALSE"])]).code, SUCCESS);
    assert_eq!(get(&mut root, BOB, 1), ["false"]);
}

#[test]
fn failures_are_told_counted_and_forgotten() {
    let server = Server::start();
    let mut root = server.root();
    for _ in 0..3 {
        server.client().bind(BOB, "wrong");
        server.advance(Duration::from_secs(1));
    }
    let state = ask(&mut root, BOB, &[(16, &[]), (20, &[]), (21, &[]), (53, &[])]).unwrap();
    let times = ["20330518033335.000Z", "20330518033336.000Z", "20330518033337.000Z"];
    assert_eq!(state[&16], times);
    assert_eq!((&state[&20][..], &state[&21][..]), (&[][..], &["7".to_owned()][..]));
    assert!(state[&53][0].starts_with("code=3\tname=outstanding-bind-failures"), "{state:?}");
    assert_eq!(set(&mut root, BOB, 19, &[]), [""; 0]);
    assert_eq!(get(&mut root, BOB, 21), ["10"]);
    // Some that never were.
    assert_eq!(set(&mut root, BOB, 18, &times[..2]), &times[..2]);
    assert_eq!(set(&mut root, BOB, 17, &[]), [times[0], times[1], "20330518033338.000Z"]);
    // The lock, with its end; a second factor's failures count with it.
    assert_eq!(set(&mut root, BOB, 60, &["true"]), ["true"]);
    let state = ask(&mut root, BOB, &[(20, &[]), (21, &[]), (61, &[])]).unwrap();
    assert_eq!((&state[&20][..], &state[&21][..]), (&["900".to_owned()][..], &["0".to_owned()][..]));
    assert_eq!(state[&61], ["20330518033338.000Z"]);
    assert_eq!(set(&mut root, BOB, 19, &[]), [""; 0]);
    assert_eq!(server.client().bind(BOB, BOB_PASSWORD).code, SUCCESS);
    for _ in 0..2 {
        server.client().bind(ALICE, format!("{ALICE_PASSWORD}000000"));
    }
    assert_eq!(get(&mut root, ALICE, 16).len(), 2);
    assert_eq!(get(&mut root, ALICE, 21), ["8"]);
}

#[test]
fn secrets_and_devices_are_added_and_taken_away() {
    let server = Server::start();
    let mut root = server.root();
    let other = "AEHBWKBVIJHVY2LWQOIJ3KVXYTI5527Y";
    assert_eq!(set(&mut root, BOB, 76, &[totp::SECRET, other]), ["true"]);
    assert_eq!(server.client().bind(BOB, BOB_PASSWORD).code, INVALID_CREDENTIALS, "now a code is needed");
    assert_eq!(server.client().bind(BOB, format!("{BOB_PASSWORD}{}", server.code(0))).code, SUCCESS);
    assert_eq!(ask(&mut root, BOB, &[(76, &[other])]), Err(ATTRIBUTE_OR_VALUE_EXISTS));
    assert_eq!(set(&mut root, BOB, 77, &[totp::SECRET]), ["true"]);
    assert_eq!(ask(&mut root, BOB, &[(77, &[totp::SECRET])]), Err(NO_SUCH_ATTRIBUTE));
    assert_eq!(set(&mut root, BOB, 78, &[totp::SECRET]), ["true"]);
    assert_eq!(set(&mut root, BOB, 78, &[]), ["false"], "set to none");
    assert_eq!(set(&mut root, BOB, 79, &[]), ["false"]);
    for wrong in ["not base32!", "AAAA"] {
        assert_eq!(ask(&mut root, BOB, &[(76, &[wrong])]), Err(PROTOCOL_ERROR), "{wrong}");
    }
    assert_eq!(set(&mut root, BOB, 72, &["VVCCCCDHDTNH", "cccccccccccb"]), ["cccccccccccb", "vvccccdhdtnh"]);
    assert_eq!(root.read(BOB, &["ds-auth-yubikey-public-id"]).values("ds-auth-yubikey-public-id").len(), 2);
    assert_eq!(ask(&mut root, ALICE, &[(72, &["cccccccccccb"])]), Err(CONSTRAINT_VIOLATION), "it is somebody's");
    assert_eq!(set(&mut root, BOB, 73, &["cccccccccccb"]), ["vvccccdhdtnh"]);
    assert_eq!(set(&mut root, ALICE, 74, &["cccccccccccb"]), ["cccccccccccb"], "it is nobody's now");
    assert_eq!(set(&mut root, BOB, 75, &[]), [""; 0]);
    assert_eq!(ask(&mut root, BOB, &[(72, &["not modhex"])]), Err(PROTOCOL_ERROR));
}

#[test]
fn an_account_has_so_many_factors_and_a_service_account_none() {
    let server = Server::with("[factors]\nservice_accounts = [\"uid=carol,ou=people,dc=example,dc=com\"]\n");
    let mut root = server.root();
    let eleven: Vec<String> = "cbdefghijkl".chars().map(|letter| format!("ccccccccccb{letter}")).collect();
    let modhex: Vec<&str> = eleven.iter().map(String::as_str).collect();
    assert_eq!(ask(&mut root, BOB, &[(74, &modhex)]), Err(UNWILLING_TO_PERFORM));
    assert_eq!(set(&mut root, BOB, 74, &modhex[..10]).len(), 10);
    assert_eq!(ask(&mut root, CAROL, &[(72, &["ccccccccccvv"])]), Err(UNWILLING_TO_PERFORM));
    assert_eq!(ask(&mut root, CAROL, &[(76, &[totp::SECRET])]), Err(UNWILLING_TO_PERFORM));
}

#[test]
fn a_request_is_carried_out_whole_or_not_at_all() {
    let server = Server::start();
    let mut root = server.root();
    for (second, expected) in [
        ((50, &["nonsense"][..]), PROTOCOL_ERROR),
        ((5, &["yesterday"][..]), PROTOCOL_ERROR),
        ((27, &[][..]), PROTOCOL_ERROR),
        ((27, &["true", "false"][..]), PROTOCOL_ERROR),
        ((27, &["maybe"][..]), PROTOCOL_ERROR),
        ((3, &["true"][..]), PROTOCOL_ERROR),
        ((72, &[][..]), PROTOCOL_ERROR),
        ((77, &[totp::SECRET][..]), NO_SUCH_ATTRIBUTE),
        ((90, &[][..]), UNWILLING_TO_PERFORM),
        ((-1, &[][..]), UNWILLING_TO_PERFORM),
    ] {
        assert_eq!(ask(&mut root, BOB, &[(2, &["true"]), (17, &[]), second]), Err(expected), "{second:?}");
        let state = ask(&mut root, BOB, &[(1, &[]), (16, &[])]).unwrap();
        assert_eq!(state, State::from([(1, vec!["false".to_owned()]), (16, vec![])]), "{second:?}");
    }
    // In order: what comes later holds. Values of what only reads are overlooked.
    let told = ask(&mut root, BOB, &[(2, &["true"]), (3, &[]), (1, &["nonsense"])]).unwrap();
    assert_eq!(told, State::from([(1, vec!["false".to_owned()])]));
}

#[test]
fn of_many_changes_at_once_none_is_lost() {
    let server = Server::start();
    std::thread::scope(|scope| {
        for _ in 0..8 {
            scope.spawn(|| ask(&mut server.bound(CAROL, CAROL_PASSWORD), BOB, &[(17, &[]), (31, &[])]).unwrap());
        }
    });
    let state = ask(&mut server.root(), BOB, &[(16, &[]), (30, &[])]).unwrap();
    assert_eq!((state[&16].len(), state[&30].len()), (8, 8));
}

#[test]
fn users_read_their_own_state_and_administrators_change_that_of_others() {
    let server = Server::start();
    let (mut bob, mut carol) = (server.bound(BOB, BOB_PASSWORD), server.bound(CAROL, CAROL_PASSWORD));
    assert_eq!(get(&mut bob, BOB, 55), ["true"]);
    assert_eq!(ask(&mut bob, BOB, &[]).unwrap().len(), 51);
    assert_eq!(ask(&mut bob, BOB, &[(19, &[])]), Err(INSUFFICIENT_ACCESS_RIGHTS), "nobody opens the own account");
    assert_eq!(ask(&mut bob, BOB, &[(55, &[]), (76, &[totp::SECRET])]), Err(INSUFFICIENT_ACCESS_RIGHTS));
    assert_eq!(ask(&mut carol, CAROL, &[(2, &["false"])]), Err(INSUFFICIENT_ACCESS_RIGHTS));
    assert_eq!(ask(&mut bob, ALICE, &[(55, &[])]), Err(INSUFFICIENT_ACCESS_RIGHTS));
    assert_eq!(ask(&mut bob, NOBODY, &[(55, &[])]), Err(INSUFFICIENT_ACCESS_RIGHTS));
    assert_eq!(ask(&mut server.client(), BOB, &[(55, &[])]), Err(INSUFFICIENT_ACCESS_RIGHTS));
    assert_eq!(set(&mut carol, BOB, 2, &["true"]), ["true"]);
    assert_eq!(ask(&mut carol, NOBODY, &[(55, &[])]), Err(NO_SUCH_OBJECT));
    assert_eq!(ask(&mut carol, "dn:uid=bob", &[(55, &[])]), Err(INVALID_DN_SYNTAX));
    assert_eq!(ask(&mut server.root(), ROOT, &[(55, &[])]), Err(UNWILLING_TO_PERFORM));
}

#[test]
fn a_reset_state_that_is_set_makes_the_user_change_the_password() {
    let server = Server::start();
    let mut root = server.root();
    assert_eq!(set(&mut root, BOB, 27, &["true"]), ["true"]);
    let mut bob = server.bound(BOB, BOB_PASSWORD);
    assert_eq!(bob.compare(BOB, "uid", "bob").code, INSUFFICIENT_ACCESS_RIGHTS);
    assert!(get(&mut root, BOB, 54)[0].starts_with("code=11\tname=must-change-password"));
    assert_eq!(bob.extended(oid::PASSWORD_MODIFY, Some(&tagged(&[(2, "another")]))).code, SUCCESS);
    assert_eq!(get(&mut root, BOB, 26), ["false"]);
}

#[test]
fn expiry_and_its_times_are_told() {
    let server = Server::with(
        "[password]\nmax_age = \"90d\"\nwarn_before = \"5d\"\ngrace_logins = 2\n[lockout]\nidle_after = \"30d\"\n",
    );
    let mut root = server.root();
    ask(&mut root, BOB, &[(9, &[]), (23, &[])]).unwrap();
    let state =
        ask(&mut root, BOB, &[(14, &[]), (15, &[]), (25, &[]), (34, &[]), (58, &[]), (63, &[]), (67, &[])]).unwrap();
    assert_eq!((state[&14][0].as_str(), state[&15][0].as_str()), ("7776000", "7344000"));
    assert_eq!((state[&25][0].as_str(), state[&34][0].as_str()), ("2592000", "2"));
    assert_eq!((state[&58][0].as_str(), state[&67][0].as_str()), ("20330816033335.000Z", "false"));
    assert_eq!(state[&63], ["20330617033335.000Z"]);
    ask(&mut root, BOB, &[(9, &["20320101000000Z"])]).unwrap();
    let state = ask(&mut root, BOB, &[(54, &[]), (55, &[]), (67, &[])]).unwrap();
    assert!(state[&54][0].starts_with("code=10\tname=password-expired-with-grace-logins"), "{state:?}");
    assert_eq!((state[&55][0].as_str(), state[&67][0].as_str()), ("true", "true"));
    ask(&mut root, BOB, &[(31, &[]), (31, &[])]).unwrap();
    let state = ask(&mut root, BOB, &[(34, &[]), (54, &[]), (55, &[])]).unwrap();
    assert_eq!((state[&34][0].as_str(), state[&55][0].as_str()), ("0", "false"));
    assert!(state[&54][0].starts_with("code=8\tname=password-expired"), "{state:?}");
}
