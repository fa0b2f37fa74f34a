//! The doors of a server and their addresses: opened together, stopped together.

use std::{net::SocketAddr, sync::Arc};

use tokio::net::{TcpListener, TcpSocket};
use tokio_util::{sync::CancellationToken, task::TaskTracker};

use super::StartError;
use crate::{
    config::Config,
    connections::Connections,
    handlers::context::Context,
    ldap::door::Door as LdapDoor,
    local_socket::LocalSocket,
    rest::{
        endpoint::{Endpoint, Serves},
        listener::{self, Door as RestDoor},
    },
    tls::Tls,
};

/// Connections that the system holds for us until we take them.
const BACKLOG: u32 = 1024;

/// All doors.
pub(super) struct Doors {
    ldap: Arc<LdapDoor>,
    rest: Rest,
    local: LocalSocket,
}

/// Where they are; the ports are those really taken.
#[derive(Clone, Debug, Default)]
pub(super) struct Addresses {
    pub(super) ldap: Vec<SocketAddr>,
    pub(super) ldap_tls: Vec<SocketAddr>,
    pub(super) rest: Vec<SocketAddr>,
    pub(super) rest_plain: Vec<SocketAddr>,
    pub(super) metrics: Vec<SocketAddr>,
}

struct Rest {
    endpoint: Arc<Endpoint>,
    metrics: Arc<Endpoint>,
    connections: Arc<Connections>,
    shutdown: CancellationToken,
    tasks: TaskTracker,
}

impl Doors {
    /// Doors without addresses.
    pub(super) fn new(
        context: &Arc<Context>,
        connections: &Arc<Connections>,
        tls: Option<&Arc<Tls>>,
    ) -> Result<Self, StartError> {
        let folder = context.config.load().server.data_dir.clone();
        let local = LocalSocket::in_folder(&folder)
            .map_err(|error| StartError::because(format!("{} cannot be opened", folder.display()), error))?;
        let shutdown = CancellationToken::new();
        let endpoint = |serves| Arc::new(Endpoint { context: Arc::clone(context), shutdown: shutdown.clone(), serves });
        let (api, metrics) = (endpoint(Serves::Api), endpoint(Serves::Metrics(Arc::clone(connections))));
        let connections_of_rest = Arc::clone(connections);
        let rest =
            Rest { endpoint: api, metrics, connections: connections_of_rest, shutdown, tasks: TaskTracker::new() };
        let ldap = LdapDoor::new(Arc::clone(context), Arc::clone(connections), tls.cloned());
        Ok(Self { ldap, rest, local })
    }

    /// Takes every address of the configuration and begins to serve.
    pub(super) fn open(&self, config: &Config, tls: Option<&Arc<Tls>>) -> Result<Addresses, StartError> {
        let ldap = each("ldap.listen", &config.ldap.listen, |address| self.ldap.listen(address))?;
        let ldap_tls = each("ldap.listen_tls", &config.ldap.listen_tls, |address| self.ldap.listen_tls(address))?;
        let Rest { endpoint, metrics, .. } = &self.rest;
        let rest =
            each("rest.listen", &config.rest.listen, |address| self.rest.listen(endpoint, address, tls.cloned()))?;
        let rest_plain =
            each("rest.listen_plain", &config.rest.listen_plain, |address| self.rest.listen(endpoint, address, None))?;
        let metrics =
            each("metrics.listen", &config.metrics.listen, |address| self.rest.listen(metrics, address, None))?;
        let path = self.local.path();
        self.ldap.listen_unix(path).map_err(|error| {
            StartError::because(format!("the Unix socket {} cannot be made", path.display()), error)
        })?;
        Ok(Addresses { ldap, ldap_tls, rest, rest_plain, metrics })
    }

    /// The Unix socket in the data directory.
    pub(super) fn local(&self) -> &std::path::Path {
        self.local.name()
    }

    /// Ends all doors; returns when what was under way is finished, or has taken too long.
    pub(super) async fn stop(self) {
        let Rest { endpoint, metrics, shutdown, tasks, .. } = self.rest;
        shutdown.cancel();
        tasks.close();
        tokio::join!(self.ldap.stop(), tasks.wait());
        drop((endpoint, metrics));
        // Whoever looks for the socket afterwards should find that nobody is there.
        let _ = std::fs::remove_file(self.local.path());
    }
}

impl Rest {
    fn listen(
        &self,
        endpoint: &Arc<Endpoint>,
        address: SocketAddr,
        tls: Option<Arc<Tls>>,
    ) -> std::io::Result<SocketAddr> {
        let listener = bind(address)?;
        let taken = listener.local_addr()?;
        let (endpoint, connections) = (Arc::clone(endpoint), Arc::clone(&self.connections));
        self.tasks.spawn(listener::serve(listener, RestDoor { endpoint, tls, connections }));
        Ok(taken)
    }
}

fn bind(address: SocketAddr) -> std::io::Result<TcpListener> {
    let socket = if address.is_ipv4() { TcpSocket::new_v4()? } else { TcpSocket::new_v6()? };
    socket.set_reuseaddr(true)?;
    socket.bind(address)?;
    socket.listen(BACKLOG)
}

fn each(
    key: &str,
    addresses: &[SocketAddr],
    mut listen: impl FnMut(SocketAddr) -> std::io::Result<SocketAddr>,
) -> Result<Vec<SocketAddr>, StartError> {
    let listened = addresses.iter().map(|address| {
        listen(*address).map_err(|error| StartError::because(format!("{key}: cannot listen on {address}"), error))
    });
    listened.collect()
}
