//! What the server does: a typed request in, a typed result or an `Error` out. Handlers know neither framing nor HTTP nor which
//! store; which OID, path or mechanism name leads to which handler is `routes.rs`.

pub mod access_token;
mod account;
mod account_policy;
pub mod assertion;
pub mod bind;
pub mod compare;
pub mod context;
mod delivered_otp;
mod devices;
pub mod external;
pub mod hashing;
pub mod login_history;
pub mod matched;
mod new_password;
mod oauth_bearer;
pub mod own_password;
mod owner;
mod password;
mod password_generation;
mod password_policy;
mod password_quality;
mod plain;
mod proof;
mod recovery;
mod reset_token;
pub mod search;
mod selection;
pub mod sending;
pub mod subject;
mod token;
mod totp;
pub mod update;
pub mod validation;
pub mod virtual_entries;
pub mod who_am_i;
mod yubikey;

use std::future::Future;

use countersign_proto::value::{BerRequest, BerResult};

pub use self::proof::replay;
use crate::{caller::Caller, error::Result, handlers::context::Context};

/// An extended operation, implemented by its request message; both doors call it.
pub trait Operation: BerRequest + Send + Sized {
    /// What success carries.
    type Outcome: BerResult + Send;

    /// Carries the request out for `caller`.
    ///
    /// # Errors
    /// The result codes that the operation's page of the specification lists; `invalidCredentials` always with one text.
    fn perform(self, context: &Context, caller: &Caller) -> impl Future<Output = Result<Self::Outcome>> + Send;
}

/// An operation about one entry, whose name REST carries in the path instead of the body.
pub trait AboutEntry: Operation {
    /// The same request about the entry with this DN.
    #[must_use]
    fn about(self, dn: &str) -> Self;
}

/// A SASL mechanism, implemented by its credentials.
pub trait Mechanism: BerRequest + Send + Sized {
    /// Proves an identity; `caller` is the connection before the bind.
    ///
    /// # Errors
    /// `invalidCredentials` whatever failed; `authorizationDenied` after a good proof; `unavailable` where it cannot be recorded.
    fn authenticate(self, context: &Context, caller: &Caller) -> impl Future<Output = Result<Caller>> + Send;
}

#[cfg(test)]
mod tests;
