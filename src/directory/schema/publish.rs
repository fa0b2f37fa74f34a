//! The schema as the subschema entry shows it (RFC 4512 section 4.2).

use super::{MatchingRule, RuleKind, Schema, Syntax};

impl Schema {
    /// The subschema attributes with their values.
    pub fn published(&self) -> Vec<(&'static str, Vec<String>)> {
        let syntaxes = Syntax::all().iter().map(|syntax| format!("( {} DESC '{}' )", syntax.oid, syntax.description));
        let rules = MatchingRule::all().iter();
        let rules = rules.map(|rule| format!("( {} NAME '{}' SYNTAX {} )", rule.oid, rule.name, rule.syntax));
        vec![
            ("ldapSyntaxes", syntaxes.collect()),
            ("matchingRules", rules.collect()),
            ("matchingRuleUse", self.rule_uses()),
            ("attributeTypes", self.types.iter().map(|known| known.definition.clone()).collect()),
            ("objectClasses", self.classes.iter().map(|known| known.definition.clone()).collect()),
        ]
    }

    fn rule_uses(&self) -> Vec<String> {
        let uses = |rule: &MatchingRule| {
            let usable = self.types.iter().filter(|known| self.rule_is_usable(rule, known));
            let names: Vec<_> = usable.map(super::AttributeType::name).collect();
            let list = if names.len() == 1 { names.concat() } else { format!("( {} )", names.join(" $ ")) };
            (!names.is_empty()).then(|| format!("( {} NAME '{}' APPLIES {list} )", rule.oid, rule.name))
        };
        MatchingRule::all().iter().filter_map(uses).collect()
    }

    /// Whether an extensible filter may use `rule` on `known`.
    pub(crate) fn rule_is_usable(&self, rule: &MatchingRule, known: &super::AttributeType) -> bool {
        let named = match rule.kind {
            RuleKind::Equality => known.equality,
            RuleKind::Ordering => known.ordering,
            RuleKind::Substring => known.substring,
            RuleKind::BitAnd | RuleKind::BitOr => None,
        };
        named.is_some_and(|named| std::ptr::eq(named, rule)) || rule.applies_to(&known.syntax)
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use std::sync::Arc;

    use super::*;
    use crate::directory::{attribute_ids::AttributeIds, schema::definition::Definition};

    #[test]
    fn every_published_value_is_a_definition() {
        let schema = Schema::standard(Arc::new(AttributeIds::default()));
        for (name, values) in schema.published() {
            assert!(!values.is_empty(), "{name}");
            for value in values {
                Definition::parse(&value).unwrap();
            }
        }
    }
}
