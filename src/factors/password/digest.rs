//! One digest, salted or not: `{SHA}`, `{SSHA}` and their SHA-2 kin: base64 of the digest and then the salt.

use base64::{Engine, decoded_len_estimate};
use sha1::{Digest, Sha1, digest::Output};
use sha2::{Sha256, Sha384, Sha512};
use smallvec::SmallVec;
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

/// The names of the schemes, which digest each keeps, and whether a salt behind it.
const SCHEMES: [(&str, Hash, bool); 8] = [
    ("SHA", Hash::Sha1, false),
    ("SSHA", Hash::Sha1, true),
    ("SHA256", Hash::Sha256, false),
    ("SSHA256", Hash::Sha256, true),
    ("SHA384", Hash::Sha384, false),
    ("SSHA384", Hash::Sha384, true),
    ("SHA512", Hash::Sha512, false),
    ("SSHA512", Hash::Sha512, true),
];

/// A stored digest.
#[derive(Clone, PartialEq, Eq)]
pub(super) struct Stored {
    hash: Hash,
    /// The digest, then the salt.
    octets: SmallVec<[u8; 48]>,
}

impl Stored {
    /// `name`: the scheme's, in capitals or not.
    pub(super) fn parse(name: &str, text: &[u8]) -> Option<Self> {
        let (_, hash, is_salted) = *SCHEMES.iter().find(|(known, ..)| known.eq_ignore_ascii_case(name))?;
        let mut octets = SmallVec::from_elem(0, decoded_len_estimate(text.len()));
        let length = STANDARD.decode_slice(text, &mut octets).ok()?;
        octets.truncate(length);
        let salt = octets.len().checked_sub(hash.length())?;
        ((salt > 0) == is_salted && salt <= MAX_SALT).then_some(Self { hash, octets })
    }

    pub(super) fn verify(&self, password: &[u8]) -> bool {
        let split = self.octets.split_at_checked(self.hash.length());
        split.is_some_and(|(digest, salt)| self.hash.is_digest(digest, password, salt))
    }

    pub(super) fn is_salted(&self, hash: Hash) -> bool {
        self.hash == hash && self.octets.len() > hash.length()
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

    /// Whether `digest` is that of the password and the salt, told in constant time.
    fn is_digest(self, digest: &[u8], password: &[u8], salt: &[u8]) -> bool {
        let is_same = match self {
            Self::Sha1 => of::<Sha1>(password, salt).ct_eq(digest),
            Self::Sha256 => of::<Sha256>(password, salt).ct_eq(digest),
            Self::Sha384 => of::<Sha384>(password, salt).ct_eq(digest),
            Self::Sha512 => of::<Sha512>(password, salt).ct_eq(digest),
        };
        is_same.into()
    }

    fn digest(self, password: &[u8], salt: &[u8]) -> Vec<u8> {
        match self {
            Self::Sha1 => of::<Sha1>(password, salt).to_vec(),
            Self::Sha256 => of::<Sha256>(password, salt).to_vec(),
            Self::Sha384 => of::<Sha384>(password, salt).to_vec(),
            Self::Sha512 => of::<Sha512>(password, salt).to_vec(),
        }
    }
}

fn of<D: Digest>(password: &[u8], salt: &[u8]) -> Output<D> {
    D::new().chain_update(password).chain_update(salt).finalize()
}
