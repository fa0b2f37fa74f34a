//! A small real web server, for what the house sends: it keeps what it was asked and answers as it is told, or not at all.

use std::{
    io::{Read, Write},
    net::{SocketAddr, TcpListener, TcpStream},
    path::Path,
    sync::{
        Arc, Mutex,
        atomic::{AtomicBool, Ordering},
    },
    thread::JoinHandle,
};

use rustls::{
    ServerConfig, ServerConnection, StreamOwned,
    pki_types::{CertificateDer, PrivateKeyDer, pem::PemObject},
};

/// One request as it came.
#[derive(Clone, Debug)]
pub struct Seen {
    /// `POST /path?query HTTP/1.1`
    pub line: String,
    /// The headers, names in lower case.
    pub headers: Vec<(String, String)>,
    pub body: String,
}

impl Seen {
    /// The value of a header that must be there once.
    pub fn header(&self, name: &str) -> &str {
        let mut found = self.headers.iter().filter(|(known, _)| known == name);
        let value = &found.next().unwrap_or_else(|| panic!("no {name} in {self:?}")).1;
        assert!(found.next().is_none(), "{name} stands twice");
        value
    }
}

/// What it answers.
pub enum Reply {
    /// A status and a body.
    Status(u16, String),
    /// These octets, whatever they are.
    Raw(Vec<u8>),
    /// Nothing, until the client gives up.
    Silence,
}

/// The server; it ends with the value.
pub struct WebServer {
    pub address: SocketAddr,
    seen: Arc<Mutex<Vec<Seen>>>,
    ending: Arc<AtomicBool>,
    thread: Option<JoinHandle<()>>,
}

impl WebServer {
    /// In clear, on a port of its own.
    pub fn start(answer: impl Fn(&Seen) -> Reply + Send + Sync + 'static) -> Self {
        Self::serve(None, answer)
    }

    /// Over TLS, with `server.pem` and `server.key` of this folder.
    pub fn start_tls(folder: &Path, answer: impl Fn(&Seen) -> Reply + Send + Sync + 'static) -> Self {
        let chain = vec![CertificateDer::from_pem_file(folder.join("server.pem")).unwrap()];
        let key = PrivateKeyDer::from_pem_file(folder.join("server.key")).unwrap();
        let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
        let builder = ServerConfig::builder_with_provider(provider).with_safe_default_protocol_versions().unwrap();
        Self::serve(Some(Arc::new(builder.with_no_client_auth().with_single_cert(chain, key).unwrap())), answer)
    }

    fn serve(tls: Option<Arc<ServerConfig>>, answer: impl Fn(&Seen) -> Reply + Send + Sync + 'static) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        let (seen, ending) = (Arc::new(Mutex::new(Vec::new())), Arc::new(AtomicBool::new(false)));
        let (kept, ends, answer) = (Arc::clone(&seen), Arc::clone(&ending), Arc::new(answer));
        let thread = std::thread::spawn(move || {
            for stream in listener.incoming().map_while(Result::ok) {
                if ends.load(Ordering::SeqCst) {
                    return;
                }
                let (kept, answer, tls) = (Arc::clone(&kept), Arc::clone(&answer), tls.clone());
                std::thread::spawn(move || match tls {
                    None => exchange(stream, &kept, &*answer),
                    Some(tls) => {
                        exchange(StreamOwned::new(ServerConnection::new(tls).unwrap(), stream), &kept, &*answer)
                    }
                });
            }
        });
        Self { address, seen, ending, thread: Some(thread) }
    }

    /// Everything that it was asked so far.
    pub fn seen(&self) -> Vec<Seen> {
        self.seen.lock().unwrap().clone()
    }
}

impl Drop for WebServer {
    fn drop(&mut self) {
        self.ending.store(true, Ordering::SeqCst);
        // Wakes the listener; it looks whether it should end.
        drop(TcpStream::connect(self.address));
        if let Some(thread) = self.thread.take() {
            thread.join().unwrap();
        }
    }
}

/// One request and its answer. A client that breaks off is no failure here: some tests are about that.
fn exchange(mut stream: impl Read + Write, kept: &Mutex<Vec<Seen>>, answer: &dyn Fn(&Seen) -> Reply) {
    let Some(request) = read(&mut stream) else { return };
    kept.lock().unwrap().push(request.clone());
    let reply = match answer(&request) {
        Reply::Status(status, body) => {
            format!("HTTP/1.1 {status} Told\r\nContent-Length: {}\r\nConnection: close\r\n\r\n{body}", body.len())
                .into()
        }
        Reply::Raw(octets) => octets,
        Reply::Silence => {
            let _given_up = stream.read(&mut [0]);
            return;
        }
    };
    let _broken_off = stream.write_all(&reply).and_then(|()| stream.flush());
}

fn read(stream: &mut impl Read) -> Option<Seen> {
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        let mut octet = [0];
        stream.read_exact(&mut octet).ok()?;
        head.push(octet[0]);
    }
    let head = String::from_utf8(head).unwrap();
    let mut lines = head.trim_end().split("\r\n");
    let line = lines.next().unwrap().to_owned();
    let headers: Vec<(String, String)> = lines
        .map(|line| line.split_once(": ").unwrap())
        .map(|(name, value)| (name.to_ascii_lowercase(), value.to_owned()))
        .collect();
    let length = headers.iter().find(|(name, _)| name == "content-length").map_or(0, |(_, text)| text.parse().unwrap());
    let mut body = vec![0; length];
    stream.read_exact(&mut body).ok()?;
    Some(Seen { line, headers, body: String::from_utf8(body).unwrap() })
}
