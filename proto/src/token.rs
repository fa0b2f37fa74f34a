//! Tokens that are good once: the messages that send a single-use token or a password reset token and that consume the former.
//! A reset token is consumed as the old password of a password modify.

use std::num::NonZeroU64;

use serde::{Deserialize, Serialize};

use crate::{
    ber::{self, tag},
    delivery::{MessageTexts, PreferredMechanism},
    text::{DnText, Secret, Text},
    value::{BerRequest, BerResult, ValueError, elements, required, sequence, tagged_members},
};

/// Makes a password reset token for a user and sends it to them; it replaces an earlier one. The requester needs the
/// password-reset privilege.
///
/// OID 1.3.6.1.4.1.30221.2.6.45, value required:
/// ```text
/// SEQUENCE { userDN OCTET STRING,
///            messageSubject [0], fullTextBeforeToken [1], fullTextAfterToken [2],
///            compactTextBeforeToken [3], compactTextAfterToken [4] OCTET STRING OPTIONAL,
///            preferredDeliveryMechanism [5] SEQUENCE OF SEQUENCE {
///                mechanismName OCTET STRING, recipientID OCTET STRING OPTIONAL } OPTIONAL }
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct DeliverPasswordResetTokenRequest {
    /// The user's entry: a bare DN.
    #[serde(rename = "userDN")]
    pub user_dn: DnText,
    /// The words around the token.
    #[serde(rename = "message", default)]
    pub texts: MessageTexts,
    /// The only mechanisms to try, in this order; empty: the user's, then the configured ones.
    #[serde(rename = "preferredDeliveryMechanisms", default)]
    pub preferred_mechanisms: Vec<PreferredMechanism>,
}

impl DeliverPasswordResetTokenRequest {
    const FIRST_TEXT: u8 = 0;
    const PREFERRED: (u8, &str) = (tag::constructed(5), "preferredDeliveryMechanism");
}

impl BerRequest for DeliverPasswordResetTokenRequest {
    fn from_ber(value: Option<&[u8]>) -> Result<Self, ValueError> {
        let mut value = elements(required(value)?)?;
        let user_dn = DnText::from(value.text()?);
        let known = [
            Self::PREFERRED,
            (tag::primitive(0), "messageSubject"),
            (tag::primitive(1), "fullTextBeforeToken"),
            (tag::primitive(2), "fullTextAfterToken"),
            (tag::primitive(3), "compactTextBeforeToken"),
            (tag::primitive(4), "compactTextAfterToken"),
        ];
        let [preferred, texts @ ..] = tagged_members(value, known)?;
        Ok(Self {
            user_dn,
            texts: MessageTexts::read(texts)?,
            preferred_mechanisms: PreferredMechanism::read(preferred)?,
        })
    }

    fn to_ber(&self) -> Option<Vec<u8>> {
        Some(sequence(|value| {
            value.octet_string(self.user_dn.as_bytes());
            self.texts.write(value, Self::FIRST_TEXT);
            PreferredMechanism::write(&self.preferred_mechanisms, value, Self::PREFERRED.0);
        }))
    }
}

/// Makes a token for a user and a purpose and sends it to them; it replaces an earlier one for that purpose.
///
/// Ways to call it: for oneself; for another with the password-reset privilege.
///
/// OID 1.3.6.1.4.1.30221.2.6.49, value required:
/// ```text
/// SEQUENCE { userDN OCTET STRING, tokenID OCTET STRING, validityDurationMillis [0] INTEGER OPTIONAL,   -- above 0
///            messageSubject [1], fullTextBeforeToken [2], fullTextAfterToken [3],
///            compactTextBeforeToken [4], compactTextAfterToken [5] OCTET STRING OPTIONAL,
///            preferredDeliveryMechanism [6] SEQUENCE OF SEQUENCE {
///                mechanismName OCTET STRING, recipientID OCTET STRING OPTIONAL } OPTIONAL,
///            deliverIfPasswordExpired [7], deliverIfAccountLocked [8],
///            deliverIfAccountDisabled [9], deliverIfAccountExpired [10] BOOLEAN DEFAULT FALSE }
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct DeliverSingleUseTokenRequest {
    /// The user's entry: a bare DN.
    #[serde(rename = "userDN")]
    pub user_dn: DnText,
    /// The purpose, whatever the applications agree on.
    #[serde(rename = "tokenID")]
    pub token_id: Text,
    /// How long the token is good, milliseconds; absent: as configured.
    #[serde(rename = "validityDurationMillis")]
    pub validity_duration_millis: Option<NonZeroU64>,
    /// The words around the token.
    #[serde(rename = "message", default)]
    pub texts: MessageTexts,
    /// The only mechanisms to try, in this order; empty: the user's, then the configured ones.
    #[serde(rename = "preferredDeliveryMechanisms", default)]
    pub preferred_mechanisms: Vec<PreferredMechanism>,
    /// Send it even if the password is expired.
    #[serde(rename = "deliverIfPasswordExpired", default)]
    pub deliver_if_password_expired: bool,
    /// Send it even if the account is locked.
    #[serde(rename = "deliverIfAccountLocked", default)]
    pub deliver_if_account_locked: bool,
    /// Send it even if the account is disabled.
    #[serde(rename = "deliverIfAccountDisabled", default)]
    pub deliver_if_account_disabled: bool,
    /// Send it even if the account is expired.
    #[serde(rename = "deliverIfAccountExpired", default)]
    pub deliver_if_account_expired: bool,
}

impl DeliverSingleUseTokenRequest {
    const VALIDITY: (u8, &str) = (tag::primitive(0), "validityDurationMillis");
    const FIRST_TEXT: u8 = 1;
    const PREFERRED: (u8, &str) = (tag::constructed(6), "preferredDeliveryMechanism");
    const IF_PASSWORD_EXPIRED: (u8, &str) = (tag::primitive(7), "deliverIfPasswordExpired");
    const IF_LOCKED: (u8, &str) = (tag::primitive(8), "deliverIfAccountLocked");
    const IF_DISABLED: (u8, &str) = (tag::primitive(9), "deliverIfAccountDisabled");
    const IF_EXPIRED: (u8, &str) = (tag::primitive(10), "deliverIfAccountExpired");
}

impl BerRequest for DeliverSingleUseTokenRequest {
    fn from_ber(value: Option<&[u8]>) -> Result<Self, ValueError> {
        let mut value = elements(required(value)?)?;
        let (user_dn, token_id) = (DnText::from(value.text()?), Text::from(value.text()?));
        let known = [
            Self::VALIDITY,
            Self::PREFERRED,
            Self::IF_PASSWORD_EXPIRED,
            Self::IF_LOCKED,
            Self::IF_DISABLED,
            Self::IF_EXPIRED,
            (tag::primitive(1), "messageSubject"),
            (tag::primitive(2), "fullTextBeforeToken"),
            (tag::primitive(3), "fullTextAfterToken"),
            (tag::primitive(4), "compactTextBeforeToken"),
            (tag::primitive(5), "compactTextAfterToken"),
        ];
        let [validity, preferred, if_password_expired, if_locked, if_disabled, if_expired, texts @ ..] =
            tagged_members(value, known)?;
        let flag = |member: Option<&[u8]>| member.map_or(Ok(false), ber::boolean);
        Ok(Self {
            user_dn,
            token_id,
            validity_duration_millis: validity.map(duration).transpose()?,
            texts: MessageTexts::read(texts)?,
            preferred_mechanisms: PreferredMechanism::read(preferred)?,
            deliver_if_password_expired: flag(if_password_expired)?,
            deliver_if_account_locked: flag(if_locked)?,
            deliver_if_account_disabled: flag(if_disabled)?,
            deliver_if_account_expired: flag(if_expired)?,
        })
    }

    fn to_ber(&self) -> Option<Vec<u8>> {
        let flags = [
            (Self::IF_PASSWORD_EXPIRED, self.deliver_if_password_expired),
            (Self::IF_LOCKED, self.deliver_if_account_locked),
            (Self::IF_DISABLED, self.deliver_if_account_disabled),
            (Self::IF_EXPIRED, self.deliver_if_account_expired),
        ];
        Some(sequence(|value| {
            value.octet_string(self.user_dn.as_bytes());
            value.octet_string(self.token_id.as_bytes());
            if let Some(millis) = self.validity_duration_millis {
                value.tagged_integer(Self::VALIDITY.0, i64::try_from(millis.get()).unwrap_or(i64::MAX));
            }
            self.texts.write(value, Self::FIRST_TEXT);
            PreferredMechanism::write(&self.preferred_mechanisms, value, Self::PREFERRED.0);
            for ((tag, _), _) in flags.into_iter().filter(|(_, set)| *set) {
                value.tagged_boolean(tag, true);
            }
        }))
    }
}

/// The content of validityDurationMillis.
fn duration(content: &[u8]) -> Result<NonZeroU64, ValueError> {
    let millis = u64::try_from(ber::integer(content)?).ok().and_then(NonZeroU64::new);
    millis.ok_or_else(|| ValueError::new("validityDurationMillis is not above 0"))
}

/// How and to which address or number a token went; of both kinds of token.
///
/// OIDs 1.3.6.1.4.1.30221.2.6.46 and .50:
/// ```text
/// SEQUENCE { deliveryMechanism OCTET STRING, recipientID [0] OCTET STRING OPTIONAL, message [1] OCTET STRING OPTIONAL }
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct TokenDeliveryResult {
    /// The mechanism's configured name.
    #[serde(rename = "deliveryMechanism")]
    pub delivery_mechanism: Text,
    /// The address or number that was used.
    #[serde(rename = "recipientID", skip_serializing_if = "Option::is_none")]
    pub recipient_id: Option<Text>,
    /// A word about the delivery for a person.
    #[serde(rename = "deliveryMessage", skip_serializing_if = "Option::is_none")]
    pub message: Option<Text>,
}

impl TokenDeliveryResult {
    const RECIPIENT_ID: (u8, &str) = (tag::primitive(0), "recipientID");
    const MESSAGE: (u8, &str) = (tag::primitive(1), "message");
}

impl BerResult for TokenDeliveryResult {
    fn to_ber(&self) -> Option<Vec<u8>> {
        Some(sequence(|value| {
            value.octet_string(self.delivery_mechanism.as_bytes());
            value.tagged_optional(Self::RECIPIENT_ID.0, self.recipient_id.as_ref().map(|id| id.as_bytes()));
            value.tagged_optional(Self::MESSAGE.0, self.message.as_ref().map(|message| message.as_bytes()));
        }))
    }

    fn from_ber(value: Option<&[u8]>) -> Result<Self, ValueError> {
        let mut value = elements(required(value)?)?;
        let delivery_mechanism = Text::from(value.text()?);
        let [recipient_id, message] = tagged_members(value, [Self::RECIPIENT_ID, Self::MESSAGE])?;
        Ok(Self { delivery_mechanism, recipient_id: Text::optional(recipient_id)?, message: Text::optional(message)? })
    }
}

/// Uses a single-use token up. Who may ask: the user, or the password-reset privilege.
///
/// OID 1.3.6.1.4.1.30221.2.6.51, value required; the response has no value:
/// `SEQUENCE { userDN OCTET STRING, tokenID OCTET STRING, tokenValue OCTET STRING }`.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ConsumeSingleUseTokenRequest {
    /// The user's entry: a bare DN.
    #[serde(rename = "userDN")]
    pub user_dn: DnText,
    /// The purpose that the token was made for.
    #[serde(rename = "tokenID")]
    pub token_id: Text,
    /// The token; text.
    #[serde(rename = "tokenValue")]
    pub token_value: Secret,
}

impl BerRequest for ConsumeSingleUseTokenRequest {
    fn from_ber(value: Option<&[u8]>) -> Result<Self, ValueError> {
        let mut value = elements(required(value)?)?;
        let user_dn = DnText::from(value.text()?);
        let token_id = Text::from(value.text()?);
        let token_value = Secret::new(value.text()?);
        value.finish()?;
        Ok(Self { user_dn, token_id, token_value })
    }

    fn to_ber(&self) -> Option<Vec<u8>> {
        Some(sequence(|value| {
            value.octet_string(self.user_dn.as_bytes());
            value.octet_string(self.token_id.as_bytes());
            value.octet_string(self.token_value.expose());
        }))
    }
}
