//! How a message reaches a person: the trait that every kind of delivery fulfils. Which mechanism is tried for whom, and what the
//! message says, is the handlers' business.

pub mod command;
pub mod error;
pub mod file;
pub mod mechanism;
mod message;
pub mod sms;
pub mod smtp;
pub mod webhook;

pub use self::message::{Handover, Message};

/// One way of handing messages over.
pub trait Delivery: Send + Sync + 'static {
    /// Hands the message over, once: whatever happens, nothing is sent again. Ends within the time-out of its settings. `Ok` means that
    /// the other side took it, not that somebody has read it.
    ///
    /// Whoever drops the future may have had the message sent or not.
    fn deliver<'a>(&'a self, message: &'a Message) -> Handover<'a>;
}
