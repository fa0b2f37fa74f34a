//! Where a request may go: `https` anywhere, `http` to this machine alone. Checked when the configuration is read, so that a mistake
//! is told before the first user waits for a code.

use std::{fmt, net::IpAddr};

use hyper::Uri;
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};

/// An address that may be asked. Its `Debug` shows no path and no query, where some services expect keys.
#[derive(Clone, PartialEq, Eq)]
pub struct Url {
    pub(super) tls: bool,
    host: String,
    pub(super) port: u16,
    path_and_query: String,
}

/// What stands as it is in a query and a form (RFC 3986 section 2.3).
const FORM: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~');

impl Url {
    /// Reads an address.
    ///
    /// # Errors
    /// What is allowed instead, as the end of a sentence.
    pub fn parse(text: &str) -> Result<Self, &'static str> {
        const ALLOWED: &str = "an address such as \"https://example.com/path\"; http only to localhost";
        let uri: Uri = text.parse().map_err(|_| ALLOWED)?;
        let tls = match uri.scheme_str() {
            Some("https") => true,
            Some("http") => false,
            _ => return Err(ALLOWED),
        };
        let authority = uri.authority().ok_or(ALLOWED)?;
        if authority.as_str().contains('@') {
            return Err("an address without a user name or password in it");
        }
        let host = authority.host().trim_matches(['[', ']']).to_ascii_lowercase();
        if host.is_empty() || (!tls && !is_this_machine(&host)) {
            return Err(ALLOWED);
        }
        let port = authority.port_u16().unwrap_or(if tls { 443 } else { 80 });
        let path_and_query = uri.path_and_query().map_or("/", |path| path.as_str()).to_owned();
        Ok(Self { tls, host, port, path_and_query })
    }

    /// The same address with these parameters behind what it has, percent-encoded.
    #[must_use]
    pub fn with_parameters(&self, parameters: &[(&str, &str)]) -> Self {
        let sign = if self.path_and_query.contains('?') { '&' } else { '?' };
        let path_and_query = format!("{}{sign}{}", self.path_and_query, encoded(parameters));
        Self { path_and_query, ..self.clone() }
    }

    /// The name or the literal address of the machine.
    pub fn host(&self) -> &str {
        &self.host
    }

    /// Path and query, as a request to the server itself names them (RFC 9112 section 3.2.1).
    pub(super) fn path_and_query(&self) -> &str {
        &self.path_and_query
    }

    /// Host and port for the Host header: the usual port is left out.
    pub(super) fn authority(&self) -> String {
        let usual = if self.tls { 443 } else { 80 };
        if self.port == usual { self.bracketed() } else { self.host_and_port() }
    }

    /// Host and port, for a proxy.
    pub(super) fn host_and_port(&self) -> String {
        format!("{}:{}", self.bracketed(), self.port)
    }

    fn bracketed(&self) -> String {
        if self.host.contains(':') { format!("[{}]", self.host) } else { self.host.clone() }
    }
}

/// `name=value&name=value`, percent-encoded.
pub(super) fn encoded(parameters: &[(&str, &str)]) -> String {
    let pair = |(name, value): &(&str, &str)| {
        format!("{}={}", utf8_percent_encode(name, FORM), utf8_percent_encode(value, FORM))
    };
    parameters.iter().map(pair).collect::<Vec<_>>().join("&")
}

/// Whether a name or a literal address can only mean this machine.
pub fn is_this_machine(host: &str) -> bool {
    host.eq_ignore_ascii_case("localhost")
        || host.parse::<IpAddr>().is_ok_and(|address| address.to_canonical().is_loopback())
}

impl fmt::Debug for Url {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}://{}/...", if self.tls { "https" } else { "http" }, self.authority())
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]
    use super::*;

    #[test]
    fn https_goes_anywhere_and_http_to_this_machine_alone() {
        let good = [
            ("https://api.example.com/a/b?c=d", "api.example.com", 443),
            ("https://API.example.com", "api.example.com", 443),
            ("https://[2001:db8::1]:8443/", "2001:db8::1", 8443),
            ("http://localhost/", "localhost", 80),
            ("http://127.0.0.53:8080/x", "127.0.0.53", 8080),
            ("http://[::1]:1", "::1", 1),
            ("http://[::ffff:127.0.0.1]/", "::ffff:127.0.0.1", 80),
        ];
        for (text, host, port) in good {
            let url = Url::parse(text).unwrap();
            assert_eq!((url.host(), url.port), (host, port), "{text}");
        }
        let bad = [
            "",
            "example.com",
            "/path",
            "ftp://localhost/",
            "http://example.com/",
            "http://127.0.0.1.example.com/",
            "http://localhost.example.com/",
            "http://10.0.0.1/",
            "https://user:secret@example.com/",
            "https://",
            "https:///path",
            "https://exa mple.com/",
            "https://example.com/\r\nHost: other",
        ];
        for text in bad {
            assert!(Url::parse(text).is_err(), "{text}");
        }
    }

    #[test]
    fn parameters_are_percent_encoded_and_debug_does_not_show_them() {
        let url = Url::parse("https://example.com:8443/verify?id=1").unwrap();
        let url = url.with_parameters(&[("h", "a+b/c="), ("text", "é &\r\n")]);
        assert_eq!(url.path_and_query(), "/verify?id=1&h=a%2Bb%2Fc%3D&text=%C3%A9%20%26%0D%0A");
        assert_eq!(format!("{url:?}"), "https://example.com:8443/...");
    }
}
