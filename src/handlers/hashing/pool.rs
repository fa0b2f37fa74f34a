//! Where slow password hashes are computed: a bounded pool of threads of its own, so that a flood of binds cannot starve searches.
//! When its queue is full the request is refused as busy. Which hash, and what it means, is `factors::password` and `bind`.
//!
//! The memory that hashes fill does not belong to the threads: who has a job takes what was given back last. Hashes that come one
//! after another so fill the same memory again, which the processor still has in its cache, whichever thread computes them.

use std::{
    fmt, io,
    panic::{AssertUnwindSafe, catch_unwind},
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicUsize, Ordering},
        mpsc::{Receiver, SyncSender, TrySendError, sync_channel},
    },
    thread,
};

use tokio::sync::oneshot;

use crate::{
    error::{Error, Result},
    factors::password::Workspace,
    telemetry::reason,
};

type Job = Box<dyn FnOnce(&mut Workspace) + Send>;

/// Memory that no hash fills at the moment; what was used last comes last.
type Idle = Mutex<Vec<Workspace>>;

/// The pool; it ends when this is dropped and the queue is worked off.
pub struct Hashing {
    queue: SyncSender<Job>,
    waiting: Arc<AtomicUsize>,
    room: u32,
}

impl Hashing {
    /// Starts `threads` threads (0: one per processor), before which at most `waiting` hashes may wait.
    ///
    /// # Errors
    /// A thread could not be started.
    pub fn start(threads: u32, waiting: u32) -> io::Result<Self> {
        let threads = match threads {
            0 => thread::available_parallelism().map_or(1, usize::from),
            count => usize::try_from(count).unwrap_or(1),
        };
        let (queue, jobs) = sync_channel(usize::try_from(waiting).unwrap_or(usize::MAX));
        let (jobs, idle) = (Arc::new(Mutex::new(jobs)), Arc::new(Idle::default()));
        for number in 0..threads {
            let (jobs, idle) = (Arc::clone(&jobs), Arc::clone(&idle));
            thread::Builder::new().name(format!("hashing-{number}")).spawn(move || work(&jobs, &idle))?;
        }
        Ok(Self { queue, waiting: Arc::default(), room: waiting })
    }

    /// How many hashes wait for a thread, and how many may.
    pub fn queue(&self) -> (usize, u32) {
        (self.waiting.load(Ordering::Relaxed), self.room)
    }

    /// Computes `job` on a thread of the pool. A job whose answer nobody waits for any more is left out.
    ///
    /// # Errors
    /// `busy` if too many wait already.
    pub async fn run<T: Send + 'static>(&self, job: impl FnOnce(&mut Workspace) -> T + Send + 'static) -> Result<T> {
        let (answer, answered) = oneshot::channel();
        let waiting = Waiting::new(&self.waiting);
        let job = Box::new(move |workspace: &mut Workspace| {
            drop(waiting);
            if !answer.is_closed() {
                drop(answer.send(job(workspace)));
            }
        });
        match self.queue.try_send(job) {
            Ok(()) => answered.await.map_err(Error::other),
            Err(TrySendError::Full(_)) => Err(Error::busy().reason(reason::BUSY)),
            Err(TrySendError::Disconnected(_)) => Err(Error::other("no thread is left that hashes")),
        }
    }
}

/// A job that waits; counted for as long as this is kept.
struct Waiting(Arc<AtomicUsize>);

impl Waiting {
    fn new(count: &Arc<AtomicUsize>) -> Self {
        count.fetch_add(1, Ordering::Relaxed);
        Self(Arc::clone(count))
    }
}

impl Drop for Waiting {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::Relaxed);
    }
}

impl fmt::Debug for Hashing {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Hashing")
    }
}

/// How far a hashing thread stands behind those that serve, on the scale of nice(2): with every processor hashing, a search waits
/// for a turn of a few hundred microseconds instead of sharing alike.
const NICENESS: i32 = 10;

fn work(jobs: &Mutex<Receiver<Job>>, idle: &Idle) {
    // On Linux this is about the calling thread alone. Where it is refused, hashes are merely less polite.
    let _ = rustix::process::setpriority_process(None, NICENESS);
    loop {
        // The lock is given back before the hash begins.
        let next = jobs.lock().unwrap_or_else(PoisonError::into_inner).recv();
        let Ok(job) = next else { return };
        let mut workspace = idle.lock().unwrap_or_else(PoisonError::into_inner).pop().unwrap_or_default();
        // A hash that panicked must not cost the pool a thread; its requester sees the answer's sender dropped.
        if catch_unwind(AssertUnwindSafe(|| job(&mut workspace))).is_ok() {
            idle.lock().unwrap_or_else(PoisonError::into_inner).push(workspace);
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::panic)]
    use std::sync::mpsc::channel;

    use countersign_proto::result_code::ResultCode;

    use super::*;

    #[tokio::test]
    async fn a_full_queue_is_busy_and_an_emptied_one_serves_again() {
        let pool = Hashing::start(1, 1).unwrap();
        let (go, gate) = channel::<()>();
        let (started, begun) = channel::<()>();
        let blocker = pool.run(move |_| {
            started.send(()).unwrap();
            gate.recv().ok()
        });
        let mut blocker = Box::pin(blocker);
        tokio::select! { biased; _ = &mut blocker => panic!("not yet"), () = std::future::ready(()) => {} }
        begun.recv().unwrap();
        let mut waiting = Box::pin(pool.run(|_| 2));
        tokio::select! { biased; _ = &mut waiting => panic!("not yet"), () = std::future::ready(()) => {} }
        assert_eq!(pool.queue(), (1, 1));
        assert_eq!(pool.run(|_| 3).await.unwrap_err().code, ResultCode::BUSY);
        go.send(()).unwrap();
        assert_eq!((blocker.await.unwrap(), waiting.await.unwrap()), (Some(()), 2));
        assert_eq!(pool.run(|_| 4).await.unwrap(), 4);
        assert_eq!(pool.queue(), (0, 1));
    }

    #[tokio::test]
    async fn a_panic_costs_its_own_answer_only() {
        let pool = Hashing::start(1, 8).unwrap();
        assert_eq!(pool.run(|_| panic!("on purpose")).await.unwrap_err().code, ResultCode::OTHER);
        assert_eq!(pool.run(|_| 1).await.unwrap(), 1);
    }
}
