//! Each state of an account at each door, one cell a door: what the right proof comes to. A closed account is refused as a wrong password
//! is, whatever is proven.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

mod common;

use std::time::Duration;

use common::{
    account_state::ask,
    client::{Client, tagged},
    code::*,
    http::{self, basic},
    mailbox::{self, Mailbox, delivered_credentials},
    oid,
    people::{PEOPLE, add_person},
    server::Server,
    totp::SECRET,
    yubikey::{self, DEVICE, Device},
};
use serde_json::json;

const PASSWORD: &str = "open sesame";
const RULES: &str = "[delivery_limits]\nper_user = \"0/1h\"\nper_recipient = \"0/1h\"\n\
    [password]\nmax_age = \"90d\"\nchange_within = \"3d\"\n[lockout]\nidle_after = \"60d\"\n";
const REFUSED: i64 = INVALID_CREDENTIALS;
const NOT_IN_THIS_STATE: i64 = 30_221_007;

/// A state, how an administrator brings it about, and what each kind of door answers.
struct State {
    name: &'static str,
    operations: &'static [(i64, &'static [&'static str])],
    /// Days that pass then.
    days: u64,
    binds: i64,
    /// The static password within an operation.
    operation: i64,
    /// The same where a code is to be sent.
    deliver: i64,
    /// A new password, by the old one and by a token that was sent before.
    by_password: i64,
    by_token: i64,
}

impl State {
    const fn closed(name: &'static str, operations: &'static [(i64, &'static [&'static str])]) -> Self {
        let (binds, operation, by_password, by_token) = (REFUSED, REFUSED, REFUSED, REFUSED);
        Self { name, operations, days: 0, binds, operation, deliver: NOT_IN_THIS_STATE, by_password, by_token }
    }
}

const LONG_AGO: &[&str] = &["20300101000000Z"];
const STATES: &[State] = &[
    State { binds: SUCCESS, operation: SUCCESS, deliver: SUCCESS, by_password: SUCCESS, ..State::closed("open", &[]) },
    State::closed("disabled", &[(2, &["true"])]),
    State::closed("not yet active", &[(46, &["20500101000000Z"])]),
    State::closed("expired", &[(5, LONG_AGO)]),
    State::closed("expired as of now", &[(5, &[])]),
    State { days: 61, ..State::closed("idle", &[]) },
    State { days: 4, ..State::closed("reset and not taken up", &[(27, &["true"])]) },
    State::closed("its password breaks the rules", &[(87, &["true"])]),
    // Nothing is told of a lock, and a token that was sent opens it.
    State { deliver: REFUSED, by_token: SUCCESS, ..State::closed("locked after failures", &[(60, &["true"])]) },
    State { binds: SUCCESS, by_password: SUCCESS, ..State::closed("must change", &[(27, &["true"])]) },
    State { by_password: SUCCESS, ..State::closed("password expired", &[(22, &[]), (23, &[]), (9, LONG_AGO)]) },
];

/// Somebody with every factor, as one state after another finds them.
struct Somebody<'a> {
    server: &'a Server,
    uid: String,
    dn: String,
    delivered: String,
    otps: Vec<String>,
}

impl Somebody<'_> {
    fn id(&self) -> String {
        format!("u:{}", self.uid)
    }

    /// A code that was not used yet.
    fn code(&self) -> String {
        self.server.advance(Duration::from_secs(30));
        self.server.code(0)
    }

    fn field(&self) -> String {
        format!("{PASSWORD}{}", self.code())
    }

    fn authenticate(&self, kind: &str, members: serde_json::Value) -> i64 {
        let mut credentials = json!({"authenticationType": kind, "username": self.uid});
        credentials.as_object_mut().unwrap().extend(members.as_object().unwrap().clone());
        let path = "/directory/v1/authenticate";
        ldap_code(&http::post(self.server.rest(), path, None, &json!({"credentials": credentials})))
    }

    /// Every door by which one becomes somebody, with the right proof.
    fn binds(&mut self) -> Vec<(&'static str, i64)> {
        let client = || self.server.client();
        let plain = client().bind_plain(&self.id(), &self.field()).code;
        let yubikey = yubikey::credentials(&self.id(), Some(PASSWORD), &self.otps[0]);
        let delivered = delivered_credentials(&self.id(), &self.delivered);
        let own = format!("/directory/v1/{}", self.dn);
        vec![
            ("delivered code", client().bind_sasl("UNBOUNDID-DELIVERED-OTP", Some(&delivered)).code),
            ("simple", client().bind(&self.dn, self.field()).code),
            ("PLAIN", plain),
            ("TOTP", client().bind_totp(&self.id(), Some(PASSWORD), &self.code()).code),
            ("YubiKey", client().bind_sasl("UNBOUNDID-YUBIKEY-OTP", Some(&yubikey)).code),
            ("simple with a YubiKey", client().bind(&self.dn, format!("{PASSWORD}{}", self.otps[1])).code),
            ("REST password", self.authenticate("password", json!({"staticPassword": self.field()}))),
            (
                "REST TOTP",
                self.authenticate("passwordPlusTOTP", json!({"staticPassword": PASSWORD, "totp": self.code()})),
            ),
            (
                "REST YubiKey",
                self.authenticate("passwordPlusYubiKeyOTP", json!({"staticPassword": PASSWORD, "otp": self.otps[2]})),
            ),
            ("Basic", ldap_code(&http::get(self.server.rest(), &own, Some(&basic(&self.uid, &self.field()))))),
        ]
    }
}

/// What an answer over HTTP would be over LDAP, as far as these tests go.
fn ldap_code(answer: &http::Answer) -> i64 {
    match answer.status {
        200 => SUCCESS,
        401 => INVALID_CREDENTIALS,
        403 => INSUFFICIENT_ACCESS_RIGHTS,
        status => -i64::from(status),
    }
}

fn new_password(client: &mut Client, dn: &str, old: &str) -> i64 {
    client.extended(oid::PASSWORD_MODIFY, Some(&tagged(&[(0, dn), (1, old), (2, "another one")]))).code
}

#[test]
fn each_state_is_what_it_is_at_every_door() {
    let mailbox = Mailbox::new();
    let server = Server::with(&format!("{}{RULES}", mailbox.settings("Mail")));
    Device::known(&mut server.root(), &DEVICE);
    for (number, state) in STATES.iter().enumerate() {
        let mut somebody = begin(&server, &mailbox, number);
        let mut root = server.root();
        let (dn, id) = (somebody.dn.clone(), somebody.id());
        let response =
            root.extended(oid::DELIVER_RESET_TOKEN, Some(&common::ber::sequence(&[common::ber::octets(&dn)])));
        assert_eq!(response.code, SUCCESS, "{}: {}", state.name, response.diagnostic);
        let token = mailbox.take().secret().to_owned();
        ask(&mut root, &dn, state.operations).unwrap();
        server.advance(Duration::from_secs(state.days * 86_400));
        for (door, code) in somebody.binds() {
            // Whoever must change the password reads nothing by it.
            let is_read = door == "Basic" && state.name == "must change";
            let expected = if is_read { INSUFFICIENT_ACCESS_RIGHTS } else { state.binds };
            assert_eq!(code, expected, "{}: {door}", state.name);
        }
        let asks = tagged(&[(0, &id), (1, &somebody.field())]);
        let generated = server.client().extended(oid::GENERATE_TOTP, Some(&asks)).code;
        assert_eq!(generated, state.operation, "{}: generate", state.name);
        let sent = mailbox::deliver(&mut server.client(), &id, Some(PASSWORD)).code;
        assert_eq!(sent, state.deliver, "{}: deliver", state.name);
        let by_password = new_password(&mut server.client(), &dn, PASSWORD);
        assert_eq!(by_password, state.by_password, "{}: by the old password", state.name);
        let by_token = new_password(&mut server.client(), &dn, &token);
        assert_eq!(by_token, state.by_token, "{}: by a token", state.name);
        assert_eq!(root.delete(&dn).code, SUCCESS);
        mailbox.empty();
    }
}

#[test]
fn a_code_that_was_sent_opens_no_closed_account_over_rest_either() {
    let mailbox = Mailbox::new();
    let server = Server::with(&format!("{}{RULES}", mailbox.settings("Mail")));
    Device::known(&mut server.root(), &DEVICE);
    for (number, state) in STATES.iter().enumerate() {
        let somebody = begin(&server, &mailbox, number);
        let mut root = server.root();
        ask(&mut root, &somebody.dn, state.operations).unwrap();
        server.advance(Duration::from_secs(state.days * 86_400));
        let code = somebody.authenticate("passwordPlusDeliveredOTP", json!({"otp": somebody.delivered}));
        assert_eq!(code, state.binds, "{}", state.name);
        assert_eq!(root.delete(&somebody.dn).code, SUCCESS);
        mailbox.empty();
    }
}

/// Somebody new whose account is open, with a code that was sent.
fn begin<'a>(server: &'a Server, mailbox: &Mailbox, number: usize) -> Somebody<'a> {
    let (uid, session) = (format!("person{number}"), u16::try_from(number).unwrap() + 1);
    let dn = format!("uid={uid},{PEOPLE}");
    let mut root = server.root();
    let more: &[(&str, &[&str])] = &[("ds-auth-totp-shared-secret", &[SECRET])];
    add_person(&mut root, &uid, "Some Body", PASSWORD, more);
    DEVICE.given_to(&mut root, &dn);
    let sent = mailbox::deliver(&mut server.client(), &format!("u:{uid}"), Some(PASSWORD));
    assert_eq!(sent.code, SUCCESS, "{}", sent.diagnostic);
    let delivered = mailbox.take().secret().to_owned();
    let otps = (0..3).map(|uses| DEVICE.otp(session, uses)).collect();
    Somebody { server, uid, dn, delivered, otps }
}

#[test]
fn the_root_user_over_the_socket_is_nobodys_account() {
    let server = Server::with(RULES);
    let socket = server.site().join("data/ldapi");
    let url = format!("ldapi://{}", socket.to_str().unwrap().replace('/', "%2F"));
    let output = common::command::run("ldapwhoami", &["-Q", "-Y", "EXTERNAL", "-H", &url]);
    assert!(output.stdout.contains("cn=Directory Manager"), "{} {}", output.stdout, output.stderr);
}
