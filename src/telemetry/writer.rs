//! The thread that writes the log: whoever logs adds a line to a buffer and goes on. The thread takes the whole buffer a few
//! milliseconds after its first line, so that a busy server pays for one wakeup and one write where it logs hundreds of lines. When
//! the reader of the log is too slow, lines are dropped and counted rather than anybody kept waiting.

use std::{
    io::Write,
    mem::{swap, take},
    sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError},
    thread::JoinHandle,
    time::Duration,
};

/// Octets of lines that may wait.
const ROOM: usize = 2 << 20;
/// How long the first line waits for others. A server that is killed loses no more than this of its log.
const GATHERING: Duration = Duration::from_millis(5);

/// The buffer between those who log and the writing thread.
pub(super) struct Writer {
    shared: Arc<Shared>,
    thread: Mutex<Option<JoinHandle<()>>>,
}

#[derive(Default)]
struct Shared {
    waiting: Mutex<Waiting>,
    /// Told when the first line comes, and at the end.
    changed: Condvar,
}

#[derive(Default)]
struct Waiting {
    lines: String,
    dropped: u64,
    is_closed: bool,
}

impl Writer {
    /// Starts the thread; `lost` makes the line that tells how many were dropped.
    pub(super) fn start(sink: Box<dyn Write + Send>, lost: impl Fn(u64) -> String + Send + 'static) -> Self {
        let shared = Arc::new(Shared::default());
        let of_thread = Arc::clone(&shared);
        let thread = std::thread::Builder::new().name("log".to_owned()).spawn(move || of_thread.run(sink, &lost)).ok();
        Self { shared, thread: Mutex::new(thread) }
    }

    /// Never waits for the sink.
    pub(super) fn write(&self, line: &str) {
        let mut waiting = self.shared.lock();
        if waiting.is_closed {
            return;
        }
        if waiting.lines.len() + line.len() > ROOM {
            waiting.dropped += 1;
            return;
        }
        let is_first = waiting.lines.is_empty();
        waiting.lines.push_str(line);
        drop(waiting);
        if is_first {
            self.shared.changed.notify_one();
        }
    }

    /// Waits until all that was handed over is written; what comes later is lost.
    pub(super) fn close(&self) {
        self.shared.lock().is_closed = true;
        self.shared.changed.notify_one();
        let thread = self.thread.lock().ok().and_then(|mut thread| thread.take());
        if let Some(thread) = thread {
            // A writer that panicked has nothing left to say.
            let _ = thread.join();
        }
    }
}

impl Shared {
    /// Nothing that is done under the lock can leave it half done.
    fn lock(&self) -> MutexGuard<'_, Waiting> {
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn run(&self, mut sink: Box<dyn Write + Send>, lost: &dyn Fn(u64) -> String) {
        let mut batch = String::new();
        loop {
            let is_closed = self.gather(&mut batch, lost);
            // A log that cannot be written must not stop the server; there is nowhere to say so.
            let _ = sink.write_all(batch.as_bytes()).and_then(|()| sink.flush());
            if is_closed {
                return;
            }
            batch.clear();
        }
    }

    /// Waits for lines and moves them to the empty `batch`; whether they are the last.
    fn gather(&self, batch: &mut String, lost: &dyn Fn(u64) -> String) -> bool {
        let waiting = self.lock();
        let waiting = self
            .changed
            .wait_while(waiting, |waiting| waiting.lines.is_empty() && !waiting.is_closed)
            .unwrap_or_else(PoisonError::into_inner);
        let (mut waiting, _) = self
            .changed
            .wait_timeout_while(waiting, GATHERING, |waiting| !waiting.is_closed)
            .unwrap_or_else(PoisonError::into_inner);
        swap(&mut waiting.lines, batch);
        let (dropped, is_closed) = (take(&mut waiting.dropped), waiting.is_closed);
        drop(waiting);
        if dropped > 0 {
            batch.push_str(&lost(dropped));
        }
        is_closed
    }
}
