//! The one error of the server: what the client is told, and what only the log may know.
//! How it becomes an LDAPResult is `ldap/outcome.rs`; how it becomes an HTTP status is `rest/status.rs`.

use std::{borrow::Cow, fmt};

use countersign_proto::result_code::ResultCode;

/// What every failed authentication says, whatever failed.
pub const AUTHENTICATION_FAILED: &str = "Unable to authenticate with the provided credentials";

/// The result of anything a client asked for.
pub type Result<T, E = Error> = std::result::Result<T, E>;

/// A refusal or failure: `code`, `diagnostic` and `matched_dn` go to the client, `source` goes to the log and only there.
pub struct Error {
    /// The LDAP result code, also the origin of the HTTP status.
    pub code: ResultCode,
    /// A sentence for the person at the other end: what was wrong and what would be right. Never a secret.
    pub diagnostic: Cow<'static, str>,
    /// Where several things were wrong, each by itself; `diagnostic` says them all.
    pub details: Vec<String>,
    /// The nearest existing ancestor of a missing entry (RFC 4511 section 4.1.9), in its stored spelling.
    pub matched_dn: Option<String>,
    /// The reason for the audit line, from the fixed list of `telemetry/audit.rs`.
    pub reason: Option<Cow<'static, str>>,
    /// What the password policy control says is wrong, where the client asks for it.
    pub policy: Option<PolicyError>,
    /// The cause, for the log only.
    pub source: Option<Box<dyn std::error::Error + Send + Sync>>,
}

/// What a password policy finds wrong, by the numbers of draft-behera-ldap-password-policy.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PolicyError {
    /// The password is right and too old.
    PasswordExpired = 0,
    /// The account is locked.
    AccountLocked = 1,
    /// The password was set by somebody else and must be changed first.
    ChangeAfterReset = 2,
    /// Users must not change the password.
    PasswordModNotAllowed = 3,
    /// The present password must be given.
    MustSupplyOldPassword = 4,
    /// The new password breaks a rule.
    InsufficientPasswordQuality = 5,
    /// The new password is too short.
    PasswordTooShort = 6,
    /// The present password was changed too recently.
    PasswordTooYoung = 7,
    /// The new password was used before.
    PasswordInHistory = 8,
}

impl Error {
    /// An error with this code and this sentence.
    pub fn new(code: ResultCode, diagnostic: impl Into<Cow<'static, str>>) -> Self {
        let (diagnostic, details) = (diagnostic.into(), Vec::new());
        Self { code, diagnostic, details, matched_dn: None, reason: None, policy: None, source: None }
    }

    /// An error with this code that has all of these sentences to say.
    pub fn of_sentences(code: ResultCode, details: Vec<String>) -> Self {
        Self { details: details.clone(), ..Self::new(code, details.join(". ")) }
    }

    /// The answer to every failed authentication; `reason` is for the log (`wrong-password`, `code-already-used`, ...).
    pub fn invalid_credentials(reason: impl Into<Cow<'static, str>>) -> Self {
        Self { reason: Some(reason.into()), ..Self::new(ResultCode::INVALID_CREDENTIALS, AUTHENTICATION_FAILED) }
    }

    /// protocolError: the request does not say what its definition demands.
    pub fn protocol(diagnostic: impl Into<Cow<'static, str>>) -> Self {
        Self::new(ResultCode::PROTOCOL_ERROR, diagnostic)
    }

    /// unwillingToPerform: understood and refused.
    pub fn unwilling(diagnostic: impl Into<Cow<'static, str>>) -> Self {
        Self::new(ResultCode::UNWILLING_TO_PERFORM, diagnostic)
    }

    /// insufficientAccessRights: the requester may not do this.
    pub fn insufficient_access(diagnostic: impl Into<Cow<'static, str>>) -> Self {
        Self::new(ResultCode::INSUFFICIENT_ACCESS_RIGHTS, diagnostic)
    }

    /// noSuchObject, with the nearest existing ancestor where the caller may know it.
    pub fn no_such_object(matched_dn: Option<String>) -> Self {
        Self { matched_dn, ..Self::new(ResultCode::NO_SUCH_OBJECT, "No entry has this name") }
    }

    /// unavailable: something this answer rests on cannot be reached or recorded; the cause goes to the log.
    pub fn unavailable(source: impl Into<Box<dyn std::error::Error + Send + Sync>>) -> Self {
        Self::new(ResultCode::UNAVAILABLE, "The server cannot carry this out at the moment").because(source)
    }

    /// busy: too much is queued; trying again later is right.
    pub fn busy() -> Self {
        Self::new(ResultCode::BUSY, "The server is busy; try again later")
    }

    /// other: an internal failure; the cause goes to the log.
    pub fn other(source: impl Into<Box<dyn std::error::Error + Send + Sync>>) -> Self {
        Self::new(ResultCode::OTHER, "The server failed to carry this out; its log says why").because(source)
    }

    /// The same error with its cause for the log.
    #[must_use]
    pub fn because(mut self, source: impl Into<Box<dyn std::error::Error + Send + Sync>>) -> Self {
        self.source = Some(source.into());
        self
    }

    /// The same error with what the password policy control says.
    #[must_use]
    pub fn policy(mut self, policy: PolicyError) -> Self {
        self.policy = Some(policy);
        self
    }

    /// The same error with its reason for the audit line.
    #[must_use]
    pub fn reason(mut self, reason: impl Into<Cow<'static, str>>) -> Self {
        self.reason = Some(reason.into());
        self
    }
}

impl fmt::Debug for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} ({})", self.diagnostic, self.code)?;
        match &self.source {
            Some(source) => write!(f, ": {source}"),
            None => Ok(()),
        }
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.diagnostic)
    }
}

impl std::error::Error for Error {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        self.source.as_deref().map(|source| source as _)
    }
}
