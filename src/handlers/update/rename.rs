//! Renaming and moving an entry, with all that is below it (RFC 4511 section 4.9).

use countersign_proto::result_code::ResultCode;

use super::{
    UpdateOptions, Updated, naming, outrun, stamps,
    target::{self, Read},
};
use crate::{
    caller::Caller,
    config::Right,
    directory::dn::{Dn, DnKey, Rdn},
    error::{Error, Result},
    handlers::{context::Context, matched},
    store::{Change, StoreError},
};

/// What a modify DN request asks for.
pub(super) struct Renaming<'a> {
    pub(super) new_rdn: &'a str,
    pub(super) delete_old_rdn: bool,
    pub(super) new_superior: Option<&'a str>,
}

/// Renames the entry `dn`.
pub(super) async fn rename(
    dn: &str,
    renaming: Renaming<'_>,
    options: &UpdateOptions,
    context: &Context,
    caller: &Caller,
) -> Result<Updated> {
    let key = target::parse_dn(dn)?.key(&context.schema);
    let new_rdn =
        Rdn::parse(renaming.new_rdn).map_err(|error| Error::new(ResultCode::INVALID_DN_SYNTAX, error.reason))?;
    let superior = match renaming.new_superior {
        Some(superior) => Some(superior_of(superior, context, caller).await?),
        None => None,
    };
    let plan = Plan { new_rdn, delete_old_rdn: renaming.delete_old_rdn, superior };
    for _ in 0..super::ATTEMPTS {
        let read = Read::of(&key, context, caller).await?;
        let (change, new_key, updated) = plan.judged(&read, &key, options, context, caller)?;
        match context.store.apply(vec![change]).await {
            Ok(_) => return Ok(updated),
            Err(StoreError::Conflict) => {}
            Err(StoreError::NotLeaf) => {
                return Err(Error::unwilling("An entry cannot be moved to below itself"));
            }
            Err(StoreError::NoParent) => return Err(matched::no_such_object(context, caller, &new_key).await),
            Err(error) => return Err(error.into()),
        }
    }
    Err(outrun())
}

/// The new superior in its stored spelling.
async fn superior_of(text: &str, context: &Context, caller: &Caller) -> Result<Dn> {
    let superior = target::parse_dn(text)?;
    if superior.is_empty() {
        return Err(Error::unwilling("An entry cannot be moved to the top of the tree"));
    }
    let read = Read::of(&superior.key(&context.schema), context, caller).await?;
    target::parse_dn(read.entry()?.dn())
}

struct Plan {
    new_rdn: Rdn,
    delete_old_rdn: bool,
    superior: Option<Dn>,
}

impl Plan {
    fn judged(
        &self,
        read: &Read,
        key: &DnKey,
        options: &UpdateOptions,
        context: &Context,
        caller: &Caller,
    ) -> Result<(Change, DnKey, Updated)> {
        let schema = &context.schema;
        let access = context.access.load();
        let view = access.view(caller, read.entry()?, schema);
        target::demand(&view, Right::Rename, "You may not rename this entry")?;
        read.assert(options, context, &view)?;
        let pre_read = read.pre_read(options, context, &view)?;

        let mut entry = read.entry()?.to_entry();
        let old_rdn = entry.dn.rdn().cloned();
        let parent = match (&self.superior, entry.dn.parent()) {
            (Some(superior), _) => superior.clone(),
            (None, parent) => parent.unwrap_or_default(),
        };
        let is_base = context
            .config
            .load()
            .directory
            .base_dns
            .iter()
            .any(|base| DnKey::parse(base, schema).is_ok_and(|base| base == *key));
        if is_base {
            return Err(Error::unwilling("The entry at a base DN cannot be renamed"));
        }
        entry.dn = parent.child(self.new_rdn.clone());
        let new_key = entry.dn.key(schema);
        if self.superior.is_some() {
            let there = access.view_of_key(caller, &new_key, schema);
            target::demand(&there, Right::Add, "You may not add an entry there")?;
        }
        if new_key == context.root_key {
            return Err(StoreError::Exists.into());
        }
        if let Some(old_rdn) = old_rdn.filter(|_| self.delete_old_rdn) {
            naming::remove_values(&mut entry, &old_rdn, schema)?;
        }
        naming::add_values(&mut entry, &self.new_rdn, schema)?;
        stamps::changed(&mut entry, context, caller);
        schema.check(&entry)?;
        let encoded = entry.encode(schema);
        let post_read = target::post_read(&encoded, read.children, options, context, caller)?;
        let change = Change::Rename { id: read.id, expected: read.version, key: new_key.clone(), entry: encoded };
        Ok((change, new_key, Updated { pre_read, post_read }))
    }
}
