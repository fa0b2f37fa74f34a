//! How a line of the log is written: logfmt or JSON, the same keys in the same order. A value never breaks out of its place.

use std::{fmt::Write, net::SocketAddr};

use crate::{clock::UnixMillis, config::LogFormat};

/// Longer values are cut: clients choose DNs, and a log is not for storing them.
const LONGEST_VALUE: usize = 512;

/// A line that grows key by key.
pub(super) struct Line {
    format: LogFormat,
    text: String,
}

impl Line {
    pub(super) fn new(format: LogFormat) -> Self {
        let text = String::with_capacity(384);
        Self { format, text }
    }

    /// A text; absent is `-` in logfmt and null in JSON.
    pub(super) fn text(&mut self, key: &str, value: Option<&str>) {
        self.key(key);
        match (self.format, value) {
            (LogFormat::Logfmt, None) => self.text.push('-'),
            (LogFormat::Json, None) => self.text.push_str("null"),
            (LogFormat::Logfmt, Some(value)) if is_plain(value) => self.text.push_str(value),
            (_, Some(value)) => self.quoted(value),
        }
    }

    /// A number; absent as in `text`.
    pub(super) fn number(&mut self, key: &str, value: Option<impl itoa::Integer>) {
        match value {
            None => self.text(key, None),
            Some(number) => {
                self.key(key);
                self.digits(number);
            }
        }
    }

    /// An address and its port; absent as in `text`.
    pub(super) fn address(&mut self, key: &str, address: Option<SocketAddr>) {
        let Some(address) = address else { return self.text(key, None) };
        self.key(key);
        self.quote();
        match address {
            SocketAddr::V4(address) => {
                let [first, second, third, last] = address.ip().octets();
                for (octet, behind) in [(first, '.'), (second, '.'), (third, '.'), (last, ':')] {
                    self.digits(octet);
                    self.text.push(behind);
                }
                self.digits(address.port());
            }
            // Writing to a String cannot fail.
            SocketAddr::V6(address) => drop(write!(self.text, "{address}")),
        }
        self.quote();
    }

    /// RFC 3339, UTC, milliseconds.
    pub(super) fn time(&mut self, key: &str, moment: UnixMillis) {
        self.key(key);
        self.quote();
        self.text.push_str(std::str::from_utf8(&moment.rfc3339_octets()).unwrap_or_default());
        self.quote();
    }

    /// The whole line with its end.
    pub(super) fn end(mut self) -> String {
        self.text.push_str(if self.format == LogFormat::Json { "}\n" } else { "\n" });
        self.text
    }

    fn digits(&mut self, number: impl itoa::Integer) {
        self.text.push_str(itoa::Buffer::new().format(number));
    }

    fn key(&mut self, key: &str) {
        let is_first = self.text.is_empty();
        match self.format {
            LogFormat::Logfmt => {
                if !is_first {
                    self.text.push(' ');
                }
                self.text.push_str(key);
                self.text.push('=');
            }
            LogFormat::Json => {
                self.text.push(if is_first { '{' } else { ',' });
                self.text.push('"');
                self.text.push_str(key);
                self.text.push_str("\":");
            }
        }
    }

    /// What stands around a text that needs no escapes.
    fn quote(&mut self) {
        if self.format == LogFormat::Json {
            self.text.push('"');
        }
    }

    /// In quotes, with JSON's escapes, in both formats: nothing below space and no quotation mark is left bare.
    fn quoted(&mut self, value: &str) {
        // Octets are looked at first: there are at least as many of them as letters.
        let end = if value.len() > LONGEST_VALUE { value.char_indices().nth(LONGEST_VALUE) } else { None };
        let mut rest = end.and_then(|(end, _)| value.get(..end)).unwrap_or(value);
        self.text.push('"');
        while let Some((literal, others)) = rest.split_at_checked(literal_octets(rest)) {
            self.text.push_str(literal);
            let mut letters = others.chars();
            let Some(letter) = letters.next() else { break };
            self.escaped(letter);
            rest = letters.as_str();
        }
        self.text.push_str(if end.is_some() { "...\"" } else { "\"" });
    }

    /// A letter that may not stand for itself.
    fn escaped(&mut self, letter: char) {
        match letter {
            '"' => self.text.push_str("\\\""),
            '\\' => self.text.push_str("\\\\"),
            '\n' => self.text.push_str("\\n"),
            '\r' => self.text.push_str("\\r"),
            '\t' => self.text.push_str("\\t"),
            // Also what a terminal would obey or hide: C1 controls, line separators, direction marks.
            letter if letter.is_control() || is_deceptive(letter) => {
                let mut units = [0; 2];
                for unit in letter.encode_utf16(&mut units) {
                    let _ = write!(self.text, "\\u{unit:04x}");
                }
            }
            letter => self.text.push(letter),
        }
    }
}

fn is_plain(value: &str) -> bool {
    !value.is_empty() && value != "-" && value.len() <= LONGEST_VALUE && value.bytes().all(is_bare)
}

/// How many octets at the start of `value` stand for themselves. Mostly all do, which is told faster than where they end: for that every
/// octet is looked at, whatever those before it are, and so many at once.
fn literal_octets(value: &str) -> usize {
    if value.bytes().fold(true, |are_all, octet| are_all & is_literal(octet)) {
        return value.len();
    }
    value.bytes().take_while(|octet| is_literal(*octet)).count()
}

/// Whether an octet needs no quotes: it is printed, and neither quotes nor keys are told by it.
const fn is_bare(octet: u8) -> bool {
    is_literal(octet) & (octet != b' ') & (octet != b'=')
}

/// Whether an octet stands for itself in quotes.
const fn is_literal(octet: u8) -> bool {
    (octet >= b' ') & (octet <= b'~') & (octet != b'"') & (octet != b'\\')
}

fn is_deceptive(letter: char) -> bool {
    matches!(letter, '\u{2028}' | '\u{2029}' | '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}' | '\u{feff}')
}
