//! What no client should send: it is answered or the connection ends, the server lives, and other clients notice nothing.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

mod common;

use std::{
    io::{Read, Write},
    net::{Shutdown, TcpStream},
    sync::atomic::{AtomicBool, Ordering::Relaxed},
};

use common::{
    ber::{self, constructed, integer, octets, sequence, tlv},
    client::{BASE, Search, message, simple_bind, totp_credentials},
    code::*,
    oid,
    people::{ALICE, BOB, BOB_PASSWORD, PEOPLE, SUFFIX},
    server::Server,
};
use serde_json::Value;

fn vectors() -> Vec<Value> {
    let text = std::fs::read_to_string(common::command::repository("tests/vectors/malformed-values.json")).unwrap();
    serde_json::from_str(&text).unwrap()
}

fn unhex(text: &str) -> Vec<u8> {
    (0..text.len()).step_by(2).map(|at| u8::from_str_radix(&text[at..at + 2], 16).unwrap()).collect()
}

/// A base search with this filter's BER, whatever that is.
fn search_for(filter: &[u8]) -> Vec<u8> {
    let (never, none) = (integer(ber::ENUMERATED, 0), integer(ber::INTEGER, 0));
    let parts = [octets(SUFFIX), never.clone(), never, none.clone(), none, ber::boolean(false), filter.to_vec()];
    constructed(0x63, &[parts.concat(), sequence(&[])])
}

#[test]
fn every_malformed_value_is_answered_and_the_connection_lives() {
    let server = Server::start();
    let mut client = server.client();
    let vectors = vectors();
    assert!(vectors.len() >= 70);
    for vector in &vectors {
        let name = format!("{}: {}", vector["type"], vector["description"]);
        let bytes = unhex(vector["message_hex"].as_str().unwrap());
        let id = ber::number(ber::elements(ber::split(&bytes).unwrap().1)[0].1);
        client.send_raw(&bytes).unwrap();
        let response = client.try_receive().unwrap_or_else(|| panic!("the connection ended: {name}"));
        assert_eq!(response.id, id, "{name}");
        if response.code != SUCCESS {
            assert_eq!((response.name.as_deref(), response.value.as_deref()), (None, None), "{name}");
        }
        let bind = vector["type"].as_str().unwrap().starts_with("sasl");
        let absent_is_legal = name.contains("password-modify") && vector["description"] == "value absent";
        if vector["fields"]["sdk_accepts"] == false && !absent_is_legal {
            let expected: &[i64] = if bind {
                &[PROTOCOL_ERROR, INVALID_CREDENTIALS, AUTH_METHOD_NOT_SUPPORTED]
            } else {
                &[PROTOCOL_ERROR]
            };
            assert!(expected.contains(&response.code), "{name}: {}", response.code);
        }
        assert_ne!(response.code, 84, "{name}: a client's own code is never sent");
    }
    client.assert_alive();
}

#[test]
fn a_known_operation_with_a_bad_body_gets_its_own_answer() {
    let server = Server::start();
    let mut client = server.client();
    for (request, response) in
        [(0x60, 0x61), (0x63, 0x65), (0x66, 0x67), (0x68, 0x69), (0x6C, 0x6D), (0x6E, 0x6F), (0x77, 0x78)]
    {
        for body in [&b""[..], b"\x04\x05abc", b"junk", b"\x30\x80\x00\x00", b"\x02\x00\x04\x00\x80\x00"] {
            let answer = client.request(&tlv(request, body), &[]);
            assert_eq!((answer.tag, answer.code), (response, PROTOCOL_ERROR), "{request:#x} {body:?}");
        }
    }
    client.assert_alive();
}

#[test]
fn an_envelope_that_is_none_ends_the_connection_with_a_notice() {
    let server = Server::start();
    for bytes in [
        &b"GET / HTTP/1.1\r\nHost: x\r\n\r\n"[..],
        b"\x30\x80\x02\x01\x01\x42\x00\x00\x00",
        b"\x30\x84\x7f\xff\xff\xff\x02\x01\x01",
        b"\x30\x85\x01\x00\x00\x00\x00\x02",
        b"\x30\x05\x02\x01\x01\x63\x20",
        b"\x30\x03\x02\x01\x01",
        b"\x30\x00",
        b"\x30\x05\x02\x01\x00\x42\x00\x00",
        b"\x30\x06\x02\x01\xff\x4a\x01x",
        b"\x30\x05\x02\x01\x05\x7f\x00",
    ] {
        let mut client = server.client();
        client.send_raw(bytes).unwrap();
        if let Some(notice) = client.try_receive() {
            assert_eq!((notice.id, notice.tag), (0, 0x78), "{bytes:?}");
            assert_eq!(notice.name.as_deref(), Some(oid::NOTICE_OF_DISCONNECTION), "{bytes:?}");
            assert_eq!(notice.code, PROTOCOL_ERROR, "{bytes:?}");
            assert!(client.try_receive().is_none(), "{bytes:?}");
        } else {
            panic!("no notice of disconnection after {bytes:?}");
        }
    }
    server.client().assert_alive();
}

#[test]
fn a_message_beyond_the_limit_is_refused_before_it_is_read() {
    let server = Server::start();
    let mut anonymous = server.client();
    anonymous.send_raw(&tlv(0x30, vec![0; 65_536])[..8]).unwrap();
    assert_eq!(anonymous.try_receive().expect("a notice").id, 0);
    assert!(anonymous.try_receive().is_none());

    let mut bob = server.bound(BOB, BOB_PASSWORD);
    let mut long = Search::new(SUFFIX, BASE, "(objectClass=*)");
    long.attributes = (0..60_000).map(|index| format!("a{index}")).collect();
    assert_eq!(bob.search(&long).result.code, SUCCESS, "half a megabyte is welcome after authentication");
    bob.send_raw(&tlv(0x30, vec![0; 1 << 20])[..8]).unwrap();
    assert_eq!(bob.try_receive().expect("a notice").id, 0);
}

#[test]
fn a_filter_too_deep_or_too_broad_is_a_protocol_error() {
    let server = Server::start();
    let mut bob = server.bound(BOB, BOB_PASSWORD);
    let present = tlv(0x87, "objectClass");
    let nested = |depth: usize| (0..depth).fold(present.clone(), |inner, _| tlv(0xA2, inner));
    let broad = |width: usize| constructed(0xA1, &vec![present.clone(); width]);
    for (filter, expected) in [
        (nested(40), SUCCESS),
        (nested(100), PROTOCOL_ERROR),
        (nested(20_000), PROTOCOL_ERROR),
        (broad(1_000), SUCCESS),
        (broad(1_100), PROTOCOL_ERROR),
        (broad(40_000), PROTOCOL_ERROR),
        (tlv(0xA2, b""), PROTOCOL_ERROR),
        (tlv(0xAF, b"x"), PROTOCOL_ERROR),
        (constructed(0xA4, &[octets("cn"), sequence(&[])]), PROTOCOL_ERROR),
        (constructed(0xA9, &[tlv(0x83, "x")]), PROTOCOL_ERROR),
    ] {
        bob.send(&search_for(&filter), &[]);
        let (_, mut tag, mut body, _) = bob.receive_raw().expect("an answer");
        while tag == 0x64 {
            (_, tag, body, _) = bob.receive_raw().expect("an answer");
        }
        assert_eq!((tag, ber::number(ber::elements(&body)[0].1)), (0x65, expected), "{} octets", filter.len());
    }
    bob.assert_alive();
}

#[test]
fn a_message_that_comes_octet_by_octet_is_understood() {
    let server = Server::start();
    let mut client = server.client();
    for octet in message(7, &simple_bind(BOB, BOB_PASSWORD), &[]) {
        client.send_raw(&[octet]).unwrap();
    }
    assert_eq!(client.receive().code, SUCCESS);
}

#[test]
fn a_message_that_never_ends_is_given_up() {
    let server = Server::with("[limits]\nincomplete_message = \"1s\"\n");
    let mut client = server.client();
    client.send_raw(&message(7, &simple_bind(BOB, BOB_PASSWORD), &[])[..10]).unwrap();
    while client.receive_raw().is_some() {}
}

#[test]
fn a_handshake_that_never_ends_is_given_up() {
    let server = Server::with("[limits]\ntls_handshake = \"1s\"\n");
    let mut socket = TcpStream::connect(server.ldaps()).unwrap();
    socket.write_all(b"\x16\x03\x01").unwrap();
    let mut rest = Vec::new();
    let _reset_counts_as_closed = socket.read_to_end(&mut rest);
}

#[test]
fn an_idle_connection_is_closed() {
    let server = Server::with("[limits]\nidle_anonymous = \"1s\"\n");
    let mut client = server.client();
    while client.receive_raw().is_some() {}
}

#[test]
fn whoever_does_not_read_is_closed_and_disturbs_nobody() {
    let server = Server::with("[limits]\nwrite = \"1s\"\n");
    let mut greedy = server.bound(BOB, BOB_PASSWORD);
    let request = message(9, &search_for(&tlv(0x87, "objectClass")), &[]);
    let flood: Vec<u8> = request.repeat(1_000);
    let mut beside = server.bound(BOB, BOB_PASSWORD);
    // Ends when the server has stopped reading, waited for the client to read, and closed the connection.
    while greedy.send_raw(&flood).is_ok() {
        beside.assert_alive();
    }
    beside.assert_alive();
}

#[test]
fn a_client_that_leaves_in_the_middle_of_anything_is_forgotten() {
    let server = Server::start();
    let bytes = message(1, &simple_bind(BOB, BOB_PASSWORD), &[]);
    for length in 0..bytes.len() {
        let mut socket = TcpStream::connect(server.ldap()).unwrap();
        socket.write_all(&bytes[..length]).unwrap();
        if length % 2 == 0 {
            socket.shutdown(Shutdown::Both).unwrap();
        }
    }
    server.client().assert_alive();
}

/// Octets that are the same in every run.
struct Dice(u64);

impl Dice {
    fn roll(&mut self, sides: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        (self.0 % sides as u64) as usize
    }
}

/// Messages that are right, to be made wrong.
fn right_messages() -> Vec<Vec<u8>> {
    let mut messages: Vec<Vec<u8>> =
        vectors().iter().map(|vector| unhex(vector["message_hex"].as_str().unwrap())).collect();
    let operations = [
        simple_bind(ALICE, "x"),
        search_for(&common::filter::encode("(&(cn=a*b*c)(|(uid=x)(!(sn>=y)))(ou:dn:2.5.13.2:=z))")),
        common::client::modify(ALICE, &[common::client::Change::Add("cn", &["x", "y"])]),
        constructed(0x68, &[octets(ALICE), sequence(&[sequence(&[octets("cn"), constructed(0x31, &[octets("x")])])])]),
        constructed(0x6C, &[octets(ALICE), octets("uid=b"), ber::boolean(true), tlv(0x80, PEOPLE)]),
        constructed(0x6E, &[octets(ALICE), sequence(&[octets("cn"), octets("x")])]),
        tlv(0x4A, ALICE),
        integer(0x50, 1),
        constructed(
            0x60,
            &[
                integer(2, 3),
                octets(""),
                constructed(
                    0xA3,
                    &[octets("UNBOUNDID-TOTP"), octets(totp_credentials("u:alice", Some("x"), "123456"))],
                ),
            ],
        ),
    ];
    let paged = [common::client::control(oid::PAGED_RESULTS, true, Some(&sequence(&[integer(2, 5), octets("x")])))];
    messages.extend(operations.iter().map(|operation| message(1, operation, &paged)));
    messages
}

/// Sends octets and takes whatever comes back, until the server closes or has had enough.
fn provoke(server: &Server, bytes: &[u8]) {
    let mut socket = TcpStream::connect(server.ldap()).unwrap();
    let _closed_early = socket.write_all(bytes);
    let _closed_early = socket.shutdown(Shutdown::Write);
    let mut rest = Vec::new();
    let _reset_counts_as_closed = socket.read_to_end(&mut rest);
}

#[test]
fn a_storm_of_garbage_leaves_a_healthy_client_alone() {
    let server = Server::start();
    let over = AtomicBool::new(false);
    std::thread::scope(|scope| {
        // Bound before the storm: broken binds are wrong passwords too, and lock the account.
        let mut bob = server.bound(BOB, BOB_PASSWORD);
        let over = &over;
        let healthy = scope.spawn(move || {
            let myself = Search::new(BOB, BASE, "(uid=bob)");
            let mut answered = 0;
            while !over.load(Relaxed) {
                let found = bob.search(&myself);
                assert_eq!((found.result.code, found.entries.len()), (SUCCESS, 1));
                answered += 1;
            }
            answered
        });
        let messages = right_messages();
        let mut dice = Dice(0x9E37_79B9_7F4A_7C15);
        let mut sent = 0;
        while sent < 200_000 {
            // Many in one connection: those before the first broken envelope are all looked at.
            let mut bytes = Vec::new();
            for _ in 0..50 {
                let mut broken = messages[dice.roll(messages.len())].clone();
                for _ in 0..=dice.roll(3) {
                    let at = dice.roll(broken.len());
                    match dice.roll(4) {
                        0 => broken[at] = dice.roll(256) as u8,
                        1 => broken[at] ^= 1 << dice.roll(8),
                        2 => broken.truncate(at.max(1)),
                        _ => broken.insert(at, dice.roll(256) as u8),
                    }
                }
                bytes.extend(broken);
                sent += 1;
            }
            provoke(&server, &bytes);
        }
        over.store(true, Relaxed);
        assert!(healthy.join().unwrap() > 0);
    });
    server.client().assert_alive();
}

#[test]
fn values_of_garbage_in_sound_envelopes_are_answered_one_by_one() {
    let server = Server::start();
    let mut client = server.client();
    let mut dice = Dice(0xD1B5_4A32_D192_ED03);
    let names = [oid::GENERATE_TOTP, oid::REVOKE_TOTP, oid::VALIDATE_TOTP, oid::CANCEL, oid::WHO_AM_I, "1.2.3"];
    for _ in 0..200 {
        for id in 0..100 {
            let garbage: Vec<u8> = (0..dice.roll(40)).map(|_| dice.roll(256) as u8).collect();
            let operation = common::client::extended(names[dice.roll(names.len())], Some(&garbage));
            client.send_raw(&message(id + 1, &operation, &[])).unwrap();
        }
        for _ in 0..100 {
            let answer: common::client::Response = client.receive();
            assert_eq!((answer.tag, answer.code), (0x78, PROTOCOL_ERROR), "{answer:?}");
        }
    }
    client.assert_alive();
}
