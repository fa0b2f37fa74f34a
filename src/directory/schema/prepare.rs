//! String preparation (RFC 4518): the form in which two spellings of one string are the same octets.
//!
//! Between words stands one space, none before the first and none after the last; RFC 4518 writes two, one and one, which
//! compares the same. Substring assertions keep a space at the edges of their parts (`substring.rs`).

use std::str;

use unicode_normalization::UnicodeNormalization;

use super::Normalized;

/// What to do with letters.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Case {
    /// Upper and lower case are the same.
    Ignore,
    /// They are not.
    Exact,
}

/// Which spaces do not count.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Spaces {
    /// Leading, trailing and repeated ones (RFC 4518 section 2.6.1).
    Insignificant,
    /// Repeated ones only: part of a substring assertion.
    Repeated,
    /// All (numeric strings, section 2.6.2).
    None,
    /// All, and hyphens (telephone numbers, section 2.6.3).
    NoneNorHyphens,
}

/// Appends the prepared form; `false`, with nothing appended, if `value` is not UTF-8.
pub(crate) fn prepare(value: &[u8], case: Case, spaces: Spaces, out: &mut Normalized) -> bool {
    if spaces == Spaces::Insignificant && is_plain(value) {
        let start = out.len();
        out.extend_from_slice(value.trim_ascii());
        if case == Case::Ignore {
            out.get_mut(start..).unwrap_or_default().make_ascii_lowercase();
        }
        return true;
    }
    let Ok(text) = str::from_utf8(value) else { return false };
    let mut writer = SpaceWriter { spaces, pending: false, empty: true, out };
    if text.is_ascii() {
        text.chars()
            .filter_map(map)
            .for_each(|c| writer.push(if case == Case::Ignore { c.to_ascii_lowercase() } else { c }));
    } else if case == Case::Ignore {
        // Folded before and after composing, so that preparing twice changes nothing more.
        let folded: String = text.chars().filter_map(map).nfkc().flat_map(fold).collect();
        folded.nfkc().flat_map(fold).nfkc().filter_map(map).for_each(|c| writer.push(c));
    } else {
        text.chars().filter_map(map).nfkc().filter_map(map).for_each(|c| writer.push(c));
    }
    writer.finish();
    true
}

/// Printable ASCII without two spaces in a row: nothing to map, nothing to squeeze.
fn is_plain(value: &[u8]) -> bool {
    let mut previous = 0;
    value.iter().all(|octet| {
        let plain = matches!(octet, b' '..=b'~') && !(*octet == b' ' && previous == b' ');
        previous = *octet;
        plain
    })
}

/// Section 2.2: what counts as a space, what as nothing.
fn map(c: char) -> Option<char> {
    match c {
        ' '..='~' => Some(c),
        '\t'..='\r' | '\u{85}' | '\u{a0}' | '\u{1680}' | '\u{2000}'..='\u{200a}' => Some(' '),
        '\u{2028}' | '\u{2029}' | '\u{202f}' | '\u{205f}' | '\u{3000}' => Some(' '),
        '\0'..='\u{1f}' | '\u{7f}'..='\u{9f}' | '\u{ad}' | '\u{34f}' | '\u{6dd}' | '\u{70f}' | '\u{1806}' => None,
        '\u{180b}'..='\u{180e}' | '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2060}'..='\u{2063}' => None,
        '\u{206a}'..='\u{206f}' | '\u{fe00}'..='\u{fe0f}' | '\u{feff}' | '\u{fff9}'..='\u{fffc}' => None,
        '\u{1d173}'..='\u{1d17a}' | '\u{e0001}' | '\u{e0020}'..='\u{e007f}' => None,
        _ => Some(c),
    }
}

/// Full case folding by way of the upper case, so that `ß` and `SS`, `ς` and `σ` are the same. A dotless `ı` is no `i`.
fn fold(c: char) -> impl Iterator<Item = char> {
    let upper = (c != 'ı').then(|| c.to_uppercase().flat_map(char::to_lowercase));
    let itself = upper.is_none().then_some(c);
    upper.into_iter().flatten().chain(itself)
}

/// Writes characters and only the spaces that count.
struct SpaceWriter<'o> {
    spaces: Spaces,
    pending: bool,
    empty: bool,
    out: &'o mut Normalized,
}

impl SpaceWriter<'_> {
    fn push(&mut self, c: char) {
        match c {
            ' ' => {
                self.pending = match self.spaces {
                    Spaces::Insignificant => !self.empty,
                    Spaces::Repeated => true,
                    Spaces::None | Spaces::NoneNorHyphens => false,
                };
                return;
            }
            '-' | '\u{58a}' | '\u{2010}' | '\u{2011}' | '\u{2212}' | '\u{fe63}' | '\u{ff0d}'
                if self.spaces == Spaces::NoneNorHyphens =>
            {
                return;
            }
            _ => {}
        }
        if std::mem::take(&mut self.pending) {
            self.out.push(b' ');
        }
        self.empty = false;
        self.out.extend_from_slice(c.encode_utf8(&mut [0; 4]).as_bytes());
    }

    fn finish(self) {
        if self.pending && self.spaces == Spaces::Repeated {
            self.out.push(b' ');
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn prepared(text: &str, case: Case, spaces: Spaces) -> String {
        let mut out = Normalized::new();
        assert!(prepare(text.as_bytes(), case, spaces, &mut out));
        String::from_utf8_lossy(&out).into_owned()
    }

    #[test]
    fn spaces_and_case_that_do_not_count_are_gone() {
        for (text, expected) in [
            ("  Foo   BAR ", "foo bar"),
            ("foo\u{a0}\tbar", "foo bar"),
            ("Stra\u{ad}ße", "strasse"),
            ("ΣΊΣΥΦΟΣ", "σίσυφοσ"),
            ("σίσυφος", "σίσυφοσ"),
            ("e\u{301}É", "éé"),
            ("ＦＵＬＬ", "full"),
            ("   ", ""),
        ] {
            assert_eq!(prepared(text, Case::Ignore, Spaces::Insignificant), expected, "{text}");
        }
        assert_eq!(prepared(" Foo  Bar", Case::Exact, Spaces::Insignificant), "Foo Bar");
        assert_eq!(prepared("+49 (0)30-12", Case::Ignore, Spaces::NoneNorHyphens), "+49(0)3012");
        assert_eq!(prepared(" 1 2", Case::Exact, Spaces::None), "12");
        assert_eq!(prepared("  a  b ", Case::Ignore, Spaces::Repeated), " a b ");
    }

    #[test]
    fn octets_that_are_not_utf8_have_no_prepared_form() {
        assert!(!prepare(b"\xff", Case::Ignore, Spaces::Insignificant, &mut Normalized::new()));
    }

    proptest! {
        #[test]
        fn preparing_twice_changes_nothing_more(text in any::<String>(), exact in any::<bool>()) {
            let case = if exact { Case::Exact } else { Case::Ignore };
            let once = prepared(&text, case, Spaces::Insignificant);
            prop_assert_eq!(prepared(&once, case, Spaces::Insignificant), once);
        }
    }
}
