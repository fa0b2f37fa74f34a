//! `GET /metrics`: everything that is counted, as Prometheus reads it. Served on addresses of its own (`[metrics] listen`), never where
//! the API is: whoever may authenticate there need not know how busy the server is.

use hyper::StatusCode;

use super::reply::Reply;
use crate::{
    connections::Connections,
    handlers::context::Context,
    telemetry::metrics::page::{MEDIA, Page},
};

/// The page as of now.
pub(super) async fn answer(context: &Context, connections: &Connections) -> Reply {
    let mut page = Page::default();
    process(&mut page, context);
    context.metrics.write(&mut page);
    held(&mut page, context, connections);
    store(&mut page, context).await;
    Reply { status: StatusCode::OK, media: MEDIA, body: page.into_text().into_bytes() }
}

/// What runs, and since when.
fn process(page: &mut Page, context: &Context) {
    const BUILD: &str = "countersign_build_info";
    page.family(BUILD, "gauge", "What runs: its version.");
    page.sample(BUILD, &[("version", env!("CARGO_PKG_VERSION"))], 1);
    let started = context.served.started;
    page.gauge("process_start_time_seconds", "When the process started, in seconds since 1970.", started.seconds());
    let uptime = context.clock.now().since(started).as_secs();
    page.gauge("countersign_uptime_seconds", "For how long it runs.", uptime);
}

/// What is held and waits.
fn held(page: &mut Page, context: &Context, connections: &Connections) {
    let census = connections.census();
    page.gauge("countersign_connections", "Connections that are open, at all doors but the Unix socket.", census.open);
    page.counter("countersign_connections_admitted_total", "Connections that were admitted.", census.admitted);
    page.counter("countersign_connections_refused_total", "Connections that were refused: too many.", census.refused);
    let (waiting, room) = context.hashing.queue();
    page.gauge("countersign_hashing_queue_depth", "Password hashes that wait for a thread.", waiting);
    page.gauge("countersign_hashing_queue_limit", "How many may wait before binds are refused as busy.", room);
}

/// The store; without it if it cannot be read: that is what is to be seen then.
async fn store(page: &mut Page, context: &Context) {
    let statistics = context.store.statistics().await;
    let up = u8::from(statistics.is_ok());
    page.gauge("countersign_store_up", "Whether the store can be read.", up);
    let Ok(seen) = statistics else { return };
    page.gauge("countersign_store_entries", "Entries.", seen.entries);
    page.gauge("countersign_store_factor_records", "Factor records.", seen.factors);
    page.gauge("countersign_store_index_rows", "Index rows.", seen.index_rows);
    page.gauge("countersign_store_used_bytes", "Octets in use on disk.", seen.used);
    page.gauge("countersign_store_limit_bytes", "Octets that it may grow to.", seen.limit);
    page.gauge("countersign_store_readers", "Snapshots held by readers.", seen.readers);
    page.counter("countersign_store_changes_total", "Changes since the store was made.", seen.last_change);
    page.seconds("countersign_store_commit_duration_seconds", "How long durable commits took.", &seen.commit_times);
    page.numbers("countersign_store_commit_batch", "How many writes shared a commit.", &seen.commit_sizes);
}
