//! One moment of the store, being read.

use super::{ahead::Ahead, hints::Hints, tables::Tables};

/// A read transaction.
pub(super) type Txn<'t> = heed::RoTxn<'t>;

/// A read transaction beside the tables that it reads; `search.rs` visits entries in it.
#[derive(Clone, Copy)]
pub(super) struct Snapshot<'t> {
    pub(super) tables: &'t Tables,
    pub(super) txn: &'t Txn<'t>,
    pub(super) hints: &'t Hints,
    pub(super) ahead: &'t Ahead,
}
