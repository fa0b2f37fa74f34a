//! The one thread that writes. It takes everything that is queued, applies it in one LMDB transaction, and answers every waiter
//! after the one sync that they share (group commit): while the disk is busy with one group, the next one gathers.

use std::{
    panic::{AssertUnwindSafe, catch_unwind},
    sync::{
        Arc,
        atomic::{AtomicU64, AtomicUsize, Ordering},
        mpsc::{self, Receiver, Sender},
    },
    thread::JoinHandle,
    time::Instant,
};

use tokio::sync::oneshot;

use super::{
    super::{Applied, Change, StoreError},
    draft::{Buffers, Draft, Refused},
    readers::Readers,
    rules::Rules,
    tables::Tables,
};
use crate::histogram::{Histogram, MICROSECONDS, NUMBERS};

type Outcome = Result<Applied, StoreError>;

/// Changes and where their outcome goes.
struct Job {
    changes: Vec<Change>,
    octets: usize,
    waiter: oneshot::Sender<Outcome>,
}

/// What readers and the writer share.
pub(super) struct Shared {
    pub(super) tables: Tables,
    pub(super) readers: Readers,
    pub(super) last_change: AtomicU64,
    /// How long commits took, in microseconds.
    pub(super) commit_times: Histogram,
    /// How many jobs shared one.
    pub(super) commit_sizes: Histogram,
    /// Octets of queued changes.
    queued: AtomicUsize,
}

/// The handle of the thread; dropping it lets the thread finish what is queued, and waits for that.
pub(super) struct Writer {
    queue: Option<Sender<Job>>,
    thread: Option<JoinHandle<()>>,
    shared: Arc<Shared>,
}

/// Changes in one transaction, at most; more would only delay the first waiter's answer.
const GROUP: usize = 512;
/// Octets in one transaction, beyond which no further changes join it.
const GROUP_OCTETS: usize = 16 << 20;
/// How often snapshots of processes that died beside this one are let go.
const GROUPS_BETWEEN_CLEANING: u32 = 1024;
/// Octets that may wait; a disk that cannot keep up must not fill the memory.
const QUEUE_OCTETS: usize = 256 << 20;

impl Shared {
    pub(super) fn new(tables: Tables, readers: Readers, last_change: u64) -> Self {
        Self {
            tables,
            readers,
            last_change: AtomicU64::new(last_change),
            commit_times: Histogram::new(MICROSECONDS),
            commit_sizes: Histogram::new(NUMBERS),
            queued: AtomicUsize::new(0),
        }
    }
}

impl Writer {
    /// Starts the thread. `persisted_attributes`: how many attribute ids the store holds already.
    pub(super) fn start(
        shared: Arc<Shared>,
        rules: Arc<Rules>,
        persisted_attributes: usize,
    ) -> Result<Self, StoreError> {
        let (queue, jobs) = mpsc::channel();
        let (buffers, thread_shared) = (Buffers::default(), Arc::clone(&shared));
        let mut loop_ = Loop { shared: thread_shared, rules, persisted_attributes, buffers };
        let thread = std::thread::Builder::new().name("store-writer".into()).spawn(move || loop_.run(&jobs));
        let thread = thread.map_err(|error| StoreError::Unavailable(error.into()))?;
        Ok(Self { queue: Some(queue), thread: Some(thread), shared })
    }

    /// Queues changes.
    pub(super) fn submit(&self, changes: Vec<Change>) -> Result<oneshot::Receiver<Outcome>, StoreError> {
        let octets = changes.iter().map(Change::octets).sum();
        if self.shared.queued.fetch_add(octets, Ordering::Relaxed) + octets > QUEUE_OCTETS {
            self.shared.queued.fetch_sub(octets, Ordering::Relaxed);
            return Err(StoreError::Unavailable("too many changes wait for the disk".into()));
        }
        let (waiter, outcome) = oneshot::channel();
        let job = Job { changes, octets, waiter };
        match self.queue.as_ref().map(|queue| queue.send(job)) {
            Some(Ok(())) => Ok(outcome),
            _ => Err(stopped()),
        }
    }
}

impl Drop for Writer {
    fn drop(&mut self) {
        self.queue = None;
        if let Some(thread) = self.thread.take() {
            // A panic of the thread was answered to its waiters; there is nobody else to tell.
            let _ = thread.join();
        }
    }
}

/// What a waiter is told when the thread is gone.
pub(super) fn stopped() -> StoreError {
    StoreError::Unavailable("the store has stopped writing".into())
}

/// The thread's own state.
struct Loop {
    shared: Arc<Shared>,
    rules: Arc<Rules>,
    persisted_attributes: usize,
    buffers: Buffers,
}

impl Loop {
    fn run(&mut self, jobs: &Receiver<Job>) {
        let mut group = Vec::new();
        let mut groups = 0_u32;
        while let Ok(first) = jobs.recv() {
            let mut octets = first.octets;
            group.push(first);
            while group.len() < GROUP && octets < GROUP_OCTETS {
                let Ok(job) = jobs.try_recv() else { break };
                octets += job.octets;
                group.push(job);
            }
            let queued = group.iter().map(|job| job.octets).sum();
            self.carry_out(&mut group);
            self.shared.queued.fetch_sub(queued, Ordering::Relaxed);
            groups = groups.wrapping_add(1);
            if groups.is_multiple_of(GROUPS_BETWEEN_CLEANING) {
                self.shared.tables.forget_dead_readers();
            }
        }
    }

    /// Answers every job of the group, and leaves it empty.
    fn carry_out(&mut self, group: &mut Vec<Job>) {
        match self.guarded(group) {
            Ok(outcomes) => answer(group, outcomes),
            // Whatever went wrong is the fault of one of them, or of the disk: each alone gets its own answer.
            Err(_) if group.len() > 1 => {
                for job in group.drain(..) {
                    self.carry_out(&mut vec![job]);
                }
            }
            Err(error) => answer(group, vec![Err(error)]),
        }
    }

    /// One transaction, where even a panic is only an error: the transaction goes with it.
    fn guarded(&mut self, group: &[Job]) -> Result<Vec<Outcome>, StoreError> {
        catch_unwind(AssertUnwindSafe(|| self.transaction(group)))
            .unwrap_or_else(|_| Err(StoreError::Unavailable("the writer met a bug; the log has its trace".into())))
    }

    fn transaction(&mut self, group: &[Job]) -> Result<Vec<Outcome>, StoreError> {
        let (shared, begun) = (Arc::clone(&self.shared), Instant::now());
        let mut draft = Draft::begin(&shared.tables, &self.rules, &mut self.buffers)?;
        let mut outcomes = Vec::with_capacity(group.len());
        for job in group {
            match draft.apply(&job.changes) {
                Ok(applied) => outcomes.push(Ok(applied)),
                Err(Refused::Cleanly(error)) => outcomes.push(Err(error)),
                Err(Refused::Halfway(error)) => return Err(error),
            }
        }
        if outcomes.iter().any(Result::is_ok) {
            let last_change = draft.sequence;
            let transaction = draft.commit(&mut self.persisted_attributes)?;
            shared.last_change.store(last_change, Ordering::Release);
            shared.readers.committed(transaction);
            shared.commit_times.observe(u64::try_from(begun.elapsed().as_micros()).unwrap_or(u64::MAX));
            shared.commit_sizes.observe(group.len() as u64);
        }
        Ok(outcomes)
    }
}

fn answer(group: &mut Vec<Job>, outcomes: Vec<Outcome>) {
    for (job, outcome) in group.drain(..).zip(outcomes) {
        // Nobody listens any more if the client went away; what was applied stays applied.
        let _ = job.waiter.send(outcome);
    }
}
