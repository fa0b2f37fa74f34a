//! LDIF records made ready for a bulk load on all processors, in their order: hashing clear-text passwords is what takes time.
//! What becomes of one record is `handlers/update/intake.rs`.

use std::{io::BufRead, iter::from_fn, thread::scope};

use crate::{
    directory::ldif::{Reader, Record},
    handlers::update::intake::Intake,
    store::Incoming,
};

/// What refuses a record: the line it begins on, its name, and why.
pub(crate) type Refusal = Box<dyn std::error::Error + Send + Sync>;

/// Records handled at once.
const BATCH: usize = 512;

/// An LDIF file, opened.
pub(crate) struct Source {
    /// How messages name it.
    pub(crate) name: String,
    /// Its content.
    pub(crate) input: Box<dyn BufRead>,
}

/// Entries of LDIF files, in their order.
pub(crate) struct Entries<'r> {
    /// Those not yet begun, the first one last.
    sources: Vec<Source>,
    /// The one at hand.
    current: Option<(String, Reader<Box<dyn BufRead>>)>,
    /// Octets of those that are done.
    octets: u64,
    /// One for each thread.
    intakes: Vec<Intake>,
    /// The next batch, the first one last.
    ready: Vec<Result<Incoming, Refusal>>,
    /// Told how many octets were read.
    on_read: Box<dyn FnMut(u64) + 'r>,
}

impl<'r> Entries<'r> {
    /// `intakes`: one for each thread that prepares entries.
    pub(crate) fn new(mut sources: Vec<Source>, intakes: Vec<Intake>, on_read: impl FnMut(u64) + 'r) -> Self {
        sources.reverse();
        Self { sources, current: None, octets: 0, intakes, ready: Vec::new(), on_read: Box::new(on_read) }
    }

    /// Reads from one file as many records as a batch takes; `false` if there is no file left.
    fn read_batch(&mut self) -> bool {
        let begun = self.current.take().or_else(|| {
            let Source { name, input } = self.sources.pop()?;
            Some((name, Reader::new(input)))
        });
        let Some((name, mut reader)) = begun else { return false };
        let mut records = Vec::with_capacity(BATCH);
        let mut failed = None;
        while records.len() < BATCH && failed.is_none() {
            match reader.next() {
                None => break,
                Some(Ok(record)) => records.push(record),
                Some(Err(error)) => failed = Some(Err(Refusal::from(format!("{name}, {error}")))),
            }
        }
        (self.on_read)(self.octets + reader.octets());
        let is_done = records.len() < BATCH;
        self.ready = prepare(records, &name, &mut self.intakes);
        self.ready.extend(failed);
        self.ready.reverse();
        if is_done {
            self.octets += reader.octets();
        } else {
            self.current = Some((name, reader));
        }
        true
    }
}

impl Iterator for Entries<'_> {
    type Item = Result<Incoming, Refusal>;

    fn next(&mut self) -> Option<Self::Item> {
        while self.ready.is_empty() {
            if !self.read_batch() {
                return None;
            }
        }
        self.ready.pop()
    }
}

/// Shares a batch out to all threads and puts it together again.
fn prepare(records: Vec<Record>, file: &str, intakes: &mut [Intake]) -> Vec<Result<Incoming, Refusal>> {
    let share = records.len().div_ceil(intakes.len().max(1)).max(1);
    let mut records = records.into_iter();
    let mut shares = from_fn(|| Some(records.by_ref().take(share).collect::<Vec<_>>()).filter(|part| !part.is_empty()));
    scope(|scope| {
        let running: Vec<_> = intakes
            .iter_mut()
            .map_while(|intake| Some((intake, shares.next()?)))
            .map(|(intake, part)| {
                scope.spawn(move || part.into_iter().map(|record| entry(record, file, intake)).collect::<Vec<_>>())
            })
            .collect();
        let lost = || vec![Err(Refusal::from("a thread that prepares entries ended"))];
        running.into_iter().flat_map(|thread| thread.join().unwrap_or_else(|_| lost())).collect()
    })
}

fn entry(record: Record, file: &str, intake: &mut Intake) -> Result<Incoming, Refusal> {
    let (line, dn) = (record.line, record.dn.clone());
    intake.entry(record).map_err(|error| Refusal::from(format!("{file}, line {line}: {dn}: {error}")))
}
