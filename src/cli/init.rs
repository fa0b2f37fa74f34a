//! `countersign init`: everything a new server needs, in one folder, readable by its owner only. Never overwrites.

use std::path::{Path, PathBuf};

use serde_json::json;
use zeroize::Zeroizing;

use super::{
    answer::{Answer, Failure},
    passwords,
};
use crate::{
    config::{Config, SecretText},
    directory::dn::Dn,
    factors::password::{Scheme, Workspace},
    files,
    random::{SystemRandom, octets, text},
    seal::Sealer,
    tls::own_ca::OwnCa,
};

/// The words of `countersign init`.
#[derive(clap::Args)]
pub(crate) struct Init {
    /// The folder to make.
    #[arg(long)]
    dir: PathBuf,
    /// The DN at the top of the tree, such as dc=example,dc=com.
    #[arg(long)]
    base_dn: String,
    /// The DN that the root user binds with.
    #[arg(long, default_value = "cn=Directory Manager")]
    root_dn: String,
    /// A file with the root user's password (- for standard input); without it one is made and shown once.
    #[arg(long)]
    root_password_file: Option<PathBuf>,
    /// A name or address under which clients reach the server, for its certificate; localhost, 127.0.0.1, ::1 and this
    /// machine's name are in it anyway. May be given several times.
    #[arg(long = "host")]
    hosts: Vec<String>,
}

/// What a new server's folder holds.
pub(crate) struct Site {
    /// The configuration file.
    pub(crate) configuration: PathBuf,
    /// What clients trust.
    pub(crate) ca: PathBuf,
}

/// Letters and digits that nobody confuses: 24 of them are 119 bits.
const PASSWORD_ALPHABET: &[u8] = b"abcdefghijkmnopqrstuvwxyzABCDEFGHJKLMNPQRSTUVWXYZ23456789";
const PASSWORD_LENGTH: usize = 24;

impl Init {
    pub(crate) fn run(&self) -> Result<Answer, Failure> {
        for dn in [&self.base_dn, &self.root_dn] {
            Dn::parse(dn).map_err(|error| Failure::usage(format!("\"{dn}\" is no DN: {}", error.reason)))?;
        }
        let made = self.root_password_file.is_none();
        let password = match &self.root_password_file {
            Some(file) => passwords::from_file(file)?,
            None => new_password()?,
        };
        let mut config = Config::default();
        config.directory.base_dns = vec![self.base_dn.clone()];
        config.root.dn.clone_from(&self.root_dn);
        let hosts: Vec<&str> = self.hosts.iter().map(String::as_str).collect();
        let site = create(&self.dir, config, &password, &hosts)?;
        let root_password = made.then(|| password.expose());
        let next = format!("countersign serve --config {}", site.configuration.display());
        let shown = match root_password {
            Some(password) => format!("{password}   (shown only now)"),
            None => "as in the file".to_owned(),
        };
        Ok(Answer::new(
            format!(
                "Made {}\n\n  root DN         {}\n  root password   {shown}\n  CA for clients  {}\n\nNext:  {next}",
                self.dir.display(),
                self.root_dn,
                site.ca.display(),
            ),
            json!({
                "configuration": site.configuration,
                "rootDN": self.root_dn,
                "rootPassword": root_password,
                "caFile": site.ca,
                "next": next,
            }),
        ))
    }
}

/// A password that nobody guesses.
pub(crate) fn new_password() -> Result<SecretText, Failure> {
    Ok(SecretText::new(text(&SystemRandom, PASSWORD_ALPHABET, PASSWORD_LENGTH)?))
}

/// Makes a server's folder around a configuration: key, certificates, data directory, and last the configuration file itself.
pub(crate) fn create(
    folder: &Path,
    mut config: Config,
    password: &SecretText,
    hosts: &[&str],
) -> Result<Site, Failure> {
    let configuration = folder.join("countersign.toml");
    for file in [&configuration, &folder.join("seal.key"), &folder.join("tls"), &folder.join("data")] {
        if file.exists() {
            let (folder, file) = (folder.display(), file.display());
            return Err(Failure::refused(format!(
                "{file} exists; init never overwrites, so give --dir another folder than {folder}"
            )));
        }
    }
    config.root.password_hash = Some(hash(password)?);
    config.tls.certificate = Some("tls/server.pem".into());
    config.tls.private_key = Some("tls/server.key".into());
    files::create_folder(folder)?;
    files::create_folder(&folder.join("data"))?;
    files::create(&folder.join("seal.key"), Sealer::new_key_file(&SystemRandom)?.as_bytes())?;
    let machine = rustix::system::uname();
    let mut names = vec!["localhost", "127.0.0.1", "::1"];
    // libldap looks for this name when it is told to connect to "localhost".
    names.extend(machine.nodename().to_str().ok().filter(|name| !name.is_empty() && *name != "localhost"));
    names.extend(hosts);
    let certificates = OwnCa::create(&names)?.write(&folder.join("tls"))?;
    files::create(&configuration, config.sample().as_bytes())?;
    Ok(Site { configuration, ca: certificates.ca })
}

/// The root password as it stands in the configuration.
fn hash(password: &SecretText) -> Result<SecretText, Failure> {
    let salt = Zeroizing::new(octets::<16>(&SystemRandom)?);
    Scheme::default()
        .hash(password.expose().as_bytes(), &salt, &mut Workspace::default())
        .map(SecretText::new)
        .ok_or_else(|| Failure::refused("the root password is too long: 1024 octets at most"))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]
    use std::os::unix::fs::PermissionsExt;

    use super::*;

    #[test]
    fn a_new_folder_loads_is_private_and_is_never_overwritten() {
        let folder = tempfile::tempdir().unwrap();
        let site = folder.path().join("site");
        let mut config = Config::default();
        config.directory.base_dns = vec!["dc=example,dc=com".to_owned()];
        let made = create(&site, config.clone(), &new_password().unwrap(), &["ldap.example.com"]).unwrap();
        let loaded = Config::load(&made.configuration).unwrap();
        assert_eq!(loaded.server.data_dir, site.join("data"));
        assert!(loaded.root.password_hash.unwrap().expose().starts_with("{ARGON2}"));
        for (file, mode) in
            [("countersign.toml", 0o600), ("seal.key", 0o600), ("tls/server.key", 0o600), ("data", 0o700)]
        {
            assert_eq!(site.join(file).metadata().unwrap().permissions().mode() & 0o777, mode, "{file}");
        }
        let before = std::fs::read(site.join("seal.key")).unwrap();
        assert!(create(&site, config, &new_password().unwrap(), &[]).is_err());
        assert_eq!(std::fs::read(site.join("seal.key")).unwrap(), before);
    }
}
