//! One moment of the store, being read.

use super::{hints::Hints, list::Txn, tables::Tables};

/// A read transaction beside the tables that it reads; `search.rs` visits entries in it.
pub(super) struct Snapshot<'t> {
    pub(super) tables: &'t Tables,
    pub(super) txn: &'t Txn<'t>,
    pub(super) hints: &'t Hints,
}
