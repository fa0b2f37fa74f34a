//! LDIF (RFC 2849): records read one by one from a stream, and entries written. What a record means for a directory is at home
//! elsewhere.
//!
//! Read: folded lines, comments, base64 values, `version: 1`, entries and all change types, with either line ending. Refused, with
//! the line's number: values by URL (`:<`), for they would let a file name other files; controls; records beyond a bound.

use std::{
    fmt,
    io::{self, BufRead, Write},
};

use base64::{Engine, engine::general_purpose::STANDARD as BASE64};

use super::modify::{Modification, ModificationKind};

/// One record.
pub struct Record {
    /// The line it begins in, from 1.
    pub line: u64,
    /// The name as written.
    pub dn: String,
    /// What it says.
    pub content: Content,
}

/// What a record says.
pub enum Content {
    /// An entry, or `changetype: add`: descriptions with their values, in order; a description may come more than once.
    Entry(Vec<(String, Vec<u8>)>),
    /// `changetype: modify`.
    Modify(Vec<Modification>),
    /// `changetype: modrdn` or `moddn`.
    Rename {
        /// `newrdn`.
        new_rdn: String,
        /// `deleteoldrdn`.
        delete_old_rdn: bool,
        /// `newsuperior`.
        new_superior: Option<String>,
    },
    /// `changetype: delete`.
    Delete,
}

/// Why reading stopped.
#[derive(Debug)]
pub struct LdifError {
    /// Where, from 1.
    pub line: u64,
    /// What is wrong, as a sentence without values.
    pub reason: String,
}

/// Records from a stream, as an iterator. After an error there is no more.
pub struct Reader<R> {
    input: R,
    /// Lines taken so far.
    line: u64,
    octets: u64,
    /// The logical line at hand, and where it began.
    current: Vec<u8>,
    current_line: u64,
    /// Octets of the record at hand.
    size: usize,
    failed: bool,
}

/// Octets of one record: a generous photograph, and an end to what is no LDIF at all.
const MAX_RECORD: usize = 32 << 20;

type Result<T> = std::result::Result<T, LdifError>;

impl<R: BufRead> Reader<R> {
    /// Reads from here on.
    pub fn new(input: R) -> Self {
        Self { input, line: 0, octets: 0, current: Vec::new(), current_line: 0, size: 0, failed: false }
    }

    /// How many octets were taken from the stream: for progress.
    pub fn octets(&self) -> u64 {
        self.octets
    }

    /// The next record; `None` at the end.
    fn record(&mut self) -> Result<Option<Record>> {
        self.size = 0;
        loop {
            if !self.logical_line()? {
                return Ok(None);
            }
            if self.current.is_empty() {
                continue;
            }
            let (name, value) = self.attribute()?;
            match name.to_ascii_lowercase().as_str() {
                "version" if value == b"1" => {}
                "version" => return Err(self.wrong("only version 1 of LDIF is known")),
                "dn" => {
                    let line = self.current_line;
                    let dn = String::from_utf8(value).map_err(|_| self.wrong("the name is not UTF-8"))?;
                    let content = self.content()?;
                    return Ok(Some(Record { line, dn, content }));
                }
                _ => return Err(self.wrong("a record begins with \"dn:\"")),
            }
        }
    }

    fn content(&mut self) -> Result<Content> {
        let mut attributes = Vec::new();
        while self.logical_line()? && !self.current.is_empty() {
            let (name, value) = self.attribute()?;
            if attributes.is_empty() && name.eq_ignore_ascii_case("changetype") {
                match value.to_ascii_lowercase().as_slice() {
                    b"add" => continue,
                    b"delete" => return self.end().map(|()| Content::Delete),
                    b"modify" => return self.modifications(),
                    b"modrdn" | b"moddn" => return self.rename(),
                    _ => return Err(self.wrong("the change type is none of add, delete, modify, modrdn, moddn")),
                }
            }
            if name.eq_ignore_ascii_case("control") {
                return Err(self.wrong("controls are not supported in LDIF"));
            }
            attributes.push((name, value));
        }
        if attributes.is_empty() {
            return Err(self.wrong("the record has no attributes"));
        }
        Ok(Content::Entry(attributes))
    }

    fn modifications(&mut self) -> Result<Content> {
        let mut modifications = Vec::new();
        let mut open: Option<Modification> = None;
        while self.logical_line()? && !self.current.is_empty() {
            if self.current == b"-" {
                modifications.extend(open.take());
                continue;
            }
            let (name, value) = self.attribute()?;
            match &mut open {
                Some(modification) if name.eq_ignore_ascii_case(&modification.description) => {
                    modification.values.push(value);
                }
                Some(_) => return Err(self.wrong("the value is of another attribute than the change")),
                None => {
                    let kind = match name.to_ascii_lowercase().as_str() {
                        "add" => ModificationKind::Add,
                        "delete" => ModificationKind::Delete,
                        "replace" => ModificationKind::Replace,
                        "increment" => ModificationKind::Increment,
                        _ => return Err(self.wrong("the change is none of add, delete, replace, increment")),
                    };
                    let description = self.text(value)?;
                    open = Some(Modification { kind, description, values: Vec::new() });
                }
            }
        }
        modifications.extend(open);
        Ok(Content::Modify(modifications))
    }

    fn rename(&mut self) -> Result<Content> {
        let (mut new_rdn, mut delete_old_rdn, mut new_superior) = (None, None, None);
        while self.logical_line()? && !self.current.is_empty() {
            let (name, value) = self.attribute()?;
            match (name.to_ascii_lowercase().as_str(), value.as_slice()) {
                ("newrdn", _) => new_rdn = Some(self.text(value)?),
                ("deleteoldrdn", b"0") => delete_old_rdn = Some(false),
                ("deleteoldrdn", b"1") => delete_old_rdn = Some(true),
                ("newsuperior", _) => new_superior = Some(self.text(value)?),
                _ => return Err(self.wrong("only newrdn, deleteoldrdn (0 or 1) and newsuperior belong here")),
            }
        }
        match (new_rdn, delete_old_rdn) {
            (Some(new_rdn), Some(delete_old_rdn)) => Ok(Content::Rename { new_rdn, delete_old_rdn, new_superior }),
            _ => Err(self.wrong("a renaming needs newrdn and deleteoldrdn")),
        }
    }

    /// The record must end here.
    fn end(&mut self) -> Result<()> {
        if self.logical_line()? && !self.current.is_empty() {
            return Err(self.wrong("nothing may follow in this record"));
        }
        Ok(())
    }

    /// The line at hand as name and value.
    fn attribute(&self) -> Result<(String, Vec<u8>)> {
        let line = self.current.as_slice();
        let colon = line.iter().position(|octet| *octet == b':');
        let Some((name, rest)) = colon.and_then(|colon| line.split_at_checked(colon)) else {
            return Err(self.wrong("there is no \":\" in the line"));
        };
        let name = std::str::from_utf8(name).ok().filter(|name| !name.is_empty() && !name.contains(' '));
        let name = name.ok_or_else(|| self.wrong("there is no attribute name before the \":\""))?.to_owned();
        let value = match rest {
            [b':', b':', encoded @ ..] => {
                BASE64.decode(encoded.trim_ascii()).map_err(|_| self.wrong("the value after \"::\" is not base64"))?
            }
            [b':', b'<', ..] => return Err(self.wrong("values by URL are not read; write the value itself")),
            [b':', plain @ ..] => plain.trim_ascii_start().to_vec(),
            _ => Vec::new(),
        };
        Ok((name, value))
    }

    fn text(&self, value: Vec<u8>) -> Result<String> {
        String::from_utf8(value).map_err(|_| self.wrong("the value is not UTF-8"))
    }

    /// Takes the next logical line into `current`, without comments and folds; `false` at the end of the stream.
    fn logical_line(&mut self) -> Result<bool> {
        loop {
            self.current.clear();
            if !self.physical_line()? {
                return Ok(false);
            }
            self.current_line = self.line;
            while self.folds_on()? {
                self.physical_line()?;
            }
            if self.current.first() != Some(&b'#') {
                return Ok(true);
            }
        }
    }

    /// Whether the next line continues this one; takes its leading space.
    fn folds_on(&mut self) -> Result<bool> {
        let folds = match self.input.fill_buf() {
            Ok(next) => next.first() == Some(&b' ') && !self.current.is_empty(),
            Err(error) => return Err(self.failed(&error)),
        };
        if folds {
            self.input.consume(1);
            self.octets += 1;
        }
        Ok(folds)
    }

    /// Appends the next line to `current`, without its end.
    fn physical_line(&mut self) -> Result<bool> {
        let before = self.current.len();
        let room = MAX_RECORD.saturating_sub(self.size);
        let taken = io::Read::take(&mut self.input, room as u64 + 1).read_until(b'\n', &mut self.current);
        let taken = taken.map_err(|error| self.failed(&error))?;
        self.line += 1;
        self.size += taken;
        self.octets += taken as u64;
        if taken > room {
            return Err(self.wrong("the record is longer than 32 MiB"));
        }
        if self.current.last() == Some(&b'\n') {
            self.current.pop();
        }
        if self.current.len() > before && self.current.last() == Some(&b'\r') {
            self.current.pop();
        }
        Ok(taken > 0)
    }

    fn wrong(&self, reason: &str) -> LdifError {
        LdifError { line: self.current_line.max(1), reason: reason.to_owned() }
    }

    fn failed(&self, error: &io::Error) -> LdifError {
        LdifError { line: self.line, reason: format!("reading failed: {error}") }
    }
}

impl<R: BufRead> Iterator for Reader<R> {
    type Item = Result<Record>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.failed {
            return None;
        }
        let record = self.record();
        self.failed = record.is_err();
        record.transpose()
    }
}

impl fmt::Display for LdifError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "line {}: {}", self.line, self.reason)
    }
}

impl std::error::Error for LdifError {}

/// Writes one entry and the empty line after it.
pub fn write_entry<'a>(
    out: &mut impl Write,
    dn: &str,
    values: impl IntoIterator<Item = (&'a str, &'a [u8])>,
) -> io::Result<()> {
    write_line(out, "dn", dn.as_bytes())?;
    for (description, value) in values {
        write_line(out, description, value)?;
    }
    out.write_all(b"\n")
}

/// Columns of a line (RFC 2849, note 2).
const WIDTH: usize = 76;

fn write_line(out: &mut impl Write, name: &str, value: &[u8]) -> io::Result<()> {
    let line = if is_safe(value) {
        [name.as_bytes(), b": ", value].concat()
    } else {
        format!("{name}:: {}", BASE64.encode(value)).into_bytes()
    };
    let (first, rest) = line.split_at_checked(WIDTH).unwrap_or((&line, &[]));
    out.write_all(first)?;
    for part in rest.chunks(WIDTH - 1) {
        out.write_all(b"\n ")?;
        out.write_all(part)?;
    }
    out.write_all(b"\n")
}

/// Whether a value may stand as it is: a SAFE-STRING of RFC 2849 that does not end in a space.
fn is_safe(value: &[u8]) -> bool {
    let inside = |octet: &u8| octet.is_ascii() && !matches!(octet, 0 | b'\n' | b'\r');
    !matches!(value.first(), Some(b' ' | b':' | b'<')) && value.last() != Some(&b' ') && value.iter().all(inside)
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing)]
mod tests {
    use super::*;

    fn read(text: &str) -> Vec<Result<Record>> {
        Reader::new(text.as_bytes()).collect()
    }

    fn reason(text: &str) -> String {
        let Some(Err(error)) = read(text).pop() else { panic!("{text} was read") };
        error.to_string()
    }

    #[test]
    fn entries_are_read_with_folds_comments_and_base64() {
        let text = "version: 1\n# a comment\n that goes on\n\ndn: cn=a,\n dc=com\ncn: a\ndescription:: IHNwYWNl\r\nsn:b\n\n\n\
                    dn:: Y249w7w=\ncn: x\nempty:\n";
        let records = read(text);
        let [Ok(first), Ok(second)] = records.as_slice() else { panic!("two records") };
        assert_eq!((first.line, first.dn.as_str()), (5, "cn=a,dc=com"));
        let Content::Entry(attributes) = &first.content else { panic!("an entry") };
        assert_eq!(attributes[1], ("description".into(), b" space".to_vec()));
        assert_eq!(attributes[2], ("sn".into(), b"b".to_vec()));
        assert_eq!(second.dn, "cn=\u{fc}");
        let Content::Entry(attributes) = &second.content else { panic!("an entry") };
        assert_eq!(attributes[1], ("empty".into(), vec![]));
    }

    #[test]
    fn changes_are_read() {
        let text = "dn: cn=a\nchangetype: modify\nadd: mail\nmail: x\nmail: y\n-\ndelete: sn\n-\nreplace: cn\ncn: b\n\n\
                    dn: cn=a\nchangetype: modrdn\nnewrdn: cn=b\ndeleteoldrdn: 1\nnewsuperior: dc=x\n\n\
                    dn: cn=b,dc=x\nchangetype: delete\n\ndn: cn=c\nchangetype: add\ncn: c\n";
        let records: Vec<_> = read(text).into_iter().map(Result::unwrap).collect();
        let Content::Modify(modifications) = &records[0].content else { panic!("modifications") };
        let kinds: Vec<_> = modifications.iter().map(|change| (change.kind, change.values.len())).collect();
        assert_eq!(kinds, [(ModificationKind::Add, 2), (ModificationKind::Delete, 0), (ModificationKind::Replace, 1)]);
        assert!(
            matches!(&records[1].content, Content::Rename { new_rdn, delete_old_rdn: true, new_superior: Some(_) } if new_rdn == "cn=b")
        );
        assert!(matches!(records[2].content, Content::Delete));
        assert!(matches!(&records[3].content, Content::Entry(attributes) if attributes.len() == 1));
    }

    #[test]
    fn what_is_wrong_is_said_with_its_line() {
        assert_eq!(reason("version: 2\n"), "line 1: only version 1 of LDIF is known");
        assert!(reason("dn: cn=a\n\ncn: a").starts_with("line 2"));
        assert!(reason("dn: cn=a\ncn:< file:///etc/passwd\n").contains("URL"));
        assert!(reason("dn: cn=a\ncn:: ***\n").contains("base64"));
        assert!(reason("dn: cn=a\nnonsense\n").starts_with("line 2: there is no"));
        assert!(reason("cn: a\n").contains("begins with"));
        assert!(reason("dn: cn=a\nchangetype: delete\ncn: a\n").starts_with("line 3"));
        assert!(reason(&format!("dn: cn=a\ncn: {}", "x".repeat(MAX_RECORD))).contains("32 MiB"));
        assert_eq!(read("nonsense\n\ndn: cn=a\ncn: a\n").len(), 1, "nothing after an error");
    }

    #[test]
    fn what_is_written_is_read_back() {
        let values: [&[u8]; 7] = [b"plain", b" space", b"end ", b"", b"\xff\x00", b"new\nline", &[b'x'; 300]];
        let mut text = Vec::new();
        write_entry(&mut text, "cn=\u{fc},dc=com", values.iter().map(|value| ("cn", *value))).unwrap();
        assert!(text.split(|octet| *octet == b'\n').all(|line| line.len() <= WIDTH));
        let record = Reader::new(text.as_slice()).next().unwrap().unwrap();
        assert_eq!(record.dn, "cn=\u{fc},dc=com");
        let Content::Entry(attributes) = record.content else { panic!("an entry") };
        assert!(attributes.iter().map(|(_, value)| value.as_slice()).eq(values));
    }
}
