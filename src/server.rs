//! The only place that knows every part: builds them, connects them, listens, reads settings again, stops. What the parts do is
//! theirs.

mod deliveries;
mod listeners;
mod password_rules;
pub mod site_data;
mod start_error;

use std::{
    io::Write,
    net::SocketAddr,
    sync::{Arc, atomic::AtomicU64},
    time::Duration,
};

use arc_swap::{ArcSwap, ArcSwapOption};
use tokio::time::timeout;

pub use self::start_error::StartError;
use self::{
    deliveries::Parts,
    listeners::{Addresses, Doors},
    site_data::SiteData,
};
use crate::{
    access::Access,
    clock::{Clock, SystemClock},
    config::{Config, LogLevel, YubikeyJudge},
    connections::Connections,
    directory::{dn::DnKey, schema::Schema},
    factors::password,
    handlers::{
        context::{Context, Served},
        hashing::Hashing,
        virtual_entries::VirtualEntries,
    },
    jwt::Issuer,
    ldap, open_files,
    outgoing::Outgoing,
    random::{Random, SystemRandom, octets},
    routes,
    telemetry::{audit::Audit, metrics::Metrics},
    tls::Tls,
    validation::{ApiKey, Validators},
};

/// Beyond `limits.drain`: the time for doors to close.
const GRACE: Duration = Duration::from_secs(1);

/// What a test may replace.
pub struct ServerParts {
    /// The time.
    pub clock: Arc<dyn Clock>,
    /// Where secrets are drawn.
    pub random: Arc<dyn Random>,
    /// Where the log goes.
    pub log: Box<dyn Write + Send>,
}

impl Default for ServerParts {
    /// The machine's clock and generator; the log on standard error.
    fn default() -> Self {
        Self { clock: Arc::new(SystemClock), random: Arc::new(SystemRandom), log: Box::new(std::io::stderr()) }
    }
}

/// Starts servers.
#[derive(Debug)]
pub struct Server;

/// A server that listens. Dropping it ends nothing: see `shutdown`.
pub struct Running {
    /// Where it speaks LDAP, in the order of the configuration; the ports are those really taken.
    pub ldap: Vec<SocketAddr>,
    /// Where it speaks LDAP over TLS.
    pub ldap_tls: Vec<SocketAddr>,
    /// Where it speaks HTTPS.
    pub rest: Vec<SocketAddr>,
    /// Where it speaks HTTP in clear.
    pub rest_plain: Vec<SocketAddr>,
    /// Where it tells what is counted.
    pub metrics: Vec<SocketAddr>,
    context: Arc<Context>,
    tls: Option<Arc<Tls>>,
    doors: Doors,
}

impl Server {
    /// Opens the data directory, takes the addresses and begins to serve.
    ///
    /// # Errors
    /// A sentence that says what of the configuration, the files or the machine does not fit.
    pub async fn start(config: Config, parts: ServerParts) -> Result<Running, StartError> {
        let open_files = open_files::raise_limit();
        let tls = Tls::load(&config.tls).map_err(|error| StartError::because("[tls]", error))?.map(Arc::new);
        let room = open_files::connections(config.limits.connections, open_files);
        let connections = Connections::new(room, config.limits.connections_per_address);
        let context = blocking(move || context(SiteData::open(&config)?, config, parts)).await?;
        let doors = Doors::new(&context, &connections, tls.as_ref())?;
        let Addresses { ldap, ldap_tls, rest, rest_plain, metrics } =
            match doors.open(&context.config.load(), tls.as_ref()) {
                Ok(addresses) => addresses,
                Err(error) => {
                    doors.stop().await;
                    return Err(error);
                }
            };
        let running = Running { ldap, ldap_tls, rest, rest_plain, metrics, context, tls, doors };
        running.context.audit.notice(LogLevel::Info, &running.listening());
        Ok(running)
    }
}

/// Opening a store reads files, and building an index reads all of them: not on a thread that serves.
async fn blocking(
    build: impl FnOnce() -> Result<Context, StartError> + Send + 'static,
) -> Result<Arc<Context>, StartError> {
    match tokio::task::spawn_blocking(build).await {
        Ok(context) => context.map(Arc::new),
        Err(error) => Err(StartError::because("the server could not be built", error)),
    }
}

impl Running {
    /// What the doors work with.
    pub fn context(&self) -> &Arc<Context> {
        &self.context
    }

    /// Takes over what may change while the server runs: certificates, access and password rules, limits, lockout, factors, deliveries and the log
    /// level.
    /// Addresses, the data directory, base DNs, indexes and the schema stay until the next start.
    ///
    /// # Errors
    /// When something of it cannot be used; then all of the old settings stay.
    pub fn reload(&self, config: Config) -> Result<(), StartError> {
        let access = compile(&config, &self.context.schema)?;
        let (clock, random) = (Arc::clone(&self.context.clock), Arc::clone(&self.context.random));
        let mechanisms = deliveries::build(&config, &self.context.schema, &Parts { clock, random })?;
        let rules = password_rules::compile(&config, &self.context.schema)?;
        let validators = validators(&config)?;
        let token_issuer = match self.kept_issuer(&config) {
            Some(kept) => Some(kept),
            None => token_issuer(&config, &self.context.schema)?,
        };
        if let Some(tls) = &self.tls {
            tls.reload(&config.tls).map_err(|error| StartError::because("[tls]", error))?;
        }
        self.context.access.store(Arc::new(access));
        self.context.mechanisms.store(Arc::new(mechanisms));
        self.context.password_rules.store(Arc::new(rules));
        self.context.validators.store(validators);
        self.context.token_issuer.store(token_issuer);
        self.context.virtual_entries.forget_root_dse();
        self.context.audit.set_level(config.log.level);
        let old = self.context.config.load_full();
        let kept = Config {
            server: old.server.clone(),
            directory: old.directory.clone(),
            root: crate::config::RootSettings { dn: old.root.dn.clone(), ..config.root.clone() },
            store: old.store.clone(),
            ..config
        };
        self.context.config.store(Arc::new(kept));
        Ok(())
    }

    /// The issuer whose keys are at an address, if it stays the same: its last keys outlive an outage, so they outlive this too.
    fn kept_issuer(&self, config: &Config) -> Option<Arc<Issuer>> {
        let old = self.context.config.load();
        let is_same = (&config.bearer, &config.outgoing) == (&old.bearer, &old.outgoing);
        (is_same && config.bearer.jwks_url.is_some()).then(|| self.context.token_issuer.load_full()).flatten()
    }

    /// Stops listening, lets what is under way finish for as long as `limits.drain` says, closes the store and the log.
    pub async fn shutdown(self) {
        self.context.audit.notice(LogLevel::Info, "ending: no new connections; what is under way is finished");
        let Self { context, doors, .. } = self;
        let patience = context.config.load().limits.drain.saturating_add(GRACE);
        if timeout(patience, doors.stop()).await.is_err() {
            context.audit.notice(LogLevel::Warn, "some connections had to be cut off");
        }
        context.audit.notice(LogLevel::Info, "ended");
        context.audit.close();
    }

    fn listening(&self) -> String {
        let doors =
            [("ldap", &self.ldap), ("ldaps", &self.ldap_tls), ("https", &self.rest), ("http", &self.rest_plain)];
        let mut text = format!("countersign {} serves", env!("CARGO_PKG_VERSION"));
        for (scheme, address) in
            doors.iter().flat_map(|(scheme, list)| list.iter().map(move |address| (scheme, address)))
        {
            text.push_str(&format!(" {scheme}://{address}"));
        }
        for address in &self.metrics {
            text.push_str(&format!(" http://{address}/metrics"));
        }
        text.push_str(&format!(" and {}", self.doors.local().display()));
        text
    }
}

/// What handlers use, over the data directory as it is, for reading alone and beside the server that has it: nothing that is
/// judged with it can be recorded, and no validation server is asked.
///
/// # Errors
/// As when a server starts, and when there is no store yet.
pub fn beside(config: Config) -> Result<Context, StartError> {
    let parts = ServerParts { log: Box::new(std::io::sink()), ..ServerParts::default() };
    let context = context(SiteData::open_beside(&config)?, config, parts)?;
    context.validators.store(None);
    Ok(context)
}

fn context(data: SiteData, config: Config, parts: ServerParts) -> Result<Context, StartError> {
    let root_key = root_key(&config, &data.schema)?;
    let access = compile(&config, &data.schema)?;
    let building = Parts { clock: Arc::clone(&parts.clock), random: Arc::clone(&parts.random) };
    let mechanisms = deliveries::build(&config, &data.schema, &building)?;
    let rules = password_rules::compile(&config, &data.schema)?;
    let validators = validators(&config)?;
    let token_issuer = token_issuer(&config, &data.schema)?;
    let hashing = Hashing::start(config.password.hashing_threads, config.password.hashing_queue)
        .map_err(|error| StartError::because("the threads for password hashing cannot be started", error))?;
    let startup = octets::<16>(&*parts.random).map_err(|error| StartError::because("no random numbers", error))?;
    let served = Served {
        extensions: routes::ROUTES.iter().map(|route| route.oid).collect(),
        controls: ldap::controls::supported(),
        mechanisms: routes::MECHANISMS.iter().map(|route| route.name).collect(),
        startup_uuid: uuid::Builder::from_random_bytes(startup).into_uuid(),
        started: parts.clock.now(),
    };
    let audit = Audit::new(&config.log, Arc::clone(&parts.clock), parts.log);
    let (store, schema, sealer) = data.serve()?;
    Ok(Context {
        store: Arc::new(store),
        schema,
        config: ArcSwap::from_pointee(config),
        root_key,
        access: ArcSwap::from_pointee(access),
        password_rules: ArcSwap::from_pointee(rules),
        clock: parts.clock,
        random: parts.random,
        sealer,
        mechanisms: ArcSwap::from_pointee(mechanisms),
        recipients: Default::default(),
        hashing,
        virtual_entries: VirtualEntries::default(),
        validators: ArcSwapOption::new(validators),
        token_issuer: ArcSwapOption::new(token_issuer),
        audit,
        metrics: Metrics::default(),
        served,
        connections: AtomicU64::new(1),
    })
}

/// The root user's normalized DN; its password must be a hash that can be judged.
fn root_key(config: &Config, schema: &Schema) -> Result<DnKey, StartError> {
    let judged = config.root.password_hash.as_ref().map(|hash| password::read(hash.expose().as_bytes()));
    match judged {
        None | Some(password::Value::Hashed(_)) => {}
        Some(password::Value::ClearText(_)) => {
            return Err(StartError::new(
                "root.password_hash is no hash but a password: anybody who reads the file would have it. countersign init \
                 makes a hash",
            ));
        }
        Some(password::Value::Unusable) => {
            return Err(StartError::new("root.password_hash is a hash of a scheme that is not known, or is malformed"));
        }
    }
    DnKey::parse(&config.root.dn, schema)
        .map_err(|error| StartError::new(format!("root.dn: \"{}\" is no DN: {}", config.root.dn, error.reason)))
}

fn compile(config: &Config, schema: &Schema) -> Result<Access, StartError> {
    Access::compile(&config.access, schema)
        .map_err(|problem| StartError::new(format!("[[access]] number {}: {}", problem.rule, problem.reason)))
}

/// The servers that judge OTPs of YubiKeys; `None` where this server judges all. The clients for whom it judges are looked at too.
fn validators(config: &Config) -> Result<Option<Arc<Validators>>, StartError> {
    for client in &config.validation_clients {
        if client.api_key.as_ref().is_none_or(|key| ApiKey::from_base64(key.expose()).is_none()) {
            return Err(StartError::new(format!("[[validation_client]] {}: api_key is a key in base64", client.id)));
        }
    }
    if config.yubikey.keys == YubikeyJudge::Local {
        return Ok(None);
    }
    let outgoing = Outgoing::new(&config.outgoing).map_err(|error| StartError::because("[outgoing]", error))?;
    let validators = Validators::new(&config.yubikey, outgoing);
    validators.map(|validators| Some(Arc::new(validators))).map_err(|error| StartError::because("[yubikey]", error))
}

/// Whose tokens are taken beside our own. The attribute that names the user must be one that can be looked up.
fn token_issuer(config: &Config, schema: &Schema) -> Result<Option<Arc<Issuer>>, StartError> {
    let issuer = Issuer::new(&config.bearer, &config.outgoing);
    let issuer = issuer.map_err(|error| StartError::because("[bearer]", error))?;
    if issuer.is_some() {
        site_data::check_indexed(config, schema, "bearer.subject_attribute", &config.bearer.subject_attribute)?;
    }
    Ok(issuer.map(Arc::new))
}

/// What can be told to be wrong with a configuration without opening the data directory or taking an address.
///
/// # Errors
/// The first thing that is wrong, as a sentence.
pub fn check(config: &Config) -> Result<(), StartError> {
    let schema = Schema::standard(Arc::default());
    site_data::check(config, &schema)?;
    root_key(config, &schema)?;
    compile(config, &schema)?;
    password_rules::compile(config, &schema)?;
    Tls::load(&config.tls).map_err(|error| StartError::because("[tls]", error))?;
    deliveries::build(config, &schema, &Parts { clock: Arc::new(SystemClock), random: Arc::new(SystemRandom) })?;
    validators(config)?;
    token_issuer(config, &schema)?;
    Ok(())
}
