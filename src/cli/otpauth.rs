//! A TOTP secret as authenticator applications take it: the `otpauth://` URI, the QR code of it and the bare base32 text.

use std::{io::IsTerminal, time::Duration};

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use zeroize::Zeroizing;

use super::qr;

/// What stays as it is in a label or parameter.
const ESCAPED: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~').remove(b'@');

/// A secret on its way into an application.
pub(crate) struct Enrolment {
    /// The octets as RFC 4648 base32, upper case, unpadded.
    pub(crate) base32: Zeroizing<String>,
    /// `otpauth://totp/ISSUER:ACCOUNT?secret=...`
    pub(crate) uri: Zeroizing<String>,
}

impl Enrolment {
    /// `account`: what the application shows beside the issuer. `step`: how long a code lasts.
    pub(crate) fn new(secret: &[u8], issuer: &str, account: &str, step: Duration) -> Self {
        let base32 = Zeroizing::new(base32::encode(base32::Alphabet::Rfc4648 { padding: false }, secret));
        let (issuer, account) = (utf8_percent_encode(issuer, ESCAPED), utf8_percent_encode(account, ESCAPED));
        let uri = format!(
            "otpauth://totp/{issuer}:{account}?secret={}&issuer={issuer}&algorithm=SHA1&digits=6&period={}",
            *base32,
            step.as_secs()
        );
        Self { base32, uri: Zeroizing::new(uri) }
    }

    /// The QR code, each line with `indent` before it; empty if the text does not fit into one.
    pub(crate) fn qr(&self, indent: &str) -> String {
        let coloured = std::io::stdout().is_terminal() && std::env::var_os("NO_COLOR").is_none();
        let lines = qr::lines(&self.uri, coloured).unwrap_or_default();
        lines.iter().map(|line| format!("{indent}{line}\n")).collect()
    }

    /// The secret in groups of four, for typing.
    pub(crate) fn grouped(&self) -> Zeroizing<String> {
        let groups = self.base32.as_bytes().chunks(4).map(String::from_utf8_lossy);
        Zeroizing::new(groups.fold(String::new(), |mut text, group| {
            if !text.is_empty() {
                text.push(' ');
            }
            text.push_str(&group);
            text
        }))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_uri_escapes_what_would_break_it() {
        let enrolment =
            Enrolment::new(b"12345678901234567890", "Acme & Co", "a?b@example.com", Duration::from_secs(30));
        assert_eq!(
            *enrolment.uri,
            "otpauth://totp/Acme%20%26%20Co:a%3Fb@example.com?secret=GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ&issuer=Acme%20%26%20Co\
             &algorithm=SHA1&digits=6&period=30"
        );
        assert_eq!(enrolment.grouped().split(' ').count(), 8);
    }
}
