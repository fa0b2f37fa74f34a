//! Reading everything and saying what disagrees.

use std::sync::Arc;

use heed::{RoIter, types::Bytes};

use super::{
    super::{EntryId, StoreError},
    Opened,
    draft::readable,
    envelope::{EntryRow, FactorRow, open_name},
    keys, postings,
    rebuild::{self, SORT_BUDGET, posted_id},
    rules::Rules,
    sort::Sorter,
    tables::{Reader, Tables},
};
use crate::directory::{index_terms::Indexes, schema::Schema};

/// What a check found.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Report {
    /// Entries that were read.
    pub entries: u64,
    /// Factor records that were read.
    pub factors: u64,
    /// Index rows that were read.
    pub index_rows: u64,
    /// What disagrees, as sentences; the first hundred.
    pub problems: Vec<String>,
    /// How many problems there are.
    pub problem_count: u64,
}

impl Report {
    /// Whether everything agrees.
    pub fn is_clean(&self) -> bool {
        self.problem_count == 0
    }

    fn problem(&mut self, problem: impl Into<String>) {
        self.problem_count += 1;
        if self.problems.len() < 100 {
            self.problems.push(problem.into());
        }
    }
}

impl Opened {
    /// Reads everything: every checksum, every name against its entry, every count of children, every index row against the
    /// entries. Writes nothing but temporary files.
    ///
    /// # Errors
    /// What keeps the check itself from going on; damage that it finds is in the report.
    pub fn check(&self, schema: Arc<Schema>, indexes: Indexes) -> Result<Report, StoreError> {
        let rules = Rules { schema, indexes, attribute_ids: self.attribute_ids(), suffixes: Vec::new() };
        let tables = &self.tables;
        let snapshot = tables.read()?;
        let mut report = Report::default();
        entries(tables, &snapshot, &mut report)?;
        names(tables, &snapshot, &mut report)?;
        factors(tables, &snapshot, &mut report)?;
        if report.is_clean() {
            index(tables, &rules, &snapshot, &mut report)?;
        }
        Ok(report)
    }
}

/// Reads every row that has a checksum; the first problem as an error.
pub(super) fn rows(tables: &Tables) -> Result<(), StoreError> {
    let snapshot = tables.read()?;
    let mut report = Report::default();
    entries(tables, &snapshot, &mut report)?;
    names(tables, &snapshot, &mut report)?;
    factors(tables, &snapshot, &mut report)?;
    for row in tables.index.iter(&snapshot).map_err(|error| tables.failed(error))? {
        row.map_err(|error| tables.failed(error))?;
    }
    match report.problems.into_iter().next() {
        Some(problem) => Err(StoreError::Damaged(problem)),
        None => Ok(()),
    }
}

fn entries(tables: &Tables, snapshot: &Reader<'_>, report: &mut Report) -> Result<(), StoreError> {
    for row in tables.entry.iter(snapshot).map_err(|error| tables.failed(error))? {
        let (key, value) = row.map_err(|error| tables.failed(error))?;
        report.entries += 1;
        match entry_key(key, value) {
            Ok((id, name)) => {
                let stored = keys::name(name);
                let row = tables.name.get(snapshot, &stored).map_err(|error| tables.failed(error))?;
                let leads_here = row.is_some_and(|row| open_name(&stored, row).is_ok_and(|found| found == id));
                if !leads_here {
                    report.problem(format!("the name of entry {} does not lead to it", id.0));
                }
            }
            Err(error) => report.problem(error.to_string()),
        }
    }
    Ok(())
}

fn entry_key<'a>(key: &[u8], value: &'a [u8]) -> Result<(EntryId, &'a [u8]), StoreError> {
    let id = keys::read_id(key)?;
    Ok((id, readable(EntryRow::open(id, value)?.entry)?.key()))
}

/// Every name leads to an entry, and every entry counts its children rightly.
fn names(tables: &Tables, snapshot: &Reader<'_>, report: &mut Report) -> Result<(), StoreError> {
    let mut found = 0_u64;
    let mut children: std::collections::HashMap<EntryId, u64> = std::collections::HashMap::new();
    for row in tables.name.iter(snapshot).map_err(|error| tables.failed(error))? {
        let (key, value) = row.map_err(|error| tables.failed(error))?;
        found += 1;
        let Ok(id) = open_name(key, value) else {
            report.problem("a row of the names does not match its checksum");
            continue;
        };
        let entry = tables.entry.get(snapshot, &keys::id(id)).map_err(|error| tables.failed(error))?;
        let Some(Ok((_, name))) = entry.map(|entry| entry_key(&keys::id(id), entry)) else {
            report.problem(format!("a name leads to entry {}, which is not there or damaged", id.0));
            continue;
        };
        let parent = crate::directory::dn::DnKey::from_bytes(name).parent().unwrap_or_default();
        if let Some(parent) = super::draft::id_of(tables, snapshot, &parent)? {
            *children.entry(parent).or_default() += 1;
        }
    }
    for row in tables.entry.iter(snapshot).map_err(|error| tables.failed(error))? {
        let (key, value) = row.map_err(|error| tables.failed(error))?;
        let Ok(row) = keys::read_id(key).and_then(|id| Ok((id, EntryRow::open(id, value)?.children))) else { continue };
        let counted = children.remove(&row.0).unwrap_or(0);
        if counted != row.1 {
            report.problem(format!("entry {} has {counted} children and counts {}", row.0.0, row.1));
        }
    }
    if found != report.entries {
        report.problem(format!("there are {} entries and {found} names", report.entries));
    }
    Ok(())
}

fn factors(tables: &Tables, snapshot: &Reader<'_>, report: &mut Report) -> Result<(), StoreError> {
    for row in tables.factor.iter(snapshot).map_err(|error| tables.failed(error))? {
        let (key, value) = row.map_err(|error| tables.failed(error))?;
        report.factors += 1;
        if let Err(error) = keys::read_id(key).and_then(|id| FactorRow::open(id, value)) {
            report.problem(error.to_string());
        }
        if tables.entry.get(snapshot, key).map_err(|error| tables.failed(error))?.is_none() {
            report.problem("a factor record belongs to no entry");
        }
    }
    Ok(())
}

/// The index holds exactly the postings that the entries should have.
fn index(tables: &Tables, rules: &Rules, snapshot: &Reader<'_>, report: &mut Report) -> Result<(), StoreError> {
    if tables.indexes_built(snapshot)?.as_deref() != Some(rules.indexes.description()) {
        report.problem("the index was built for other settings; it is built anew at the next start");
        return Ok(());
    }
    let directory = tempfile::tempdir().map_err(super::tables::io_failure)?;
    let mut sorter = Sorter::new(directory.path(), SORT_BUDGET);
    rebuild::postings(tables, rules, &mut sorter)?;
    let mut stored = Stored::new(tables, snapshot)?;
    let mut is_other = false;
    sorter.merge(|head, id| {
        is_other = is_other || !stored.next_is(head, posted_id(id)?)?;
        Ok(())
    })?;
    if is_other || !stored.is_over()? {
        report.problem("the index does not hold exactly what the entries are to be found by");
    }
    report.index_rows = stored.rows_read;
    Ok(())
}

/// The postings of the index table in order.
struct Stored<'t> {
    tables: &'t Tables,
    rows: RoIter<'t, Bytes, Bytes>,
    rows_read: u64,
    head: Vec<u8>,
    ids: std::vec::IntoIter<u64>,
}

impl<'t> Stored<'t> {
    fn new(tables: &'t Tables, snapshot: &'t Reader<'_>) -> Result<Self, StoreError> {
        let rows = tables.index.iter(snapshot).map_err(|error| tables.failed(error))?;
        Ok(Self { tables, rows, rows_read: 0, head: Vec::new(), ids: Vec::new().into_iter() })
    }

    fn next_is(&mut self, head: &[u8], id: EntryId) -> Result<bool, StoreError> {
        Ok(self.next()? == Some(id.0) && self.head == head)
    }

    fn is_over(&mut self) -> Result<bool, StoreError> {
        Ok(self.next()?.is_none())
    }

    /// The next id; its term is `head` then.
    fn next(&mut self) -> Result<Option<u64>, StoreError> {
        loop {
            if let Some(id) = self.ids.next() {
                return Ok(Some(id));
            }
            let Some(row) = self.rows.next() else { return Ok(None) };
            let (key, value) = row.map_err(|error| self.tables.failed(error))?;
            self.rows_read += 1;
            self.head.clear();
            self.head.extend_from_slice(postings::head_of(key, value)?);
            let mut ids = Vec::new();
            postings::every_id(key, value, &mut |id| ids.push(id))?;
            self.ids = ids.into_iter();
        }
    }
}
