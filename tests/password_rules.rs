//! What new passwords must be like: the rules on every way on which a password is set, the history, and what asks for both.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

mod common;

use std::time::Duration;

use common::{
    ber,
    client::{Change, Client, Response, control, extended, tagged},
    code::*,
    command, http, oid,
    people::{BOB, BOB_PASSWORD, CAROL, CAROL_PASSWORD, PEOPLE, SUFFIX},
    process::PROGRAM,
    server::Server,
};
use serde_json::json;

const RULES: &str = "[password.validators]\nmin_length = 8\nmin_classes = 3\nattribute_values = [\"uid\", \"cn\"]\n";
const GOOD: &str = "Tr0ub4dor&3";

fn password_modify(client: &mut Client, members: &[(u8, &str)]) -> Response {
    client.extended(oid::PASSWORD_MODIFY, Some(&tagged(members)))
}

/// What the password policy control of a response says is wrong.
fn policy_error(response: &Response) -> Option<u8> {
    let value = response.control(oid::PASSWORD_POLICY).expect("the control");
    ber::elements(ber::split(value).unwrap().1).iter().find(|member| member.0 == 0x81).map(|member| member.1[0])
}

fn add(client: &mut Client, uid: &str, password: &str) -> Response {
    client.add(
        &format!("uid={uid},{PEOPLE}"),
        &[
            ("objectClass", &["inetOrgPerson"]),
            ("uid", &[uid]),
            ("cn", &["Zaphod B"]),
            ("sn", &["B"]),
            ("userPassword", &[password]),
        ],
    )
}

#[test]
fn rest_says_what_a_password_lacks_one_by_one() {
    let server = Server::with(&format!("{RULES}[password]\ncurrent_password_required = true\n"));
    let change = |authorization: &str, body: serde_json::Value| {
        http::post(server.rest(), &format!("/directory/v1/{BOB}/changePassword"), Some(authorization), &body)
    };
    let bob = http::basic(BOB, BOB_PASSWORD);
    let refused = change(&bob, json!({"oldPassword": BOB_PASSWORD, "newPassword": "bob"}));
    let said: Vec<&str> =
        refused.body["details"].as_array().unwrap().iter().map(|detail| detail["message"].as_str().unwrap()).collect();
    assert_eq!((refused.status, said.len()), (400, 3), "{refused:?}");
    assert!(said.iter().all(|sentence| !sentence.contains(". ")), "{said:?}");
    // Refused by policy: the request's fault, whoever makes it.
    let unwilling = change(&bob, json!({"newPassword": GOOD}));
    assert_eq!((unwilling.status, &unwilling.body["code"]), (400, &json!("INVALID_DATA")), "{unwilling:?}");
    let no_right = http::basic(CAROL, CAROL_PASSWORD);
    assert_eq!(change(&no_right, json!({"newPassword": "bob"})).status, 400);
    let other = http::post(
        server.rest(),
        &format!("/directory/v1/{CAROL}/changePassword"),
        Some(&bob),
        &json!({"newPassword": GOOD}),
    );
    assert_eq!(other.status, 403);
}

#[test]
fn every_way_to_set_a_password_asks_the_rules() {
    let server = Server::with(RULES);
    let mut root = server.root();
    for (number, (password, expected)) in [
        ("short1A", CONSTRAINT_VIOLATION),
        ("longbutplain", CONSTRAINT_VIOLATION),
        ("A1-bob baker", CONSTRAINT_VIOLATION),
        (GOOD, SUCCESS),
    ]
    .into_iter()
    .enumerate()
    {
        let user = format!("new{number}");
        let added = if password.contains("bob") { expected } else { add(&mut root, &user, password).code };
        assert_eq!(added, expected, "add {password}");
        let modified = root.modify(BOB, &[Change::Replace("userPassword", &[password])]).code;
        assert_eq!(modified, expected, "modify {password}");
        let reset = password_modify(&mut server.bound(CAROL, CAROL_PASSWORD), &[(0, BOB), (2, password)]).code;
        assert_eq!(reset, expected, "reset {password}");
        let current = if expected == SUCCESS { GOOD } else { BOB_PASSWORD };
        let own = password_modify(&mut server.client(), &[(0, BOB), (1, current), (2, password)]).code;
        assert_eq!(own, expected, "password modify {password}");
        let path = format!("/directory/v1/{BOB}/changePassword");
        let body = json!({"oldPassword": current, "newPassword": password});
        let rest = http::post(server.rest(), &path, None, &body);
        assert_eq!(rest.status, if expected == SUCCESS { 200 } else { 400 }, "changePassword {password}: {rest:?}");
        assert_eq!(server.client().bind(BOB, current).code, SUCCESS, "{password}");
    }
}

#[test]
fn a_refusal_names_the_rules_and_not_the_password() {
    let server = Server::with(RULES);
    let value = tagged(&[(0, BOB), (1, BOB_PASSWORD), (2, "bob")]);
    let asked = [control(oid::PASSWORD_POLICY, false, None)];
    let refused = server.client().request(&extended(oid::PASSWORD_MODIFY, Some(&value)), &asked);
    assert_eq!(refused.code, CONSTRAINT_VIOLATION);
    for part in ["at least 8 characters", "at least 3 of these", "user's entry"] {
        assert!(refused.diagnostic.contains(part), "{}", refused.diagnostic);
    }
    assert!(!refused.diagnostic.contains("bob"));
    assert_eq!(policy_error(&refused), Some(6), "too short");
    let plain = tagged(&[(0, BOB), (1, BOB_PASSWORD), (2, "long but plain")]);
    let refused = server.client().request(&extended(oid::PASSWORD_MODIFY, Some(&plain)), &asked);
    assert_eq!((refused.code, policy_error(&refused)), (CONSTRAINT_VIOLATION, Some(5)));
    // A wrong old password is told first, and nothing about the new one.
    let wrong = tagged(&[(0, BOB), (1, "wrong"), (2, "bob")]);
    let refused = server.client().request(&extended(oid::PASSWORD_MODIFY, Some(&wrong)), &asked);
    assert_eq!((refused.code, policy_error(&refused)), (INVALID_CREDENTIALS, None));
}

#[test]
fn a_hash_is_taken_as_it_is_from_those_who_may_give_one() {
    let server = Server::with(RULES);
    let hash = "{SSHA}1G904nLkTkGWjKNnQuB/hpWXC/hzYWx0c2FsdA==";
    assert_eq!(server.root().modify(BOB, &[Change::Replace("userPassword", &[hash])]).code, SUCCESS);
}

#[test]
fn words_of_a_list_are_no_passwords() {
    let folder = tempfile::tempdir().unwrap();
    let list = folder.path().join("words");
    std::fs::write(&list, "dragon\n").unwrap();
    let settings = format!("[password.validators]\ndictionary_file = \"{}\"\n", list.display());
    let server = Server::with(&settings);
    let mut root = server.root();
    for (password, expected) in
        [("Dragon1", CONSTRAINT_VIOLATION), ("nogard", CONSTRAINT_VIOLATION), ("dragonfly", SUCCESS)]
    {
        assert_eq!(root.modify(BOB, &[Change::Replace("userPassword", &[password])]).code, expected, "{password}");
    }
}

#[test]
fn former_passwords_are_not_used_again() {
    let server = Server::with("[password]\nhistory = 2\n");
    let asked = [control(oid::PASSWORD_POLICY, false, None)];
    let change = |old: &str, new: &str| {
        let value = tagged(&[(0, BOB), (1, old), (2, new)]);
        server.client().request(&extended(oid::PASSWORD_MODIFY, Some(&value)), &asked)
    };
    let same = change(BOB_PASSWORD, BOB_PASSWORD);
    assert_eq!((same.code, policy_error(&same)), (CONSTRAINT_VIOLATION, Some(8)), "the present one");
    assert_eq!(change(BOB_PASSWORD, "second").code, SUCCESS);
    assert_eq!(change("second", BOB_PASSWORD).code, CONSTRAINT_VIOLATION, "the one before");
    assert_eq!(change("second", "third").code, SUCCESS);
    assert_eq!(change("third", BOB_PASSWORD).code, CONSTRAINT_VIOLATION, "the one before that");
    assert_eq!(change("third", "fourth").code, SUCCESS);
    assert_eq!(change("fourth", BOB_PASSWORD).code, SUCCESS, "two are kept");
    // An administrator's reset and a modify keep to it, and are remembered.
    let mut carol = server.bound(CAROL, CAROL_PASSWORD);
    assert_eq!(password_modify(&mut carol, &[(0, BOB), (2, "fourth")]).code, CONSTRAINT_VIOLATION);
    let mut root = server.root();
    assert_eq!(root.modify(BOB, &[Change::Replace("userPassword", &["third"])]).code, CONSTRAINT_VIOLATION);
    assert_eq!(root.modify(BOB, &[Change::Replace("userPassword", &["fifth"])]).code, SUCCESS);
    assert_eq!(root.modify(BOB, &[Change::Replace("userPassword", &[BOB_PASSWORD])]).code, CONSTRAINT_VIOLATION);
}

#[test]
fn a_new_password_is_used_for_a_while_before_the_next() {
    let server = Server::with("[password]\nmin_age = \"1d\"\n");
    let asked = [control(oid::PASSWORD_POLICY, false, None)];
    let change = |old: &str, new: &str| {
        let value = tagged(&[(0, BOB), (1, old), (2, new)]);
        server.client().request(&extended(oid::PASSWORD_MODIFY, Some(&value)), &asked)
    };
    assert_eq!(change(BOB_PASSWORD, "second").code, SUCCESS);
    let hasty = change("second", "third");
    assert_eq!((hasty.code, policy_error(&hasty)), (CONSTRAINT_VIOLATION, Some(7)));
    let mut carol = server.bound(CAROL, CAROL_PASSWORD);
    assert_eq!(password_modify(&mut carol, &[(0, BOB), (2, "reset")]).code, SUCCESS, "others may");
    server.advance(Duration::from_secs(86_400));
    assert_eq!(change("reset", "third").code, SUCCESS);
}

#[test]
fn the_present_password_is_demanded_where_the_policy_says_so() {
    let server = Server::with("[password]\ncurrent_password_required = true\n");
    let mut bob = server.bound(BOB, BOB_PASSWORD);
    let asked = [control(oid::PASSWORD_POLICY, false, None)];
    let refused = bob.request(&extended(oid::PASSWORD_MODIFY, Some(&tagged(&[(2, "new")]))), &asked);
    assert_eq!((refused.code, policy_error(&refused)), (UNWILLING_TO_PERFORM, Some(4)));
    assert_eq!(password_modify(&mut bob, &[(1, BOB_PASSWORD), (2, "new")]).code, SUCCESS);
    assert_eq!(password_modify(&mut server.bound(CAROL, CAROL_PASSWORD), &[(0, BOB), (2, "reset")]).code, SUCCESS);
}

#[test]
fn where_users_change_no_passwords_administrators_do() {
    let server = Server::with("[password]\nuser_changes = false\n");
    let asked = [control(oid::PASSWORD_POLICY, false, None)];
    let own = tagged(&[(0, BOB), (1, BOB_PASSWORD), (2, "new")]);
    let refused = server.client().request(&extended(oid::PASSWORD_MODIFY, Some(&own)), &asked);
    assert_eq!((refused.code, policy_error(&refused)), (INSUFFICIENT_ACCESS_RIGHTS, Some(3)));
    let wrong = tagged(&[(0, BOB), (1, "wrong"), (2, "new")]);
    assert_eq!(server.client().extended(oid::PASSWORD_MODIFY, Some(&wrong)).code, INVALID_CREDENTIALS);
    let mut bob = server.bound(BOB, BOB_PASSWORD);
    assert_eq!(password_modify(&mut bob, &[(2, "new")]).code, INSUFFICIENT_ACCESS_RIGHTS);
    assert_eq!(bob.modify(BOB, &[Change::Replace("userPassword", &["new"])]).code, INSUFFICIENT_ACCESS_RIGHTS);
    assert_eq!(password_modify(&mut server.bound(CAROL, CAROL_PASSWORD), &[(0, BOB), (2, "new")]).code, SUCCESS);
    assert_eq!(server.client().bind(BOB, "new").code, SUCCESS);
}

#[test]
fn passwords_are_made_that_keep_the_rules() {
    let server = Server::with(&format!("{RULES}min_digits = 2\n[password.generator]\nlength = 12\n"));
    let made = password_modify(&mut server.bound(BOB, BOB_PASSWORD), &[(1, BOB_PASSWORD)]).value.unwrap();
    let made = ber::text(ber::elements(ber::elements(&made)[0].1)[0].1);
    assert!(made.len() == 12 && made.chars().filter(char::is_ascii_digit).count() >= 2, "{}", made.len());
    let mut bob = server.bound(BOB, &made);
    // Each is drawn up to 20 times: not every one that is drawn keeps the rules.
    let three = ber::sequence(&[ber::tlv(0x80, ""), ber::tlv(0x83, [3]), ber::tlv(0x84, [20])]);
    let several = bob.extended(oid::GENERATE_PASSWORD, Some(&three));
    assert_eq!((several.code, several.name.as_deref()), (SUCCESS, Some("1.3.6.1.4.1.30221.2.6.63")));
    let value = several.value.unwrap();
    let members = ber::elements(ber::split(&value).unwrap().1);
    assert_eq!(ber::text(members[0].1), "cn=Default Password Policy,cn=Password Policies,cn=config");
    let passwords = ber::elements(members[1].1);
    assert_eq!(passwords.len(), 3);
    for (_, password) in &passwords {
        let parts = ber::elements(password);
        assert_eq!((parts.len(), parts[0].1.len(), parts[1].1), (2, 12, &[0xFF][..]), "validated, without errors");
    }
    assert_eq!(server.client().bind(BOB, &made).code, SUCCESS, "nothing has changed");
}

#[test]
fn who_may_have_passwords_made_and_how_many() {
    let server = Server::with(RULES);
    let mut bob = server.bound(BOB, BOB_PASSWORD);
    assert_eq!(server.client().extended(oid::GENERATE_PASSWORD, None).code, INSUFFICIENT_ACCESS_RIGHTS);
    let with = |members: &[Vec<u8>]| Some(ber::sequence(members));
    assert_eq!(bob.extended(oid::GENERATE_PASSWORD, None).code, SUCCESS);
    let eleven = with(&[ber::tlv(0x80, ""), ber::tlv(0x83, [11])]);
    assert_eq!(bob.extended(oid::GENERATE_PASSWORD, eleven.as_deref()).code, UNWILLING_TO_PERFORM);
    let unknown = with(&[ber::tlv(0x81, format!("cn=other,{SUFFIX}"))]);
    assert_eq!(bob.extended(oid::GENERATE_PASSWORD, unknown.as_deref()).code, NO_SUCH_OBJECT);
    let nobody = with(&[ber::tlv(0x82, format!("uid=not-yet,{PEOPLE}")), ber::tlv(0x84, [0])]);
    let made = bob.extended(oid::GENERATE_PASSWORD, nobody.as_deref());
    assert_eq!(made.code, SUCCESS, "an entry that is not there yet");
    let value = made.value.unwrap();
    let password = ber::elements(ber::elements(ber::split(&value).unwrap().1)[1].1)[0].1;
    assert_eq!(ber::elements(password)[1].1, [0], "not validated");
}

#[test]
fn the_rules_are_told_to_whoever_asks() {
    let server = Server::with(&format!("{RULES}[password]\nhistory = 3\ncurrent_password_required = true\n"));
    let mut bob = server.bound(BOB, BOB_PASSWORD);
    let response = bob.extended(oid::QUALITY_REQUIREMENTS, Some(&ber::sequence(&[ber::tlv(0x82, "")])));
    assert_eq!((response.code, response.name.as_deref()), (SUCCESS, Some("1.3.6.1.4.1.30221.2.6.44")));
    let value = response.value.unwrap();
    let members = ber::elements(ber::split(&value).unwrap().1);
    let kinds: Vec<String> = ber::elements(members[0].1)
        .iter()
        .map(|(_, requirement)| {
            let parts = ber::elements(requirement);
            assert_eq!(parts[1].0, 0xA1);
            ber::text(ber::elements(parts[1].1)[0].1)
        })
        .collect();
    assert_eq!(kinds, ["length", "character-set", "attribute-value", "password-history"]);
    assert_eq!((members[1].0, members[1].1), (0x80, &[0xFF][..]), "the present password is needed");
    assert_eq!((members[2].0, members[2].1), (0x81, &[0][..]), "and no further change");
    let anonymous = ber::sequence(&[ber::tlv(0x80, "")]);
    assert_eq!(server.client().extended(oid::QUALITY_REQUIREMENTS, Some(&anonymous)).code, SUCCESS);
    let own = ber::sequence(&[ber::tlv(0x82, "")]);
    assert_eq!(server.client().extended(oid::QUALITY_REQUIREMENTS, Some(&own)).code, INSUFFICIENT_ACCESS_RIGHTS);
}

#[test]
fn both_are_served_over_rest() {
    let server = Server::with(RULES);
    let basic = http::basic(BOB, BOB_PASSWORD);
    let rest = |path: &str, body| http::post(server.rest(), &format!("/directory/v1/{path}"), Some(&basic), &body);
    let rules = rest("passwordRequirements", json!({"operationType": "add"}));
    assert_eq!((rules.status, rules.result_code()), (200, SUCCESS), "{rules:?}");
    let first = &rules.body["passwordRequirements"][0];
    assert_eq!(first["clientSideValidationType"], "length");
    assert_eq!(first["clientSideValidationProperties"], json!({"minimum-length": "8"}));
    let made = rest("suggestPassword", json!({"numberOfPasswords": 2, "validationAttempts": 1}));
    assert_eq!((made.status, made.body["generatedPasswords"].as_array().unwrap().len()), (200, 2), "{made:?}");
    for (path, body) in [
        ("passwordRequirements", json!({"operationType": "administrativeReset"})),
        ("passwordRequirements", json!({"operationType": "add", "userDN": BOB})),
        ("suggestPassword", json!({"passwordPolicyDN": "cn=a", "targetEntryDN": BOB})),
        ("suggestPassword", json!({"numberOfPasswords": 0})),
    ] {
        assert_eq!(rest(path, body.clone()).status, 400, "{path} {body}");
    }
    assert_eq!(http::post(server.rest(), "/directory/v1/suggestPassword", None, &json!({})).status, 401);
}

#[test]
fn the_command_line_keeps_to_the_rules() {
    let folder = tempfile::tempdir().unwrap();
    let password = folder.path().join("password");
    std::fs::write(&password, "short\n").unwrap();
    let server = Server::with(RULES);
    let configuration = server.site().join("countersign.toml");
    let words = ["user", "password", "bob", "--password-file", password.to_str().unwrap(), "--config"];
    let refused = command::run(PROGRAM, &[&words[..], &[configuration.to_str().unwrap()]].concat());
    assert_eq!(refused.status, 1, "{}", refused.stderr);
    assert!(refused.stderr.contains("at least 8 characters"), "{}", refused.stderr);
}
