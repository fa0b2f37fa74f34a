//! What bounds one connection, as the configuration says it; which connections there may be is decided before.

use std::time::Duration;

use crate::config::LimitsSettings;

/// What bounds a connection; read anew when requests arrive.
#[derive(Clone, Copy)]
pub(super) struct Limits {
    pub(super) idle_anonymous: Duration,
    pub(super) idle_authenticated: Duration,
    pub(super) incomplete_message: Duration,
    pub(super) tls_handshake: Duration,
    pub(super) write: Duration,
    pub(super) drain: Duration,
    pub(super) message_anonymous: usize,
    pub(super) message_authenticated: usize,
    pub(super) operations: usize,
}

impl Limits {
    pub(super) fn of(settings: &LimitsSettings) -> Self {
        Self {
            idle_anonymous: settings.idle_anonymous,
            idle_authenticated: settings.idle_authenticated,
            incomplete_message: settings.incomplete_message,
            tls_handshake: settings.tls_handshake,
            write: settings.write,
            drain: settings.drain,
            message_anonymous: settings.message_anonymous.octets(),
            message_authenticated: settings.message_authenticated.octets(),
            operations: settings.operations_per_connection as usize,
        }
    }
}
