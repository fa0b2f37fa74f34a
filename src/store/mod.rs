//! Where entries and factor records live: the trait that every store fulfils. A store knows neither factors nor access rules:
//! it keeps encoded entries under their names, finds candidates for a filter, and applies changes whose preconditions hold.
//!
//! Nothing borrowed from a store outlives a call, no transaction crosses the trait, and every change carries what must still be
//! true for it (`Change`), so that a store behind a network can fulfil each verb with one round trip. The same verbs as a
//! PostgreSQL store would fulfil them: `find` and `read` one SELECT; `search` one SELECT with a key as its cursor; `apply` one
//! statement list in one transaction, with a retry for serialization failures.

pub mod answer;
pub mod change;
pub mod embedded;
mod error;
pub mod query;

use std::path::Path;

pub use answer::Answer;
pub use change::{Applied, Change, EntryId, Incoming, Statistics, Version};
pub use error::StoreError;
pub use query::{Factors, Found, Position, Progress, Query, Scope, Step, Target};

use crate::directory::dn::DnKey;

/// The directory's memory. All verbs may be called from any thread at any time; readers never wait for writers.
pub trait Store: Send + Sync + 'static {
    /// The id of the entry with this name; `None` if there is none.
    fn find<'a>(&'a self, key: &'a DnKey) -> Answer<'a, Result<Option<EntryId>, StoreError>>;

    /// Hands one entry to `reader`, borrowed in place, with its factor record if `with_factors`; both are of one moment.
    /// `false` if there is no such entry.
    ///
    /// `reader` must not call the store again.
    fn read<'a>(
        &'a self,
        target: Target<'a>,
        with_factors: bool,
        reader: &'a mut (dyn FnMut(Found<'_>) + Send),
    ) -> Answer<'a, Result<bool, StoreError>>;

    /// Visits the candidates of a query: all entries in its scope that may match its filter, perhaps others in scope too; the
    /// visitor evaluates filter and access rights. No entry is visited twice. `from` resumes where an earlier call paused or
    /// stopped; entries added or removed meanwhile may be missed or seen, all others are seen exactly once.
    ///
    /// A base that does not exist has no candidates: whoever must tell `noSuchObject` asks `find` first. `visitor` must not
    /// call the store again, and should not wait: it holds a snapshot open.
    fn search<'a>(
        &'a self,
        query: &'a Query<'a>,
        from: Option<&'a Position>,
        visitor: &'a mut (dyn FnMut(Found<'_>) -> Step + Send),
    ) -> Answer<'a, Result<Progress, StoreError>>;

    /// Applies all changes or none, in order; when it has answered `Ok`, they survive a power cut.
    ///
    /// A caller that drops the answer does not take the changes back.
    fn apply(&self, changes: Vec<Change>) -> Answer<'static, Result<Applied, StoreError>>;

    /// The sequence number of the newest applied changes. A cache that noted it before it read is fresh while it stays the same.
    fn last_change(&self) -> u64;

    /// Milliseconds since 1970 up to which (plus the window) no time-based code may be accepted, because the ledger of spent
    /// codes may be older than the codes: a backup was restored or a standby promoted then. 0 if that never happened.
    fn fence(&self) -> u64;

    /// How full the store is.
    fn statistics(&self) -> Answer<'_, Result<Statistics, StoreError>>;

    /// Writes a consistent copy to `to`, a path that must not exist yet, while the store goes on serving. The copy holds
    /// secrets only as the store holds them: sealed or hashed.
    fn backup<'a>(&'a self, to: &'a Path) -> Answer<'a, Result<(), StoreError>>;
}
