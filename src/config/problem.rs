//! What is wrong with a configuration: every problem at once, each with its place, what was found and what is allowed.

use std::{fmt, path::PathBuf};

/// All that is wrong with one configuration.
#[derive(Debug)]
pub struct ConfigError {
    /// The file that was read.
    pub file: PathBuf,
    /// At least one, in the order of the file.
    pub problems: Vec<Problem>,
}

/// One thing that is wrong.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Problem {
    /// The line in the file, from 1; `None` where no line is to blame (something missing, an environment variable).
    pub line: Option<usize>,
    /// `section.key`, or the environment variable's name; empty where the whole file is meant.
    pub key: String,
    /// What was found and what is allowed.
    pub sentence: String,
}

impl fmt::Display for ConfigError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, problem) in self.problems.iter().enumerate() {
            if index > 0 {
                f.write_str("\n")?;
            }
            write!(f, "{}", self.file.display())?;
            if let Some(line) = problem.line {
                write!(f, ":{line}")?;
            }
            if !problem.key.is_empty() {
                write!(f, ": {}", problem.key)?;
            }
            write!(f, ": {}", problem.sentence)?;
        }
        Ok(())
    }
}

impl std::error::Error for ConfigError {}

/// The known name nearest to an unknown one, if it is near enough to be what was meant.
pub(crate) fn nearest<'a>(unknown: &str, known: impl Iterator<Item = &'a str>) -> Option<&'a str> {
    known
        .map(|name| (distance(unknown, name), name))
        .filter(|(distance, name)| *distance <= 1 + name.len() / 3)
        .min_by_key(|(distance, _)| *distance)
        .map(|(_, name)| name)
}

/// How many letters must be changed, added or taken away to make one word the other.
fn distance(one: &str, other: &str) -> usize {
    let mut row: Vec<usize> = (0..=other.len()).collect();
    for (above, letter) in one.bytes().enumerate() {
        let mut diagonal = above;
        let mut left = above + 1;
        for (cell, against) in row.iter_mut().zip(std::iter::once(None).chain(other.bytes().map(Some))) {
            let up = *cell;
            left = match against {
                None => above + 1,
                Some(against) => (diagonal + usize::from(letter != against)).min(up + 1).min(left + 1),
            };
            diagonal = up;
            *cell = left;
        }
    }
    row.last().copied().unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_nearest_name_is_found_and_a_far_one_is_not() {
        let known = ["search_size", "search_time", "lookthrough"];
        assert_eq!(nearest("serch_size", known.into_iter()), Some("search_size"));
        assert_eq!(nearest("look_through", known.into_iter()), Some("lookthrough"));
        assert_eq!(nearest("colour", known.into_iter()), None);
        assert_eq!(distance("kitten", "sitting"), 3);
        assert_eq!(distance("", "abc"), 3);
        assert_eq!(distance("abc", ""), 3);
    }
}
