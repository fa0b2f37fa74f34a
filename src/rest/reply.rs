//! What goes out when nothing is refused; a refusal is `status.rs`.

use hyper::StatusCode;
use serde::Serialize;

use super::media;

/// An answer: its status and its body.
#[derive(Debug)]
pub(super) struct Reply {
    /// The HTTP status.
    pub(super) status: StatusCode,
    /// The media type of `body`.
    pub(super) media: &'static str,
    /// The body, as JSON text.
    pub(super) body: Vec<u8>,
}

impl Reply {
    /// 200 with this body.
    pub(super) fn ok(body: &impl Serialize) -> Self {
        // Our own types have string keys and refuse nothing; an empty body would be the answer if one did.
        Self { status: StatusCode::OK, media: media::HAL, body: serde_json::to_vec(body).unwrap_or_default() }
    }
}
