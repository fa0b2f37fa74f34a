//! The entry that a change is about, as it was read: copied, because nothing of a store outlives a call.

use countersign_proto::{ldap::filter::Filter, result_code::ResultCode};

use super::{ReadEntry, UpdateOptions};
use crate::{
    access::View,
    caller::Caller,
    config::Right,
    directory::{
        computed::Surroundings,
        dn::{Dn, DnKey},
        entry::EntryRef,
    },
    error::{Error, Result},
    factors::record::Record,
    handlers::{assertion::Assertion, context::Context, matched, selection::Selection, virtual_entries},
    store::{EntryId, Found, Target, Version},
};

/// One entry as read.
pub(super) struct Read {
    pub(super) id: EntryId,
    pub(super) version: Version,
    pub(super) children: u64,
    bytes: Vec<u8>,
    factors: Option<(Version, Vec<u8>)>,
}

impl Read {
    /// The entry with this name, for a caller who may see it.
    ///
    /// # Errors
    /// noSuchObject, with the matched DN, also where the caller may not see it; unwillingToPerform for the entries that the server
    /// makes itself.
    pub(super) async fn of(key: &DnKey, context: &Context, caller: &Caller) -> Result<Self> {
        let mut read = None;
        let mut reader = |found: Found<'_>| {
            if context.access.load().view(caller, found.entry, &context.schema).is_visible() {
                read = Some(Self::copy(&found));
            }
        };
        context.store.read(Target::Key(key), true, &mut reader).await?;
        if let Some(read) = read {
            return Ok(read);
        }
        if virtual_entries::find(context, caller, key).is_some() {
            return Err(Error::unwilling("The server makes this entry itself; it cannot be changed"));
        }
        Err(matched::no_such_object(context, caller, key).await)
    }

    fn copy(found: &Found<'_>) -> Self {
        Self {
            id: found.id,
            version: found.version,
            children: found.children,
            bytes: found.entry.bytes().to_vec(),
            factors: found.factors.map(|factors| (factors.version, factors.record.to_vec())),
        }
    }

    /// The entry.
    pub(super) fn entry(&self) -> Result<EntryRef<'_>> {
        EntryRef::new(&self.bytes).ok_or_else(|| Error::other("an entry was read that is none"))
    }

    /// Its factor record, empty if there is none, and the record's version.
    pub(super) fn factors(&self) -> Result<(Record, Option<Version>)> {
        match &self.factors {
            None => Ok((Record::default(), None)),
            Some((version, record)) => Ok((Record::decode(record).map_err(Error::other)?, Some(*version))),
        }
    }

    /// Refuses unless the assertion control's filter is true of the entry, as far as the caller may search it (RFC 4528).
    pub(super) fn assert(&self, options: &UpdateOptions, context: &Context, view: &View<'_>) -> Result<()> {
        let Some(encoded) = &options.assertion else { return Ok(()) };
        let filter = Filter::decode(encoded).map_err(|_| Error::protocol("The assertion is no filter"))?;
        let found = Found {
            id: self.id,
            version: self.version,
            entry: self.entry()?,
            children: self.children,
            factors: None,
            indexed: true,
        };
        match Assertion::new(filter, context).holds(&found, view, &context.schema) {
            true => Ok(()),
            false => Err(Error::new(ResultCode::ASSERTION_FAILED, "The entry does not match the assertion")),
        }
    }

    /// What a pre-read control asked for.
    pub(super) fn pre_read(
        &self,
        options: &UpdateOptions,
        context: &Context,
        view: &View<'_>,
    ) -> Result<Option<ReadEntry>> {
        let Some(names) = &options.pre_read else { return Ok(None) };
        Ok(Some(read_entry(self.entry()?, self.children, names, context, view)))
    }
}

/// What a post-read control asked for, of an entry as it was written.
pub(super) fn post_read(
    encoded: &[u8],
    children: u64,
    options: &UpdateOptions,
    context: &Context,
    caller: &Caller,
) -> Result<Option<ReadEntry>> {
    let Some(names) = &options.post_read else { return Ok(None) };
    let entry = EntryRef::new(encoded).ok_or_else(|| Error::other("an entry was written that is none"))?;
    let access = context.access.load();
    let view = access.view(caller, entry, &context.schema);
    Ok(Some(read_entry(entry, children, names, context, &view)))
}

fn read_entry(entry: EntryRef<'_>, children: u64, names: &[String], context: &Context, view: &View<'_>) -> ReadEntry {
    let mut selection = Selection::default();
    selection.compile(names.iter().map(String::as_bytes), false, &context.schema);
    let mut scratch = Vec::new();
    let surroundings = Surroundings { children };
    let segments = selection.select(entry, surroundings, Some(view), &context.schema, &mut scratch);
    ReadEntry { dn: entry.dn().to_owned(), attributes: segments.concat() }
}

/// A DN as sent.
///
/// # Errors
/// invalidDNSyntax.
pub(super) fn parse_dn(text: &str) -> Result<Dn> {
    Dn::parse(text).map_err(|error| Error::new(ResultCode::INVALID_DN_SYNTAX, error.reason))
}

/// Refuses unless the caller may do this with the entry as a whole.
pub(super) fn demand(view: &View<'_>, right: Right, what: &'static str) -> Result<()> {
    if view.may_entry(right) { Ok(()) } else { Err(Error::insufficient_access(what)) }
}
