//! What the recorded values become when somebody meddles with them.

use std::panic;

use countersign_proto::{
    account::{PasswordPolicyStateRequest, StateOperation},
    ber::{Reader, Writer},
    delivered_otp::DeliverOneTimePasswordRequest,
    delivery::{MessageTexts, PreferredMechanism},
    password_generation::{GeneratePasswordRequest, PolicySelection},
    text::{DnText, Secret, Text},
    token::{DeliverPasswordResetTokenRequest, DeliverSingleUseTokenRequest},
    value::BerRequest,
};
use proptest::prelude::*;

use crate::{Vector, requests::again, vectors};

/// Recorded values that are a SEQUENCE.
fn sequences() -> Vec<(Vector, Vec<u8>)> {
    let all = ["extop-requests", "sasl-credentials"].into_iter().flat_map(vectors);
    let sequences = all.filter(|vector| vector.kind() != "sasl-plain");
    sequences.filter_map(|vector| vector.value().map(|value| (vector, value))).collect()
}

/// The members of a SEQUENCE, each whole.
fn members(value: &[u8]) -> Vec<Vec<u8>> {
    let mut sequence = Reader::new(value).sequence().unwrap();
    let mut members = Vec::new();
    while !sequence.is_empty() {
        members.push(sequence.whole_element().unwrap().to_vec());
    }
    members
}

fn sequence(members: &[Vec<u8>]) -> Vec<u8> {
    let mut out = Vec::new();
    Writer::new(&mut out).sequence(|writer| members.iter().for_each(|member| writer.raw(member)));
    out
}

fn is_tagged(member: &[u8]) -> bool {
    member[0] & 0x80 != 0
}

/// Whether unknown members are to be ignored.
fn is_lenient(kind: &str) -> bool {
    ["generate-password-request", "get-password-quality-requirements-request"].contains(&kind)
}

#[test]
fn a_value_cut_anywhere_or_followed_by_anything_is_refused() {
    for (vector, value) in sequences() {
        for end in 0..value.len() {
            assert!(again(vector.kind(), Some(&value[..end])).is_err(), "{} cut at {end}", vector.name());
        }
        for rest in [&[0][..], &[5, 0], &value] {
            assert!(again(vector.kind(), Some(&[&value, rest].concat())).is_err(), "{}", vector.name());
        }
    }
}

#[test]
fn a_member_cut_anywhere_is_refused_or_another_request() {
    for (vector, value) in sequences() {
        let content = members(&value).concat();
        for end in 0..content.len() {
            // Never itself: what was cut off is missed or changes the request.
            let cut = again(vector.kind(), Some(&sequence(&[content[..end].to_vec()])));
            assert_ne!(cut, Ok(Some(value.clone())), "{} cut at {end}", vector.name());
        }
    }
}

#[test]
fn tagged_members_may_come_in_any_order_but_once() {
    for (vector, value) in sequences() {
        let members = members(&value);
        let tagged: Vec<_> = members.iter().filter(|member| is_tagged(member)).cloned().collect();
        let leading: Vec<_> = members.iter().filter(|member| !is_tagged(member)).cloned().collect();
        if tagged.is_empty() || is_lenient(vector.kind()) {
            continue;
        }
        let reversed: Vec<_> = leading.iter().chain(tagged.iter().rev()).cloned().collect();
        let read = again(vector.kind(), Some(&sequence(&reversed)));
        assert_eq!(read, Ok(Some(value.clone())), "{}", vector.name());
        for member in &tagged {
            let twice = sequence(&[members.clone(), vec![member.clone()]].concat());
            assert!(again(vector.kind(), Some(&twice)).is_err(), "{}", vector.name());
        }
        if !leading.is_empty() {
            let late = sequence(&[tagged, leading].concat());
            assert!(again(vector.kind(), Some(&late)).is_err(), "{}", vector.name());
        }
    }
}

#[test]
fn unknown_members_are_refused_except_where_they_are_to_be_ignored() {
    for (vector, value) in sequences() {
        for unknown in [vec![0x8F, 1, b'a'], vec![0xBE, 0], vec![4, 1, b'a'], vec![5, 0]] {
            let more = sequence(&[members(&value), vec![unknown]].concat());
            let read = again(vector.kind(), Some(&more));
            assert_eq!(read.is_ok(), is_lenient(vector.kind()), "{}", vector.name());
        }
    }
}

#[test]
fn any_octet_changed_ends_in_a_verdict() {
    for (vector, value) in sequences() {
        for at in 0..value.len().min(120) {
            for octet in [0, 1, 0x1F, 0x30, 0x7F, 0x80, 0x81, 0x84, 0x85, 0xFF] {
                let mut changed = value.clone();
                changed[at] = octet;
                let verdict = panic::catch_unwind(|| again(vector.kind(), Some(&changed)).is_ok());
                assert!(verdict.is_ok(), "{} changed at {at} to {octet}", vector.name());
            }
        }
    }
}

#[test]
fn what_must_be_text_is_utf8_and_numbers_are_in_their_bounds() {
    let refused: [(&str, &[u8]); 13] = [
        ("deliver-otp-request", &[0x30, 3, 0x80, 1, 0xFF]),
        ("deliver-otp-request", &[0x30, 6, 0x80, 1, b'u', 0x84, 1, 0xFF]),
        ("deliver-otp-request", &[0x30, 8, 0x80, 1, b'u', 0xA2, 3, 4, 1, 0xFF]),
        ("deliver-otp-request", &[0x30, 8, 0x80, 1, b'u', 0xA2, 3, 0x80, 1, b'm']),
        ("deliver-otp-request", &[0x30, 7, 0x80, 1, b'u', 0xA3, 2, 0x30, 0]),
        // Both lists of mechanisms.
        ("deliver-otp-request", &[0x30, 15, 0x80, 1, b'u', 0xA2, 3, 4, 1, b'a', 0xA3, 5, 0x30, 3, 4, 1, b'a']),
        ("deliver-single-use-token-request", &[0x30, 9, 4, 1, b'a', 4, 1, b't', 0x80, 1, 0]),
        ("deliver-single-use-token-request", &[0x30, 9, 4, 1, b'a', 4, 1, b't', 0x80, 1, 0xFF]),
        ("consume-single-use-token-request", &[0x30, 9, 4, 1, b'a', 4, 1, b't', 4, 1, 0xFF]),
        ("generate-password-request", &[0x30, 5, 0x80, 0, 0x83, 1, 0]),
        ("generate-password-request", &[0x30, 5, 0x80, 0, 0x84, 1, 0xFF]),
        ("generate-password-request", &[0x30, 3, 0x80, 1, 0]),
        ("password-policy-state-request", &[0x30, 10, 4, 1, b'a', 0x30, 5, 0x30, 3, 2, 1, 0]),
    ];
    for (kind, value) in refused {
        assert!(again(kind, Some(value)).is_err(), "{kind} {value:02X?}");
    }
}

#[test]
fn empty_lists_are_absent_ones() {
    let empty: [(&str, &[u8]); 4] = [
        ("deliver-otp-request", &[0x30, 7, 0x80, 1, b'u', 0xA2, 0, 0xA3, 0]),
        ("deliver-password-reset-token-request", &[0x30, 5, 4, 1, b'a', 0xA5, 0]),
        ("deliver-single-use-token-request", &[0x30, 8, 4, 1, b'a', 4, 1, b't', 0xA6, 0]),
        ("password-policy-state-request", &[0x30, 5, 4, 1, b'a', 0x30, 0]),
    ];
    for (kind, value) in empty {
        assert!(again(kind, Some(value)).unwrap().unwrap().len() < value.len(), "{kind}");
    }
}

fn text() -> impl Strategy<Value = Text> {
    any::<String>().prop_map(Text)
}

fn secret() -> impl Strategy<Value = Secret> {
    proptest::collection::vec(any::<u8>(), 0..40).prop_map(Secret::new)
}

fn texts() -> impl Strategy<Value = MessageTexts> {
    let text = || proptest::option::of(text());
    (text(), text(), text(), text(), text()).prop_map(
        |(subject, full_text_before, full_text_after, compact_text_before, compact_text_after)| MessageTexts {
            subject,
            full_text_before,
            full_text_after,
            compact_text_before,
            compact_text_after,
        },
    )
}

fn preferred() -> impl Strategy<Value = Vec<PreferredMechanism>> {
    let one = (text(), proptest::option::of(text()));
    let one = one.prop_map(|(mechanism, recipient_id)| PreferredMechanism { mechanism, recipient_id });
    proptest::collection::vec(one, 0..4)
}

proptest! {
    #[test]
    fn deliveries_round_trip(
        id in text(), token_id in text(), static_password in proptest::option::of(secret()), texts in texts(),
        preferred_mechanisms in preferred(), validity in proptest::option::of(1_u64..1 << 62), flags: [bool; 4],
    ) {
        let request = DeliverOneTimePasswordRequest {
            authentication_id: id.clone(),
            static_password,
            preferred_mechanisms: preferred_mechanisms.clone(),
            texts: texts.clone(),
        };
        prop_assert_eq!(BerRequest::from_ber(request.to_ber().as_deref()), Ok(request));
        let request = DeliverPasswordResetTokenRequest {
            user_dn: DnText(id.0.clone()),
            texts: texts.clone(),
            preferred_mechanisms: preferred_mechanisms.clone(),
        };
        prop_assert_eq!(BerRequest::from_ber(request.to_ber().as_deref()), Ok(request));
        let request = DeliverSingleUseTokenRequest {
            user_dn: DnText(id.0),
            token_id,
            validity_duration_millis: validity.map(|millis| millis.try_into().unwrap()),
            texts,
            preferred_mechanisms,
            deliver_if_password_expired: flags[0],
            deliver_if_account_locked: flags[1],
            deliver_if_account_disabled: flags[2],
            deliver_if_account_expired: flags[3],
        };
        prop_assert_eq!(BerRequest::from_ber(request.to_ber().as_deref()), Ok(request));
    }

    #[test]
    fn states_and_generated_passwords_round_trip(
        dn in any::<String>(), numbers in proptest::collection::vec((any::<i64>(), any::<Vec<String>>()), 0..5),
        number_of_passwords in 1_u32.., validation_attempts: u32, choice in 0..3,
    ) {
        let operation = |(number, values): (i64, Vec<String>)| StateOperation {
            number,
            values: values.into_iter().map(Secret::new).collect(),
        };
        let operations = numbers.into_iter().map(operation).collect();
        let request = PasswordPolicyStateRequest { target_user: DnText(dn.clone()), operations };
        prop_assert_eq!(BerRequest::from_ber(request.to_ber().as_deref()), Ok(request));
        let policy = match choice {
            0 => PolicySelection::Default,
            1 => PolicySelection::Policy(DnText(dn)),
            _ => PolicySelection::TargetEntry(DnText(dn)),
        };
        let request = GeneratePasswordRequest { policy, number_of_passwords, validation_attempts };
        prop_assert_eq!(BerRequest::from_ber(request.to_ber().as_deref()), Ok(request));
    }

    #[test]
    fn noise_is_never_fatal(octets in proptest::collection::vec(any::<u8>(), 0..200)) {
        for vector in vectors("malformed-values") {
            let _ = again(vector.kind(), Some(&octets));
        }
    }
}
