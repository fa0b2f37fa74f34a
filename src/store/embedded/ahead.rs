//! Having memory fetched before it is needed, so that waits for it pass side by side: a row while the tree is still being searched for
//! it, by where it lay lately, and the rows of a term that is being read. Nothing is ever read by what stands here, so it may be
//! stale, missing, or of another row, and nobody has to be told of changes. Without locks, of a fixed size.

use std::sync::atomic::{AtomicU64, Ordering};

use super::super::EntryId;

/// Where rows lay, by what leads to them.
pub(super) struct Ahead {
    /// 0, or how many cache lines, in the lowest octet, from which address on, above it.
    slots: Box<[AtomicU64]>,
}

/// What leads to a row.
#[derive(Clone, Copy)]
pub(super) struct RowKey(u64);

const LEAST: u64 = 1 << 12;
/// 32 MiB.
const MOST: u64 = 1 << 22;
/// Octets of a cache line.
const LINE: usize = 64;
/// Octets of a page, at whose start the tree looks for the row.
const PAGE: usize = 4096;
/// What stands before a row in its page: the header of its node and an id.
const BEFORE: usize = 16;
/// Octets before a row that are fetched with it: a long row or some short ones.
const NEXT: usize = 2048;
/// Cache lines fetched of one row, at most: 1,280 octets. The processor foresees what is read in order beyond.
const MOST_LINES: usize = 20;

impl RowKey {
    /// To the entry with this id.
    pub(super) const fn entry(id: EntryId) -> Self {
        // As it is: the entries that were added together share a cache line here.
        Self(id.0)
    }

    /// To the factor record of the entry with this id.
    pub(super) const fn factor(id: EntryId) -> Self {
        Self::spread(id.0)
    }

    /// To the first row of the term with this head.
    pub(super) fn term(head: &[u8]) -> Self {
        Self::spread(crc32c::crc32c(head) as u64)
    }

    const fn spread(number: u64) -> Self {
        Self(number.wrapping_mul(0x9E37_79B9_7F4A_7C15) >> 32)
    }
}

impl Ahead {
    /// Room for as many entries as there are and as much again.
    pub(super) fn for_entries(entries: u64) -> Self {
        let slots = entries.saturating_mul(2).clamp(LEAST, MOST).next_power_of_two();
        Self { slots: (0..slots).map(|_| AtomicU64::new(0)).collect() }
    }

    /// Has the row fetched that lay lately where `key` leads to.
    pub(super) fn fetch(&self, key: RowKey) {
        if let Some((first, count)) = self.lines(key) {
            fetch_line(first & !(PAGE - 1));
            (0..count).for_each(|line| fetch_line(first + line * LINE));
        }
    }

    /// Remembers where the row lies that `key` leads to.
    pub(super) fn note(&self, key: RowKey, row: &[u8]) {
        let Some(slot) = self.slot(key) else { return };
        let end = row.as_ptr().addr() + row.len();
        let first = row.as_ptr().addr().saturating_sub(BEFORE) & !(LINE - 1);
        let count = (end - first).div_ceil(LINE).min(MOST_LINES);
        let known = (first as u64) << 8 | count as u64;
        // Most often it is known, and to write it would take the cache line from the other processors.
        if slot.load(Ordering::Relaxed) != known {
            slot.store(known, Ordering::Relaxed);
        }
    }

    /// The address of the first cache line, and how many there are.
    fn lines(&self, key: RowKey) -> Option<(usize, usize)> {
        let known = self.slot(key)?.load(Ordering::Relaxed);
        let first = usize::try_from(known >> 8).ok().filter(|first| *first != 0)?;
        Some((first, usize::from(known.to_le_bytes()[0])))
    }

    fn slot(&self, key: RowKey) -> Option<&AtomicU64> {
        self.slots.get(usize::try_from(key.0).ok()? & (self.slots.len() - 1))
    }
}

/// Has a row fetched that was just found, and what probably follows it in the order of keys: LMDB fills its pages from their ends, so
/// the next rows most often lie right before it.
pub(super) fn fetch_with_next(row: &[u8]) {
    let (start, end) = (row.as_ptr().addr(), row.as_ptr().addr() + row.len());
    let first = start.saturating_sub(NEXT).max(start & !(PAGE - 1)) & !(LINE - 1);
    (first..end).step_by(LINE).for_each(fetch_line);
}

#[cfg(target_arch = "x86_64")]
#[expect(unsafe_code, reason = "an address is handed to the processor, whatever lies there")]
fn fetch_line(address: usize) {
    use std::arch::x86_64::{_MM_HINT_T0, _mm_prefetch};
    // SAFETY: the instruction reads nothing that the program sees, and faults at no address.
    unsafe { _mm_prefetch::<_MM_HINT_T0>(std::ptr::without_provenance(address)) }
}

/// Other processors are not told: Rust has no stable way to.
#[cfg(not(target_arch = "x86_64"))]
const fn fetch_line(_address: usize) {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_row_is_fetched_from_before_its_start_to_its_end() {
        let (ahead, row) = (Ahead::for_entries(0), vec![0_u8; 300]);
        assert_eq!(ahead.lines(RowKey::entry(EntryId(7))), None);
        ahead.note(RowKey::entry(EntryId(7)), &row);
        let (first, count) = ahead.lines(RowKey::entry(EntryId(7))).unwrap_or_default();
        let start = row.as_ptr().addr();
        assert!(first <= start - BEFORE && first + LINE > start - BEFORE, "{first:#x} for {start:#x}");
        assert!(first + count * LINE >= start + 300 && count <= 6, "{count} lines");
    }

    #[test]
    fn a_long_row_is_fetched_in_part_and_one_that_is_gone_without_harm() {
        let ahead = Ahead::for_entries(0);
        ahead.note(RowKey::term(b"a"), &vec![0; 1 << 20]);
        assert_eq!(ahead.lines(RowKey::term(b"a")).map(|lines| lines.1), Some(MOST_LINES));
        ahead.fetch(RowKey::term(b"a"));
        ahead.fetch(RowKey::term(b"never seen"));
    }
}
