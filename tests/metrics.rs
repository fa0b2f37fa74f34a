//! What is counted, as Prometheus reads it: with curl and Prometheus' own parser.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

mod common;

use std::collections::BTreeMap;

use common::{
    ber::{constructed, octets, sequence, tlv},
    client::{Search, tagged},
    code::*,
    command::{repository, run, run_with_input},
    http, oid,
    people::{ALICE, ALICE_PASSWORD, BOB, BOB_PASSWORD, CAROL, CAROL_PASSWORD, NOBODY},
    server::Server,
};
use serde_json::json;

const ON: &str = "[metrics]\nlisten = [\"127.0.0.1:0\"]\n";

/// Every sample of a page: `name{label=value}` and its value.
struct Samples(BTreeMap<String, f64>);

impl Samples {
    fn of(server: &Server) -> Self {
        let page = run("curl", &["-sSf", &format!("http://{}/metrics", server.metrics())]).succeeded().stdout;
        Self::read(&page)
    }

    fn read(page: &str) -> Self {
        for name in ["alice", "bob", "nobody", "dc=example"] {
            assert!(!page.contains(name), "{name} is named:\n{page}");
        }
        let (python, script) = (repository("target/python/bin/python"), repository("tests/parts/read_metrics.py"));
        let read = run_with_input(python.to_str().unwrap(), &[script.to_str().unwrap()], page).succeeded();
        Self(serde_json::from_str(&read.stdout).unwrap())
    }

    /// The value of a sample; none is 0.
    fn get(&self, name: &str) -> f64 {
        self.0.get(name).copied().unwrap_or_default()
    }

    fn assert(&self, expected: &[(&str, f64)]) {
        for (name, value) in expected {
            assert_eq!(self.get(name), *value, "{name} in {:#?}", self.0);
        }
    }
}

#[test]
fn operations_are_counted_by_kind_and_result() {
    let server = Server::with(ON);
    let mut root = server.root();
    for (base, filter) in [(BOB, "(objectClass=*)"), (NOBODY, "(objectClass=*)"), (BOB, "(cn=nothing)")] {
        root.search(&Search::new(base, 0, filter));
    }
    assert_eq!(root.extended("1.2.3", None).code, PROTOCOL_ERROR);
    assert_eq!(root.extended(oid::WHO_AM_I, None).code, SUCCESS);
    assert_eq!(root.delete(NOBODY).code, NO_SUCH_OBJECT);
    assert_eq!(root.compare(BOB, "cn", "Bob Baker").code, COMPARE_TRUE);
    let _tcp = server.client();
    Samples::of(&server).assert(&[
        ("countersign_ldap_operations_total{operation=bind,result=0}", 1.0),
        ("countersign_ldap_operations_total{operation=search,result=0}", 2.0),
        ("countersign_ldap_operations_total{operation=search,result=32}", 1.0),
        ("countersign_ldap_operations_total{operation=extended,result=2}", 1.0),
        ("countersign_ldap_operations_total{operation=extended,result=0}", 1.0),
        ("countersign_ldap_operations_total{operation=delete,result=32}", 1.0),
        ("countersign_ldap_operations_total{operation=compare,result=6}", 1.0),
        // The two of this test, and curl's.
        ("countersign_connections", 3.0),
        ("countersign_store_up", 1.0),
        ("countersign_store_entries", 7.0),
        ("countersign_uptime_seconds", 0.0),
        ("process_start_time_seconds", 2_000_000_015.0),
    ]);
}

#[test]
fn proofs_are_counted_by_factor_and_reason_at_every_door() {
    let server = Server::with(&format!("{ON}[lockout]\nfailures = 3\n"));
    let field = format!("{ALICE_PASSWORD}{}", server.code(0));
    assert_eq!(server.client().bind(ALICE, &field).code, SUCCESS);
    assert_eq!(server.client().bind(ALICE, &field).code, INVALID_CREDENTIALS);
    assert_eq!(server.client().bind(ALICE, format!("{ALICE_PASSWORD}{}", server.code(5))).code, INVALID_CREDENTIALS);
    assert_eq!(server.client().bind(ALICE, ALICE_PASSWORD).code, INVALID_CREDENTIALS);
    assert_eq!(server.client().bind(ALICE, &field).code, INVALID_CREDENTIALS);
    assert_eq!(server.client().bind(NOBODY, "x").code, INVALID_CREDENTIALS);
    let basic = http::basic("bob", BOB_PASSWORD);
    assert_eq!(http::get(server.rest(), "/directory/v1/me", Some(&basic)).status, 200);
    assert_eq!(http::get(server.rest(), "/directory/v1/me", Some(&http::basic("bob", "wrong"))).status, 401);
    assert_eq!(http::get(server.rest(), "/nothing/like/it", None).status, 404);
    let enrol = tagged(&[(1, "wrong")]);
    assert_eq!(server.bound(BOB, BOB_PASSWORD).extended(oid::GENERATE_TOTP, Some(&enrol)).code, INVALID_CREDENTIALS);
    let seen = Samples::of(&server);
    seen.assert(&[
        ("countersign_proofs_total{factor=totp,outcome=accepted}", 1.0),
        ("countersign_proofs_total{factor=totp,outcome=code-already-used}", 1.0),
        ("countersign_proofs_total{factor=totp,outcome=clock-off}", 1.0),
        ("countersign_proofs_total{factor=totp,outcome=factor-locked}", 1.0),
        ("countersign_proofs_total{factor=password,outcome=code-missing}", 1.0),
        ("countersign_proofs_total{factor=password,outcome=no-such-user}", 1.0),
        ("countersign_proofs_total{factor=password,outcome=accepted}", 2.0),
        ("countersign_proofs_total{factor=password,outcome=wrong-password}", 2.0),
        ("countersign_account_lockouts_total{factor=second-factor}", 1.0),
        ("countersign_authn_total{mechanism=simple,result=0}", 2.0),
        ("countersign_authn_total{mechanism=simple,result=49}", 5.0),
        ("countersign_http_requests_total{endpoint=me,method=GET,status=200}", 1.0),
        ("countersign_http_requests_total{endpoint=me,method=GET,status=401}", 1.0),
        ("countersign_http_requests_total{endpoint=none,method=GET,status=404}", 1.0),
        ("countersign_http_request_duration_seconds_count", 3.0),
        ("countersign_hashing_queue_depth", 0.0),
    ]);
    let commits = seen.get("countersign_store_commit_duration_seconds_count");
    assert!(commits >= 8.0 && seen.get("countersign_store_commit_batch_sum") >= commits, "{commits}");
}

#[test]
fn deliveries_are_counted_by_mechanism() {
    let folder = tempfile::tempdir().unwrap();
    let place = folder.path().display();
    let server = Server::with(&format!(
        "{ON}[delivery.\"In a file\"]\nkind = \"file\"\ndirectory = \"{place}\"\n\
         [delivery.Gone]\nkind = \"command\"\ncommand = [\"/bin/false\"]\n"
    ));
    let deliver = |mechanism: &str| {
        let named = constructed(0xA2, &[octets(mechanism)]);
        let members = [tlv(0x80, "u:bob"), tlv(0x81, BOB_PASSWORD), named];
        server.client().extended(oid::DELIVER_OTP, Some(&sequence(&members))).code
    };
    assert_eq!(deliver("In a file"), SUCCESS);
    assert_eq!(deliver("Gone"), DELIVERY_FAILED);
    Samples::of(&server).assert(&[
        ("countersign_otp_delivery_total{mechanism=In a file,result=delivered}", 1.0),
        ("countersign_otp_delivery_total{mechanism=Gone,result=failed}", 1.0),
    ]);
}

#[test]
fn metrics_have_addresses_of_their_own_and_nothing_else_is_there() {
    let server = Server::with(ON);
    let at = server.metrics();
    assert_eq!(http::request(server.rest(), "GET", "/metrics", None, None).status, 404);
    assert_eq!(http::request(at, "POST", "/metrics", None, Some("{}")).status, 405);
    let basic = http::basic(CAROL, CAROL_PASSWORD);
    for path in
        ["/directory/v1", "/directory/v1/me", "/directory/v1/authenticate", "/wsapi/2.0/verify", "/", "/metrics/"]
    {
        assert_eq!(http::get(at, path, Some(&basic)).status, 404, "{path}");
    }
    for path in ["/livez", "/readyz", "/available-state"] {
        assert_eq!(http::get(at, path, None).body, json!({"availability-state": "AVAILABLE"}), "{path}");
    }
    let head = run("curl", &["-sSI", &format!("http://{at}/metrics")]).succeeded().stdout.to_ascii_lowercase();
    assert!(head.contains("content-type: text/plain; version=0.0.4; charset=utf-8"), "{head}");
    assert!(!Server::start().serves_metrics());
}
