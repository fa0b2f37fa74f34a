//! `countersign import` and `countersign export`: the directory as LDIF.

use std::{
    cell::Cell,
    fs::File,
    io::{BufReader, BufWriter, IsTerminal, Write, stderr, stdin, stdout},
    iter::from_fn,
    path::{Path, PathBuf},
    sync::Arc,
    thread::available_parallelism,
    time::Duration,
};

use countersign_proto::ldap::filter::Filter;
use indicatif::{ProgressBar, ProgressStyle};
use serde_json::json;

use super::{
    ConfigFile,
    answer::{Answer, Failure},
    apply,
    loading::{Entries, Source},
    site::Target,
};
use crate::{
    clock::SystemClock,
    config::Config,
    directory::{dn::DnKey, filter::CompiledFilter, ldif::write_entry, schema::Schema},
    factors::password::Scheme,
    handlers::update::intake::Intake,
    random::SystemRandom,
    server::site_data::SiteData,
    store::{Found, Progress as StoreProgress, Query, Scope, Step, Store, embedded::import::Stage},
};

/// The words of `countersign import`.
#[derive(clap::Args)]
pub(crate) struct Import {
    /// LDIF files; - is standard input.
    #[arg(required = true)]
    files: Vec<PathBuf>,
    /// Add to a directory that has entries, one by one, also beside a running server; change records are carried out too.
    #[arg(long)]
    add: bool,
    #[command(flatten)]
    target: Target,
}

/// The words of `countersign export`.
#[derive(clap::Args)]
pub(crate) struct Export {
    /// The file to write; standard output if left out.
    #[arg(long)]
    output: Option<PathBuf>,
    #[command(flatten)]
    config: ConfigFile,
}

impl Import {
    pub(crate) fn run(&self, as_json: bool) -> Result<Answer, Failure> {
        if self.add {
            let count = self.target.with(async |site| apply::all(site, &self.files).await)?;
            return Ok(Answer::new(format!("carried out {count} records"), json!({ "records": count })));
        }
        let config = Config::load(self.target.configuration()?)?;
        let progress = Progress::new(total(&self.files), as_json);
        let count = load(&config, opened(&self.files)?, &progress)?;
        progress.clear();
        Ok(Answer::new(format!("imported {count} entries"), json!({ "entries": count })))
    }
}

/// Loads entries into an empty store.
pub(crate) fn load(config: &Config, sources: Vec<Source>, progress: &Progress) -> Result<u64, Failure> {
    let SiteData { opened, schema, indexes, suffixes, sealer } = SiteData::open(config)?;
    let intake = || {
        let scheme = Scheme::named(config.password.scheme.word()).unwrap_or_default();
        let (clock, random) = (Arc::new(SystemClock), Arc::new(SystemRandom));
        Intake::new(Arc::clone(&schema), Arc::clone(&sealer), clock, random, scheme, config.root.dn.clone())
    };
    let threads = available_parallelism().map_or(1, usize::from);
    let intakes = from_fn(|| Some(intake())).take(threads).collect();
    let mut entries = Entries::new(sources, intakes, |octets| progress.read(octets));
    let count = opened
        .import(Arc::clone(&schema), indexes, suffixes, &mut entries, &mut |stage, count| progress.at(stage, count))?;
    Ok(count)
}

/// Opens all files before anything is done with one.
fn opened(files: &[PathBuf]) -> Result<Vec<Source>, Failure> {
    let open = |file: &PathBuf| {
        let name = file.display().to_string();
        if file == Path::new("-") {
            return Ok(Source { name: "standard input".to_owned(), input: Box::new(BufReader::new(stdin())) });
        }
        let input = File::open(file).map_err(|error| Failure::refused(format!("{name}: {error}")))?;
        Ok(Source { name, input: Box::new(BufReader::with_capacity(1 << 20, input)) })
    };
    files.iter().map(open).collect()
}

/// The octets of all files; `None` where one has no size.
fn total(files: &[PathBuf]) -> Option<u64> {
    files.iter().map(|file| file.metadata().ok().filter(std::fs::Metadata::is_file).map(|found| found.len())).sum()
}

/// Tells how far a load came: a bar on a terminal, now and then a line otherwise.
pub(crate) struct Progress {
    bar: ProgressBar,
    lines: bool,
    told: Cell<(Option<Stage>, u64)>,
}

/// Without a terminal a line is written for as many of a stage.
const LINE_EACH: u64 = 100_000;

impl Progress {
    /// `octets`: how many there are to read, if that is known.
    pub(crate) fn new(octets: Option<u64>, quiet: bool) -> Self {
        let told = Cell::new((None, 0));
        if quiet || !stderr().is_terminal() {
            return Self { bar: ProgressBar::hidden(), lines: !quiet, told };
        }
        let bar = octets.map_or_else(ProgressBar::new_spinner, ProgressBar::new);
        if let Ok(style) = ProgressStyle::with_template("{msg:>20} {wide_bar} {bytes}/{total_bytes} {eta}") {
            bar.set_style(style);
        }
        bar.enable_steady_tick(Duration::from_millis(200));
        Self { bar, lines: false, told }
    }

    fn read(&self, octets: u64) {
        self.bar.set_position(octets);
    }

    fn at(&self, stage: Stage, count: u64) {
        let what = match stage {
            Stage::Entries => "entries",
            Stage::Names => "names",
            Stage::Index => "index rows",
        };
        self.bar.set_message(format!("{count} {what}"));
        let (last_stage, last_count) = self.told.get();
        let due = last_stage != Some(stage) || count >= last_count.saturating_add(LINE_EACH);
        if self.lines && due && count > 0 {
            self.told.set((Some(stage), count));
            let _ = writeln!(stderr(), "{count} {what}");
        }
    }

    fn clear(&self) {
        self.bar.finish_and_clear();
    }
}

impl Export {
    pub(crate) fn run(&self) -> Result<Answer, Failure> {
        let config = Config::load(&self.config.config)?;
        let (store, schema, _) = SiteData::open_beside(&config)?.serve()?;
        let count = match &self.output {
            None => write_all(&store, &schema, &config, &mut BufWriter::new(stdout()))?,
            Some(path) => {
                crate::files::create(path, b"")?;
                let mut out = BufWriter::new(File::options().write(true).open(path)?);
                let count = write_all(&store, &schema, &config, &mut out)?;
                out.into_inner().map_err(|error| Failure::refused(error.error()))?.sync_all()?;
                count
            }
        };
        match &self.output {
            // The entries are the answer.
            None => Ok(Answer::new("", json!(null))),
            Some(path) => Ok(Answer::new(
                format!("wrote {count} entries to {}", path.display()),
                json!({ "file": path, "entries": count }),
            )),
        }
    }
}

/// Every entry, parents before children: hashes of passwords are in it, factor records are not.
fn write_all(
    store: &dyn Store,
    schema: &Schema,
    config: &Config,
    out: &mut (impl Write + Send),
) -> Result<u64, Failure> {
    writeln!(out, "version: 1\n")?;
    let runtime = tokio::runtime::Builder::new_current_thread().build()?;
    let mut everything = CompiledFilter::default();
    everything.compile(
        Filter::decode(&ABSOLUTE_TRUE).map_err(|_| Failure::refused("the filter (&) does not decode"))?,
        schema,
    );
    let mut count = 0;
    for dn in &config.directory.base_dns {
        let base = DnKey::parse(dn, schema).map_err(|error| Failure::refused(error.reason))?;
        let query = Query { base: &base, scope: Scope::Subtree, filter: &everything };
        let mut failed = None;
        let mut from = None;
        loop {
            // A batch at a time, so that no snapshot is held open for as long as the whole export takes.
            let mut left = EXPORT_BATCH;
            let mut visit = |found: Found<'_>| {
                if left == 0 {
                    return Step::Pause;
                }
                left -= 1;
                match write_one(out, &found) {
                    Ok(()) => count += 1,
                    Err(error) => failed = Some(error),
                }
                if failed.is_some() { Step::Stop } else { Step::Continue }
            };
            let progress = runtime.block_on(store.search(&query, from.as_ref(), &mut visit))?;
            if let Some(error) = failed {
                return Err(error.into());
            }
            match progress {
                StoreProgress::Done => break,
                StoreProgress::More(position) => from = Some(position),
            }
        }
    }
    out.flush()?;
    Ok(count)
}

fn write_one(out: &mut (impl Write + Send), found: &Found<'_>) -> std::io::Result<()> {
    let mut values = Vec::new();
    for attribute in found.entry.attributes() {
        if let Ok(description) = std::str::from_utf8(attribute.description()) {
            values.extend(attribute.values().map(|value| (description, value)));
        }
    }
    write_entry(out, found.entry.dn(), values)
}

/// Entries between two looks at the newest state of the store.
const EXPORT_BATCH: u32 = 10_000;

/// The filter (&) of RFC 4526, as it stands in a request.
const ABSOLUTE_TRUE: [u8; 2] = [0xA0, 0x00];
