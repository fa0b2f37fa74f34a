//! Who may see and do what: the rules of the configuration, compiled against the schema. What a privilege grants stands in
//! `caller.rs`; what an operation does with a refusal is the handler's.
//!
//! For each attribute the first rule decides that fits the entry, the caller and the attribute; what no rule fits is refused.
//! The server's own tree (`directory::device_tree`) is nobody's but those who bypass the rules.
//! Rights to a whole entry (add, delete, rename, proxy) are decided by the first fitting rule that is about all user attributes.

mod default_rules;
mod rule;

use std::fmt;

use smallvec::SmallVec;

use self::{
    default_rules::default_rules,
    rule::{Rule, Who},
};
use crate::{
    caller::Caller,
    config::{AccessRule, Right},
    directory::{
        attribute_ids::AttributeId,
        device_tree,
        dn::DnKey,
        entry::{Class, EntryRef},
        schema::Schema,
    },
};

/// The rules in force.
#[derive(Debug)]
pub struct Access {
    rules: Vec<Rule>,
    /// What no rule is about: the server's own tree.
    reserved: DnKey,
    names_groups: bool,
}

/// Why a rule of the configuration cannot be used.
#[derive(Debug)]
pub struct AccessProblem {
    /// Which `[[access]]`, counted from 1.
    pub rule: usize,
    /// What is wrong, as a sentence.
    pub reason: String,
}

/// What one caller may do with one entry: the rules that fit both, in order.
pub struct View<'a> {
    schema: &'a Schema,
    grants: Grants<'a>,
}

enum Grants<'a> {
    Everything,
    ByRule(SmallVec<[&'a Rule; 6]>),
}

impl Access {
    /// Compiles the rules of the configuration, or the defaults if there are none.
    ///
    /// # Errors
    /// The first rule that names something that does not exist or cannot be read.
    pub fn compile(rules: &[AccessRule], schema: &Schema) -> Result<Self, AccessProblem> {
        let defaults;
        let rules = if rules.is_empty() {
            defaults = default_rules();
            &defaults
        } else {
            rules
        };
        let rules = rules
            .iter()
            .enumerate()
            .map(|(index, rule)| {
                Rule::compile(rule, schema).map_err(|reason| AccessProblem { rule: index + 1, reason })
            })
            .collect::<Result<Vec<_>, _>>()?;
        let names_groups = rules.iter().any(|rule| matches!(rule.who, Who::Group(_)));
        Ok(Self { rules, reserved: device_tree::top_key(schema), names_groups })
    }

    /// Whether any rule is about members of a group, so that callers must bring theirs.
    pub fn names_groups(&self) -> bool {
        self.names_groups
    }

    /// Whether any rule could show `caller` anything at all; where it is `false`, nothing need be looked for.
    pub fn shows_anything(&self, caller: &Caller) -> bool {
        let shows = |rule: &Rule| rule.allow.contains(Right::Search) || rule.allow.contains(Right::Read);
        caller.bypasses_access() || self.rules.iter().any(|rule| shows(rule) && rule.may_fit(caller))
    }

    /// What `caller` may do with `entry`.
    pub fn view<'a>(&'a self, caller: &Caller, entry: EntryRef<'_>, schema: &'a Schema) -> View<'a> {
        self.view_where(caller, entry.key(), schema, |rule| rule.fits_content(entry, schema))
    }

    /// What `caller` may do with an entry of this key that does not exist yet or is computed; rules with a filter do not fit it.
    pub fn view_of_key<'a>(&'a self, caller: &Caller, key: &DnKey, schema: &'a Schema) -> View<'a> {
        self.view_where(caller, key.as_bytes(), schema, |rule| rule.filter.is_none())
    }

    fn view_where<'a>(
        &'a self,
        caller: &Caller,
        key: &[u8],
        schema: &'a Schema,
        fits_content: impl Fn(&Rule) -> bool,
    ) -> View<'a> {
        if caller.bypasses_access() {
            return View { schema, grants: Grants::Everything };
        }
        if key.starts_with(self.reserved.as_bytes()) {
            return View { schema, grants: Grants::ByRule(SmallVec::new()) };
        }
        let fits = |rule: &&Rule| rule.fits_caller(caller, key) && fits_content(rule);
        View { schema, grants: Grants::ByRule(self.rules.iter().filter(fits).collect()) }
    }
}

impl View<'_> {
    /// Whether the caller may do this with an attribute, by the id of its type or of a description with options. Secret
    /// attributes (userPassword) are written, never seen.
    pub fn may(&self, right: Right, attribute: AttributeId) -> bool {
        let known = self.schema.type_by_id(attribute);
        let (attribute, class) = known.map_or((attribute, Class::User), |known| (known.id, known.class));
        if class == Class::Secret && matches!(right, Right::Read | Right::Compare) {
            return false;
        }
        match &self.grants {
            Grants::Everything => true,
            Grants::ByRule(_) if class == Class::Secret && right == Right::Search => false,
            Grants::ByRule(rules) => rules
                .iter()
                .find(|rule| rule.attributes.contains(attribute, class))
                .is_some_and(|rule| rule.allow.contains(right)),
        }
    }

    /// Whether the caller may do this with every user attribute; where it is `true`, no attribute need be asked for.
    pub fn may_all_user_attributes(&self, right: Right) -> bool {
        let Grants::ByRule(rules) = &self.grants else { return true };
        for rule in rules {
            match rule.allow.contains(right) {
                true if rule.attributes.user && !rule.attributes.excepts_user_attributes => return true,
                true => {}
                false if rule.attributes.touches_user_attributes() => return false,
                false => {}
            }
        }
        false
    }

    /// Whether the caller may add, delete, rename or act for the entry as a whole.
    pub fn may_entry(&self, right: Right) -> bool {
        match &self.grants {
            Grants::Everything => true,
            Grants::ByRule(rules) => {
                rules.iter().find(|rule| rule.attributes.user).is_some_and(|rule| rule.allow.contains(right))
            }
        }
    }

    /// Whether the caller may know that the entry exists: something of it may be searched or read.
    pub fn is_visible(&self) -> bool {
        let Grants::ByRule(rules) = &self.grants else { return true };
        for rule in rules {
            if rule.allow.contains(Right::Search) || rule.allow.contains(Right::Read) {
                return true;
            }
            if rule.attributes.user && rule.attributes.excepted.is_empty() {
                return false;
            }
        }
        false
    }
}

impl fmt::Display for AccessProblem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "[[access]] number {}: {}", self.rule, self.reason)
    }
}

impl std::error::Error for AccessProblem {}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a test may panic")]
mod tests {
    use std::sync::Arc;

    use uuid::Uuid;

    use super::*;
    use crate::{
        caller::{Channel, Identity, Privileges, Strength, User},
        directory::{attribute_ids::AttributeIds, dn::Dn, entry::Entry},
        store::EntryId,
    };

    const KIM: &str = "uid=kim,ou=people,dc=example,dc=com";
    const LEE: &str = "uid=lee,ou=people,dc=example,dc=com";

    struct House {
        schema: Schema,
        access: Access,
    }

    impl House {
        fn with(rules: &[AccessRule]) -> Self {
            let schema = Schema::standard(Arc::new(AttributeIds::default()));
            let access = Access::compile(rules, &schema).unwrap();
            Self { schema, access }
        }

        fn id(&self, name: &str) -> AttributeId {
            self.schema.attribute_type(name).unwrap().id
        }

        fn caller(&self, dn: &str) -> Caller {
            let channel = Channel { connection: 1, tls: false, peer: None, listener: "ldap", trusted_peer: false };
            let mut caller = Caller::anonymous(Arc::new(channel));
            if !dn.is_empty() {
                caller.identity = Identity::User(Arc::new(User {
                    id: EntryId(1),
                    uuid: Uuid::nil(),
                    dn: dn.to_owned(),
                    key: DnKey::parse(dn, &self.schema).unwrap(),
                    privileges: Privileges::default(),
                    groups: vec![DnKey::parse("cn=admins,dc=example,dc=com", &self.schema).unwrap()],
                    version: crate::store::Version(0),
                    as_of: 0,
                }));
                caller.strength = Strength::One;
            }
            caller
        }

        fn may(&self, who: &str, right: Right, attribute: &str, of: &str) -> bool {
            let stored = self.entry(of);
            let view = self.access.view(&self.caller(who), EntryRef::new(&stored).unwrap(), &self.schema);
            view.may(right, self.id(attribute))
        }

        fn entry(&self, dn: &str) -> Vec<u8> {
            let mut entry = Entry::new(Dn::parse(dn).unwrap(), Uuid::nil());
            entry.set(&self.schema, "cn", vec![b"Kim".to_vec()]);
            entry.encode(&self.schema)
        }
    }

    #[test]
    fn by_default_users_read_others_and_change_a_little_of_their_own() {
        let house = House::with(&[]);
        assert!(house.may(KIM, Right::Read, "mail", LEE));
        assert!(house.may(KIM, Right::Write, "displayName", KIM));
        assert!(!house.may(KIM, Right::Write, "displayName", LEE));
        assert!(!house.may(KIM, Right::Write, "mail", KIM));
        assert!(!house.may(KIM, Right::Read, "ds-privilege-name", LEE));
        assert!(!house.may(KIM, Right::Read, "userPassword", KIM));
        assert!(!house.may(KIM, Right::Search, "userPassword", KIM));
        assert!(!house.may("", Right::Read, "cn", KIM));
    }

    #[test]
    fn what_nobody_granted_is_not_visible() {
        let house = House::with(&[]);
        let stored = house.entry(KIM);
        let entry = EntryRef::new(&stored).unwrap();
        assert!(!house.access.view(&house.caller(""), entry, &house.schema).is_visible());
        let view = house.access.view(&house.caller(LEE), entry, &house.schema);
        assert!(view.is_visible() && view.may_all_user_attributes(Right::Read) && !view.may_entry(Right::Delete));
    }

    #[test]
    fn the_first_rule_that_fits_an_attribute_decides() {
        let rule = |to: &str, attributes: &[&str], who: &str, allow: &[Right]| AccessRule {
            to: to.to_owned(),
            attributes: attributes.iter().map(|name| (*name).to_owned()).collect(),
            who: who.to_owned(),
            allow: allow.to_vec(),
            ..AccessRule::default()
        };
        let house = House::with(&[
            rule("*", &["mail"], "users", &[]),
            rule(
                "subtree:ou=people,dc=example,dc=com",
                &["*"],
                "group:cn=Admins, dc=example,dc=com",
                &[Right::Read, Right::Delete],
            ),
        ]);
        assert!(!house.may(KIM, Right::Read, "mail", LEE));
        assert!(house.may(KIM, Right::Read, "cn", LEE));
        assert!(!house.may(KIM, Right::Read, "cn", "ou=groups,dc=example,dc=com"));
        let stored = house.entry(LEE);
        let view = house.access.view(&house.caller(KIM), EntryRef::new(&stored).unwrap(), &house.schema);
        assert!(view.may_entry(Right::Delete) && !view.may_all_user_attributes(Right::Read));
    }

    #[test]
    fn a_rule_that_names_nothing_is_refused_with_its_number() {
        let schema = Schema::standard(Arc::new(AttributeIds::default()));
        let bad = AccessRule { who: "everybody".to_owned(), ..AccessRule::default() };
        let problem = Access::compile(&[AccessRule::default(), bad], &schema).unwrap_err();
        assert_eq!(problem.rule, 2);
    }
}
