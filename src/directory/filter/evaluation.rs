//! Whether an entry matches a compiled filter.

use super::compiled::{CompiledFilter, ItemKind, PartKind, Readable, Span, Target, Test, Truth};
use crate::directory::{
    computed::Surroundings,
    dn::Dn,
    entry::{AttributeRef, Class, EntryRef},
    schema::{Form, MatchingRule, Normalized, RuleKind, Schema},
};

/// One filter on one entry.
pub(super) struct Evaluation<'e> {
    pub(super) filter: &'e CompiledFilter,
    pub(super) entry: EntryRef<'e>,
    pub(super) surroundings: Surroundings,
    pub(super) schema: &'e Schema,
    pub(super) readable: Readable<'e>,
}

impl Evaluation<'_> {
    /// The truth of the item at this position, with all that belongs to it.
    pub(super) fn item(&self, at: usize) -> Truth {
        let Some(item) = self.filter.items.get(at) else { return Truth::Undefined };
        match &item.kind {
            ItemKind::And => self.combine(at + 1, item.end, Truth::False, Truth::True),
            ItemKind::Or => self.combine(at + 1, item.end, Truth::True, Truth::False),
            ItemKind::Not => match self.item(at + 1) {
                Truth::True => Truth::False,
                Truth::False => Truth::True,
                Truth::Undefined => Truth::Undefined,
            },
            ItemKind::Equality(test) if self.is_there_as_sent(test) => Truth::True,
            ItemKind::Equality(test) => self.test(test, |value, wanted| value == wanted),
            ItemKind::GreaterOrEqual(test) => self.test(test, |value, wanted| value >= wanted),
            ItemKind::LessOrEqual(test) => self.test(test, |value, wanted| value <= wanted),
            ItemKind::Before(test) => self.test(test, |value, wanted| value < wanted),
            ItemKind::Bits(target, kind, mask) => self.any_value(*target, |value| has_bits(value, *kind, *mask)),
            ItemKind::Present(target) => self.any_value(*target, |_| true),
            ItemKind::Substrings(target, form, parts) => {
                let parts = self.filter.parts(*parts);
                self.any_value(*target, |value| self.has_parts(*form, value, parts))
            }
            ItemKind::AnyAttribute { rule, value, dn_attributes } => self.any_attribute(rule, *value, *dn_attributes),
            ItemKind::Undefined => Truth::Undefined,
        }
    }

    /// AND and OR: `decisive` ends it, `neutral` is what an empty one is.
    fn combine(&self, mut at: usize, end: usize, decisive: Truth, neutral: Truth) -> Truth {
        let mut truth = neutral;
        while at < end {
            match self.item(at) {
                member if member == decisive => return decisive,
                Truth::Undefined => truth = Truth::Undefined,
                _ => {}
            }
            at = self.filter.items.get(at).map_or(end, |item| item.end);
        }
        truth
    }

    fn test(&self, test: &Test, holds: impl Fn(&[u8], &[u8]) -> bool) -> Truth {
        let wanted = self.filter.octets(test.value);
        let fits = |value: &[u8]| self.normalized(test.form, value, |value| holds(value, wanted));
        match self.any_value(test.target, fits) {
            Truth::False if test.dn_attributes && self.in_dn(Some(test.target), fits) => Truth::True,
            truth => truth,
        }
    }

    fn is_there_as_sent(&self, test: &Test) -> bool {
        test.as_sent.is_some_and(|as_sent| {
            let as_sent = self.filter.octets(as_sent);
            self.any_value(test.target, |value| value == as_sent) == Truth::True
        })
    }

    fn any_value(&self, target: Target, fits: impl Fn(&[u8]) -> bool) -> Truth {
        if !(self.readable)(target.asked) {
            return Truth::Undefined;
        }
        if let Some(value) = target.computed.and_then(|computed| computed.value(self.entry, self.surroundings)) {
            return truth(fits(&value));
        }
        let types = self.filter.types(target);
        let has_value = |attribute: AttributeRef<'_>| attribute.values().any(&fits);
        if let [only] = types {
            let mut attributes = self.entry.of_type(*only).filter(|attribute| self.has_options(target, attribute));
            return truth(attributes.any(has_value));
        }
        let wanted = |attribute: &AttributeRef<'_>| {
            types.contains(&attribute.type_id)
                && self.has_options(target, attribute)
                && (attribute.type_id == target.asked || (self.readable)(attribute.type_id))
        };
        truth(self.entry.attributes().filter(wanted).any(has_value))
    }

    fn has_options(&self, target: Target, attribute: &AttributeRef<'_>) -> bool {
        let options = self.filter.octets(target.options);
        options.is_empty()
            || options.split(|octet| *octet == b';').all(|wanted| {
                let mut present = attribute.description().split(|octet| *octet == b';').skip(1);
                present.any(|option| option.eq_ignore_ascii_case(wanted))
            })
    }

    fn any_attribute(&self, rule: &MatchingRule, value: Span, dn_attributes: bool) -> Truth {
        let wanted = self.filter.octets(value);
        let fits = |value: &[u8]| self.normalized(rule.form, value, |value| value == wanted);
        let searched = |attribute: &AttributeRef<'_>| {
            attribute.class != Class::Secret
                && self.schema.type_by_id(attribute.type_id).is_some_and(|kind| self.schema.rule_is_usable(rule, kind))
                && (self.readable)(attribute.type_id)
        };
        let in_values = self.entry.attributes().filter(searched).any(|attribute| attribute.values().any(fits));
        truth(in_values || (dn_attributes && self.in_dn(None, fits)))
    }

    /// Whether a naming value of the entry or of one above it fits.
    fn in_dn(&self, target: Option<Target>, fits: impl Fn(&[u8]) -> bool) -> bool {
        let Ok(dn) = Dn::parse(self.entry.dn()) else { return false };
        let is_wanted = |kind: &str| match target {
            None => true,
            Some(target) => {
                self.schema.attribute_type(kind).is_some_and(|kind| self.filter.types(target).contains(&kind.id))
            }
        };
        dn.rdns().iter().flat_map(|rdn| &rdn.assertions).any(|(kind, value)| is_wanted(kind) && fits(value))
    }

    fn has_parts(&self, form: Form, value: &[u8], parts: &[(PartKind, Span)]) -> bool {
        self.normalized(form, value, |value| {
            if !form.has_insignificant_spaces() {
                return self.in_order(value, parts);
            }
            let mut padded = Normalized::from_slice(b" ");
            padded.extend_from_slice(value);
            padded.push(b' ');
            self.in_order(&padded, parts)
        })
    }

    fn in_order(&self, value: &[u8], parts: &[(PartKind, Span)]) -> bool {
        let mut rest = value;
        for (kind, octets) in parts {
            let part = self.filter.octets(*octets);
            let after = match kind {
                PartKind::Initial => rest.strip_prefix(part),
                PartKind::Final => rest.strip_suffix(part).map(|_| &[][..]),
                PartKind::Any => position(rest, part).and_then(|at| rest.get(at + part.len()..)),
            };
            match after {
                Some(after) => rest = after,
                None => return false,
            }
        }
        true
    }

    /// What `judge` says of the normalized value; `false` if the form is not the value's.
    fn normalized(&self, form: Form, value: &[u8], judge: impl FnOnce(&[u8]) -> bool) -> bool {
        let mut normalized = Normalized::new();
        form.normalize(self.schema, value, &mut normalized) && judge(&normalized)
    }
}

fn has_bits(value: &[u8], kind: RuleKind, mask: i64) -> bool {
    integer(value).is_some_and(|value| match kind {
        RuleKind::BitAnd => value & mask == mask,
        _ => value & mask != 0,
    })
}

/// A number that the rules on bits can take.
pub(super) fn integer(text: &[u8]) -> Option<i64> {
    std::str::from_utf8(text).ok()?.trim().parse().ok()
}

fn position(haystack: &[u8], needle: &[u8]) -> Option<usize> {
    if needle.is_empty() {
        return Some(0);
    }
    haystack.windows(needle.len()).position(|window| window == needle)
}

fn truth(holds: bool) -> Truth {
    if holds { Truth::True } else { Truth::False }
}
