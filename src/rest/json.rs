//! How strict request bodies are (RFC 8259, rest-api.md section 2): one value in UTF-8, no member twice, no deeper than `DEPTH`.
//! What the members mean is not known here. Nothing said about a body repeats a word of it: it may hold a password.

use std::{collections::HashSet, fmt};

use serde::de::{DeserializeSeed, Deserializer, Error as _, MapAccess, SeqAccess, Visitor};
use serde_json::{Map, Value};

/// The deepest nesting of arrays and objects.
pub const DEPTH: usize = 64;

/// The members of a body that is one object.
///
/// # Errors
/// A sentence with the place, made to be sent.
pub fn object(body: &[u8]) -> Result<Map<String, Value>, String> {
    check(body)?;
    match serde_json::from_slice(body).map_err(|error| sentence(&error))? {
        Value::Object(members) => Ok(members),
        _ => Err("The body must be a JSON object".to_owned()),
    }
}

/// Checks the whole body; serde's own reader keeps the last of two members of one name.
fn check(body: &[u8]) -> Result<(), String> {
    let mut text = serde_json::Deserializer::from_slice(body);
    let found = Strict { left: DEPTH }.deserialize(&mut text).and_then(|()| text.end());
    found.map_err(|error| sentence(&error))
}

/// What is wrong with a body, without a word of the body.
fn sentence(error: &serde_json::Error) -> String {
    let (line, column) = (error.line(), error.column());
    let problem = match error.to_string() {
        text if text.starts_with(TWICE) => TWICE,
        text if text.starts_with(DEEP) => DEEP,
        _ => "The body is not valid JSON in UTF-8",
    };
    format!("{problem} (line {line}, column {column})")
}

const TWICE: &str = "The JSON body names a member twice";
const DEEP: &str = "The JSON body is nested deeper than 64 levels";

/// Takes any value and keeps nothing but the member names of the objects it stands in.
struct Strict {
    left: usize,
}

impl Strict {
    fn inner<E: serde::de::Error>(&self) -> Result<Self, E> {
        self.left.checked_sub(1).map(|left| Self { left }).ok_or_else(|| E::custom(DEEP))
    }
}

impl<'de> DeserializeSeed<'de> for Strict {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Strict {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a JSON value")
    }

    fn visit_unit<E>(self) -> Result<(), E> {
        Ok(())
    }

    fn visit_bool<E>(self, _: bool) -> Result<(), E> {
        Ok(())
    }

    fn visit_i64<E>(self, _: i64) -> Result<(), E> {
        Ok(())
    }

    fn visit_u64<E>(self, _: u64) -> Result<(), E> {
        Ok(())
    }

    fn visit_f64<E>(self, _: f64) -> Result<(), E> {
        Ok(())
    }

    fn visit_str<E>(self, _: &str) -> Result<(), E> {
        Ok(())
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<(), A::Error> {
        while items.next_element_seed(self.inner()?)?.is_some() {}
        Ok(())
    }

    fn visit_map<A: MapAccess<'de>>(self, mut members: A) -> Result<(), A::Error> {
        let mut names = HashSet::new();
        while let Some(name) = members.next_key::<String>()? {
            if !names.insert(name) {
                return Err(A::Error::custom(TWICE));
            }
            members.next_value_seed(self.inner()?)?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::expect_used, reason = "tests")]
    use super::*;

    #[test]
    fn plain_json_passes() {
        for body in ["{}", " [1, 2.5, -3, true, null, \"x\"] ", r#"{"a":{"b":1},"c":{"b":1}}"#, "1e400"] {
            let expected = body != "1e400";
            assert_eq!(check(body.as_bytes()).is_ok(), expected, "{body}");
        }
    }

    #[test]
    fn what_is_not_plain_is_refused_without_repeating_it() {
        let deep = format!("{}{}", "[".repeat(65), "]".repeat(65));
        let deepest = format!("{}{}", "[".repeat(64), "]".repeat(64));
        assert_eq!(check(deepest.as_bytes()), Ok(()));
        let table: [(&[u8], &str); 9] = [
            (br#"{"secret":1,"secret":2}"#, TWICE),
            (br#"{"a":{"secret":1,"\u0073ecret":2}}"#, TWICE),
            (deep.as_bytes(), DEEP),
            (b"", "The body is not valid JSON"),
            (b"{\"secret\":", "The body is not valid JSON"),
            (b"{} secret", "The body is not valid JSON"),
            (b"{\"secret\":\"\xff\"}", "The body is not valid JSON"),
            (b"{'secret':1}", "The body is not valid JSON"),
            (b"\xef\xbb\xbf{}", "The body is not valid JSON"),
        ];
        for (body, expected) in table {
            let said = check(body).expect_err("refused");
            assert!(said.starts_with(expected), "{said}");
            assert!(!said.contains("secret"), "{said}");
        }
    }

    #[test]
    fn a_million_brackets_neither_overflow_nor_last() {
        assert!(check("[".repeat(1 << 20).as_bytes()).is_err());
        assert!(check("{\"a\":".repeat(1 << 18).as_bytes()).is_err());
    }
}
