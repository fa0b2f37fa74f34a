//! Filters as people write them (RFC 4515), turned into the octets that a client would send, so that there is one kind of
//! filter from there on.
//!
//! Our own parser: that of ldap3_proto knows neither spaces within values nor `\2a` escapes, options or the absolute filters
//! `(&)` and `(|)`. Spaces and line ends between items are overlooked.

use countersign_proto::{ber::Writer, ldap::filter::MAX_DEPTH};

/// The BER form of a filter text; `None` if the text is no filter.
pub fn encode(text: &str) -> Option<Vec<u8>> {
    let mut parser = Parser { rest: text.trim() };
    let item = parser.item(MAX_DEPTH)?;
    parser.rest.is_empty().then(|| {
        let mut octets = Vec::new();
        item.write(&mut Writer::new(&mut octets));
        octets
    })
}

enum Item<'t> {
    /// Tag and members.
    Combination(u8, Vec<Item<'t>>),
    /// Tag, description and value.
    Assertion(u8, &'t str, Vec<u8>),
    Present(&'t str),
    /// Parts with their tags.
    Substrings(&'t str, Vec<(u8, Vec<u8>)>),
    Extensible {
        attribute: &'t str,
        rule: &'t str,
        dn_attributes: bool,
        value: Vec<u8>,
    },
}

struct Parser<'t> {
    rest: &'t str,
}

impl<'t> Parser<'t> {
    fn item(&mut self, levels: usize) -> Option<Item<'t>> {
        let levels = levels.checked_sub(1)?;
        self.take("(")?;
        let item = match self.rest.bytes().next()? {
            b'&' => Item::Combination(0xA0, self.members(levels)?),
            b'|' => Item::Combination(0xA1, self.members(levels)?),
            b'!' => Item::Combination(0xA2, self.members(levels).filter(|members| members.len() == 1)?),
            _ => {
                let (text, _) = self.rest.split_once(')')?;
                self.rest = self.rest.get(text.len()..)?;
                simple(text)?
            }
        };
        self.take(")")?;
        Some(item)
    }

    fn members(&mut self, levels: usize) -> Option<Vec<Item<'t>>> {
        self.rest = self.rest.get(1..)?.trim_start();
        let mut members = Vec::new();
        while self.rest.starts_with('(') {
            members.push(self.item(levels)?);
        }
        Some(members)
    }

    fn take(&mut self, parenthesis: &str) -> Option<()> {
        self.rest = self.rest.strip_prefix(parenthesis)?.trim_start();
        Some(())
    }
}

fn simple(text: &str) -> Option<Item<'_>> {
    let (left, value) = text.split_once('=')?;
    let (tag, description) = match left.as_bytes().split_last()? {
        (b'>', _) => (0xA5, left.strip_suffix('>')?),
        (b'<', _) => (0xA6, left.strip_suffix('<')?),
        (b'~', _) => (0xA8, left.strip_suffix('~')?),
        (b':', _) => return extensible(left.strip_suffix(':')?, value),
        _ => (0xA3, left),
    };
    let description = word(description)?;
    match value.split_once('*') {
        Some(("", "")) if tag == 0xA3 => Some(Item::Present(description)),
        Some(_) if tag == 0xA3 => substrings(description, value),
        _ => Some(Item::Assertion(tag, description, unescaped(value)?)),
    }
}

fn substrings<'t>(description: &'t str, value: &str) -> Option<Item<'t>> {
    let last = value.matches('*').count();
    let mut parts = Vec::new();
    for (index, part) in value.split('*').enumerate().filter(|(_, part)| !part.is_empty()) {
        let tag = match index {
            0 => 0x80,
            _ if index == last => 0x82,
            _ => 0x81,
        };
        parts.push((tag, unescaped(part)?));
    }
    (!parts.is_empty()).then_some(Item::Substrings(description, parts))
}

/// `attribute[:dn][:rule]` or `[:dn]:rule`.
fn extensible<'t>(left: &'t str, value: &str) -> Option<Item<'t>> {
    let mut words = left.split(':');
    let attribute = words.next()?.trim();
    let mut words = words.peekable();
    let dn_attributes = words.next_if(|word| word.eq_ignore_ascii_case("dn")).is_some();
    let rule = words.next().unwrap_or_default();
    let is_word = |text: &str| text.is_empty() || word(text).is_some();
    if words.next().is_some() || (attribute.is_empty() && rule.is_empty()) || !is_word(attribute) || !is_word(rule) {
        return None;
    }
    Some(Item::Extensible { attribute, rule, dn_attributes, value: unescaped(value)? })
}

/// An attribute description or the name of a rule.
fn word(text: &str) -> Option<&str> {
    let text = text.trim();
    let is_part = |octet: u8| octet.is_ascii_alphanumeric() || matches!(octet, b'-' | b'.' | b';' | b'_');
    (!text.is_empty() && text.bytes().all(is_part)).then_some(text)
}

/// A value without its escapes; parentheses, asterisks, backslashes and NUL must have been escaped.
fn unescaped(text: &str) -> Option<Vec<u8>> {
    let mut octets = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let Some((first, after)) = rest.split_first() {
        rest = after;
        match first {
            b'\\' => {
                let (digits, after) = rest.split_first_chunk::<2>()?;
                let digits = std::str::from_utf8(digits).ok().filter(|digits| !digits.starts_with('+'))?;
                octets.push(u8::from_str_radix(digits, 16).ok()?);
                rest = after;
            }
            b'(' | b')' | b'*' | 0 => return None,
            _ => octets.push(*first),
        }
    }
    Some(octets)
}

impl Item<'_> {
    fn write(&self, out: &mut Writer<'_>) {
        match self {
            Self::Combination(tag, members) => {
                out.constructed(*tag, |out| members.iter().for_each(|member| member.write(out)));
            }
            Self::Assertion(tag, description, value) => out.constructed(*tag, |out| {
                out.octet_string(description.as_bytes());
                out.octet_string(value);
            }),
            Self::Present(description) => out.tagged(0x87, description.as_bytes()),
            Self::Substrings(description, parts) => out.constructed(0xA4, |out| {
                out.octet_string(description.as_bytes());
                out.sequence(|out| parts.iter().for_each(|(tag, part)| out.tagged(*tag, part)));
            }),
            Self::Extensible { attribute, rule, dn_attributes, value } => out.constructed(0xA9, |out| {
                out.tagged_optional(0x81, Some(rule.as_bytes()).filter(|rule| !rule.is_empty()));
                out.tagged_optional(0x82, Some(attribute.as_bytes()).filter(|attribute| !attribute.is_empty()));
                out.tagged(0x83, value);
                if *dn_attributes {
                    out.tagged_boolean(0x84, true);
                }
            }),
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::panic)]

    use countersign_proto::ldap::filter::{Filter, Part};

    use super::*;

    #[test]
    fn every_form_becomes_a_filter_that_decodes() {
        for text in [
            "(a=b)",
            "(&(a=b)(!(c=*)))",
            "(|(a=i*x*f)(b>=1)(c<=2)(d~=e))",
            "(cn:dn:2.4.6:=x)",
            "(:dn:caseIgnoreMatch:=x)",
            "(:2.5.13.2:=x)",
            "(cn:=Fred Flintstone)",
            "(cn=*x*)",
            "(&)",
            "( | )",
            "(seeAlso=)",
            "(userCertificate;binary=*)",
            " (& (cn=Ada King) \n (2.5.4.4;lang-en=k) ) ",
            "(entryDN=cn=a,dc=b)",
        ] {
            let octets = encode(text).unwrap_or_else(|| panic!("{text}"));
            assert!(Filter::decode(&octets).is_ok(), "{text}");
        }
    }

    #[test]
    fn escapes_are_octets() {
        let octets = encode(r"(o=Parens R Us \28for all\29\2a\00\ff*\5cz)").unwrap();
        let Ok(Filter::Substrings(substrings)) = Filter::decode(&octets) else { panic!() };
        let parts: Vec<_> = substrings.parts().collect();
        assert!(matches!(parts[..], [Part::Initial(b"Parens R Us (for all)*\0\xff"), Part::Final(b"\\z")]));
    }

    #[test]
    fn what_is_no_filter_is_none() {
        for text in [
            "",
            "a=b",
            "(a=b",
            "(&(a=b)",
            "(a=b))",
            "(=b)",
            "(a b=c)",
            "(!)",
            "(!(a=b)(c=d))",
            r"(a=\2)",
            r"(a=\zz)",
            r"(a=\+1)",
            "(a=b(c)",
            "(a>=b*)",
            "(:dn:=x)",
            "(a=**)",
            "(a)",
        ] {
            assert_eq!(encode(text), None, "{text}");
        }
        assert_eq!(encode(&("(!".repeat(70) + "(a=b)" + &")".repeat(70))), None);
    }
}
