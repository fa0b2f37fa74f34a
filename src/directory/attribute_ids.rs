//! Attribute ids: a small number for each attribute description (type and options), never reused, persisted by the store.

use arc_swap::ArcSwap;

/// The id of one attribute description. Ids below the number of types in the schema at first start are plain types.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct AttributeId(pub u32);

/// All ids given so far. Reading takes no lock.
#[derive(Debug, Default)]
pub struct AttributeIds {
    table: ArcSwap<Table>,
}

/// One state of the ids.
#[derive(Debug, Default)]
pub struct Table {}

impl AttributeIds {
    /// The ids as persisted, in order: the index in `descriptions` is the id.
    pub fn load(_descriptions: Vec<String>) -> Self {
        todo!()
    }
    /// The id of a description (case-insensitive, canonical name first: `cn;lang-en`); given now if it has none.
    pub fn assign(&self, _description: &str) -> AttributeId {
        todo!()
    }
    /// The id of a description, if it has one.
    pub fn find(&self, _description: &str) -> Option<AttributeId> {
        todo!()
    }
    /// Every description, by id; the store persists what is beyond its own count.
    pub fn descriptions(&self) -> Vec<String> {
        todo!()
    }
    /// The current state.
    pub fn current(&self) -> arc_swap::Guard<std::sync::Arc<Table>> {
        self.table.load()
    }
}
