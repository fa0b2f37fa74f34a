//! Which attributes a client wants to see (rest-api.md section 4, "Selecting attributes"). What it may see is `access.rs`'s to say.

use crate::directory::entry::Class;

/// All user attributes, in either list.
const USER: &str = "*";
/// All operational attributes, in the lists of a query.
const OPERATIONAL: &str = "_operationalAttributes";
/// All operational attributes, in the list of `authenticate`.
const PLUS: &str = "+";

/// What to show of an entry; the default is every user attribute and no operational one.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Selection {
    /// `None`: nothing was said, which means all user attributes.
    include: Option<List>,
    exclude: List,
}

/// One list of names and aliases.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
struct List {
    user: bool,
    operational: bool,
    names: Vec<String>,
}

impl Selection {
    /// The selection of the query parameters `includeAttributes` and `excludeAttributes`, each a list with commas.
    ///
    /// # Errors
    /// A sentence, if one attribute stands in both lists.
    pub fn of_query(include: Option<&str>, exclude: Option<&str>) -> Result<Self, String> {
        let include = include.map(|names| List::of(names.split(','), OPERATIONAL));
        let exclude = exclude.map(|names| List::of(names.split(','), OPERATIONAL)).unwrap_or_default();
        let both = include.iter().flat_map(|list| &list.names).find(|name| exclude.names.contains(name));
        match both {
            Some(_) => Err("An attribute stands in both includeAttributes and excludeAttributes".to_owned()),
            None => Ok(Self { include, exclude }),
        }
    }

    /// The selection of `returnUserAttributes`, whose alias for operational attributes is `+`; `None` if it asks for nothing.
    pub fn of_names<'n>(names: impl Iterator<Item = &'n str>) -> Option<Self> {
        let list = List::of(names, PLUS);
        (list != List::default()).then(|| Self { include: Some(list), exclude: List::default() })
    }

    /// The selection as LDAP asks for it (RFC 4511 section 4.5.1.8); what is excluded is left out afterwards, by `shows`.
    pub fn requested(&self) -> Vec<&str> {
        let Some(list) = &self.include else { return vec!["*"] };
        let aliases = list.user.then_some("*").into_iter().chain(list.operational.then_some("+"));
        let wanted: Vec<&str> = aliases.chain(list.names.iter().map(String::as_str)).collect();
        // An empty list would ask for everything; 1.1 asks for nothing.
        if wanted.is_empty() { vec!["1.1"] } else { wanted }
    }

    /// Whether to show the attribute of this description. A name without options stands for all its options, a name with
    /// options for itself alone. Where an alias and a name meet, exclusion wins.
    pub fn shows(&self, description: &str, class: Class) -> bool {
        let included = match &self.include {
            Some(list) => list.covers(description, class),
            None => class == Class::User,
        };
        included && class != Class::Secret && !self.exclude.covers(description, class)
    }
}

impl List {
    fn of<'n>(names: impl Iterator<Item = &'n str>, operational: &str) -> Self {
        let mut list = Self::default();
        for name in names.map(str::trim).filter(|name| !name.is_empty()) {
            match name {
                USER => list.user = true,
                name if name == operational => list.operational = true,
                name => list.names.push(name.to_owned()),
            }
        }
        list
    }

    fn covers(&self, description: &str, class: Class) -> bool {
        let by_alias = match class {
            Class::User => self.user,
            Class::Operational => self.operational,
            Class::Secret => false,
        };
        by_alias || self.names.iter().any(|name| name == description || Some(name.as_str()) == untagged(description))
    }
}

/// The attribute type of a description with options; `None` where it has none.
fn untagged(description: &str) -> Option<&str> {
    description.split_once(';').map(|(name, _)| name)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]
    use super::*;

    const ENTRY: [(&str, Class); 6] = [
        ("cn", Class::User),
        ("cn;lang-en", Class::User),
        ("sn", Class::User),
        ("createTimestamp", Class::Operational),
        ("entryUUID", Class::Operational),
        ("userPassword", Class::Secret),
    ];

    fn shown(selection: &Selection) -> Vec<&'static str> {
        ENTRY.iter().filter(|(name, class)| selection.shows(name, *class)).map(|(name, _)| *name).collect()
    }

    #[test]
    fn lists_and_aliases_select() {
        let table: [(Option<&str>, Option<&str>, &[&str]); 11] = [
            (None, None, &["cn", "cn;lang-en", "sn"]),
            (Some("*"), Some("sn"), &["cn", "cn;lang-en"]),
            (Some("sn"), Some("*"), &[]),
            (None, Some("*"), &[]),
            (None, Some("cn"), &["sn"]),
            (None, Some("cn;lang-en"), &["cn", "sn"]),
            (Some("cn;lang-en"), None, &["cn;lang-en"]),
            (Some("sn, entryUUID"), None, &["sn", "entryUUID"]),
            (Some("_operationalAttributes"), None, &["createTimestamp", "entryUUID"]),
            (Some("*,_operationalAttributes"), Some("sn,entryUUID"), &["cn", "cn;lang-en", "createTimestamp"]),
            (Some("userPassword,CN,+"), None, &[]),
        ];
        for (include, exclude, expected) in table {
            let selection = Selection::of_query(include, exclude).unwrap();
            assert_eq!(shown(&selection), expected, "{include:?} {exclude:?}");
        }
    }

    #[test]
    fn a_name_in_both_lists_is_refused() {
        assert!(Selection::of_query(Some("cn,sn"), Some("sn")).is_err());
    }

    #[test]
    fn authenticate_has_its_own_alias() {
        assert_eq!(Selection::of_names([].into_iter()), None);
        let selection = Selection::of_names(["+", "sn"].into_iter()).unwrap();
        assert_eq!(shown(&selection), ["sn", "createTimestamp", "entryUUID"]);
        assert_eq!(selection.requested(), ["+", "sn"]);
    }
}
