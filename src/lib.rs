//! countersign: an LDAP directory server whose speciality is the second factor.

pub mod access;
pub mod caller;
pub mod cli;
pub mod clock;
pub mod config;
pub mod connections;
pub mod directory;
pub mod error;
pub mod factors;
pub mod files;
pub mod handlers;
pub mod ldap;
pub mod local_socket;
pub mod open_files;
pub mod random;
pub mod rest;
pub mod routes;
pub mod seal;
pub mod server;
pub mod store;
pub mod telemetry;
pub mod tls;
