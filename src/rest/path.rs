//! What a path names (rest-api.md sections 1 and 3). Whether the named thing exists is not known here.

use percent_encoding::{AsciiSet, CONTROLS, percent_decode_str, utf8_percent_encode};

/// Where the API lives.
pub const BASE: &str = "/directory/v1";

/// Where what the API has no place for lives.
pub const EXTENSIONS: &str = "/countersign/v1/";

/// What may not stand as itself in a path segment (RFC 3986 section 3.3), and `+`, which clients read as a space.
const SEGMENT: &AsciiSet = &CONTROLS
    .add(b' ')
    .add(b'"')
    .add(b'#')
    .add(b'%')
    .add(b'+')
    .add(b'/')
    .add(b'<')
    .add(b'>')
    .add(b'?')
    .add(b'[')
    .add(b'\\')
    .add(b']')
    .add(b'^')
    .add(b'`')
    .add(b'{')
    .add(b'|')
    .add(b'}');

/// What a raw path names.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Target<'p> {
    /// `/directory/v1`: the server itself.
    Metadata,
    /// `/directory/v1/me`: the caller's own entry.
    Me,
    /// `/directory/v1/authenticate`.
    Authenticate,
    /// `/directory/v1/{operation}`: an operation that is not about one entry of the path.
    Service(&'p str),
    /// `/directory/v1/{dn}`.
    Entry(Segment<'p>),
    /// `/directory/v1/{dn}/{operation}`: an operation on one entry.
    Operation(Segment<'p>, &'p str),
    /// `/countersign/v1/{operation}`
    Extension(&'p str),
    /// `/countersign/v1/{dn}/{operation}`
    EntryExtension(Segment<'p>, &'p str),
    /// `/available-state` and `/readyz`: whether to send requests here.
    Readiness,
    /// `/wsapi/2.0/verify`: our own validation server for YubiKeys.
    Validation,
    /// `/metrics`: what is counted.
    Metrics,
    /// `/available-or-degraded-state` and `/livez`: whether the process does its work.
    Liveness,
    /// Nothing of this API.
    Unknown,
}

/// One path segment as sent, not yet decoded.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Segment<'p>(&'p str);

/// A segment that is no text once decoded.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct NotText;

impl<'p> Target<'p> {
    /// The target of a path, split on `/` before anything is decoded: a `/` within a DN is `%2F`.
    /// Names are matched as they stand, so that no second spelling of a name leads anywhere.
    pub fn of(path: &'p str) -> Self {
        match path {
            "/available-state" | "/readyz" => return Self::Readiness,
            "/available-or-degraded-state" | "/livez" => return Self::Liveness,
            "/wsapi/2.0/verify" => return Self::Validation,
            "/metrics" => return Self::Metrics,
            _ => {}
        }
        if let Some(rest) = path.strip_prefix(EXTENSIONS) {
            return match rest.split_once('/') {
                None => Self::Extension(rest),
                Some((dn, operation)) if is_dn(dn) => Self::EntryExtension(Segment(dn), operation),
                Some(_) => Self::Unknown,
            };
        }
        let Some(rest) = path.strip_prefix(BASE) else { return Self::Unknown };
        let Some(rest) = rest.strip_prefix('/') else {
            return if rest.is_empty() { Self::Metadata } else { Self::Unknown };
        };
        match rest.split_once('/') {
            None if rest.is_empty() => Self::Metadata,
            None if rest == "authenticate" => Self::Authenticate,
            None if rest.eq_ignore_ascii_case("me") => Self::Me,
            None if is_dn(rest) => Self::Entry(Segment(rest)),
            None if rest.bytes().all(|octet| octet.is_ascii_alphabetic()) => Self::Service(rest),
            Some((dn, operation)) if is_dn(dn) && !operation.is_empty() && !operation.contains('/') => {
                Self::Operation(Segment(dn), operation)
            }
            _ => Self::Unknown,
        }
    }
}

impl Segment<'_> {
    /// The DN that the segment spells: percent-decoded once. A raw `+` joins two assertions of one RDN where an attribute type and
    /// `=` follow it, and stays where it is escaped by `\`; elsewhere it is a space, as forms write it.
    pub fn decode(&self) -> Result<String, NotText> {
        if !well_formed(self.0) {
            return Err(NotText);
        }
        let mut pieces = self.0.split('+');
        let mut decoded = String::with_capacity(self.0.len());
        decoded.push_str(&text(pieces.next().unwrap_or_default())?);
        for piece in pieces {
            let piece = text(piece)?;
            decoded.push(if begins_assertion(&piece) || ends_in_escape(&decoded) { '+' } else { ' ' });
            decoded.push_str(&piece);
        }
        if decoded.contains('\0') { Err(NotText) } else { Ok(decoded) }
    }
}

/// `dn` as one path segment, for links: a space becomes `%20`, a plus sign `%2B`, `,` and `=` stay.
pub fn segment(dn: &str) -> String {
    utf8_percent_encode(dn, SEGMENT).to_string()
}

/// Whether a raw segment can be a DN: every DN but the empty one has an equals sign.
fn is_dn(segment: &str) -> bool {
    segment.contains('=') || segment.to_ascii_uppercase().contains("%3D")
}

/// Whether each `%` is followed by two hexadecimal digits.
fn well_formed(segment: &str) -> bool {
    segment
        .split('%')
        .skip(1)
        .all(|after| after.as_bytes().get(..2).is_some_and(|two| two.iter().all(u8::is_ascii_hexdigit)))
}

fn text(piece: &str) -> Result<std::borrow::Cow<'_, str>, NotText> {
    percent_decode_str(piece).decode_utf8().map_err(|_| NotText)
}

/// Whether `text` begins with an attribute type (a name or an OID) and `=`.
fn begins_assertion(text: &str) -> bool {
    let Some((name, _)) = text.split_once('=') else { return false };
    let name = name.trim_matches(' ');
    match name.as_bytes().first() {
        Some(first) if first.is_ascii_alphabetic() => name.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-'),
        Some(first) if first.is_ascii_digit() => name.bytes().all(|b| b.is_ascii_digit() || b == b'.'),
        _ => false,
    }
}

/// Whether `text` ends in a backslash that is not itself escaped.
fn ends_in_escape(text: &str) -> bool {
    text.bytes().rev().take_while(|b| *b == b'\\').count() % 2 == 1
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::panic, reason = "tests")]
    use super::*;

    fn dn(path: &str) -> Result<String, NotText> {
        match Target::of(path) {
            Target::Entry(segment) | Target::Operation(segment, _) => segment.decode(),
            other => panic!("{path} is {other:?}"),
        }
    }

    #[test]
    fn paths_name_their_targets() {
        let table = [
            ("/directory/v1", Target::Metadata),
            ("/directory/v1/", Target::Metadata),
            ("/directory/v1/me", Target::Me),
            ("/directory/v1/Me", Target::Me),
            ("/directory/v1/authenticate", Target::Authenticate),
            ("/directory/v1/Authenticate", Target::Service("Authenticate")),
            ("/directory/v1/suggestPassword", Target::Service("suggestPassword")),
            ("/directory/v1/suggestPassword/", Target::Unknown),
            ("/directory/v1/%61uthenticate", Target::Unknown),
            ("/directory/v1/authenticate/", Target::Unknown),
            ("/directory/v1/nothing", Target::Service("nothing")),
            ("/directory/v1//", Target::Unknown),
            ("/directory/v1//uid=x", Target::Unknown),
            ("//directory/v1/uid=x", Target::Unknown),
            ("/directory/v11", Target::Unknown),
            ("/directory/v1/../uid=x", Target::Unknown),
            ("/directory/v1/uid=x/a/b", Target::Unknown),
            ("/directory/v1/uid=x/", Target::Unknown),
            ("/directory/v1/uid=x", Target::Entry(Segment("uid=x"))),
            ("/directory/v1/uid%3dx", Target::Entry(Segment("uid%3dx"))),
            ("/directory/v1/uid=x/..", Target::Operation(Segment("uid=x"), "..")),
            ("/directory/v1/uid=x/changePassword", Target::Operation(Segment("uid=x"), "changePassword")),
            ("/countersign/v1/deliverSingleUseToken", Target::Extension("deliverSingleUseToken")),
            ("/countersign/v1/uid=x/validateTOTP", Target::EntryExtension(Segment("uid=x"), "validateTOTP")),
            ("/countersign/v1/x/validateTOTP", Target::Unknown),
            ("/countersign/v1", Target::Unknown),
            ("/available-state", Target::Readiness),
            ("/livez", Target::Liveness),
            ("/metrics", Target::Metrics),
            ("/metrics/", Target::Unknown),
            ("*", Target::Unknown),
            ("", Target::Unknown),
        ];
        for (path, target) in table {
            assert_eq!(Target::of(path), target, "{path}");
        }
    }

    #[test]
    fn a_segment_is_decoded_once() {
        let table = [
            ("uid=janeroe,ou=people,dc=example,dc=com", "uid=janeroe,ou=people,dc=example,dc=com"),
            ("uid%3Djaneroe%2Cdc=com", "uid=janeroe,dc=com"),
            ("cn=a%2Fb,dc=com", "cn=a/b,dc=com"),
            ("cn=a%252Fb,dc=com", "cn=a%2Fb,dc=com"),
            ("cn=Jane%20Poe", "cn=Jane Poe"),
            ("cn=Jane+Poe,dc=com", "cn=Jane Poe,dc=com"),
            ("cn=a+sn=b,dc=com", "cn=a+sn=b,dc=com"),
            ("cn=a+2.5.4.4=b", "cn=a+2.5.4.4=b"),
            ("cn=a+sn%3Db", "cn=a+sn=b"),
            ("cn=a%2Bb", "cn=a+b"),
            ("cn=a%5C+b", "cn=a\\+b"),
            ("cn=a%5C%5C+b", "cn=a\\\\ b"),
            ("cn=a+", "cn=a "),
            ("cn=J%C3%BCrg", "cn=Jürg"),
        ];
        for (raw, decoded) in table {
            assert_eq!(dn(&format!("/directory/v1/{raw}")).as_deref(), Ok(decoded), "{raw}");
        }
    }

    #[test]
    fn what_is_no_text_is_refused() {
        for raw in ["cn=%", "cn=%4", "cn=%zz", "cn=%C3", "cn=%00", "cn=a%2"] {
            assert_eq!(dn(&format!("/directory/v1/{raw}")), Err(NotText), "{raw}");
        }
    }

    #[test]
    fn a_link_leads_back_to_its_dn() {
        for name in ["cn=Jane Poe,dc=com", "cn=a+sn=b", "cn=a/b?c#d%e", "cn=a\\+b\\,c", "cn=J\u{fc}rg", "cn=a\\22b"] {
            assert_eq!(dn(&format!("/directory/v1/{}", segment(name))).unwrap(), name);
        }
        assert_eq!(segment("cn=Jane Poe,dc=com"), "cn=Jane%20Poe,dc=com");
    }

    proptest::proptest! {
        #[test]
        fn any_text_survives_being_a_link(name in "[^\0]*") {
            let encoded = segment(&name);
            proptest::prop_assert_eq!(Segment(&encoded).decode(), Ok(name));
        }

        #[test]
        fn any_path_is_judged(path in "/directory/v1/\\PC*") {
            if let Target::Entry(segment) | Target::Operation(segment, _) = Target::of(&path) {
                let _ = segment.decode();
            }
        }
    }
}
