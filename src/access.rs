//! Who may see and do what: the rules of the configuration, compiled against the schema. What a privilege grants stands in
//! `caller.rs`; what an operation does with a refusal is the handler's.
//!
//! For each attribute the first rule decides that fits the entry, the caller and the attribute; what no rule fits is refused.
//! Rights to a whole entry (add, delete, rename, proxy) are decided by the first fitting rule that is about all user attributes.

use std::fmt;

use countersign_proto::ldap::filter::Filter;
use smallvec::SmallVec;

use crate::{
    caller::{Caller, Strength},
    config::{AccessRule, Network, RequiredStrength, Right},
    directory::{
        attribute_ids::AttributeId,
        computed::Surroundings,
        dn::DnKey,
        entry::{Class, EntryRef},
        filter::{CompiledFilter, Truth},
        filter_text,
        schema::Schema,
    },
};

/// The rules in force.
#[derive(Debug)]
pub struct Access {
    rules: Vec<Rule>,
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

#[derive(Debug)]
struct Rule {
    to: To,
    attributes: AttributeSet,
    filter: Option<CompiledFilter>,
    who: Who,
    from: Vec<Network>,
    strength: RequiredStrength,
    allow: Rights,
}

#[derive(Debug)]
enum To {
    Everything,
    Entry(DnKey),
    Subtree(DnKey),
}

#[derive(Debug)]
enum Who {
    Anyone,
    Users,
    Itself,
    User(DnKey),
    Group(DnKey),
    Subtree(DnKey),
}

/// A set of attribute types: classes as a whole, names besides, names excepted.
#[derive(Debug, Default)]
struct AttributeSet {
    user: bool,
    operational: bool,
    named: Vec<AttributeId>,
    excepted: Vec<AttributeId>,
    excepts_user_attributes: bool,
}

#[derive(Clone, Copy, Debug, Default)]
struct Rights(u8);

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
        Ok(Self { rules, names_groups })
    }

    /// Whether any rule is about members of a group, so that callers must bring theirs.
    pub fn names_groups(&self) -> bool {
        self.names_groups
    }

    /// What `caller` may do with `entry`.
    pub fn view<'a>(&'a self, caller: &Caller, entry: EntryRef<'_>, schema: &'a Schema) -> View<'a> {
        self.view_where(caller, entry.key(), schema, |filter| {
            filter.matches(entry, Surroundings::default(), schema, &|_| true) == Truth::True
        })
    }

    /// What `caller` may do with an entry of this key that does not exist yet or is computed; rules with a filter do not fit it.
    pub fn view_of_key<'a>(&'a self, caller: &Caller, key: &DnKey, schema: &'a Schema) -> View<'a> {
        self.view_where(caller, key.as_bytes(), schema, |_| false)
    }

    fn view_where<'a>(
        &'a self,
        caller: &Caller,
        key: &[u8],
        schema: &'a Schema,
        matches: impl Fn(&CompiledFilter) -> bool,
    ) -> View<'a> {
        if caller.bypasses_access() {
            return View { schema, grants: Grants::Everything };
        }
        let fits = |rule: &&Rule| {
            rule.fits_caller(caller, key) && rule.to.fits(key) && rule.filter.as_ref().is_none_or(&matches)
        };
        View { schema, grants: Grants::ByRule(self.rules.iter().filter(fits).collect()) }
    }
}

impl View<'_> {
    /// Whether the caller may do this with an attribute, by the id of its type or of a description with options. Secret
    /// attributes (userPassword) are written, never seen.
    pub fn may(&self, right: Right, attribute: AttributeId) -> bool {
        let attribute = self.schema.ids().current().type_of(attribute);
        let class = self.schema.class(attribute);
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

impl Rule {
    fn compile(rule: &AccessRule, schema: &Schema) -> Result<Self, String> {
        let filter = match &rule.filter {
            None => None,
            Some(text) => Some(compile_filter(text, schema)?),
        };
        Ok(Self {
            to: To::compile(&rule.to, schema)?,
            attributes: AttributeSet::compile(&rule.attributes, schema)?,
            filter,
            who: Who::compile(&rule.who, schema)?,
            from: rule.from.clone(),
            strength: rule.strength,
            allow: Rights(rule.allow.iter().fold(0, |bits, right| bits | Rights::bit(*right))),
        })
    }

    fn fits_caller(&self, caller: &Caller, key: &[u8]) -> bool {
        let strong_enough = match self.strength {
            RequiredStrength::Any => true,
            RequiredStrength::Tls => caller.channel.tls,
            RequiredStrength::TwoFactors => caller.strength == Strength::TwoFactors,
        };
        let near_enough = || {
            self.from.is_empty()
                || caller.channel.peer.is_some_and(|peer| self.from.iter().any(|network| network.contains(peer.ip())))
        };
        strong_enough && self.who.fits(caller, key) && near_enough()
    }
}

impl To {
    fn compile(text: &str, schema: &Schema) -> Result<Self, String> {
        match text.split_once(':') {
            _ if text == "*" => Ok(Self::Everything),
            Some(("entry", dn)) => Ok(Self::Entry(key(dn, schema)?)),
            Some(("subtree", dn)) => Ok(Self::Subtree(key(dn, schema)?)),
            _ => Err(format!("to = \"{text}\" is none of \"*\", \"entry:DN\", \"subtree:DN\"")),
        }
    }

    fn fits(&self, key: &[u8]) -> bool {
        match self {
            Self::Everything => true,
            Self::Entry(own) => own.as_bytes() == key,
            Self::Subtree(top) => key.starts_with(top.as_bytes()),
        }
    }
}

impl Who {
    fn compile(text: &str, schema: &Schema) -> Result<Self, String> {
        match (text, text.split_once(':')) {
            ("anyone", _) => Ok(Self::Anyone),
            ("users", _) => Ok(Self::Users),
            ("self", _) => Ok(Self::Itself),
            (_, Some(("user", dn))) => Ok(Self::User(key(dn, schema)?)),
            (_, Some(("group", dn))) => Ok(Self::Group(key(dn, schema)?)),
            (_, Some(("subtree", dn))) => Ok(Self::Subtree(key(dn, schema)?)),
            _ => Err(format!(
                "who = \"{text}\" is none of \"anyone\", \"users\", \"self\", \"user:DN\", \"group:DN\", \"subtree:DN\""
            )),
        }
    }

    fn fits(&self, caller: &Caller, key: &[u8]) -> bool {
        let Some(user) = caller.user() else { return matches!(self, Self::Anyone) };
        match self {
            Self::Anyone | Self::Users => true,
            Self::Itself => user.key.as_bytes() == key,
            Self::User(own) => user.key == *own,
            Self::Group(group) => user.groups.contains(group),
            Self::Subtree(top) => user.key.is_within(top),
        }
    }
}

impl AttributeSet {
    fn compile(names: &[String], schema: &Schema) -> Result<Self, String> {
        let mut set = Self::default();
        for name in names {
            match name.strip_prefix('!') {
                None if name == "*" => set.user = true,
                None if name == "+" => set.operational = true,
                None => set.named.push(attribute(name, schema)?),
                Some(name) => set.excepted.push(attribute(name, schema)?),
            }
        }
        set.excepts_user_attributes = set.excepted.iter().any(|id| schema.class(*id) == Class::User);
        Ok(set)
    }

    fn contains(&self, attribute: AttributeId, class: Class) -> bool {
        let as_class = match class {
            // Writing a password is writing a user attribute.
            Class::User | Class::Secret => self.user,
            Class::Operational => self.operational,
        };
        (as_class || self.named.contains(&attribute)) && !self.excepted.contains(&attribute)
    }

    fn touches_user_attributes(&self) -> bool {
        // A named operational attribute alone makes this too careful, never too generous.
        self.user || !self.named.is_empty()
    }
}

impl Rights {
    fn contains(self, right: Right) -> bool {
        self.0 & Self::bit(right) != 0
    }

    fn bit(right: Right) -> u8 {
        match right {
            Right::Search => 1,
            Right::Read => 2,
            Right::Compare => 4,
            Right::Write => 8,
            Right::Add => 16,
            Right::Delete => 32,
            Right::Rename => 64,
            Right::Proxy => 128,
        }
    }
}

impl fmt::Display for AccessProblem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "[[access]] number {}: {}", self.rule, self.reason)
    }
}

impl std::error::Error for AccessProblem {}

fn key(dn: &str, schema: &Schema) -> Result<DnKey, String> {
    DnKey::parse(dn, schema).map_err(|error| format!("\"{dn}\" is no DN: {}", error.reason))
}

fn attribute(name: &str, schema: &Schema) -> Result<AttributeId, String> {
    schema.attribute_type(name).map(|kind| kind.id).ok_or_else(|| format!("there is no attribute type \"{name}\""))
}

fn compile_filter(text: &str, schema: &Schema) -> Result<CompiledFilter, String> {
    let octets = filter_text::encode(text).ok_or_else(|| format!("\"{text}\" is no filter"))?;
    let filter = Filter::decode(&octets).map_err(|_| format!("the filter \"{text}\" is too deep or too long"))?;
    let mut compiled = CompiledFilter::default();
    compiled.compile(filter, schema);
    Ok(compiled)
}

/// What holds without any `[[access]]`: users change what harms nobody of their own entry (not `mail` or `mobile`: codes are
/// sent there) and see everything but other people's factors and account state.
fn default_rules() -> Vec<AccessRule> {
    let see = vec![Right::Search, Right::Read, Right::Compare];
    let names = |names: &[&str]| names.iter().map(|name| (*name).to_owned()).collect::<Vec<_>>();
    vec![
        AccessRule {
            who: "self".to_owned(),
            attributes: names(OWN_WRITABLE),
            allow: [see.as_slice(), &[Right::Write]].concat(),
            ..AccessRule::default()
        },
        AccessRule {
            who: "self".to_owned(),
            attributes: names(&["*", "+"]),
            allow: see.clone(),
            ..AccessRule::default()
        },
        AccessRule {
            who: "users".to_owned(),
            attributes: [names(&["*", "+"]), FACTOR_STATE.iter().map(|name| format!("!{name}")).collect()].concat(),
            allow: see,
            ..AccessRule::default()
        },
    ]
}

/// Attributes that a user may change in their own entry by default.
const OWN_WRITABLE: &[&str] = &[
    "displayName",
    "description",
    "telephoneNumber",
    "homePhone",
    "postalAddress",
    "roomNumber",
    "preferredLanguage",
    "jpegPhoto",
    "labeledURI",
    "initials",
    "ds-auth-preferred-otp-delivery-mechanism",
];

/// Attributes that by default only their owner and administrators see.
const FACTOR_STATE: &[&str] = &[
    "ds-auth-yubikey-public-id",
    "ds-auth-preferred-otp-delivery-mechanism",
    "ds-privilege-name",
    "ds-pwp-password-policy-dn",
    "ds-pwp-account-disabled",
    "ds-pwp-account-activation-time",
    "ds-pwp-account-expiration-time",
];
