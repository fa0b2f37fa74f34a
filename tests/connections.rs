//! Many connections at once. Alone in its file, so that nothing else is measured.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

mod common;

use std::{fs, net::TcpStream};

use common::process::Process;

const MANY: usize = 10_000;

/// Memory of a process that is its own, in KiB.
fn own_memory(process: &Process) -> usize {
    let status = fs::read_to_string(format!("/proc/{}/status", process.id())).unwrap();
    let line = status.lines().find(|line| line.starts_with("RssAnon:")).unwrap();
    line.split_whitespace().nth(1).unwrap().parse().unwrap()
}

#[test]
fn ten_thousand_idle_connections_take_at_most_eight_kib_each() {
    let limit = rustix::process::getrlimit(rustix::process::Resource::Nofile);
    let enough = limit.maximum.is_none_or(|most| most > MANY as u64 + 100);
    assert!(
        enough,
        "this machine allows a process only {:?} open files: raise the hard limit (ulimit -Hn)",
        limit.maximum
    );
    let raised = rustix::process::Rlimit { current: limit.maximum, ..limit };
    rustix::process::setrlimit(rustix::process::Resource::Nofile, raised).unwrap();

    let server = Process::start();
    server.client().assert_alive();
    let before = own_memory(&server);
    let idle: Vec<TcpStream> = (0..MANY).map(|_| TcpStream::connect(server.ldap()).unwrap()).collect();
    // Accepted in order: when a later one is answered, all before it are being served.
    server.client().assert_alive();
    let each = (own_memory(&server) - before) as f64 / MANY as f64;
    eprintln!("{each:.1} KiB each");
    assert!(each <= 8.0, "{each:.1} KiB each");
    drop(idle);
    server.client().assert_alive();
}
