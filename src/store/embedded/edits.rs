//! What a transaction changes in the index: gathered while its changes are applied and carried out in the order of the index, so
//! that a row is written once however many of the changes touch it.

/// An id, and whether it is to be under the term.
pub(super) type Edit = (u64, bool);

/// Edits that wait to be carried out, in buffers that are used again.
#[derive(Default)]
pub(super) struct Edits {
    heads: Vec<u8>,
    waiting: Vec<Waiting>,
    /// Those of one term.
    edits: Vec<Edit>,
}

struct Waiting {
    /// Where the head lies.
    start: usize,
    end: usize,
    edit: Edit,
}

/// Edits beyond which those that wait should be carried out: a subtree that is deleted must not fill the memory.
const MANY: usize = 1 << 18;

impl Edits {
    /// Forgets what waits.
    pub(super) fn clear(&mut self) {
        self.heads.clear();
        self.waiting.clear();
    }

    /// Whether enough waits to be carried out early.
    pub(super) fn is_full(&self) -> bool {
        self.waiting.len() >= MANY
    }

    /// Adds one edit of the term with this head.
    pub(super) fn push(&mut self, head: &[u8], edit: Edit) {
        let start = self.heads.len();
        self.heads.extend_from_slice(head);
        self.waiting.push(Waiting { start, end: self.heads.len(), edit });
    }

    /// Calls `each` for every term, in order, with its edits by ascending id, those of one id as they came; then none waits.
    pub(super) fn carry_out<E>(&mut self, mut each: impl FnMut(&[u8], &[Edit]) -> Result<(), E>) -> Result<(), E> {
        let Self { heads, waiting, edits } = self;
        let head = |waiting: &Waiting| heads.get(waiting.start..waiting.end).unwrap_or_default();
        waiting.sort_by(|left, right| head(left).cmp(head(right)).then(left.edit.0.cmp(&right.edit.0)));
        for term in waiting.chunk_by(|left, right| head(left) == head(right)) {
            edits.clear();
            edits.extend(term.iter().map(|waiting| waiting.edit));
            each(term.first().map(head).unwrap_or_default(), edits)?;
        }
        self.clear();
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn edits_come_by_term_and_id_and_otherwise_as_they_came() {
        let mut edits = Edits::default();
        for (head, edit) in [("b", (2, true)), ("a", (9, true)), ("b", (1, true)), ("b", (2, false)), ("a", (3, false))]
        {
            edits.push(head.as_bytes(), edit);
        }
        let mut seen = Vec::new();
        let done: Result<(), ()> = edits.carry_out(|head, edits| {
            seen.push((head.to_vec(), edits.to_vec()));
            Ok(())
        });
        let expected =
            [(b"a".to_vec(), vec![(3, false), (9, true)]), (b"b".to_vec(), vec![(1, true), (2, true), (2, false)])];
        assert_eq!((done, seen.as_slice()), (Ok(()), &expected[..]));
        assert_eq!(edits.carry_out(|_, _| Err("nothing waits any more")), Ok(()));
    }
}
