//! The password validation details control: what a request that sets a password is told of it, at both doors, whether it succeeds
//! or not.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

mod common;

use common::{
    ber,
    client::{Change, Response, control, extended, modify, tagged},
    code::*,
    http::{self, basic},
    oid,
    people::{BOB, BOB_PASSWORD, PEOPLE, ROOT, ROOT_PASSWORD},
    server::Server,
};
use serde_json::{Value, json};

const REQUEST: &str = "1.3.6.1.4.1.30221.2.5.40";
const RESPONSE: &str = "1.3.6.1.4.1.30221.2.5.41";
const RULES: &str =
    "[password]\nhistory = 2\nmax_age = \"90d\"\n[password.validators]\nmin_length = 8\nmin_digits = 1\n";

fn asking() -> Vec<Vec<u8>> {
    vec![control(REQUEST, true, None)]
}

/// Which rules are kept, in their order, or the tag of what is told instead; what stands after it, by tag.
type Told = (Result<Vec<bool>, u8>, Vec<(u8, i64)>);

fn told(response: &Response) -> Told {
    let value = response.control(RESPONSE).expect("the control");
    let members = ber::elements(ber::split(value).unwrap().1);
    let rules = ber::elements(members[0].1).iter().map(|(_, rule)| ber::elements(rule)[1].1[0] != 0).collect();
    let rules = if members[0].0 == 0xA0 { Ok(rules) } else { Err(members[0].0) };
    (rules, members[1..].iter().map(|(tag, value)| (*tag, ber::number(value))).collect())
}

const SECONDS: (u8, i64) = (0x85, 90 * 86_400);
const LENGTH_DIGITS_HISTORY: usize = 3;

#[test]
fn each_rule_is_told_of_whether_the_password_is_taken_or_not() {
    let server = Server::with(RULES);
    let mut root = server.root();
    for (password, code, expected) in [
        ("short", CONSTRAINT_VIOLATION, [false, false, true]),
        ("no digit in it", CONSTRAINT_VIOLATION, [true, false, true]),
        ("1 in this", SUCCESS, [true, true, true]),
        ("1 in this", CONSTRAINT_VIOLATION, [true, true, false]),
    ] {
        let response = root.modify_with(BOB, &[Change::Replace("userPassword", &[password])], &asking());
        assert_eq!(response.code, code, "{password}: {}", response.diagnostic);
        assert_eq!(told(&response), (Ok(expected.to_vec()), vec![SECONDS]), "{password}");
    }
    let by_operation = |old: &str, new: &str| {
        let value = tagged(&[(0, BOB), (1, old), (2, new)]);
        server.client().request(&extended(oid::PASSWORD_MODIFY, Some(&value)), &asking())
    };
    let refused = by_operation("1 in this", "short 1");
    assert_eq!((refused.code, told(&refused).0), (CONSTRAINT_VIOLATION, Ok(vec![false, true, true])));
    let taken = by_operation("1 in this", "another with 1");
    assert_eq!((taken.code, told(&taken).0.unwrap().len()), (SUCCESS, LENGTH_DIGITS_HISTORY));
    let wrong = by_operation("nonsense", "another with 2");
    assert_eq!((wrong.code, told(&wrong).0), (INVALID_CREDENTIALS, Err(0x83)), "nothing of the password's quality");
}

#[test]
fn what_is_none_many_or_a_hash_is_not_judged() {
    let server = Server::with(RULES);
    let mut root = server.root();
    let mut change = |changes: &[Change<'_>]| told(&root.modify_with(BOB, changes, &asking())).0;
    assert_eq!(change(&[Change::Replace("description", &["no password"])]), Err(0x81));
    assert_eq!(change(&[Change::Delete("userPassword", &[])]), Err(0x81));
    assert_eq!(change(&[Change::Replace("userPassword", &["good enough 1", "good enough 2"])]), Err(0x82));
    assert_eq!(change(&[Change::Replace("userPassword", &["{SSHA}AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"])]), Err(0x83));
    let made = tagged(&[(0, BOB)]);
    let response = root.request(&extended(oid::PASSWORD_MODIFY, Some(&made)), &asking());
    assert_eq!(told(&response).0, Err(0x81), "a password of the server's own making is none that was given");
}

#[test]
fn an_entry_that_is_added_is_told_too_and_what_must_be_changed_first() {
    let server = Server::with(&RULES.replace("history = 2", "history = 2\nchange_after_add = true"));
    let mut root = server.root();
    let dn = format!("uid=dora,{PEOPLE}");
    let attributes = [("objectClass", "inetOrgPerson"), ("cn", "Dora"), ("sn", "D"), ("userPassword", "one 1 word")];
    let attributes: Vec<Vec<u8>> = attributes
        .iter()
        .map(|(name, value)| ber::sequence(&[ber::octets(name), ber::constructed(0x31, &[ber::octets(value)])]))
        .collect();
    let request = ber::constructed(0x68, &[ber::octets(&dn), ber::sequence(&attributes)]);
    let response = root.request(&request, &asking());
    assert_eq!(response.code, SUCCESS, "{}", response.diagnostic);
    assert_eq!(told(&response), (Ok(vec![true; 3]), vec![(0x84, -1), SECONDS]));
}

#[test]
fn whoever_forgot_the_present_password_is_told_that() {
    let server = Server::with("[password]\ncurrent_password_required = true\n");
    let mut bob = server.bound(BOB, BOB_PASSWORD);
    let value = tagged(&[(2, "whatever")]);
    let response = bob.request(&extended(oid::PASSWORD_MODIFY, Some(&value)), &asking());
    assert_eq!((response.code, told(&response)), (UNWILLING_TO_PERFORM, (Err(0x83), vec![(0x83, -1)])));
}

#[test]
fn the_control_means_something_only_where_passwords_are_set_and_has_no_value() {
    let server = Server::start();
    let mut root = server.root();
    assert!(root.read("", &["supportedControl"]).values("supportedControl").contains(&REQUEST.to_owned()));
    let who = extended(oid::WHO_AM_I, None);
    assert_eq!(root.request(&who, &asking()).code, UNAVAILABLE_CRITICAL_EXTENSION);
    assert_eq!(root.delete_with(&format!("uid=x,{PEOPLE}"), &asking()).code, UNAVAILABLE_CRITICAL_EXTENSION);
    let change = modify(BOB, &[Change::Replace("userPassword", &["good enough"])]);
    assert_eq!(root.request(&change, &[control(REQUEST, false, Some(b""))]).code, PROTOCOL_ERROR);
    let unasked = root.request(&change, &[]);
    assert_eq!((unasked.code, unasked.control(RESPONSE)), (SUCCESS, None));
}

#[test]
fn rest_says_the_same() {
    let server = Server::with(RULES);
    let change = |by: Option<(&str, &str)>, body: Value| {
        let by = by.map(|(user, password)| basic(user, password));
        http::post(server.rest(), &format!("/directory/v1/{BOB}/changePassword"), by.as_deref(), &body)
    };
    let asking = json!([{"oid": REQUEST, "criticality": true}]);
    let body = json!({"oldPassword": BOB_PASSWORD, "newPassword": "short", "_controls": asking});
    let refused = change(None, body);
    assert_eq!(refused.status, 400, "{refused:?}");
    let told = &refused.body["_controls"][0];
    assert_eq!((&told["oid"], &told["criticality"]), (&json!(RESPONSE), &json!(false)), "{refused:?}");
    let value = &told["value-json"];
    assert_eq!(value["response-type"], "validation-performed");
    let kept: Vec<_> =
        value["validation-details"].as_array().unwrap().iter().map(|one| &one["requirement-satisfied"]).collect();
    assert_eq!(kept, [false, false, true]);
    let length = &value["validation-details"][0]["password-quality-requirement"];
    assert_eq!(length["client-side-validation-type"], "length", "{length}");
    assert_eq!(value["seconds-until-expiration"], 90 * 86_400);
    let body = json!({"newPassword": "good enough 1", "_controls": asking});
    let taken = change(Some((ROOT, ROOT_PASSWORD)), body);
    assert_eq!((taken.status, &taken.body["_controls"][0]["oid"]), (200, &json!(RESPONSE)), "{taken:?}");
    let unasked = change(Some((ROOT, ROOT_PASSWORD)), json!({"newPassword": "good enough 2"}));
    assert_eq!((unasked.status, unasked.body.get("_controls")), (200, None));
    for wrong in [
        json!([{"oid": REQUEST, "criticality": false, "value-json": {}}]),
        json!([{"oid": "1.2", "criticality": true}]),
    ] {
        assert_eq!(change(None, json!({"oldPassword": "x", "newPassword": "y", "_controls": wrong})).status, 400);
    }
}
