//! Search filters (RFC 4511 section 4.5.1.7, RFC 4526), borrowed from the request. What an assertion means is decided by the
//! schema, elsewhere.

use std::fmt;

use crate::ber::{self, BerError, Reader, Writer, tag};

/// One filter item or combination. Decoding checks the whole tree once (depth at most 64, at most 1,024 items), so that
/// walking it cannot fail.
#[derive(Clone, Copy, Debug)]
pub enum Filter<'a> {
    /// `(&...)`; empty is absolute true (RFC 4526).
    And(FilterSet<'a>),
    /// `(|...)`; empty is absolute false (RFC 4526).
    Or(FilterSet<'a>),
    /// `(!...)`.
    Not(FilterSet<'a>),
    /// `(a=v)`.
    Equality(Assertion<'a>),
    /// `(a=i*x*f)`.
    Substrings(Substrings<'a>),
    /// `(a>=v)`.
    GreaterOrEqual(Assertion<'a>),
    /// `(a<=v)`.
    LessOrEqual(Assertion<'a>),
    /// `(a=*)`: the attribute description.
    Present(&'a [u8]),
    /// `(a~=v)`.
    Approximate(Assertion<'a>),
    /// `(a:dn:rule:=v)`.
    Extensible(Extensible<'a>),
}

/// The members of a combination (for `Not` exactly one), still encoded and already checked.
#[derive(Clone, Copy, Debug)]
pub struct FilterSet<'a>(pub(crate) &'a [u8]);

/// An attribute description and an assertion value, both raw octets.
#[derive(Clone, Copy, Debug)]
pub struct Assertion<'a> {
    /// Attribute description as sent.
    pub attribute: &'a [u8],
    /// Assertion value as sent.
    pub value: &'a [u8],
}

/// A substring assertion: at most one initial, first; at most one final, last.
#[derive(Clone, Copy, Debug)]
pub struct Substrings<'a> {
    /// Attribute description as sent.
    pub attribute: &'a [u8],
    pub(crate) parts: &'a [u8],
}

/// One part of a substring assertion; none is empty.
#[derive(Clone, Copy, Debug)]
pub enum Part<'a> {
    /// The value begins with this.
    Initial(&'a [u8]),
    /// The value contains this, after the parts before it.
    Any(&'a [u8]),
    /// The value ends with this.
    Final(&'a [u8]),
}

/// A matching rule assertion; `rule` or `attribute` is present.
#[derive(Clone, Copy, Debug)]
pub struct Extensible<'a> {
    /// Matching rule name or OID.
    pub rule: Option<&'a [u8]>,
    /// Attribute description.
    pub attribute: Option<&'a [u8]>,
    /// Assertion value.
    pub value: &'a [u8],
    /// Whether the attributes of the entry's DN count too.
    pub dn_attributes: bool,
}

/// Levels that a filter may have.
pub const MAX_DEPTH: usize = 64;
/// Items and combinations that a filter may have.
pub const MAX_ITEMS: usize = 1_024;

/// Tags of the filter choices, and of the members of two of them.
mod choice {
    pub(super) const AND: u8 = 0xA0;
    pub(super) const OR: u8 = 0xA1;
    pub(super) const NOT: u8 = 0xA2;
    pub(super) const EQUALITY: u8 = 0xA3;
    pub(super) const SUBSTRINGS: u8 = 0xA4;
    pub(super) const GREATER_OR_EQUAL: u8 = 0xA5;
    pub(super) const LESS_OR_EQUAL: u8 = 0xA6;
    pub(super) const PRESENT: u8 = 0x87;
    pub(super) const APPROXIMATE: u8 = 0xA8;
    pub(super) const EXTENSIBLE: u8 = 0xA9;
    pub(super) const INITIAL: u8 = 0x80;
    pub(super) const ANY: u8 = 0x81;
    pub(super) const FINAL: u8 = 0x82;
    pub(super) const RULE: u8 = 0x81;
    pub(super) const ATTRIBUTE: u8 = 0x82;
    pub(super) const VALUE: u8 = 0x83;
    pub(super) const DN_ATTRIBUTES: u8 = 0x84;
}

/// Why a filter was refused: it is malformed, or larger than [`MAX_DEPTH`] or [`MAX_ITEMS`] allow.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct FilterError;

impl From<BerError> for FilterError {
    fn from(_: BerError) -> Self {
        Self
    }
}

impl fmt::Display for FilterError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "the filter is malformed, or has more than {MAX_DEPTH} levels or {MAX_ITEMS} items")
    }
}

impl std::error::Error for FilterError {}

impl<'a> Filter<'a> {
    /// Decodes and checks one filter element that must fill `octets` exactly.
    ///
    /// # Errors
    /// See [`FilterError`].
    #[inline]
    pub fn decode(octets: &'a [u8]) -> Result<Self, FilterError> {
        let mut outer = Reader::new(octets);
        let mut items = 0;
        let filter = Self::checked(&mut outer, MAX_DEPTH, &mut items)?;
        outer.finish()?;
        Ok(filter)
    }

    /// The next filter with all that is in it, checked; `levels` are still allowed, `items` were met before.
    fn checked(reader: &mut Reader<'a>, levels: usize, items: &mut usize) -> Result<Self, FilterError> {
        *items += 1;
        if levels == 0 || *items > MAX_ITEMS {
            return Err(FilterError);
        }
        let filter = Self::next(reader)?;
        let mut members = match filter {
            Self::And(set) | Self::Or(set) | Self::Not(set) => Reader::new(set.0),
            _ => return Ok(filter),
        };
        let negation = matches!(filter, Self::Not(_));
        let before = members;
        while !members.is_empty() {
            Self::checked(&mut members, levels - 1, items)?;
        }
        if negation {
            let mut one = before;
            one.element()?;
            one.finish()?;
        }
        Ok(filter)
    }

    /// The next filter; combinations are not looked into.
    fn next(reader: &mut Reader<'a>) -> Result<Self, FilterError> {
        let (tag, content) = reader.element()?;
        Ok(match tag {
            choice::AND => Self::And(FilterSet(content)),
            choice::OR => Self::Or(FilterSet(content)),
            choice::NOT => Self::Not(FilterSet(content)),
            choice::EQUALITY => Self::Equality(Assertion::decode(content)?),
            choice::SUBSTRINGS => Self::Substrings(Substrings::decode(content)?),
            choice::GREATER_OR_EQUAL => Self::GreaterOrEqual(Assertion::decode(content)?),
            choice::LESS_OR_EQUAL => Self::LessOrEqual(Assertion::decode(content)?),
            choice::PRESENT => Self::Present(content),
            choice::APPROXIMATE => Self::Approximate(Assertion::decode(content)?),
            choice::EXTENSIBLE => Self::Extensible(Extensible::decode(content)?),
            _ => return Err(FilterError),
        })
    }

    /// Appends this filter as an element.
    pub fn encode(&self, writer: &mut Writer<'_>) {
        match self {
            Self::And(set) => writer.tagged(choice::AND, set.0),
            Self::Or(set) => writer.tagged(choice::OR, set.0),
            Self::Not(set) => writer.tagged(choice::NOT, set.0),
            Self::Equality(assertion) => assertion.encode(choice::EQUALITY, writer),
            Self::Substrings(substrings) => writer.constructed(choice::SUBSTRINGS, |members| {
                members.octet_string(substrings.attribute);
                members.tagged(tag::SEQUENCE, substrings.parts);
            }),
            Self::GreaterOrEqual(assertion) => assertion.encode(choice::GREATER_OR_EQUAL, writer),
            Self::LessOrEqual(assertion) => assertion.encode(choice::LESS_OR_EQUAL, writer),
            Self::Present(attribute) => writer.tagged(choice::PRESENT, attribute),
            Self::Approximate(assertion) => assertion.encode(choice::APPROXIMATE, writer),
            Self::Extensible(extensible) => extensible.encode(writer),
        }
    }
}

impl<'a> FilterSet<'a> {
    /// The members in order.
    pub fn iter(&self) -> impl Iterator<Item = Filter<'a>> + use<'a> {
        let mut members = Reader::new(self.0);
        std::iter::from_fn(move || Filter::next(&mut members).ok())
    }
}

impl<'a> Assertion<'a> {
    fn decode(content: &'a [u8]) -> Result<Self, FilterError> {
        let mut members = Reader::new(content);
        let assertion = Self { attribute: members.octet_string()?, value: members.octet_string()? };
        members.finish()?;
        Ok(assertion)
    }

    fn encode(&self, tag: u8, writer: &mut Writer<'_>) {
        writer.constructed(tag, |members| {
            members.octet_string(self.attribute);
            members.octet_string(self.value);
        });
    }
}

impl<'a> Substrings<'a> {
    fn decode(content: &'a [u8]) -> Result<Self, FilterError> {
        let mut members = Reader::new(content);
        let attribute = members.octet_string()?;
        let parts = members.expect(tag::SEQUENCE)?;
        members.finish()?;
        let mut rest = Reader::new(parts);
        let mut is_first = true;
        while !rest.is_empty() {
            let (tag, part) = rest.element()?;
            let in_place = match tag {
                choice::INITIAL => is_first,
                choice::ANY => true,
                choice::FINAL => rest.is_empty(),
                _ => false,
            };
            if !in_place || part.is_empty() {
                return Err(FilterError);
            }
            is_first = false;
        }
        if is_first { Err(FilterError) } else { Ok(Self { attribute, parts }) }
    }

    /// The parts in order.
    pub fn parts(&self) -> impl Iterator<Item = Part<'a>> + use<'a> {
        let mut parts = Reader::new(self.parts);
        std::iter::from_fn(move || {
            parts.element().ok().map(|(tag, part)| match tag {
                choice::INITIAL => Part::Initial(part),
                choice::FINAL => Part::Final(part),
                _ => Part::Any(part),
            })
        })
    }
}

impl<'a> Extensible<'a> {
    fn decode(content: &'a [u8]) -> Result<Self, FilterError> {
        let mut members = Reader::new(content);
        let rule = members.optional(choice::RULE)?;
        let attribute = members.optional(choice::ATTRIBUTE)?;
        let value = members.expect(choice::VALUE)?;
        let dn_attributes = members.optional(choice::DN_ATTRIBUTES)?.map_or(Ok(false), ber::boolean)?;
        members.finish()?;
        if rule.is_none() && attribute.is_none() {
            return Err(FilterError);
        }
        Ok(Self { rule, attribute, value, dn_attributes })
    }

    fn encode(&self, writer: &mut Writer<'_>) {
        writer.constructed(choice::EXTENSIBLE, |members| {
            members.tagged_optional(choice::RULE, self.rule);
            members.tagged_optional(choice::ATTRIBUTE, self.attribute);
            members.tagged(choice::VALUE, self.value);
            if self.dn_attributes {
                members.tagged_boolean(choice::DN_ATTRIBUTES, true);
            }
        });
    }
}
