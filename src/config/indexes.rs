//! `[directory.indexes]`: which attributes are indexed, and how.

use std::collections::BTreeMap;

use super::{
    setting::{Setting, words},
    value::{Kind, Value},
};

words! {
    /// A kind of index.
    pub enum IndexKind {
        /// Equality, also of DNs and numbers.
        Equality = "eq",
        /// Presence.
        Presence = "pres",
        /// Substrings, by trigrams.
        Substring = "sub",
        /// Order: greater or equal, less or equal.
        Ordering = "ord",
    }
}

/// Attribute names with their kinds of index, at least one each.
#[derive(Clone, Debug, PartialEq)]
pub struct IndexSettings(BTreeMap<String, Vec<IndexKind>>);

impl IndexSettings {
    /// Each attribute name, as written, with its kinds.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &[IndexKind])> {
        self.0.iter().map(|(name, kinds)| (name.as_str(), kinds.as_slice()))
    }
}

/// What applications look for. `eq` alone unless said.
const BUILT_IN: [&str; 17] = [
    "objectClass",
    "entryUUID",
    "uid",
    "cn",
    "sn",
    "givenName",
    "displayName",
    "mail",
    "member",
    "uniqueMember",
    "memberUid",
    "uidNumber",
    "gidNumber",
    "ou",
    "manager",
    "telephoneNumber",
    "ds-auth-yubikey-public-id",
];

/// The built-in ones that are searched by parts too.
const BUILT_IN_SUBSTRING: [&str; 5] = ["cn", "sn", "givenName", "displayName", "mail"];

impl Default for IndexSettings {
    fn default() -> Self {
        let kinds = |name| {
            let substring = BUILT_IN_SUBSTRING.contains(&name).then_some(IndexKind::Substring);
            [IndexKind::Equality].into_iter().chain(substring).collect()
        };
        Self(BUILT_IN.into_iter().map(|name| (name.to_owned(), kinds(name))).collect())
    }
}

impl Setting for IndexSettings {
    fn read(value: &Value) -> Result<Self, String> {
        let Kind::Table(members) = &value.kind else {
            return Err("a section [directory.indexes] with lines such as cn = [\"eq\", \"sub\"]".to_owned());
        };
        let mut indexes = Self::default();
        for member in members {
            let kinds = Vec::<IndexKind>::read(&member.value)
                .map_err(|allowed| format!("for {} {allowed}; not {}", member.key, member.value.described()))?;
            indexes.0.retain(|name, _| !name.eq_ignore_ascii_case(&member.key));
            if !kinds.is_empty() {
                indexes.0.insert(member.key.clone(), kinds);
            }
        }
        Ok(indexes)
    }

    fn written(&self) -> Option<String> {
        let rows: Vec<String> = self
            .iter()
            .map(|(name, kinds)| format!("{name} = {}", kinds.to_vec().written().unwrap_or_default()))
            .collect();
        Some(rows.join("\n"))
    }
}
