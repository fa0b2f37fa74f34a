//! A search between two of its steps, and the buffers that searches leave to those after them.

use std::{cell::RefCell, time::Instant};

use crate::{caller::Caller, handlers::search::Search};

/// Ended searches that a thread keeps, for their buffers.
const KEPT_SEARCHES: usize = 16;

thread_local! {
    #[expect(clippy::vec_box, reason = "a search is moved into and out of operations that are waited for: by its box")]
    static SPARE: RefCell<Vec<Box<Search>>> = const { RefCell::new(Vec::new()) };
}

/// A search that is not done.
pub(super) struct RunningSearch {
    /// Its message ID.
    pub(super) id: i32,
    /// As whom it searches: a bind or a change of rights in between does not touch it.
    pub(super) caller: Caller,
    /// How far it got.
    pub(super) search: Box<Search>,
    /// For the audit line, if searches are written down.
    pub(super) noted: Option<Noted>,
}

/// The base of a search, and when it began.
pub(super) type Noted = (String, Instant);

impl RunningSearch {
    /// Gives its buffers back.
    pub(super) fn end(self) {
        give_back(self.search);
    }
}

/// A search to begin, with the buffers of one that has ended.
pub(super) fn unused() -> Box<Search> {
    SPARE.with_borrow_mut(Vec::pop).unwrap_or_default()
}

/// Keeps the buffers of a search that has ended.
pub(super) fn give_back(search: Box<Search>) {
    SPARE.with_borrow_mut(|spare| {
        if spare.len() < KEPT_SEARCHES {
            spare.push(search);
        }
    });
}
