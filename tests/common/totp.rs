//! Codes as an authenticator application shows them (RFC 6238 with HMAC-SHA-1), computed apart from the server's own rules.

use hmac::{Hmac, KeyInit, Mac};
use sha1::Sha1;

/// The secret of the sample user with a factor, in base32.
pub const SECRET: &str = "GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ";

/// The six-digit code of `secret` (base32) for the time step `offset` steps from `unix_seconds`.
pub fn code_at(secret: &str, unix_seconds: u64, offset: i64) -> String {
    let key = base32::decode(base32::Alphabet::Rfc4648 { padding: false }, secret).expect("base32");
    let step = (unix_seconds / 30).checked_add_signed(offset).expect("a step after 1970");
    let mut mac = <Hmac<Sha1> as KeyInit>::new_from_slice(&key).expect("any length of key");
    mac.update(&step.to_be_bytes());
    let digest = mac.finalize().into_bytes();
    let start = usize::from(digest[19] & 15);
    let word = u32::from_be_bytes(digest[start..start + 4].try_into().expect("four octets"));
    format!("{:06}", (word & 0x7FFF_FFFF) % 1_000_000)
}
