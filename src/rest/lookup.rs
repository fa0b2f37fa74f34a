//! One entry by its name, out of the search handler: a base search like LDAP's, whose handler leaves out what the caller may not see.

use countersign_proto::{
    ber::{Reader, Writer, tag},
    ldap::{
        filter::Filter,
        message::{Scope, SearchRequest},
        strings::Strings,
    },
    result_code::ResultCode,
};

use super::{
    entry::{EntryJson, Form},
    selection::Selection,
};
use crate::{
    caller::Caller,
    config::LogLevel,
    directory::{entry::Class, schema::Schema},
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

/// An entry that was found, as the caller may see it.
pub(super) struct Found {
    /// What is shown of it.
    pub(super) entry: EntryJson,
    /// The class that its schema link leads to.
    pub(super) structural_class: Option<String>,
}

/// Reads one entry; `None` if the caller finds none.
///
/// # Errors
/// The search's result.
pub(super) async fn find(dn: &str, selection: &Selection, context: &Context, caller: &Caller) -> Result<Option<Found>> {
    let mut requested = selection.requested();
    requested.push(STRUCTURAL_CLASS);
    let mut shown = Shown { selection, schema: &context.schema, found: None };
    search(dn, &requested, context, caller, &mut shown).await?;
    Ok(shown.found)
}

/// A base search that gives what it finds to `sink`.
///
/// # Errors
/// The search's result.
pub(super) async fn search(
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

/// The values of one attribute, still encoded.
#[derive(Clone)]
pub(super) struct Values<'a>(Reader<'a>);

impl<'a> Iterator for Values<'a> {
    type Item = &'a [u8];

    fn next(&mut self) -> Option<&'a [u8]> {
        self.0.octet_string().ok()
    }
}

/// Calls `take` with each attribute in segments of whole PartialAttribute elements (RFC 4511 section 4.1.7).
pub(super) fn each_attribute<'a>(segments: &[&'a [u8]], mut take: impl FnMut(&'a str, Values<'a>)) {
    for segment in segments {
        let mut attributes = Reader::new(segment);
        while let Ok(mut attribute) = attributes.sequence() {
            let Ok(description) = attribute.text() else { continue };
            let Ok(values) = attribute.expect(tag::SET) else { continue };
            take(description, Values(Reader::new(values)));
        }
    }
}
