//! The whole life of each factor, code and token: made, used, used again, guessed at, replaced, taken away. After it no secret stands
//! anywhere where it could be found: in the log, the store's files, exports, answers to searches, metrics, what commands print.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

mod common;

use std::time::{SystemTime, UNIX_EPOCH};

use common::{
    ber::{self, octets, sequence},
    client::{Change, Client, Response, SUBTREE, Search, tagged},
    code::*,
    command::run_with_input,
    http,
    mailbox::{self, Mailbox},
    oid,
    people::{ALICE, ALICE_PASSWORD, BOB, BOB_PASSWORD, CAROL, CAROL_PASSWORD, ROOT_PASSWORD, SUFFIX},
    process::{self, PROGRAM, Process},
    recovery,
    secrets::Secrets,
    totp::{SECRET, code_at},
    yubikey::{self, DEVICE},
};
use serde_json::{Value, json};

/// A server, every secret that it was told or told, and what it said where it refused.
struct Lives {
    server: Process,
    mailbox: Mailbox,
    /// Long enough not to come up by chance.
    secrets: Vec<String>,
    /// Six digits: looked for where there are no other long numbers.
    codes: Vec<String>,
    said: Vec<u8>,
}

impl Lives {
    fn new() -> Self {
        let mailbox = Mailbox::new();
        let [metrics] = process::free_addresses();
        let metrics = metrics.to_string();
        let variables = [
            ("LOCKOUT__FAILURES", "0"),
            ("REST__EXTENSIONS", "true"),
            ("DELIVERED_OTP__DIGITS", "12"),
            ("DELIVERY_LIMITS__PER_USER", "0/1h"),
            ("METRICS__LISTEN", metrics.as_str()),
        ];
        let server = Process::with_variables(&mailbox.settings("Mail"), &variables);
        let known = [SECRET, ALICE_PASSWORD, BOB_PASSWORD, CAROL_PASSWORD, ROOT_PASSWORD].map(str::to_owned).to_vec();
        let mut lives = Self { server, mailbox, secrets: known, codes: Vec::new(), said: Vec::new() };
        lives.passwords();
        lives.totp();
        lives.recovery_codes();
        lives.codes_that_are_sent();
        lives.tokens();
        lives.yubikey();
        let page = run_with_input("curl", &["-sSf", &format!("http://{metrics}/metrics")], "").succeeded().stdout;
        assert!(page.contains("countersign_proofs_total"), "{page}");
        lives.said.extend(page.into_bytes());
        lives
    }

    fn client(&self) -> Client {
        self.server.client()
    }

    fn carol(&self) -> Client {
        self.server.bound(CAROL, CAROL_PASSWORD)
    }

    /// A secret that comes up now.
    fn secret(&mut self, secret: &str) -> String {
        self.secrets.push(secret.to_owned());
        secret.to_owned()
    }

    /// A code of six digits that comes up now.
    fn code(&mut self, code: &str) -> String {
        self.codes.push(code.to_owned());
        code.to_owned()
    }

    fn code_of(&mut self, secret: &str, offset: i64) -> String {
        let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_secs();
        self.code(&code_at(secret, now, offset))
    }

    /// What was sent last.
    fn sent(&mut self, response: Response) -> String {
        assert_eq!(response.code, SUCCESS, "{}", response.diagnostic);
        let secret = self.mailbox.take().secret().to_owned();
        self.secret(&secret)
    }

    fn refused(&mut self, response: Response) {
        assert_eq!(response.code, INVALID_CREDENTIALS, "{}", response.diagnostic);
        self.said.extend(response.diagnostic.into_bytes());
    }

    fn post(&mut self, path: &str, requester: Option<&str>, body: &Value, status: u16) -> Value {
        let answer = http::post(self.server.rest(), path, requester, body);
        assert_eq!(answer.status, status, "{path}: {answer:?}");
        if status != 200 {
            self.said.extend(format!("{} {}", answer.headers, answer.body).into_bytes());
        }
        answer.body
    }

    fn authenticate(&mut self, kind: &str, user: &str, more: &Value, status: u16) {
        let mut credentials = more.clone();
        (credentials["authenticationType"], credentials["username"]) = (json!(kind), json!(user));
        self.post("/directory/v1/authenticate", None, &json!({ "credentials": credentials }), status);
    }

    /// What a command prints.
    fn run(&self, words: &[&str], input: &str) -> Vec<u8> {
        let configuration = self.server.configuration();
        let arguments = [words, &["--config", configuration.to_str().unwrap()]].concat();
        let output = run_with_input(PROGRAM, &arguments, input).succeeded();
        format!("{}{}", output.stdout, output.stderr).into_bytes()
    }

    fn passwords(&mut self) {
        let wrong = [1, 2, 3, 4].map(|number| self.secret(&format!("a wrong password {number}")));
        self.refused(self.client().bind(ALICE, &wrong[0]));
        self.refused(self.client().bind_plain("u:bob", &wrong[1]));
        self.authenticate("password", "bob", &json!({ "staticPassword": wrong[2] }), 401);
        let basic = http::basic(BOB, &wrong[3]);
        let answer = http::get(self.server.rest(), "/directory/v1/me", Some(&basic));
        self.said.extend(format!("{answer:?}").into_bytes());
        let basic = http::basic(CAROL, CAROL_PASSWORD);
        let suggested = self.post("/directory/v1/suggestPassword", Some(&basic), &json!({}), 200);
        let suggested = suggested["generatedPasswords"][0]["password"].as_str().unwrap().to_owned();
        let [first, second] = [suggested.as_str(), "an altogether new one"].map(|password| self.secret(password));
        let set = |old: Option<&str>, new: &str| {
            let members = [(0, Some(BOB)), (1, old), (2, Some(new))];
            let members: Vec<(u8, &str)> = members.iter().filter_map(|(tag, text)| Some((*tag, (*text)?))).collect();
            tagged(&members)
        };
        assert_eq!(self.server.root().extended(oid::PASSWORD_MODIFY, Some(&set(None, &first))).code, SUCCESS);
        self.refused(self.client().extended(oid::PASSWORD_MODIFY, Some(&set(Some(&wrong[0]), &second))));
        assert_eq!(self.client().extended(oid::PASSWORD_MODIFY, Some(&set(Some(&first), &second))).code, SUCCESS);
        self.access_token(&second);
        self.run(&["user", "password", "bob", "--password-file", "-"], &format!("{BOB_PASSWORD}\n"));
        assert_eq!(self.client().bind(BOB, BOB_PASSWORD).code, SUCCESS);
    }

    /// One that is used at both doors, and then ended by the change of Bob's password.
    fn access_token(&mut self, password: &str) {
        let credentials = json!({"authenticationType": "password", "username": "bob", "staticPassword": password});
        let body = self.post("/directory/v1/authenticate", None, &json!({ "credentials": credentials }), 200);
        let token = self.secret(body["accessToken"].as_str().unwrap());
        let header = format!("Bearer {token}");
        let me = |header: &str| http::get(self.server.rest(), "/directory/v1/me", Some(header)).status;
        assert_eq!((me(&header), me(&format!("{header}x"))), (200, 401));
        let credentials = format!("n,,\x01auth={header}\x01\x01");
        assert_eq!(self.client().bind_sasl("OAUTHBEARER", Some(credentials.as_bytes())).code, SUCCESS);
    }

    fn totp(&mut self) {
        let response = self.client().extended(oid::GENERATE_TOTP, Some(&tagged(&[(0, "u:bob"), (1, BOB_PASSWORD)])));
        assert_eq!(response.code, SUCCESS, "{}", response.diagnostic);
        let made = self.secret(std::str::from_utf8(&response.value.unwrap()[4..]).unwrap());
        let [spent, next, other] = [-1, 0, 700].map(|offset| self.code_of(&made, offset));
        assert_eq!(self.client().bind(BOB, format!("{BOB_PASSWORD}{spent}")).code, SUCCESS);
        self.refused(self.client().bind(BOB, format!("{BOB_PASSWORD}{spent}")));
        self.refused(self.client().bind_totp("u:bob", Some(BOB_PASSWORD), &other));
        self.authenticate("passwordPlusTOTP", "bob", &json!({"staticPassword": BOB_PASSWORD, "totp": spent}), 401);
        self.refused(self.carol().extended(oid::VALIDATE_TOTP, Some(&tagged(&[(0, BOB), (1, &other)]))));
        let basic = http::basic(CAROL, CAROL_PASSWORD);
        let generated =
            self.post(&format!("/directory/v1/{BOB}/generateTOTPSharedSecret"), Some(&basic), &json!({}), 200);
        let second = self.secret(generated["totpSharedSecret"].as_str().unwrap());
        let wrong = self.secret("JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP");
        self.refused(self.client().extended(oid::REVOKE_TOTP, Some(&tagged(&[(0, "u:bob"), (2, &wrong)]))));
        assert_eq!(
            self.client().extended(oid::REVOKE_TOTP, Some(&tagged(&[(0, "u:bob"), (2, &second)]))).code,
            SUCCESS
        );
        let owner = json!({"staticPassword": format!("{BOB_PASSWORD}{next}")});
        self.post(&format!("/directory/v1/{BOB}/revokeTOTPSharedSecret"), None, &owner, 200);
        let written = self.secret("MFRGGZDFMZTWQ2LKNNWG23TPOBYXE43U");
        let values: &[&str] = &[&written];
        for change in
            [Change::Add("ds-auth-totp-shared-secret", values), Change::Delete("ds-auth-totp-shared-secret", values)]
        {
            let changed = self.server.root().modify(CAROL, &[change]);
            assert_eq!(changed.code, SUCCESS, "{}", changed.diagnostic);
        }
    }

    fn recovery_codes(&mut self) {
        let codes = recovery::generate(&mut self.carol(), &[(0, "u:alice")]);
        codes.iter().for_each(|code| drop(self.secret(code)));
        let guess = self.secret("zzzz-zzzz-zzzz");
        for _ in 0..2 {
            let response = self.client().bind(ALICE, format!("{ALICE_PASSWORD}{}", codes[0]));
            if response.code != SUCCESS {
                self.refused(response);
            }
        }
        self.refused(self.client().bind_totp("u:alice", Some(ALICE_PASSWORD), &guess));
        self.authenticate("passwordPlusTOTP", "alice", &json!({"staticPassword": ALICE_PASSWORD, "totp": guess}), 401);
        let owner = json!({"staticPassword": format!("{ALICE_PASSWORD}{}", codes[1].replace('-', ""))});
        let again = self.post(&format!("/countersign/v1/{ALICE}/generateRecoveryCodes"), None, &owner, 200);
        for code in again["recoveryCodes"].as_array().unwrap() {
            self.secret(code.as_str().unwrap());
        }
        self.refused(self.client().bind(ALICE, format!("{ALICE_PASSWORD}{}", codes[2])));
        // Those of before the last ones are revoked too: what is made at the end stays.
        assert_eq!(self.carol().extended(oid::REVOKE_RECOVERY, Some(&tagged(&[(0, "u:alice")]))).code, SUCCESS);
        let kept = String::from_utf8(self.run(&["--json", "recovery", "generate", "alice"], "")).unwrap();
        let kept: Value = serde_json::from_str(&kept).unwrap();
        kept["recoveryCodes"].as_array().unwrap().iter().for_each(|code| drop(self.secret(code.as_str().unwrap())));
    }

    fn codes_that_are_sent(&mut self) {
        let mut carol = self.client();
        let wrong = self.secret("765432765432");
        let replaced = mailbox::deliver(&mut carol, "u:carol", Some(CAROL_PASSWORD));
        let replaced = self.sent(replaced);
        let code = mailbox::deliver(&mut carol, "u:carol", Some(CAROL_PASSWORD));
        let code = self.sent(code);
        for guess in [&replaced, &wrong] {
            self.refused(mailbox::bind(&mut self.client(), "u:carol", guess));
            self.authenticate("passwordPlusDeliveredOTP", "carol", &json!({ "otp": guess }), 401);
        }
        assert_eq!(mailbox::bind(&mut self.client(), "u:carol", &code).code, SUCCESS);
        self.refused(mailbox::bind(&mut self.client(), "u:carol", &code));
        // One that nobody uses.
        let body = json!({"dn": CAROL, "staticPassword": CAROL_PASSWORD});
        self.post("/directory/v1/deliverOneTimePassword", None, &body, 200);
        let unused = self.mailbox.take().secret().to_owned();
        self.secret(&unused);
    }

    fn tokens(&mut self) {
        let mut carol = self.carol();
        let purpose = [octets(BOB), octets("purpose")];
        let order = sequence(&purpose);
        let consume = |token: &str| sequence(&[&purpose[..], &[octets(token)]].concat());
        let wrong = self.secret("a wrong token");
        let token = carol.extended(oid::DELIVER_TOKEN, Some(&order));
        let token = self.sent(token);
        self.refused(carol.extended(oid::CONSUME_TOKEN, Some(&consume(&wrong))));
        assert_eq!(carol.extended(oid::CONSUME_TOKEN, Some(&consume(&token))).code, SUCCESS);
        self.refused(carol.extended(oid::CONSUME_TOKEN, Some(&consume(&token))));
        let unused = carol.extended(oid::DELIVER_TOKEN, Some(&order));
        self.sent(unused);
        let reset = sequence(&[octets(BOB)]);
        let token = carol.extended(oid::DELIVER_RESET_TOKEN, Some(&reset));
        let token = self.sent(token);
        let new = self.secret("a newer one, after a reset");
        let change = |old: &str| tagged(&[(0, BOB), (1, old), (2, &new)]);
        self.refused(self.client().extended(oid::PASSWORD_MODIFY, Some(&change(&wrong))));
        assert_eq!(self.client().extended(oid::PASSWORD_MODIFY, Some(&change(&token))).code, SUCCESS);
        self.refused(self.client().extended(oid::PASSWORD_MODIFY, Some(&change(&token))));
        let unused = carol.extended(oid::DELIVER_RESET_TOKEN, Some(&reset));
        self.sent(unused);
    }

    fn yubikey(&mut self) {
        let [registered, used, refused, last] = [0, 1, 2, 3].map(|uses| DEVICE.otp(1, uses));
        for typed in [&registered, &used, &refused, &last] {
            self.secret(&typed[12..]);
        }
        let [aes, private_id] = [DEVICE.aes, DEVICE.private_id].map(|secret| self.secret(secret));
        let file = self.server.site().with_extension("yubikey");
        std::fs::write(&file, format!("{aes} {private_id}\n")).unwrap();
        self.run(&["yubikey", "add", DEVICE.id, "--key-file", file.to_str().unwrap()], "");
        let register = yubikey::request(Some("u:carol"), Some(CAROL_PASSWORD), Some(&registered));
        assert_eq!(self.client().extended(oid::REGISTER_YUBIKEY, Some(&register)).code, SUCCESS);
        self.refused(self.client().extended(oid::REGISTER_YUBIKEY, Some(&register)));
        assert_eq!(self.client().bind(CAROL, format!("{CAROL_PASSWORD}{used}")).code, SUCCESS);
        self.refused(self.client().bind(CAROL, format!("{CAROL_PASSWORD}{used}")));
        let wrong = yubikey::credentials("u:carol", Some("wrong"), &refused);
        self.refused(self.client().bind_sasl("UNBOUNDID-YUBIKEY-OTP", Some(&wrong)));
        let body = json!({"staticPassword": CAROL_PASSWORD, "otp": used});
        self.authenticate("passwordPlusYubiKeyOTP", "carol", &body, 401);
        let field = format!("{CAROL_PASSWORD}{last}");
        let deregister = yubikey::request(Some("u:carol"), Some(&field), None);
        assert_eq!(self.client().extended(oid::DEREGISTER_YUBIKEY, Some(&deregister)).code, SUCCESS);
        // Its key is still there, to be looked for.
        DEVICE.given_to(&mut self.server.root(), ALICE);
    }

    /// Everything that searches bring, to whoever may see most and to users, and what else tells of accounts.
    fn answers(&self) -> Vec<u8> {
        let mut all = Vec::new();
        let mut root = self.server.root();
        let secret = [
            "userPassword",
            "ds-auth-totp-shared-secret",
            "ds-auth-delivered-otp",
            "ds-auth-password-reset-token",
            "ds-auth-single-use-token",
            "countersign-yubikey-key",
            "countersign-recovery-code",
        ];
        let attributes = [&["*", "+"][..], &secret].concat();
        for base in [SUFFIX, "cn=yubikeys", "cn=schema", ""] {
            let scope = if base.is_empty() || base == "cn=schema" { 0 } else { SUBTREE };
            let found = root.search(&Search::new(base, scope, "(objectClass=*)").attributes(&attributes));
            assert!(found.result.code == SUCCESS && !found.entries.is_empty(), "{base}");
            for (name, values) in found.entries.into_iter().flat_map(|entry| entry.attributes) {
                all.extend(name.into_bytes());
                all.extend(values.into_iter().flatten());
            }
        }
        for dn in [ALICE, BOB, CAROL] {
            let state = root.extended(oid::PASSWORD_POLICY_STATE, Some(&sequence(&[octets(dn)])));
            assert_eq!(state.code, SUCCESS);
            all.extend(ber::elements(&state.value.unwrap())[0].1);
            let basic = http::basic("cn=Directory Manager", ROOT_PASSWORD);
            for path in [format!("/directory/v1/{dn}"), format!("/countersign/v1/{dn}/recoveryCodes")] {
                let answer = http::get(self.server.rest(), &path, Some(&basic));
                assert_eq!(answer.status, 200, "{path}: {answer:?}");
                all.extend(format!("{}{}", answer.headers, answer.body).into_bytes());
            }
        }
        for words in ["user show alice", "totp list alice", "yubikey list", "recovery count alice", "health"] {
            all.extend(self.run(&words.split(' ').collect::<Vec<_>>(), ""));
        }
        all
    }
}

#[test]
fn no_secret_is_to_be_found_anywhere_afterwards() {
    let mut lives = Lives::new();
    let (secrets, codes) = (Secrets::new(&lives.secrets), Secrets::new(&lives.codes));
    let answers = lives.answers();
    let exported = lives.run(&["export"], "");
    assert!(String::from_utf8_lossy(&exported).contains(&format!("dn: {ALICE}")));
    let copy = lives.server.site().join("copy.backup");
    lives.run(&["backup", copy.to_str().unwrap()], "");
    secrets.assert_absent_below(&lives.server.site());
    assert_eq!(lives.server.terminate(), 0);
    let checked = lives.run(&["check"], "");
    secrets.assert_absent_below(&lives.server.site());
    let log = lives.server.log();
    assert!(log.contains("wrong-password") && log.contains("code-already-used"), "the log tells reasons: {log}");
    let places = [
        ("the log", log.as_bytes()),
        ("the export", &exported),
        ("what searches and commands say", &answers),
        ("what refusals say, and metrics", &lives.said),
        ("check", &checked),
    ];
    for (place, bytes) in places {
        secrets.assert_absent(place, bytes);
        codes.assert_absent(place, bytes);
    }
}

#[test]
fn what_is_looked_for_would_be_found() {
    let secrets = Secrets::new(&[SECRET, ALICE_PASSWORD, "bcdf-ghjk-mnpq", DEVICE.aes].map(str::to_owned));
    let basic = http::basic(ALICE, &format!("{ALICE_PASSWORD}123456"));
    let digest = <sha2::Sha256 as sha2::Digest>::digest(b"bcdfghjkmnpq");
    let held: [&[u8]; 7] = [
        b"..CORRECT HORSE..",
        b"12345678901234567890",
        b"3132333435363738393031323334353637383930",
        basic.as_bytes(),
        b"xxBCDF-GHJK-MNPQ",
        &digest,
        &[0xEC, 0xDE, 0x18, 0xDB, 0xE7, 0x6F, 0xBD, 0x0C, 0x33, 0x33, 0x0F, 0x1C, 0x35, 0x48, 0x71, 0xDB],
    ];
    for bytes in held {
        assert!(secrets.found_in(bytes).is_some(), "{}", String::from_utf8_lossy(bytes));
    }
    assert!(secrets.found_in(b"nothing of it, 123456789").is_none());
}
