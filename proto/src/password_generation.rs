//! Passwords that the server proposes: the generate password operation. How they are made is at home in the server.

use serde::{Deserialize, Serialize};

use crate::{
    ber::{self, BerError, Reader, tag},
    text::{DnText, Secret, Text, disclose},
    value::{BerRequest, BerResult, ValueError, elements, known_members, required, sequence},
};

/// Asks for passwords that the policy would take; nothing is changed.
///
/// OID 1.3.6.1.4.1.30221.2.6.62; an absent value asks for one by the default policy. Unknown members at the end are ignored:
/// ```text
/// SEQUENCE { CHOICE { defaultPolicy [0] NULL, passwordPolicyDN [1] OCTET STRING, targetEntryDN [2] OCTET STRING },
///            numberOfPasswords [3] INTEGER DEFAULT 1,          -- 1 at least
///            validationAttempts [4] INTEGER DEFAULT 5 }        -- 0: not validated
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(try_from = "GeneratePasswordBody")]
pub struct GeneratePasswordRequest {
    /// By whose rules.
    pub policy: PolicySelection,
    /// How many; 1 at least.
    pub number_of_passwords: u32,
    /// How often to try until one keeps the rules; 0: without asking the rules.
    pub validation_attempts: u32,
}

/// By whose rules passwords are made.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum PolicySelection {
    /// The default policy's.
    #[default]
    Default,
    /// Those of the policy with this DN.
    Policy(DnText),
    /// Those for the entry with this DN, which need not exist.
    TargetEntry(DnText),
}

impl GeneratePasswordRequest {
    const DEFAULT_POLICY: u8 = tag::primitive(0);
    const POLICY_DN: u8 = tag::primitive(1);
    const TARGET_ENTRY_DN: u8 = tag::primitive(2);
    const NUMBER: (u8, &str) = (tag::primitive(3), "numberOfPasswords");
    const ATTEMPTS: (u8, &str) = (tag::primitive(4), "validationAttempts");

    const DEFAULT_NUMBER: u32 = 1;
    const DEFAULT_ATTEMPTS: u32 = 5;

    fn checked(self) -> Result<Self, ValueError> {
        if self.number_of_passwords == 0 {
            return Err(ValueError::new("numberOfPasswords is not above 0"));
        }
        Ok(self)
    }
}

impl Default for GeneratePasswordRequest {
    fn default() -> Self {
        Self {
            policy: PolicySelection::Default,
            number_of_passwords: Self::DEFAULT_NUMBER,
            validation_attempts: Self::DEFAULT_ATTEMPTS,
        }
    }
}

impl BerRequest for GeneratePasswordRequest {
    fn from_ber(value: Option<&[u8]>) -> Result<Self, ValueError> {
        let Some(value) = value else { return Ok(Self::default()) };
        let mut value = elements(value)?;
        let policy = match value.element()? {
            (Self::DEFAULT_POLICY, []) => PolicySelection::Default,
            (Self::POLICY_DN, dn) => PolicySelection::Policy(DnText::from_octets(dn)?),
            (Self::TARGET_ENTRY_DN, dn) => PolicySelection::TargetEntry(DnText::from_octets(dn)?),
            _ => return Err(ValueError::new("The value does not begin with a choice of the policy")),
        };
        let [number, attempts] = known_members(value, [Self::NUMBER, Self::ATTEMPTS])?;
        Self {
            policy,
            number_of_passwords: number.map_or(Ok(Self::DEFAULT_NUMBER), count)?,
            validation_attempts: attempts.map_or(Ok(Self::DEFAULT_ATTEMPTS), count)?,
        }
        .checked()
    }

    fn to_ber(&self) -> Option<Vec<u8>> {
        if *self == Self::default() {
            return None;
        }
        Some(sequence(|value| {
            match &self.policy {
                PolicySelection::Default => value.tagged(Self::DEFAULT_POLICY, &[]),
                PolicySelection::Policy(dn) => value.tagged(Self::POLICY_DN, dn.as_bytes()),
                PolicySelection::TargetEntry(dn) => value.tagged(Self::TARGET_ENTRY_DN, dn.as_bytes()),
            }
            if self.number_of_passwords != Self::DEFAULT_NUMBER {
                value.tagged_integer(Self::NUMBER.0, self.number_of_passwords.into());
            }
            if self.validation_attempts != Self::DEFAULT_ATTEMPTS {
                value.tagged_integer(Self::ATTEMPTS.0, self.validation_attempts.into());
            }
        }))
    }
}

/// The content of an INTEGER that counts something; more than fit are as many as fit.
fn count(content: &[u8]) -> Result<u32, BerError> {
    let count = ber::integer(content)?;
    if count < 0 { Err(BerError::BadInteger) } else { Ok(u32::try_from(count).unwrap_or(u32::MAX)) }
}

/// The same as a REST body says it.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct GeneratePasswordBody {
    #[serde(rename = "passwordPolicyDN")]
    password_policy_dn: Option<DnText>,
    #[serde(rename = "targetEntryDN")]
    target_entry_dn: Option<DnText>,
    #[serde(rename = "numberOfPasswords")]
    number_of_passwords: Option<u32>,
    #[serde(rename = "validationAttempts")]
    validation_attempts: Option<u32>,
}

impl TryFrom<GeneratePasswordBody> for GeneratePasswordRequest {
    type Error = ValueError;

    fn try_from(body: GeneratePasswordBody) -> Result<Self, ValueError> {
        let policy = match (body.password_policy_dn, body.target_entry_dn) {
            (None, None) => PolicySelection::Default,
            (Some(dn), None) => PolicySelection::Policy(dn),
            (None, Some(dn)) => PolicySelection::TargetEntry(dn),
            (Some(_), Some(_)) => {
                return Err(ValueError::new("duplicate field: passwordPolicyDN and targetEntryDN exclude one another"));
            }
        };
        Self {
            policy,
            number_of_passwords: body.number_of_passwords.unwrap_or(Self::DEFAULT_NUMBER),
            validation_attempts: body.validation_attempts.unwrap_or(Self::DEFAULT_ATTEMPTS),
        }
        .checked()
    }
}

/// The passwords that were made; at least one, none empty.
///
/// OID 1.3.6.1.4.1.30221.2.6.63:
/// ```text
/// SEQUENCE { passwordPolicyDN OCTET STRING, SEQUENCE OF SEQUENCE {
///                generatedPassword OCTET STRING, validationAttempted BOOLEAN,
///                validationErrors [0] SEQUENCE OF OCTET STRING OPTIONAL } }
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct GeneratePasswordResult {
    /// The policy by whose rules they were made.
    #[serde(rename = "passwordPolicyDN")]
    pub password_policy_dn: DnText,
    /// As many as were asked for.
    #[serde(rename = "generatedPasswords")]
    pub passwords: Vec<GeneratedPassword>,
}

/// One password that was made.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct GeneratedPassword {
    /// The password.
    #[serde(serialize_with = "disclose")]
    pub password: Secret,
    /// Whether the rules were asked.
    #[serde(rename = "validationAttempted")]
    pub validation_attempted: bool,
    /// The rules that it breaks, as sentences.
    #[serde(rename = "validationErrors")]
    pub validation_errors: Vec<Text>,
}

impl GeneratedPassword {
    const ERRORS: u8 = tag::constructed(0);

    fn read(mut members: Reader<'_>) -> Result<Self, ValueError> {
        let password = Secret::new(members.octet_string()?);
        let validation_attempted = members.boolean()?;
        let mut errors = Reader::new(members.optional(Self::ERRORS)?.unwrap_or_default());
        members.finish()?;
        let mut validation_errors = Vec::new();
        while !errors.is_empty() {
            validation_errors.push(Text::from(errors.text()?));
        }
        Ok(Self { password, validation_attempted, validation_errors })
    }
}

impl BerResult for GeneratePasswordResult {
    fn to_ber(&self) -> Option<Vec<u8>> {
        Some(sequence(|value| {
            value.octet_string(self.password_policy_dn.as_bytes());
            value.sequence(|list| {
                for one in &self.passwords {
                    list.sequence(|members| {
                        members.octet_string(one.password.expose());
                        members.boolean(one.validation_attempted);
                        if one.validation_errors.is_empty() {
                            return;
                        }
                        members.constructed(GeneratedPassword::ERRORS, |errors| {
                            one.validation_errors.iter().for_each(|error| errors.octet_string(error.as_bytes()));
                        });
                    });
                }
            });
        }))
    }

    fn from_ber(value: Option<&[u8]>) -> Result<Self, ValueError> {
        let mut value = elements(required(value)?)?;
        let password_policy_dn = DnText::from(value.text()?);
        let mut list = value.sequence()?;
        value.finish()?;
        let mut passwords = Vec::new();
        while !list.is_empty() {
            passwords.push(GeneratedPassword::read(list.sequence()?)?);
        }
        Ok(Self { password_policy_dn, passwords })
    }
}
