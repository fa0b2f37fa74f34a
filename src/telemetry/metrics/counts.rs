//! Counts by labels that come up as they come: a lock and a lookup each, for what is slow anyway. What is hot is `operations`.

use std::{
    collections::BTreeMap,
    sync::{Mutex, PoisonError},
};

use super::page::Page;

/// One number for each combination of labels that came up.
#[derive(Debug)]
pub struct Counts<const LABELS: usize> {
    names: [&'static str; LABELS],
    counts: Mutex<BTreeMap<[Label; LABELS], u64>>,
}

/// The value of a label.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Label {
    /// One of the program's own words.
    Word(&'static str),
    /// A code or a status.
    Number(i64),
    /// A name from the configuration.
    Name(String),
}

impl<const LABELS: usize> Counts<LABELS> {
    /// None yet, of things with these labels.
    pub const fn of(names: [&'static str; LABELS]) -> Self {
        Self { names, counts: Mutex::new(BTreeMap::new()) }
    }

    /// One more. There must be few combinations: each is kept for as long as the server runs.
    pub fn add(&self, labels: [Label; LABELS]) {
        *self.counts.lock().unwrap_or_else(PoisonError::into_inner).entry(labels).or_default() += 1;
    }

    /// The whole family.
    pub fn write(&self, page: &mut Page, name: &str, help: &str) {
        page.family(name, "counter", help);
        let counts = self.counts.lock().unwrap_or_else(PoisonError::into_inner).clone();
        for (labels, count) in counts {
            let texts = labels.map(Label::into_text);
            let pairs: Vec<(&str, &str)> = self.names.into_iter().zip(texts.iter().map(String::as_str)).collect();
            page.sample(name, &pairs, count);
        }
    }
}

impl Label {
    fn into_text(self) -> String {
        match self {
            Self::Word(word) => word.to_owned(),
            Self::Number(number) => number.to_string(),
            Self::Name(name) => name,
        }
    }
}

impl From<&'static str> for Label {
    fn from(word: &'static str) -> Self {
        Self::Word(word)
    }
}

impl From<i64> for Label {
    fn from(number: i64) -> Self {
        Self::Number(number)
    }
}

impl From<String> for Label {
    fn from(name: String) -> Self {
        Self::Name(name)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_combination_has_a_count_of_its_own() {
        let counts = Counts::of(["mechanism", "result"]);
        for result in [0, 49, 49] {
            counts.add(["simple".into(), result.into()]);
        }
        let mut page = Page::default();
        counts.write(&mut page, "binds_total", "Binds.");
        assert_eq!(
            page.into_text(),
            "# HELP binds_total Binds.\n# TYPE binds_total counter\n\
             binds_total{mechanism=\"simple\",result=\"0\"} 1\nbinds_total{mechanism=\"simple\",result=\"49\"} 2\n"
        );
    }
}
