//! The classes of attributes: what a search returns unasked, what it returns when asked, what it never returns.

/// Where a segment lies and who may see it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Class {
    /// Returned for `*`.
    User,
    /// Returned for `+` or by name.
    Operational,
    /// Never returned (userPassword).
    Secret,
}
