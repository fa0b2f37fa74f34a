//! One request and its answer, whatever they are about: reads the body within its bounds, writes the answer with the headers that
//! every answer has, and says in the log which request was refused. What the request asks for is `endpoint.rs`.

use std::time::{Duration, Instant};

use http_body_util::{BodyExt, Full};
use hyper::{
    Method, Request, Response, StatusCode, Version,
    body::{Body, Bytes, Incoming},
    header::{
        ALLOW, CACHE_CONTROL, CONNECTION, CONTENT_ENCODING, CONTENT_LENGTH, CONTENT_TYPE, HeaderValue, WWW_AUTHENTICATE,
    },
    http::request::Parts,
};
use tokio::time::timeout;
use uuid::Uuid;
use zeroize::Zeroizing;

use super::{
    endpoint::Endpoint,
    media,
    reply::Reply,
    status::{Challenge, Refusal},
};
use crate::{caller::Caller, config::LogLevel, random};

/// No more than this is set aside for a body because its length is announced; the rest when it comes.
const SET_ASIDE: usize = 64 * 1024;

/// As which endpoint a request is counted whose head was refused: an unknown path, a method that it does not take, and the like.
const REFUSED_BY_HEAD: &str = "none";

/// Answers one request; `caller` is the connection before the request's header has said who asks.
pub(super) async fn answer(request: Request<Incoming>, endpoint: &Endpoint, caller: &Caller) -> Response<Full<Bytes>> {
    let (begun, (head, body)) = (Instant::now(), request.into_parts());
    let mut name = REFUSED_BY_HEAD;
    let mut response = match respond(&head, body, endpoint, caller, &mut name).await {
        Ok(reply) => response(reply.status, reply.media, reply.body),
        Err(refusal) => refused(&refusal, endpoint, caller, head.version),
    };
    let status = response.status().as_u16();
    endpoint.context.metrics.requested(name, method_name(&head.method), status, begun.elapsed());
    if head.method == Method::HEAD {
        let length = response.body().size_hint().exact().unwrap_or_default();
        response.headers_mut().insert(CONTENT_LENGTH, HeaderValue::from(length));
        *response.body_mut() = Full::default();
    }
    response
}

/// `name` becomes that of the endpoint, once it is known.
async fn respond(
    head: &Parts,
    body: Incoming,
    endpoint: &Endpoint,
    caller: &Caller,
    name: &mut &'static str,
) -> Result<Reply, Refusal> {
    let asked = endpoint.asked(head, caller)?;
    *name = asked.name();
    let body = if asked.takes_body() {
        let config = endpoint.context.config.load();
        read(head, body, config.rest.max_body.octets(), config.limits.incomplete_message).await?
    } else {
        Zeroizing::default()
    };
    endpoint.carry_out(asked, head, &body, caller).await
}

/// As which method a request is counted; clients may make methods up.
fn method_name(method: &Method) -> &'static str {
    const KNOWN: [&str; 7] = ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"];
    KNOWN.into_iter().find(|known| *known == method.as_str()).unwrap_or("other")
}

/// The whole body, of at most `longest` octets, which must have come after `patience`. It may hold a password, so it is wiped.
async fn read(
    head: &Parts,
    mut body: Incoming,
    longest: usize,
    patience: Duration,
) -> Result<Zeroizing<Vec<u8>>, Refusal> {
    let too_long = || {
        let detail = format!("The body is longer than {longest} octets");
        Refusal::new(StatusCode::PAYLOAD_TOO_LARGE, detail)
    };
    let announced = usize::try_from(body.size_hint().lower()).unwrap_or(usize::MAX);
    if announced > longest {
        return Err(too_long());
    }
    let mut octets = Zeroizing::new(Vec::with_capacity(announced.min(SET_ASIDE)));
    let reading = async {
        while let Some(frame) = body.frame().await {
            let frame = frame.map_err(|_| Refusal::invalid("The body ended before it was complete"))?;
            let Ok(piece) = frame.into_data() else { continue };
            if piece.len() > longest.saturating_sub(octets.len()) {
                return Err(too_long());
            }
            octets.extend_from_slice(&piece);
        }
        Ok(())
    };
    match timeout(patience, reading).await {
        Ok(read) => read?,
        Err(_) => return Err(Refusal::new(StatusCode::REQUEST_TIMEOUT, "The body took too long to arrive")),
    }
    if !octets.is_empty() {
        check_media(head)?;
    }
    Ok(octets)
}

/// Refuses a body that is not JSON, by its own word.
fn check_media(head: &Parts) -> Result<(), Refusal> {
    let mut types = head.headers.get_all(CONTENT_TYPE).iter();
    let json = types.next().is_some_and(|field| media::is_json(field.as_bytes())) && types.next().is_none();
    let plain = head.headers.get_all(CONTENT_ENCODING).iter().all(|field| field.as_bytes() == b"identity");
    if json && plain {
        return Ok(());
    }
    Err(Refusal::new(
        StatusCode::UNSUPPORTED_MEDIA_TYPE,
        "A body must be sent as application/json in UTF-8, not encoded",
    ))
}

/// An answer with what every answer has; hyper adds Date and Content-Length. Nothing is to be cached: what one caller may see,
/// another may not, and some of it is secret.
fn response(status: StatusCode, media: &'static str, body: Vec<u8>) -> Response<Full<Bytes>> {
    let mut response = Response::new(Full::new(Bytes::from(body)));
    *response.status_mut() = status;
    let headers = response.headers_mut();
    headers.insert(CONTENT_TYPE, HeaderValue::from_static(media));
    headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    headers.insert("x-content-type-options", HeaderValue::from_static("nosniff"));
    response
}

fn refused(refusal: &Refusal, endpoint: &Endpoint, caller: &Caller, version: Version) -> Response<Full<Bytes>> {
    let id = note(refusal, endpoint, caller);
    let mut response = response(refusal.status, media::JSON, refusal.body(&id));
    let headers = response.headers_mut();
    if let Some(methods) = refusal.allow {
        headers.insert(ALLOW, HeaderValue::from_static(methods));
    }
    if refusal.status == StatusCode::UNAUTHORIZED {
        if endpoint.context.config.load().rest.basic {
            headers.append(WWW_AUTHENTICATE, HeaderValue::from_static(r#"Basic realm="countersign", charset="UTF-8""#));
        }
        headers.append(WWW_AUTHENTICATE, HeaderValue::from_static(refusal.challenge.text()));
    } else if refusal.challenge == Challenge::InsufficientScope {
        headers.append(WWW_AUTHENTICATE, HeaderValue::from_static(refusal.challenge.text()));
    }
    // The body was not read to its end: what follows on this connection would be taken for the next request.
    let unread = matches!(refusal.status, StatusCode::PAYLOAD_TOO_LARGE | StatusCode::REQUEST_TIMEOUT);
    if unread && version < Version::HTTP_2 {
        headers.insert(CONNECTION, HeaderValue::from_static("close"));
    }
    response
}

/// Writes to the log which request was refused and why; the answer carries the same id.
fn note(refusal: &Refusal, endpoint: &Endpoint, caller: &Caller) -> String {
    let audit = &endpoint.context.audit;
    let id = random::octets::<16>(&*endpoint.context.random)
        .map_or_else(|_| Uuid::nil(), |octets| uuid::Builder::from_random_bytes(octets).into_uuid())
        .to_string();
    let level = if refusal.status.is_server_error() { LogLevel::Warn } else { LogLevel::Info };
    if audit.wants(level) {
        let (connection, operation) = (caller.channel.connection, caller.operation);
        let (status, detail) = (refusal.status.as_u16(), &refusal.detail);
        audit.notice(level, &format!("HTTP {status} on conn={connection} op={operation}, id {id}: {detail}"));
    }
    id
}
