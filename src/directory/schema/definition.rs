//! The text of schema definitions (RFC 4512 section 4.1), taken apart: an OID, then keywords with their values.

/// One definition in parentheses.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Definition {
    /// The numeric OID.
    pub oid: String,
    fields: Vec<(String, Vec<String>)>,
}

/// What is wrong with a schema file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DefinitionError {
    /// Where the definition begins, counted from 1; 0 if it came from no file.
    pub line: usize,
    /// A sentence.
    pub reason: String,
}

impl std::fmt::Display for DefinitionError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "line {}: {}", self.line, self.reason)
    }
}

impl std::error::Error for DefinitionError {}

impl Definition {
    /// Takes one definition apart.
    ///
    /// # Errors
    /// What is wrong with it; the line is 0.
    pub fn parse(text: &str) -> Result<Self, DefinitionError> {
        let wrong = |reason: &str| DefinitionError { line: 0, reason: reason.to_owned() };
        let mut tokens =
            tokens(text).ok_or_else(|| wrong("a quoted string has no closing quote"))?.into_iter().peekable();
        if tokens.next() != Some(Token::Open) {
            return Err(wrong("a definition stands in parentheses"));
        }
        let Some(Token::Word(oid)) = tokens.next() else { return Err(wrong("a definition begins with its OID")) };
        let mut fields = Vec::new();
        loop {
            let keyword = match tokens.next() {
                Some(Token::Word(keyword)) => keyword.to_ascii_uppercase(),
                Some(Token::Close) => break,
                _ => return Err(wrong("a keyword or the closing parenthesis is missing")),
            };
            let mut values = Vec::new();
            if !FLAGS.contains(&keyword.as_str()) {
                match tokens.next() {
                    Some(Token::Word(value) | Token::Quoted(value)) => values.push(value),
                    Some(Token::Open) => loop {
                        match tokens.next() {
                            Some(Token::Word(value) | Token::Quoted(value)) => values.push(value),
                            Some(Token::Dollar) => {}
                            Some(Token::Close) => break,
                            _ => return Err(wrong("a list has no closing parenthesis")),
                        }
                    },
                    _ => return Err(wrong("a keyword has no value")),
                }
            }
            fields.push((keyword, values));
        }
        if tokens.next().is_some() {
            return Err(wrong("something follows the closing parenthesis"));
        }
        Ok(Self { oid, fields })
    }

    /// All values of a keyword; none if it is absent.
    pub fn values(&self, keyword: &str) -> &[String] {
        self.fields.iter().find(|(name, _)| name == keyword).map_or(&[], |(_, values)| values)
    }

    /// The first value of a keyword.
    pub fn value(&self, keyword: &str) -> Option<&str> {
        self.values(keyword).first().map(String::as_str)
    }

    /// Whether a keyword is there.
    pub fn has(&self, keyword: &str) -> bool {
        self.fields.iter().any(|(name, _)| name == keyword)
    }
}

/// The definitions of a schema file, each with its line and its kind (`attributeTypes`, `objectClasses`): comments begin with
/// `#`, lines that begin with a space continue the one before.
pub fn records(text: &str) -> impl Iterator<Item = (usize, &str, String)> {
    let mut lines = text.lines().enumerate().peekable();
    std::iter::from_fn(move || {
        loop {
            let (index, line) = lines.next()?;
            let Some((kind, first)) = line.split_once(':').filter(|_| !line.starts_with(['#', ' '])) else { continue };
            let mut definition = first.trim().to_owned();
            while let Some((_, more)) = lines.next_if(|(_, line)| line.starts_with(' ')) {
                definition.push(' ');
                definition.push_str(more.trim());
            }
            return Some((index + 1, kind, definition));
        }
    })
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum Token {
    Open,
    Close,
    Dollar,
    Word(String),
    Quoted(String),
}

fn tokens(text: &str) -> Option<Vec<Token>> {
    let mut tokens = Vec::new();
    let mut rest = text.trim_start();
    while let Some(first) = rest.chars().next() {
        let token = match first {
            '(' => Token::Open,
            ')' => Token::Close,
            '$' => Token::Dollar,
            '\'' => {
                let (quoted, after) = rest.get(1..)?.split_once('\'')?;
                tokens.push(Token::Quoted(quoted.to_owned()));
                rest = after.trim_start();
                continue;
            }
            _ => {
                let end = rest.find(|c: char| c.is_whitespace() || "()$'".contains(c)).unwrap_or(rest.len());
                let (word, after) = rest.split_at_checked(end)?;
                tokens.push(Token::Word(word.to_owned()));
                rest = after.trim_start();
                continue;
            }
        };
        tokens.push(token);
        rest = rest.get(1..)?.trim_start();
    }
    Some(tokens)
}

/// Keywords that take no value.
const FLAGS: [&str; 7] =
    ["OBSOLETE", "SINGLE-VALUE", "COLLECTIVE", "NO-USER-MODIFICATION", "ABSTRACT", "STRUCTURAL", "AUXILIARY"];

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;

    #[test]
    fn a_definition_is_taken_apart() {
        let text =
            "( 2.5.4.3 NAME ( 'cn' 'commonName' ) DESC 'a (b)' SUP name SYNTAX 1.2{64} SINGLE-VALUE X-ORIGIN 'us' )";
        let definition = Definition::parse(text).unwrap();
        assert_eq!(definition.oid, "2.5.4.3");
        assert_eq!(definition.values("NAME"), ["cn", "commonName"]);
        assert_eq!(definition.value("DESC"), Some("a (b)"));
        assert!(definition.has("SINGLE-VALUE") && !definition.has("OBSOLETE"));
        assert_eq!(Definition::parse("(1.2 MUST(a$b $ c))").unwrap().values("MUST"), ["a", "b", "c"]);
    }

    #[test]
    fn malformed_definitions_are_refused() {
        for text in ["", "2.5.4.3", "( )", "( 1.2 NAME )", "( 1.2 NAME 'a )", "( 1.2", "( 1.2 ) x", "( 1.2 MAY ( a $"] {
            assert!(Definition::parse(text).is_err(), "{text}");
        }
    }

    #[test]
    fn records_continue_over_lines() {
        let records: Vec<_> = records("# x\n\nattributeTypes: ( 1.2\n  NAME 'a' )\nobjectClasses: ( 1.3 )\n").collect();
        assert_eq!(records.first(), Some(&(3, "attributeTypes", "( 1.2 NAME 'a' )".to_owned())));
        assert_eq!(records.len(), 2);
    }
}
