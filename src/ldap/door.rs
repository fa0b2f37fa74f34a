//! What all LDAP connections of a server share.

use std::sync::Arc;

use tokio_util::task::TaskTracker;

use super::stopping::Stopping;
use crate::{
    caller::Channel,
    config::PlaintextPasswords,
    connections::Connections,
    error::{Error, Result},
    handlers::context::Context,
    telemetry::reason,
    tls::Tls,
};
use countersign_proto::result_code::ResultCode;

/// Attributes whose values are passwords or secrets.
const CONFIDENTIAL: [&str; 3] = ["userPassword", "ds-auth-totp-shared-secret", "countersign-yubikey-key"];

/// The LDAP door: listeners are opened with it (`listener.rs`), and it stops them.
pub struct Door {
    /// What handlers use.
    pub(super) context: Arc<Context>,
    /// How many connections there may be.
    pub(super) connections: Arc<Connections>,
    /// For LDAPS and StartTLS; `None` if no certificate is configured.
    pub(super) tls: Option<Arc<Tls>>,
    pub(super) stopping: Arc<Stopping>,
    /// Listeners and connections.
    pub(super) tasks: TaskTracker,
}

impl Door {
    /// A door without listeners.
    pub fn new(context: Arc<Context>, connections: Arc<Connections>, tls: Option<Arc<Tls>>) -> Arc<Self> {
        Arc::new(Self { context, connections, tls, stopping: Arc::default(), tasks: TaskTracker::new() })
    }

    /// Stops: nothing is accepted any more, operations that run are finished and answered, each client is told (notice of
    /// disconnection, unavailable), at most for the configured time. Returns when every connection has ended.
    pub async fn stop(&self) {
        self.stopping.begin();
        self.tasks.close();
        self.tasks.wait().await;
    }

    /// Refuses passwords, codes and secrets on a connection that anybody on the way can read. To be asked before the contents
    /// are looked at.
    ///
    /// # Errors
    /// confidentialityRequired.
    pub(super) fn check_confidentiality(&self, channel: &Channel) -> Result<()> {
        let allowed = channel.tls
            || channel.peer.is_none()
            || match self.context.config.load().ldap.allow_plaintext_passwords {
                PlaintextPasswords::Always => true,
                PlaintextPasswords::Loopback => channel.is_local(),
                PlaintextPasswords::Never => false,
            };
        if allowed {
            return Ok(());
        }
        let sentence = "Passwords and codes are accepted over an encrypted connection only: use LDAPS or StartTLS";
        Err(Error::new(ResultCode::CONFIDENTIALITY_REQUIRED, sentence).reason(reason::NOT_CONFIDENTIAL))
    }
}

/// Whether an attribute description is of passwords or secrets, which clear connections must not carry.
pub(super) fn is_confidential(description: &str) -> bool {
    let name = description.split(';').next().unwrap_or_default();
    CONFIDENTIAL.iter().any(|secret| secret.eq_ignore_ascii_case(name))
}
