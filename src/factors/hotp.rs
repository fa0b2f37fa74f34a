//! Counter-based one-time passwords (RFC 4226), HMAC-SHA-1. Time is `totp`'s.

use hmac::{Hmac, KeyInit, Mac};
use sha1::Sha1;
use subtle::ConstantTimeEq;

/// The fewest digits a code may have (RFC 4226, requirement R4).
pub const MIN_DIGITS: u8 = 6;
/// The most digits a code may have; 31 bits of the digest give no more than nine.
pub const MAX_DIGITS: u8 = 8;

/// One secret, ready to make codes.
#[derive(Clone)]
pub struct Hotp {
    keyed: Hmac<Sha1>,
    digits: u8,
}

/// A code: 6 to 8 decimal digits, zeros in front included.
#[derive(Clone, Copy)]
pub struct Code {
    digits: [u8; MAX_DIGITS as usize],
    length: u8,
}

impl Hotp {
    /// `secret`: any length, 20 octets as a rule. `digits`: 6 to 8; a number beyond is taken as the nearest of them.
    #[expect(clippy::expect_used, reason = "HMAC takes a key of any length (RFC 2104 section 2)")]
    pub fn new(secret: &[u8], digits: u8) -> Self {
        Self {
            keyed: Hmac::new_from_slice(secret).expect("HMAC takes a key of any length"),
            digits: digits.clamp(MIN_DIGITS, MAX_DIGITS),
        }
    }

    /// The code of `counter`. Source: RFC 4226 section 5.3.
    pub fn code(&self, counter: u64) -> Code {
        let digest: [u8; 20] = self.keyed.clone().chain_update(counter.to_be_bytes()).finalize().into_bytes().into();
        let [.., last] = digest;
        let mut truncated = digest
            .iter()
            .skip(usize::from(last & 0x0F))
            .take(4)
            .fold(0, |number, &octet| number << 8 | u32::from(octet));
        truncated &= 0x7FFF_FFFF;
        let mut code = Code { digits: [b'0'; MAX_DIGITS as usize], length: self.digits };
        for digit in code.digits.iter_mut().take(usize::from(self.digits)).rev() {
            *digit = b'0' + (truncated % 10) as u8;
            truncated /= 10;
        }
        code
    }
}

impl Code {
    /// The digits.
    pub fn as_str(&self) -> &str {
        let digits = self.digits.get(..usize::from(self.length)).unwrap_or_default();
        std::str::from_utf8(digits).unwrap_or_default()
    }

    /// Whether `given` is exactly this code, in time that depends on its length only.
    pub fn matches(&self, given: &[u8]) -> bool {
        self.as_str().as_bytes().ct_eq(given).into()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// RFC 4226 appendix D.
    const APPENDIX_D: [&str; 10] =
        ["755224", "287082", "359152", "969429", "338314", "254676", "287922", "162583", "399871", "520489"];

    #[test]
    fn codes_are_those_of_rfc_4226_appendix_d() {
        let hotp = Hotp::new(b"12345678901234567890", 6);
        for (counter, code) in (0..).zip(APPENDIX_D) {
            assert_eq!(hotp.code(counter).as_str(), code);
        }
    }

    #[test]
    fn a_code_keeps_its_leading_zeros() {
        // RFC 6238 appendix B, time 1111111109.
        assert_eq!(Hotp::new(b"12345678901234567890", 8).code(0x23523EC).as_str(), "07081804");
    }

    #[test]
    fn only_exactly_the_digits_match() {
        let code = Hotp::new(b"12345678901234567890", 6).code(0);
        assert!(code.matches(b"755224"));
        for other in [
            "",
            "75522",
            "7552240",
            " 755224",
            "755224 ",
            "755 224",
            "755225",
            "\u{667}\u{665}\u{665}\u{662}\u{662}\u{664}",
        ] {
            assert!(!code.matches(other.as_bytes()), "{other:?}");
        }
    }
}
