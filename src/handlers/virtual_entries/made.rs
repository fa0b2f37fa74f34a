//! The virtual entries that have been made so far.

use std::sync::OnceLock;

use crate::directory::dn::DnKey;

/// The encoded entries, made when first asked for.
#[derive(Debug, Default)]
pub struct VirtualEntries {
    pub(super) root_dse: OnceLock<Vec<u8>>,
    pub(super) subschema: OnceLock<(DnKey, Vec<u8>)>,
    pub(super) root_user: OnceLock<Vec<u8>>,
}
