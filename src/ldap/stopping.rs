//! How connections learn that the server is stopping: each holds a signal, and waiting for it costs no lock on the path of a
//! request.

use std::{
    collections::HashMap,
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicBool, Ordering},
    },
    task::{Context, Poll},
};

use futures_util::task::AtomicWaker;

/// The signals of all open connections.
#[derive(Debug, Default)]
pub(super) struct Stopping {
    begun: AtomicBool,
    signals: Mutex<HashMap<u64, Arc<Signal>>>,
}

#[derive(Debug, Default)]
struct Signal {
    raised: AtomicBool,
    waker: AtomicWaker,
}

/// One connection's signal; forgotten when dropped.
#[derive(Debug)]
pub(super) struct StopSignal {
    stopping: Arc<Stopping>,
    connection: u64,
    signal: Arc<Signal>,
}

impl Stopping {
    /// The signal of the connection with this number.
    pub(super) fn signal(self: &Arc<Self>, connection: u64) -> StopSignal {
        let signal = Arc::new(Signal::default());
        let mut signals = self.signals.lock().unwrap_or_else(PoisonError::into_inner);
        signals.insert(connection, Arc::clone(&signal));
        drop(signals);
        // Whoever began to stop before the insertion did not see this signal.
        signal.raised.store(self.begun.load(Ordering::SeqCst), Ordering::SeqCst);
        StopSignal { stopping: Arc::clone(self), connection, signal }
    }

    /// Raises every signal, and those still to come.
    pub(super) fn begin(&self) {
        self.begun.store(true, Ordering::SeqCst);
        for signal in self.signals.lock().unwrap_or_else(PoisonError::into_inner).values() {
            signal.raised.store(true, Ordering::SeqCst);
            signal.waker.wake();
        }
    }
}

impl StopSignal {
    /// Ready once the server is stopping.
    pub(super) fn poll_raised(&self, cx: &Context<'_>) -> Poll<()> {
        if self.signal.raised.load(Ordering::Relaxed) {
            return Poll::Ready(());
        }
        self.signal.waker.register(cx.waker());
        if self.signal.raised.load(Ordering::SeqCst) { Poll::Ready(()) } else { Poll::Pending }
    }
}

impl Drop for StopSignal {
    fn drop(&mut self) {
        self.stopping.signals.lock().unwrap_or_else(PoisonError::into_inner).remove(&self.connection);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_signal_is_raised_whether_it_came_before_or_after() {
        let stopping = Arc::new(Stopping::default());
        let before = stopping.signal(1);
        let cx = Context::from_waker(std::task::Waker::noop());
        assert!(before.poll_raised(&cx).is_pending());
        stopping.begin();
        assert!(before.poll_raised(&cx).is_ready());
        assert!(stopping.signal(2).poll_raised(&cx).is_ready());
        drop(before);
        assert!(stopping.signals.lock().unwrap_or_else(PoisonError::into_inner).is_empty());
    }
}
