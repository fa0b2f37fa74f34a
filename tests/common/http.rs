//! A small HTTP client for the REST door: one request a connection, in clear on loopback.

use std::{
    io::{Read, Write},
    net::{SocketAddr, TcpStream},
    time::Duration,
};

use base64::Engine;
use serde_json::Value;

/// One answer.
#[derive(Clone, Debug)]
pub struct Answer {
    pub status: u16,
    pub headers: String,
    pub body: Value,
}

impl Answer {
    /// The LDAP result code that the body tells; -1 if it tells none.
    pub fn result_code(&self) -> i64 {
        self.body["resultCode"]["value"].as_i64().unwrap_or(-1)
    }
}

/// The value of an Authorization header for Basic authentication.
pub fn basic(user: &str, password: &str) -> String {
    format!("Basic {}", base64::engine::general_purpose::STANDARD.encode(format!("{user}:{password}")))
}

/// A GET, with an Authorization header if one is given.
pub fn get(address: SocketAddr, path: &str, authorization: Option<&str>) -> Answer {
    request(address, "GET", path, authorization, None)
}

/// A POST of a JSON body, with an Authorization header if one is given.
pub fn post(address: SocketAddr, path: &str, authorization: Option<&str>, body: &Value) -> Answer {
    request(address, "POST", path, authorization, Some(&body.to_string()))
}

/// One request with any body.
pub fn request(
    address: SocketAddr,
    method: &str,
    path: &str,
    authorization: Option<&str>,
    body: Option<&str>,
) -> Answer {
    let mut head = format!("{method} {path} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n");
    if let Some(authorization) = authorization {
        head += &format!("Authorization: {authorization}\r\n");
    }
    if let Some(body) = body {
        head += &format!("Content-Type: application/json\r\nContent-Length: {}\r\n", body.len());
    }
    let mut stream = TcpStream::connect(address).expect("the REST door accepts connections");
    stream.set_read_timeout(Some(Duration::from_secs(30))).expect("a timeout");
    stream.write_all(format!("{head}\r\n{}", body.unwrap_or("")).as_bytes()).expect("the server reads");
    let mut answer = Vec::new();
    stream.read_to_end(&mut answer).expect("an answer");
    parse(&String::from_utf8(answer).expect("UTF-8"))
}

fn parse(answer: &str) -> Answer {
    let (headers, body) = answer.split_once("\r\n\r\n").expect("a head and a body");
    let status = headers.split(' ').nth(1).expect("a status").parse().expect("a number");
    let body = if headers.to_ascii_lowercase().contains("transfer-encoding: chunked") {
        unchunk(body)
    } else {
        body.to_owned()
    };
    let body = if body.is_empty() { Value::Null } else { serde_json::from_str(&body).expect("a JSON body") };
    Answer { status, headers: headers.to_owned(), body }
}

fn unchunk(mut body: &str) -> String {
    let mut whole = String::new();
    while let Some((size, rest)) = body.split_once("\r\n") {
        let size = usize::from_str_radix(size.trim(), 16).expect("a chunk size");
        whole += &rest[..size];
        body = &rest[size + 2..];
        if size == 0 {
            break;
        }
    }
    whole
}
