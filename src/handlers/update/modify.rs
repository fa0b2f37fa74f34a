//! Modifying an entry (RFC 4511 section 4.6), and what add and modify have in common: passwords are hashed, TOTP secrets and keys of
//! YubiKeys go into the factor record, and what only the server writes is refused.

use countersign_proto::result_code::ResultCode;

use super::{
    UpdateOptions, Updated, applied, naming, outrun,
    passwords::{self, GivenPassword},
    secrets::{self, SecretChange},
    stamps,
    target::{self, Read},
    yubikeys::{self, KeyChange},
};
use crate::{
    access::View,
    caller::{Caller, Privilege},
    config::Right,
    directory::{
        attribute_ids::AttributeId,
        entry::Entry,
        modify::{self, Modification},
    },
    error::{Error, Result},
    factors::record::Record,
    handlers::{
        context::Context,
        devices,
        new_password::{Setter, Standing, begin_report, check_retirement, remember},
    },
    store::Change,
};

/// Modifies the entry `dn`: all of `modifications` in order, or none.
pub(super) async fn modify(
    dn: &str,
    modifications: Vec<Modification>,
    options: &UpdateOptions,
    context: &Context,
    caller: &Caller,
) -> Result<Updated> {
    let key = target::parse_dn(dn)?.key(&context.schema);
    let mut read = Read::of(&key, context, caller).await?;
    // Hashing takes time, so it comes before the first judgement and is not repeated; but not for whoever may not write.
    let prepared = {
        permit(&modifications, &read, context, caller)?;
        let setter = if caller.is(read.id) { Setter::User } else { Setter::Administrator };
        let standing = Standing::of(context, read.entry()?, read.factors()?.0);
        Prepared::new(modifications, context, caller, (&standing, setter)).await?
    };
    for _ in 0..super::ATTEMPTS {
        let deletions = passwords::resolve(&prepared.deleted_passwords, &read, context).await?;
        let new_devices = yubikeys::new_ids(&prepared.modifications, Some(&read), context)?;
        let claimed = devices::claimed(context, caller, Some(read.id), &new_devices).await?;
        let (mut changes, updated) = judged(&read, &prepared, deletions, options, context, caller)?;
        let claims = !claimed.is_empty();
        changes.extend(claimed);
        if applied(changes, claims, context).await?.is_some() {
            return Ok(updated);
        }
        read = Read::of(&key, context, caller).await?;
    }
    Err(outrun())
}

/// Refuses what the caller may not write, before work is spent on it.
fn permit(modifications: &[Modification], read: &Read, context: &Context, caller: &Caller) -> Result<()> {
    let access = context.access.load();
    let view = access.view(caller, read.entry()?, &context.schema);
    for modification in modifications {
        let (id, _) = context.schema.assign(&modification.description)?;
        demand_write(&view, Right::Write, id)?;
    }
    Ok(())
}

fn demand_write(view: &View<'_>, right: Right, attribute: AttributeId) -> Result<()> {
    if view.may(right, attribute) {
        return Ok(());
    }
    Err(Error::insufficient_access("You may not write one of these attributes"))
}

/// The changes that the modifications come to on an entry as it was read.
fn judged(
    read: &Read,
    prepared: &Prepared,
    deletions: Vec<Modification>,
    options: &UpdateOptions,
    context: &Context,
    caller: &Caller,
) -> Result<(Vec<Change>, Updated)> {
    let schema = &context.schema;
    let access = context.access.load();
    let view = access.view(caller, read.entry()?, schema);
    read.assert(options, context, &view)?;
    prepared.permit(&view, Right::Write)?;
    let pre_read = read.pre_read(options, context, &view)?;
    let mut entry = read.entry()?.to_entry();
    let former = entry.values(schema.well_known().user_password).to_vec();
    let class = prepared.touches(schema.well_known().object_class).then(|| stamps::structural_class(&entry, schema));
    modify::apply(&mut entry, &deletions, schema, options.permissive)?;
    modify::apply(&mut entry, &prepared.modifications, schema, options.permissive)?;
    naming::check_values(&entry, schema)?;
    schema.complete_classes(&mut entry);
    if let Some(Some(class)) = class {
        stamps::same_structural_class(&class, &entry, schema)?;
    }
    stamps::changed(&mut entry, context, caller);
    schema.check_changed(&entry, &|kind| prepared.touches(kind))?;
    let encoded = entry.encode(schema);
    let post_read = target::post_read(&encoded, read.children, options, context, caller)?;
    let mut changes = vec![Change::Replace { id: read.id, expected: read.version, entry: encoded }];
    let (mut record, version) = read.factors()?;
    if prepared.apply_to_record(&mut record, &entry, context, caller, (&former, options.permissive))? {
        changes.push(Change::Factors { id: read.id, expected: version, record: record.encode() });
    }
    Ok((changes, Updated { pre_read, post_read }))
}

/// Modifications as they may reach an entry: hashed, without secrets, without what only the server writes.
pub(super) struct Prepared {
    pub(super) modifications: Vec<Modification>,
    /// Passwords in clear text that are to be deleted: only the entry's own hashes can tell which value that is.
    deleted_passwords: Vec<GivenPassword>,
    secrets: Vec<SecretChange>,
    device_keys: Vec<KeyChange>,
    /// Whether a password is set.
    sets_password: bool,
    /// By whom.
    setter: Setter,
    /// All attributes that are written, for access checks.
    touched: Vec<AttributeId>,
}

impl Prepared {
    /// # Errors
    /// undefinedAttributeType; constraintViolation for what only the server writes; insufficientAccessRights for secrets and
    /// privileges by others than root and `bypass-acl`.
    pub(super) async fn new(
        modifications: Vec<Modification>,
        context: &Context,
        caller: &Caller,
        (standing, setter): (&Standing, Setter),
    ) -> Result<Self> {
        let (schema, known) = (&context.schema, *context.schema.well_known());
        begin_report(caller, passwords::count(&modifications, context));
        check_retirement(context, caller)?;
        let mut prepared = Self {
            modifications: Vec::with_capacity(modifications.len()),
            deleted_passwords: Vec::new(),
            secrets: Vec::new(),
            device_keys: Vec::new(),
            sets_password: false,
            setter,
            touched: Vec::new(),
        };
        for modification in modifications {
            let (id, _) = schema.assign(&modification.description)?;
            let id = schema.ids().current().type_of(id);
            prepared.touched.push(id);
            if schema.type_by_id(id).is_some_and(|known| known.no_user_modification) {
                return Err(Error::new(
                    ResultCode::CONSTRAINT_VIOLATION,
                    format!("{} is maintained by the server", modification.description),
                ));
            }
            if id == known.privilege_name && !caller.bypasses_access() {
                return Err(Error::insufficient_access("Privileges are granted by root and bypass-acl alone"));
            }
            if id == known.totp_shared_secret {
                prepared.secrets.push(secrets::read(&modification, caller)?);
            } else if id == known.yubikey_key {
                prepared.device_keys.push(yubikeys::key(&modification, caller)?);
            } else if id == known.yubikey_public_id {
                prepared.modifications.push(yubikeys::owned(modification, caller)?);
            } else if id == known.user_password {
                let given = passwords::prepare(modification, context, caller, standing, setter).await?;
                prepared.sets_password |= given.sets_password;
                prepared.modifications.extend(given.modification);
                prepared.deleted_passwords.extend(given.deleted);
            } else {
                prepared.modifications.push(modification);
            }
        }
        Ok(prepared)
    }

    /// Whether an attribute of this type is written.
    fn touches(&self, kind: AttributeId) -> bool {
        self.touched.contains(&kind)
    }

    /// Refuses unless the caller may write all of it.
    pub(super) fn permit(&self, view: &View<'_>, right: Right) -> Result<()> {
        self.touched.iter().try_for_each(|attribute| demand_write(view, right, *attribute))
    }

    /// Brings the factor record up to it; whether anything changed. `former`: the values of userPassword that there were.
    pub(super) fn apply_to_record(
        &self,
        record: &mut Record,
        entry: &Entry,
        context: &Context,
        caller: &Caller,
        (former, permissive): (&[Vec<u8>], bool),
    ) -> Result<bool> {
        for change in &self.secrets {
            change.apply(record, entry.uuid, context, permissive)?;
        }
        for change in &self.device_keys {
            change.apply(record, entry, context)?;
        }
        let removes_password = self.touches(context.schema.well_known().user_password);
        let ends_retired = removes_password && record.state.retired.take().is_some();
        if self.sets_password {
            remember(context, caller, record, (former, self.setter), context.clock.now());
            // Whoever may reset passwords opens the account with it; a user who changes the own one does not.
            if caller.may(Privilege::PasswordReset) || caller.bypasses_access() {
                record.clear_failures();
            }
        }
        let known = context.schema.well_known();
        let ending = [
            known.account_disabled,
            known.account_activation_time,
            known.account_expiration_time,
            known.yubikey_public_id,
        ];
        let ends_tokens = ending.into_iter().any(|attribute| self.touches(attribute));
        if ends_tokens {
            record.end_tokens();
        }
        Ok(ends_tokens
            || ends_retired
            || self.sets_password
            || !self.secrets.is_empty()
            || !self.device_keys.is_empty())
    }
}
