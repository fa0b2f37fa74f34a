//! What is sent: a GET, a form or a body of any type.

use hyper::{
    Method,
    body::Bytes,
    header::{self, HeaderValue},
};
use zeroize::Zeroizing;

use super::{
    error::Failure,
    url::{Url, encoded},
};

/// The longest answer, where the sender does not say.
const USUAL_ANSWER: usize = 64 << 10;

/// One request. No `Debug`: bodies and headers carry codes and keys.
pub struct Request {
    /// Where it goes.
    pub(super) url: Url,
    /// The longest answer that is read.
    pub(super) max_answer: usize,
    method: Method,
    headers: Vec<(&'static str, Zeroizing<String>)>,
    body: Vec<u8>,
}

impl Request {
    /// Asks for what is there.
    pub fn get(url: &Url) -> Self {
        Self { url: url.clone(), max_answer: USUAL_ANSWER, method: Method::GET, headers: Vec::new(), body: Vec::new() }
    }

    /// Sends a body of this media type.
    pub fn post(url: &Url, media_type: &str, body: Vec<u8>) -> Self {
        Self { method: Method::POST, body, ..Self::get(url) }.header("content-type", media_type)
    }

    /// Sends a form (`application/x-www-form-urlencoded`).
    pub fn form(url: &Url, fields: &[(&str, &str)]) -> Self {
        Self::post(url, "application/x-www-form-urlencoded", encoded(fields).into_bytes())
    }

    /// The same request with one more header; `name` in lower case. A value that is no header's value fails the exchange.
    #[must_use]
    pub fn header(mut self, name: &'static str, value: &str) -> Self {
        self.headers.push((name, Zeroizing::new(value.to_owned())));
        self
    }

    /// The same request with a bound for the answer's body, in octets; 64 KiB where nothing is said.
    #[must_use]
    pub fn answer_at_most(mut self, octets: usize) -> Self {
        self.max_answer = octets;
        self
    }

    /// As hyper sends it.
    pub(super) fn into_http<B: From<Bytes>>(self) -> Result<hyper::Request<B>, Failure> {
        let mut request = hyper::Request::builder()
            .method(self.method)
            .uri(self.url.path_and_query())
            .header(header::HOST, self.url.authority())
            .header(header::CONNECTION, "close")
            .header(header::USER_AGENT, concat!("countersign/", env!("CARGO_PKG_VERSION")));
        for (name, value) in self.headers {
            let mut value = HeaderValue::from_str(&value).map_err(|error| Failure::Request(error.into()))?;
            value.set_sensitive(true);
            request = request.header(name, value);
        }
        request.body(B::from(Bytes::from(self.body))).map_err(Failure::Request)
    }
}
