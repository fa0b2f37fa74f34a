//! Tokens of somebody else: JWTs of a configured issuer, good ones and all kinds of bad ones.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

mod common;

use std::{
    fs,
    path::Path,
    sync::{Arc, Mutex},
    time::Duration,
};

use common::{
    client::Change,
    code::*,
    command::repository,
    http,
    issuer::{AUDIENCE, ISSUER, Signer, claims, claims_with, encoded, key_set},
    people::{ALICE, BOB, BOB_PASSWORD, PEOPLE, add_person},
    server::Server,
    web_server::{Reply, WebServer},
};
use hmac::{Hmac, KeyInit, Mac};
use serde_json::{Value, json};
use sha2::Sha256;

const ME: &str = "/directory/v1/me";

/// Settings for an issuer whose keys are in this file.
fn by_file(file: &Path, more: &str) -> String {
    format!("[bearer]\nissuer = \"{ISSUER}\"\naudience = \"{AUDIENCE}\"\njwks_file = \"{}\"\n{more}", file.display())
}

/// Settings for an issuer whose keys are at this server.
fn by_url(web: &WebServer) -> String {
    let url = format!("http://{}/jwks.json", web.address);
    let timeout = "[outgoing]\ntimeout = \"300ms\"\n";
    format!("[bearer]\nissuer = \"{ISSUER}\"\naudience = \"{AUDIENCE}\"\njwks_url = \"{url}\"\n{timeout}")
}

/// A server that believes these keys, in a file.
struct Site {
    server: Server,
    file: std::path::PathBuf,
    _folder: tempfile::TempDir,
}

impl Site {
    fn with(set: &str, more: &str) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("jwks.json");
        fs::write(&file, set).unwrap();
        Self { server: Server::with(&by_file(&file, more)), file, _folder: folder }
    }
}

fn me(server: &Server, token: &str) -> http::Answer {
    http::get(server.rest(), ME, Some(&format!("Bearer {token}")))
}

fn assert_refused(server: &Server, token: &str, why: &str) {
    let answer = me(server, token);
    assert_eq!((answer.status, &answer.body["code"]), (401, &json!("UNAUTHENTICATED")), "{why}: {answer:?}");
    assert!(answer.headers.contains(r#"Bearer realm="countersign", error="invalid_token""#), "{why}: {answer:?}");
    let said = answer.body["details"][0]["message"].as_str().unwrap();
    assert_eq!(said, "Unable to authenticate with the provided credentials", "{why}");
}

#[test]
fn tokens_of_somebody_elses_making_are_taken_in_every_algorithm() {
    let vectors = fs::read_to_string(repository("tests/vectors/jwt.json")).unwrap();
    let vectors: Value = serde_json::from_str(&vectors).unwrap();
    let site = Site::with(&vectors["jwks"].to_string(), "");
    let tokens = vectors["tokens"].as_array().unwrap();
    assert_eq!(tokens.len(), 9);
    for vector in tokens {
        let (algorithm, token) = (&vector["alg"], vector["token"].as_str().unwrap());
        let answer = me(&site.server, token);
        assert_eq!((answer.status, &answer.body["_dn"]), (200, &json!(BOB)), "{algorithm}: {answer:?}");
        // One bit of the signature.
        let (signed, signature) = token.rsplit_once('.').unwrap();
        let swapped = if signature.starts_with('A') { "B" } else { "A" };
        assert_refused(&site.server, &format!("{signed}.{swapped}{}", &signature[1..]), &algorithm.to_string());
        assert_refused(&site.server, &format!("{signed}."), &algorithm.to_string());
    }
    site.server.advance(Duration::from_secs(3600 + 60));
    assert_refused(&site.server, tokens[0]["token"].as_str().unwrap(), "expired");
}

#[test]
fn a_token_is_a_user_at_both_doors() {
    let signer = Signer::ed25519("one");
    let site = Site::with(&key_set(&[&signer]), "");
    let token = signer.token(&claims("bob", site.server.now()));
    assert_eq!(me(&site.server, &token).body["_dn"], BOB);
    let mut client = site.server.client();
    let credentials = format!("n,,\x01auth=Bearer {token}\x01\x01");
    assert_eq!(client.bind_sasl("OAUTHBEARER", Some(credentials.as_bytes())).code, SUCCESS);
    assert_eq!(client.who_am_i(), format!("dn:{BOB}"));
    // As the requester of authenticate, too.
    let credentials = json!({"authenticationType": "password", "dn": BOB, "staticPassword": BOB_PASSWORD});
    let body = json!({ "credentials": credentials });
    let ask = |header: &str| http::post(site.server.rest(), "/directory/v1/authenticate", Some(header), &body).status;
    assert_eq!((ask(&format!("Bearer {token}")), ask(&format!("Bearer {token}x"))), (200, 401));
}

#[test]
fn what_a_token_says_must_be_right() {
    let signer = Signer::ed25519("one");
    let site = Site::with(&key_set(&[&signer]), "");
    let now = site.server.now();
    let bad = [
        ("iss", json!("https://evil.example.com")),
        ("iss", json!(null)),
        ("iss", json!([ISSUER])),
        ("aud", json!("https://other.example.com")),
        ("aud", json!(null)),
        ("aud", json!([])),
        ("exp", json!(now - 60)),
        ("exp", json!(null)),
        ("exp", json!("never")),
        ("nbf", json!(now + 61)),
        ("sub", json!(null)),
        ("sub", json!("")),
        ("sub", json!("nobody")),
        ("sub", json!("*")),
        ("sub", json!(BOB)),
        ("sub", json!("bob)(uid=alice")),
        ("sub", json!("cn=Directory Manager")),
    ];
    for (name, value) in bad {
        assert_refused(
            &site.server,
            &signer.token(&claims_with("bob", now, name, value.clone())),
            &format!("{name} {value}"),
        );
    }
    let good =
        [("exp", json!(now - 59)), ("nbf", json!(now + 60)), ("aud", json!(["x", AUDIENCE])), ("sub", json!("BOB"))];
    for (name, value) in good {
        let answer = me(&site.server, &signer.token(&claims_with("bob", now, name, value.clone())));
        assert_eq!(answer.status, 200, "{name} {value}: {answer:?}");
    }
    // Two entries by that name are nobody.
    let mut root = site.server.root();
    let values: &[(&str, &[&str])] = &[("objectClass", &["account"]), ("uid", &["bob"])];
    assert_eq!(root.add(&format!("uid=bob,ou=groups,{}", PEOPLE.split_once(',').unwrap().1), values).code, SUCCESS);
    assert_refused(&site.server, &signer.token(&claims("bob", now)), "ambiguous");
}

#[test]
fn the_key_decides_about_the_algorithm_and_not_the_token() {
    let (rsa, ed25519) = (Signer::rsa("rsa"), Signer::ed25519("ed"));
    let set = key_set(&[&rsa, &ed25519]);
    let site = Site::with(&set, "");
    let claims = claims("bob", site.server.now());
    assert_eq!(me(&site.server, &rsa.token(&claims)).status, 200);
    // The public key as the secret of an HMAC, in every form in which somebody may have it.
    let jwk = rsa.jwk().to_string();
    let pem = rsa.public_pem();
    for secret in [pem.as_bytes(), pem.trim().as_bytes(), jwk.as_bytes(), set.as_bytes(), b""] {
        let signed =
            format!("{}.{}", encoded(r#"{"alg":"HS256","typ":"JWT","kid":"rsa"}"#), encoded(claims.to_string()));
        let mut mac = Hmac::<Sha256>::new_from_slice(secret).unwrap();
        mac.update(signed.as_bytes());
        assert_refused(&site.server, &format!("{signed}.{}", encoded(mac.finalize().into_bytes())), "HS256");
    }
    for header in [
        json!({"alg": "none"}),
        json!({"alg": "None", "kid": "rsa"}),
        json!({"alg": "HS256", "kid": "rsa"}),
        json!({"alg": "RS384", "kid": "rsa"}),
        json!({"alg": "PS256", "kid": "rsa"}),
        json!({"alg": "EdDSA", "kid": "rsa"}),
        json!({"alg": "RS256", "kid": "ed"}),
        json!({"alg": "RS256", "kid": "rsa", "crit": ["b64"], "b64": false}),
        json!({"alg": "RS256", "kid": "rsa", "typ": "logout+jwt"}),
        json!({"alg": "RS256", "kid": "../../../etc/passwd"}),
        json!({"alg": "RS256", "kid": "file:///dev/zero"}),
        json!({"alg": "RS256", "kid": "rsa' OR '1'='1"}),
        json!({"alg": "RS256", "kid": ["rsa"]}),
        json!({"kid": "rsa"}),
    ] {
        assert_refused(&site.server, &rsa.sign(&header, &claims), &header.to_string());
    }
    let unsigned = |header: &str| format!("{}.{}.", encoded(header), encoded(claims.to_string()));
    assert_refused(&site.server, &unsigned(r#"{"alg":"none"}"#), "unsigned");
    assert_refused(&site.server, &unsigned(r#"{"alg":"RS256","kid":"rsa"}"#), "unsigned");
    // A key that the token brings along is not looked at.
    let stranger = Signer::ed25519("ed");
    let mut own = stranger.jwk();
    own["kid"] = json!("ed");
    assert_refused(&site.server, &stranger.sign(&json!({"alg": "EdDSA", "kid": "ed", "jwk": own}), &claims), "jwk");
    assert_refused(&site.server, &stranger.token(&claims), "another key by that name");
}

#[test]
fn only_keys_for_signatures_count() {
    let signer = Signer::ed25519("one");
    let wrong = [
        ("use", json!("enc")),
        ("key_ops", json!(["sign"])),
        ("alg", json!("RS256")),
        ("crv", json!("Ed448")),
        ("crv", json!("X25519")),
        ("crv", json!("P-256")),
        ("kty", json!("oct")),
        ("kty", json!("EC")),
        ("d", json!("nWGxne_9WmC6hEr0kuwsxERJxWl7MmkZcDusAxyuf2A")),
    ];
    for (name, value) in wrong {
        let mut key = signer.jwk();
        key[name] = value.clone();
        let site = Site::with(&json!({"keys": [key]}).to_string(), "");
        assert_refused(&site.server, &signer.token(&claims("bob", site.server.now())), &format!("{name} {value}"));
    }
    let mut anonymous = signer.jwk();
    anonymous.as_object_mut().unwrap().remove("kid");
    let site = Site::with(&json!({"keys": [anonymous]}).to_string(), "");
    let claims = claims("bob", site.server.now());
    assert_eq!(me(&site.server, &signer.sign(&json!({"alg": "EdDSA"}), &claims)).status, 200);
    assert_refused(&site.server, &signer.token(&claims), "a name that no key has");
}

#[test]
fn forms_that_are_no_token_are_refused() {
    let signer = Signer::ed25519("one");
    let site = Site::with(&key_set(&[&signer]), "");
    let good = signer.token(&claims("bob", site.server.now()));
    let huge = signer.token(&claims_with("bob", site.server.now(), "x", json!("A".repeat(20_000))));
    let parts: Vec<&str> = good.split('.').collect();
    for token in [
        "..".to_owned(),
        "a.b.c".to_owned(),
        "a.b".to_owned(),
        format!("{good}.{good}"),
        format!("{good}="),
        format!("{}.{}.{}.{}.{}", parts[0], parts[1], parts[2], parts[1], parts[2]),
        format!("{}.{}", parts[0], parts[1]),
        good.replace('.', ". "),
        huge,
    ] {
        assert_refused(&site.server, &token, &token[..token.len().min(60)]);
    }
    let twice = format!("{good}\r\nAuthorization: Bearer {good}");
    assert_refused(&site.server, &twice, "twice");
    let enormous = http::request(site.server.rest(), "GET", ME, Some(&format!("Bearer {}", "a".repeat(60_000))), None);
    assert_eq!(enormous.status, 401);
    assert_eq!(me(&site.server, &good).status, 200);
}

#[test]
fn accounts_that_may_not_be_used_are_refused() {
    let signer = Signer::ed25519("one");
    let site = Site::with(&key_set(&[&signer]), "[lockout]\nfailures = 3\n");
    let (server, mut root) = (&site.server, site.server.root());
    let token = signer.token(&claims("bob", server.now()));
    let states = [
        ("ds-pwp-account-disabled", "TRUE"),
        ("ds-pwp-account-expiration-time", "20200101000000Z"),
        ("ds-pwp-account-activation-time", "20500101000000Z"),
    ];
    for (name, value) in states {
        assert_eq!(root.modify(BOB, &[Change::Replace(name, &[value])]).code, SUCCESS, "{name}");
        assert_refused(server, &token, name);
        assert_eq!(root.modify(BOB, &[Change::Replace(name, &[])]).code, SUCCESS);
        assert_eq!(me(server, &token).status, 200);
    }
    for _ in 0..3 {
        assert_eq!(server.client().bind(BOB, "wrong").code, INVALID_CREDENTIALS);
    }
    assert_refused(server, &token, "locked");
    let expiring = Site::with(&key_set(&[&signer]), "[password]\nmax_age = \"1d\"\n");
    let token = signer.token(&claims_with("bob", expiring.server.now() + 90_000, "nbf", json!(0)));
    add_person(&mut expiring.server.root(), "dan", "Dan Dyer", "password", &[]);
    let of_dan = signer.token(&claims_with("dan", expiring.server.now() + 90_000, "nbf", json!(0)));
    assert_eq!(me(&expiring.server, &of_dan).status, 200);
    expiring.server.advance(Duration::from_secs(86_400));
    assert_refused(&expiring.server, &of_dan, "its password has expired");
    drop(token);
}

#[test]
fn scopes_are_asked_for_where_configured() {
    let signer = Signer::ed25519("one");
    let site = Site::with(&key_set(&[&signer]), "scopes = [\"directory\"]\n");
    let with = |scope: Value| signer.token(&claims_with("bob", site.server.now(), "scope", scope));
    assert_eq!(me(&site.server, &with(json!("openid directory"))).status, 200);
    for scope in [json!(null), json!("openid"), json!("directory2")] {
        let answer = me(&site.server, &with(scope.clone()));
        assert_eq!(answer.status, 403, "{scope}: {answer:?}");
        assert!(answer.headers.contains(r#"error="insufficient_scope""#), "{answer:?}");
    }
}

#[test]
fn the_subject_is_looked_up_where_configured() {
    let signer = Signer::ed25519("one");
    let more = "subject_claim = \"email\"\nsubject_attribute = \"mail\"\nclock_skew = \"0s\"\n";
    let site = Site::with(&key_set(&[&signer]), more);
    let now = site.server.now();
    let with = |mail: &str| signer.token(&claims_with("bob", now, "email", json!(mail)));
    assert_eq!(me(&site.server, &with("alice@example.com")).body["_dn"], ALICE);
    assert_refused(&site.server, &with("nobody@example.com"), "nobody");
    assert_refused(&site.server, &signer.token(&claims("bob", now)), "no such claim");
    assert_refused(&site.server, &signer.token(&claims_with("bob", now, "exp", json!(now))), "no skew");
}

#[test]
fn a_file_that_changes_is_read_again_and_one_that_is_bad_is_not() {
    let (old, new) = (Signer::ed25519("old"), Signer::ed25519("new"));
    let site = Site::with(&key_set(&[&old]), "");
    let claims = claims("bob", site.server.now());
    let statuses = || [&old, &new].map(|signer| me(&site.server, &signer.token(&claims)).status);
    assert_eq!(statuses(), [200, 401]);
    site.server.advance(Duration::from_secs(2));
    fs::write(&site.file, key_set(&[&new, &Signer::ed25519("another")])).unwrap();
    assert_eq!(statuses(), [401, 200]);
    site.server.advance(Duration::from_secs(2));
    fs::write(&site.file, "{\"keys\": [").unwrap();
    // What the file does not tell any more nobody can say.
    assert_eq!(statuses(), [503, 200]);
    fs::write(&site.file, key_set(&[&old])).unwrap();
    site.server.reload(&by_file(&site.file, ""));
    assert_eq!(statuses(), [200, 401]);
}

/// A web server that answers as it is told to.
fn web(answer: Arc<Mutex<Box<dyn Fn() -> Reply + Send>>>) -> WebServer {
    WebServer::start(move |_| (*answer.lock().unwrap())())
}

#[test]
fn keys_at_an_address_are_fetched_when_needed_and_kept_through_an_outage() {
    let (old, new) = (Signer::ed25519("old"), Signer::ed25519("new"));
    let answer: Arc<Mutex<Box<dyn Fn() -> Reply + Send>>> = Arc::new(Mutex::new(Box::new(|| Reply::Silence)));
    let web = web(Arc::clone(&answer));
    let answers = |reply: Box<dyn Fn() -> Reply + Send>| *answer.lock().unwrap() = reply;
    let server = Server::with(&by_url(&web));
    let status =
        |signer: &Signer| me(&server, &signer.token(&claims_with("bob", server.now(), "nbf", json!(0)))).status;
    let later = |seconds| server.advance(Duration::from_secs(seconds));
    // Nobody answers: nobody can say.
    assert_eq!((status(&old), status(&old)), (503, 503));
    assert_eq!(web.seen().len(), 1, "asked once, whatever comes");
    let set = key_set(&[&old]);
    answers(Box::new(move || Reply::Status(200, set.clone())));
    later(30);
    assert_eq!((status(&old), status(&old), status(&new), status(&new)), (200, 200, 401, 401));
    assert_eq!(web.seen().len(), 2);
    // A new key is found once it may be asked for again, and the old one goes with it.
    let set = key_set(&[&new]);
    answers(Box::new(move || Reply::Status(200, set.clone())));
    later(29);
    assert_eq!(status(&new), 401);
    later(1);
    assert_eq!((status(&new), status(&old)), (200, 401));
    assert_eq!(web.seen().len(), 3);
    // Bad answers leave what is there.
    let bad: [fn() -> Reply; 6] = [
        || Reply::Status(500, "no".to_owned()),
        || Reply::Status(302, key_set(&[])),
        || Reply::Status(200, "<html>".to_owned()),
        || Reply::Status(200, format!("{{\"keys\": [], \"x\": \"{}\"}}", "A".repeat(300_000))),
        || Reply::Raw(b"nonsense\r\n\r\n".to_vec()),
        || Reply::Silence,
    ];
    for (number, reply) in bad.into_iter().enumerate() {
        answers(Box::new(reply));
        later(601);
        assert_eq!((status(&new), status(&old)), (200, 503), "{number}");
        assert_eq!(web.seen().len(), 4 + number, "{number}");
    }
    // The settings read again, too.
    server.reload(&by_url(&web));
    assert_eq!(status(&new), 200);
    // Keys that were withdrawn are forgotten although nobody misses one.
    answers(Box::new(|| Reply::Status(200, key_set(&[]))));
    later(601);
    assert_eq!(status(&new), 401);
}

#[test]
fn a_flood_of_unknown_keys_asks_once() {
    let signer = Signer::ed25519("one");
    let set = key_set(&[&signer]);
    let web = WebServer::start(move |_| Reply::Status(200, set.clone()));
    let server = Server::with(&by_url(&web));
    let now = server.now();
    std::thread::scope(|scope| {
        for number in 0..8 {
            let (server, signer) = (&server, &signer);
            scope.spawn(move || {
                for kid in 0..4 {
                    let header = json!({"alg": "EdDSA", "kid": format!("{number}-{kid}")});
                    assert_eq!(me(server, &signer.sign(&header, &claims("bob", now))).status, 401);
                }
            });
        }
    });
    assert_eq!(web.seen().len(), 1);
    assert_eq!(me(&server, &signer.token(&claims("bob", now))).status, 200);
}

#[test]
fn without_an_issuer_no_jwt_is_taken_and_none_stands_in_the_log() {
    let signer = Signer::ed25519("one");
    let server = Server::start();
    assert_refused(&server, &signer.token(&claims("bob", server.now())), "no issuer");
    let mut site = Site::with(&key_set(&[&signer]), "[log]\nlevel = \"debug\"\n");
    let tokens = [signer.token(&claims("bob", site.server.now())), Signer::ed25519("one").token(&claims("bob", 0))];
    assert_eq!(me(&site.server, &tokens[0]).status, 200);
    assert_eq!(me(&site.server, &tokens[1]).status, 401);
    site.server.stop();
    let log = site.server.log();
    assert!(log.contains("bad-token:signature"), "{log}");
    for part in tokens.iter().flat_map(|token| token.split('.')) {
        assert!(!log.contains(part), "{log}");
    }
}
