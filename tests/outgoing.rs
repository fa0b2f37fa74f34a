//! What the house sends by HTTP, against a real web server: what goes over the wire, and all that may go wrong.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

mod common;

use std::{
    io::{Read, Write},
    net::{TcpListener, TcpStream},
    path::Path,
    time::Duration,
};

use common::web_server::{Reply, WebServer};
use countersign::{
    config::OutgoingSettings,
    outgoing::{Answer, Outgoing, OutgoingError, Request, Url},
    tls::own_ca::OwnCa,
};

/// Long enough for this machine's busiest moment, short enough to wait for once.
const SHORT: Duration = Duration::from_millis(500);

fn settings() -> OutgoingSettings {
    OutgoingSettings { timeout: Duration::from_secs(10), ..OutgoingSettings::default() }
}

fn url(text: &str) -> Url {
    Url::parse(text).unwrap()
}

fn exchange(settings: &OutgoingSettings, request: Request) -> Result<Answer, OutgoingError> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    runtime.block_on(Outgoing::new(settings).unwrap().exchange(request))
}

fn refusal(settings: &OutgoingSettings, request: Request) -> String {
    exchange(settings, request).unwrap_err().to_string()
}

fn said(text: &str) -> Reply {
    Reply::Status(200, text.to_owned())
}

#[test]
fn a_form_arrives_as_it_was_filled_in() {
    let server = WebServer::start(|_| Reply::Status(201, "{\"status\":\"queued\"}".to_owned()));
    let to = url(&format!("http://{}/2010-04-01/Messages.json", server.address));
    let request = Request::form(&to, &[("To", "+1 555"), ("Body", "Ünï & co=1")]).header("authorization", "Basic eDp5");
    let answer = exchange(&settings(), request).unwrap();
    assert_eq!((answer.status, answer.body.as_slice()), (201, b"{\"status\":\"queued\"}".as_slice()));
    let seen = server.seen();
    assert_eq!(seen[0].line, "POST /2010-04-01/Messages.json HTTP/1.1");
    assert_eq!(seen[0].header("host"), server.address.to_string());
    assert_eq!(seen[0].header("content-type"), "application/x-www-form-urlencoded");
    assert_eq!(seen[0].header("authorization"), "Basic eDp5");
    assert_eq!(seen[0].body, "To=%2B1%20555&Body=%C3%9Cn%C3%AF%20%26%20co%3D1");
    assert_eq!(seen.len(), 1);
}

#[test]
fn a_get_carries_its_parameters() {
    let server = WebServer::start(|_| said("status=OK"));
    let to = url(&format!("http://localhost:{}/wsapi/2.0/verify", server.address.port()));
    exchange(&settings(), Request::get(&to.with_parameters(&[("id", "87"), ("h", "a+b=")]))).unwrap();
    assert_eq!(server.seen()[0].line, "GET /wsapi/2.0/verify?id=87&h=a%2Bb%3D HTTP/1.1");
    assert_eq!(server.seen()[0].body, "");
}

#[test]
fn redirections_and_errors_are_answers_and_are_not_followed() {
    let server = WebServer::start(|seen| match seen.line.contains("/away") {
        true => Reply::Raw(b"HTTP/1.1 302 Found\r\nLocation: /elsewhere\r\nContent-Length: 0\r\n\r\n".to_vec()),
        false => Reply::Status(503, "later".to_owned()),
    });
    let ask = |path| exchange(&settings(), Request::get(&url(&format!("http://{}{path}", server.address)))).unwrap();
    assert_eq!(ask("/away").status, 302);
    assert_eq!(ask("/broken"), Answer { status: 503, body: b"later".to_vec() });
    assert_eq!(server.seen().len(), 2);
}

#[test]
fn an_answer_is_read_up_to_its_bound() {
    let server = WebServer::start(|_| said(&"x".repeat(9000)));
    let to = url(&format!("http://{}/secret-path?secret=1", server.address));
    assert_eq!(exchange(&settings(), Request::get(&to).answer_at_most(9000)).unwrap().body.len(), 9000);
    let error = refusal(&settings(), Request::get(&to).answer_at_most(8999));
    assert!(error.contains("longer than 8999") && !error.contains("secret"), "{error}");
}

#[test]
fn an_endless_head_and_an_endless_body_end() {
    let endless = |head: &str| {
        let octets = [head.as_bytes(), "a".repeat(1 << 20).as_bytes()].concat();
        let server = WebServer::start(move |_| Reply::Raw(octets.clone()));
        refusal(&settings(), Request::get(&url(&format!("http://{}/", server.address))))
    };
    assert!(endless("HTTP/1.1 200 OK\r\nX: ").contains("did not answer in HTTP"));
    assert!(endless("HTTP/1.1 200 OK\r\n\r\n").contains("longer than 65536"));
}

#[test]
fn silence_ends_after_the_time_out() {
    let server = WebServer::start(|_| Reply::Silence);
    let impatient = OutgoingSettings { timeout: SHORT, ..settings() };
    let error = refusal(&impatient, Request::get(&url(&format!("http://{}/code=123456", server.address))));
    assert_eq!(error, "127.0.0.1 did not answer within 0.5 s");
    // Nobody even takes the connection's first octet off the wire.
    let deaf = TcpListener::bind("127.0.0.1:0").unwrap();
    let to = url(&format!("https://localhost:{}/", deaf.local_addr().unwrap().port()));
    assert!(refusal(&impatient, Request::get(&to)).contains("within 0.5 s"));
}

#[test]
fn nobody_there_and_nonsense_are_told_apart() {
    let gone = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let error = refusal(&settings(), Request::get(&url(&format!("http://{gone}/"))));
    assert!(error.starts_with("127.0.0.1 cannot be reached"), "{error}");
    let server = WebServer::start(|_| Reply::Raw(b"220 mail.example.com ESMTP\r\n".to_vec()));
    let error = refusal(&settings(), Request::get(&url(&format!("http://{}/", server.address))));
    assert!(error.starts_with("127.0.0.1 did not answer in HTTP"), "{error}");
    let cut = WebServer::start(|_| Reply::Raw(b"HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nhalf".to_vec()));
    let error = refusal(&settings(), Request::get(&url(&format!("http://{}/", cut.address))));
    assert!(error.contains("broke off"), "{error}");
}

#[test]
fn a_header_that_would_begin_another_is_not_sent() {
    let server = WebServer::start(|_| said(""));
    let to = url(&format!("http://{}/", server.address));
    let error = refusal(&settings(), Request::get(&to).header("authorization", "secret\r\nX-Injected: 1"));
    assert!(error.contains("cannot be written") && !error.contains("secret"), "{error}");
    assert!(server.seen().is_empty());
}

fn certificates(names: &[&str]) -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    OwnCa::create(names).unwrap().write(&folder.path().join("tls")).unwrap();
    folder
}

fn trusting(folder: &Path) -> OutgoingSettings {
    OutgoingSettings { ca_file: Some(folder.join("tls/ca.pem")), ..settings() }
}

#[test]
fn certificates_are_verified() {
    let folder = certificates(&["localhost"]);
    let server = WebServer::start_tls(&folder.path().join("tls"), |_| said("secure"));
    let port = server.address.port();
    let by_name = Request::get(&url(&format!("https://localhost:{port}/")));
    assert_eq!(exchange(&trusting(folder.path()), by_name).unwrap().body, b"secure");
    // The same CA, another name than the certificate's.
    let by_address = Request::get(&url(&format!("https://127.0.0.1:{port}/")));
    assert!(refusal(&trusting(folder.path()), by_address).starts_with("no secure connection to 127.0.0.1"));
    // Only the system's CAs, and another one of our own.
    for settings in [settings(), trusting(certificates(&["localhost"]).path())] {
        let error = refusal(&settings, Request::get(&url(&format!("https://localhost:{port}/"))));
        assert!(error.starts_with("no secure connection to localhost"), "{error}");
    }
    assert_eq!(server.seen().len(), 1);
}

#[test]
fn a_proxy_makes_the_connection_and_sees_tls_only() {
    let folder = certificates(&["localhost"]);
    let server = WebServer::start_tls(&folder.path().join("tls"), |_| said("through"));
    let port = server.address.port();
    let proxy = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = proxy.local_addr().unwrap();
    let asked = std::thread::spawn(move || relay(&proxy.accept().unwrap().0, port));
    let settings = OutgoingSettings { proxy: Some(format!("http://{address}")), ..trusting(folder.path()) };
    let answer = exchange(&settings, Request::get(&url(&format!("https://localhost:{port}/secret")))).unwrap();
    assert_eq!(answer.body, b"through");
    let head = asked.join().unwrap();
    assert!(head.starts_with(&format!("CONNECT localhost:{port} HTTP/1.1\r\n")), "{head}");
    assert!(!head.contains("secret"), "{head}");
}

/// What a proxy does: reads CONNECT, connects, passes octets on. Gives the request's head.
fn relay(client: &TcpStream, port: u16) -> String {
    let (mut from, mut to) = (client, client);
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        let mut octet = [0];
        from.read_exact(&mut octet).unwrap();
        head.push(octet[0]);
    }
    to.write_all(b"HTTP/1.1 200 Connected\r\n\r\n").unwrap();
    let server = TcpStream::connect(("127.0.0.1", port)).unwrap();
    let (mut up, mut down) = (server.try_clone().unwrap(), server);
    let mut upwards = client.try_clone().unwrap();
    std::thread::spawn(move || std::io::copy(&mut upwards, &mut up));
    let _client_hung_up = std::io::copy(&mut down, &mut to);
    String::from_utf8(head).unwrap()
}

#[test]
fn a_proxy_that_refuses_is_named_and_a_wrong_one_is_told_at_once() {
    let proxy = WebServer::start(|_| Reply::Status(403, String::new()));
    let settings = OutgoingSettings { proxy: Some(format!("http://{}", proxy.address)), ..settings() };
    let error = refusal(&settings, Request::get(&url("https://api.example.com/")));
    assert_eq!(error, "the proxy does not connect to api.example.com: it answered 403");
    for wrong in ["proxy", "https://proxy.example.com", "http://user:secret@proxy.example.com"] {
        let settings = OutgoingSettings { proxy: Some(wrong.to_owned()), ..OutgoingSettings::default() };
        let error = Outgoing::new(&settings).err().unwrap();
        assert!(error.contains("outgoing.proxy") && !error.contains("secret"), "{error}");
    }
    let missing = OutgoingSettings { ca_file: Some("/nowhere/ca.pem".into()), ..OutgoingSettings::default() };
    assert!(Outgoing::new(&missing).err().unwrap().contains("/nowhere/ca.pem"));
}
