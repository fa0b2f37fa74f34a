//! The SASL mechanism OAUTHBEARER (RFC 7628). Its credentials are text with separators, not BER. HTTP's `Bearer` comes to the same.

use crate::{
    text::{Secret, Text},
    value::{BerRequest, ValueError, required},
};

/// What ends each pair, and the header before them.
const SEPARATOR: u8 = 1;

/// The credentials of OAUTHBEARER: `n,[a=authorizationID],` then `key=value` pairs, each ended by an octet 1, and, by RFC 7628, one more
/// of these at the end, which some clients leave out.
///
/// A client that was refused sends one octet 1 alone (RFC 7628 section 3.2.3): that is no token.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OauthBearerCredentials {
    /// As whom to act, `u:` or `dn:` form; `None`: as whom the token names.
    pub authorization_id: Option<Text>,
    /// The token; empty where the client only takes note of a refusal.
    pub token: Secret,
}

impl OauthBearerCredentials {
    /// The mechanism's name.
    pub const MECHANISM: &str = "OAUTHBEARER";
    /// What a client sends that has taken note of a refusal.
    pub const NOTED: &[u8] = &[SEPARATOR];
}

impl BerRequest for OauthBearerCredentials {
    fn from_ber(value: Option<&[u8]>) -> Result<Self, ValueError> {
        let value = required(value)?;
        if value == Self::NOTED {
            return Ok(Self { authorization_id: None, token: Secret::new(Vec::new()) });
        }
        let mut parts = value.split(|&octet| octet == SEPARATOR);
        let authorization_id = authorization_id(parts.next().unwrap_or_default())?;
        let (mut token, mut ended) = (None, false);
        for part in parts {
            match part {
                [] => ended = true,
                _ if ended => return Err(malformed()),
                pair => {
                    let Some(value) = pair.strip_prefix(b"auth=") else { continue };
                    if token.replace(bearer(value)?).is_some() {
                        return Err(malformed());
                    }
                }
            }
        }
        // The last pair, too, is ended.
        match token {
            Some(token) if ended => Ok(Self { authorization_id, token }),
            _ => Err(malformed()),
        }
    }

    fn to_ber(&self) -> Option<Vec<u8>> {
        let id = self.authorization_id.as_deref().map(|id| id.replace('=', "=3D").replace(',', "=2C"));
        let header = id.map_or_else(|| "n,,".to_owned(), |id| format!("n,a={id},"));
        Some([header.as_bytes(), b"\x01auth=Bearer ", self.token.expose(), b"\x01\x01"].concat())
    }
}

/// The authorization ID of the header (RFC 5801 section 4): channels are not bound here.
fn authorization_id(header: &[u8]) -> Result<Option<Text>, ValueError> {
    let header = std::str::from_utf8(header).map_err(|_| malformed())?;
    let inner = header.strip_prefix("n,").or_else(|| header.strip_prefix("y,")).and_then(|rest| rest.strip_suffix(','));
    match inner.ok_or_else(malformed)? {
        "" => Ok(None),
        id => {
            let id = id.strip_prefix("a=").filter(|id| !id.contains(',')).ok_or_else(malformed)?;
            let mut pieces = id.split('=');
            let mut text = pieces.next().unwrap_or_default().to_owned();
            for piece in pieces {
                let (sign, rest) = match piece.split_at_checked(2).ok_or_else(malformed)? {
                    ("2C", rest) => (',', rest),
                    ("3D", rest) => ('=', rest),
                    _ => return Err(malformed()),
                };
                text.push(sign);
                text.push_str(rest);
            }
            Ok(Some(Text(text)).filter(|text| !text.is_empty()))
        }
    }
}

/// The token in `Bearer TOKEN`.
fn bearer(value: &[u8]) -> Result<Secret, ValueError> {
    let (scheme, token) = value.split_at_checked(b"Bearer ".len()).ok_or_else(malformed)?;
    match scheme.eq_ignore_ascii_case(b"Bearer ") {
        true => Ok(Secret::new(token.trim_ascii())),
        false => Err(malformed()),
    }
}

fn malformed() -> ValueError {
    ValueError::new(
        "OAUTHBEARER credentials are a header and pairs, each ended by an octet 1, among them auth=Bearer and a token",
    )
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]
    use super::*;

    fn read(value: &[u8]) -> Option<(Option<String>, String)> {
        let read = OauthBearerCredentials::from_ber(Some(value)).ok()?;
        assert_eq!(OauthBearerCredentials::from_ber(read.to_ber().as_deref()).unwrap(), read);
        Some((read.authorization_id.map(|id| id.0), String::from_utf8(read.token.expose().to_vec()).unwrap()))
    }

    #[test]
    fn credentials_are_read_with_and_without_the_last_octet() {
        let plain = Some((None, "a.b-c".to_owned()));
        assert_eq!(read(b"n,,\x01auth=Bearer a.b-c\x01\x01"), plain);
        assert_eq!(read(b"n,,\x01auth=Bearer a.b-c\x01"), plain);
        assert_eq!(read(b"n,,\x01host=ds.example.com\x01port=389\x01auth=bearer a.b-c\x01x=\x01\x01"), plain);
        let other = Some((Some("dn:uid=a,dc=b".to_owned()), "t".to_owned()));
        assert_eq!(read(b"n,a=dn:uid=3Da=2Cdc=3Db,\x01auth=Bearer t\x01\x01"), other);
        assert_eq!(read(b"n,a=u:a=b,\x01auth=Bearer t\x01\x01"), None);
    }

    #[test]
    fn what_is_not_of_the_form_is_refused() {
        let table: [&[u8]; 12] = [
            b"",
            b"n,,",
            b"auth=Bearer t\x01",
            b"p=tls-unique,,\x01auth=Bearer t\x01\x01",
            b"n,,\x01auth=Bearer t",
            b"n,,\x01auth=Basic t\x01\x01",
            b"n,,\x01auth=t\x01\x01",
            b"n,,\x01auth=Bearer t\x01auth=Bearer u\x01\x01",
            b"n,,\x01auth=Bearer t\x01\x01more=x\x01",
            b"n,a=u:\xFF,\x01auth=Bearer t\x01\x01",
            b"n,a=u:a,b,\x01auth=Bearer t\x01\x01",
            b"n,a=u:a=2,\x01auth=Bearer t\x01\x01",
        ];
        for value in table {
            assert_eq!(OauthBearerCredentials::from_ber(Some(value)).ok(), None, "{value:?}");
        }
        assert!(OauthBearerCredentials::from_ber(None).is_err());
    }

    #[test]
    fn whoever_takes_note_of_a_refusal_has_no_token() {
        let note = OauthBearerCredentials::from_ber(Some(&[1])).unwrap();
        assert_eq!(note.token.expose(), b"");
    }
}
