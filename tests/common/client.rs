//! A small LDAP client over a blocking socket, which sends what it is told to and hides nothing of the answer.

use std::{
    io::{self, Read, Write},
    net::{SocketAddr, TcpStream},
    sync::Arc,
    time::Duration,
};

use super::{
    ber::{self, ENUMERATED, INTEGER, SEQUENCE, SET, boolean, constructed, integer, octets, sequence, tlv},
    filter,
};

/// Longer than anything a test waits for; a server that hangs fails the test instead of stopping it.
const PATIENCE: Duration = Duration::from_secs(30);

/// One connection.
pub struct Client {
    stream: Box<dyn Stream>,
    socket: TcpStream,
    buffer: Vec<u8>,
    last_id: i64,
}

trait Stream: Read + Write + Send {}
impl<T: Read + Write + Send> Stream for T {}

/// One answer other than a search entry.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Response {
    pub id: i64,
    pub tag: u8,
    pub code: i64,
    pub matched_dn: String,
    pub diagnostic: String,
    pub sasl_credentials: Option<Vec<u8>>,
    pub name: Option<String>,
    pub value: Option<Vec<u8>>,
    pub controls: Vec<(String, Option<Vec<u8>>)>,
}

/// One entry as it was sent.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entry {
    pub dn: String,
    pub attributes: Vec<(String, Vec<Vec<u8>>)>,
}

/// Everything that a search brought.
#[derive(Clone, Debug)]
pub struct Found {
    pub entries: Vec<Entry>,
    pub result: Response,
}

/// A search, to be changed field by field.
#[derive(Clone, Debug)]
pub struct Search {
    pub base: String,
    pub scope: i64,
    pub filter: String,
    pub attributes: Vec<String>,
    pub size_limit: i64,
    pub time_limit: i64,
    pub types_only: bool,
}

pub const BASE: i64 = 0;
pub const ONE: i64 = 1;
pub const SUBTREE: i64 = 2;
pub const SUBORDINATES: i64 = 3;

/// How one attribute is changed.
#[derive(Clone, Copy, Debug)]
pub enum Change<'a> {
    Add(&'a str, &'a [&'a str]),
    Delete(&'a str, &'a [&'a str]),
    Replace(&'a str, &'a [&'a str]),
    Increment(&'a str, &'a str),
}

/// A control for a request.
pub fn control(oid: &str, critical: bool, value: Option<&[u8]>) -> Vec<u8> {
    let mut members = vec![octets(oid)];
    members.extend(critical.then(|| boolean(true)));
    members.extend(value.map(octets));
    sequence(&members)
}

impl Search {
    /// For all user attributes of what matches.
    pub fn new(base: &str, scope: i64, filter: &str) -> Self {
        let (base, filter) = (base.to_owned(), filter.to_owned());
        Self { base, scope, filter, attributes: vec![], size_limit: 0, time_limit: 0, types_only: false }
    }

    /// The same search for these attributes.
    pub fn attributes(mut self, names: &[&str]) -> Self {
        self.attributes = names.iter().map(|name| (*name).to_owned()).collect();
        self
    }

    fn encode(&self) -> Vec<u8> {
        let names: Vec<_> = self.attributes.iter().map(octets).collect();
        constructed(
            0x63,
            &[
                octets(&self.base),
                integer(ENUMERATED, self.scope),
                integer(ENUMERATED, 0),
                integer(INTEGER, self.size_limit),
                integer(INTEGER, self.time_limit),
                boolean(self.types_only),
                filter::encode(&self.filter),
                sequence(&names),
            ],
        )
    }
}

impl Entry {
    /// The values of an attribute as text; empty if it is not there.
    pub fn values(&self, name: &str) -> Vec<String> {
        let found = self.attributes.iter().find(|(description, _)| description.eq_ignore_ascii_case(name));
        found.map_or_else(Vec::new, |(_, values)| values.iter().map(|value| ber::text(value)).collect())
    }

    /// The only value of an attribute.
    pub fn value(&self, name: &str) -> String {
        let values = self.values(name);
        assert_eq!(values.len(), 1, "{name} of {}: {values:?}", self.dn);
        values[0].clone()
    }
}

impl Found {
    /// The names of the entries in the order in which they came.
    pub fn names(&self) -> Vec<&str> {
        self.entries.iter().map(|entry| entry.dn.as_str()).collect()
    }
}

impl Response {
    fn parse(id: i64, tag: u8, body: &[u8], controls: &[u8]) -> Self {
        let members = ber::elements(body);
        assert_eq!(members[0].0, ENUMERATED);
        let find = |tag| members[3..].iter().find(|member| member.0 == tag).map(|member| member.1);
        Self {
            id,
            tag,
            code: ber::number(members[0].1),
            matched_dn: ber::text(members[1].1),
            diagnostic: ber::text(members[2].1),
            sasl_credentials: find(0x87).map(<[u8]>::to_vec),
            name: find(0x8A).map(ber::text),
            value: find(0x8B).map(<[u8]>::to_vec),
            controls: ber::elements(controls).into_iter().map(|(_, control)| parse_control(control)).collect(),
        }
    }

    /// The value of a response control.
    pub fn control(&self, oid: &str) -> Option<&[u8]> {
        self.controls.iter().find(|(name, _)| name == oid)?.1.as_deref()
    }
}

fn parse_control(control: &[u8]) -> (String, Option<Vec<u8>>) {
    let members = ber::elements(control);
    let value = members[1..].iter().find(|member| member.0 == ber::OCTET_STRING);
    (ber::text(members[0].1), value.map(|member| member.1.to_vec()))
}

fn parse_entry(body: &[u8]) -> Entry {
    let members = ber::elements(body);
    let attributes = ber::elements(members[1].1).into_iter().map(|(_, attribute)| {
        let parts = ber::elements(attribute);
        let values = ber::elements(parts[1].1).into_iter().map(|(_, value)| value.to_vec()).collect();
        (ber::text(parts[0].1), values)
    });
    Entry { dn: ber::text(members[0].1), attributes: attributes.collect() }
}

impl Client {
    /// A connection in clear.
    pub fn connect(address: SocketAddr) -> Self {
        Self::try_connect(address).expect("the server accepts connections")
    }

    /// A connection in clear, if the server accepts it.
    pub fn try_connect(address: SocketAddr) -> io::Result<Self> {
        let socket = TcpStream::connect_timeout(&address, PATIENCE)?;
        socket.set_read_timeout(Some(PATIENCE))?;
        socket.set_write_timeout(Some(PATIENCE))?;
        socket.set_nodelay(true)?;
        Ok(Self { stream: Box::new(socket.try_clone()?), socket, buffer: Vec::new(), last_id: 0 })
    }

    /// A connection under TLS from the first octet.
    pub fn connect_tls(address: SocketAddr, tls: Arc<rustls::ClientConfig>) -> Self {
        let mut client = Self::connect(address);
        client.shake_hands(tls);
        client
    }

    /// StartTLS (RFC 4511 section 4.14), which must succeed.
    pub fn start_tls(&mut self, tls: Arc<rustls::ClientConfig>) {
        let response = self.extended("1.3.6.1.4.1.1466.20037", None);
        assert_eq!(response.code, 0, "{}", response.diagnostic);
        assert!(self.buffer.is_empty(), "nothing follows the answer in clear");
        self.shake_hands(tls);
    }

    fn shake_hands(&mut self, tls: Arc<rustls::ClientConfig>) {
        let name = rustls_pki_types::ServerName::try_from("localhost").expect("a name");
        let session = rustls::ClientConnection::new(tls, name).expect("a TLS session");
        let mut stream = rustls::StreamOwned::new(session, self.socket.try_clone().expect("a second handle"));
        stream.flush().expect("a handshake");
        self.stream = Box::new(stream);
    }

    /// Octets as they are, right or wrong.
    pub fn send_raw(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.stream.write_all(bytes)?;
        self.stream.flush()
    }

    /// One operation under the next message ID, which is returned.
    pub fn send(&mut self, operation: &[u8], controls: &[Vec<u8>]) -> i64 {
        self.last_id += 1;
        let message = message(self.last_id, operation, controls);
        self.send_raw(&message).expect("the server reads");
        self.last_id
    }

    /// The next message: its ID, tag, body and controls; `None` if the server has closed the connection.
    pub fn receive_raw(&mut self) -> Option<(i64, u8, Vec<u8>, Vec<u8>)> {
        loop {
            if let Some((tag, content, rest)) = ber::split(&self.buffer) {
                assert_eq!(tag, SEQUENCE);
                let members = ber::elements(content);
                let controls = members.get(2).map_or_else(Vec::new, |member| member.1.to_vec());
                let message = (ber::number(members[0].1), members[1].0, members[1].1.to_vec(), controls);
                self.buffer = rest.to_vec();
                return Some(message);
            }
            let mut chunk = [0; 16 << 10];
            match self.stream.read(&mut chunk) {
                Ok(0) => return None,
                Ok(count) => self.buffer.extend_from_slice(&chunk[..count]),
                Err(error) if error.kind() == io::ErrorKind::ConnectionReset => return None,
                Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => return None,
                Err(error) => panic!("no answer: {error}"),
            }
        }
    }

    /// The next answer, which must not be a search entry.
    pub fn receive(&mut self) -> Response {
        self.try_receive().expect("the server answers before it closes the connection")
    }

    /// The next answer; `None` if the server has closed the connection.
    pub fn try_receive(&mut self) -> Option<Response> {
        let (id, tag, body, controls) = self.receive_raw()?;
        Some(Response::parse(id, tag, &body, &controls))
    }

    /// One operation and its answer.
    pub fn request(&mut self, operation: &[u8], controls: &[Vec<u8>]) -> Response {
        let id = self.send(operation, controls);
        let response = self.receive();
        assert_eq!(response.id, id);
        response
    }

    /// A simple bind.
    pub fn bind(&mut self, dn: &str, password: impl AsRef<[u8]>) -> Response {
        self.request(&simple_bind(dn, password), &[])
    }

    /// A SASL bind in one step.
    pub fn bind_sasl(&mut self, mechanism: &str, credentials: Option<&[u8]>) -> Response {
        let mut choice = vec![octets(mechanism)];
        choice.extend(credentials.map(octets));
        let operation = constructed(0x60, &[integer(INTEGER, 3), octets(""), constructed(0xA3, &choice)]);
        self.request(&operation, &[])
    }

    /// A bind with mechanism UNBOUNDID-TOTP.
    pub fn bind_totp(&mut self, authentication_id: &str, password: Option<&str>, code: &str) -> Response {
        self.bind_sasl("UNBOUNDID-TOTP", Some(&totp_credentials(authentication_id, password, code)))
    }

    /// A bind with mechanism PLAIN.
    pub fn bind_plain(&mut self, authentication_id: &str, password: &str) -> Response {
        self.bind_sasl("PLAIN", Some(format!("\0{authentication_id}\0{password}").as_bytes()))
    }

    /// Whom the server takes this connection for: `dn:...`, or empty.
    pub fn who_am_i(&mut self) -> String {
        let response = self.extended("1.3.6.1.4.1.4203.1.11.3", None);
        assert_eq!((response.code, response.name), (0, None));
        ber::text(&response.value.expect("who am I always has a value"))
    }

    /// An extended operation.
    pub fn extended(&mut self, oid: &str, value: Option<&[u8]>) -> Response {
        self.request(&extended(oid, value), &[])
    }

    /// A search and all that it brings.
    pub fn search(&mut self, search: &Search) -> Found {
        self.search_with(search, &[])
    }

    /// The same with controls.
    pub fn search_with(&mut self, search: &Search, controls: &[Vec<u8>]) -> Found {
        let id = self.send(&search.encode(), controls);
        self.collect(id)
    }

    /// Sends a search without waiting for anything.
    pub fn send_search(&mut self, search: &Search) -> i64 {
        self.send(&search.encode(), &[])
    }

    /// What a search that was sent brings.
    pub fn collect(&mut self, id: i64) -> Found {
        let mut entries = Vec::new();
        loop {
            let (got, tag, body, controls) = self.receive_raw().expect("a result");
            assert_eq!(got, id);
            match tag {
                0x64 => entries.push(parse_entry(&body)),
                _ => return Found { entries, result: Response::parse(got, tag, &body, &controls) },
            }
        }
    }

    /// One entry that must be there.
    pub fn read(&mut self, dn: &str, attributes: &[&str]) -> Entry {
        let found = self.search(&Search::new(dn, BASE, "(objectClass=*)").attributes(attributes));
        assert_eq!((found.result.code, found.entries.len()), (0, 1), "{dn}: {}", found.result.diagnostic);
        found.entries[0].clone()
    }

    /// An add of one entry.
    pub fn add(&mut self, dn: &str, attributes: &[(&str, &[&str])]) -> Response {
        let attributes: Vec<_> = attributes.iter().map(|(name, values)| attribute(name, values)).collect();
        self.request(&constructed(0x68, &[octets(dn), sequence(&attributes)]), &[])
    }

    /// A modify.
    pub fn modify(&mut self, dn: &str, changes: &[Change<'_>]) -> Response {
        self.modify_with(dn, changes, &[])
    }

    /// A modify with controls.
    pub fn modify_with(&mut self, dn: &str, changes: &[Change<'_>], controls: &[Vec<u8>]) -> Response {
        self.request(&modify(dn, changes), controls)
    }

    /// A modify DN.
    pub fn rename(&mut self, dn: &str, rdn: &str, delete_old: bool, superior: Option<&str>) -> Response {
        let mut members = vec![octets(dn), octets(rdn), boolean(delete_old)];
        members.extend(superior.map(|superior| tlv(0x80, superior)));
        self.request(&constructed(0x6C, &members), &[])
    }

    /// A delete.
    pub fn delete(&mut self, dn: &str) -> Response {
        self.delete_with(dn, &[])
    }

    /// A delete with controls.
    pub fn delete_with(&mut self, dn: &str, controls: &[Vec<u8>]) -> Response {
        self.request(&tlv(0x4A, dn), controls)
    }

    /// A compare.
    pub fn compare(&mut self, dn: &str, attribute: &str, value: &str) -> Response {
        let operation = constructed(0x6E, &[octets(dn), sequence(&[octets(attribute), octets(value)])]);
        self.request(&operation, &[])
    }

    /// Asserts that the connection still answers.
    pub fn assert_alive(&mut self) {
        let found = self.search(&Search::new("", BASE, "(objectClass=*)").attributes(&["1.1"]));
        assert_eq!((found.result.code, found.entries.len()), (0, 1));
    }

    /// Sends nothing more, and goes on reading.
    pub fn shut_down_writing(&self) {
        self.socket.shutdown(std::net::Shutdown::Write).expect("an open socket");
    }

    /// The local end's address.
    pub fn local_address(&self) -> SocketAddr {
        self.socket.local_addr().expect("a connected socket")
    }
}

/// A whole LDAPMessage.
pub fn message(id: i64, operation: &[u8], controls: &[Vec<u8>]) -> Vec<u8> {
    let mut members = vec![integer(INTEGER, id), operation.to_vec()];
    if !controls.is_empty() {
        members.push(constructed(0xA0, controls));
    }
    sequence(&members)
}

/// The operation of a simple bind.
pub fn simple_bind(dn: &str, password: impl AsRef<[u8]>) -> Vec<u8> {
    constructed(0x60, &[integer(INTEGER, 3), octets(dn), tlv(0x80, password)])
}

/// The operation of an extended request.
pub fn extended(oid: &str, value: Option<&[u8]>) -> Vec<u8> {
    let mut members = vec![tlv(0x80, oid)];
    members.extend(value.map(|value| tlv(0x81, value)));
    constructed(0x77, &members)
}

/// The operation of a modify.
pub fn modify(dn: &str, changes: &[Change<'_>]) -> Vec<u8> {
    let changes: Vec<_> = changes
        .iter()
        .map(|change| {
            let (kind, attribute) = match change {
                Change::Add(name, values) => (0, attribute(name, values)),
                Change::Delete(name, values) => (1, attribute(name, values)),
                Change::Replace(name, values) => (2, attribute(name, values)),
                Change::Increment(name, by) => (3, attribute(name, &[by])),
            };
            sequence(&[integer(ENUMERATED, kind), attribute])
        })
        .collect();
    constructed(0x66, &[octets(dn), sequence(&changes)])
}

/// The credentials of mechanism UNBOUNDID-TOTP.
pub fn totp_credentials(authentication_id: &str, password: Option<&str>, code: &str) -> Vec<u8> {
    let mut members = vec![tlv(0x80, authentication_id), tlv(0x82, code)];
    members.extend(password.map(|password| tlv(0x83, password)));
    sequence(&members)
}

/// The value of an extended request whose members are context-tagged strings: `[(0, "u:alice"), (1, "secret")]`.
pub fn tagged(members: &[(u8, &str)]) -> Vec<u8> {
    let members: Vec<_> = members.iter().map(|(number, text)| tlv(0x80 | number, text)).collect();
    sequence(&members)
}

fn attribute(name: &str, values: &[&str]) -> Vec<u8> {
    let values: Vec<_> = values.iter().map(octets).collect();
    sequence(&[octets(name), constructed(SET, &values)])
}
