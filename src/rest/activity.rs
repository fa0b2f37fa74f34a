//! Whether a connection is at work: how many of its requests are being answered, and since when none is.

use std::{
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use tokio::time::{Instant, sleep, sleep_until};

/// The requests under way on one connection.
#[derive(Debug)]
pub(super) struct Activity {
    state: Mutex<State>,
}

#[derive(Debug)]
struct State {
    under_way: u32,
    quiet_since: Instant,
}

/// One request under way; over when dropped.
#[derive(Debug)]
pub(super) struct UnderWay(Arc<Activity>);

impl Activity {
    /// A connection that has just come.
    pub(super) fn new() -> Arc<Self> {
        Arc::new(Self { state: Mutex::new(State { under_way: 0, quiet_since: Instant::now() }) })
    }

    /// A request has come.
    pub(super) fn begin(self: &Arc<Self>) -> UnderWay {
        self.state.lock().unwrap_or_else(PoisonError::into_inner).under_way += 1;
        UnderWay(Arc::clone(self))
    }

    /// Ends when no request has been under way for `limit`. A client that sends a request bit by bit, or does not read an answer,
    /// has none under way.
    pub(super) async fn idle(&self, limit: Duration) {
        loop {
            let quiet_since = {
                let state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
                (state.under_way == 0).then_some(state.quiet_since)
            };
            match quiet_since {
                None => sleep(limit).await,
                Some(since) if since.elapsed() >= limit => return,
                Some(since) => sleep_until(since + limit).await,
            }
        }
    }
}

impl Drop for UnderWay {
    fn drop(&mut self) {
        let mut state = self.0.state.lock().unwrap_or_else(PoisonError::into_inner);
        state.under_way = state.under_way.saturating_sub(1);
        state.quiet_since = Instant::now();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const LIMIT: Duration = Duration::from_millis(2);

    #[tokio::test]
    async fn a_request_under_way_keeps_the_connection() {
        let activity = Activity::new();
        let begun = Instant::now();
        let request = activity.begin();
        let work = async {
            sleep(LIMIT * 5 / 2).await;
            drop(request);
        };
        tokio::join!(work, activity.idle(LIMIT));
        assert!(begun.elapsed() >= LIMIT * 7 / 2);
    }

    #[tokio::test]
    async fn a_silent_connection_is_idle_after_the_limit() {
        let begun = Instant::now();
        Activity::new().idle(LIMIT).await;
        assert!(begun.elapsed() >= LIMIT);
    }
}
