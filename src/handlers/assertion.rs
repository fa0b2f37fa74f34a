//! The assertion control (RFC 4528): what must be true of an entry for an operation on it to be carried out.

use countersign_proto::ldap::filter::Filter;

use crate::{
    access::View,
    config::Right,
    directory::{
        computed::Surroundings,
        filter::{CompiledFilter, Truth},
        schema::Schema,
    },
    handlers::context::Context,
    store::Found,
};

/// A compiled assertion.
pub struct Assertion(CompiledFilter);

impl Assertion {
    /// The assertion that a request carries.
    pub fn new(filter: Filter<'_>, context: &Context) -> Self {
        let mut compiled = CompiledFilter::default();
        compiled.compile(filter, &context.schema);
        Self(compiled)
    }

    /// Whether it is true of an entry, as far as the caller may search it.
    pub fn holds(&self, found: &Found<'_>, view: &View<'_>, schema: &Schema) -> bool {
        let surroundings = Surroundings { children: found.children };
        self.0.matches(found.entry, surroundings, schema, &|attribute| view.may(Right::Search, attribute))
            == Truth::True
    }
}
