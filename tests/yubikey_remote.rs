//! YubiKeys whose keys are elsewhere: Debian's yubiserver as the validation server, and servers that say whatever they please.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

mod common;

use std::{
    collections::BTreeMap,
    net::SocketAddr,
    sync::{Arc, Barrier, Mutex},
};

use base64::{Engine, engine::general_purpose::STANDARD};
use common::{
    client::{Client, tagged},
    code::*,
    oid,
    people::{BOB, BOB_PASSWORD, CAROL, CAROL_PASSWORD},
    server::Server,
    web_server::{Reply, Seen, WebServer},
    yubikey::{DEVICE, Device, OTHER_DEVICE, credentials, request},
    yubiserver::{API_KEY, Yubiserver},
};
use hmac::{Hmac, KeyInit, Mac};
use sha1::Sha1;

/// A server whose OTPs are judged at these addresses; the first device is Bob's.
fn judged_at(keys: &str, addresses: &[SocketAddr], api_key: Option<&str>) -> Server {
    judged_within("600ms", keys, addresses, api_key)
}

/// The same, with time to spare for what is done meanwhile.
fn judged_at_patiently(address: SocketAddr) -> Server {
    judged_within("30s", "remote", &[address], Some(API_KEY))
}

fn judged_within(timeout: &str, keys: &str, addresses: &[SocketAddr], api_key: Option<&str>) -> Server {
    let urls: Vec<String> = addresses.iter().map(|at| format!("\"http://{at}/wsapi/2.0/verify\"")).collect();
    let api_key = api_key.map_or_else(String::new, |key| format!("api_key = \"{key}\"\n"));
    let server = Server::with(&format!(
        "[yubikey]\nkeys = \"{keys}\"\nvalidation_urls = [{}]\nclient_id = 1\n{api_key}[outgoing]\ntimeout = \"{timeout}\"\n",
        urls.join(", ")
    ));
    DEVICE.given_to(&mut server.root(), BOB);
    server
}

fn prove(server: &Server, password: &str, otp: &str) -> i64 {
    server.client().bind_sasl("UNBOUNDID-YUBIKEY-OTP", Some(&credentials("u:bob", Some(password), otp))).code
}

fn register(client: &mut Client, id: Option<&str>, password: Option<&str>, otp: &str) -> i64 {
    client.extended(oid::REGISTER_YUBIKEY, Some(&request(id, password, Some(otp)))).code
}

#[test]
fn a_real_validation_server_judges() {
    let yubiserver = Yubiserver::start(&[DEVICE, OTHER_DEVICE]);
    let server = judged_at("remote", &[yubiserver.address], Some(API_KEY));
    assert_eq!(prove(&server, BOB_PASSWORD, &DEVICE.otp(1, 1)), SUCCESS);
    assert_eq!(prove(&server, BOB_PASSWORD, &DEVICE.otp(1, 1)), INVALID_CREDENTIALS, "replayed");
    assert_eq!(prove(&server, BOB_PASSWORD, &OTHER_DEVICE.otp(1, 1)), INVALID_CREDENTIALS, "of another device");
    assert_eq!(server.client().bind(BOB, format!("{BOB_PASSWORD}{}", DEVICE.otp(2, 0))).code, SUCCESS);
    assert_eq!(server.client().bind(BOB, format!("{BOB_PASSWORD}{}", DEVICE.otp(1, 2))).code, INVALID_CREDENTIALS);
    // Asked whatever the password is worth, so the OTP is used up.
    assert_eq!(prove(&server, "wrong", &DEVICE.otp(3, 0)), INVALID_CREDENTIALS);
    assert_eq!(prove(&server, BOB_PASSWORD, &DEVICE.otp(3, 0)), INVALID_CREDENTIALS);
    // Registering asks too; a refused requester uses nothing up.
    let mut carol = server.bound(CAROL, CAROL_PASSWORD);
    assert_eq!(
        register(&mut server.client(), Some("u:carol"), Some("wrong"), &OTHER_DEVICE.otp(5, 1)),
        INVALID_CREDENTIALS
    );
    assert_eq!(register(&mut carol, None, None, &OTHER_DEVICE.otp(5, 1)), SUCCESS);
    assert_eq!(register(&mut carol, Some("u:bob"), None, &OTHER_DEVICE.otp(5, 2)), CONSTRAINT_VIOLATION);
    assert_eq!(carol.bind(CAROL, format!("{CAROL_PASSWORD}{}", OTHER_DEVICE.otp(6, 0))).code, SUCCESS);
}

#[test]
fn a_validation_server_that_is_stopped_in_the_middle_is_an_outage_and_counts_nothing() {
    let mut yubiserver = Yubiserver::start(&[DEVICE]);
    let server = judged_at("remote", &[yubiserver.address], Some(API_KEY));
    assert_eq!(prove(&server, BOB_PASSWORD, &DEVICE.otp(1, 1)), SUCCESS);
    yubiserver.end();
    for uses in 0..15 {
        assert_eq!(prove(&server, BOB_PASSWORD, &DEVICE.otp(2, uses)), UNAVAILABLE);
    }
    assert_eq!(
        prove(&server, "wrong", &DEVICE.otp(2, 15)),
        INVALID_CREDENTIALS,
        "52 confirms no password to strangers"
    );
    let mut carol = server.bound(CAROL, CAROL_PASSWORD);
    assert_eq!(register(&mut carol, None, None, &OTHER_DEVICE.otp(1, 0)), UNAVAILABLE);
    yubiserver.begin();
    assert_eq!(prove(&server, BOB_PASSWORD, &DEVICE.otp(2, 15)), SUCCESS);
    assert_eq!(prove(&server, BOB_PASSWORD, &DEVICE.otp(2, 14)), INVALID_CREDENTIALS);
}

#[test]
fn a_key_that_is_here_is_judged_here_and_others_elsewhere() {
    let yubiserver = Yubiserver::start(&[OTHER_DEVICE]);
    let server = judged_at("both", &[yubiserver.address], Some(API_KEY));
    let mut root = server.root();
    OTHER_DEVICE.given_to(&mut root, BOB);
    // Given before its key came: the device was heard of, and gets its key now.
    let key = format!("{} {}", DEVICE.aes, DEVICE.private_id);
    let dn = format!("cn={},cn=yubikeys", DEVICE.id);
    let add = [common::client::Change::Add("countersign-yubikey-key", &[&key])];
    assert_eq!(root.modify(&dn, &add).code, SUCCESS);
    for device in [DEVICE, OTHER_DEVICE] {
        assert_eq!(prove(&server, BOB_PASSWORD, &device.otp(1, 1)), SUCCESS, "{}", device.id);
        assert_eq!(prove(&server, BOB_PASSWORD, &device.otp(1, 1)), INVALID_CREDENTIALS, "{}", device.id);
    }
    drop(yubiserver);
    assert_eq!(prove(&server, BOB_PASSWORD, &DEVICE.otp(1, 2)), SUCCESS);
    assert_eq!(prove(&server, BOB_PASSWORD, &OTHER_DEVICE.otp(1, 2)), UNAVAILABLE);
}

/// The parameters of a request.
fn parameters(seen: &Seen) -> BTreeMap<String, String> {
    let query = seen.line.split(' ').nth(1).unwrap().split_once('?').unwrap().1;
    let decode = |text: &str| percent_encoding::percent_decode_str(text).decode_utf8().unwrap().into_owned();
    query
        .split('&')
        .map(|pair| pair.split_once('=').unwrap())
        .map(|(name, value)| (decode(name), decode(value)))
        .collect()
}

/// The signature of fields, made apart from the code under test.
fn signature(fields: &BTreeMap<String, String>) -> String {
    let text: Vec<String> = fields.iter().map(|(name, value)| format!("{name}={value}")).collect();
    let mut mac = Hmac::<Sha1>::new_from_slice(&STANDARD.decode(API_KEY).unwrap()).unwrap();
    mac.update(text.join("&").as_bytes());
    STANDARD.encode(mac.finalize().into_bytes())
}

/// A good answer to this request, before it is signed.
fn fields(seen: &Seen, status: &str) -> BTreeMap<String, String> {
    let asked = parameters(seen);
    let mut fields: BTreeMap<String, String> = [("t", "2026-11-22T12:00:00Z0123"), ("status", status), ("sl", "100")]
        .map(|(a, b)| (a.to_owned(), b.to_owned()))
        .into();
    for name in ["otp", "nonce"] {
        fields.insert(name.to_owned(), asked[name].clone());
    }
    fields
}

/// Signed, with these line ends.
fn signed(fields: &BTreeMap<String, String>, end: &str) -> String {
    let lines: String = fields.iter().map(|(name, value)| format!("{name}={value}{end}")).collect();
    format!("h={}{end}{lines}", signature(fields))
}

fn told(status: &'static str) -> impl Fn(&Seen) -> Reply {
    move |seen| Reply::Status(200, signed(&fields(seen, status), "\r\n"))
}

/// What Bob is answered when his OTP is judged by servers that behave so.
fn outcome(servers: &[&WebServer], api_key: Option<&str>) -> i64 {
    let addresses: Vec<SocketAddr> = servers.iter().map(|server| server.address).collect();
    prove(&judged_at("remote", &addresses, api_key), BOB_PASSWORD, &DEVICE.otp(1, 1))
}

type Answer = Box<dyn Fn(&Seen) -> Reply + Send>;

/// A validation server that says what it is told to say, and a server that believes it or not.
struct Judge {
    server: Server,
    answer: Arc<Mutex<Answer>>,
    uses: u8,
    _web: WebServer,
}

impl Judge {
    fn start() -> Self {
        let answer: Arc<Mutex<Answer>> = Arc::new(Mutex::new(Box::new(told("OK"))));
        let told = Arc::clone(&answer);
        let web = WebServer::start(move |seen| (*told.lock().unwrap())(seen));
        Self { server: judged_at("remote", &[web.address], Some(API_KEY)), answer, uses: 0, _web: web }
    }

    fn answers(&self, answer: impl Fn(&Seen) -> Reply + Send + 'static) {
        *self.answer.lock().unwrap() = Box::new(answer);
    }

    /// What Bob is answered.
    fn outcome(&mut self) -> i64 {
        self.uses += 1;
        prove(&self.server, BOB_PASSWORD, &DEVICE.otp(1, self.uses))
    }
}

#[test]
fn each_status_has_its_outcome() {
    let mut judge = Judge::start();
    for (status, code) in [
        ("OK", SUCCESS),
        ("BAD_OTP", INVALID_CREDENTIALS),
        ("REPLAYED_OTP", INVALID_CREDENTIALS),
        ("REPLAYED_REQUEST", UNAVAILABLE),
        ("BACKEND_ERROR", UNAVAILABLE),
        ("NOT_ENOUGH_ANSWERS", UNAVAILABLE),
        ("BAD_SIGNATURE", OTHER),
        ("MISSING_PARAMETER", OTHER),
        ("NO_SUCH_CLIENT", OTHER),
        ("OPERATION_NOT_ALLOWED", OTHER),
        ("SOMETHING_NEW", UNAVAILABLE),
    ] {
        judge.answers(told(status));
        assert_eq!(judge.outcome(), code, "{status}");
    }
}

#[test]
fn a_request_is_signed_and_names_the_client_and_a_fresh_nonce() {
    let judge = WebServer::start(told("OK"));
    let server = judged_at("remote", &[judge.address], Some(API_KEY));
    for uses in 0..2 {
        assert_eq!(prove(&server, BOB_PASSWORD, &DEVICE.otp(1, uses)), SUCCESS);
    }
    let mut nonces = Vec::new();
    for seen in judge.seen() {
        let mut asked = parameters(&seen);
        let said = asked.remove("h").unwrap();
        assert_eq!(said, signature(&asked));
        assert_eq!(asked["id"], "1");
        let nonce = asked["nonce"].clone();
        assert!(
            (16..=40).contains(&nonce.len()) && nonce.bytes().all(|octet| octet.is_ascii_alphanumeric()),
            "{nonce}"
        );
        nonces.push(nonce);
    }
    assert_eq!(nonces.len(), 2);
    assert_ne!(nonces[0], nonces[1]);
}

#[test]
fn answers_that_cannot_be_believed_let_nobody_in() {
    let change = |name: &'static str, value: &'static str| {
        move |seen: &Seen| {
            let mut fields = fields(seen, "OK");
            fields.insert(name.to_owned(), value.to_owned());
            Reply::Status(200, signed(&fields, "\r\n"))
        }
    };
    let unsigned = |seen: &Seen| {
        let lines: String = fields(seen, "OK").iter().map(|(name, value)| format!("{name}={value}\r\n")).collect();
        Reply::Status(200, lines)
    };
    let hostile: Vec<(&str, Answer)> = vec![
        ("another OTP", Box::new(change("otp", "vvccccbbcdefcccccccccccccccccccccccccccccccc"))),
        ("another nonce", Box::new(change("nonce", "0123456789abcdef0123"))),
        ("no signature", Box::new(unsigned)),
        ("an empty signature", Box::new(move |seen| Reply::Status(200, format!("h=\r\n{}", body(unsigned(seen)))))),
        (
            "a wrong signature",
            Box::new(|seen| {
                let good = signed(&fields(seen, "BAD_OTP"), "\r\n");
                Reply::Status(200, good.replace("status=BAD_OTP", "status=OK"))
            }),
        ),
        (
            "a status added behind what is signed",
            Box::new(|seen| Reply::Status(200, signed(&fields(seen, "BAD_OTP"), "\r\n") + "status=OK\r\n")),
        ),
        (
            "a field that is not signed",
            Box::new(|seen| Reply::Status(200, signed(&fields(seen, "OK"), "\r\n") + "more=1\r\n")),
        ),
        (
            "a redirection",
            Box::new(|seen| {
                let body = signed(&fields(seen, "OK"), "\r\n");
                Reply::Raw(
                    format!("HTTP/1.1 302 Found\r\nLocation: /x\r\nContent-Length: {}\r\n\r\n{body}", body.len())
                        .into(),
                )
            }),
        ),
        ("a failure", Box::new(|seen| Reply::Status(500, signed(&fields(seen, "OK"), "\r\n")))),
        (
            "a mebibyte",
            Box::new(|seen| Reply::Status(200, signed(&fields(seen, "OK"), "\r\n") + &"\r\n".repeat(1 << 19))),
        ),
        ("no HTTP", Box::new(|seen| Reply::Raw(signed(&fields(seen, "OK"), "\r\n").into()))),
        ("a page", Box::new(|_| Reply::Status(200, "<html>OK</html>".to_owned()))),
        ("nothing", Box::new(|_| Reply::Status(200, String::new()))),
        ("silence", Box::new(|_| Reply::Silence)),
    ];
    let mut judge = Judge::start();
    for (name, answer) in hostile {
        judge.answers(answer);
        assert_eq!(judge.outcome(), UNAVAILABLE, "{name}");
    }
    judge.answers(told("OK"));
    assert_eq!(judge.outcome(), SUCCESS, "nothing was counted");
}

fn body(reply: Reply) -> String {
    let Reply::Status(_, body) = reply else { panic!("not a plain answer") };
    body
}

#[test]
fn answers_in_unusual_forms_are_believed() {
    let with_more = |seen: &Seen| {
        let mut fields = fields(seen, "OK");
        fields.insert("zz-unknown".to_owned(), "1=2=".to_owned());
        fields.insert("timestamp".to_owned(), "7819".to_owned());
        Reply::Status(200, signed(&fields, "\r\n"))
    };
    let reordered = |seen: &Seen| {
        let mut lines: Vec<String> = signed(&fields(seen, "OK"), "\n").lines().map(str::to_owned).collect();
        lines.reverse();
        Reply::Status(200, lines.join("\n"))
    };
    let usual: Vec<(&str, Answer)> = vec![
        ("unknown fields, signed too", Box::new(with_more)),
        ("fields in another order, lines ended by LF", Box::new(reordered)),
    ];
    let mut judge = Judge::start();
    for (name, answer) in usual {
        judge.answers(answer);
        assert_eq!(judge.outcome(), SUCCESS, "{name}");
    }
    let unsigned = WebServer::start(|seen| {
        let lines: String = fields(seen, "OK").iter().map(|(name, value)| format!("{name}={value}\r\n")).collect();
        Reply::Status(200, lines)
    });
    assert_eq!(outcome(&[&unsigned], None), SUCCESS, "where no key is configured");
}

#[test]
fn several_servers_are_asked_at_once_and_the_first_decisive_answer_counts() {
    let [good, bad, broken, lost] =
        ["OK", "BAD_OTP", "BACKEND_ERROR", "REPLAYED_REQUEST"].map(|status| WebServer::start(told(status)));
    let silent = WebServer::start(|_| Reply::Silence);
    assert_eq!(outcome(&[&silent, &good], Some(API_KEY)), SUCCESS, "the first one is silent");
    assert_eq!(outcome(&[&broken, &good], Some(API_KEY)), SUCCESS);
    assert_eq!(outcome(&[&lost, &broken, &good], Some(API_KEY)), SUCCESS);
    assert_eq!(outcome(&[&silent, &bad], Some(API_KEY)), INVALID_CREDENTIALS);
    assert_eq!(outcome(&[&broken, &silent], Some(API_KEY)), UNAVAILABLE, "nothing else comes by the deadline");
    let refusing = WebServer::start(told("NO_SUCH_CLIENT"));
    assert_eq!(outcome(&[&refusing, &good], Some(API_KEY)), SUCCESS);
    assert_eq!(outcome(&[&refusing, &broken], Some(API_KEY)), OTHER);
}

#[test]
fn servers_asked_together_get_one_nonce() {
    let seen: Arc<Mutex<Vec<String>>> = Arc::default();
    let keep = |seen: &Arc<Mutex<Vec<String>>>| {
        let seen = Arc::clone(seen);
        move |request: &Seen| {
            seen.lock().unwrap().push(parameters(request)["nonce"].clone());
            Reply::Status(200, signed(&fields(request, "BACKEND_ERROR"), "\r\n"))
        }
    };
    let servers = [WebServer::start(keep(&seen)), WebServer::start(keep(&seen)), WebServer::start(keep(&seen))];
    assert_eq!(outcome(&servers.each_ref(), Some(API_KEY)), UNAVAILABLE);
    let nonces = seen.lock().unwrap().clone();
    assert_eq!(nonces.len(), 3);
    assert!(nonces.iter().all(|nonce| *nonce == nonces[0]), "{nonces:?}");
}

#[test]
fn a_device_is_the_first_factor_only_if_none_was_enrolled_while_it_was_judged() {
    let (begun, may_answer) = (Arc::new(Barrier::new(2)), Arc::new(Barrier::new(2)));
    let (says_begun, waits) = (Arc::clone(&begun), Arc::clone(&may_answer));
    let judge = WebServer::start(move |seen| {
        says_begun.wait();
        waits.wait();
        Reply::Status(200, signed(&fields(seen, "OK"), "\r\n"))
    });
    let server = judged_at_patiently(judge.address);
    std::thread::scope(|scope| {
        let stolen = scope
            .spawn(|| register(&mut server.client(), Some("u:carol"), Some(CAROL_PASSWORD), &OTHER_DEVICE.otp(1, 1)));
        begun.wait();
        let value = tagged(&[(0, "u:carol"), (1, CAROL_PASSWORD)]);
        assert_eq!(server.client().extended(oid::GENERATE_TOTP, Some(&value)).code, SUCCESS);
        may_answer.wait();
        assert_eq!(stolen.join().unwrap(), INVALID_CREDENTIALS);
    });
    assert!(server.root().read(CAROL, &["ds-auth-yubikey-public-id"]).values("ds-auth-yubikey-public-id").is_empty());
}

#[test]
fn nobody_is_asked_about_a_device_that_is_not_the_users() {
    let judge = WebServer::start(told("OK"));
    let server = judged_at("remote", &[judge.address], Some(API_KEY));
    assert_eq!(prove(&server, BOB_PASSWORD, &OTHER_DEVICE.otp(1, 1)), INVALID_CREDENTIALS);
    assert_eq!(prove(&server, BOB_PASSWORD, "no OTP"), INVALID_CREDENTIALS);
    assert_eq!(
        register(&mut server.client(), Some("u:bob"), Some(BOB_PASSWORD), &OTHER_DEVICE.otp(1, 1)),
        INVALID_CREDENTIALS
    );
    assert!(judge.seen().is_empty(), "{:?}", judge.seen());
    Device::known(&mut server.root(), &OTHER_DEVICE);
}
