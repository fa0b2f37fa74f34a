//! A compiled filter as a store's planner sees it: which terms lead to candidates.

use std::ops::Range;

use super::{CompiledFilter, ItemKind};
use crate::directory::attribute_ids::AttributeId;

/// What a store's planner sees of a filter.
#[derive(Clone, Debug)]
pub enum Node<'f> {
    /// All of them.
    And(Nodes<'f>),
    /// Any of them.
    Or(Nodes<'f>),
    /// Not something.
    Not,
    /// A value of one of these types is this.
    Equality {
        /// The type and its subtypes.
        types: &'f [AttributeId],
        /// The normalized value.
        term: &'f [u8],
    },
    /// There is a value of one of these types.
    Present {
        /// The type and its subtypes.
        types: &'f [AttributeId],
    },
    /// A value of one of these types is this or after it.
    GreaterOrEqual {
        /// The type and its subtypes.
        types: &'f [AttributeId],
        /// The normalized value.
        term: &'f [u8],
    },
    /// A value of one of these types is this or before it.
    LessOrEqual {
        /// The type and its subtypes.
        types: &'f [AttributeId],
        /// The normalized value.
        term: &'f [u8],
    },
    /// A value of one of these types has all these parts.
    Substrings {
        /// The type and its subtypes.
        types: &'f [AttributeId],
        /// The normalized parts, in order.
        parts: Vec<&'f [u8]>,
    },
    /// Everything; or nothing that an index could tell.
    True,
    /// Nothing.
    False,
    /// Nothing, nor its opposite.
    Undefined,
}

/// The members of a combination.
#[derive(Clone, Debug)]
pub struct Nodes<'f> {
    filter: &'f CompiledFilter,
    range: Range<usize>,
}

impl CompiledFilter {
    /// The whole filter, for a planner.
    pub fn root(&self) -> Node<'_> {
        self.node(0)
    }

    fn node(&self, at: usize) -> Node<'_> {
        let Some(item) = self.items.get(at) else { return Node::Undefined };
        match &item.kind {
            ItemKind::And => Node::And(Nodes { filter: self, range: at + 1..item.end }),
            ItemKind::Or => Node::Or(Nodes { filter: self, range: at + 1..item.end }),
            ItemKind::Not => Node::Not,
            ItemKind::Undefined => Node::Undefined,
            // Names, and what is computed, are in no index; nor is what another rule than the type's own compares.
            ItemKind::AnyAttribute { .. } | ItemKind::Bits(..) | ItemKind::Before(_) => Node::True,
            ItemKind::Equality(test) if test.dn_attributes || test.target.computed.is_some() => Node::True,
            ItemKind::Equality(test) if !test.is_own_rule => Node::True,
            ItemKind::GreaterOrEqual(test) | ItemKind::LessOrEqual(test) if test.target.computed.is_some() => {
                Node::True
            }
            ItemKind::Present(target) | ItemKind::Substrings(target, ..) if target.computed.is_some() => Node::True,
            ItemKind::Equality(test) => {
                Node::Equality { types: self.types(test.target), term: self.octets(test.value) }
            }
            ItemKind::GreaterOrEqual(test) => {
                Node::GreaterOrEqual { types: self.types(test.target), term: self.octets(test.value) }
            }
            ItemKind::LessOrEqual(test) => {
                Node::LessOrEqual { types: self.types(test.target), term: self.octets(test.value) }
            }
            ItemKind::Present(target) => Node::Present { types: self.types(*target) },
            ItemKind::Substrings(target, _, parts) => Node::Substrings {
                types: self.types(*target),
                parts: self.parts(*parts).iter().map(|(_, octets)| self.octets(*octets).trim_ascii()).collect(),
            },
        }
    }
}

impl<'f> Iterator for Nodes<'f> {
    type Item = Node<'f>;

    fn next(&mut self) -> Option<Node<'f>> {
        if self.range.is_empty() {
            return None;
        }
        let node = self.filter.node(self.range.start);
        self.range.start = self.filter.items.get(self.range.start)?.end;
        Some(node)
    }
}
