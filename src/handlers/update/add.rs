//! Adding an entry (RFC 4511 section 4.7).

use countersign_proto::result_code::ResultCode;

use super::{UpdateOptions, Updated, modify::Prepared, naming, stamps, target, yubikeys};
use crate::{
    caller::Caller,
    config::Right,
    directory::{
        dn::{Dn, DnKey},
        entry::Entry,
        modify::{self, Modification, ModificationKind},
    },
    error::{Error, Result},
    factors::record::Record,
    handlers::{
        context::Context,
        devices, matched,
        new_password::{Setter, Standing},
    },
    store::{Change, StoreError},
};

/// Adds the entry `dn` with these attributes; naming values and superclasses that are missing are added.
pub(super) async fn add(
    dn: &str,
    attributes: Vec<(String, Vec<Vec<u8>>)>,
    options: &UpdateOptions,
    context: &Context,
    caller: &Caller,
) -> Result<Updated> {
    let dn = target::parse_dn(dn)?;
    let key = dn.key(&context.schema);
    permit(&key, context, caller).await?;
    // Told before anything is judged or hashed: whoever adds twice wants to know that, not what else is wrong.
    if key.is_empty() || key == context.root_key || context.store.find(&key).await?.is_some() {
        return Err(StoreError::Exists.into());
    }
    let standing = Standing::of_attributes(context, &attributes);
    let modifications = attributes.into_iter().map(|(description, values)| Modification {
        kind: ModificationKind::Add,
        description,
        values,
    });
    let prepared = Prepared::new(modifications.collect(), context, caller, (&standing, Setter::Creator)).await?;
    let (entry, factors) = made(&dn, &key, &prepared, context, caller)?;
    let encoded = entry.encode(&context.schema);
    let post_read = target::post_read(&encoded, 0, options, context, caller)?;
    let mut changes =
        vec![Change::Add { key: key.clone(), entry: encoded, factors: factors.map(|record| record.encode()) }];
    let devices = yubikeys::new_ids(&prepared.modifications, None, context)?;
    changes.extend(devices::claimed(context, caller, None, &devices).await?);
    match context.store.apply(changes).await {
        Ok(_) => Ok(Updated { pre_read: None, post_read }),
        Err(StoreError::NoParent) => Err(matched::no_such_object(context, caller, &key).await),
        // A device of the new user was registered at the same moment.
        Err(error) if !devices.is_empty() && devices::is_race(&error) => Err(Error::busy()),
        Err(error) => Err(error.into()),
    }
}

/// Refuses unless the caller may add an entry of this name. Where it may not even see the entry above, that is what it is told.
async fn permit(key: &DnKey, context: &Context, caller: &Caller) -> Result<()> {
    let may = context.access.load().view_of_key(caller, key, &context.schema).may_entry(Right::Add);
    if may {
        return Ok(());
    }
    if let Some(parent) = key.parent().filter(|parent| !parent.is_empty()) {
        target::Read::of(&parent, context, caller).await?;
    }
    Err(Error::insufficient_access("You may not add this entry"))
}

fn made(
    dn: &Dn,
    key: &DnKey,
    prepared: &Prepared,
    context: &Context,
    caller: &Caller,
) -> Result<(Entry, Option<Record>)> {
    let schema = &context.schema;
    let access = context.access.load();
    prepared.permit(&access.view_of_key(caller, key, schema), Right::Add)?;
    let mut entry = Entry::new(dn.clone(), stamps::new_uuid(&*context.random)?);
    modify::apply(&mut entry, &prepared.modifications, schema, false)?;
    if entry.values(schema.well_known().object_class).is_empty() {
        return Err(Error::new(ResultCode::OBJECT_CLASS_VIOLATION, "An entry needs at least one object class"));
    }
    let rdn = dn.rdn().ok_or_else(|| Error::new(ResultCode::NAMING_VIOLATION, "The entry has no name"))?;
    naming::add_values(&mut entry, rdn, schema)?;
    schema.complete_classes(&mut entry);
    stamps::created(&mut entry, context, caller)?;
    schema.check(&entry)?;
    let mut record = Record::default();
    let has_record = prepared.apply_to_record(&mut record, &entry, context, caller, (&[], false))?;
    Ok((entry, has_record.then_some(record)))
}
