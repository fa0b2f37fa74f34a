//! The signatures that are taken (RFC 7518 section 3, RFC 8037), checked by the cryptography that serves TLS. That one expects the forms of
//! certificates: an ECDSA signature as an ASN.1 sequence, where JWTs have two numbers of fixed length.

use rustls::SignatureScheme;
use rustls_pki_types::{AlgorithmIdentifier, alg_id};

use super::{
    der::sequence,
    key::{Key, Kind},
};
use crate::tls;

/// One algorithm of the header's `alg`.
#[derive(Debug)]
pub(super) struct Algorithm {
    /// The name in `alg`.
    pub(super) name: &'static str,
    /// The keys that make such signatures.
    pub(super) kind: Kind,
    scheme: SignatureScheme,
}

/// All that are taken. There is no `none`, and nothing with a key that its issuer shares.
static ALGORITHMS: [Algorithm; 9] = [
    Algorithm { name: "RS256", kind: Kind::Rsa, scheme: SignatureScheme::RSA_PKCS1_SHA256 },
    Algorithm { name: "RS384", kind: Kind::Rsa, scheme: SignatureScheme::RSA_PKCS1_SHA384 },
    Algorithm { name: "RS512", kind: Kind::Rsa, scheme: SignatureScheme::RSA_PKCS1_SHA512 },
    Algorithm { name: "PS256", kind: Kind::Rsa, scheme: SignatureScheme::RSA_PSS_SHA256 },
    Algorithm { name: "PS384", kind: Kind::Rsa, scheme: SignatureScheme::RSA_PSS_SHA384 },
    Algorithm { name: "PS512", kind: Kind::Rsa, scheme: SignatureScheme::RSA_PSS_SHA512 },
    Algorithm { name: "ES256", kind: Kind::P256, scheme: SignatureScheme::ECDSA_NISTP256_SHA256 },
    Algorithm { name: "ES384", kind: Kind::P384, scheme: SignatureScheme::ECDSA_NISTP384_SHA384 },
    Algorithm { name: "EdDSA", kind: Kind::Ed25519, scheme: SignatureScheme::ED25519 },
];

impl Algorithm {
    /// The algorithm of this name, in exactly this spelling.
    pub(super) fn named(name: &str) -> Option<&'static Self> {
        ALGORITHMS.iter().find(|algorithm| algorithm.name == name)
    }

    /// Whether `signature` over `signed` was made with `key`.
    pub(super) fn verifies(&self, key: &Key, signed: &[u8], signature: &[u8]) -> bool {
        let number = match self.kind {
            Kind::Rsa | Kind::Ed25519 => None,
            Kind::P256 => Some(32),
            Kind::P384 => Some(48),
        };
        let sequence = match number.map(|length| sequence_of(signature, length)) {
            Some(None) => return false,
            Some(Some(sequence)) => Some(sequence),
            None => None,
        };
        let signature = sequence.as_deref().unwrap_or(signature);
        let known = tls::provider().signature_verification_algorithms;
        let mut fitting = known.mapping.iter().filter(|(scheme, _)| *scheme == self.scheme);
        let fitting = fitting.next().map_or(&[][..], |(_, implementations)| implementations);
        fitting
            .iter()
            .filter(|implementation| implementation.public_key_alg_id() == self.key_identifier())
            .any(|implementation| implementation.verify_signature(&key.public, signed, signature).is_ok())
    }

    const fn key_identifier(&self) -> AlgorithmIdentifier {
        match self.kind {
            Kind::Rsa => alg_id::RSA_ENCRYPTION,
            Kind::P256 => alg_id::ECDSA_P256,
            Kind::P384 => alg_id::ECDSA_P384,
            Kind::Ed25519 => alg_id::ED25519,
        }
    }
}

/// Two numbers of `length` octets each, as the ASN.1 sequence of them; `None` if they are not so long.
fn sequence_of(signature: &[u8], length: usize) -> Option<Vec<u8>> {
    let (first, second) = signature.split_at_checked(length).filter(|(_, second)| second.len() == length)?;
    Some(sequence(&[first, second]))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn two_numbers_of_fixed_length_make_a_sequence() {
        assert_eq!(sequence_of(&[1; 63], 32), None);
        assert_eq!(sequence_of(&[1; 65], 32), None);
        assert_eq!(sequence_of(&[1; 64], 32).map(|octets| octets.len()), Some(70));
    }

    #[test]
    fn the_names_are_exact_and_each_has_its_implementation() {
        assert!(["none", "HS256", "rs256", "", "ES512"].iter().all(|name| Algorithm::named(name).is_none()));
        let known = tls::provider().signature_verification_algorithms;
        for algorithm in &ALGORITHMS {
            assert!(Algorithm::named(algorithm.name).is_some());
            let mapped = known.mapping.iter().find(|(scheme, _)| *scheme == algorithm.scheme);
            let fits = mapped.is_some_and(|(_, list)| {
                list.iter().any(|implementation| implementation.public_key_alg_id() == algorithm.key_identifier())
            });
            assert!(fits, "{}", algorithm.name);
        }
    }
}
