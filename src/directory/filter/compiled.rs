//! A compiled filter as data: items in preorder beside the buffers that they point into.

use crate::directory::{
    attribute_ids::AttributeId,
    computed::ComputedAttribute,
    schema::{Form, MatchingRule, RuleKind},
};

/// A filter against one schema; owns its values, so that it can outlive the request. Its buffers can be reused.
#[derive(Clone, Debug, Default)]
pub struct CompiledFilter {
    pub(in crate::directory) items: Vec<Item>,
    /// Normalized values and options, one after the other.
    pub(in crate::directory) octets: Vec<u8>,
    /// Attribute type ids, one list after the other.
    pub(in crate::directory) types: Vec<AttributeId>,
    /// Parts of substring assertions: where their octets lie.
    pub(in crate::directory) parts: Vec<(PartKind, Span)>,
}

/// Where in a value a part of a substring assertion stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::directory) enum PartKind {
    Initial,
    Any,
    Final,
}

/// The three truth values.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Truth {
    /// Matches.
    True,
    /// Does not match.
    False,
    /// Cannot be told: unknown attribute, no such rule, or not readable by the caller.
    Undefined,
}

#[derive(Clone, Copy, Debug, Default)]
pub(in crate::directory) struct Span {
    pub(in crate::directory) start: u32,
    pub(in crate::directory) end: u32,
}

#[derive(Clone, Debug)]
pub(in crate::directory) struct Item {
    pub(in crate::directory) kind: ItemKind,
    /// The index behind the last item that belongs to this one.
    pub(in crate::directory) end: usize,
}

#[derive(Clone, Debug)]
pub(in crate::directory) enum ItemKind {
    And,
    Or,
    Not,
    Equality(Test),
    GreaterOrEqual(Test),
    LessOrEqual(Test),
    /// An extensible match by an ordering rule.
    Before(Test),
    Present(Target),
    Substrings(Target, Form, Span),
    /// An extensible match by one of the rules on bits.
    Bits(Target, RuleKind, i64),
    /// A rule without an attribute: every attribute whose values the rule takes.
    AnyAttribute {
        rule: &'static MatchingRule,
        value: Span,
        dn_attributes: bool,
    },
    Undefined,
}

/// Which attributes an item is about.
#[derive(Clone, Copy, Debug)]
pub(in crate::directory) struct Target {
    pub(in crate::directory) asked: AttributeId,
    /// The type and its subtypes, in `types`.
    pub(in crate::directory) types: Span,
    /// Lower-case options without the first `;`, in `octets`; empty for none.
    pub(in crate::directory) options: Span,
    pub(in crate::directory) computed: Option<ComputedAttribute>,
}

#[derive(Clone, Copy, Debug)]
pub(in crate::directory) struct Test {
    pub(in crate::directory) target: Target,
    pub(in crate::directory) form: Form,
    pub(in crate::directory) value: Span,
    /// The value as sent, where normalizing costs much: a stored value that is the same octet for octet need not be normalized,
    /// and a group with many members is judged by comparing octets.
    pub(in crate::directory) as_sent: Option<Span>,
    pub(in crate::directory) dn_attributes: bool,
    /// Whether the form is that of the type's own equality rule, so that an index can tell.
    pub(in crate::directory) is_own_rule: bool,
}

/// Whether the caller may use an attribute type in a filter.
pub type Readable<'r> = &'r dyn Fn(AttributeId) -> bool;

impl CompiledFilter {
    pub(in crate::directory) fn octets(&self, span: Span) -> &[u8] {
        self.octets.get(span.start as usize..span.end as usize).unwrap_or_default()
    }

    pub(in crate::directory) fn types(&self, target: Target) -> &[AttributeId] {
        self.types.get(target.types.start as usize..target.types.end as usize).unwrap_or_default()
    }

    pub(in crate::directory) fn parts(&self, span: Span) -> &[(PartKind, Span)] {
        self.parts.get(span.start as usize..span.end as usize).unwrap_or_default()
    }
}

#[expect(clippy::cast_possible_truncation, reason = "a filter comes in one message of at most 16 MiB")]
pub(in crate::directory) fn span(start: usize, end: usize) -> Span {
    Span { start: start as u32, end: end as u32 }
}
