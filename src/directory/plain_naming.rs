//! Keys of names in their ordinary spelling, which is that of nearly every request: printable ASCII, one known attribute type an RDN,
//! nothing escaped, no space that does not count. Made in one walk from the last RDN to the first; whatever is spelled otherwise is
//! left to `naming.rs`, which gives the same key.

use smallvec::SmallVec;

use super::{
    dn::{DnKey, key::END_OF_RDN},
    schema::{Schema, matching::Form},
};

/// The key of `text`; `None` if it is not spelled ordinarily, or is no name.
pub(super) fn key(text: &str, schema: &Schema) -> Option<DnKey> {
    let text = text.as_bytes();
    let mut key = SmallVec::<[u8; 96]>::new();
    let mut end = text.len();
    for rdn in rdns(text)?.iter().rev() {
        let (name, value) = (text.get(rdn.start..rdn.value - 1)?, text.get(rdn.value..end)?);
        let known = schema.type_named(name)?;
        key.extend_from_slice(known.key_name.as_bytes());
        key.push(b'=');
        let start = key.len();
        key.extend_from_slice(value);
        match known.equality?.form {
            Form::CaseIgnore => key.get_mut(start..)?.make_ascii_lowercase(),
            Form::CaseExact => {}
            _ => return None,
        }
        key.push(END_OF_RDN);
        end = rdn.start.saturating_sub(1);
    }
    Some(DnKey::of(key))
}

/// Where an RDN begins, and where its value does; it ends before the comma of the next.
#[derive(Clone, Copy)]
struct Rdn {
    start: usize,
    value: usize,
}

/// The RDNs of a name in which every octet counts: no space at the edges of a value or beside another, no further `=` in it.
fn rdns(text: &[u8]) -> Option<SmallVec<[Rdn; 8]>> {
    let mut rdns = SmallVec::new();
    let (mut start, mut value, mut after_space) = (0, None, true);
    for (at, octet) in text.iter().enumerate() {
        match OCTETS.get(usize::from(*octet))? {
            Octet::Plain => after_space = false,
            Octet::Equals if value.is_none() => (value, after_space) = (Some(at + 1), true),
            Octet::Comma if !after_space => {
                rdns.push(Rdn { start, value: value? });
                (start, value) = (at + 1, None);
            }
            Octet::Space if !after_space => after_space = true,
            _ => return None,
        }
    }
    rdns.push(Rdn { start, value: value.filter(|_| !after_space)? });
    Some(rdns)
}

/// What an octet may mean.
#[derive(Clone, Copy)]
enum Octet {
    /// Itself, wherever it is.
    Plain,
    Equals,
    Comma,
    Space,
    /// Not printable ASCII, or something that RFC 4514 gives a meaning.
    Other,
}

#[expect(clippy::indexing_slicing, reason = "an octet is below 256, and the compiler counts")]
const OCTETS: [Octet; 256] = {
    let mut octets = [Octet::Other; 256];
    let mut octet = b' ';
    while octet <= b'~' {
        octets[octet as usize] = match octet {
            b'\\' | b'"' | b'+' | b';' | b'<' | b'>' | b'#' => Octet::Other,
            b'=' => Octet::Equals,
            b',' => Octet::Comma,
            b' ' => Octet::Space,
            _ => Octet::Plain,
        };
        octet += 1;
    }
    octets
};

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use std::sync::Arc;

    use proptest::prelude::*;

    use super::*;

    #[test]
    fn an_ordinary_name_takes_this_way() {
        let schema = Schema::standard(Arc::default());
        let found = key("UID=User.1,ou=Some People,dc=Example,dc=com", &schema).unwrap();
        assert_eq!(found.as_bytes(), b"dc=com\0dc=example\0ou=some people\0uid=user.1\0");
    }

    #[test]
    fn what_is_spelled_otherwise_does_not() {
        let schema = Schema::standard(Arc::default());
        let others = [
            "",
            "uid",
            "uid=",
            "=a",
            "uid=a,",
            ",uid=a",
            "uid=a, ou=b",
            "uid= a",
            "uid=a ",
            "uid=a  b",
            "uid=a\\,b",
            "uid=#04",
            "uid=a+cn=b",
            "uid=a=b",
            "unknown=a",
            "uid=\u{e4}",
            "uid=a\0",
            "uid=\"a\"",
            "member=dc=com",
            "uidNumber=07",
        ];
        for text in others {
            assert!(key(text, &schema).is_none(), "{text}");
        }
    }

    proptest! {
        #[test]
        fn it_leads_to_the_same_key(text in "((uid|CN|ou|0.9.2342.19200300.100.1.25|dc|x|l|serialNumber)=[ -~]{0,6}[,;+ ]?){0,4}") {
            let schema = Schema::standard(Arc::default());
            if let Some(plain) = key(&text, &schema) {
                prop_assert_eq!(plain, DnKey::parse_any(&text, &schema).unwrap());
            }
        }
    }
}
