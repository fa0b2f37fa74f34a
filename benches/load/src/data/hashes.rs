//! What stands in `userPassword`, and the codes of second factors: made as anybody would make them, apart from the server's rules.

use std::io;

use base64::{Engine as _, engine::general_purpose::STANDARD, engine::general_purpose::STANDARD_NO_PAD};
use hmac::{Hmac, KeyInit as _, Mac as _};
use sha1::{Digest as _, Sha1};

/// Memory (KiB), passes and lanes of argon2id, as the server has them by default.
pub(crate) const ARGON2ID: (u32, u32, u32) = (19 * 1024, 2, 1);

/// Salted SHA-1.
pub(crate) fn ssha(password: &str, salt: u64) -> String {
    let salt = salt.to_be_bytes();
    let digest = Sha1::new().chain_update(password).chain_update(salt).finalize();
    let octets: Vec<u8> = digest.iter().copied().chain(salt).collect();
    format!("{{SSHA}}{}", STANDARD.encode(octets))
}

/// Computes argon2id hashes as a server does: in memory that is used again.
pub(crate) struct BareHash {
    argon2: argon2::Argon2<'static>,
    memory: Vec<argon2::Block>,
}

impl BareHash {
    /// Takes the memory.
    pub(crate) fn new() -> io::Result<Self> {
        let (memory, passes, lanes) = ARGON2ID;
        let parameters = argon2::Params::new(memory, passes, lanes, Some(32)).map_err(io::Error::other)?;
        let memory = vec![argon2::Block::default(); parameters.block_count()];
        let argon2 = argon2::Argon2::new(argon2::Algorithm::Argon2id, argon2::Version::V0x13, parameters);
        Ok(Self { argon2, memory })
    }

    /// The bare hash that a bind of somebody with an argon2id password costs.
    pub(crate) fn compute(&mut self, password: &str, salt: u64) -> io::Result<[u8; 32]> {
        let mut hash = [0; 32];
        self.argon2
            .hash_password_into_with_memory(password.as_bytes(), &salt_of(salt), &mut hash, &mut self.memory)
            .map_err(io::Error::other)?;
        Ok(hash)
    }
}

/// A value of `userPassword`.
pub(crate) fn argon2id_value(password: &str, salt: u64) -> io::Result<String> {
    let (memory, passes, lanes) = ARGON2ID;
    let (hash, salt_text) = (BareHash::new()?.compute(password, salt)?, STANDARD_NO_PAD.encode(salt_of(salt)));
    let hash = STANDARD_NO_PAD.encode(hash);
    Ok(format!("{{ARGON2}}$argon2id$v=19$m={memory},t={passes},p={lanes}${salt_text}${hash}"))
}

fn salt_of(salt: u64) -> [u8; 16] {
    let mut octets = [0; 16];
    octets.iter_mut().zip(salt.to_be_bytes()).for_each(|(octet, salt)| *octet = salt);
    octets
}

/// The six digits for a time step (RFC 6238 with HMAC-SHA-1).
pub(crate) fn code(secret: &[u8], step: u64) -> [u8; 6] {
    let Ok(mut mac) = Hmac::<Sha1>::new_from_slice(secret) else { return [b'0'; 6] };
    mac.update(&step.to_be_bytes());
    let digest = mac.finalize().into_bytes();
    let start = usize::from(digest.last().copied().unwrap_or(0) & 15);
    let word = digest.iter().skip(start).take(4).fold(0_u32, |word, octet| word << 8 | u32::from(*octet));
    let mut code = [b'0'; 6];
    let mut rest = (word & 0x7FFF_FFFF) % 1_000_000;
    for digit in code.iter_mut().rev() {
        *digit += (rest % 10) as u8;
        rest /= 10;
    }
    code
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes_are_those_of_rfc_6238() {
        for (seconds, expected) in [(59, "287082"), (1_111_111_109, "081804"), (20_000_000_000, "353130")] {
            assert_eq!(&code(b"12345678901234567890", seconds / 30), expected.as_bytes());
        }
    }

    #[test]
    fn a_salted_hash_ends_with_its_salt() {
        let value = ssha("secret", 5);
        let octets = STANDARD.decode(value.trim_start_matches("{SSHA}")).unwrap_or_default();
        assert_eq!((octets.len(), octets.get(20..)), (28, Some(&5_u64.to_be_bytes()[..])));
    }
}
