//! SASL PLAIN (RFC 4616): a simple bind by authentication ID. HTTP Basic and REST's authentication of type `password` are the same.

use std::pin::pin;

use countersign_proto::sasl_plain::PlainCredentials;

use crate::{
    caller::Caller,
    error::Result,
    handlers::{
        Mechanism,
        bind::{Attempt, Outcome, one_field},
        context::Context,
        proof::{Claim, Origin},
        subject::named_leniently,
    },
};

impl Mechanism for PlainCredentials {
    async fn authenticate(self, context: &Context, caller: &Caller) -> Result<Caller> {
        let attempt = Attempt {
            mechanism: Self::MECHANISM,
            user: &self.authentication_id,
            authorization_id: self.authorization_id.as_deref(),
        };
        let outcome = pin!(async {
            let subject = match named_leniently(context, &self.authentication_id).await {
                Ok(subject) => subject,
                Err(error) => return Outcome::failed(error),
            };
            // An empty password is a wrong one here, never anonymous.
            let code = one_field(&context.config.load());
            let origin = Origin::sasl(Self::MECHANISM, caller);
            let claim = Claim { password: Some(self.password.expose()), code, origin };
            attempt.prove(context, caller, subject, claim).await
        });
        attempt.audited(context, caller, outcome).await
    }
}
