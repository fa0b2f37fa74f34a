//! The keys of an issuer: a JWK set (RFC 7517 section 5), of which only public keys that check signatures are kept.

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use serde::Deserialize;
use serde_json::{Map, Value};

use super::der::sequence;

/// Most keys of one set; issuers have a handful.
const MAX_KEYS: usize = 64;

/// What kind of key it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    Rsa,
    P256,
    P384,
    Ed25519,
}

/// A public key that checks signatures.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Key {
    /// Its name, where it has one.
    id: Option<String>,
    kind: Kind,
    /// The only algorithm that it is for, where that is said.
    algorithm: Option<String>,
    /// The key, in the form in which certificates hold it.
    pub(super) public: Vec<u8>,
}

/// A set that was read.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct KeySet {
    /// What can be used of it.
    pub(super) keys: Vec<Key>,
    /// What deserves a look: sentences for the log.
    pub(super) notices: Vec<String>,
}

/// A key as it is written. Members that are not here say nothing that matters.
#[derive(Deserialize)]
struct Jwk {
    kty: String,
    #[serde(rename = "use")]
    usage: Option<String>,
    key_ops: Option<Vec<String>>,
    alg: Option<String>,
    kid: Option<String>,
    crv: Option<String>,
    n: Option<String>,
    e: Option<String>,
    x: Option<String>,
    y: Option<String>,
    /// The private part, where somebody published it.
    d: Option<serde::de::IgnoredAny>,
}

impl KeySet {
    /// The set in this text. Keys of other kinds, or for other purposes, are left out, as RFC 7517 wants.
    ///
    /// # Errors
    /// A sentence, if it is no set.
    pub(super) fn parse(text: &[u8]) -> Result<Self, &'static str> {
        const NO_SET: &str = "it is no JWK set: an object with an array \"keys\" is meant";
        let mut set: Map<String, Value> = serde_json::from_slice(text).map_err(|_| NO_SET)?;
        let Some(Value::Array(written)) = set.remove("keys") else { return Err(NO_SET) };
        if written.len() > MAX_KEYS {
            return Err("it has more than 64 keys");
        }
        let mut found = Self { keys: Vec::new(), notices: Vec::new() };
        for key in written {
            let Ok(key) = serde_json::from_value::<Jwk>(key) else { continue };
            if key.d.is_some() && key.kty != "oct" {
                let sentence = "a key in the set comes with its private part, so anybody may have it: it is not used";
                found.notices.push(sentence.to_owned());
                continue;
            }
            found.keys.extend(key.public());
        }
        if found.keys.is_empty() {
            found.notices.push("the set has no key that can be used: no token of this issuer is taken".to_owned());
        }
        Ok(found)
    }
}

impl Jwk {
    /// The key, if it checks signatures in a way that is known here.
    fn public(self) -> Option<Key> {
        let for_signatures = self.usage.as_deref().is_none_or(|usage| usage == "sig");
        let verifies = self.key_ops.as_ref().is_none_or(|uses| uses.iter().any(|usage| usage == "verify"));
        if !for_signatures || !verifies {
            return None;
        }
        let part =
            |text: &Option<String>| URL_SAFE_NO_PAD.decode(text.as_deref()?).ok().filter(|octets| !octets.is_empty());
        let point = |length: usize| {
            let (x, y) = (part(&self.x)?, part(&self.y)?);
            (x.len() == length && y.len() == length).then(|| [&[4], &*x, &*y].concat())
        };
        let (kind, public) = match (self.kty.as_str(), self.crv.as_deref()) {
            ("RSA", _) => (Kind::Rsa, sequence(&[&part(&self.n)?, &part(&self.e)?])),
            ("EC", Some("P-256")) => (Kind::P256, point(32)?),
            ("EC", Some("P-384")) => (Kind::P384, point(48)?),
            ("OKP", Some("Ed25519")) => (Kind::Ed25519, part(&self.x).filter(|x| x.len() == 32)?),
            _ => return None,
        };
        Some(Key { id: self.kid, kind, algorithm: self.alg, public })
    }
}

impl Key {
    /// Whether a token with this `kid` and this `alg`, which is for keys of this kind, may be signed with it.
    pub(super) fn fits(&self, id: Option<&str>, kind: Kind, algorithm: &str) -> bool {
        id.is_none_or(|id| self.id.as_deref() == Some(id))
            && self.kind == kind
            && self.algorithm.as_deref().is_none_or(|own| own == algorithm)
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "tests")]
    use proptest::prelude::*;

    use super::*;

    /// RFC 8037 appendix A.2, with more members.
    fn ed25519(more: &str) -> String {
        format!(r#"{{"kty":"OKP","crv":"Ed25519","x":"11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"{more}}}"#)
    }

    fn keys(key: &str) -> Vec<Key> {
        KeySet::parse(format!(r#"{{"keys":[{key}]}}"#).as_bytes()).unwrap().keys
    }

    #[test]
    fn keys_for_signatures_are_kept_and_others_left_out() {
        for more in ["", r#","use":"sig""#, r#","key_ops":["verify"],"alg":"EdDSA","kid":"a","x5c":["junk"]"#] {
            assert_eq!(keys(&ed25519(more)).len(), 1, "{more}");
        }
        let others = [
            ed25519(r#","use":"enc""#),
            ed25519(r#","key_ops":["encrypt"]"#),
            ed25519(r#","d":"nWGxne_9WmC6hEr0kuwsxERJxWl7MmkZcDusAxyuf2A""#),
            ed25519("").replace("Ed25519", "Ed448"),
            ed25519("").replace("Ed25519", "X25519"),
            ed25519("").replace("OKP", "EC"),
            ed25519("").replace("11qYAYKx", ""),
            r#"{"kty":"oct","k":"c2VjcmV0"}"#.to_owned(),
            r#"{"kty":"EC","crv":"P-256","x":"AA","y":"AA"}"#.to_owned(),
            r#"{"kty":"RSA","n":"","e":"AQAB"}"#.to_owned(),
            r#"{"kty":"RSA","n":"A=","e":"AQAB"}"#.to_owned(),
            r#"{"kty":7}"#.to_owned(),
            "7".to_owned(),
        ];
        for key in others {
            assert_eq!(keys(&key), [], "{key}");
        }
    }

    #[test]
    fn a_key_fits_by_name_kind_and_algorithm() {
        let fits = |key: &Key, id: Option<&str>| key.fits(id, Kind::Ed25519, "EdDSA");
        let named = keys(&ed25519(r#","kid":"a""#)).remove(0);
        assert!(fits(&named, Some("a")) && fits(&named, None));
        assert!(!fits(&named, Some("b")) && !named.fits(Some("a"), Kind::Rsa, "RS256"));
        assert!(!fits(&keys(&ed25519(""))[0], Some("a")), "a key without a name has not this one");
        assert!(!fits(&keys(&ed25519(r#","alg":"ES256""#))[0], None));
    }

    proptest! {
        #[test]
        fn arbitrary_sets_do_no_harm(member in "(kty|crv|n|e|x|y|use|alg|kid|d)", value in r#"("[A-Za-z0-9+/=_-]{0,60}"|null|[0-9]{1,9}|\[\]|\{\})"#) {
            let key = ed25519("").replacen('{', &format!("{{\"{member}\":{value},"), 1);
            for text in [format!(r#"{{"keys":[{key}]}}"#), format!(r#"{{"keys":[{{"{member}":{value}}}]}}"#), key] {
                if let Ok(set) = KeySet::parse(text.as_bytes()) {
                    prop_assert!(set.keys.len() <= 1);
                }
            }
        }
    }

    #[test]
    fn a_published_private_key_is_told_and_what_is_no_set_is_refused() {
        let set = KeySet::parse(format!(r#"{{"keys":[{}]}}"#, ed25519(r#","d":"x""#)).as_bytes()).unwrap();
        assert!(set.notices.iter().any(|notice| notice.contains("private part") && !notice.contains("11qYAYKx")));
        let many = format!(r#"{{"keys":[{}]}}"#, vec!["{}"; 65].join(","));
        for text in ["", "[]", "{}", r#"{"keys":{}}"#, r#"{"keys":[]"#, many.as_str()] {
            assert!(KeySet::parse(text.as_bytes()).is_err(), "{text}");
        }
    }
}
