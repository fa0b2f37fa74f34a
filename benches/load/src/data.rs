//! The people of the directory: every value is a function of the seed and the person's number, so that whoever asks knows what is
//! there. Which number ranges have what is decided here; how they are written is in `data/ldif.rs`.

pub(crate) mod hashes;
pub(crate) mod ldif;

use std::ops::Range;

/// The top of the tree.
pub(crate) const SUFFIX: &str = "dc=example,dc=com";
/// The ordinary user that the reading loads bind as.
pub(crate) const READER: &str = "uid=reader,ou=services,dc=example,dc=com";
/// The user that both servers know as their root.
pub(crate) const ROOT: &str = "cn=admin,dc=example,dc=com";
/// The password of both.
pub(crate) const PASSWORD: &str = "load-generator-1";
/// Digits of a number in names: fixed, so that frames can be made once and their digits replaced.
pub(crate) const DIGITS: usize = 7;
/// Letters of the part of a name that substring searches look for.
pub(crate) const FRAGMENT: usize = 6;
/// Distinct argon2id hashes: they are costly to make.
pub(crate) const SLOW_HASHES: u64 = 8;

/// How many people there are, and which of them have what.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Population {
    /// People in all.
    pub(crate) entries: u64,
    /// What all values are made from.
    pub(crate) seed: u64,
}

impl Population {
    /// Those with a TOTP shared secret. Some, not all: who has one does not bind with the password alone.
    pub(crate) fn with_factor(self) -> Range<u64> {
        0..(self.entries * 2 / 5).min(40_000)
    }

    /// Those who get their first secret by a load.
    pub(crate) fn to_enrol(self) -> Range<u64> {
        let from = self.with_factor().end;
        from..from + (self.entries / 5).min(20_000)
    }

    /// Those whose password is hashed by argon2id.
    pub(crate) fn with_slow_hash(self) -> Range<u64> {
        let from = self.to_enrol().end;
        from..from + (self.entries / 10).min(1_000)
    }

    /// The rest: a password hashed by {SSHA}, no factor.
    pub(crate) fn plain(self) -> Range<u64> {
        self.with_slow_hash().end..self.entries
    }

    /// All of them.
    pub(crate) fn all(self) -> Range<u64> {
        0..self.entries
    }

    /// The person with this number.
    pub(crate) fn person(self, number: u64) -> Person {
        Person { number, bits: mixed(self.seed ^ mixed(number)) }
    }

    /// The number that stands in a person's password: people with slow hashes share a few.
    pub(crate) fn password_number(self, number: u64) -> u64 {
        if self.with_slow_hash().contains(&number) { number % SLOW_HASHES } else { number }
    }

    /// A person's TOTP shared secret.
    pub(crate) fn secret(self, number: u64) -> [u8; 20] {
        let mut secret = [0; 20];
        for (lane, octets) in secret.chunks_mut(8).enumerate() {
            let word = mixed(self.seed ^ mixed(number ^ ((lane as u64 + 1) << 40))).to_be_bytes();
            octets.iter_mut().zip(word).for_each(|(octet, random)| *octet = random);
        }
        secret
    }
}

/// One person.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Person {
    number: u64,
    bits: u64,
}

impl Person {
    /// `user.0000042`
    pub(crate) fn uid(self) -> String {
        format!("user.{:0DIGITS$}", self.number)
    }

    /// The name of the entry.
    pub(crate) fn dn(self) -> String {
        format!("uid={},ou=people,{SUFFIX}", self.uid())
    }

    /// Eight letters; what substring searches look for lies inside.
    pub(crate) fn surname(self) -> [u8; 8] {
        let mut name = [0; 8];
        syllables(self.bits, &mut name);
        name
    }

    /// The letters that a substring search looks for.
    pub(crate) fn fragment(self) -> [u8; FRAGMENT] {
        let [_, fragment @ .., _] = self.surname();
        fragment
    }

    fn given_name(self) -> [u8; 6] {
        let mut name = [0; 6];
        syllables(mixed(self.bits), &mut name);
        name
    }

    /// All attributes but objectClass, userPassword and what belongs to a factor, in the order they are stored.
    pub(crate) fn attributes(self) -> [(&'static str, String); 16] {
        let (given, surname) = (capitalized(&self.given_name()), capitalized(&self.surname()));
        let phone = |lane: u64| format!("+1 555 {:07}", mixed(self.bits ^ lane) % 10_000_000);
        let initial = |name: &str| name.chars().next().unwrap_or('X');
        [
            ("uid", self.uid()),
            ("cn", format!("{given} {surname}")),
            ("sn", surname.clone()),
            ("givenName", given.clone()),
            ("initials", format!("{}{}", initial(&given), initial(&surname))),
            ("displayName", format!("{given} {surname} ({})", self.number)),
            ("mail", format!("{}@example.com", self.uid())),
            ("telephoneNumber", phone(1)),
            ("mobile", phone(2)),
            ("homePhone", phone(3)),
            ("employeeNumber", self.number.to_string()),
            ("departmentNumber", (self.bits % 97).to_string()),
            ("title", format!("Keeper of the {} gate", capitalized(&self.given_name()))),
            ("l", capitalized(&mixed_name(self.bits ^ 4))),
            ("postalAddress", format!("{} Lane {}$12345 Example Town$Elsewhere", surname, self.bits % 400)),
            ("description", self.description(0)),
        ]
    }

    /// A text of 400 letters; `version` makes it another one.
    fn description(self, version: u64) -> String {
        let mut text = String::with_capacity(400);
        for word in 0..44 {
            text.push_str(&String::from_utf8_lossy(&mixed_name(self.bits ^ version ^ (word << 8))));
            text.push(' ');
        }
        text.trim_end().to_owned()
    }
}

/// The letters of a name of this many letters, consonant and vowel in turn.
fn syllables(mut bits: u64, name: &mut [u8]) {
    const CONSONANTS: [u8; 20] = *b"bcdfghjklmnpqrstvwxz";
    const VOWELS: [u8; 5] = *b"aeiou";
    for (at, letter) in name.iter_mut().enumerate() {
        let letters: &[u8] = if at % 2 == 0 { &CONSONANTS } else { &VOWELS };
        let count = letters.len() as u64;
        *letter = letters.get((bits % count) as usize).copied().unwrap_or(b'x');
        bits /= count;
    }
}

fn mixed_name(bits: u64) -> [u8; 8] {
    let mut name = [0; 8];
    syllables(mixed(bits), &mut name);
    name
}

fn capitalized(name: &[u8]) -> String {
    let name = String::from_utf8_lossy(name);
    let mut letters = name.chars();
    letters.next().map(|first| first.to_ascii_uppercase()).into_iter().chain(letters).collect()
}

/// A bijection of 64 bits that looks random (the finalizer of splitmix64).
pub(crate) const fn mixed(value: u64) -> u64 {
    let value = value.wrapping_add(0x9E37_79B9_7F4A_7C15);
    let value = (value ^ (value >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    let value = (value ^ (value >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
    value ^ (value >> 31)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_depend_on_seed_and_number_alone() {
        let population = Population { entries: 100, seed: 7 };
        let person = population.person(42);
        assert_eq!(person.dn(), "uid=user.0000042,ou=people,dc=example,dc=com");
        assert_eq!(person.attributes(), Population { entries: 5, seed: 7 }.person(42).attributes());
        assert_ne!(person.surname(), Population { entries: 100, seed: 8 }.person(42).surname());
    }

    #[test]
    fn an_entry_is_about_a_kilobyte() {
        let person = Population { entries: 100, seed: 7 }.person(42);
        let octets: usize = person.attributes().iter().map(|(name, value)| name.len() + value.len() + 8).sum();
        assert!((800..1200).contains(&octets), "{octets}");
    }

    #[test]
    fn the_ranges_share_out_everybody() {
        for entries in [1_000, 10_000, 100_000, 1_000_000] {
            let population = Population { entries, seed: 1 };
            assert_eq!(population.with_factor().end, population.to_enrol().start);
            assert_eq!(population.to_enrol().end, population.with_slow_hash().start);
            assert!(population.plain().count() as u64 >= entries / 4);
        }
    }
}
