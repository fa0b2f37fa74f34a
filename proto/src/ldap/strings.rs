//! Lists of strings as requests carry them: attribute descriptions, values.

use crate::ber::{BerError, Reader};

/// OCTET STRINGs one after the other, already checked for form.
#[derive(Clone, Copy, Debug, Default)]
pub struct Strings<'a>(&'a [u8]);

impl<'a> Strings<'a> {
    /// The strings in `content`, which must hold OCTET STRINGs and nothing else.
    pub fn decode(content: &'a [u8]) -> Result<Self, BerError> {
        let mut strings = Reader::new(content);
        while !strings.is_empty() {
            strings.octet_string()?;
        }
        Ok(Self(content))
    }

    /// The encoded strings, to be kept and decoded again.
    pub const fn as_octets(&self) -> &'a [u8] {
        self.0
    }

    /// Whether there is none.
    pub const fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The strings in order.
    pub fn iter(&self) -> impl Iterator<Item = &'a [u8]> + use<'a> {
        let mut strings = Reader::new(self.0);
        std::iter::from_fn(move || strings.octet_string().ok())
    }
}
