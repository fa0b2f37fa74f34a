//! Static passwords: the password modify operation (RFC 3062). What a good password is, is asked in `password_quality.rs`; passwords
//! are proposed in `password_generation.rs`.

use serde::{Deserialize, Serialize};

use crate::{
    ber::tag,
    text::{Secret, Text, disclose},
    value::{BerRequest, BerResult, ValueError, members, sequence},
};

/// Sets an account's password: one's own, or another's with the password-reset privilege.
///
/// OID 1.3.6.1.4.1.4203.1.11.1; an absent value says the same as an empty sequence:
/// ```text
/// SEQUENCE { userIdentity [0] OCTET STRING OPTIONAL, oldPasswd [1] OCTET STRING OPTIONAL, newPasswd [2] OCTET STRING OPTIONAL }
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PasswordModifyRequest {
    /// Whose account: a bare DN, or `dn:` or `u:` form; absent: the requester's. JSON has it in the path, not in the body.
    #[serde(skip)]
    pub user_identity: Option<Text>,
    /// The current password, or a password reset token, raw octets.
    #[serde(rename = "oldPassword")]
    pub old_password: Option<Secret>,
    /// The new password, raw octets; absent: the server generates one.
    #[serde(rename = "newPassword")]
    pub new_password: Option<Secret>,
}

const USER_IDENTITY: (u8, &str) = (tag::primitive(0), "userIdentity");
const OLD_PASSWORD: (u8, &str) = (tag::primitive(1), "oldPasswd");
const NEW_PASSWORD: (u8, &str) = (tag::primitive(2), "newPasswd");

impl BerRequest for PasswordModifyRequest {
    fn from_ber(value: Option<&[u8]>) -> Result<Self, ValueError> {
        let Some(value) = value else { return Ok(Self::default()) };
        let [user_identity, old_password, new_password] = members(value, [USER_IDENTITY, OLD_PASSWORD, NEW_PASSWORD])?;
        Ok(Self {
            user_identity: Text::optional(user_identity)?,
            old_password: old_password.map(Secret::new),
            new_password: new_password.map(Secret::new),
        })
    }

    fn to_ber(&self) -> Option<Vec<u8>> {
        Some(sequence(|value| {
            value.tagged_optional(USER_IDENTITY.0, self.user_identity.as_ref().map(|id| id.as_bytes()));
            value.tagged_optional(OLD_PASSWORD.0, self.old_password.as_ref().map(Secret::expose));
            value.tagged_optional(NEW_PASSWORD.0, self.new_password.as_ref().map(Secret::expose));
        }))
    }
}

/// What a password modify answers: `SEQUENCE { genPasswd [0] OCTET STRING OPTIONAL }`, absent when nothing was generated.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct PasswordModifyResult {
    /// The password that the server generated because the request brought none.
    #[serde(
        rename = "generatedPassword",
        skip_serializing_if = "Option::is_none",
        serialize_with = "disclose_optional"
    )]
    pub generated_password: Option<Secret>,
}

fn disclose_optional<S: serde::Serializer>(secret: &Option<Secret>, serializer: S) -> Result<S::Ok, S::Error> {
    match secret {
        Some(secret) => disclose(secret, serializer),
        None => serializer.serialize_none(),
    }
}

impl BerResult for PasswordModifyResult {
    fn to_ber(&self) -> Option<Vec<u8>> {
        let password = self.generated_password.as_ref()?;
        Some(sequence(|value| value.tagged(tag::primitive(0), password.expose())))
    }

    fn from_ber(value: Option<&[u8]>) -> Result<Self, ValueError> {
        let Some(value) = value else { return Ok(Self::default()) };
        let [password] = members(value, [(tag::primitive(0), "genPasswd")])?;
        Ok(Self { generated_password: password.map(Secret::new) })
    }
}
