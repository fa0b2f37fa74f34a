//! `POST /directory/v1/authenticate` (rest-api.md section 13): a bind whose outcome is the answer. The proof itself is the
//! handler's, the same that serves LDAP; here the members of the body become its credentials.

use countersign_proto::{
    delivered_otp::DeliveredOtpCredentials,
    oid,
    result_code::ResultCode,
    sasl_plain::PlainCredentials,
    text::{Secret, Text},
    totp::TotpCredentials,
    yubikey::YubiKeyOtpCredentials,
};
use hyper::http::request::Parts;
use serde::Serialize;
use serde_json::{Map, Value, json};

use super::{
    authentication,
    controls::{self, Answered},
    entry::EntryJson,
    json, read,
    reply::Reply,
    selection::Selection,
    status::{Hearer, Refusal, ResultCodeBody},
};
use crate::{
    caller::{Basis, Caller, Notice},
    config::LogLevel,
    error::{Error, Result},
    handlers::{
        Mechanism,
        access_token::{self, Granted},
        context::Context,
        own_password,
    },
};

/// What the body asks for.
struct Request {
    credentials: Credentials,
    /// Which attributes of the user to return; `None`: none.
    selection: Option<Selection>,
    /// Which controls to answer.
    controls: Vec<&'static str>,
}

/// The controls that mean something here.
const CONTROLS: &[&str] = &[oid::GENERATE_ACCESS_TOKEN, oid::PASSWORD_POLICY];

/// The proofs, by `authenticationType`.
enum Credentials {
    /// `password`: a simple bind, also in that a code stands after the password of a user with a factor.
    Password(PlainCredentials),
    /// `passwordPlusTOTP`.
    PasswordPlusTotp(TotpCredentials),
    /// `passwordPlusYubiKeyOTP`.
    PasswordPlusYubikey(YubiKeyOtpCredentials),
    /// `passwordPlusDeliveredOTP`: without the password, which was proven when the code was asked for.
    PasswordPlusDeliveredOtp(DeliveredOtpCredentials),
}

/// What a successful bind answers.
#[derive(Serialize)]
struct Outcome {
    #[serde(rename = "resultCode")]
    result_code: ResultCodeBody,
    #[serde(rename = "userAttributes", skip_serializing_if = "Option::is_none")]
    user_attributes: Option<EntryJson>,
    #[serde(rename = "accessToken", skip_serializing_if = "Option::is_none")]
    access_token: Option<String>,
    #[serde(rename = "secondsUntilPasswordExpiration", skip_serializing_if = "Option::is_none")]
    seconds_until_expiration: Option<u64>,
    #[serde(rename = "mustChangePassword", skip_serializing_if = "std::ops::Not::not")]
    must_change: bool,
    #[serde(rename = "_controls", skip_serializing_if = "Vec::is_empty")]
    controls: Vec<Answered>,
}

/// Authenticates the user that the body names. A header is not needed; if there is one it must be good.
///
/// # Errors
/// 400 for a body that is not of the form, which counts as no failure; 401 for every proof that fails, with one text.
pub(super) async fn answer(
    head: &Parts,
    body: &[u8],
    context: &Context,
    connection: &Caller,
) -> Result<Reply, Refusal> {
    let Request { credentials, selection, controls } = Request::of(body)?;
    authentication::caller(&head.headers, context, connection).await?;
    let asking = Caller { basis: Basis::Wanted, ..connection.clone() };
    let proven = credentials.prove(context, &asking).await;
    let caller = proven.map_err(|error| Refusal::of(&error, Hearer::Anonymous).with_result())?;
    let user_attributes = match selection {
        Some(selection) if !caller.notice.must_change => read::own_entry(&selection, context, &caller).await?,
        _ => None,
    };
    // The proof was good, whatever becomes of these: a one-time code is spent by now.
    let granted = access_token::grant(context, &caller).unwrap_or_else(|error| {
        context.audit.notice(LogLevel::Warn, &format!("no access token was handed out: {error:?}"));
        None
    });
    let outcome = Outcome {
        result_code: ResultCode::SUCCESS.into(),
        user_attributes,
        seconds_until_expiration: own_password::expires_in(context, &caller).await.unwrap_or_default(),
        must_change: caller.notice.must_change,
        controls: controls.into_iter().map(|control| answered(control, &caller.notice, granted.as_ref())).collect(),
        access_token: granted.map(|granted| granted.token),
    };
    Ok(Reply::ok(&outcome))
}

/// The answer to one of the controls that mean something here.
fn answered(control: &str, notice: &Notice, granted: Option<&Granted>) -> Answered {
    if control == oid::GENERATE_ACCESS_TOKEN {
        let value = match granted {
            Some(granted) => json!({"token": granted.token, "expiration-time": granted.expires.rfc3339()}),
            None => json!({"error-message": "No access token is handed out to this user"}),
        };
        return Answered::new(oid::GENERATE_ACCESS_TOKEN_RESPONSE, "Generate Access Token Response Control", value);
    }
    let mut value = Map::new();
    let expiring = notice.expires_in.map(|seconds| json!({"seconds-until-expiration": seconds}));
    let grace = notice.grace_logins_left.map(|left| json!({"grace-logins-remaining": left}));
    value.extend(expiring.or(grace).map(|warning| ("warning".to_owned(), warning)));
    value.extend(notice.must_change.then(|| ("error-type".to_owned(), json!("change-after-reset"))));
    Answered::new(oid::PASSWORD_POLICY, "Password Policy Response Control", Value::Object(value))
}

impl Credentials {
    async fn prove(self, context: &Context, connection: &Caller) -> Result<Caller, Error> {
        match self {
            Self::Password(credentials) => credentials.authenticate(context, connection).await,
            Self::PasswordPlusTotp(credentials) => credentials.authenticate(context, connection).await,
            Self::PasswordPlusYubikey(credentials) => credentials.authenticate(context, connection).await,
            Self::PasswordPlusDeliveredOtp(credentials) => credentials.authenticate(context, connection).await,
        }
    }

    fn of(mut members: Map<String, Value>) -> Result<Self, String> {
        let kind = text(&mut members, "authenticationType")?.ok_or("credentials lack authenticationType")?;
        let code = match kind.as_str() {
            "passwordPlusDeliveredOTP" => return Self::delivered_otp(members),
            "password" => None,
            "passwordPlusTOTP" => Some(secret(&mut members, "totp")?),
            "passwordPlusYubiKeyOTP" => Some(secret(&mut members, "otp")?),
            _ => return Err("authenticationType is none that this operation knows".to_owned()),
        };
        let authentication_id = authentication_id(&mut members)?;
        let password = secret(&mut members, "staticPassword")?;
        nothing_else(members, &kind)?;
        Ok(match code {
            None => Self::Password(PlainCredentials { authorization_id: None, authentication_id, password }),
            Some(yubikey_otp) if kind == "passwordPlusYubiKeyOTP" => Self::PasswordPlusYubikey(YubiKeyOtpCredentials {
                authentication_id,
                authorization_id: None,
                static_password: Some(password),
                yubikey_otp,
            }),
            Some(totp_password) => Self::PasswordPlusTotp(TotpCredentials {
                authentication_id,
                authorization_id: None,
                totp_password,
                static_password: Some(password),
            }),
        })
    }
}

impl Credentials {
    fn delivered_otp(mut members: Map<String, Value>) -> Result<Self, String> {
        let one_time_password = secret(&mut members, "otp")?;
        let authentication_id = authentication_id(&mut members)?;
        nothing_else(members, "passwordPlusDeliveredOTP")?;
        let credentials = DeliveredOtpCredentials { authentication_id, authorization_id: None, one_time_password };
        Ok(Self::PasswordPlusDeliveredOtp(credentials))
    }
}

fn nothing_else(members: Map<String, Value>, kind: &str) -> Result<(), String> {
    match members.into_iter().next() {
        Some((unknown, _)) => Err(format!("credentials of type {kind} have no member {unknown:?}")),
        None => Ok(()),
    }
}

impl Request {
    fn of(body: &[u8]) -> Result<Self, Refusal> {
        let mut members = json::object(body).map_err(Refusal::invalid)?;
        let controls = controls::requested(members.remove(controls::MEMBER), CONTROLS)?;
        Self::of_members(members, controls).map_err(Refusal::invalid)
    }

    fn of_members(mut members: Map<String, Value>, controls: Vec<&'static str>) -> Result<Self, String> {
        let Some(Value::Object(credentials)) = members.remove("credentials") else {
            return Err("The member credentials must be an object".to_owned());
        };
        let credentials = Credentials::of(credentials)?;
        let selection = match members.remove("returnUserAttributes") {
            None | Some(Value::Null) => None,
            Some(Value::Array(names)) if names.iter().all(Value::is_string) => {
                Selection::of_names(names.iter().filter_map(Value::as_str))
            }
            Some(_) => return Err("returnUserAttributes must be an array of strings".to_owned()),
        };
        match members.into_iter().next() {
            Some((unknown, _)) => Err(format!("authenticate has no member {unknown:?}")),
            None => Ok(Self { credentials, selection, controls }),
        }
    }
}

/// Who authenticates: exactly one of `dn` and `username`.
fn authentication_id(members: &mut Map<String, Value>) -> Result<Text, String> {
    match (text(members, "dn")?, text(members, "username")?) {
        (Some(dn), None) => Ok(Text(format!("dn:{dn}"))),
        (None, Some(name)) => Ok(Text(format!("u:{name}"))),
        _ => Err("credentials name the user by exactly one of dn and username".to_owned()),
    }
}

/// A string that may be absent.
fn text(members: &mut Map<String, Value>, name: &str) -> Result<Option<String>, String> {
    match members.remove(name) {
        None => Ok(None),
        Some(Value::String(text)) => Ok(Some(text)),
        Some(_) => Err(format!("{name} must be a string")),
    }
}

/// A string that must be there. A code is one too: as a number it would lose its leading zeros.
fn secret(members: &mut Map<String, Value>, name: &str) -> Result<Secret, String> {
    text(members, name)?.map(Secret::new).ok_or_else(|| format!("credentials of this type need {name}"))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::panic, reason = "tests")]
    use super::*;

    fn read(body: &str) -> Result<Request, String> {
        Request::of(body.as_bytes()).map_err(|refusal| refusal.detail)
    }

    #[test]
    fn both_types_are_read() {
        let password = r#"{"credentials":{"authenticationType":"password","dn":"uid=a,dc=b","staticPassword":"p:w"}}"#;
        let Ok(Request { credentials: Credentials::Password(plain), selection: None, .. }) = read(password) else {
            panic!("not a password")
        };
        assert_eq!(&*plain.authentication_id, "dn:uid=a,dc=b");
        assert_eq!(plain.password.expose(), b"p:w");
        let totp = r#"{"returnUserAttributes":["*"],"_controls":[],"credentials":
            {"authenticationType":"passwordPlusTOTP","username":"a","staticPassword":"p","totp":"012345"}}"#;
        let Ok(Request { credentials: Credentials::PasswordPlusTotp(totp), selection: Some(_), .. }) = read(totp)
        else {
            panic!("not a code")
        };
        assert_eq!(&*totp.authentication_id, "u:a");
        assert_eq!(totp.totp_password.expose(), b"012345");
    }

    #[test]
    fn what_is_not_of_the_form_is_refused_without_repeating_a_secret() {
        let table = [
            r#"{}"#,
            r#"[]"#,
            r#"{"credentials":"hidden"}"#,
            r#"{"credentials":{}}"#,
            r#"{"credentials":{"authenticationType":"hidden","dn":"a=b","staticPassword":"hidden"}}"#,
            r#"{"credentials":{"authenticationType":"password","staticPassword":"hidden"}}"#,
            r#"{"credentials":{"authenticationType":"password","dn":"a=b","username":"c","staticPassword":"hidden"}}"#,
            r#"{"credentials":{"authenticationType":"password","dn":"a=b"}}"#,
            r#"{"credentials":{"authenticationType":"password","dn":"a=b","staticPassword":null}}"#,
            r#"{"credentials":{"authenticationType":"password","dn":"a=b","staticPassword":"hidden","totp":"hidden"}}"#,
            r#"{"credentials":{"authenticationType":"password","dn":"a=b","staticPassword":"hidden"},"x":"hidden"}"#,
            r#"{"credentials":{"authenticationType":"passwordPlusTOTP","dn":"a=b","staticPassword":"hidden"}}"#,
            r#"{"credentials":{"authenticationType":"passwordPlusTOTP","dn":"a=b","staticPassword":"hidden","totp":123}}"#,
            r#"{"credentials":{"authenticationType":"passwordPlusDeliveredOTP","dn":"a=b","otp":"hidden","staticPassword":"hidden"}}"#,
            r#"{"credentials":{"authenticationType":"password","dn":"a=b","staticPassword":"x","staticPassword":"hidden"}}"#,
            r#"{"credentials":{"authenticationType":"password","dn":"a=b","staticPassword":"x"},"returnUserAttributes":"*"}"#,
            r#"{"credentials":{"authenticationType":"password","dn":"a=b","staticPassword":"x"},"returnUserAttributes":[1]}"#,
        ];
        for body in table {
            match read(body) {
                Ok(_) => panic!("taken: {body}"),
                Err(said) => assert!(!said.contains("hidden"), "{said}"),
            }
        }
    }
}
