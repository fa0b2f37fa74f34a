//! Static passwords: judged against a stored value of any known scheme, and hashed by the configured one.
//! Counting failures is `lockout`'s; on which thread a slow hash runs is `handlers/hashing`'s.
//!
//! A stored value is `{SCHEME}` and what that scheme keeps, or a bare modular string (`$argon2id$...`, `$2b$...`, `$6$...`).
//! Scheme names are matched case-insensitively. Work factors are bounded: a value that asks for more is unusable, so that nothing
//! stored can stall the server. Clear text is never stored and never matches.

mod argon2id;
mod base64_text;
mod bcrypt;
mod crypt;
mod digest;
mod pbkdf2;
pub mod rules;

use std::hint::black_box;

pub use argon2id::Argon2Cost;

/// A longer password never matches and cannot be set: some schemes take time in the square of its length.
pub const MAX_LENGTH: usize = 1024;

/// The names of the storage schemes that are understood, for the root DSE.
pub const SCHEME_NAMES: &[&str] = &[
    "ARGON2", "BCRYPT", "CRYPT", "PBKDF2", "SHA", "SHA256", "SHA384", "SHA512", "SSHA", "SSHA256", "SSHA384", "SSHA512",
];

/// Names of schemes that are not understood, but known for what they are in lower case too.
const FOREIGN: &[&str] = &[
    "SASL",
    "KERBEROS",
    "UNIX",
    "MD5",
    "SMD5",
    "LANMAN",
    "NTLM",
    "SCRYPT",
    "YESCRYPT",
    "PBKDF2-SHA256",
    "PBKDF2-SHA512",
];
/// How modular strings begin, understood or not.
const MODULAR: &[&str] =
    &["$argon2", "$2a$", "$2b$", "$2y$", "$2x$", "$1$", "$5$", "$6$", "$7$", "$y$", "$gy$", "$apr1$", "$pbkdf2"];

/// How new passwords are hashed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Scheme {
    /// RFC 9106, written as `{ARGON2}$argon2id$...`; the default.
    Argon2id(Argon2Cost),
    /// RFC 8018 with HMAC-SHA-256, written as `{PBKDF2-SHA256}rounds$salt$hash`.
    Pbkdf2Sha256 {
        /// The iteration count.
        rounds: u32,
    },
    /// RFC 8018 with HMAC-SHA-512, written as `{PBKDF2-SHA512}rounds$salt$hash`.
    Pbkdf2Sha512 {
        /// The iteration count.
        rounds: u32,
    },
    /// One salted SHA-1, `{SSHA}`. Fast to guess: for measuring and for moving in only.
    Ssha,
    /// One salted SHA-256, `{SSHA256}`. Fast to guess.
    Ssha256,
    /// One salted SHA-512, `{SSHA512}`. Fast to guess.
    Ssha512,
}

/// What a userPassword value is.
#[derive(Clone, PartialEq, Eq)]
pub enum Value<'a> {
    /// A hash that can be judged.
    Hashed(Stored<'a>),
    /// Of a scheme that cannot be judged, malformed, or beyond the bounds on work: matches nothing.
    Unusable,
    /// No scheme (or `{CLEARTEXT}`): the password itself, to be hashed before it is stored. What stands between braces and is
    /// neither in capitals nor a scheme of somebody's belongs to the password.
    ClearText(&'a [u8]),
}

/// A stored hash, parsed.
#[derive(Clone, PartialEq, Eq)]
pub struct Stored<'a>(Kind<'a>);

#[derive(Clone, PartialEq, Eq)]
enum Kind<'a> {
    Digest(digest::Stored),
    Pbkdf2(pbkdf2::Stored),
    Bcrypt(bcrypt::Stored<'a>),
    Crypt(crypt::Stored<'a>),
    Argon2(argon2id::Stored),
}

/// Memory that slow hashes use again and again; one for each thread that hashes.
#[derive(Default)]
pub struct Workspace {
    argon2: argon2id::Memory,
}

/// What `value`, a value of userPassword, is.
pub fn read(value: &[u8]) -> Value<'_> {
    let Some((written, rest)) = scheme_name(value) else {
        return match modular(value) {
            Some(kind) => hashed(kind),
            None if looks_modular(value) => Value::Unusable,
            None => Value::ClearText(value),
        };
    };
    if let Some(stored) = digest::Stored::parse(written, rest) {
        return hashed(Kind::Digest(stored));
    }
    let name = written.to_ascii_uppercase();
    let text = std::str::from_utf8(rest).unwrap_or_default();
    let kind = match name.as_str() {
        "CLEARTEXT" | "CLEAR" => return Value::ClearText(rest),
        "BCRYPT" => bcrypt::Stored::parse(text).map(Kind::Bcrypt),
        "CRYPT" | "ARGON2" => modular(rest),
        name => pbkdf2::Stored::parse(name, text).map(Kind::Pbkdf2),
    };
    let is_scheme = || [SCHEME_NAMES, FOREIGN].concat().contains(&name.as_str()) || written == name;
    match kind {
        Some(kind) => hashed(kind),
        // A hash of a scheme we cannot judge must not become a password that its text gives away.
        None if is_scheme() => Value::Unusable,
        None => Value::ClearText(value),
    }
}

/// Whether any of `values` (of userPassword) is `password`. Computes every value, whichever matches.
pub fn verify<'v>(values: impl IntoIterator<Item = &'v [u8]>, password: &[u8], workspace: &mut Workspace) -> bool {
    values.into_iter().fold(false, |matched, value| match read(value) {
        Value::Hashed(stored) => stored.verify(password, workspace) | matched,
        Value::Unusable | Value::ClearText(_) => matched,
    })
}

impl Stored<'_> {
    /// Whether `password` is the one that was hashed; the comparison takes constant time. A password over [`MAX_LENGTH`] costs as
    /// much and matches nothing.
    pub fn verify(&self, password: &[u8], workspace: &mut Workspace) -> bool {
        let judged = if password.len() > MAX_LENGTH { &[] } else { password };
        let matches = match &self.0 {
            Kind::Digest(stored) => stored.verify(judged),
            Kind::Pbkdf2(stored) => stored.verify(judged),
            Kind::Bcrypt(stored) => stored.verify(judged),
            Kind::Crypt(stored) => stored.verify(judged),
            Kind::Argon2(stored) => stored.verify(judged, &mut workspace.argon2),
        };
        matches & (password.len() <= MAX_LENGTH)
    }

    /// Whether judging it takes microseconds, so that it needs no thread of its own.
    pub fn is_light(&self) -> bool {
        matches!(self.0, Kind::Digest(_))
    }

    /// Whether it was made by this scheme with these work factors: then judging it costs what [`Scheme::burn`] costs, and there
    /// is no reason to hash it anew.
    pub fn is_of(&self, scheme: &Scheme) -> bool {
        match (&self.0, scheme) {
            (Kind::Argon2(stored), Scheme::Argon2id(cost)) => stored.costs(cost),
            (Kind::Pbkdf2(stored), Scheme::Pbkdf2Sha256 { rounds }) => stored.is(pbkdf2::Hash::Sha256, *rounds),
            (Kind::Pbkdf2(stored), Scheme::Pbkdf2Sha512 { rounds }) => stored.is(pbkdf2::Hash::Sha512, *rounds),
            (Kind::Digest(stored), Scheme::Ssha) => stored.is_salted(digest::Hash::Sha1),
            (Kind::Digest(stored), Scheme::Ssha256) => stored.is_salted(digest::Hash::Sha256),
            (Kind::Digest(stored), Scheme::Ssha512) => stored.is_salted(digest::Hash::Sha512),
            _ => false,
        }
    }
}

impl Scheme {
    /// The names that [`Scheme::named`] knows.
    pub const NAMES: [&'static str; 6] = ["argon2id", "pbkdf2-sha256", "pbkdf2-sha512", "ssha", "ssha256", "ssha512"];

    /// The scheme of this name with its default work factors; `None` if there is none.
    pub fn named(name: &str) -> Option<Self> {
        Some(match name.to_ascii_lowercase().as_str() {
            "argon2id" => Self::default(),
            "pbkdf2-sha256" => Self::Pbkdf2Sha256 { rounds: 600_000 },
            "pbkdf2-sha512" => Self::Pbkdf2Sha512 { rounds: 210_000 },
            "ssha" => Self::Ssha,
            "ssha256" => Self::Ssha256,
            "ssha512" => Self::Ssha512,
            _ => return None,
        })
    }

    /// `password` as a value of userPassword. `salt`: 16 random octets.
    /// `None` if the password is longer than [`MAX_LENGTH`] or the work factors are beyond their bounds.
    pub fn hash(&self, password: &[u8], salt: &[u8; 16], workspace: &mut Workspace) -> Option<String> {
        if password.len() > MAX_LENGTH {
            return None;
        }
        match self {
            Self::Argon2id(cost) => argon2id::hash(password, salt, cost, &mut workspace.argon2),
            Self::Pbkdf2Sha256 { rounds } => pbkdf2::hash(password, salt, pbkdf2::Hash::Sha256, *rounds),
            Self::Pbkdf2Sha512 { rounds } => pbkdf2::hash(password, salt, pbkdf2::Hash::Sha512, *rounds),
            Self::Ssha => Some(digest::hash(password, salt, digest::Hash::Sha1)),
            Self::Ssha256 => Some(digest::hash(password, salt, digest::Hash::Sha256)),
            Self::Ssha512 => Some(digest::hash(password, salt, digest::Hash::Sha512)),
        }
    }

    /// Spends the time of judging one hash of this scheme, for a failure that had no such hash to judge.
    pub fn burn(&self, password: &[u8], workspace: &mut Workspace) {
        let judged = if password.len() > MAX_LENGTH { &[] } else { password };
        black_box(self.hash(judged, &[0x5A; 16], workspace));
    }

    /// Whether one hash takes microseconds, so that it needs no thread of its own.
    pub const fn is_light(&self) -> bool {
        matches!(self, Self::Ssha | Self::Ssha256 | Self::Ssha512)
    }
}

impl Default for Scheme {
    fn default() -> Self {
        Self::Argon2id(Argon2Cost::default())
    }
}

fn hashed(kind: Kind<'_>) -> Value<'_> {
    Value::Hashed(Stored(kind))
}

/// A modular string by its identifier; `None` if it is none that can be judged.
fn modular(value: &[u8]) -> Option<Kind<'_>> {
    let text = std::str::from_utf8(value).ok()?;
    argon2id::Stored::parse(text)
        .map(Kind::Argon2)
        .or_else(|| bcrypt::Stored::parse(text).map(Kind::Bcrypt))
        .or_else(|| crypt::Stored::parse(text).map(Kind::Crypt))
}

/// Whether this has the form of a modular string of a known kind, so that it was meant as a hash.
fn looks_modular(value: &[u8]) -> bool {
    MODULAR.iter().any(|start| value.starts_with(start.as_bytes()))
        && value.iter().filter(|&&octet| octet == b'$').count() >= 3
}

/// The name between braces at the start and what follows it.
fn scheme_name(value: &[u8]) -> Option<(&str, &[u8])> {
    let rest = value.strip_prefix(b"{")?;
    let end = rest.iter().position(|&octet| octet == b'}')?;
    let (name, rest) = rest.split_at_checked(end)?;
    let is_name = |octet: &u8| octet.is_ascii_alphanumeric() || b"-_./".contains(octet);
    if name.is_empty() || name.len() > 32 || !name.iter().all(is_name) {
        return None;
    }
    Some((std::str::from_utf8(name).ok()?, rest.get(1..)?))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::panic)]
    mod known_answers;

    use proptest::prelude::*;

    use super::*;

    const CHEAP: Argon2Cost = Argon2Cost { memory_kib: 64, passes: 1, lanes: 1 };

    fn schemes() -> [Scheme; 6] {
        [
            Scheme::Argon2id(CHEAP),
            Scheme::Pbkdf2Sha256 { rounds: 10 },
            Scheme::Pbkdf2Sha512 { rounds: 10 },
            Scheme::Ssha,
            Scheme::Ssha256,
            Scheme::Ssha512,
        ]
    }

    #[test]
    fn what_a_scheme_writes_it_verifies_and_recognises() {
        let mut workspace = Workspace::default();
        for scheme in schemes() {
            let value = scheme.hash(b"secret", &[7; 16], &mut workspace).unwrap();
            assert!(verify([value.as_bytes()], b"secret", &mut workspace), "{value}");
            assert!(!verify([value.as_bytes()], b"Secret", &mut workspace), "{value}");
            let Value::Hashed(stored) = read(value.as_bytes()) else { panic!("{value}") };
            assert!(stored.is_of(&scheme) && stored.is_light() == scheme.is_light());
            assert_eq!(schemes().iter().filter(|other| stored.is_of(other)).count(), 1);
            assert!(!stored.is_of(&Scheme::default()));
        }
    }

    #[test]
    fn every_name_names_a_scheme_and_the_default_is_the_first() {
        assert!(Scheme::NAMES.iter().all(|name| Scheme::named(name).is_some()));
        assert_eq!(Scheme::named("Argon2ID"), Some(Scheme::default()));
        assert_eq!(Scheme::named("clear"), None);
    }

    #[test]
    fn clear_text_is_told_from_hashes_and_never_matches() {
        for (value, password) in [
            ("secret", "secret"),
            ("{CLEARTEXT}secret", "secret"),
            ("{", "{"),
            ("$1", "$1"),
            ("{a b}c", "{a b}c"),
            ("{curly}", "{curly}"),
            ("{curly}brackets", "{curly}brackets"),
            ("$6$", "$6$"),
            ("$ecret", "$ecret"),
            ("", ""),
        ] {
            assert!(read(value.as_bytes()) == Value::ClearText(password.as_bytes()), "{value}");
            assert!(!verify([value.as_bytes()], password.as_bytes(), &mut Workspace::default()), "{value}");
        }
    }

    #[test]
    fn any_of_several_values_will_do() {
        let mut workspace = Workspace::default();
        let values =
            ["one", "two"].map(|password| Scheme::Ssha.hash(password.as_bytes(), &[1; 16], &mut workspace).unwrap());
        let mut judge =
            |password: &str| verify(values.iter().map(String::as_bytes), password.as_bytes(), &mut workspace);
        assert!(judge("one") && judge("two") && !judge("three"));
    }

    #[test]
    fn a_very_long_password_neither_matches_nor_is_set() {
        let mut workspace = Workspace::default();
        let longest = vec![b'x'; MAX_LENGTH];
        let value = Scheme::Ssha.hash(&longest, &[1; 16], &mut workspace).unwrap();
        assert!(verify([value.as_bytes()], &longest, &mut workspace));
        let longer = vec![b'x'; MAX_LENGTH + 1];
        assert!(Scheme::Ssha.hash(&longer, &[1; 16], &mut workspace).is_none());
        let empty = Scheme::Ssha.hash(b"", &[1; 16], &mut workspace).unwrap();
        assert!(!verify([empty.as_bytes()], &longer, &mut workspace));
    }

    #[test]
    fn memory_grows_for_a_greater_hash_and_serves_a_lesser_one_after() {
        let mut workspace = Workspace::default();
        let costs = [64, 1024, 64].map(|memory_kib| Scheme::Argon2id(Argon2Cost { memory_kib, ..CHEAP }));
        let first = costs.map(|scheme| scheme.hash(b"secret", &[7; 16], &mut Workspace::default()).unwrap());
        assert_eq!(costs.map(|scheme| scheme.hash(b"secret", &[7; 16], &mut workspace).unwrap()), first);
    }

    proptest! {
        #[test]
        fn arbitrary_values_never_do_harm(value in "(\\{[A-Z0-9-]{1,8}\\})?\\$?[a-z0-9$=,./+]{0,80}", octets in prop::collection::vec(any::<u8>(), 0..80)) {
            let mut workspace = Workspace::default();
            let _ = verify([value.as_bytes(), &octets], &octets, &mut workspace);
        }
    }
}
