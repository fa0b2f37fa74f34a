//! A factor record as a proof leaves it: the one that was judged, until something in it is amended. Most binds amend nothing, and
//! then nothing is copied, compared or written.

use std::ops::Deref;

use crate::{factors::record::Record, handlers::subject::Account, store::Change};

/// A record, read as it will be.
#[derive(Clone)]
pub(in crate::handlers) struct Amended<'a> {
    before: &'a Record,
    after: Option<Box<Record>>,
}

impl<'a> Amended<'a> {
    /// The record as it was judged.
    pub(super) const fn of(before: &'a Record) -> Self {
        Self { before, after: None }
    }

    /// The record, to be changed.
    pub(in crate::handlers) fn amend(&mut self) -> &mut Record {
        self.after.get_or_insert_with(|| Box::new(self.before.clone()))
    }

    /// Whether it is another than before.
    pub(in crate::handlers) fn is_changed(&self) -> bool {
        self.after.as_deref().is_some_and(|after| after != self.before)
    }

    /// What the store has to change: nothing where nothing was changed. It holds only if the record of `account` is still the one
    /// that was judged.
    pub(super) fn change(&self, account: &Account) -> Option<Change> {
        self.is_changed().then(|| Change::Factors {
            id: account.user.id,
            expected: account.record_version,
            record: self.encode(),
        })
    }
}

impl Deref for Amended<'_> {
    type Target = Record;

    fn deref(&self) -> &Record {
        self.after.as_deref().unwrap_or(self.before)
    }
}
