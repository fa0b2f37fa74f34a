//! Why a message was not understood.

use std::fmt;

use crate::ber::BerError;

/// What is wrong with a message.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Malformed {
    /// Not well-formed.
    Ber(BerError),
    /// The message ID is not between 1 and 2^31 - 1.
    MessageId,
    /// The operation is none that a client may ask for.
    UnknownOperation(u8),
    /// A number is not one of those defined, or out of its range.
    OutOfRange(&'static str),
    /// The filter is malformed, deeper than 64 levels or longer than 1,024 items.
    Filter,
}

impl From<BerError> for Malformed {
    fn from(error: BerError) -> Self {
        Self::Ber(error)
    }
}

impl fmt::Display for Malformed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Ber(error) => error.fmt(f),
            Self::MessageId => f.write_str("the message ID is not between 1 and 2147483647"),
            Self::UnknownOperation(tag) => write!(f, "tag 0x{tag:02X} is no request"),
            Self::OutOfRange(what) => write!(f, "{what} has no such value"),
            Self::Filter => f.write_str("the filter is malformed, or has more than 64 levels or 1024 items"),
        }
    }
}
