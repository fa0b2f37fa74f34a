//! Who asks, by the request's Authorization header (rest-api.md section 10). Basic is a real bind, on every request, by the same
//! core that serves LDAP; whoever sends no header is anonymous, and a header that is not good is refused whatever it was for.

use base64::{
    Engine,
    alphabet::STANDARD,
    engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig},
};
use countersign_proto::{
    sasl_plain::PlainCredentials,
    text::{Secret, Text},
};
use hyper::{HeaderMap, header::AUTHORIZATION};
use zeroize::Zeroizing;

use super::status::{Hearer, Refusal};
use crate::{
    caller::Caller,
    directory::dn::Dn,
    handlers::{Mechanism, context::Context},
};

/// Padding is asked for by RFC 7617 and left out by some clients.
const BASE64: GeneralPurpose = GeneralPurpose::new(
    &STANDARD,
    GeneralPurposeConfig::new().with_decode_padding_mode(DecodePaddingMode::Indifferent),
);

/// The caller that the header names, `connection` itself where there is no header.
///
/// # Errors
/// 401 for a header that does not prove anybody; what else a bind is refused with (busy, unavailable).
pub(super) async fn caller(headers: &HeaderMap, context: &Context, connection: &Caller) -> Result<Caller, Refusal> {
    match credentials(headers)? {
        None => Ok(connection.clone()),
        Some(credentials) => {
            let proven = credentials.authenticate(context, connection).await;
            proven.map_err(|error| Refusal::of(&error, Hearer::Anonymous))
        }
    }
}

/// The credentials in the header, not yet proven; `None` without a header.
///
/// # Errors
/// 401 for two headers, another scheme than Basic, and Basic that cannot be read. Bearer tokens are not taken yet.
pub(super) fn credentials(headers: &HeaderMap) -> Result<Option<PlainCredentials>, Refusal> {
    let mut fields = headers.get_all(AUTHORIZATION).iter();
    let Some(field) = fields.next() else { return Ok(None) };
    let field = field.as_bytes().trim_ascii();
    let (scheme, rest) = field.split_at(field.iter().position(|b| *b == b' ').unwrap_or(field.len()));
    if scheme.eq_ignore_ascii_case(b"bearer") {
        return Err(Refusal { bearer_refused: true, ..Refusal::unauthenticated() });
    }
    if fields.next().is_some() || !scheme.eq_ignore_ascii_case(b"basic") {
        return Err(Refusal::unauthenticated());
    }
    basic(rest.trim_ascii()).map(Some).ok_or_else(Refusal::unauthenticated)
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
        let pair = |found: PlainCredentials| (found.authentication_id.0, found.password.expose().to_vec());
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
    fn a_bearer_token_is_refused_in_its_own_words() {
        assert!(read(&["Bearer VW5A"]).unwrap_err().bearer_refused);
        assert!(!read(&["Negotiate x"]).unwrap_err().bearer_refused);
    }
}
