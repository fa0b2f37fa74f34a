//! Codes against the golden vectors and against oathtool.

#![allow(clippy::unwrap_used, clippy::indexing_slicing)]

use super::{
    hotp::Hotp,
    totp::{Settings, Step, Verdict, matching_step, secret_from_base32},
};
use crate::clock::UnixMillis;

const VECTORS: &str = include_str!("../../tests/vectors/totp-codes.json");

#[test]
fn codes_are_those_of_the_golden_vectors() {
    let vectors: Vec<serde_json::Value> = serde_json::from_str(VECTORS).unwrap();
    assert_eq!(vectors.len(), 17);
    for vector in vectors {
        let fields = &vector["fields"];
        let number = |name: &str| fields[name].as_u64().unwrap();
        let secret = secret_from_base32(fields["secret_base32"].as_str().unwrap()).unwrap();
        let (code, digits) = (fields["code"].as_str().unwrap(), u8::try_from(number("digits")).unwrap());
        assert_eq!(secret, unhex(fields["secret_hex"].as_str().unwrap()), "{vector}");
        assert_eq!(Hotp::new(&secret, digits).code(number("counter")).as_str(), code, "{vector}");
        if vector["type"] == "totp-code" {
            let period_seconds = u32::try_from(number("interval_seconds")).unwrap();
            let settings = Settings { period_seconds, window: 0, digits };
            let now = UnixMillis::from_seconds(number("unix_time_seconds"));
            let verdict = matching_step(&secret, code.as_bytes(), now, &settings, None);
            assert_eq!(verdict, Verdict::Fresh(Step(number("counter"))), "{vector}");
        }
    }
}

#[test]
fn codes_are_those_of_oathtool() {
    let table = [
        ("2167a08bb7cd846d4d47d5d147d52f", 1707654321, 60, "6712375"),
        ("3a252f978d733ac1f8c7d8a0f0e76781ca3e5166", 1715308642, 30, "69739178"),
        ("5d2855f89333b324ee4e65392926aad31467a28edf2b99042d", 1722962963, 60, "734413"),
        ("c678c683843308aa53ebc374aec64da02006d21a9f5ba9194d7e302cf223", 1730617284, 30, "6549807"),
        ("af522d1a041a9274c9758526475f529b766630d9ee1169d45021980b682a180a489c0d", 1738271605, 60, "24275045"),
        ("6a0483eb61e299e8b54c53441328c979c9baad2703a37f67b31410cb7d5b4b5ac46c2b2374b07c71", 1745925926, 30, "577035"),
    ];
    for (secret, seconds, period_seconds, code) in table {
        let settings = Settings { period_seconds, window: 0, digits: u8::try_from(code.len()).unwrap() };
        let now = UnixMillis::from_seconds(seconds);
        let verdict = matching_step(&unhex(secret), code.as_bytes(), now, &settings, None);
        assert_eq!(verdict, Verdict::Fresh(Step(seconds / u64::from(period_seconds))), "{secret}");
    }
}

fn unhex(text: &str) -> Vec<u8> {
    (0..text.len()).step_by(2).map(|at| u8::from_str_radix(&text[at..at + 2], 16).unwrap()).collect()
}
