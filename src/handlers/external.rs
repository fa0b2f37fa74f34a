//! SASL EXTERNAL: over the Unix socket the operating system says who the peer is. The server's own user and the system's root
//! are the root user; everybody else, and every other connection, fails like any failed authentication (RFC 4422 appendix A).

use std::{pin::pin, sync::Arc};

use countersign_proto::sasl_external::ExternalCredentials;

use crate::{
    caller::{Caller, Identity, Strength},
    error::{Error, Result},
    handlers::{
        Mechanism,
        bind::{Attempt, Outcome},
        context::Context,
        subject::acting_as,
    },
    telemetry::reason,
};

impl Mechanism for ExternalCredentials {
    async fn authenticate(self, context: &Context, caller: &Caller) -> Result<Caller> {
        let authorization_id = self.authorization_id.as_deref();
        let attempt = Attempt { mechanism: "EXTERNAL", user: "", authorization_id };
        let outcome = pin!(async {
            if !caller.channel.trusted_peer {
                return Outcome::failed(Error::invalid_credentials(reason::NO_EXTERNAL_IDENTITY));
            }
            let root = context.config.load().root.dn.clone();
            let proven = caller.become_identity(Identity::Root(Arc::from(root.as_str())), Strength::One);
            Outcome { dn: Some(root), factor: None, caller: acting_as(context, proven, authorization_id).await }
        });
        attempt.audited(context, caller, outcome).await
    }
}
