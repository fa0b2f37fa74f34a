//! Yubico's validation protocol, version 2.0: how requests and answers are written and signed, and the client that asks servers. Our own
//! server of the protocol is `rest/validation.rs`; both sign by the same rule.
//!
//! Requests are GETs with parameters, answers are lines `name=value`. Either is signed by HMAC-SHA-1 over its fields but `h`, sorted by
//! name, joined as `name=value` by `&`, without any encoding. Source: Yubico, "Validation Protocol Version 2.0".

mod client;

use std::fmt;

use base64::{Engine, engine::general_purpose::STANDARD};
use hmac::{Hmac, KeyInit, Mac};
use sha1::Sha1;
use zeroize::Zeroizing;

pub use self::client::{Outcome, Validators};

/// The key that a client and a server share. Never printed, wiped when dropped.
#[derive(Clone, PartialEq, Eq)]
pub struct ApiKey(Zeroizing<Vec<u8>>);

/// What a server says of an OTP.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Status {
    /// Good, and now used.
    Ok,
    /// Not made by a device that the server knows, or no OTP.
    BadOtp,
    /// Used before.
    ReplayedOtp,
    /// This OTP was sent with this nonce before.
    ReplayedRequest,
    /// The request's signature is not its client's.
    BadSignature,
    /// A parameter is missing.
    MissingParameter,
    /// The server knows no such client.
    NoSuchClient,
    /// The client may not ask.
    OperationNotAllowed,
    /// The server failed.
    BackendError,
    /// Too few other servers answered it.
    NotEnoughAnswers,
}

/// Every status with its word on the wire.
const WORDS: [(Status, &str); 10] = [
    (Status::Ok, "OK"),
    (Status::BadOtp, "BAD_OTP"),
    (Status::ReplayedOtp, "REPLAYED_OTP"),
    (Status::ReplayedRequest, "REPLAYED_REQUEST"),
    (Status::BadSignature, "BAD_SIGNATURE"),
    (Status::MissingParameter, "MISSING_PARAMETER"),
    (Status::NoSuchClient, "NO_SUCH_CLIENT"),
    (Status::OperationNotAllowed, "OPERATION_NOT_ALLOWED"),
    (Status::BackendError, "BACKEND_ERROR"),
    (Status::NotEnoughAnswers, "NOT_ENOUGH_ANSWERS"),
];

/// The field of the signature.
pub const SIGNATURE: &str = "h";

impl Status {
    /// The status with this word.
    pub fn parse(word: &str) -> Option<Self> {
        WORDS.iter().find_map(|(status, known)| (*known == word).then_some(*status))
    }
}

impl fmt::Display for Status {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(WORDS.iter().find(|(status, _)| status == self).map_or("", |(_, word)| word))
    }
}

impl ApiKey {
    /// The key in base64 text, as servers give it out.
    pub fn from_base64(text: &str) -> Option<Self> {
        STANDARD.decode(text.trim()).ok().filter(|key| !key.is_empty()).map(|key| Self(Zeroizing::new(key)))
    }

    /// The signature of these fields, `h` among them or not.
    pub fn sign(&self, fields: &[(&str, &str)]) -> String {
        STANDARD.encode(self.mac(fields).finalize().into_bytes())
    }

    /// Whether `signature` is that of these fields; constant time.
    pub fn verifies(&self, fields: &[(&str, &str)], signature: &str) -> bool {
        STANDARD.decode(signature).is_ok_and(|signature| self.mac(fields).verify_slice(&signature).is_ok())
    }

    fn mac(&self, fields: &[(&str, &str)]) -> Hmac<Sha1> {
        let mut sorted: Vec<_> = fields.iter().filter(|(name, _)| *name != SIGNATURE).collect();
        sorted.sort_unstable();
        // A key of any length is fit for HMAC; an empty one would refuse every signature.
        let mut mac = Hmac::<Sha1>::new_from_slice(&self.0).unwrap_or_else(|_| Hmac::new(&Default::default()));
        for (index, (name, value)) in sorted.into_iter().enumerate() {
            if index > 0 {
                mac.update(b"&");
            }
            mac.update(name.as_bytes());
            mac.update(b"=");
            mac.update(value.as_bytes());
        }
        mac
    }
}

impl fmt::Debug for ApiKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("ApiKey(secret)")
    }
}

/// The fields of an answer: lines of `name=value`, ended by LF with or without CR; the first `=` divides. `None` if a line has none,
/// or a name stands twice, for then it is not clear what was signed.
pub fn fields_of(body: &str) -> Option<Vec<(&str, &str)>> {
    let mut fields: Vec<(&str, &str)> = Vec::new();
    for line in body.lines().map(str::trim_end).filter(|line| !line.is_empty()) {
        let (name, value) = line.split_once('=')?;
        if fields.iter().any(|(other, _)| *other == name) {
            return None;
        }
        fields.push((name, value));
    }
    Some(fields)
}

/// The value of a field.
pub fn field<'a>(fields: &[(&str, &'a str)], name: &str) -> Option<&'a str> {
    fields.iter().find_map(|(other, value)| (*other == name).then_some(*value))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::indexing_slicing)]
    use proptest::prelude::*;

    use super::*;

    fn key() -> ApiKey {
        ApiKey::from_base64("MDEyMzQ1Njc4OWFiY2RlZmdoaWo=").unwrap()
    }

    const OTP: &str = "cccccckdvvulgjvtkjdhtlrbjjctggdihuevikehtlil";

    #[test]
    fn signatures_are_those_of_the_specification() {
        let request = [("id", "87"), ("otp", OTP), ("timestamp", "1"), ("nonce", "askjdnkajsndjkasndkjsnad")];
        assert_eq!(key().sign(&request), "NXG1wbLbg3/FzX9E5q3SkyZapME=");
        let answer = [
            ("t", "2019-06-06T05:14:09Z0369"),
            ("otp", OTP),
            ("nonce", "askjdnkajsndjkasndkjsnad"),
            ("sl", "20"),
            ("timestamp", "7819"),
            ("sessioncounter", "1"),
            ("sessionuse", "0"),
            ("status", "OK"),
        ];
        assert_eq!(key().sign(&answer), "pHvhtk90yMYzOtgH1M7DPX9Ay2c=");
        let signed: Vec<_> = [("h", "pHvhtk90yMYzOtgH1M7DPX9Ay2c=")].into_iter().chain(answer).collect();
        assert!(key().verifies(&signed, "pHvhtk90yMYzOtgH1M7DPX9Ay2c="));
        assert!(!key().verifies(&signed, "") && !key().verifies(&signed, "pHvhtk90yMYzOtgH1M7DPX9Ay2d="));
        assert!(!key().verifies(&signed[2..], "pHvhtk90yMYzOtgH1M7DPX9Ay2c="));
    }

    #[test]
    fn an_answer_is_read_line_by_line() {
        let expected = Some(vec![("h", "a+b/c="), ("status", "OK")]);
        assert_eq!(fields_of("h=a+b/c=\r\nstatus=OK\r\n\r\n"), expected);
        assert_eq!(fields_of("h=a+b/c=\nstatus=OK"), expected);
        assert_eq!(fields_of("status=OK\nstatus=BAD_OTP"), None);
        assert_eq!(fields_of("<html>"), None);
        assert_eq!(fields_of(""), Some(vec![]));
    }

    #[test]
    fn every_status_has_its_word() {
        for (status, word) in WORDS {
            assert_eq!((Status::parse(word), status.to_string().as_str()), (Some(status), word));
        }
        assert_eq!(Status::parse("ok"), None);
    }

    #[test]
    fn a_key_is_base64_and_is_not_shown() {
        assert!(ApiKey::from_base64("").is_none() && ApiKey::from_base64("no base64").is_none());
        assert_eq!(format!("{:?}", key()), "ApiKey(secret)");
    }

    proptest! {
        #[test]
        fn arbitrary_answers_do_no_harm(body in ".{0,200}") {
            if let Some(fields) = fields_of(&body) {
                prop_assert!(key().verifies(&fields, &key().sign(&fields)));
            }
        }
    }
}
