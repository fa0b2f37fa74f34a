//! What a request is told of the password that it sets, beside its result: a handler tells, the door that was asked for it reads.

use std::{
    fmt,
    sync::{Arc, Mutex, PoisonError},
};

use countersign_proto::password_validation::PasswordValidationDetails;

/// The report of one request, shared by all clones of its caller; empty where nobody asks for one.
#[derive(Clone, Default)]
pub struct PasswordReport(Option<Arc<Mutex<PasswordValidationDetails>>>);

impl PasswordReport {
    /// The report of a request that asks for it.
    pub fn wanted() -> Self {
        Self(Some(Arc::default()))
    }

    /// Whether somebody asks.
    pub const fn is_wanted(&self) -> bool {
        self.0.is_some()
    }

    /// Writes something into it, if somebody asks.
    pub fn tell(&self, write: impl FnOnce(&mut PasswordValidationDetails)) {
        if let Some(details) = &self.0 {
            write(&mut details.lock().unwrap_or_else(PoisonError::into_inner));
        }
    }

    /// What was written.
    pub fn told(&self) -> Option<PasswordValidationDetails> {
        self.0.as_ref().map(|details| details.lock().unwrap_or_else(PoisonError::into_inner).clone())
    }
}

impl fmt::Debug for PasswordReport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("PasswordReport")
    }
}
