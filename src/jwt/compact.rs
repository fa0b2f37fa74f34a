//! The form of a token: three parts in base64url with full stops between (RFC 7515 section 7.1), and its header.

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use serde::Deserialize;

use super::algorithm::Algorithm;

/// What `typ` may say, in any case: a JWT, or an access token by RFC 9068.
const TYPES: [&str; 4] = ["JWT", "at+jwt", "application/jwt", "application/at+jwt"];

/// A token, taken apart and not yet believed.
pub(super) struct Compact<'t> {
    pub(super) header: Header,
    /// The octets of the claims.
    pub(super) claims: Vec<u8>,
    pub(super) signature: Vec<u8>,
    /// What is signed: header and claims as they were sent.
    pub(super) signed: &'t [u8],
}

/// What the header says. Members that name a key or bring one along (`jwk`, `jku`, `x5u`, `x5c`) are not even read.
#[derive(Deserialize)]
pub(super) struct Header {
    alg: String,
    kid: Option<String>,
    typ: Option<String>,
    /// Extensions that must be understood (RFC 7515 section 4.1.11): none is.
    crit: Option<serde::de::IgnoredAny>,
}

impl<'t> Compact<'t> {
    /// Takes a token apart.
    ///
    /// # Errors
    /// A word for the log.
    pub(super) fn parse(token: &'t str) -> Result<Self, &'static str> {
        let (signed, signature) = token.rsplit_once('.').ok_or("form")?;
        let (header, claims) = signed.split_once('.').filter(|(_, claims)| !claims.contains('.')).ok_or("form")?;
        let decoded = |part: &str| URL_SAFE_NO_PAD.decode(part).map_err(|_| "form");
        let header: Header = serde_json::from_slice(&decoded(header)?).map_err(|_| "header")?;
        Ok(Self { header, claims: decoded(claims)?, signature: decoded(signature)?, signed: signed.as_bytes() })
    }
}

impl Header {
    /// How the token says that it is signed.
    ///
    /// # Errors
    /// A word for the log: an algorithm that is not taken, an extension, something else than a JWT.
    pub(super) fn algorithm(&self) -> Result<&'static Algorithm, &'static str> {
        if self.crit.is_some() {
            return Err("critical-extension");
        }
        if self.typ.as_ref().is_some_and(|typ| !TYPES.iter().any(|known| known.eq_ignore_ascii_case(typ))) {
            return Err("type");
        }
        Algorithm::named(&self.alg).ok_or("algorithm")
    }

    /// Which of the issuer's keys signed it. Only ever compared, never taken for a path or an address.
    pub(super) fn key_id(&self) -> Option<&str> {
        self.kid.as_deref()
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]
    use proptest::prelude::*;

    use super::*;

    fn parse(header: &str) -> Result<&'static Algorithm, &'static str> {
        let token = format!("{}.e30.AAAA", URL_SAFE_NO_PAD.encode(header));
        Compact::parse(&token).and_then(|token| token.header.algorithm())
    }

    #[test]
    fn only_known_algorithms_types_and_no_extensions_are_taken() {
        for header in [
            r#"{"alg":"RS256"}"#,
            r#"{"alg":"ES256","typ":"at+JWT","kid":"../../etc/passwd"}"#,
            r#"{"alg":"EdDSA","typ":"application/at+jwt","jku":"https://example.com"}"#,
        ] {
            assert!(parse(header).is_ok(), "{header}");
        }
        let table = [
            (r#"{"alg":"none"}"#, "algorithm"),
            (r#"{"alg":"HS256"}"#, "algorithm"),
            (r#"{"alg":"rs256"}"#, "algorithm"),
            (r#"{"alg":""}"#, "algorithm"),
            (r#"{"alg":"RS256","typ":"logout+jwt"}"#, "type"),
            (r#"{"alg":"RS256","crit":["exp"]}"#, "critical-extension"),
            (r#"{"alg":"RS256","crit":[]}"#, "critical-extension"),
            (r#"{"alg":"none","alg":"RS256"}"#, "header"),
            (r#"{"alg":["RS256"]}"#, "header"),
            (r#"{"kid":"a"}"#, "header"),
            (r#"{"alg":"RS256","kid":7}"#, "header"),
            ("[]", "header"),
            ("", "header"),
        ];
        for (header, why) in table {
            assert_eq!(parse(header).err(), Some(why), "{header}");
        }
    }

    proptest! {
        #[test]
        fn arbitrary_texts_do_no_harm(text in "[A-Za-z0-9_.=-]{0,200}", header in "\\PC{0,80}") {
            for token in [text.clone(), format!("{}.{text}.{text}", URL_SAFE_NO_PAD.encode(header))] {
                if let Ok(token) = Compact::parse(&token) {
                    prop_assert!(token.signed.contains(&b'.'));
                }
            }
        }
    }

    #[test]
    fn three_parts_in_base64url_make_a_token() {
        let header = URL_SAFE_NO_PAD.encode(r#"{"alg":"RS256"}"#);
        for token in [
            String::new(),
            "..".to_owned(),
            header.clone(),
            format!("{header}.e30"),
            format!("{header}.e30.AAAA.AAAA"),
            format!("{header}.e30.AAAA.AAAA.AAAA"),
            format!("{header}.e30=.AAAA"),
            format!("{header}.e30.A A"),
            format!("{header}.+/+/.AAAA"),
        ] {
            assert!(Compact::parse(&token).is_err(), "{token}");
        }
        assert!(Compact::parse(&format!("{header}.e30.")).unwrap().signature.is_empty());
    }
}
