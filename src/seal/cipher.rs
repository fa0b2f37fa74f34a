//! XChaCha20-Poly1305 (draft-irtf-cfrg-xchacha-03 section 2): HChaCha20 makes a key for one nonce out of the key and 16 octets of
//! the nonce; with that and the other 8, ChaCha20-Poly1305 (RFC 8439) does the rest.
//!
//! ChaCha20-Poly1305 is that of the library behind TLS: it opens the few octets of a secret in a fifth of the time that RustCrypto's
//! takes as it is built by default, and every TOTP bind opens one.

#[cfg(feature = "aws-lc-rs")]
use aws_lc_rs::aead;
use chacha20::{R20, hchacha};
#[cfg(not(feature = "aws-lc-rs"))]
use ring::aead;
use zeroize::Zeroizing;

/// Octets of a nonce.
pub(super) const NONCE: usize = 24;

/// Octets of the nonce that go into the key for it.
const OF_KEY: usize = 16;

/// A key that seals and opens.
pub(super) struct Cipher(Zeroizing<[u8; 32]>);

impl Cipher {
    pub(super) const fn new(key: Zeroizing<[u8; 32]>) -> Self {
        Self(key)
    }

    /// `secret` encrypted, and its tag; `None` for what is longer than ChaCha20 can encrypt (256 GiB).
    pub(super) fn seal(&self, nonce: &[u8; NONCE], associated_data: &[u8], secret: &[u8]) -> Option<Vec<u8>> {
        let (key, nonce) = self.once(nonce)?;
        let mut sealed = Vec::with_capacity(secret.len() + key.algorithm().tag_len());
        sealed.extend_from_slice(secret);
        let tag = key.seal_in_place_separate_tag(nonce, aead::Aad::from(associated_data), &mut sealed).ok()?;
        sealed.extend_from_slice(tag.as_ref());
        Some(sealed)
    }

    /// What was sealed with this nonce and associated data; `None` if it was not.
    pub(super) fn open(
        &self,
        nonce: &[u8; NONCE],
        associated_data: &[u8],
        sealed: &[u8],
    ) -> Option<Zeroizing<Vec<u8>>> {
        let (key, nonce) = self.once(nonce)?;
        let mut secret = Zeroizing::new(sealed.to_vec());
        let length = key.open_in_place(nonce, aead::Aad::from(associated_data), &mut secret).ok()?.len();
        secret.truncate(length);
        Some(secret)
    }

    /// The key for this nonce, and what is left of the nonce behind four zeros.
    fn once(&self, nonce: &[u8; NONCE]) -> Option<(aead::LessSafeKey, aead::Nonce)> {
        let (of_key, rest) = nonce.split_first_chunk::<OF_KEY>()?;
        let key = Zeroizing::new(<[u8; 32]>::from(hchacha::<R20>((&*self.0).into(), of_key.into())));
        let key = aead::UnboundKey::new(&aead::CHACHA20_POLY1305, &*key).ok()?;
        let mut octets = [0; aead::NONCE_LEN];
        octets.get_mut(aead::NONCE_LEN - rest.len()..)?.copy_from_slice(rest);
        Some((aead::LessSafeKey::new(key), aead::Nonce::assume_unique_for_key(octets)))
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    /// draft-irtf-cfrg-xchacha-03 appendix A.3.1.
    #[test]
    fn the_known_answer_is_given() {
        let cipher = Cipher::new(Zeroizing::new(std::array::from_fn(|at| 0x80 + at as u8)));
        let nonce = std::array::from_fn(|at| 0x40 + at as u8);
        let data = [0x50, 0x51, 0x52, 0x53, 0xc0, 0xc1, 0xc2, 0xc3, 0xc4, 0xc5, 0xc6, 0xc7];
        let text = "Ladies and Gentlemen of the class of '99: If I could offer you only one tip for the future, \
                    sunscreen would be it.";
        let expected = "bd6d179d3e83d43b9576579493c0e939572a1700252bfaccbed2902c21396cbb731c7f1b0b4aa6440bf3a82f4eda7e39\
                        ae64c6708c54c216cb96b72e1213b4522f8c9ba40db5d945b11b69b982c1bb9e3f3fac2bc369488f76b2383565d3fff9\
                        21f9664c97637da9768812f615c68b13b52ec0875924c1c7987947deafd8780acf49";
        let sealed = cipher.seal(&nonce, &data, text.as_bytes()).unwrap();
        assert_eq!(sealed.iter().map(|octet| format!("{octet:02x}")).collect::<String>(), expected);
        assert_eq!(*cipher.open(&nonce, &data, &sealed).unwrap(), text.as_bytes());
    }
}
