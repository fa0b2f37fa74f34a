//! Recovery codes: the messages that make an account's, tell how many are left, and take them away. A code is used wherever a
//! code of a device is, so using one needs no message of its own. These operations are this server's: the UnboundID LDAP SDK has none.

use serde::{Deserialize, Serialize, Serializer};

use crate::{
    ber::{self, tag},
    text::{DnText, Secret, Text},
    value::{BerRequest, BerResult, ValueError, elements, members, required, sequence},
};

const AUTHENTICATION_ID: (u8, &str) = (tag::primitive(0), "authenticationID");
const STATIC_PASSWORD: (u8, &str) = (tag::primitive(1), "staticPassword");

/// Makes new recovery codes for an account; whatever codes it had before are good no more.
///
/// Ways to call it: one's own account by static password, with or without authentication ID; another's account by
/// authentication ID alone, with the password-reset privilege.
///
/// OID 2.25.296566869065816028913783352829498204460.2.1, value required:
/// ```text
/// SEQUENCE { authenticationID [0] OCTET STRING OPTIONAL, staticPassword [1] OCTET STRING OPTIONAL }   -- not both absent
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct GenerateRecoveryCodesRequest {
    /// Whose account, `u:` or `dn:` form; absent: the requester's. JSON has it in the path, not in the body.
    #[serde(skip)]
    pub authentication_id: Option<Text>,
    /// That account's static password, raw octets.
    #[serde(rename = "staticPassword")]
    pub static_password: Option<Secret>,
}

impl BerRequest for GenerateRecoveryCodesRequest {
    fn from_ber(value: Option<&[u8]>) -> Result<Self, ValueError> {
        let (authentication_id, static_password) = read_owner(value)?;
        Ok(Self { authentication_id, static_password })
    }

    fn to_ber(&self) -> Option<Vec<u8>> {
        Some(written_owner(self.authentication_id.as_ref(), self.static_password.as_ref()))
    }
}

/// The new codes; this is the only time that they are told.
///
/// `SEQUENCE OF OCTET STRING`; the response has no OID.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct GenerateRecoveryCodesResult {
    /// Text, in groups with dashes between them as people read them.
    #[serde(rename = "recoveryCodes", serialize_with = "disclose_all")]
    pub recovery_codes: Vec<Secret>,
}

impl BerResult for GenerateRecoveryCodesResult {
    fn to_ber(&self) -> Option<Vec<u8>> {
        Some(sequence(|value| self.recovery_codes.iter().for_each(|code| value.octet_string(code.expose()))))
    }

    fn from_ber(value: Option<&[u8]>) -> Result<Self, ValueError> {
        let mut list = elements(required(value)?)?;
        let mut recovery_codes = Vec::new();
        while !list.is_empty() {
            recovery_codes.push(Secret::new(list.octet_string()?));
        }
        Ok(Self { recovery_codes })
    }
}

fn disclose_all<S: Serializer>(secrets: &[Secret], serializer: S) -> Result<S::Ok, S::Error> {
    let texts = secrets.iter().map(Secret::expose_text).collect::<Option<Vec<_>>>();
    texts.ok_or_else(|| serde::ser::Error::custom("a recovery code is not text"))?.serialize(serializer)
}

/// Asks how many recovery codes a user has left. Who may ask: the user, or the password-reset privilege.
///
/// OID 2.25.296566869065816028913783352829498204460.2.2, value required: `SEQUENCE { userDN [0] OCTET STRING }`.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CountRecoveryCodesRequest {
    /// The user's entry: a bare DN.
    #[serde(rename = "userDN")]
    pub user_dn: DnText,
}

impl CountRecoveryCodesRequest {
    const USER_DN: (u8, &str) = (tag::primitive(0), "userDN");
}

impl BerRequest for CountRecoveryCodesRequest {
    fn from_ber(value: Option<&[u8]>) -> Result<Self, ValueError> {
        let [user_dn] = members(required(value)?, [Self::USER_DN])?;
        let user_dn = user_dn.ok_or_else(|| ValueError::missing(Self::USER_DN.1))?;
        Ok(Self { user_dn: DnText::from_octets(user_dn)? })
    }

    fn to_ber(&self) -> Option<Vec<u8>> {
        Some(sequence(|value| value.tagged(Self::USER_DN.0, self.user_dn.as_bytes())))
    }
}

/// How many recovery codes a user can still use.
///
/// `SEQUENCE { left [0] INTEGER }`; the response has no OID.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct CountRecoveryCodesResult {
    /// 0 also for a user who never had any.
    #[serde(rename = "recoveryCodesLeft")]
    pub left: u32,
}

impl CountRecoveryCodesResult {
    const LEFT: (u8, &str) = (tag::primitive(0), "left");
}

impl BerResult for CountRecoveryCodesResult {
    fn to_ber(&self) -> Option<Vec<u8>> {
        Some(sequence(|value| value.tagged_integer(Self::LEFT.0, self.left.into())))
    }

    fn from_ber(value: Option<&[u8]>) -> Result<Self, ValueError> {
        let [left] = members(required(value)?, [Self::LEFT])?;
        let left = ber::integer(left.ok_or_else(|| ValueError::missing(Self::LEFT.1))?)?;
        let left = u32::try_from(left).map_err(|_| ValueError::new("left is not a number of codes"))?;
        Ok(Self { left })
    }
}

/// Takes all recovery codes of an account away. The ways to call it are those of [`GenerateRecoveryCodesRequest`].
///
/// OID 2.25.296566869065816028913783352829498204460.2.3, value required; the response has no value:
/// ```text
/// SEQUENCE { authenticationID [0] OCTET STRING OPTIONAL, staticPassword [1] OCTET STRING OPTIONAL }   -- not both absent
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RevokeRecoveryCodesRequest {
    /// Whose account, `u:` or `dn:` form; absent: the requester's. JSON has it in the path, not in the body.
    #[serde(skip)]
    pub authentication_id: Option<Text>,
    /// That account's static password, raw octets.
    #[serde(rename = "staticPassword")]
    pub static_password: Option<Secret>,
}

impl BerRequest for RevokeRecoveryCodesRequest {
    fn from_ber(value: Option<&[u8]>) -> Result<Self, ValueError> {
        let (authentication_id, static_password) = read_owner(value)?;
        Ok(Self { authentication_id, static_password })
    }

    fn to_ber(&self) -> Option<Vec<u8>> {
        Some(written_owner(self.authentication_id.as_ref(), self.static_password.as_ref()))
    }
}

/// Whose account it is about and what proves it: the two members of the operations that change something.
fn read_owner(value: Option<&[u8]>) -> Result<(Option<Text>, Option<Secret>), ValueError> {
    let [authentication_id, static_password] = members(required(value)?, [AUTHENTICATION_ID, STATIC_PASSWORD])?;
    if authentication_id.is_none() && static_password.is_none() {
        return Err(ValueError::new("The value has neither authenticationID nor staticPassword"));
    }
    Ok((Text::optional(authentication_id)?, static_password.map(Secret::new)))
}

fn written_owner(authentication_id: Option<&Text>, static_password: Option<&Secret>) -> Vec<u8> {
    sequence(|value| {
        value.tagged_optional(AUTHENTICATION_ID.0, authentication_id.map(|id| id.as_bytes()));
        value.tagged_optional(STATIC_PASSWORD.0, static_password.map(Secret::expose));
    })
}
