//! Compare (RFC 4511 section 4.10): whether an entry has a value, for a caller that may know.

use countersign_proto::{
    ldap::{filter::Filter, message::CompareRequest},
    result_code::ResultCode,
};

use crate::{
    caller::Caller,
    config::Right,
    directory::{
        attribute_ids::AttributeId,
        computed::{ComputedAttribute, Surroundings},
        dn::DnKey,
        entry::EntryRef,
        filter::{CompiledFilter, Truth},
    },
    error::{Error, Result},
    handlers::{assertion::Assertion, context::Context, matched, virtual_entries},
    store::{Found, Target},
};

/// Whether the entry has the value; `assertion`: what else must be true of it (RFC 4528), else assertionFailed.
///
/// # Errors
/// invalidDNSyntax, noSuchObject (also for an entry that the caller cannot see), undefinedAttributeType,
/// insufficientAccessRights, noSuchAttribute, inappropriateMatching where it cannot be told.
pub async fn compare(
    request: &CompareRequest<'_>,
    assertion: Option<Filter<'_>>,
    context: &Context,
    caller: &Caller,
) -> Result<bool> {
    let key = DnKey::parse(request.dn, &context.schema)
        .map_err(|error| Error::new(ResultCode::INVALID_DN_SYNTAX, error.reason))?;
    let (attribute, value) = (request.attribute, request.value);
    let name = attribute.split(|octet| *octet == b';').next().unwrap_or_default();
    let kind = std::str::from_utf8(name)
        .ok()
        .and_then(|name| context.schema.attribute_type(name))
        .map(|kind| kind.id)
        .ok_or_else(|| Error::new(ResultCode::UNDEFINED_ATTRIBUTE_TYPE, "The schema has no such attribute type"))?;
    let mut filter = CompiledFilter::default();
    filter.compile_equality(attribute, value, &context.schema);
    let judge =
        |entry: EntryRef<'_>, surroundings| match filter.matches(entry, surroundings, &context.schema, &|_| true) {
            Truth::True => Ok(true),
            Truth::False if ComputedAttribute::of(kind, &context.schema).is_some() || has_any(entry, kind, context) => {
                Ok(false)
            }
            Truth::False => Err(Error::new(ResultCode::NO_SUCH_ATTRIBUTE, "The entry does not have this attribute")),
            Truth::Undefined => {
                Err(Error::new(ResultCode::INAPPROPRIATE_MATCHING, "The value cannot be compared with this attribute"))
            }
        };
    if let Some(bytes) = virtual_entries::find(context, caller, &key) {
        return EntryRef::new(&bytes).map_or(Ok(false), |entry| judge(entry, Surroundings::default()));
    }
    let assertion = assertion.map(|filter| Assertion::new(filter, context));
    let access = context.access.load();
    let mut outcome = None;
    let mut reader = |found: Found<'_>| {
        let view = access.view(caller, found.entry, &context.schema);
        if !view.is_visible() {
            return;
        }
        outcome =
            Some(if assertion.as_ref().is_some_and(|assertion| !assertion.holds(&found, &view, &context.schema)) {
                Err(Error::new(ResultCode::ASSERTION_FAILED, "The assertion is not true of the entry"))
            } else if view.may(Right::Compare, kind) {
                judge(found.entry, Surroundings { children: found.children })
            } else {
                Err(Error::insufficient_access("This attribute may not be compared by this requester"))
            });
    };
    context.store.read(Target::Key(&key), false, &mut reader).await?;
    match outcome {
        Some(outcome) => outcome,
        None => Err(matched::no_such_object(context, caller, &key).await),
    }
}

/// Whether the entry has an attribute of this type or of a subtype.
fn has_any(entry: EntryRef<'_>, kind: AttributeId, context: &Context) -> bool {
    let family = context.schema.types_within(kind);
    entry.attributes().any(|attribute| family.contains(&attribute.type_id))
}
