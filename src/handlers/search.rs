//! Searching: which entries a caller finds and what of them it sees. A search is a cursor that its door advances: it runs inline
//! while it is quick, pauses when the door's buffer is full, and never holds anything of the store between two steps.

use countersign_proto::ldap::message::SearchRequest;

use crate::{
    caller::Caller,
    error::Result,
    handlers::context::Context,
};

/// A search under way. It owns what it needs (compiled filter, selection, position, limits), so that it outlives its request;
/// an ended one can begin again and keeps its buffers: the doors reuse them and a small search allocates nothing.
#[derive(Default)]
pub struct Search {}

/// What stands beside the request, from controls or from the door.
#[derive(Clone, Copy, Debug, Default)]
pub struct SearchOptions<'a> {
    /// Simple paged results: the page size and the cookie of the page before (empty for the first); a size of 0 abandons.
    pub page: Option<Page<'a>>,
}

/// One page of a search (RFC 2696).
#[derive(Clone, Copy, Debug)]
pub struct Page<'a> {
    /// Entries wanted.
    pub size: u32,
    /// Where to go on: what [`Advance::Done`] gave, empty to begin.
    pub cookie: &'a [u8],
}

/// Where found entries go.
pub trait EntrySink: Send {
    /// Takes one entry: its DN and its attributes, each of `segments` holding whole PartialAttribute elements.
    fn entry(&mut self, dn: &str, segments: &[&[u8]]);

    /// Whether the search should pause before the next entry.
    fn is_full(&self) -> bool;
}

/// How far a step came.
#[derive(Debug)]
pub enum Advance {
    /// Paused: the sink is full, or the step's share of candidates is used up so that others get their turn.
    Paused,
    /// Nothing more. `cookie`: for a paged search, where the next page begins (empty: there is none).
    Done {
        /// Only for a paged search.
        cookie: Option<Vec<u8>>,
    },
}

impl Search {
    /// Begins a search: resolves the base (noSuchObject with the matched DN, invalidDNSyntax), compiles the filter, notes limits.
    ///
    /// # Errors
    /// The search's result.
    pub async fn begin(
        &mut self,
        request: &SearchRequest<'_>,
        options: SearchOptions<'_>,
        context: &Context,
        caller: &Caller,
    ) -> Result<()>;

    /// Finds the next entries. Looks at a bounded number of candidates and returns `Paused` when they are used up, so that a door
    /// can serve others between two steps. Must not be called again after `Done` or an error.
    ///
    /// # Errors
    /// The search's result where it is not success: sizeLimitExceeded, timeLimitExceeded, adminLimitExceeded, ...
    pub async fn advance(&mut self, context: &Context, caller: &Caller, sink: &mut dyn EntrySink) -> Result<Advance>;
}
