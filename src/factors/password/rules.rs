//! What a new password must be like, as a list of rules: each judges a password, and says itself as a sentence and in the words of
//! the password quality requirements. Former passwords are judged elsewhere: that takes hashes.
//!
//! Characters are counted, not octets; a password that is no text counts each octet as a character.

use std::collections::HashSet;

use regex::{Regex, RegexBuilder};

/// The rules of a configuration, in the order in which they are told.
#[derive(Debug, Default)]
pub struct Rules(Vec<Rule>);

/// One rule.
#[derive(Debug)]
pub enum Rule {
    /// So many characters.
    Length {
        /// At least.
        minimum: usize,
        /// At most; 0: as many as any password may have.
        maximum: usize,
    },
    /// Characters of so many of the four classes: small letters, capitals, digits, others.
    Classes {
        /// At least.
        minimum: usize,
    },
    /// So many characters of one class.
    OfClass {
        /// Which.
        class: Class,
        /// At least.
        minimum: usize,
    },
    /// No character more often than this in a row, whatever its case.
    Repeated {
        /// At most.
        maximum: usize,
    },
    /// So many different characters.
    Unique {
        /// At least.
        minimum: usize,
    },
    /// None of these characters.
    Without {
        /// The characters.
        characters: String,
    },
    /// Matches a pattern.
    Matches(Regex),
    /// Does not match a pattern.
    MatchesNot(Regex),
    /// Is no value of these attributes of the entry, whatever the case, nor one backwards, nor contains a longer one.
    NoAttributeValue {
        /// Their names.
        attributes: Vec<String>,
    },
    /// Is no word of a list, whatever the case, nor one backwards, nor one with digits and signs around it.
    NoWord(Dictionary),
    /// Differs by so many characters from the password that it replaces, where that is known.
    Differs {
        /// At least.
        minimum: usize,
    },
}

/// A class of characters.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Class {
    /// Small letters.
    Lower,
    /// Capitals.
    Upper,
    /// Digits.
    Digit,
    /// Whatever is none of these.
    Symbol,
}

/// Words that are no passwords, in lower case.
#[derive(Default)]
pub struct Dictionary(HashSet<Box<str>>);

/// What is known of the account whose password it is to be.
#[derive(Clone, Copy, Debug, Default)]
pub struct About<'a> {
    /// Values of the attributes that the rules name.
    pub values: &'a [String],
    /// The password that it replaces, where the requester gave it.
    pub current: Option<&'a [u8]>,
}

/// A value that is shorter may stand within a password.
const SHORTEST_WITHIN: usize = 4;
/// What a pattern may take when it is compiled.
const MAX_PATTERN_MEMORY: usize = 1 << 20;

impl Rules {
    /// These rules; those that ask for nothing are left out.
    pub fn new(rules: impl IntoIterator<Item = Rule>) -> Self {
        Self(rules.into_iter().filter(|rule| !rule.asks_nothing()).collect())
    }

    /// Each rule.
    pub fn iter(&self) -> impl Iterator<Item = &Rule> {
        self.0.iter()
    }

    /// The attributes whose values the rules want to know.
    pub fn attributes(&self) -> impl Iterator<Item = &str> {
        self.0.iter().flat_map(|rule| {
            match rule {
                Rule::NoAttributeValue { attributes } => attributes.as_slice(),
                _ => &[],
            }
            .iter()
            .map(String::as_str)
        })
    }

    /// Each rule, and whether `password` keeps it.
    pub fn judge<'r>(&'r self, password: &[u8], about: About<'_>) -> Vec<(&'r Rule, bool)> {
        let characters = characters(password);
        let lower = lower(&characters);
        self.0.iter().map(|rule| (rule, rule.is_kept(&characters, &lower, about))).collect()
    }

    /// The rules that `password` breaks.
    pub fn broken_by<'r>(&'r self, password: &[u8], about: About<'_>) -> Vec<&'r Rule> {
        self.judge(password, about).into_iter().filter(|(_, is_kept)| !is_kept).map(|(rule, _)| rule).collect()
    }
}

impl Rule {
    /// A rule that passwords match this pattern (`wanted`), or that they do not.
    ///
    /// # Errors
    /// What is wrong with the pattern.
    pub fn pattern(pattern: &str, wanted: bool) -> Result<Self, String> {
        let compiled = RegexBuilder::new(pattern).size_limit(MAX_PATTERN_MEMORY).build().map_err(|e| e.to_string())?;
        Ok(if wanted { Self::Matches(compiled) } else { Self::MatchesNot(compiled) })
    }

    /// The rule's kind in the password quality requirements.
    pub const fn kind(&self) -> &'static str {
        match self {
            Self::Length { .. } => "length",
            Self::Classes { .. } | Self::OfClass { .. } => "character-set",
            Self::Repeated { .. } => "repeated-characters",
            Self::Unique { .. } => "unique-characters",
            Self::Without { .. } => "disallowed-characters",
            Self::Matches(_) | Self::MatchesNot(_) => "regular-expression",
            Self::NoAttributeValue { .. } => "attribute-value",
            Self::NoWord(_) => "dictionary",
            Self::Differs { .. } => "similarity",
        }
    }

    /// The rule's numbers and names, for a client that checks it.
    pub fn properties(&self) -> Vec<(&'static str, String)> {
        match self {
            Self::Length { minimum, maximum } => {
                let bounds = [("minimum-length", minimum), ("maximum-length", maximum)];
                bounds.iter().filter(|(_, bound)| **bound > 0).map(|(name, bound)| (*name, bound.to_string())).collect()
            }
            Self::Classes { minimum } => vec![("minimum-required-character-sets", minimum.to_string())],
            Self::OfClass { class, minimum } => {
                vec![("character-set", class.name().to_owned()), ("minimum-required-characters", minimum.to_string())]
            }
            Self::Repeated { maximum } => vec![("maximum-consecutive-repeated-characters", maximum.to_string())],
            Self::Unique { minimum } => vec![("minimum-unique-characters", minimum.to_string())],
            Self::Without { characters } => vec![("disallowed-characters", characters.clone())],
            Self::Matches(pattern) => vec![("match-pattern", pattern.to_string())],
            Self::MatchesNot(pattern) => vec![("match-pattern-not", pattern.to_string())],
            Self::NoAttributeValue { attributes } => vec![("attributes", attributes.join(","))],
            Self::NoWord(_) => Vec::new(),
            Self::Differs { minimum } => vec![("minimum-difference", minimum.to_string())],
        }
    }

    /// The rule as a sentence about what a password must be.
    pub fn sentence(&self) -> String {
        let characters = |count: usize| if count == 1 { "character" } else { "characters" };
        match self {
            Self::Length { minimum, maximum: 0 } => {
                format!("The password must have at least {minimum} {}", characters(*minimum))
            }
            Self::Length { minimum: 0, maximum } => {
                format!("The password must have at most {maximum} {}", characters(*maximum))
            }
            Self::Length { minimum, maximum } => {
                format!("The password must have {minimum} to {maximum} {}", characters(*maximum))
            }
            Self::Classes { minimum } => format!(
                "The password must have characters of at least {minimum} of these: small letters, capitals, digits, others"
            ),
            Self::OfClass { class, minimum } => {
                format!("The password must have at least {minimum} of these: {}", class.name())
            }
            Self::Repeated { maximum } => {
                format!("The password must not have one character more than {maximum} times in a row")
            }
            Self::Unique { minimum } => {
                format!("The password must have at least {minimum} different {}", characters(*minimum))
            }
            Self::Without { characters } => format!("The password must have none of the characters {characters}"),
            Self::Matches(pattern) => format!("The password must match the pattern {pattern}"),
            Self::MatchesNot(pattern) => format!("The password must not match the pattern {pattern}"),
            Self::NoAttributeValue { .. } => {
                "The password must not be made of a name, an address or a number of the user's entry".to_owned()
            }
            Self::NoWord(_) => "The password must not be a word that is easily guessed".to_owned(),
            Self::Differs { minimum } => {
                format!("The password must differ from the present one by at least {minimum} {}", characters(*minimum))
            }
        }
    }

    fn asks_nothing(&self) -> bool {
        match self {
            Self::Length { minimum, maximum } => *minimum == 0 && *maximum == 0,
            Self::Classes { minimum } | Self::OfClass { minimum, .. } => *minimum == 0,
            Self::Unique { minimum } | Self::Differs { minimum } => *minimum == 0,
            Self::Repeated { maximum } => *maximum == 0,
            Self::Without { characters } => characters.is_empty(),
            Self::NoAttributeValue { attributes } => attributes.is_empty(),
            Self::NoWord(words) => words.0.is_empty(),
            Self::Matches(_) | Self::MatchesNot(_) => false,
        }
    }

    fn is_kept(&self, password: &[char], lower: &str, about: About<'_>) -> bool {
        let count = |class: Class| password.iter().filter(|&&character| Class::of(character) == class).count();
        match self {
            Self::Length { minimum, maximum } => {
                password.len() >= *minimum && (*maximum == 0 || password.len() <= *maximum)
            }
            Self::Classes { minimum } => Class::ALL.into_iter().filter(|&class| count(class) > 0).count() >= *minimum,
            Self::OfClass { class, minimum } => count(*class) >= *minimum,
            Self::Repeated { maximum } => longest_run(lower) <= *maximum,
            Self::Unique { minimum } => password.iter().collect::<HashSet<_>>().len() >= *minimum,
            Self::Without { characters } => !password.iter().any(|character| characters.contains(*character)),
            Self::Matches(pattern) => pattern.is_match(&String::from_iter(password)),
            Self::MatchesNot(pattern) => !pattern.is_match(&String::from_iter(password)),
            Self::NoAttributeValue { .. } => !about.values.iter().any(|value| is_made_of(lower, value)),
            Self::NoWord(words) => !words.knows(lower),
            Self::Differs { minimum } => {
                about.current.is_none_or(|current| distance(password, &characters(current)) >= *minimum)
            }
        }
    }
}

impl Class {
    const ALL: [Self; 4] = [Self::Lower, Self::Upper, Self::Digit, Self::Symbol];

    fn of(character: char) -> Self {
        match character {
            _ if character.is_lowercase() => Self::Lower,
            _ if character.is_uppercase() => Self::Upper,
            _ if character.is_numeric() => Self::Digit,
            _ => Self::Symbol,
        }
    }

    const fn name(self) -> &'static str {
        match self {
            Self::Lower => "small letters",
            Self::Upper => "capitals",
            Self::Digit => "digits",
            Self::Symbol => "other characters",
        }
    }
}

impl Dictionary {
    /// The words of a list, one a line.
    pub fn of_lines(text: &str) -> Self {
        let words = text.lines().map(str::trim).filter(|word| !word.is_empty());
        Self(words.map(|word| word.to_lowercase().into_boxed_str()).collect())
    }

    fn knows(&self, lower: &str) -> bool {
        let bare = lower.trim_matches(|character: char| !character.is_alphabetic());
        [lower, bare].into_iter().any(|word| self.0.contains(word) || self.0.contains(reversed(word).as_str()))
    }
}

impl std::fmt::Debug for Dictionary {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Dictionary({} words)", self.0.len())
    }
}

fn characters(password: &[u8]) -> Vec<char> {
    match std::str::from_utf8(password) {
        Ok(text) => text.chars().collect(),
        Err(_) => password.iter().map(|&octet| char::from(octet)).collect(),
    }
}

fn lower(characters: &[char]) -> String {
    characters.iter().flat_map(|character| character.to_lowercase()).collect()
}

fn reversed(text: &str) -> String {
    text.chars().rev().collect()
}

fn is_made_of(lower: &str, value: &str) -> bool {
    let value = value.to_lowercase();
    let turned = reversed(&value);
    let is_long = value.chars().count() >= SHORTEST_WITHIN;
    [&value, &turned].into_iter().any(|value| lower == value || is_long && lower.contains(value.as_str()))
}

fn longest_run(text: &str) -> usize {
    let (mut longest, mut run, mut last) = (0, 0, None);
    for character in text.chars() {
        run = if last == Some(character) { run + 1 } else { 1 };
        (longest, last) = (longest.max(run), Some(character));
    }
    longest
}

/// How many characters must be put in, taken out or replaced to make one text the other (Levenshtein).
fn distance(left: &[char], right: &[char]) -> usize {
    let mut row: Vec<usize> = (0..=right.len()).collect();
    for (at, one) in left.iter().enumerate() {
        let (mut diagonal, mut before) = (at, at + 1);
        for (cell, other) in row.iter_mut().skip(1).zip(right) {
            let replaced = diagonal + usize::from(one != other);
            diagonal = *cell;
            before = replaced.min(*cell + 1).min(before + 1);
            *cell = before;
        }
        if let Some(first) = row.first_mut() {
            *first = at + 1;
        }
    }
    row.last().copied().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use proptest::prelude::*;

    use super::*;

    fn kept(rule: Rule, password: &str) -> bool {
        kept_about(rule, password, About::default())
    }

    fn kept_about(rule: Rule, password: &str, about: About<'_>) -> bool {
        Rules::new([rule]).broken_by(password.as_bytes(), about).is_empty()
    }

    #[test]
    fn lengths_are_counted_in_characters() {
        let rule = || Rule::Length { minimum: 4, maximum: 6 };
        for (password, expected) in [("abc", false), ("abcd", true), ("äöüß", true), ("abcdefg", false), ("", false)]
        {
            assert_eq!(kept(rule(), password), expected, "{password}");
        }
        assert!(Rules::new([rule()]).broken_by(&[0xFF; 5], About::default()).is_empty());
        assert!(kept(Rule::Length { minimum: 1, maximum: 0 }, &"x".repeat(1000)));
    }

    #[test]
    fn classes_are_small_letters_capitals_digits_and_the_rest() {
        let classes = |minimum| Rule::Classes { minimum };
        for (password, has) in [("abc", 1), ("aB", 2), ("aB1", 3), ("aB1 ", 4), ("Äß٣€", 4)] {
            assert!(kept(classes(has), password), "{password}");
            assert!(!kept(classes(has + 1), password), "{password}");
        }
        assert!(kept(Rule::OfClass { class: Class::Digit, minimum: 2 }, "a1b2"));
        assert!(!kept(Rule::OfClass { class: Class::Digit, minimum: 3 }, "a1b2"));
        assert!(!kept(Rule::OfClass { class: Class::Symbol, minimum: 1 }, "a1B2"));
    }

    #[test]
    fn runs_and_different_characters() {
        assert!(kept(Rule::Repeated { maximum: 2 }, "aabbaa"));
        assert!(!kept(Rule::Repeated { maximum: 2 }, "xaAab"));
        assert!(kept(Rule::Unique { minimum: 3 }, "aaabc"));
        assert!(!kept(Rule::Unique { minimum: 4 }, "aaabc"));
        assert!(!kept(Rule::Without { characters: "\"'".to_owned() }, "it's"));
    }

    #[test]
    fn patterns_are_wanted_or_not() {
        assert!(kept(Rule::pattern("[0-9]{2}$", true).unwrap(), "abc12"));
        assert!(!kept(Rule::pattern("[0-9]{2}$", true).unwrap(), "12abc"));
        assert!(!kept(Rule::pattern("(?i)countersign", false).unwrap(), "CounterSign1"));
        assert!(Rule::pattern("(", true).is_err());
        assert!(Rule::pattern("a{1000}{1000}{1000}", true).is_err());
    }

    #[test]
    fn values_of_the_entry_are_no_passwords() {
        let values = ["alice".to_owned(), "Al".to_owned(), "+1 555".to_owned()];
        let about = About { values: &values, current: None };
        let rule = || Rule::NoAttributeValue { attributes: vec!["uid".to_owned()] };
        for (password, expected) in [
            ("Alice", false),
            ("ecila", false),
            ("my-ALICE-1", false),
            ("xxecilaxx", false),
            ("al", false),
            ("metal", true),
            ("bob", true),
        ] {
            assert_eq!(kept_about(rule(), password, about), expected, "{password}");
        }
        assert_eq!(Rules::new([rule()]).attributes().collect::<Vec<_>>(), ["uid"]);
    }

    #[test]
    fn words_are_known_in_any_case_backwards_and_dressed_up() {
        let rule = || Rule::NoWord(Dictionary::of_lines("Password\n\n  dragon \n"));
        for (password, expected) in [
            ("password", false),
            ("DROWSSAP", false),
            ("dragon99!", false),
            ("1dragon1", false),
            ("passwords", true),
            ("dra9on", true),
        ] {
            assert_eq!(kept(rule(), password), expected, "{password}");
        }
    }

    #[test]
    fn a_small_change_is_no_new_password() {
        let about = About { values: &[], current: Some(b"summer-2025") };
        let differs = || Rule::Differs { minimum: 3 };
        for (password, expected) in
            [("summer-2025", false), ("summer-2026", false), ("Summer-26", true), ("winter-2026", true), ("", true)]
        {
            assert_eq!(kept_about(differs(), password, about), expected, "{password}");
        }
        assert!(kept(differs(), "summer-2025"), "what is replaced is not known");
    }

    #[test]
    fn rules_that_ask_nothing_are_none() {
        let rules = Rules::new([
            Rule::Length { minimum: 0, maximum: 0 },
            Rule::Classes { minimum: 0 },
            Rule::Repeated { maximum: 0 },
            Rule::NoWord(Dictionary::default()),
        ]);
        assert_eq!(rules.iter().count(), 0);
    }

    proptest! {
        #[test]
        fn any_octets_are_judged(password in prop::collection::vec(any::<u8>(), 0..100), current: Vec<u8>) {
            let rules = Rules::new([
                Rule::Length { minimum: 3, maximum: 50 },
                Rule::Classes { minimum: 3 },
                Rule::Repeated { maximum: 2 },
                Rule::Unique { minimum: 2 },
                Rule::Differs { minimum: 2 },
                Rule::NoWord(Dictionary::of_lines("abc")),
            ]);
            let broken = rules.broken_by(&password, About { values: &[], current: Some(&current) });
            prop_assert!(broken.iter().all(|rule| !rule.sentence().is_empty() && !rule.kind().is_empty()));
        }

        #[test]
        fn a_distance_is_symmetric_and_none_to_itself(left: String, right: String) {
            let (left, right): (Vec<char>, Vec<char>) = (left.chars().collect(), right.chars().collect());
            prop_assert_eq!(distance(&left, &right), distance(&right, &left));
            prop_assert_eq!(distance(&left, &left), 0);
            prop_assert!(distance(&left, &right) >= left.len().abs_diff(right.len()));
        }
    }
}
