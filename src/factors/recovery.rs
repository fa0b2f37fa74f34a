//! Recovery codes: a handful of codes on paper, each good once, for whoever has lost the device. How one looks, how a typed one is
//! read, and what is kept of them: keyed hashes alone. The key is `seal`'s, and so is the comparison.
//!
//! A code is twelve consonants, `bcdf-ghjk-mnpq`: letters that make no words, and no digit, so that none is mistaken for a letter and a
//! field that ends in a recovery code never ends in a code of six digits too. 20^12 codes are 51 bits, of which a guesser has a few
//! tries a day: more than the 20 bits that NIST SP 800-63B section 5.1.2 asks of a look-up secret.

use std::fmt;

use minicbor::{Decode, Encode};
use zeroize::Zeroizing;

use crate::clock::UnixMillis;

/// The characters of a code.
pub const ALPHABET: &[u8] = b"bcdfghjkmnpqrstvwxyz";
/// How many of them a code has.
pub const LENGTH: usize = 12;
/// How many codes an account is given at a time.
pub const NUMBER: usize = 10;
/// How many characters stand together where a code is shown.
const GROUP: usize = 4;

/// The recovery codes of an account, spent ones among them.
#[derive(Clone, PartialEq, Eq, Encode, Decode)]
#[cbor(map)]
pub struct RecoveryCodes {
    /// When they were made, all of them together.
    #[n(0)]
    pub made: UnixMillis,
    /// One by one.
    #[n(1)]
    #[cbor(default)]
    pub codes: Vec<RecoveryCode>,
}

/// One code.
#[derive(Clone, PartialEq, Eq, Encode, Decode)]
#[cbor(map)]
pub struct RecoveryCode {
    /// Its keyed hash.
    #[n(0)]
    #[cbor(with = "minicbor::bytes")]
    pub hash: Vec<u8>,
    /// When it was spent; `None`: not yet.
    #[n(1)]
    pub spent: Option<UnixMillis>,
}

impl RecoveryCodes {
    /// New codes with these hashes.
    pub fn new(hashes: Vec<Vec<u8>>, now: UnixMillis) -> Self {
        Self { made: now, codes: hashes.into_iter().map(|hash| RecoveryCode { hash, spent: None }).collect() }
    }

    /// Whether the code at `place` can still be used. `fence`: codes that were made up to then may have been used since, and that is
    /// forgotten (`Store::fence`).
    pub fn is_good(&self, place: usize, fence: Option<UnixMillis>) -> bool {
        fence.is_none_or(|fence| self.made > fence) && self.codes.get(place).is_some_and(|code| code.spent.is_none())
    }

    /// How many can still be used.
    pub fn left(&self, fence: Option<UnixMillis>) -> usize {
        (0..self.codes.len()).filter(|&place| self.is_good(place, fence)).count()
    }

    /// Takes the code at `place` out of use once and for all.
    pub fn spend(&mut self, place: usize, now: UnixMillis) {
        if let Some(code) = self.codes.get_mut(place) {
            code.spent.get_or_insert(now);
        }
    }
}

/// The code that somebody typed, as it is hashed: in lower case, without the spaces and dashes that people put between; `None` if it
/// cannot be one.
pub fn read(typed: &[u8]) -> Option<Zeroizing<Vec<u8>>> {
    let mut code = Zeroizing::new(Vec::with_capacity(LENGTH));
    for octet in typed.iter().filter(|&octet| !is_gap(*octet)) {
        if code.len() == LENGTH || !is_of_code(*octet) {
            return None;
        }
        code.push(octet.to_ascii_lowercase());
    }
    (code.len() == LENGTH).then_some(code)
}

/// How many octets at the end of `field` can be a recovery code; `None` if it does not end in one. Between two characters may stand
/// one space or dash.
pub fn length_at_end(field: &[u8]) -> Option<u8> {
    let (mut characters, mut after_gap) = (0, true);
    for (length, &octet) in (1..).zip(field.iter().rev()) {
        if is_of_code(octet) {
            (characters, after_gap) = (characters + 1, false);
            if characters == LENGTH {
                return Some(length);
            }
        } else if is_gap(octet) && !after_gap {
            after_gap = true;
        } else {
            return None;
        }
    }
    None
}

/// A code as it is shown, in groups with dashes between.
pub fn shown(code: &str) -> Zeroizing<String> {
    let mut text = Zeroizing::new(String::with_capacity(code.len() + code.len() / GROUP));
    for (place, character) in code.chars().enumerate() {
        if place > 0 && place % GROUP == 0 {
            text.push('-');
        }
        text.push(character);
    }
    text
}

fn is_of_code(octet: u8) -> bool {
    ALPHABET.contains(&octet.to_ascii_lowercase())
}

const fn is_gap(octet: u8) -> bool {
    matches!(octet, b'-' | b' ')
}

impl fmt::Debug for RecoveryCodes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RecoveryCodes")
            .field("made", &self.made)
            .field("left", &self.left(None))
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use proptest::prelude::*;

    use super::*;

    const NOW: UnixMillis = UnixMillis(1_700_000_000_123);

    #[test]
    fn a_code_is_read_however_it_is_typed() {
        for typed in
            ["bcdf-ghjk-mnpq", "bcdfghjkmnpq", " BCDF GHJK MNPQ ", "b-c-d-f-g-h-j-k-m-n-p-q", "bcdf--ghjk  mnpq"]
        {
            assert_eq!(*read(typed.as_bytes()).unwrap(), b"bcdfghjkmnpq", "{typed}");
        }
        for typed in
            ["", "bcdf-ghjk-mnp", "bcdf-ghjk-mnpqr", "bcdf-ghjk-mnpa", "bcdf-ghjk-mnp1", "bcdf_ghjk_mnpq", "123456"]
        {
            assert!(read(typed.as_bytes()).is_none(), "{typed}");
        }
        assert!(read(&vec![b'-'; 100_000]).is_none() && read(&vec![b'b'; 100_000]).is_none());
    }

    #[test]
    fn a_code_is_found_at_the_end_of_a_field() {
        let table = [
            ("secretbcdf-ghjk-mnpq", Some(14)),
            ("secret-bcdfghjkmnpq", Some(12)),
            ("secret BCDF GHJK MNPQ", Some(14)),
            ("bcdfghjkmnpq", Some(12)),
            ("zzbcdfghjkmnpq", Some(12)),
            ("secretbcdf-ghjk-mnpq ", None),
            ("secretbcdf--ghjkmnpq", None),
            ("secret123456", None),
            ("bcdf-ghjk-mnp", None),
            ("", None),
        ];
        for (field, length) in table {
            assert_eq!(length_at_end(field.as_bytes()), length, "{field:?}");
        }
    }

    #[test]
    fn what_is_shown_is_read() {
        assert_eq!(*shown("bcdfghjkmnpq"), "bcdf-ghjk-mnpq");
        let drawn = crate::random::text(&crate::random::SeededRandom::new(3), ALPHABET, LENGTH).unwrap();
        assert_eq!(*read(shown(&drawn).as_bytes()).unwrap(), drawn.as_bytes());
        assert!(ALPHABET.iter().all(|octet| octet.is_ascii_lowercase() && !b"aeioul".contains(octet)));
    }

    #[test]
    fn each_is_good_once_and_none_of_those_before_the_fence() {
        let mut codes = RecoveryCodes::new(vec![vec![1], vec![2], vec![3]], NOW);
        codes.spend(1, NOW);
        codes.spend(7, NOW);
        assert_eq!([0, 1, 2, 3].map(|place| codes.is_good(place, None)), [true, false, true, false]);
        assert_eq!((codes.left(None), codes.left(Some(UnixMillis(NOW.0 - 1))), codes.left(Some(NOW))), (2, 2, 0));
        codes.spend(1, UnixMillis(NOW.0 + 9));
        assert_eq!(codes.codes.get(1).unwrap().spent, Some(NOW));
        assert!(!format!("{codes:?}").contains("[1]"));
    }

    proptest! {
        #[test]
        fn what_is_found_at_the_end_is_read_and_what_is_before_does_not_matter(
            before in prop::collection::vec(any::<u8>(), 0..20),
            typed in "([bcdfghjkmnpqrstvwxyzBCDFGHJKMNPQRSTVWXYZ][- ]?){10,14}",
            octets in prop::collection::vec(any::<u8>(), 0..40),
        ) {
            for field in [&[&before, typed.as_bytes()].concat(), &octets] {
                if let Some(length) = length_at_end(field) {
                    let (_, code) = field.split_at(field.len() - usize::from(length));
                    prop_assert!(read(code).is_some());
                    prop_assert_eq!(length_at_end(code), Some(length));
                }
            }
            let ends = typed.ends_with(['-', ' ']);
            let letters = typed.bytes().filter(u8::is_ascii_alphabetic).count();
            prop_assert_eq!(length_at_end(typed.as_bytes()).is_some(), !ends && letters >= LENGTH);
        }
    }
}
