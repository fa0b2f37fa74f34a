//! What an operation came to: as the client is told, and as the audit log tells it.

use std::time::Instant;

use countersign_proto::{
    ldap::response::{self, LdapResult},
    result_code::ResultCode,
};

use crate::{
    caller::Caller,
    config::LogLevel,
    error::Error,
    handlers::context::Context,
    telemetry::{
        audit::{Audit, Event},
        metrics::operations::Operation,
    },
};

/// What the client is told of an error: the only place where an `Error` becomes an LDAPResult.
pub(super) fn outcome(error: &Error) -> LdapResult<'_> {
    LdapResult {
        code: error.code,
        matched_dn: error.matched_dn.as_deref().unwrap_or_default(),
        diagnostic: &error.diagnostic,
    }
}

/// Appends the response with this tag to a request that failed, and counts it.
pub(super) fn refuse(context: &Context, out: &mut Vec<u8>, id: i32, tag: u8, error: &Error) {
    count(context, tag, error.code);
    response::result(out, id, tag, &outcome(error), |_| {}, &[]);
}

/// Counts an operation by the tag of its response. Every response that ends one is counted, wherever it is written.
#[inline]
pub(super) fn count(context: &Context, tag: u8, code: ResultCode) {
    let operation = match tag {
        response::BIND => Operation::Bind,
        response::SEARCH_DONE => Operation::Search,
        response::COMPARE => Operation::Compare,
        response::ADD => Operation::Add,
        response::MODIFY => Operation::Modify,
        response::MODIFY_DN => Operation::ModifyDn,
        response::DELETE => Operation::Delete,
        response::EXTENDED => Operation::Extended,
        _ => return,
    };
    context.metrics.operations.answered(operation, code);
}

/// Writes the audit line of one operation: its name, and the entry that it is about.
pub(super) fn audit(
    audit: &Audit,
    level: LogLevel,
    caller: &Caller,
    (event, dn): (&'static str, Option<&str>),
    begun: Instant,
    error: Option<&Error>,
) {
    let event = Event {
        event,
        connection: Some(caller.channel.connection),
        operation: Some(caller.operation),
        client: caller.channel.peer,
        user: Some(caller.dn()).filter(|dn| !dn.is_empty()),
        dn,
        took: Some(begun.elapsed()),
        ..Event::default()
    };
    match error {
        Some(error) => audit.record_failure(level, event, error),
        None => audit.record(level, &Event { result: Some(ResultCode::SUCCESS), ..event }),
    }
}
