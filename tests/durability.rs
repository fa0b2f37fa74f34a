//! What was answered is there after the process has been killed: entries, spent codes, failure counts.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

mod common;

use std::{
    sync::{
        Mutex,
        atomic::{AtomicBool, Ordering::Relaxed},
    },
    time::{Duration, Instant},
};

use common::{
    client::{BASE, Change, Client, SUBTREE, Search, message, modify},
    code::*,
    http,
    people::{ALICE, ALICE_PASSWORD, BOB, BOB_PASSWORD, PEOPLE, ROOT, ROOT_PASSWORD},
    process::{self, Process},
    totp::SECRET,
};
use serde_json::json;

#[test]
fn a_spent_code_stays_spent_after_a_kill() {
    let mut server = Process::start();
    let code = server.code(0);
    assert_eq!(server.client().bind(ALICE, format!("{ALICE_PASSWORD}{code}")).code, SUCCESS);
    server.kill();
    server.start_again();
    assert_eq!(server.client().bind(ALICE, format!("{ALICE_PASSWORD}{code}")).code, INVALID_CREDENTIALS);
    assert_eq!(server.client().bind_totp("u:alice", Some(ALICE_PASSWORD), &code).code, INVALID_CREDENTIALS);
    let credentials = json!({"authenticationType": "passwordPlusTOTP", "username": "alice",
        "staticPassword": ALICE_PASSWORD, "totp": code});
    let body = json!({ "credentials": credentials });
    assert_eq!(http::post(server.rest(), "/directory/v1/authenticate", None, &body).status, 401);
    assert_eq!(server.client().bind_totp("u:alice", Some(ALICE_PASSWORD), &server.code(1)).code, SUCCESS);
}

#[test]
fn failures_are_counted_across_a_kill() {
    let mut server = Process::start();
    for attempt in 0..10 {
        assert_eq!(server.client().bind(BOB, "wrong").code, INVALID_CREDENTIALS);
        if attempt == 4 {
            server.kill();
            server.start_again();
        }
    }
    assert_eq!(server.client().bind(BOB, BOB_PASSWORD).code, INVALID_CREDENTIALS);
}

/// Adds entries until the connection ends; notes each name when its success has been read.
fn write_until_the_end(
    mut client: Client,
    writer: usize,
    round: usize,
    over: &AtomicBool,
    written: &Mutex<Vec<String>>,
) {
    for index in 0.. {
        if over.load(Relaxed) {
            return;
        }
        let dn = format!("cn=w{round}-{writer}-{index},{PEOPLE}");
        let operation = common::ber::constructed(
            0x68,
            &[
                common::ber::octets(&dn),
                common::ber::sequence(&[
                    attribute("objectClass", "person"),
                    attribute("sn", &format!("number {index}")),
                ]),
            ],
        );
        if client.send_raw(&message(index + 1, &operation, &[])).is_err() {
            return;
        }
        match client.try_receive() {
            Some(response) if response.code == SUCCESS => written.lock().unwrap().push(dn),
            Some(response) => panic!("{}", response.diagnostic),
            None => return,
        }
    }
}

fn attribute(name: &str, value: &str) -> Vec<u8> {
    let values = common::ber::constructed(0x31, &[common::ber::octets(value)]);
    common::ber::sequence(&[common::ber::octets(name), values])
}

#[test]
fn nothing_acknowledged_is_lost_when_the_process_is_killed_under_load() {
    let mut server = Process::start();
    let (written, over) = (Mutex::new(Vec::new()), AtomicBool::new(false));
    for round in 0..5 {
        let target = written.lock().unwrap().len() + 200;
        std::thread::scope(|scope| {
            for writer in 0..8 {
                let mut client = server.client();
                assert_eq!(client.bind(ROOT, ROOT_PASSWORD).code, SUCCESS);
                let (written, over) = (&written, &over);
                scope.spawn(move || write_until_the_end(client, writer, round, over, written));
            }
            process::wait_until("enough has been written", || written.lock().unwrap().len() >= target);
            server.kill();
        });
        let started = Instant::now();
        server.start_again();
        assert!(started.elapsed() < Duration::from_secs(10), "{:?} to start again", started.elapsed());
        let mut root = server.root();
        for dn in written.lock().unwrap().iter() {
            assert_eq!(root.search(&Search::new(dn, BASE, "(sn=number*)")).entries.len(), 1, "{dn} is lost");
        }
        // And the indexes agree with the entries.
        let all = Search::new(PEOPLE, SUBTREE, "(&(objectClass=person)(cn=w*))").attributes(&["1.1"]);
        assert!(root.search(&all).entries.len() >= written.lock().unwrap().len());
    }
}

#[test]
fn a_write_that_was_not_acknowledged_happened_whole_or_not_at_all() {
    let mut server = Process::start();
    for round in 0..5 {
        let mut root = server.root();
        let (one, two) = (format!("a{round}"), format!("b{round}"));
        let changes = [Change::Replace("description", &[&one]), Change::Replace("title", &[&two])];
        root.send_raw(&message(99, &modify(BOB, &changes), &[])).unwrap();
        server.kill();
        server.start_again();
        let entry = server.root().read(BOB, &["description", "title"]);
        let (description, title) = (entry.values("description"), entry.values("title"));
        assert_eq!(description == [one], title == [two], "{description:?} {title:?}");
    }
}

#[test]
fn a_secret_added_before_a_kill_works_after_it() {
    let mut server = Process::start();
    let added = server.root().modify(BOB, &[Change::Add("ds-auth-totp-shared-secret", &[SECRET])]);
    assert_eq!(added.code, SUCCESS, "{}", added.diagnostic);
    server.kill();
    server.start_again();
    assert_eq!(server.client().bind(BOB, BOB_PASSWORD).code, INVALID_CREDENTIALS);
    assert_eq!(server.client().bind(BOB, format!("{BOB_PASSWORD}{}", server.code(0))).code, SUCCESS);
}

#[test]
fn a_backup_put_back_brings_no_spent_code_back() {
    let mut server = Process::start();
    let (configuration, copy) = (server.configuration(), server.site().join("copy.backup"));
    let [configuration, copy] = [&configuration, &copy].map(|path| path.to_str().unwrap());
    process::assert_done(process::command(&["backup", "--config", configuration, copy]));
    let code = server.code(0);
    assert_eq!(server.client().bind(ALICE, format!("{ALICE_PASSWORD}{code}")).code, SUCCESS);
    assert_eq!(server.terminate(), 0);
    std::fs::remove_dir_all(server.site().join("data")).unwrap();
    process::assert_done(process::command(&["restore", "--config", configuration, copy]));
    server.start_again();
    assert_eq!(server.client().bind(ALICE, format!("{ALICE_PASSWORD}{code}")).code, INVALID_CREDENTIALS);
    assert_eq!(server.client().bind(BOB, BOB_PASSWORD).code, SUCCESS);
}

#[test]
fn a_data_directory_belongs_to_one_process() {
    let server = Process::start();
    let configuration = server.configuration();
    let second = process::command(&["serve", "--config", configuration.to_str().unwrap()])
        .env("COUNTERSIGN_LDAP__LISTEN", "127.0.0.1:0")
        .env("COUNTERSIGN_LDAP__LISTEN_TLS", "")
        .env("COUNTERSIGN_REST__LISTEN", "")
        .output()
        .unwrap();
    assert!(!second.status.success());
    let said = String::from_utf8_lossy(&second.stderr);
    assert!(said.contains("data"), "it says whose the folder is: {said}");
}

#[test]
fn a_termination_signal_ends_the_server_cleanly() {
    let mut server = Process::start();
    let mut bound = server.client();
    assert_eq!(bound.bind(BOB, BOB_PASSWORD).code, SUCCESS);
    assert_eq!(server.terminate(), 0);
    // Whoever is connected is told so, or at least not left hanging.
    while bound.receive_raw().is_some() {}
    server.start_again();
    assert_eq!(server.client().bind(BOB, BOB_PASSWORD).code, SUCCESS);
}
