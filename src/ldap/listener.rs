//! Accepts TCP connections for LDAP and LDAPS, and connections from this machine over the Unix socket; bounds how many there
//! are. What a connection does is `connection.rs`.

use std::{io, net::SocketAddr, path::Path, pin::pin, sync::Arc, time::Duration};

use futures_util::future::{Either, select};
use tokio::net::{TcpListener, TcpSocket, TcpStream, UnixListener, UnixStream};

use super::{connection::Connection, door::Door, stopping::StopSignal, transport::Transport};
use crate::{caller::Channel, config::LogLevel, connections::Admission};

/// How many connections may wait to be accepted.
const BACKLOG: u32 = 1024;
/// How long a listener rests when it cannot accept: file descriptors are short then, and trying at once would burn a processor.
const REST: Duration = Duration::from_millis(50);

impl Door {
    /// Listens for LDAP on `address`; port 0 takes a free one. Gives the address that was taken.
    ///
    /// # Errors
    /// The address cannot be listened on.
    pub fn listen(self: &Arc<Self>, address: SocketAddr) -> io::Result<SocketAddr> {
        self.listen_tcp(address, false)
    }

    /// Listens for LDAPS on `address`; port 0 takes a free one. Gives the address that was taken.
    ///
    /// # Errors
    /// The address cannot be listened on, or no certificate is configured.
    pub fn listen_tls(self: &Arc<Self>, address: SocketAddr) -> io::Result<SocketAddr> {
        if self.tls.is_none() {
            return Err(io::Error::other("no certificate is configured for LDAPS"));
        }
        self.listen_tcp(address, true)
    }

    /// Listens on a Unix socket; a peer with the server's own user ID or root's is trusted.
    ///
    /// # Errors
    /// The socket cannot be made.
    pub fn listen_unix(self: &Arc<Self>, path: &Path) -> io::Result<()> {
        // The data directory is locked by this process, so that a socket found there is left from a crash.
        match std::fs::remove_file(path) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
            _ => {}
        }
        let listener = UnixListener::bind(path)?;
        let door = Arc::clone(self);
        self.tasks.spawn(async move { door.accept_unix(listener).await });
        Ok(())
    }

    fn listen_tcp(self: &Arc<Self>, address: SocketAddr, secure: bool) -> io::Result<SocketAddr> {
        let socket = if address.is_ipv4() { TcpSocket::new_v4()? } else { TcpSocket::new_v6()? };
        socket.set_reuseaddr(true)?;
        socket.bind(address)?;
        let listener = socket.listen(BACKLOG)?;
        let taken = listener.local_addr()?;
        let door = Arc::clone(self);
        self.tasks.spawn(async move { door.accept_tcp(listener, secure).await });
        Ok(taken)
    }

    async fn accept_tcp(self: Arc<Self>, listener: TcpListener, secure: bool) {
        let signal = self.stopping.signal(self.context.next_connection());
        while let Some(accepted) = unless_stopping(&signal, listener.accept()).await {
            match accepted {
                Ok((stream, peer)) => self.admit_tcp(stream, peer, secure),
                Err(error) => self.rest(&error).await,
            }
        }
    }

    fn admit_tcp(self: &Arc<Self>, stream: TcpStream, peer: SocketAddr, secure: bool) {
        // A connection too many is closed without a word: writing to it could block, and it may be an attack.
        let Ok(admission) = self.connections.admit(peer.ip()) else { return };
        // Answers are written whole; waiting to fill a packet only delays them.
        let _ = stream.set_nodelay(true);
        let channel = Channel {
            connection: self.context.next_connection(),
            tls: secure,
            peer: Some(peer),
            listener: if secure { "ldaps" } else { "ldap" },
            trusted_peer: false,
        };
        self.serve(Transport::Tcp(stream), channel, Some(admission));
    }

    async fn accept_unix(self: Arc<Self>, listener: UnixListener) {
        let signal = self.stopping.signal(self.context.next_connection());
        while let Some(accepted) = unless_stopping(&signal, listener.accept()).await {
            match accepted {
                Ok((stream, _)) => self.admit_unix(stream),
                Err(error) => self.rest(&error).await,
            }
        }
    }

    fn admit_unix(self: &Arc<Self>, stream: UnixStream) {
        let own = rustix::process::geteuid().as_raw();
        let peer = stream.peer_cred().map(|credentials| credentials.uid());
        let channel = Channel {
            connection: self.context.next_connection(),
            tls: false,
            peer: None,
            listener: "ldapi",
            trusted_peer: peer.is_ok_and(|peer| peer == own || peer == 0),
        };
        self.serve(Transport::Unix(stream), channel, None);
    }

    fn serve(self: &Arc<Self>, transport: Transport, channel: Channel, admission: Option<Admission>) {
        let door = Arc::clone(self);
        self.tasks.spawn(async move {
            Connection::new(door, transport, channel).serve().await;
            drop(admission);
        });
    }

    async fn rest(&self, error: &io::Error) {
        self.context.audit.notice(LogLevel::Warn, &format!("a connection could not be accepted: {error}"));
        tokio::time::sleep(REST).await;
    }
}

/// What `accepted` gives, or `None` once the server is stopping.
async fn unless_stopping<T>(signal: &StopSignal, accepted: impl Future<Output = T>) -> Option<T> {
    let stopped = std::future::poll_fn(|cx| signal.poll_raised(cx));
    match select(stopped, pin!(accepted)).await {
        Either::Left(_) => None,
        Either::Right((accepted, _)) => Some(accepted),
    }
}
