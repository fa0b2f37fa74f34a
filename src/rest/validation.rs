//! `GET /wsapi/2.0/verify`: our own server of Yubico's validation protocol 2.0, so that pam_yubico, ykclient and whoever else speaks
//! it can have OTPs judged here. The answer is always 200 and says its status in a line; it is signed wherever the client is known.

use countersign_proto::result_code::ResultCode;
use hyper::StatusCode;
use percent_encoding::percent_decode_str;
use time::{OffsetDateTime, macros::format_description};

use super::reply::Reply;
use crate::{
    caller::Caller,
    clock::UnixMillis,
    config::{LogLevel, ValidationClient},
    handlers::{
        context::Context,
        validation::{Told, validate},
    },
    telemetry::{audit::Event, reason},
    validation::{ApiKey, SIGNATURE, Status, field},
};

/// The longest value that is repeated in an answer.
const LONGEST: usize = 64;

/// Answers a request by its query.
pub(super) async fn answer(query: &str, context: &Context, connection: &Caller) -> Reply {
    let began = context.clock.now();
    let parameters = parameters(query);
    let asked: Vec<(&str, &str)> = parameters.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
    let config = context.config.load_full();
    let client = client(&asked, &config.validation_clients);
    let key = client.and_then(|client| ApiKey::from_base64(client.api_key.as_ref()?.expose()));
    let (status, told) = match refused(&asked, client, key.as_ref()) {
        Some(status) => (status, None),
        None => judged(&asked, context).await,
    };
    let event = Event {
        event: "yubikey-validation",
        connection: Some(connection.channel.connection),
        operation: Some(connection.operation),
        client: connection.channel.peer,
        factor: Some("yubikey"),
        took: Some(context.clock.now().since(began)),
        result: Some(if status == Status::Ok { ResultCode::SUCCESS } else { ResultCode::INVALID_CREDENTIALS }),
        reason: reason_of(status),
        ..Event::default()
    };
    context.audit.record(LogLevel::Info, &event);
    let body = body(&asked, status, told, key.as_ref(), context.clock.now());
    Reply { status: StatusCode::OK, media: "text/plain; charset=utf-8", body: body.into_bytes() }
}

/// The parameters of a query, decoded. A plus sign is a space in forms and itself in base64: it is left as it is, which is what the
/// clients of this protocol mean by it.
fn parameters(query: &str) -> Vec<(String, String)> {
    let decoded = |text: &str| percent_decode_str(text).decode_utf8_lossy().into_owned();
    let pairs = query.split('&').filter(|pair| !pair.is_empty());
    pairs
        .map(|pair| pair.split_once('=').unwrap_or((pair, "")))
        .map(|(name, value)| (decoded(name), decoded(value)))
        .collect()
}

fn client<'c>(asked: &[(&str, &str)], clients: &'c [ValidationClient]) -> Option<&'c ValidationClient> {
    let id: u32 = field(asked, "id")?.parse().ok()?;
    clients.iter().find(|client| client.id == id)
}

/// Why the OTP is not even looked at; `None` if it is.
fn refused(asked: &[(&str, &str)], client: Option<&ValidationClient>, key: Option<&ApiKey>) -> Option<Status> {
    if field(asked, "id").is_none() {
        return Some(Status::MissingParameter);
    }
    let (Some(client), Some(key)) = (client, key) else { return Some(Status::NoSuchClient) };
    let twice =
        asked.iter().enumerate().any(|(at, (name, _))| asked.iter().skip(at + 1).any(|(other, _)| name == other));
    if twice {
        // It would not be clear which of the two was signed.
        return Some(Status::MissingParameter);
    }
    let is_signed_well = match field(asked, SIGNATURE) {
        Some(signature) => key.verifies(asked, signature),
        None => !client.require_signature,
    };
    if !is_signed_well {
        return Some(Status::BadSignature);
    }
    let is_nonce =
        |nonce: &str| (16..=40).contains(&nonce.len()) && nonce.bytes().all(|octet| octet.is_ascii_alphanumeric());
    let is_whole =
        field(asked, "otp").is_some_and(|otp| !otp.is_empty()) && field(asked, "nonce").is_some_and(is_nonce);
    (!is_whole).then_some(Status::MissingParameter)
}

async fn judged(asked: &[(&str, &str)], context: &Context) -> (Status, Option<Told>) {
    let [otp, nonce] = ["otp", "nonce"].map(|name| field(asked, name).unwrap_or_default());
    match validate(context, otp, nonce).await {
        Ok(judged) => judged,
        Err(error) => {
            context.audit.notice(LogLevel::Error, &format!("an OTP could not be validated: {error:?}"));
            (Status::BackendError, None)
        }
    }
}

fn reason_of(status: Status) -> Option<&'static str> {
    match status {
        Status::Ok => None,
        Status::ReplayedOtp | Status::ReplayedRequest => Some(reason::CODE_ALREADY_USED),
        Status::BadOtp => Some(reason::WRONG_CODE),
        Status::BackendError | Status::NotEnoughAnswers => Some(reason::NOT_RECORDED),
        Status::BadSignature | Status::MissingParameter | Status::NoSuchClient | Status::OperationNotAllowed => {
            Some(reason::NOT_ALLOWED)
        }
    }
}

/// The lines of an answer, the signature first.
fn body(asked: &[(&str, &str)], status: Status, told: Option<Told>, key: Option<&ApiKey>, now: UnixMillis) -> String {
    let mut fields = vec![("t", stamp(now))];
    // What was asked comes back, so that the client knows what is answered; but nothing that would look like further lines.
    let is_harmless = |value: &&str| value.len() <= LONGEST && value.bytes().all(|octet| octet.is_ascii_alphanumeric());
    for name in ["otp", "nonce"] {
        fields.extend(field(asked, name).filter(is_harmless).map(|value| (name, value.to_owned())));
    }
    // There are no other servers with which this one would have to agree.
    fields.push(("sl", "100".to_owned()));
    if let Some(told) = told.filter(|_| status == Status::Ok && field(asked, "timestamp") == Some("1")) {
        fields.push(("timestamp", told.timestamp.to_string()));
        fields.push(("sessioncounter", told.session.to_string()));
        fields.push(("sessionuse", told.uses.to_string()));
    }
    fields.push(("status", status.to_string()));
    let unsigned: Vec<(&str, &str)> = fields.iter().map(|(name, value)| (*name, value.as_str())).collect();
    let signature = key.map(|key| format!("h={}\r\n", key.sign(&unsigned))).unwrap_or_default();
    let lines: String = unsigned.iter().map(|(name, value)| format!("{name}={value}\r\n")).collect();
    format!("{signature}{lines}\r\n")
}

/// `YYYY-MM-DDThh:mm:ssZ0mmm`, as the protocol writes a moment.
fn stamp(now: UnixMillis) -> String {
    let format = format_description!("[year]-[month]-[day]T[hour]:[minute]:[second]Z0[subsecond digits:3]");
    let nanoseconds = i128::from(now.0) * 1_000_000;
    let moment = OffsetDateTime::from_unix_timestamp_nanos(nanoseconds).ok();
    moment.and_then(|moment| moment.format(format).ok()).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use crate::validation::fields_of;

    #[test]
    fn a_moment_is_written_as_the_protocol_has_it() {
        assert_eq!(stamp(UnixMillis(1_559_798_049_369)), "2019-06-06T05:14:09Z0369");
    }

    #[test]
    fn an_answer_repeats_nothing_that_would_be_a_line_of_its_own() {
        let key = ApiKey::from_base64("MDEyMzQ1Njc4OWFiY2RlZmdoaWo=").unwrap();
        let asked = [("otp", "x\r\nstatus=OK"), ("nonce", "0123456789abcdef")];
        let body = body(&asked, Status::BadOtp, None, Some(&key), UnixMillis(0));
        let fields = fields_of(&body).unwrap();
        assert_eq!((field(&fields, "status"), field(&fields, "otp")), (Some("BAD_OTP"), None));
        assert!(key.verifies(&fields, field(&fields, SIGNATURE).unwrap()));
    }

    #[test]
    fn a_plus_sign_in_a_signature_is_one() {
        let asked = parameters("h=a+b%2Bc%3D&otp=x&flag");
        assert_eq!(asked.first().unwrap(), &("h".to_owned(), "a+b+c=".to_owned()));
        assert_eq!(asked.last().unwrap(), &("flag".to_owned(), String::new()));
    }
}
