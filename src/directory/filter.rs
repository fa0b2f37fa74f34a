//! Filters made ready for evaluation: names resolved, values normalized once; three-valued (RFC 4511 section 4.5.1.7).
//!
//! A compiled filter is a list in preorder beside two buffers that its items point into, so that one that is compiled again
//! allocates nothing. An attribute that the schema does not know, a value that the rule refuses, and an attribute that the
//! caller may not read make an item undefined, on the index path too.

mod compiled;
mod evaluation;
mod node;
#[cfg(test)]
mod tests;

use countersign_proto::ldap::filter::{Assertion, Extensible, Filter, Part, Substrings};

pub use self::{
    compiled::{CompiledFilter, Readable, Truth},
    node::{Node, Nodes},
};
use self::{
    compiled::{Item, ItemKind, PartKind, Span, Target, Test, span},
    evaluation::{Evaluation, integer},
};
use super::{
    computed::{ComputedAttribute, Surroundings},
    entry::{Class, EntryRef},
    schema::{AttributeType, Form, MatchingRule, Normalized, RuleKind, Schema},
};

impl CompiledFilter {
    /// Replaces what was compiled before.
    pub fn compile(&mut self, filter: Filter<'_>, schema: &Schema) {
        self.clear();
        self.add(filter, schema);
    }

    /// Replaces what was compiled before by `(attribute=value)`.
    pub fn compile_equality(&mut self, attribute: &[u8], value: &[u8], schema: &Schema) {
        self.compile(Filter::Equality(Assertion { attribute, value }), schema);
    }

    /// How many items and combinations it has: what judging an entry by it costs, roughly.
    pub fn len(&self) -> usize {
        self.items.len()
    }

    /// Whether nothing has been compiled yet.
    pub fn is_empty(&self) -> bool {
        self.items.is_empty()
    }

    /// Whether `entry` matches. `readable` tells whether the caller may use an attribute type in a filter.
    pub fn matches(
        &self,
        entry: EntryRef<'_>,
        surroundings: Surroundings,
        schema: &Schema,
        readable: Readable<'_>,
    ) -> Truth {
        Evaluation { filter: self, entry, surroundings, schema, readable }.item(0)
    }

    fn clear(&mut self) {
        self.items.clear();
        self.octets.clear();
        self.types.clear();
        self.parts.clear();
    }

    fn add(&mut self, filter: Filter<'_>, schema: &Schema) {
        let at = self.items.len();
        self.items.push(Item { kind: ItemKind::Undefined, end: 0 });
        let kind = match filter {
            Filter::And(members) => {
                members.iter().for_each(|member| self.add(member, schema));
                Some(ItemKind::And)
            }
            Filter::Or(members) => {
                members.iter().for_each(|member| self.add(member, schema));
                Some(ItemKind::Or)
            }
            Filter::Not(member) => {
                member.iter().for_each(|member| self.add(member, schema));
                Some(ItemKind::Not)
            }
            Filter::Equality(assertion) | Filter::Approximate(assertion) => {
                self.test(assertion, |kind| kind.equality, schema).map(ItemKind::Equality)
            }
            Filter::GreaterOrEqual(assertion) => {
                self.test(assertion, |kind| kind.ordering, schema).map(ItemKind::GreaterOrEqual)
            }
            Filter::LessOrEqual(assertion) => {
                self.test(assertion, |kind| kind.ordering, schema).map(ItemKind::LessOrEqual)
            }
            Filter::Present(attribute) => self.target(attribute, schema).map(|(target, _)| ItemKind::Present(target)),
            Filter::Substrings(substrings) => self.substrings(substrings, schema),
            Filter::Extensible(extensible) => self.extensible(extensible, schema),
        };
        let end = self.items.len();
        if let Some(item) = self.items.get_mut(at) {
            *item = Item { kind: kind.unwrap_or(ItemKind::Undefined), end };
        }
    }

    /// The attributes that a description is about, with their type.
    fn target<'s>(&mut self, description: &[u8], schema: &'s Schema) -> Option<(Target, &'s AttributeType)> {
        let text = std::str::from_utf8(description).ok()?;
        let (name, options) = text.split_once(';').unwrap_or((text, ""));
        let kind = schema.attribute_type(name)?;
        let start = self.types.len();
        self.types.extend_from_slice(schema.types_within(kind.id));
        let types = span(start, self.types.len());
        let start = self.octets.len();
        self.octets.extend(options.bytes().map(|octet| octet.to_ascii_lowercase()));
        let options = span(start, self.octets.len());
        let computed = ComputedAttribute::of(kind.id, schema);
        Some((Target { asked: kind.id, types, options, computed }, kind))
    }

    /// The same for items that look at values: those of secret attributes are looked at by nobody.
    fn comparable<'s>(&mut self, description: &[u8], schema: &'s Schema) -> Option<(Target, &'s AttributeType)> {
        self.target(description, schema).filter(|(_, kind)| kind.class != Class::Secret)
    }

    fn test(
        &mut self,
        assertion: Assertion<'_>,
        which: impl Fn(&AttributeType) -> Option<&'static MatchingRule>,
        schema: &Schema,
    ) -> Option<Test> {
        let (target, kind) = self.comparable(assertion.attribute, schema)?;
        let form = which(kind)?.form;
        let value = self.value(form, assertion.value, schema)?;
        let is_costly = matches!(form, Form::DistinguishedName | Form::UniqueMember);
        let as_sent = is_costly.then(|| self.keep(assertion.value));
        Some(Test { target, form, value, as_sent, dn_attributes: false, is_own_rule: true })
    }

    fn value(&mut self, form: Form, value: &[u8], schema: &Schema) -> Option<Span> {
        let mut normalized = Normalized::new();
        form.normalize_assertion(schema, value, &mut normalized).then(|| self.keep(&normalized))
    }

    fn keep(&mut self, octets: &[u8]) -> Span {
        let start = self.octets.len();
        self.octets.extend_from_slice(octets);
        span(start, self.octets.len())
    }

    fn substrings(&mut self, substrings: Substrings<'_>, schema: &Schema) -> Option<ItemKind> {
        let (target, kind) = self.comparable(substrings.attribute, schema)?;
        let form = kind.substring?.form;
        let start = self.parts.len();
        for part in substrings.parts() {
            let (kind, octets) = match part {
                Part::Initial(octets) => (PartKind::Initial, octets),
                Part::Any(octets) => (PartKind::Any, octets),
                Part::Final(octets) => (PartKind::Final, octets),
            };
            let kept = self.part(form, kind, octets)?;
            self.parts.push((kind, kept));
        }
        Some(ItemKind::Substrings(target, form, span(start, self.parts.len())))
    }

    /// A part, with one space at the edge where it meets that of the value (RFC 4518 section 2.6.1): values are compared with a
    /// space at either end, so that `(cn=ada *)` finds what `(cn=ada*)` finds at a word's end.
    fn part(&mut self, form: Form, kind: PartKind, octets: &[u8]) -> Option<Span> {
        let mut normalized = Normalized::new();
        if !form.normalize_part(octets, &mut normalized) {
            return None;
        }
        if form.has_insignificant_spaces() {
            if kind == PartKind::Initial && !normalized.starts_with(b" ") {
                normalized.insert(0, b' ');
            }
            if kind == PartKind::Final && !normalized.ends_with(b" ") {
                normalized.push(b' ');
            }
        }
        Some(self.keep(&normalized))
    }

    fn extensible(&mut self, extensible: Extensible<'_>, schema: &Schema) -> Option<ItemKind> {
        let rule = match extensible.rule {
            None => None,
            Some(name) => Some(MatchingRule::find(std::str::from_utf8(name).ok()?)?),
        };
        let dn_attributes = extensible.dn_attributes;
        let Some(attribute) = extensible.attribute else {
            let rule = rule.filter(|rule| rule.kind == RuleKind::Equality)?;
            let value = self.value(rule.form, extensible.value, schema)?;
            return Some(ItemKind::AnyAttribute { rule, value, dn_attributes });
        };
        let (target, kind) = self.comparable(attribute, schema)?;
        let rule = rule.or(kind.equality).filter(|rule| schema.rule_is_usable(rule, kind))?;
        let form = rule.form;
        match rule.kind {
            RuleKind::BitAnd | RuleKind::BitOr => {
                return Some(ItemKind::Bits(target, rule.kind, integer(extensible.value)?));
            }
            RuleKind::Substring => return self.substring_text(target, form, extensible.value),
            RuleKind::Equality | RuleKind::Ordering => {}
        }
        let value = self.value(form, extensible.value, schema)?;
        let is_own_rule = kind.equality.is_some_and(|own| own.form == form);
        let test = Test { target, form, value, as_sent: None, dn_attributes, is_own_rule };
        match rule.kind {
            RuleKind::Equality => Some(ItemKind::Equality(test)),
            // "The value comes before the assertion": RFC 4517 section 4.1.
            _ => Some(ItemKind::Before(test)),
        }
    }

    /// A substring assertion as text, `initial*any*final` with `*` and `\` as `\2A` and `\5C` (RFC 4517 section 3.3.30).
    fn substring_text(&mut self, target: Target, form: Form, text: &[u8]) -> Option<ItemKind> {
        let start = self.parts.len();
        let last = text.iter().filter(|octet| **octet == b'*').count();
        for (index, part) in text.split(|octet| *octet == b'*').enumerate().filter(|(_, part)| !part.is_empty()) {
            let kind = match index {
                0 => PartKind::Initial,
                _ if index == last => PartKind::Final,
                _ => PartKind::Any,
            };
            let text = std::str::from_utf8(part).ok()?;
            let part = text.replace("\\2A", "*").replace("\\2a", "*").replace("\\5C", "\\").replace("\\5c", "\\");
            let kept = self.part(form, kind, part.as_bytes())?;
            self.parts.push((kind, kept));
        }
        let has_parts = last > 0 && self.parts.len() > start;
        has_parts.then(|| ItemKind::Substrings(target, form, span(start, self.parts.len())))
    }
}
