//! The envelope and the requests (RFC 4511 section 4), borrowed from the frame; decoding allocates nothing.
//! Add, Modify, ModifyDN and Delete stay raw here, see [`Operation`].

use std::fmt;

use super::{controls::Controls, filter::Filter, malformed::Malformed, response, strings::Strings};
use crate::ber::{self, BerError, Reader, tag};

/// One message from a client.
#[derive(Clone, Copy, Debug)]
pub struct Message<'a> {
    /// The message ID, 1 to 2^31 - 1.
    pub id: i32,
    /// What is asked for.
    pub operation: Operation<'a>,
    /// The controls, already checked for form.
    pub controls: Controls<'a>,
}

/// What a client asks for.
#[derive(Clone, Copy, Debug)]
pub enum Operation<'a> {
    /// Who the client is.
    Bind(BindRequest<'a>),
    /// The client leaves; no response.
    Unbind,
    /// Read entries.
    Search(SearchRequest<'a>),
    /// Test one value.
    Compare(CompareRequest<'a>),
    /// Forget the operation with this message ID; no response.
    Abandon(i32),
    /// An extended operation.
    Extended(ExtendedRequest<'a>),
    /// AddRequest as a whole element, not looked into.
    Add(&'a [u8]),
    /// ModifyRequest as a whole element, not looked into.
    Modify(&'a [u8]),
    /// ModifyDNRequest as a whole element, not looked into.
    ModifyDn(&'a [u8]),
    /// DelRequest as a whole element, not looked into.
    Delete(&'a [u8]),
}

/// RFC 4511 section 4.2.
#[derive(Clone, Copy, Debug)]
pub struct BindRequest<'a> {
    /// The protocol version; only 3 is spoken.
    pub version: i64,
    /// The name to bind as; empty with SASL.
    pub name: &'a str,
    /// How the client proves it.
    pub authentication: Authentication<'a>,
}

/// How a client proves who it is. `Debug` shows no credentials.
#[derive(Clone, Copy)]
pub enum Authentication<'a> {
    /// A password, raw octets.
    Simple(&'a [u8]),
    /// A SASL mechanism by name.
    Sasl {
        /// The mechanism's name.
        mechanism: &'a str,
        /// Its credentials; absent and empty differ.
        credentials: Option<&'a [u8]>,
    },
    /// A choice that RFC 4511 does not have, by its tag: authMethodNotSupported.
    Unknown(u8),
}

impl fmt::Debug for Authentication<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Simple(_) => f.write_str("Simple(..)"),
            Self::Sasl { mechanism, .. } => write!(f, "Sasl({mechanism:?}, ..)"),
            Self::Unknown(tag) => write!(f, "Unknown(0x{tag:02X})"),
        }
    }
}

/// RFC 4511 section 4.5.1.
#[derive(Clone, Copy, Debug)]
pub struct SearchRequest<'a> {
    /// The base, not yet parsed.
    pub base: &'a str,
    /// Which entries relative to the base.
    pub scope: Scope,
    /// How many entries at most; 0 for no wish.
    pub size_limit: u32,
    /// Seconds at most; 0 for no wish.
    pub time_limit: u32,
    /// Attribute descriptions without values.
    pub types_only: bool,
    /// Which entries match; checked whole.
    pub filter: Filter<'a>,
    /// The filter's element, to be kept with a search that outlives its frame ([`Filter::decode`]).
    pub filter_element: &'a [u8],
    /// Which attributes to return.
    pub attributes: Strings<'a>,
}

/// Which entries a search looks at.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Scope {
    /// The base alone.
    Base,
    /// The entries directly below the base.
    One,
    /// The base and all below it.
    Subtree,
    /// All below the base, without it (draft-sermersheim-ldap-subordinate-scope).
    Subordinates,
}

/// RFC 4511 section 4.10.
#[derive(Clone, Copy)]
pub struct CompareRequest<'a> {
    /// The entry, not yet parsed.
    pub dn: &'a str,
    /// Attribute description.
    pub attribute: &'a [u8],
    /// Assertion value.
    pub value: &'a [u8],
}

impl fmt::Debug for CompareRequest<'_> {
    /// The value may be a password.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "CompareRequest({:?}, {:?})", self.dn, String::from_utf8_lossy(self.attribute))
    }
}

/// RFC 4511 section 4.12.
#[derive(Clone, Copy)]
pub struct ExtendedRequest<'a> {
    /// The request's OID.
    pub name: &'a str,
    /// The request's value; absent and empty differ.
    pub value: Option<&'a [u8]>,
}

impl fmt::Debug for ExtendedRequest<'_> {
    /// The value may hold a password.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "ExtendedRequest({:?}, {:?} octets)", self.name, self.value.map(<[u8]>::len))
    }
}

/// Why a frame is no message that can be carried out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DecodeError {
    /// The envelope is damaged or names no request: the connection must end (RFC 4511 section 4.1.1).
    Envelope(Malformed),
    /// A known operation with a bad body or bad controls: that operation's own response says protocolError.
    Body {
        /// The message ID to answer.
        id: i32,
        /// The tag of the response; `None` where the operation has none (unbind, abandon).
        response: Option<u8>,
        /// What is wrong.
        malformed: Malformed,
    },
}

impl<'a> Message<'a> {
    /// The message in `frame`, which must be exactly one LDAPMessage.
    ///
    /// # Errors
    /// See [`DecodeError`].
    pub fn decode(frame: &'a [u8]) -> Result<Self, DecodeError> {
        let Envelope { id, operation, controls } = Envelope::decode(frame).map_err(DecodeError::Envelope)?;
        let Some(&operation_tag) = operation.first() else {
            return Err(DecodeError::Envelope(Malformed::Ber(BerError::Truncated)));
        };
        let response = response_tag(operation_tag).map_err(DecodeError::Envelope)?;
        let body = |malformed| DecodeError::Body { id, response, malformed };
        Ok(Self {
            id,
            operation: Operation::decode(operation_tag, operation).map_err(body)?,
            controls: Controls::decode(controls).map_err(|error| body(error.into()))?,
        })
    }
}

/// What stands around every request.
struct Envelope<'a> {
    id: i32,
    /// A whole element.
    operation: &'a [u8],
    /// The content of `[0]`; empty if it is absent.
    controls: &'a [u8],
}

impl<'a> Envelope<'a> {
    fn decode(frame: &'a [u8]) -> Result<Self, Malformed> {
        let mut outer = Reader::new(frame);
        let mut message = outer.sequence()?;
        outer.finish()?;
        let id = i32::try_from(message.integer()?).ok().filter(|&id| id > 0).ok_or(Malformed::MessageId)?;
        let operation = message.whole_element()?;
        let controls = message.optional(tag::constructed(0))?.unwrap_or_default();
        message.ignore_rest()?;
        Ok(Self { id, operation, controls })
    }
}

/// The tag of the response to the request with this tag.
const fn response_tag(request: u8) -> Result<Option<u8>, Malformed> {
    Ok(Some(match request {
        0x60 => response::BIND,
        0x42 | 0x50 => return Ok(None),
        0x63 => response::SEARCH_DONE,
        0x66 => response::MODIFY,
        0x68 => response::ADD,
        0x4A => response::DELETE,
        0x6C => response::MODIFY_DN,
        0x6E => response::COMPARE,
        0x77 => response::EXTENDED,
        _ => return Err(Malformed::UnknownOperation(request)),
    }))
}

impl<'a> Operation<'a> {
    fn decode(operation_tag: u8, element: &'a [u8]) -> Result<Self, Malformed> {
        let content = Reader::new(element).expect(operation_tag)?;
        Ok(match operation_tag {
            0x60 => Self::Bind(BindRequest::decode(content)?),
            0x42 => Self::Unbind,
            0x63 => Self::Search(SearchRequest::decode(content)?),
            0x66 => Self::Modify(element),
            0x68 => Self::Add(element),
            0x4A => Self::Delete(element),
            0x6C => Self::ModifyDn(element),
            0x6E => Self::Compare(CompareRequest::decode(content)?),
            0x50 => Self::Abandon(i32::try_from(ber::integer(content)?).map_err(|_| Malformed::MessageId)?),
            0x77 => Self::Extended(ExtendedRequest::decode(content)?),
            _ => return Err(Malformed::UnknownOperation(operation_tag)),
        })
    }
}

impl<'a> BindRequest<'a> {
    fn decode(content: &'a [u8]) -> Result<Self, Malformed> {
        let mut body = Reader::new(content);
        let version = body.integer()?;
        let name = body.text()?;
        let authentication = match body.element()? {
            (0x80, password) => Authentication::Simple(password),
            (0xA3, sasl) => {
                let mut sasl = Reader::new(sasl);
                let mechanism = sasl.text()?;
                let credentials = sasl.optional(tag::OCTET_STRING)?;
                sasl.ignore_rest()?;
                Authentication::Sasl { mechanism, credentials }
            }
            (tag, _) => Authentication::Unknown(tag),
        };
        body.ignore_rest()?;
        Ok(Self { version, name, authentication })
    }
}

impl<'a> SearchRequest<'a> {
    #[inline]
    fn decode(content: &'a [u8]) -> Result<Self, Malformed> {
        let mut body = Reader::new(content);
        let base = body.text()?;
        let scope = match body.enumerated()? {
            0 => Scope::Base,
            1 => Scope::One,
            2 => Scope::Subtree,
            3 => Scope::Subordinates,
            _ => return Err(Malformed::OutOfRange("the scope")),
        };
        // There are no aliases here, so that following them or not is the same.
        if !(0..=3).contains(&body.enumerated()?) {
            return Err(Malformed::OutOfRange("derefAliases"));
        }
        let size_limit = limit(&mut body, "the size limit")?;
        let time_limit = limit(&mut body, "the time limit")?;
        let types_only = body.boolean()?;
        let filter_element = body.whole_element()?;
        let filter = Filter::decode(filter_element).map_err(|_| Malformed::Filter)?;
        let attributes = Strings::decode(body.expect(tag::SEQUENCE)?)?;
        body.ignore_rest()?;
        Ok(Self { base, scope, size_limit, time_limit, types_only, filter, filter_element, attributes })
    }
}

fn limit(body: &mut Reader<'_>, what: &'static str) -> Result<u32, Malformed> {
    u32::try_from(body.integer()?).ok().filter(|&limit| i32::try_from(limit).is_ok()).ok_or(Malformed::OutOfRange(what))
}

impl<'a> CompareRequest<'a> {
    fn decode(content: &'a [u8]) -> Result<Self, Malformed> {
        let mut body = Reader::new(content);
        let dn = body.text()?;
        let mut assertion = body.sequence()?;
        let request = Self { dn, attribute: assertion.octet_string()?, value: assertion.octet_string()? };
        assertion.ignore_rest()?;
        body.ignore_rest()?;
        Ok(request)
    }
}

impl<'a> ExtendedRequest<'a> {
    fn decode(content: &'a [u8]) -> Result<Self, Malformed> {
        let mut body = Reader::new(content);
        let name = ber::text(body.expect(tag::primitive(0))?)?;
        let value = body.optional(tag::primitive(1))?;
        body.ignore_rest()?;
        Ok(Self { name, value })
    }
}
