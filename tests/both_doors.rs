//! Each row of the switchboard gives the same outcome by LDAP and by REST, and stands in the README and the root DSE.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

mod common;

use common::{
    code::*,
    command::repository,
    http,
    people::{BOB, BOB_PASSWORD, CAROL, CAROL_PASSWORD, PEOPLE, add_person},
    requests::{json_body, ldap_value, own_json_body},
    server::Server,
    totp::SECRET,
};
use countersign::routes::{MECHANISMS, ROUTES};

/// The HTTP status of an LDAP result, where these tests meet it.
fn status_of(code: i64) -> u16 {
    match code {
        SUCCESS => 200,
        INVALID_CREDENTIALS => 401,
        INSUFFICIENT_ACCESS_RIGHTS => 403,
        NO_SUCH_OBJECT => 404,
        UNWILLING_TO_PERFORM => 403,
        MECHANISM_UNAVAILABLE => 503,
        other => panic!("result {other} has no place in this table"),
    }
}

/// Who asks, and with which proof of the account in question.
struct Case {
    name: &'static str,
    requester: Option<(&'static str, &'static str)>,
    password: Option<&'static str>,
    /// Whether the account exists, and whether it has a factor.
    account: Option<bool>,
}

const CASES: [Case; 8] = [
    Case { name: "the right password", requester: None, password: Some("twin"), account: Some(false) },
    Case { name: "a wrong password", requester: None, password: Some("wrong"), account: Some(false) },
    Case { name: "an empty password", requester: None, password: Some(""), account: Some(false) },
    Case { name: "a missing account", requester: None, password: Some("twin"), account: None },
    Case { name: "an account with a factor", requester: None, password: Some("twin"), account: Some(true) },
    Case { name: "no proof at all", requester: None, password: None, account: Some(false) },
    Case { name: "somebody else", requester: Some((BOB, BOB_PASSWORD)), password: None, account: Some(false) },
    Case { name: "the help desk", requester: Some((CAROL, CAROL_PASSWORD)), password: None, account: Some(true) },
];

#[test]
fn each_route_gives_the_same_outcome_at_both_doors() {
    let server = Server::start();
    let mut root = server.root();
    let secret: &[(&str, &[&str])] = &[("ds-auth-totp-shared-secret", &[SECRET])];
    for route in ROUTES {
        let Some(at) = &route.entry_path else { continue };
        for (number, case) in CASES.iter().enumerate() {
            // Twins, one for each door: what one door does must not show at the other.
            let [by_ldap, by_rest] = ["ldap", "rest"].map(|door| {
                let uid = format!("{}-{number}-{door}", at.name.to_lowercase());
                if let Some(factor) = case.account {
                    add_person(&mut root, &uid, "A Twin", "twin", if factor { secret } else { &[] });
                }
                format!("uid={uid},{PEOPLE}")
            });
            let mut client =
                case.requester.map_or_else(|| server.client(), |(dn, password)| server.bound(dn, password));
            let value = ldap_value(route.name, &by_ldap, case.password).unwrap();
            let ldap = client.extended(route.oid, Some(&value));

            let authorization = case.requester.map(|(dn, password)| http::basic(dn, password));
            let path = format!("/directory/v1/{by_rest}/{}", at.name);
            let rest =
                http::post(server.rest(), &path, authorization.as_deref(), &json_body(route.name, case.password));
            let context = format!("{} with {}: {ldap:?} {rest:?}", route.name, case.name);
            // Without credentials HTTP asks for them first, where LDAP says that anonymous may not.
            let expected = match (status_of(ldap.code), case.requester) {
                (403, None) if rest.status == 401 => 401,
                (status, _) => status,
            };
            assert_eq!(rest.status, expected, "{context}");
            if ldap.code == SUCCESS {
                assert_eq!(rest.result_code(), SUCCESS, "{context}");
            } else {
                assert!(!rest.body["details"][0]["message"].as_str().unwrap().is_empty(), "{context}");
            }
        }
    }
}

#[test]
fn each_route_beside_the_entries_gives_the_same_outcome_at_both_doors() {
    let server = Server::start();
    for route in ROUTES {
        let Some(at) = &route.path else { continue };
        let Some(body) = own_json_body(route.name, BOB) else { continue };
        for requester in [None, Some((BOB, BOB_PASSWORD)), Some((CAROL, CAROL_PASSWORD))] {
            let mut client = requester.map_or_else(|| server.client(), |(dn, password)| server.bound(dn, password));
            let authorization = requester.map(|(dn, password)| http::basic(dn, password));
            let ldap = client.extended(route.oid, ldap_value(route.name, BOB, None).as_deref());
            let path = format!("/directory/v1/{}", at.name);
            let rest = http::post(server.rest(), &path, authorization.as_deref(), &body);
            let expected = if requester.is_none() { 401 } else { status_of(ldap.code) };
            assert_eq!(rest.status, expected, "{} by {requester:?}: {ldap:?} {rest:?}", route.name);
        }
    }
}

#[test]
fn the_readme_names_every_row() {
    let readme = std::fs::read_to_string(repository("README.md")).unwrap();
    for route in ROUTES {
        assert!(readme.contains(&format!("extended {}", route.oid)), "{} ({})", route.name, route.oid);
        if let Some(at) = &route.entry_path {
            assert!(readme.contains(&format!("/directory/v1/{{dn}}/{}`", at.name)), "{}", at.name);
        }
        if let Some(at) = &route.path {
            assert!(readme.contains(&format!("/directory/v1/{}`", at.name)), "{}", at.name);
        }
    }
    for mechanism in MECHANISMS {
        assert!(readme.contains(&format!("`{}`", mechanism.name)), "{}", mechanism.name);
    }
}

#[test]
fn the_root_dse_names_every_row() {
    let server = Server::start();
    let root_dse = server.client().read("", &["supportedExtension", "supportedSASLMechanisms"]);
    let mut extensions = root_dse.values("supportedExtension");
    let mut rows: Vec<&str> = ROUTES.iter().map(|route| route.oid).collect();
    extensions.sort();
    rows.sort_unstable();
    assert_eq!(extensions, rows);
    for mechanism in root_dse.values("supportedSASLMechanisms") {
        assert!(MECHANISMS.iter().any(|row| row.name == mechanism), "{mechanism}");
    }
}

#[test]
fn an_unknown_operation_is_not_found() {
    let server = Server::start();
    let answer =
        http::post(server.rest(), &format!("/directory/v1/{BOB}/noSuchOperation"), None, &serde_json::json!({}));
    assert_eq!(answer.status, 404);
}
