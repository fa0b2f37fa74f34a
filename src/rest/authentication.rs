//! Who asks, by the request's Authorization header (rest-api.md section 10). Basic and Bearer are real binds, on every request, by the
//! same core that serves LDAP; whoever sends no header is anonymous, and a header that is not good is refused whatever it was for.

use base64::{
    Engine,
    alphabet::STANDARD,
    engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig},
};
use countersign_proto::{
    sasl_oauthbearer::OauthBearerCredentials,
    sasl_plain::PlainCredentials,
    text::{Secret, Text},
};
use hyper::{HeaderMap, header::AUTHORIZATION};
use zeroize::Zeroizing;

use super::status::{Challenge, Hearer, Refusal};
use crate::{
    caller::Caller,
    directory::dn::Dn,
    error::Error,
    handlers::{Mechanism, context::Context},
    telemetry::reason,
};

/// Padding is asked for by RFC 7617 and left out by some clients.
const BASE64: GeneralPurpose = GeneralPurpose::new(
    &STANDARD,
    GeneralPurposeConfig::new().with_decode_padding_mode(DecodePaddingMode::Indifferent),
);

/// What the header holds, not yet proven.
pub(super) enum Credentials {
    /// A user and a password.
    Basic(PlainCredentials),
    /// A token.
    Bearer(OauthBearerCredentials),
}

/// The caller that the header names, `connection` itself where there is no header.
///
/// # Errors
/// 401 for a header that does not prove anybody; 403 for a token without the scope that is asked for; what else a bind is refused with
/// (busy, unavailable).
pub(super) async fn caller(headers: &HeaderMap, context: &Context, connection: &Caller) -> Result<Caller, Refusal> {
    match credentials(headers)? {
        None => Ok(connection.clone()),
        Some(Credentials::Basic(_)) if !context.config.load().rest.basic => Err(Refusal::unauthenticated()),
        Some(Credentials::Basic(credentials)) => {
            let proven = credentials.authenticate(context, connection).await;
            proven.map_err(|error| Refusal::of(&error, Hearer::Anonymous))
        }
        Some(Credentials::Bearer(credentials)) => {
            credentials.authenticate(context, connection).await.map_err(|error| bearer_refusal(&error))
        }
    }
}

/// The credentials in the header, not yet proven; `None` without a header.
///
/// # Errors
/// 401 for two headers, other schemes than Basic and Bearer, and Basic that cannot be read.
pub(super) fn credentials(headers: &HeaderMap) -> Result<Option<Credentials>, Refusal> {
    let mut fields = headers.get_all(AUTHORIZATION).iter();
    let Some(field) = fields.next() else { return Ok(None) };
    let field = field.as_bytes().trim_ascii();
    let (scheme, rest) = field.split_at(field.iter().position(|b| *b == b' ').unwrap_or(field.len()));
    let is_bearer = scheme.eq_ignore_ascii_case(b"bearer");
    if fields.next().is_some() {
        let challenge = if is_bearer { Challenge::InvalidToken } else { Challenge::None };
        return Err(Refusal { challenge, ..Refusal::unauthenticated() });
    }
    if is_bearer {
        let token = Secret::new(rest.trim_ascii());
        return Ok(Some(Credentials::Bearer(OauthBearerCredentials { authorization_id: None, token })));
    }
    if !scheme.eq_ignore_ascii_case(b"basic") {
        return Err(Refusal::unauthenticated());
    }
    basic(rest.trim_ascii()).map(|pair| Some(Credentials::Basic(pair))).ok_or_else(Refusal::unauthenticated)
}

/// How a refused token reads (RFC 6750 section 3.1): not why, but whether another token would help.
fn bearer_refusal(error: &Error) -> Refusal {
    let challenge = match error.reason.as_deref() {
        Some(reason::INSUFFICIENT_SCOPE) => Challenge::InsufficientScope,
        _ => Challenge::InvalidToken,
    };
    // The scope is all that lacks: whose token it is, is known.
    let hearer = if challenge == Challenge::InsufficientScope { Hearer::Authenticated } else { Hearer::Anonymous };
    Refusal { challenge, ..Refusal::of(error, hearer) }
}

/// The authentication ID of a user as HTTP clients name it: a DN, or a user name.
pub(super) fn authentication_id(user: &str) -> Text {
    let form = if !user.is_empty() && Dn::parse(user).is_ok() { "dn" } else { "u" };
    Text(format!("{form}:{user}"))
}

/// `base64(user:password)`, split at the first colon (RFC 7617 section 2); the user is text, the password octets.
fn basic(encoded: &[u8]) -> Option<PlainCredentials> {
    let pair = Zeroizing::new(BASE64.decode(encoded).ok()?);
    let colon = pair.iter().position(|b| *b == b':')?;
    let (user, password) = pair.split_at(colon);
    let user = std::str::from_utf8(user).ok()?;
    let password = Secret::new(password.get(1..)?);
    Some(PlainCredentials { authorization_id: None, authentication_id: authentication_id(user), password })
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]
    use super::*;
    use hyper::{StatusCode, header::HeaderValue};

    fn read(fields: &[&str]) -> Result<Option<(String, Vec<u8>)>, Refusal> {
        let mut headers = HeaderMap::new();
        for field in fields {
            headers.append(AUTHORIZATION, HeaderValue::from_str(field).unwrap());
        }
        let pair = |found| match found {
            Credentials::Basic(found) => (found.authentication_id.0, found.password.expose().to_vec()),
            Credentials::Bearer(found) => ("bearer".to_owned(), found.token.expose().to_vec()),
        };
        credentials(&headers).map(|found| found.map(pair))
    }

    fn basic_of(pair: &str) -> String {
        format!("Basic {}", base64::engine::general_purpose::STANDARD.encode(pair))
    }

    #[test]
    fn no_header_is_nobody() {
        assert_eq!(read(&[]).unwrap(), None);
    }

    #[test]
    fn the_first_colon_parts_user_and_password() {
        let table = [
            ("janeroe:pass:word", "u:janeroe", "pass:word"),
            (
                "uid=user.0,ou=people,dc=example,dc=com:password",
                "dn:uid=user.0,ou=people,dc=example,dc=com",
                "password",
            ),
            ("janeroe:", "u:janeroe", ""),
            (":x", "u:", "x"),
            (":", "u:", ""),
            ("J\u{fc}rg:p\u{e4}ss", "u:J\u{fc}rg", "p\u{e4}ss"),
            ("cn=:x", "dn:cn=", "x"),
        ];
        for (pair, id, password) in table {
            let found = read(&[&basic_of(pair)]).unwrap().unwrap();
            assert_eq!(found, (id.to_owned(), password.as_bytes().to_vec()), "{pair}");
        }
        assert!(read(&["bAsIc  amFuZXJvZTp4 "]).unwrap().is_some());
        assert!(read(&["Basic amFuZTp4eA"]).unwrap().is_some());
    }

    #[test]
    fn what_cannot_be_read_is_refused() {
        let bad =
            ["", "Basic", "Basic ", "Basic !!!!", "Basic amFuZQ==", "Digest username=x", "Basic /zp4", "amFuZTp4"];
        for field in bad {
            assert_eq!(read(&[field]).unwrap_err().status, StatusCode::UNAUTHORIZED, "{field}");
        }
        let twice = read(&[&basic_of("a:b"), &basic_of("a:b")]).unwrap_err();
        assert_eq!(twice.status, StatusCode::UNAUTHORIZED);
    }

    #[test]
    fn a_bearer_token_is_taken_as_it_is() {
        let bearer = |token: &str| Some(("bearer".to_owned(), token.as_bytes().to_vec()));
        assert_eq!(read(&["Bearer VW5A"]).unwrap(), bearer("VW5A"));
        assert_eq!(read(&["bEARER   a.b-c "]).unwrap(), bearer("a.b-c"));
        assert_eq!(read(&["Bearer"]).unwrap(), bearer(""));
        assert_eq!(read(&["Bearer a", "Bearer a"]).unwrap_err().challenge, Challenge::InvalidToken);
        assert_eq!(read(&["Negotiate x"]).unwrap_err().challenge, Challenge::None);
    }
}
