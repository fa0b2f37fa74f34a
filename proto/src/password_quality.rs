//! What a password must be like: the operation that asks for the rules. The rules themselves are at home in the server.

use serde::{Deserialize, Serialize, Serializer, ser::SerializeMap};

use crate::{
    ber::{self, Reader, Writer, tag},
    text::{DnText, Text},
    value::{BerRequest, BerResult, ValueError, elements, required, sequence, tagged_members},
};

/// Asks for the rules that a new password must keep.
///
/// OID 1.3.6.1.4.1.30221.2.6.43, value required; unknown members after the choice are ignored:
/// ```text
/// SEQUENCE { CHOICE { addWithDefaultPasswordPolicy [0] NULL, addWithSpecifiedPasswordPolicy [1] OCTET STRING,
///                     selfChangeForAuthorizationIdentity [2] NULL, selfChangeForSpecifiedUser [3] OCTET STRING,
///                     administrativeResetForUser [4] OCTET STRING } }
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(try_from = "Body")]
pub enum GetPasswordQualityRequirementsRequest {
    /// Of an entry to be added under the default policy.
    Add,
    /// Of an entry to be added under the policy with this DN.
    AddWithPolicy(DnText),
    /// Set by the requester for themselves.
    SelfChange,
    /// Set by this user, a bare DN, for themselves.
    SelfChangeFor(DnText),
    /// Set by somebody else for this user, a bare DN.
    AdministrativeReset(DnText),
}

const ADD: u8 = tag::primitive(0);
const ADD_WITH_POLICY: u8 = tag::primitive(1);
const SELF_CHANGE: u8 = tag::primitive(2);
const SELF_CHANGE_FOR: u8 = tag::primitive(3);
const ADMINISTRATIVE_RESET: u8 = tag::primitive(4);

impl BerRequest for GetPasswordQualityRequirementsRequest {
    fn from_ber(value: Option<&[u8]>) -> Result<Self, ValueError> {
        let mut value = elements(required(value)?)?;
        let choice = match value.element()? {
            (ADD, []) => Self::Add,
            (ADD_WITH_POLICY, dn) => Self::AddWithPolicy(DnText::from_octets(dn)?),
            (SELF_CHANGE, []) => Self::SelfChange,
            (SELF_CHANGE_FOR, dn) => Self::SelfChangeFor(DnText::from_octets(dn)?),
            (ADMINISTRATIVE_RESET, dn) => Self::AdministrativeReset(DnText::from_octets(dn)?),
            _ => return Err(ValueError::new("The value does not begin with a choice of the password")),
        };
        value.ignore_rest()?;
        Ok(choice)
    }

    fn to_ber(&self) -> Option<Vec<u8>> {
        Some(sequence(|value| match self {
            Self::Add => value.tagged(ADD, &[]),
            Self::AddWithPolicy(dn) => value.tagged(ADD_WITH_POLICY, dn.as_bytes()),
            Self::SelfChange => value.tagged(SELF_CHANGE, &[]),
            Self::SelfChangeFor(dn) => value.tagged(SELF_CHANGE_FOR, dn.as_bytes()),
            Self::AdministrativeReset(dn) => value.tagged(ADMINISTRATIVE_RESET, dn.as_bytes()),
        }))
    }
}

/// The same as a REST body says it.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Body {
    #[serde(rename = "operationType")]
    operation_type: OperationType,
    #[serde(rename = "userDN")]
    user_dn: Option<DnText>,
    #[serde(rename = "passwordPolicyDN")]
    password_policy_dn: Option<DnText>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
enum OperationType {
    Add,
    SelfChange,
    AdministrativeReset,
}

impl TryFrom<Body> for GetPasswordQualityRequirementsRequest {
    type Error = &'static str;

    /// The errors begin as those of serde, for whoever tells apart which errors may be repeated.
    fn try_from(body: Body) -> Result<Self, Self::Error> {
        match (body.operation_type, body.user_dn, body.password_policy_dn) {
            (OperationType::Add, None, None) => Ok(Self::Add),
            (OperationType::Add, None, Some(dn)) => Ok(Self::AddWithPolicy(dn)),
            (OperationType::SelfChange, None, None) => Ok(Self::SelfChange),
            (OperationType::SelfChange, Some(dn), None) => Ok(Self::SelfChangeFor(dn)),
            (OperationType::AdministrativeReset, Some(dn), None) => Ok(Self::AdministrativeReset(dn)),
            (OperationType::AdministrativeReset, None, None) => Err("missing field `userDN`"),
            (OperationType::Add, Some(_), _) => Err("unknown field `userDN` where operationType is add"),
            (_, _, Some(_)) => Err("unknown field `passwordPolicyDN` where operationType is not add"),
        }
    }
}

/// The rules.
///
/// OID 1.3.6.1.4.1.30221.2.6.44:
/// ```text
/// SEQUENCE { SEQUENCE OF Requirement, currentPasswordRequired [0] BOOLEAN OPTIONAL,
///            mustChangePassword [1] BOOLEAN OPTIONAL, secondsUntilExpiration [2] INTEGER OPTIONAL }
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct GetPasswordQualityRequirementsResult {
    /// Each must be kept.
    #[serde(rename = "passwordRequirements")]
    pub requirements: Vec<PasswordQualityRequirement>,
    /// Whether the change must bring the current password.
    #[serde(rename = "currentPasswordRequired", skip_serializing_if = "Option::is_none")]
    pub current_password_required: Option<bool>,
    /// Whether the user must then change the password once more.
    #[serde(rename = "mustChangePassword", skip_serializing_if = "Option::is_none")]
    pub must_change_password: Option<bool>,
    /// How long the password will be good, seconds.
    #[serde(rename = "secondsUntilExpiration", skip_serializing_if = "Option::is_none")]
    pub seconds_until_expiration: Option<i32>,
}

impl GetPasswordQualityRequirementsResult {
    const CURRENT_REQUIRED: (u8, &str) = (tag::primitive(0), "currentPasswordRequired");
    const MUST_CHANGE: (u8, &str) = (tag::primitive(1), "mustChangePassword");
    const SECONDS: (u8, &str) = (tag::primitive(2), "secondsUntilExpiration");
}

impl BerResult for GetPasswordQualityRequirementsResult {
    fn to_ber(&self) -> Option<Vec<u8>> {
        Some(sequence(|value| {
            value.sequence(|list| self.requirements.iter().for_each(|requirement| requirement.write(list)));
            if let Some(required) = self.current_password_required {
                value.tagged_boolean(Self::CURRENT_REQUIRED.0, required);
            }
            if let Some(must) = self.must_change_password {
                value.tagged_boolean(Self::MUST_CHANGE.0, must);
            }
            if let Some(seconds) = self.seconds_until_expiration {
                value.tagged_integer(Self::SECONDS.0, seconds.into());
            }
        }))
    }

    fn from_ber(value: Option<&[u8]>) -> Result<Self, ValueError> {
        let mut value = elements(required(value)?)?;
        let mut list = value.sequence()?;
        let mut requirements = Vec::new();
        while !list.is_empty() {
            requirements.push(PasswordQualityRequirement::read(list.sequence()?)?);
        }
        let known = [Self::CURRENT_REQUIRED, Self::MUST_CHANGE, Self::SECONDS];
        let [required, must_change, seconds] = tagged_members(value, known)?;
        let seconds = seconds.map(ber::integer).transpose()?.map(i32::try_from).transpose();
        Ok(Self {
            requirements,
            current_password_required: required.map(ber::boolean).transpose()?,
            must_change_password: must_change.map(ber::boolean).transpose()?,
            seconds_until_expiration: seconds.map_err(|_| ValueError::new("secondsUntilExpiration is too large"))?,
        })
    }
}

/// One rule, for a person and perhaps for a program.
/// ```text
/// Requirement ::= SEQUENCE { description OCTET STRING,
///     clientSideValidationInfo [1] SEQUENCE { validationType OCTET STRING,
///         properties [1] SET OF SEQUENCE { name OCTET STRING, value OCTET STRING } OPTIONAL } OPTIONAL }
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct PasswordQualityRequirement {
    /// The rule as a sentence.
    pub description: Text,
    /// How a client can check it.
    #[serde(flatten)]
    pub client_side: Option<ClientSideValidation>,
}

/// How a client can check a rule.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct ClientSideValidation {
    /// The rule's kind.
    #[serde(rename = "clientSideValidationType")]
    pub kind: Text,
    /// Names and values, in the order in which they are sent.
    #[serde(
        rename = "clientSideValidationProperties",
        skip_serializing_if = "Vec::is_empty",
        serialize_with = "as_object"
    )]
    pub properties: Vec<(Text, Text)>,
}

impl PasswordQualityRequirement {
    const CLIENT_SIDE: u8 = tag::constructed(1);
    const PROPERTIES: u8 = tag::constructed(1);

    /// Appends the rule.
    pub fn write(&self, out: &mut Writer<'_>) {
        out.sequence(|members| {
            members.octet_string(self.description.as_bytes());
            let Some(client_side) = &self.client_side else { return };
            members.constructed(Self::CLIENT_SIDE, |info| {
                info.octet_string(client_side.kind.as_bytes());
                if client_side.properties.is_empty() {
                    return;
                }
                info.constructed(Self::PROPERTIES, |set| {
                    for (name, value) in &client_side.properties {
                        set.sequence(|property| {
                            property.octet_string(name.as_bytes());
                            property.octet_string(value.as_bytes());
                        });
                    }
                });
            });
        });
    }

    fn read(mut members: Reader<'_>) -> Result<Self, ValueError> {
        let description = Text::from(members.text()?);
        let client_side =
            members.optional(Self::CLIENT_SIDE)?.map(|info| ClientSideValidation::read(Reader::new(info)));
        members.finish()?;
        Ok(Self { description, client_side: client_side.transpose()? })
    }
}

impl ClientSideValidation {
    fn read(mut info: Reader<'_>) -> Result<Self, ValueError> {
        let kind = Text::from(info.text()?);
        let mut set = Reader::new(info.optional(PasswordQualityRequirement::PROPERTIES)?.unwrap_or_default());
        info.finish()?;
        let mut properties = Vec::new();
        while !set.is_empty() {
            let mut property = set.sequence()?;
            properties.push((Text::from(property.text()?), Text::from(property.text()?)));
            property.finish()?;
        }
        Ok(Self { kind, properties })
    }
}

fn as_object<S: Serializer>(properties: &[(Text, Text)], serializer: S) -> Result<S::Ok, S::Error> {
    let mut object = serializer.serialize_map(Some(properties.len()))?;
    for (name, value) in properties {
        object.serialize_entry(name, value)?;
    }
    object.end()
}
