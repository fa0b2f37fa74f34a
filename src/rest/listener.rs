//! Accepts connections, HTTPS or plain, and bounds each: how many, how slow, how long. What a request asks for is not known here.
//!
//! HTTP/1.1 and HTTP/2, by ALPN over TLS and by the connection preface without. Time-outs: the TLS handshake, the head of a
//! request, its body (`exchange.rs`), and the quiet between requests; a client that does not read its answers counts as quiet.

use std::{
    convert::Infallible,
    net::SocketAddr,
    sync::{
        Arc,
        atomic::{AtomicI64, Ordering},
    },
    time::Duration,
};

use hyper::service::service_fn;
use hyper_util::{
    rt::{TokioExecutor, TokioIo, TokioTimer},
    server::conn::auto::Builder,
};
use tokio::{
    io::{AsyncRead, AsyncWrite},
    net::{TcpListener, TcpStream},
    time::{sleep, timeout},
};
use tokio_util::task::TaskTracker;

use super::{activity::Activity, endpoint::Endpoint, exchange};
use crate::{
    caller::{Caller, Channel},
    config::LimitsSettings,
    connections::Connections,
    tls::Tls,
};

/// After a failed accept, mostly for want of file descriptors: the time for connections to end.
const ACCEPT_PAUSE: Duration = Duration::from_millis(100);
/// Longest head of a request, request line and fields together.
const LONGEST_HEAD: u32 = 64 * 1024;

/// One listening socket and what serves it.
#[derive(Clone)]
pub struct Door {
    /// What answers.
    pub endpoint: Arc<Endpoint>,
    /// TLS; `None` for plain HTTP.
    pub tls: Option<Arc<Tls>>,
    /// Counts connections, with the other doors.
    pub connections: Arc<Connections>,
}

/// Serves one bound socket until the endpoint's `shutdown`, then until every connection has finished or `limits.drain` is over.
pub async fn serve(listener: TcpListener, door: Door) {
    let tasks = TaskTracker::new();
    loop {
        let accepted = tokio::select! {
            accepted = listener.accept() => accepted,
            () = door.endpoint.shutdown.cancelled() => break,
        };
        match accepted {
            Ok((stream, peer)) => admit(&tasks, &door, stream, peer),
            Err(error) => {
                tracing::warn!(%error, "cannot accept an HTTP connection");
                sleep(ACCEPT_PAUSE).await;
            }
        }
    }
    drop(listener);
    tasks.close();
    let drain = door.endpoint.context.config.load().limits.drain;
    // What has not finished by then is dropped with the runtime.
    let _ = timeout(drain, tasks.wait()).await;
}

/// Starts serving a connection, unless its address has too many.
fn admit(tasks: &TaskTracker, door: &Door, stream: TcpStream, peer: SocketAddr) {
    let admission = match door.connections.admit(peer.ip()) {
        Ok(admission) => admission,
        Err(full) => {
            tracing::debug!(%peer, ?full, "an HTTP connection is refused");
            return;
        }
    };
    let door = door.clone();
    tasks.spawn(async move {
        connection(stream, peer, door).await;
        drop(admission);
    });
}

/// Serves one connection to its end.
async fn connection(stream: TcpStream, peer: SocketAddr, door: Door) {
    let context = &door.endpoint.context;
    let limits = context.config.load().limits.clone();
    let _ = stream.set_nodelay(true);
    let channel = Arc::new(Channel {
        connection: context.next_connection(),
        tls: door.tls.is_some(),
        peer: Some(peer),
        listener: if door.tls.is_some() { "rest" } else { "rest-plain" },
        trusted_peer: false,
    });
    let Some(tls) = &door.tls else {
        return drive(stream, channel, &door, &limits).await;
    };
    match timeout(limits.tls_handshake, tls.rest().accept(stream)).await {
        Ok(Ok(stream)) => drive(stream, channel, &door, &limits).await,
        Ok(Err(error)) => tracing::debug!(%peer, %error, "a TLS handshake failed"),
        Err(_) => tracing::debug!(%peer, "a TLS handshake took too long"),
    }
}

/// Speaks HTTP on one connection until either side ends it.
async fn drive(
    stream: impl AsyncRead + AsyncWrite + Unpin + Send + 'static,
    channel: Arc<Channel>,
    door: &Door,
    limits: &LimitsSettings,
) {
    let activity = Activity::new();
    let requests = AtomicI64::new(1);
    let service = service_fn(|request| {
        let under_way = activity.begin();
        let endpoint = Arc::clone(&door.endpoint);
        let operation = requests.fetch_add(1, Ordering::Relaxed);
        let caller = Caller { operation, ..Caller::anonymous(Arc::clone(&channel)) };
        async move {
            let response = exchange::answer(request, &endpoint, &caller).await;
            drop(under_way);
            Ok::<_, Infallible>(response)
        }
    });
    let builder = builder(limits);
    let connection = builder.serve_connection(TokioIo::new(stream), service);
    tokio::pin!(connection);
    tokio::select! {
        // How a connection ended is the client's business: a reset, a malformed request, a time-out.
        _ = connection.as_mut() => return,
        () = door.endpoint.shutdown.cancelled() => {}
        () = activity.idle(limits.idle_anonymous) => {}
    }
    connection.as_mut().graceful_shutdown();
    // The drain time of `serve` bounds it after a shutdown.
    let _ = timeout(limits.write, connection).await;
}

fn builder(limits: &LimitsSettings) -> Builder<TokioExecutor> {
    let mut builder = Builder::new(TokioExecutor::new());
    builder
        .http1()
        .timer(TokioTimer::new())
        .header_read_timeout(limits.incomplete_message)
        .max_buf_size(LONGEST_HEAD as usize);
    builder
        .http2()
        .timer(TokioTimer::new())
        .max_concurrent_streams(limits.operations_per_connection)
        .max_header_list_size(LONGEST_HEAD)
        .keep_alive_interval(limits.incomplete_message)
        .keep_alive_timeout(limits.write);
    builder
}
