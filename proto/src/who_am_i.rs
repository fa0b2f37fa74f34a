//! The "Who am I?" operation (RFC 4532). Its value is text, not BER.

use serde::Serialize;

use crate::{
    ber::text,
    text::Text,
    value::{BerRequest, BerResult, ValueError, refuse_value, required},
};

/// Asks for the authorization identity of the requester. OID 1.3.6.1.4.1.4203.1.11.3, value forbidden.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct WhoAmIRequest;

impl BerRequest for WhoAmIRequest {
    fn from_ber(value: Option<&[u8]>) -> Result<Self, ValueError> {
        refuse_value(value).map(|()| Self)
    }

    fn to_ber(&self) -> Option<Vec<u8>> {
        None
    }
}

/// The authorization identity: the raw text, always present.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct WhoAmIResult {
    /// `dn:` form; empty for anonymous.
    #[serde(rename = "authorizationID")]
    pub authorization_id: Text,
}

impl BerResult for WhoAmIResult {
    fn to_ber(&self) -> Option<Vec<u8>> {
        Some(self.authorization_id.as_bytes().to_vec())
    }

    fn from_ber(value: Option<&[u8]>) -> Result<Self, ValueError> {
        Ok(Self { authorization_id: Text::from(text(required(value)?)?) })
    }
}
