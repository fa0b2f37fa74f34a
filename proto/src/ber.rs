//! BER as LDAP uses it (RFC 4511 section 5.1): a reader that borrows and a writer that appends.
//! What the elements mean is said by the messages that read and write them.
//!
//! Reading: definite lengths only, at most four length octets (not necessarily minimal), one-octet tags, nothing beyond the
//! container. Writing: minimal lengths, minimal integers, TRUE as 0xFF.

use std::fmt;

/// Universal tags, and the outer tags of LDAP.
pub mod tag {
    /// BOOLEAN.
    pub const BOOLEAN: u8 = 0x01;
    /// INTEGER.
    pub const INTEGER: u8 = 0x02;
    /// OCTET STRING.
    pub const OCTET_STRING: u8 = 0x04;
    /// NULL.
    pub const NULL: u8 = 0x05;
    /// ENUMERATED.
    pub const ENUMERATED: u8 = 0x0A;
    /// SEQUENCE, SEQUENCE OF.
    pub const SEQUENCE: u8 = 0x30;
    /// SET, SET OF.
    pub const SET: u8 = 0x31;

    /// Context tag `[number]`, primitive; `number` below 31.
    pub const fn primitive(number: u8) -> u8 {
        0x80 | number
    }

    /// Context tag `[number]`, constructed; `number` below 31.
    pub const fn constructed(number: u8) -> u8 {
        0xA0 | number
    }
}

/// Why octets are not what was expected. The sender is at fault in each case.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum BerError {
    /// The element, or the container, ends too early.
    Truncated,
    /// The indefinite length form, which LDAP forbids.
    IndefiniteLength,
    /// More than four length octets.
    LongLength,
    /// A tag of more than one octet, which LDAP has not.
    LongTag,
    /// Another element than the one that must stand here.
    UnexpectedTag {
        /// The tag that must stand here.
        expected: u8,
        /// The tag that does.
        found: u8,
    },
    /// Something follows the last element.
    TrailingOctets,
    /// An INTEGER or ENUMERATED without octets, or too large for its use.
    BadInteger,
    /// A BOOLEAN that is not one octet.
    BadBoolean,
    /// A string that must be UTF-8 is not.
    NotUtf8,
}

impl fmt::Display for BerError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Truncated => f.write_str("an element runs past the end of what contains it"),
            Self::IndefiniteLength => f.write_str("an element has an indefinite length"),
            Self::LongLength => f.write_str("an element has more than four length octets"),
            Self::LongTag => f.write_str("an element has a tag of more than one octet"),
            Self::UnexpectedTag { expected, found } => {
                write!(f, "an element has tag 0x{found:02X} where 0x{expected:02X} belongs")
            }
            Self::TrailingOctets => f.write_str("octets follow the last element"),
            Self::BadInteger => f.write_str("an integer is empty or out of range"),
            Self::BadBoolean => f.write_str("a boolean is not one octet long"),
            Self::NotUtf8 => f.write_str("a string is not UTF-8"),
        }
    }
}

impl std::error::Error for BerError {}

/// Reads elements one after the other; borrows, never allocates.
#[derive(Clone, Copy)]
pub struct Reader<'a> {
    rest: &'a [u8],
}

impl<'a> Reader<'a> {
    /// Reads the elements of `octets`.
    pub const fn new(octets: &'a [u8]) -> Self {
        Self { rest: octets }
    }

    /// Whether every element has been read.
    pub const fn is_empty(&self) -> bool {
        self.rest.is_empty()
    }

    /// The octets not yet read.
    pub const fn rest(&self) -> &'a [u8] {
        self.rest
    }

    /// The tag of the next element, `None` at the end.
    pub fn peek_tag(&self) -> Option<u8> {
        self.rest.first().copied()
    }

    /// The next element, whatever it is: tag and content.
    #[inline]
    pub fn element(&mut self) -> Result<(u8, &'a [u8]), BerError> {
        let (tag, header, length) = self.header()?;
        let element = self.rest.get(header..).ok_or(BerError::Truncated)?;
        let (content, rest) = element.split_at_checked(length).ok_or(BerError::Truncated)?;
        self.rest = rest;
        Ok((tag, content))
    }

    /// The next element whole, tag and length included.
    pub fn whole_element(&mut self) -> Result<&'a [u8], BerError> {
        let (_, header, length) = self.header()?;
        let total = header.checked_add(length).ok_or(BerError::Truncated)?;
        let (whole, rest) = self.rest.split_at_checked(total).ok_or(BerError::Truncated)?;
        self.rest = rest;
        Ok(whole)
    }

    /// The content of the next element, which must have this tag.
    #[inline]
    pub fn expect(&mut self, expected: u8) -> Result<&'a [u8], BerError> {
        match self.peek_tag() {
            Some(found) if found == expected => Ok(self.element()?.1),
            Some(found) => Err(BerError::UnexpectedTag { expected, found }),
            None => Err(BerError::Truncated),
        }
    }

    /// The content of the next element if it has this tag; otherwise nothing is read.
    #[inline]
    pub fn optional(&mut self, tag: u8) -> Result<Option<&'a [u8]>, BerError> {
        if self.peek_tag() == Some(tag) { Ok(Some(self.element()?.1)) } else { Ok(None) }
    }

    /// An INTEGER of at most eight octets.
    pub fn integer(&mut self) -> Result<i64, BerError> {
        integer(self.expect(tag::INTEGER)?)
    }

    /// An ENUMERATED of at most eight octets.
    pub fn enumerated(&mut self) -> Result<i64, BerError> {
        integer(self.expect(tag::ENUMERATED)?)
    }

    /// A BOOLEAN; every octet but zero is true.
    pub fn boolean(&mut self) -> Result<bool, BerError> {
        boolean(self.expect(tag::BOOLEAN)?)
    }

    /// An OCTET STRING.
    #[inline]
    pub fn octet_string(&mut self) -> Result<&'a [u8], BerError> {
        self.expect(tag::OCTET_STRING)
    }

    /// An OCTET STRING that must be UTF-8.
    #[inline]
    pub fn text(&mut self) -> Result<&'a str, BerError> {
        text(self.octet_string()?)
    }

    /// The elements of a SEQUENCE.
    pub fn sequence(&mut self) -> Result<Self, BerError> {
        self.expect(tag::SEQUENCE).map(Self::new)
    }

    /// Refuses elements that have not been read.
    pub const fn finish(self) -> Result<(), BerError> {
        if self.rest.is_empty() { Ok(()) } else { Err(BerError::TrailingOctets) }
    }

    /// Checks that what has not been read is well-formed, at its outer level, and drops it: RFC 4511 section 4 demands that
    /// trailing elements of messages with unknown tags be ignored.
    pub fn ignore_rest(mut self) -> Result<(), BerError> {
        while !self.is_empty() {
            self.element()?;
        }
        Ok(())
    }

    /// Tag, octets of tag and length, and content length of the next element.
    #[inline]
    fn header(&self) -> Result<(u8, usize, usize), BerError> {
        let (Some(&tag), Some(&first)) = (self.rest.first(), self.rest.get(1)) else {
            return Err(BerError::Truncated);
        };
        if tag & 0x1F == 0x1F {
            return Err(BerError::LongTag);
        }
        if first < 0x80 {
            return Ok((tag, 2, usize::from(first)));
        }
        let count = usize::from(first & 0x7F);
        match count {
            0 => return Err(BerError::IndefiniteLength),
            1..=4 => {}
            _ => return Err(BerError::LongLength),
        }
        let octets = self.rest.get(2..2 + count).ok_or(BerError::Truncated)?;
        let length = octets.iter().fold(0_usize, |length, &octet| length << 8 | usize::from(octet));
        Ok((tag, 2 + count, length))
    }
}

impl fmt::Debug for Reader<'_> {
    /// The octets may be a password.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Reader({} octets)", self.rest.len())
    }
}

/// The integer in the content of an INTEGER or ENUMERATED, at most eight octets.
pub fn integer(content: &[u8]) -> Result<i64, BerError> {
    let Some(&first) = content.first() else {
        return Err(BerError::BadInteger);
    };
    if content.len() > 8 {
        return Err(BerError::BadInteger);
    }
    let sign = if first & 0x80 == 0 { 0 } else { -1 };
    Ok(content.iter().fold(sign, |value: i64, &octet| value << 8 | i64::from(octet)))
}

/// The truth in the content of a BOOLEAN.
pub const fn boolean(content: &[u8]) -> Result<bool, BerError> {
    match content {
        [octet] => Ok(*octet != 0),
        _ => Err(BerError::BadBoolean),
    }
}

/// The content as text.
#[inline]
pub fn text(content: &[u8]) -> Result<&str, BerError> {
    std::str::from_utf8(content).map_err(|_| BerError::NotUtf8)
}

/// Appends elements to the caller's buffer.
#[derive(Debug)]
pub struct Writer<'a> {
    out: &'a mut Vec<u8>,
}

impl<'a> Writer<'a> {
    /// Appends to `out`.
    pub const fn new(out: &'a mut Vec<u8>) -> Self {
        Self { out }
    }

    /// Tag and length of an element whose `length` octets of content the caller appends next.
    #[inline]
    pub fn header(&mut self, tag: u8, length: usize) {
        self.out.push(tag);
        self.length(length);
    }

    /// Octets that are whole elements already.
    #[inline]
    pub fn raw(&mut self, elements: &[u8]) {
        self.out.extend_from_slice(elements);
    }

    /// An element with this tag and content.
    #[inline]
    pub fn tagged(&mut self, tag: u8, content: &[u8]) {
        self.header(tag, content.len());
        self.out.extend_from_slice(content);
    }

    /// An element with this tag, if there is a content.
    pub fn tagged_optional(&mut self, tag: u8, content: Option<&[u8]>) {
        if let Some(content) = content {
            self.tagged(tag, content);
        }
    }

    /// An OCTET STRING.
    #[inline]
    pub fn octet_string(&mut self, content: &[u8]) {
        self.tagged(tag::OCTET_STRING, content);
    }

    /// An INTEGER.
    pub fn integer(&mut self, value: i64) {
        self.tagged_integer(tag::INTEGER, value);
    }

    /// An ENUMERATED.
    pub fn enumerated(&mut self, value: i64) {
        self.tagged_integer(tag::ENUMERATED, value);
    }

    /// An implicitly tagged INTEGER or ENUMERATED.
    pub fn tagged_integer(&mut self, tag: u8, value: i64) {
        let octets = value.to_be_bytes();
        let skipped = 8 - integer_length(value);
        self.tagged(tag, octets.get(skipped..).unwrap_or(&octets));
    }

    /// A BOOLEAN.
    pub fn boolean(&mut self, value: bool) {
        self.tagged_boolean(tag::BOOLEAN, value);
    }

    /// An implicitly tagged BOOLEAN.
    pub fn tagged_boolean(&mut self, tag: u8, value: bool) {
        self.tagged(tag, &[if value { 0xFF } else { 0 }]);
    }

    /// A NULL.
    pub fn null(&mut self) {
        self.tagged(tag::NULL, &[]);
    }

    /// A constructed element whose content is what `content` writes; the length is put in afterwards, minimal.
    pub fn constructed<R>(&mut self, tag: u8, content: impl FnOnce(&mut Writer<'_>) -> R) -> R {
        self.out.push(tag);
        let mark = self.out.len();
        self.out.push(0);
        let answer = content(&mut Writer { out: &mut *self.out });
        let length = self.out.len() - mark - 1;
        if let (Ok(short @ 0..0x80), Some(octet)) = (u8::try_from(length), self.out.get_mut(mark)) {
            *octet = short;
        } else {
            self.out.splice(mark..=mark, length_octets(length).1.into_iter().take(length_octets(length).0));
        }
        answer
    }

    /// A SEQUENCE whose content is what `content` writes.
    pub fn sequence<R>(&mut self, content: impl FnOnce(&mut Writer<'_>) -> R) -> R {
        self.constructed(tag::SEQUENCE, content)
    }

    #[inline]
    fn length(&mut self, length: usize) {
        if length < 0x80 {
            self.out.push(length as u8);
        } else {
            let (count, octets) = length_octets(length);
            self.out.extend_from_slice(octets.get(..count).unwrap_or(&octets));
        }
    }
}

/// The whole length of an element with `content` octets of content: tag, length octets, content.
#[inline]
pub const fn element_length(content: usize) -> usize {
    let length_octets = match content {
        0..0x80 => 1,
        0x80..=0xFF => 2,
        0x100..=0xFFFF => 3,
        0x1_0000..=0xFF_FFFF => 4,
        _ => 5,
    };
    1 + length_octets + content
}

/// How many octets the minimal two's complement form of `value` has: 1 to 8.
pub const fn integer_length(value: i64) -> usize {
    // One bit for the sign beside the significant ones.
    let significant = 65 - if value < 0 { value.leading_ones() } else { value.leading_zeros() } as usize;
    significant.div_ceil(8)
}

/// The minimal length octets, and how many they are. More than four octets of length never occur: nothing here is that large.
fn length_octets(length: usize) -> (usize, [u8; 5]) {
    let [a, b, c, d] = u32::try_from(length).unwrap_or(u32::MAX).to_be_bytes();
    match length {
        0..0x80 => (1, [d, 0, 0, 0, 0]),
        0x80..=0xFF => (2, [0x81, d, 0, 0, 0]),
        0x100..=0xFFFF => (3, [0x82, c, d, 0, 0]),
        0x1_0000..=0xFF_FFFF => (4, [0x83, b, c, d, 0]),
        _ => (5, [0x84, a, b, c, d]),
    }
}
