//! Keys of names in their ordinary spelling, which is that of nearly every request: printable ASCII, one known attribute type an RDN,
//! nothing escaped, no space that does not count. Made in one walk from the last RDN to the first; whatever is spelled otherwise is
//! left to `naming.rs`, which gives the same key.

use smallvec::SmallVec;

use super::{
    dn::{DnKey, key::END_OF_RDN},
    schema::{Schema, matching::Form},
};

/// Octets of the longest key that is made here.
const LONGEST: usize = 256;
/// RDNs of it.
const MOST_RDNS: usize = 8;

/// The key of `text`; `None` if it is not spelled ordinarily, is long, or is no name.
pub(super) fn key(text: &str, schema: &Schema) -> Option<DnKey> {
    let text = text.as_bytes();
    let mut key = Octets { octets: [0; LONGEST], length: 0 };
    let mut end = text.len();
    let (rdns, count) = rdns(text)?;
    for rdn in rdns.get(..count)?.iter().rev() {
        let known = schema.type_named(text.get(rdn.start..rdn.value - 1)?)?;
        if !matches!(known.equality?.form, Form::CaseIgnore) {
            return None;
        }
        key.push(known.key_name.as_bytes(), b'=')?;
        key.push(text.get(rdn.value..end)?, END_OF_RDN)?;
        end = rdn.start.saturating_sub(1);
    }
    // The names of types are in lower case already.
    key.octets.make_ascii_lowercase();
    Some(DnKey::of(SmallVec::from_slice(key.octets.get(..key.length)?)))
}

/// A key that grows.
struct Octets {
    octets: [u8; LONGEST],
    length: usize,
}

impl Octets {
    /// Appends `octets` and what ends them; `None` where there is no room.
    fn push(&mut self, octets: &[u8], end: u8) -> Option<()> {
        let (last, room) = self.octets.get_mut(self.length..)?.get_mut(..=octets.len())?.split_last_mut()?;
        room.copy_from_slice(octets);
        *last = end;
        self.length += octets.len() + 1;
        Some(())
    }
}

/// Where an RDN begins, and where its value does; it ends before the comma of the next.
#[derive(Clone, Copy, Default)]
struct Rdn {
    start: usize,
    value: usize,
}

/// The RDNs of a name in which every octet counts, and how many they are: no space at the edges of a value or beside another, no further
/// `=` in it.
fn rdns(text: &[u8]) -> Option<([Rdn; MOST_RDNS], usize)> {
    let (mut rdns, mut count) = ([Rdn::default(); MOST_RDNS], 0);
    // The value begins behind an `=`, so that 0 says that none has come yet.
    let mut rdn = Rdn::default();
    let mut before = b',';
    for (at, &octet) in text.iter().enumerate() {
        let meaning = *OCTETS.get(usize::from(octet))?;
        // Nearly all are, and what follows is long.
        if matches!(meaning, Octet::Plain) {
            before = octet;
            continue;
        }
        match meaning {
            Octet::Equals if rdn.value == 0 => rdn.value = at + 1,
            Octet::Comma if rdn.value != 0 && !matches!(before, b' ' | b'=') => {
                *rdns.get_mut(count)? = rdn;
                count += 1;
                rdn = Rdn { start: at + 1, value: 0 };
            }
            Octet::Space if !matches!(before, b' ' | b'=' | b',') => {}
            _ => return None,
        }
        before = octet;
    }
    if rdn.value == 0 || matches!(before, b' ' | b'=') {
        return None;
    }
    *rdns.get_mut(count)? = rdn;
    Some((rdns, count + 1))
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
    fn so_does_the_longest_with_the_most_rdns() {
        let schema = Schema::standard(Arc::default());
        let name = |length: usize| format!("uid={},dc=a,dc=b,dc=c,dc=d,dc=e,dc=f,dc=g", "U".repeat(length));
        let rest = key(&name(1), &schema).unwrap().as_bytes().len() - 1;
        let longest = name(LONGEST - rest);
        assert_eq!(key(&longest, &schema).unwrap(), DnKey::parse_any(&longest, &schema).unwrap());
        assert!(key(&name(LONGEST - rest + 1), &schema).is_none());
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
            "serialNumber=1,dc=example,dc=com,dc=a,dc=b,dc=c,dc=d,dc=e,dc=f",
            &format!("uid={}", "a".repeat(LONGEST)),
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
