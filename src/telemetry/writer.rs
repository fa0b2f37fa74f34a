//! The thread that writes the log: whoever logs hands a line over and goes on. When the reader of the log is too slow, lines
//! are dropped and counted rather than anybody kept waiting.

use std::{
    io::Write,
    sync::{
        Arc, Mutex,
        atomic::{AtomicU64, Ordering},
        mpsc::{Receiver, SyncSender, TrySendError, sync_channel},
    },
    thread::JoinHandle,
};

/// Lines that may wait.
const QUEUE: usize = 8192;
/// Octets gathered for one write.
const BATCH: usize = 64 << 10;

/// The queue to the writing thread.
pub(super) struct Writer {
    lines: Mutex<Option<SyncSender<String>>>,
    dropped: Arc<AtomicU64>,
    thread: Mutex<Option<JoinHandle<()>>>,
}

impl Writer {
    /// Starts the thread; `lost` makes the line that tells how many were dropped.
    pub(super) fn start(sink: Box<dyn Write + Send>, lost: impl Fn(u64) -> String + Send + 'static) -> Self {
        let (sender, receiver) = sync_channel(QUEUE);
        let dropped = Arc::new(AtomicU64::new(0));
        let counted = Arc::clone(&dropped);
        let thread = std::thread::Builder::new()
            .name("log".to_owned())
            .spawn(move || run(&receiver, sink, &counted, &lost))
            .ok();
        Self { lines: Mutex::new(Some(sender)), dropped, thread: Mutex::new(thread) }
    }

    /// Never waits.
    pub(super) fn write(&self, line: String) {
        let Ok(guard) = self.lines.lock() else { return };
        let Some(lines) = guard.as_ref() else { return };
        if let Err(TrySendError::Full(_)) = lines.try_send(line) {
            self.dropped.fetch_add(1, Ordering::Relaxed);
        }
    }

    /// Waits until all that was handed over is written; what comes later is lost.
    pub(super) fn close(&self) {
        if let Ok(mut lines) = self.lines.lock() {
            lines.take();
        }
        let thread = self.thread.lock().ok().and_then(|mut thread| thread.take());
        if let Some(thread) = thread {
            // A writer that panicked has nothing left to say.
            let _ = thread.join();
        }
    }
}

fn run(lines: &Receiver<String>, mut sink: Box<dyn Write + Send>, dropped: &AtomicU64, lost: &dyn Fn(u64) -> String) {
    while let Ok(first) = lines.recv() {
        let mut batch = first;
        while batch.len() < BATCH
            && let Ok(line) = lines.try_recv()
        {
            batch.push_str(&line);
        }
        let count = dropped.swap(0, Ordering::Relaxed);
        if count > 0 {
            batch.push_str(&lost(count));
        }
        // A log that cannot be written must not stop the server; there is nowhere to say so.
        let _ = sink.write_all(batch.as_bytes()).and_then(|()| sink.flush());
    }
}
