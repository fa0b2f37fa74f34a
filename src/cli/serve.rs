//! `countersign serve` and `countersign check-config`.

use std::path::Path;

use serde_json::json;
use tokio::signal::unix::{Signal, SignalKind, signal};

use super::answer::{Answer, Failure};
use crate::{
    config::{Config, ConfigError, LogLevel},
    server::{Running, Server, ServerParts},
    telemetry::tracing::Notices,
};

/// Runs the server until SIGTERM or SIGINT.
pub(crate) fn serve(file: &Path) -> Result<Answer, Failure> {
    let config = Config::load(file)?;
    let mut builder = tokio::runtime::Builder::new_multi_thread();
    if config.server.threads > 0 {
        builder.worker_threads(usize::try_from(config.server.threads)?);
    }
    let runtime = builder.enable_all().build()?;
    runtime.block_on(async {
        let running = Server::start(config, ServerParts::default()).await?;
        Notices::install(running.context().audit.clone());
        let mut ends = [signal(SignalKind::terminate())?, signal(SignalKind::interrupt())?];
        let mut reload = signal(SignalKind::hangup())?;
        let [terminate, interrupt] = &mut ends;
        loop {
            tokio::select! {
                _ = terminate.recv() => break,
                _ = interrupt.recv() => break,
                _ = reload.recv() => read_again(&running, file),
            }
        }
        end(running, ends).await;
        Ok(Answer::new("", json!({})))
    })
}

/// Ends the server; a second signal ends it at once.
pub(crate) async fn end(running: Running, mut ends: [Signal; 2]) {
    let [terminate, interrupt] = &mut ends;
    tokio::select! {
        () = running.shutdown() => {}
        _ = terminate.recv() => {}
        _ = interrupt.recv() => {}
    }
}

fn read_again(running: &Running, file: &Path) {
    let audit = &running.context().audit;
    let outcome = Config::load(file)
        .map_err(|error| error.to_string())
        .and_then(|config| running.reload(config).map_err(|error| error.to_string()));
    match outcome {
        Ok(()) => {
            audit.notice(LogLevel::Info, "SIGHUP: certificates, rules, limits, deliveries and log level are read again")
        }
        Err(error) => audit.notice(LogLevel::Error, &format!("SIGHUP: the old settings stay: {error}")),
    }
}

/// Says what is wrong with a configuration, or that nothing is.
pub(crate) fn check_config(file: &Path) -> Result<Answer, Failure> {
    let config = Config::load(file).map_err(|error: ConfigError| Failure::refused(error))?;
    crate::server::check(&config)?;
    let warnings = config.warnings();
    let text = std::iter::once(format!("{}: nothing is wrong with it", file.display()))
        .chain(warnings.iter().map(|warning| format!("warning: {warning}")))
        .collect::<Vec<_>>()
        .join("\n");
    Ok(Answer::new(text, json!({ "file": file, "valid": true, "warnings": warnings })))
}
