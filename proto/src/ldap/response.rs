//! Responses, appended whole to the caller's buffer (RFC 4511). A search entry is a header and a copy of ready segments.

use crate::{
    ber::{Writer, element_length, integer_length, tag},
    oid,
    result_code::ResultCode,
};

/// BindResponse.
pub const BIND: u8 = 0x61;
/// SearchResultEntry.
pub const SEARCH_ENTRY: u8 = 0x64;
/// SearchResultDone.
pub const SEARCH_DONE: u8 = 0x65;
/// ModifyResponse.
pub const MODIFY: u8 = 0x67;
/// AddResponse.
pub const ADD: u8 = 0x69;
/// DelResponse.
pub const DELETE: u8 = 0x6B;
/// ModifyDNResponse.
pub const MODIFY_DN: u8 = 0x6D;
/// CompareResponse.
pub const COMPARE: u8 = 0x6F;
/// ExtendedResponse.
pub const EXTENDED: u8 = 0x78;

/// The three members that every response has.
#[derive(Clone, Copy, Debug)]
pub struct LdapResult<'a> {
    /// The result code.
    pub code: ResultCode,
    /// The nearest existing ancestor; empty but for noSuchObject and its like.
    pub matched_dn: &'a str,
    /// A sentence for a person; may be empty.
    pub diagnostic: &'a str,
}

impl LdapResult<'_> {
    /// success, without words.
    pub const SUCCESS: Self = Self::code(ResultCode::SUCCESS);

    /// This code, without words.
    pub const fn code(code: ResultCode) -> Self {
        Self { code, matched_dn: "", diagnostic: "" }
    }
}

/// Any response whose body is an LDAPResult and what `extra` writes after it.
///
/// `tag`: the response's (`BIND`, `ADD`, ...). `controls`: ready Control elements one after the other, empty for none.
pub fn result(
    out: &mut Vec<u8>,
    id: i32,
    tag: u8,
    result: &LdapResult<'_>,
    extra: impl FnOnce(&mut Writer<'_>),
    controls: &[u8],
) {
    Writer::new(out).sequence(|message| {
        message.integer(i64::from(id));
        message.constructed(tag, |body| {
            body.enumerated(i64::from(result.code.0));
            body.octet_string(result.matched_dn.as_bytes());
            body.octet_string(result.diagnostic.as_bytes());
            extra(body);
        });
        append_controls(message, controls);
    });
}

/// A BindResponse; `credentials`: what a SASL mechanism answers.
pub fn bind(out: &mut Vec<u8>, id: i32, outcome: &LdapResult<'_>, credentials: Option<&[u8]>, controls: &[u8]) {
    result(out, id, BIND, outcome, |body| body.tagged_optional(tag::primitive(7), credentials), controls);
}

/// A SearchResultDone.
pub fn search_done(out: &mut Vec<u8>, id: i32, outcome: &LdapResult<'_>, controls: &[u8]) {
    result(out, id, SEARCH_DONE, outcome, |_| {}, controls);
}

/// An ExtendedResponse. Clients refuse any further element, and most operations answer without name and value.
pub fn extended(
    out: &mut Vec<u8>,
    id: i32,
    outcome: &LdapResult<'_>,
    name: Option<&str>,
    value: Option<&[u8]>,
    controls: &[u8],
) {
    let extra = |body: &mut Writer<'_>| {
        body.tagged_optional(tag::primitive(10), name.map(str::as_bytes));
        body.tagged_optional(tag::primitive(11), value);
    };
    result(out, id, EXTENDED, outcome, extra, controls);
}

/// The notice that precedes the end of a connection (RFC 4511 section 4.4.1).
pub fn notice_of_disconnection(out: &mut Vec<u8>, code: ResultCode, diagnostic: &str) {
    let outcome = LdapResult { code, matched_dn: "", diagnostic };
    extended(out, 0, &outcome, Some(oid::NOTICE_OF_DISCONNECTION), None, &[]);
}

/// A SearchResultEntry whose attributes are ready: each of `segments` holds whole PartialAttribute elements.
#[inline]
pub fn search_entry(out: &mut Vec<u8>, id: i32, dn: &str, segments: &[&[u8]], controls: &[u8]) {
    let attributes = segments.iter().map(|segment| segment.len()).sum();
    let body = element_length(dn.len()) + element_length(attributes);
    let trailer = if controls.is_empty() { 0 } else { element_length(controls.len()) };
    let id_length = element_length(integer_length(i64::from(id)));
    let message = id_length + element_length(body) + trailer;
    out.reserve(element_length(message));
    let mut writer = Writer::new(out);
    writer.header(tag::SEQUENCE, message);
    writer.integer(i64::from(id));
    writer.header(SEARCH_ENTRY, body);
    writer.octet_string(dn.as_bytes());
    writer.header(tag::SEQUENCE, attributes);
    for segment in segments {
        writer.raw(segment);
    }
    append_controls(&mut writer, controls);
}

/// A SearchResultEntry whose attributes are written by `attributes`, with [`attribute`], one after the other.
pub fn search_entry_with(
    out: &mut Vec<u8>,
    id: i32,
    dn: &str,
    attributes: impl FnOnce(&mut Writer<'_>),
    controls: &[u8],
) {
    Writer::new(out).sequence(|message| {
        message.integer(i64::from(id));
        message.constructed(SEARCH_ENTRY, |body| entry(body, dn, attributes));
        append_controls(message, controls);
    });
}

/// The content of a SearchResultEntry: what pre-read and post-read answer within a SEQUENCE (RFC 4527).
pub fn entry(writer: &mut Writer<'_>, dn: &str, attributes: impl FnOnce(&mut Writer<'_>)) {
    writer.octet_string(dn.as_bytes());
    writer.sequence(attributes);
}

/// One PartialAttribute (RFC 4511 section 4.1.7); no values for typesOnly.
pub fn attribute<V: AsRef<[u8]>>(writer: &mut Writer<'_>, description: &[u8], values: impl IntoIterator<Item = V>) {
    writer.sequence(|attribute| {
        attribute.octet_string(description);
        attribute.constructed(tag::SET, |set| {
            for value in values {
                set.octet_string(value.as_ref());
            }
        });
    });
}

fn append_controls(message: &mut Writer<'_>, controls: &[u8]) {
    if !controls.is_empty() {
        message.tagged(tag::constructed(0), controls);
    }
}
