//! Looking for secrets where none may be, in whatever spelling they would still be readable.

use std::{collections::HashMap, fs, path::Path};

use base64::prelude::{BASE64_STANDARD_NO_PAD, BASE64_URL_SAFE_NO_PAD, Engine};
use sha1::Sha1;
use sha2::{Digest, Sha256};

/// The shortest spelling that is looked for, in octets: shorter ones come up by chance.
const SHORTEST: usize = 6;

/// Secrets that a test knows, by the first octets of each of their spellings.
pub struct Secrets(HashMap<[u8; SHORTEST], Vec<Spelling>>);

struct Spelling {
    secret: String,
    octets: Vec<u8>,
}

impl Secrets {
    pub fn new(secrets: &[String]) -> Self {
        let mut known: HashMap<_, Vec<Spelling>> = HashMap::new();
        for secret in secrets {
            let spellings = spellings(secret);
            assert!(
                spellings.iter().any(|octets| octets.len() >= SHORTEST),
                "{secret:?} is too short to be looked for"
            );
            for octets in spellings {
                if let Some(first) = octets.first_chunk() {
                    known.entry(*first).or_default().push(Spelling { secret: secret.clone(), octets });
                }
            }
        }
        Self(known)
    }

    /// The secret that `bytes` hold, and as what.
    pub fn found_in(&self, bytes: &[u8]) -> Option<(&str, String)> {
        (0..bytes.len()).find_map(|at| {
            let candidates = self.0.get(bytes[at..].first_chunk()?)?;
            let found = candidates.iter().find(|spelling| bytes[at..].starts_with(&spelling.octets))?;
            Some((found.secret.as_str(), String::from_utf8_lossy(&found.octets).into_owned()))
        })
    }

    pub fn assert_absent(&self, place: &str, bytes: &[u8]) {
        let found = self.found_in(bytes);
        assert!(found.is_none(), "{place} holds {:?}", found.unwrap());
    }

    /// The same of every file of a folder.
    pub fn assert_absent_below(&self, folder: &Path) {
        for entry in fs::read_dir(folder).unwrap().map(Result::unwrap) {
            match entry.file_type().unwrap() {
                kind if kind.is_dir() => self.assert_absent_below(&entry.path()),
                kind if kind.is_file() => {
                    self.assert_absent(&entry.path().display().to_string(), &fs::read(entry.path()).unwrap());
                }
                _ => {}
            }
        }
    }
}

/// The secret as it is and as it is hashed without a key, each in octets and in the usual encodings of octets.
fn spellings(secret: &str) -> Vec<Vec<u8>> {
    let bare = secret.replace('-', "");
    let mut raw =
        vec![secret.as_bytes().to_vec(), secret.to_lowercase().into_bytes(), secret.to_uppercase().into_bytes()];
    raw.push(bare.clone().into_bytes());
    raw.extend(base32::decode(base32::Alphabet::Rfc4648 { padding: false }, secret));
    raw.extend(unhex(secret));
    for text in [secret, &bare] {
        raw.push(Sha1::digest(text.as_bytes()).to_vec());
        raw.push(Sha256::digest(text.as_bytes()).to_vec());
    }
    raw.sort_unstable();
    raw.dedup();
    raw.iter().flat_map(|octets| encodings(octets)).collect()
}

fn encodings(octets: &[u8]) -> Vec<Vec<u8>> {
    let hex: String = octets.iter().map(|octet| format!("{octet:02x}")).collect();
    let base32 = base32::encode(base32::Alphabet::Rfc4648 { padding: false }, octets);
    // The last character depends on what follows.
    let base32 = base32[..octets.len() * 8 / 5].to_owned();
    let mut found = vec![octets.to_vec(), hex.to_uppercase().into_bytes(), hex.into_bytes()];
    found.extend([base32.to_lowercase().into_bytes(), base32.into_bytes()]);
    for before in 0..3 {
        // In the middle of a longer text it may begin at any of three places.
        let longer = [&vec![0; before], octets].concat();
        for engine in [BASE64_STANDARD_NO_PAD, BASE64_URL_SAFE_NO_PAD] {
            let encoded = engine.encode(&longer);
            found.push(encoded.as_bytes()[(before * 8).div_ceil(6)..longer.len() * 8 / 6].to_vec());
        }
    }
    found
}

fn unhex(text: &str) -> Option<Vec<u8>> {
    let pairs = text.as_bytes().chunks(2).map(|pair| std::str::from_utf8(pair).ok());
    pairs.map(|pair| pair.filter(|pair| pair.len() == 2).and_then(|pair| u8::from_str_radix(pair, 16).ok())).collect()
}
