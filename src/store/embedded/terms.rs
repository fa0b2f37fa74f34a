//! The index terms of one entry as heads of posting keys, and the difference between two sets of them.

use std::cmp::Ordering;

use smallvec::SmallVec;

use super::{
    keys::{self, TermKind},
    rules::Rules,
};
use crate::directory::{
    attribute_ids::AttributeId,
    entry::EntryRef,
    index_terms::{self, Kind},
};

/// A sorted set of heads, in one buffer that is used again.
#[derive(Default)]
pub(super) struct Terms {
    octets: Vec<u8>,
    /// Where each head lies.
    spans: Vec<(u32, u32)>,
    key: keys::Key,
}

impl Terms {
    /// Replaces the set by the terms of `entry`, or by nothing.
    pub(super) fn fill(&mut self, entry: Option<EntryRef<'_>>, rules: &Rules) {
        self.fill_types(entry, rules, |_| true);
    }

    /// Replaces the set by the terms that `entry` has by attributes of the wanted types.
    pub(super) fn fill_types(
        &mut self,
        entry: Option<EntryRef<'_>>,
        rules: &Rules,
        wanted: impl Fn(AttributeId) -> bool,
    ) {
        self.octets.clear();
        self.spans.clear();
        let Some(entry) = entry else { return };
        index_terms::terms(entry, &rules.schema, &rules.indexes, wanted, &mut |term| {
            keys::term(&mut self.key, term.attribute.0, kind(term.kind), term.value);
            let start = self.octets.len();
            self.octets.extend_from_slice(&self.key);
            #[expect(clippy::cast_possible_truncation, reason = "an entry's terms are far below 4 GiB")]
            self.spans.push((start as u32, self.octets.len() as u32));
        });
        let octets = &self.octets;
        self.spans.sort_unstable_by(|left, right| slice(octets, *left).cmp(slice(octets, *right)));
        self.spans.dedup_by(|left, right| slice(octets, *left) == slice(octets, *right));
    }

    /// The heads in order.
    pub(super) fn iter(&self) -> impl Iterator<Item = &[u8]> {
        self.spans.iter().map(|span| slice(&self.octets, *span))
    }
}

/// The attribute types of which two entries do not hold the same octets; terms of all other types are the same.
pub(super) fn changed_types(old: EntryRef<'_>, new: EntryRef<'_>) -> SmallVec<[AttributeId; 16]> {
    let mut changed = SmallVec::new();
    for attribute in old.attributes() {
        if new.attribute(attribute.id).is_none_or(|other| other.segment != attribute.segment) {
            changed.push(attribute.type_id);
        }
    }
    let come = new.attributes().filter(|attribute| old.attribute(attribute.id).is_none());
    changed.extend(come.map(|attribute| attribute.type_id));
    changed
}

/// How a kind of term is written in keys.
pub(super) fn kind(kind: Kind) -> TermKind {
    match kind {
        Kind::Equality => TermKind::Equality,
        Kind::Presence => TermKind::Presence,
        Kind::Ordering => TermKind::Ordering,
        Kind::Substring => TermKind::Substring,
    }
}

/// Calls `each` for every head that is in one set only, with whether that is the new one.
pub(super) fn difference(old: &Terms, new: &Terms, mut each: impl FnMut(&[u8], bool)) {
    let (mut old, mut new) = (old.iter().peekable(), new.iter().peekable());
    loop {
        // What has nothing to be compared with sorts behind everything.
        let order = match (old.peek(), new.peek()) {
            (None, None) => return,
            (Some(gone), Some(come)) => gone.cmp(come),
            (Some(_), None) => Ordering::Less,
            (None, Some(_)) => Ordering::Greater,
        };
        let gone = old.next_if(|_| order.is_le());
        let come = new.next_if(|_| order.is_ge());
        match (gone, come) {
            (Some(gone), None) => each(gone, false),
            (None, Some(come)) => each(come, true),
            _ => {}
        }
    }
}

fn slice(octets: &[u8], (start, end): (u32, u32)) -> &[u8] {
    octets.get(start as usize..end as usize).unwrap_or_default()
}
