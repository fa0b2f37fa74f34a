//! What the network alone costs: a server that frames messages and answers canned octets, and a bare handler behind HTTP. What a slow
//! hash costs any server that is woken for it: the same, computing one for each bind. Each is this same program in a process of its own.

use std::{
    env, io,
    net::SocketAddr,
    path::{Path, PathBuf},
    process::Stdio,
    sync::{Arc, Mutex, PoisonError},
    thread,
};

use axum::{Json, Router, routing};
use countersign_proto::ber::Writer;
use rustls_pki_types::{CertificateDer, PrivateKeyDer, pem::PemObject as _};
use serde_json::{Value, json};
use tokio::{
    io::{AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _},
    net::TcpListener,
    runtime,
    sync::Semaphore,
};
use tokio_rustls::TlsAcceptor;

use super::{Ports, Served};
use crate::{
    data::{Person, Population, hashes::BareHash},
    process::ending_with_us,
};

/// Starts this program as both. `is_hashing`: it computes a hash for each bind.
pub(crate) fn start(tls: &Path, is_hashing: bool) -> io::Result<Served> {
    let ports = Ports::free()?;
    let mut command = ending_with_us(&env::current_exe()?);
    command.arg("limits").args([ports.ldap, ports.ldaps, ports.http].map(|port| port.to_string())).arg(tls);
    command.args(is_hashing.then_some("--hashing"));
    Served::start(command.stdin(Stdio::null()), ports, &tls.join("ca.pem"))
}

/// Serves until it is stopped.
pub(crate) fn serve([ldap, ldaps, http]: [SocketAddr; 3], tls: &Path, is_hashing: bool) -> io::Result<()> {
    let acceptor = acceptor(tls)?;
    let hashing = is_hashing.then(Hashing::new);
    let canned = Arc::new(Canned::new(Population { entries: 1, seed: 1 }.person(0), hashing));
    let runtime = runtime::Builder::new_multi_thread().enable_all().build()?;
    runtime.block_on(async move {
        let (clear, encrypted) = (TcpListener::bind(ldap).await?, TcpListener::bind(ldaps).await?);
        let http = TcpListener::bind(http).await?;
        tokio::spawn(accept(encrypted, Some(acceptor), canned.clone()));
        tokio::spawn(axum::serve(http, router()).into_future());
        accept(clear, None, canned).await
    })
}

fn acceptor(tls: &Path) -> io::Result<TlsAcceptor> {
    let file = |name: &str| -> PathBuf { tls.join(name) };
    let chain = CertificateDer::pem_file_iter(file("server.pem")).map_err(io::Error::other)?;
    let chain = chain.collect::<Result<Vec<_>, _>>().map_err(io::Error::other)?;
    let key = PrivateKeyDer::from_pem_file(file("server.key")).map_err(io::Error::other)?;
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let config = rustls::ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .map_err(io::Error::other)?
        .with_no_client_auth()
        .with_single_cert(chain, key)
        .map_err(io::Error::other)?;
    Ok(TlsAcceptor::from(Arc::new(config)))
}

/// A handler as small as axum allows: it reads a body where there is one, and answers a small one.
fn router() -> Router {
    async fn authenticate(Json(body): Json<Value>) -> Json<Value> {
        Json(json!({"resultCode": {"name": "success", "code": if body.is_object() { 0 } else { 2 }}}))
    }
    async fn entry() -> Json<Value> {
        let person = Population { entries: 1, seed: 1 }.person(0);
        Json(person.attributes().into_iter().map(|(name, value)| (name.to_owned(), json!([value]))).collect())
    }
    Router::new()
        .route("/directory/v1/authenticate", routing::post(authenticate))
        .route("/directory/v1/{dn}", routing::get(entry))
}

async fn accept(listener: TcpListener, tls: Option<TlsAcceptor>, canned: Arc<Canned>) -> io::Result<()> {
    loop {
        let (socket, _) = listener.accept().await?;
        socket.set_nodelay(true)?;
        let (tls, canned) = (tls.clone(), canned.clone());
        tokio::spawn(async move {
            match tls {
                None => answer(socket, &canned).await,
                Some(tls) => answer(tls.accept(socket).await?, &canned).await,
            }
        });
    }
}

/// What follows the message ID of each answer.
struct Canned {
    entry_and_done: [Vec<u8>; 2],
    hashing: Option<Hashing>,
}

impl Canned {
    fn new(person: Person, hashing: Option<Hashing>) -> Self {
        let mut entry = Vec::new();
        Writer::new(&mut entry).constructed(0x64, |entry| {
            entry.octet_string(person.dn().as_bytes());
            entry.sequence(|attributes| {
                for (name, value) in person.attributes() {
                    attributes.sequence(|attribute| {
                        attribute.octet_string(name.as_bytes());
                        attribute.constructed(0x31, |set| set.octet_string(value.as_bytes()));
                    });
                }
            });
        });
        Self { entry_and_done: [entry, result(0x65)], hashing }
    }

    /// Answers a message whose ID is `id` and whose operation has this tag.
    fn answer(&self, id: &[u8], tag: u8, out: &mut Vec<u8>) {
        match tag {
            0x63 => self.entry_and_done.iter().for_each(|operation| message(id, operation, out)),
            0x60 => message(id, &result(0x61), out),
            0x6E => message(id, &result(0x6F), out),
            _ => {}
        }
    }
}

/// Hashes on threads that may block, no more at once than there are processors; the memory that was used last is used next.
struct Hashing {
    turns: Arc<Semaphore>,
    idle: Arc<Mutex<Vec<BareHash>>>,
}

impl Hashing {
    fn new() -> Self {
        let processors = thread::available_parallelism().map_or(1, usize::from);
        Self { turns: Arc::new(Semaphore::new(processors)), idle: Arc::default() }
    }

    async fn compute(&self) -> io::Result<()> {
        let turn = self.turns.clone().acquire_owned().await.map_err(io::Error::other)?;
        let idle = self.idle.clone();
        let job = move || {
            let lent = idle.lock().unwrap_or_else(PoisonError::into_inner).pop();
            let mut hash = lent.map_or_else(BareHash::new, Ok)?;
            std::hint::black_box(hash.compute("secret-0000001", 1)?);
            idle.lock().unwrap_or_else(PoisonError::into_inner).push(hash);
            drop(turn);
            Ok(())
        };
        tokio::task::spawn_blocking(job).await.map_err(io::Error::other)?
    }
}

fn message(id: &[u8], operation: &[u8], out: &mut Vec<u8>) {
    let mut writer = Writer::new(out);
    writer.header(0x30, id.len() + operation.len());
    writer.raw(id);
    writer.raw(operation);
}

fn result(tag: u8) -> Vec<u8> {
    let mut out = Vec::new();
    Writer::new(&mut out).constructed(tag, |result| {
        // A compare answers compareTrue.
        result.enumerated(if tag == 0x6F { 6 } else { 0 });
        result.octet_string(b"");
        result.octet_string(b"");
    });
    out
}

/// One write for one read, as the server itself does.
async fn answer(mut stream: impl AsyncRead + AsyncWrite + Unpin, canned: &Canned) -> io::Result<()> {
    let (mut input, mut filled, mut out) = (vec![0; 8192], 0, Vec::with_capacity(8192));
    loop {
        let count = stream.read(input.get_mut(filled..).unwrap_or_default()).await?;
        if count == 0 {
            return Ok(());
        }
        filled += count;
        let mut at = 0;
        while let Some((length, id, tag)) = frame(input.get(at..filled).unwrap_or_default()) {
            if let (0x60, Some(hashing)) = (tag, &canned.hashing) {
                hashing.compute().await?;
            }
            canned.answer(id, tag, &mut out);
            at += length;
        }
        input.copy_within(at..filled, 0);
        filled -= at;
        if filled == input.len() {
            input.resize(filled * 2, 0);
        }
        stream.write_all(&out).await?;
        out.clear();
    }
}

/// Length, the element of the ID and the operation's tag of a message that is complete; the generator's lengths are short ones, or
/// have one or two octets.
fn frame(buffer: &[u8]) -> Option<(usize, &[u8], u8)> {
    let (head, length) = match buffer {
        [0x30, 0x82, high, low, ..] => (4, usize::from(*high) << 8 | usize::from(*low)),
        [0x30, 0x81, length, ..] => (3, usize::from(*length)),
        [0x30, length, ..] => (2, usize::from(*length)),
        _ => return None,
    };
    let body = buffer.get(head..head + length)?;
    let id_length = 2 + usize::from(*body.get(1)?);
    Some((head + length, body.get(..id_length)?, *body.get(id_length)?))
}
