//! The published vector, OTPs that other programs made, and every way to spoil one.
#![allow(clippy::unwrap_used, clippy::indexing_slicing)]

use aes::cipher::BlockCipherEncrypt;
use proptest::prelude::*;

use super::*;

/// Made by Debian's `ykgenerate` (libyubikey): key, private ID, session counter, timestamp low and high, use, OTP.
const MADE_ELSEWHERE: &str = include_str!("ykgenerate.txt");

/// The vector of Yubico's own documentation; factor-policies.md 12.4.
const PUBLISHED: &str = "dteffujehknhfjbrjnlnldnhcujvddbikngjrtgh";

fn published_key() -> Key {
    Key::from_hex("ecde18dbe76fbd0c33330f1c354871db", "8792ebfe26cc").unwrap()
}

fn otp(text: &str) -> Otp {
    Otp::parse(text.as_bytes()).unwrap()
}

fn modhex(octets: &[u8]) -> String {
    octets
        .iter()
        .flat_map(|octet| [octet >> 4, octet & 15])
        .map(|value| char::from(MODHEX[usize::from(value)]))
        .collect()
}

/// An OTP as a device makes it, by the format's words and not by the code under test.
fn made(key: &Key, id: &str, counters: Counters, timestamp: u32, noise: [u8; 2]) -> Otp {
    let mut plain = key.private_id.to_vec();
    plain.extend(counters.session.to_le_bytes());
    plain.extend(&timestamp.to_le_bytes()[..3]);
    plain.push(counters.uses);
    plain.extend(noise);
    plain.extend((!crc(&plain)).to_le_bytes());
    let mut block = <[u8; 16]>::try_from(plain).unwrap().into();
    Aes128::new(&key.aes.into()).encrypt_block(&mut block);
    otp(&format!("{id}{}", modhex(&block)))
}

#[test]
fn the_published_vector_opens() {
    assert_eq!(otp(PUBLISHED).public_id(), "dteffuje");
    let token = Token { counters: Counters { session: 19, uses: 17 }, timestamp: 0xC230 };
    for text in [PUBLISHED, &PUBLISHED.to_uppercase()] {
        assert_eq!(published_key().judge(&otp(text), None), Verdict::Fresh(token));
    }
}

#[test]
fn otps_that_other_programs_made_open() {
    let mut count = 0;
    for line in MADE_ELSEWHERE.lines().filter(|line| !line.starts_with('#')) {
        let [aes, private_id, session, low, high, uses, text] = line.split(' ').collect::<Vec<_>>().try_into().unwrap();
        let number = |text: &str| u32::from_str_radix(text, 16).unwrap();
        let token = Token {
            counters: Counters { session: number(session) as u16 & COUNTER_BITS, uses: number(uses) as u8 },
            timestamp: (number(high) << 16) | number(low),
        };
        let key = Key::from_hex(aes, private_id).unwrap();
        assert_eq!(key.judge(&otp(text), None), Verdict::Fresh(token), "{line}");
        assert_eq!(key.judge(&otp(text), Some(token.counters)), Verdict::Used(token), "{line}");
        assert_eq!(published_key().judge(&otp(text), None), Verdict::Wrong, "{line}");
        count += 1;
    }
    assert_eq!(count, 500);
}

#[test]
fn counters_are_compared_as_a_pair() {
    let key = published_key();
    let verdict = |counters: (u16, u8), last: (u16, u8)| {
        let [counters, last] = [counters, last].map(|(session, uses)| Counters { session, uses });
        matches!(key.judge(&made(&key, "vvvv", counters, 0, [0; 2]), Some(last)), Verdict::Fresh(_))
    };
    assert!(verdict((5, 3), (5, 2)) && verdict((6, 0), (5, 255)) && verdict((0x7FFF, 0), (0x7FFE, 9)));
    assert!(!verdict((5, 2), (5, 2)) && !verdict((5, 1), (5, 2)) && !verdict((4, 255), (5, 0)));
}

#[test]
fn caps_lock_does_not_count() {
    let key = published_key();
    let pressed = made(&key, "vvvv", Counters { session: 0x8005, uses: 0 }, 0, [0; 2]);
    let Verdict::Fresh(token) = key.judge(&pressed, None) else { unreachable!() };
    assert_eq!(token.counters.session, 5);
}

#[test]
fn what_has_not_the_shape_of_an_otp_is_none() {
    let token = &PUBLISHED[8..];
    for text in
        ["", "c", token, &format!("{}{token}", "c".repeat(17)), &PUBLISHED.replace('d', "a"), &format!("{PUBLISHED} ")]
    {
        assert!(Otp::parse(text.as_bytes()).is_none(), "{text}");
    }
    assert!(Otp::parse(b"dteffujehknhfjbrjnlnldnhcujvddbikngjrtg\xff").is_none());
    // What a Dvorak layout makes of the same keys.
    assert!(Otp::parse(b"jxe.uidchtnbpygkjxe.uidchtnbpygkjxe.uidchtnb").is_none());
    assert_eq!(otp(&format!("c{token}")).public_id(), "c");
    assert_eq!(otp(&format!("{}{token}", "v".repeat(16))).public_id(), "v".repeat(16));
}

#[test]
fn public_ids_are_kept_in_lower_case() {
    assert_eq!(public_id("VVccccBB").as_deref(), Some("vvccccbb"));
    for text in ["", "abcd", "cccc cccc", &"c".repeat(17), "\u{e7}c"] {
        assert_eq!(public_id(text), None, "{text}");
    }
}

#[test]
fn a_key_is_read_from_its_digits_and_says_nothing_of_them() {
    let key = Key::from_hex("EC DE 18 db e7 6f bd 0c 33 33 0f 1c 35 48 71 db", "87 92 eb fe 26 cc").unwrap();
    assert!(key == published_key());
    assert!(Key::from_octets(&key.octets()) == Some(key.clone()));
    assert_eq!(Key::from_hex("ecde", "8792ebfe26cc").err(), Some(KeyError::Aes));
    assert_eq!(Key::from_hex(&"x".repeat(32), "8792ebfe26cc").err(), Some(KeyError::Aes));
    assert_eq!(Key::from_hex(&"0".repeat(32), "8792ebfe26").err(), Some(KeyError::PrivateId));
    assert!([21, 23].iter().all(|length| Key::from_octets(&vec![0; *length]).is_none()));
    assert_eq!(format!("{key:?} {:?}", otp(PUBLISHED)), "Key(secret) Otp(dteffuje...)");
}

proptest! {
    #[test]
    fn what_a_device_makes_is_read_back(
        aes in any::<[u8; 16]>(), private_id in any::<[u8; 6]>(), session in 0u16..0x8000, uses in any::<u8>(),
        timestamp in 0u32..0x100_0000, noise in any::<[u8; 2]>(), id in "[cbdefghijklnrtuv]{1,16}",
    ) {
        let key = Key { aes, private_id };
        let counters = Counters { session, uses };
        let otp = made(&key, &id, counters, timestamp, noise);
        prop_assert_eq!(otp.public_id(), id);
        prop_assert_eq!(key.judge(&otp, None), Verdict::Fresh(Token { counters, timestamp }));
        let other = Key { private_id: private_id.map(|octet| !octet), ..key.clone() };
        prop_assert_eq!(other.judge(&otp, None), Verdict::Wrong);
    }

    #[test]
    fn one_changed_letter_spoils_an_otp(at in 8usize..40, by in 1usize..16) {
        let mut letters = PUBLISHED.as_bytes().to_vec();
        letters[at] = MODHEX[(usize::from(value_of(letters[at])) + by) % 16];
        prop_assert_eq!(published_key().judge(&Otp::parse(&letters).unwrap(), None), Verdict::Wrong);
    }

    #[test]
    fn arbitrary_octets_do_no_harm(typed in prop::collection::vec(any::<u8>(), 0..64)) {
        if let Some(otp) = Otp::parse(&typed) {
            prop_assert_eq!(published_key().judge(&otp, None), Verdict::Wrong);
        }
    }
}
