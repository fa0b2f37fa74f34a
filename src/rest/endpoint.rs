//! What a request asks for, and who carries it out: paths and methods in, replies out (rest-api.md section 1).

use std::sync::Arc;

use countersign_proto::result_code::ResultCode;
use hyper::{
    Method, StatusCode,
    header::{ACCEPT, AUTHORIZATION},
    http::request::Parts,
};
use tokio_util::sync::CancellationToken;

use super::{
    authenticate, authentication, availability,
    availability::Question,
    media, metadata, metrics, operation, origin,
    path::{Segment, Target},
    query::Query,
    read,
    reply::Reply,
    status::{Hearer, Refusal},
    validation,
};
use crate::{
    caller::{Caller, Channel},
    config::PlaintextPasswords,
    connections::Connections,
    error::Error,
    handlers::{context::Context, own_password},
    routes::{self, ExtensionPlace, JsonCall, PathCall, Route},
};

const READ: &str = "GET, HEAD";
const TAKE: &str = "GET";
const ACT: &str = "POST";
const ASK: &str = "GET, HEAD, POST";

/// What answers requests; shared by every listener of this door.
pub struct Endpoint {
    /// What handlers use.
    pub context: Arc<Context>,
    /// Whether the server is ending: it then says that it is not ready.
    pub shutdown: CancellationToken,
    /// Which paths there are.
    pub serves: Serves,
}

/// Which paths an address has; how the server is can be asked at each.
pub enum Serves {
    /// The Directory REST API, and what is beside it.
    Api,
    /// What is counted, these connections with it.
    Metrics(Arc<Connections>),
}

/// What a request asks for, as far as its head tells.
pub(super) enum Asked<'p> {
    /// How the server is.
    Availability(Question),
    /// What is counted.
    Metrics(&'p Connections),
    /// What the server is.
    Metadata,
    /// The caller's own entry.
    Me,
    /// An entry.
    Entry(Segment<'p>),
    /// A bind whose outcome is all that is asked for.
    Authenticate,
    /// What an OTP is worth, in the words of Yubico's protocol.
    Validation,
    /// An operation on an entry: a row of the switchboard.
    Operation(Segment<'p>, &'static Route, JsonCall),
    /// An operation that names what it is about itself: a row of the switchboard.
    Service(&'static Route, PathCall),
    /// A question about an entry: a row of the switchboard.
    Question(Segment<'p>, &'static Route, JsonCall),
}

impl Asked<'_> {
    /// Whether a body belongs to it. One that does not belong is ignored: some clients send one with GET.
    pub(super) const fn takes_body(&self) -> bool {
        matches!(self, Self::Authenticate | Self::Operation(..) | Self::Service(..))
    }

    /// As which endpoint it is counted.
    pub(super) const fn name(&self) -> &'static str {
        match self {
            Self::Availability(_) => "availability",
            Self::Metrics(_) => "metrics",
            Self::Metadata => "metadata",
            Self::Me => "me",
            Self::Entry(_) => "entry",
            Self::Authenticate => "authenticate",
            Self::Validation => "validation",
            Self::Operation(_, route, _) | Self::Service(route, _) | Self::Question(_, route, _) => route.name,
        }
    }
}

impl Endpoint {
    /// What a request asks for, by its head.
    ///
    /// # Errors
    /// 404 and 405; 406; 401 for a header that proves nobody whatever stands in it; 403 for secrets that crossed a clear connection.
    pub(super) fn asked<'p>(&'p self, head: &'p Parts, caller: &Caller) -> Result<Asked<'p>, Refusal> {
        let asked = match Target::of(head.uri.path()) {
            Target::Readiness => method(head, ASK).map(|()| Asked::Availability(Question::Ready)),
            Target::Liveness => method(head, ASK).map(|()| Asked::Availability(Question::Alive)),
            target => match &self.serves {
                Serves::Metrics(connections) if target == Target::Metrics => {
                    return method(head, READ).map(|()| Asked::Metrics(connections));
                }
                Serves::Metrics(_) => return Err(Refusal::no_such_path()),
                Serves::Api => self.asked_of_api(target, head),
            },
        };
        self.checked(asked, head, caller)
    }

    /// The same of the API: what its paths name.
    fn asked_of_api<'p>(&self, target: Target<'p>, head: &'p Parts) -> Result<Asked<'p>, Refusal> {
        match target {
            Target::Metadata => method(head, READ).map(|()| Asked::Metadata),
            Target::Me => method(head, READ).map(|()| Asked::Me),
            Target::Entry(segment) => method(head, READ).map(|()| Asked::Entry(segment)),
            Target::Authenticate => method(head, ACT).map(|()| Asked::Authenticate),
            Target::Operation(segment, name) => match routes::at_entry(name) {
                Some((route, call)) => method(head, ACT).map(|()| Asked::Operation(segment, route, call)),
                None => Err(Refusal::no_such_path()),
            },
            Target::Service(name) => match routes::at_path(name) {
                Some((route, call)) => method(head, ACT).map(|()| Asked::Service(route, call)),
                None => Err(Refusal::no_such_path()),
            },
            Target::Extension(_) | Target::EntryExtension(..) if !self.context.config.load().rest.extensions => {
                Err(Refusal::no_such_path())
            }
            Target::Extension(name) => match routes::extension(name) {
                Some((route, ExtensionPlace::Beside(call))) => method(head, ACT).map(|()| Asked::Service(route, call)),
                _ => Err(Refusal::no_such_path()),
            },
            Target::EntryExtension(segment, name) => match routes::extension(name) {
                Some((route, ExtensionPlace::AtEntry(call))) => {
                    method(head, ACT).map(|()| Asked::Operation(segment, route, call))
                }
                Some((route, ExtensionPlace::OfEntry(call))) => {
                    method(head, READ).map(|()| Asked::Question(segment, route, call))
                }
                _ => Err(Refusal::no_such_path()),
            },
            Target::Validation if self.context.config.load().validation_clients.is_empty() => {
                Err(Refusal::no_such_path())
            }
            // No HEAD: an OTP would be used up for nothing.
            Target::Validation => method(head, TAKE).map(|()| Asked::Validation),
            Target::Unknown | Target::Metrics | Target::Readiness | Target::Liveness => Err(Refusal::no_such_path()),
        }
    }

    /// The same, once the head holds what it must: nothing is looked at that should not have been sent.
    fn checked<'p>(
        &self,
        asked: Result<Asked<'p>, Refusal>,
        head: &'p Parts,
        caller: &Caller,
    ) -> Result<Asked<'p>, Refusal> {
        match asked {
            Ok(Asked::Availability(_)) => return asked,
            // It has neither headers of ours nor our media types.
            Ok(Asked::Validation) => return self.check_confidential(&caller.channel).and(asked),
            _ => {}
        }
        authentication::credentials(&head.headers)?;
        let asked = asked?;
        if !media::acceptable(head.headers.get_all(ACCEPT).iter().map(|field| field.as_bytes())) {
            let detail = "Answers are application/hal+json, errors application/json";
            return Err(Refusal::new(StatusCode::NOT_ACCEPTABLE, detail));
        }
        let secret = match &asked {
            Asked::Authenticate => true,
            Asked::Operation(_, route, _) | Asked::Service(route, _) => route.confidential,
            _ => false,
        };
        if secret || head.headers.contains_key(AUTHORIZATION) {
            self.check_confidential(&caller.channel)?
        }
        Ok(asked)
    }

    /// Carries it out. The header is proven first, except where the body says who authenticates.
    pub(super) async fn carry_out(
        &self,
        asked: Asked<'_>,
        head: &Parts,
        body: &[u8],
        connection: &Caller,
    ) -> Result<Reply, Refusal> {
        let context = &*self.context;
        match asked {
            Asked::Availability(question) => Ok(availability::answer(question, context, &self.shutdown).await),
            Asked::Metrics(connections) => Ok(metrics::answer(context, connections).await),
            Asked::Authenticate => authenticate::answer(head, body, context, connection).await,
            Asked::Validation => {
                Ok(validation::answer(head.uri.query().unwrap_or_default(), context, connection).await)
            }
            Asked::Operation(segment, route, call) | Asked::Question(segment, route, call) => {
                let (members, password_report) = operation::members(body, route)?;
                let caller = authentication::caller(&head.headers, context, connection).await?;
                let caller = Caller { password_report, ..caller };
                allowed(route.before_change, context, &caller).await?;
                let dn = read::dn_of(segment)?;
                let performed = call(&dn, members, context, &caller);
                operation::answer(route, Some(&dn), performed, context, &caller).await
            }
            Asked::Service(route, call) => {
                let (members, _) = operation::members(body, route)?;
                let caller = authentication::caller(&head.headers, context, connection).await?;
                allowed(route.before_change, context, &caller).await?;
                let performed = call(members, context, &caller);
                operation::answer(route, None, performed, context, &caller).await
            }
            Asked::Metadata | Asked::Me | Asked::Entry(_) => {
                let origin = origin::of(head, &connection.channel)?;
                let query = Query::of(head.uri.query().unwrap_or_default())?;
                let caller = authentication::caller(&head.headers, context, connection).await?;
                allowed(false, context, &caller).await?;
                match asked {
                    Asked::Me => read::me(&query, &origin, context, &caller).await,
                    Asked::Entry(segment) => read::entry(segment, &query, &origin, context, &caller).await,
                    _ => metadata::answer(&origin, context, &caller).await,
                }
            }
        }
    }

    /// Whether this connection may carry passwords, codes and secrets (`ldap.allow_plaintext_passwords`).
    fn check_confidential(&self, channel: &Channel) -> Result<(), Refusal> {
        let allowed = match self.context.config.load().ldap.allow_plaintext_passwords {
            _ if channel.tls => true,
            PlaintextPasswords::Always => true,
            PlaintextPasswords::Loopback => channel.is_local(),
            PlaintextPasswords::Never => false,
        };
        if allowed {
            return Ok(());
        }
        let error =
            Error::new(ResultCode::CONFIDENTIALITY_REQUIRED, "Passwords, codes and secrets are taken over HTTPS only");
        Err(Refusal::of(&error, Hearer::Anonymous))
    }
}

/// Refuses whoever must change the password first, unless this is needed for it.
async fn allowed(before_change: bool, context: &Context, caller: &Caller) -> Result<(), Refusal> {
    if before_change {
        return Ok(());
    }
    own_password::demand(context, caller).await.map_err(|error| Refusal::of(&error, Hearer::of(caller)))
}

fn method(head: &Parts, allowed: &'static str) -> Result<(), Refusal> {
    let taken = allowed.split(", ").any(|name| name == head.method.as_str());
    if taken && head.method != Method::CONNECT { Ok(()) } else { Err(Refusal::method_not_allowed(allowed)) }
}
