//! The field types whose two encodings differ: OCTET STRING in BER, string in JSON. What a text means (an authentication ID, a
//! DN) is decided by who uses it.

use std::{fmt, ops::Deref};

use serde::{Deserialize, Deserializer, Serialize, Serializer, de};
use subtle::ConstantTimeEq;
use zeroize::Zeroizing;

use crate::{
    ber::{self, BerError},
    value::ValueError,
};

/// UTF-8 text: an authentication ID (`u:` or `dn:` form), the name of a mechanism, a message.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Text(pub String);

/// A bare distinguished name as text, not yet parsed; never with a `dn:` prefix.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct DnText(pub String);

macro_rules! text {
    ($name:ident) => {
        impl $name {
            /// The text in the content of an element.
            ///
            /// # Errors
            /// It is not UTF-8.
            pub fn from_octets(octets: &[u8]) -> Result<Self, BerError> {
                ber::text(octets).map(Self::from)
            }
        }

        impl From<&str> for $name {
            fn from(text: &str) -> Self {
                Self(text.to_owned())
            }
        }

        impl Deref for $name {
            type Target = str;

            fn deref(&self) -> &str {
                &self.0
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        }
    };
}

text!(Text);
text!(DnText);

impl Text {
    /// The text of an optional member.
    ///
    /// # Errors
    /// It is there and not UTF-8.
    pub(crate) fn optional(octets: Option<&[u8]>) -> Result<Option<Self>, ValueError> {
        Ok(octets.map(Self::from_octets).transpose()?)
    }
}

/// A password, code, token or shared secret: raw octets, never transformed, not necessarily UTF-8. It is never printed nor
/// serialized, compared in constant time, and wiped when dropped.
#[derive(Clone, Default)]
pub struct Secret(Zeroizing<Vec<u8>>);

impl Secret {
    /// Keeps these octets.
    pub fn new(octets: impl Into<Vec<u8>>) -> Self {
        Self(Zeroizing::new(octets.into()))
    }

    /// The octets, for whoever must verify or send them.
    pub fn expose(&self) -> &[u8] {
        &self.0
    }

    /// The octets as text; `None` if they are not UTF-8.
    pub fn expose_text(&self) -> Option<&str> {
        std::str::from_utf8(&self.0).ok()
    }

    /// Whether there are no octets.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secret(..)")
    }
}

impl PartialEq for Secret {
    fn eq(&self, other: &Self) -> bool {
        self.0.ct_eq(&other.0).into()
    }
}

impl Eq for Secret {}

impl<'de> Deserialize<'de> for Secret {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Octets;

        impl de::Visitor<'_> for Octets {
            type Value = Secret;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a string")
            }

            fn visit_str<E: de::Error>(self, text: &str) -> Result<Secret, E> {
                Ok(Secret::new(text))
            }

            fn visit_string<E: de::Error>(self, text: String) -> Result<Secret, E> {
                Ok(Secret::new(text))
            }

            // The defaults of these repeat what was sent in its message.
            fn visit_bool<E: de::Error>(self, _: bool) -> Result<Secret, E> {
                Err(E::invalid_type(de::Unexpected::Other("a boolean"), &self))
            }

            fn visit_i64<E: de::Error>(self, _: i64) -> Result<Secret, E> {
                Err(E::invalid_type(de::Unexpected::Other("a number"), &self))
            }

            fn visit_u64<E: de::Error>(self, _: u64) -> Result<Secret, E> {
                Err(E::invalid_type(de::Unexpected::Other("a number"), &self))
            }

            fn visit_f64<E: de::Error>(self, _: f64) -> Result<Secret, E> {
                Err(E::invalid_type(de::Unexpected::Other("a number"), &self))
            }
        }

        // Not `deserialize_string`: what is no string must reach the visitor, else the error repeats it.
        deserializer.deserialize_any(Octets)
    }
}

/// For `#[serde(serialize_with)]` on the few results that must hand out a secret once.
///
/// # Errors
/// Those of the serializer; a secret that is not UTF-8 has no JSON.
pub fn disclose<S: Serializer>(secret: &Secret, serializer: S) -> Result<S::Ok, S::Error> {
    let text = secret.expose_text().ok_or_else(|| serde::ser::Error::custom("the secret is not text"))?;
    serializer.serialize_str(text)
}
