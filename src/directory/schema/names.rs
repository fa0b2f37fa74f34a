//! Names and OIDs, found in any case: every RDN, filter item and selected attribute of every request is looked up here.

use std::collections::HashMap;

use hashbrown::HashTable;

use crate::directory::attribute_ids::lower_case as in_lower_case;

/// Positions by name. Only the schema decides on the names, so that nobody can make them collide.
#[derive(Debug, Default)]
pub(super) struct Names {
    table: HashTable<(Words, usize)>,
    /// In lower case.
    long: HashMap<Vec<u8>, usize>,
}

/// A name in lower case, filled up with zeros; the last octet is its length. So it is looked at eight octets at a time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Words([u64; 4]);

/// Octets of the longest name that has words.
const LONGEST: usize = 31;

impl Names {
    /// The position under `name`, in any case.
    pub(super) fn find(&self, name: &[u8]) -> Option<usize> {
        match Words::of(name) {
            Some(words) => self.table.find(words.hash(), |known| known.0 == words).map(|known| known.1),
            None => self.long.get(&*in_lower_case(name)).copied(),
        }
    }

    /// Puts `position` under `name`; gives what stood there before.
    pub(super) fn insert(&mut self, name: &str, position: usize) -> Option<usize> {
        let Some(words) = Words::of(name.as_bytes()) else {
            return self.long.insert(name.to_ascii_lowercase().into_bytes(), position);
        };
        if let Some((_, known)) = self.table.find_mut(words.hash(), |known| known.0 == words) {
            return Some(std::mem::replace(known, position));
        }
        self.table.insert_unique(words.hash(), (words, position), |known| known.0.hash());
        None
    }
}

impl Words {
    /// `None` for a long name.
    fn of(name: &[u8]) -> Option<Self> {
        let mut octets = [0; 32];
        let (room, length) = octets.split_at_mut(LONGEST);
        room.get_mut(..name.len())?.copy_from_slice(name);
        length.fill(u8::try_from(name.len()).ok()?);
        let mut words = [0; 4];
        let (all, _) = octets.as_chunks();
        words.iter_mut().zip(all).for_each(|(word, octets)| *word = lower_case(u64::from_le_bytes(*octets)));
        Some(Self(words))
    }

    fn hash(self) -> u64 {
        let hash =
            self.0.iter().fold(0, |hash: u64, word| (hash.rotate_left(5) ^ word).wrapping_mul(0x9E37_79B9_7F4A_7C15));
        // The lower bits of a product know nothing of the upper ones of its factors.
        hash ^ hash >> 32
    }
}

/// Eight octets with the letters among them in lower case.
const fn lower_case(word: u64) -> u64 {
    const EACH: u64 = 0x0101_0101_0101_0101;
    const HIGH: u64 = 0x80 * EACH;
    // Without its highest bit no octet runs over into the next when something is added to it.
    let low = word & !HIGH;
    let from_a = low + (0x80 - b'A' as u64) * EACH;
    let behind_z = low + (0x7F - b'Z' as u64) * EACH;
    let capitals = from_a & !behind_z & !word & HIGH;
    word | capitals >> 2
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn a_name_is_found_in_any_case_and_no_other_is() {
        let mut names = Names::default();
        assert_eq!(names.insert("userPassword", 1), None);
        assert_eq!(names.insert("2.5.4.35", 1), None);
        assert_eq!(names.insert("USERPASSWORD", 2), Some(1));
        let around_the_longest = [30, 31, 32, 33, 300].map(|length| format!("A{}", "b".repeat(length - 1)));
        for (position, name) in around_the_longest.iter().enumerate() {
            assert_eq!(names.insert(name, 10 + position), None, "{name}");
        }
        assert_eq!(names.insert(&around_the_longest[3].to_lowercase(), 99), Some(13));
        assert_eq!(names.find(b"userpassword"), Some(2));
        assert_eq!(names.find(b"2.5.4.35"), Some(1));
        let found = around_the_longest.each_ref().map(|name| names.find(name.to_uppercase().as_bytes()));
        assert_eq!(found, [Some(10), Some(11), Some(12), Some(99), Some(14)]);
        assert_eq!(names.find(&[b'b'; 299]), None);
        let others =
            ["", "userPasswor", "userPasswordx", "user\u{10}assword", "userPassword\0", "2.5.4.3", "2.5.4.35\0"];
        for other in others {
            assert_eq!(names.find(other.as_bytes()), None, "{other}");
        }
    }

    proptest! {
        #[test]
        fn eight_octets_are_put_in_lower_case_as_one_by_one(octets: [u8; 8]) {
            let together = lower_case(u64::from_le_bytes(octets)).to_le_bytes().to_vec();
            prop_assert_eq!(together, octets.to_ascii_lowercase());
        }
    }
}
