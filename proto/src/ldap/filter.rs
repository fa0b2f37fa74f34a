//! Search filters (RFC 4511 section 4.5.1.7, RFC 4526), borrowed from the request.

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

impl<'a> Filter<'a> {
    /// Decodes and checks one filter TLV that must fill `bytes` exactly.
    pub fn decode(_bytes: &'a [u8]) -> Result<Self, crate::ldap::filter::FilterError> {
        todo!()
    }
}

/// Why a filter was refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct FilterError;

impl<'a> FilterSet<'a> {
    /// The members in order.
    pub fn iter(&self) -> impl Iterator<Item = Filter<'a>> + use<'a> {
        std::iter::empty()
    }
}

impl<'a> Substrings<'a> {
    /// The parts in order.
    pub fn parts(&self) -> impl Iterator<Item = Part<'a>> + use<'a> {
        std::iter::empty()
    }
}
