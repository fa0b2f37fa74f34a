//! OpenLDAP's slapd with back-mdb, as its manual has it: durable writes, the indexes of the comparison, sixteen threads.

use std::{
    fs, io,
    path::{Path, PathBuf},
    process::{Command, Stdio},
};

use super::{Ports, Served};
use crate::{
    data::{PASSWORD, ROOT, SUFFIX, hashes},
    process::{Taken, ending_with_us, watch},
};

/// A slapd with its folder.
pub(crate) struct Slapd {
    folder: PathBuf,
    program: PathBuf,
    modules: PathBuf,
    tls: PathBuf,
}

/// What is loaded beside the database, and why it may be missing.
const MODULES: [(&str, &str); 2] = [("argon2", "{ARGON2} binds"), ("otp", "binds with a code")];

impl Slapd {
    /// Finds the program and its modules. `tls`: the folder of certificates.
    pub(crate) fn new(folder: PathBuf, tls: PathBuf) -> io::Result<Self> {
        let places = ["/usr/sbin/slapd", "/usr/local/sbin/slapd", "/usr/local/libexec/slapd"];
        let installed = places.map(PathBuf::from).into_iter().find(|path| path.exists());
        let installed = installed.ok_or_else(|| io::Error::other("slapd is not installed"))?;
        let modules = ["/usr/lib/ldap", "/usr/lib64/openldap", "/usr/local/libexec/openldap"];
        let modules = modules.map(PathBuf::from).into_iter().find(|path| path.join("back_mdb.so").exists());
        let modules = modules.ok_or_else(|| io::Error::other("slapd's module back_mdb.so is not found"))?;
        fs::create_dir_all(folder.join("data"))?;
        // Where AppArmor confines the installed program to its own folders, a copy is free of that.
        let program = folder.join("slapd");
        fs::copy(installed, &program)?;
        Ok(Self { folder, program, modules, tls })
    }

    /// Whether the module is there.
    pub(crate) fn has(&self, module: &str) -> bool {
        self.modules.join(format!("{module}.so")).exists()
    }

    /// What this slapd cannot be compared in.
    pub(crate) fn missing(&self) -> impl Iterator<Item = String> {
        let missing = MODULES.iter().filter(|(module, _)| !self.has(module));
        missing.map(|(module, what)| format!("slapd has no module {module}.so here: no counterpart for {what}"))
    }

    /// Where the database is.
    pub(crate) fn data(&self) -> PathBuf {
        self.folder.join("data")
    }

    /// Loads the LDIF with `slapadd -q`.
    pub(crate) fn load(&self, ldif: &Path) -> io::Result<Taken> {
        let configuration = self.configuration(false)?;
        let mut command = Command::new(&self.program);
        command.args(["-T", "add", "-q", "-f"]).arg(configuration).arg("-l").arg(ldif);
        watch(command.stdout(Stdio::null()))
    }

    /// Starts it. `with_codes`: with the overlay that judges codes, which costs every bind a look.
    pub(crate) fn start(&self, with_codes: bool) -> io::Result<Served> {
        let (ports, configuration) = (Ports::free()?, self.configuration(with_codes)?);
        let mut command = ending_with_us(&self.program);
        command.args(["-d", "0", "-f"]).arg(configuration);
        command.arg("-h").arg(format!("ldap://{}/ ldaps://{}/", ports.ldap, ports.ldaps));
        command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
        Served::start(&mut command, ports, &self.tls.join("ca.pem"))
    }

    fn configuration(&self, with_codes: bool) -> io::Result<PathBuf> {
        let (folder, tls, modules) = (self.folder.display(), self.tls.display(), self.modules.display());
        let loaded: String = ["back_mdb"]
            .into_iter()
            .chain(MODULES.iter().map(|(module, _)| *module).filter(|module| self.has(module)))
            .map(|module| format!("moduleload {module}\n"))
            .collect();
        let schemas: String = ["core", "cosine", "inetorgperson"]
            .map(|name| format!("include /etc/ldap/schema/{name}.schema\n"))
            .concat();
        let overlay = if with_codes { "overlay otp\n" } else { "" };
        let root = hashes::ssha(PASSWORD, 2);
        let text = format!(
            "{schemas}modulepath {modules}\n{loaded}\
             pidfile {folder}/slapd.pid\nargsfile {folder}/slapd.args\nloglevel none\n\
             TLSCACertificateFile {tls}/ca.pem\nTLSCertificateFile {tls}/server.pem\nTLSCertificateKeyFile {tls}/server.key\n\
             access to * by users read by anonymous auth\n\
             database mdb\nsuffix \"{SUFFIX}\"\nrootdn \"{ROOT}\"\nrootpw {root}\n\
             directory {folder}/data\nmaxsize 68719476736\n\
             index objectClass,uid,mail,sn eq\nindex cn eq,sub\n{overlay}"
        );
        let path = self.folder.join("slapd.conf");
        fs::write(&path, text)?;
        Ok(path)
    }
}
