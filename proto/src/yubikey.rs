//! YubiKeys that type a one-time password: the messages that register and deregister one, and the UNBOUNDID-YUBIKEY-OTP
//! credentials. What such a password consists of is at home in the server.

use serde::Deserialize;

use crate::{
    ber::tag,
    text::{Secret, Text},
    value::{BerRequest, ValueError, members, required, sequence},
};

const AUTHENTICATION_ID: (u8, &str) = (tag::primitive(0), "authenticationID");

// Of registering and deregistering; the credentials have other numbers.
const STATIC_PASSWORD: (u8, &str) = (tag::primitive(1), "staticPassword");
const OTP: (u8, &str) = (tag::primitive(2), "yubiKeyOTP");

/// Registers a device for an account; its one-time password must be good, and is used up.
///
/// Ways to call it: one's own account by static password, with or without authentication ID; one's own without a password, as
/// that very user; another's by authentication ID alone, with the password-reset privilege.
///
/// OID 1.3.6.1.4.1.30221.2.6.54, value required; the response has no value:
/// ```text
/// SEQUENCE { authenticationID [0] OCTET STRING OPTIONAL, staticPassword [1] OCTET STRING OPTIONAL, yubiKeyOTP [2] OCTET STRING }
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RegisterYubiKeyOtpDeviceRequest {
    /// Whose account, `u:` or `dn:` form; absent: the requester's. JSON has it in the path, not in the body.
    #[serde(skip)]
    pub authentication_id: Option<Text>,
    /// That account's static password, raw octets.
    #[serde(rename = "staticPassword")]
    pub static_password: Option<Secret>,
    /// What the device typed.
    #[serde(rename = "otp")]
    pub yubikey_otp: Secret,
}

impl BerRequest for RegisterYubiKeyOtpDeviceRequest {
    fn from_ber(value: Option<&[u8]>) -> Result<Self, ValueError> {
        let [authentication_id, static_password, otp] =
            members(required(value)?, [AUTHENTICATION_ID, STATIC_PASSWORD, OTP])?;
        Ok(Self {
            authentication_id: Text::optional(authentication_id)?,
            static_password: static_password.map(Secret::new),
            yubikey_otp: otp.map(Secret::new).ok_or_else(|| ValueError::missing(OTP.1))?,
        })
    }

    fn to_ber(&self) -> Option<Vec<u8>> {
        Some(sequence(|value| {
            value.tagged_optional(AUTHENTICATION_ID.0, self.authentication_id.as_ref().map(|id| id.as_bytes()));
            value.tagged_optional(STATIC_PASSWORD.0, self.static_password.as_ref().map(Secret::expose));
            value.tagged(OTP.0, self.yubikey_otp.expose());
        }))
    }
}

/// Removes one device from an account, or all of them.
///
/// With a one-time password: the device that it names; whether it is fresh or valid does not matter. Ways to call it: as to
/// register.
///
/// OID 1.3.6.1.4.1.30221.2.6.55, value required, the empty sequence is legal; the response has no value:
/// ```text
/// SEQUENCE { authenticationID [0] OCTET STRING OPTIONAL, staticPassword [1] OCTET STRING OPTIONAL,
///            yubiKeyOTP [2] OCTET STRING OPTIONAL }
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct DeregisterYubiKeyOtpDeviceRequest {
    /// Whose account, `u:` or `dn:` form; absent: the requester's. JSON has it in the path, not in the body.
    #[serde(skip)]
    pub authentication_id: Option<Text>,
    /// That account's static password, raw octets.
    #[serde(rename = "staticPassword")]
    pub static_password: Option<Secret>,
    /// Something that the device typed; absent: all devices.
    #[serde(rename = "otp")]
    pub yubikey_otp: Option<Secret>,
}

impl BerRequest for DeregisterYubiKeyOtpDeviceRequest {
    fn from_ber(value: Option<&[u8]>) -> Result<Self, ValueError> {
        let [authentication_id, static_password, otp] =
            members(required(value)?, [AUTHENTICATION_ID, STATIC_PASSWORD, OTP])?;
        Ok(Self {
            authentication_id: Text::optional(authentication_id)?,
            static_password: static_password.map(Secret::new),
            yubikey_otp: otp.map(Secret::new),
        })
    }

    fn to_ber(&self) -> Option<Vec<u8>> {
        Some(sequence(|value| {
            value.tagged_optional(AUTHENTICATION_ID.0, self.authentication_id.as_ref().map(|id| id.as_bytes()));
            value.tagged_optional(STATIC_PASSWORD.0, self.static_password.as_ref().map(Secret::expose));
            value.tagged_optional(OTP.0, self.yubikey_otp.as_ref().map(Secret::expose));
        }))
    }
}

/// The credentials of the SASL mechanism UNBOUNDID-YUBIKEY-OTP; password and code have the opposite order from UNBOUNDID-TOTP.
/// ```text
/// SEQUENCE { authenticationID [0] OCTET STRING, authorizationID [1] OCTET STRING OPTIONAL,
///            staticPassword [2] OCTET STRING OPTIONAL, yubiKeyOTP [3] OCTET STRING }
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct YubiKeyOtpCredentials {
    /// Who authenticates, `u:` or `dn:` form.
    pub authentication_id: Text,
    /// As whom to act; absent or empty: the same.
    pub authorization_id: Option<Text>,
    /// The static password, raw octets.
    pub static_password: Option<Secret>,
    /// What the device typed.
    pub yubikey_otp: Secret,
}

impl YubiKeyOtpCredentials {
    /// The mechanism's name.
    pub const MECHANISM: &str = "UNBOUNDID-YUBIKEY-OTP";

    const AUTHORIZATION_ID: (u8, &str) = (tag::primitive(1), "authorizationID");
    const STATIC_PASSWORD: (u8, &str) = (tag::primitive(2), "staticPassword");
    const OTP: (u8, &str) = (tag::primitive(3), "yubiKeyOTP");
}

impl BerRequest for YubiKeyOtpCredentials {
    fn from_ber(value: Option<&[u8]>) -> Result<Self, ValueError> {
        let known = [AUTHENTICATION_ID, Self::AUTHORIZATION_ID, Self::STATIC_PASSWORD, Self::OTP];
        let [authentication_id, authorization_id, static_password, otp] = members(required(value)?, known)?;
        let authentication_id = authentication_id.ok_or_else(|| ValueError::missing(AUTHENTICATION_ID.1))?;
        Ok(Self {
            authentication_id: Text::from_octets(authentication_id)?,
            authorization_id: Text::optional(authorization_id)?,
            static_password: static_password.map(Secret::new),
            yubikey_otp: otp.map(Secret::new).ok_or_else(|| ValueError::missing(Self::OTP.1))?,
        })
    }

    fn to_ber(&self) -> Option<Vec<u8>> {
        Some(sequence(|value| {
            value.tagged(AUTHENTICATION_ID.0, self.authentication_id.as_bytes());
            value.tagged_optional(Self::AUTHORIZATION_ID.0, self.authorization_id.as_ref().map(|id| id.as_bytes()));
            value.tagged_optional(Self::STATIC_PASSWORD.0, self.static_password.as_ref().map(Secret::expose));
            value.tagged(Self::OTP.0, self.yubikey_otp.expose());
        }))
    }
}
