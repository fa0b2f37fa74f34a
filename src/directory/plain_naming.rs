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
    if !text.iter().all(|octet| PLAIN.get(usize::from(*octet)).is_some_and(|plain| *plain)) {
        return None;
    }
    let mut key = SmallVec::<[u8; 96]>::new();
    for rdn in text.rsplit(|octet| *octet == b',') {
        let equals = rdn.iter().position(|octet| *octet == b'=')?;
        let (name, value) = (rdn.get(..equals)?, rdn.get(equals + 1..)?);
        let known = schema.attribute_type(std::str::from_utf8(name).ok()?)?;
        if !is_tidy(value) {
            return None;
        }
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
    }
    Some(DnKey::from_bytes(&key))
}

/// Octets that stand for themselves wherever they are: printable, and none that RFC 4514 gives a meaning but `,` and `=`.
#[expect(clippy::indexing_slicing, reason = "an octet is below 256, and the compiler counts")]
const PLAIN: [bool; 256] = {
    let mut plain = [false; 256];
    let mut octet = b' ';
    while octet <= b'~' {
        plain[octet as usize] = !matches!(octet, b'\\' | b'"' | b'+' | b';' | b'<' | b'>' | b'#');
        octet += 1;
    }
    plain
};

/// Whether every octet of a value counts: no space at its edges or beside another, and no further `=`.
fn is_tidy(value: &[u8]) -> bool {
    let mut previous = b' ';
    let tidy = value.iter().all(|octet| {
        let counts = *octet != b'=' && !(*octet == b' ' && previous == b' ');
        previous = *octet;
        counts
    });
    tidy && previous != b' '
}

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
