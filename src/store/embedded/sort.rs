//! Sorting more rows than memory should hold: sorted runs in temporary files, merged into one stream.

use std::{
    cmp::Reverse,
    collections::BinaryHeap,
    fs::File,
    io::{BufReader, BufWriter, ErrorKind, Read, Seek, Write},
    path::{Path, PathBuf},
};

use super::{super::StoreError, tables::io_failure};

/// Takes rows in any order; `merge` gives them back sorted by key, and rows of one key by value.
pub(super) struct Sorter {
    directory: PathBuf,
    /// Octets that may be held in memory.
    budget: usize,
    octets: Vec<u8>,
    rows: Vec<Row>,
    runs: Vec<File>,
}

/// Where a row lies in the buffer; its first octets beside it, so that most comparisons need not look there.
#[derive(Clone, Copy)]
struct Row {
    first: u64,
    offset: u32,
    key: u16,
    value: u16,
}

/// A row that has been read back.
#[derive(PartialEq, Eq, PartialOrd, Ord)]
struct Head {
    key: Vec<u8>,
    value: Vec<u8>,
    run: usize,
}

impl Sorter {
    /// Runs go to unnamed files in `directory`.
    pub(super) fn new(directory: &Path, budget: usize) -> Self {
        let budget = budget.clamp(1 << 16, 1 << 30);
        Self { directory: directory.to_owned(), budget, octets: Vec::new(), rows: Vec::new(), runs: Vec::new() }
    }

    /// Takes one row; key and value are at most 64 KiB each.
    pub(super) fn push(&mut self, key: &[u8], value: &[u8]) -> Result<(), StoreError> {
        let used = self.octets.len() + self.rows.len() * size_of::<Row>();
        if used + key.len() + value.len() + size_of::<Row>() > self.budget && !self.rows.is_empty() {
            self.spill()?;
        }
        let too_long = |_| StoreError::Unavailable("a row is too long to be sorted".into());
        self.rows.push(Row {
            first: first_octets(key),
            offset: u32::try_from(self.octets.len()).map_err(too_long)?,
            key: u16::try_from(key.len()).map_err(too_long)?,
            value: u16::try_from(value.len()).map_err(too_long)?,
        });
        self.octets.extend_from_slice(key);
        self.octets.extend_from_slice(value);
        Ok(())
    }

    /// Hands all rows to `each`, in order. The slices live for one call.
    pub(super) fn merge(
        mut self,
        mut each: impl FnMut(&[u8], &[u8]) -> Result<(), StoreError>,
    ) -> Result<(), StoreError> {
        if self.runs.is_empty() {
            self.sort();
            return self.rows.iter().try_for_each(|row| each(row.key(&self.octets), row.value(&self.octets)));
        }
        self.spill()?;
        drop((std::mem::take(&mut self.octets), std::mem::take(&mut self.rows)));
        let mut runs = Vec::with_capacity(self.runs.len());
        for mut file in self.runs {
            file.rewind().map_err(io_failure)?;
            runs.push(BufReader::with_capacity(1 << 18, file));
        }
        let mut heads = BinaryHeap::with_capacity(runs.len());
        for (run, file) in runs.iter_mut().enumerate() {
            let mut head = Head { key: Vec::new(), value: Vec::new(), run };
            if head.read(file)? {
                heads.push(Reverse(head));
            }
        }
        while let Some(mut top) = heads.peek_mut() {
            each(&top.0.key, &top.0.value)?;
            let Some(file) = runs.get_mut(top.0.run) else { break };
            if !top.0.read(file)? {
                std::collections::binary_heap::PeekMut::pop(top);
            }
        }
        Ok(())
    }

    fn sort(&mut self) {
        let octets = &self.octets;
        self.rows.sort_by(|left, right| {
            left.first
                .cmp(&right.first)
                .then_with(|| left.key(octets).cmp(right.key(octets)))
                .then_with(|| left.value(octets).cmp(right.value(octets)))
        });
    }

    fn spill(&mut self) -> Result<(), StoreError> {
        self.sort();
        let file = tempfile::tempfile_in(&self.directory).map_err(io_failure)?;
        let mut out = BufWriter::with_capacity(1 << 20, file);
        for row in &self.rows {
            out.write_all(&row.key.to_le_bytes())
                .and_then(|()| out.write_all(&row.value.to_le_bytes()))
                .and_then(|()| out.write_all(row.octets(&self.octets)))
                .map_err(io_failure)?;
        }
        self.runs.push(out.into_inner().map_err(|error| io_failure(error.into_error()))?);
        self.octets.clear();
        self.rows.clear();
        Ok(())
    }
}

impl Row {
    fn octets(self, octets: &[u8]) -> &[u8] {
        let start = self.offset as usize;
        octets.get(start..start + usize::from(self.key) + usize::from(self.value)).unwrap_or_default()
    }

    fn key(self, octets: &[u8]) -> &[u8] {
        self.octets(octets).get(..self.key.into()).unwrap_or_default()
    }

    fn value(self, octets: &[u8]) -> &[u8] {
        self.octets(octets).get(self.key.into()..).unwrap_or_default()
    }
}

impl Head {
    /// The run's next row in place of this one; `false` at its end.
    fn read(&mut self, run: &mut impl Read) -> Result<bool, StoreError> {
        let mut lengths = [0; 4];
        match run.read_exact(&mut lengths) {
            Ok(()) => {}
            Err(error) if error.kind() == ErrorKind::UnexpectedEof => return Ok(false),
            Err(error) => return Err(io_failure(error)),
        }
        let [key_low, key_high, value_low, value_high] = lengths;
        self.key.resize(u16::from_le_bytes([key_low, key_high]).into(), 0);
        self.value.resize(u16::from_le_bytes([value_low, value_high]).into(), 0);
        run.read_exact(&mut self.key).and_then(|()| run.read_exact(&mut self.value)).map_err(io_failure)?;
        Ok(true)
    }
}

fn first_octets(key: &[u8]) -> u64 {
    let mut first = [0; 8];
    for (to, from) in first.iter_mut().zip(key) {
        *to = *from;
    }
    u64::from_be_bytes(first)
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn rows_come_back_sorted_from_memory_and_from_many_runs() {
        let directory = tempfile::tempdir().unwrap();
        for count in [0_u32, 10, 20_000] {
            let mut sorter = Sorter::new(directory.path(), 1 << 16);
            let mut expected = Vec::new();
            for number in 0..count {
                let mixed = number.wrapping_mul(2_654_435_761);
                let key = format!("{:x}", mixed % 5000).into_bytes();
                sorter.push(&key, &number.to_be_bytes()).unwrap();
                expected.push((key, number.to_be_bytes().to_vec()));
            }
            expected.sort();
            let mut found = Vec::new();
            sorter
                .merge(|key, value| {
                    found.push((key.to_vec(), value.to_vec()));
                    Ok(())
                })
                .unwrap();
            assert_eq!(found, expected);
        }
    }
}
