//! Authentication IDs and authorization IDs (RFC 4513 section 5.2.1.8): text in `u:` or `dn:` form, the prefix in any case.

use super::{dn::DnKey, schema::Schema};

/// Whom an authentication ID names.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum AuthenticationId<'a> {
    /// `dn:` with nothing behind it: the anonymous identity.
    Anonymous,
    /// `dn:` and the name of an entry: its key.
    Entry(DnKey),
    /// `u:` and what the identity attributes hold; never empty.
    User(&'a str),
}

impl<'a> AuthenticationId<'a> {
    /// What `text` names; `None` if it is in neither form or its DN does not parse, which callers treat as an unknown user.
    pub fn parse(text: &'a str, schema: &Schema) -> Option<Self> {
        let (prefix, name) = text.split_once(':')?;
        if prefix.eq_ignore_ascii_case("u") {
            return (!name.is_empty()).then_some(Self::User(name));
        }
        if !prefix.eq_ignore_ascii_case("dn") {
            return None;
        }
        match DnKey::parse(name, schema).ok()? {
            key if key.is_empty() => Some(Self::Anonymous),
            key => Some(Self::Entry(key)),
        }
    }

    /// The same, where a text without prefix is a DN if it parses as one and a user name otherwise (SASL PLAIN, HTTP Basic).
    pub fn parse_lenient(text: &'a str, schema: &Schema) -> Option<Self> {
        if let Some(id) = Self::parse(text, schema) {
            return Some(id);
        }
        match DnKey::parse(text, schema) {
            Ok(key) if !key.is_empty() => Some(Self::Entry(key)),
            _ => (!text.is_empty()).then_some(Self::User(text)),
        }
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a test may panic")]
mod tests {
    use std::sync::Arc;

    use super::*;

    #[test]
    fn both_forms_are_read_with_their_prefix_in_any_case() {
        let schema = Schema::standard(Arc::default());
        let parse = |text: &'static str| AuthenticationId::parse(text, &schema);
        let key = DnKey::parse("uid=kim,dc=example,dc=com", &schema).unwrap();
        for text in ["dn:uid=kim,dc=example,dc=com", "DN:uid=kim, dc=example, dc=com", "dn:UID=Kim,dc=Example,dc=com"] {
            assert_eq!(parse(text), Some(AuthenticationId::Entry(key.clone())), "{text}");
        }
        assert_eq!(parse("U:kim"), Some(AuthenticationId::User("kim")));
        assert_eq!(parse("dn:"), Some(AuthenticationId::Anonymous));
    }

    #[test]
    fn anything_else_names_nobody() {
        let schema = Schema::standard(Arc::default());
        for text in ["", "kim", "u:", "dn:not a name", "x:kim", "uid=kim,dc=example"] {
            assert_eq!(AuthenticationId::parse(text, &schema), None, "{text}");
        }
    }

    #[test]
    fn leniently_a_bare_text_is_a_dn_or_a_user_name() {
        let schema = Schema::standard(Arc::default());
        let parse = |text: &'static str| AuthenticationId::parse_lenient(text, &schema);
        assert!(matches!(parse("uid=kim,dc=example"), Some(AuthenticationId::Entry(_))));
        assert_eq!(parse("kim"), Some(AuthenticationId::User("kim")));
        assert_eq!(parse(""), None);
    }
}
