//! What the program asks on a terminal: nothing that is typed there is shown, and nothing wrong is taken.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

mod common;

use common::{
    code::*,
    command::{Output, repository, run_with_input},
    people::{ALICE_PASSWORD, BOB},
    process::{PROGRAM, Process},
};

const AES_KEY: &str = "ecde18dbe76fbd0c33330f1c354871db";
const PRIVATE_ID: &str = "8792ebfe26cc";

/// Runs the program on a terminal; `typed`: each prompt and what is typed at it.
fn on_a_terminal(server: &Process, words: &str, typed: &[(&str, &str)]) -> Output {
    let script = repository("tests/parts/type_at_prompts.py");
    let configuration = server.configuration();
    let mut arguments = vec![script.to_str().unwrap(), PROGRAM];
    arguments.extend(words.split(' '));
    arguments.extend(["--config", configuration.to_str().unwrap()]);
    let lines: String = typed.iter().map(|(prompt, typed)| format!("{prompt}\t{typed}\n")).collect();
    run_with_input("/usr/bin/python3", &arguments, &lines)
}

#[test]
fn the_key_of_a_yubikey_is_asked_for_and_not_shown() {
    let server = Process::start();
    let asked = [("AES key of dteffuje", AES_KEY), ("Private ID", PRIVATE_ID)];
    let added = on_a_terminal(&server, "yubikey add dteffuje --serial 42", &asked).succeeded();
    assert!(added.stdout.contains("dteffuje is known"), "{}", added.stdout);
    assert!(!added.stdout.contains(AES_KEY) && !added.stdout.contains(PRIVATE_ID), "{}", added.stdout);
    let again = on_a_terminal(&server, "yubikey add dteffuje", &asked);
    assert!(again.status == 1 && again.stdout.contains("known already"), "{}", again.stdout);

    let short = on_a_terminal(&server, "yubikey add vvccccfhceif", &[("AES key", "ecde"), ("Private ID", PRIVATE_ID)]);
    assert!(short.status == 1 && !short.stdout.contains("ecde"), "{}", short.stdout);
    let empty = on_a_terminal(&server, "yubikey add vvccccfhceif", &[("AES key", "")]);
    assert_eq!(empty.status, 1, "{}", empty.stdout);
    let listed = on_a_terminal(&server, "yubikey list", &[]).succeeded().stdout;
    assert!(listed.contains("dteffuje") && !listed.contains("vvccccfhceif"), "{listed}");
}

#[test]
fn a_new_password_is_asked_for_twice_and_a_replayed_one_once() {
    let server = Process::start();
    let differ = [("New password of bob: ", "one of them"), ("The same again: ", "another one")];
    let refused = on_a_terminal(&server, "user password bob", &differ);
    assert!(refused.status == 1 && refused.stdout.contains("nothing was changed"), "{}", refused.stdout);
    let same = [("New password of bob: ", "a new word"), ("The same again: ", "a new word")];
    on_a_terminal(&server, "user password bob", &same).succeeded();
    assert_eq!(server.client().bind(BOB, "a new word").code, SUCCESS);

    let field = format!("{ALICE_PASSWORD}{}", server.code(0));
    let explained = on_a_terminal(&server, "explain alice --replay", &[("with the code behind it: ", &field)]);
    assert!(explained.succeeded().stdout.contains("The bind would succeed, with two factors."));
}
