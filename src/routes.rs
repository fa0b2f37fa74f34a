//! The switchboard: which extended operation and which SASL mechanism leads to which handler, at both doors. The root DSE, the
//! tests of both doors and the refusals test walk these rows; no other place decides on an OID, a path or a mechanism name.

use std::{future::Future, pin::Pin};

use countersign_proto::{
    account::PasswordPolicyStateRequest,
    delivered_otp::{DeliverOneTimePasswordRequest, DeliveredOtpCredentials, GetSupportedOtpDeliveryMechanismsRequest},
    oid,
    password::PasswordModifyRequest,
    password_generation::GeneratePasswordRequest,
    password_quality::GetPasswordQualityRequirementsRequest,
    recovery::{CountRecoveryCodesRequest, GenerateRecoveryCodesRequest, RevokeRecoveryCodesRequest},
    sasl_external::ExternalCredentials,
    sasl_oauthbearer::OauthBearerCredentials,
    sasl_plain::PlainCredentials,
    token::{ConsumeSingleUseTokenRequest, DeliverPasswordResetTokenRequest, DeliverSingleUseTokenRequest},
    totp::{
        GenerateTotpSharedSecretRequest, RevokeTotpSharedSecretRequest, TotpCredentials, ValidateTotpPasswordRequest,
    },
    value::BerResult,
    who_am_i::WhoAmIRequest,
    yubikey::{DeregisterYubiKeyOtpDeviceRequest, RegisterYubiKeyOtpDeviceRequest, YubiKeyOtpCredentials},
};
use serde::{Serialize, de::DeserializeOwned};
use serde_json::{Map, Value};

use crate::{
    caller::Caller,
    error::{Error, Result},
    handlers::{AboutEntry, Mechanism, Operation, context::Context},
};

/// Every extended operation that is served.
pub static ROUTES: &[Route] = &[
    Route::of::<GenerateTotpSharedSecretRequest>(oid::GENERATE_TOTP_SHARED_SECRET, "generate-totp-shared-secret")
        .answered_as(oid::GENERATE_TOTP_SHARED_SECRET_RESPONSE)
        .confidential()
        .at_entry::<GenerateTotpSharedSecretRequest>("generateTOTPSharedSecret"),
    Route::of::<RevokeTotpSharedSecretRequest>(oid::REVOKE_TOTP_SHARED_SECRET, "revoke-totp-shared-secret")
        .confidential()
        .at_entry::<RevokeTotpSharedSecretRequest>("revokeTOTPSharedSecret"),
    Route::of::<ValidateTotpPasswordRequest>(oid::VALIDATE_TOTP_PASSWORD, "validate-totp-password")
        .confidential()
        .extending("validateTOTP", ExtensionPlace::AtEntry(json_about_user::<ValidateTotpPasswordRequest>)),
    Route::of::<RegisterYubiKeyOtpDeviceRequest>(oid::REGISTER_YUBIKEY_OTP_DEVICE, "register-yubikey-otp-device")
        .confidential()
        .at_entry::<RegisterYubiKeyOtpDeviceRequest>("registerYubiKeyOTPDevice"),
    Route::of::<DeregisterYubiKeyOtpDeviceRequest>(oid::DEREGISTER_YUBIKEY_OTP_DEVICE, "deregister-yubikey-otp-device")
        .confidential()
        .at_entry::<DeregisterYubiKeyOtpDeviceRequest>("deregisterYubiKeyOTPDevice"),
    Route::of::<PasswordModifyRequest>(oid::PASSWORD_MODIFY, "password-modify")
        .confidential()
        .before_change()
        .setting_a_password()
        .at_entry::<PasswordModifyRequest>("changePassword"),
    Route::of::<PasswordPolicyStateRequest>(oid::PASSWORD_POLICY_STATE, "password-policy-state")
        .confidential()
        .extending("accountState", ExtensionPlace::OfEntry(json_about_user::<PasswordPolicyStateRequest>)),
    Route::of::<DeliverOneTimePasswordRequest>(oid::DELIVER_ONE_TIME_PASSWORD, "deliver-one-time-password")
        .answered_as(oid::DELIVER_ONE_TIME_PASSWORD_RESPONSE)
        .confidential()
        .at_path::<DeliverOneTimePasswordRequest>("deliverOneTimePassword"),
    Route::of::<GetSupportedOtpDeliveryMechanismsRequest>(
        oid::GET_SUPPORTED_OTP_DELIVERY_MECHANISMS,
        "get-supported-otp-delivery-mechanisms",
    )
    .answered_as(oid::GET_SUPPORTED_OTP_DELIVERY_MECHANISMS_RESPONSE)
    .extending(
        "otpDeliveryMechanisms",
        ExtensionPlace::OfEntry(json_about_user::<GetSupportedOtpDeliveryMechanismsRequest>),
    ),
    Route::of::<DeliverPasswordResetTokenRequest>(oid::DELIVER_PASSWORD_RESET_TOKEN, "deliver-password-reset-token")
        .answered_as(oid::DELIVER_PASSWORD_RESET_TOKEN_RESPONSE)
        .extending(
            "deliverPasswordResetToken",
            ExtensionPlace::Beside(json_at_path::<DeliverPasswordResetTokenRequest>),
        ),
    Route::of::<DeliverSingleUseTokenRequest>(oid::DELIVER_SINGLE_USE_TOKEN, "deliver-single-use-token")
        .answered_as(oid::DELIVER_SINGLE_USE_TOKEN_RESPONSE)
        .extending("deliverSingleUseToken", ExtensionPlace::Beside(json_at_path::<DeliverSingleUseTokenRequest>)),
    Route::of::<ConsumeSingleUseTokenRequest>(oid::CONSUME_SINGLE_USE_TOKEN, "consume-single-use-token")
        .confidential()
        .extending("consumeSingleUseToken", ExtensionPlace::Beside(json_at_path::<ConsumeSingleUseTokenRequest>)),
    Route::of::<GenerateRecoveryCodesRequest>(oid::GENERATE_RECOVERY_CODES, "generate-recovery-codes")
        .confidential()
        .extending("generateRecoveryCodes", ExtensionPlace::AtEntry(json::<GenerateRecoveryCodesRequest>)),
    Route::of::<CountRecoveryCodesRequest>(oid::COUNT_RECOVERY_CODES, "count-recovery-codes")
        .extending("recoveryCodes", ExtensionPlace::OfEntry(json_about_user::<CountRecoveryCodesRequest>)),
    Route::of::<RevokeRecoveryCodesRequest>(oid::REVOKE_RECOVERY_CODES, "revoke-recovery-codes")
        .confidential()
        .extending("revokeRecoveryCodes", ExtensionPlace::AtEntry(json::<RevokeRecoveryCodesRequest>)),
    Route::of::<GeneratePasswordRequest>(oid::GENERATE_PASSWORD, "generate-password")
        .answered_as(oid::GENERATE_PASSWORD_RESPONSE)
        .confidential()
        .before_change()
        .at_path::<GeneratePasswordRequest>("suggestPassword"),
    Route::of::<GetPasswordQualityRequirementsRequest>(
        oid::GET_PASSWORD_QUALITY_REQUIREMENTS,
        "get-password-quality-requirements",
    )
    .answered_as(oid::GET_PASSWORD_QUALITY_REQUIREMENTS_RESPONSE)
    .before_change()
    .at_path::<GetPasswordQualityRequirementsRequest>("passwordRequirements"),
    Route::of::<WhoAmIRequest>(oid::WHO_AM_I, "who-am-i").before_change(),
    Route::about_the_connection(oid::START_TLS, "start-tls", ConnectionOperation::StartTls).answered_as(oid::START_TLS),
    Route::about_the_connection(oid::CANCEL, "cancel", ConnectionOperation::Cancel),
];

/// Every SASL mechanism that is served.
pub static MECHANISMS: &[MechanismRoute] = &[
    MechanismRoute::of::<PlainCredentials>("PLAIN").confidential(),
    MechanismRoute::of::<TotpCredentials>("UNBOUNDID-TOTP").confidential(),
    MechanismRoute::of::<YubiKeyOtpCredentials>("UNBOUNDID-YUBIKEY-OTP").confidential(),
    MechanismRoute::of::<DeliveredOtpCredentials>(DeliveredOtpCredentials::MECHANISM).confidential(),
    MechanismRoute::of::<OauthBearerCredentials>(OauthBearerCredentials::MECHANISM)
        .confidential()
        .told_before_refused(r#"{"status":"invalid_token"}"#),
    MechanismRoute::of::<ExternalCredentials>("EXTERNAL"),
];

/// The row of an extended request's OID.
pub fn extended(oid: &[u8]) -> Option<&'static Route> {
    ROUTES.iter().find(|route| route.oid.as_bytes() == oid)
}

/// The row of a REST operation below an entry, by its last path segment.
pub fn at_entry(name: &str) -> Option<(&'static Route, JsonCall)> {
    ROUTES.iter().find_map(|route| {
        let at = route.entry_path.as_ref().filter(|at| at.name == name)?;
        Some((route, at.json))
    })
}

/// The row of a REST operation that is not below an entry, by its path segment.
pub fn at_path(name: &str) -> Option<(&'static Route, PathCall)> {
    ROUTES.iter().find_map(|route| {
        let at = route.path.as_ref().filter(|at| at.name == name)?;
        Some((route, at.json))
    })
}

/// The row of an extension of the REST API, by its last path segment.
pub fn extension(name: &str) -> Option<(&'static Route, ExtensionPlace)> {
    ROUTES.iter().find_map(|route| {
        let extension = route.extension.as_ref().filter(|extension| extension.name == name)?;
        Some((route, extension.place))
    })
}

/// The row of a SASL mechanism's name; names are upper case (RFC 4422 section 3.1).
pub fn mechanism(name: &[u8]) -> Option<&'static MechanismRoute> {
    MECHANISMS.iter().find(|route| route.name.as_bytes() == name)
}

/// What a handler's answer is waited for as.
pub type Pending<'a, T> = Pin<Box<dyn Future<Output = Result<T>> + Send + 'a>>;

/// Decodes a request value (absent or present), performs it, encodes the result (absent or present).
pub type BerCall = for<'a> fn(Option<&'a [u8]>, &'a Context, &'a Caller) -> Pending<'a, Option<Vec<u8>>>;

/// The same about the entry with the given DN, from and to the members of a JSON object.
pub type JsonCall = for<'a> fn(&'a str, Map<String, Value>, &'a Context, &'a Caller) -> Pending<'a, Map<String, Value>>;

/// The same where the request itself says what it is about.
pub type PathCall = for<'a> fn(Map<String, Value>, &'a Context, &'a Caller) -> Pending<'a, Map<String, Value>>;

/// Decodes SASL credentials (absent or present) and proves the identity.
pub type BindCall = for<'a> fn(Option<&'a [u8]>, &'a Context, &'a Caller) -> Pending<'a, Caller>;

/// One extended operation.
#[derive(Debug)]
pub struct Route {
    /// The request's name on the wire.
    pub oid: &'static str,
    /// The OID that a success carries, if any.
    pub response_oid: Option<&'static str>,
    /// The name for the log and for people.
    pub name: &'static str,
    /// Whether the value carries a password, a code or a secret, so that clear connections are refused first.
    pub confidential: bool,
    /// Whether it is served to users who must change their password first.
    pub before_change: bool,
    /// Whether it sets a password, so that the controls about new passwords mean something.
    pub sets_password: bool,
    /// Who carries it out.
    pub call: Call,
    /// Where REST serves it below an entry; `None` if it has no place there.
    pub entry_path: Option<EntryPath>,
    /// Where REST serves it beside the entries; `None` if it has no place there.
    pub path: Option<OwnPath>,
    /// Where REST serves it below a base path of our own, if the configuration has it so.
    pub extension: Option<Extension>,
}

/// A REST operation that is not of the Directory REST API: `/countersign/v1/{name}` or `/countersign/v1/{dn}/{name}`.
#[derive(Debug)]
pub struct Extension {
    /// The last path segment.
    pub name: &'static str,
    /// Where it stands, and who carries it out.
    pub place: ExtensionPlace,
}

/// Where an extension of the REST API stands.
#[derive(Clone, Copy, Debug)]
pub enum ExtensionPlace {
    /// `POST {name}`
    Beside(PathCall),
    /// `POST {dn}/{name}`
    AtEntry(JsonCall),
    /// `GET {dn}/{name}`: changes nothing and takes no body.
    OfEntry(JsonCall),
}

/// A REST operation: `POST /directory/v1/{name}`.
#[derive(Debug)]
pub struct OwnPath {
    /// The path segment.
    pub name: &'static str,
    /// Decodes the body, performs it, encodes the result.
    pub json: PathCall,
}

/// A REST operation: `POST {dn}/{name}`.
#[derive(Debug)]
pub struct EntryPath {
    /// The last path segment.
    pub name: &'static str,
    /// Decodes the body, performs it, encodes the result.
    pub json: JsonCall,
}

/// Who carries an extended operation out.
#[derive(Clone, Copy, Debug)]
pub enum Call {
    /// A handler.
    Handler(BerCall),
    /// The LDAP connection itself, because the operation is about it.
    Connection(ConnectionOperation),
}

/// Extended operations about the connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ConnectionOperation {
    /// RFC 4511 section 4.14.
    StartTls,
    /// RFC 3909.
    Cancel,
}

/// One SASL mechanism.
#[derive(Debug)]
pub struct MechanismRoute {
    /// The name on the wire.
    pub name: &'static str,
    /// Whether the credentials hold a password or a code.
    pub confidential: bool,
    /// What a client whose proof fails is told with saslBindInProgress, before its answer to that is refused.
    pub refusal: Option<&'static str>,
    /// Decodes the credentials and proves the identity.
    pub authenticate: BindCall,
}

impl Route {
    const fn of<R: Operation>(oid: &'static str, name: &'static str) -> Self {
        Self {
            oid,
            response_oid: None,
            name,
            confidential: false,
            before_change: false,
            sets_password: false,
            call: Call::Handler(ber::<R>),
            entry_path: None,
            path: None,
            extension: None,
        }
    }

    const fn about_the_connection(oid: &'static str, name: &'static str, operation: ConnectionOperation) -> Self {
        Self {
            oid,
            response_oid: None,
            name,
            confidential: false,
            before_change: true,
            sets_password: false,
            call: Call::Connection(operation),
            entry_path: None,
            path: None,
            extension: None,
        }
    }

    const fn before_change(self) -> Self {
        Self { before_change: true, ..self }
    }

    const fn setting_a_password(self) -> Self {
        Self { sets_password: true, ..self }
    }

    const fn answered_as(self, response_oid: &'static str) -> Self {
        Self { response_oid: Some(response_oid), ..self }
    }

    const fn confidential(self) -> Self {
        Self { confidential: true, ..self }
    }

    const fn at_entry<R: AboutEntry<Outcome: Serialize> + DeserializeOwned>(self, name: &'static str) -> Self {
        Self { entry_path: Some(EntryPath { name, json: json::<R> }), ..self }
    }

    const fn extending(self, name: &'static str, place: ExtensionPlace) -> Self {
        Self { extension: Some(Extension { name, place }), ..self }
    }

    const fn at_path<R: Operation<Outcome: Serialize> + DeserializeOwned>(self, name: &'static str) -> Self {
        Self { path: Some(OwnPath { name, json: json_at_path::<R> }), ..self }
    }
}

impl MechanismRoute {
    const fn told_before_refused(self, refusal: &'static str) -> Self {
        Self { refusal: Some(refusal), ..self }
    }

    const fn of<M: Mechanism>(name: &'static str) -> Self {
        Self { name, confidential: false, refusal: None, authenticate: authenticate::<M> }
    }

    const fn confidential(self) -> Self {
        Self { confidential: true, ..self }
    }
}

fn ber<'a, R: Operation>(
    value: Option<&'a [u8]>,
    context: &'a Context,
    caller: &'a Caller,
) -> Pending<'a, Option<Vec<u8>>> {
    Box::pin(async move {
        let request = R::from_ber(value).map_err(|error| Error::protocol(error.to_string()))?;
        Ok(request.perform(context, caller).await?.to_ber())
    })
}

fn json<'a, R: AboutEntry<Outcome: Serialize> + DeserializeOwned>(
    dn: &'a str,
    members: Map<String, Value>,
    context: &'a Context,
    caller: &'a Caller,
) -> Pending<'a, Map<String, Value>> {
    Box::pin(async move {
        let request: R = read_members(members)?;
        written_members(&request.about(dn).perform(context, caller).await?)
    })
}

fn json_at_path<'a, R: Operation<Outcome: Serialize> + DeserializeOwned>(
    members: Map<String, Value>,
    context: &'a Context,
    caller: &'a Caller,
) -> Pending<'a, Map<String, Value>> {
    Box::pin(async move {
        let request: R = read_members(members)?;
        written_members(&request.perform(context, caller).await?)
    })
}

/// For requests that name the user themselves: the path does it here.
fn json_about_user<'a, R: Operation<Outcome: Serialize> + DeserializeOwned>(
    dn: &'a str,
    mut members: Map<String, Value>,
    context: &'a Context,
    caller: &'a Caller,
) -> Pending<'a, Map<String, Value>> {
    Box::pin(async move {
        if members.insert("userDN".to_owned(), Value::String(dn.to_owned())).is_some() {
            return Err(Error::protocol("unknown field `userDN`: the path names the user"));
        }
        let request: R = read_members(members)?;
        written_members(&request.perform(context, caller).await?)
    })
}

fn read_members<R: DeserializeOwned>(members: Map<String, Value>) -> Result<R> {
    serde_json::from_value(Value::Object(members)).map_err(|error| bad_member(&error))
}

fn written_members(outcome: &impl Serialize) -> Result<Map<String, Value>> {
    match serde_json::to_value(outcome).map_err(Error::other)? {
        Value::Object(members) => Ok(members),
        _ => Ok(Map::new()),
    }
}

fn authenticate<'a, M: Mechanism>(
    credentials: Option<&'a [u8]>,
    context: &'a Context,
    caller: &'a Caller,
) -> Pending<'a, Caller> {
    Box::pin(async move {
        let credentials = M::from_ber(credentials).map_err(|error| Error::protocol(error.to_string()))?;
        credentials.authenticate(context, caller).await
    })
}

/// What is wrong with a member, by its name; serde's own words for a wrong type would repeat the value, which may be a secret.
fn bad_member(error: &serde_json::Error) -> Error {
    let words = error.to_string();
    if ["unknown field", "missing field", "duplicate field"].iter().any(|kind| words.starts_with(kind)) {
        return Error::protocol(words);
    }
    Error::protocol("A member of the request has a value of the wrong type")
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;

    #[test]
    fn every_row_has_a_name_and_place_of_its_own() {
        let mut seen = HashSet::new();
        for route in ROUTES {
            assert!(seen.insert(route.oid), "{}", route.name);
            assert!(seen.insert(route.name), "{}", route.name);
            if let Some(at) = &route.entry_path {
                assert!(seen.insert(at.name), "{}", at.name);
            }
            if let Some(at) = &route.path {
                assert!(seen.insert(at.name), "{}", at.name);
            }
            if let Some(extension) = &route.extension {
                assert!(seen.insert(extension.name), "{}", extension.name);
            }
        }
        assert!(MECHANISMS.iter().all(|route| seen.insert(route.name)));
    }
}
