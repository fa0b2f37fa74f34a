//! How the client reached the server, for the links that it is to follow.

use hyper::{Version, header::HOST, http::request::Parts};

use super::status::Refusal;
use crate::caller::Channel;

/// Scheme and authority by which the client reached the server, for links. Forwarding headers are not believed.
///
/// # Errors
/// 400 for a Host that is none, or missing where HTTP demands it.
pub(super) fn of(head: &Parts, channel: &Channel) -> Result<String, Refusal> {
    let scheme = if channel.tls { "https" } else { "http" };
    let mut hosts = head.headers.get_all(HOST).iter();
    let authority = match (head.uri.authority(), hosts.next()) {
        (Some(authority), _) => Some(authority.as_str()),
        (None, Some(host)) => host.to_str().ok(),
        (None, None) if head.version < Version::HTTP_11 => return Ok(String::new()),
        (None, None) => None,
    };
    let plain = |b: u8| b.is_ascii_alphanumeric() || b"-._:[]%".contains(&b);
    match authority {
        Some(authority) if !authority.is_empty() && authority.bytes().all(plain) && hosts.next().is_none() => {
            Ok(format!("{scheme}://{authority}"))
        }
        _ => Err(Refusal::invalid("The request needs one Host header with a host name, and a port if need be")),
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]
    use super::*;
    use hyper::Request;

    fn channel(tls: bool) -> Channel {
        Channel { connection: 1, tls, peer: None, listener: "rest", trusted_peer: false }
    }

    fn origin_of(uri: &str, hosts: &[&str]) -> Option<String> {
        let mut request = Request::builder().uri(uri);
        for host in hosts {
            request = request.header(HOST, *host);
        }
        of(&request.body(()).unwrap().into_parts().0, &channel(true)).ok()
    }

    #[test]
    fn links_lead_where_the_client_came_from() {
        assert_eq!(origin_of("/x", &["ds.example.com"]).as_deref(), Some("https://ds.example.com"));
        assert_eq!(origin_of("/x", &["[::1]:8443"]).as_deref(), Some("https://[::1]:8443"));
        assert_eq!(origin_of("https://ds:1/x", &["other"]).as_deref(), Some("https://ds:1"));
        assert_eq!(origin_of("/x", &[]), None);
        assert_eq!(origin_of("/x", &["a", "b"]), None);
        assert_eq!(origin_of("/x", &["a/b\"<>"]), None);
        assert_eq!(origin_of("/x", &[""]), None);
    }
}
