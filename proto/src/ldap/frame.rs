//! Where one LDAPMessage ends and the next begins in a stream of octets. Nothing inside the message is looked at.

use std::fmt;

use crate::ber::tag;

/// Why a stream cannot be cut into messages any longer: the connection must end (RFC 4511 section 4.1.1).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FrameError {
    /// The first octet is not that of a SEQUENCE.
    NotASequence,
    /// The length is indefinite or has more than four octets.
    BadLength,
    /// The message is longer than this connection may send.
    TooLarge {
        /// The length it announces, tag and length octets included.
        length: usize,
    },
}

impl fmt::Display for FrameError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NotASequence => f.write_str("the message is not an LDAPMessage"),
            Self::BadLength => f.write_str("the length of the message has a form that LDAP forbids"),
            Self::TooLarge { length } => write!(f, "a message of {length} octets is larger than is allowed here"),
        }
    }
}

impl std::error::Error for FrameError {}

/// The whole length of the first message in `buffer`, tag and length octets included, once its header is there; the message is
/// complete when `buffer` has that many octets. `None` when more octets are needed to tell.
///
/// `limit`: the longest message allowed. It is checked here, before anybody reserves memory for the message.
pub fn frame_length(buffer: &[u8], limit: usize) -> Result<Option<usize>, FrameError> {
    match buffer.first() {
        None => return Ok(None),
        Some(&tag::SEQUENCE) => {}
        Some(_) => return Err(FrameError::NotASequence),
    }
    let Some(&first) = buffer.get(1) else { return Ok(None) };
    let (header, content) = match first {
        0..=0x7F => (2, usize::from(first)),
        0x81..=0x84 => {
            let header = 2 + usize::from(first & 0x7F);
            let Some(octets) = buffer.get(2..header) else { return Ok(None) };
            (header, octets.iter().fold(0_usize, |length, &octet| length << 8 | usize::from(octet)))
        }
        _ => return Err(FrameError::BadLength),
    };
    let length = content.saturating_add(header);
    if length > limit { Err(FrameError::TooLarge { length }) } else { Ok(Some(length)) }
}
