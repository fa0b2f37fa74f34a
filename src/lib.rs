//! countersign: an LDAP directory server whose speciality is the second factor.
//!
//! A request comes in by a door - `ldap` or `rest` -, is looked up on the switchboard (`routes`) and carried out by a handler
//! (`handlers`), which asks the pure rules of `factors` and `access`, reads the `directory`'s model of names, schema and entries,
//! and keeps what must be kept in the `store`. Messages and their encodings are the crate `countersign-proto`.
//!
//! `server` is the only place that knows all of these: it builds them from a `config`, connects them and stops them. `cli` is the
//! command line around it. The ground floor is small and knows nothing of the rest: `error`, `clock`, `random`, `seal` (secrets at
//! rest), `tls`, `telemetry` (the log, what is counted), `caller` (who asks), `connections`, `files`, `histogram`, `large_pages`,
//! `local_socket`, `open_files`, `jwt` (tokens of others), `outgoing` (the house as an HTTP client), `validation` (Yubico's
//! validation protocol).
//!
//! `ARCHITECTURE.md` has the tree, two journeys through it and the rules for its arrows.

pub mod access;
pub mod caller;
pub mod cli;
pub mod clock;
pub mod config;
pub mod connections;
pub mod delivery;
pub mod directory;
pub mod error;
pub mod factors;
pub mod files;
pub mod handlers;
pub mod histogram;
pub mod jwt;
pub mod large_pages;
pub mod ldap;
pub mod local_socket;
pub mod open_files;
pub mod outgoing;
pub mod random;
pub mod rest;
pub mod routes;
pub mod seal;
pub mod server;
pub mod store;
pub mod telemetry;
pub mod tls;
pub mod validation;
