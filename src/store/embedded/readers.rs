//! Snapshots for readers. Beginning a snapshot takes LMDB's reader lock and an allocation, so a finished one is parked and taken
//! again as long as nothing newer was committed; the writer lets the parked ones go when it has committed, so that none of them
//! keeps old pages from being used again. A reader never waits: where a slot is busy it goes to the next.

use std::sync::{
    Mutex,
    atomic::{AtomicUsize, Ordering},
};

use super::{
    super::StoreError,
    tables::{Reader, Tables},
};

/// The parked snapshots of one store.
pub(super) struct Readers {
    slots: [Slot; SLOTS],
    /// The newest committed LMDB transaction; 0 where another process commits and nobody here can know.
    current: AtomicUsize,
}

/// Apart from its neighbours, so that cores do not share a cache line.
#[repr(align(128))]
#[derive(Default)]
struct Slot(Mutex<Option<Reader<'static>>>);

impl Readers {
    /// `current`: the newest commit, or 0 not to park at all.
    pub(super) fn new(current: usize) -> Self {
        Self { slots: Default::default(), current: AtomicUsize::new(current) }
    }

    /// Lets `work` see the store as it is now.
    pub(super) fn with<R>(
        &self,
        tables: &Tables,
        work: impl FnOnce(&Reader<'static>) -> Result<R, StoreError>,
    ) -> Result<R, StoreError> {
        let slot = self.own_slot();
        let parked = slot.0.try_lock().ok().and_then(|mut parked| parked.take());
        let reader = match parked.filter(|reader| reader.id() == self.current.load(Ordering::Acquire)) {
            Some(reader) => reader,
            None => tables.read()?,
        };
        let result = work(&reader);
        if let Ok(mut parked) = slot.0.try_lock() {
            // Compared under the slot's lock: either the writer comes later and lets it go, or its commit is seen here.
            *parked = Some(reader).filter(|reader| reader.id() == self.current.load(Ordering::Acquire));
        }
        result
    }

    /// Tells that `transaction` is committed: older snapshots are let go.
    pub(super) fn committed(&self, transaction: usize) {
        self.current.store(transaction, Ordering::Release);
        for slot in &self.slots {
            // A reader holds a slot for a few instructions only.
            if let Ok(mut parked) = slot.0.lock() {
                *parked = None;
            }
        }
    }

    /// A slot that this thread is likely to find free.
    fn own_slot(&self) -> &Slot {
        static NEXT: AtomicUsize = AtomicUsize::new(0);
        thread_local!(static OWN: usize = NEXT.fetch_add(1, Ordering::Relaxed));
        let [first, rest @ ..] = &self.slots;
        OWN.with(|own| rest.get(own % SLOTS)).unwrap_or(first)
    }
}

const SLOTS: usize = 16;
