//! Deleting an entry (RFC 4511 section 4.8), or a whole subtree where the control asks for it.

use countersign_proto::result_code::ResultCode;

use super::{
    UpdateOptions, Updated, applied, outrun,
    target::{self, Read},
};
use crate::{
    caller::Caller,
    config::Right,
    error::{Error, Result},
    handlers::context::Context,
    store::Change,
};

/// Deletes the entry `dn`, with its factor record.
pub(super) async fn delete(dn: &str, options: &UpdateOptions, context: &Context, caller: &Caller) -> Result<Updated> {
    let key = target::parse_dn(dn)?.key(&context.schema);
    for _ in 0..super::ATTEMPTS {
        let read = Read::of(&key, context, caller).await?;
        let pre_read = {
            let access = context.access.load();
            let view = access.view(caller, read.entry()?, &context.schema);
            target::demand(&view, Right::Delete, "You may not delete this entry")?;
            read.assert(options, context, &view)?;
            permit_subtree(&read, options, caller)?;
            read.pre_read(options, context, &view)?
        };
        let change = Change::Delete { id: read.id, expected: read.version, subtree: options.subtree };
        if applied(vec![change], false, context).await?.is_some() {
            return Ok(Updated { pre_read, post_read: None });
        }
    }
    Err(outrun())
}

/// What is below may be under other rules, so only those whom no rule binds may delete it unseen.
fn permit_subtree(read: &Read, options: &UpdateOptions, caller: &Caller) -> Result<()> {
    match (read.children, options.subtree) {
        (0, _) => Ok(()),
        (_, false) => Err(Error::new(
            ResultCode::NOT_ALLOWED_ON_NON_LEAF,
            "There are entries below this one; delete them first, or use the subtree delete control",
        )),
        (_, true) if caller.bypasses_access() => Ok(()),
        (_, true) => Err(Error::insufficient_access("Whole subtrees are deleted by root and bypass-acl alone")),
    }
}
