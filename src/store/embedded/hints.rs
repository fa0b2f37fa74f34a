//! Where names led lately: a guess at the id under a name that spares the search in the table of names. The entry under the id
//! says in the same snapshot whether the guess was right, for it holds its own name; so a guess may be stale, torn from another name
//! of the same hash, or missing, and nobody has to be told of changes. Without locks, of a fixed size.

use std::sync::atomic::{AtomicU64, Ordering};

use super::super::EntryId;

/// Guesses by the hash of a name.
pub(super) struct Hints {
    /// 0, or 24 bits of the hash above the 40 bits of an id.
    slots: Box<[AtomicU64]>,
}

const ID_BITS: u32 = 40;
const LEAST: u64 = 1 << 12;
/// 32 MiB.
const MOST: u64 = 1 << 22;

impl Hints {
    /// Room for twice as many names as there are entries.
    pub(super) fn for_entries(entries: u64) -> Self {
        let slots = entries.saturating_mul(2).clamp(LEAST, MOST).next_power_of_two();
        Self { slots: (0..slots).map(|_| AtomicU64::new(0)).collect() }
    }

    /// The id that this name probably has.
    pub(super) fn guess(&self, name: &[u8]) -> Option<EntryId> {
        let (slot, tag) = self.place(name)?;
        let known = slot.load(Ordering::Relaxed);
        let id = known & ((1 << ID_BITS) - 1);
        (id != 0 && known >> ID_BITS == tag).then_some(EntryId(id))
    }

    /// Remembers where a name led.
    pub(super) fn note(&self, name: &[u8], id: EntryId) {
        if let Some((slot, tag)) = self.place(name)
            && id.0 >> ID_BITS == 0
        {
            slot.store(tag << ID_BITS | id.0, Ordering::Relaxed);
        }
    }

    fn place(&self, name: &[u8]) -> Option<(&AtomicU64, u64)> {
        // Spread over 64 bits: the upper ones tell names of one slot apart.
        let hash = u64::from(crc32c::crc32c(name)).wrapping_mul(0x9E37_79B9_7F4A_7C15);
        let slot = self.slots.get(usize::try_from(hash).ok()? & (self.slots.len() - 1))?;
        Some((slot, hash >> ID_BITS))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_is_remembered_until_another_takes_its_place() {
        let hints = Hints::for_entries(0);
        assert_eq!(hints.guess(b"dc=com\0"), None);
        hints.note(b"dc=com\0", EntryId(7));
        assert_eq!(hints.guess(b"dc=com\0"), Some(EntryId(7)));
        hints.note(b"dc=com\0", EntryId(8));
        assert_eq!(hints.guess(b"dc=com\0"), Some(EntryId(8)));
        assert_eq!(hints.guess(b"dc=net\0"), None);
        hints.note(b"dc=com\0", EntryId(1 << ID_BITS));
        assert_eq!(hints.guess(b"dc=com\0"), Some(EntryId(8)), "an id that does not fit is not noted");
    }
}
