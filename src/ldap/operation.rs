//! One request: from the decoded message to the handler, and from its outcome or `Error` to the response. Which handler serves
//! an extended operation is `routes.rs`; what a search, a change and a bind need besides are the files of those names.

use std::{sync::Arc, time::Instant};

use countersign_proto::{
    cancel::CancelRequest,
    ldap::{
        message::{CompareRequest, DecodeError, ExtendedRequest, Message, Operation},
        response::{self, LdapResult},
    },
    result_code::ResultCode,
    value::BerRequest,
};
use zeroize::Zeroizing;

use super::{
    controls::{On, Requested, answered, answered_change},
    door::is_confidential,
    outcome::{audit, count, outcome, refuse},
    session::{Finished, Flow, Session},
};
use crate::{
    caller::{Caller, Strength},
    config::LogLevel,
    error::{Error, Result},
    handlers::{compare, own_password},
    routes::{self, BerCall, Call, ConnectionOperation, Route},
};

/// An extended request that outlives its message.
struct Asked {
    value: Option<Zeroizing<Vec<u8>>>,
    caller: Caller,
    password_policy: bool,
}

impl Session {
    /// Carries one message out, or begins to. `is_last`: nothing follows it in the input.
    pub(super) async fn carry_out(&mut self, frame: &[u8], is_last: bool, out: &mut Vec<u8>) -> Flow {
        self.end_waiting();
        let message = match Message::decode(frame) {
            Ok(message) => message,
            Err(DecodeError::Envelope(malformed)) => {
                return Flow::Disconnect(ResultCode::PROTOCOL_ERROR, format!("The message is malformed: {malformed}"));
            }
            Err(DecodeError::Body { id, response, malformed }) => {
                return self.refuse_body(id, response, &malformed.to_string(), out);
            }
        };
        if self.is_in_use(message.id) {
            let sentence = format!("The message ID {} is in use by an operation under way", message.id);
            return Flow::Disconnect(ResultCode::PROTOCOL_ERROR, sentence);
        }
        if let Err(error) = self.door.context.refresh(&mut self.caller).await {
            return self.refuse_unread(&message, &error, out);
        }
        self.dispatch(&message, is_last, out).await
    }

    async fn dispatch(&mut self, message: &Message<'_>, is_last: bool, out: &mut Vec<u8>) -> Flow {
        match &message.operation {
            Operation::Search(request) => self.search(message, request, out).await,
            Operation::Compare(request) => self.compare(message, request, out).await,
            Operation::Bind(request) => return self.bind(message, request, out),
            Operation::Unbind => return Flow::End,
            Operation::Abandon(id) => self.abandon(*id),
            Operation::Extended(request) => return self.extended(message, request, is_last, out).await,
            Operation::Add(_) | Operation::Modify(_) | Operation::ModifyDn(_) | Operation::Delete(_) => {
                self.update(message, out).await;
            }
        }
        Flow::Done
    }

    /// A body or controls that cannot be decoded: that operation's own response, and the connection lives.
    fn refuse_body(&mut self, id: i32, response: Option<u8>, malformed: &str, out: &mut Vec<u8>) -> Flow {
        let Some(tag) = response else { return Flow::Done };
        if tag == response::BIND {
            // A failed bind leaves the connection anonymous, and nothing may run beside it.
            if self.in_flight() > 0 {
                self.begin_barrier();
                return Flow::Wait;
            }
            self.caller = self.caller.become_identity(crate::caller::Identity::Anonymous, Strength::None);
        }
        refuse(&self.door.context, out, id, tag, &Error::protocol(format!("The request is malformed: {malformed}")));
        Flow::Done
    }

    /// The store could not be asked who the caller is.
    fn refuse_unread(&self, message: &Message<'_>, error: &Error, out: &mut Vec<u8>) -> Flow {
        let tag = match message.operation {
            Operation::Bind(_) => response::BIND,
            Operation::Unbind => return Flow::End,
            Operation::Abandon(_) => return Flow::Done,
            Operation::Search(_) => response::SEARCH_DONE,
            Operation::Compare(_) => response::COMPARE,
            Operation::Extended(_) => response::EXTENDED,
            Operation::Add(_) => response::ADD,
            Operation::Modify(_) => response::MODIFY,
            Operation::ModifyDn(_) => response::MODIFY_DN,
            Operation::Delete(_) => response::DELETE,
        };
        refuse(&self.door.context, out, message.id, tag, error);
        Flow::Done
    }

    async fn compare(&mut self, message: &Message<'_>, request: &CompareRequest<'_>, out: &mut Vec<u8>) {
        let compared = match Requested::read(message.controls, On::COMPARE) {
            Ok(requested) => {
                self.compared(&requested, request).await.map(|is_equal| (is_equal, requested.password_policy))
            }
            Err(error) => Err(error),
        };
        match compared {
            Ok((is_equal, password_policy)) => {
                let code = if is_equal { ResultCode::COMPARE_TRUE } else { ResultCode::COMPARE_FALSE };
                count(&self.door.context, response::COMPARE, code);
                let list = answered(password_policy, None);
                response::result(out, message.id, response::COMPARE, &LdapResult::code(code), |_| {}, &list);
            }
            Err(error) => refuse(&self.door.context, out, message.id, response::COMPARE, &error),
        }
    }

    async fn compared(&mut self, requested: &Requested<'_>, request: &CompareRequest<'_>) -> Result<bool> {
        own_password::demand(&self.door.context, &self.caller).await?;
        let assertion = requested.assertion.map(|(filter, _)| filter);
        let proxied = match requested.proxied {
            Some(proxied) => Some(self.proxied(proxied).await?),
            None => None,
        };
        let context = &self.door.context;
        let caller = proxied.as_ref().unwrap_or(&self.caller);
        if std::str::from_utf8(request.attribute).is_ok_and(is_confidential) {
            self.door.check_confidentiality(&caller.channel)?;
        }
        let begun = Instant::now();
        let result = compare::compare(request, assertion, context, caller).await;
        audit(&context.audit, LogLevel::Debug, caller, ("compare", Some(request.dn)), begun, result.as_ref().err());
        result
    }

    async fn extended(
        &mut self,
        message: &Message<'_>,
        request: &ExtendedRequest<'_>,
        is_last: bool,
        out: &mut Vec<u8>,
    ) -> Flow {
        self.held_secret = true;
        match self.extended_route(message, request).await {
            Ok((route, asked)) => match route.call {
                Call::Connection(ConnectionOperation::StartTls) => {
                    return self.start_tls(message.id, request, is_last, out);
                }
                Call::Connection(ConnectionOperation::Cancel) => self.cancel(message.id, request, out),
                Call::Handler(call) => self.begin_extended((message.id, route), call, asked, out),
            },
            Err(error) => refuse(&self.door.context, out, message.id, response::EXTENDED, &error),
        }
        Flow::Done
    }

    /// The checks before a value is looked at, in the order of the specification: controls, OID, confidentiality.
    async fn extended_route(
        &mut self,
        message: &Message<'_>,
        request: &ExtendedRequest<'_>,
    ) -> Result<(&'static Route, Asked)> {
        let route = routes::extended(request.name.as_bytes());
        let sets_password = route.is_some_and(|route| route.sets_password);
        let on = if sets_password { On::EXTENDED.and(On::SETS_PASSWORD) } else { On::EXTENDED };
        let requested = Requested::read(message.controls, on)?;
        let route = route.ok_or_else(|| Error::protocol("The server does not know this extended operation"))?;
        if route.confidential {
            self.door.check_confidentiality(&self.caller.channel)?;
        }
        if !route.before_change {
            own_password::demand(&self.door.context, &self.caller).await?;
        }
        let asked = Asked {
            value: request.value.map(|value| Zeroizing::new(value.to_vec())),
            caller: self.requester(&requested, message.id).await?,
            password_policy: requested.password_policy,
        };
        Ok((route, asked))
    }

    fn begin_extended(&mut self, (id, route): (i32, &'static Route), call: BerCall, asked: Asked, out: &mut Vec<u8>) {
        let context = Arc::clone(&self.door.context);
        let operation = async move {
            let begun = Instant::now();
            let Asked { value, caller, password_policy } = asked;
            let result = call(value.as_ref().map(|value| value.as_slice()), &context, &caller).await;
            // What carries no secret changes nothing either, and is asked often.
            let level = if route.confidential { LogLevel::Info } else { LogLevel::Debug };
            audit(&context.audit, level, &caller, (route.name, None), begun, result.as_ref().err());
            let mut response = Vec::new();
            let list = answered_change(password_policy, &caller, result.as_ref().err());
            match &result {
                Ok(value) => {
                    let outcome = LdapResult::SUCCESS;
                    response::extended(&mut response, id, &outcome, route.response_oid, value.as_deref(), &list);
                }
                Err(error) => response::extended(&mut response, id, &outcome(error), None, None, &list),
            }
            let code = result.as_ref().map_or_else(|error| error.code, |_| ResultCode::SUCCESS);
            Finished { id, answered: (response::EXTENDED, code), response, caller: None }
        };
        self.begin(id, Box::pin(operation), out);
    }

    fn start_tls(&self, id: i32, request: &ExtendedRequest<'_>, is_last: bool, out: &mut Vec<u8>) -> Flow {
        let refusal = if request.value.is_some() {
            Error::protocol("StartTLS has no value")
        } else if self.caller.channel.tls {
            Error::new(ResultCode::OPERATIONS_ERROR, "The connection is encrypted already")
        } else if self.door.tls.is_none() || self.caller.channel.peer.is_none() {
            Error::new(ResultCode::UNAVAILABLE, "TLS is not available here")
        } else if self.in_flight() > 0 {
            Error::new(ResultCode::OPERATIONS_ERROR, "Operations are under way; StartTLS needs a quiet connection")
        } else if !is_last {
            // Somebody on the way may have put it there, to be taken for something that was sent encrypted.
            let sentence = "Something was sent in clear after StartTLS";
            return Flow::Disconnect(ResultCode::PROTOCOL_ERROR, sentence.to_owned());
        } else {
            let name = Some(countersign_proto::oid::START_TLS);
            count(&self.door.context, response::EXTENDED, ResultCode::SUCCESS);
            response::extended(out, id, &LdapResult::SUCCESS, name, None, &[]);
            return Flow::StartTls;
        };
        refuse(&self.door.context, out, id, response::EXTENDED, &refusal);
        Flow::Done
    }

    /// RFC 3909: a search is ended and answered with canceled; what changes something cannot be called back.
    fn cancel(&mut self, id: i32, request: &ExtendedRequest<'_>, out: &mut Vec<u8>) {
        let target = match CancelRequest::from_ber(request.value) {
            Ok(request) => request.cancel_id,
            Err(error) => {
                let error = Error::protocol(error.into_sentence());
                return refuse(&self.door.context, out, id, response::EXTENDED, &error);
            }
        };
        let code = if self.stop_search(target).is_some() {
            count(&self.door.context, response::SEARCH_DONE, ResultCode::CANCELED);
            response::search_done(out, target, &LdapResult::code(ResultCode::CANCELED), &[]);
            ResultCode::CANCELED
        } else if self.is_in_use(target) {
            ResultCode::TOO_LATE
        } else {
            ResultCode::NO_SUCH_OPERATION
        };
        count(&self.door.context, response::EXTENDED, code);
        response::extended(out, id, &LdapResult::code(code), None, None, &[]);
    }
}
