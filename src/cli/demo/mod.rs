//! `countersign demo`: a directory of its own in a temporary folder, loopback only, that shows what a second factor does at every
//! door, and keeps serving. What it shows are real requests over real sockets to a real server.

mod devices;
mod https;
mod paste;
mod show;

use std::{
    io::stdin,
    net::{SocketAddr, TcpListener},
    path::{Path, PathBuf},
};

use serde_json::json;
use tokio::{
    signal::unix::{SignalKind, signal},
    sync::mpsc::{Receiver, channel},
};

use super::{
    answer::{Answer, Failure, say},
    exchange::{self, Progress},
    init,
    loading::Source,
    serve,
};
use crate::{
    config::Config,
    server::{Running, Server, ServerParts},
    telemetry::tracing::Notices,
};

/// The sample directory.
const PEOPLE: &str = include_str!("../../../examples/people.ldif");

/// Where the demonstration listens if nobody else does: LDAP, LDAPS, HTTPS.
const PORTS: [u16; 3] = [13389, 16636, 18443];

/// The words of `countersign demo`.
#[derive(clap::Args)]
pub(crate) struct Demo {
    /// Keep everything in this folder instead of a temporary one; it must not exist yet.
    #[arg(long, value_name = "DIR")]
    keep: Option<PathBuf>,
}

/// Where everything of the demonstration is.
struct Stage {
    folder: PathBuf,
    configuration: PathBuf,
    ca: PathBuf,
}

impl Demo {
    pub(crate) fn run(&self) -> Result<Answer, Failure> {
        let temporary = match &self.keep {
            None => Some(tempfile::Builder::new().prefix("countersign-demo-").tempdir()?),
            Some(_) => None,
        };
        let parent = temporary.as_ref().map(|folder| folder.path().join("site"));
        let folder = parent.or_else(|| self.keep.clone()).unwrap_or_default();
        let stage = build(&folder)?;
        let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
        let shown = runtime.block_on(perform(&stage));
        drop(runtime);
        match &temporary {
            Some(_) => say(&format!("\nEnded; {} is gone.", folder.display())),
            None => say(&format!("\nEnded. To go on:  countersign serve --config {}", stage.configuration.display())),
        }
        shown.map(|()| Answer::new("", json!({ "folder": self.keep })))
    }
}

/// Makes the folder and loads the sample directory.
fn build(folder: &Path) -> Result<Stage, Failure> {
    let mut config = Config::default();
    config.directory.base_dns = vec!["dc=example,dc=com".to_owned()];
    config.totp.issuer = "countersign demo".to_owned();
    let [ldap, ldap_tls, rest] = PORTS.map(|port| vec![free(port)]);
    config.ldap.listen = ldap;
    config.ldap.listen_tls = ldap_tls;
    config.rest.listen = rest;
    let made = init::create(folder, config, &init::new_password()?, &[])?;
    let config = Config::load(&made.configuration)?;
    let people = Source { name: "people.ldif".to_owned(), input: Box::new(PEOPLE.as_bytes()) };
    exchange::load(&config, vec![people], &Progress::new(None, true))?;
    Ok(Stage { folder: folder.to_owned(), configuration: made.configuration, ca: made.ca })
}

/// This port on loopback if nobody has it, else any.
fn free(port: u16) -> SocketAddr {
    let wanted = SocketAddr::from(([127, 0, 0, 1], port));
    let any = SocketAddr::from(([127, 0, 0, 1], 0));
    let taken =
        TcpListener::bind(wanted).or_else(|_| TcpListener::bind(any)).and_then(|listener| listener.local_addr());
    taken.unwrap_or(any)
}

/// Serves, shows, and goes on serving until Ctrl-C.
async fn perform(stage: &Stage) -> Result<(), Failure> {
    let mut ends = [signal(SignalKind::interrupt())?, signal(SignalKind::terminate())?];
    let config = Config::load(&stage.configuration)?;
    let log = stage.folder.join("server.log");
    crate::files::create(&log, b"")?;
    let parts =
        ServerParts { log: Box::new(std::fs::File::options().append(true).open(&log)?), ..ServerParts::default() };
    let running = Server::start(config, parts).await?;
    Notices::install(running.context().audit.clone());
    let [interrupt, terminate] = &mut ends;
    let outcome = tokio::select! {
        outcome = everything(stage, &running, &log) => outcome,
        _ = interrupt.recv() => Ok(()),
        _ = terminate.recv() => Ok(()),
    };
    serve::end(running, ends).await;
    outcome
}

async fn everything(stage: &Stage, running: &Running, log: &Path) -> Result<(), Failure> {
    let mut devices = show::all(stage, running).await?;
    paste::print(stage, running, &mut devices);
    say(&format!("The server's log: {}", log.display()));
    say("Serving until Ctrl-C. Press Enter for the lines with fresh codes.");
    let mut enter = enter();
    while enter.recv().await.is_some() {
        paste::print(stage, running, &mut devices);
    }
    // Without a terminal there may be no input at all, which is no reason to end.
    std::future::pending().await
}

/// A message for each line typed; on a thread of its own, for nothing can interrupt reading a terminal.
fn enter() -> Receiver<()> {
    let (typed, enter) = channel(1);
    std::thread::spawn(move || {
        for line in stdin().lines() {
            if line.is_err() || typed.blocking_send(()).is_err() {
                break;
            }
        }
    });
    enter
}
