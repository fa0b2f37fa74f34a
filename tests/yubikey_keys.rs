//! `countersign yubikey`: keys are taken in, shown, given away with a device, and forgotten; beside a running server and without one.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

mod common;

use std::{fs, path::Path};

use common::{
    client::Search,
    code::*,
    command::{Output, run_with_input},
    people::{BOB, BOB_PASSWORD, CAROL, CAROL_PASSWORD},
    process::{PROGRAM, Process},
    server::Server,
    yubikey::{DEVICE, Device, OTHER_DEVICE},
};
use serde_json::Value;

fn run(configuration: &Path, words: &str, input: &str) -> Output {
    let mut arguments: Vec<&str> = words.split(' ').collect();
    arguments.extend(["--config", configuration.to_str().unwrap()]);
    run_with_input(PROGRAM, &arguments, input)
}

fn json(output: &Output) -> Value {
    serde_json::from_str(output.stdout.lines().last().unwrap_or_default()).expect("a line of JSON")
}

/// Both forms of a file, with a key each.
fn files() -> [String; 2] {
    let ykman = format!("4711,{},{},{},,2026-11-22T12:00:00,\n", DEVICE.id, DEVICE.private_id, DEVICE.aes);
    let log = format!(
        "LOGGING START,11/22/26 12:00 PM\nYubico OTP,11/22/26 12:00 PM,1,{},{},{},000000000000,000000000000,0,0,0,0,0,0,0,0,0,0\n",
        OTHER_DEVICE.id, OTHER_DEVICE.private_id, OTHER_DEVICE.aes
    );
    [ykman, log]
}

fn keys_are_kept(configuration: &Path) {
    for (file, id) in files().iter().zip([DEVICE.id, OTHER_DEVICE.id]) {
        let imported = json(&run(configuration, "--json yubikey import -", file).succeeded());
        assert_eq!((&imported["added"], &imported["known"]), (&1.into(), &0.into()), "{id}");
        let again = json(&run(configuration, "--json yubikey import -", file).succeeded());
        assert_eq!((&again["added"], &again["known"]), (&0.into(), &1.into()), "{id}");
        let replaced = json(&run(configuration, "--json yubikey import - --replace", file).succeeded());
        assert_eq!(replaced["replaced"], 1, "{id}");
    }
    let listed = run(configuration, "--json yubikey list", "").succeeded();
    let devices = json(&listed)["devices"].as_array().unwrap().clone();
    let mut ids: Vec<&str> = devices.iter().map(|device| device["publicID"].as_str().unwrap()).collect();
    ids.sort_unstable();
    assert_eq!(ids, [DEVICE.id, OTHER_DEVICE.id]);
    assert!(devices.iter().all(|device| device["hasKey"] == true && device["owners"].as_array().unwrap().is_empty()));
    let shown = run(configuration, "yubikey list", "").succeeded().stdout;
    assert!(shown.contains(DEVICE.id) && shown.contains("4711") && shown.contains("never"), "{shown}");
    for secret in [DEVICE.aes, DEVICE.private_id, OTHER_DEVICE.aes] {
        assert!(!shown.contains(secret) && !listed.stdout.contains(secret));
    }
    run(configuration, &format!("yubikey remove {}", DEVICE.id), "").succeeded();
    assert_eq!(run(configuration, &format!("yubikey remove {}", DEVICE.id), "").status, 1);
    let key = format!("{} {}\n", DEVICE.aes.to_uppercase(), DEVICE.private_id);
    run(configuration, &format!("yubikey add {} --serial 4712 --key-file -", DEVICE.id), &key).succeeded();
    let again = run(configuration, &format!("yubikey add {} --key-file -", DEVICE.id), &key);
    assert_eq!(again.status, 1);
    assert!(again.stderr.contains("known already"), "{}", again.stderr);
}

#[test]
fn keys_are_kept_beside_a_running_server() {
    let server = Process::start();
    keys_are_kept(&server.configuration());
    let log = server.log();
    for secret in [DEVICE.aes, DEVICE.private_id, OTHER_DEVICE.aes] {
        assert!(!log.to_lowercase().contains(secret), "{log}");
    }
}

#[test]
fn keys_are_kept_without_a_server_and_sealed() {
    let mut server = Server::start();
    server.stop();
    keys_are_kept(&server.site().join("countersign.toml"));
    let data = fs::read(server.site().join("data/data.mdb")).unwrap();
    let octets = |hex: &str| {
        (0..hex.len() / 2).map(|at| u8::from_str_radix(&hex[2 * at..2 * at + 2], 16).unwrap()).collect::<Vec<u8>>()
    };
    for secret in [DEVICE.aes, OTHER_DEVICE.aes, DEVICE.private_id] {
        assert!(!data.windows(secret.len()).any(|window| window.eq_ignore_ascii_case(secret.as_bytes())));
        let raw = octets(secret);
        assert!(!data.windows(raw.len()).any(|window| window == raw));
    }
}

#[test]
fn a_bad_file_changes_nothing_and_no_key_is_repeated() {
    let mut server = Server::start();
    server.stop();
    let configuration = server.site().join("countersign.toml");
    let [good, _] = files();
    let bad = format!("{good}4712,{},{},{}zz,,,\n", OTHER_DEVICE.id, OTHER_DEVICE.private_id, &OTHER_DEVICE.aes[2..]);
    let refused = run(&configuration, "yubikey import -", &bad);
    assert_eq!(refused.status, 1);
    assert!(refused.stderr.contains("line 2: the AES key"), "{}", refused.stderr);
    assert!(!refused.stderr.contains(&OTHER_DEVICE.aes[2..10]));
    assert_eq!(run(&configuration, "yubikey add nothex --key-file -", "x\n").status, 2);
    let wrong = run(&configuration, &format!("yubikey add {} --key-file -", DEVICE.id), "0011 2233\n");
    assert!(wrong.status == 1 && !wrong.stderr.contains("0011"), "{}", wrong.stderr);
    assert!(
        json(&run(&configuration, "--json yubikey list", "").succeeded())["devices"].as_array().unwrap().is_empty()
    );
}

#[test]
fn the_tree_of_devices_is_nobodys_but_the_root_users() {
    let server = Server::start();
    let mut root = server.root();
    Device::known(&mut root, &DEVICE);
    let dn = format!("cn={},cn=yubikeys", DEVICE.id);
    let entry = root.read(&dn, &["*", "+"]);
    assert_eq!(entry.values("cn"), [DEVICE.id]);
    assert!(entry.values("countersign-yubikey-key").is_empty());
    for (who, password) in [(BOB, BOB_PASSWORD), (CAROL, CAROL_PASSWORD), ("", "")] {
        let mut client = server.client();
        client.bind(who, password);
        assert_eq!(client.search(&Search::new(&dn, 0, "(objectClass=*)")).result.code, NO_SUCH_OBJECT, "{who}");
        assert_eq!(client.delete(&dn).code, NO_SUCH_OBJECT, "{who}");
    }
}
