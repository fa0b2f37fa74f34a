//! Which index terms an entry has: the normalized values under which the store finds it.
//! How values are normalized is the matching rules' (`schema/matching.rs`); how terms are stored, the store's.

use super::{
    attribute_ids::AttributeId,
    entry::{Class, EntryRef},
    schema::{Form, MatchingRule, Normalized, Schema},
};

/// Which attribute types are indexed, and how; prepared, so that finding terms asks the schema for nothing.
#[derive(Clone, Debug, Default)]
pub struct Indexes {
    /// By attribute id.
    types: Vec<Option<Indexed>>,
    description: String,
}

/// The indexes of one attribute type.
#[derive(Clone, Copy, Debug, Default)]
struct Indexed {
    presence: bool,
    equality: Option<Form>,
    ordering: Option<Form>,
    substring: Option<Form>,
}

/// A kind of index.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Kind {
    /// The whole value.
    Equality,
    /// That there is a value.
    Presence,
    /// The whole value, in order.
    Ordering,
    /// Three octets of the value in a row.
    Substring,
}

/// One term: an entry that has it is found under it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Term<'a> {
    /// The attribute type.
    pub attribute: AttributeId,
    /// The kind of index.
    pub kind: Kind,
    /// The normalized value; empty for presence.
    pub value: &'a [u8],
}

impl Indexes {
    /// Prepares the indexes that are wanted: attribute names with their kinds.
    ///
    /// # Errors
    /// A sentence about the first name that the schema does not know or the first kind that its type has no rule for.
    pub fn build<'a>(schema: &Schema, wanted: impl IntoIterator<Item = (&'a str, &'a [Kind])>) -> Result<Self, String> {
        let mut indexes = Self::default();
        let mut described = Vec::new();
        for (name, kinds) in wanted {
            let Some(known) = schema.attribute_type(name) else {
                return Err(format!("the schema has no attribute type {name}, so it cannot be indexed"));
            };
            if known.class == Class::Secret {
                return Err(format!("{name} is secret and cannot be indexed"));
            }
            let at = known.id.0 as usize;
            if indexes.types.len() <= at {
                indexes.types.resize(at + 1, None);
            }
            let Some(slot) = indexes.types.get_mut(at) else { continue };
            let indexed = slot.get_or_insert_default();
            for kind in kinds {
                let form = |rule: Option<&MatchingRule>| match rule {
                    Some(rule) => Ok(Some(rule.form)),
                    None => Err(format!("{name} has no rule for an index of this kind: {kind:?}")),
                };
                match kind {
                    Kind::Presence => indexed.presence = true,
                    Kind::Equality => indexed.equality = form(known.equality)?,
                    Kind::Ordering => indexed.ordering = form(known.ordering)?,
                    Kind::Substring => indexed.substring = form(known.substring)?,
                }
                described.push(format!("{}:{kind:?}", known.key_name));
            }
        }
        described.sort();
        described.dedup();
        indexes.description = described.join(" ");
        Ok(indexes)
    }

    /// Whether an attribute type has this kind of index.
    pub fn has(&self, attribute: AttributeId, kind: Kind) -> bool {
        self.indexed(attribute).is_some_and(|indexed| match kind {
            Kind::Presence => indexed.presence,
            Kind::Equality => indexed.equality.is_some(),
            Kind::Ordering => indexed.ordering.is_some(),
            Kind::Substring => indexed.substring.is_some(),
        })
    }

    /// All of it as text: a store that was built for another text must be built anew.
    pub fn description(&self) -> &str {
        &self.description
    }

    fn indexed(&self, attribute: AttributeId) -> Option<&Indexed> {
        self.types.get(attribute.0 as usize)?.as_ref()
    }
}

/// Calls `each` for every term that an entry has by attributes of the types that `wanted` names; some may come more than once.
pub fn terms(
    entry: EntryRef<'_>,
    schema: &Schema,
    indexes: &Indexes,
    wanted: impl Fn(AttributeId) -> bool,
    each: &mut impl FnMut(Term<'_>),
) {
    let mut normalized = Normalized::new();
    for found in entry.attributes().filter(|found| wanted(found.type_id)) {
        let Some(indexed) = indexes.indexed(found.type_id) else { continue };
        let mut give = |kind, value: &[u8]| each(Term { attribute: found.type_id, kind, value });
        if indexed.presence {
            give(Kind::Presence, b"");
        }
        for value in found.values() {
            // Most rules of one type share a form, and what was normalized for one serves the next.
            let mut last = None;
            let mut under = |form: Form, normalized: &mut Normalized| {
                if last != Some(form) {
                    normalized.clear();
                    last = Some(form);
                    if !form.normalize(schema, value, normalized) {
                        last = None;
                    }
                }
                last.is_some()
            };
            if let Some(form) = indexed.equality
                && under(form, &mut normalized)
            {
                give(Kind::Equality, &normalized);
            }
            if let Some(form) = indexed.ordering
                && under(form, &mut normalized)
            {
                give(Kind::Ordering, &normalized);
            }
            if let Some(form) = indexed.substring
                && under(form, &mut normalized)
            {
                // Where spaces do not count, a part may begin or end in one that stands for the edge of the value.
                if form.has_insignificant_spaces() {
                    normalized.insert(0, b' ');
                    normalized.push(b' ');
                }
                trigrams(&normalized, &mut |gram| give(Kind::Substring, gram));
            }
        }
    }
}

/// Calls `each` for every three octets in a row. A filter's parts are normalized as they stand in values (`Form::normalize_part`).
pub fn trigrams(text: &[u8], each: &mut impl FnMut(&[u8])) {
    text.windows(3).for_each(each);
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use std::sync::Arc;

    use uuid::Uuid;

    use super::*;
    use crate::directory::{attribute_ids::AttributeIds, dn::Dn, entry::Entry};

    fn terms_of(kinds: &[Kind], name: &str, description: &str, value: &str) -> Vec<(Kind, String)> {
        let schema = Schema::standard(Arc::new(AttributeIds::default()));
        let indexes = Indexes::build(&schema, [(name, kinds)]).unwrap();
        let mut entry = Entry::new(Dn::parse("cn=x").unwrap(), Uuid::nil());
        entry.set(&schema, description, vec![value.as_bytes().to_vec()]);
        let stored = entry.encode(&schema);
        let mut found = Vec::new();
        terms(EntryRef::new(&stored).unwrap(), &schema, &indexes, |_| true, &mut |term| {
            found.push((term.kind, String::from_utf8_lossy(term.value).into_owned()));
        });
        found
    }

    #[test]
    fn an_entry_is_found_under_its_normalized_values() {
        let found = terms_of(&[Kind::Equality, Kind::Presence, Kind::Substring], "cn", "cn;lang-en", " Ada  K ");
        let expected: Vec<_> =
            [" ad", "ada", "da ", "a k", " k "].map(|gram| (Kind::Substring, gram.to_owned())).into();
        assert_eq!(found.get(..2).unwrap(), [(Kind::Presence, String::new()), (Kind::Equality, "ada k".to_owned())]);
        assert_eq!(found.get(2..).unwrap(), expected);
        assert!(terms_of(&[Kind::Equality], "cn", "sn", "x").is_empty());
        assert!(terms_of(&[Kind::Equality], "uidNumber", "uidNumber", "no number").is_empty());
    }

    #[test]
    fn what_cannot_be_indexed_is_refused_by_name() {
        let schema = Schema::standard(Arc::new(AttributeIds::default()));
        let wanted: [(&str, &[Kind]); 4] = [
            ("unheardOf", &[Kind::Equality]),
            ("userPassword", &[Kind::Equality]),
            ("uidNumber", &[Kind::Substring]),
            ("jpegPhoto", &[Kind::Equality]),
        ];
        for one in wanted {
            assert!(Indexes::build(&schema, [one]).unwrap_err().contains(one.0));
        }
    }
}
