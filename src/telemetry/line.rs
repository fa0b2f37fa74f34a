//! How a line of the log is written: logfmt or JSON, the same keys in the same order. A value never breaks out of its place.

use std::{fmt::Write, net::SocketAddr};

use time::OffsetDateTime;

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
        let text = String::with_capacity(256);
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
                self.text.push_str(itoa::Buffer::new().format(number));
            }
        }
    }

    /// An address and its port; absent as in `text`.
    pub(super) fn address(&mut self, key: &str, address: Option<SocketAddr>) {
        let Some(address) = address else { return self.text(key, None) };
        self.key(key);
        let quote = self.quote();
        self.text.push_str(quote);
        match address {
            SocketAddr::V4(address) => {
                let [first, second, third, last] = address.ip().octets();
                [(first, "."), (second, "."), (third, "."), (last, ":")]
                    .into_iter()
                    .for_each(|(octet, behind)| self.digits(octet.into(), 1, behind));
                self.digits(address.port().into(), 1, "");
            }
            // Writing to a String cannot fail.
            SocketAddr::V6(address) => drop(write!(self.text, "{address}")),
        }
        self.text.push_str(quote);
    }

    /// RFC 3339, UTC, milliseconds.
    pub(super) fn time(&mut self, key: &str, moment: UnixMillis) {
        let Ok(moment) = OffsetDateTime::from_unix_timestamp_nanos(i128::from(moment.0) * 1_000_000) else {
            return self.text(key, None);
        };
        self.key(key);
        let (date, clock) = (moment.date(), moment.time());
        let quote = self.quote();
        self.text.push_str(quote);
        self.digits(date.year().unsigned_abs(), 4, "-");
        self.digits(u8::from(date.month()).into(), 2, "-");
        self.digits(date.day().into(), 2, "T");
        self.digits(clock.hour().into(), 2, ":");
        self.digits(clock.minute().into(), 2, ":");
        self.digits(clock.second().into(), 2, ".");
        self.digits(clock.millisecond().into(), 3, "Z");
        self.text.push_str(quote);
    }

    /// The whole line with its end.
    pub(super) fn end(mut self) -> String {
        self.text.push_str(if self.format == LogFormat::Json { "}\n" } else { "\n" });
        self.text
    }

    /// A number with leading zeros, and what stands behind it.
    fn digits(&mut self, number: u32, width: usize, behind: &str) {
        let mut buffer = itoa::Buffer::new();
        let digits = buffer.format(number);
        (digits.len()..width).for_each(|_| self.text.push('0'));
        self.text.push_str(digits);
        self.text.push_str(behind);
    }

    fn key(&mut self, key: &str) {
        let (before, behind) = match (self.format, self.text.is_empty()) {
            (LogFormat::Logfmt, true) => ("", "="),
            (LogFormat::Logfmt, false) => (" ", "="),
            (LogFormat::Json, true) => ("{\"", "\":"),
            (LogFormat::Json, false) => (",\"", "\":"),
        };
        self.text.push_str(before);
        self.text.push_str(key);
        self.text.push_str(behind);
    }

    /// What stands around a text that needs no escapes.
    const fn quote(&self) -> &'static str {
        match self.format {
            LogFormat::Json => "\"",
            LogFormat::Logfmt => "",
        }
    }

    /// In quotes, with JSON's escapes, in both formats: nothing below space and no quotation mark is left bare.
    fn quoted(&mut self, value: &str) {
        // Octets are looked at first: there are at least as many of them as letters.
        let end = if value.len() > LONGEST_VALUE { value.char_indices().nth(LONGEST_VALUE) } else { None };
        let mut rest = end.and_then(|(end, _)| value.get(..end)).unwrap_or(value);
        self.text.push('"');
        loop {
            let run = rest.bytes().take_while(|octet| is_one_of(&LITERAL, *octet)).count();
            let Some((literal, others)) = rest.split_at_checked(run) else { break };
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
    let is_bare = |octet| is_one_of(&BARE, octet);
    !value.is_empty() && value != "-" && value.len() <= LONGEST_VALUE && value.bytes().all(is_bare)
}

fn is_one_of(octets: &[bool; 256], octet: u8) -> bool {
    octets.get(usize::from(octet)).is_some_and(|is_one| *is_one)
}

/// Octets that need no quotes: what is printed, but what quotes and keys are told by.
const BARE: [bool; 256] = printed_but(b" \"=\\");
/// Octets that stand for themselves in quotes.
const LITERAL: [bool; 256] = printed_but(b"\"\\");

#[expect(clippy::indexing_slicing, reason = "octets are below 256, and the compiler counts")]
const fn printed_but(others: &[u8]) -> [bool; 256] {
    let mut octets = [false; 256];
    let mut octet = b' ';
    while octet <= b'~' {
        octets[octet as usize] = true;
        octet += 1;
    }
    let mut at = 0;
    while at < others.len() {
        octets[others[at] as usize] = false;
        at += 1;
    }
    octets
}

fn is_deceptive(letter: char) -> bool {
    matches!(letter, '\u{2028}' | '\u{2029}' | '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}' | '\u{feff}')
}
