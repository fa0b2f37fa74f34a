//! What stands in the configuration file or an environment variable, with the place where it stands. No meaning yet.

use toml::de::{DeTable, DeValue};

use super::problem::Problem;

/// One value and where it was found.
#[derive(Clone, Debug)]
pub(crate) struct Value {
    /// The line in the file, from 1; `None` for an environment variable.
    pub(crate) line: Option<usize>,
    /// What was written.
    pub(crate) kind: Kind,
}

/// What was written.
#[derive(Clone, Debug)]
pub(crate) enum Kind {
    /// A string; the only kind that an environment variable has.
    Text(String),
    /// An integer.
    Integer(i64),
    /// true or false.
    Boolean(bool),
    /// An array, also one of tables.
    List(Vec<Value>),
    /// A table: keys with the line on which each stands.
    Table(Vec<Member>),
    /// What no setting takes: a float, a date.
    Other(&'static str),
}

/// One key of a table.
#[derive(Clone, Debug)]
pub(crate) struct Member {
    /// The key as written.
    pub(crate) key: String,
    /// The line of the key.
    pub(crate) line: Option<usize>,
    /// What it is set to.
    pub(crate) value: Value,
}

impl Value {
    /// The value of an environment variable: a list as in the file where it begins with `[`, text otherwise.
    pub(crate) fn from_environment(text: String) -> Self {
        let list = text.trim_start().starts_with('[').then(|| parse(&format!("value = {text}"))).and_then(Result::ok);
        let mut value = list
            .and_then(|mut members| members.pop())
            .map_or(Self { line: None, kind: Kind::Text(text) }, |member| member.value);
        value.forget_lines();
        value
    }

    /// Whether this came from an environment variable, where everything is text.
    pub(crate) fn is_from_environment(&self) -> bool {
        self.line.is_none()
    }

    /// What was found, for a message; long values are cut.
    pub(crate) fn described(&self) -> String {
        match &self.kind {
            Kind::Text(text) if text.chars().count() > 60 => {
                format!("\"{}...\"", text.chars().take(57).collect::<String>())
            }
            Kind::Text(text) => format!("\"{text}\""),
            Kind::Integer(number) => number.to_string(),
            Kind::Boolean(truth) => truth.to_string(),
            Kind::List(_) => "a list".to_owned(),
            Kind::Table(_) => "a table".to_owned(),
            Kind::Other(what) => (*what).to_owned(),
        }
    }

    fn forget_lines(&mut self) {
        self.line = None;
        if let Kind::List(items) = &mut self.kind {
            items.iter_mut().for_each(Self::forget_lines);
        }
    }
}

/// The tables and keys of a TOML text, in the order in which they stand.
pub(crate) fn parse(text: &str) -> Result<Vec<Member>, Problem> {
    let lines = Lines::of(text);
    match DeTable::parse(text) {
        Ok(table) => Ok(members(table.get_ref(), &lines)),
        Err(error) => Err(Problem {
            line: error.span().map(|span| lines.line(span.start)),
            key: String::new(),
            sentence: format!("this is not TOML: {}", error.message()),
        }),
    }
}

fn members(table: &DeTable<'_>, lines: &Lines) -> Vec<Member> {
    let mut members: Vec<Member> = table
        .iter()
        .map(|(key, value)| {
            let line = Some(lines.line(key.span().start));
            // A table is where its header is, a value where it begins.
            let value = Value { line, kind: kind(value.get_ref(), lines) };
            Member { key: key.get_ref().to_string(), line, value }
        })
        .collect();
    members.sort_by_key(|member| member.line);
    members
}

fn kind(value: &DeValue<'_>, lines: &Lines) -> Kind {
    match value {
        DeValue::String(text) => Kind::Text(text.to_string()),
        DeValue::Integer(number) => i64::from_str_radix(number.as_str(), number.radix())
            .map_or(Kind::Other("a number that is too large"), Kind::Integer),
        DeValue::Boolean(truth) => Kind::Boolean(*truth),
        DeValue::Float(_) => Kind::Other("a number with a fraction"),
        DeValue::Datetime(_) => Kind::Other("a date"),
        DeValue::Array(items) => Kind::List(
            items
                .iter()
                .map(|item| Value { line: Some(lines.line(item.span().start)), kind: kind(item.get_ref(), lines) })
                .collect(),
        ),
        DeValue::Table(table) => Kind::Table(members(table, lines)),
    }
}

/// Where the lines of a text begin.
struct Lines(Vec<usize>);

impl Lines {
    fn of(text: &str) -> Self {
        Self(text.match_indices('\n').map(|(at, _)| at).collect())
    }

    fn line(&self, offset: usize) -> usize {
        self.0.partition_point(|newline| *newline < offset) + 1
    }
}
