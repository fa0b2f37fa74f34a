//! Filter strings (RFC 4515) to BER, for tests that speak LDAP themselves.

use super::ber::{boolean, constructed, octets, sequence, tlv};

/// The BER of one filter, as in `(&(uid=alice)(!(cn=a*b)))`.
pub fn encode(text: &str) -> Vec<u8> {
    let (filter, rest) = one(text);
    assert!(rest.is_empty(), "after the filter: {rest}");
    filter
}

fn one(text: &str) -> (Vec<u8>, &str) {
    let inner = text.strip_prefix('(').unwrap_or_else(|| panic!("a filter begins with a parenthesis: {text}"));
    match inner.as_bytes()[0] {
        b'&' => set(0xA0, &inner[1..]),
        b'|' => set(0xA1, &inner[1..]),
        b'!' => set(0xA2, &inner[1..]),
        _ => {
            let end = inner.find(')').expect("a closing parenthesis");
            (item(&inner[..end]), &inner[end + 1..])
        }
    }
}

fn set(tag: u8, mut text: &str) -> (Vec<u8>, &str) {
    let mut members = Vec::new();
    while text.starts_with('(') {
        let (member, rest) = one(text);
        members.push(member);
        text = rest;
    }
    (constructed(tag, &members), text.strip_prefix(')').expect("a closing parenthesis"))
}

fn item(text: &str) -> Vec<u8> {
    let (left, value) = text.split_once('=').expect("an equals sign");
    let assertion = |tag, attribute: &str| constructed(tag, &[octets(attribute), octets(unescape(value))]);
    match left.as_bytes().last() {
        Some(b'>') => assertion(0xA5, &left[..left.len() - 1]),
        Some(b'<') => assertion(0xA6, &left[..left.len() - 1]),
        Some(b'~') => assertion(0xA8, &left[..left.len() - 1]),
        Some(b':') => extensible(&left[..left.len() - 1], value),
        _ if value == "*" => tlv(0x87, left),
        _ if value.contains('*') => substrings(left, value),
        _ => assertion(0xA3, left),
    }
}

fn substrings(attribute: &str, value: &str) -> Vec<u8> {
    let parts: Vec<&str> = value.split('*').collect();
    let last = parts.len() - 1;
    let parts = parts.iter().enumerate().filter(|(_, part)| !part.is_empty()).map(|(index, part)| {
        let tag = if index == 0 { 0x80 } else { 0x81 + u8::from(index == last) };
        tlv(tag, unescape(part))
    });
    constructed(0xA4, &[octets(attribute), sequence(&parts.collect::<Vec<_>>())])
}

/// `attribute[:dn][:rule]` or `[:dn]:rule`.
fn extensible(left: &str, value: &str) -> Vec<u8> {
    let mut words = left.split(':');
    let attribute = words.next().filter(|word| !word.is_empty());
    let mut words: Vec<&str> = words.collect();
    let dn = words.first() == Some(&"dn");
    if dn {
        words.remove(0);
    }
    let mut members = Vec::new();
    members.extend(words.first().map(|rule| tlv(0x81, rule)));
    members.extend(attribute.map(|attribute| tlv(0x82, attribute)));
    members.push(tlv(0x83, unescape(value)));
    if dn {
        let mut flag = boolean(true);
        flag[0] = 0x84;
        members.push(flag);
    }
    constructed(0xA9, &members)
}

fn unescape(text: &str) -> Vec<u8> {
    let mut out = Vec::new();
    let mut rest = text.as_bytes();
    while let Some((&octet, after)) = rest.split_first() {
        if octet == b'\\' {
            let digits = std::str::from_utf8(&after[..2]).expect("two digits");
            out.push(u8::from_str_radix(digits, 16).expect("two hexadecimal digits"));
            rest = &after[2..];
        } else {
            out.push(octet);
            rest = after;
        }
    }
    out
}
