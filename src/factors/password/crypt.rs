//! SHA-crypt (Drepper 2007): sha256-crypt `$5$` and sha512-crypt `$6$`, behind `{CRYPT}` or bare.

use sha_crypt::{PasswordHashRef, PasswordVerifier, ShaCrypt};

/// Rounds when the text names none.
const DEFAULT_ROUNDS: u32 = 5_000;
/// About a second; the definition would allow 999,999,999.
const MAX_ROUNDS: u32 = 1_000_000;

/// A stored hash.
#[derive(Clone, PartialEq, Eq)]
pub(super) struct Stored<'a> {
    text: &'a str,
}

impl<'a> Stored<'a> {
    pub(super) fn parse(text: &'a str) -> Option<Self> {
        let (length, rest) = match text.strip_prefix("$5$") {
            Some(rest) => (43, rest),
            None => (86, text.strip_prefix("$6$")?),
        };
        let (rounds, rest) = match rest.strip_prefix("rounds=") {
            Some(rest) => rest.split_once('$').and_then(|(rounds, rest)| Some((rounds.parse().ok()?, rest)))?,
            None => (DEFAULT_ROUNDS, rest),
        };
        let (salt, hash) = rest.split_once('$')?;
        let is_encoded = |text: &str| text.bytes().all(|octet| octet.is_ascii_alphanumeric() || b"./".contains(&octet));
        let fits = rounds <= MAX_ROUNDS && salt.len() <= 16 && hash.len() == length;
        (fits && is_encoded(salt) && is_encoded(hash)).then_some(Self { text })
    }

    pub(super) fn verify(&self, password: &[u8]) -> bool {
        PasswordHashRef::new(self.text).is_ok_and(|hash| ShaCrypt::default().verify_password(password, hash).is_ok())
    }
}
