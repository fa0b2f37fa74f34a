//! The ways in which a token is refused.

/// Why a token is not taken.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Refused {
    /// It is no good; a word for the log.
    Bad(&'static str),
    /// It is good, and not for what is asked here.
    Scope,
    /// Nobody can say: the keys cannot be had.
    Unknown,
}
