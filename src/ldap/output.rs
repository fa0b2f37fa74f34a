//! Answers on their way out: one buffer per connection, empty and unallocated while nothing is on its way.

use std::{
    cell::RefCell,
    io,
    task::{Context, Poll, ready},
};

use super::transport::Transport;

/// Above this many octets a search pauses and no further request is begun until the client has read.
pub(super) const SOFT_MARK: usize = 64 * 1024;

/// A buffer larger than this is not kept for others.
const KEPT_CAPACITY: usize = 256 * 1024;
/// Buffers that a thread keeps.
const KEPT_BUFFERS: usize = 8;

thread_local! {
    static SPARE: RefCell<Vec<Vec<u8>>> = const { RefCell::new(Vec::new()) };
}

/// What is to be written.
#[derive(Default)]
pub(super) struct Output {
    octets: Vec<u8>,
    written: usize,
    unflushed: bool,
}

impl Output {
    /// Where answers are appended.
    pub(super) fn buffer(&mut self) -> &mut Vec<u8> {
        if self.octets.capacity() == 0 {
            self.octets = SPARE.with_borrow_mut(Vec::pop).unwrap_or_default();
        }
        &mut self.octets
    }

    /// Octets that the client has not taken yet.
    pub(super) const fn pending(&self) -> usize {
        self.octets.len() - self.written
    }

    /// Whether everything has left.
    pub(super) const fn is_empty(&self) -> bool {
        self.octets.is_empty() && !self.unflushed
    }

    /// Writes as much as the client takes; ready when everything has left. `progressed` becomes true if anything has.
    pub(super) fn poll_write(
        &mut self,
        transport: &mut Transport,
        cx: &mut Context<'_>,
        progressed: &mut bool,
    ) -> Poll<io::Result<()>> {
        while let Some(octets) = self.octets.get(self.written..).filter(|octets| !octets.is_empty()) {
            let count = ready!(transport.poll_write(cx, octets))?;
            if count == 0 {
                return Poll::Ready(Err(io::ErrorKind::WriteZero.into()));
            }
            self.written += count;
            self.unflushed = true;
            *progressed = true;
        }
        self.clear();
        if self.unflushed {
            ready!(transport.poll_flush(cx))?;
            self.unflushed = false;
        }
        Poll::Ready(Ok(()))
    }

    /// Forgets what has not left, and gives the buffer back.
    pub(super) fn clear(&mut self) {
        self.written = 0;
        let mut octets = std::mem::take(&mut self.octets);
        if octets.capacity() == 0 || octets.capacity() > KEPT_CAPACITY {
            return;
        }
        octets.clear();
        SPARE.with_borrow_mut(|spare| {
            if spare.len() < KEPT_BUFFERS {
                spare.push(octets);
            }
        });
    }
}
