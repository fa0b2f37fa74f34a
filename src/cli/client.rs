//! The LDAP client of the command line: over the Unix socket of a server on this machine, or to an address. Written with
//! `ldap3_proto`, so that our own codec is not its own only judge.

use std::{io, path::Path, sync::Arc, time::Duration};

use futures_util::{SinkExt, StreamExt};
use ldap3_proto::proto::{
    LdapAttribute, LdapBindCred, LdapBindRequest, LdapDerefAliases, LdapExtendedRequest, LdapFilter, LdapMsg, LdapOp,
    LdapResult, LdapResultCode, LdapSearchRequest, LdapSearchResultEntry, LdapSearchScope, SaslCredentials,
};
use rustls_pki_types::ServerName;
use tokio::{
    io::{AsyncRead, AsyncWrite},
    net::{TcpStream, UnixStream},
    time::timeout,
};
use tokio_rustls::TlsConnector;
use tokio_util::codec::Framed;

use super::{answer::Failure, codec::Codec};
use crate::tls;

/// One connection.
pub(crate) struct Client {
    messages: Framed<Box<dyn Stream>, Codec>,
    last_id: i32,
}

/// What a connection runs over.
trait Stream: AsyncRead + AsyncWrite + Send + Unpin {}
impl<S: AsyncRead + AsyncWrite + Send + Unpin> Stream for S {}

/// An answer that takes longer is none.
const PATIENCE: Duration = Duration::from_secs(60);

impl Client {
    /// To a Unix socket.
    pub(crate) async fn local(socket: &Path) -> io::Result<Self> {
        Ok(Self::over(Box::new(UnixStream::connect(socket).await?)))
    }

    /// To `ldap://host:port` or `ldaps://host:port`; `ca_file` is whom to trust for the latter.
    pub(crate) async fn url(url: &str, ca_file: Option<&Path>) -> Result<Self, Failure> {
        let (encrypted, host, port) = address(url)?;
        let away = |error: &dyn std::fmt::Display| Failure::unreachable(format!("{url} cannot be reached: {error}"));
        let stream = timeout(PATIENCE, TcpStream::connect((host, port)))
            .await
            .map_err(|error| away(&error))?
            .map_err(|error| away(&error))?;
        if !encrypted {
            return Ok(Self::over(Box::new(stream)));
        }
        let ca_file = ca_file.ok_or_else(|| {
            Failure::usage("ldaps needs --ca-file FILE: the CA that the server's certificate is from")
        })?;
        let settings = rustls::ClientConfig::builder_with_provider(tls::provider())
            .with_safe_default_protocol_versions()?
            .with_root_certificates(tls::roots(ca_file)?)
            .with_no_client_auth();
        let name = ServerName::try_from(host.to_owned())?;
        let stream = timeout(PATIENCE, TlsConnector::from(Arc::new(settings)).connect(name, stream))
            .await
            .map_err(|error| away(&error))?
            .map_err(|error| away(&error))?;
        Ok(Self::over(Box::new(stream)))
    }

    fn over(stream: Box<dyn Stream>) -> Self {
        Self { messages: Framed::new(stream, Codec::default()), last_id: 0 }
    }

    /// Binds with a name and a password; a code may follow the password.
    pub(crate) async fn bind(&mut self, dn: &str, password: &str) -> Result<LdapResult, Failure> {
        self.bind_with(dn, LdapBindCred::Simple(password.to_owned())).await
    }

    /// Binds by a SASL mechanism of one message.
    pub(crate) async fn bind_sasl(&mut self, mechanism: &str, credentials: Vec<u8>) -> Result<LdapResult, Failure> {
        let mechanism = mechanism.to_owned();
        self.bind_with("", LdapBindCred::SASL(SaslCredentials { mechanism, credentials })).await
    }

    async fn bind_with(&mut self, dn: &str, cred: LdapBindCred) -> Result<LdapResult, Failure> {
        match self.ask(LdapOp::BindRequest(LdapBindRequest { version: 3, dn: dn.to_owned(), cred })).await? {
            LdapOp::BindResponse(response) => Ok(response.res),
            _ => Err(confused()),
        }
    }

    /// All entries that match, with these attributes.
    pub(crate) async fn search(
        &mut self,
        base: &str,
        scope: LdapSearchScope,
        filter: LdapFilter,
        attributes: &[&str],
    ) -> Result<Vec<LdapSearchResultEntry>, Failure> {
        let attrs = attributes.iter().map(|name| (*name).to_owned()).collect();
        self.send(LdapOp::SearchRequest(LdapSearchRequest {
            base: base.to_owned(),
            scope,
            aliases: LdapDerefAliases::Never,
            sizelimit: 0,
            timelimit: 0,
            typesonly: false,
            filter,
            attrs,
        }))
        .await?;
        let mut entries = Vec::new();
        loop {
            match self.receive().await? {
                LdapOp::SearchResultEntry(entry) => entries.push(entry),
                LdapOp::SearchResultReference(_) => {}
                LdapOp::SearchResultDone(result) if result.code == LdapResultCode::NoSuchObject => {
                    return Ok(Vec::new());
                }
                LdapOp::SearchResultDone(result) => return succeeded(&result).map(|()| entries),
                _ => return Err(confused()),
            }
        }
    }

    /// Adds, modifies, renames or deletes.
    pub(crate) async fn change(&mut self, change: LdapOp) -> Result<(), Failure> {
        succeeded(&self.try_change(change).await?)
    }

    /// The same, where a refusal is an answer too.
    pub(crate) async fn try_change(&mut self, change: LdapOp) -> Result<LdapResult, Failure> {
        match self.ask(change).await? {
            LdapOp::AddResponse(result)
            | LdapOp::ModifyResponse(result)
            | LdapOp::ModifyDNResponse(result)
            | LdapOp::DelResponse(result) => Ok(result),
            _ => Err(confused()),
        }
    }

    /// An extended operation: its result and its value.
    pub(crate) async fn extended(
        &mut self,
        oid: &str,
        value: Option<Vec<u8>>,
    ) -> Result<(LdapResult, Option<Vec<u8>>), Failure> {
        match self.ask(LdapOp::ExtendedRequest(LdapExtendedRequest { name: oid.to_owned(), value })).await? {
            LdapOp::ExtendedResponse(response) => Ok((response.res, response.value)),
            _ => Err(confused()),
        }
    }

    async fn ask(&mut self, operation: LdapOp) -> Result<LdapOp, Failure> {
        self.send(operation).await?;
        self.receive().await
    }

    async fn send(&mut self, op: LdapOp) -> Result<(), Failure> {
        self.last_id += 1;
        let message = LdapMsg { msgid: self.last_id, op, ctrl: Vec::new() };
        self.messages
            .send(message)
            .await
            .map_err(|error| Failure::unreachable(format!("the server went away: {error}")))
    }

    async fn receive(&mut self) -> Result<LdapOp, Failure> {
        match timeout(PATIENCE, self.messages.next()).await {
            Ok(Some(Ok(message))) if message.msgid == self.last_id => Ok(message.op),
            Ok(Some(Ok(LdapMsg { op: LdapOp::ExtendedResponse(notice), .. }))) => {
                Err(Failure::unreachable(format!("the server ended the connection: {}", notice.res.message)))
            }
            Ok(Some(Ok(_))) => Err(confused()),
            Ok(Some(Err(error))) => Err(Failure::unreachable(format!("the server's answer cannot be read: {error}"))),
            Ok(None) => Err(Failure::unreachable("the server closed the connection")),
            Err(_) => Err(Failure::unreachable("the server did not answer within a minute")),
        }
    }
}

/// An attribute to be added.
pub(crate) fn attribute(name: &str, values: impl IntoIterator<Item = impl Into<Vec<u8>>>) -> LdapAttribute {
    LdapAttribute { atype: name.to_owned(), vals: values.into_iter().map(Into::into).collect() }
}

/// Nothing if the result is success, else a failure in the server's words.
pub(crate) fn succeeded(result: &LdapResult) -> Result<(), Failure> {
    if result.code == LdapResultCode::Success {
        return Ok(());
    }
    let code = countersign_proto::result_code::ResultCode(result.code.clone() as i32);
    Err(Failure::refused(format!("{} ({code})", result.message)))
}

fn confused() -> Failure {
    Failure::refused("the server answered something that was not asked")
}

/// Whether TLS is meant, the host and the port.
fn address(url: &str) -> Result<(bool, &str, u16), Failure> {
    let wrong = || Failure::usage(format!("\"{url}\" is no address: ldap://HOST:PORT or ldaps://HOST:PORT is meant"));
    let (encrypted, rest) = match url.split_once("://") {
        Some(("ldap", rest)) => (false, rest),
        Some(("ldaps", rest)) => (true, rest),
        _ => return Err(wrong()),
    };
    let rest = rest.trim_end_matches('/');
    let usual = if encrypted { 636 } else { 389 };
    let (host, port) = match rest.rsplit_once(':') {
        Some((host, port)) if !port.contains(']') => (host, port.parse().map_err(|_| wrong())?),
        _ => (rest, usual),
    };
    let host = host.trim_start_matches('[').trim_end_matches(']');
    if host.is_empty() { Err(wrong()) } else { Ok((encrypted, host, port)) }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]
    use super::address;

    #[test]
    fn addresses_have_their_usual_ports_and_brackets_come_off() {
        assert_eq!(address("ldap://localhost").unwrap(), (false, "localhost", 389));
        assert_eq!(address("ldaps://h:6636/").unwrap(), (true, "h", 6636));
        assert_eq!(address("ldap://[::1]:3389").unwrap(), (false, "::1", 3389));
        assert_eq!(address("ldap://[::1]").unwrap(), (false, "::1", 389));
        assert!(address("http://h").is_err() && address("ldap://").is_err() && address("ldap://h:x").is_err());
    }
}
