//! A connection to where a request goes: the name's addresses one after another, through a proxy if one is configured, TLS on it.

use std::{
    io,
    net::SocketAddr,
    sync::{Arc, OnceLock},
    time::Duration,
};

use http_body_util::Empty;
use hyper::{Method, Request, body::Bytes, client::conn::http1, header};
use hyper_util::rt::TokioIo;
use rustls::{ClientConfig, RootCertStore};
use rustls_pki_types::ServerName;
use tokio::{
    io::{AsyncRead, AsyncWrite},
    net::{TcpStream, lookup_host},
    time::timeout,
};
use tokio_rustls::TlsConnector;

use super::{error::Failure, url::Url};
use crate::{config::OutgoingSettings, tls};

/// An open connection, whatever it is made of.
pub(super) trait Stream: AsyncRead + AsyncWrite + Send + Unpin {}

impl<S: AsyncRead + AsyncWrite + Send + Unpin> Stream for S {}

/// Opens connections.
pub(super) struct Dialer {
    proxy: Option<Proxy>,
    own_ca: Option<RootCertStore>,
    tls: OnceLock<Arc<ClientConfig>>,
    /// For one address of a name; the next one is tried after it.
    patience: Duration,
}

struct Proxy {
    host: String,
    port: u16,
}

impl Dialer {
    /// For these settings.
    ///
    /// # Errors
    /// A sentence about the CA file or the proxy.
    pub(super) fn new(settings: &OutgoingSettings) -> Result<Self, String> {
        let own_ca = settings.ca_file.as_deref().map(tls::roots).transpose().map_err(|error| error.to_string())?;
        let proxy = settings.proxy.as_deref().map(Proxy::parse).transpose()?;
        Ok(Self { proxy, own_ca, tls: OnceLock::new(), patience: settings.timeout / 3 })
    }

    /// A connection over which requests for this address can be sent.
    pub(super) async fn connect(&self, url: &Url) -> Result<Box<dyn Stream>, Failure> {
        if !url.tls {
            // The name was checked when the address was read; here it is the machine behind the name.
            let stream = self.dial(url.host(), url.port, |address| address.ip().to_canonical().is_loopback()).await?;
            return Ok(Box::new(stream.ok_or(Failure::ClearText)?));
        }
        let name = ServerName::try_from(url.host().to_owned()).map_err(|error| Failure::Tls(error.into()))?;
        let tls = TlsConnector::from(self.tls()?);
        let secured = match &self.proxy {
            None => Box::new(self.reach(url.host(), url.port).await?) as Box<dyn Stream>,
            Some(proxy) => tunnel(self.reach(&proxy.host, proxy.port).await?, &url.host_and_port()).await?,
        };
        Ok(Box::new(tls.connect(name, secured).await.map_err(|error| Failure::Tls(error.into()))?))
    }

    async fn reach(&self, host: &str, port: u16) -> Result<TcpStream, Failure> {
        let nobody = || Failure::Unreachable(io::ErrorKind::AddrNotAvailable.into());
        self.dial(host, port, |_| true).await?.ok_or_else(nobody)
    }

    /// The first address of the name that answers; `None` if it has none that is allowed.
    async fn dial(
        &self,
        host: &str,
        port: u16,
        allowed: impl Fn(&SocketAddr) -> bool,
    ) -> Result<Option<TcpStream>, Failure> {
        let mut refused = None;
        for address in lookup_host((host, port)).await.map_err(Failure::Unreachable)?.filter(allowed) {
            match timeout(self.patience, TcpStream::connect(address)).await {
                Ok(Ok(stream)) => return Ok(Some(stream)),
                Ok(Err(error)) => refused = Some(error),
                Err(_) => refused = Some(io::ErrorKind::TimedOut.into()),
            }
        }
        refused.map_or(Ok(None), |error| Err(Failure::Unreachable(error)))
    }

    /// The TLS settings; made once, when the first connection needs them.
    fn tls(&self) -> Result<Arc<ClientConfig>, Failure> {
        if let Some(settings) = self.tls.get() {
            return Ok(Arc::clone(settings));
        }
        let mut roots = tls::system_roots();
        roots.extend(self.own_ca.iter().flat_map(|own| own.roots.iter().cloned()));
        let settings = tls::client(roots).map_err(|error| Failure::Tls(error.into()))?;
        Ok(Arc::clone(self.tls.get_or_init(|| settings)))
    }
}

impl Proxy {
    fn parse(text: &str) -> Result<Self, String> {
        let uri = text.parse::<hyper::Uri>().ok().filter(|uri| uri.scheme_str() == Some("http"));
        let authority = uri.as_ref().and_then(hyper::Uri::authority).filter(|name| !name.as_str().contains('@'));
        let authority = authority.ok_or("outgoing.proxy is an address such as \"http://proxy.example.com:3128\"")?;
        let host = authority.host().trim_matches(['[', ']']).to_owned();
        Ok(Self { host, port: authority.port_u16().unwrap_or(3128) })
    }
}

/// Has the proxy at the other end of `stream` connect to `target` (RFC 9110 section 9.3.6); it sees TLS only.
async fn tunnel(stream: TcpStream, target: &str) -> Result<Box<dyn Stream>, Failure> {
    let (mut sender, connection) = http1::handshake(TokioIo::new(stream)).await?;
    // Ends when the tunnel stands, or with the sender.
    tokio::spawn(connection.with_upgrades());
    let request = Request::builder().method(Method::CONNECT).uri(target).header(header::HOST, target);
    let answer = sender.send_request(request.body(Empty::<Bytes>::new()).map_err(Failure::Request)?).await?;
    if !answer.status().is_success() {
        return Err(Failure::Proxy(answer.status().as_u16()));
    }
    Ok(Box::new(TokioIo::new(hyper::upgrade::on(answer).await?)))
}
