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
    telemetry::audit::{Audit, Event},
};

/// What the client is told of an error: the only place where an `Error` becomes an LDAPResult.
pub(super) fn outcome(error: &Error) -> LdapResult<'_> {
    LdapResult {
        code: error.code,
        matched_dn: error.matched_dn.as_deref().unwrap_or_default(),
        diagnostic: &error.diagnostic,
    }
}

/// Appends the response with this tag to a request that failed.
pub(super) fn refuse(out: &mut Vec<u8>, id: i32, tag: u8, error: &Error) {
    response::result(out, id, tag, &outcome(error), |_| {}, &[]);
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
