//! YubiKeys in an add or modify: which devices a user has (`ds-auth-yubikey-public-id`), and the key of a device
//! (`countersign-yubikey-key`), which is never stored in the entry but sealed in the factor record of the same change.

use countersign_proto::result_code::ResultCode;

use super::target::Read;
use crate::{
    caller::{Caller, Privilege},
    directory::{
        device_tree,
        entry::Entry,
        modify::{Modification, ModificationKind},
    },
    error::{Error, Result},
    factors::{
        record::Record,
        yubikey::{Key, public_id},
    },
    handlers::{context::Context, devices},
};

/// A key that an add or modify brings; `None` takes the key away.
pub(super) struct KeyChange {
    key: Option<Key>,
    /// Refused where there is a key already, even the same.
    only_new: bool,
}

/// The change of a device's key that a modification asks for.
///
/// # Errors
/// `insufficientAccessRights` by others than root and `bypass-acl`; `invalidAttributeSyntax` for what is no key.
pub(super) fn key(modification: &Modification, caller: &Caller) -> Result<KeyChange> {
    if !caller.bypasses_access() {
        return Err(Error::insufficient_access("Keys of YubiKeys are written by root and bypass-acl alone"));
    }
    match (modification.kind, modification.values.as_slice()) {
        (ModificationKind::Delete | ModificationKind::Replace, []) => Ok(KeyChange { key: None, only_new: false }),
        (kind @ (ModificationKind::Add | ModificationKind::Replace), [value]) => {
            Ok(KeyChange { key: Some(decoded(value)?), only_new: kind == ModificationKind::Add })
        }
        _ => Err(Error::unwilling("A YubiKey has one key: it is added, replaced, or deleted without a value")),
    }
}

/// A key in hexadecimal text: the AES key, a space, the private ID.
fn decoded(value: &[u8]) -> Result<Key> {
    let text = std::str::from_utf8(value).ok().and_then(|text| text.split_once(' '));
    text.and_then(|(aes, private_id)| Key::from_hex(aes, private_id).ok()).ok_or_else(|| {
        Error::new(
            ResultCode::INVALID_ATTRIBUTE_SYNTAX,
            "The key of a YubiKey is 32 hexadecimal digits of AES key, a space, and 12 of private ID",
        )
    })
}

impl KeyChange {
    /// Applies it to the record of the device that `entry` is.
    ///
    /// # Errors
    /// `unwillingToPerform` for an entry that is no device's; `attributeOrValueExists`.
    pub(super) fn apply(&self, record: &mut Record, entry: &Entry, context: &Context) -> Result<()> {
        let named = device_tree::public_id_of(&entry.dn, &context.schema).and_then(public_id);
        let Some(named) = named else {
            let sentence =
                format!("Only an entry directly below {}, named by its public ID, has a key", device_tree::TOP);
            return Err(Error::unwilling(sentence));
        };
        if self.only_new && record.yubikey().is_some_and(|factor| !factor.secret.is_empty()) {
            return Err(Error::new(ResultCode::ATTRIBUTE_OR_VALUE_EXISTS, "The YubiKey has a key already"));
        }
        devices::set_key(context, record, entry.uuid, &named, self.key.as_ref())
    }
}

/// Values of `ds-auth-yubikey-public-id` as they are kept, in lower case.
///
/// # Errors
/// `insufficientAccessRights` unless the requester is an administrator, whatever the access rules say: whoever could write it
/// would have a second factor without proving anything; `invalidAttributeSyntax`.
pub(super) fn owned(modification: Modification, caller: &Caller) -> Result<Modification> {
    if !caller.bypasses_access() && !caller.may(Privilege::PasswordReset) {
        return Err(Error::insufficient_access(
            "A YubiKey is registered with the extended operation, or by an administrator",
        ));
    }
    let lower = |value: &Vec<u8>| std::str::from_utf8(value).ok().and_then(public_id).map(String::into_bytes);
    let values = modification.values.iter().map(lower).collect::<Option<Vec<_>>>();
    let values = values.ok_or_else(|| {
        Error::new(ResultCode::INVALID_ATTRIBUTE_SYNTAX, "The public ID of a YubiKey is 1 to 16 modhex characters")
    })?;
    Ok(Modification { values, ..modification })
}

/// The public IDs that `modifications` bring to an entry, as far as `read` does not have them yet.
pub(super) fn new_ids(modifications: &[Modification], read: Option<&Read>, context: &Context) -> Result<Vec<String>> {
    let id = context.schema.well_known().yubikey_public_id;
    let entry = read.map(Read::entry).transpose()?;
    let stored = entry.and_then(|entry| entry.attribute(id));
    let is_new =
        |value: &[u8]| !stored.iter().flat_map(|stored| stored.values()).any(|old| old.eq_ignore_ascii_case(value));
    let mut ids: Vec<String> = Vec::new();
    for modification in modifications.iter().filter(|change| change.kind != ModificationKind::Delete) {
        let (attribute, _) = context.schema.assign(&modification.description)?;
        if context.schema.ids().current().type_of(attribute) == id {
            let values = modification.values.iter().filter(|value| is_new(value));
            ids.extend(values.map(|value| String::from_utf8_lossy(value).into_owned()));
        }
    }
    ids.sort_unstable();
    ids.dedup();
    Ok(ids)
}
