//! Runs a load: one thread over epoll, many connections, each with a number of requests under way; or requests at a fixed rate,
//! whose latency then counts from the moment they were due.

mod connection;
mod replies;
pub(crate) mod tally;

use std::{
    io,
    net::SocketAddr,
    sync::Arc,
    time::{Duration, Instant},
};

use rustix::{
    event::{Timespec, epoll},
    fd::OwnedFd,
};
use rustls::ClientConfig;

pub(crate) use self::connection::Connection;
use self::tally::{Outcome, Tally};
use crate::{process, requests::Frame};

/// Where a load goes, and as whom.
#[derive(Clone)]
pub(crate) struct Target {
    /// Its address.
    pub(crate) address: SocketAddr,
    /// TLS, and whom to trust.
    pub(crate) tls: Option<Arc<ClientConfig>>,
    /// Sent once on every connection before the load.
    pub(crate) bind: Option<Frame>,
    /// HTTP instead of LDAP.
    pub(crate) is_http: bool,
    /// The process whose time and memory are measured.
    pub(crate) pid: u32,
}

/// How much is asked at once, and for how long.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Shape {
    /// Connections.
    pub(crate) connections: usize,
    /// Requests under way on each.
    pub(crate) depth: usize,
    /// Requests a second over all connections; without it the next one follows an answer.
    pub(crate) rate: Option<f64>,
    /// Before anything is counted.
    pub(crate) warm_up: Duration,
    /// While it is counted.
    pub(crate) duration: Duration,
}

/// What the right answer to a request is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Right {
    /// Its result code, or HTTP status.
    pub(crate) code: u32,
    /// Whether entries come: `None` does not care.
    pub(crate) entries: Option<bool>,
}

/// Whoever knows what to ask next.
pub(crate) trait Asking {
    /// Appends the next request; `None`: there is nothing left to ask.
    fn ask(&mut self, id: u32, out: &mut Vec<u8>) -> Option<Right>;
}

/// How long answers are waited for after the end.
const PATIENCE: Duration = Duration::from_secs(10);

/// Runs a load to its end.
pub(crate) fn run(target: &Target, shape: Shape, asking: &mut dyn Asking) -> io::Result<Outcome> {
    let mut engine = Engine::open(target, shape)?;
    let begun = Instant::now();
    engine.until(begun + shape.warm_up, asking)?;
    engine.tally = Tally::new()?;
    let before = Usage::of(target.pid)?;
    let counted = Instant::now();
    engine.until(counted + shape.duration, asking)?;
    let seconds = counted.elapsed().as_secs_f64();
    let after = Usage::of(target.pid)?;
    let memory = process::memory(target.pid)?;
    let tally = std::mem::replace(&mut engine.tally, Tally::new()?);
    engine.drain()?;
    Ok(Outcome { tally, seconds, server_cpu: after.server - before.server, own_cpu: after.own - before.own, memory })
}

/// Processor seconds of both sides.
struct Usage {
    server: f64,
    own: f64,
}

impl Usage {
    fn of(server: u32) -> io::Result<Self> {
        Ok(Self { server: process::cpu_seconds(server)?, own: process::cpu_seconds(std::process::id())? })
    }
}

struct Engine {
    connections: Vec<Connection>,
    poll: OwnedFd,
    events: Vec<epoll::Event>,
    shape: Shape,
    tally: Tally,
    /// When the next request is due, at a fixed rate.
    due: Instant,
    /// The connection that gets it.
    turn: usize,
    is_exhausted: bool,
}

impl Engine {
    fn open(target: &Target, shape: Shape) -> io::Result<Self> {
        let poll = epoll::create(epoll::CreateFlags::CLOEXEC)?;
        let mut connections = Vec::with_capacity(shape.connections);
        for number in 0..shape.connections {
            let connection = Connection::open(target, number as u64)?;
            connection.set_nonblocking()?;
            epoll::add(&poll, connection.socket(), epoll::EventData::new_u64(number as u64), epoll::EventFlags::IN)?;
            connections.push(connection);
        }
        Ok(Self {
            connections,
            poll,
            events: Vec::with_capacity(256),
            shape,
            tally: Tally::new()?,
            due: Instant::now(),
            turn: 0,
            is_exhausted: false,
        })
    }

    /// Asks and counts until then, or until nothing is left to ask and all is answered.
    fn until(&mut self, end: Instant, asking: &mut dyn Asking) -> io::Result<()> {
        let mut now = Instant::now();
        if self.shape.rate.is_none() {
            for connection in &mut self.connections {
                self.is_exhausted |= !connection.fill(self.shape.depth, now, asking);
                flush(&self.poll, connection)?;
            }
        }
        while now < end && !(self.is_exhausted && self.is_quiet()) {
            if let Some(rate) = self.shape.rate {
                self.send_due(rate, now, asking)?;
            }
            self.wait(end.saturating_duration_since(now))?;
            now = Instant::now();
            self.answers(now, Some(asking))?;
        }
        Ok(())
    }

    /// Sends all that is due by now.
    fn send_due(&mut self, rate: f64, now: Instant, asking: &mut dyn Asking) -> io::Result<()> {
        while self.due <= now && !self.is_exhausted {
            let count = self.connections.len().max(1);
            if let Some(connection) = self.connections.get_mut(self.turn % count) {
                self.is_exhausted |= !connection.ask(self.due, asking);
                flush(&self.poll, connection)?;
            }
            self.turn += 1;
            self.due += Duration::from_secs_f64(1.0 / rate);
        }
        Ok(())
    }

    /// Until something happens, a request is due, or it is enough.
    fn wait(&mut self, most: Duration) -> io::Result<()> {
        let due = match self.shape.rate {
            Some(_) => self.due.saturating_duration_since(Instant::now()),
            None => most,
        };
        let time = Timespec::try_from(due.min(most).min(Duration::from_millis(50))).map_err(io::Error::other)?;
        self.events.clear();
        match epoll::wait(&self.poll, rustix::buffer::spare_capacity(&mut self.events), Some(&time)) {
            Ok(_) | Err(rustix::io::Errno::INTR) => Ok(()),
            Err(error) => Err(error.into()),
        }
    }

    /// Takes what came, and asks again where that leaves room.
    fn answers(&mut self, now: Instant, mut asking: Option<&mut dyn Asking>) -> io::Result<()> {
        for event in &self.events {
            let Some(connection) = self.connections.get_mut(event.data.u64() as usize) else { continue };
            let flags = event.flags;
            if flags.intersects(epoll::EventFlags::IN | epoll::EventFlags::ERR | epoll::EventFlags::HUP) {
                connection.receive()?;
                connection.count(now, &mut self.tally)?;
            }
            if let (None, Some(asking)) = (self.shape.rate, asking.as_deref_mut()) {
                self.is_exhausted |= !connection.fill(self.shape.depth, now, asking);
            }
            flush(&self.poll, connection)?;
        }
        Ok(())
    }

    fn is_quiet(&self) -> bool {
        self.connections.iter().all(Connection::is_quiet)
    }

    /// Waits for the answers to what was asked last, so that the server is at rest for what follows.
    fn drain(&mut self) -> io::Result<()> {
        let begun = Instant::now();
        self.shape.rate = None;
        while !self.is_quiet() && begun.elapsed() < PATIENCE {
            self.wait(Duration::from_millis(50))?;
            self.answers(Instant::now(), None)?;
        }
        Ok(())
    }
}

/// Writes what the socket takes, and has epoll say when it takes the rest.
fn flush(poll: &OwnedFd, connection: &mut Connection) -> io::Result<()> {
    if let Some(is_waiting) = connection.flush()? {
        let flags = if is_waiting { epoll::EventFlags::IN | epoll::EventFlags::OUT } else { epoll::EventFlags::IN };
        epoll::modify(poll, connection.socket(), epoll::EventData::new_u64(connection.number()), flags)?;
    }
    Ok(())
}
