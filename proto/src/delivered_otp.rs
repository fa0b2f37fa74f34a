//! Delivered one-time passwords: the messages that send one and that ask by which mechanisms one could be sent, and the
//! UNBOUNDID-DELIVERED-OTP credentials. How a code reaches a person is at home in the server.

use serde::{Deserialize, Serialize};

use crate::{
    ber::{self, tag},
    delivery::{MessageTexts, PreferredMechanism},
    text::{DnText, Secret, Text},
    value::{BerRequest, BerResult, ValueError, elements, members, required, sequence, tagged_members},
};

const AUTHENTICATION_ID: (u8, &str) = (tag::primitive(0), "authenticationID");

/// Makes a one-time password for a user and sends it to them; it replaces an earlier one that is still outstanding.
///
/// Ways to call it: with the user's static password, also on an anonymous connection; without, as that very user (step-up).
///
/// OID 1.3.6.1.4.1.30221.2.6.24, value required:
/// ```text
/// SEQUENCE { authenticationID [0] OCTET STRING, staticPassword [1] OCTET STRING OPTIONAL,
///            preferredMechNames [2] SEQUENCE OF OCTET STRING OPTIONAL,      -- not together with [3]; empty is absent
///            preferredMechNamesAndIDs [3] SEQUENCE OF SEQUENCE {
///                mechanismName OCTET STRING, recipientID OCTET STRING OPTIONAL } OPTIONAL,
///            messageSubject [4], fullTextBeforeOTP [5], fullTextAfterOTP [6],
///            compactTextBeforeOTP [7], compactTextAfterOTP [8] OCTET STRING OPTIONAL }
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(try_from = "DeliverOneTimePasswordBody")]
pub struct DeliverOneTimePasswordRequest {
    /// Whose code, `u:` or `dn:` form.
    pub authentication_id: Text,
    /// That user's static password, raw octets.
    pub static_password: Option<Secret>,
    /// The only mechanisms to try, in this order; empty: the user's, then the configured ones.
    pub preferred_mechanisms: Vec<PreferredMechanism>,
    /// The words around the code.
    pub texts: MessageTexts,
}

impl DeliverOneTimePasswordRequest {
    const STATIC_PASSWORD: (u8, &str) = (tag::primitive(1), "staticPassword");
    const NAMES: (u8, &str) = (tag::constructed(2), "preferredMechNames");
    const NAMES_AND_IDS: (u8, &str) = (tag::constructed(3), "preferredMechNamesAndIDs");
    const FIRST_TEXT: u8 = 4;
}

impl BerRequest for DeliverOneTimePasswordRequest {
    fn from_ber(value: Option<&[u8]>) -> Result<Self, ValueError> {
        let known = [
            AUTHENTICATION_ID,
            Self::STATIC_PASSWORD,
            Self::NAMES,
            Self::NAMES_AND_IDS,
            (tag::primitive(4), "messageSubject"),
            (tag::primitive(5), "fullTextBeforeOTP"),
            (tag::primitive(6), "fullTextAfterOTP"),
            (tag::primitive(7), "compactTextBeforeOTP"),
            (tag::primitive(8), "compactTextAfterOTP"),
        ];
        let [authentication_id, static_password, names, names_and_ids, texts @ ..] = members(required(value)?, known)?;
        let authentication_id = authentication_id.ok_or_else(|| ValueError::missing(AUTHENTICATION_ID.1))?;
        let mut preferred_mechanisms = PreferredMechanism::read_names(names)?;
        let with_ids = PreferredMechanism::read(names_and_ids)?;
        if !preferred_mechanisms.is_empty() && !with_ids.is_empty() {
            return Err(ValueError::new("The value has both preferredMechNames and preferredMechNamesAndIDs"));
        }
        preferred_mechanisms.extend(with_ids);
        Ok(Self {
            authentication_id: Text::from_octets(authentication_id)?,
            static_password: static_password.map(Secret::new),
            preferred_mechanisms,
            texts: MessageTexts::read(texts)?,
        })
    }

    fn to_ber(&self) -> Option<Vec<u8>> {
        let preferred = &self.preferred_mechanisms;
        let with_ids = preferred.iter().any(|one| one.recipient_id.is_some());
        Some(sequence(|value| {
            value.tagged(AUTHENTICATION_ID.0, self.authentication_id.as_bytes());
            value.tagged_optional(Self::STATIC_PASSWORD.0, self.static_password.as_ref().map(Secret::expose));
            if !with_ids && !preferred.is_empty() {
                PreferredMechanism::write_names(preferred, value, Self::NAMES.0);
            }
            self.texts.write(value, Self::FIRST_TEXT);
            // The SDK puts this member last, behind those with higher numbers.
            if with_ids {
                PreferredMechanism::write(preferred, value, Self::NAMES_AND_IDS.0);
            }
        }))
    }
}

/// The same as a REST body says it.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct DeliverOneTimePasswordBody {
    dn: Option<String>,
    username: Option<String>,
    #[serde(rename = "staticPassword")]
    static_password: Option<Secret>,
    #[serde(rename = "preferredDeliveryMechanisms", default)]
    preferred_mechanisms: Vec<PreferredMechanism>,
}

impl TryFrom<DeliverOneTimePasswordBody> for DeliverOneTimePasswordRequest {
    type Error = &'static str;

    fn try_from(body: DeliverOneTimePasswordBody) -> Result<Self, Self::Error> {
        let authentication_id = match (body.dn, body.username) {
            (Some(dn), None) => Text(format!("dn:{dn}")),
            (None, Some(name)) => Text(format!("u:{name}")),
            // In the words of serde, for whoever tells apart which errors may be repeated.
            (Some(_), Some(_)) => return Err("duplicate field: dn and username exclude one another"),
            (None, None) => return Err("missing field `dn` or `username`"),
        };
        Ok(Self {
            authentication_id,
            static_password: body.static_password,
            preferred_mechanisms: body.preferred_mechanisms,
            texts: MessageTexts::default(),
        })
    }
}

/// How and to whom the code went.
///
/// OID 1.3.6.1.4.1.30221.2.6.25:
/// ```text
/// SEQUENCE { deliveryMechanism [0] OCTET STRING, recipientDN [1] OCTET STRING,
///            recipientID [2] OCTET STRING OPTIONAL, message [3] OCTET STRING OPTIONAL }
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct DeliverOneTimePasswordResult {
    /// The mechanism's configured name.
    #[serde(rename = "deliveryMechanism")]
    pub delivery_mechanism: Text,
    /// The user's entry.
    #[serde(rename = "recipientDN")]
    pub recipient_dn: DnText,
    /// The address or number that was used.
    #[serde(rename = "recipientID", skip_serializing_if = "Option::is_none")]
    pub recipient_id: Option<Text>,
    /// A word about the delivery for a person.
    #[serde(rename = "deliveryMessage", skip_serializing_if = "Option::is_none")]
    pub message: Option<Text>,
}

impl DeliverOneTimePasswordResult {
    const MECHANISM: (u8, &str) = (tag::primitive(0), "deliveryMechanism");
    const RECIPIENT_DN: (u8, &str) = (tag::primitive(1), "recipientDN");
    const RECIPIENT_ID: (u8, &str) = (tag::primitive(2), "recipientID");
    const MESSAGE: (u8, &str) = (tag::primitive(3), "message");
}

impl BerResult for DeliverOneTimePasswordResult {
    fn to_ber(&self) -> Option<Vec<u8>> {
        Some(sequence(|value| {
            value.tagged(Self::MECHANISM.0, self.delivery_mechanism.as_bytes());
            value.tagged(Self::RECIPIENT_DN.0, self.recipient_dn.as_bytes());
            value.tagged_optional(Self::RECIPIENT_ID.0, self.recipient_id.as_ref().map(|id| id.as_bytes()));
            value.tagged_optional(Self::MESSAGE.0, self.message.as_ref().map(|message| message.as_bytes()));
        }))
    }

    fn from_ber(value: Option<&[u8]>) -> Result<Self, ValueError> {
        let known = [Self::MECHANISM, Self::RECIPIENT_DN, Self::RECIPIENT_ID, Self::MESSAGE];
        let [mechanism, recipient_dn, recipient_id, message] = members(required(value)?, known)?;
        Ok(Self {
            delivery_mechanism: Text::from_octets(mechanism.ok_or_else(|| ValueError::missing(Self::MECHANISM.1))?)?,
            recipient_dn: DnText::from_octets(recipient_dn.ok_or_else(|| ValueError::missing(Self::RECIPIENT_DN.1))?)?,
            recipient_id: Text::optional(recipient_id)?,
            message: Text::optional(message)?,
        })
    }
}

/// Asks by which mechanisms a one-time password could reach a user.
///
/// OID 1.3.6.1.4.1.30221.2.6.47, value required: `SEQUENCE { userDN [0] OCTET STRING }`.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct GetSupportedOtpDeliveryMechanismsRequest {
    /// The user's entry: a bare DN.
    #[serde(rename = "userDN")]
    pub user_dn: DnText,
}

impl GetSupportedOtpDeliveryMechanismsRequest {
    const USER_DN: (u8, &str) = (tag::primitive(0), "userDN");
}

impl BerRequest for GetSupportedOtpDeliveryMechanismsRequest {
    fn from_ber(value: Option<&[u8]>) -> Result<Self, ValueError> {
        let [user_dn] = members(required(value)?, [Self::USER_DN])?;
        let user_dn = user_dn.ok_or_else(|| ValueError::missing(Self::USER_DN.1))?;
        Ok(Self { user_dn: DnText::from_octets(user_dn)? })
    }

    fn to_ber(&self) -> Option<Vec<u8>> {
        Some(sequence(|value| value.tagged(Self::USER_DN.0, self.user_dn.as_bytes())))
    }
}

/// Every configured mechanism, also those that cannot serve the user.
///
/// OID 1.3.6.1.4.1.30221.2.6.48:
/// ```text
/// SEQUENCE OF SEQUENCE { deliveryMechanism [0] OCTET STRING, isSupported [1] BOOLEAN OPTIONAL,
///                        recipientID [2] OCTET STRING OPTIONAL }
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct GetSupportedOtpDeliveryMechanismsResult {
    /// In their configured order.
    #[serde(rename = "otpDeliveryMechanisms")]
    pub mechanisms: Vec<OtpDeliveryMechanism>,
}

/// One mechanism and whether it can serve the user.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct OtpDeliveryMechanism {
    /// The mechanism's configured name.
    #[serde(rename = "deliveryMechanism")]
    pub delivery_mechanism: Text,
    /// Whether the user's entry has what the mechanism needs; `None`: the server cannot tell.
    #[serde(rename = "isSupported", skip_serializing_if = "Option::is_none")]
    pub is_supported: Option<bool>,
    /// The address or number that it would use; only of a mechanism that is supported.
    #[serde(rename = "recipientID", skip_serializing_if = "Option::is_none")]
    pub recipient_id: Option<Text>,
}

impl OtpDeliveryMechanism {
    const MECHANISM: (u8, &str) = (tag::primitive(0), "deliveryMechanism");
    const IS_SUPPORTED: (u8, &str) = (tag::primitive(1), "isSupported");
    const RECIPIENT_ID: (u8, &str) = (tag::primitive(2), "recipientID");
}

impl BerResult for GetSupportedOtpDeliveryMechanismsResult {
    fn to_ber(&self) -> Option<Vec<u8>> {
        Some(sequence(|value| {
            for one in &self.mechanisms {
                value.sequence(|members| {
                    members.tagged(OtpDeliveryMechanism::MECHANISM.0, one.delivery_mechanism.as_bytes());
                    if let Some(is_supported) = one.is_supported {
                        members.tagged_boolean(OtpDeliveryMechanism::IS_SUPPORTED.0, is_supported);
                    }
                    let recipient_id = one.recipient_id.as_ref().map(|id| id.as_bytes());
                    members.tagged_optional(OtpDeliveryMechanism::RECIPIENT_ID.0, recipient_id);
                });
            }
        }))
    }

    fn from_ber(value: Option<&[u8]>) -> Result<Self, ValueError> {
        let known =
            [OtpDeliveryMechanism::MECHANISM, OtpDeliveryMechanism::IS_SUPPORTED, OtpDeliveryMechanism::RECIPIENT_ID];
        let mut list = elements(required(value)?)?;
        let mut mechanisms = Vec::new();
        while !list.is_empty() {
            let [mechanism, is_supported, recipient_id] = tagged_members(list.sequence()?, known)?;
            let mechanism = mechanism.ok_or_else(|| ValueError::missing(OtpDeliveryMechanism::MECHANISM.1))?;
            mechanisms.push(OtpDeliveryMechanism {
                delivery_mechanism: Text::from_octets(mechanism)?,
                is_supported: is_supported.map(ber::boolean).transpose()?,
                recipient_id: Text::optional(recipient_id)?,
            });
        }
        Ok(Self { mechanisms })
    }
}

/// The credentials of the SASL mechanism UNBOUNDID-DELIVERED-OTP. They hold no static password: that was proven when the code
/// was asked for.
/// ```text
/// SEQUENCE { authenticationID [0] OCTET STRING, authorizationID [1] OCTET STRING OPTIONAL, oneTimePassword [2] OCTET STRING }
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DeliveredOtpCredentials {
    /// Who authenticates, `u:` or `dn:` form.
    pub authentication_id: Text,
    /// As whom to act; absent or empty: the same.
    pub authorization_id: Option<Text>,
    /// The code that was delivered, raw octets.
    pub one_time_password: Secret,
}

impl DeliveredOtpCredentials {
    /// The mechanism's name.
    pub const MECHANISM: &str = "UNBOUNDID-DELIVERED-OTP";

    const AUTHORIZATION_ID: (u8, &str) = (tag::primitive(1), "authorizationID");
    const ONE_TIME_PASSWORD: (u8, &str) = (tag::primitive(2), "oneTimePassword");
}

impl BerRequest for DeliveredOtpCredentials {
    fn from_ber(value: Option<&[u8]>) -> Result<Self, ValueError> {
        let known = [AUTHENTICATION_ID, Self::AUTHORIZATION_ID, Self::ONE_TIME_PASSWORD];
        let [authentication_id, authorization_id, one_time_password] = members(required(value)?, known)?;
        let authentication_id = authentication_id.ok_or_else(|| ValueError::missing(AUTHENTICATION_ID.1))?;
        let one_time_password = one_time_password.ok_or_else(|| ValueError::missing(Self::ONE_TIME_PASSWORD.1))?;
        Ok(Self {
            authentication_id: Text::from_octets(authentication_id)?,
            authorization_id: Text::optional(authorization_id)?,
            one_time_password: Secret::new(one_time_password),
        })
    }

    fn to_ber(&self) -> Option<Vec<u8>> {
        Some(sequence(|value| {
            value.tagged(AUTHENTICATION_ID.0, self.authentication_id.as_bytes());
            value.tagged_optional(Self::AUTHORIZATION_ID.0, self.authorization_id.as_ref().map(|id| id.as_bytes()));
            value.tagged(Self::ONE_TIME_PASSWORD.0, self.one_time_password.expose());
        }))
    }
}
