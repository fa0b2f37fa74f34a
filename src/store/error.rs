//! Why a store did not do what it was asked, and what a client is told when a handler has no better answer.

use std::fmt;

use countersign_proto::result_code::ResultCode;

use crate::error::Error;

/// Why a store did not do what it was asked; nothing was changed.
pub enum StoreError {
    /// The value changed since it was read: read again, judge again, try again. The caller's to handle.
    Conflict,
    /// The name is taken.
    Exists,
    /// The name above has no entry.
    NoParent,
    /// Something is below the entry, or it would come to lie below itself.
    NotLeaf,
    /// There is no such entry.
    NotFound,
    /// The disk or the map is full; reading goes on, and writing when there is room again.
    Full,
    /// What is stored disagrees with its checksum or with itself; the sentence says what. The operator's to handle.
    Damaged(String),
    /// The store cannot be reached or cannot write.
    Unavailable(Box<dyn std::error::Error + Send + Sync>),
}

impl fmt::Display for StoreError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Conflict => f.write_str("the entry was changed by somebody else meanwhile"),
            Self::Exists => f.write_str("an entry with this name exists"),
            Self::NoParent => f.write_str("the entry above does not exist"),
            Self::NotLeaf => f.write_str("there are entries below this one"),
            Self::NotFound => f.write_str("there is no such entry"),
            Self::Full => f.write_str("the store has no room left: free disk space, or raise the limit of its size"),
            Self::Damaged(what) => write!(f, "the store is damaged: {what}"),
            Self::Unavailable(cause) => write!(f, "the store is unavailable: {cause}"),
        }
    }
}

impl fmt::Debug for StoreError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl std::error::Error for StoreError {}

impl From<StoreError> for Error {
    fn from(error: StoreError) -> Self {
        match error {
            StoreError::Conflict => Self::busy(),
            StoreError::Exists => Self::new(ResultCode::ENTRY_ALREADY_EXISTS, "An entry with this name exists already"),
            StoreError::NoParent => Self::new(ResultCode::NO_SUCH_OBJECT, "The entry above this name does not exist"),
            StoreError::NotLeaf => Self::new(
                ResultCode::NOT_ALLOWED_ON_NON_LEAF,
                "There are entries below this one; delete or move them first",
            ),
            StoreError::NotFound => Self::no_such_object(None),
            StoreError::Full => Self::new(ResultCode::UNAVAILABLE, "The server has no room left to record this")
                .because(StoreError::Full),
            StoreError::Damaged(_) => Self::other(error),
            StoreError::Unavailable(_) => Self::unavailable(error),
        }
    }
}
