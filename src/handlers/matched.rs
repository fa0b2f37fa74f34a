//! noSuchObject, said with as much of the name as the caller may know (RFC 4511 section 4.1.9).

use crate::{
    caller::Caller,
    directory::dn::DnKey,
    error::Error,
    handlers::context::Context,
    store::{Found, Target},
};

/// noSuchObject for `key`, with the nearest ancestor that exists and that the caller may see as matched DN.
pub async fn no_such_object(context: &Context, caller: &Caller, key: &DnKey) -> Error {
    let mut ancestor = key.parent();
    while let Some(key) = ancestor.filter(|key| !key.is_empty()) {
        let access = context.access.load();
        let mut visible = None;
        let mut reader = |found: Found<'_>| {
            if access.view(caller, found.entry, &context.schema).is_visible() {
                visible = Some(found.entry.dn().to_owned());
            }
        };
        if let Err(error) = context.store.read(Target::Key(&key), false, &mut reader).await {
            return error.into();
        }
        if visible.is_some() {
            return Error::no_such_object(visible);
        }
        ancestor = key.parent();
    }
    Error::no_such_object(None)
}
