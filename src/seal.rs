//! Secrets at rest: sealed with a key that lies outside the data directory, and bound to the entry and attribute they belong to.
//! Reading and writing the key file is `config`'s and `cli`'s; what stands in it is at home here.
//!
//! A key file is text: one key a line, `<key id> <key>` in hexadecimal, `#` begins a comment. The first key seals; every key opens,
//! so that a new key can be put before an old one. The key id is the first 8 octets of the SHA-256 of the key, so a line
//! in which a digit was changed is noticed at once.
//!
//! A sealed value is: version 1, key id (8 octets), nonce (24), XChaCha20-Poly1305 ciphertext with its tag (16).
//! Associated data: version, entry UUID (16), attribute name. A value copied to another entry or attribute does not open.
//!
//! What needs only to be recognised is not sealed but hashed: a keyed hash is version 1, key id (8 octets), HMAC-SHA-256 (32) under a key
//! that is derived from the seal key for this purpose, over the associated data (with its length) and the secret.

mod cipher;

use std::fmt;

use hmac::{Hmac, KeyInit, Mac};
use sha2::{Digest, Sha256};
use subtle::ConstantTimeEq;
use zeroize::Zeroizing;

use self::cipher::{Cipher, NONCE};
use crate::random::{Random, RandomError, octets};

const VERSION: u8 = 1;
const KEY_ID: usize = 8;

/// Seals and opens secrets.
pub struct Sealer {
    keys: Vec<Key>,
}

/// Where a secret lives: it opens nowhere else.
#[derive(Clone, Copy, Debug)]
pub struct Place<'a> {
    /// The entry's UUID (RFC 4530).
    pub entry: uuid::Uuid,
    /// The attribute's canonical name, for instance `ds-auth-totp-shared-secret`.
    pub attribute: &'a str,
}

/// Why a key file is refused; a sentence that shows nothing of a key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum KeyFileError {
    /// No key in it.
    Empty,
    /// This line is not `<16 hexadecimal digits> <64 hexadecimal digits>`.
    Malformed(usize),
    /// The key id of this line is not its key's.
    Altered(usize),
}

/// Why a sealed value does not open.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum OpenError {
    /// No sealed value of a known version.
    Malformed,
    /// Sealed with a key that the key file does not hold; this is its id.
    UnknownKey(String),
    /// Altered, or sealed for another entry or attribute.
    Refused,
}

struct Key {
    id: [u8; KEY_ID],
    cipher: Cipher,
    /// For keyed hashes.
    hashing: Hmac<Sha256>,
}

impl Sealer {
    /// The text of a new key file with one random key.
    ///
    /// # Errors
    /// The random generator failed.
    pub fn new_key_file(random: &dyn Random) -> Result<Zeroizing<String>, RandomError> {
        let key = Zeroizing::new(octets::<32>(random)?);
        let line = Zeroizing::new(format!("{} {}\n", hex(&key_id(&key)), *Zeroizing::new(hex(&*key))));
        Ok(Zeroizing::new(format!(
            "# countersign seal key: without it the secrets of the data directory are lost.\n{}",
            *line
        )))
    }

    /// The keys in the text of a key file.
    ///
    /// # Errors
    /// What is wrong with the file, and where.
    pub fn parse(text: &str) -> Result<Self, KeyFileError> {
        let mut keys = Vec::new();
        for (index, line) in text.lines().enumerate() {
            let line = line.split('#').next().unwrap_or_default().trim();
            if !line.is_empty() {
                keys.push(Key::parse(line, index + 1)?);
            }
        }
        if keys.is_empty() { Err(KeyFileError::Empty) } else { Ok(Self { keys }) }
    }

    /// The id of the key that seals, in hexadecimal.
    pub fn key_id(&self) -> String {
        self.keys.first().map(|key| hex(&key.id)).unwrap_or_default()
    }

    /// The ids of all keys, the sealing one first.
    pub fn key_ids(&self) -> Vec<String> {
        self.keys.iter().map(|key| hex(&key.id)).collect()
    }

    /// Whether the key file holds the key with this id (hexadecimal): a data directory remembers the one it was written with.
    pub fn holds(&self, key_id: &str) -> bool {
        self.keys.iter().any(|key| hex(&key.id).eq_ignore_ascii_case(key_id))
    }

    /// `secret`, sealed for `place`.
    ///
    /// # Errors
    /// The random generator failed.
    pub fn seal(&self, random: &dyn Random, place: Place<'_>, secret: &[u8]) -> Result<Vec<u8>, RandomError> {
        let key = self.keys.first().ok_or(RandomError)?;
        let nonce = octets::<NONCE>(random)?;
        // Encryption fails for secrets of 256 GiB only.
        let sealed = key.cipher.seal(&nonce, &place.associated_data(), secret).ok_or(RandomError)?;
        Ok([&[VERSION][..], &key.id, &nonce, &sealed].concat())
    }

    /// The secret that was sealed for `place`.
    ///
    /// # Errors
    /// Which of the ways it failed.
    pub fn open(&self, place: Place<'_>, sealed: &[u8]) -> Result<Zeroizing<Vec<u8>>, OpenError> {
        let (&version, rest) = sealed.split_first().ok_or(OpenError::Malformed)?;
        let (id, rest) = rest.split_first_chunk::<KEY_ID>().ok_or(OpenError::Malformed)?;
        let (nonce, ciphertext) = rest.split_first_chunk::<NONCE>().ok_or(OpenError::Malformed)?;
        if version != VERSION {
            return Err(OpenError::Malformed);
        }
        let key = self.keys.iter().find(|key| key.id == *id).ok_or_else(|| OpenError::UnknownKey(hex(id)))?;
        key.cipher.open(nonce, &place.associated_data(), ciphertext).ok_or(OpenError::Refused)
    }
}

impl Sealer {
    /// The keyed hash of a secret that belongs to `place`.
    pub fn keyed_hash(&self, place: Place<'_>, secret: &[u8]) -> Vec<u8> {
        self.keys.first().map(|key| key.keyed_hash(place, secret)).unwrap_or_default()
    }

    /// Whether `hash` is the keyed hash of this secret for this place, under any of the keys. Takes the same time for every secret.
    pub fn is_keyed_hash(&self, place: Place<'_>, secret: &[u8], hash: &[u8]) -> bool {
        self.position_of_keyed_hash(place, secret, [hash]).is_some()
    }

    /// Which of `hashes` is the keyed hash of this secret for this place, under any of the keys. All are compared, whichever it is.
    pub fn position_of_keyed_hash<'h>(
        &self,
        place: Place<'_>,
        secret: &[u8],
        hashes: impl IntoIterator<Item = &'h [u8]>,
    ) -> Option<usize> {
        let ours: Vec<Vec<u8>> = self.keys.iter().map(|key| key.keyed_hash(place, secret)).collect();
        let is_ours = |hash: &[u8]| ours.iter().fold(false, |found, ours| found | bool::from(ours.ct_eq(hash)));
        hashes.into_iter().enumerate().fold(None, |found, (position, hash)| match is_ours(hash) {
            true => found.or(Some(position)),
            false => found,
        })
    }
}

impl fmt::Debug for Sealer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Sealer({})", self.key_id())
    }
}

impl Key {
    fn parse(line: &str, number: usize) -> Result<Self, KeyFileError> {
        let malformed = KeyFileError::Malformed(number);
        let (id, key) = line.split_once(char::is_whitespace).ok_or_else(|| malformed.clone())?;
        let id: [u8; KEY_ID] = unhex(id).ok_or_else(|| malformed.clone())?;
        let key = Zeroizing::new(unhex::<32>(key.trim_start()).ok_or(malformed)?);
        if id != key_id(&key) {
            return Err(KeyFileError::Altered(number));
        }
        let derived = Zeroizing::new(mac(&hmac(&*key), &[b"countersign keyed hash"]));
        Ok(Self { id, cipher: Cipher::new(key), hashing: hmac(&*derived) })
    }
}

impl Key {
    fn keyed_hash(&self, place: Place<'_>, secret: &[u8]) -> Vec<u8> {
        let data = place.associated_data();
        let length = u64::try_from(data.len()).unwrap_or(u64::MAX).to_be_bytes();
        [&[VERSION][..], &self.id, &mac(&self.hashing, &[&length, &data, secret])].concat()
    }
}

impl Place<'_> {
    fn associated_data(&self) -> Vec<u8> {
        [&[VERSION][..], self.entry.as_bytes(), self.attribute.as_bytes()].concat()
    }
}

impl fmt::Display for KeyFileError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Empty => f.write_str("the seal key file holds no key; `countersign init` makes one"),
            Self::Malformed(line) => {
                write!(
                    f,
                    "line {line} of the seal key file is not a key: 16 hexadecimal digits, a space, 64 hexadecimal digits"
                )
            }
            Self::Altered(line) => {
                write!(f, "line {line} of the seal key file was altered: its key does not have this key id")
            }
        }
    }
}

impl std::error::Error for KeyFileError {}

impl fmt::Display for OpenError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Malformed => f.write_str("a stored secret is not in the form in which secrets are sealed"),
            Self::UnknownKey(id) => {
                write!(f, "a stored secret was sealed with key {id}, which the seal key file does not hold")
            }
            Self::Refused => f.write_str("a stored secret was altered or belongs to another entry"),
        }
    }
}

impl std::error::Error for OpenError {}

fn hmac(key: &[u8]) -> Hmac<Sha256> {
    let mut block = [0; 64];
    // Keys are 32 octets here; HMAC pads a shorter key with zeros to the block.
    block.iter_mut().zip(key).for_each(|(padded, octet)| *padded = *octet);
    KeyInit::new(&block.into())
}

fn mac(keyed: &Hmac<Sha256>, parts: &[&[u8]]) -> [u8; 32] {
    let mut mac = keyed.clone();
    parts.iter().for_each(|part| mac.update(part));
    mac.finalize().into_bytes().into()
}

fn key_id(key: &[u8; 32]) -> [u8; KEY_ID] {
    let digest = Sha256::new().chain_update(b"countersign seal key id").chain_update(key).finalize();
    let mut id = [0; KEY_ID];
    id.iter_mut().zip(digest).for_each(|(octet, hashed)| *octet = hashed);
    id
}

fn hex(octets: &[u8]) -> String {
    let mut text = String::with_capacity(octets.len() * 2);
    for octet in octets {
        for digit in [octet >> 4, octet & 15] {
            text.extend(char::from_digit(u32::from(digit), 16));
        }
    }
    text
}

fn unhex<const N: usize>(text: &str) -> Option<[u8; N]> {
    let (pairs, rest) = text.as_bytes().as_chunks::<2>();
    if pairs.len() != N || !rest.is_empty() {
        return None;
    }
    let mut octets = [0; N];
    for (octet, pair) in octets.iter_mut().zip(pairs) {
        let [high, low] = pair.map(|digit| char::from(digit).to_digit(16));
        *octet = u8::try_from(high? * 16 + low?).ok()?;
    }
    Some(octets)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::indexing_slicing)]
    use uuid::Uuid;

    use super::*;
    use crate::random::SeededRandom;

    const HERE: Place<'_> = Place { entry: Uuid::from_u128(1), attribute: "ds-auth-totp-shared-secret" };

    fn sealer(seed: u64) -> Sealer {
        Sealer::parse(&Sealer::new_key_file(&SeededRandom::new(seed)).unwrap()).unwrap()
    }

    #[test]
    fn a_secret_opens_where_it_was_sealed_and_nowhere_else() {
        let (sealer, random) = (sealer(1), SeededRandom::new(2));
        let sealed = sealer.seal(&random, HERE, b"12345678901234567890").unwrap();
        assert_eq!(*sealer.open(HERE, &sealed).unwrap(), b"12345678901234567890");
        assert_ne!(sealed, sealer.seal(&random, HERE, b"12345678901234567890").unwrap());
        let elsewhere = [Place { entry: Uuid::from_u128(2), ..HERE }, Place { attribute: "other", ..HERE }];
        assert!(elsewhere.iter().all(|place| sealer.open(*place, &sealed) == Err(OpenError::Refused)));
    }

    #[test]
    fn every_altered_or_shortened_value_is_refused() {
        let sealer = sealer(1);
        let sealed = sealer.seal(&SeededRandom::new(2), HERE, b"secret").unwrap();
        for index in 0..sealed.len() {
            let mut altered = sealed.clone();
            altered[index] ^= 1;
            assert!(sealer.open(HERE, &altered).is_err(), "octet {index}");
            assert!(sealer.open(HERE, &sealed[..index]).is_err(), "length {index}");
        }
    }

    #[test]
    fn a_new_first_key_seals_and_the_old_one_still_opens() {
        let files = [3, 4].map(|seed| Sealer::new_key_file(&SeededRandom::new(seed)).unwrap());
        let old = Sealer::parse(&files[0]).unwrap();
        let sealed = old.seal(&SeededRandom::new(5), HERE, b"secret").unwrap();
        let both = Sealer::parse(&format!("{}{}", *files[1], *files[0])).unwrap();
        assert_eq!(*both.open(HERE, &sealed).unwrap(), b"secret");
        assert!(both.holds(&old.key_id()) && both.key_id() != old.key_id());
        let new_alone = Sealer::parse(&files[1]).unwrap();
        assert_eq!(new_alone.open(HERE, &sealed), Err(OpenError::UnknownKey(old.key_id())));
    }

    #[test]
    fn a_keyed_hash_knows_its_secret_its_place_and_its_key() {
        let files = [3, 4].map(|seed| Sealer::new_key_file(&SeededRandom::new(seed)).unwrap());
        let old = Sealer::parse(&files[0]).unwrap();
        let hash = old.keyed_hash(HERE, b"123456");
        assert_eq!(hash.len(), 1 + KEY_ID + 32);
        assert!(old.is_keyed_hash(HERE, b"123456", &hash));
        assert!(!hash.windows(6).any(|octets| octets == b"123456"));
        for (place, secret) in [
            (HERE, &b"123457"[..]),
            (HERE, b""),
            (Place { entry: Uuid::from_u128(2), ..HERE }, b"123456"),
            (Place { attribute: "ds-auth-totp-shared-secre", ..HERE }, b"t123456"),
        ] {
            assert!(!old.is_keyed_hash(place, secret, &hash));
        }
        assert!(!old.is_keyed_hash(HERE, b"123456", &hash[1..]) && !old.is_keyed_hash(HERE, b"123456", &[]));
        let both = Sealer::parse(&format!("{}{}", *files[1], *files[0])).unwrap();
        assert!(both.is_keyed_hash(HERE, b"123456", &hash));
        let new = both.keyed_hash(HERE, b"654321");
        let hashes = [&[][..], &hash, &new];
        let position = |secret: &[u8]| both.position_of_keyed_hash(HERE, secret, hashes);
        assert_eq!([b"123456", b"654321", b"111111"].map(|secret| position(secret)), [Some(1), Some(2), None]);
        assert_ne!(both.keyed_hash(HERE, b"123456"), hash);
        assert!(!Sealer::parse(&files[1]).unwrap().is_keyed_hash(HERE, b"123456", &hash));
    }

    #[test]
    fn a_damaged_key_file_is_refused_with_the_line() {
        let file = Sealer::new_key_file(&SeededRandom::new(6)).unwrap();
        let last = file.trim_end().chars().last().unwrap();
        let mut altered = file.trim_end().to_owned();
        altered.pop();
        assert_eq!(Sealer::parse(&altered).err(), Some(KeyFileError::Malformed(2)));
        altered.push(if last == '0' { '1' } else { '0' });
        assert_eq!(Sealer::parse(&altered).err(), Some(KeyFileError::Altered(2)));
        assert_eq!(Sealer::parse("# nothing\n\n").err(), Some(KeyFileError::Empty));
    }
}
