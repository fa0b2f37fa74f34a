//! The virtual entries that have been made so far.

use std::sync::OnceLock;

use arc_swap::ArcSwapOption;

use crate::directory::dn::DnKey;

/// The encoded entries, made when first asked for.
#[derive(Debug, Default)]
pub struct VirtualEntries {
    pub(super) root_dse: ArcSwapOption<Vec<u8>>,
    pub(super) subschema: OnceLock<(DnKey, Vec<u8>)>,
    pub(super) root_user: OnceLock<Vec<u8>>,
}

impl VirtualEntries {
    /// Has the root DSE made anew: what it tells has changed.
    pub fn forget_root_dse(&self) {
        self.root_dse.store(None);
    }
}
