//! An entry as JSON (rest-api.md section 4): cardinality and types come from the schema, never from how many values there are.
//! Which attributes are shown has been decided before.

use base64::{Engine, engine::general_purpose::STANDARD as BASE64};
use serde::{Serialize, Serializer, ser::SerializeMap};
use serde_json::value::RawValue;

use super::path;
use crate::directory::schema::{Normalized, time::normalize_time};

/// How the values of an attribute are written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Form {
    /// A string; base64 if the octets are no UTF-8.
    Text,
    /// A string that names an entry, which `_links` then leads to.
    Name,
    /// `true` or `false`.
    Boolean,
    /// A number without a fraction, of any size.
    Integer,
    /// RFC 3339 in UTC with milliseconds.
    Time,
    /// A JSON object, as stored.
    Object,
    /// Base64 with padding (RFC 4648 section 4).
    Octets,
}

impl Form {
    /// The form of a syntax, by its OID.
    pub fn of_syntax(oid: &str) -> Self {
        // Everything but the last is below RFC 4517's arc.
        match oid.strip_prefix("1.3.6.1.4.1.1466.115.121.1.") {
            Some("7") => Self::Boolean,
            Some("27") => Self::Integer,
            Some("24") => Self::Time,
            Some("12") => Self::Name,
            // Audio, Binary, Certificate, Certificate List and Pair, Fax, JPEG, Octet String, Supported Algorithm.
            Some("4" | "5" | "8" | "9" | "10" | "23" | "28" | "40" | "49") => Self::Octets,
            _ if oid == "1.3.6.1.4.1.30221.2.3.4" => Self::Object,
            _ => Self::Text,
        }
    }
}

/// An entry on its way out.
#[derive(Debug)]
pub struct EntryJson {
    dn: String,
    attributes: Vec<(String, Values)>,
    names: Vec<(String, Vec<String>)>,
    embedded: Vec<(String, Vec<Self>)>,
    links: Option<Links>,
}

/// Where links lead: the server as this client reaches it, and the class whose schema describes the entry.
#[derive(Debug)]
struct Links {
    origin: String,
    structural_class: Option<String>,
}

#[derive(Debug, Serialize)]
#[serde(untagged)]
enum Values {
    One(Scalar),
    Many(Vec<Scalar>),
}

#[derive(Debug, Serialize)]
#[serde(untagged)]
enum Scalar {
    Text(String),
    Boolean(bool),
    /// A number or an object in its own spelling.
    Raw(Box<RawValue>),
}

impl EntryJson {
    /// An entry of this name (in its stored spelling) without attributes and links.
    pub fn new(dn: impl Into<String>) -> Self {
        Self { dn: dn.into(), attributes: Vec::new(), names: Vec::new(), embedded: Vec::new(), links: None }
    }

    /// Adds an attribute. `single`: whether the schema says SINGLE-VALUE.
    pub fn add<'v>(
        &mut self,
        description: &str,
        form: Form,
        single: bool,
        values: impl Iterator<Item = &'v [u8]> + Clone,
    ) {
        if form == Form::Name {
            let names: Vec<String> = values.clone().filter_map(|v| String::from_utf8(v.to_vec()).ok()).collect();
            self.names.push((description.to_owned(), names));
        }
        let mut scalars: Vec<Scalar> = values.map(|value| Scalar::of(form, value)).collect();
        let values = match (single, scalars.pop()) {
            (_, None) => return,
            (true, Some(only)) if scalars.is_empty() => Values::One(only),
            (_, Some(last)) => {
                scalars.push(last);
                Values::Many(scalars)
            }
        };
        self.attributes.push((description.to_owned(), values));
    }

    /// The names of entries that the attribute of this description holds; none where it holds no names.
    pub fn names(&self, description: &str) -> &[String] {
        let found = self.names.iter().find(|(name, _)| name == description);
        found.map_or(&[], |(_, names)| names.as_slice())
    }

    /// Adds entries that the attribute of this description names, under `_embedded`.
    pub fn embed(&mut self, description: &str, entries: Vec<Self>) {
        self.embedded.push((description.to_owned(), entries));
    }

    /// Adds `_links`. `origin`: scheme and authority by which the client reached the server, such as `https://ds.example.com`.
    #[must_use]
    pub fn linked(mut self, origin: impl Into<String>, structural_class: Option<String>) -> Self {
        self.links = Some(Links { origin: origin.into(), structural_class });
        self
    }
}

impl Serialize for EntryJson {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(None)?;
        map.serialize_entry("_dn", &self.dn)?;
        for (description, values) in &self.attributes {
            map.serialize_entry(description, values)?;
        }
        if let Some(links) = &self.links {
            map.serialize_entry("_links", &LinksOf { entry: self, links })?;
        }
        if !self.embedded.is_empty() {
            map.serialize_entry("_embedded", &Embedded(&self.embedded))?;
        }
        map.end()
    }
}

/// The `_embedded` member.
struct Embedded<'a>(&'a [(String, Vec<EntryJson>)]);

impl Serialize for Embedded<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(Some(self.0.len()))?;
        for (description, entries) in self.0 {
            match entries.as_slice() {
                [entry] => map.serialize_entry(description, entry)?,
                entries => map.serialize_entry(description, entries)?,
            }
        }
        map.end()
    }
}

/// The `_links` member.
struct LinksOf<'a> {
    entry: &'a EntryJson,
    links: &'a Links,
}

#[derive(Serialize)]
struct Href {
    href: String,
}

impl Serialize for LinksOf<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let origin = &self.links.origin;
        let to_entry = |dn: &str| Href { href: format!("{origin}{}/{}", path::BASE, path::segment(dn)) };
        let mut map = serializer.serialize_map(None)?;
        if let Some(class) = &self.links.structural_class {
            map.serialize_entry("schemas", &[Href { href: format!("{origin}{}/schemas/{class}", path::BASE) }])?;
        }
        map.serialize_entry("self", &to_entry(&self.entry.dn))?;
        for (description, names) in &self.entry.names {
            match names.as_slice() {
                [] => {}
                [name] => map.serialize_entry(description, &to_entry(name))?,
                names => map.serialize_entry(description, &names.iter().map(|dn| to_entry(dn)).collect::<Vec<_>>())?,
            }
        }
        map.end()
    }
}

impl Scalar {
    /// One value; what does not fit its form is written as text, or as base64 where it is no text.
    fn of(form: Form, value: &[u8]) -> Self {
        let Ok(text) = std::str::from_utf8(value) else { return Self::Text(BASE64.encode(value)) };
        let typed = match form {
            Form::Text | Form::Name => None,
            Form::Boolean => boolean(text).map(Self::Boolean),
            Form::Integer => integer(text).map(Self::Raw),
            Form::Time => rfc3339(text).map(Self::Text),
            Form::Object => object(text).map(Self::Raw),
            Form::Octets => Some(Self::Text(BASE64.encode(value))),
        };
        typed.unwrap_or_else(|| Self::Text(text.to_owned()))
    }
}

fn boolean(text: &str) -> Option<bool> {
    match text {
        _ if text.eq_ignore_ascii_case("TRUE") => Some(true),
        _ if text.eq_ignore_ascii_case("FALSE") => Some(false),
        _ => None,
    }
}

/// A number literal of any length; RFC 4517 section 3.3.16 and JSON agree on its spelling.
fn integer(text: &str) -> Option<Box<RawValue>> {
    let digits = text.strip_prefix('-').unwrap_or(text);
    let number = !digits.is_empty() && digits.bytes().all(|b| b.is_ascii_digit());
    if number { RawValue::from_string(text.to_owned()).ok() } else { None }
}

fn object(text: &str) -> Option<Box<RawValue>> {
    let text = text.trim();
    if text.starts_with('{') { RawValue::from_string(text.to_owned()).ok() } else { None }
}

/// A generalized time (RFC 4517 section 3.3.13) as RFC 3339 in UTC with three digits of fraction, from its normalized form
/// `YYYYMMDDHHMMSS[.f]`.
fn rfc3339(text: &str) -> Option<String> {
    let mut normalized = Normalized::new();
    if !normalize_time(text.as_bytes(), &mut normalized) {
        return None;
    }
    let text = std::str::from_utf8(&normalized).ok()?;
    let (clock, fraction) = text.split_once('.').unwrap_or((text, ""));
    let field = |from: usize, to: usize| clock.get(from..to);
    let (year, month, day) = (field(0, 4)?, field(4, 6)?, field(6, 8)?);
    let (hour, minute, second) = (field(8, 10)?, field(10, 12)?, field(12, 14)?);
    Some(format!("{year}-{month}-{day}T{hour}:{minute}:{second}.{:0<3.3}Z", fraction))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "tests")]
    use super::*;

    fn one(form: Form, value: &[u8]) -> String {
        serde_json::to_string(&Scalar::of(form, value)).unwrap()
    }

    #[test]
    fn values_have_the_type_of_their_syntax() {
        let table: [(&str, &[u8], &str); 16] = [
            ("1.3.6.1.4.1.1466.115.121.1.15", b"Jane \"J\" Roe", r#""Jane \"J\" Roe""#),
            ("1.3.6.1.4.1.1466.115.121.1.15", b"\xff\xfe", "\"//4=\""),
            ("1.3.6.1.4.1.1466.115.121.1.36", b"0042", "\"0042\""),
            ("1.3.6.1.4.1.1466.115.121.1.7", b"TRUE", "true"),
            ("1.3.6.1.4.1.1466.115.121.1.7", b"FALSE", "false"),
            ("1.3.6.1.4.1.1466.115.121.1.7", b"maybe", "\"maybe\""),
            ("1.3.6.1.4.1.1466.115.121.1.27", b"-12", "-12"),
            ("1.3.6.1.4.1.1466.115.121.1.27", b"123456789012345678901234567890", "123456789012345678901234567890"),
            ("1.3.6.1.4.1.1466.115.121.1.27", b"007", "\"007\""),
            ("1.3.6.1.4.1.1466.115.121.1.24", b"20180501150449.866Z", "\"2018-05-01T15:04:49.866Z\""),
            ("1.3.6.1.4.1.1466.115.121.1.24", b"soon", "\"soon\""),
            ("1.3.6.1.4.1.1466.115.121.1.40", b"abc", "\"YWJj\""),
            ("1.3.6.1.4.1.1466.115.121.1.28", b"a", "\"YQ==\""),
            ("1.3.6.1.4.1.1466.115.121.1.12", b"cn=a", "\"cn=a\""),
            ("1.3.6.1.4.1.30221.2.3.4", br#" {"type": "work", "n": 1.50} "#, r#"{"type": "work", "n": 1.50}"#),
            ("1.3.6.1.4.1.30221.2.3.4", b"{nonsense", "\"{nonsense\""),
        ];
        for (syntax, value, expected) in table {
            assert_eq!(one(Form::of_syntax(syntax), value), expected, "{syntax}");
        }
    }

    #[test]
    fn times_are_read_in_all_their_spellings() {
        let table = [
            ("2026112213Z", Some("2026-11-22T13:00:00.000Z")),
            ("202611221305Z", Some("2026-11-22T13:05:00.000Z")),
            ("20261122130501Z", Some("2026-11-22T13:05:01.000Z")),
            ("20261122130501,5Z", Some("2026-11-22T13:05:01.500Z")),
            ("2026112213.5Z", Some("2026-11-22T13:30:00.000Z")),
            ("20261122130501.123456789Z", Some("2026-11-22T13:05:01.123Z")),
            ("20261122130501+0130", Some("2026-11-22T11:35:01.000Z")),
            ("20261231230501-05", Some("2027-01-01T04:05:01.000Z")),
            ("20261322130501Z", None),
            ("20260230130501Z", None),
            ("202611221305011Z", None),
            ("20261122130501", None),
            ("20261122130501Zx", None),
            ("", None),
            ("Z", None),
        ];
        for (text, expected) in table {
            assert_eq!(rfc3339(text).as_deref(), expected, "{text}");
        }
    }

    #[test]
    fn cardinality_comes_from_the_schema() {
        let mut entry = EntryJson::new("uid=janeroe,dc=example,dc=com");
        entry.add("uid", Form::Text, false, [b"janeroe".as_slice()].into_iter());
        entry.add("displayName", Form::Text, true, [b"Jane".as_slice()].into_iter());
        entry.add("manager", Form::Name, false, [b"cn=Boss Lady".as_slice()].into_iter());
        entry.add("cn;x-empty", Form::Text, false, std::iter::empty());
        let bare = r#"{"_dn":"uid=janeroe,dc=example,dc=com","uid":["janeroe"],"displayName":"Jane","manager":["cn=Boss Lady"]}"#;
        assert_eq!(serde_json::to_string(&entry).unwrap(), bare);
        let linked = entry.linked("https://h", Some("inetOrgPerson".to_owned()));
        let json: serde_json::Value = serde_json::to_value(&linked).unwrap();
        let expected = serde_json::json!({
            "schemas": [{"href": "https://h/directory/v1/schemas/inetOrgPerson"}],
            "self": {"href": "https://h/directory/v1/uid=janeroe,dc=example,dc=com"},
            "manager": {"href": "https://h/directory/v1/cn=Boss%20Lady"},
        });
        assert_eq!(json["_links"], expected);
    }
}
