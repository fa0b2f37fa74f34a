//! How a line of the log is written: logfmt or JSON, the same keys in the same order. A value never breaks out of its place.

use std::fmt::Write;

use time::{OffsetDateTime, macros::format_description};

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
    pub(super) fn number(&mut self, key: &str, value: Option<impl std::fmt::Display>) {
        match value {
            None => self.text(key, None),
            Some(number) => {
                self.key(key);
                // Writing to a String cannot fail.
                let _ = write!(self.text, "{number}");
            }
        }
    }

    /// RFC 3339, UTC, milliseconds.
    pub(super) fn time(&mut self, key: &str, moment: UnixMillis) {
        let format = format_description!("[year]-[month]-[day]T[hour]:[minute]:[second].[subsecond digits:3]Z");
        let printed = OffsetDateTime::from_unix_timestamp_nanos(i128::from(moment.0) * 1_000_000)
            .ok()
            .and_then(|moment| moment.format(format).ok());
        self.text(key, printed.as_deref());
    }

    /// The whole line with its end.
    pub(super) fn end(mut self) -> String {
        self.text.push_str(if self.format == LogFormat::Json { "}\n" } else { "\n" });
        self.text
    }

    fn key(&mut self, key: &str) {
        let _ = match (self.format, self.text.is_empty()) {
            (LogFormat::Logfmt, true) => write!(self.text, "{key}="),
            (LogFormat::Logfmt, false) => write!(self.text, " {key}="),
            (LogFormat::Json, true) => write!(self.text, "{{\"{key}\":"),
            (LogFormat::Json, false) => write!(self.text, ",\"{key}\":"),
        };
    }

    /// In quotes, with JSON's escapes, in both formats: nothing below space and no quotation mark is left bare.
    fn quoted(&mut self, value: &str) {
        self.text.push('"');
        for (count, letter) in value.chars().enumerate() {
            if count == LONGEST_VALUE {
                self.text.push_str("...");
                break;
            }
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
        self.text.push('"');
    }
}

fn is_plain(value: &str) -> bool {
    !value.is_empty()
        && value != "-"
        && value.len() <= LONGEST_VALUE
        && value.bytes().all(|octet| octet.is_ascii_graphic() && !matches!(octet, b'"' | b'=' | b'\\'))
}

fn is_deceptive(letter: char) -> bool {
    matches!(letter, '\u{2028}' | '\u{2029}' | '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}' | '\u{feff}')
}
