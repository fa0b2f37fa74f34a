//! How the values of extended operations and SASL credentials are read and written: the two traits that every message fulfils,
//! and the one loop that reads a SEQUENCE of context-tagged members.
//!
//! One struct per message carries both encodings. JSON comes from serde's derives (requests `Deserialize` only, results
//! `Serialize` only). BER is written by hand over [`crate::ber`], because the specification accepts context-tagged members in any
//! order and refuses repeated ones, which derived decoders do not do; each message's two functions stand under its ASN.1.

use std::{borrow::Cow, fmt};

use crate::ber::{BerError, Reader, Writer};

/// The value of a request, or the credentials of a SASL bind.
pub trait BerRequest: Sized {
    /// The request that this value says; `None` for an absent value.
    ///
    /// # Errors
    /// The value is not what the operation demands: the answer is protocolError.
    fn from_ber(value: Option<&[u8]>) -> Result<Self, ValueError>;

    /// The value as a client sends it; `None` for an absent value.
    fn to_ber(&self) -> Option<Vec<u8>>;
}

/// The value of a successful response.
pub trait BerResult: Sized {
    /// The value as a server sends it; `None` for an absent value.
    fn to_ber(&self) -> Option<Vec<u8>>;

    /// What a client reads from a response.
    ///
    /// # Errors
    /// The value is not what the operation answers.
    fn from_ber(value: Option<&[u8]>) -> Result<Self, ValueError>;
}

/// Why a value was refused, as a sentence for the sender. Never contains what was sent.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ValueError(Cow<'static, str>);

impl ValueError {
    /// Refused for this reason.
    pub fn new(sentence: impl Into<Cow<'static, str>>) -> Self {
        Self(sentence.into())
    }

    /// A member that must be there is not.
    pub(crate) fn missing(member: &'static str) -> Self {
        Self::new(format!("The value lacks {member}"))
    }

    /// The sentence.
    pub fn into_sentence(self) -> Cow<'static, str> {
        self.0
    }
}

impl fmt::Display for ValueError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for ValueError {}

impl From<BerError> for ValueError {
    fn from(error: BerError) -> Self {
        Self::new(format!("The value is malformed: {error}"))
    }
}

/// A result without a value: absent in LDAP, nothing but the result code in JSON.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, serde::Serialize)]
pub struct NoValue {}

impl BerResult for NoValue {
    fn to_ber(&self) -> Option<Vec<u8>> {
        None
    }

    fn from_ber(value: Option<&[u8]>) -> Result<Self, ValueError> {
        refuse_value(value).map(|()| Self {})
    }
}

/// The value of an operation that demands one.
pub(crate) fn required(value: Option<&[u8]>) -> Result<&[u8], ValueError> {
    value.ok_or_else(|| ValueError::new("The operation demands a value"))
}

/// Refuses the value of an operation that forbids one.
pub(crate) fn refuse_value(value: Option<&[u8]>) -> Result<(), ValueError> {
    value.map_or(Ok(()), |_| Err(ValueError::new("The operation forbids a value")))
}

/// The elements of a value that is one SEQUENCE; octets after it are refused.
pub(crate) fn elements(value: &[u8]) -> Result<Reader<'_>, ValueError> {
    let mut outer = Reader::new(value);
    let sequence = outer.sequence()?;
    outer.finish()?;
    Ok(sequence)
}

/// The members of a SEQUENCE of context-tagged elements, by the tags and names given, in whatever order they came. Repeated and
/// unknown members and octets after the SEQUENCE are refused.
pub(crate) fn members<'a, const N: usize>(
    value: &'a [u8],
    known: [(u8, &'static str); N],
) -> Result<[Option<&'a [u8]>; N], ValueError> {
    tagged_members(elements(value)?, known)
}

/// The same of what a SEQUENCE holds after its positional members.
pub(crate) fn tagged_members<'a, const N: usize>(
    sequence: Reader<'a>,
    known: [(u8, &'static str); N],
) -> Result<[Option<&'a [u8]>; N], ValueError> {
    let unknown = |tag| Err(ValueError::new(format!("The value has an unknown member with tag 0x{tag:02X}")));
    sort_members(sequence, known, unknown)
}

/// The same where the operation's page says that unknown members are ignored.
pub(crate) fn known_members<'a, const N: usize>(
    sequence: Reader<'a>,
    known: [(u8, &'static str); N],
) -> Result<[Option<&'a [u8]>; N], ValueError> {
    sort_members(sequence, known, |_| Ok(()))
}

fn sort_members<'a, const N: usize>(
    mut sequence: Reader<'a>,
    known: [(u8, &'static str); N],
    unknown: impl Fn(u8) -> Result<(), ValueError>,
) -> Result<[Option<&'a [u8]>; N], ValueError> {
    let mut found = [None; N];
    while !sequence.is_empty() {
        let (tag, content) = sequence.element()?;
        let Some(((_, name), slot)) = known.iter().zip(&mut found).find(|((known, _), _)| *known == tag) else {
            unknown(tag)?;
            continue;
        };
        if slot.replace(content).is_some() {
            return Err(ValueError::new(format!("The value repeats {name}")));
        }
    }
    Ok(found)
}

/// The encoded SEQUENCE whose members `members` writes.
pub(crate) fn sequence(members: impl FnOnce(&mut Writer<'_>)) -> Vec<u8> {
    let mut out = Vec::with_capacity(128);
    Writer::new(&mut out).sequence(members);
    out
}
