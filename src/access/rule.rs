//! One access rule, compiled: what it is about, whom it fits, what it allows.

use countersign_proto::ldap::{filter::Filter, filter_text};

use crate::{
    caller::{Caller, Strength},
    config::{AccessRule, Network, RequiredStrength, Right},
    directory::{
        attribute_ids::AttributeId,
        computed::Surroundings,
        dn::DnKey,
        entry::{Class, EntryRef},
        filter::{CompiledFilter, Truth},
        schema::Schema,
    },
};

#[derive(Debug)]
pub(super) struct Rule {
    to: To,
    pub(super) attributes: AttributeSet,
    pub(super) filter: Option<CompiledFilter>,
    pub(super) who: Who,
    from: Vec<Network>,
    strength: RequiredStrength,
    pub(super) allow: Rights,
}

#[derive(Debug)]
pub(super) enum To {
    Everything,
    Entry(DnKey),
    Subtree(DnKey),
}

#[derive(Debug)]
pub(super) enum Who {
    Anyone,
    Users,
    Itself,
    User(DnKey),
    Group(DnKey),
    Subtree(DnKey),
}

/// A set of attribute types: classes as a whole, names besides, names excepted.
#[derive(Debug, Default)]
pub(super) struct AttributeSet {
    pub(super) user: bool,
    operational: bool,
    named: Vec<AttributeId>,
    pub(super) excepted: Vec<AttributeId>,
    pub(super) excepts_user_attributes: bool,
}

#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Rights(u8);

impl Rule {
    /// Compiles one rule; a sentence about what it names and does not exist.
    pub(super) fn compile(rule: &AccessRule, schema: &Schema) -> Result<Self, String> {
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

    /// Whether the rule is about the entry with this key, asked for by this caller.
    pub(super) fn fits_caller(&self, caller: &Caller, key: &[u8]) -> bool {
        self.to.fits(key) && self.who.fits(caller, key) && self.is_near_and_strong(caller)
    }

    /// Whether there can be entries on which the rule fits this caller.
    pub(super) fn may_fit(&self, caller: &Caller) -> bool {
        let own = caller.user().map_or(&[][..], |user| user.key.as_bytes());
        self.who.fits(caller, own) && self.is_near_and_strong(caller)
    }

    fn is_near_and_strong(&self, caller: &Caller) -> bool {
        let strong_enough = match self.strength {
            RequiredStrength::Any => true,
            RequiredStrength::Tls => caller.channel.tls,
            RequiredStrength::TwoFactors => caller.strength == Strength::TwoFactors,
        };
        let near_enough = || {
            self.from.is_empty()
                || caller.channel.peer.is_some_and(|peer| self.from.iter().any(|network| network.contains(peer.ip())))
        };
        strong_enough && near_enough()
    }

    /// Whether the entry matches the rule's filter, if it has one.
    pub(super) fn fits_content(&self, entry: EntryRef<'_>, schema: &Schema) -> bool {
        self.filter
            .as_ref()
            .is_none_or(|filter| filter.matches(entry, Surroundings::default(), schema, &|_| true) == Truth::True)
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

    pub(super) fn contains(&self, attribute: AttributeId, class: Class) -> bool {
        let as_class = match class {
            // Writing a password is writing a user attribute.
            Class::User | Class::Secret => self.user,
            Class::Operational => self.operational,
        };
        (as_class || self.named.contains(&attribute)) && !self.excepted.contains(&attribute)
    }

    pub(super) fn touches_user_attributes(&self) -> bool {
        // A named operational attribute alone makes this too careful, never too generous.
        self.user || !self.named.is_empty()
    }
}

impl Rights {
    pub(super) fn contains(self, right: Right) -> bool {
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

fn key(dn: &str, schema: &Schema) -> Result<DnKey, String> {
    DnKey::parse(dn, schema).map_err(|error| format!("\"{dn}\" is no DN: {}", error.reason))
}

fn attribute(name: &str, schema: &Schema) -> Result<AttributeId, String> {
    schema.attribute_type(name).map(|kind| kind.id).ok_or_else(|| format!("there is no attribute type \"{name}\""))
}

fn compile_filter(text: &str, schema: &Schema) -> Result<CompiledFilter, String> {
    let octets = filter_text::encode(text).map_err(|_| format!("\"{text}\" is no filter"))?;
    let filter = Filter::decode(&octets).map_err(|_| format!("the filter \"{text}\" is too deep or too long"))?;
    let mut compiled = CompiledFilter::default();
    compiled.compile(filter, schema);
    Ok(compiled)
}
