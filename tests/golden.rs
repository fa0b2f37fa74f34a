//! The very octets that the UnboundID LDAP SDK sends, and answers of the very shape that it reads (tests/vectors).
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

mod common;

use common::{
    ber,
    client::{BASE, Change, Client, Response, Search},
    code::*,
    command::repository,
    people::{ALICE, PEOPLE, add_person},
    server::Server,
};
use serde_json::Value;

fn vectors(file: &str) -> Vec<Value> {
    let text = std::fs::read_to_string(repository(&format!("tests/vectors/{file}.json"))).unwrap();
    serde_json::from_str(&text).unwrap()
}

fn unhex(vector: &Value, member: &str) -> Option<Vec<u8>> {
    let text = vector[member].as_str()?;
    Some((0..text.len()).step_by(2).map(|at| u8::from_str_radix(&text[at..at + 2], 16).unwrap()).collect())
}

/// Sends a recorded message as it is, and takes the answer to it.
fn replay(client: &mut Client, vector: &Value) -> Response {
    let message = unhex(vector, "message_hex").unwrap();
    client.send_raw(&message).unwrap();
    let response = client.receive();
    assert_eq!(response.id, ber::number(ber::elements(ber::split(&message).unwrap().1)[0].1));
    response
}

fn find(file: &str, kind: &str, description: &str) -> Value {
    let found = vectors(file).into_iter().find(|vector| vector["type"] == kind && vector["description"] == description);
    found.unwrap_or_else(|| panic!("{kind}, {description}"))
}

/// The accounts that the recorded requests are about.
fn accounts(server: &Server) {
    let mut root = server.root();
    assert_eq!(root.delete(ALICE).code, SUCCESS);
    add_person(&mut root, "alice", "Alice Archer", "correct-horse", &[]);
    add_person(&mut root, "jürgen", "Jürgen Jansen", "sécrèt☃", &[]);
}

#[test]
fn recorded_requests_that_are_right_succeed() {
    let server = Server::start();
    accounts(&server);
    let ascii = "every optional field, plain ASCII";
    let beyond = "every optional field, non-ASCII";
    for (file, kind, description) in [
        ("sasl-credentials", "sasl-plain", ascii),
        ("sasl-credentials", "sasl-plain", beyond),
        ("sasl-credentials", "sasl-plain", "fewest fields"),
        ("extop-requests", "generate-totp-shared-secret-request", ascii),
        ("extop-requests", "generate-totp-shared-secret-request", beyond),
    ] {
        let response = replay(&mut server.client(), &find(file, kind, description));
        assert_eq!(response.code, SUCCESS, "{kind}, {description}: {}", response.diagnostic);
    }
}

#[test]
fn a_recorded_password_modify_changes_the_password() {
    let server = Server::start();
    accounts(&server);
    let response = replay(
        &mut server.client(),
        &find("extop-requests", "password-modify-request", "every optional field, plain ASCII"),
    );
    assert_eq!((response.code, response.name, response.value), (SUCCESS, None, None));
    assert_eq!(server.client().bind(ALICE, "new-Secret-1").code, SUCCESS);
}

#[test]
fn every_recorded_request_is_understood() {
    let server = Server::start();
    let served = server.client().read("", &["supportedExtension"]).values("supportedExtension");
    let mut understood = 0;
    for vector in vectors("extop-requests") {
        let oid = vector["oid"].as_str().unwrap();
        if oid == common::oid::START_TLS || !served.iter().any(|name| name == oid) {
            continue;
        }
        let response = replay(&mut server.client(), &vector);
        assert_ne!(
            response.code, PROTOCOL_ERROR,
            "{}: {}: {}",
            vector["type"], vector["description"], response.diagnostic
        );
        assert!(response.code == SUCCESS || (response.name.is_none() && response.value.is_none()), "{vector}");
        understood += 1;
    }
    for vector in vectors("sasl-credentials") {
        if !["sasl-plain", "sasl-unboundid-totp"].contains(&vector["type"].as_str().unwrap()) {
            continue;
        }
        let response = replay(&mut server.client(), &vector);
        let empty = vector["description"] == "present but empty strings";
        assert!(
            response.code == INVALID_CREDENTIALS || (empty && response.code == PROTOCOL_ERROR),
            "{vector}: {response:?}"
        );
        understood += 1;
    }
    assert!(understood > 40, "{understood}");
}

#[test]
fn the_answer_to_generate_has_the_recorded_octets_but_for_the_secret() {
    let server = Server::start();
    accounts(&server);
    let request = find("extop-requests", "generate-totp-shared-secret-request", "every optional field, plain ASCII");
    let mut client = server.client();
    client.send_raw(&unhex(&request, "message_hex").unwrap()).unwrap();
    let (id, tag, body, controls) = client.receive_raw().unwrap();

    let recorded = find("extop-responses", "generate-totp-shared-secret-response", "fewest fields");
    let secret_recorded = recorded["fields"]["totp_shared_secret"].as_str().unwrap().as_bytes().to_vec();
    let members = ber::elements(&body);
    let value = members.last().unwrap().1;
    let secret = ber::elements(ber::split(value).unwrap().1)[0].1.to_vec();
    assert_eq!(secret.len(), secret_recorded.len());

    let message = unhex(&recorded, "message_hex").unwrap();
    let at = message.windows(secret_recorded.len()).position(|window| window == secret_recorded).unwrap();
    let mut expected = message;
    expected[at..at + secret.len()].copy_from_slice(&secret);
    let ours = common::client::message(
        ber::number(ber::elements(ber::split(&expected).unwrap().1)[0].1),
        &ber::tlv(tag, &body),
        &[],
    );
    assert!(controls.is_empty() && id > 0);
    assert_eq!(ours, expected);
}

#[test]
fn recorded_controls_are_understood() {
    let server = Server::start();
    let mut root = server.root();
    let served = root.read("", &["supportedControl"]).values("supportedControl");
    let mut understood = 0;
    for vector in vectors("control-requests") {
        let Some(control) = unhex(&vector, "control_hex") else { continue };
        let (kind, oid) = (vector["type"].as_str().unwrap(), vector["oid"].as_str().unwrap());
        if !served.iter().any(|name| name == oid) {
            continue;
        }
        let response = match kind {
            kind if kind.contains("paged") => {
                root.search_with(&Search::new(PEOPLE, BASE, "(objectClass=*)"), &[control]).result
            }
            kind if ["assertion", "pre-read", "post-read"].iter().any(|word| kind.contains(word)) => {
                root.modify_with(ALICE, &[Change::Replace("title", &["Dr"])], &[control])
            }
            _ => continue,
        };
        assert_ne!(response.code, PROTOCOL_ERROR, "{kind}: {}: {}", vector["description"], response.diagnostic);
        assert_ne!(response.code, UNAVAILABLE_CRITICAL_EXTENSION, "{kind}: {}", vector["description"]);
        understood += 1;
    }
    assert!(understood >= 15, "{understood}");
}
