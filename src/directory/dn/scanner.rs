//! The text of names (RFC 4514), walked assertion by assertion without copying what stands in it plainly.

use smallvec::SmallVec;

use crate::directory::tlv::split_tlv;

/// Why a text is no DN.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DnError {
    /// What is wrong, as a sentence without the name itself.
    pub reason: &'static str,
}

/// Walks the assertions of a DN text.
pub(in crate::directory) struct Scanner<'a> {
    text: &'a str,
    rest: &'a [u8],
    started: bool,
    unescaped: SmallVec<[u8; 128]>,
}

/// One assertion of a text.
pub(in crate::directory) struct Assertion<'s> {
    /// Type as written.
    pub(in crate::directory) name: &'s str,
    /// Value without its escapes.
    pub(in crate::directory) value: &'s [u8],
    /// Whether it is the last of its RDN.
    pub(in crate::directory) ends_rdn: bool,
}

impl<'a> Scanner<'a> {
    pub(in crate::directory) fn new(text: &'a str) -> Self {
        Self { text, rest: text.as_bytes(), started: false, unescaped: SmallVec::new() }
    }

    /// The next assertion; `None` at the end.
    pub(in crate::directory) fn next_assertion(&mut self) -> Result<Option<Assertion<'_>>, DnError> {
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
        if name.get(..4).is_some_and(|prefix| prefix.eq_ignore_ascii_case("oid.")) {
            name = name.get(4..).unwrap_or_default();
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
        match split_tlv(&encoded) {
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
