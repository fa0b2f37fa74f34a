//! Binds at the LDAP door: which handler proves the identity, and what becomes of the connection. A bind is a barrier: it begins
//! when nothing else is under way, and nothing begins until it has ended.

use std::{sync::Arc, time::Instant};

use countersign_proto::{
    ldap::{
        controls,
        message::{Authentication, BindRequest, Message},
        response::{self, LdapResult},
    },
    oid,
    result_code::ResultCode,
    sasl_oauthbearer::OauthBearerCredentials,
    text::Secret,
};
use zeroize::Zeroizing;

use super::{
    controls::{On, Requested, answered_bind},
    outcome::{audit, count, outcome},
    session::{Finished, Flow, Session},
};
use crate::{
    caller::{Caller, Identity, Strength},
    config::LogLevel,
    error::{Error, Result},
    handlers::{bind, context::Context, login_history},
    routes::{self, MechanismRoute},
};

/// Octets of a response that says no more than its code, and some to spare.
const USUAL_RESPONSE: usize = 32;

/// What is to prove the identity; it outlives its message.
trait Proof: Send + 'static {
    /// Has the handler for this kind of bind judge it. `before`: who was bound until now.
    fn judge(self, context: &Context, before: &Caller) -> impl Future<Output = Result<Caller>> + Send;
}

/// What a simple bind brings.
struct NameAndPassword {
    name: String,
    password: Secret,
}

/// What a bind by a SASL mechanism brings.
struct Credentials {
    mechanism: &'static MechanismRoute,
    octets: Option<Zeroizing<Vec<u8>>>,
}

/// What the controls of a bind ask to be answered.
#[derive(Clone, Copy)]
struct Wishes {
    password_policy: bool,
    authorization_identity: bool,
    retain_identity: bool,
    login_history: bool,
    /// What the mechanism has a client told whose proof fails, before it is refused.
    refusal: Option<&'static str>,
}

impl Session {
    /// Begins a bind, or asks to be called again once nothing else is under way.
    pub(super) fn bind(&mut self, message: &Message<'_>, request: &BindRequest<'_>, out: &mut Vec<u8>) -> Flow {
        if !self.begin_barrier() {
            return Flow::Wait;
        }
        self.held_secret = true;
        let begun = Requested::read(message.controls, On::BIND)
            .and_then(|requested| self.begin_bind(message.id, request, Wishes::of(&requested, request), out));
        if let Err(error) = begun {
            let before = self.binder(message.id);
            // Handlers write the line of every bind that comes to them.
            audit(&self.door.context.audit, LogLevel::Info, &before, ("bind", None), Instant::now(), Some(&error));
            count(&self.door.context, response::BIND, error.code);
            response::bind(out, message.id, &outcome(&error), None, &[]);
            self.end_barrier(before.become_identity(Identity::Anonymous, Strength::None));
        }
        Flow::Done
    }

    /// Who asks for the bind with this message ID.
    fn binder(&self, id: i32) -> Caller {
        Caller { operation: i64::from(id), ..self.caller.clone() }
    }

    /// Begins what kind of bind it is, if it may be brought here.
    fn begin_bind(&mut self, id: i32, request: &BindRequest<'_>, wishes: Wishes, out: &mut Vec<u8>) -> Result<()> {
        if request.version != 3 {
            return Err(Error::protocol("Only version 3 of LDAP is spoken"));
        }
        match request.authentication {
            Authentication::Simple(password) => {
                // Without a password there is nothing to protect: an anonymous bind, or one that is refused.
                if !password.is_empty() {
                    self.door.check_confidentiality(&self.caller.channel)?;
                }
                let (name, password) = (request.name.to_owned(), Secret::new(password));
                self.begin_proof(id, NameAndPassword { name, password }, wishes, out);
            }
            Authentication::Sasl { mechanism, credentials } => {
                let mechanism = routes::mechanism(mechanism.as_bytes()).ok_or_else(|| unsupported("SASL mechanism"))?;
                if mechanism.confidential {
                    self.door.check_confidentiality(&self.caller.channel)?;
                }
                let octets = credentials.map(|octets| Zeroizing::new(octets.to_vec()));
                self.begin_proof(id, Credentials { mechanism, octets }, wishes, out);
            }
            Authentication::Unknown(_) => return Err(unsupported("way to authenticate")),
        }
        Ok(())
    }

    fn begin_proof(&mut self, id: i32, proof: impl Proof, wishes: Wishes, out: &mut Vec<u8>) {
        let (context, before) = (Arc::clone(&self.door.context), self.binder(id));
        let operation = async move {
            let proven = proof.judge(&context, &before).await;
            let history = wishes.history(&context, &proven).await;
            wishes.conclude(id, before, proven, history)
        };
        self.begin(id, Box::pin(operation), out);
    }
}

impl Proof for NameAndPassword {
    async fn judge(self, context: &Context, before: &Caller) -> Result<Caller> {
        bind::simple(context, before, &self.name, self.password.expose()).await
    }
}

impl Proof for Credentials {
    async fn judge(self, context: &Context, before: &Caller) -> Result<Caller> {
        let octets = self.octets.as_ref().map(|octets| octets.as_slice());
        (self.mechanism.authenticate)(octets, context, before).await
    }
}

/// What a client whose proof fails is told first; one that has taken note of that is refused.
fn refusal(request: &BindRequest<'_>) -> Option<&'static str> {
    let Authentication::Sasl { mechanism, credentials } = request.authentication else { return None };
    let route = routes::mechanism(mechanism.as_bytes())?;
    route.refusal.filter(|_| credentials != Some(OauthBearerCredentials::NOTED))
}

fn unsupported(what: &str) -> Error {
    Error::new(ResultCode::AUTH_METHOD_NOT_SUPPORTED, format!("The server does not know this {what}"))
}

impl Wishes {
    fn of(requested: &Requested<'_>, request: &BindRequest<'_>) -> Self {
        Self {
            password_policy: requested.password_policy,
            authorization_identity: requested.authorization_identity,
            retain_identity: requested.retain_identity,
            login_history: requested.login_history,
            refusal: refusal(request),
        }
    }

    /// The recent logins of whoever was proven, if they are asked for. What was proven stays so where they cannot be read.
    async fn history(self, context: &Context, proven: &Result<Caller>) -> Option<String> {
        let caller = proven.as_ref().ok().filter(|_| self.login_history)?;
        // Boxed, for it is seldom asked: else every bind would bring the room for it.
        Box::pin(login_history::of_caller(context, caller)).await.ok().flatten()
    }

    /// The response, and who is bound from now on.
    fn conclude(self, id: i32, before: Caller, proven: Result<Caller>, history: Option<String>) -> Finished {
        let mut list = answered_bind(self.password_policy, proven.as_ref().map(|caller| &caller.notice));
        let mut response = Vec::with_capacity(USUAL_RESPONSE + list.len());
        let code = proven.as_ref().map_or_else(|error| error.code, |_| ResultCode::SUCCESS);
        let caller = match proven {
            Ok(caller) => {
                if self.authorization_identity {
                    let identity = caller.authorization_id();
                    controls::append(&mut list, oid::AUTHORIZATION_IDENTITY_RESPONSE, Some(identity.as_bytes()));
                }
                if let Some(history) = history {
                    controls::append(&mut list, oid::GET_RECENT_LOGIN_HISTORY_RESPONSE, Some(history.as_bytes()));
                }
                response::bind(&mut response, id, &LdapResult::SUCCESS, None, &list);
                Some(caller)
            }
            Err(error) => {
                let told = self.refusal.filter(|_| error.code == ResultCode::INVALID_CREDENTIALS);
                let code = if told.is_some() { ResultCode::SASL_BIND_IN_PROGRESS } else { error.code };
                let outcome = LdapResult { code, ..outcome(&error) };
                response::bind(&mut response, id, &outcome, told.map(str::as_bytes), &list);
                None
            }
        };
        let caller = if self.retain_identity {
            before
        } else {
            caller.unwrap_or_else(|| before.become_identity(Identity::Anonymous, Strength::None))
        };
        Finished { id, answered: (response::BIND, code), response, caller: Some(caller) }
    }
}
