//! Other people's clients, unchanged, and our own examples, each against a real server.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

mod common;

use std::{
    fs,
    process::{Child, Command, Stdio},
};

use common::{
    command::{Output, repository},
    http,
    people::{ALICE, ALICE_PASSWORD, BOB, BOB_PASSWORD, PEOPLE, ROOT, ROOT_PASSWORD, SUFFIX},
    server::Server,
};

/// Runs a client with all that it needs to know in its environment.
fn run_client(server: &Server, program: &str, script: &str) {
    // A client that waits for ever fails the test instead of stopping it.
    let output = Command::new("timeout")
        .args(["120", program])
        .arg(repository(script))
        .envs([("SUFFIX", SUFFIX), ("ROOT", ROOT), ("ROOT_PASSWORD", ROOT_PASSWORD), ("CODE", &server.code(0))])
        .envs([("ALICE", ALICE), ("ALICE_PASSWORD", ALICE_PASSWORD), ("BOB", BOB), ("BOB_PASSWORD", BOB_PASSWORD)])
        .env("URL", format!("ldap://{}", server.ldap()))
        .env("URL_TLS", format!("ldaps://localhost:{}", server.ldaps().port()))
        .env("CA", server.ca_file())
        .env("NODE_HOME", repository("target/node"))
        .output()
        .unwrap_or_else(|error| panic!("{program} is not there ({error}); tests/run --parts installs it"));
    let shown = String::from_utf8_lossy(&output.stdout).into_owned() + &String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success() && shown.contains(": fine"), "{shown}");
}

#[test]
fn python_ldap3_works() {
    run_client(&Server::start(), "/usr/bin/python3", "tests/clients/with_ldap3.py");
}

#[test]
fn python_ldap_works() {
    run_client(&Server::start(), "/usr/bin/python3", "tests/clients/with_python_ldap.py");
}

#[test]
fn node_ldapts_works() {
    run_client(&Server::start(), "node", "tests/clients/with_ldapts.mjs");
}

#[test]
fn perl_net_ldap_works() {
    run_client(&Server::start(), "/usr/bin/perl", "tests/clients/with_net_ldap.pl");
}

/// Apache httpd in the foreground, stopped when the test ends.
struct Httpd(Child);

impl Drop for Httpd {
    fn drop(&mut self) {
        let _already_gone = self.0.kill();
        let _status = self.0.wait();
    }
}

#[test]
fn apache_asks_for_password_and_code_in_one_field() {
    let server = Server::start();
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().to_str().unwrap();
    fs::create_dir(folder.path().join("site")).unwrap();
    fs::write(folder.path().join("site/index.html"), "come in").unwrap();
    let port = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    let modules = [
        ("mpm_event", "mod_mpm_event"),
        ("authn_core", "mod_authn_core"),
        ("authz_core", "mod_authz_core"),
        ("authz_user", "mod_authz_user"),
        ("auth_basic", "mod_auth_basic"),
        ("ldap", "mod_ldap"),
        ("authnz_ldap", "mod_authnz_ldap"),
        ("dir", "mod_dir"),
    ]
    .map(|(name, file)| format!("LoadModule {name}_module /usr/lib/apache2/modules/{file}.so\n"))
    .concat();
    // Apache remembers good logins by default, and would let a spent code in from its own memory: hence the TTL.
    let settings = format!(
        "ServerRoot {path}\nServerName localhost\nPidFile {path}/pid\nErrorLog {path}/log\nListen 127.0.0.1:{port}\n\
         DocumentRoot {path}/site\nDirectoryIndex index.html\n{modules}\
         LDAPCacheTTL 0\nLDAPOpCacheTTL 0\nLDAPCacheEntries 0\nLDAPOpCacheEntries 0\n\
         <Location />\nAuthType Basic\nAuthName \"staff\"\nAuthBasicProvider ldap\n\
         AuthLDAPURL \"ldap://{}/{PEOPLE}?uid?one\"\nAuthLDAPBindDN \"{BOB}\"\nAuthLDAPBindPassword \"{BOB_PASSWORD}\"\n\
         Require valid-user\n</Location>\n",
        server.ldap()
    );
    let file = folder.path().join("httpd.conf");
    fs::write(&file, settings).unwrap();
    let child = Command::new("/usr/sbin/apache2")
        .args(["-X", "-f", file.to_str().unwrap()])
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .expect("apache2 is not there; tests/run --parts installs it");
    let _httpd = Httpd(child);
    let site = std::net::SocketAddr::from(([127, 0, 0, 1], port));
    common::process::wait_until("httpd listens", || std::net::TcpStream::connect(site).is_ok());

    let status = |password: &str| {
        let head = format!("alice:{password}");
        let output = common::command::run(
            "curl",
            &["-s", "-o", "/dev/null", "-w", "%{http_code}", "-u", &head, &format!("http://{site}/")],
        );
        output.succeeded().stdout
    };
    let log = || fs::read_to_string(folder.path().join("log")).unwrap_or_default();
    let good = format!("{ALICE_PASSWORD}{}", server.code(0));
    assert_eq!(status(&good), "200", "{}", log());
    assert_eq!(status(&good), "401", "the code is spent: {}", log());
    assert_eq!(status(ALICE_PASSWORD), "401", "{}", log());
}

#[test]
fn the_python_example_generates_binds_validates_and_revokes() {
    let server = Server::start();
    let url = format!("ldap://{}", server.ldap());
    let example = repository("examples/mfa_client.py");
    let run = |arguments: &[&str], input: &str| -> Output {
        let mut all = vec![example.to_str().unwrap(), "--url", &url];
        all.extend(arguments);
        common::command::run_with_input("/usr/bin/python3", &all, input)
    };
    let made = run(&["generate", "--user", "u:bob"], &format!("{BOB_PASSWORD}\n")).succeeded();
    let secret = made.stdout.trim();
    let code = |offset| common::totp::code_at(secret, server.now(), offset);
    let bound = run(&["bind", "--user", "u:bob"], &format!("{BOB_PASSWORD}\n{}\n", code(-1))).succeeded();
    assert_eq!(bound.stdout.trim(), format!("dn:{BOB}"));
    assert_ne!(run(&["bind", "--user", "u:bob"], &format!("{BOB_PASSWORD}\n{}\n", code(-1))).status, 0);
    let validate = ["validate", "--dn", BOB, "--bind-dn", common::people::CAROL];
    run(&validate, &format!("{}\n{}\n", common::people::CAROL_PASSWORD, code(0))).succeeded();
    run(&["revoke", "--user", "u:bob"], &format!("{BOB_PASSWORD}{}\n", code(1))).succeeded();
    assert_eq!(server.client().bind(BOB, BOB_PASSWORD).code, 0);
}

#[test]
fn the_shell_example_enrols_spends_and_removes_over_both_doors() {
    // oathtool reads the real clock, so the server must too.
    let server = common::process::Process::start();
    let folder = tempfile::tempdir().unwrap();
    let password = folder.path().join("password");
    fs::write(&password, BOB_PASSWORD).unwrap();
    let example = repository("examples/mfa_client.sh");
    let (ldap, rest) = (format!("ldap://{}", server.ldap()), format!("http://{}", server.rest()));
    let arguments = [example.to_str().unwrap(), &ldap, &rest, BOB, password.to_str().unwrap()];
    let shown = common::command::run("bash", &arguments).succeeded();
    assert!(shown.stdout.contains("the same code again: refused"), "{}", shown.stdout);
    assert!(shown.stdout.ends_with(&format!("dn:{BOB}\n")), "{}", shown.stdout);
}

#[test]
fn curl_reads_its_own_entry() {
    let server = Server::start();
    let url = format!("https://localhost:{}/directory/v1/me", server.rest_tls().port());
    let login = format!("{BOB}:{BOB_PASSWORD}");
    let ca = server.ca_file();
    let arguments = ["-s", "-S", "--cacert", ca.to_str().unwrap(), "-u", &login, &url];
    let shown = common::command::run("curl", &arguments).succeeded();
    let entry: serde_json::Value = serde_json::from_str(&shown.stdout).unwrap();
    assert_eq!(entry["_dn"], BOB);
    let _same_over_plain_http = http::get(server.rest(), "/directory/v1/me", Some(&http::basic(BOB, BOB_PASSWORD)));
}
