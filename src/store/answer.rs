//! An answer that is ready at once (embedded store) or later (a store behind a network), without a box where it is ready.

use std::{
    future::Future,
    pin::Pin,
    task::{Context, Poll},
};

/// Awaiting a `Ready` answer neither allocates nor yields.
pub enum Answer<'a, T> {
    /// Here already; `None` once taken.
    Ready(Option<T>),
    /// To be waited for.
    Later(Pin<Box<dyn Future<Output = T> + Send + 'a>>),
}

impl<'a, T> Answer<'a, T> {
    /// An answer that is here already.
    pub fn ready(value: T) -> Self {
        Self::Ready(Some(value))
    }

    /// An answer that must be waited for.
    pub fn later(future: impl Future<Output = T> + Send + 'a) -> Self {
        Self::Later(Box::pin(future))
    }
}

impl<T: Unpin> Future for Answer<'_, T> {
    type Output = T;

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<T> {
        match &mut *self {
            // A ready answer polled twice would be a bug of the caller's; pending forever is the harmless reading of it.
            Self::Ready(value) => value.take().map_or(Poll::Pending, Poll::Ready),
            Self::Later(future) => future.as_mut().poll(context),
        }
    }
}
