//! Certificates and the rustls settings of both doors: TLS 1.2 and 1.3 with AEAD suites, which are all that rustls has.
//! Certificates of our own making (`init`, `demo`, tests) are in `own_ca.rs`; who accepts connections is the doors' business.

pub mod own_ca;

use std::{fmt, path::Path, sync::Arc};

use arc_swap::ArcSwap;
use rustls::{
    ClientConfig, RootCertStore, ServerConfig,
    crypto::CryptoProvider,
    server::{WebPkiClientVerifier, danger::ClientCertVerifier},
    version::{TLS12, TLS13},
};
use rustls_pki_types::{CertificateDer, PrivateKeyDer, pem::PemObject};
use tokio_rustls::TlsAcceptor;

use crate::config::TlsSettings;

/// The cryptography behind TLS, passed explicitly wherever a configuration is built: no process-wide default is needed or set.
pub fn provider() -> Arc<CryptoProvider> {
    #[cfg(feature = "aws-lc-rs")]
    let provider = rustls::crypto::aws_lc_rs::default_provider();
    #[cfg(not(feature = "aws-lc-rs"))]
    let provider = rustls::crypto::ring::default_provider();
    Arc::new(provider)
}

/// The certificate of this server, ready for both doors; replaced as a whole when it is read again.
#[derive(Debug)]
pub struct Tls {
    doors: ArcSwap<Doors>,
}

#[derive(Debug)]
struct Doors {
    ldap: Arc<ServerConfig>,
    rest: Arc<ServerConfig>,
}

/// Why the certificates cannot be used: a sentence that names the file.
#[derive(Debug)]
pub struct TlsError(String);

impl Tls {
    /// Reads the files; `None` if no certificate is configured.
    ///
    /// # Errors
    /// When a file cannot be read, is not PEM, or key and certificate do not belong together.
    pub fn load(settings: &TlsSettings) -> Result<Option<Self>, TlsError> {
        Ok(Doors::load(settings)?.map(|doors| Self { doors: ArcSwap::from_pointee(doors) }))
    }

    /// Reads the files again; connections made from now on use them. On an error the old ones stay in use.
    ///
    /// # Errors
    /// As `load`, and when the certificate has gone from the configuration.
    pub fn reload(&self, settings: &TlsSettings) -> Result<(), TlsError> {
        let doors = Doors::load(settings)?
            .ok_or_else(|| TlsError("[tls] has no certificate any more; the old one stays in use".to_owned()))?;
        self.doors.store(Arc::new(doors));
        Ok(())
    }

    /// For LDAPS and StartTLS.
    pub fn ldap(&self) -> TlsAcceptor {
        TlsAcceptor::from(Arc::clone(&self.doors.load().ldap))
    }

    /// For HTTPS: offers HTTP/2 and HTTP/1.1.
    pub fn rest(&self) -> TlsAcceptor {
        TlsAcceptor::from(Arc::clone(&self.doors.load().rest))
    }
}

impl Doors {
    fn load(settings: &TlsSettings) -> Result<Option<Self>, TlsError> {
        let (Some(certificate), Some(private_key)) = (&settings.certificate, &settings.private_key) else {
            return Ok(None);
        };
        let chain = certificates(certificate)?;
        let key = PrivateKeyDer::from_pem_file(private_key)
            .map_err(|error| TlsError::file("the private key", private_key, &error))?;
        let provider = provider();
        let mut ldap = ServerConfig::builder_with_provider(Arc::clone(&provider))
            .with_protocol_versions(&[&TLS13, &TLS12])
            .map_err(TlsError::versions)?
            .with_client_cert_verifier(client_verifier(settings, provider)?)
            .with_single_cert(chain, key)
            .map_err(|error| {
                let (certificate, private_key) = (certificate.display(), private_key.display());
                TlsError(format!("certificate {certificate} and private key {private_key} cannot be used: {error}"))
            })?;
        // Early data could be replayed, and a bind must not be.
        ldap.max_early_data_size = 0;
        let mut rest = ldap.clone();
        rest.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
        Ok(Some(Self { ldap: Arc::new(ldap), rest: Arc::new(rest) }))
    }
}

/// Client certificates are welcome where `client_ca` is set, and never demanded.
fn client_verifier(
    settings: &TlsSettings,
    provider: Arc<CryptoProvider>,
) -> Result<Arc<dyn ClientCertVerifier>, TlsError> {
    let Some(file) = &settings.client_ca else { return Ok(WebPkiClientVerifier::no_client_auth()) };
    WebPkiClientVerifier::builder_with_provider(Arc::new(roots(file)?), provider)
        .allow_unauthenticated()
        .build()
        .map_err(|error| TlsError::file("the CA of client certificates", file, &error))
}

/// The settings of a client that trusts these CAs and nothing else.
///
/// # Errors
/// When the provider cannot do what the protocol versions need.
pub fn client(roots: RootCertStore) -> Result<Arc<ClientConfig>, TlsError> {
    let client = ClientConfig::builder_with_provider(provider())
        .with_protocol_versions(&[&TLS13, &TLS12])
        .map_err(TlsError::versions)?
        .with_root_certificates(roots)
        .with_no_client_auth();
    Ok(Arc::new(client))
}

/// The CA certificates that this machine trusts; none where it has none. What rustls cannot read of them is left out.
pub fn system_roots() -> RootCertStore {
    let mut roots = RootCertStore::empty();
    roots.add_parsable_certificates(rustls_native_certs::load_native_certs().certs);
    roots
}

/// The CA certificates in a PEM file.
///
/// # Errors
/// When the file cannot be read, or holds none.
pub fn roots(file: &Path) -> Result<RootCertStore, TlsError> {
    let mut roots = RootCertStore::empty();
    for certificate in certificates(file)? {
        roots.add(certificate).map_err(|error| TlsError::file("the CA certificate", file, &error))?;
    }
    Ok(roots)
}

fn certificates(file: &Path) -> Result<Vec<CertificateDer<'static>>, TlsError> {
    let chain: Vec<_> = CertificateDer::pem_file_iter(file)
        .and_then(Iterator::collect)
        .map_err(|error| TlsError::file("the certificate", file, &error))?;
    if chain.is_empty() {
        return Err(TlsError(format!(
            "{} holds no certificate: PEM text with BEGIN CERTIFICATE is meant",
            file.display()
        )));
    }
    Ok(chain)
}

impl TlsError {
    fn versions(error: rustls::Error) -> Self {
        Self(format!("the TLS settings do not fit together: {error}"))
    }

    fn file(what: &str, file: &Path, error: &dyn fmt::Display) -> Self {
        Self(format!("{what} {} cannot be used: {error}", file.display()))
    }
}

impl fmt::Display for TlsError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for TlsError {}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]
    use super::{own_ca::OwnCa, *};

    fn settings(folder: &Path) -> TlsSettings {
        let files = OwnCa::create(&["localhost"]).unwrap().write(folder).unwrap();
        TlsSettings { certificate: Some(files.certificate), private_key: Some(files.private_key), client_ca: None }
    }

    #[test]
    fn certificates_of_our_own_making_serve_both_doors_and_load_again() {
        let folder = tempfile::tempdir().unwrap();
        let mut settings = settings(folder.path());
        settings.client_ca = Some(folder.path().join("ca.pem"));
        let tls = Tls::load(&settings).unwrap().unwrap();
        tls.reload(&settings).unwrap();
        assert_eq!(roots(&folder.path().join("ca.pem")).unwrap().len(), 1);
    }

    #[test]
    fn a_missing_file_and_a_foreign_key_are_named() {
        let (one, other) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
        let mut mixed = settings(one.path());
        mixed.private_key = settings(other.path()).private_key;
        let error = Tls::load(&mixed).unwrap_err().to_string();
        assert!(error.contains("server.pem") && error.contains("server.key"), "{error}");
        mixed.private_key = Some(one.path().join("gone.key"));
        assert!(Tls::load(&mixed).unwrap_err().to_string().contains("gone.key"));
        mixed.certificate = mixed.private_key.take();
        assert!(Tls::load(&mixed).unwrap().is_none());
    }
}
