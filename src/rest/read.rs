//! `GET`: an entry, and the caller's own entry (rest-api.md sections 3 to 5).

use countersign_proto::result_code::ResultCode;

use super::{
    entry::EntryJson,
    lookup::{Found, find},
    path::Segment,
    query::Query,
    reply::Reply,
    selection::Selection,
    status::Refusal,
};
use crate::{caller::Caller, directory::dn::Dn, error::Error, handlers::context::Context};

/// The most entries embedded in one answer.
const MOST_EMBEDDED: usize = 100;

/// `GET {dn}`.
///
/// # Errors
/// 400 for what is no DN; 404 for an entry that the caller does not find, 401 where the caller is nobody.
pub(super) async fn entry(
    segment: Segment<'_>,
    query: &Query,
    origin: &str,
    context: &Context,
    caller: &Caller,
) -> Result<Reply, Refusal> {
    one(&dn_of(segment)?, query, origin, context, caller).await
}

/// `GET /directory/v1/me`.
///
/// # Errors
/// 401 for nobody; 404 for a caller without an entry.
pub(super) async fn me(query: &Query, origin: &str, context: &Context, caller: &Caller) -> Result<Reply, Refusal> {
    if caller.is_anonymous() {
        return Err(Refusal::unauthenticated());
    }
    one(caller.dn(), query, origin, context, caller).await
}

/// The caller's own entry without links, as `authenticate` returns it; `None` if it sees none.
///
/// # Errors
/// What reading is refused with.
pub(super) async fn own_entry(
    selection: &Selection,
    context: &Context,
    caller: &Caller,
) -> Result<Option<EntryJson>, Refusal> {
    let found = match find(caller.dn(), selection, context, caller).await {
        Err(error) if error.code == ResultCode::NO_SUCH_OBJECT => None,
        found => found.map_err(|error| Refusal::of_read(&error, caller))?,
    };
    Ok(found.map(|found| found.entry))
}

/// The DN that a segment spells, checked and as spelled.
///
/// # Errors
/// 400 (invalidDNSyntax).
pub(super) fn dn_of(segment: Segment<'_>) -> Result<String, Refusal> {
    let invalid = || Refusal {
        code: Some(ResultCode::INVALID_DN_SYNTAX),
        ..Refusal::invalid("The path does not hold a DN (RFC 4514) in percent-encoded UTF-8")
    };
    let dn = segment.decode().map_err(|_| invalid())?;
    match Dn::parse(&dn) {
        Ok(parsed) if !parsed.is_empty() => Ok(dn),
        _ => Err(invalid()),
    }
}

/// One entry with its links, and with the entries it names where the query expands them.
async fn one(dn: &str, query: &Query, origin: &str, context: &Context, caller: &Caller) -> Result<Reply, Refusal> {
    let found = find(dn, &query.selection, context, caller).await.map_err(|error| Refusal::of_read(&error, caller))?;
    let Found { mut entry, structural_class } =
        found.ok_or_else(|| Refusal::of_read(&Error::no_such_object(None), caller))?;
    expand(&mut entry, &query.expand, context, caller).await?;
    Ok(Reply::ok(&entry.linked(origin, structural_class)))
}

/// Embeds the entries that the attributes `names` of `entry` name: one level deep, and only those that the caller finds.
async fn expand(entry: &mut EntryJson, names: &[String], context: &Context, caller: &Caller) -> Result<(), Refusal> {
    let mut left = MOST_EMBEDDED;
    for name in names {
        let mut embedded = Vec::new();
        for dn in entry.names(name) {
            let Some(fewer) = left.checked_sub(1) else { break };
            left = fewer;
            match find(dn, &Selection::default(), context, caller).await {
                Ok(found) => embedded.extend(found.map(|found| found.entry)),
                Err(error) if [ResultCode::NO_SUCH_OBJECT, ResultCode::INVALID_DN_SYNTAX].contains(&error.code) => {}
                Err(error) => return Err(Refusal::of_read(&error, caller)),
            }
        }
        if !embedded.is_empty() {
            entry.embed(name, embedded);
        }
    }
    Ok(())
}
