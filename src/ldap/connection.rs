//! One client's connection: moves octets in and out and keeps time. What the messages ask for is `session.rs` and below.
//!
//! The connection is one task that waits for one thing at a time (`poll_happening`), in this order: the client takes answers, an
//! operation has finished, the client sends requests, the server stops, time is up, a paused search may go on.

use std::{
    future::poll_fn,
    io,
    mem::{MaybeUninit, take},
    pin::Pin,
    sync::Arc,
    task::{Context, Poll, ready},
    time::Duration,
};

use countersign_proto::{
    ldap::{frame::frame_length, response},
    result_code::ResultCode,
};
use tokio::{
    io::ReadBuf,
    time::{Instant, Sleep, sleep_until, timeout},
};
use zeroize::Zeroize;

use super::{
    door::Door,
    limits::Limits,
    output::{Output, SOFT_MARK},
    session::{Finished, Flow, Session},
    stopping::StopSignal,
    transport::Transport,
};
use crate::{
    caller::{Caller, Channel},
    config::LogLevel,
    telemetry::audit,
};

/// What is read at once.
const READ_SIZE: usize = 16 * 1024;
/// An input buffer larger than this is given back when it is empty.
const KEPT_INPUT: usize = 512;
/// How long a client that was told of the end has for reading it.
const LINGER: Duration = Duration::from_secs(1);
/// A time that no deadline reaches.
const FAR: Duration = Duration::from_secs(30 * 86_400);

/// One client.
pub(super) struct Connection {
    door: Arc<Door>,
    transport: Transport,
    session: Session,
    /// Octets received and not carried out yet.
    input: Vec<u8>,
    output: Output,
    ending: Option<Ending>,
    stop: StopSignal,
    timer: Timer,
    limits: Limits,
    /// Complete requests wait in `input` until there is room to carry them out.
    is_deferred: bool,
    /// When the client last sent or took something.
    active: Instant,
    /// Since when an incomplete message is in `input`.
    incomplete_since: Option<Instant>,
    /// Since when the client has taken nothing of what is to be written.
    blocked_since: Option<Instant>,
}

/// Why nothing more is read, and what remains to be done.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Ending {
    /// The client sends nothing more: finish what runs, answer it.
    ClientDone,
    /// The server stops: the same by this time, then tell the client.
    Stopping(Instant),
    /// Write what is there.
    Told,
    /// The client is gone.
    Broken,
}

/// What a connection waits for.
enum Happening {
    /// Requests may be there to be carried out.
    Requests,
    /// An operation has finished.
    Finished(Finished),
    /// A search may go on.
    Turn,
    /// The client sends nothing more.
    EndOfInput,
    /// Reading or writing failed.
    Broken,
    /// The server stops.
    Stopping,
    /// A deadline has passed.
    Due,
    /// Nothing remains to be done.
    Over,
}

/// One timer for all deadlines: set anew only for an earlier one, so that most requests do not touch it.
struct Timer {
    sleep: Pin<Box<Sleep>>,
}

impl Connection {
    /// A connection that was just accepted.
    pub(super) fn new(door: Arc<Door>, transport: Transport, channel: Channel) -> Self {
        let limits = Limits::of(&door.context.config.load().limits);
        let now = Instant::now();
        Self {
            stop: door.stopping.signal(channel.connection),
            session: Session::new(Arc::clone(&door), Caller::anonymous(Arc::new(channel))),
            door,
            transport,
            input: Vec::new(),
            output: Output::default(),
            ending: None,
            timer: Timer { sleep: Box::pin(sleep_until(now + limits.idle_anonymous)) },
            limits,
            is_deferred: false,
            active: now,
            incomplete_since: None,
            blocked_since: None,
        }
    }

    /// Serves the client until either side ends it.
    pub(super) async fn serve(mut self) {
        self.note("connect");
        if self.session.caller.channel.tls && Box::pin(self.shake_hands()).await.is_err() {
            return self.note("tls-failed");
        }
        loop {
            match poll_fn(|cx| self.poll_happening(cx)).await {
                Happening::Requests => self.carry_out_requests().await,
                Happening::Finished(finished) => {
                    self.session.conclude(finished, self.output.buffer());
                    self.active = Instant::now();
                }
                Happening::Turn => {
                    self.session.continue_search(self.output.buffer()).await;
                    tokio::task::yield_now().await;
                }
                Happening::EndOfInput => self.ending = self.ending.or(Some(Ending::ClientDone)),
                Happening::Broken => self.lose_client(),
                Happening::Stopping => self.begin_stopping(),
                Happening::Due => self.meet_deadline(),
                Happening::Over => break,
            }
        }
        self.note("disconnect");
        self.take_leave().await;
    }

    /// Writes down what becomes of the connection, if that is asked for.
    fn note(&self, event: &'static str) {
        let channel = &self.session.caller.channel;
        let (connection, client) = (Some(channel.connection), channel.peer);
        self.door
            .context
            .audit
            .record(LogLevel::Debug, &audit::Event { event, connection, client, ..audit::Event::default() });
    }

    fn poll_happening(&mut self, cx: &mut Context<'_>) -> Poll<Happening> {
        // Before the output is sent, so that the farewell leaves with it.
        if let Some(Ending::Stopping(_)) = self.ending
            && self.session.in_flight() == 0
        {
            self.tell(ResultCode::UNAVAILABLE, "The server is shutting down");
        }
        if self.poll_output(cx).is_err() {
            return Poll::Ready(Happening::Broken);
        }
        if self.is_over() {
            return Poll::Ready(Happening::Over);
        }
        if let Poll::Ready(finished) = self.session.poll_finished(cx) {
            return Poll::Ready(Happening::Finished(finished));
        }
        if self.may_begin() {
            if take(&mut self.is_deferred) {
                return Poll::Ready(Happening::Requests);
            }
            if let Poll::Ready(event) = self.poll_input(cx) {
                return Poll::Ready(event);
            }
        }
        if self.ending.is_none() && self.stop.poll_raised(cx).is_ready() {
            return Poll::Ready(Happening::Stopping);
        }
        if self.poll_deadline(cx).is_ready() {
            return Poll::Ready(Happening::Due);
        }
        if self.session.has_searches() && self.output.pending() < SOFT_MARK {
            return Poll::Ready(Happening::Turn);
        }
        Poll::Pending
    }

    /// Whether another request may be begun: not while it would have to wait, nor while the client does not read.
    fn may_begin(&self) -> bool {
        self.ending.is_none()
            && self.session.may_begin()
            && self.session.in_flight() < self.limits.operations
            && self.output.pending() < SOFT_MARK
    }

    fn poll_output(&mut self, cx: &mut Context<'_>) -> io::Result<()> {
        if self.output.is_empty() {
            return Ok(());
        }
        let mut progressed = false;
        match self.output.poll_write(&mut self.transport, cx, &mut progressed) {
            Poll::Ready(done) => {
                self.blocked_since = None;
                done
            }
            Poll::Pending => {
                if progressed || self.blocked_since.is_none() {
                    self.blocked_since = Some(Instant::now());
                }
                Ok(())
            }
        }
    }

    fn poll_input(&mut self, cx: &mut Context<'_>) -> Poll<Happening> {
        // On the stack, so that an idle connection holds no buffer.
        let mut octets = [const { MaybeUninit::uninit() }; READ_SIZE];
        let mut buffer = ReadBuf::uninit(&mut octets);
        Poll::Ready(match ready!(self.transport.poll_read(cx, &mut buffer)) {
            Err(_) => Happening::Broken,
            Ok(()) if buffer.filled().is_empty() => Happening::EndOfInput,
            Ok(()) => {
                self.input.extend_from_slice(buffer.filled());
                self.active = Instant::now();
                Happening::Requests
            }
        })
    }

    /// Whether nothing remains to be done.
    fn is_over(&self) -> bool {
        match self.ending {
            None => false,
            Some(Ending::Broken) => true,
            Some(Ending::Told) => self.output.is_empty(),
            Some(Ending::ClientDone) => self.session.in_flight() == 0 && self.output.is_empty(),
            Some(Ending::Stopping(_)) => false,
        }
    }

    /// Carries out the complete requests in the input, until one must wait.
    async fn carry_out_requests(&mut self) {
        self.limits = Limits::of(&self.door.context.config.load().limits);
        let mut input = take(&mut self.input);
        let mut carried_out = 0;
        while self.may_begin() {
            let rest = input.get_mut(carried_out..).unwrap_or_default();
            let length = match frame_length(rest, self.message_limit()) {
                Ok(Some(length)) => length,
                Ok(None) => break,
                Err(error) => {
                    self.tell(ResultCode::PROTOCOL_ERROR, &error.to_string());
                    break;
                }
            };
            let is_last = rest.len() == length;
            let Some(frame) = rest.get_mut(..length) else { break };
            match self.session.carry_out(frame, is_last, self.output.buffer()).await {
                Flow::Done => {}
                // The session says so by `may_begin`; the request stays in the input.
                Flow::Wait => break,
                Flow::End => self.end(),
                Flow::Disconnect(code, sentence) => self.tell(code, &sentence),
                Flow::StartTls => Box::pin(self.start_tls()).await,
            }
            if self.session.held_secret() {
                frame.zeroize();
            }
            carried_out += length;
        }
        self.keep(input, carried_out);
    }

    /// Keeps what could not be carried out yet.
    fn keep(&mut self, mut input: Vec<u8>, carried_out: usize) {
        if carried_out >= input.len() {
            input.clear();
        } else {
            input.drain(..carried_out);
        }
        if input.is_empty() {
            self.incomplete_since = None;
            input.shrink_to(KEPT_INPUT);
        } else if self.may_begin() {
            let now = Instant::now();
            self.incomplete_since = if carried_out > 0 { Some(now) } else { self.incomplete_since.or(Some(now)) };
        } else {
            self.is_deferred = true;
            self.incomplete_since = None;
        }
        self.input = input;
    }

    fn message_limit(&self) -> usize {
        if self.session.caller.is_anonymous() {
            self.limits.message_anonymous
        } else {
            self.limits.message_authenticated
        }
    }

    /// Ends without a word, as after an unbind.
    fn end(&mut self) {
        self.session.abandon_all();
        self.ending = Some(Ending::Told);
    }

    /// Tells the client that this is the end, and why (RFC 4511 section 4.4.1).
    fn tell(&mut self, code: ResultCode, sentence: &str) {
        response::notice_of_disconnection(self.output.buffer(), code, sentence);
        self.end();
    }

    fn lose_client(&mut self) {
        self.output.clear();
        self.session.abandon_all();
        self.ending = Some(Ending::Broken);
    }

    fn begin_stopping(&mut self) {
        self.ending = Some(Ending::Stopping(Instant::now() + self.limits.drain));
    }

    /// The next moment at which something is overdue.
    fn deadline(&self) -> Instant {
        if let Some(blocked) = self.blocked_since {
            return blocked + self.limits.write;
        }
        match self.ending {
            Some(Ending::Stopping(deadline)) => return deadline,
            Some(_) => return self.active + FAR,
            None => {}
        }
        if let Some(incomplete) = self.incomplete_since {
            return incomplete + self.limits.incomplete_message;
        }
        if self.session.in_flight() > 0 {
            return self.active + FAR;
        }
        let anonymous = self.session.caller.is_anonymous();
        self.active + if anonymous { self.limits.idle_anonymous } else { self.limits.idle_authenticated }
    }

    fn poll_deadline(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        let deadline = self.deadline();
        let sleep = &mut self.timer.sleep;
        if deadline < sleep.deadline() {
            sleep.as_mut().reset(deadline);
        }
        loop {
            ready!(sleep.as_mut().poll(cx));
            if deadline <= Instant::now() {
                return Poll::Ready(());
            }
            sleep.as_mut().reset(deadline);
        }
    }

    fn meet_deadline(&mut self) {
        if self.blocked_since.is_some() {
            self.lose_client();
        } else if let Some(Ending::Stopping(_)) = self.ending {
            self.tell(ResultCode::UNAVAILABLE, "The server is shutting down");
        } else if self.incomplete_since.is_some() {
            self.tell(ResultCode::PROTOCOL_ERROR, "The message was not completed in time");
        } else {
            self.tell(ResultCode::UNAVAILABLE, "The connection was idle for too long");
        }
        // Where this cannot be sent either, the deadline for writing ends it.
        self.incomplete_since = None;
    }

    /// Answers a StartTLS that was granted, and begins TLS; identity and everything known in clear is forgotten.
    async fn start_tls(&mut self) {
        let flushed = poll_fn(|cx| self.output.poll_write(&mut self.transport, cx, &mut false));
        let in_time = timeout(self.limits.tls_handshake, flushed).await;
        if !matches!(in_time, Ok(Ok(()))) || self.shake_hands().await.is_err() {
            self.lose_client();
            return;
        }
        let channel = Channel { tls: true, ..(*self.session.caller.channel).clone() };
        self.session.caller = Caller::anonymous(Arc::new(channel));
    }

    async fn shake_hands(&mut self) -> io::Result<()> {
        let (Some(tls), Some(stream)) = (&self.door.tls, self.transport.take_tcp()) else {
            return Err(io::ErrorKind::NotConnected.into());
        };
        let encrypted = timeout(self.limits.tls_handshake, tls.ldap().accept(stream)).await??;
        self.transport = Transport::Tls(Box::new(encrypted));
        self.active = Instant::now();
        Ok(())
    }

    /// Closes so that the client can read the last words: closing with unread input would take them back.
    async fn take_leave(mut self) {
        // A change or a count of failures must not depend on the client's patience: what runs is finished without it.
        if self.session.is_running() {
            self.door.tasks.spawn(timeout(self.limits.drain, self.session.finish()));
        }
        if self.ending == Some(Ending::Broken) {
            return;
        }
        let leave = poll_fn(|cx| {
            ready!(self.transport.poll_shutdown(cx))?;
            let mut octets = [const { MaybeUninit::uninit() }; READ_SIZE];
            loop {
                let mut buffer = ReadBuf::uninit(&mut octets);
                ready!(self.transport.poll_read(cx, &mut buffer))?;
                if buffer.filled().is_empty() {
                    return Poll::Ready(io::Result::Ok(()));
                }
            }
        });
        // Whatever comes of it, the connection ends.
        let _ = timeout(LINGER, leave).await;
    }
}
