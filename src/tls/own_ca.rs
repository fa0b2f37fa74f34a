//! A certification authority of our own, for a server that has no certificate yet: made by `init`, `demo` and the tests.
//! Clients that trust `ca.pem` trust the server. How to bring one's own certificates is in `certs/README.md`.

use std::{
    io,
    path::{Path, PathBuf},
};

use rcgen::{
    BasicConstraints, CertificateParams, DnType, ExtendedKeyUsagePurpose, IsCa, Issuer, KeyPair, KeyUsagePurpose,
};
use time::{Duration, OffsetDateTime};

use crate::clock::{Clock, SystemClock};

/// The authority's certificate and one server certificate with its key, all PEM.
pub struct OwnCa {
    ca: String,
    certificate: String,
    private_key: zeroize::Zeroizing<String>,
}

/// Where they were written.
#[derive(Clone, Debug)]
pub struct Files {
    /// What clients trust.
    pub ca: PathBuf,
    /// The server's certificate.
    pub certificate: PathBuf,
    /// Its key, readable by the owner only.
    pub private_key: PathBuf,
}

/// Some clients refuse certificates that are valid for longer than 825 days.
const VALID_DAYS: i64 = 825;

impl OwnCa {
    /// A new authority and a certificate for these names (host names or addresses). The authority's own key is not kept: nothing
    /// else can ever be signed with it.
    ///
    /// # Errors
    /// When a name is none, or the generator of random numbers fails.
    pub fn create(names: &[&str]) -> Result<Self, rcgen::Error> {
        let now = now();
        let mut authority = CertificateParams::new(Vec::<String>::new())?;
        authority.distinguished_name.push(DnType::CommonName, "countersign own CA");
        authority.is_ca = IsCa::Ca(BasicConstraints::Constrained(0));
        authority.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
        let mut server = CertificateParams::new(names.iter().map(|name| (*name).to_owned()).collect::<Vec<_>>())?;
        server.distinguished_name.push(DnType::CommonName, names.first().copied().unwrap_or("countersign"));
        server.key_usages = vec![KeyUsagePurpose::DigitalSignature];
        server.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth];
        server.use_authority_key_identifier_extension = true;
        for params in [&mut authority, &mut server] {
            // Clocks differ: valid since yesterday.
            params.not_before = now - Duration::days(1);
            params.not_after = now + Duration::days(VALID_DAYS - 1);
        }
        let authority_key = KeyPair::generate()?;
        let server_key = KeyPair::generate()?;
        let ca = authority.self_signed(&authority_key)?.pem();
        let certificate = server.signed_by(&server_key, &Issuer::new(authority, authority_key))?.pem();
        Ok(Self { ca, certificate, private_key: server_key.serialize_pem().into() })
    }

    /// Writes `ca.pem`, `server.pem` and `server.key` into a folder, which is made if it is missing; overwrites nothing.
    ///
    /// # Errors
    /// When a file exists or cannot be written.
    pub fn write(&self, folder: &Path) -> io::Result<Files> {
        crate::files::create_folder(folder)?;
        let files = Files {
            ca: folder.join("ca.pem"),
            certificate: folder.join("server.pem"),
            private_key: folder.join("server.key"),
        };
        crate::files::create(&files.ca, self.ca.as_bytes())?;
        crate::files::create(&files.certificate, self.certificate.as_bytes())?;
        crate::files::create(&files.private_key, self.private_key.as_bytes())?;
        Ok(files)
    }
}

fn now() -> OffsetDateTime {
    OffsetDateTime::UNIX_EPOCH + Duration::milliseconds(i64::try_from(SystemClock.now().0).unwrap_or(i64::MAX))
}
