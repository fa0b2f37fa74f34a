//! Filters made ready for evaluation: names resolved, values normalized once; three-valued (RFC 4511 section 4.5.1.7).

use super::{entry::EntryRef, schema::Schema};
use countersign_proto::ldap::filter::Filter;

/// A filter against one schema; owns its values, so that it can outlive the request. Its buffers can be reused.
#[derive(Clone, Debug, Default)]
pub struct CompiledFilter {}

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

impl CompiledFilter {
    /// Replaces what was compiled before.
    pub fn compile(&mut self, _filter: Filter<'_>, _schema: &Schema) {
        todo!()
    }
    /// `readable` tells whether the caller may use an attribute type in a filter; where it may not, the item is undefined.
    pub fn matches(
        &self,
        _entry: EntryRef<'_>,
        _readable: &dyn Fn(super::attribute_ids::AttributeId) -> bool,
    ) -> Truth {
        todo!()
    }
}
