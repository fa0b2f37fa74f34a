//! What a token says, and whether that is good enough (RFC 7519 section 4.1, RFC 9068 section 4).

use serde::Deserialize;
use serde_json::Value;

use super::refused::Refused;
use crate::{clock::UnixMillis, config::BearerSettings};

/// The claims that are looked at.
#[derive(Deserialize)]
pub(super) struct Claims {
    iss: Option<String>,
    aud: Option<OneOrMany>,
    exp: Option<f64>,
    nbf: Option<f64>,
    scope: Option<OneOrMany>,
    #[serde(flatten)]
    others: serde_json::Map<String, Value>,
}

/// A text, or an array of texts.
#[derive(Deserialize)]
#[serde(untagged)]
enum OneOrMany {
    One(String),
    Many(Vec<String>),
}

impl OneOrMany {
    fn iter(&self) -> impl Iterator<Item = &str> {
        match self {
            Self::One(text) => std::slice::from_ref(text).iter(),
            Self::Many(texts) => texts.iter(),
        }
        .map(String::as_str)
    }
}

impl Claims {
    /// The claims in these octets; `None` if they are none: no object, a member twice, a claim of the wrong type.
    pub(super) fn parse(octets: &[u8]) -> Option<Self> {
        serde_json::from_slice(octets).ok()
    }

    /// Whom the token names.
    ///
    /// # Errors
    /// Why the token is refused.
    pub(super) fn judge(&self, settings: &BearerSettings, now: UnixMillis) -> Result<String, Refused> {
        let wrong = |why| Err(Refused::Bad(why));
        if self.iss.as_deref() != Some(settings.issuer.as_str()) {
            return wrong("issuer");
        }
        if !self.aud.as_ref().is_some_and(|audiences| audiences.iter().any(|audience| audience == settings.audience)) {
            return wrong("audience");
        }
        // Whole milliseconds since 1970 are exact in this type.
        #[expect(clippy::cast_precision_loss, reason = "exact below 2^53")]
        let (now, skew) = (now.0 as f64 / 1000.0, settings.clock_skew.as_secs_f64());
        match self.exp {
            None => return wrong("no-expiry"),
            Some(end) if now >= end + skew => return wrong("expired"),
            Some(_) => {}
        }
        if self.nbf.is_some_and(|start| now + skew < start) {
            return wrong("not-yet-valid");
        }
        let subject = match settings.subject_claim.as_str() {
            "iss" | "aud" | "exp" | "nbf" | "scope" => None,
            name => self.others.get(name).and_then(Value::as_str).filter(|subject| !subject.is_empty()),
        };
        let Some(subject) = subject else { return wrong("no-subject") };
        let scopes = self.scope.iter().flat_map(OneOrMany::iter).flat_map(str::split_ascii_whitespace);
        let mut scopes = scopes.filter(|scope| settings.scopes.iter().any(|wanted| wanted == scope));
        if !settings.scopes.is_empty() && scopes.next().is_none() {
            return Err(Refused::Scope);
        }
        Ok(subject.to_owned())
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]
    use std::time::Duration;

    use super::*;

    const NOW: UnixMillis = UnixMillis::from_seconds(1_000);

    fn settings() -> BearerSettings {
        BearerSettings { issuer: "i".to_owned(), audience: "a".to_owned(), ..BearerSettings::default() }
    }

    fn judged(claims: &str, settings: &BearerSettings) -> Result<String, Refused> {
        Claims::parse(claims.as_bytes()).map_or(Err(Refused::Bad("claims")), |claims| claims.judge(settings, NOW))
    }

    #[test]
    fn what_a_token_says_must_be_there_and_right() {
        let table = [
            (r#"{"iss":"i","aud":"a","exp":1001,"sub":"kim"}"#, Ok("kim".to_owned())),
            (r#"{"iss":"i","aud":["b","a"],"exp":1000.5,"sub":"kim","nbf":0,"more":[{}]}"#, Ok("kim".to_owned())),
            (r#"{"iss":"i","aud":"a","exp":941,"sub":"kim"}"#, Ok("kim".to_owned())),
            (r#"{"iss":"i","aud":"a","exp":940,"sub":"kim"}"#, Err("expired")),
            (r#"{"iss":"i","aud":"a","exp":-1,"sub":"kim"}"#, Err("expired")),
            (r#"{"iss":"i","aud":"a","sub":"kim"}"#, Err("no-expiry")),
            (r#"{"iss":"i","aud":"a","exp":null,"sub":"kim"}"#, Err("no-expiry")),
            (r#"{"iss":"i","aud":"a","exp":2000,"nbf":1060,"sub":"kim"}"#, Ok("kim".to_owned())),
            (r#"{"iss":"i","aud":"a","exp":2000,"nbf":1061,"sub":"kim"}"#, Err("not-yet-valid")),
            (r#"{"iss":"I","aud":"a","exp":2000,"sub":"kim"}"#, Err("issuer")),
            (r#"{"aud":"a","exp":2000,"sub":"kim"}"#, Err("issuer")),
            (r#"{"iss":"i","aud":"b","exp":2000,"sub":"kim"}"#, Err("audience")),
            (r#"{"iss":"i","aud":[],"exp":2000,"sub":"kim"}"#, Err("audience")),
            (r#"{"iss":"i","exp":2000,"sub":"kim"}"#, Err("audience")),
            (r#"{"iss":"i","aud":"a","exp":2000}"#, Err("no-subject")),
            (r#"{"iss":"i","aud":"a","exp":2000,"sub":""}"#, Err("no-subject")),
            (r#"{"iss":"i","aud":"a","exp":2000,"sub":["kim"]}"#, Err("no-subject")),
            (r#"{"iss":"i","aud":"a","exp":"2000","sub":"kim"}"#, Err("claims")),
            (r#"{"iss":"i","aud":"a","exp":1e999,"sub":"kim"}"#, Err("claims")),
            (r#"{"iss":"i","iss":"x","aud":"a","exp":2000,"sub":"kim"}"#, Err("claims")),
            (r#"{"iss":"i","aud":{"a":1},"exp":2000,"sub":"kim"}"#, Err("claims")),
            ("[]", Err("claims")),
            ("", Err("claims")),
        ];
        for (claims, expected) in table {
            assert_eq!(judged(claims, &settings()), expected.map_err(Refused::Bad), "{claims}");
        }
        let strict = BearerSettings { clock_skew: Duration::ZERO, ..settings() };
        assert_eq!(judged(r#"{"iss":"i","aud":"a","exp":1000,"sub":"kim"}"#, &strict), Err(Refused::Bad("expired")));
        let other = BearerSettings { subject_claim: "uid".to_owned(), ..settings() };
        assert_eq!(judged(r#"{"iss":"i","aud":"a","exp":2000,"sub":"x","uid":"kim"}"#, &other), Ok("kim".to_owned()));
    }

    #[test]
    fn one_of_the_scopes_is_enough_where_scopes_are_asked_for() {
        let settings = BearerSettings { scopes: vec!["read".to_owned(), "write".to_owned()], ..settings() };
        let with =
            |scope: &str| judged(&format!(r#"{{"iss":"i","aud":"a","exp":2000,"sub":"kim"{scope}}}"#), &settings);
        assert_eq!(with(r#","scope":"openid write""#), Ok("kim".to_owned()));
        assert_eq!(with(r#","scope":["read"]"#), Ok("kim".to_owned()));
        for scope in ["", r#","scope":"openid""#, r#","scope":"rea""#, r#","scope":[]"#] {
            assert_eq!(with(scope), Err(Refused::Scope), "{scope}");
        }
    }
}
