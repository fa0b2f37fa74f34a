//! One connection: a socket, in clear or under TLS, what was asked on it and not yet answered.

use std::{
    io::{self, ErrorKind, Read, Write},
    net::TcpStream,
    time::Instant,
};

use rustls::ClientConnection;
use rustls_pki_types::ServerName;

use super::{
    Asking, Right, Target,
    replies::{Protocol, Reply},
    tally::Tally,
};
use crate::requests::{first_id, next_id};

/// A request under way.
struct Pending {
    id: u32,
    right: Right,
    since: Instant,
    entries: u32,
}

/// One connection.
pub(crate) struct Connection {
    number: u64,
    socket: TcpStream,
    tls: Option<Box<ClientConnection>>,
    protocol: Protocol,
    /// What has come; the first `filled` octets.
    input: Vec<u8>,
    filled: usize,
    output: Vec<u8>,
    pending: Vec<Pending>,
    id: u32,
    /// Whether epoll was asked to say when there is room to write.
    is_waiting: bool,
}

const INPUT: usize = 32 * 1024;

impl Connection {
    /// Connected, shaken hands, and bound where the target says so; blocking until then.
    pub(crate) fn open(target: &Target, number: u64) -> io::Result<Self> {
        let socket = TcpStream::connect(target.address)?;
        socket.set_nodelay(true)?;
        let mut connection = Self {
            number,
            socket,
            tls: None,
            protocol: if target.is_http { Protocol::Http } else { Protocol::Ldap },
            input: vec![0; INPUT],
            filled: 0,
            output: Vec::new(),
            pending: Vec::new(),
            id: first_id(),
            is_waiting: false,
        };
        if let Some(config) = &target.tls {
            let name = ServerName::try_from("localhost").map_err(io::Error::other)?;
            let mut tls = ClientConnection::new(config.clone(), name).map_err(io::Error::other)?;
            while tls.is_handshaking() {
                tls.complete_io(&mut connection.socket)?;
            }
            connection.tls = Some(Box::new(tls));
        }
        if let Some(bind) = &target.bind {
            let code = connection.call(bind.plain())?;
            if code != 0 {
                return Err(io::Error::other(format!("the bind before the load was answered with {code}")));
            }
        }
        Ok(connection)
    }

    /// Its number in the engine.
    pub(crate) const fn number(&self) -> u64 {
        self.number
    }

    /// What epoll watches.
    pub(crate) const fn socket(&self) -> &TcpStream {
        &self.socket
    }

    /// From now on nothing waits.
    pub(crate) fn set_nonblocking(&self) -> io::Result<()> {
        self.socket.set_nonblocking(true)
    }

    /// Gives up the buffers, for a connection that is only held.
    pub(crate) fn shrink(&mut self) {
        (self.input, self.output) = (Vec::new(), Vec::new());
    }

    /// Whether nothing is under way.
    pub(crate) const fn is_quiet(&self) -> bool {
        self.pending.is_empty()
    }

    /// Sends one request and waits for its result code.
    pub(crate) fn call(&mut self, request: &[u8]) -> io::Result<u32> {
        self.output.extend_from_slice(request);
        self.flush()?;
        self.input.resize(INPUT, 0);
        loop {
            self.receive()?;
            let mut at = 0;
            while let Some((length, reply)) =
                self.protocol.reply(self.input.get(at..self.filled).unwrap_or_default())?
            {
                at += length;
                if let Reply::Done { code, .. } = reply {
                    self.consume(at);
                    return Ok(code);
                }
            }
            self.consume(at);
        }
    }

    /// Asks until as many are under way as `depth` says; `false` if there is nothing left to ask.
    pub(crate) fn fill(&mut self, depth: usize, now: Instant, asking: &mut dyn Asking) -> bool {
        while self.pending.len() < depth {
            if !self.ask(now, asking) {
                return false;
            }
        }
        true
    }

    /// Asks once more; `false` if there is nothing left to ask.
    pub(crate) fn ask(&mut self, since: Instant, asking: &mut dyn Asking) -> bool {
        self.id = next_id(self.id);
        let Some(right) = asking.ask(self.id, &mut self.output) else { return false };
        self.pending.push(Pending { id: self.id, right, since, entries: 0 });
        true
    }

    /// Writes what the socket takes. Tells whether room must be waited for, where that has changed.
    pub(crate) fn flush(&mut self) -> io::Result<Option<bool>> {
        let is_left = match &mut self.tls {
            Some(tls) => {
                let taken = tls.writer().write(&self.output)?;
                self.output.drain(..taken);
                write_tls(tls, &mut self.socket)? || !self.output.is_empty()
            }
            None => self.write_clear()?,
        };
        let has_changed = is_left != self.is_waiting;
        self.is_waiting = is_left;
        Ok(has_changed.then_some(is_left))
    }

    fn write_clear(&mut self) -> io::Result<bool> {
        let mut written = 0;
        while let Some(rest) = self.output.get(written..).filter(|rest| !rest.is_empty()) {
            match self.socket.write(rest) {
                Ok(count) => written += count,
                Err(error) if error.kind() == ErrorKind::WouldBlock => break,
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                Err(error) => return Err(error),
            }
        }
        self.output.drain(..written);
        Ok(!self.output.is_empty())
    }

    /// Reads once.
    pub(crate) fn receive(&mut self) -> io::Result<()> {
        let Self { socket, tls, input, filled, .. } = self;
        if input.len() - *filled < 4096 {
            input.resize(input.len() * 2, 0);
        }
        let count = match tls {
            None => match socket.read(input.get_mut(*filled..).unwrap_or_default()) {
                Err(error) if error.kind() == ErrorKind::WouldBlock => return Ok(()),
                count => count?,
            },
            Some(tls) => {
                match tls.read_tls(socket) {
                    Err(error) if error.kind() == ErrorKind::WouldBlock => return Ok(()),
                    Ok(0) => return Err(ErrorKind::UnexpectedEof.into()),
                    count => count?,
                };
                let state = tls.process_new_packets().map_err(io::Error::other)?;
                let waiting = state.plaintext_bytes_to_read();
                if waiting == 0 {
                    return Ok(());
                }
                if input.len() - *filled < waiting {
                    input.resize(*filled + waiting, 0);
                }
                tls.reader().read_exact(input.get_mut(*filled..*filled + waiting).unwrap_or_default())?;
                waiting
            }
        };
        if count == 0 {
            return Err(ErrorKind::UnexpectedEof.into());
        }
        *filled += count;
        Ok(())
    }

    /// Counts the answers that are complete.
    pub(crate) fn count(&mut self, now: Instant, tally: &mut Tally) -> io::Result<()> {
        let mut at = 0;
        while let Some((length, reply)) = self.protocol.reply(self.input.get(at..self.filled).unwrap_or_default())? {
            at += length;
            tally.octets += length as u64;
            let (Reply::Entry { id } | Reply::Done { id, .. }) = reply;
            let place = match id {
                Some(id) => self.pending.iter().position(|pending| pending.id == id),
                None => Some(0),
            };
            let Some(place) = place.filter(|place| *place < self.pending.len()) else {
                tally.unasked();
                continue;
            };
            match reply {
                Reply::Entry { .. } => {
                    if let Some(pending) = self.pending.get_mut(place) {
                        pending.entries += 1;
                    }
                }
                Reply::Done { code, .. } => {
                    let done = self.pending.remove(place);
                    tally.record(now.saturating_duration_since(done.since), done.right, code, done.entries);
                }
            }
        }
        self.consume(at);
        Ok(())
    }

    fn consume(&mut self, count: usize) {
        self.input.copy_within(count..self.filled, 0);
        self.filled -= count;
    }
}

/// Whether something is left to write.
fn write_tls(tls: &mut ClientConnection, socket: &mut TcpStream) -> io::Result<bool> {
    while tls.wants_write() {
        match tls.write_tls(socket) {
            Ok(_) => {}
            Err(error) if error.kind() == ErrorKind::WouldBlock => return Ok(true),
            Err(error) => return Err(error),
        }
    }
    Ok(false)
}
