//! The cookie between two pages of a search: the position in the store, sealed and tied to the search and the caller that it was
//! given to, so that it depends on no connection and no process, and is of no use in another search.

use countersign_proto::ldap::message::SearchRequest;
use sha2::{Digest, Sha256};
use uuid::Uuid;

use crate::{
    caller::Caller,
    directory::dn::DnKey,
    error::{Error, Result},
    handlers::context::Context,
    seal::Place,
    store::Position,
};

/// What a search's cookies are tied to.
pub(super) struct Cookie {
    place: String,
}

impl Cookie {
    /// The cookies of this search by this caller.
    pub(super) fn of(base: &DnKey, request: &SearchRequest<'_>, caller: &Caller) -> Self {
        let mut digest = Sha256::new();
        for part in [base.as_bytes(), &[request.scope as u8], request.filter_element, caller.dn().as_bytes()] {
            digest.update((part.len() as u64).to_be_bytes());
            digest.update(part);
        }
        let place = digest.finalize().iter().fold("page:".to_owned(), |place, octet| place + &format!("{octet:02x}"));
        Self { place }
    }

    /// The cookie with which the next page goes on after `sent` entries.
    pub(super) fn seal(&self, position: &Position, sent: u32, context: &Context) -> Result<Vec<u8>> {
        let content = [&sent.to_be_bytes(), position.to_bytes().as_slice()].concat();
        context.sealer.seal(&*context.random, self.as_place(), &content).map_err(Error::other)
    }

    /// Where the next page goes on, and how many entries the pages before it had; `None` if the cookie is of another search.
    pub(super) fn open(&self, cookie: &[u8], context: &Context) -> Option<(Position, u32)> {
        let content = context.sealer.open(self.as_place(), cookie).ok()?;
        let (sent, position) = content.split_first_chunk()?;
        Some((Position::from_bytes(position)?, u32::from_be_bytes(*sent)))
    }

    fn as_place(&self) -> Place<'_> {
        Place { entry: Uuid::nil(), attribute: &self.place }
    }
}
