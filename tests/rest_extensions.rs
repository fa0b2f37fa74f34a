//! What REST serves below /countersign/v1, because the Directory REST API has no place for it: the same rows, the same outcomes.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

mod common;

use common::{
    command::repository,
    http::{self, Answer},
    mailbox::Mailbox,
    people::{ALICE, ALICE_PASSWORD, BOB, BOB_PASSWORD, CAROL, CAROL_PASSWORD, NOBODY},
    server::Server,
};
use countersign::routes::ROUTES;
use serde_json::{Value, json};

fn server(mailbox: &Mailbox) -> Server {
    Server::with(&format!("{}[rest]\nextensions = true\n", mailbox.settings("Mail")))
}

fn post(server: &Server, path: &str, requester: Option<(&str, &str)>, body: &Value) -> Answer {
    let authorization = requester.map(|(dn, password)| http::basic(dn, password));
    http::post(server.rest(), &format!("/countersign/v1/{path}"), authorization.as_deref(), body)
}

const BY_BOB: Option<(&str, &str)> = Some((BOB, BOB_PASSWORD));
const BY_CAROL: Option<(&str, &str)> = Some((CAROL, CAROL_PASSWORD));

#[test]
fn tokens_are_sent_and_consumed() {
    let mailbox = Mailbox::new();
    let server = server(&mailbox);
    let order = json!({"userDN": BOB, "tokenID": "x", "validityDurationMillis": 60_000,
        "message": {"subject": "S", "fullTextBefore": "T: "}, "preferredDeliveryMechanisms": ["Mail"]});
    let answer = post(&server, "deliverSingleUseToken", BY_CAROL, &order);
    assert_eq!((answer.status, &answer.body["deliveryMechanism"]), (200, &json!("Mail")), "{answer:?}");
    assert_eq!(answer.body["recipientID"], "bob@example.com");
    let mail = mailbox.take();
    assert_eq!(mail.subject, "S");
    let consume = json!({"userDN": BOB, "tokenID": "x", "tokenValue": mail.secret()});
    let statuses = [(); 2].map(|()| post(&server, "consumeSingleUseToken", BY_CAROL, &consume).status);
    assert_eq!(statuses, [200, 401]);
    let answer = post(&server, "deliverPasswordResetToken", BY_CAROL, &json!({"userDN": BOB}));
    assert_eq!((answer.status, &answer.body["deliveryMechanism"]), (200, &json!("Mail")));
    let body = json!({"oldPassword": mailbox.take().secret(), "newPassword": "an altogether new one"});
    let answer = http::post(server.rest(), &format!("/directory/v1/{BOB}/changePassword"), None, &body);
    assert_eq!(answer.status, 200);
}

#[test]
fn a_code_is_validated_and_the_mechanisms_are_told() {
    let mailbox = Mailbox::new();
    let server = server(&mailbox);
    let path = format!("{ALICE}/validateTOTP");
    let code = json!({"totpPassword": server.code(0)});
    assert_eq!([(); 2].map(|()| post(&server, &path, BY_CAROL, &code).status), [200, 401]);
    assert_eq!(post(&server, &path, BY_CAROL, &json!({"totpPassword": "1", "userDN": BOB})).status, 400);
    let address = format!("/countersign/v1/{BOB}/otpDeliveryMechanisms");
    let bob = http::basic(BOB, BOB_PASSWORD);
    let answer = http::get(server.rest(), &address, Some(&bob));
    let expected = json!([{"deliveryMechanism": "Mail", "isSupported": true, "recipientID": "bob@example.com"}]);
    assert_eq!((answer.status, &answer.body["otpDeliveryMechanisms"]), (200, &expected), "{answer:?}");
    assert_eq!(http::request(server.rest(), "POST", &address, Some(&bob), Some("{}")).status, 405);
    let alice = http::basic(ALICE, &format!("{ALICE_PASSWORD}{}", server.code(1)));
    assert_eq!(http::get(server.rest(), &address, Some(&alice)).status, 403);
    assert_eq!(http::get(server.rest(), &address, None).status, 401);
}

#[test]
fn the_state_of_an_account_is_told_to_its_user_and_administrators() {
    let server = Server::with("[rest]\nextensions = true\n[password]\nmax_age = \"36500d\"\n");
    http::get(server.rest(), &format!("/directory/v1/{BOB}"), Some(&http::basic(BOB, "wrong")));
    let address = format!("/countersign/v1/{BOB}/accountState");
    let ask = |user: &str, password: &str| http::get(server.rest(), &address, Some(&http::basic(user, password)));
    let told = ask(BOB, BOB_PASSWORD);
    assert_eq!((told.status, told.result_code()), (200, 0), "{told:?}");
    let state = &told.body;
    assert_eq!((&state["userDN"], &state["account-is-usable"]), (&json!(BOB), &json!(true)));
    assert_eq!(state["has-static-password"], true);
    assert!(state["seconds-until-password-expiration"].as_i64().unwrap() > 0, "{state}");
    assert!(state["password-expiration-time"].as_str().unwrap().ends_with("Z"), "{state}");
    assert_eq!(state["recent-login-history"]["failed-attempts"][0]["failure-reason"], "wrong-password");
    assert_eq!(state.get("account-expiration-time"), None, "what does not apply is left out");
    assert_eq!(ask(CAROL, CAROL_PASSWORD).body["remaining-authentication-failure-count"], 10);
    assert_eq!(http::get(server.rest(), &address, None).status, 401);
    let alice = http::basic(ALICE, &format!("{ALICE_PASSWORD}{}", server.code(0)));
    assert_eq!(http::get(server.rest(), &address, Some(&alice)).status, 403);
    let nobody = format!("/countersign/v1/{NOBODY}/accountState");
    assert_eq!(http::get(server.rest(), &nobody, Some(&http::basic(CAROL, CAROL_PASSWORD))).status, 404);
    assert_eq!(
        http::request(server.rest(), "POST", &address, Some(&http::basic(BOB, BOB_PASSWORD)), Some("{}")).status,
        405
    );
}

#[test]
fn each_refuses_whoever_may_not_and_nothing_is_sent() {
    let mailbox = Mailbox::new();
    let server = server(&mailbox);
    let bodies = [
        ("deliverPasswordResetToken", json!({"userDN": ALICE})),
        ("deliverSingleUseToken", json!({"userDN": ALICE, "tokenID": "x"})),
        ("consumeSingleUseToken", json!({"userDN": ALICE, "tokenID": "x", "tokenValue": "y"})),
    ];
    for (name, body) in bodies {
        assert_eq!(post(&server, name, None, &body).status, 401, "{name}");
        assert_eq!(post(&server, name, BY_BOB, &body).status, 403, "{name}");
        assert_eq!(post(&server, name, Some((BOB, "wrong")), &body).status, 401, "{name}");
        let mut nobody = body.clone();
        nobody["userDN"] = json!(NOBODY);
        assert_eq!(post(&server, name, BY_CAROL, &nobody).status, 404, "{name}");
        let mut more = body;
        more["noSuchMember"] = json!(1);
        assert_eq!(post(&server, name, BY_CAROL, &more).status, 400, "{name}");
    }
    assert_eq!(post(&server, &format!("{ALICE}/validateTOTP"), BY_BOB, &json!({"totpPassword": "123456"})).status, 403);
    for wrong in ["noSuchOperation", "validateTOTP", "uid=x/deliverSingleUseToken", "uid=x/a/b"] {
        assert_eq!(post(&server, wrong, BY_CAROL, &json!({})).status, 404, "{wrong}");
    }
    assert_eq!(mailbox.mails(), []);
}

#[test]
fn they_are_off_unless_asked_for_and_the_readme_names_them() {
    let server = Server::start();
    let readme = std::fs::read_to_string(repository("README.md")).unwrap();
    let mut count = 0;
    for extension in ROUTES.iter().filter_map(|route| route.extension.as_ref()) {
        for path in [extension.name.to_owned(), format!("{BOB}/{}", extension.name)] {
            assert_eq!(post(&server, &path, BY_CAROL, &json!({})).status, 404, "{path}");
        }
        assert!(readme.contains(&format!("/{}`", extension.name)), "{}", extension.name);
        count += 1;
    }
    assert_eq!(count, 9);
}

#[test]
fn a_password_in_a_header_is_refused_in_clear_whatever_the_operation() {
    let settings = "[rest]\nextensions = true\n[ldap]\nallow_plaintext_passwords = \"never\"\n";
    let server = Server::with(settings);
    for name in ["deliverPasswordResetToken", "deliverSingleUseToken"] {
        assert_eq!(post(&server, name, BY_CAROL, &json!({"userDN": BOB})).status, 403, "{name}");
    }
    let body = json!({"operationType": "administrativeReset", "userDN": BOB});
    let carol = http::basic(CAROL, CAROL_PASSWORD);
    assert_eq!(http::post(server.rest(), "/directory/v1/passwordRequirements", Some(&carol), &body).status, 403);
}
