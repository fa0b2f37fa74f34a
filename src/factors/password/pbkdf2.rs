//! PBKDF2 (RFC 8018): `{PBKDF2-SHA256}rounds$salt$hash` as OpenLDAP's pw-pbkdf2 and passlib write it (`{PBKDF2}` is SHA-1 there), and
//! 389 Directory Server's older `{PBKDF2_SHA256}`: base64 of rounds (4 octets), salt (64) and hash (256).

use base64::Engine;
use sha1::Sha1;
use sha2::{Sha256, Sha512};
use subtle::ConstantTimeEq;

use super::base64_text::{ADAPTED, STANDARD};

/// Digest computations, rounds times blocks of output: about a second.
const MAX_WORK: u64 = 2_000_000;
const MAX_SALT: usize = 256;
const MAX_HASH: usize = 256;

/// Which digest.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Hash {
    Sha1,
    Sha256,
    Sha512,
}

/// A stored hash.
#[derive(Clone, PartialEq, Eq)]
pub(super) struct Stored {
    hash: Hash,
    rounds: u32,
    salt: Vec<u8>,
    derived: Vec<u8>,
}

impl Stored {
    /// `name`: the scheme's, in upper case.
    pub(super) fn parse(name: &str, text: &str) -> Option<Self> {
        let hash = match name {
            "PBKDF2" | "PBKDF2-SHA1" => Hash::Sha1,
            "PBKDF2-SHA256" => Hash::Sha256,
            "PBKDF2-SHA512" => Hash::Sha512,
            "PBKDF2_SHA256" => return Self::packed(text),
            _ => return None,
        };
        let mut parts = text.split('$');
        let rounds = parts.next().filter(|text| text.bytes().all(|octet| octet.is_ascii_digit()))?.parse().ok()?;
        let mut octets = || {
            let text = parts.next()?.replace('+', ".");
            ADAPTED.decode(text).ok()
        };
        let stored = Self { hash, rounds, salt: octets()?, derived: octets()? };
        (parts.next().is_none() && stored.is_bounded()).then_some(stored)
    }

    fn packed(text: &str) -> Option<Self> {
        let octets = STANDARD.decode(text).ok()?;
        let (rounds, rest) = octets.split_first_chunk::<4>()?;
        let (salt, derived) = rest.split_first_chunk::<64>()?;
        let stored = Self {
            hash: Hash::Sha256,
            rounds: u32::from_be_bytes(*rounds),
            salt: salt.to_vec(),
            derived: derived.to_vec(),
        };
        stored.is_bounded().then_some(stored)
    }

    fn is_bounded(&self) -> bool {
        // A hash cut short would still match.
        (self.hash.length()..=MAX_HASH).contains(&self.derived.len())
            && self.salt.len() <= MAX_SALT
            && (1..=MAX_WORK).contains(&self.hash.work(self.rounds, self.derived.len()))
    }

    pub(super) fn verify(&self, password: &[u8]) -> bool {
        let mut derived = vec![0; self.derived.len()];
        self.hash.derive(password, &self.salt, self.rounds, &mut derived);
        derived.ct_eq(&self.derived).into()
    }

    pub(super) fn is(&self, hash: Hash, rounds: u32) -> bool {
        self.hash == hash && self.rounds == rounds && self.derived.len() == hash.length()
    }
}

/// The password as `{PBKDF2-...}rounds$salt$hash`; `None` if the rounds are out of bounds.
pub(super) fn hash(password: &[u8], salt: &[u8], hash: Hash, rounds: u32) -> Option<String> {
    let name = match hash {
        Hash::Sha1 => "PBKDF2-SHA1",
        Hash::Sha256 => "PBKDF2-SHA256",
        Hash::Sha512 => "PBKDF2-SHA512",
    };
    if !(1..=MAX_WORK).contains(&hash.work(rounds, hash.length())) {
        return None;
    }
    let mut derived = vec![0; hash.length()];
    hash.derive(password, salt, rounds, &mut derived);
    Some(format!("{{{name}}}{rounds}${}${}", ADAPTED.encode(salt), ADAPTED.encode(derived)))
}

impl Hash {
    const fn length(self) -> usize {
        match self {
            Self::Sha1 => 20,
            Self::Sha256 => 32,
            Self::Sha512 => 64,
        }
    }

    const fn work(self, rounds: u32, length: usize) -> u64 {
        rounds as u64 * length.div_ceil(self.length()) as u64
    }

    fn derive(self, password: &[u8], salt: &[u8], rounds: u32, derived: &mut [u8]) {
        match self {
            Self::Sha1 => ::pbkdf2::pbkdf2_hmac::<Sha1>(password, salt, rounds, derived),
            Self::Sha256 => ::pbkdf2::pbkdf2_hmac::<Sha256>(password, salt, rounds, derived),
            Self::Sha512 => ::pbkdf2::pbkdf2_hmac::<Sha512>(password, salt, rounds, derived),
        }
    }
}
