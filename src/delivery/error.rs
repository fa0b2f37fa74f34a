//! Why a message was not handed over. An error says who refused and how, never what the message says, and nothing that the other
//! side wrote: it may quote the message.

use std::fmt;

/// A message that was not handed over: a sentence for the log.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DeliveryError(String);

impl DeliveryError {
    /// A sentence without secrets.
    pub fn new(sentence: impl Into<String>) -> Self {
        Self(sentence.into())
    }
}

impl fmt::Display for DeliveryError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for DeliveryError {}
