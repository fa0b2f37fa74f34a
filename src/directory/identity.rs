//! Authentication IDs: the `u:` and `dn:` forms (RFC 4513 section 5.2.1.8, with the prefixes in any case). Which entry one
//! names is `handlers/subject.rs`.

use super::dn::Dn;

/// Whom an authentication ID or authorization ID names.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum AuthenticationId {
    /// `u:` and a name, to be looked up; may be empty, which names nobody.
    User(String),
    /// `dn:` and a name.
    Dn(Dn),
    /// `dn:` alone.
    Anonymous,
}

impl AuthenticationId {
    /// The identity in `text`; `None` if it has no prefix or its DN does not parse: then it identifies nobody.
    pub fn parse(text: &str) -> Option<Self> {
        let (prefix, name) = text.split_once(':')?;
        if prefix.eq_ignore_ascii_case("u") {
            return Some(Self::User(name.to_owned()));
        }
        if !prefix.eq_ignore_ascii_case("dn") {
            return None;
        }
        if name.trim().is_empty() {
            return Some(Self::Anonymous);
        }
        Dn::parse(name).ok().map(Self::Dn)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_forms_in_any_case() {
        assert_eq!(AuthenticationId::parse("u:kim"), Some(AuthenticationId::User("kim".to_owned())));
        assert_eq!(AuthenticationId::parse("U:a:b"), Some(AuthenticationId::User("a:b".to_owned())));
        assert!(matches!(AuthenticationId::parse("DN:uid=kim,dc=example"), Some(AuthenticationId::Dn(_))));
        assert_eq!(AuthenticationId::parse("dn:"), Some(AuthenticationId::Anonymous));
    }

    #[test]
    fn anything_else_identifies_nobody() {
        for text in ["", "kim", "uid=kim,dc=example", "dn:kim", "x:kim", " u:kim"] {
            assert_eq!(AuthenticationId::parse(text), None, "{text}");
        }
    }
}
