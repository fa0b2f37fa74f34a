//! Which attributes of a found entry are sent (RFC 4511 section 4.5.1.8, RFC 3673): stored ones as the segments they are stored
//! in, computed ones written beside them. Secret attributes and those that the caller may not read are never among them.

use countersign_proto::{ber::Writer, ldap::response};
use smallvec::SmallVec;

use crate::{
    access::View,
    config::Right,
    directory::{
        attribute_ids::AttributeId,
        computed::{ComputedAttribute, Surroundings},
        entry::{AttributeRef, Class, EntryRef, write_segment},
        schema::Schema,
    },
};

/// The attributes that a search asked for.
#[derive(Default)]
pub(super) struct Selection {
    all_user: bool,
    all_operational: bool,
    types_only: bool,
    named: SmallVec<[Named; 8]>,
}

/// One description asked for: the type or a subtype of it, with at least these options.
struct Named {
    /// The type and its subtypes.
    family: SmallVec<[AttributeId; 2]>,
    /// Lower case, without the first `;`; empty for none.
    options: String,
}

/// The pieces of an entry that are sent, each holding whole PartialAttribute elements.
pub(super) type Segments<'a> = SmallVec<[&'a [u8]; 16]>;

impl Selection {
    /// Takes the attribute list of a request in; an empty one means all user attributes.
    pub(super) fn compile<'a>(
        &mut self,
        descriptions: impl Iterator<Item = &'a [u8]>,
        types_only: bool,
        schema: &Schema,
    ) {
        (self.all_user, self.all_operational, self.types_only) = (false, false, types_only);
        self.named.clear();
        let mut is_empty = true;
        for description in descriptions {
            is_empty = false;
            match description {
                b"*" => self.all_user = true,
                b"+" => self.all_operational = true,
                b"1.1" => {}
                description => self.named.extend(Named::parse(description, schema)),
            }
        }
        self.all_user |= is_empty;
    }

    /// What of `entry` is sent; `view` is `None` where everybody may read all. Computed attributes are written into `scratch`.
    pub(super) fn select<'a>(
        &self,
        entry: EntryRef<'a>,
        surroundings: Surroundings,
        view: Option<&View<'_>>,
        schema: &Schema,
        scratch: &'a mut Vec<u8>,
    ) -> Segments<'a> {
        scratch.clear();
        let may_all = view.is_none_or(|view| view.may_all_user_attributes(Right::Read));
        if self.all_user && may_all && !self.types_only && !self.all_operational && self.named.is_empty() {
            return SmallVec::from_slice(&[entry.user_segments()]);
        }
        let may = |attribute| view.is_none_or(|view| view.may(Right::Read, attribute));
        let mut segments = Segments::new();
        let may_see =
            |attribute: &AttributeRef<'_>| (may_all && attribute.class == Class::User) || may(attribute.type_id);
        for attribute in entry.attributes().filter(|attribute| self.wants(attribute) && may_see(attribute)) {
            if self.types_only {
                write_segment(scratch, attribute.description(), &[] as &[&[u8]]);
            } else {
                segments.push(attribute.segment);
            }
        }
        self.write_computed(entry, surroundings, may, schema, scratch);
        if !scratch.is_empty() {
            segments.push(scratch);
        }
        segments
    }

    fn wants(&self, attribute: &AttributeRef<'_>) -> bool {
        let as_class = match attribute.class {
            Class::User => self.all_user,
            Class::Operational => self.all_operational,
            Class::Secret => return false,
        };
        as_class || self.named.iter().any(|named| named.covers(attribute))
    }

    fn write_computed(
        &self,
        entry: EntryRef<'_>,
        surroundings: Surroundings,
        may: impl Fn(AttributeId) -> bool,
        schema: &Schema,
        scratch: &mut Vec<u8>,
    ) {
        if !self.all_operational && self.named.is_empty() {
            return;
        }
        for computed in ComputedAttribute::ALL {
            let kind = computed.id(schema);
            let is_named = self.named.iter().any(|named| named.options.is_empty() && named.family.contains(&kind));
            if !(self.all_operational || is_named) || !may(kind) {
                continue;
            }
            if let Some(value) = computed.value(entry, surroundings) {
                let values = (!self.types_only).then_some(value);
                response::attribute(&mut Writer::new(scratch), computed.name().as_bytes(), values);
            }
        }
    }
}

impl Named {
    fn parse(description: &[u8], schema: &Schema) -> Option<Self> {
        let text = std::str::from_utf8(description).ok()?;
        let (name, options) = text.split_once(';').unwrap_or((text, ""));
        Some(Self { family: schema.attribute_type(name)?.family.clone(), options: options.to_ascii_lowercase() })
    }

    fn covers(&self, attribute: &AttributeRef<'_>) -> bool {
        self.family.contains(&attribute.type_id)
            && (self.options.is_empty() || self.has_options_of(attribute.description()))
    }

    /// Whether a stored description has every option asked for.
    fn has_options_of(&self, description: &[u8]) -> bool {
        self.options.split(';').all(|wanted| {
            description
                .split(|octet| *octet == b';')
                .skip(1)
                .any(|option| option.eq_ignore_ascii_case(wanted.as_bytes()))
        })
    }
}
