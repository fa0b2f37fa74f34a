//! Which index terms an entry has: the normalized values under which the store finds it.
//! (Written by "store"; normalization by matching rules joins with the schema.)

use super::{
    attribute_ids::AttributeId,
    entry::{Class, EntryRef},
    schema::Schema,
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
    equality: bool,
    presence: bool,
    ordering: bool,
    substring: bool,
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
                match kind {
                    Kind::Equality => indexed.equality = true,
                    Kind::Presence => indexed.presence = true,
                    Kind::Ordering => indexed.ordering = true,
                    Kind::Substring => indexed.substring = true,
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
            Kind::Equality => indexed.equality,
            Kind::Presence => indexed.presence,
            Kind::Ordering => indexed.ordering,
            Kind::Substring => indexed.substring,
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

/// Calls `each` for every term of an entry; some may come more than once.
pub fn terms(entry: EntryRef<'_>, _schema: &Schema, indexes: &Indexes, each: &mut impl FnMut(Term<'_>)) {
    for found in entry.attributes() {
        let Some(indexed) = indexes.indexed(found.type_id) else { continue };
        let mut give = |kind, value: &[u8]| each(Term { attribute: found.type_id, kind, value });
        if indexed.presence {
            give(Kind::Presence, b"");
        }
        for value in found.values() {
            let value = value.to_ascii_lowercase();
            if indexed.equality {
                give(Kind::Equality, &value);
            }
            if indexed.ordering {
                give(Kind::Ordering, &value);
            }
            if indexed.substring {
                trigrams(&value, End::Both, &mut |gram| give(Kind::Substring, gram));
            }
        }
    }
}

/// Which ends of a normalized text are ends of the value.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum End {
    /// It is the whole value.
    Both,
    /// It is how the value begins.
    Start,
    /// It is how the value ends.
    Finish,
    /// It is somewhere inside.
    Neither,
}

/// Stands before a value's first octet and behind its last one, so that short beginnings and ends have terms too. Where it stands
/// in values as well, a candidate too many is found, which is no harm.
const EDGE: u8 = 2;

/// Calls `each` for the terms of a text: every three octets in a row, with the edges that are known.
pub fn trigrams(text: &[u8], end: End, each: &mut impl FnMut(&[u8])) {
    if let ([first, second, ..], End::Both | End::Start) = (text, end) {
        each(&[EDGE, *first, *second]);
    }
    text.windows(3).for_each(&mut *each);
    if let ([.., last_but_one, last], End::Both | End::Finish) = (text, end) {
        each(&[*last_but_one, *last, EDGE]);
    }
}
