//! Which index lists lead to the candidates of a filter.
//!
//! An AND takes a list that is at hand if there is one, else what all its lists have in common. An OR needs a list for each of its
//! members. A NOT, and whatever has no index, says nothing; where nothing is said, the scope is scanned. Whoever asked evaluates
//! the filter on every candidate, so a list may be too long but never too short.

use smallvec::SmallVec;

use super::{
    super::StoreError,
    ahead::RowKey,
    keys::{self, Key, TermKind},
    list::{Ids, collect},
    rules::Rules,
    snapshot::Snapshot,
    terms,
};
use crate::directory::{
    attribute_ids::AttributeId,
    filter::{CompiledFilter, Node, Nodes},
    index_terms::{Kind, trigrams},
};

/// More ids than this from a range are not worth sorting: a scan does as well.
const RANGE_LIMIT: usize = 1 << 18;
/// Trigrams of one assertion that are intersected.
const TRIGRAMS: usize = 6;

/// The ids among which all matches are; `None` if no index can tell.
pub(super) fn candidates<'t>(
    search: &Snapshot<'t>,
    rules: &Rules,
    filter: &CompiledFilter,
) -> Result<Option<Ids<'t>>, StoreError> {
    Planner { search, rules }.node(&filter.root())
}

struct Planner<'p, 't> {
    search: &'p Snapshot<'t>,
    rules: &'p Rules,
}

type Plan<'t> = Result<Option<Ids<'t>>, StoreError>;

impl<'t> Planner<'_, 't> {
    fn node(&self, node: &Node<'_>) -> Plan<'t> {
        match node {
            Node::And(nodes) => self.and(nodes.clone()),
            Node::Or(nodes) => self.or(nodes.clone()),
            Node::Equality { types, term } => {
                self.any_type(types, Kind::Equality, |id| self.term(id, Kind::Equality, term).map(Some))
            }
            Node::Present { types } => {
                self.any_type(types, Kind::Presence, |id| self.term(id, Kind::Presence, b"").map(Some))
            }
            Node::GreaterOrEqual { types, term } => self.any_type(types, Kind::Ordering, |id| self.above(id, term)),
            Node::LessOrEqual { types, term } => self.any_type(types, Kind::Ordering, |id| self.below(id, term)),
            Node::Substrings { types, parts } => self.any_type(types, Kind::Substring, |id| self.substrings(id, parts)),
            Node::False | Node::Undefined => Ok(Some(Ids::Nothing)),
            Node::Not | Node::True => Ok(None),
        }
    }

    fn and(&self, nodes: Nodes<'_>) -> Plan<'t> {
        let is_range = |node: &Node<'_>| matches!(node, Node::GreaterOrEqual { .. } | Node::LessOrEqual { .. });
        let mut lists = Vec::new();
        for node in nodes.clone().filter(|node| !is_range(node)) {
            lists.extend(self.node(&node)?);
        }
        // Ranges are collected and sorted before anything can be read from them: only where nothing else is short.
        let together = common(lists).map(Ids::shortened).transpose()?;
        if together.as_ref().is_some_and(Ids::is_collected) {
            return Ok(together);
        }
        let mut lists: Vec<_> = together.into_iter().collect();
        for node in nodes.filter(is_range) {
            lists.extend(self.node(&node)?);
        }
        Ok(common(lists))
    }

    fn or(&self, nodes: Nodes<'_>) -> Plan<'t> {
        let mut lists = Vec::new();
        for node in nodes {
            match self.node(&node)? {
                Some(list) => lists.push(list),
                None => return Ok(None),
            }
        }
        Ok(Some(union(lists)))
    }

    /// The union over an attribute type and its subtypes, if all of them have the index.
    fn any_type(&self, types: &[AttributeId], kind: Kind, one: impl Fn(AttributeId) -> Plan<'t>) -> Plan<'t> {
        let mut lists = Vec::new();
        if let [only] = types
            && self.rules.indexes.has(*only, kind)
        {
            return one(*only);
        }
        for id in types {
            let list = if self.rules.indexes.has(*id, kind) { one(*id)? } else { None };
            match list {
                Some(list) => lists.push(list),
                None => return Ok(None),
            }
        }
        Ok(Some(union(lists)))
    }

    fn term(&self, attribute: AttributeId, kind: Kind, value: &[u8]) -> Result<Ids<'t>, StoreError> {
        let mut head = Key::new();
        keys::term(&mut head, attribute.0, terms::kind(kind), value);
        Ids::of_term(*self.search, head)
    }

    fn substrings(&self, attribute: AttributeId, parts: &[&[u8]]) -> Plan<'t> {
        let mut grams: SmallVec<[SmallVec<[u8; 16]>; 8]> = SmallVec::new();
        for part in parts {
            trigrams(part, &mut |gram| {
                if grams.len() < TRIGRAMS && !grams.iter().any(|known| known.as_slice() == gram) {
                    grams.push(gram.into());
                }
            });
        }
        let mut heads: SmallVec<[Key; TRIGRAMS]> = SmallVec::new();
        for gram in grams {
            let mut head = Key::new();
            keys::term(&mut head, attribute.0, TermKind::Substring, &gram);
            self.search.ahead.fetch(RowKey::term(&head));
            heads.push(head);
        }
        let lists = heads.into_iter().map(|head| Ids::of_common_term(*self.search, head));
        Ok(common(lists.collect::<Result<_, _>>()?))
    }

    fn above(&self, attribute: AttributeId, value: &[u8]) -> Plan<'t> {
        let (mut head, mut from) = (Key::new(), Key::new());
        keys::attribute(&mut head, attribute.0, TermKind::Ordering);
        keys::bound(&mut from, attribute.0, TermKind::Ordering, value);
        self.range(&from, |key| key.starts_with(&head))
    }

    fn below(&self, attribute: AttributeId, value: &[u8]) -> Plan<'t> {
        let (mut head, mut to) = (Key::new(), Key::new());
        keys::attribute(&mut head, attribute.0, TermKind::Ordering);
        keys::bound(&mut to, attribute.0, TermKind::Ordering, value);
        self.range(&head, |key| key.starts_with(&head) && (key < to.as_slice() || key.starts_with(&to)))
    }

    fn range(&self, from: &[u8], within: impl Fn(&[u8]) -> bool) -> Plan<'t> {
        Ok(collect(self.search.tables, self.search.txn, from, within, RANGE_LIMIT)?.map(|ids| Ids::Sorted(ids.into())))
    }
}

fn union(mut lists: Vec<Ids<'_>>) -> Ids<'_> {
    match lists.len() {
        0 => Ids::Nothing,
        1 => lists.pop().unwrap_or(Ids::Nothing),
        _ => Ids::Any(lists),
    }
}

/// What all lists have in common; where one is at hand, that one: looking at its few entries costs less than the other lists do.
fn common(mut lists: Vec<Ids<'_>>) -> Option<Ids<'_>> {
    let at_hand = lists.iter().enumerate().filter_map(|(at, list)| list.collected().map(|count| (count, at)));
    if let Some((_, at)) = at_hand.min() {
        return Some(lists.swap_remove(at));
    }
    match lists.len() {
        0 | 1 => lists.pop(),
        _ => Some(Ids::every(lists)),
    }
}
