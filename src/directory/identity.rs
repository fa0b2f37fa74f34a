//! Authentication IDs and authorization IDs (RFC 4513 section 5.2.1.8): text in `u:` or `dn:` form, the prefix in any case.

use super::dn::Dn;

/// Whom an authentication ID names.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum AuthenticationId {
    /// `dn:` with nothing behind it: the anonymous identity.
    Anonymous,
    /// `dn:` and the name of an entry.
    Dn(Dn),
    /// `u:` and what the identity attributes hold; never empty.
    User(String),
}

impl AuthenticationId {
    /// What `text` names; `None` if it is in neither form or its DN does not parse, which callers treat as an unknown user.
    pub fn parse(text: &str) -> Option<Self> {
        let (prefix, name) = text.split_once(':')?;
        if prefix.eq_ignore_ascii_case("u") {
            return (!name.is_empty()).then(|| Self::User(name.to_owned()));
        }
        if !prefix.eq_ignore_ascii_case("dn") {
            return None;
        }
        match Dn::parse(name).ok()? {
            dn if dn.rdn().is_none() => Some(Self::Anonymous),
            dn => Some(Self::Dn(dn)),
        }
    }

    /// The same, where a text without prefix is a DN if it parses as one and a user name otherwise (SASL PLAIN, HTTP Basic).
    pub fn parse_lenient(text: &str) -> Option<Self> {
        match (Self::parse(text), Dn::parse(text)) {
            (Some(id), _) => Some(id),
            (None, Ok(dn)) if dn.rdn().is_some() => Some(Self::Dn(dn)),
            (None, _) => (!text.is_empty()).then(|| Self::User(text.to_owned())),
        }
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a test may panic")]
mod tests {
    use super::*;

    #[test]
    fn both_forms_are_read_with_their_prefix_in_any_case() {
        let dn = Dn::parse("uid=kim,dc=example,dc=com").unwrap();
        for text in ["dn:uid=kim,dc=example,dc=com", "DN:uid=kim, dc=example, dc=com"] {
            assert_eq!(AuthenticationId::parse(text), Some(AuthenticationId::Dn(dn.clone())), "{text}");
        }
        assert_eq!(AuthenticationId::parse("U:kim"), Some(AuthenticationId::User("kim".to_owned())));
        assert_eq!(AuthenticationId::parse("dn:"), Some(AuthenticationId::Anonymous));
    }

    #[test]
    fn anything_else_names_nobody() {
        for text in ["", "kim", "u:", "dn:not a name", "x:kim", "uid=kim,dc=example"] {
            assert_eq!(AuthenticationId::parse(text), None, "{text}");
        }
    }

    #[test]
    fn leniently_a_bare_text_is_a_dn_or_a_user_name() {
        assert!(matches!(AuthenticationId::parse_lenient("uid=kim,dc=example"), Some(AuthenticationId::Dn(_))));
        assert_eq!(AuthenticationId::parse_lenient("kim"), Some(AuthenticationId::User("kim".to_owned())));
        assert_eq!(AuthenticationId::parse_lenient(""), None);
    }
}
