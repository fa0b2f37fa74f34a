//! Why there is no answer. An error names the host, never the path, the query, a header or the body: codes and keys stand there.

use std::{fmt, io, time::Duration};

/// An exchange without an answer.
#[derive(Debug)]
pub struct OutgoingError {
    /// Who was asked.
    pub(super) host: String,
    /// What went wrong.
    pub(super) failure: Failure,
}

/// What went wrong.
#[derive(Debug)]
pub(super) enum Failure {
    /// Not done in time.
    TooSlow(Duration),
    /// The name has no address, or nobody listens there.
    Unreachable(io::Error),
    /// A clear connection to another machine.
    ClearText,
    /// The proxy did not make the connection; its status.
    Proxy(u16),
    /// The certificate is not accepted, or the other side speaks no TLS that we speak.
    Tls(Box<dyn std::error::Error + Send + Sync>),
    /// The other side speaks no HTTP, or closed too early.
    Http(hyper::Error),
    /// The answer's body broke off.
    Cut(Box<dyn std::error::Error + Send + Sync>),
    /// The answer is longer than this.
    TooLong(usize),
    /// The request cannot be written: a header's value that is none.
    Request(hyper::http::Error),
}

impl fmt::Display for OutgoingError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let host = &self.host;
        match &self.failure {
            Failure::TooSlow(patience) => write!(f, "{host} did not answer within {} s", patience.as_secs_f32()),
            Failure::Unreachable(error) => write!(f, "{host} cannot be reached: {error}"),
            Failure::ClearText => write!(f, "{host} is not this machine: https is needed"),
            Failure::Proxy(status) => write!(f, "the proxy does not connect to {host}: it answered {status}"),
            Failure::Tls(error) => write!(f, "no secure connection to {host}: {error}"),
            Failure::Http(error) => write!(f, "{host} did not answer in HTTP: {error}"),
            Failure::Cut(error) => write!(f, "the answer of {host} broke off: {error}"),
            Failure::TooLong(most) => write!(f, "the answer of {host} is longer than {most} octets"),
            Failure::Request(error) => write!(f, "the request to {host} cannot be written: {error}"),
        }
    }
}

impl std::error::Error for OutgoingError {}

impl From<hyper::Error> for Failure {
    fn from(error: hyper::Error) -> Self {
        Self::Http(error)
    }
}
