//! The verbs of the command line, as an operator and a script use them: beside a running server and without one.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

mod common;

use std::{
    fs,
    io::{BufRead, BufReader, Read, Write},
    path::Path,
    process::Stdio,
    time::{SystemTime, UNIX_EPOCH},
};

use common::{
    command::{Output, run_with_input},
    people::{ALICE, BOB, SUFFIX},
    process::{self, PROGRAM, Process},
    totp,
};
use serde_json::Value;

/// A folder that `init` made, with its configuration named to every command.
struct Site(tempfile::TempDir);

impl Site {
    fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        process::init(&folder.path().join("site"));
        Self(folder)
    }

    fn configuration(&self) -> String {
        self.0.path().join("site/countersign.toml").to_str().unwrap().to_owned()
    }

    fn run(&self, words: &str, input: &str) -> Output {
        run(words, &self.configuration(), input)
    }
}

/// Runs the program with these words and `--config`.
fn run(words: &str, configuration: &str, input: &str) -> Output {
    let mut arguments: Vec<&str> = words.split(' ').collect();
    arguments.extend(["--config", configuration]);
    run_with_input(PROGRAM, &arguments, input)
}

fn json(output: &Output) -> Value {
    serde_json::from_str(output.stdout.lines().last().unwrap_or_default()).expect("a line of JSON")
}

fn now() -> u64 {
    SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_secs()
}

#[test]
fn exit_codes_tell_refused_from_misused_from_unreachable() {
    let site = Site::new();
    assert_eq!(site.run("user show nobody", "").status, 1);
    assert_eq!(run_with_input(PROGRAM, &["frobnicate"], "").status, 2);
    let unreachable = site.run("health", "");
    assert_eq!(unreachable.status, 3);
    assert!(unreachable.stderr.contains("no server runs on"), "{}", unreachable.stderr);
    let refused = run_with_input(PROGRAM, &["--json", "check-config", "/nowhere.toml"], "");
    assert_eq!(refused.status, 1);
    let error: Value = serde_json::from_str(&refused.stderr).unwrap();
    assert_eq!(error["exit"], 1);
    assert!(error["error"].as_str().unwrap().contains("/nowhere.toml: cannot be read"));
}

#[test]
fn a_password_is_never_an_argument() {
    for words in [["--password", "hunter2"], ["--password=hunter2", "x"], ["-w", "hunter2"]] {
        let refused = run_with_input(PROGRAM, &[&["user", "password", "alice"][..], &words].concat(), "");
        assert_eq!(refused.status, 2);
        assert!(refused.stderr.contains("never an argument") && !refused.stderr.contains("hunter2"));
    }
}

#[test]
fn init_shows_a_password_once_and_never_overwrites() {
    let folder = tempfile::tempdir().unwrap();
    let place = folder.path().join("new");
    let words = ["--json", "init", "--dir", place.to_str().unwrap(), "--base-dn", SUFFIX];
    let made = json(&run_with_input(PROGRAM, &words, "").succeeded());
    assert_eq!(made["rootPassword"].as_str().unwrap().len(), 24);
    assert!(Path::new(made["caFile"].as_str().unwrap()).exists());
    let configuration = fs::read_to_string(place.join("countersign.toml")).unwrap();
    assert!(!configuration.contains(made["rootPassword"].as_str().unwrap()));
    assert_eq!(run_with_input(PROGRAM, &words, "").status, 1);
    assert_eq!(fs::read_to_string(place.join("countersign.toml")).unwrap(), configuration);
    let bad = ["init", "--dir", folder.path().join("bad").to_str().unwrap(), "--base-dn", "no dn"].map(str::to_owned);
    assert_eq!(run_with_input(PROGRAM, &bad.each_ref().map(String::as_str), "").status, 2);
}

#[test]
fn check_config_names_line_key_and_the_nearest_known_one() {
    let site = Site::new();
    let file = site.configuration();
    assert_eq!(run_with_input(PROGRAM, &["check-config", &file], "").status, 0);
    let text = fs::read_to_string(&file).unwrap();
    fs::write(&file, text.replace("\n[lockout]\n", "\n[lockout]\nfailurs = 3\n")).unwrap();
    let refused = run_with_input(PROGRAM, &["check-config", &file], "");
    assert_eq!(refused.status, 1);
    assert!(refused.stderr.contains("lockout.failurs: no such key; did you mean failures?"), "{}", refused.stderr);
    fs::write(&file, text.replace("[directory.indexes]\n", "[directory.indexes]\nnoSuchThing = [\"eq\"]\n")).unwrap();
    let refused = run_with_input(PROGRAM, &["check-config", &file], "");
    assert!(refused.stderr.contains("noSuchThing"), "{}", refused.stderr);
    let clear = text.lines().map(|line| match line.starts_with("password_hash = ") {
        true => "password_hash = \"open sesame\"\n".to_owned(),
        false => format!("{line}\n"),
    });
    fs::write(&file, clear.collect::<String>()).unwrap();
    let refused = run_with_input(PROGRAM, &["check-config", &file], "");
    assert!(refused.stderr.contains("no hash but a password"), "{}", refused.stderr);
    assert!(!refused.stderr.contains("sesame"));
}

#[test]
fn people_are_added_shown_and_given_passwords_without_a_server() {
    let site = Site::new();
    site.run("user add zoe --mail zoe@example.com --password-file -", "first of zoe\n").succeeded();
    let shown = site.run("--json user show zoe", "").succeeded();
    assert_eq!(json(&shown)["mail"][0], "zoe@example.com");
    assert!(!shown.stdout.contains("userPassword") && !shown.stdout.contains("first of zoe"));
    site.run("user password zoe --password-file -", "second of zoe\n").succeeded();
    assert_eq!(site.run("user add zoe --no-password", "").status, 1);
    let empty = site.run("user password zoe --password-file -", "\n");
    assert_eq!(empty.status, 1);
    assert!(!Path::new(&site.configuration()).with_file_name("data").join("ldapi").exists());
}

#[test]
fn a_secret_is_pending_until_one_correct_code_and_that_code_is_spent() {
    let server = Process::start();
    let configuration = server.configuration();
    let mut adding = process::command(&["--json", "totp", "add", "bob", "--config", configuration.to_str().unwrap()])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let mut said = BufReader::new(adding.stdout.take().unwrap());
    let mut line = String::new();
    said.read_line(&mut line).unwrap();
    let shown: Value = serde_json::from_str(&line).unwrap();
    assert_eq!(shown["pending"], true);
    assert!(shown["uri"].as_str().unwrap().starts_with("otpauth://totp/countersign:bob?secret="));
    let password = common::people::BOB_PASSWORD;
    assert_eq!(server.client().bind(BOB, password).code, 0, "nothing asks for a code yet");
    let code = totp::code_at(shown["secret"].as_str().unwrap(), now(), 0);
    let wrong = if code == "000000" { "111111" } else { "000000" };
    writeln!(adding.stdin.take().unwrap(), "{wrong}\n{code}").unwrap();
    assert!(adding.wait().unwrap().success());
    said.read_to_string(&mut line).unwrap();
    assert_eq!(server.client().bind(BOB, password).code, 49);
    assert_eq!(server.client().bind(BOB, format!("{password}{code}")).code, 49, "spent");
    let next = totp::code_at(shown["secret"].as_str().unwrap(), now(), 1);
    assert_eq!(server.client().bind(BOB, format!("{password}{next}")).code, 0);
    assert!(!server.log().contains(shown["secret"].as_str().unwrap()));
}

#[test]
fn factors_are_listed_and_removed_beside_a_running_server() {
    let server = Process::start();
    let configuration = server.configuration();
    let configuration = configuration.to_str().unwrap();
    let listed = json(&run("--json totp list alice", configuration, "").succeeded());
    assert_eq!(listed["dn"], ALICE);
    assert_eq!(listed["factors"].as_array().unwrap().len(), 1);
    assert!(!listed.to_string().contains(totp::SECRET));
    run("totp remove alice", configuration, "").succeeded();
    let listed = json(&run("--json totp list alice", configuration, "").succeeded());
    assert!(listed["factors"].as_array().unwrap().is_empty());
    assert_eq!(server.client().bind(ALICE, common::people::ALICE_PASSWORD).code, 0);
    assert_eq!(json(&run("--json health", configuration, "").succeeded())["healthy"], true);
}

#[test]
fn changes_are_applied_and_the_first_refused_one_is_named() {
    let server = Process::start();
    let configuration = server.configuration();
    let records = format!(
        "dn: {BOB}\nchangetype: modify\nreplace: title\ntitle: Baker\n-\n\ndn: uid=none,{SUFFIX}\nchangetype: delete\n"
    );
    let refused = run("import --add -", configuration.to_str().unwrap(), &records);
    assert_eq!(refused.status, 1);
    assert!(refused.stderr.contains("line 7: uid=none") && refused.stderr.contains("1 records before it are done"));
    assert_eq!(server.root().read(BOB, &["title"]).value("title"), "Baker");
    let whole = run("import -", configuration.to_str().unwrap(), "");
    assert_eq!(whole.status, 1);
    assert!(whole.stderr.contains("in use by process"), "{}", whole.stderr);
}

#[test]
fn a_backup_comes_back_and_forgets_no_spent_code() {
    let server = Process::start();
    let configuration = server.configuration();
    let configuration = configuration.to_str().unwrap();
    let copy = server.site().join("copy.mdb");
    run(&format!("backup {}", copy.display()), configuration, "").succeeded();
    let spent = format!("{}{}", common::people::ALICE_PASSWORD, server.code(0));
    assert_eq!(server.client().bind(ALICE, &spent).code, 0);
    let mut server = server;
    assert_eq!(server.terminate(), 0);
    let restore = format!("restore {}", copy.display());
    assert_eq!(run(&restore, configuration, "").status, 1, "there is a store already");
    fs::rename(server.site().join("data"), server.site().join("old")).unwrap();
    run(&restore, configuration, "").succeeded();
    run("check", configuration, "").succeeded();
    server.start_again();
    assert_eq!(server.client().bind(ALICE, &spent).code, 49);
}

#[test]
fn export_and_import_bring_everything_but_factors_to_another_place() {
    let server = Process::start();
    let configuration = server.configuration();
    let exported = run("export", configuration.to_str().unwrap(), "").succeeded().stdout;
    assert!(!exported.contains(totp::SECRET) && !exported.contains(common::people::BOB_PASSWORD));
    let other = Site::new();
    other.run("import -", &exported).succeeded();
    let again = other.run("export", "").succeeded().stdout;
    // The order of attributes within an entry means nothing.
    let sorted = |text: &str| {
        let entry = |entry: &str| entry.lines().map(str::to_owned).collect::<std::collections::BTreeSet<_>>();
        text.split("\n\n").map(entry).collect::<Vec<_>>()
    };
    assert_eq!(sorted(&again), sorted(&exported));
}
