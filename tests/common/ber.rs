//! Just enough BER to speak LDAP from the outside. Not the server's own codec: a mistake there must not cancel itself out here.

/// Universal tags.
pub const BOOLEAN: u8 = 0x01;
pub const INTEGER: u8 = 0x02;
pub const OCTET_STRING: u8 = 0x04;
pub const ENUMERATED: u8 = 0x0A;
pub const SEQUENCE: u8 = 0x30;
pub const SET: u8 = 0x31;

/// One element with a definite, minimal length.
pub fn tlv(tag: u8, content: impl AsRef<[u8]>) -> Vec<u8> {
    let content = content.as_ref();
    let mut out = vec![tag];
    match content.len() {
        short @ 0..=127 => out.push(short as u8),
        long => {
            let octets: Vec<u8> = long.to_be_bytes().into_iter().skip_while(|octet| *octet == 0).collect();
            out.push(0x80 | octets.len() as u8);
            out.extend(octets);
        }
    }
    out.extend_from_slice(content);
    out
}

/// An element whose content is other elements, one after the other.
pub fn constructed(tag: u8, members: &[Vec<u8>]) -> Vec<u8> {
    tlv(tag, members.concat())
}

/// A SEQUENCE of these elements.
pub fn sequence(members: &[Vec<u8>]) -> Vec<u8> {
    constructed(SEQUENCE, members)
}

/// An OCTET STRING.
pub fn octets(value: impl AsRef<[u8]>) -> Vec<u8> {
    tlv(OCTET_STRING, value)
}

/// An integer under any tag (INTEGER, ENUMERATED or a context tag), in minimal two's complement.
pub fn integer(tag: u8, value: i64) -> Vec<u8> {
    let mut octets = value.to_be_bytes().to_vec();
    while octets.len() > 1 && ((octets[0] == 0 && octets[1] < 0x80) || (octets[0] == 0xFF && octets[1] >= 0x80)) {
        octets.remove(0);
    }
    tlv(tag, octets)
}

/// BOOLEAN TRUE or FALSE.
pub fn boolean(value: bool) -> Vec<u8> {
    tlv(BOOLEAN, [if value { 0xFF } else { 0x00 }])
}

/// The first element of `bytes`: tag, content and what follows; `None` while it is not complete.
pub fn split(bytes: &[u8]) -> Option<(u8, &[u8], &[u8])> {
    let (&tag, rest) = bytes.split_first()?;
    let (&first, mut rest) = rest.split_first()?;
    let mut length = usize::from(first);
    if first >= 0x80 {
        let count = usize::from(first & 0x7F);
        assert!((1..=4).contains(&count), "length of {count} octets");
        length = rest.get(..count)?.iter().fold(0, |sum, octet| sum << 8 | usize::from(*octet));
        rest = &rest[count..];
    }
    Some((tag, rest.get(..length)?, &rest[length..]))
}

/// All elements of `bytes`, which they must fill.
pub fn elements(mut bytes: &[u8]) -> Vec<(u8, &[u8])> {
    let mut found = Vec::new();
    while !bytes.is_empty() {
        let (tag, content, rest) = split(bytes).expect("an element that ends within its container");
        found.push((tag, content));
        bytes = rest;
    }
    found
}

/// The number in the content of an INTEGER or ENUMERATED.
pub fn number(content: &[u8]) -> i64 {
    assert!((1..=8).contains(&content.len()), "an integer of {} octets", content.len());
    let sign = if content[0] >= 0x80 { -1 } else { 0 };
    content.iter().fold(sign, |sum, octet| sum << 8 | i64::from(*octet))
}

/// The text in the content of an OCTET STRING.
pub fn text(content: &[u8]) -> String {
    String::from_utf8(content.to_vec()).expect("UTF-8")
}
