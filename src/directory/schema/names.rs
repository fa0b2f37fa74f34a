//! Names and OIDs, found in any case: every RDN, filter item and selected attribute of every request is looked up here.

use hashbrown::HashTable;

/// Positions by name. Only the schema decides on the names, so that nobody can make them collide, and FNV-1a is quick for short ones.
#[derive(Debug, Default)]
pub(super) struct Names {
    table: HashTable<(Box<[u8]>, usize)>,
}

impl Names {
    /// The position under `name`, in any case.
    pub(super) fn find(&self, name: &[u8]) -> Option<usize> {
        let found = self.table.find(hash(name), |(known, _)| known.eq_ignore_ascii_case(name));
        found.map(|(_, position)| *position)
    }

    /// Puts `position` under `name`; gives what stood there before.
    pub(super) fn insert(&mut self, name: &str, position: usize) -> Option<usize> {
        let name = name.as_bytes();
        if let Some((_, known)) = self.table.find_mut(hash(name), |(known, _)| known.eq_ignore_ascii_case(name)) {
            return Some(std::mem::replace(known, position));
        }
        self.table.insert_unique(hash(name), (name.into(), position), |(known, _)| hash(known));
        None
    }
}

/// The same for names that differ in case alone: the bit that tells cases apart counts as set.
fn hash(name: &[u8]) -> u64 {
    name.iter()
        .fold(0xcbf2_9ce4_8422_2325, |hash, octet| (hash ^ u64::from(octet | 0x20)).wrapping_mul(0x0100_0000_01b3))
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn a_name_is_found_in_any_case_and_no_other_is() {
        let mut names = Names::default();
        assert_eq!(names.insert("userPassword", 1), None);
        assert_eq!(names.insert("2.5.4.35", 1), None);
        assert_eq!(names.insert("USERPASSWORD", 2), Some(1));
        assert_eq!(names.find(b"userpassword"), Some(2));
        assert_eq!(names.find(b"2.5.4.35"), Some(1));
        for other in ["", "userPasswor", "userPasswordx", "user\u{10}assword", "2.5.4.3"] {
            assert_eq!(names.find(other.as_bytes()), None, "{other}");
        }
    }
}
