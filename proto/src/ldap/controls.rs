//! Controls (RFC 4511 section 4.1.11): the list of a message, borrowed, and the values of those that are neither empty nor
//! plain text. Which controls a server knows, and where, is not said here.

use super::{filter::Filter, malformed::Malformed, strings::Strings};
use crate::ber::{BerError, Reader, Writer, tag};

/// The controls of one message, already checked for form.
#[derive(Clone, Copy, Debug, Default)]
pub struct Controls<'a>(&'a [u8]);

/// One control of a request.
#[derive(Clone, Copy, Debug)]
pub struct Control<'a> {
    /// Which control.
    pub oid: &'a str,
    /// Whether the operation must fail where the control is not understood.
    pub critical: bool,
    /// Its value; absent and empty differ.
    pub value: Option<&'a [u8]>,
}

impl<'a> Controls<'a> {
    /// The controls in `content`, the content of the message's `[0]`.
    pub fn decode(content: &'a [u8]) -> Result<Self, BerError> {
        let mut list = Reader::new(content);
        while !list.is_empty() {
            Control::decode(&mut list)?;
        }
        Ok(Self(content))
    }

    /// Whether there is none.
    pub const fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The controls in order.
    pub fn iter(&self) -> impl Iterator<Item = Control<'a>> + use<'a> {
        let mut list = Reader::new(self.0);
        std::iter::from_fn(move || Control::decode(&mut list).ok())
    }
}

impl<'a> Control<'a> {
    fn decode(list: &mut Reader<'a>) -> Result<Self, BerError> {
        let mut control = list.sequence()?;
        let oid = control.text()?;
        let critical = control.optional(tag::BOOLEAN)?.map_or(Ok(false), crate::ber::boolean)?;
        let value = control.optional(tag::OCTET_STRING)?;
        control.finish()?;
        Ok(Self { oid, critical, value })
    }

    /// Appends this control as an element: to a request's list, or (never critical) to a response's.
    pub fn append(&self, out: &mut Vec<u8>) {
        Writer::new(out).sequence(|control| {
            control.octet_string(self.oid.as_bytes());
            if self.critical {
                control.boolean(true);
            }
            control.tagged_optional(tag::OCTET_STRING, self.value);
        });
    }
}

/// Appends a response control: an element of the `controls` that the functions of [`super::response`] take.
pub fn append(out: &mut Vec<u8>, oid: &str, value: Option<&[u8]>) {
    Control { oid, critical: false, value }.append(out);
}

/// The value of the simple paged results control, both ways (RFC 2696):
/// `SEQUENCE { size INTEGER (0..maxInt), cookie OCTET STRING }`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PagedResults<'a> {
    /// Request: entries wanted, 0 to abandon. Response: the total's estimate, 0 for unknown.
    pub size: u32,
    /// Empty in the first request and in the last response.
    pub cookie: &'a [u8],
}

impl<'a> PagedResults<'a> {
    /// The value of a request's control.
    ///
    /// # Errors
    /// The value is absent, malformed or has a size out of range.
    pub fn decode(value: Option<&'a [u8]>) -> Result<Self, Malformed> {
        let mut outer = Reader::new(value.ok_or(BerError::Truncated)?);
        let mut members = outer.sequence()?;
        outer.finish()?;
        let size = i32::try_from(members.integer()?).ok().and_then(|size| u32::try_from(size).ok());
        let paged = Self { size: size.ok_or(Malformed::OutOfRange("the page size"))?, cookie: members.octet_string()? };
        members.finish()?;
        Ok(paged)
    }

    /// The encoded value.
    pub fn encode(&self) -> Vec<u8> {
        let mut out = Vec::with_capacity(self.cookie.len() + 12);
        Writer::new(&mut out).sequence(|members| {
            members.integer(i64::from(self.size.min(i32::MAX as u32)));
            members.octet_string(self.cookie);
        });
        out
    }
}

/// The filter of an assertion control (RFC 4528): the value is a Filter.
///
/// # Errors
/// The value is absent or no filter.
pub fn assertion(value: Option<&[u8]>) -> Result<Filter<'_>, Malformed> {
    Filter::decode(value.ok_or(BerError::Truncated)?).map_err(|_| Malformed::Filter)
}

/// The attribute selection of a pre-read or post-read control (RFC 4527): `SEQUENCE OF OCTET STRING`.
///
/// # Errors
/// The value is absent or malformed.
pub fn attribute_selection(value: Option<&[u8]>) -> Result<Strings<'_>, Malformed> {
    let mut outer = Reader::new(value.ok_or(BerError::Truncated)?);
    let selection = Strings::decode(outer.expect(tag::SEQUENCE)?)?;
    outer.finish()?;
    Ok(selection)
}

/// The DN of a proxied authorization control of version 1 (draft-weltman-ldapv3-proxy): `SEQUENCE { proxyDN OCTET STRING }`.
///
/// # Errors
/// The value is absent or malformed.
pub fn proxied_authorization_v1(value: Option<&[u8]>) -> Result<&str, Malformed> {
    let mut outer = Reader::new(value.ok_or(BerError::Truncated)?);
    let mut members = outer.sequence()?;
    outer.finish()?;
    let dn = members.text()?;
    members.finish()?;
    Ok(dn)
}

/// The authorization ID of a proxied authorization control of version 2 (RFC 4370): the raw text, empty for anonymous.
///
/// # Errors
/// The value is absent or not UTF-8.
pub fn proxied_authorization_v2(value: Option<&[u8]>) -> Result<&str, Malformed> {
    Ok(crate::ber::text(value.ok_or(BerError::Truncated)?)?)
}

/// The response value of the password policy control (draft-behera-ldap-password-policy):
/// `SEQUENCE { warning [0] CHOICE { timeBeforeExpiration [0], graceAuthNsRemaining [1] } OPTIONAL, error [1] ENUMERATED OPTIONAL }`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct PasswordPolicy {
    /// What will happen soon.
    pub warning: Option<PasswordPolicyWarning>,
    /// What is wrong: 0 passwordExpired, 1 accountLocked, 2 changeAfterReset, 3 passwordModNotAllowed, 4 mustSupplyOldPassword,
    /// 5 insufficientPasswordQuality, 6 passwordTooShort, 7 passwordTooYoung, 8 passwordInHistory.
    pub error: Option<u8>,
}

/// What a password policy warns of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PasswordPolicyWarning {
    /// Seconds until the password expires.
    TimeBeforeExpiration(i32),
    /// How many more times an expired password is accepted.
    GraceAuthenticationsRemaining(i32),
}

impl PasswordPolicy {
    /// The encoded value; an empty SEQUENCE when there is nothing to say.
    pub fn encode(&self) -> Vec<u8> {
        let mut out = Vec::with_capacity(16);
        Writer::new(&mut out).sequence(|members| {
            if let Some(warning) = self.warning {
                members.constructed(tag::constructed(0), |choice| match warning {
                    PasswordPolicyWarning::TimeBeforeExpiration(seconds) => {
                        choice.tagged_integer(tag::primitive(0), i64::from(seconds));
                    }
                    PasswordPolicyWarning::GraceAuthenticationsRemaining(count) => {
                        choice.tagged_integer(tag::primitive(1), i64::from(count));
                    }
                });
            }
            if let Some(error) = self.error {
                members.tagged_integer(tag::primitive(1), i64::from(error));
            }
        });
        out
    }
}
