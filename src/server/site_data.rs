//! The data directory as a configuration describes it: the store, opened with the schema, the indexes, the suffixes and the key
//! that belong to it. The server serves from it; import, export, backup, restore and check work on it without a server.

use std::{path::Path, sync::Arc};

use super::StartError;
use crate::{
    config::{Config, IndexKind},
    directory::{
        device_tree,
        dn::DnKey,
        index_terms::{Indexes, Kind},
        schema::Schema,
    },
    seal::Sealer,
    store::embedded::{Embedded, Opened, Settings},
};

/// An open store with all that it needs to serve.
pub struct SiteData {
    /// The store, not serving yet.
    pub opened: Opened,
    /// Attribute types and object classes, on the ids that the store knows.
    pub schema: Arc<Schema>,
    /// What is indexed.
    pub indexes: Indexes,
    /// The naming contexts, and the server's own tree.
    pub suffixes: Vec<DnKey>,
    /// Secrets at rest.
    pub sealer: Arc<Sealer>,
}

impl SiteData {
    /// Opens the data directory for this process alone; it is made if it is missing.
    ///
    /// # Errors
    /// When the key does not fit, the store is damaged or in use, or the configuration names what the schema does not know.
    pub fn open(config: &Config) -> Result<Self, StartError> {
        crate::files::create_folder(&config.server.data_dir)
            .map_err(|error| StartError::because("server.data_dir cannot be made", error))?;
        Self::opened_by(config, Opened::open)
    }

    /// Opens the data directory for reading, beside the process that serves it.
    ///
    /// # Errors
    /// As `open`, and when there is no store yet.
    pub fn open_beside(config: &Config) -> Result<Self, StartError> {
        Self::opened_by(config, Opened::open_beside)
    }

    fn opened_by(
        config: &Config,
        open: impl FnOnce(&Path, &Settings) -> Result<Opened, crate::store::StoreError>,
    ) -> Result<Self, StartError> {
        let sealer = sealer(&config.server.seal_key_file)?;
        let folder = &config.server.data_dir;
        let opened = open(folder, &settings(config, &sealer)).map_err(|error| {
            StartError::because(format!("the store in {} cannot be opened", folder.display()), error)
        })?;
        let schema = Arc::new(Schema::standard(opened.attribute_ids()));
        let (suffixes, indexes) = judged(config, &schema)?;
        Ok(Self { opened, schema, indexes, suffixes, sealer: Arc::new(sealer) })
    }

    /// Begins to serve; builds what the configured indexes lack.
    ///
    /// # Errors
    /// When the store cannot be read or written.
    pub fn serve(self) -> Result<(Embedded, Arc<Schema>, Arc<Sealer>), StartError> {
        let store = self
            .opened
            .start(Arc::clone(&self.schema), self.indexes, self.suffixes)
            .map_err(|error| StartError::because("the store cannot be started", error))?;
        Ok((store, self.schema, self.sealer))
    }
}

/// The key file, and what is wrong with it.
pub fn sealer(file: &Path) -> Result<Sealer, StartError> {
    let text = std::fs::read_to_string(file).map(zeroize::Zeroizing::new).map_err(|error| {
        StartError::because(format!("server.seal_key_file {} cannot be read", file.display()), error)
    })?;
    Sealer::parse(&text)
        .map_err(|error| StartError::because(format!("server.seal_key_file {} cannot be used", file.display()), error))
}

/// How the store of a configuration is opened.
pub fn settings(config: &Config, sealer: &Sealer) -> Settings {
    Settings { map_size: config.store.max_size.0, seal_key_ids: sealer.key_ids() }
}

/// What can be told without the data directory: the key file, and names that the schema does not know.
///
/// # Errors
/// The first thing that is wrong.
pub(super) fn check(config: &Config, schema: &Schema) -> Result<(), StartError> {
    sealer(&config.server.seal_key_file)?;
    judged(config, schema).map(|_| ())
}

fn judged(config: &Config, schema: &Schema) -> Result<(Vec<DnKey>, Indexes), StartError> {
    for name in &config.directory.identity_attributes {
        known(schema, "directory.identity_attributes", name)?;
    }
    Ok((suffixes(config, schema)?, indexes(config, schema)?))
}

fn suffixes(config: &Config, schema: &Schema) -> Result<Vec<DnKey>, StartError> {
    let mut suffixes: Vec<DnKey> = vec![device_tree::top_key(schema)];
    for dn in &config.directory.base_dns {
        let key = DnKey::parse(dn, schema)
            .map_err(|error| StartError::new(format!("directory.base_dns: \"{dn}\" is no DN: {}", error.reason)))?;
        if key.is_empty() {
            return Err(StartError::new("directory.base_dns: the empty DN is the root DSE's and cannot hold entries"));
        }
        if suffixes.iter().any(|other| other.is_within(&key) || key.is_within(other)) {
            return Err(StartError::new(format!(
                "directory.base_dns: \"{dn}\" is within another one of the list or the server's own {TREE}, or holds one",
                TREE = device_tree::TOP
            )));
        }
        suffixes.push(key);
    }
    Ok(suffixes)
}

fn indexes(config: &Config, schema: &Schema) -> Result<Indexes, StartError> {
    let wanted: Vec<(&str, Vec<Kind>)> =
        config.directory.indexes.iter().map(|(name, kinds)| (name, kinds.iter().map(kind).collect())).collect();
    Indexes::build(schema, wanted.iter().map(|(name, kinds)| (*name, kinds.as_slice())))
        .map_err(|reason| StartError::because("directory.indexes", reason))
}

const fn kind(kind: &IndexKind) -> Kind {
    match kind {
        IndexKind::Equality => Kind::Equality,
        IndexKind::Presence => Kind::Presence,
        IndexKind::Substring => Kind::Substring,
        IndexKind::Ordering => Kind::Ordering,
    }
}

/// Whether entries can be found by the values of an attribute without looking at all of them.
///
/// # Errors
/// When the schema does not know it, or it has no "eq" index.
pub(super) fn check_indexed(config: &Config, schema: &Schema, key: &str, name: &str) -> Result<(), StartError> {
    known(schema, key, name)?;
    let id = |name: &str| schema.attribute_type(name).map(|kind| kind.id);
    let mut indexed = config.directory.indexes.iter().filter(|(_, kinds)| kinds.contains(&IndexKind::Equality));
    if indexed.any(|(other, _)| id(other) == id(name)) {
        return Ok(());
    }
    Err(StartError::new(format!("{key}: {name} needs an \"eq\" index ([directory.indexes]) to be looked up by")))
}

fn known(schema: &Schema, key: &str, name: &str) -> Result<(), StartError> {
    let unknown = || StartError::new(format!("{key}: the schema has no attribute {name}"));
    schema.attribute_type(name).map(|_| ()).ok_or_else(unknown)
}
