//! Searching: which entries a caller finds and what of them it sees. A search is a cursor that its door advances: it runs inline
//! while it is quick, pauses when the door's buffer is full, and never holds anything of the store between two steps.
//!
//! What an entry shows is `selection.rs`, the entries that no store holds are `virtual_entries.rs`, the cookie between two
//! pages is `search/cookie.rs`.

mod cookie;

use std::{borrow::Cow, sync::Arc};

use countersign_proto::{
    ldap::message::{Scope as RequestedScope, SearchRequest},
    result_code::ResultCode,
};

use self::cookie::Cookie;
use crate::{
    access::{Access, View},
    caller::{Caller, Privilege},
    clock::UnixMillis,
    config::Right,
    directory::{
        computed::Surroundings,
        dn::DnKey,
        entry::EntryRef,
        filter::{CompiledFilter, Truth},
        schema::Schema,
    },
    error::{Error, Result},
    handlers::{context::Context, matched, selection::Selection, virtual_entries},
    store::{Found, Position, Progress, Query, Scope, Step, Target},
};

/// A search under way. It owns what it needs (compiled filter, selection, position, limits), so that it outlives its request;
/// an ended one can begin again and keeps its buffers: the doors reuse them and a small search allocates nothing.
#[derive(Default)]
pub struct Search {
    base: DnKey,
    /// What `base` is the key of, and by which schema: most applications ask below one base again and again.
    base_text: String,
    base_schema: Option<Arc<Schema>>,
    scope: Option<Scope>,
    filter: CompiledFilter,
    selection: Selection,
    limits: Limits,
    position: Option<Position>,
    cookie: Option<Cookie>,
    found_any: bool,
    /// Nothing is to be found: an abandoned paged search, or a caller to whom nothing is shown.
    is_over: bool,
    scratch: Vec<u8>,
}

/// What ends a search early, and how far it has come towards that.
#[derive(Default)]
struct Limits {
    /// Entries that may be sent in all.
    size: Option<u32>,
    sent: u32,
    /// Entries that may still go on this page.
    page: Option<u32>,
    /// Candidates that may be looked at without an index.
    lookthrough: Option<u32>,
    looked_through: u32,
    deadline: Option<UnixMillis>,
}

/// What stands beside the request, from controls or from the door.
#[derive(Clone, Copy, Debug, Default)]
pub struct SearchOptions<'a> {
    /// Simple paged results: the page size and the cookie of the page before (empty for the first); a size of 0 abandons.
    pub page: Option<Page<'a>>,
}

/// One page of a search (RFC 2696).
#[derive(Clone, Copy, Debug)]
pub struct Page<'a> {
    /// Entries wanted.
    pub size: u32,
    /// Where to go on: what [`Advance::Done`] gave, empty to begin.
    pub cookie: &'a [u8],
}

/// Where found entries go.
pub trait EntrySink: Send {
    /// Takes one entry: its DN and its attributes, each of `segments` holding whole PartialAttribute elements.
    fn entry(&mut self, dn: &str, segments: &[&[u8]]);

    /// Whether the search should pause before the next entry.
    fn is_full(&self) -> bool;
}

/// How far a step came.
#[derive(Debug)]
pub enum Advance {
    /// Paused: the sink is full, or the step's share of candidates is used up so that others get their turn.
    Paused,
    /// Nothing more. `cookie`: for a paged search, where the next page begins (empty: there is none).
    Done {
        /// Only for a paged search.
        cookie: Option<Vec<u8>>,
    },
}

/// Why the store was left before it had no more candidates.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Halt {
    /// The sink is full or the share is used up.
    Pause,
    /// The page is full and there is more.
    Page,
    /// More entries match than may be sent.
    Size,
    /// Too many candidates without an index.
    Lookthrough,
}

/// Candidates of a few KiB, judged by a few filter items, that one step looks at before others get their turn.
const SHARE: usize = 1024;

impl Search {
    /// Begins a search: resolves the base, compiles the filter, notes limits.
    ///
    /// # Errors
    /// invalidDNSyntax; noSuchObject where the caller sees nothing; unwillingToPerform for a cookie that is not of this search.
    pub async fn begin(
        &mut self,
        request: &SearchRequest<'_>,
        options: SearchOptions<'_>,
        context: &Context,
        caller: &Caller,
    ) -> Result<()> {
        self.name_base(request.base, context)?;
        self.scope = Some(scope(request.scope));
        self.filter.compile(request.filter, &context.schema);
        self.selection.compile(request.attributes.iter(), request.types_only, &context.schema);
        self.limits = Limits::of(request, context, caller);
        (self.position, self.cookie, self.found_any, self.is_over) = (None, None, false, false);
        if let Some(page) = options.page {
            self.begin_page(page, request, context, caller)?;
        }
        if self.virtual_entry(context, caller).is_some() {
            return Ok(());
        }
        // Whoever sees nothing anyhow costs no look into the store, and learns nothing from how long one takes.
        let shows_anything = context.access.load().shows_anything(caller);
        match (self.base.is_empty(), shows_anything) {
            (false, false) => return Err(Error::no_such_object(None)),
            (true, false) => self.is_over = true,
            // Whether the base exists is asked at the end, if nothing was found below it.
            (_, true) => {}
        }
        Ok(())
    }

    /// Makes the key of the base, unless it is that of the search before.
    fn name_base(&mut self, text: &str, context: &Context) -> Result<()> {
        let is_same_schema = self.base_schema.as_ref().is_some_and(|schema| Arc::ptr_eq(schema, &context.schema));
        // An empty key may also be that of a search that was left while its base was being read.
        if self.base.is_empty() || self.base_text != text || !is_same_schema {
            self.base = DnKey::parse(text, &context.schema)
                .map_err(|error| Error::new(ResultCode::INVALID_DN_SYNTAX, error.reason))?;
            self.base_text.clear();
            self.base_text.push_str(text);
            self.base_schema = Some(Arc::clone(&context.schema));
        }
        Ok(())
    }

    fn begin_page(
        &mut self,
        page: Page<'_>,
        request: &SearchRequest<'_>,
        context: &Context,
        caller: &Caller,
    ) -> Result<()> {
        let cookie = Cookie::of(&self.base, request, caller);
        if !page.cookie.is_empty() {
            let (position, sent) = cookie
                .open(page.cookie, context)
                .ok_or_else(|| Error::unwilling("The paged results cookie does not belong to this search"))?;
            (self.position, self.limits.sent) = (Some(position), sent);
        }
        self.is_over = page.size == 0;
        self.limits.page = Some(page.size);
        self.cookie = Some(cookie);
        Ok(())
    }

    /// Finds the next entries. Looks at a bounded number of candidates and returns `Paused` when they are used up, so that a door
    /// can serve others between two steps. Must not be called again after `Done` or an error.
    ///
    /// # Errors
    /// The search's result where it is not success: noSuchObject, sizeLimitExceeded, timeLimitExceeded, adminLimitExceeded.
    pub async fn advance(&mut self, context: &Context, caller: &Caller, sink: &mut dyn EntrySink) -> Result<Advance> {
        if self.limits.deadline.is_some_and(|deadline| context.clock.now() > deadline) {
            return Err(Error::new(ResultCode::TIME_LIMIT_EXCEEDED, "The search took longer than its time limit"));
        }
        if self.is_over {
            return Ok(self.done());
        }
        if let Some(entry) = self.virtual_entry(context, caller) {
            self.show_virtual(&entry, context, sink);
            return Ok(self.done());
        }
        match self.scope {
            Some(Scope::Base) => self.read_base(context, caller, sink).await,
            Some(Scope::One) if self.base.is_empty() => self.read_naming_contexts(context, caller, sink).await,
            _ => self.walk(context, caller, sink).await,
        }
    }

    /// The empty name is the root DSE as a base object; further down it means all naming contexts.
    fn virtual_entry<'c>(&self, context: &'c Context, caller: &Caller) -> Option<Cow<'c, [u8]>> {
        if self.base.is_empty() && self.scope != Some(Scope::Base) {
            return None;
        }
        virtual_entries::find(context, caller, &self.base)
    }

    fn show_virtual(&mut self, entry: &[u8], context: &Context, sink: &mut dyn EntrySink) {
        let Some(entry) = EntryRef::new(entry) else { return };
        let surroundings = Surroundings::default();
        let is_base = matches!(self.scope, Some(Scope::Base | Scope::Subtree));
        if is_base && self.filter.matches(entry, surroundings, &context.schema, &|_| true) == Truth::True {
            let segments = self.selection.select(entry, surroundings, None, &context.schema, &mut self.scratch);
            sink.entry(entry.dn(), &segments);
        }
    }

    async fn read_base(&mut self, context: &Context, caller: &Caller, sink: &mut dyn EntrySink) -> Result<Advance> {
        let base = std::mem::take(&mut self.base);
        let visible = self.read_one(&base, context, caller, sink).await;
        self.base = base;
        if !visible? {
            return Err(matched::no_such_object(context, caller, &self.base).await);
        }
        Ok(self.done())
    }

    /// What is immediately below the root DSE.
    async fn read_naming_contexts(
        &mut self,
        context: &Context,
        caller: &Caller,
        sink: &mut dyn EntrySink,
    ) -> Result<Advance> {
        for dn in &context.config.load().directory.base_dns {
            if let Ok(key) = DnKey::parse(dn, &context.schema) {
                self.read_one(&key, context, caller, sink).await?;
            }
        }
        Ok(self.done())
    }

    /// Shows one entry if it matches; whether the caller can see that it exists.
    async fn read_one(
        &mut self,
        key: &DnKey,
        context: &Context,
        caller: &Caller,
        sink: &mut dyn EntrySink,
    ) -> Result<bool> {
        let access = context.access.load();
        let mut visible = false;
        let Self { filter, selection, scratch, .. } = self;
        let mut reader = |found: Found<'_>| {
            let view = access.view(caller, found.entry, &context.schema);
            visible = view.is_visible();
            if visible && matches(filter, &found, &view, context) {
                show(selection, &found, &view, context, scratch, sink);
            }
        };
        context.store.read(Target::Key(key), false, &mut reader).await?;
        Ok(visible)
    }

    async fn walk(&mut self, context: &Context, caller: &Caller, sink: &mut dyn EntrySink) -> Result<Advance> {
        let (progress, halt) = self.step(context, caller, sink, &context.access.load()).await?;
        match (progress, halt) {
            (_, Some(Halt::Size)) => {
                Err(Error::new(ResultCode::SIZE_LIMIT_EXCEEDED, "More entries match than the size limit allows"))
            }
            (_, Some(Halt::Lookthrough)) => {
                self.check_base(context, caller).await?;
                Err(Error::new(
                    ResultCode::ADMIN_LIMIT_EXCEEDED,
                    "No index serves this filter, and too many entries would have to be looked at",
                ))
            }
            (Progress::More(position), Some(Halt::Page)) => {
                let cookie = self.cookie.as_ref().map(|cookie| cookie.seal(&position, self.limits.sent, context));
                Ok(Advance::Done { cookie: cookie.transpose()? })
            }
            (Progress::More(position), _) => {
                self.position = Some(position);
                Ok(Advance::Paused)
            }
            (Progress::Done, _) => {
                self.check_base(context, caller).await?;
                Ok(self.done())
            }
        }
    }

    /// One visit of the store.
    async fn step(
        &mut self,
        context: &Context,
        caller: &Caller,
        sink: &mut dyn EntrySink,
        access: &Access,
    ) -> Result<(Progress, Option<Halt>)> {
        let Self { base, scope, filter, selection, limits, position, found_any, scratch, .. } = self;
        let query = Query { base, scope: scope.unwrap_or(Scope::Subtree), filter };
        let mut share = SHARE;
        let mut halt = None;
        let mut visitor = |found: Found<'_>| {
            if let Some(reason) = limits.before_candidate(&mut share, filter.len(), &found, sink) {
                halt = Some(reason);
                return Step::Pause;
            }
            let view = access.view(caller, found.entry, &context.schema);
            if !view.is_visible() || !matches(filter, &found, &view, context) {
                return Step::Continue;
            }
            if let Some(reason) = limits.before_entry() {
                halt = Some(reason);
                return Step::Pause;
            }
            *found_any = true;
            show(selection, &found, &view, context, scratch, sink);
            Step::Continue
        };
        let progress = context.store.search(&query, position.as_ref(), &mut visitor).await?;
        Ok((progress, halt))
    }

    /// A base that the caller cannot see is absent, unless something visible was found below it.
    async fn check_base(&self, context: &Context, caller: &Caller) -> Result<()> {
        if !self.found_any && self.limits.sent == 0 && !self.base.is_empty() {
            let access = context.access.load();
            let mut visible = false;
            let mut reader =
                |found: Found<'_>| visible = access.view(caller, found.entry, &context.schema).is_visible();
            context.store.read(Target::Key(&self.base), false, &mut reader).await?;
            if !visible {
                return Err(matched::no_such_object(context, caller, &self.base).await);
            }
        }
        Ok(())
    }

    /// The end, without another page.
    fn done(&self) -> Advance {
        Advance::Done { cookie: self.cookie.as_ref().map(|_| Vec::new()) }
    }
}

fn matches(filter: &CompiledFilter, found: &Found<'_>, view: &View<'_>, context: &Context) -> bool {
    let surroundings = Surroundings { children: found.children };
    filter.matches(found.entry, surroundings, &context.schema, &|attribute| view.may(Right::Search, attribute))
        == Truth::True
}

fn show(
    selection: &Selection,
    found: &Found<'_>,
    view: &View<'_>,
    context: &Context,
    scratch: &mut Vec<u8>,
    sink: &mut dyn EntrySink,
) {
    let surroundings = Surroundings { children: found.children };
    let segments = selection.select(found.entry, surroundings, Some(view), &context.schema, scratch);
    sink.entry(found.entry.dn(), &segments);
}

impl Limits {
    fn of(request: &SearchRequest<'_>, context: &Context, caller: &Caller) -> Self {
        let config = context.config.load();
        let unlimited = caller.is_root();
        let least = |wish: u32, bound: u32| match (wish, if unlimited { 0 } else { bound }) {
            (0, 0) => None,
            (0, limit) | (limit, 0) => Some(limit),
            (wish, bound) => Some(wish.min(bound)),
        };
        let bound = u32::try_from(config.limits.search_time.as_secs()).unwrap_or(u32::MAX);
        let seconds = least(request.time_limit, bound);
        Self {
            size: least(request.size_limit, config.limits.search_size),
            lookthrough: Some(config.limits.lookthrough)
                .filter(|limit| *limit > 0 && !caller.may(Privilege::UnindexedSearch)),
            deadline: seconds
                .map(|seconds| context.clock.now().plus(std::time::Duration::from_secs(u64::from(seconds)))),
            ..Self::default()
        }
    }

    fn before_candidate(
        &mut self,
        share: &mut usize,
        items: usize,
        found: &Found<'_>,
        sink: &dyn EntrySink,
    ) -> Option<Halt> {
        if *share == 0 || sink.is_full() {
            return Some(Halt::Pause);
        }
        *share = share.saturating_sub(cost(items, found));
        if !found.indexed {
            self.looked_through = self.looked_through.saturating_add(1);
            if self.lookthrough.is_some_and(|limit| self.looked_through > limit) {
                return Some(Halt::Lookthrough);
            }
        }
        None
    }

    fn before_entry(&mut self) -> Option<Halt> {
        if self.size.is_some_and(|limit| self.sent >= limit) {
            return Some(Halt::Size);
        }
        match &mut self.page {
            Some(0) => return Some(Halt::Page),
            Some(left) => *left -= 1,
            None => {}
        }
        self.sent += 1;
        None
    }
}

/// What judging a candidate costs: a filter of a thousand items on a group of a hundred thousand members takes as long as many
/// ordinary candidates.
fn cost(items: usize, found: &Found<'_>) -> usize {
    1 + items.saturating_mul(1 + found.entry.bytes().len() / 1024) / 16
}

fn scope(scope: RequestedScope) -> Scope {
    match scope {
        RequestedScope::Base => Scope::Base,
        RequestedScope::One => Scope::One,
        RequestedScope::Subtree => Scope::Subtree,
        RequestedScope::Subordinates => Scope::Subordinates,
    }
}
