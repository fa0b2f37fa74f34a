//! How long a failed bind takes tells nothing about why it failed. Alone in its file, so that no other test runs beside it.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

mod common;

use std::time::{Duration, Instant};

use common::{
    client::Client,
    code::*,
    people::{ALICE, ALICE_PASSWORD, BOB, NOBODY, add_person},
    server::Server,
};

const ROUNDS: usize = 30;

#[test]
fn a_failed_bind_takes_the_same_time_whatever_failed() {
    // Never locked: the locked account is one of the cases.
    let server = Server::with("[lockout]\nfailures = 0\nclose_factor_after = 0\n");
    // A hash that is verified in no time must not show as an account that answers fast.
    add_person(&mut server.root(), "quick", "Quick Hash", "{SSHA}1G904nLkTkGWjKNnQuB/hpWXC/hzYWx0c2FsdA==", &[]);
    let quick = ALICE.replace("alice", "quick");
    let mut client = server.client();
    let mut cases: Vec<(&str, String, String, Vec<Duration>)> = vec![
        ("missing", NOBODY.to_owned(), "wrong".to_owned(), vec![]),
        ("wrong password", BOB.to_owned(), "wrong".to_owned(), vec![]),
        ("wrong password, quick hash", quick, "wrong".to_owned(), vec![]),
        ("wrong password, factor", ALICE.to_owned(), "wrong".to_owned(), vec![]),
        ("wrong code", ALICE.to_owned(), format!("{ALICE_PASSWORD}{}", server.code(10)), vec![]),
        ("no code", ALICE.to_owned(), ALICE_PASSWORD.to_owned(), vec![]),
    ];
    // Interleaved, so that what else the machine does falls on all alike.
    for _ in 0..ROUNDS {
        for (_, dn, password, times) in &mut cases {
            times.push(time_of(&mut client, dn, password));
        }
    }
    let medians: Vec<(&str, Duration)> = cases
        .iter_mut()
        .map(|(name, _, _, times)| {
            times.sort();
            (*name, times[ROUNDS / 2])
        })
        .collect();
    let (shortest, longest) = (medians.iter().map(|m| m.1).min().unwrap(), medians.iter().map(|m| m.1).max().unwrap());
    assert!(longest.as_secs_f64() < 1.35 * shortest.as_secs_f64(), "{medians:?}");
}

fn time_of(client: &mut Client, dn: &str, password: &str) -> Duration {
    let begun = Instant::now();
    assert_eq!(client.bind(dn, password).code, INVALID_CREDENTIALS);
    begun.elapsed()
}
