//! Large pages for memory that is read all over: the processor keeps few addresses of pages at hand, and a slow hash waits for those
//! that it has lost. Whether the system gives any is its own affair, and what stands in memory does not depend on it.
//!
//! The advice stays with the addresses when the memory is given back to the allocator: what it puts there next may get large pages too.

use std::{iter::repeat_with, mem::MaybeUninit};

/// Octets of an ordinary page, or less: the system refuses an address within one.
const PAGE: usize = 4096;
/// Octets of a large one: what is shorter is not worth asking for.
const LARGE: usize = 2 << 20;

/// So many items in a row, in large pages where the system has some and they are many.
pub fn row_of<T>(count: usize, item: impl FnMut() -> T) -> Vec<T> {
    let mut row = Vec::with_capacity(count);
    prefer(row.spare_capacity_mut());
    row.extend(repeat_with(item).take(count));
    row
}

/// Has the system give large pages for memory that nobody has written to yet, and for what stands beside it in the first and the last one.
fn prefer<T>(memory: &mut [MaybeUninit<T>]) {
    let start = memory.as_mut_ptr();
    let before = start.addr() % PAGE;
    let length = (before + size_of_val(memory)).next_multiple_of(PAGE);
    if length >= LARGE {
        advise(start.cast::<u8>().wrapping_sub(before), length);
    }
}

#[cfg(target_os = "linux")]
#[expect(unsafe_code, reason = "the system is told of an address; this advice changes nothing of what stands there")]
fn advise(start: *mut u8, length: usize) {
    use rustix::mm::{Advice, madvise};
    // SAFETY: these are the pages of memory that is allocated; large pages hold what small ones do.
    let asked = unsafe { madvise(start.cast(), length, Advice::LinuxHugepage) };
    // A system without large pages, or one that gives none, is slower and no worse.
    let _ = asked;
}

/// Other systems have no such advice.
#[cfg(not(target_os = "linux"))]
const fn advise(_start: *mut u8, _length: usize) {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_row_holds_its_items_however_long_it_is() {
        for count in [0, 1, PAGE - 1, PAGE, 3 * PAGE + 5, 5 << 20] {
            let mut next = 0_u8;
            let row = row_of(count, || {
                next = next.wrapping_add(1);
                next
            });
            assert_eq!(row.len(), count);
            assert!(row.iter().zip(1..).all(|(octet, place): (&u8, usize)| usize::from(*octet) == place % 256));
        }
    }
}
