//! The SASL mechanism PLAIN (RFC 4616). Its credentials are text with separators, not BER.

use crate::{
    text::{Secret, Text},
    value::{BerRequest, ValueError, required},
};

/// The credentials of PLAIN: `[authorizationID] NUL authenticationID NUL password`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PlainCredentials {
    /// As whom to act, `u:` or `dn:` form; `None` (sent empty): the same.
    pub authorization_id: Option<Text>,
    /// Who authenticates: `u:` or `dn:` form, or a bare user name; may be empty, which names nobody.
    pub authentication_id: Text,
    /// The password, raw octets without NUL; may be empty, which is no password.
    pub password: Secret,
}

impl PlainCredentials {
    /// The mechanism's name.
    pub const MECHANISM: &str = "PLAIN";
}

impl BerRequest for PlainCredentials {
    fn from_ber(value: Option<&[u8]>) -> Result<Self, ValueError> {
        let mut parts = required(value)?.split(|&octet| octet == 0);
        let (Some(authorization_id), Some(authentication_id), Some(password), None) =
            (parts.next(), parts.next(), parts.next(), parts.next())
        else {
            return Err(ValueError::new("PLAIN credentials have three parts with a NUL between each"));
        };
        let authorization_id = Text::from_octets(authorization_id)?;
        Ok(Self {
            authorization_id: (!authorization_id.is_empty()).then_some(authorization_id),
            authentication_id: Text::from_octets(authentication_id)?,
            password: Secret::new(password),
        })
    }

    fn to_ber(&self) -> Option<Vec<u8>> {
        let authorization_id = self.authorization_id.as_deref().unwrap_or_default();
        let parts = [authorization_id.as_bytes(), self.authentication_id.as_bytes(), self.password.expose()];
        Some(parts.join(&0))
    }
}
