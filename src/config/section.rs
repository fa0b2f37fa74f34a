//! A section of the file: a documented struct from which reading, bounds, unknown-key errors and the sample are all made.

use std::path::{Path, PathBuf};

use super::{
    problem::{Problem, nearest},
    setting::{SecretText, Setting},
    value::{Kind, Member, Value},
};

/// One key of a section, for the sample and for messages.
pub(crate) struct Key {
    /// Its name.
    pub(crate) name: &'static str,
    /// Its documentation, line by line.
    pub(crate) doc: &'static [&'static str],
    /// The value in force, as it stands in the file; `None` if it is not set.
    pub(crate) written: Option<String>,
    /// What would stand there if it were set, for keys without a default.
    pub(crate) example: Option<&'static str>,
    /// Whether the value may come from `<name>_file`.
    pub(crate) secret: bool,
}

/// A section, made by `section!`.
pub(crate) trait Section {
    /// The struct's documentation.
    const ABOUT: &'static [&'static str];
    /// Its keys with the values in force.
    fn keys(&self) -> Vec<Key>;
    /// Sets one key; `None` if there is no such key.
    fn set(&mut self, key: &str, value: &Value) -> Option<Result<(), String>>;
}

/// Declares a section: documented fields with their defaults, bounds (`if condition, "what is allowed"`) and examples.
macro_rules! section {
    (
        $(#[doc = $about:literal])+
        pub struct $Name:ident {
            $(
                $(#[doc = $doc:literal])+
                pub $field:ident: $Type:ty = $default:expr
                $(, if $check:expr, $allowed:literal)?
                $(, example $example:literal)?;
            )+
        }
    ) => {
        $(#[doc = $about])+
        #[derive(Clone, Debug, PartialEq)]
        pub struct $Name {
            $( $(#[doc = $doc])+ pub $field: $Type, )+
        }

        impl Default for $Name {
            fn default() -> Self {
                Self { $( $field: $default, )+ }
            }
        }

        impl $crate::config::section::Section for $Name {
            const ABOUT: &'static [&'static str] = &[$($about),+];

            fn keys(&self) -> Vec<$crate::config::section::Key> {
                use $crate::config::setting::Setting;
                vec![ $( $crate::config::section::Key {
                    name: stringify!($field),
                    doc: &[$($doc),+],
                    written: self.$field.written(),
                    example: None $( .or(Some($example)) )?,
                    secret: <$Type as Setting>::SECRET,
                }, )+ ]
            }

            fn set(&mut self, key: &str, value: &$crate::config::value::Value) -> Option<Result<(), String>> {
                use $crate::config::setting::Setting;
                match key {
                    $( stringify!($field) => Some(<$Type>::read(value).and_then(|found| {
                        $(
                            let within: fn(&$Type) -> bool = $check;
                            if !within(&found) {
                                return Err($allowed.to_owned());
                            }
                        )?
                        self.$field = found;
                        Ok(())
                    })), )+
                    _ => None,
                }
            }
        }
    };
}

pub(crate) use section;

/// Where a section's values come from, and where its problems go.
pub(crate) struct Reading<'a> {
    /// The folder of the configuration file, against which `<secret>_file` is resolved.
    pub(crate) folder: &'a Path,
    /// What is wrong so far.
    pub(crate) problems: Vec<Problem>,
    /// Keys of later features, refused with a sentence of their own.
    pub(crate) later: &'static [&'static str],
    /// Sections within others, by field and name: no keys of the outer section.
    pub(crate) within: &'static [(&'static str, &'static str)],
}

impl Reading<'_> {
    /// Reads one section from its table.
    pub(crate) fn section<S: Section>(&mut self, section: &mut S, name: &str, found: &Value) {
        let Kind::Table(members) = &found.kind else {
            self.refuse(found.line, name, format!("found {}; a section [{name}] is meant", found.described()));
            return;
        };
        for member in members {
            let full = format!("{name}.{}", member.key);
            if !self.within.iter().any(|(_, within)| *within == full) {
                self.member(section, name, member);
            }
        }
    }

    /// Reads one key of a section.
    pub(crate) fn member<S: Section>(&mut self, section: &mut S, name: &str, member: &Member) {
        let full = format!("{name}.{}", member.key);
        match section.set(&member.key, &member.value) {
            Some(Ok(())) => {}
            Some(Err(allowed)) => {
                let secret = section.keys().iter().any(|key| key.name == member.key && key.secret);
                let found = if secret { "something else".to_owned() } else { member.value.described() };
                self.refuse(member.line, &full, format!("found {found}; allowed is {allowed}"));
            }
            None => match self.secret_file(section, &full, member) {
                Some(value) => drop(section.set(member.key.trim_end_matches("_file"), &value)),
                None => self.unknown(&section.keys(), name, member),
            },
        }
    }

    /// The content of the file that a `<secret>_file` key names; `None` if this is no such key (or the file was refused).
    fn secret_file<S: Section>(&mut self, section: &S, full: &str, member: &Member) -> Option<Value> {
        let name = member.key.strip_suffix("_file")?;
        section.keys().iter().find(|key| key.secret && key.name == name)?;
        let refusal = match PathBuf::read(&member.value) {
            Ok(path) => match read_secret(&self.folder.join(&path)) {
                Ok(secret) => return Some(Value { line: member.line, kind: Kind::Text(secret.expose().to_owned()) }),
                Err(error) => format!("the file {} cannot be read: {error}", path.display()),
            },
            Err(allowed) => format!("found {}; allowed is {allowed}", member.value.described()),
        };
        self.refuse(member.line, full, refusal);
        // Refused already: an empty value sets nothing.
        Some(Value { line: member.line, kind: Kind::Other("nothing") })
    }

    fn unknown(&mut self, keys: &[Key], section: &str, member: &Member) {
        let full = format!("{section}.{}", member.key);
        if self.later.contains(&full.as_str()) {
            self.refuse(member.line, &full, "this version does not have that feature yet; take the key out".to_owned());
            return;
        }
        let meant = match nearest(&member.key, keys.iter().map(|key| key.name)) {
            Some(name) => format!("did you mean {name}? "),
            None => String::new(),
        };
        let names: Vec<&str> = keys.iter().map(|key| key.name).collect();
        self.refuse(member.line, &full, format!("no such key; {meant}[{section}] takes {}", names.join(", ")));
    }

    /// Notes a problem.
    pub(crate) fn refuse(&mut self, line: Option<usize>, key: &str, sentence: String) {
        self.problems.push(Problem { line, key: key.to_owned(), sentence });
    }
}

/// The first line of a file that holds a secret.
///
/// # Errors
/// When it cannot be read, is not text or is empty.
pub(crate) fn read_secret(path: &Path) -> std::io::Result<SecretText> {
    let content = zeroize::Zeroizing::new(std::fs::read_to_string(path)?);
    match content.lines().next() {
        Some(line) if !line.is_empty() => Ok(SecretText::new(line.to_owned())),
        _ => Err(std::io::Error::new(std::io::ErrorKind::InvalidData, "its first line is empty")),
    }
}
