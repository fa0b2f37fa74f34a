//! SASL EXTERNAL (RFC 4422 appendix A): the identity comes from the connection; the credentials only say as whom to act.

use crate::{
    text::Text,
    value::{BerRequest, ValueError},
};

/// The credentials: absent, empty, or an authorization ID as raw text.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ExternalCredentials {
    /// As whom to act, `u:` or `dn:` form; absent: as the identity of the connection.
    pub authorization_id: Option<Text>,
}

impl BerRequest for ExternalCredentials {
    fn from_ber(value: Option<&[u8]>) -> Result<Self, ValueError> {
        let text = value.filter(|octets| !octets.is_empty()).map(Text::from_octets).transpose()?;
        Ok(Self { authorization_id: text })
    }

    fn to_ber(&self) -> Option<Vec<u8>> {
        self.authorization_id.as_ref().map(|id| id.as_bytes().to_vec())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn absent_and_empty_mean_the_identity_of_the_connection() {
        assert_eq!(ExternalCredentials::from_ber(None), Ok(ExternalCredentials::default()));
        assert_eq!(ExternalCredentials::from_ber(Some(b"")), Ok(ExternalCredentials::default()));
    }

    #[test]
    fn an_authorization_id_is_text() {
        let credentials = ExternalCredentials { authorization_id: Some(Text::from("u:kim")) };
        assert_eq!(ExternalCredentials::from_ber(Some(b"u:kim")), Ok(credentials));
        assert!(ExternalCredentials::from_ber(Some(b"\xff")).is_err());
    }
}
