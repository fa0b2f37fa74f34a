//! Why a server does not start: a sentence for the operator.

use std::fmt;

/// What is wrong, and what would be right.
#[derive(Debug)]
pub struct StartError(String);

impl StartError {
    /// A sentence.
    pub fn new(sentence: impl Into<String>) -> Self {
        Self(sentence.into())
    }

    /// What could not be done, and why.
    pub fn because(what: impl fmt::Display, why: impl fmt::Display) -> Self {
        Self(format!("{what}: {why}"))
    }
}

impl fmt::Display for StartError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for StartError {}
