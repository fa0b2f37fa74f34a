//! Who may read what is secret: the files that `init` makes, and the log of refusals. That no secret stands anywhere in clear is shown
//! in `whole_lives.rs`.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

mod common;

use std::fs;

use common::{
    code::*,
    people::{ALICE, ALICE_PASSWORD, ROOT_PASSWORD},
    process::{self, Process},
};

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
