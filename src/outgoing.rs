//! The house as an HTTP client: the one way in which a request leaves it (short messages, webhooks, validation services, key sets).
//! What the requests say and what the answers mean is their senders' business.
//!
//! Each exchange has a connection of its own and one time-out for all of it: name, connection, TLS, request, answer. Certificates are
//! always verified. Nothing travels in clear except to this machine. Redirections are answers like any other: they are not followed.
//! The answer is read up to a bound that the sender sets.

mod connection;
mod error;
mod request;
mod url;

use std::{sync::Arc, time::Duration};

use http_body_util::{BodyExt, Full, LengthLimitError, Limited};
use hyper::{body::Bytes, client::conn::http1};
use hyper_util::rt::TokioIo;
use tokio::time::timeout;
use tokio_util::task::AbortOnDropHandle;

use self::{connection::Dialer, error::Failure};
pub use self::{
    error::OutgoingError,
    request::Request,
    url::{Url, is_this_machine},
};
use crate::config::OutgoingSettings;

/// The longest head of an answer; what a well-meaning server sends is far below it.
const MAX_HEAD: usize = 32 << 10;

/// Sends requests; cheap to clone.
#[derive(Clone)]
pub struct Outgoing {
    patience: Duration,
    dialer: Arc<Dialer>,
}

/// What came back: any status, also an error's or a redirection's.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Answer {
    /// The HTTP status.
    pub status: u16,
    /// The body, whole.
    pub body: Vec<u8>,
}

impl Outgoing {
    /// A client for these settings. The system's CA certificates are read when they are first needed.
    ///
    /// # Errors
    /// A sentence, when the CA file or the proxy's address cannot be used.
    pub fn new(settings: &OutgoingSettings) -> Result<Self, String> {
        Ok(Self { patience: settings.timeout, dialer: Arc::new(Dialer::new(settings)?) })
    }

    /// Sends the request, once, and reads the answer.
    ///
    /// # Errors
    /// When there is no whole answer in time; the error names the host and nothing else of the request. The remote side may have
    /// carried the request out nevertheless.
    pub async fn exchange(&self, request: Request) -> Result<Answer, OutgoingError> {
        let host = request.url.host().to_owned();
        match timeout(self.patience, self.carry_out(request)).await {
            Ok(result) => result,
            Err(_) => Err(Failure::TooSlow(self.patience)),
        }
        .map_err(|failure| OutgoingError { host, failure })
    }

    async fn carry_out(&self, request: Request) -> Result<Answer, Failure> {
        let stream = self.dialer.connect(&request.url).await?;
        let (mut sender, connection) =
            http1::Builder::new().max_buf_size(MAX_HEAD).handshake(TokioIo::new(stream)).await?;
        // Ends with this exchange, also when it is given up.
        let _connection = AbortOnDropHandle::new(tokio::spawn(connection));
        let max_answer = request.max_answer;
        let answer = sender.send_request(request.into_http::<Full<Bytes>>()?).await?;
        let status = answer.status().as_u16();
        match Limited::new(answer.into_body(), max_answer).collect().await {
            Ok(body) => Ok(Answer { status, body: body.to_bytes().into() }),
            Err(error) if error.is::<LengthLimitError>() => Err(Failure::TooLong(max_answer)),
            Err(error) => Err(Failure::Cut(error)),
        }
    }
}
