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
const ATTEMPTS: usize = 3;

#[test]
fn a_failed_bind_takes_the_same_time_whatever_failed() {
    // Never locked: the locked account is one of the cases.
    let server = Server::with("[lockout]\nfailures = 0\nclose_factor_after = 0\n");
    // A hash that is verified in no time must not show as an account that answers fast.
    add_person(&mut server.root(), "quick", "Quick Hash", "{SSHA}1G904nLkTkGWjKNnQuB/hpWXC/hzYWx0c2FsdA==", &[]);
    let quick = ALICE.replace("alice", "quick");
    let mut client = server.client();
    let mut cases: Vec<Case> = vec![
        ("missing", NOBODY.to_owned(), "wrong".to_owned(), vec![]),
        ("wrong password", BOB.to_owned(), "wrong".to_owned(), vec![]),
        ("wrong password, quick hash", quick, "wrong".to_owned(), vec![]),
        ("wrong password, factor", ALICE.to_owned(), "wrong".to_owned(), vec![]),
        ("wrong code", ALICE.to_owned(), format!("{ALICE_PASSWORD}{}", server.code(10)), vec![]),
        ("no code", ALICE.to_owned(), ALICE_PASSWORD.to_owned(), vec![]),
    ];
    // A busy machine may spoil one measurement; a difference that is there spoils all of them.
    let mut measured = Vec::new();
    while measured.len() < ATTEMPTS {
        let medians = medians(&mut client, &mut cases);
        if spread(&medians) < 1.35 {
            return;
        }
        measured.push(medians);
    }
    panic!("{measured:?}");
}

type Case = (&'static str, String, String, Vec<Duration>);

/// The median of each case, taken in turn, so that what else the machine does falls on all alike.
fn medians(client: &mut Client, cases: &mut [Case]) -> Vec<(&'static str, Duration)> {
    for _ in 0..ROUNDS {
        for (_, dn, password, times) in cases.iter_mut() {
            times.push(time_of(client, dn, password));
        }
    }
    let median = |(name, _, _, times): &mut Case| {
        let mut times = std::mem::take(times);
        times.sort();
        (*name, times[ROUNDS / 2])
    };
    cases.iter_mut().map(median).collect()
}

/// How many times as long as the shortest the longest takes.
fn spread(medians: &[(&'static str, Duration)]) -> f64 {
    let times = || medians.iter().map(|(_, median)| median.as_secs_f64());
    times().fold(0.0, f64::max) / times().fold(f64::INFINITY, f64::min)
}

fn time_of(client: &mut Client, dn: &str, password: &str) -> Duration {
    let begun = Instant::now();
    assert_eq!(client.bind(dn, password).code, INVALID_CREDENTIALS);
    begun.elapsed()
}
