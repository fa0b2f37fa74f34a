//! The alphabets in which stored passwords are written.

use base64::{
    Engine,
    alphabet::{self, Alphabet},
    engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig},
};

/// Others leave the padding off, or write it where it is not needed.
const CONFIG: GeneralPurposeConfig =
    GeneralPurposeConfig::new().with_encode_padding(false).with_decode_padding_mode(DecodePaddingMode::Indifferent);

/// RFC 4648 section 4; padding optional when read, absent when written.
pub(super) const STANDARD: GeneralPurpose = GeneralPurpose::new(&alphabet::STANDARD, CONFIG);

/// The same with `.` for `+`, as passlib and OpenLDAP's pw-pbkdf2 write it.
pub(super) const ADAPTED: GeneralPurpose = GeneralPurpose::new(&ADAPTED_ALPHABET, CONFIG);

const ADAPTED_ALPHABET: Alphabet =
    match Alphabet::new("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789./") {
        Ok(alphabet) => alphabet,
        Err(_) => alphabet::STANDARD,
    };

/// RFC 4648 section 4 with padding.
pub(super) fn encode_standard(octets: &[u8]) -> String {
    base64::engine::general_purpose::STANDARD.encode(octets)
}
