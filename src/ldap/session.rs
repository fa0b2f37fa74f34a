//! Who is bound on a connection, and which operations are under way. What one request does is `operation.rs`; octets and time
//! are `connection.rs`.

use std::{
    collections::VecDeque,
    pin::Pin,
    sync::Arc,
    task::{Context, Poll, Waker},
};

use countersign_proto::result_code::ResultCode;
use futures_util::{StreamExt, stream::FuturesUnordered};

use super::{
    controls::{Proxied, Requested},
    door::Door,
    outcome::count,
    running_search::RunningSearch,
};
use crate::{
    caller::{Caller, PasswordReport},
    error::Result,
    handlers::subject,
};

/// One client's state.
pub(super) struct Session {
    pub(super) door: Arc<Door>,
    /// Who is bound.
    pub(super) caller: Caller,
    /// Operations that may wait: binds, changes, extended operations.
    running: FuturesUnordered<Running>,
    /// Their message IDs, and which of them the client has abandoned.
    identified: Vec<(i32, Fate)>,
    /// Searches that are not done, the next one first.
    pub(super) searches: VecDeque<RunningSearch>,
    turn: Turn,
    pub(super) held_secret: bool,
}

/// An operation under way.
pub(super) type Running = Pin<Box<dyn Future<Output = Finished> + Send>>;

/// What an operation under way came to.
pub(super) struct Finished {
    /// Its message ID.
    pub(super) id: i32,
    /// The tag of the response, and its code.
    pub(super) answered: (u8, ResultCode),
    /// The whole response.
    pub(super) response: Vec<u8>,
    /// For a bind: who is bound from now on.
    pub(super) caller: Option<Caller>,
}

/// What becomes of the response of an operation under way.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Fate {
    Answered,
    Abandoned,
}

/// Whose turn it is. A bind and a StartTLS are barriers: nothing runs beside them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Turn {
    /// Requests may be begun.
    Anybody,
    /// A bind waits until nothing is under way.
    WaitingForQuiet,
    /// A bind is under way.
    Barrier,
}

/// What a connection does after a request.
pub(super) enum Flow {
    /// Goes on.
    Done,
    /// Comes again with the same request when `may_begin` says so.
    Wait,
    /// Ends, without a word.
    End,
    /// Ends, with a notice of disconnection.
    Disconnect(ResultCode, String),
    /// Begins TLS.
    StartTls,
}

impl Session {
    pub(super) fn new(door: Arc<Door>, caller: Caller) -> Self {
        Self {
            door,
            caller,
            running: FuturesUnordered::new(),
            identified: Vec::new(),
            searches: VecDeque::new(),
            turn: Turn::Anybody,
            held_secret: false,
        }
    }

    /// The caller of one request, by its proxied authorization control.
    ///
    /// # Errors
    /// authorizationDenied.
    pub(super) async fn proxied(&mut self, proxied: Proxied<'_>) -> Result<Caller> {
        let authorization_id = match proxied {
            Proxied::Dn(dn) => format!("dn:{dn}"),
            Proxied::AuthorizationId("") => "dn:".to_owned(),
            Proxied::AuthorizationId(id) => id.to_owned(),
        };
        subject::acting_as(&self.door.context, self.caller.clone(), Some(&authorization_id)).await
    }

    /// The caller of one request that outlives it.
    pub(super) async fn requester(&mut self, requested: &Requested<'_>, id: i32) -> Result<Caller> {
        let caller = match requested.proxied {
            Some(proxied) => self.proxied(proxied).await?,
            None => self.caller.clone(),
        };
        let password_report =
            if requested.password_validation { PasswordReport::wanted() } else { PasswordReport::default() };
        let retirement = requested.retirement.unwrap_or_default();
        Ok(Caller { operation: i64::from(id), password_report, retirement, ..caller })
    }

    /// Whether another request may be begun now.
    pub(super) fn may_begin(&self) -> bool {
        match self.turn {
            Turn::Anybody => true,
            Turn::WaitingForQuiet => self.in_flight() == 0,
            Turn::Barrier => false,
        }
    }

    /// Operations under way.
    pub(super) fn in_flight(&self) -> usize {
        self.identified.len() + self.searches.len()
    }

    /// Whether operations other than searches are under way.
    pub(super) fn is_running(&self) -> bool {
        !self.identified.is_empty()
    }

    pub(super) fn has_searches(&self) -> bool {
        !self.searches.is_empty()
    }

    /// Whether the request just carried out held a password, code or secret; asked once.
    pub(super) const fn held_secret(&mut self) -> bool {
        std::mem::replace(&mut self.held_secret, false)
    }

    /// Whether an operation with this message ID is under way.
    pub(super) fn is_in_use(&self, id: i32) -> bool {
        self.identified.iter().any(|(other, _)| *other == id) || self.searches.iter().any(|search| search.id == id)
    }

    /// Begins an operation that may wait. One that need not is answered at once, in the same write as what came before it.
    pub(super) fn begin(&mut self, id: i32, mut operation: Running, out: &mut Vec<u8>) {
        self.identified.push((id, Fate::Answered));
        // Whatever it waits for learns the real waker when `running` is polled.
        match operation.as_mut().poll(&mut Context::from_waker(Waker::noop())) {
            Poll::Ready(finished) => self.conclude(finished, out),
            Poll::Pending => self.running.push(operation),
        }
    }

    /// A request is about to be carried out; one that waited for quiet has it now.
    pub(super) fn end_waiting(&mut self) {
        if self.turn == Turn::WaitingForQuiet {
            self.turn = Turn::Anybody;
        }
    }

    /// Makes room for an operation beside which nothing may run; `false` if it has to wait.
    pub(super) fn begin_barrier(&mut self) -> bool {
        let quiet = self.in_flight() == 0;
        self.turn = if quiet { Turn::Barrier } else { Turn::WaitingForQuiet };
        quiet
    }

    /// A bind has ended, and this caller is bound.
    pub(super) fn end_barrier(&mut self, caller: Caller) {
        self.caller = caller;
        self.turn = Turn::Anybody;
    }

    /// The next operation that has finished.
    pub(super) fn poll_finished(&mut self, cx: &mut Context<'_>) -> Poll<Finished> {
        if self.running.is_empty() {
            return Poll::Pending;
        }
        match self.running.poll_next_unpin(cx) {
            Poll::Ready(Some(finished)) => Poll::Ready(finished),
            Poll::Ready(None) | Poll::Pending => Poll::Pending,
        }
    }

    /// Takes over what an operation came to.
    pub(super) fn conclude(&mut self, finished: Finished, out: &mut Vec<u8>) {
        let Finished { id, answered: (tag, code), response, caller } = finished;
        count(&self.door.context, tag, code);
        if let Some(caller) = caller {
            self.end_barrier(caller);
        }
        let place = self.identified.iter().position(|(other, _)| *other == id);
        let fate = place.map_or(Fate::Abandoned, |place| self.identified.swap_remove(place).1);
        if self.identified.is_empty() {
            self.identified.shrink_to(4);
        }
        if fate == Fate::Answered {
            out.extend_from_slice(&response);
        }
    }

    /// Forgets an operation: a search ends, anything else goes on without being answered (RFC 4511 section 4.11).
    pub(super) fn abandon(&mut self, id: i32) {
        if self.stop_search(id).is_none()
            && let Some((_, fate)) = self.identified.iter_mut().find(|(other, _)| *other == id)
        {
            *fate = Fate::Abandoned;
        }
    }

    /// Ends a search; `None` if none has this message ID.
    pub(super) fn stop_search(&mut self, id: i32) -> Option<()> {
        let place = self.searches.iter().position(|search| search.id == id)?;
        self.searches.remove(place).map(RunningSearch::end)
    }

    /// Forgets everything, because the client will read no answers.
    pub(super) fn abandon_all(&mut self) {
        self.searches.drain(..).for_each(RunningSearch::end);
        self.identified.iter_mut().for_each(|(_, fate)| *fate = Fate::Abandoned);
    }

    /// What runs, without a connection: to be waited for.
    pub(super) fn finish(&mut self) -> impl Future<Output = ()> + Send + use<> {
        let mut running = std::mem::take(&mut self.running);
        async move { while running.next().await.is_some() {} }
    }
}
