//! One digest, salted or not: `{SHA}`, `{SSHA}` and their SHA-2 kin: base64 of the digest and then the salt.

use base64::Engine;
use sha1::{Digest, Sha1};
use sha2::{Sha256, Sha384, Sha512};
use subtle::ConstantTimeEq;

use super::base64_text::{STANDARD, encode_standard};

/// A longer salt is nobody's.
const MAX_SALT: usize = 256;

/// Which digest.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Hash {
    Sha1,
    Sha256,
    Sha384,
    Sha512,
}

/// A stored digest.
#[derive(Clone, PartialEq, Eq)]
pub(super) struct Stored {
    hash: Hash,
    digest: Vec<u8>,
    salt: Vec<u8>,
}

impl Stored {
    /// `name`: the scheme's, in upper case.
    pub(super) fn parse(name: &str, text: &str) -> Option<Self> {
        let (hash, salted) = match name {
            "SHA" => (Hash::Sha1, false),
            "SSHA" => (Hash::Sha1, true),
            "SHA256" => (Hash::Sha256, false),
            "SSHA256" => (Hash::Sha256, true),
            "SHA384" => (Hash::Sha384, false),
            "SSHA384" => (Hash::Sha384, true),
            "SHA512" => (Hash::Sha512, false),
            "SSHA512" => (Hash::Sha512, true),
            _ => return None,
        };
        let mut digest = STANDARD.decode(text).ok()?;
        if digest.len() < hash.length() {
            return None;
        }
        let salt = digest.split_off(hash.length());
        (salt.is_empty() != salted && salt.len() <= MAX_SALT).then_some(Self { hash, digest, salt })
    }

    pub(super) fn verify(&self, password: &[u8]) -> bool {
        self.hash.digest(password, &self.salt).ct_eq(&self.digest).into()
    }

    pub(super) fn is_salted(&self, hash: Hash) -> bool {
        self.hash == hash && !self.salt.is_empty()
    }
}

/// The password as `{SSHA...}`.
pub(super) fn hash(password: &[u8], salt: &[u8], hash: Hash) -> String {
    let name = match hash {
        Hash::Sha1 => "SSHA",
        Hash::Sha256 => "SSHA256",
        Hash::Sha384 => "SSHA384",
        Hash::Sha512 => "SSHA512",
    };
    format!("{{{name}}}{}", encode_standard(&[&hash.digest(password, salt), salt].concat()))
}

impl Hash {
    const fn length(self) -> usize {
        match self {
            Self::Sha1 => 20,
            Self::Sha256 => 32,
            Self::Sha384 => 48,
            Self::Sha512 => 64,
        }
    }

    fn digest(self, password: &[u8], salt: &[u8]) -> Vec<u8> {
        fn of<D: Digest>(password: &[u8], salt: &[u8]) -> Vec<u8> {
            D::new().chain_update(password).chain_update(salt).finalize().to_vec()
        }
        match self {
            Self::Sha1 => of::<Sha1>(password, salt),
            Self::Sha256 => of::<Sha256>(password, salt),
            Self::Sha384 => of::<Sha384>(password, salt),
            Self::Sha512 => of::<Sha512>(password, salt),
        }
    }
}
