//! Attribute ids: a small number for each attribute description (type and options), never reused, persisted by the store.

use std::{collections::HashMap, sync::Arc};

use arc_swap::ArcSwap;
use smallvec::SmallVec;

/// The id of one attribute description. The id of a description without options is also the id of its attribute type.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct AttributeId(pub u32);

/// All ids given so far. Reading takes no lock.
#[derive(Debug, Default)]
pub struct AttributeIds {
    table: ArcSwap<Table>,
}

/// One state of the ids: it only grows.
#[derive(Clone, Debug, Default)]
pub struct Table {
    descriptions: Vec<Arc<str>>,
    /// By id: the id of the description without its options.
    types: Vec<AttributeId>,
    /// By description in lower case.
    by_name: HashMap<Box<[u8]>, AttributeId>,
}

impl AttributeIds {
    /// The ids as persisted, in order: the index in `descriptions` is the id.
    pub fn load(descriptions: Vec<String>) -> Self {
        let mut table = Table::default();
        for description in descriptions {
            table.push(&description);
        }
        Self { table: ArcSwap::from_pointee(table) }
    }

    /// The id of a description (case-insensitive, canonical name first: `cn;lang-en`); given now if it has none.
    pub fn assign(&self, description: &str) -> AttributeId {
        if let Some(id) = self.find(description) {
            return id;
        }
        self.assign_all([description]);
        self.find(description).unwrap_or(AttributeId(u32::MAX))
    }

    /// Gives every description an id in one step.
    pub fn assign_all<'a>(&self, descriptions: impl IntoIterator<Item = &'a str> + Clone) {
        self.table.rcu(|table| {
            let mut table = Table::clone(table);
            for description in descriptions.clone() {
                table.assign(description);
            }
            table
        });
    }

    /// The id of a description, if it has one.
    pub fn find(&self, description: &str) -> Option<AttributeId> {
        self.table.load().find(description.as_bytes())
    }

    /// Every description, by id; the store persists what is beyond its own count.
    pub fn descriptions(&self) -> Vec<String> {
        self.table.load().descriptions.iter().map(|description| description.to_string()).collect()
    }

    /// How many ids have been given.
    pub fn len(&self) -> usize {
        self.table.load().descriptions.len()
    }

    /// Whether none has been given yet.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The current state.
    pub fn current(&self) -> arc_swap::Guard<Arc<Table>> {
        self.table.load()
    }
}

impl Table {
    /// The id of a description in any case, if it has one.
    pub fn find(&self, description: &[u8]) -> Option<AttributeId> {
        self.by_name.get(lower_case(description).as_slice()).copied()
    }

    /// The description with this id.
    pub fn description(&self, id: AttributeId) -> Option<&str> {
        self.descriptions.get(id.0 as usize).map(|description| &**description)
    }

    /// The id of the attribute type of this description: the same without options.
    pub fn type_of(&self, id: AttributeId) -> AttributeId {
        self.types.get(id.0 as usize).copied().unwrap_or(id)
    }

    fn assign(&mut self, description: &str) -> AttributeId {
        if let Some(id) = self.find(description.as_bytes()) {
            return id;
        }
        // The type comes first, so that `type_of` never changes for an id once given.
        if let Some((name, _)) = description.split_once(';') {
            self.assign(name);
        }
        self.push(description)
    }

    fn push(&mut self, description: &str) -> AttributeId {
        let id = AttributeId(self.descriptions.len() as u32);
        let base = description.split_once(';').and_then(|(name, _)| self.find(name.as_bytes())).unwrap_or(id);
        self.descriptions.push(description.into());
        self.types.push(base);
        self.by_name.insert(lower_case(description.as_bytes()).as_slice().into(), id);
        id
    }
}

/// A name in lower case, on the stack where it is of ordinary length.
pub(crate) fn lower_case(name: &[u8]) -> SmallVec<[u8; 64]> {
    let mut lower = SmallVec::from_slice(name);
    lower.make_ascii_lowercase();
    lower
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_description_keeps_its_id_in_any_case_and_after_loading() {
        let ids = AttributeIds::default();
        let cn = ids.assign("cn");
        let english = ids.assign("sn;lang-en");
        assert_eq!(ids.assign("CN"), cn);
        assert_eq!(ids.find("SN;LANG-EN"), Some(english));
        let loaded = AttributeIds::load(ids.descriptions());
        assert_eq!(loaded.find("sn;lang-en"), Some(english));
        assert_eq!(Some(loaded.current().type_of(english)), loaded.find("sn"));
        assert_eq!(loaded.find("mail"), None);
    }
}
