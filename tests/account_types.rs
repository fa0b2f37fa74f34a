//! Every type of the password policy state operation, one row each: what it takes, as what it answers, what it refuses and whom.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

mod common;

use std::time::Duration;

use common::{
    account_state::{State, ask, get},
    code::*,
    people::{ALICE, BOB, BOB_PASSWORD, CAROL, CAROL_PASSWORD},
    server::Server,
    totp,
};

/// What a type takes, and with that what it is told as.
#[derive(Clone, Copy)]
enum Takes {
    /// It reads, and overlooks values.
    Reads,
    /// One boolean.
    Boolean,
    /// One time; without one it is now.
    Time,
    /// Some times, in place of others or beside them; without any it is now.
    Times,
    /// Nothing.
    Nothing,
    /// An address.
    Address,
    /// Public IDs of YubiKeys, at least one or any number.
    Ids { any: bool },
    /// TOTP secrets, likewise.
    Secrets { any: bool },
}

use Takes::{Address, Boolean, Ids, Nothing, Reads, Secrets, Time, Times};

const SOME: bool = false;
const ANY: bool = true;

/// Number, what it takes, and the numbers that it is answered as: ldap-wire.md section 4.11, line by line.
const TYPES: [(i64, Takes, &[i64]); 90] = [
    (0, Reads, &[0]),
    (1, Reads, &[1]),
    (2, Boolean, &[1]),
    (3, Nothing, &[1]),
    (4, Reads, &[4]),
    (5, Time, &[4]),
    (6, Nothing, &[4]),
    (7, Reads, &[7]),
    (8, Reads, &[8]),
    (9, Time, &[8]),
    (10, Nothing, &[8]),
    (11, Reads, &[11]),
    (12, Time, &[11]),
    (13, Nothing, &[11]),
    (14, Reads, &[14]),
    (15, Reads, &[15]),
    (16, Reads, &[16]),
    (17, Times, &[16]),
    (18, Times, &[16]),
    (19, Nothing, &[16]),
    (20, Reads, &[20]),
    (21, Reads, &[21]),
    (22, Reads, &[22]),
    (23, Time, &[22]),
    (24, Nothing, &[22]),
    (25, Reads, &[25]),
    (26, Reads, &[26]),
    (27, Boolean, &[26]),
    (28, Nothing, &[26]),
    (29, Reads, &[29]),
    (30, Reads, &[30]),
    (31, Times, &[30]),
    (32, Times, &[30]),
    (33, Nothing, &[30]),
    (34, Reads, &[34]),
    (35, Reads, &[35]),
    (36, Time, &[35]),
    (37, Nothing, &[35]),
    (38, Reads, &[38]),
    (39, Reads, &[39]),
    (40, Nothing, &[39, 66]),
    (41, Reads, &[41]),
    (42, Reads, &[42]),
    (43, Reads, &[43]),
    (44, Nothing, &[41]),
    (45, Reads, &[45]),
    (46, Time, &[45]),
    (47, Nothing, &[45]),
    (48, Reads, &[48]),
    (49, Reads, &[49]),
    (50, Address, &[49]),
    (51, Nothing, &[49]),
    (52, Reads, &[52]),
    (53, Reads, &[53]),
    (54, Reads, &[54]),
    (55, Reads, &[55]),
    (56, Reads, &[56]),
    (57, Reads, &[57]),
    (58, Reads, &[58]),
    (59, Reads, &[59]),
    (60, Boolean, &[59]),
    (61, Reads, &[61]),
    (62, Reads, &[62]),
    (63, Reads, &[63]),
    (64, Reads, &[64]),
    (65, Reads, &[65]),
    (66, Reads, &[66]),
    (67, Reads, &[67]),
    (68, Reads, &[68]),
    (69, Reads, &[69]),
    (70, Reads, &[70]),
    (71, Reads, &[71]),
    (72, Ids { any: SOME }, &[71]),
    (73, Ids { any: SOME }, &[71]),
    (74, Ids { any: ANY }, &[71]),
    (75, Nothing, &[71]),
    (76, Secrets { any: SOME }, &[70]),
    (77, Secrets { any: SOME }, &[70]),
    (78, Secrets { any: ANY }, &[70]),
    (79, Nothing, &[70]),
    (80, Reads, &[80]),
    (81, Reads, &[81]),
    (82, Reads, &[82]),
    (83, Reads, &[83]),
    (84, Time, &[82]),
    (85, Nothing, &[82]),
    (86, Reads, &[86]),
    (87, Boolean, &[86]),
    (88, Reads, &[88]),
    (89, Nothing, &[88]),
];

const NOW: &str = "20330518033335.000Z";
const THEN: &str = "20300101000000.500Z";
const ID: &str = "vvccccbbcdef";

impl Takes {
    /// Values that it takes.
    const fn good(self) -> &'static [&'static str] {
        match self {
            Reads => &["overlooked"],
            Boolean => &["TRUE"],
            Time | Times => &[THEN],
            Nothing => &[],
            Address => &["192.0.2.7"],
            Ids { .. } => &[ID],
            Secrets { .. } => &[totp::SECRET],
        }
    }

    /// Values that it refuses.
    const fn wrong(self) -> &'static [&'static [&'static str]] {
        match self {
            Reads => &[],
            Boolean => &[&[], &["yes"], &[""], &["true", "true"]],
            Time => &[&["yesterday"], &[""], &[THEN, THEN], &["20301301000000Z"]],
            Times => &[&["yesterday"], &[""], &[THEN, "20301301000000Z"]],
            Nothing => &[&["true"], &[""]],
            Address => &[&[], &["somewhere"], &[""], &["192.0.2.7", "192.0.2.8"], &["192.0.2.7:389"]],
            Ids { any: SOME } => &[&[], &["not modhex"], &[""], &[ID, "x"]],
            Ids { any: ANY } => &[&["not modhex"], &[""], &[ID, "x"]],
            Secrets { any: SOME } => &[&[], &["not base32!"], &[""], &["AAAA"]],
            Secrets { any: ANY } => &[&["not base32!"], &[""], &["AAAA"]],
        }
    }
}

fn as_told(state: &State) -> Vec<i64> {
    state.keys().copied().collect()
}

#[test]
fn each_type_takes_what_it_takes_and_is_answered_as_its_reader() {
    let server = Server::start();
    let mut root = server.root();
    for (place, (number, takes, answers)) in TYPES.iter().enumerate() {
        assert_eq!(*number, place as i64);
        // Something to be taken away.
        if [73, 77].contains(number) {
            ask(&mut root, BOB, &[(number - 1, takes.good())]).unwrap();
        }
        let told = ask(&mut root, BOB, &[(*number, takes.good())]).unwrap_or_else(|code| panic!("{number}: {code}"));
        assert_eq!(as_told(&told), *answers, "{number}");
        let values = &told[&answers[0]];
        match (takes, number) {
            (Boolean, _) => assert_eq!(values, &["true"], "{number}"),
            (Time, _) => assert_eq!(values, &[THEN], "{number}"),
            (Times, _) => assert!(values.contains(&THEN.to_owned()), "{number}: {values:?}"),
            (Address, _) => assert_eq!(values, takes.good(), "{number}"),
            (Ids { .. }, 72 | 74) => assert_eq!(values, &[ID], "{number}"),
            (Ids { .. }, _) => assert_eq!(values, &[""; 0], "{number}"),
            (Secrets { .. }, 76 | 78) => assert_eq!(values, &["true"], "{number}"),
            (Secrets { .. }, _) => assert_eq!(values, &["false"], "{number}"),
            _ => {}
        }
        // Without values: now, nothing, or none.
        if let (Time | Times | Ids { any: ANY } | Secrets { any: ANY }, _) = (takes, number) {
            let told = ask(&mut root, BOB, &[(*number, &[])]).unwrap();
            let values = &told[&answers[0]];
            match takes {
                Time => assert_eq!(values, &[NOW], "{number}"),
                Times => assert_eq!(values.last().map(String::as_str), Some(NOW), "{number}: {values:?}"),
                Ids { .. } => assert_eq!(values, &[""; 0], "{number}"),
                _ => assert_eq!(values, &["false"], "{number}"),
            }
        }
        // What clears leaves nothing behind.
        if let (Nothing, true) = (takes, ![10, 40, 44, 89].contains(number)) {
            let left = get(&mut root, BOB, answers[0]);
            assert!(left.is_empty() || left == ["false"], "{number}: {left:?}");
        }
        // Back to how it was, for the rows that follow.
        ask(&mut root, BOB, &[(3, &[]), (6, &[]), (28, &[]), (47, &[]), (19, &[]), (79, &[]), (87, &["false"])])
            .unwrap();
    }
    assert_eq!(server.client().bind(BOB, BOB_PASSWORD).code, SUCCESS);
}

#[test]
fn each_type_refuses_values_that_it_does_not_take_and_changes_nothing() {
    let server = Server::start();
    let mut root = server.root();
    let before = ask(&mut root, BOB, &[]).unwrap();
    for (number, takes, _) in TYPES {
        for wrong in takes.wrong() {
            assert_eq!(ask(&mut root, BOB, &[(number, wrong)]), Err(PROTOCOL_ERROR), "{number}: {wrong:?}");
        }
    }
    for unknown in [-1, 90, 91, 127, 128, 255, 256, 257, 1000, i64::from(i32::MAX), i64::from(i32::MIN)] {
        assert_eq!(ask(&mut root, BOB, &[(1, &[]), (unknown, &[])]), Err(UNWILLING_TO_PERFORM), "{unknown}");
    }
    assert_eq!(ask(&mut root, BOB, &[]).unwrap(), before);
    let many = vec![THEN; 101];
    assert_eq!(ask(&mut root, BOB, &[(18, &many)]), Err(PROTOCOL_ERROR), "a list has its end");
}

#[test]
fn each_type_is_for_administrators_and_what_reads_for_oneself() {
    let server = Server::start();
    let (mut bob, mut carol) = (server.bound(BOB, BOB_PASSWORD), server.bound(CAROL, CAROL_PASSWORD));
    let mut nobody = server.client();
    for (number, takes, _) in TYPES {
        let one = [(number, takes.good())];
        let reads = matches!(takes, Reads);
        let own = if reads { None } else { Some(INSUFFICIENT_ACCESS_RIGHTS) };
        assert_eq!(ask(&mut bob, BOB, &one).err(), own, "{number}: of oneself");
        assert_eq!(ask(&mut carol, CAROL, &one).err(), own, "{number}: an administrator's own");
        assert_eq!(ask(&mut bob, ALICE, &one).err(), Some(INSUFFICIENT_ACCESS_RIGHTS), "{number}: of another");
        assert_eq!(ask(&mut nobody, BOB, &one).err(), Some(INSUFFICIENT_ACCESS_RIGHTS), "{number}: of nobody");
    }
}

#[test]
fn what_follows_from_the_rules_is_told_in_seconds_and_times() {
    let rules = "[password]\nmax_age = \"10d\"\nwarn_before = \"2d\"\nchange_within = \"3d\"\ngrace_logins = 2\nhistory = 5\n\
        [lockout]\nidle_after = \"20d\"\nfailures = 3\nduration = \"10m\"\n";
    let server = Server::with(rules);
    let mut root = server.root();
    let days = |days: u64| (days * 86_400).to_string();
    ask(&mut root, BOB, &[(9, &[]), (23, &[])]).unwrap();
    assert_eq!(get(&mut root, BOB, 14), [days(10)]);
    assert_eq!(get(&mut root, BOB, 15), [days(8)]);
    assert_eq!(get(&mut root, BOB, 58), ["20330528033335.000Z"]);
    assert_eq!(get(&mut root, BOB, 25), [days(20)]);
    assert_eq!(get(&mut root, BOB, 63), ["20330607033335.000Z"]);
    assert_eq!((get(&mut root, BOB, 29), get(&mut root, BOB, 65)), (vec![], vec![]), "nothing was reset");
    ask(&mut root, BOB, &[(27, &["true"]), (5, &["20330519033335Z"]), (46, &["20330518033435Z"]), (84, &[])]).unwrap();
    assert_eq!((get(&mut root, BOB, 29), get(&mut root, BOB, 65)), (vec![days(3)], vec!["20330521033335.000Z".into()]));
    assert_eq!((get(&mut root, BOB, 7), get(&mut root, BOB, 48)), (vec![days(1)], vec!["60".to_owned()]));
    assert_eq!((get(&mut root, BOB, 56), get(&mut root, BOB, 57)), (vec!["true".to_owned()], vec!["false".to_owned()]));
    ask(&mut root, BOB, &[(60, &["true"])]).unwrap();
    assert_eq!((get(&mut root, BOB, 20), get(&mut root, BOB, 21)), (vec!["600".to_owned()], vec!["0".to_owned()]));
    assert_eq!(get(&mut root, BOB, 34), ["2"]);
    assert_eq!(get(&mut root, BOB, 66), ["0"]);
    server.advance(Duration::from_secs(4 * 86_400));
    assert_eq!(get(&mut root, BOB, 83), [days(4)]);
    assert_eq!(get(&mut root, BOB, 14), [days(6)]);
    assert_eq!((get(&mut root, BOB, 57), get(&mut root, BOB, 64)), (vec!["true".to_owned()], vec!["true".to_owned()]));
    assert_eq!(
        (get(&mut root, BOB, 59), get(&mut root, BOB, 61)),
        (vec!["false".to_owned()], vec![]),
        "the lock is over"
    );
    server.advance(Duration::from_secs(7 * 86_400));
    assert_eq!((get(&mut root, BOB, 67), get(&mut root, BOB, 14)), (vec!["true".to_owned()], vec!["0".to_owned()]));
    server.advance(Duration::from_secs(10 * 86_400));
    assert_eq!((get(&mut root, BOB, 62), get(&mut root, BOB, 25)), (vec!["true".to_owned()], vec!["0".to_owned()]));
    assert_eq!(get(&mut root, BOB, 55), ["false"]);
}
