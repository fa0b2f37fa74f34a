//! Door one: LDAP over TCP, TLS and the Unix socket. The only folder that knows LDAP framing.
//!
//! `listener.rs` accepts and bounds; `connection.rs` moves octets and keeps time; `session.rs` knows who is bound and what runs;
//! `operation.rs` turns one request into calls of handlers and their outcome into one response. Beside them: `search.rs`,
//! `update.rs`, `bind.rs` (what is particular to these requests), `controls.rs`; below them `outcome.rs` (what the client and the
//! log are told), `running_search.rs`, and the small things that a connection is made of (`transport.rs`, `output.rs`, `limits.rs`,
//! `stopping.rs`).
//!
//! What a connection does between two reads: all complete requests in the buffer are decoded; reads run inline and append their
//! answers to one buffer, which leaves in one write; what may wait (binds, changes, extended operations) runs as futures that the
//! connection polls; a search that is not done at once continues between reads, whenever the client has taken what it was sent.

mod bind;
mod connection;
pub mod controls;
pub mod door;
mod limits;
mod listener;
mod operation;
mod outcome;
mod output;
mod running_search;
mod search;
mod session;
mod stopping;
mod transport;
mod update;
