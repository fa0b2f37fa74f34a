//! Our own server: a folder made by `init`, the indexes of the comparison, a bulk load by `import`.

use std::{
    fs, io,
    path::{Path, PathBuf},
    process::{Command, Stdio},
};

use super::{Ports, Served};
use crate::{
    data::{PASSWORD, ROOT, SUFFIX, hashes},
    process::{Taken, ending_with_us, run, watch},
};

/// A countersign with its folder.
pub(crate) struct Countersign {
    folder: PathBuf,
    program: PathBuf,
}

impl Countersign {
    /// Makes the folder, if an earlier run has not.
    pub(crate) fn new(folder: PathBuf, program: &Path) -> io::Result<Self> {
        if !folder.join("countersign.toml").exists() {
            let password = folder.with_extension("password");
            fs::write(&password, PASSWORD)?;
            let mut init = Command::new(program);
            init.args(["init", "--base-dn", SUFFIX, "--root-dn", ROOT]);
            init.arg("--dir").arg(&folder).arg("--root-password-file").arg(password);
            run(init.stdout(Stdio::null()))?;
        }
        let made = Self { folder, program: program.to_owned() };
        made.write_configuration(Ports::free()?)?;
        Ok(made)
    }

    /// The folder with `ca.pem`, `server.pem` and `server.key`.
    pub(crate) fn tls(&self) -> PathBuf {
        self.folder.join("tls")
    }

    /// Where the database is.
    pub(crate) fn data(&self) -> PathBuf {
        self.folder.join("data")
    }

    /// Loads the LDIF.
    pub(crate) fn load(&self, ldif: &Path) -> io::Result<Taken> {
        let mut command = Command::new(&self.program);
        command.args(["import", "--config"]).arg(self.configuration()).arg(ldif);
        // What it says of its progress would drown the tables; what it says last is why it failed.
        let said = self.folder.join("import.log");
        watch(command.stdout(Stdio::null()).stderr(fs::File::create(&said)?)).map_err(|error| {
            let said = fs::read_to_string(&said).unwrap_or_default();
            io::Error::other(format!("{error}: {}", said.lines().last().unwrap_or_default()))
        })
    }

    /// Starts it.
    pub(crate) fn start(&self) -> io::Result<Served> {
        let ports = Ports::free()?;
        self.write_configuration(ports)?;
        let mut command = ending_with_us(&self.program);
        command.args(["serve", "--config"]).arg(self.configuration());
        command.stdin(Stdio::null()).stdout(Stdio::null());
        Served::start(&mut command, ports, &self.tls().join("ca.pem"))
    }

    fn configuration(&self) -> PathBuf {
        self.folder.join("countersign.toml")
    }

    /// The built-in list of indexes is longer than the comparison's: the rest is taken out, so that both do the same work.
    fn write_configuration(&self, ports: Ports) -> io::Result<()> {
        let none: String =
            ["entryUUID", "givenName", "displayName", "member", "uniqueMember", "memberUid", "uidNumber"]
                .into_iter()
                .chain(["gidNumber", "ou", "manager", "telephoneNumber"])
                .map(|attribute| format!("{attribute} = []\n"))
                .collect();
        let (Ports { ldap, ldaps, http }, root) = (ports, hashes::ssha(PASSWORD, 2));
        let text = format!(
            "[directory]\nbase_dns = [\"{SUFFIX}\"]\n\n[directory.indexes]\nmail = [\"eq\"]\nsn = [\"eq\"]\n{none}\n\
             [root]\ndn = \"{ROOT}\"\npassword_hash = \"{root}\"\n\n\
             [ldap]\nlisten = [\"{ldap}\"]\nlisten_tls = [\"{ldaps}\"]\n\n[rest]\nlisten = []\nlisten_plain = [\"{http}\"]\n\n\
             [tls]\ncertificate = \"tls/server.pem\"\nprivate_key = \"tls/server.key\"\n\n[log]\nlevel = \"warn\"\n"
        );
        fs::write(self.configuration(), text)
    }
}
