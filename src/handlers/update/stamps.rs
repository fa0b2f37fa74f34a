//! What the server itself notes in an entry: who made and changed it, when, and its identity.

use countersign_proto::result_code::ResultCode;
use uuid::Uuid;

use crate::{
    caller::Caller,
    clock::UnixMillis,
    directory::{entry::Entry, schema::Schema},
    error::{Error, Result},
    handlers::context::Context,
    random,
};

/// A new entry UUID (RFC 4530; version 4).
pub(in crate::handlers) fn new_uuid(random: &dyn random::Random) -> Result<Uuid> {
    let octets = random::octets::<16>(random).map_err(Error::unavailable)?;
    Ok(uuid::Builder::from_random_bytes(octets).into_uuid())
}

/// Stamps a new entry, whose UUID and object classes are in place.
pub(in crate::handlers) fn created(entry: &mut Entry, context: &Context, caller: &Caller) -> Result<()> {
    let (now, by) = (context.clock.now(), caller.dn());
    identity(entry, &context.schema)?;
    set(entry, &context.schema, "createTimestamp", &now.generalized_time());
    set(entry, &context.schema, "creatorsName", by);
    changed_at(entry, &context.schema, now, by);
    Ok(())
}

/// Stamps a changed entry.
pub(in crate::handlers) fn changed(entry: &mut Entry, context: &Context, caller: &Caller) {
    changed_at(entry, &context.schema, context.clock.now(), caller.dn());
}

/// Writes what follows from the entry itself: entryUUID, structuralObjectClass.
pub(super) fn identity(entry: &mut Entry, schema: &Schema) -> Result<()> {
    let structural = schema.structural_class(entry)?.name().to_owned();
    set(entry, schema, "structuralObjectClass", &structural);
    let uuid = entry.uuid.to_string();
    set(entry, schema, "entryUUID", &uuid);
    Ok(())
}

fn changed_at(entry: &mut Entry, schema: &Schema, now: UnixMillis, by: &str) {
    set(entry, schema, "modifyTimestamp", &now.generalized_time());
    set(entry, schema, "modifiersName", by);
}

/// Sets one value.
pub(super) fn set(entry: &mut Entry, schema: &Schema, name: &str, value: &str) {
    entry.set(schema, name, vec![value.as_bytes().to_vec()]);
}

/// The OID of the structural object class, where the entry has one.
pub(super) fn structural_class(entry: &Entry, schema: &Schema) -> Option<String> {
    schema.structural_class(entry).ok().map(|class| class.oid.clone())
}

/// Refuses where an entry would become another kind of thing (RFC 4512 section 3.3). `before`: the OID of what it was.
pub(super) fn same_structural_class(before: &str, after: &Entry, schema: &Schema) -> Result<()> {
    if before == schema.structural_class(after)?.oid {
        return Ok(());
    }
    Err(Error::new(
        ResultCode::OBJECT_CLASS_MODS_PROHIBITED,
        "The structural object class of an entry cannot be changed; delete and add the entry",
    ))
}
