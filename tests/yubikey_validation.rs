//! Our own validation server (`/wsapi/2.0/verify`), asked by other people's clients, by another countersign, and by hand; one ledger with
//! the binds.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

mod common;

use std::{collections::BTreeMap, sync::Barrier};

use base64::{Engine, engine::general_purpose::STANDARD};
use common::{
    code::*,
    command::run,
    http,
    people::{BOB, BOB_PASSWORD},
    server::Server,
    yubikey::{DEVICE, Device, OTHER_DEVICE, credentials},
};
use hmac::{Hmac, KeyInit, Mac};
use sha1::Sha1;

const API_KEY: &str = "bm9ib2R5J3Mga2V5";
const NONCE: &str = "abcdefghijklmnop0123";

/// A server with two clients, one of which need not sign; it knows the device, which is Bob's.
fn start() -> Server {
    let server = Server::with(&format!(
        "[[validation_client]]\nid = 11\napi_key = \"{API_KEY}\"\n\
         [[validation_client]]\nid = 12\napi_key = \"{API_KEY}\"\nrequire_signature = false\n"
    ));
    let mut root = server.root();
    Device::known(&mut root, &DEVICE);
    DEVICE.given_to(&mut root, BOB);
    server
}

fn prove(server: &Server, otp: &str) -> i64 {
    server.client().bind_sasl("UNBOUNDID-YUBIKEY-OTP", Some(&credentials("u:bob", Some(BOB_PASSWORD), otp))).code
}

/// The signature of fields, made apart from the code under test.
fn signature(fields: &BTreeMap<&str, &str>) -> String {
    let text: Vec<String> = fields.iter().map(|(name, value)| format!("{name}={value}")).collect();
    let mut mac = Hmac::<Sha1>::new_from_slice(&STANDARD.decode(API_KEY).unwrap()).unwrap();
    mac.update(text.join("&").as_bytes());
    STANDARD.encode(mac.finalize().into_bytes())
}

/// Asks with these parameters, signed if `signed`; the fields of the answer, whose signature must be right where there is one.
fn ask(server: &Server, parameters: &[(&str, &str)], signed: bool) -> BTreeMap<String, String> {
    let fields: BTreeMap<&str, &str> = parameters.iter().copied().collect();
    let mut query: Vec<String> = parameters.iter().map(|(name, value)| format!("{name}={value}")).collect();
    if signed {
        query.push(format!("h={}", signature(&fields).replace('+', "%2B").replace('/', "%2F").replace('=', "%3D")));
    }
    raw(server, &query.join("&"))
}

fn raw(server: &Server, query: &str) -> BTreeMap<String, String> {
    let text =
        run("/usr/bin/curl", &["-s", "-w", "%{http_code} %{content_type}", &url(server, query)]).succeeded().stdout;
    let (body, status) = text.rsplit_once("\r\n").unwrap();
    assert_eq!(status, "200 text/plain; charset=utf-8", "{query}");
    assert!(body.lines().all(|line| line.is_empty() || line.contains('=')));
    let mut fields: BTreeMap<&str, &str> = body.split("\r\n").filter_map(|line| line.split_once('=')).collect();
    if let Some(said) = fields.remove("h") {
        assert_eq!(said, signature(&fields), "{body}");
    }
    fields.into_iter().map(|(name, value)| (name.to_owned(), value.to_owned())).collect()
}

fn url(server: &Server, query: &str) -> String {
    format!("http://{}/wsapi/2.0/verify?{query}", server.rest())
}

#[test]
fn ykclient_has_otps_judged_here() {
    let server = start();
    let base = format!("http://{}/wsapi/2.0/verify", server.rest());
    let ask = |key: &str, otp: &str| run("/usr/bin/ykclient", &["--url", &base, "--apikey", key, "11", otp]).status;
    assert_eq!(ask(API_KEY, &DEVICE.otp(1, 0)), 0);
    let otp = DEVICE.otp(1, 1);
    assert_eq!(ask(API_KEY, &otp), 0);
    assert_eq!(ask(API_KEY, &otp), 2, "replayed");
    assert_eq!(prove(&server, &otp), INVALID_CREDENTIALS, "used up for binds too");
    assert_eq!(prove(&server, &DEVICE.otp(1, 2)), SUCCESS);
    assert_eq!(ask(API_KEY, &DEVICE.otp(1, 2)), 2);
    assert_eq!(ask(API_KEY, &OTHER_DEVICE.otp(1, 0)), 3, "of a device that is not known");
    assert_ne!(ask("d3Jvbmcga2V5IQ==", &DEVICE.otp(1, 3)), 0, "signed with another key");
    assert_eq!(prove(&server, &DEVICE.otp(1, 3)), SUCCESS, "and not used up by that");
}

#[test]
fn a_client_in_python_has_otps_judged_here() {
    let server = start();
    let base = format!("http://{}/wsapi/2.0/verify", server.rest());
    let ask = |more: &[&str], otp: &str| {
        let words = [&["-u", &base, "-i", "12"][..], more, &[otp]].concat();
        run("/usr/bin/yubiclient", &words).stdout
    };
    let good = ask(&["-k", API_KEY, "-t"], &DEVICE.otp(7, 3));
    assert!(good.to_lowercase().contains("ok"), "{good}");
    let again = ask(&["-k", API_KEY], &DEVICE.otp(7, 3));
    assert!(again.to_lowercase().contains("replayed_otp"), "{again}");
    assert!(ask(&[], &DEVICE.otp(7, 4)).to_lowercase().contains("ok"), "unsigned, where that is allowed");
}

#[test]
fn another_countersign_has_otps_judged_here() {
    let judge = start();
    let asking = Server::with(&format!(
        "[yubikey]\nkeys = \"remote\"\nvalidation_urls = [\"http://{}/wsapi/2.0/verify\"]\nclient_id = 11\napi_key = \"{API_KEY}\"\n",
        judge.rest()
    ));
    DEVICE.given_to(&mut asking.root(), BOB);
    assert_eq!(prove(&asking, &DEVICE.otp(1, 0)), SUCCESS);
    assert_eq!(prove(&asking, &DEVICE.otp(1, 0)), INVALID_CREDENTIALS);
    assert_eq!(prove(&judge, &DEVICE.otp(1, 0)), INVALID_CREDENTIALS, "used up there too");
    assert_eq!(prove(&judge, &DEVICE.otp(1, 1)), SUCCESS);
    assert_eq!(prove(&asking, &DEVICE.otp(1, 1)), INVALID_CREDENTIALS);
}

#[test]
fn each_status_is_given_for_its_reason() {
    let server = start();
    let otp = DEVICE.otp(3, 2);
    let other = OTHER_DEVICE.otp(1, 0);
    let whole = [("id", "11"), ("nonce", NONCE), ("otp", otp.as_str())];
    let status = |parameters: &[(&str, &str)], signed| ask(&server, parameters, signed)["status"].clone();
    let with = |name: &'static str, value: &'static str| -> Vec<(&str, &str)> {
        whole.iter().map(|(own, old)| (*own, if *own == name { value } else { *old })).collect()
    };
    let without = |name| whole.iter().copied().filter(|(own, _)| *own != name).collect::<Vec<_>>();
    assert_eq!(status(&without("id"), true), "MISSING_PARAMETER");
    assert_eq!(status(&with("id", "13"), true), "NO_SUCH_CLIENT");
    assert_eq!(status(&with("id", "x"), true), "NO_SUCH_CLIENT");
    assert_eq!(status(&whole, false), "BAD_SIGNATURE", "unsigned");
    assert_eq!(raw(&server, &format!("id=12&nonce={NONCE}&otp={otp}&h=AAAA"))["status"], "BAD_SIGNATURE");
    assert_eq!(status(&without("otp"), true), "MISSING_PARAMETER");
    assert_eq!(status(&without("nonce"), true), "MISSING_PARAMETER");
    assert_eq!(status(&with("nonce", "tooshort"), true), "MISSING_PARAMETER");
    assert_eq!(status(&with("nonce", "with-a-dash-in-it-0123"), true), "MISSING_PARAMETER");
    assert_eq!(raw(&server, &format!("id=12&nonce={NONCE}&otp={otp}&otp={other}"))["status"], "MISSING_PARAMETER");
    assert_eq!(status(&with("otp", "vvccccbbcdef"), true), "BAD_OTP");
    assert_eq!(ask(&server, &[("id", "11"), ("nonce", NONCE), ("otp", &other)], true)["status"], "BAD_OTP");
    let timestamp: Vec<_> =
        whole.iter().copied().chain([("timestamp", "1"), ("sl", "secure"), ("timeout", "8")]).collect();
    let good = ask(&server, &timestamp, true);
    assert_eq!((good["status"].as_str(), good["otp"].as_str(), good["nonce"].as_str()), ("OK", otp.as_str(), NONCE));
    assert_eq!((good["sessioncounter"].as_str(), good["sessionuse"].as_str(), good["sl"].as_str()), ("3", "2", "100"));
    assert_eq!(good["timestamp"], (0x1230 + 80).to_string());
    assert_eq!(good["t"], "2033-05-18T03:33:35Z0000");
    assert_eq!(status(&whole, true), "REPLAYED_REQUEST");
    assert_eq!(status(&with("nonce", "0123456789012345"), true), "REPLAYED_OTP");
    let older = DEVICE.otp(3, 1);
    assert_eq!(ask(&server, &[("id", "11"), ("nonce", NONCE), ("otp", &older)], true)["status"], "REPLAYED_OTP");
}

#[test]
fn of_thirty_two_requests_and_binds_at_once_one_wins() {
    let server = start();
    let otp = DEVICE.otp(1, 0);
    let barrier = Barrier::new(32);
    let wins: usize = std::thread::scope(|scope| {
        let attempts: Vec<_> = (0..32)
            .map(|number| {
                let (server, barrier, otp) = (&server, &barrier, &otp);
                scope.spawn(move || {
                    let nonce = format!("abcdefghijklmnop{number:04}");
                    let mut client = server.client();
                    barrier.wait();
                    match number % 2 {
                        0 => ask(server, &[("id", "11"), ("nonce", &nonce), ("otp", otp)], true)["status"] == "OK",
                        _ => client.bind(BOB, format!("{BOB_PASSWORD}{otp}")).code == SUCCESS,
                    }
                })
            })
            .collect();
        attempts.into_iter().map(|attempt| usize::from(attempt.join().unwrap())).sum()
    });
    assert_eq!(wins, 1);
}

#[test]
fn without_clients_there_is_no_such_server() {
    let server = Server::start();
    assert_eq!(http::get(server.rest(), "/wsapi/2.0/verify?id=1", None).status, 404);
    let server = start();
    for method in ["POST", "HEAD"] {
        assert_eq!(http::request(server.rest(), method, "/wsapi/2.0/verify?id=1", None, None).status, 405);
    }
}

#[test]
fn an_otp_crosses_no_network_in_clear() {
    let server = Server::with(&format!(
        "[ldap]\nallow_plaintext_passwords = \"never\"\n[[validation_client]]\nid = 11\napi_key = \"{API_KEY}\"\n"
    ));
    assert_eq!(http::get(server.rest(), "/wsapi/2.0/verify?id=11", None).status, 403);
}
