//! The server in this process, on ports of its own, with a clock that stands until a test moves it.

use std::{
    io::{self, Write},
    net::SocketAddr,
    path::{Path, PathBuf},
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use countersign::{
    clock::{Clock, FixedClock, UnixMillis},
    config::Config,
    server::{Running, Server as Starter, ServerParts},
};
use rustls::pki_types::{CertificateDer, pem::PemObject};

use super::{
    client::Client,
    people::{self, ROOT, ROOT_PASSWORD},
    process, totp,
};

/// The moment at which every test begins: in the middle of a time step, so that rounding shows.
const START: u64 = 2_000_000_015;

/// A server with the sample directory in it.
pub struct Server {
    // Before the folder, so that the server is stopped before its files are removed.
    running: Option<Running>,
    runtime: tokio::runtime::Runtime,
    clock: Arc<FixedClock>,
    log: Log,
    folder: tempfile::TempDir,
}

/// What the server logs; shown only when a test fails.
#[derive(Clone, Default)]
struct Log(Arc<Mutex<Vec<u8>>>);

impl Write for Log {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.lock().unwrap().extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl Server {
    /// With standard settings.
    pub fn start() -> Self {
        Self::with("")
    }

    /// With these settings (TOML) beside what `init` writes.
    pub fn with(settings: &str) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let site = folder.path().join("site");
        process::init(&site);
        process::import(&site);
        let config = configuration(&site, settings);
        let clock = Arc::new(FixedClock::at(UnixMillis::from_seconds(START)));
        let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();
        let log = Log::default();
        let parts = ServerParts {
            clock: Arc::clone(&clock) as Arc<dyn Clock>,
            log: Box::new(log.clone()),
            ..ServerParts::default()
        };
        let running = runtime.block_on(Starter::start(config, parts)).unwrap();
        Self { running: Some(running), runtime, clock, log, folder }
    }

    /// Where it speaks LDAP.
    pub fn ldap(&self) -> SocketAddr {
        self.running().ldap[0]
    }

    /// Where it speaks LDAP over TLS.
    pub fn ldaps(&self) -> SocketAddr {
        self.running().ldap_tls[0]
    }

    /// Where it speaks HTTP in clear.
    pub fn rest(&self) -> SocketAddr {
        self.running().rest_plain[0]
    }

    /// Where it speaks HTTPS.
    pub fn rest_tls(&self) -> SocketAddr {
        self.running().rest[0]
    }

    /// Where it tells what is counted.
    pub fn metrics(&self) -> SocketAddr {
        self.running().metrics[0]
    }

    /// Whether it tells that anywhere.
    pub fn serves_metrics(&self) -> bool {
        !self.running().metrics.is_empty()
    }

    /// The CA that signed the server's certificate.
    pub fn ca_file(&self) -> PathBuf {
        self.folder.path().join("site/tls/ca.pem")
    }

    /// What a TLS client needs to trust this server, and only it.
    pub fn trust(&self) -> Arc<rustls::ClientConfig> {
        let mut roots = rustls::RootCertStore::empty();
        roots.add(CertificateDer::from_pem_file(self.ca_file()).unwrap()).unwrap();
        let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
        let builder = rustls::ClientConfig::builder_with_provider(provider).with_safe_default_protocol_versions();
        Arc::new(builder.unwrap().with_root_certificates(roots).with_no_client_auth())
    }

    /// An anonymous connection.
    pub fn client(&self) -> Client {
        Client::connect(self.ldap())
    }

    /// A connection that is bound.
    pub fn bound(&self, dn: &str, password: &str) -> Client {
        let mut client = self.client();
        let response = client.bind(dn, password);
        assert_eq!(response.code, 0, "bind as {dn}: {}", response.diagnostic);
        client
    }

    /// A connection bound as the root user.
    pub fn root(&self) -> Client {
        self.bound(ROOT, ROOT_PASSWORD)
    }

    /// The server's time in seconds since 1970.
    pub fn now(&self) -> u64 {
        self.clock.now().seconds()
    }

    /// Alice's code, `offset` steps from the server's time.
    pub fn code(&self, offset: i64) -> String {
        totp::code_at(totp::SECRET, self.now(), offset)
    }

    /// Moves the server's time forwards.
    pub fn advance(&self, duration: Duration) {
        self.clock.advance(duration);
    }

    /// Moves the server's time back.
    pub fn set_back(&self, duration: Duration) {
        self.clock.set(UnixMillis(self.clock.now().0 - u64::try_from(duration.as_millis()).unwrap()));
    }

    /// The folder that `init` made.
    pub fn site(&self) -> PathBuf {
        self.folder.path().join("site")
    }

    /// Everything that it has logged, once it is stopped.
    pub fn log(&self) -> String {
        assert!(self.running.is_none(), "the log is whole when the server has ended");
        String::from_utf8(self.log.0.lock().unwrap().clone()).unwrap()
    }

    /// Reads the configuration again, with these settings beside what `init` wrote.
    pub fn reload(&self, settings: &str) {
        let config = configuration(&self.site(), settings);
        let _runtime = self.runtime.enter();
        self.running().reload(config).unwrap();
    }

    /// Stops the server; its files stay until this is dropped.
    pub fn stop(&mut self) {
        if let Some(running) = self.running.take() {
            self.runtime.block_on(running.shutdown());
        }
    }

    fn running(&self) -> &Running {
        self.running.as_ref().expect("a server that has not been stopped")
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.stop();
        if std::thread::panicking() {
            let log = self.log.0.lock().unwrap_or_else(PoisonError::into_inner);
            eprintln!("--- the server's log ---\n{}", String::from_utf8_lossy(&log));
        }
    }
}

/// What `init` wrote, with `settings` over it and every door on a port that the system chooses.
fn configuration(site: &Path, settings: &str) -> Config {
    let file = site.join("countersign.toml");
    let written = Config::load(&file).unwrap();
    let path = |path: &Option<PathBuf>| path.as_ref().unwrap().to_str().unwrap().to_owned();
    let anywhere = "127.0.0.1:0".to_owned();
    let variables = [
        ("DIRECTORY__BASE_DNS", people::SUFFIX.to_owned()),
        ("LDAP__LISTEN", anywhere.clone()),
        ("LDAP__LISTEN_TLS", anywhere.clone()),
        ("REST__LISTEN", anywhere.clone()),
        ("REST__LISTEN_PLAIN", anywhere),
        ("TLS__CERTIFICATE", path(&written.tls.certificate)),
        ("TLS__PRIVATE_KEY", path(&written.tls.private_key)),
    ]
    .map(|(name, value)| (format!("COUNTERSIGN_{name}"), value));
    let config = Config::parse(&file, settings, variables.into_iter()).unwrap();
    Config { server: written.server, root: written.root, ..config }
}
