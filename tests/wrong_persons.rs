//! Each operation on factors by each person with each proof: anonymous, the user, somebody else, the help desk; without a password, with
//! a wrong one, with the right one, with the right one and a code; about an account without and with a second factor. The documented
//! result code, and on refusal nothing is changed and nothing sent.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

mod common;

use common::{
    ber::{octets, sequence},
    client::{Client, tagged},
    code::*,
    mailbox::Mailbox,
    oid,
    people::{BOB, BOB_PASSWORD, CAROL, CAROL_PASSWORD, PEOPLE, add_person},
    recovery,
    server::Server,
    totp::SECRET,
    yubikey::{self, DEVICE, Device},
};

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Who {
    Anonymous,
    Itself,
    Other,
    Administrator,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Proof {
    None,
    Wrong,
    Password,
    PasswordAndCode,
}

const PASSWORD: &str = "of a twin";
const DEVICE_ID: &str = "ds-auth-yubikey-public-id";

/// What a request is made of.
struct About<'a> {
    dn: &'a str,
    /// The static password that the proof comes to.
    password: Option<&'a str>,
    /// A fresh code of the user's TOTP secret.
    code: &'a str,
    /// A fresh OTP of a device that is nobody's.
    otp: &'a str,
}

/// One operation: its OID, the value of its request, and what it answers whoever may ask.
struct Operation {
    name: &'static str,
    oid: &'static str,
    value: fn(&About<'_>) -> Vec<u8>,
    /// The code for whom it concerns, without and with a second factor.
    allowed: [i64; 2],
    /// What the user who is bound and gives no password is answered, if it is not that.
    itself_without_password: Option<i64>,
}

/// Those that take a static password.
const BY_PASSWORD: [Operation; 6] = [
    Operation {
        name: "generate TOTP",
        oid: oid::GENERATE_TOTP,
        value: named,
        allowed: [SUCCESS; 2],
        itself_without_password: Some(UNWILLING_TO_PERFORM),
    },
    Operation {
        name: "revoke TOTP",
        oid: oid::REVOKE_TOTP,
        value: named,
        allowed: [SUCCESS; 2],
        itself_without_password: Some(UNWILLING_TO_PERFORM),
    },
    Operation {
        name: "generate recovery codes",
        oid: oid::GENERATE_RECOVERY,
        value: named,
        allowed: [UNWILLING_TO_PERFORM, SUCCESS],
        itself_without_password: Some(UNWILLING_TO_PERFORM),
    },
    Operation {
        name: "revoke recovery codes",
        oid: oid::REVOKE_RECOVERY,
        value: named,
        allowed: [SUCCESS; 2],
        itself_without_password: Some(UNWILLING_TO_PERFORM),
    },
    Operation {
        name: "register YubiKey",
        oid: oid::REGISTER_YUBIKEY,
        value: |about| yubikey::request(Some(&format!("dn:{}", about.dn)), about.password, Some(about.otp)),
        allowed: [SUCCESS; 2],
        itself_without_password: None,
    },
    Operation {
        name: "deregister YubiKey",
        oid: oid::DEREGISTER_YUBIKEY,
        value: |about| yubikey::request(Some(&format!("dn:{}", about.dn)), about.password, None),
        allowed: [SUCCESS; 2],
        itself_without_password: None,
    },
];

/// Those about a user by DN, which take no password.
const BY_REQUESTER: [Operation; 6] = [
    Operation {
        name: "validate TOTP",
        oid: oid::VALIDATE_TOTP,
        value: |about| tagged(&[(0, about.dn), (1, about.code)]),
        allowed: [INAPPROPRIATE_AUTHENTICATION, SUCCESS],
        itself_without_password: None,
    },
    Operation {
        name: "supported mechanisms",
        oid: oid::SUPPORTED_MECHANISMS,
        value: |about| tagged(&[(0, about.dn)]),
        allowed: [SUCCESS; 2],
        itself_without_password: None,
    },
    Operation {
        name: "count recovery codes",
        oid: oid::COUNT_RECOVERY,
        value: |about| tagged(&[(0, about.dn)]),
        allowed: [SUCCESS; 2],
        itself_without_password: None,
    },
    Operation {
        name: "deliver single-use token",
        oid: oid::DELIVER_TOKEN,
        value: |about| sequence(&[octets(about.dn), octets("purpose")]),
        allowed: [SUCCESS; 2],
        itself_without_password: None,
    },
    Operation {
        name: "consume single-use token",
        oid: oid::CONSUME_TOKEN,
        value: |about| sequence(&[octets(about.dn), octets("purpose"), octets("none was sent")]),
        allowed: [INVALID_CREDENTIALS; 2],
        itself_without_password: None,
    },
    Operation {
        name: "deliver password reset token",
        oid: oid::DELIVER_RESET_TOKEN,
        value: |about| sequence(&[octets(about.dn)]),
        allowed: [SUCCESS; 2],
        itself_without_password: Some(INSUFFICIENT_ACCESS_RIGHTS),
    },
];

fn named(about: &About<'_>) -> Vec<u8> {
    let id = format!("dn:{}", about.dn);
    let mut members = vec![(0, id.as_str())];
    members.extend(about.password.map(|password| (1, password)));
    tagged(&members)
}

impl Operation {
    fn expected(&self, who: Who, proof: Proof, has_factor: bool) -> i64 {
        let allowed = self.allowed[usize::from(has_factor)];
        match (proof, who) {
            (Proof::Wrong, _) => INVALID_CREDENTIALS,
            (Proof::None, Who::Anonymous | Who::Other) => INSUFFICIENT_ACCESS_RIGHTS,
            (Proof::None, Who::Itself) => self.itself_without_password.unwrap_or(allowed),
            // The requester has proven the second factor, or may reset it.
            (Proof::None, Who::Administrator) | (Proof::Password, Who::Itself | Who::Administrator) => allowed,
            (Proof::Password, _) if has_factor => INVALID_CREDENTIALS,
            (Proof::Password | Proof::PasswordAndCode, _) => allowed,
        }
    }
}

/// The server, and connections of those who ask about many.
struct Scene {
    server: Server,
    mailbox: Mailbox,
    root: Client,
    anonymous: Client,
    other: Client,
    administrator: Client,
    twins: u16,
}

impl Scene {
    fn new() -> Self {
        let mailbox = Mailbox::new();
        let more =
            "[lockout]\nfailures = 0\n[password]\nscheme = \"ssha256\"\n[delivery_limits]\nper_user = \"0/1h\"\n";
        let server = Server::with(&format!("{}{more}", mailbox.settings("Mail")));
        let mut root = server.root();
        Device::known(&mut root, &DEVICE);
        let (anonymous, other) = (server.client(), server.bound(BOB, BOB_PASSWORD));
        let administrator = server.bound(CAROL, CAROL_PASSWORD);
        Self { server, mailbox, root, anonymous, other, administrator, twins: 0 }
    }

    /// A user of one's own for each attempt: with TOTP, a YubiKey and recovery codes, or without anything.
    fn twin(&mut self, has_factors: bool) -> String {
        self.twins += 1;
        let uid = format!("twin{}", self.twins);
        let dn = format!("uid={uid},{PEOPLE}");
        let device = device_of(self.twins);
        let values = [[SECRET], [device.as_str()]];
        let factors: &[(&str, &[&str])] = &[("ds-auth-totp-shared-secret", &values[0]), (DEVICE_ID, &values[1])];
        add_person(&mut self.root, &uid, "A Twin", PASSWORD, if has_factors { factors } else { &[] });
        if has_factors {
            recovery::generate(&mut self.administrator, &[(0, &format!("dn:{dn}"))]);
        }
        dn
    }

    fn attempt(&mut self, operation: &Operation, who: Who, proof: Proof, has_factor: bool, otp: &str) {
        let dn = self.twin(has_factor);
        let [first, code, last] = [-1, 0, 1].map(|offset| self.server.code(offset));
        let password = match proof {
            Proof::None => None,
            Proof::Wrong => Some("wrong".to_owned()),
            Proof::Password => Some(PASSWORD.to_owned()),
            Proof::PasswordAndCode => Some(format!("{PASSWORD}{code}")),
        };
        let about = About { dn: &dn, password: password.as_deref(), code: &code, otp };
        let value = (operation.value)(&about);
        let mut itself;
        let requester = match who {
            Who::Anonymous => &mut self.anonymous,
            Who::Itself => {
                itself =
                    self.server.bound(&dn, &if has_factor { format!("{PASSWORD}{first}") } else { PASSWORD.into() });
                &mut itself
            }
            Who::Other => &mut self.other,
            Who::Administrator => &mut self.administrator,
        };
        let response = requester.extended(operation.oid, Some(&value));
        let case = format!("{} by {who:?} with {proof:?}, has a factor: {has_factor}", operation.name);
        assert_eq!(response.code, operation.expected(who, proof, has_factor), "{case}: {}", response.diagnostic);
        if response.code == SUCCESS {
            self.mailbox.empty();
            self.free_device(&dn, has_factor);
            return;
        }
        assert_eq!((response.name, response.value), (None, None), "{case}");
        assert_eq!(self.mailbox.mails(), [], "{case}");
        let devices = self.root.read(&dn, &[DEVICE_ID]).values(DEVICE_ID);
        let expected = if has_factor { vec![device_of(self.twins)] } else { Vec::new() };
        assert_eq!(devices, expected, "{case}");
        assert_eq!(recovery::count(&mut self.root, &dn), if has_factor { 10 } else { 0 }, "{case}");
        // The same password, and the same secret or none.
        let field = if has_factor { format!("{PASSWORD}{last}") } else { PASSWORD.to_owned() };
        assert_eq!(self.server.client().bind(&dn, field).code, SUCCESS, "{case}");
    }

    /// The device that was registered is nobody's again.
    fn free_device(&mut self, dn: &str, has_factor: bool) {
        if self.root.read(dn, &[DEVICE_ID]).values(DEVICE_ID).contains(&DEVICE.id.to_owned()) {
            let keep = if has_factor { vec![device_of(self.twins)] } else { Vec::new() };
            let keep: Vec<&str> = keep.iter().map(String::as_str).collect();
            let changes = [common::client::Change::Replace(DEVICE_ID, &keep)];
            assert_eq!(self.root.modify(dn, &changes).code, SUCCESS);
        }
    }
}

/// The public ID of the only device of a twin.
fn device_of(twin: u16) -> String {
    let digits = b"cbdefghijklnrtuv";
    let modhex = (0..3).rev().map(|place| char::from(digits[usize::from(twin >> (4 * place) & 15)]));
    format!("vvdddddd{}c", modhex.collect::<String>())
}

const PERSONS: [Who; 4] = [Who::Anonymous, Who::Itself, Who::Other, Who::Administrator];

#[test]
fn operations_by_password_answer_each_person_as_documented_and_change_nothing_on_refusal() {
    let mut scene = Scene::new();
    for operation in &BY_PASSWORD {
        for who in PERSONS {
            for has_factor in [false, true] {
                for proof in [Proof::None, Proof::Wrong, Proof::Password, Proof::PasswordAndCode] {
                    if has_factor || proof != Proof::PasswordAndCode {
                        // Pressed once for each attempt; those of other operations do not look at it.
                        let otp = DEVICE.otp(1 + scene.twins, 0);
                        scene.attempt(operation, who, proof, has_factor, &otp);
                    }
                }
            }
        }
    }
}

#[test]
fn operations_about_a_user_answer_each_person_as_documented_and_send_nothing_on_refusal() {
    let mut scene = Scene::new();
    for operation in &BY_REQUESTER {
        for who in PERSONS {
            for has_factor in [false, true] {
                scene.attempt(operation, who, Proof::None, has_factor, "");
            }
        }
    }
}

#[test]
fn a_code_is_sent_by_the_password_alone_or_to_whoever_is_bound() {
    let mut scene = Scene::new();
    let operation = |allowed, itself| Operation {
        name: "deliver one-time password",
        oid: oid::DELIVER_OTP,
        value: named,
        allowed: [allowed; 2],
        itself_without_password: Some(itself),
    };
    for (has_factor, who) in [false, true].into_iter().flat_map(|factor| PERSONS.map(|who| (factor, who))) {
        scene.attempt(&operation(SUCCESS, SUCCESS), who, Proof::Wrong, has_factor, "");
        // Nobody but the user may have one sent without the password, whatever their privileges.
        scene.attempt(&operation(INSUFFICIENT_ACCESS_RIGHTS, SUCCESS), who, Proof::None, has_factor, "");
        let dn = scene.twin(has_factor);
        let value = tagged(&[(0, &format!("dn:{dn}")), (1, PASSWORD)]);
        let requester = match who {
            Who::Anonymous | Who::Itself => &mut scene.anonymous,
            Who::Other => &mut scene.other,
            Who::Administrator => &mut scene.administrator,
        };
        assert_eq!(requester.extended(oid::DELIVER_OTP, Some(&value)).code, SUCCESS, "{who:?}");
        assert_eq!(scene.mailbox.take().to, format!("twin{}@example.com", scene.twins));
    }
}
