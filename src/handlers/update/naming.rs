//! The RDN and the entry: naming values are values of the entry.

use countersign_proto::result_code::ResultCode;

use crate::{
    directory::{
        dn::Rdn,
        entry::Entry,
        modify::{self, Modification, ModificationKind},
        schema::{Normalized, Schema},
    },
    error::{Error, Result},
};

/// Adds the naming values that the entry lacks.
///
/// # Errors
/// namingViolation for a type that the schema does not know or that only the server writes.
pub(super) fn add_values(entry: &mut Entry, rdn: &Rdn, schema: &Schema) -> Result<()> {
    edit(entry, rdn, schema, ModificationKind::Add)
}

/// Removes naming values.
pub(super) fn remove_values(entry: &mut Entry, rdn: &Rdn, schema: &Schema) -> Result<()> {
    edit(entry, rdn, schema, ModificationKind::Delete)
}

fn edit(entry: &mut Entry, rdn: &Rdn, schema: &Schema, kind: ModificationKind) -> Result<()> {
    for (name, value) in &rdn.assertions {
        let known = schema.attribute_type(name).filter(|known| !known.no_user_modification);
        let Some(known) = known else {
            return Err(Error::new(
                ResultCode::NAMING_VIOLATION,
                "The RDN names an attribute type that the schema does not know or that only the server writes",
            ));
        };
        let modification = Modification { kind, description: known.name().to_owned(), values: vec![value.clone()] };
        modify::apply(entry, &[modification], schema, true)?;
    }
    Ok(())
}

/// Refuses a change after which the entry lacks a value that it is named by.
///
/// # Errors
/// notAllowedOnRDN.
pub(super) fn check_values(entry: &Entry, schema: &Schema) -> Result<()> {
    let assertions = entry.dn.rdn().map_or(&[][..], |rdn| &rdn.assertions);
    if assertions.iter().all(|(name, value)| has_value(entry, name, value, schema)) {
        return Ok(());
    }
    Err(Error::new(
        ResultCode::NOT_ALLOWED_ON_RDN,
        "The entry is named by a value that this would remove; rename the entry instead",
    ))
}

fn has_value(entry: &Entry, name: &str, value: &[u8], schema: &Schema) -> bool {
    let Some(known) = schema.attribute_type(name) else { return true };
    let normalized = |value: &[u8]| {
        let mut normalized = Normalized::new();
        if !schema.normalize(known, value, &mut normalized) {
            normalized.extend_from_slice(value);
        }
        normalized
    };
    let wanted = normalized(value);
    entry.values(known.id).iter().any(|value| normalized(value) == wanted)
}
