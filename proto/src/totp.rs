//! Time-based one-time passwords (RFC 6238): the messages that generate, revoke and validate, and the UNBOUNDID-TOTP
//! credentials. The codes themselves are at home in the server.

use serde::{Deserialize, Serialize};

use crate::{
    ber::tag,
    text::{DnText, Secret, Text, disclose},
    value::{BerRequest, BerResult, ValueError, members, required, sequence},
};

const AUTHENTICATION_ID: (u8, &str) = (tag::primitive(0), "authenticationID");
const STATIC_PASSWORD: (u8, &str) = (tag::primitive(1), "staticPassword");

/// Makes a TOTP shared secret for an account and adds it to those that the account has; the secret is active at once.
///
/// Ways to call it: one's own account by static password, with or without authentication ID; another's account by
/// authentication ID alone, with the password-reset privilege.
///
/// OID 1.3.6.1.4.1.30221.2.6.56, value required:
/// ```text
/// SEQUENCE { authenticationID [0] OCTET STRING OPTIONAL, staticPassword [1] OCTET STRING OPTIONAL }   -- not both absent
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct GenerateTotpSharedSecretRequest {
    /// Whose account, `u:` or `dn:` form; absent: the requester's. JSON has it in the path, not in the body.
    #[serde(skip)]
    pub authentication_id: Option<Text>,
    /// That account's static password, raw octets.
    #[serde(rename = "staticPassword")]
    pub static_password: Option<Secret>,
}

impl BerRequest for GenerateTotpSharedSecretRequest {
    fn from_ber(value: Option<&[u8]>) -> Result<Self, ValueError> {
        let [authentication_id, static_password] = members(required(value)?, [AUTHENTICATION_ID, STATIC_PASSWORD])?;
        if authentication_id.is_none() && static_password.is_none() {
            return Err(ValueError::new("The value has neither authenticationID nor staticPassword"));
        }
        Ok(Self {
            authentication_id: Text::optional(authentication_id)?,
            static_password: static_password.map(Secret::new),
        })
    }

    fn to_ber(&self) -> Option<Vec<u8>> {
        Some(sequence(|value| {
            value.tagged_optional(AUTHENTICATION_ID.0, self.authentication_id.as_ref().map(|id| id.as_bytes()));
            value.tagged_optional(STATIC_PASSWORD.0, self.static_password.as_ref().map(Secret::expose));
        }))
    }
}

/// The new secret; this is the only time that it is told.
///
/// OID 1.3.6.1.4.1.30221.2.6.57: `SEQUENCE { totpSharedSecret [0] OCTET STRING }`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct GenerateTotpSharedSecretResult {
    /// Base32 text (RFC 4648), upper case, without padding.
    #[serde(rename = "totpSharedSecret", serialize_with = "disclose")]
    pub totp_shared_secret: Secret,
}

impl BerResult for GenerateTotpSharedSecretResult {
    fn to_ber(&self) -> Option<Vec<u8>> {
        Some(sequence(|value| value.tagged(tag::primitive(0), self.totp_shared_secret.expose())))
    }

    fn from_ber(value: Option<&[u8]>) -> Result<Self, ValueError> {
        const SECRET: (u8, &str) = (tag::primitive(0), "totpSharedSecret");
        let [secret] = members(required(value)?, [SECRET])?;
        let totp_shared_secret = secret.map(Secret::new).ok_or_else(|| ValueError::missing(SECRET.1))?;
        Ok(Self { totp_shared_secret })
    }
}

/// Removes one TOTP shared secret, or all of an account's.
///
/// With a secret: that one is removed, and the secret itself is the proof; a static password beside it must be right too.
/// Without: all are removed, by static password, or by authentication ID alone with the password-reset privilege.
///
/// OID 1.3.6.1.4.1.30221.2.6.58, value required; the response has no value:
/// ```text
/// SEQUENCE { authenticationID [0] OCTET STRING OPTIONAL, staticPassword [1] OCTET STRING OPTIONAL,
///            totpSharedSecret [2] OCTET STRING OPTIONAL }   -- not all absent
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RevokeTotpSharedSecretRequest {
    /// Whose account, `u:` or `dn:` form; absent: the requester's. JSON has it in the path, not in the body.
    #[serde(skip)]
    pub authentication_id: Option<Text>,
    /// That account's static password, raw octets.
    #[serde(rename = "staticPassword")]
    pub static_password: Option<Secret>,
    /// The secret to remove, base32 text in any case, padded or not; absent: all.
    #[serde(rename = "totpSharedSecret")]
    pub totp_shared_secret: Option<Secret>,
}

impl RevokeTotpSharedSecretRequest {
    const SECRET: (u8, &str) = (tag::primitive(2), "totpSharedSecret");
}

impl BerRequest for RevokeTotpSharedSecretRequest {
    fn from_ber(value: Option<&[u8]>) -> Result<Self, ValueError> {
        let [authentication_id, static_password, secret] =
            members(required(value)?, [AUTHENTICATION_ID, STATIC_PASSWORD, Self::SECRET])?;
        if authentication_id.is_none() && static_password.is_none() && secret.is_none() {
            return Err(ValueError::new("The value has no member"));
        }
        Ok(Self {
            authentication_id: Text::optional(authentication_id)?,
            static_password: static_password.map(Secret::new),
            totp_shared_secret: secret.map(Secret::new),
        })
    }

    fn to_ber(&self) -> Option<Vec<u8>> {
        Some(sequence(|value| {
            value.tagged_optional(AUTHENTICATION_ID.0, self.authentication_id.as_ref().map(|id| id.as_bytes()));
            value.tagged_optional(STATIC_PASSWORD.0, self.static_password.as_ref().map(Secret::expose));
            value.tagged_optional(Self::SECRET.0, self.totp_shared_secret.as_ref().map(Secret::expose));
        }))
    }
}

/// Tests and spends one code of a user, as step-up assurance: the connection's identity does not change.
///
/// OID 1.3.6.1.4.1.30221.2.6.15, value required; the response has no value:
/// `SEQUENCE { userDN [0] OCTET STRING, totpPassword [1] OCTET STRING }`.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ValidateTotpPasswordRequest {
    /// The user's entry: a bare DN.
    #[serde(rename = "userDN")]
    pub user_dn: DnText,
    /// The code, decimal digits.
    #[serde(rename = "totpPassword")]
    pub totp_password: Secret,
}

impl ValidateTotpPasswordRequest {
    const USER_DN: (u8, &str) = (tag::primitive(0), "userDN");
    const TOTP_PASSWORD: (u8, &str) = (tag::primitive(1), "totpPassword");
}

impl BerRequest for ValidateTotpPasswordRequest {
    fn from_ber(value: Option<&[u8]>) -> Result<Self, ValueError> {
        let [user_dn, totp_password] = members(required(value)?, [Self::USER_DN, Self::TOTP_PASSWORD])?;
        Ok(Self {
            user_dn: DnText::from_octets(user_dn.ok_or_else(|| ValueError::missing(Self::USER_DN.1))?)?,
            totp_password: totp_password.map(Secret::new).ok_or_else(|| ValueError::missing(Self::TOTP_PASSWORD.1))?,
        })
    }

    fn to_ber(&self) -> Option<Vec<u8>> {
        Some(sequence(|value| {
            value.tagged(Self::USER_DN.0, self.user_dn.as_bytes());
            value.tagged(Self::TOTP_PASSWORD.0, self.totp_password.expose());
        }))
    }
}

/// The credentials of the SASL mechanism UNBOUNDID-TOTP.
/// ```text
/// SEQUENCE { authenticationID [0] OCTET STRING, authorizationID [1] OCTET STRING OPTIONAL,
///            totpPassword [2] OCTET STRING, staticPassword [3] OCTET STRING OPTIONAL }
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TotpCredentials {
    /// Who authenticates, `u:` or `dn:` form.
    pub authentication_id: Text,
    /// As whom to act; absent or empty: the same.
    pub authorization_id: Option<Text>,
    /// The code, decimal digits.
    pub totp_password: Secret,
    /// The static password, raw octets.
    pub static_password: Option<Secret>,
}

impl TotpCredentials {
    /// The mechanism's name.
    pub const MECHANISM: &str = "UNBOUNDID-TOTP";

    const AUTHORIZATION_ID: (u8, &str) = (tag::primitive(1), "authorizationID");
    const TOTP_PASSWORD: (u8, &str) = (tag::primitive(2), "totpPassword");
    const STATIC_PASSWORD: (u8, &str) = (tag::primitive(3), "staticPassword");
}

impl BerRequest for TotpCredentials {
    fn from_ber(value: Option<&[u8]>) -> Result<Self, ValueError> {
        let known = [AUTHENTICATION_ID, Self::AUTHORIZATION_ID, Self::TOTP_PASSWORD, Self::STATIC_PASSWORD];
        let [authentication_id, authorization_id, totp_password, static_password] = members(required(value)?, known)?;
        let authentication_id = authentication_id.ok_or_else(|| ValueError::missing(AUTHENTICATION_ID.1))?;
        Ok(Self {
            authentication_id: Text::from_octets(authentication_id)?,
            authorization_id: Text::optional(authorization_id)?,
            totp_password: totp_password.map(Secret::new).ok_or_else(|| ValueError::missing(Self::TOTP_PASSWORD.1))?,
            static_password: static_password.map(Secret::new),
        })
    }

    fn to_ber(&self) -> Option<Vec<u8>> {
        Some(sequence(|value| {
            value.tagged(AUTHENTICATION_ID.0, self.authentication_id.as_bytes());
            value.tagged_optional(Self::AUTHORIZATION_ID.0, self.authorization_id.as_ref().map(|id| id.as_bytes()));
            value.tagged(Self::TOTP_PASSWORD.0, self.totp_password.expose());
            value.tagged_optional(Self::STATIC_PASSWORD.0, self.static_password.as_ref().map(Secret::expose));
        }))
    }
}
