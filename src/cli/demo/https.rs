//! One HTTPS request, for the demonstration: enough of HTTP to show that it is HTTP.

use std::{net::SocketAddr, path::Path};

use rustls_pki_types::ServerName;
use serde_json::Value;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
};
use tokio_rustls::TlsConnector;

use super::super::answer::Failure;
use crate::tls;

/// Posts JSON and gives the status line, without the protocol, and the body.
pub(super) async fn post(
    address: SocketAddr,
    ca_file: &Path,
    path: &str,
    body: &Value,
) -> Result<(String, Value), Failure> {
    let settings = tls::client(tls::roots(ca_file)?)?;
    let stream = TcpStream::connect(address).await?;
    let mut stream = TlsConnector::from(settings).connect(ServerName::try_from("localhost")?, stream).await?;
    let body = body.to_string();
    let request = format!(
        "POST {path} HTTP/1.1\r\nHost: localhost:{}\r\nContent-Type: application/json\r\nContent-Length: {}\r\nConnection: close\r\n\r\n{body}",
        address.port(),
        body.len()
    );
    stream.write_all(request.as_bytes()).await?;
    let mut response = Vec::new();
    // Some servers close without TLS's goodbye; what came is what there is.
    let _ = stream.read_to_end(&mut response).await;
    let response = String::from_utf8_lossy(&response);
    let (head, content) = response.split_once("\r\n\r\n").unwrap_or_default();
    let status = head.lines().next().unwrap_or_default().trim_start_matches("HTTP/1.1 ").to_owned();
    Ok((status, serde_json::from_str(content).unwrap_or(Value::Null)))
}
