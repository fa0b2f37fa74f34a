//! SIGHUP: what changes without a restart, and that a bad file changes nothing.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

mod common;

use std::fs;

use common::{
    code::*,
    mailbox::{Mailbox, deliver},
    people::BOB_PASSWORD,
    process::Process,
};

#[test]
fn deliveries_are_read_again_and_a_bad_file_changes_nothing() {
    let mailbox = Mailbox::new();
    let server = Process::with(&mailbox.settings("First"));
    let written = fs::read_to_string(server.configuration()).unwrap();
    let sent_by = |expected: &str| {
        assert_eq!(deliver(&mut server.client(), "u:bob", Some(BOB_PASSWORD)).code, SUCCESS);
        assert_eq!(mailbox.take().by, expected);
    };
    sent_by("First");

    let second = written.replace(&mailbox.settings("First"), &mailbox.settings("Second"));
    fs::write(server.configuration(), &second).unwrap();
    sent_by("First");
    server.reload();
    sent_by("Second");

    let bad = second.replace("kind = \"file\"", "kind = \"pigeon\"");
    fs::write(server.configuration(), bad).unwrap();
    server.reload();
    assert!(server.log().contains("SIGHUP: the old settings stay:"), "{}", server.log());
    sent_by("Second");

    let none = written.replace(&mailbox.settings("First"), "");
    fs::write(server.configuration(), none).unwrap();
    server.reload();
    assert_eq!(deliver(&mut server.client(), "u:bob", Some(BOB_PASSWORD)).code, MECHANISM_UNAVAILABLE);
}
