//! `GET`: an entry, the caller's own entry, and what the server says of itself (rest-api.md sections 3 to 5). Finding the entry and
//! leaving out what the caller may not see is the search handler's, by a base search like LDAP's.

use countersign_proto::{
    ber::{Reader, Writer, tag},
    ldap::{
        filter::Filter,
        message::{Scope, SearchRequest, Strings},
    },
    result_code::ResultCode,
};
use hyper::{StatusCode, header::HOST, http::request::Parts};
use percent_encoding::percent_decode_str;
use serde::Serialize;

use super::{
    entry::{EntryJson, Form},
    exchange::Reply,
    media,
    path::{self, Segment},
    selection::Selection,
    status::{Hearer, Refusal},
};
use crate::{
    caller::{Caller, Channel},
    clock::UnixMillis,
    config::LogLevel,
    directory::{dn::Dn, entry::Class, schema::Schema},
    error::{Error, Result},
    handlers::{
        context::Context,
        search::{Advance, EntrySink, Search, SearchOptions},
    },
    telemetry::audit::Event,
};

/// `(objectClass=*)`, which every entry matches.
const ANY: &[u8] = b"\x87\x0bobjectClass";
const STRUCTURAL_CLASS: &str = "structuralObjectClass";

/// What the query of a read says.
#[derive(Debug, Default)]
pub(super) struct Query {
    selection: Selection,
}

impl Query {
    /// Reads a query string; parameters that mean nothing here are ignored, as `expand` is where there is nothing to expand.
    ///
    /// # Errors
    /// 400 where it is no text, names a parameter twice, or both wants and does not want an attribute.
    pub(super) fn of(query: &str) -> Result<Self, Refusal> {
        let (mut include, mut exclude) = (None, None);
        for pair in query.split('&') {
            let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
            let place = match name {
                "includeAttributes" => &mut include,
                "excludeAttributes" => &mut exclude,
                _ => continue,
            };
            let value = value.replace('+', " ");
            let value =
                percent_decode_str(&value).decode_utf8().map_err(|_| Refusal::invalid("The query is not UTF-8"))?;
            if place.replace(value.into_owned()).is_some() {
                return Err(Refusal::invalid(format!("The query names {name} twice")));
            }
        }
        let selection = Selection::of_query(include.as_deref(), exclude.as_deref()).map_err(Refusal::invalid)?;
        Ok(Self { selection })
    }
}

/// `GET {dn}`.
///
/// # Errors
/// 400 for what is no DN; 404 for an entry that the caller does not find, 401 where the caller is nobody.
pub(super) async fn entry(
    segment: Segment<'_>,
    query: &Query,
    origin: &str,
    context: &Context,
    caller: &Caller,
) -> Result<Reply, Refusal> {
    let dn = dn_of(segment)?;
    let found = find(&dn, &query.selection, context, caller).await.map_err(|error| refusal(&error, caller))?;
    let found = found.ok_or_else(|| refusal(&Error::no_such_object(None), caller))?;
    Ok(reply(&found.entry.linked(origin, found.structural_class)))
}

/// `GET /directory/v1/me`.
///
/// # Errors
/// 401 for nobody; 404 for a caller without an entry.
pub(super) async fn me(query: &Query, origin: &str, context: &Context, caller: &Caller) -> Result<Reply, Refusal> {
    if caller.is_anonymous() {
        return Err(Refusal::unauthenticated());
    }
    let found = find(caller.dn(), &query.selection, context, caller).await.map_err(|error| refusal(&error, caller))?;
    let found = found.ok_or_else(|| refusal(&Error::no_such_object(None), caller))?;
    Ok(reply(&found.entry.linked(origin, found.structural_class)))
}

/// The caller's own entry without links, as `authenticate` returns it; `None` if it sees none.
///
/// # Errors
/// What reading is refused with.
pub(super) async fn own_entry(
    selection: &Selection,
    context: &Context,
    caller: &Caller,
) -> Result<Option<EntryJson>, Refusal> {
    let found = match find(caller.dn(), selection, context, caller).await {
        Err(error) if error.code == ResultCode::NO_SUCH_OBJECT => None,
        found => found.map_err(|error| refusal(&error, caller))?,
    };
    Ok(found.map(|found| found.entry))
}

/// What `GET /directory/v1` answers: members of the root DSE under their names there.
#[derive(Serialize)]
struct Metadata<'a> {
    #[serde(rename = "vendorName")]
    vendor_name: String,
    #[serde(rename = "vendorVersion")]
    vendor_version: String,
    #[serde(rename = "startupUUID")]
    startup_uuid: String,
    #[serde(rename = "startTime")]
    start_time: String,
    #[serde(rename = "namingContexts")]
    naming_contexts: &'a [String],
    #[serde(rename = "publicBaseDNs")]
    public_base_dns: &'a [String],
    #[serde(rename = "_links")]
    links: MetadataLinks,
}

/// The one place where `schemas` is a bare string.
#[derive(Serialize)]
struct MetadataLinks {
    schemas: String,
    #[serde(rename = "self")]
    own: Href,
}

#[derive(Serialize)]
struct Href {
    href: String,
}

/// `GET /directory/v1`.
///
/// # Errors
/// As `entry`, for the root DSE.
pub(super) async fn metadata(origin: &str, context: &Context, caller: &Caller) -> Result<Reply, Refusal> {
    let mut root = RootDse::default();
    let wanted = ["vendorName", "vendorVersion", "namingContexts"];
    search("", &wanted, context, caller, &mut root).await.map_err(|error| refusal(&error, caller))?;
    if !root.found {
        return Err(refusal(&Error::insufficient_access("The server's own entry is not readable"), caller));
    }
    let here = format!("{origin}{}", path::BASE);
    let metadata = Metadata {
        vendor_name: root.vendor_name,
        vendor_version: root.vendor_version,
        startup_uuid: context.served.startup_uuid.to_string(),
        start_time: UnixMillis::from_seconds(context.served.started.seconds()).generalized_time(),
        naming_contexts: &root.naming_contexts,
        public_base_dns: &root.naming_contexts,
        links: MetadataLinks { schemas: format!("{here}/schemas"), own: Href { href: here } },
    };
    let body = serde_json::to_vec(&metadata).unwrap_or_default();
    Ok(Reply { status: StatusCode::OK, media: media::HAL, body })
}

/// The DN that a segment spells, checked and as spelled.
///
/// # Errors
/// 400 (invalidDNSyntax).
pub(super) fn dn_of(segment: Segment<'_>) -> Result<String, Refusal> {
    let invalid = || Refusal {
        code: Some(ResultCode::INVALID_DN_SYNTAX),
        ..Refusal::invalid("The path does not hold a DN (RFC 4514) in percent-encoded UTF-8")
    };
    let dn = segment.decode().map_err(|_| invalid())?;
    match Dn::parse(&dn) {
        Ok(parsed) if !parsed.is_empty() => Ok(dn),
        _ => Err(invalid()),
    }
}

/// Scheme and authority by which the client reached the server, for links. Forwarding headers are not believed.
///
/// # Errors
/// 400 for a Host that is none, or missing where HTTP demands it.
pub(super) fn origin(head: &Parts, channel: &Channel) -> Result<String, Refusal> {
    let scheme = if channel.tls { "https" } else { "http" };
    let mut hosts = head.headers.get_all(HOST).iter();
    let authority = match (head.uri.authority(), hosts.next()) {
        (Some(authority), _) => Some(authority.as_str()),
        (None, Some(host)) => host.to_str().ok(),
        (None, None) if head.version < hyper::Version::HTTP_11 => return Ok(String::new()),
        (None, None) => None,
    };
    let plain = |b: u8| b.is_ascii_alphanumeric() || b"-._:[]%".contains(&b);
    match authority {
        Some(authority) if !authority.is_empty() && authority.bytes().all(plain) && hosts.next().is_none() => {
            Ok(format!("{scheme}://{authority}"))
        }
        _ => Err(Refusal::invalid("The request needs one Host header with a host name, and a port if need be")),
    }
}

fn reply(entry: &EntryJson) -> Reply {
    Reply { status: StatusCode::OK, media: media::HAL, body: entry.to_json() }
}

/// What is refused or not found. To somebody nobody knows it is always the same question back, so that it does not tell which
/// entries exist.
fn refusal(error: &Error, caller: &Caller) -> Refusal {
    match error.code {
        ResultCode::NO_SUCH_OBJECT if caller.is_anonymous() => Refusal::unauthenticated(),
        _ if caller.is_anonymous() => Refusal::of(error, Hearer::Anonymous),
        _ => Refusal::of(error, Hearer::Authenticated),
    }
}

/// An entry that was found, as the caller may see it.
struct Found {
    entry: EntryJson,
    structural_class: Option<String>,
}

/// Reads one entry; `None` if the caller finds none.
async fn find(dn: &str, selection: &Selection, context: &Context, caller: &Caller) -> Result<Option<Found>> {
    let mut requested = selection.requested();
    requested.push(STRUCTURAL_CLASS);
    let mut shown = Shown { selection, schema: &context.schema, found: None };
    search(dn, &requested, context, caller, &mut shown).await?;
    Ok(shown.found)
}

/// A base search that gives what it finds to `sink`.
async fn search(
    dn: &str,
    attributes: &[&str],
    context: &Context,
    caller: &Caller,
    sink: &mut dyn EntrySink,
) -> Result<()> {
    let mut wanted = Vec::new();
    let mut writer = Writer::new(&mut wanted);
    attributes.iter().for_each(|name| writer.octet_string(name.as_bytes()));
    let request = SearchRequest {
        base: dn,
        scope: Scope::Base,
        size_limit: 1,
        time_limit: 0,
        types_only: false,
        filter: Filter::decode(ANY).map_err(|_| Error::other("a filter of our own does not decode"))?,
        filter_element: ANY,
        attributes: Strings::decode(&wanted).map_err(Error::other)?,
    };
    let searched = run(&request, context, caller, sink).await;
    let event = Event {
        event: "read",
        connection: Some(caller.channel.connection),
        operation: Some(caller.operation),
        client: caller.channel.peer,
        user: Some(caller.dn()).filter(|user| !user.is_empty()),
        dn: Some(dn),
        result: Some(ResultCode::SUCCESS),
        ..Event::default()
    };
    match &searched {
        Ok(()) => context.audit.record(LogLevel::Debug, &event),
        Err(error) => context.audit.record_failure(LogLevel::Debug, event, error),
    }
    searched
}

async fn run(request: &SearchRequest<'_>, context: &Context, caller: &Caller, sink: &mut dyn EntrySink) -> Result<()> {
    let mut search = Search::default();
    search.begin(request, SearchOptions::default(), context, caller).await?;
    while let Advance::Paused = search.advance(context, caller, sink).await? {
        tokio::task::yield_now().await;
    }
    Ok(())
}

/// Makes JSON of the entry found.
struct Shown<'a> {
    selection: &'a Selection,
    schema: &'a Schema,
    found: Option<Found>,
}

impl EntrySink for Shown<'_> {
    fn entry(&mut self, dn: &str, segments: &[&[u8]]) {
        let mut found = Found { entry: EntryJson::new(dn), structural_class: None };
        each_attribute(segments, |description, values| {
            if description.eq_ignore_ascii_case(STRUCTURAL_CLASS) {
                found.structural_class = values.clone().next().and_then(|v| String::from_utf8(v.to_vec()).ok());
            }
            let name = description.split(';').next().unwrap_or(description);
            let known = self.schema.attribute_type(name);
            let class = known.map_or(Class::User, |attribute| attribute.class);
            if self.selection.shows(description, class) {
                let form = known.map_or(Form::Text, |attribute| Form::of_syntax(&attribute.syntax));
                let single = known.is_some_and(|attribute| attribute.single_value);
                found.entry.add(description, form, single, values);
            }
        });
        self.found = Some(found);
    }

    fn is_full(&self) -> bool {
        false
    }
}

/// Keeps what `metadata` tells of the root DSE.
#[derive(Default)]
struct RootDse {
    found: bool,
    vendor_name: String,
    vendor_version: String,
    naming_contexts: Vec<String>,
}

impl EntrySink for RootDse {
    fn entry(&mut self, _dn: &str, segments: &[&[u8]]) {
        self.found = true;
        each_attribute(segments, |description, values| {
            let mut values = values.filter_map(|value| String::from_utf8(value.to_vec()).ok());
            match description {
                "vendorName" => self.vendor_name = values.next().unwrap_or_default(),
                "vendorVersion" => self.vendor_version = values.next().unwrap_or_default(),
                "namingContexts" => self.naming_contexts = values.collect(),
                _ => {}
            }
        });
    }

    fn is_full(&self) -> bool {
        false
    }
}

/// The values of one attribute, still encoded.
#[derive(Clone)]
struct Values<'a>(Reader<'a>);

impl<'a> Iterator for Values<'a> {
    type Item = &'a [u8];

    fn next(&mut self) -> Option<&'a [u8]> {
        self.0.octet_string().ok()
    }
}

/// Calls `take` with each attribute in segments of whole PartialAttribute elements (RFC 4511 section 4.1.7).
fn each_attribute<'a>(segments: &[&'a [u8]], mut take: impl FnMut(&'a str, Values<'a>)) {
    for segment in segments {
        let mut attributes = Reader::new(segment);
        while let Ok(mut attribute) = attributes.sequence() {
            let Ok(description) = attribute.text() else { continue };
            let Ok(values) = attribute.expect(tag::SET) else { continue };
            take(description, Values(Reader::new(values)));
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use hyper::Request;

    fn channel(tls: bool) -> Channel {
        Channel { connection: 1, tls, peer: None, listener: "rest", trusted_peer: false }
    }

    fn origin_of(uri: &str, hosts: &[&str]) -> Option<String> {
        let mut request = Request::builder().uri(uri);
        for host in hosts {
            request = request.header(HOST, *host);
        }
        origin(&request.body(()).unwrap().into_parts().0, &channel(true)).ok()
    }

    #[test]
    fn links_lead_where_the_client_came_from() {
        assert_eq!(origin_of("/x", &["ds.example.com"]).as_deref(), Some("https://ds.example.com"));
        assert_eq!(origin_of("/x", &["[::1]:8443"]).as_deref(), Some("https://[::1]:8443"));
        assert_eq!(origin_of("https://ds:1/x", &["other"]).as_deref(), Some("https://ds:1"));
        assert_eq!(origin_of("/x", &[]), None);
        assert_eq!(origin_of("/x", &["a", "b"]), None);
        assert_eq!(origin_of("/x", &["a/b\"<>"]), None);
        assert_eq!(origin_of("/x", &[""]), None);
    }

    #[test]
    fn a_query_selects_and_what_it_does_not_mean_is_ignored() {
        let query = Query::of("expand=manager&includeAttributes=cn%2Csn,+mail&x").unwrap();
        assert_eq!(query.selection.requested(), ["cn", "sn", "mail"]);
        assert!(Query::of("includeAttributes=cn&includeAttributes=sn").is_err());
        assert!(Query::of("includeAttributes=%ff").is_err());
        assert!(Query::of("includeAttributes=cn&excludeAttributes=cn").is_err());
        assert_eq!(Query::of("").unwrap().selection, Selection::default());
    }
}
