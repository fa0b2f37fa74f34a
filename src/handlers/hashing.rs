//! Where passwords are hashed: a bounded pool of threads, so that a flood of binds cannot starve searches.

/// The pool.
#[derive(Debug)]
pub struct Hashing {}
