//! `countersign backup`, `restore` and `check`: the store as a whole.

use std::path::{Path, PathBuf};

use serde_json::json;

use super::{
    ConfigFile,
    answer::{Answer, Failure},
};
use crate::{
    clock::{Clock, SystemClock},
    config::Config,
    server::site_data::{SiteData, sealer, settings},
    store::embedded,
};

/// The words of `countersign backup`.
#[derive(clap::Args)]
pub(crate) struct Backup {
    /// The file to write; it must not exist yet.
    to: PathBuf,
    #[command(flatten)]
    config: ConfigFile,
}

/// The words of `countersign restore`.
#[derive(clap::Args)]
pub(crate) struct Restore {
    /// The file that backup wrote.
    from: PathBuf,
    #[command(flatten)]
    config: ConfigFile,
}

impl Backup {
    pub(crate) fn run(&self) -> Result<Answer, Failure> {
        let config = Config::load(&self.config.config)?;
        SiteData::open_beside(&config)?.opened.backup(&self.to)?;
        let octets = std::fs::metadata(&self.to)?.len();
        let text = format!(
            "wrote {} ({octets} octets). Its secrets open only with {}: keep a copy of that elsewhere",
            self.to.display(),
            config.server.seal_key_file.display()
        );
        Ok(Answer::new(text, json!({ "file": self.to, "octets": octets })))
    }
}

impl Restore {
    pub(crate) fn run(&self) -> Result<Answer, Failure> {
        let config = Config::load(&self.config.config)?;
        let sealer = sealer(&config.server.seal_key_file)?;
        let folder = &config.server.data_dir;
        crate::files::create_folder(folder)?;
        embedded::backup::restore(&self.from, folder, &settings(&config, &sealer), SystemClock.now().0)?;
        let text = format!(
            "restored {} into {}. Codes up to now are refused, for some may have been spent after the copy was made",
            self.from.display(),
            folder.display()
        );
        Ok(Answer::new(text, json!({ "dataDirectory": folder })))
    }
}

/// Reads the whole store of a configuration and says what disagrees; exit code 1 if anything does.
pub(crate) fn check(file: &Path) -> Result<Answer, Failure> {
    let config = Config::load(file)?;
    let SiteData { opened, schema, indexes, .. } = SiteData::open_beside(&config)?;
    let report = opened.check(schema, indexes)?;
    if !report.is_clean() {
        let listed = report.problems.join("\n  ");
        return Err(Failure::refused(format!("{} problems:\n  {listed}", report.problem_count)));
    }
    let text = format!(
        "nothing is wrong: {} entries, {} factor records, {} index rows",
        report.entries, report.factors, report.index_rows
    );
    let json = json!({ "entries": report.entries, "factorRecords": report.factors, "indexRows": report.index_rows });
    Ok(Answer::new(text, json))
}
