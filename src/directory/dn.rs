//! Distinguished names (RFC 4514): parsed, printed, and as keys that sort a parent before its children.

use std::fmt;

use smallvec::SmallVec;

use super::schema::Schema;

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

/// Why a text is no DN.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DnError {
    /// What is wrong, as a sentence without the name itself.
    pub reason: &'static str,
}

/// The normalized name, root first: equal keys are equal names (RFC 4517 section 4.2.15), and an entry's key is a prefix of the
/// keys of all below it.
///
/// Each RDN is its assertions `type=value` in ascending order, joined by the octet 2, and ends in the octet 0; within values the
/// octets 0, 1 and 2 are written as 1 followed by the octet plus one. A known type is written as its first name in lower case,
/// whatever name or OID the text used.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct DnKey(SmallVec<[u8; 96]>);

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

    /// The normalized key.
    pub fn key(&self, schema: &Schema) -> DnKey {
        let mut key = KeyBuilder::new(schema);
        for rdn in &self.rdns {
            for (name, value) in &rdn.assertions {
                key.assertion(name, value);
            }
            key.end_rdn();
        }
        key.finish()
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

impl DnKey {
    /// The key of RFC 4514 text, without building a `Dn`.
    ///
    /// # Errors
    /// What is wrong with the text.
    pub fn parse(text: &str, schema: &Schema) -> Result<Self, DnError> {
        let mut key = KeyBuilder::new(schema);
        let mut scanner = Scanner::new(text);
        while let Some(assertion) = scanner.next_assertion()? {
            key.assertion(assertion.name, assertion.value);
            if assertion.ends_rdn {
                key.end_rdn();
            }
        }
        Ok(key.finish())
    }

    /// A key read back from a store.
    pub fn from_bytes(bytes: &[u8]) -> Self {
        Self(bytes.into())
    }

    /// The octets.
    pub fn as_bytes(&self) -> &[u8] {
        &self.0
    }

    /// Whether this is the empty name.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Whether `self` is `ancestor` or below it.
    pub fn is_within(&self, ancestor: &Self) -> bool {
        self.0.starts_with(&ancestor.0)
    }

    /// The key above; `None` for the empty key.
    pub fn parent(&self) -> Option<Self> {
        parent_key(&self.0).map(Self::from_bytes)
    }

    /// How many RDNs.
    pub fn depth(&self) -> usize {
        self.0.iter().filter(|octet| **octet == END_OF_RDN).count()
    }

    /// This key moved from below `old` to below `new`; `None` if it is not within `old`.
    pub fn rebased(&self, old: &Self, new: &Self) -> Option<Self> {
        let below = self.0.strip_prefix(old.as_bytes())?;
        let mut key = new.clone();
        key.0.extend_from_slice(below);
        Some(key)
    }
}

/// The octets of the key above; `None` for the empty key.
pub fn parent_key(key: &[u8]) -> Option<&[u8]> {
    let (_, above) = key.split_last()?;
    let end = above.iter().rposition(|octet| *octet == END_OF_RDN).map_or(0, |position| position + 1);
    above.get(..end)
}

/// Collects RDNs in the order of the text and turns them round at the end.
struct KeyBuilder<'s> {
    schema: &'s Schema,
    octets: SmallVec<[u8; 256]>,
    /// Where each finished RDN ends.
    ends: SmallVec<[u32; 16]>,
    /// Where each assertion of the current RDN begins.
    assertions: SmallVec<[u32; 4]>,
}

impl<'s> KeyBuilder<'s> {
    fn new(schema: &'s Schema) -> Self {
        Self { schema, octets: SmallVec::new(), ends: SmallVec::new(), assertions: SmallVec::new() }
    }

    fn assertion(&mut self, name: &str, value: &[u8]) {
        self.assertions.push(self.octets.len() as u32);
        let attribute_type = self.schema.attribute_type(name);
        match attribute_type {
            Some(known) => self.octets.extend_from_slice(known.key_name.as_bytes()),
            None => self.octets.extend(name.bytes().map(|octet| octet.to_ascii_lowercase())),
        }
        self.octets.push(b'=');
        let mut normalized = SmallVec::<[u8; 128]>::new();
        self.schema.normalize_naming(attribute_type, value, &mut normalized);
        for octet in normalized {
            if octet <= END_OF_ASSERTION {
                self.octets.push(ESCAPE);
                self.octets.push(octet + 1);
            } else {
                self.octets.push(octet);
            }
        }
    }

    fn end_rdn(&mut self) {
        if self.assertions.len() > 1 {
            self.sort_assertions();
        }
        self.octets.push(END_OF_RDN);
        self.ends.push(self.octets.len() as u32);
        self.assertions.clear();
    }

    fn sort_assertions(&mut self) {
        let first = self.assertions.first().map_or(0, |start| *start as usize);
        let ends = self.assertions.iter().skip(1).map(|end| *end as usize).chain([self.octets.len()]);
        let pieces = self.assertions.iter().zip(ends);
        let mut pieces: Vec<Vec<u8>> =
            pieces.filter_map(|(start, end)| self.octets.get(*start as usize..end).map(<[u8]>::to_vec)).collect();
        pieces.sort_unstable();
        pieces.dedup();
        self.octets.truncate(first);
        self.octets.extend_from_slice(&pieces.join(&END_OF_ASSERTION));
    }

    fn finish(self) -> DnKey {
        let mut key = SmallVec::new();
        let starts = self.ends.iter().rev().skip(1).copied().chain([0]);
        for (end, start) in self.ends.iter().rev().zip(starts) {
            key.extend_from_slice(self.octets.get(start as usize..*end as usize).unwrap_or_default());
        }
        DnKey(key)
    }
}

/// Walks the assertions of a DN text.
struct Scanner<'a> {
    text: &'a str,
    rest: &'a [u8],
    started: bool,
    unescaped: SmallVec<[u8; 128]>,
}

struct Assertion<'s> {
    name: &'s str,
    value: &'s [u8],
    ends_rdn: bool,
}

impl<'a> Scanner<'a> {
    fn new(text: &'a str) -> Self {
        Self { text, rest: text.as_bytes(), started: false, unescaped: SmallVec::new() }
    }

    fn next_assertion(&mut self) -> Result<Option<Assertion<'_>>, DnError> {
        self.skip_spaces();
        if self.rest.is_empty() && !self.started {
            return Ok(None);
        }
        if self.started && self.rest.is_empty() {
            // `started` is reset when the last assertion has been read, so a separator stood here.
            return Err(DnError { reason: "a DN ends in a separator" });
        }
        let name = self.name()?;
        self.unescaped.clear();
        let plain = self.value()?;
        let ends_rdn = self.separator()?;
        let value = plain.unwrap_or(&self.unescaped);
        Ok(Some(Assertion { name, value, ends_rdn }))
    }

    fn skip_spaces(&mut self) {
        while let [b' ' | b'\t' | b'\r' | b'\n', rest @ ..] = self.rest {
            self.rest = rest;
        }
    }

    fn name(&mut self) -> Result<&'a str, DnError> {
        let is_name = |octet: &u8| octet.is_ascii_alphanumeric() || matches!(octet, b'-' | b'.' | b'_');
        let length = self.rest.iter().take_while(|octet| is_name(octet)).count();
        let start = self.text.len() - self.rest.len();
        let mut name = self.text.get(start..start + length).unwrap_or_default();
        if let Some((prefix, oid)) = name.split_at_checked(4).filter(|(prefix, _)| prefix.eq_ignore_ascii_case("oid."))
        {
            let _ = prefix;
            name = oid;
        }
        let is_valid = match name.bytes().next() {
            Some(b'0'..=b'9') => {
                name.bytes().all(|octet| octet.is_ascii_digit() || octet == b'.') && !name.ends_with('.')
            }
            Some(first) => first.is_ascii_alphabetic() && !name.contains('.'),
            None => false,
        };
        if !is_valid {
            return Err(DnError { reason: "a DN component does not begin with an attribute type" });
        }
        self.rest = self.rest.get(length..).unwrap_or_default();
        self.skip_spaces();
        match self.rest {
            [b'=', rest @ ..] => self.rest = rest,
            _ => return Err(DnError { reason: "a DN component has no equals sign after its attribute type" }),
        }
        self.skip_spaces();
        Ok(name)
    }

    /// The value where it stands in the text as it is; `None` where it has been put together in `unescaped`.
    fn value(&mut self) -> Result<Option<&'a [u8]>, DnError> {
        match self.rest {
            [b'#', rest @ ..] => {
                self.rest = rest;
                self.hex_value()?;
                Ok(None)
            }
            [b'"', rest @ ..] => {
                self.rest = rest;
                self.quoted_value()?;
                Ok(None)
            }
            _ => self.plain_value(),
        }
    }

    fn plain_value(&mut self) -> Result<Option<&'a [u8]>, DnError> {
        let length = self.rest.iter().take_while(|octet| !is_special(**octet)).count();
        let (plain, rest) = self.rest.split_at_checked(length).unwrap_or_default();
        if !matches!(rest, [b'\\', ..]) {
            self.rest = rest;
            return Ok(Some(plain.trim_ascii_end()));
        }
        let mut significant = 0;
        loop {
            match self.rest {
                [b'\\', ..] => {
                    self.escape()?;
                    significant = self.unescaped.len();
                }
                [octet, rest @ ..] if !is_special(*octet) => {
                    self.unescaped.push(*octet);
                    self.rest = rest;
                    if *octet != b' ' {
                        significant = self.unescaped.len();
                    }
                }
                _ => break,
            }
        }
        self.unescaped.truncate(significant);
        Ok(None)
    }

    fn quoted_value(&mut self) -> Result<(), DnError> {
        loop {
            match self.rest {
                [b'"', rest @ ..] => {
                    self.rest = rest;
                    return Ok(());
                }
                [b'\\', ..] => self.escape()?,
                [octet, rest @ ..] => {
                    self.unescaped.push(*octet);
                    self.rest = rest;
                }
                [] => return Err(DnError { reason: "a quoted value in a DN has no closing quote" }),
            }
        }
    }

    fn escape(&mut self) -> Result<(), DnError> {
        let (octet, rest) = match self.rest {
            [b'\\', high, low, rest @ ..] if high.is_ascii_hexdigit() && low.is_ascii_hexdigit() => {
                (hex_digit(*high) << 4 | hex_digit(*low), rest)
            }
            [b'\\', escaped, rest @ ..] if is_special(*escaped) || matches!(escaped, b' ' | b'#' | b'=') => {
                (*escaped, rest)
            }
            _ => {
                return Err(DnError {
                    reason: "a backslash in a DN is followed by neither a special character nor two hex digits",
                });
            }
        };
        self.unescaped.push(octet);
        self.rest = rest;
        Ok(())
    }

    /// `#` and the BER encoding of the value in hex (RFC 4514 section 2.4): its contents are the value.
    fn hex_value(&mut self) -> Result<(), DnError> {
        const WRONG: DnError = DnError { reason: "a # value in a DN is not the hex form of one BER element" };
        let mut encoded = SmallVec::<[u8; 64]>::new();
        while let [high, low, rest @ ..] = self.rest {
            if !high.is_ascii_hexdigit() || !low.is_ascii_hexdigit() {
                break;
            }
            encoded.push(hex_digit(*high) << 4 | hex_digit(*low));
            self.rest = rest;
        }
        match super::entry::split_tlv(&encoded) {
            Some((value, [])) => self.unescaped.extend_from_slice(value),
            _ => return Err(WRONG),
        }
        Ok(())
    }

    fn separator(&mut self) -> Result<bool, DnError> {
        self.skip_spaces();
        let (ends_rdn, rest) = match self.rest {
            [] => {
                self.started = false;
                return Ok(true);
            }
            [b',' | b';', rest @ ..] => (true, rest),
            [b'+', rest @ ..] => (false, rest),
            _ => return Err(DnError { reason: "a value in a DN has a special character that is not escaped" }),
        };
        self.rest = rest;
        self.started = true;
        Ok(ends_rdn)
    }
}

fn is_special(octet: u8) -> bool {
    matches!(octet, b'"' | b'+' | b',' | b';' | b'<' | b'>' | b'\\' | 0)
}

fn hex_digit(octet: u8) -> u8 {
    (octet as char).to_digit(16).unwrap_or_default() as u8
}

const END_OF_RDN: u8 = 0;
const ESCAPE: u8 = 1;
const END_OF_ASSERTION: u8 = 2;

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::indexing_slicing)]

    use std::sync::{Arc, LazyLock};

    use proptest::prelude::*;

    use super::*;
    use crate::directory::attribute_ids::AttributeIds;

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
