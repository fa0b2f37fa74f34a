//! Which index lists lead to the candidates of a filter.
//!
//! An AND takes its smallest list, found by racing: all lists are read in steps until one ends. An OR needs a list for each of its
//! members. A NOT, and whatever has no index, says nothing; where nothing is said, the scope is scanned. Whoever asked evaluates
//! the filter on every candidate, so a list may be too long but never too short.

use smallvec::SmallVec;

use super::{
    super::StoreError,
    keys::{self, Key, TermKind},
    list::{Ids, Postings, collect},
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
                self.any_type(types, Kind::Equality, |id| Ok(Some(self.term(id, Kind::Equality, term))))
            }
            Node::Present { types } => {
                self.any_type(types, Kind::Presence, |id| Ok(Some(self.term(id, Kind::Presence, b""))))
            }
            Node::GreaterOrEqual { types, term } => self.any_type(types, Kind::Ordering, |id| self.above(id, term)),
            Node::LessOrEqual { types, term } => self.any_type(types, Kind::Ordering, |id| self.below(id, term)),
            Node::Substrings { types, parts } => {
                self.any_type(types, Kind::Substring, |id| Ok(self.substrings(id, parts)))
            }
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
        let shortest = match race(lists)? {
            Some(list) => Some(list.shortened()?),
            None => None,
        };
        if shortest.as_ref().is_some_and(Ids::is_collected) {
            return Ok(shortest);
        }
        let mut lists: Vec<_> = shortest.into_iter().collect();
        for node in nodes.filter(is_range) {
            lists.extend(self.node(&node)?);
        }
        race(lists)
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

    fn term(&self, attribute: AttributeId, kind: Kind, value: &[u8]) -> Ids<'t> {
        let mut head = Key::new();
        keys::term(&mut head, attribute.0, terms::kind(kind), value);
        Ids::Term(Postings::new(self.search.tables, self.search.txn, head))
    }

    fn substrings(&self, attribute: AttributeId, parts: &[&[u8]]) -> Option<Ids<'t>> {
        let mut grams: SmallVec<[SmallVec<[u8; 16]>; 8]> = SmallVec::new();
        for part in parts {
            trigrams(part, &mut |gram| {
                if grams.len() < TRIGRAMS && !grams.iter().any(|known| known.as_slice() == gram) {
                    grams.push(gram.into());
                }
            });
        }
        let mut lists = grams.iter().map(|gram| self.term(attribute, Kind::Substring, gram));
        match grams.len() {
            0 => None,
            1 => lists.next(),
            _ => Some(Ids::Every(lists.collect())),
        }
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

/// The list that ends first. Reading ahead costs far less than evaluating what a longer list would lead to.
fn race<'t>(mut lists: Vec<Ids<'t>>) -> Plan<'t> {
    if lists.len() < 2 {
        return Ok(lists.pop());
    }
    // Lists go forward only, so what was read ahead is kept, and given again with what follows.
    let mut ahead: Vec<Vec<u64>> = lists.iter().map(|_| Vec::new()).collect();
    for level in [8, 64, 512, 4096] {
        for (at, (list, read)) in lists.iter_mut().zip(&mut ahead).enumerate() {
            while read.len() < level {
                match list.seek(read.last().map_or(0, |last| last + 1))? {
                    Some(id) => read.push(id),
                    None => return Ok(Some(Ids::Sorted(ahead.swap_remove(at).into()))),
                }
            }
        }
    }
    // All are long: whoever is first among them is as good as any, and agreeing with the others makes it shorter.
    Ok(Some(Ids::Every(lists.into_iter().map(Ids::rewound).collect())))
}
