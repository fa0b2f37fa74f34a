//! Searches at the LDAP door: begun inline, continued between reads when they are long, their entries written as messages.

use std::time::Instant;

use countersign_proto::{
    ldap::{
        controls::{self, PagedResults},
        message::{Message, SearchRequest},
        response::{self, LdapResult},
    },
    oid,
    result_code::ResultCode,
};

use super::{
    controls::{On, Requested},
    outcome::{audit, count, refuse},
    output::SOFT_MARK,
    running_search::{Noted, RunningSearch, give_back, unused},
    session::Session,
};
use crate::{
    caller::Caller,
    config::LogLevel,
    error::{Error, Result},
    handlers::{
        context::Context,
        own_password,
        search::{Advance, EntrySink, Page, Search, SearchOptions},
    },
};

impl Session {
    /// Carries a search out, or begins it.
    pub(super) async fn search(&mut self, message: &Message<'_>, request: &SearchRequest<'_>, out: &mut Vec<u8>) {
        let id = message.id;
        let mut search = unused();
        let is_noted = self.door.context.audit.wants(LogLevel::Debug);
        let noted = is_noted.then(|| (request.base.to_owned(), Instant::now()));
        let outcome = match self.begin_search(&mut search, message, request, out).await {
            Ok(Some(caller)) => return self.searches.push_back(RunningSearch { id, caller, search, noted }),
            Ok(None) => Ok(()),
            Err(error) => Err(error),
        };
        conclude(id, outcome, out, &self.door.context, &self.caller, noted);
        give_back(search);
    }

    /// The first step; as whom to go on if more are needed.
    async fn begin_search(
        &mut self,
        search: &mut Search,
        message: &Message<'_>,
        request: &SearchRequest<'_>,
        out: &mut Vec<u8>,
    ) -> Result<Option<Caller>> {
        let requested = Requested::read(message.controls, On::SEARCH)?;
        own_password::demand(&self.door.context, &self.caller).await?;
        let proxied = match requested.proxied {
            Some(proxied) => Some(self.proxied(proxied).await?),
            None => None,
        };
        let context = &self.door.context;
        let caller = proxied.as_ref().unwrap_or(&self.caller);
        let page = requested.paged.map(|PagedResults { size, cookie }| Page { size, cookie });
        search.begin(request, SearchOptions { page }, context, caller).await?;
        let done = advance(search, message.id, context, caller, out).await?;
        Ok((!done).then(|| caller.clone()))
    }

    /// Takes the next search one step further.
    pub(super) async fn continue_search(&mut self, out: &mut Vec<u8>) {
        let Some(RunningSearch { id, caller, mut search, noted }) = self.searches.pop_front() else { return };
        let context = &self.door.context;
        let outcome = match advance(&mut search, id, context, &caller, out).await {
            Ok(false) => return self.searches.push_back(RunningSearch { id, caller, search, noted }),
            Ok(true) => Ok(()),
            Err(error) => Err(error),
        };
        conclude(id, outcome, out, context, &caller, noted);
        give_back(search);
    }
}

/// A search has ended: it is answered if it failed, and written down if searches are.
fn conclude(id: i32, outcome: Result<()>, out: &mut Vec<u8>, context: &Context, caller: &Caller, noted: Option<Noted>) {
    match &outcome {
        Ok(()) => count(context, response::SEARCH_DONE, ResultCode::SUCCESS),
        Err(error) => refuse(context, out, id, response::SEARCH_DONE, error),
    }
    if let Some((base, begun)) = noted {
        let caller = Caller { operation: i64::from(id), ..caller.clone() };
        let about = ("search", Some(base.as_str()));
        audit(&context.audit, LogLevel::Debug, &caller, about, begun, outcome.as_ref().err());
    }
}

/// One step; whether the search is done, and answered then.
async fn advance(
    search: &mut Search,
    id: i32,
    context: &Context,
    caller: &Caller,
    out: &mut Vec<u8>,
) -> Result<bool, Error> {
    let mut sink = Messages { id, out };
    let Advance::Done { cookie } = search.advance(context, caller, &mut sink).await? else { return Ok(false) };
    let mut list = Vec::new();
    if let Some(cookie) = cookie {
        // The size is an estimate of all there is, which nobody has counted: 0 says that it is not known.
        let value = PagedResults { size: 0, cookie: &cookie }.encode();
        controls::append(&mut list, oid::PAGED_RESULTS, Some(&value));
    }
    response::search_done(out, id, &LdapResult::SUCCESS, &list);
    Ok(true)
}

/// Entries as messages at the end of the output.
struct Messages<'a> {
    id: i32,
    out: &'a mut Vec<u8>,
}

impl EntrySink for Messages<'_> {
    fn entry(&mut self, dn: &str, segments: &[&[u8]]) {
        response::search_entry(self.out, self.id, dn, segments, &[]);
    }

    fn is_full(&self) -> bool {
        self.out.len() >= SOFT_MARK
    }
}
