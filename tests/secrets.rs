//! Nothing that is secret stands in clear where it could be found: the store's files, the export, the log, what is printed.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

mod common;

use std::{fs, path::Path};

use base64::Engine;
use common::{
    ber::{octets, sequence},
    client::{Response, tagged},
    code::*,
    http,
    mailbox::{self, Mailbox},
    oid,
    people::{ALICE, ALICE_PASSWORD, BOB, BOB_PASSWORD, CAROL, CAROL_PASSWORD, ROOT_PASSWORD},
    process::{self, Process},
    totp::SECRET,
    yubikey::{self, DEVICE, Device},
};
use serde_json::json;

const NEW: &str = "an altogether new one";

/// Uses every door once, rightly and wrongly, so that every secret passes through; returns all secrets that did.
fn use_everything(server: &Process, mailbox: &Mailbox) -> Vec<String> {
    let made = {
        let value = tagged(&[(0, "u:bob"), (1, BOB_PASSWORD)]);
        let response = server.client().extended(oid::GENERATE_TOTP, Some(&value));
        assert_eq!(response.code, SUCCESS, "{}", response.diagnostic);
        String::from_utf8(response.value.unwrap()[4..].to_vec()).unwrap()
    };
    let code = server.code(0);
    let wrong = ["a wrong password 1", "a wrong password 2", "a wrong password 3"];
    assert_eq!(server.client().bind(ALICE, format!("{ALICE_PASSWORD}{code}")).code, SUCCESS);
    assert_eq!(server.client().bind(ALICE, wrong[0]).code, INVALID_CREDENTIALS);
    assert_eq!(server.client().bind_totp("u:alice", Some(wrong[1]), "987654").code, INVALID_CREDENTIALS);
    assert_eq!(server.client().bind_plain("u:alice", wrong[1]).code, INVALID_CREDENTIALS);
    let credentials = json!({"authenticationType": "passwordPlusTOTP", "username": "alice",
        "staticPassword": wrong[2], "totp": "876543"});
    let body = json!({ "credentials": credentials });
    assert_eq!(http::post(server.rest(), "/directory/v1/authenticate", None, &body).status, 401);
    let authorization = http::basic(BOB, wrong[2]);
    assert_eq!(http::get(server.rest(), "/directory/v1/me", Some(&authorization)).status, 401);
    let value = tagged(&[(0, ALICE), (1, wrong[0]), (2, NEW)]);
    assert_eq!(server.client().extended(oid::PASSWORD_MODIFY, Some(&value)).code, INVALID_CREDENTIALS);
    let value = tagged(&[(0, BOB), (2, NEW)]);
    assert_eq!(server.root().extended(oid::PASSWORD_MODIFY, Some(&value)).code, SUCCESS);
    let revoke = tagged(&[(0, "u:alice"), (2, "JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP")]);
    assert_eq!(server.client().extended(oid::REVOKE_TOTP, Some(&revoke)).code, INVALID_CREDENTIALS);

    let typed = use_a_yubikey(server);
    let mut secrets: Vec<String> =
        [SECRET, ALICE_PASSWORD, BOB_PASSWORD, CAROL_PASSWORD, ROOT_PASSWORD, NEW, &code].map(str::to_owned).to_vec();
    secrets.extend(wrong.map(str::to_owned));
    secrets.extend(["987654", "876543", "JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP"].map(str::to_owned));
    secrets.push(made);
    secrets.extend(typed);
    secrets.extend(have_everything_sent(server, mailbox));
    secrets
}

/// Has codes and tokens sent, takes some, guesses at others; returns all of them.
fn have_everything_sent(server: &Process, mailbox: &Mailbox) -> Vec<String> {
    let mut secrets = Vec::new();
    let mut root = server.root();
    let mut take = |response: Response| {
        assert_eq!(response.code, SUCCESS, "{}", response.diagnostic);
        secrets.push(mailbox.take().secret().to_owned());
        secrets.last().unwrap().clone()
    };
    let code = take(mailbox::deliver(&mut server.client(), "u:carol", Some(CAROL_PASSWORD)));
    assert_eq!(mailbox::bind(&mut server.client(), "u:carol", "765432").code, INVALID_CREDENTIALS);
    assert_eq!(mailbox::bind(&mut server.client(), "u:carol", &code).code, SUCCESS);
    take(mailbox::deliver(&mut server.client(), "u:carol", Some(CAROL_PASSWORD)));
    let purpose = [octets(BOB), octets("purpose")];
    take(root.extended(oid::DELIVER_TOKEN, Some(&sequence(&purpose))));
    let guess = sequence(&[&purpose[..], &[octets("a wrong token")]].concat());
    assert_eq!(root.extended(oid::CONSUME_TOKEN, Some(&guess)).code, INVALID_CREDENTIALS);
    take(root.extended(oid::DELIVER_RESET_TOKEN, Some(&sequence(&[octets(BOB)]))));
    secrets.extend(["765432", "a wrong token"].map(str::to_owned));
    secrets
}

/// Has a key taken in and OTPs judged, rightly and wrongly; returns all of them.
fn use_a_yubikey(server: &Process) -> Vec<String> {
    let mut root = server.root();
    Device::known(&mut root, &DEVICE);
    DEVICE.given_to(&mut root, CAROL);
    let otps = [1, 2, 3].map(|uses| DEVICE.otp(1, uses));
    assert_eq!(server.client().bind(CAROL, format!("{CAROL_PASSWORD}{}", otps[0])).code, SUCCESS);
    assert_eq!(server.client().bind(CAROL, format!("{CAROL_PASSWORD}{}", otps[0])).code, INVALID_CREDENTIALS);
    let refused = yubikey::credentials("u:carol", Some("wrong"), &otps[1]);
    assert_eq!(server.client().bind_sasl("UNBOUNDID-YUBIKEY-OTP", Some(&refused)).code, INVALID_CREDENTIALS);
    let value = yubikey::request(Some("u:carol"), Some(CAROL_PASSWORD), Some(&otps[2]));
    assert_eq!(server.client().extended(oid::REGISTER_YUBIKEY, Some(&value)).code, INVALID_CREDENTIALS);
    [DEVICE.aes, DEVICE.private_id].into_iter().map(str::to_owned).chain(otps.map(|otp| otp[12..].to_owned())).collect()
}

/// The spellings in which a secret would still be readable.
fn spellings(secret: &str) -> Vec<Vec<u8>> {
    let hex = |bytes: &[u8]| bytes.iter().map(|octet| format!("{octet:02x}")).collect::<String>().into_bytes();
    let mut found = vec![secret.as_bytes().to_vec(), secret.to_lowercase().into_bytes(), hex(secret.as_bytes())];
    found.push(base64::engine::general_purpose::STANDARD_NO_PAD.encode(secret).into_bytes());
    if let Some(raw) = base32::decode(base32::Alphabet::Rfc4648 { padding: false }, secret) {
        found.push(hex(&raw));
        found.push(raw);
    }
    found.retain(|spelling| spelling.len() >= 6);
    found
}

fn assert_absent(place: &str, bytes: &[u8], secrets: &[String], codes_too: bool) {
    for secret in secrets.iter().filter(|secret| codes_too || secret.len() > 6) {
        for spelling in spellings(secret) {
            let found = bytes.windows(spelling.len()).any(|window| window == spelling);
            assert!(!found, "{place} holds {secret:?} as {:?}", String::from_utf8_lossy(&spelling));
        }
    }
}

fn assert_absent_below(folder: &Path, secrets: &[String]) {
    for entry in fs::read_dir(folder).unwrap() {
        let entry = entry.unwrap();
        if entry.file_type().unwrap().is_dir() {
            assert_absent_below(&entry.path(), secrets);
        } else if entry.file_type().unwrap().is_file() {
            // Six digits may stand in a database by chance; codes are looked for in the log.
            assert_absent(&entry.path().display().to_string(), &fs::read(entry.path()).unwrap(), secrets, false);
        }
    }
}

#[test]
fn neither_files_nor_log_nor_export_nor_backup_show_a_secret() {
    let mailbox = Mailbox::new();
    let mut server = Process::with(&mailbox.settings("Mail"));
    let secrets = use_everything(&server, &mailbox);
    let configuration = server.configuration();
    let export = process::command(&["export", "--config", configuration.to_str().unwrap()]).output().unwrap();
    assert!(export.status.success(), "{}", String::from_utf8_lossy(&export.stderr));
    assert!(String::from_utf8_lossy(&export.stdout).contains(&format!("dn: {ALICE}")));
    assert_absent("the export", &export.stdout, &secrets, true);
    assert_absent("what the export says", &export.stderr, &secrets, true);
    let copy = server.site().join("copy.backup");
    let backup = process::command(&["backup", "--config", configuration.to_str().unwrap(), copy.to_str().unwrap()]);
    process::assert_done(backup);
    assert_absent_below(&server.site(), &secrets);
    assert_eq!(server.terminate(), 0);
    assert_absent_below(&server.site(), &secrets);
    let log = server.log();
    assert!(log.contains("wrong-password"), "the log tells reasons: {log}");
    assert_absent("the log", log.as_bytes(), &secrets, true);
}

#[test]
fn a_code_spent_twice_is_told_to_the_log_and_only_there() {
    let server = Process::start();
    let password = format!("{ALICE_PASSWORD}{}", server.code(0));
    assert_eq!(server.client().bind(ALICE, &password).code, SUCCESS);
    let again = server.client().bind(ALICE, &password);
    assert_eq!(again.code, INVALID_CREDENTIALS);
    assert!(!again.diagnostic.contains("code"), "{}", again.diagnostic);
    process::wait_until("the log tells why", || server.log().contains("code-already-used"));
}

#[test]
fn what_init_makes_is_for_its_owner_alone() {
    use std::os::unix::fs::PermissionsExt;
    let folder = tempfile::tempdir().unwrap();
    let site = folder.path().join("site");
    process::init(&site);
    let mode = |path: &str| fs::metadata(site.join(path)).unwrap().permissions().mode() & 0o777;
    assert_eq!(mode("seal.key") & 0o077, 0, "seal.key");
    for key in fs::read_dir(site.join("tls")).unwrap().map(|entry| entry.unwrap().path()) {
        let text = fs::read_to_string(&key).unwrap_or_default();
        if text.contains("PRIVATE KEY") {
            let mode = fs::metadata(&key).unwrap().permissions().mode();
            assert_eq!(mode & 0o077, 0, "{}", key.display());
        }
    }
    let settings = fs::read_to_string(site.join("countersign.toml")).unwrap();
    assert!(!settings.contains(ROOT_PASSWORD));
    let arguments = ["init", "--dir", site.to_str().unwrap(), "--base-dn", "dc=other,dc=com"];
    let again = process::command(&arguments).output().unwrap();
    assert_eq!(again.status.code(), Some(1), "init never overwrites");
    assert_eq!(fs::read_to_string(site.join("countersign.toml")).unwrap(), settings);
}

#[test]
fn the_store_does_not_open_with_another_key() {
    let mut server = Process::start();
    assert_eq!(server.terminate(), 0);
    let other = tempfile::tempdir().unwrap();
    process::init(&other.path().join("site"));
    fs::copy(other.path().join("site/seal.key"), server.site().join("seal.key")).unwrap();
    let configuration = server.configuration();
    let refused = process::command(&["serve", "--config", configuration.to_str().unwrap()])
        .env("COUNTERSIGN_LDAP__LISTEN", "127.0.0.1:0")
        .env("COUNTERSIGN_LDAP__LISTEN_TLS", "")
        .env("COUNTERSIGN_REST__LISTEN", "")
        .output()
        .unwrap();
    assert_eq!(refused.status.code(), Some(1));
    assert!(String::from_utf8_lossy(&refused.stderr).contains("key"), "{}", String::from_utf8_lossy(&refused.stderr));
}
