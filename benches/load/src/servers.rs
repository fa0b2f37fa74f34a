//! The servers under load: each in a folder and on loopback ports of its own, started and stopped here.

pub(crate) mod countersign;
pub(crate) mod files;
pub(crate) mod limits;
pub(crate) mod slapd;

use std::{
    io,
    net::{Ipv4Addr, SocketAddr, TcpListener, TcpStream},
    path::Path,
    process::Command,
    sync::Arc,
    thread::sleep,
    time::{Duration, Instant},
};

use rustls::{ClientConfig, RootCertStore};
use rustls_pki_types::{CertificateDer, pem::PemObject as _};

use crate::{engine::Target, process::Running, requests::Frame};

/// Who serves.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Side {
    /// OpenLDAP's server.
    Slapd,
    /// Ours.
    Countersign,
    /// Frames messages and answers canned octets; over HTTP, a bare handler.
    Limit,
    /// The same, and computes a slow hash before it answers a bind.
    Hashing,
}

impl Side {
    /// All of them.
    pub(crate) const ALL: [Self; 4] = [Self::Slapd, Self::Countersign, Self::Limit, Self::Hashing];

    /// As the table names it.
    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::Slapd => "slapd",
            Self::Countersign => "countersign",
            Self::Limit => "the limit",
            Self::Hashing => "only hashes",
        }
    }
}

/// A server that runs.
pub(crate) struct Served {
    running: Running,
    /// Where it speaks LDAP, LDAP over TLS, and HTTP.
    ports: Ports,
    trust: Arc<ClientConfig>,
}

/// Loopback addresses of one server.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Ports {
    /// In clear.
    pub(crate) ldap: SocketAddr,
    /// Under TLS.
    pub(crate) ldaps: SocketAddr,
    /// Of the REST door, in clear.
    pub(crate) http: SocketAddr,
}

impl Ports {
    /// Ports that are free now.
    pub(crate) fn free() -> io::Result<Self> {
        let held = [listener()?, listener()?, listener()?];
        let [ldap, ldaps, http] = &held;
        Ok(Self { ldap: ldap.local_addr()?, ldaps: ldaps.local_addr()?, http: http.local_addr()? })
    }
}

fn listener() -> io::Result<TcpListener> {
    TcpListener::bind((Ipv4Addr::LOCALHOST, 0))
}

/// How long a server may take to start: slapd maps and checks a large database first.
const PATIENCE: Duration = Duration::from_secs(120);

impl Served {
    /// Starts a server and waits until it takes connections.
    pub(crate) fn start(command: &mut Command, ports: Ports, ca: &Path) -> io::Result<Self> {
        let trust = trust(ca)?;
        let begun = Instant::now();
        let mut running = Running::start(command)?;
        while TcpStream::connect(ports.ldap).is_err() {
            running.still()?;
            if begun.elapsed() > PATIENCE {
                return Err(io::Error::other(format!("{command:?} takes no connection")));
            }
            sleep(Duration::from_millis(1));
        }
        Ok(Self { running, ports, trust })
    }

    /// Its process ID.
    pub(crate) fn pid(&self) -> u32 {
        self.running.pid()
    }

    /// Where a load goes.
    pub(crate) fn target(&self, is_tls: bool, is_http: bool, bind: Option<Frame>) -> Target {
        let address = match (is_http, is_tls) {
            (true, _) => self.ports.http,
            (false, true) => self.ports.ldaps,
            (false, false) => self.ports.ldap,
        };
        Target { address, tls: is_tls.then(|| self.trust.clone()), bind, is_http, pid: self.pid() }
    }
}

fn trust(ca: &Path) -> io::Result<Arc<ClientConfig>> {
    let mut roots = RootCertStore::empty();
    for certificate in CertificateDer::pem_file_iter(ca).map_err(io::Error::other)? {
        roots.add(certificate.map_err(io::Error::other)?).map_err(io::Error::other)?;
    }
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let config = ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .map_err(io::Error::other)?
        .with_root_certificates(roots)
        .with_no_client_auth();
    Ok(Arc::new(config))
}
