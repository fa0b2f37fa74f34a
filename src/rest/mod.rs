//! Door two: the Directory REST API over HTTPS and, where configured, plain HTTP. The only folder that knows HTTP.
//!
//! No authentication, factor or access logic lives here: a request becomes the same calls that the LDAP door makes.
//! `listener` accepts and bounds connections, `exchange` bounds one request and its answer, `endpoint` decides what a
//! request asks for; the rest are the facts of the API, one file each: `path` the DN in the path, `media` the media
//! types, `authentication` the header, `json` the strictness of bodies, `selection` and `entry` the representation of
//! entries, `status` the one table from result codes to HTTP.
//!
//! | what | where |
//! |---|---|
//! | `GET /directory/v1` | `metadata` |
//! | `GET /directory/v1/me`, `/directory/v1/{dn}` | `read` |
//! | `POST /directory/v1/authenticate` | `authenticate` |
//! | `POST /directory/v1/{dn}/{operation}`, one for each row of `routes.rs` with an entry path | `operation` |
//! | `GET /wsapi/2.0/verify`: an OTP, for clients of Yubico's validation protocol | `validation` |
//! | `GET /metrics`, on addresses of its own | `metrics` |
//! | `GET /available-state`, `/readyz`, `/available-or-degraded-state`, `/livez` | `availability` |
//!
//! hyper alone serves: the routes are the rows of `routes.rs`, and a DN in a path has to be split off before anything is
//! decoded, so a router on top would have nothing left to do.

pub mod endpoint;
pub mod entry;
pub mod json;
pub mod listener;
pub mod media;
pub mod path;
pub mod selection;
pub mod status;

mod activity;
mod authenticate;
mod authentication;
mod availability;
mod controls;
mod exchange;
mod lookup;
mod metadata;
mod metrics;
mod operation;
mod origin;
mod query;
mod read;
mod reply;
mod validation;
