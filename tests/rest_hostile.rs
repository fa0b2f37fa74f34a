//! The REST door against clients that are wrong, slow, huge or hostile: each gets a clear answer or loses its connection, and the
//! next client is served as if nothing had been.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

mod common;

use std::{
    io::{Read, Write},
    net::{Shutdown, SocketAddr, TcpStream},
    time::Duration,
};

use common::{
    http,
    people::{BOB, BOB_PASSWORD},
    server::Server,
};
use serde_json::json;

const AUTHENTICATE: &str = "/directory/v1/authenticate";

/// Sends octets and reads until the server ends the connection.
fn send(address: SocketAddr, octets: &[u8]) -> String {
    let mut stream = connect(address);
    // A server that has answered and closed may refuse the rest.
    let _ = stream.write_all(octets);
    read_to_end(&mut stream)
}

fn connect(address: SocketAddr) -> TcpStream {
    let stream = TcpStream::connect(address).unwrap();
    stream.set_read_timeout(Some(Duration::from_secs(30))).unwrap();
    stream
}

fn read_to_end(stream: &mut TcpStream) -> String {
    let mut answer = Vec::new();
    let mut buffer = [0; 4096];
    // A reset ends the answer as well as an end does; a time-out is the server's failure.
    loop {
        match stream.read(&mut buffer) {
            Ok(0) => break,
            Ok(count) => answer.extend_from_slice(&buffer[..count]),
            Err(error) if error.kind() == std::io::ErrorKind::WouldBlock => panic!("the connection stays open"),
            Err(_) => break,
        }
    }
    String::from_utf8_lossy(&answer).into_owned()
}

fn status_of(answer: &str) -> u16 {
    answer.split(' ').nth(1).and_then(|status| status.parse().ok()).unwrap_or_else(|| panic!("no status: {answer:?}"))
}

fn assert_alive(server: &Server) {
    let answer = http::get(server.rest(), "/directory/v1/me", Some(&http::basic(BOB, BOB_PASSWORD)));
    assert_eq!(answer.status, 200, "{answer:?}");
}

#[test]
fn wrong_methods_are_told_the_right_ones() {
    let server = Server::start();
    let table = [
        ("DELETE", "/directory/v1/me", "GET, HEAD"),
        ("POST", "/directory/v1", "GET, HEAD"),
        ("PUT", &format!("/directory/v1/{BOB}"), "GET, HEAD"),
        ("OPTIONS", &format!("/directory/v1/{BOB}"), "GET, HEAD"),
        ("TRACE", "/directory/v1", "GET, HEAD"),
        ("BREW", "/directory/v1", "GET, HEAD"),
        ("get", "/directory/v1", "GET, HEAD"),
        ("GET", AUTHENTICATE, "POST"),
        ("GET", &format!("/directory/v1/{BOB}/generateTOTPSharedSecret"), "POST"),
        ("DELETE", "/available-state", "GET, HEAD, POST"),
    ];
    for (method, path, allow) in table {
        let answer = http::request(server.rest(), method, path, None, None);
        assert_eq!((answer.status, &answer.body["code"]), (405, &json!("METHOD_NOT_ALLOWED")), "{method} {path}");
        assert!(answer.headers.to_lowercase().contains(&format!("allow: {}", allow.to_lowercase())), "{answer:?}");
    }
}

#[test]
fn no_second_spelling_of_a_path_leads_anywhere() {
    let server = Server::start();
    let paths = [
        "/",
        "/directory",
        "/directory/v2",
        "/directory/v1/authenticate/",
        "/directory/v1/%61uthenticate",
        "/directory/v1/authenticate%2F",
        "/directory/v1//authenticate",
        "/directory//v1/authenticate",
        "/directory/v1/./authenticate",
        "/directory/v1/x/../authenticate",
        "/directory/v1/uid=x/../authenticate",
        "/directory/v1/authenticate;x=y",
        "/directory/v1\\authenticate",
        "/DIRECTORY/v1/authenticate",
        "/directory/v1/uid=bob/..%2Fauthenticate",
        "/directory/v1/nothing",
        "/available-state/",
        "/metrics",
        "/directory/v1/uid=bob/generateTOTPSharedSecret/",
        "/directory/v1/uid=bob/generatetotpsharedsecret",
        "/directory/v1/uid=bob/validateTOTP",
        "/directory/v1/uid=bob%2FgenerateTOTPSharedSecret/x",
    ];
    for path in paths {
        let answer = http::post(server.rest(), path, None, &json!({}));
        assert!([404, 405].contains(&answer.status), "{path}: {answer:?}");
        assert!(!answer.body["details"][0]["message"].as_str().unwrap().is_empty());
    }
}

#[test]
fn media_types_are_held_to() {
    let server = Server::start();
    let ask = |head: &str, body: &str| {
        let method = if body.is_empty() { "GET /directory/v1" } else { "POST /directory/v1/authenticate" };
        let length = body.len();
        let text = format!(
            "{method} HTTP/1.1\r\nHost: x\r\nConnection: close\r\nContent-Length: {length}\r\n{head}\r\n{body}"
        );
        status_of(&send(server.rest(), text.as_bytes()))
    };
    assert_eq!(ask("Accept: text/html\r\n", ""), 406);
    assert_eq!(ask("Accept: application/json;q=0\r\n", ""), 406);
    assert_eq!(ask("Accept: text/html, application/json;q=0.1\r\n", ""), 200);
    assert_eq!(ask("Accept: application/HAL+JSON\r\n", ""), 200);
    assert_eq!(ask("Accept: */*\r\n", ""), 200);
    assert_eq!(ask("", "{}"), 415);
    assert_eq!(ask("Content-Type: text/plain\r\n", "{}"), 415);
    assert_eq!(ask("Content-Type: application/x-www-form-urlencoded\r\n", "a=b"), 415);
    assert_eq!(ask("Content-Type: application/json; charset=latin1\r\n", "{}"), 415);
    assert_eq!(ask("Content-Type: application/json\r\nContent-Encoding: gzip\r\n", "{}"), 415);
    assert_eq!(ask("Content-Type: application/json\r\nContent-Type: text/plain\r\n", "{}"), 415);
    assert_eq!(ask("Content-Type: application/json; charset=utf-8\r\n", "{}"), 400);
}

#[test]
fn a_body_sent_with_get_is_ignored() {
    let server = Server::start();
    let answer = http::request(server.rest(), "GET", "/directory/v1", None, Some("{\"not\": even json"));
    assert_eq!(answer.status, 200);
}

#[test]
fn head_is_get_without_the_body() {
    let server = Server::start();
    let text = "HEAD /directory/v1 HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n";
    let answer = send(server.rest(), text.as_bytes()).to_lowercase();
    assert_eq!(status_of(&answer), 200);
    assert!(answer.ends_with("\r\n\r\n") && answer.contains("content-type: application/hal+json"), "{answer}");
    let length: usize = answer.split("content-length: ").nth(1).unwrap().split("\r\n").next().unwrap().parse().unwrap();
    assert!(length > 100, "{answer}");
}

#[test]
fn what_is_huge_is_refused_before_it_is_kept() {
    let server = Server::with("[rest]\nmax_body = \"2KiB\"\n");
    let address = server.rest();
    let announced = "POST /directory/v1/authenticate HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: 9999999999\r\n\r\n";
    assert_eq!(status_of(&send(address, announced.as_bytes())), 413);
    let mut chunked = b"POST /directory/v1/authenticate HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n".to_vec();
    for _ in 0..64 {
        chunked.extend_from_slice(b"400\r\n");
        chunked.extend_from_slice(&[b' '; 1024]);
        chunked.extend_from_slice(b"\r\n");
    }
    assert_eq!(status_of(&send(address, &chunked)), 413);
    let exactly = format!("{:2048}", "{}");
    assert_eq!(http::request(address, "POST", AUTHENTICATE, None, Some(&exactly)).status, 400);
    let nested = "[".repeat(1500);
    assert_eq!(http::request(address, "POST", AUTHENTICATE, None, Some(&nested)).status, 400);
    let heads = [
        format!("GET /directory/v1?{} HTTP/1.1\r\nHost: x\r\n\r\n", "x".repeat(100_000)),
        format!("GET /directory/v1 HTTP/1.1\r\nHost: x\r\nX: {}\r\n\r\n", "x".repeat(100_000)),
        format!("GET /directory/v1 HTTP/1.1\r\nHost: x\r\n{}\r\n", "X: y\r\n".repeat(5_000)),
    ];
    for head in heads {
        let answer = send(address, head.as_bytes());
        assert!(answer.is_empty() || [400, 414, 431].contains(&status_of(&answer)), "{answer}");
    }
    assert_alive(&server);
}

#[test]
fn what_is_malformed_ends_the_connection() {
    let server = Server::start();
    let body = r#"{"credentials":{}}"#;
    let octets: [&[u8]; 16] = [
        b"\0\0\0\0\r\n\r\n",
        b"GET\r\n\r\n",
        b"GET /directory/v1 HTTP/9.9\r\nHost: x\r\n\r\n",
        b"GET /directory/v1 HTTP/1.1\r\nHost : x\r\n\r\n",
        b"GET /directory/v1 HTTP/1.1\r\nHost: x\r\n folded: y\r\n\r\n",
        b"GET http://[ HTTP/1.1\r\nHost: x\r\n\r\n",
        b"GET * HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n",
        b"CONNECT x:1 HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n",
        b"GET /directory/v1 HTTP/1.1\r\nConnection: close\r\n\r\n",
        b"GET /directory/v1 HTTP/1.1\r\nHost: x\r\nHost: y\r\nConnection: close\r\n\r\n",
        b"GET /directory/v1 HTTP/1.1\r\nHost: x/y\r\nConnection: close\r\n\r\n",
        b"POST /directory/v1/authenticate HTTP/1.1\r\nHost: x\r\nContent-Length: 2\r\nContent-Length: 3\r\n\r\n{}",
        b"POST /directory/v1/authenticate HTTP/1.1\r\nHost: x\r\nContent-Length: -1\r\n\r\n{}",
        b"POST /directory/v1/authenticate HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: x\r\n\r\n{}",
        b"POST /directory/v1/authenticate HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n",
        b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\nnot a frame at all, not a frame at all",
    ];
    for octets in octets {
        let mut stream = connect(server.rest());
        let _ = stream.write_all(octets);
        let _ = stream.shutdown(Shutdown::Write);
        let answer = read_to_end(&mut stream);
        let text = String::from_utf8_lossy(octets);
        assert!(!answer.starts_with("HTTP/1.1 2") && !answer.starts_with("HTTP/1.1 5"), "{text}: {answer}");
    }
    // Both lengths at once: whichever is believed, the other must not become a second request.
    let smuggled = format!(
        "POST {AUTHENTICATE} HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: {}\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\nGET /directory/v1 HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n",
        body.len()
    );
    let mut stream = connect(server.rest());
    stream.write_all(smuggled.as_bytes()).unwrap();
    let _ = stream.shutdown(Shutdown::Write);
    assert!(read_to_end(&mut stream).matches("HTTP/1.1 200").count() == 0);
    assert_alive(&server);
}

#[test]
fn the_wrong_protocol_is_turned_away() {
    let server = Server::start();
    let plain = "GET /directory/v1 HTTP/1.1\r\nHost: x\r\n\r\n";
    assert!(!send(server.rest_tls(), plain.as_bytes()).starts_with("HTTP/1.1 200"));
    // The beginning of a TLS handshake, and an LDAP bind, sent to plain HTTP.
    for octets in [
        b"\x16\x03\x01\x00\xa5\x01\x00\x00\xa1\x03\x03".as_slice(),
        b"\x30\x0c\x02\x01\x01\x60\x07\x02\x01\x03\x04\x00\x80\x00",
    ] {
        let mut stream = connect(server.rest());
        stream.write_all(octets).unwrap();
        let _ = stream.shutdown(Shutdown::Write);
        assert!(!read_to_end(&mut stream).contains("200 OK"));
    }
    assert_alive(&server);
}

#[test]
fn the_slow_lose_their_connection_and_nobody_else_does() {
    let server = Server::with(
        "[limits]\nincomplete_message = \"200ms\"\nidle_anonymous = \"400ms\"\ntls_handshake = \"200ms\"\n",
    );
    let mut silent: Vec<TcpStream> = (0..50).map(|_| connect(server.rest())).collect();
    let mut half_head: Vec<TcpStream> = (0..50).map(|_| connect(server.rest())).collect();
    for stream in &mut half_head {
        stream.write_all(b"GET /directory/v1 HTTP/1.1\r\nHost: x\r\nX-").unwrap();
    }
    let mut no_handshake = connect(server.rest_tls());
    let mut half_body = connect(server.rest());
    let head = "POST /directory/v1/authenticate HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: 100\r\n\r\n{";
    half_body.write_all(head.as_bytes()).unwrap();
    assert_alive(&server);
    assert_eq!(status_of(&read_to_end(&mut half_body)), 408);
    for stream in silent.iter_mut().chain(&mut half_head) {
        let answer = read_to_end(stream);
        assert!(answer.is_empty() || status_of(&answer) == 408, "{answer}");
    }
    assert_eq!(read_to_end(&mut no_handshake), "");
    assert_alive(&server);
}

#[test]
fn requests_on_one_connection_are_answered_in_order() {
    let server = Server::start();
    let ask = |path: &str, last: bool| {
        let connection = if last { "close" } else { "keep-alive" };
        format!("GET {path} HTTP/1.1\r\nHost: x\r\nConnection: {connection}\r\n\r\n")
    };
    let with_body = "GET /readyz HTTP/1.1\r\nHost: x\r\nContent-Length: 2\r\n\r\n{}".to_owned();
    let text = ask("/directory/v1", false) + &ask("/nothing", false) + &with_body + &ask("/livez", true);
    let answer = send(server.rest(), text.as_bytes());
    let statuses: Vec<&str> = answer.split("HTTP/1.1 ").skip(1).map(|part| &part[..3]).collect();
    assert_eq!(statuses, ["200", "404", "200", "200"]);
}

#[test]
fn a_client_that_goes_away_leaves_nothing_behind() {
    let server = Server::start();
    let body = json!({"credentials": {"authenticationType": "password", "dn": BOB, "staticPassword": BOB_PASSWORD}})
        .to_string();
    let text = format!(
        "POST {AUTHENTICATE} HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: {}\r\n\r\n{body}",
        body.len()
    );
    for _ in 0..20 {
        connect(server.rest()).write_all(text.as_bytes()).unwrap();
    }
    assert_alive(&server);
}

#[test]
fn stopping_waits_for_nobody_who_asks_nothing() {
    let mut server = Server::start();
    let mut idle = connect(server.rest());
    idle.write_all(b"GET /livez HTTP/1.1\r\nHost: x\r\n\r\n").unwrap();
    let mut first = [0; 12];
    idle.read_exact(&mut first).unwrap();
    assert_eq!(&first, b"HTTP/1.1 200");
    let mut silent = connect(server.rest());
    let begun = std::time::Instant::now();
    server.stop();
    assert!(begun.elapsed() < Duration::from_secs(8), "{:?}", begun.elapsed());
    read_to_end(&mut idle);
    assert_eq!(read_to_end(&mut silent), "");
}
