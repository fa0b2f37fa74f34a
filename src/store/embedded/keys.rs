//! Keys of the tables: what must sort how. LMDB keys have at most 511 octets, so long names and values keep a prefix, for order,
//! and a SHA-256, for identity.

use sha2::{Digest, Sha256};
use smallvec::SmallVec;

use super::super::{EntryId, StoreError};

/// The key of a row by id: the number in the order of the machine's octets, as LMDB compares it.
pub(super) const fn id(id: EntryId) -> [u8; 8] {
    id.0.to_ne_bytes()
}

/// The id of a row.
pub(super) fn read_id(key: &[u8]) -> Result<EntryId, StoreError> {
    let id = <[u8; 8]>::try_from(key).map(u64::from_ne_bytes).map(EntryId);
    id.map_err(|_| StoreError::Damaged("an entry has a wrong key".into()))
}

/// A key being made; on the stack unless it is long.
pub(super) type Key = SmallVec<[u8; 160]>;

/// Names up to this length are stored as they are.
pub(super) const NAME_PREFIX: usize = 470;
const HASH: usize = 32;

/// The stored key of a name: the name key itself (so that a subtree is one range), or for long ones a prefix and a hash.
pub(super) fn name(key: &[u8]) -> Key {
    match key.get(..NAME_PREFIX) {
        Some(prefix) if key.len() > NAME_PREFIX => {
            let mut stored = Key::from_slice(prefix);
            stored.extend_from_slice(&Sha256::digest(key));
            stored
        }
        _ => Key::from_slice(key),
    }
}

/// Whether a stored name key is the whole name key.
pub(super) fn is_whole_name(stored: &[u8]) -> bool {
    stored.len() <= NAME_PREFIX
}

/// What every stored key of names at or below `key` begins with; only exact where `key` is short.
pub(super) fn name_range(key: &[u8]) -> &[u8] {
    key.get(..NAME_PREFIX).unwrap_or(key)
}

/// Escaped values up to this length are stored as they are.
const VALUE_PREFIX: usize = 360;

/// Kinds of index terms; part of the file format.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub(super) enum TermKind {
    Equality = 1,
    Presence = 2,
    Ordering = 3,
    Substring = 4,
}

/// Replaces `out` by the head of all postings of one attribute and kind.
pub(super) fn attribute(out: &mut Key, attribute: u32, kind: TermKind) {
    out.clear();
    out.extend_from_slice(&((attribute << 3) | kind as u32).to_be_bytes());
}

/// Replaces `out` by the head of all postings of one term: attribute and kind, the value with 0 and 1 escaped, a closing 0.
/// No term's head is the beginning of another's, and heads sort as their values do.
pub(super) fn term(out: &mut Key, attribute: u32, kind: TermKind, value: &[u8]) {
    self::attribute(out, attribute, kind);
    if escaped(out, value) {
        out.extend_from_slice(&Sha256::digest(value));
    }
    out.push(0);
}

/// Replaces `out` by the smallest octets that any term with a value at or above `value` begins with, give or take long values.
pub(super) fn bound(out: &mut Key, attribute: u32, kind: TermKind, value: &[u8]) {
    self::attribute(out, attribute, kind);
    escaped(out, value);
}

/// Appends the escaped value, cut to `VALUE_PREFIX`; whether it was cut.
fn escaped(out: &mut Key, value: &[u8]) -> bool {
    let end = out.len() + VALUE_PREFIX - 1;
    for octet in value {
        match octet {
            0 => out.extend_from_slice(&[1, 1]),
            1 => out.extend_from_slice(&[1, 2]),
            octet => out.push(*octet),
        }
        if out.len() > end {
            out.truncate(end);
            return true;
        }
    }
    false
}

/// How many octets a chunk's key has behind its term's head.
pub(super) const CHUNK: usize = 4;

const _: () = assert!(NAME_PREFIX + HASH < 511 && 4 + VALUE_PREFIX + HASH + 1 + CHUNK < 511);

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::indexing_slicing)]
mod tests {
    use super::*;

    fn head(value: &[u8]) -> Vec<u8> {
        let mut key = Key::new();
        term(&mut key, 5, TermKind::Equality, value);
        key.to_vec()
    }

    #[test]
    fn terms_sort_as_their_values_and_none_begins_another() {
        let long = |last: u8| [vec![b'x'; 400], vec![last]].concat();
        let mut values: Vec<Vec<u8>> =
            [&b""[..], b"\0", b"\0\0", b"\0\x01", b"\x01", b"\x01\0", b"\x02", b"a", b"a\0", b"aa", b"b"]
                .map(Vec::from)
                .to_vec();
        values.push(vec![0; 300]);
        values.extend([long(1), long(2)]);
        for left in &values {
            for right in values.iter().filter(|right| *right != left) {
                assert!(!head(left).starts_with(&head(right)), "{left:?} {right:?}");
                if left.len() < 300 && right.len() < 300 {
                    assert_eq!(head(left) < head(right), left < right, "{left:?} {right:?}");
                }
            }
        }
        assert!(values.iter().all(|value| head(value).len() + CHUNK < 511));
    }

    #[test]
    fn long_names_keep_their_prefix_and_stay_apart() {
        let one = [vec![b'a'; 600], vec![1]].concat();
        let two = [vec![b'a'; 600], vec![2]].concat();
        assert_ne!(name(&one), name(&two));
        assert!(name(&one).starts_with(name_range(&one)) && name(&one).len() < 511 && !is_whole_name(&name(&one)));
        let edge = vec![b'a'; NAME_PREFIX];
        assert_eq!(name(&edge).as_slice(), edge);
    }
}
