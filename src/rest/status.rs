//! What a refusal looks like over HTTP: the one table from result codes to statuses, and the error body (rest-api.md section 12).

use countersign_proto::result_code::ResultCode;
use hyper::StatusCode;
use serde::Serialize;

use crate::{
    caller::Caller,
    error::{AUTHENTICATION_FAILED, Error},
};

/// The longest detail in characters.
const LONGEST_DETAIL: usize = 1000;

/// A refusal on its way out: the status, what the body says and the headers that belong to it.
#[derive(Debug)]
pub struct Refusal {
    /// The HTTP status.
    pub status: StatusCode,
    /// What was wrong, a sentence for the person at the other end.
    pub detail: String,
    /// The same, one by one, where it is several things.
    pub details: Vec<String>,
    /// The result code, where an LDAP result stands behind the refusal.
    pub code: Option<ResultCode>,
    /// The methods that the path takes, for 405.
    pub allow: Option<&'static str>,
    /// What is to be said of a Bearer token.
    pub challenge: Challenge,
    /// Whether the body has the members of an LDAP result too.
    pub with_result: bool,
    /// The member `_controls`, if the request asked for what stands there.
    pub controls: Option<serde_json::Value>,
}

/// What the answer says of the Bearer token that was sent (RFC 6750 section 3).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Challenge {
    /// None was sent, or it is not what was refused.
    None,
    /// It is no good.
    InvalidToken,
    /// It is good, and not for this.
    InsufficientScope,
}

impl Challenge {
    /// The value of the WWW-Authenticate field.
    pub const fn text(self) -> &'static str {
        match self {
            Self::None => r#"Bearer realm="countersign""#,
            Self::InvalidToken => r#"Bearer realm="countersign", error="invalid_token""#,
            Self::InsufficientScope => r#"Bearer realm="countersign", error="insufficient_scope""#,
        }
    }
}

/// Who hears the refusal: a policy's refusal reads differently to somebody the server knows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Hearer {
    /// Nobody has authenticated; what is not allowed might be allowed to somebody who has.
    Anonymous,
    /// The caller is known, and asks for something that policy may refuse.
    Authenticated,
}

impl Hearer {
    /// Whether `caller` is known.
    pub fn of(caller: &Caller) -> Self {
        if caller.is_anonymous() { Self::Anonymous } else { Self::Authenticated }
    }
}

impl Refusal {
    /// A refusal of HTTP's own.
    pub fn new(status: StatusCode, detail: impl Into<String>) -> Self {
        let mut detail = detail.into();
        // A detail may name what was sent, which may be long.
        if let Some((end, _)) = detail.char_indices().nth(LONGEST_DETAIL) {
            detail.truncate(end);
        }
        let (challenge, details) = (Challenge::None, Vec::new());
        Self { status, detail, details, code: None, allow: None, challenge, with_result: false, controls: None }
    }

    /// 400: the request does not say what its definition demands.
    pub fn invalid(detail: impl Into<String>) -> Self {
        Self::new(StatusCode::BAD_REQUEST, detail)
    }

    /// 401 without a word about the cause.
    pub fn unauthenticated() -> Self {
        Self::new(StatusCode::UNAUTHORIZED, AUTHENTICATION_FAILED)
    }

    /// 404 for a path that this API does not have.
    pub fn no_such_path() -> Self {
        Self::new(StatusCode::NOT_FOUND, "Nothing of this API has this path")
    }

    /// 405 for a path that has other methods.
    pub fn method_not_allowed(allow: &'static str) -> Self {
        let detail = format!("This path does not take this method; it takes {allow}");
        Self { allow: Some(allow), ..Self::new(StatusCode::METHOD_NOT_ALLOWED, detail) }
    }

    /// How an error of the server reads to this hearer. The cause stays behind: it is for the log.
    pub fn of(error: &Error, hearer: Hearer) -> Self {
        let status = match (error.code, hearer) {
            (ResultCode::UNWILLING_TO_PERFORM, Hearer::Authenticated) => StatusCode::FORBIDDEN,
            (ResultCode::INSUFFICIENT_ACCESS_RIGHTS, Hearer::Anonymous) => StatusCode::UNAUTHORIZED,
            (code, _) => status(code),
        };
        let details = error.details.clone();
        Self { code: Some(error.code), details, ..Self::new(status, error.diagnostic.clone()) }
    }

    /// What is refused or not found when `caller` reads. To somebody nobody knows it is always the same question back, so that it
    /// does not tell which entries exist.
    pub fn of_read(error: &Error, caller: &Caller) -> Self {
        match error.code {
            ResultCode::NO_SUCH_OBJECT if caller.is_anonymous() => Self::unauthenticated(),
            _ => Self::of(error, Hearer::of(caller)),
        }
    }

    /// The same refusal with the members of a result in its body, so that clients which look at the status and clients which look at
    /// `resultCode.value` both understand. Only `authenticate` answers so.
    #[must_use]
    pub fn with_result(self) -> Self {
        Self { with_result: true, ..self }
    }

    /// The body, as JSON. `id` names this request in the log.
    pub fn body(&self, id: &str) -> Vec<u8> {
        let (code, message) = headline(self.status);
        let result = self.code.filter(|_| self.with_result);
        let details = if self.details.is_empty() { std::slice::from_ref(&self.detail) } else { &self.details };
        let body = Body {
            id,
            code,
            message,
            details: details.iter().map(|message| Detail { code: "REQUEST_FAILED", message }).collect(),
            result_code: result.map(ResultCodeBody::from),
            diagnostic_message: result.map(|_| self.detail.as_str()),
            controls: self.controls.as_ref(),
        };
        serde_json::to_vec(&body).unwrap_or_default()
    }
}

/// The status of a result code, for whoever hears it.
pub fn status(code: ResultCode) -> StatusCode {
    match code {
        ResultCode::SUCCESS | ResultCode::COMPARE_FALSE | ResultCode::COMPARE_TRUE => StatusCode::OK,
        ResultCode::OPERATIONS_ERROR | ResultCode::OTHER => StatusCode::INTERNAL_SERVER_ERROR,
        ResultCode::STRONGER_AUTH_REQUIRED
        | ResultCode::INAPPROPRIATE_AUTHENTICATION
        | ResultCode::INVALID_CREDENTIALS => StatusCode::UNAUTHORIZED,
        ResultCode::CONFIDENTIALITY_REQUIRED
        | ResultCode::INSUFFICIENT_ACCESS_RIGHTS
        | ResultCode::AUTHORIZATION_DENIED => StatusCode::FORBIDDEN,
        ResultCode::NO_SUCH_OBJECT => StatusCode::NOT_FOUND,
        ResultCode::ATTRIBUTE_OR_VALUE_EXISTS | ResultCode::ENTRY_ALREADY_EXISTS => StatusCode::CONFLICT,
        ResultCode::ASSERTION_FAILED => StatusCode::PRECONDITION_FAILED,
        ResultCode::TIME_LIMIT_EXCEEDED
        | ResultCode::BUSY
        | ResultCode::UNAVAILABLE
        | ResultCode::CANCELED
        | ResultCode::TOKEN_DELIVERY_MECHANISM_UNAVAILABLE
        | ResultCode::TOKEN_DELIVERY_ATTEMPT_FAILED => StatusCode::SERVICE_UNAVAILABLE,
        // What is left is the client's to mend: syntax, schema, naming, limits, policy.
        _ => StatusCode::BAD_REQUEST,
    }
}

/// The `code` and `message` members that go with a status.
fn headline(status: StatusCode) -> (&'static str, &'static str) {
    match status {
        StatusCode::UNAUTHORIZED => ("UNAUTHENTICATED", "Authentication failed"),
        StatusCode::FORBIDDEN => ("ACCESS_DENIED", "The request is not allowed"),
        StatusCode::NOT_FOUND => ("NOT_FOUND", "There is nothing here"),
        StatusCode::METHOD_NOT_ALLOWED => ("METHOD_NOT_ALLOWED", "The method is not allowed here"),
        StatusCode::NOT_ACCEPTABLE => ("NOT_ACCEPTABLE", "No media type that the request accepts can be sent"),
        StatusCode::UNSUPPORTED_MEDIA_TYPE => ("UNSUPPORTED_MEDIA_TYPE", "The body's media type is not taken here"),
        StatusCode::CONFLICT => ("CONFLICT", "The request conflicts with what is there"),
        StatusCode::PRECONDITION_FAILED => ("PRECONDITION_FAILED", "What the request asserts is not so"),
        StatusCode::REQUEST_TIMEOUT => ("REQUEST_TIMEOUT", "The request took too long to arrive"),
        StatusCode::PAYLOAD_TOO_LARGE => ("REQUEST_TOO_LARGE", "The request is too large"),
        StatusCode::TOO_MANY_REQUESTS => ("REQUEST_LIMITED", "Too many requests"),
        StatusCode::SERVICE_UNAVAILABLE => ("UNAVAILABLE", "The server cannot do this at the moment"),
        status if status.is_server_error() => ("UNEXPECTED_ERROR", "The server failed"),
        _ => ("INVALID_DATA", "The request could not be carried out"),
    }
}

/// The error envelope; `id`, `code`, `message` and at least one detail are always there.
#[derive(Serialize)]
struct Body<'a> {
    id: &'a str,
    code: &'static str,
    message: &'static str,
    details: Vec<Detail<'a>>,
    #[serde(rename = "resultCode", skip_serializing_if = "Option::is_none")]
    result_code: Option<ResultCodeBody>,
    #[serde(rename = "diagnosticMessage", skip_serializing_if = "Option::is_none")]
    diagnostic_message: Option<&'a str>,
    #[serde(rename = "_controls", skip_serializing_if = "Option::is_none")]
    controls: Option<&'a serde_json::Value>,
}

#[derive(Serialize)]
struct Detail<'a> {
    code: &'static str,
    message: &'a str,
}

/// A result code as the API writes it: `{"value": 49, "name": "invalid credentials"}`.
#[derive(Clone, Copy, Debug, Serialize)]
pub struct ResultCodeBody {
    value: i32,
    name: &'static str,
}

impl From<ResultCode> for ResultCodeBody {
    fn from(code: ResultCode) -> Self {
        Self { value: code.0, name: code.words() }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "tests")]
    use super::*;

    #[test]
    fn every_code_of_the_table_has_its_status() {
        let table = [
            (0, 200),
            (1, 500),
            (2, 400),
            (3, 503),
            (4, 400),
            (7, 400),
            (8, 401),
            (10, 400),
            (11, 400),
            (12, 400),
            (13, 403),
            (16, 400),
            (17, 400),
            (18, 400),
            (19, 400),
            (20, 409),
            (21, 400),
            (32, 404),
            (34, 400),
            (48, 401),
            (49, 401),
            (50, 403),
            (51, 503),
            (52, 503),
            (53, 400),
            (64, 400),
            (65, 400),
            (66, 400),
            (67, 400),
            (68, 409),
            (69, 400),
            (71, 400),
            (80, 500),
            (118, 503),
            (122, 412),
            (123, 403),
            (30_221_004, 503),
            (30_221_005, 503),
            (30_221_006, 400),
            (30_221_007, 400),
        ];
        for (code, expected) in table {
            assert_eq!(status(ResultCode(code)).as_u16(), expected, "{code}");
        }
    }

    #[test]
    fn a_policy_refuses_whom_it_knows_with_403_and_strangers_are_asked_who_they_are() {
        let seen = |error: &Error, hearer| Refusal::of(error, hearer).status.as_u16();
        let unwilling = Error::unwilling("no");
        assert_eq!(seen(&unwilling, Hearer::Anonymous), 400);
        assert_eq!(seen(&unwilling, Hearer::Authenticated), 403);
        let insufficient = Error::insufficient_access("no");
        assert_eq!(seen(&insufficient, Hearer::Anonymous), 401);
        assert_eq!(seen(&insufficient, Hearer::Authenticated), 403);
    }

    #[test]
    fn the_body_has_the_members_of_the_specification() {
        let refusal = Refusal::of(&Error::invalid_credentials("wrong-password"), Hearer::Anonymous);
        let body: serde_json::Value = serde_json::from_slice(&refusal.body("4ffa81af")).unwrap();
        let envelope = serde_json::json!({
            "id": "4ffa81af", "code": "UNAUTHENTICATED", "message": "Authentication failed",
            "details": [{"code": "REQUEST_FAILED", "message": AUTHENTICATION_FAILED}],
        });
        assert_eq!(body, envelope);
        let body: serde_json::Value = serde_json::from_slice(&refusal.with_result().body("4ffa81af")).unwrap();
        assert_eq!(body["resultCode"], serde_json::json!({"value": 49, "name": "invalid credentials"}));
        assert_eq!(body["diagnosticMessage"], AUTHENTICATION_FAILED);
        assert_eq!(body["details"], envelope["details"]);
    }

    #[test]
    fn the_cause_of_an_error_is_not_sent() {
        let error = Error::other(std::io::Error::other("/secret/path"));
        let body = Refusal::of(&error, Hearer::Authenticated).body("x");
        assert!(!String::from_utf8(body).unwrap().contains("secret"));
    }
}
