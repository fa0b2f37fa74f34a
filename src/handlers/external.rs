//! SASL EXTERNAL: over the Unix socket the operating system says who the peer is. The server's own user and the system's root
//! are the root user; everybody else, and every other connection, fails like any failed authentication (RFC 4422 appendix A).

use std::sync::Arc;

use countersign_proto::{result_code::ResultCode, sasl_external::ExternalCredentials};

use crate::{
    caller::{Caller, Identity, Strength},
    directory::identity::AuthenticationId,
    error::{Error, Result},
    handlers::{Mechanism, context::Context},
};

impl Mechanism for ExternalCredentials {
    async fn authenticate(self, context: &Context, caller: &Caller) -> Result<Caller> {
        if !caller.channel.trusted_peer {
            return Err(Error::invalid_credentials("no-external-identity"));
        }
        let root = context.config.load().root.dn.clone();
        match self.authorization_id.as_deref().map(AuthenticationId::parse) {
            None => {}
            Some(Some(AuthenticationId::Dn(dn))) if dn.key(&context.schema) == context.root_key => {}
            Some(_) => {
                return Err(Error::new(ResultCode::AUTHORIZATION_DENIED, "The peer may act as the root user only"));
            }
        }
        Ok(caller.become_identity(Identity::Root(Arc::from(root)), Strength::One))
    }
}
