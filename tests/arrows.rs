//! The arrow rules of ARCHITECTURE.md: which room may name which. Read from the source, line by line.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
    path::{Path, PathBuf},
};

/// One source file: its path from the repository's root, and its code without comments and without its test modules.
struct Source {
    path: String,
    code: String,
}

fn sources(folder: &str) -> Vec<Source> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut found = Vec::new();
    collect(root, &root.join(folder), &mut found);
    assert!(!found.is_empty(), "{folder}");
    found
}

fn collect(root: &Path, folder: &Path, found: &mut Vec<Source>) {
    let mut paths: Vec<PathBuf> = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    paths.sort();
    for path in paths {
        if path.is_dir() {
            collect(root, &path, found);
        } else if path.extension().is_some_and(|extension| extension == "rs")
            && !is_test(path.strip_prefix(root).unwrap())
        {
            let code = code_of(&fs::read_to_string(&path).unwrap());
            found.push(Source { path: path.strip_prefix(root).unwrap().to_str().unwrap().to_owned(), code });
        }
    }
}

/// Files that hold only the tests of the file or folder they stand beside.
fn is_test(path: &Path) -> bool {
    path.components().any(|part| part.as_os_str() == "tests") || path.file_stem().is_some_and(|stem| stem == "tests")
}

/// The lines up to `mod tests`, without comments.
fn code_of(text: &str) -> String {
    let lines = text.lines().take_while(|line| !line.trim_start().starts_with("mod tests"));
    lines.map(|line| line.split("//").next().unwrap()).collect::<Vec<_>>().join("\n")
}

/// Whether `name` stands in the code as a path: `name::`, or alone as the root of a `use`.
fn names(code: &str, name: &str) -> bool {
    let boundary = |octet: Option<char>| octet.is_none_or(|c| !c.is_alphanumeric() && c != '_');
    code.match_indices(name).any(|(at, _)| {
        let (before, after) = (code[..at].chars().next_back(), &code[at + name.len()..]);
        boundary(before) && (after.starts_with("::") || (after.starts_with(';') && code[..at].ends_with("use ")))
    })
}

/// The rooms (`store`, `handlers/bind`, ...) that a file names by `crate::`, one level deep.
fn rooms_named(code: &str) -> BTreeSet<String> {
    let mut rooms = BTreeSet::new();
    for (at, _) in code.match_indices("crate::") {
        if code[..at].ends_with(|c: char| c.is_alphanumeric() || c == '_' || c == '$') {
            continue;
        }
        heads_of(&code[at + "crate::".len()..], &mut rooms);
    }
    rooms
}

/// The first names of a path, or of each member of a braced list.
fn heads_of(path: &str, rooms: &mut BTreeSet<String>) {
    let word = |text: &str| text.chars().take_while(|c| c.is_alphanumeric() || *c == '_').collect::<String>();
    let Some(list) = path.strip_prefix('{') else {
        rooms.insert(word(path));
        return;
    };
    let (mut depth, mut fresh) = (0, true);
    for (at, c) in list.char_indices() {
        match c {
            '{' => depth += 1,
            '}' if depth == 0 => break,
            '}' => depth -= 1,
            ',' if depth == 0 => fresh = true,
            c if fresh && !c.is_whitespace() => {
                rooms.insert(word(&list[at..]));
                fresh = false;
            }
            _ => {}
        }
    }
}

/// The room of a file: the folder or file right below `src`.
fn room_of(path: &str) -> String {
    path.trim_start_matches("src/").split('/').next().unwrap().trim_end_matches(".rs").to_owned()
}

#[test]
fn proto_imports_neither_the_server_nor_a_runtime() {
    for source in sources("proto/src") {
        for forbidden in ["countersign", "tokio", "ldap3_proto", "tracing", "axum", "hyper"] {
            assert!(!names(&source.code, forbidden), "{} names {forbidden}", source.path);
        }
        for forbidden in ["std::net", "std::fs", "SystemTime", "Instant::now"] {
            assert!(!source.code.contains(forbidden), "{} names {forbidden}", source.path);
        }
    }
}

#[test]
fn each_library_stays_in_its_rooms() {
    let fence: &[(&str, &[&str])] = &[
        ("ldap3_proto", &["src/ldap", "src/cli"]),
        ("axum", &["src/rest"]),
        ("hyper", &["src/rest", "src/outgoing"]),
        ("hyper_util", &["src/rest", "src/outgoing"]),
        ("http_body_util", &["src/rest", "src/outgoing"]),
        ("lettre", &["src/delivery"]),
        ("rasn", &["src/routes"]),
        ("heed", &["src/store"]),
        ("aes", &["src/factors"]),
        ("argon2", &["src/factors"]),
        ("bcrypt", &["src/factors"]),
        ("chacha20", &["src/seal"]),
        ("aws_lc_rs", &["src/seal", "src/tls"]),
        ("ring", &["src/seal", "src/tls"]),
        ("getrandom", &["src/random"]),
        ("rcgen", &["src/cli", "src/tls"]),
        ("clap", &["src/cli", "src/main"]),
        ("indicatif", &["src/cli"]),
        ("qrcode", &["src/cli"]),
        ("regex", &["src/factors"]),
        (
            "rustls",
            &["src/tls", "src/jwt", "src/ldap", "src/rest", "src/server", "src/outgoing", "src/cli", "src/main"],
        ),
        ("toml", &["src/config", "src/cli"]),
    ];
    for source in sources("src") {
        for (library, rooms) in fence {
            let allowed = rooms.iter().any(|room| source.path.starts_with(room));
            assert!(allowed || !names(&source.code, library), "{} names {library}", source.path);
        }
    }
}

#[test]
fn only_the_clock_reads_the_time() {
    let allowed = ["src/clock.rs", "src/telemetry", "src/cli"];
    for source in sources("src") {
        if !allowed.iter().any(|room| source.path.starts_with(room)) {
            assert!(!source.code.contains("SystemTime::now"), "{} reads the time of day", source.path);
            assert!(!source.code.contains("now_utc"), "{} reads the time of day", source.path);
        }
    }
}

#[test]
fn no_arrow_runs_back_up() {
    // Each room and the rooms that it may name; a room that is not here has no rule and fails the test.
    const LOWER: &[&str] = &["clock", "config", "directory", "error", "files", "random"];
    const HANDLING: &[&str] =
        &["access", "caller", "delivery", "factors", "jwt", "seal", "store", "telemetry", "validation"];
    const DOOR: &[&str] = &["caller", "connections", "handlers", "routes", "telemetry", "tls", "validation"];
    let may: BTreeMap<&str, Vec<&str>> = BTreeMap::from([
        ("error", vec![]),
        ("clock", vec![]),
        ("random", vec![]),
        ("files", vec![]),
        ("histogram", vec![]),
        ("connections", vec![]),
        ("large_pages", vec![]),
        ("local_socket", vec![]),
        ("open_files", vec![]),
        ("outgoing", vec!["config", "tls"]),
        ("delivery", vec!["clock", "config", "files", "outgoing", "random"]),
        ("config", vec!["error"]),
        ("directory", vec!["error"]),
        ("factors", vec!["clock", "large_pages", "random"]),
        ("seal", vec!["random"]),
        ("store", vec!["directory", "error", "histogram"]),
        ("telemetry", vec!["clock", "config", "error", "histogram"]),
        ("tls", vec!["clock", "config", "files"]),
        ("caller", vec!["directory", "store"]),
        ("validation", vec!["config", "outgoing", "random"]),
        ("jwt", vec!["clock", "config", "outgoing", "tls"]),
        ("access", vec!["caller", "config", "directory", "error"]),
        ("handlers", [LOWER, HANDLING].concat()),
        ("routes", vec!["caller", "error", "handlers"]),
        ("ldap", [LOWER, DOOR].concat()),
        ("rest", [LOWER, DOOR].concat()),
    ]);
    for source in sources("src") {
        let room = room_of(&source.path);
        if ["lib", "main", "server", "cli"].contains(&room.as_str()) {
            continue;
        }
        let allowed = may.get(room.as_str()).unwrap_or_else(|| panic!("{} is in a room without a rule", source.path));
        for named in rooms_named(&source.code) {
            assert!(named == room || allowed.contains(&named.as_str()), "{} names {named}", source.path);
        }
    }
}

#[test]
fn the_pure_rules_of_the_factors_know_neither_store_nor_error_nor_one_another() {
    for source in sources("src/factors") {
        let code = &source.code;
        assert!(!code.contains("crate::store") && !code.contains("crate::error"), "{}", source.path);
        assert!(!code.contains("async fn") && !names(code, "tokio"), "{} waits", source.path);
    }
}

#[test]
fn only_the_server_and_the_command_line_name_a_concrete_store() {
    for source in sources("src") {
        let allowed = ["src/server", "src/store", "src/cli"].iter().any(|room| source.path.starts_with(room));
        assert!(allowed || !source.code.contains("store::embedded"), "{}", source.path);
    }
}

#[test]
fn only_the_server_names_a_concrete_delivery() {
    for source in sources("src") {
        let allowed = ["src/server", "src/delivery"].iter().any(|room| source.path.starts_with(room));
        for kind in ["smtp", "sms", "webhook", "command", "file"] {
            assert!(allowed || !source.code.contains(&format!("delivery::{kind}")), "{}", source.path);
        }
    }
}

#[test]
fn handlers_know_neither_framing_nor_http() {
    for source in sources("src/handlers") {
        for forbidden in ["crate::ldap", "crate::rest", "crate::routes", "ldap::frame", "message::Message"] {
            assert!(!source.code.contains(forbidden), "{} names {forbidden}", source.path);
        }
    }
}

#[test]
fn every_file_says_what_is_at_home_in_it() {
    for folder in ["src", "proto/src"] {
        for source in sources(folder) {
            let text = fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join(&source.path)).unwrap();
            assert!(text.starts_with("//!"), "{} opens with `//!`", source.path);
        }
    }
}
