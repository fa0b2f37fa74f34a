//! How a command reaches its directory: the server that runs beside it, over the Unix socket in the data directory; a server
//! elsewhere, by its address; or, where none runs, the data directory itself, opened by this process as a server without
//! doors. In each case the command is an LDAP client, so that what holds for clients holds for it.

use std::{
    io::ErrorKind,
    path::{Path, PathBuf},
    time::Duration,
};

use ldap3_proto::proto::{LdapFilter, LdapSearchResultEntry, LdapSearchScope};

use super::{
    answer::Failure,
    client::{Client, succeeded},
    passwords,
};
use crate::{
    config::{Config, LogLevel, TotpSettings},
    local_socket::LocalSocket,
    server::{Running, Server, ServerParts},
};

/// Where the directory is.
#[derive(clap::Args, Clone)]
pub(crate) struct Target {
    /// The configuration file of the server on this machine.
    #[arg(long, env = "COUNTERSIGN_CONFIG", default_value = "countersign.toml", conflicts_with = "url")]
    config: PathBuf,
    /// A server elsewhere: ldap://HOST:PORT or ldaps://HOST:PORT.
    #[arg(long, requires = "bind_dn")]
    url: Option<String>,
    /// With --url: whom to bind as.
    #[arg(long)]
    bind_dn: Option<String>,
    /// With --url: the file that holds the password (- for standard input); asked for otherwise.
    #[arg(long)]
    bind_password_file: Option<PathBuf>,
    /// With --url ldaps://: the CA that the server's certificate is from.
    #[arg(long)]
    ca_file: Option<PathBuf>,
}

/// A directory that is reached: bound as root, or as whoever was named.
pub(crate) struct Site {
    /// The connection.
    pub(crate) client: Client,
    /// The DNs at the top of the tree.
    pub(crate) base_dns: Vec<String>,
    /// The attributes that name a user.
    pub(crate) identity_attributes: Vec<String>,
    /// The name that authenticator applications show.
    pub(crate) issuer: String,
    /// How long a code lasts.
    pub(crate) step: Duration,
    own: Option<Running>,
}

impl Target {
    /// Runs a command against the directory.
    pub(crate) fn with<T>(&self, command: impl AsyncFnOnce(&mut Site) -> Result<T, Failure>) -> Result<T, Failure> {
        let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build()?;
        runtime.block_on(async {
            let mut site = self.reach().await?;
            let outcome = command(&mut site).await;
            let Site { client, own, .. } = site;
            // Closed first: a server that ends waits for its clients.
            drop(client);
            if let Some(own) = own {
                own.shutdown().await;
            }
            outcome
        })
    }

    /// The configuration file, for commands that read the data directory themselves.
    pub(crate) fn configuration(&self) -> Result<&Path, Failure> {
        match &self.url {
            None => Ok(&self.config),
            Some(_) => {
                Err(Failure::usage("this is read from the data directory: run it where the server is, without --url"))
            }
        }
    }

    /// Only a server that runs; nothing is opened if there is none.
    pub(crate) async fn running(&self) -> Result<Client, Failure> {
        if let Some(url) = &self.url {
            return self.elsewhere(url).await;
        }
        let config = Config::load(&self.config)?;
        let socket = LocalSocket::in_folder(&config.server.data_dir)?;
        let mut client = Client::local(socket.path()).await.map_err(|error| {
            let folder = config.server.data_dir.display();
            Failure::unreachable(format!("no server runs on {folder} ({error}); start it with countersign serve"))
        })?;
        succeeded(&client.bind_sasl("EXTERNAL", Vec::new()).await?)?;
        Ok(client)
    }

    async fn reach(&self) -> Result<Site, Failure> {
        if let Some(url) = &self.url {
            let mut client = self.elsewhere(url).await?;
            let base_dns = naming_contexts(&mut client).await?;
            let (usual, identity_attributes) = (TotpSettings::default(), vec!["uid".to_owned()]);
            return Ok(Site {
                client,
                base_dns,
                identity_attributes,
                issuer: usual.issuer,
                step: usual.step,
                own: None,
            });
        }
        let config = Config::load(&self.config)?;
        let socket = LocalSocket::in_folder(&config.server.data_dir)?;
        let (mut client, own) = match Client::local(socket.path()).await {
            Ok(client) => (client, None),
            Err(error) if matches!(error.kind(), ErrorKind::NotFound | ErrorKind::ConnectionRefused) => {
                let own = open(config.clone()).await?;
                (Client::local(socket.path()).await?, Some(own))
            }
            Err(error) => return Err(Failure::unreachable(format!("{}: {error}", socket.path().display()))),
        };
        succeeded(&client.bind_sasl("EXTERNAL", Vec::new()).await?)?;
        Ok(Site {
            client,
            base_dns: config.directory.base_dns,
            identity_attributes: config.directory.identity_attributes,
            issuer: config.totp.issuer,
            step: config.totp.step,
            own,
        })
    }

    async fn elsewhere(&self, url: &str) -> Result<Client, Failure> {
        let dn = self.bind_dn.as_deref().ok_or_else(|| Failure::usage("--url needs --bind-dn DN"))?;
        let password = passwords::known_password(self.bind_password_file.as_deref(), dn)?;
        let mut client = Client::url(url, self.ca_file.as_deref()).await?;
        succeeded(&client.bind(dn, password.expose()).await?)?;
        Ok(client)
    }
}

impl Site {
    /// The DN of a user who is named by DN, by `dn:` or `u:` form, or by the value of an identity attribute.
    pub(crate) async fn dn_of(&mut self, user: &str) -> Result<String, Failure> {
        let entry = self.find(user, &["1.1"]).await?;
        Ok(entry.dn)
    }

    /// The entry of a user, named as in `dn_of`.
    pub(crate) async fn find(&mut self, user: &str, attributes: &[&str]) -> Result<LdapSearchResultEntry, Failure> {
        let mut found = Vec::new();
        let name = user.strip_prefix("u:").unwrap_or(user);
        if let Some(dn) = user.strip_prefix("dn:").or_else(|| name.contains('=').then_some(name)) {
            let everything = LdapFilter::Present("objectClass".to_owned());
            found = self.client.search(dn, LdapSearchScope::Base, everything, attributes).await?;
        } else {
            for base in self.base_dns.clone() {
                let filter = named(&self.identity_attributes, name);
                found.extend(self.client.search(&base, LdapSearchScope::Subtree, filter, attributes).await?);
            }
        }
        match (found.pop(), found.is_empty()) {
            (Some(entry), true) => Ok(entry),
            (None, _) => Err(Failure::refused(format!("there is no user {user}"))),
            (Some(_), false) => Err(Failure::refused(format!("{user} names more than one entry; give the DN"))),
        }
    }
}

fn named(attributes: &[String], name: &str) -> LdapFilter {
    LdapFilter::Or(
        attributes.iter().map(|attribute| LdapFilter::Equality(attribute.clone(), name.to_owned())).collect(),
    )
}

/// Opens the data directory in this process: a server without addresses.
async fn open(mut config: Config) -> Result<Running, Failure> {
    for addresses in [
        &mut config.ldap.listen,
        &mut config.ldap.listen_tls,
        &mut config.rest.listen,
        &mut config.rest.listen_plain,
        &mut config.metrics.listen,
    ] {
        addresses.clear();
    }
    config.log.level = LogLevel::Error;
    Ok(Server::start(config, ServerParts::default()).await?)
}

async fn naming_contexts(client: &mut Client) -> Result<Vec<String>, Failure> {
    let everything = LdapFilter::Present("objectClass".to_owned());
    let root = client.search("", LdapSearchScope::Base, everything, &["namingContexts"]).await?;
    let values = root.into_iter().flat_map(|entry| entry.attributes).flat_map(|attribute| attribute.vals);
    Ok(values.filter_map(|value| String::from_utf8(value).ok()).collect())
}
