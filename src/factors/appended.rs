//! Password and code in one field: where the code begins. The field's shape and the user's factors decide, never a second
//! password hash; digits that belong to the password are not mistaken for a code, for then the hash of what is before them fails.

/// The codes a user may append.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Expected {
    /// Lengths of the user's numeric codes, without repetition; empty if the user has no such factor.
    pub digits: Vec<u8>,
    /// Lengths of the OTPs of the user's YubiKeys, without repetition: 44 for usual ones, empty if the user has none.
    pub otps: Vec<u8>,
    /// How long a recovery code would be at the end of this field; `None` if the field ends in none, or the user has none.
    pub recovery: Option<u8>,
    /// The character between password and code: `,`, `;`, `:`, `$` or none.
    pub separator: Option<u8>,
}

/// A field taken apart.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Split<'a> {
    /// What is before the code (and before the separator).
    pub password: &'a [u8],
    /// The code.
    pub code: Code<'a>,
}

/// A code by its shape.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Code<'a> {
    /// 6 to 8 decimal digits.
    Digits(&'a [u8]),
    /// Modhex characters, as many as a YubiKey of the user types.
    YubiKey(&'a [u8]),
    /// Letters as recovery codes have them, perhaps with spaces and dashes between.
    Recovery(&'a [u8]),
}

const MODHEX: &[u8] = b"cbdefghijklnrtuv";

/// Every way in which `field` can be a password with a code after it, likeliest first; none if it ends in no code of the user's.
/// More than one only for a user whose codes differ in length, or whose OTP could be a recovery code: the caller takes the first whose
/// code proves right, else the first.
pub fn splits<'a>(field: &'a [u8], expected: &Expected) -> Vec<Split<'a>> {
    let is_modhex = |octet: &u8| MODHEX.contains(&octet.to_ascii_lowercase());
    let otps = expected
        .otps
        .iter()
        .filter_map(|&length| split_at_code(field, length, expected.separator, is_modhex, Code::YubiKey));
    let digits = expected
        .digits
        .iter()
        .filter_map(|&length| split_at_code(field, length, expected.separator, u8::is_ascii_digit, Code::Digits));
    let recovery =
        expected.recovery.and_then(|length| split_at_code(field, length, expected.separator, |_| true, Code::Recovery));
    otps.chain(digits).chain(recovery).collect()
}

fn split_at_code<'a>(
    field: &'a [u8],
    length: u8,
    separator: Option<u8>,
    is_of_code: impl Fn(&u8) -> bool,
    code_of: impl Fn(&'a [u8]) -> Code<'a>,
) -> Option<Split<'a>> {
    let (before, code) = field.split_at_checked(field.len().checked_sub(usize::from(length))?)?;
    let code = code.iter().all(is_of_code).then(|| code_of(code))?;
    let password = match separator {
        Some(separator) => before.strip_suffix(&[separator])?,
        None => before,
    };
    Some(Split { password, code })
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    const OTP: &str = "vvccccfhceifdhrknlhhgrchhcifighfflvrddbkjgfg";

    fn split<'a>(field: &'a str, digits: &[u8], yubikey: bool, separator: Option<u8>) -> Vec<(&'a str, &'a str)> {
        let otps = if yubikey { vec![44] } else { Vec::new() };
        let expected = Expected { digits: digits.to_vec(), otps, recovery: None, separator };
        let text = |octets: &'a [u8]| std::str::from_utf8(octets).unwrap();
        splits(field.as_bytes(), &expected)
            .into_iter()
            .map(|split| match split.code {
                Code::Digits(code) | Code::YubiKey(code) | Code::Recovery(code) => (text(split.password), text(code)),
            })
            .collect()
    }

    #[test]
    fn the_code_is_the_last_digits() {
        assert_eq!(split("secret123456", &[6], false, None), [("secret", "123456")]);
        assert_eq!(split("secret99123456", &[6], false, None), [("secret99", "123456")]);
        assert_eq!(split("123456", &[6], false, None), [("", "123456")]);
    }

    #[test]
    fn without_a_code_at_the_end_there_is_no_split() {
        for field in ["", "secret", "12345", "secret12345", "secret12345x", "secret12345\u{663}"] {
            assert_eq!(split(field, &[6], false, None), [], "{field}");
        }
        assert_eq!(split("secret123456", &[], false, None), []);
    }

    #[test]
    fn a_separator_stands_directly_before_the_code() {
        assert_eq!(split("se,cret,123456", &[6], false, Some(b',')), [("se,cret", "123456")]);
        assert_eq!(split("secret,,123456", &[6], false, Some(b',')), [("secret,", "123456")]);
        assert_eq!(split("secret123456", &[6], false, Some(b',')), []);
        assert_eq!(split("secret,9123456", &[6], false, Some(b',')), []);
    }

    #[test]
    fn a_yubikey_otp_is_recognised_by_its_alphabet() {
        let field = format!("secret{OTP}");
        assert_eq!(split(&field, &[6], true, None), [("secret", OTP)]);
        assert_eq!(split(&field, &[6], false, None), []);
        assert_eq!(split(&format!("secret{}", OTP.replace('v', "a")), &[6], true, None), []);
    }

    #[test]
    fn a_recovery_code_comes_last_and_a_separator_before_it() {
        let expected = |separator| Expected { digits: vec![6], otps: vec![44], recovery: Some(14), separator };
        let passwords = |field: &str, separator| {
            let splits = splits(field.as_bytes(), &expected(separator));
            splits.iter().map(|split| split.password.to_vec()).collect::<Vec<_>>()
        };
        assert_eq!(passwords("secretbcdf-ghjk-mnpq", None), [b"secret"]);
        assert_eq!(passwords("secret,bcdf-ghjk-mnpq", Some(b',')), [b"secret"]);
        assert!(passwords("secretbcdf-ghjk-mnpq", Some(b',')).is_empty() && passwords("bcdf-ghjk", None).is_empty());
        let otp = format!("secret{}-ghjk-mnpq", "bcdf".repeat(11));
        assert_eq!(passwords(&otp, None).len(), 1, "modhex has no dashes");
    }

    #[test]
    fn codes_of_two_lengths_give_two_readings() {
        assert_eq!(split("secret12345678", &[6, 8], false, None), [("secret12", "345678"), ("secret", "12345678")]);
    }
}
