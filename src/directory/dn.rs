//! Distinguished names (RFC 4514): parsed, printed, and as keys that sort a parent before its children.

pub(super) mod key;
pub(super) mod scanner;

use std::fmt;

use self::scanner::Scanner;
pub use self::{
    key::{DnKey, parent_key},
    scanner::DnError,
};

/// A parsed name; the first RDN is the entry's own, the last the root's. The empty name is the root DSE.
#[derive(Clone, Debug, PartialEq, Eq, Default)]
pub struct Dn {
    rdns: Vec<Rdn>,
}

/// One RDN: one or more attribute value assertions.
#[derive(Clone, Debug, PartialEq, Eq, Default)]
pub struct Rdn {
    /// Attribute type as written, and the unescaped value.
    pub assertions: Vec<(String, Vec<u8>)>,
}

impl Dn {
    /// Parses RFC 4514 text (also the spaces, quotes and `;` of RFC 2253 section 4).
    ///
    /// # Errors
    /// What is wrong with the text.
    pub fn parse(text: &str) -> Result<Self, DnError> {
        let mut rdns = Vec::new();
        let mut rdn = Rdn::default();
        let mut scanner = Scanner::new(text);
        while let Some(assertion) = scanner.next_assertion()? {
            rdn.assertions.push((assertion.name.to_owned(), assertion.value.to_vec()));
            if assertion.ends_rdn {
                rdns.push(std::mem::take(&mut rdn));
            }
        }
        Ok(Self { rdns })
    }

    /// The entry's own RDN; `None` for the empty name.
    pub fn rdn(&self) -> Option<&Rdn> {
        self.rdns.first()
    }

    /// The RDNs, the entry's own first.
    pub fn rdns(&self) -> &[Rdn] {
        &self.rdns
    }

    /// Whether this is the empty name.
    pub fn is_empty(&self) -> bool {
        self.rdns.is_empty()
    }

    /// The name above; `None` for the empty name.
    pub fn parent(&self) -> Option<Self> {
        let (_, above) = self.rdns.split_first()?;
        Some(Self { rdns: above.to_vec() })
    }

    /// This name with `rdn` before it.
    pub fn child(&self, rdn: Rdn) -> Self {
        let mut rdns = Vec::with_capacity(self.rdns.len() + 1);
        rdns.push(rdn);
        rdns.extend_from_slice(&self.rdns);
        Self { rdns }
    }

    /// This name moved from below `old` to below `new`: its last `old` RDNs (a count) are replaced by all of `new`.
    pub fn rebased(&self, old: usize, new: &Self) -> Self {
        let own = self.rdns.iter().take(self.rdns.len().saturating_sub(old));
        Self { rdns: own.chain(&new.rdns).cloned().collect() }
    }
}

impl Rdn {
    /// Parses the text of exactly one RDN.
    ///
    /// # Errors
    /// What is wrong with the text.
    pub fn parse(text: &str) -> Result<Self, DnError> {
        let mut rdns = Dn::parse(text)?.rdns;
        match (rdns.pop(), rdns.is_empty()) {
            (Some(rdn), true) => Ok(rdn),
            _ => Err(DnError { reason: "a relative DN has exactly one component" }),
        }
    }
}

impl fmt::Display for Dn {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, rdn) in self.rdns.iter().enumerate() {
            let separator = if index == 0 { "" } else { "," };
            write!(f, "{separator}{rdn}")?;
        }
        Ok(())
    }
}

impl fmt::Display for Rdn {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, (name, value)) in self.assertions.iter().enumerate() {
            let separator = if index == 0 { "" } else { "+" };
            write!(f, "{separator}{name}=")?;
            write_value(f, value)?;
        }
        Ok(())
    }
}

/// Escapes a value (RFC 4514 section 2.4); octets that are no UTF-8 or would not survive a terminal become hex pairs.
fn write_value(f: &mut fmt::Formatter<'_>, value: &[u8]) -> fmt::Result {
    let last = value.len().saturating_sub(1);
    let mut offset = 0;
    for chunk in value.utf8_chunks() {
        for character in chunk.valid().chars() {
            let at_edge = (offset == 0 && matches!(character, ' ' | '#')) || (offset == last && character == ' ');
            match character {
                '"' | '+' | ',' | ';' | '<' | '>' | '\\' => write!(f, "\\{character}")?,
                _ if at_edge => write!(f, "\\{character}")?,
                _ if character.is_ascii_control() => write!(f, "\\{:02x}", character as u32)?,
                _ => write!(f, "{character}")?,
            }
            offset += character.len_utf8();
        }
        for octet in chunk.invalid() {
            write!(f, "\\{octet:02x}")?;
            offset += 1;
        }
    }
    Ok(())
}

impl fmt::Display for DnError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.reason)
    }
}

impl std::error::Error for DnError {}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::indexing_slicing)]

    use std::sync::{Arc, LazyLock};

    use proptest::prelude::*;

    use super::*;
    use crate::directory::{attribute_ids::AttributeIds, schema::Schema};

    /// Made once: making it takes longer than a thousand names.
    fn schema() -> &'static Schema {
        static SCHEMA: LazyLock<Schema> = LazyLock::new(|| Schema::standard(Arc::new(AttributeIds::default())));
        &SCHEMA
    }

    fn value(text: &str) -> Vec<u8> {
        Dn::parse(text).unwrap().rdn().unwrap().assertions[0].1.clone()
    }

    #[test]
    fn values_are_unescaped() {
        assert_eq!(value(r"cn=James \22Jim\22 Smith\, III, dc=x"), b"James \"Jim\" Smith, III");
        assert_eq!(value(r"cn=Before\0dAfter"), b"Before\rAfter");
        assert_eq!(value(r"cn=Lu\C4\8Di\C4\87"), "Lučić".as_bytes());
        assert_eq!(value(r"1.3.6.1.4.1.1466.0=#04024869"), b"Hi");
        assert_eq!(value(r"cn=\ a b\  "), b" a b ");
        assert_eq!(value("cn=  a b  ,dc=x"), b"a b");
        assert_eq!(value("cn=\"a, b\"+sn=c"), b"a, b");
        assert_eq!(value("cn=a=b"), b"a=b");
        assert_eq!(value("cn="), b"");
        assert_eq!(Dn::parse("  ").unwrap(), Dn::default());
        assert_eq!(Dn::parse("a=1;b=2 , c=3+d=4").unwrap().rdns().len(), 3);
        assert_eq!(Dn::parse("OID.2.5.4.3=x").unwrap().rdn().unwrap().assertions[0].0, "2.5.4.3");
    }

    #[test]
    fn bad_names_are_refused_with_a_reason() {
        for text in [
            "cn",
            "=x",
            "cn=a,",
            ",",
            "cn=a,,dc=b",
            "cn=a<b",
            r"cn=a\",
            r"cn=\zz",
            "cn=#0",
            "cn=#0405",
            "cn=\"a",
            "1.=x",
            "cn=a+",
            "cn=a\0b",
            "c n=a",
            "cn=\"a\"b",
        ] {
            assert!(Dn::parse(text).is_err(), "{text}");
            assert!(DnKey::parse(text, schema()).is_err(), "{text}");
        }
    }

    #[test]
    fn spellings_of_one_name_have_one_key() {
        let schema = schema();
        let key = |text: &str| DnKey::parse(text, schema).unwrap();
        assert_eq!(
            key("CN=Ann  Example , DC=Example,dc=com"),
            key("2.5.4.3=ann example,domainComponent=EXAMPLE;dc=com")
        );
        assert_eq!(key("cn=a+uid=b,dc=x"), key("UID=B+CN=A,dc=x"));
        assert_eq!(key("cn=É"), key(r"cn=\c3\a9"));
        assert_ne!(key("cn=a,cn=b"), key("cn=b,cn=a"));
        assert_ne!(key("cn=a+sn=b"), key("cn=a,sn=b"));
        assert_eq!(key("").depth(), 0);
        assert_eq!(key("unknown=A b,dc=x"), key("UNKNOWN=a B,dc=x"));
    }

    #[test]
    fn a_key_leads_to_its_parent_and_moves() {
        let schema = schema();
        let key = |text: &str| DnKey::parse(text, schema).unwrap();
        assert_eq!(key("cn=a,dc=x,dc=y").parent(), Some(key("dc=x,dc=y")));
        assert_eq!(key("dc=y").parent(), Some(key("")));
        assert_eq!(key("").parent(), None);
        assert_eq!(key("cn=a,dc=x").rebased(&key("dc=x"), &key("ou=b,dc=y")), Some(key("cn=a,ou=b,dc=y")));
        assert_eq!(key("cn=a,dc=x").rebased(&key("dc=z"), &key("dc=y")), None);
        assert!(!key("dc=xy").is_within(&key("dc=x")));
    }

    fn any_dn() -> impl Strategy<Value = Dn> {
        let name = prop::sample::select(vec!["cn", "uid", "ou", "dc", "2.5.4.3", "unheardOf"]).prop_map(str::to_owned);
        let octets =
            prop_oneof![any::<String>().prop_map(String::into_bytes), prop::collection::vec(any::<u8>(), 0..6)];
        let rdn = prop::collection::vec((name, octets), 1..3).prop_map(|assertions| Rdn { assertions });
        prop::collection::vec(rdn, 0..5).prop_map(|rdns| Dn { rdns })
    }

    proptest! {
        #[test]
        fn printing_and_parsing_give_the_same_name(dn in any_dn()) {
            let text = dn.to_string();
            prop_assert_eq!(&Dn::parse(&text).unwrap(), &dn);
            prop_assert_eq!(DnKey::parse(&text, schema()).unwrap(), dn.key(schema()));
        }

        #[test]
        fn a_parent_key_is_a_prefix_at_a_boundary(dn in any_dn(), other in any_dn()) {
            let schema = schema();
            let key = dn.key(schema);
            prop_assert_eq!(key.depth(), dn.rdns().len());
            if let Some(parent) = dn.parent() {
                prop_assert!(key.is_within(&parent.key(schema)));
                prop_assert_eq!(key.parent(), Some(parent.key(schema)));
            }
            let other = other.key(schema);
            if other.is_within(&key) && other != key {
                prop_assert!(other > key && other.depth() > key.depth());
            }
        }

        #[test]
        fn no_text_makes_the_parser_stumble(text in any::<String>()) {
            let parsed = Dn::parse(&text).map(|dn| dn.key(schema()));
            prop_assert_eq!(parsed, DnKey::parse(&text, schema()));
        }
    }
}
