//! Yubico OTPs: their shape, the token in them, and whether a token is newer than the last one of its device. What is done about a
//! verdict, and where keys are kept, is the handlers'.
//!
//! An OTP is typed by the device as modhex, sixteen letters that every keyboard layout has in the same place: the device's public ID,
//! then one AES-128 block of 32 characters. Inside, little endian:
//!
//! ```text
//! private ID 6 | session counter 2 (15 bits, kept without power) | timestamp 3 (8 Hz) | use in this session 1 | random 2 | CRC-16 2
//! ```
//! Source: Yubico's "YubiKey Manual", OTP format; factor-policies.md 12.4.

use std::fmt;

use aes::{
    Aes128,
    cipher::{BlockCipherDecrypt, KeyInit},
};
use minicbor::{Decode, Encode};
use subtle::{Choice, ConstantTimeEq};
use zeroize::{Zeroize, ZeroizeOnDrop, Zeroizing};

/// Characters of the encrypted part of an OTP.
const TOKEN_LENGTH: usize = 32;
/// Characters of the longest OTP: a public ID of 16, and the encrypted part.
pub const MAX_LENGTH: usize = 48;
/// Modhex: the letter of each value from 0 to 15.
const MODHEX: &[u8; 16] = b"cbdefghijklnrtuv";
/// What the CRC-16 of ISO 13239 comes to over a whole block whose last two octets are its checksum.
const CRC_RESIDUAL: u16 = 0xF0B8;
/// The highest bit of the session counter tells that Caps Lock pressed the button; it does not count.
const COUNTER_BITS: u16 = 0x7FFF;

/// An OTP by its shape; whether it proves anything is another matter.
#[derive(Clone, PartialEq, Eq)]
pub struct Otp {
    text: String,
}

/// What a device and its verifier share. Wiped when dropped, never printed.
#[derive(Clone, PartialEq, Eq, Zeroize, ZeroizeOnDrop)]
pub struct Key {
    /// The AES-128 key.
    aes: [u8; 16],
    /// The private ID, which shows that the right key decrypted the token.
    private_id: [u8; 6],
}

/// How often a device was used: it only goes up. Compared as a pair, the session first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Encode, Decode)]
#[cbor(map)]
pub struct Counters {
    /// How often the device was powered up and used.
    #[n(0)]
    pub session: u16,
    /// Which OTP of this session it is, from 0.
    #[n(1)]
    pub uses: u8,
}

/// A token that its key opened.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Encode, Decode)]
#[cbor(map)]
pub struct Token {
    /// How often the device was used.
    #[n(0)]
    pub counters: Counters,
    /// The device's clock: eighths of a second since it was powered up, from a random start; 24 bits.
    #[n(1)]
    pub timestamp: u32,
}

/// What an OTP is worth to the holder of a key.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// Made by the device, after every OTP that was seen of it. To be recorded before success is answered.
    Fresh(Token),
    /// Made by the device, and seen already, or older than one that was.
    Used(Token),
    /// Not made with this key.
    Wrong,
}

/// A key that is no key; it tells nothing of what was found.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum KeyError {
    /// The AES key is not 32 hexadecimal digits.
    Aes,
    /// The private ID is not 12 hexadecimal digits.
    PrivateId,
}

impl Otp {
    /// An OTP as it was typed: 33 to 48 modhex characters, of which the last 32 are the token. Caps Lock is forgiven; what another
    /// keyboard layout made of it is not.
    pub fn parse(typed: &[u8]) -> Option<Self> {
        if typed.len() <= TOKEN_LENGTH || typed.len() > MAX_LENGTH {
            return None;
        }
        let text = String::from_utf8(typed.to_ascii_lowercase()).ok()?;
        text.bytes().all(|letter| MODHEX.contains(&letter)).then_some(Self { text })
    }

    /// The whole OTP in lower case.
    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// The device's public ID in lower case.
    pub fn public_id(&self) -> &str {
        self.text.split_at(self.text.len().saturating_sub(TOKEN_LENGTH)).0
    }

    fn token(&self) -> [u8; 16] {
        let letters = self.text.as_bytes().last_chunk::<TOKEN_LENGTH>();
        let mut octets = [0; 16];
        for (octet, pair) in octets.iter_mut().zip(letters.into_iter().flat_map(|letters| letters.as_chunks::<2>().0)) {
            let [high, low] = pair.map(value_of);
            *octet = (high << 4) | low;
        }
        octets
    }
}

/// The value of a modhex letter. Others were refused when the OTP was parsed.
fn value_of(letter: u8) -> u8 {
    MODHEX.iter().zip(0..).find_map(|(&known, value)| (known == letter).then_some(value)).unwrap_or_default()
}

/// A public ID as it is kept: 1 to 16 modhex characters in lower case.
pub fn public_id(text: &str) -> Option<String> {
    let text = text.to_ascii_lowercase();
    let fits = (1..=MAX_LENGTH - TOKEN_LENGTH).contains(&text.len());
    (fits && text.bytes().all(|letter| MODHEX.contains(&letter))).then_some(text)
}

/// How many characters a device with this public ID types.
pub fn length_of_otp(public_id: &str) -> Option<u8> {
    u8::try_from(public_id.len() + TOKEN_LENGTH).ok()
}

impl Key {
    /// A key from hexadecimal text: 32 digits of AES key, 12 of private ID; spaces between digits do not matter.
    ///
    /// # Errors
    /// Which of the two is none.
    pub fn from_hex(aes: &str, private_id: &str) -> Result<Self, KeyError> {
        let aes = unhex(aes).ok_or(KeyError::Aes)?;
        let private_id = unhex(private_id).ok_or(KeyError::PrivateId)?;
        Ok(Self { aes, private_id })
    }

    /// The key from the octets that [`Self::octets`] gave.
    pub fn from_octets(octets: &[u8]) -> Option<Self> {
        let (aes, private_id) = octets.split_first_chunk::<16>()?;
        Some(Self { aes: *aes, private_id: private_id.try_into().ok()? })
    }

    /// All of it, to be sealed.
    pub fn octets(&self) -> Zeroizing<Vec<u8>> {
        Zeroizing::new([&self.aes[..], &self.private_id].concat())
    }

    /// What `otp` is worth, if `last` are the counters of the newest OTP that was seen of this device.
    pub fn judge(&self, otp: &Otp, last: Option<Counters>) -> Verdict {
        match self.open(otp) {
            None => Verdict::Wrong,
            Some(token) if last.is_some_and(|last| token.counters <= last) => Verdict::Used(token),
            Some(token) => Verdict::Fresh(token),
        }
    }

    /// The token in `otp`, if this key made it.
    fn open(&self, otp: &Otp) -> Option<Token> {
        let mut block = otp.token().into();
        Aes128::new(&self.aes.into()).decrypt_block(&mut block);
        let block: Zeroizing<[u8; 16]> = Zeroizing::new(block.into());
        let [p0, p1, p2, p3, p4, p5, s0, s1, t0, t1, t2, uses, ..] = *block;
        // Both are always looked at: time does not tell which of them was wrong.
        let is_whole = Choice::from(u8::from(crc(&*block) == CRC_RESIDUAL));
        let is_ours = self.private_id.ct_eq(&[p0, p1, p2, p3, p4, p5]);
        bool::from(is_whole & is_ours).then(|| Token {
            counters: Counters { session: u16::from_le_bytes([s0, s1]) & COUNTER_BITS, uses },
            timestamp: u32::from_le_bytes([t0, t1, t2, 0]),
        })
    }
}

/// CRC-16 of ISO 13239 (polynomial 0x8408 reflected, from 0xFFFF), as the device computes it.
fn crc(octets: &[u8]) -> u16 {
    octets.iter().fold(0xFFFF, |crc, &octet| {
        (0..8).fold(crc ^ u16::from(octet), |crc, _| if crc & 1 == 1 { (crc >> 1) ^ 0x8408 } else { crc >> 1 })
    })
}

fn unhex<const N: usize>(text: &str) -> Option<[u8; N]> {
    let digits = Zeroizing::new(text.bytes().filter(|octet| !octet.is_ascii_whitespace()).collect::<Vec<u8>>());
    let (pairs, rest) = digits.as_chunks::<2>();
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

impl fmt::Debug for Otp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // The rest may still be good somewhere.
        write!(f, "Otp({}...)", self.public_id())
    }
}

impl fmt::Debug for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Key(secret)")
    }
}

impl fmt::Display for KeyError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Aes => "the AES key is not 32 hexadecimal digits",
            Self::PrivateId => "the private ID is not 12 hexadecimal digits",
        })
    }
}

impl std::error::Error for KeyError {}

#[cfg(test)]
mod tests;
