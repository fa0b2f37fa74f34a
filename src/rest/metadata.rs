//! `GET /directory/v1`: what the server says of itself, out of the root DSE (rest-api.md section 5).

use serde::Serialize;

use super::{
    lookup::{each_attribute, search},
    path,
    reply::Reply,
    status::Refusal,
};
use crate::{
    caller::Caller,
    clock::UnixMillis,
    error::Error,
    handlers::{context::Context, search::EntrySink},
};

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
    links: Links,
}

/// The one place where `schemas` is a bare string.
#[derive(Serialize)]
struct Links {
    schemas: String,
    #[serde(rename = "self")]
    own: Href,
}

#[derive(Serialize)]
struct Href {
    href: String,
}

/// Answers.
///
/// # Errors
/// As for an entry that the caller may not see.
pub(super) async fn answer(origin: &str, context: &Context, caller: &Caller) -> Result<Reply, Refusal> {
    let mut root = RootDse::default();
    let wanted = ["vendorName", "vendorVersion", "namingContexts"];
    search("", &wanted, context, caller, &mut root).await.map_err(|error| Refusal::of_read(&error, caller))?;
    if !root.found {
        return Err(Refusal::of_read(&Error::insufficient_access("The server's own entry is not readable"), caller));
    }
    let here = format!("{origin}{}", path::BASE);
    let metadata = Metadata {
        vendor_name: root.vendor_name,
        vendor_version: root.vendor_version,
        startup_uuid: context.served.startup_uuid.to_string(),
        start_time: UnixMillis::from_seconds(context.served.started.seconds()).generalized_time(),
        naming_contexts: &root.naming_contexts,
        public_base_dns: &root.naming_contexts,
        links: Links { schemas: format!("{here}/schemas"), own: Href { href: here } },
    };
    Ok(Reply::ok(&metadata))
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
