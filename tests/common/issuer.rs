//! Somebody who hands out JWTs: keys, the set of them, and tokens that are right or wrong in any way that a test wants.

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use rcgen::{KeyPair, PKCS_ED25519, PKCS_RSA_SHA256, PublicKeyData, RsaKeySize, SigningKey};
use serde_json::{Value, json};

pub const ISSUER: &str = "https://login.example.com";
pub const AUDIENCE: &str = "https://ds.example.com";

/// A key with a name.
pub struct Signer {
    pub id: &'static str,
    pub algorithm: &'static str,
    key: KeyPair,
}

impl Signer {
    pub fn ed25519(id: &'static str) -> Self {
        Self { id, algorithm: "EdDSA", key: KeyPair::generate_for(&PKCS_ED25519).unwrap() }
    }

    pub fn rsa(id: &'static str) -> Self {
        Self { id, algorithm: "RS256", key: KeyPair::generate_rsa_for(&PKCS_RSA_SHA256, RsaKeySize::_2048).unwrap() }
    }

    /// The public key as its issuer publishes it.
    pub fn jwk(&self) -> Value {
        let public = self.key.der_bytes();
        let mut key = json!({"kid": self.id, "use": "sig", "alg": self.algorithm});
        let members = match self.algorithm {
            "EdDSA" => json!({"kty": "OKP", "crv": "Ed25519", "x": encoded(public)}),
            _ => {
                let (modulus, exponent) = rsa_numbers(public);
                json!({"kty": "RSA", "n": encoded(modulus), "e": encoded(exponent)})
            }
        };
        key.as_object_mut().unwrap().extend(members.as_object().unwrap().clone());
        key
    }

    /// The public key in the form in which certificates hold it.
    pub fn public_pem(&self) -> String {
        self.key.public_key_pem()
    }

    /// A token with this header and these claims, signed with this key whatever the header says.
    pub fn sign(&self, header: &Value, claims: &Value) -> String {
        let signed = format!("{}.{}", encoded(header.to_string()), encoded(claims.to_string()));
        let signature = self.key.sign(signed.as_bytes()).unwrap();
        format!("{signed}.{}", encoded(signature))
    }

    /// A good token with these claims.
    pub fn token(&self, claims: &Value) -> String {
        self.sign(&json!({"alg": self.algorithm, "typ": "JWT", "kid": self.id}), claims)
    }
}

/// The claims of a good token about `subject` at `now`.
pub fn claims(subject: &str, now: u64) -> Value {
    json!({"iss": ISSUER, "aud": AUDIENCE, "sub": subject, "iat": now, "nbf": now, "exp": now + 300})
}

/// The same with one of them set, or taken out by null.
pub fn claims_with(subject: &str, now: u64, name: &str, value: Value) -> Value {
    let mut claims = claims(subject, now);
    match value {
        Value::Null => drop(claims.as_object_mut().unwrap().remove(name)),
        value => claims[name] = value,
    }
    claims
}

/// A set of keys.
pub fn key_set(signers: &[&Signer]) -> String {
    json!({"keys": signers.iter().map(|signer| signer.jwk()).collect::<Vec<_>>()}).to_string()
}

pub fn encoded(octets: impl AsRef<[u8]>) -> String {
    URL_SAFE_NO_PAD.encode(octets)
}

/// Modulus and exponent of an RSAPublicKey (RFC 8017 appendix A.1.1).
fn rsa_numbers(key: &[u8]) -> (&[u8], &[u8]) {
    let members = super::ber::elements(super::ber::split(key).unwrap().1);
    let number = |at: usize| {
        let octets: &[u8] = members[at].1;
        octets.strip_prefix(&[0]).unwrap_or(octets)
    };
    (number(0), number(1))
}
