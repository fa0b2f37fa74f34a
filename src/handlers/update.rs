//! Changing entries: add, modify, modify DN, delete (RFC 4511 sections 4.6 to 4.9). Whether a caller may is `access.rs`; what a
//! valid entry is, the schema; what a modification does to an entry, `directory/modify.rs`.
//!
//! Every change is judged on what was read and applied only if that is still so: where somebody else was faster, it is read and
//! judged again. An entry that the caller may not see does not exist for it.

mod add;
mod delete;
pub mod intake;
mod modify;
mod naming;
mod passwords;
mod rename;
pub(super) mod secrets;
pub(super) mod stamps;
mod target;
mod yubikeys;

use crate::{
    caller::Caller,
    directory::modify::Modification,
    error::{Error, Result},
    handlers::{context::Context, devices},
    store::{Applied, Change, StoreError},
};

/// One change as a door decoded it; DNs as sent.
pub enum Update {
    /// RFC 4511 section 4.7.
    Add {
        /// The name of the new entry.
        dn: String,
        /// Attribute descriptions with their values.
        attributes: Vec<(String, Vec<Vec<u8>>)>,
    },
    /// RFC 4511 section 4.6.
    Modify {
        /// The entry.
        dn: String,
        /// In order; all or nothing.
        modifications: Vec<Modification>,
    },
    /// RFC 4511 section 4.9.
    ModifyDn {
        /// The entry.
        dn: String,
        /// Its new RDN.
        new_rdn: String,
        /// Whether the values of the old RDN go.
        delete_old_rdn: bool,
        /// Where it moves; absent: it stays.
        new_superior: Option<String>,
    },
    /// RFC 4511 section 4.8.
    Delete {
        /// The entry.
        dn: String,
    },
}

/// What stands beside the request, from controls.
#[derive(Clone, Debug, Default)]
pub struct UpdateOptions {
    /// A Filter element that the entry must match before the change, else assertionFailed (RFC 4528).
    pub assertion: Option<Vec<u8>>,
    /// Attributes to return as they were before (RFC 4527); not for add.
    pub pre_read: Option<Vec<String>>,
    /// Attributes to return as they are afterwards (RFC 4527); not for delete.
    pub post_read: Option<Vec<String>>,
    /// Adding what is there and deleting what is not is no error.
    pub permissive: bool,
    /// Delete takes what is below the entry too.
    pub subtree: bool,
}

/// An entry as pre-read and post-read return it, restricted to what the caller may see.
#[derive(Clone, Debug)]
pub struct ReadEntry {
    /// Its DN.
    pub dn: String,
    /// Whole PartialAttribute elements.
    pub attributes: Vec<u8>,
}

/// What a change answers.
#[derive(Clone, Debug, Default)]
pub struct Updated {
    /// If asked for.
    pub pre_read: Option<ReadEntry>,
    /// If asked for.
    pub post_read: Option<ReadEntry>,
}

/// Carries a change out; durable when answered.
///
/// # Errors
/// The change's result.
pub async fn update(update: Update, options: UpdateOptions, context: &Context, caller: &Caller) -> Result<Updated> {
    match update {
        Update::Add { dn, attributes } => add::add(&dn, attributes, &options, context, caller).await,
        Update::Modify { dn, modifications } => modify::modify(&dn, modifications, &options, context, caller).await,
        Update::ModifyDn { dn, new_rdn, delete_old_rdn, new_superior } => {
            let renaming =
                rename::Renaming { new_rdn: &new_rdn, delete_old_rdn, new_superior: new_superior.as_deref() };
            rename::rename(&dn, renaming, &options, context, caller).await
        }
        Update::Delete { dn } => delete::delete(&dn, &options, context, caller).await,
    }
}

/// How often a change is judged anew before the client is told to try later.
const ATTEMPTS: u32 = 64;

/// Applies changes. `None` if what they rest on changed meanwhile: judge again. `claims`: whether some are `devices::claimed`.
async fn applied(changes: Vec<Change>, claims: bool, context: &Context) -> Result<Option<Applied>> {
    match context.store.apply(changes).await {
        Ok(applied) => Ok(Some(applied)),
        Err(StoreError::Conflict) => Ok(None),
        // A device that was claimed came to be known meanwhile.
        Err(error) if claims && devices::is_race(&error) => Ok(None),
        Err(error) => Err(error.into()),
    }
}

/// What a client is told when others were faster too often.
fn outrun() -> Error {
    Error::busy()
}
