//! Comparing one value (RFC 4511 section 4.10).
//! (Proposed by the LDAP door, to be filled in by the owner of the room; joins the tree then.)

use countersign_proto::ldap::{filter::Filter, message::CompareRequest};

use crate::{caller::Caller, error::Result, handlers::context::Context};

/// Whether the entry has the value; `assertion`: what else must be true of it (RFC 4528), else assertionFailed.
///
/// # Errors
/// noSuchObject, noSuchAttribute, undefinedAttributeType, inappropriateMatching, ...
pub async fn compare(
    _request: &CompareRequest<'_>,
    _assertion: Option<Filter<'_>>,
    _context: &Context,
    _caller: &Caller,
) -> Result<bool>;
