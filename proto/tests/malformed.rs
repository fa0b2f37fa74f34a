//! What must be refused: truncated, indefinite, too long, too deep, too many; and refused at the right level.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

use countersign_proto::{
    ber::{BerError, Reader, Writer, element_length, integer_length, tag},
    ldap::{
        filter::{Filter, MAX_DEPTH, MAX_ITEMS},
        frame::{FrameError, frame_length},
        malformed::Malformed,
        message::{Authentication, DecodeError, Message, Operation, Scope},
        response,
    },
};
use proptest::prelude::*;

fn message(id: i64, operation_tag: u8, content: &[u8], rest: &[u8]) -> Vec<u8> {
    let mut out = Vec::new();
    Writer::new(&mut out).sequence(|message| {
        message.integer(id);
        message.tagged(operation_tag, content);
        message.raw(rest);
    });
    out
}

fn search(filter: &[u8]) -> Vec<u8> {
    let mut content = Vec::new();
    let mut body = Writer::new(&mut content);
    body.octet_string(b"dc=example,dc=com");
    body.enumerated(2);
    body.enumerated(0);
    body.integer(0);
    body.integer(0);
    body.boolean(false);
    body.raw(filter);
    body.sequence(|attributes| attributes.octet_string(b"cn"));
    message(7, 0x63, &content, &[])
}

const PRESENT: &[u8] = &[0x87, 2, b'c', b'n'];

fn body_response(frame: &[u8]) -> Option<u8> {
    match Message::decode(frame) {
        Err(DecodeError::Body { id: 7, response, .. }) => response,
        other => panic!("{other:?}"),
    }
}

/// One valid message of each kind that is decoded here.
fn samples() -> Vec<Vec<u8>> {
    let control = [0x30, 7, 4, 2, b'1', b'.', 1, 1, 0xFF];
    let controls: Vec<u8> = [&[0xA0, control.len() as u8][..], &control].concat();
    let bind = [&[2, 1, 3, 4, 4][..], b"cn=a", &[0x80, 2, b'p', b'w']].concat();
    let sasl = [&[2, 1, 3, 4, 0, 0xA3, 7, 4, 1, b'P', 4, 2][..], b"\0a"].concat();
    let compare = [&[4, 4][..], b"cn=a", &[0x30, 6, 4, 1, b'c', 4, 1, b'v']].concat();
    let mut nested = Vec::new();
    Writer::new(&mut nested).constructed(0xA0, |and| {
        and.raw(PRESENT);
        and.constructed(0xA2, |not| not.raw(PRESENT));
        and.constructed(0xA4, |substrings| {
            substrings.octet_string(b"cn");
            substrings.sequence(|parts| {
                parts.tagged(0x80, b"i");
                parts.tagged(0x81, b"a");
                parts.tagged(0x82, b"f");
            });
        });
        and.constructed(0xA9, |extensible| {
            extensible.tagged(0x82, b"cn");
            extensible.tagged(0x83, b"v");
            extensible.tagged_boolean(0x84, true);
        });
    });
    vec![
        search(&nested),
        message(7, 0x60, &bind, &controls),
        message(7, 0x60, &sasl, &[]),
        message(7, 0x6E, &compare, &[]),
        message(7, 0x77, &[0x80, 1, b'1', 0x81, 2, 0x30, 0], &controls),
        message(7, 0x50, &[5], &[]),
        message(7, 0x42, &[], &[]),
        message(7, 0x4A, b"cn=a", &[]),
    ]
}

#[test]
fn every_sample_is_a_message() {
    for sample in samples() {
        assert_eq!(frame_length(&sample, 1 << 16), Ok(Some(sample.len())));
        assert_eq!(Message::decode(&sample).unwrap().id, 7);
    }
}

#[test]
fn a_message_cut_anywhere_is_incomplete_and_never_a_message() {
    for sample in samples() {
        for end in 0..sample.len() {
            let cut = &sample[..end];
            let expected = if end < 2 { None } else { Some(sample.len()) };
            assert_eq!(frame_length(cut, 1 << 16), Ok(expected));
            assert!(matches!(Message::decode(cut), Err(DecodeError::Envelope(_))));
        }
    }
}

#[test]
fn a_message_with_any_octet_changed_ends_in_a_verdict() {
    for sample in samples() {
        for at in 0..sample.len() {
            for octet in [0, 1, 0x1F, 0x30, 0x7F, 0x80, 0x81, 0x84, 0x85, 0xFF] {
                let mut changed = sample.clone();
                changed[at] = octet;
                if let Ok(Message { operation: Operation::Search(search), .. }) = Message::decode(&changed) {
                    walk(search.filter);
                }
            }
        }
    }
}

fn walk(filter: Filter<'_>) -> usize {
    match filter {
        Filter::And(set) | Filter::Or(set) | Filter::Not(set) => 1 + set.iter().map(walk).sum::<usize>(),
        Filter::Substrings(substrings) => substrings.parts().count(),
        _ => 1,
    }
}

#[test]
fn frames_are_refused_before_anybody_reserves_memory() {
    assert_eq!(frame_length(&[], 100), Ok(None));
    assert_eq!(frame_length(&[0x30], 100), Ok(None));
    assert_eq!(frame_length(&[0x31], 100), Err(FrameError::NotASequence));
    assert_eq!(frame_length(b"GET / HTTP/1.1", 100), Err(FrameError::NotASequence));
    assert_eq!(frame_length(&[0x30, 0x80], 100), Err(FrameError::BadLength));
    assert_eq!(frame_length(&[0x30, 0x85, 0, 0, 0, 0, 1], 100), Err(FrameError::BadLength));
    assert_eq!(frame_length(&[0x30, 0x84, 0, 0, 0], 100), Ok(None));
    assert_eq!(frame_length(&[0x30, 0x84, 0, 0, 0, 94], 100), Ok(Some(100)));
    assert_eq!(frame_length(&[0x30, 0x84, 0, 0, 0, 95], 100), Err(FrameError::TooLarge { length: 101 }));
    let huge = frame_length(&[0x30, 0x84, 0xFF, 0xFF, 0xFF, 0xFF], 1 << 20);
    assert_eq!(huge, Err(FrameError::TooLarge { length: 0xFFFF_FFFF + 6 }));
}

#[test]
fn a_bad_envelope_ends_the_connection() {
    for id in [0, -1, 1 << 31] {
        let frame = message(id, 0x42, &[], &[]);
        assert_eq!(Message::decode(&frame).unwrap_err(), DecodeError::Envelope(Malformed::MessageId));
    }
    // A response, an unknown application tag, and a request that runs past the message.
    for operation in [0x61, 0x7E, 0x30] {
        let frame = message(7, operation, &[], &[]);
        let expected = DecodeError::Envelope(Malformed::UnknownOperation(operation));
        assert_eq!(Message::decode(&frame).unwrap_err(), expected);
    }
    for frame in [&[0x30, 5, 2, 1, 7, 0x60, 1][..], &[0x30, 3, 2, 1, 7], &[0x30, 0], &[0x30, 5, 2, 1, 7, 0x42, 0, 0]] {
        assert!(matches!(Message::decode(frame), Err(DecodeError::Envelope(_))), "{frame:?}");
    }
}

#[test]
fn a_bad_body_is_answered_by_its_own_response() {
    assert_eq!(body_response(&message(7, 0x60, &[2, 1], &[])), Some(response::BIND));
    assert_eq!(body_response(&message(7, 0x63, &[], &[])), Some(response::SEARCH_DONE));
    assert_eq!(body_response(&message(7, 0x6E, &[4, 1], &[])), Some(response::COMPARE));
    assert_eq!(body_response(&message(7, 0x77, &[0x81, 0], &[])), Some(response::EXTENDED));
    assert_eq!(body_response(&message(7, 0x50, &[], &[])), None);
    // Controls that are none: a control without an OID, and octets after its value.
    for control in [&[0xA0, 2, 0x30, 0][..], &[0xA0, 9, 0x30, 7, 4, 1, b'1', 4, 0, 4, 0], &[0xA0, 1, 0x30]] {
        assert_eq!(body_response(&message(7, 0x4A, b"cn=a", control)), Some(response::DELETE));
    }
}

#[test]
fn a_dn_that_is_not_utf8_is_refused_and_a_password_is_not() {
    let bind = [&[2, 1, 3, 4, 1, 0xFF, 0x80, 0][..]].concat();
    assert_eq!(body_response(&message(7, 0x60, &bind, &[])), Some(response::BIND));
    let frame = message(7, 0x60, &[2, 1, 3, 4, 0, 0x80, 2, 0xFF, 0], &[]);
    let Operation::Bind(bind) = Message::decode(&frame).unwrap().operation else { panic!() };
    let Authentication::Simple(password) = bind.authentication else { panic!() };
    assert_eq!(password, [0xFF, 0]);
    assert!(!format!("{bind:?}").contains("255"));
}

#[test]
fn an_unknown_way_to_authenticate_is_told_apart_from_a_malformed_one() {
    let frame = message(7, 0x60, &[2, 1, 3, 4, 0, 0x85, 1, b'x'], &[]);
    let Operation::Bind(bind) = Message::decode(&frame).unwrap().operation else { panic!() };
    assert!(matches!(bind.authentication, Authentication::Unknown(0x85)));
}

#[test]
fn trailing_members_of_a_message_are_ignored_when_well_formed() {
    let content = [&[2, 1, 3, 4, 0, 0x80, 0][..], &[0x9E, 1, 1]].concat();
    assert!(Message::decode(&message(7, 0x60, &content, &[])).is_ok());
    assert!(Message::decode(&message(7, 0x42, &[], &[0x9E, 0])).is_ok());
    let content = [&[2, 1, 3, 4, 0, 0x80, 0][..], &[0x9E, 9, 1]].concat();
    assert_eq!(body_response(&message(7, 0x60, &content, &[])), Some(response::BIND));
}

#[test]
fn numbers_out_of_range_are_refused() {
    let mut frame = search(PRESENT);
    let scope = frame.windows(3).position(|window| window == [0x0A, 1, 2]).unwrap() + 2;
    frame[scope] = 3;
    let Operation::Search(request) = Message::decode(&frame).unwrap().operation else { panic!() };
    assert_eq!(request.scope, Scope::Subordinates);
    frame[scope] = 4;
    assert_eq!(body_response(&frame), Some(response::SEARCH_DONE));
    frame[scope] = 2;
    frame[scope + 3] = 4;
    assert_eq!(body_response(&frame), Some(response::SEARCH_DONE));
    frame[scope + 3] = 0;
    frame[scope + 6] = 0xFF;
    assert_eq!(body_response(&frame), Some(response::SEARCH_DONE), "a negative size limit");
}

fn nested(levels: usize) -> Vec<u8> {
    (1..levels).fold(PRESENT.to_vec(), |inner, _| {
        let mut out = Vec::new();
        Writer::new(&mut out).tagged(0xA2, &inner);
        out
    })
}

#[test]
fn a_filter_has_at_most_64_levels_and_1024_items() {
    assert_eq!(walk(Filter::decode(&nested(MAX_DEPTH)).unwrap()), MAX_DEPTH);
    assert!(Filter::decode(&nested(MAX_DEPTH + 1)).is_err());
    // A hundred thousand levels cost neither the stack nor time.
    let deep: Vec<u8> = [0xA2, 0x84, 0, 1, 0, 0].repeat(100_000);
    assert!(Filter::decode(&deep).is_err());
    let flat = |items: usize| {
        let mut out = Vec::new();
        Writer::new(&mut out).tagged(0xA0, &PRESENT.repeat(items - 1));
        out
    };
    assert_eq!(walk(Filter::decode(&flat(MAX_ITEMS)).unwrap()), MAX_ITEMS);
    assert!(Filter::decode(&flat(MAX_ITEMS + 1)).is_err());
}

#[test]
fn filters_that_mean_nothing_are_refused() {
    let refused: [&[u8]; 16] = [
        &[],
        &[0xA2, 0],                                           // (!)
        &[0xA2, 8, 0x87, 2, b'c', b'n', 0x87, 2, b'c', b'n'], // (!(cn=*)(cn=*))
        &[0xA3, 3, 4, 1, b'c'],                               // no value
        &[0xA3, 8, 4, 1, b'c', 4, 1, b'v', 4, 0],             // two values
        &[0xA4, 5, 4, 1, b'c', 0x30, 0],                      // no parts
        &[0xA4, 7, 4, 1, b'c', 0x30, 2, 0x81, 0],             // an empty part
        &[0xA4, 11, 4, 1, b'c', 0x30, 6, 0x81, 1, b'a', 0x80, 1, b'i'],
        &[0xA4, 11, 4, 1, b'c', 0x30, 6, 0x82, 1, b'f', 0x81, 1, b'a'],
        &[0xA4, 8, 4, 1, b'c', 0x30, 3, 0x83, 1, b'a'],
        &[0xA9, 3, 0x83, 1, b'v'],             // neither rule nor attribute
        &[0xA9, 6, 0x82, 1, b'c', 0x84, 1, 1], // no value
        &[0xA9, 8, 0x82, 1, b'c', 0x83, 1, b'v', 0x84, 0],
        &[0xAA, 0],
        &[0x87, 2, b'c', b'n', 0],
        &[0xA0, 2, 0xA3, 0x80],
    ];
    for filter in refused {
        assert!(Filter::decode(filter).is_err(), "{filter:02X?}");
    }
    assert!(matches!(Filter::decode(&[0xA0, 0]), Ok(Filter::And(set)) if set.iter().next().is_none()));
    assert!(matches!(Filter::decode(&[0xA1, 0]), Ok(Filter::Or(_))));
}

#[test]
fn elements_follow_the_reading_rules() {
    let element = |octets: &'static [u8]| Reader::new(octets).element();
    assert_eq!(element(&[4, 0x81, 1, 9]), Ok((4, &[9][..])), "a length that is not minimal");
    assert_eq!(element(&[4, 0x84, 0, 0, 0, 1, 9]), Ok((4, &[9][..])));
    assert_eq!(element(&[4, 0x85, 0, 0, 0, 0, 1, 9]), Err(BerError::LongLength));
    assert_eq!(element(&[4, 0xFF]), Err(BerError::LongLength));
    assert_eq!(element(&[0x24, 0x80, 4, 1, 9, 0, 0]), Err(BerError::IndefiniteLength));
    assert_eq!(element(&[0x1F, 1, 0]), Err(BerError::LongTag));
    assert_eq!(element(&[4]), Err(BerError::Truncated));
    assert_eq!(element(&[4, 2, 9]), Err(BerError::Truncated));
    assert_eq!(element(&[4, 0x84, 0xFF, 0xFF, 0xFF, 0xFF, 9]), Err(BerError::Truncated));
    assert_eq!(Reader::new(&[1, 1, 2]).boolean(), Ok(true));
    assert_eq!(Reader::new(&[1, 0]).boolean(), Err(BerError::BadBoolean));
    assert_eq!(Reader::new(&[1, 2, 1, 1]).boolean(), Err(BerError::BadBoolean));
    assert_eq!(Reader::new(&[2, 0]).integer(), Err(BerError::BadInteger));
    assert_eq!(Reader::new(&[2, 9, 0, 0, 0, 0, 0, 0, 0, 0, 1]).integer(), Err(BerError::BadInteger));
    assert_eq!(Reader::new(&[2, 2, 0xFF, 0x7F]).integer(), Ok(-129));
    assert_eq!(Reader::new(&[4, 0]).integer(), Err(BerError::UnexpectedTag { expected: 2, found: 4 }));
    assert_eq!(Reader::new(&[4, 0]).finish(), Err(BerError::TrailingOctets));
    assert_eq!(Reader::new(&[4, 1, 0xFF]).text(), Err(BerError::NotUtf8));
}

#[test]
fn a_search_entry_says_the_same_ready_made_and_written_out() {
    for length in [1, 100, 127, 128, 200, 255, 256, 65_000, 70_000] {
        let value = vec![b'x'; length];
        let mut segment = Vec::new();
        response::attribute(&mut Writer::new(&mut segment), b"description", [&value]);
        for controls in [&[][..], &[0x30, 4, 4, 2, b'1', b'.']] {
            let (mut ready, mut written) = (Vec::new(), Vec::new());
            response::search_entry(&mut ready, 300, "cn=a", &[&segment, &segment], controls);
            let attributes = |writer: &mut Writer<'_>| {
                response::attribute(writer, b"description", [&value]);
                response::attribute(writer, b"description", [&value]);
            };
            response::search_entry_with(&mut written, 300, "cn=a", attributes, controls);
            assert_eq!(ready, written);
        }
    }
}

proptest! {
    #[test]
    fn integers_round_trip_in_minimal_form(value: i64) {
        let mut out = Vec::new();
        Writer::new(&mut out).integer(value);
        prop_assert_eq!(Reader::new(&out).integer(), Ok(value));
        prop_assert_eq!(out.len(), 2 + integer_length(value));
        let redundant = out.len() > 3 && (out[2] == 0 && out[3] < 0x80 || out[2] == 0xFF && out[3] >= 0x80);
        prop_assert!(!redundant);
    }

    #[test]
    fn constructed_elements_have_minimal_lengths(length in 0_usize..70_000) {
        let content = vec![7; length];
        let (mut patched, mut plain) = (Vec::new(), Vec::new());
        Writer::new(&mut patched).constructed(tag::SEQUENCE, |writer| writer.raw(&content));
        Writer::new(&mut plain).tagged(tag::SEQUENCE, &content);
        prop_assert_eq!(patched.len(), element_length(length));
        prop_assert_eq!(patched, plain);
    }

    #[test]
    fn noise_is_never_fatal(octets in proptest::collection::vec(any::<u8>(), 0..300)) {
        let _ = frame_length(&octets, 1 << 20);
        let _ = Message::decode(&octets);
        let framed = message(7, 0x63, &octets, &[]);
        let _ = Message::decode(&framed);
        if let Ok(filter) = Filter::decode(&octets) {
            walk(filter);
        }
    }
}
