//! What a store is told when it starts to serve.

use std::sync::Arc;

use crate::directory::{attribute_ids::AttributeIds, dn::DnKey, index_terms::Indexes, schema::Schema};

/// The schema, the indexes and the names that need no parent.
pub(super) struct Rules {
    pub(super) schema: Arc<Schema>,
    pub(super) indexes: Indexes,
    pub(super) attribute_ids: Arc<AttributeIds>,
    /// The names that need no entry above them.
    pub(super) suffixes: Vec<DnKey>,
}
