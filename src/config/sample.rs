//! The commented configuration file, printed from the docs of the structs.

use super::{AccessRule, Config, each_section, section::Key, section::Section};

const HEAD: &str = "\
# countersign configuration. A line that begins with # and a key shows the default.
# Every key can also be set by an environment variable: COUNTERSIGN_SECTION__KEY, such as COUNTERSIGN_LOG__LEVEL=debug;
# a secret also by the name of a file that holds it: <key>_file here, or COUNTERSIGN_SECTION__KEY_FILE.
# Durations: \"500ms\", \"30s\", \"15m\", \"1h\", \"7d\". Sizes: \"64KiB\", \"1MiB\", \"2GiB\".
# Relative paths are relative to this file. `countersign check-config FILE` tells what is wrong with it.
";

/// The file for this configuration.
pub(super) fn of(config: &Config) -> String {
    let mut out = HEAD.to_owned();
    let default = Config::default();
    macro_rules! print {
        ($($name:ident),+) => { $( section(&mut out, stringify!($name), &config.$name, &default.$name); )+ };
    }
    each_section!(print);
    access(&mut out, &config.access);
    out
}

fn section<S: Section>(out: &mut String, name: &str, section: &S, default: &S) {
    out.push('\n');
    comment(out, S::ABOUT);
    out.push_str(&format!("[{name}]\n"));
    for (key, default) in section.keys().iter().zip(default.keys()) {
        if key.name == "indexes" {
            // A section of its own, which may stand last.
            comment(out, key.doc);
            table(out, &format!("{name}.{}", key.name), key, &default);
        } else {
            line(out, key, key.written == default.written);
        }
    }
}

/// One key with its documentation.
fn line(out: &mut String, key: &Key, is_default: bool) {
    comment(out, key.doc);
    match (&key.written, key.example) {
        (Some(value), _) if !is_default => out.push_str(&format!("{} = {value}\n", key.name)),
        (_, Some(example)) => out.push_str(&format!("#{} = {example}\n", key.name)),
        (Some(value), None) => out.push_str(&format!("#{} = {value}\n", key.name)),
        (None, None) => out.push_str(&format!("#{} = \n", key.name)),
    }
}

/// A key that is a section of its own: only what differs from the default is no comment.
fn table(out: &mut String, name: &str, key: &Key, default: &Key) {
    let (own, usual) = (key.written.as_deref().unwrap_or_default(), default.written.as_deref().unwrap_or_default());
    out.push_str(&format!("[{name}]\n"));
    for row in own.lines() {
        let sign = if usual.lines().any(|known| known == row) { "#" } else { "" };
        out.push_str(&format!("{sign}{row}\n"));
    }
    let attribute = |row: &str| row.split(' ').next().unwrap_or_default().to_owned();
    for row in usual.lines().filter(|row| !own.lines().any(|kept| attribute(kept) == attribute(row))) {
        out.push_str(&format!("{} = []\n", attribute(row)));
    }
}

fn access(out: &mut String, rules: &[AccessRule]) {
    out.push('\n');
    comment(out, AccessRule::ABOUT);
    if rules.is_empty() {
        out.push_str("#[[access]]\n");
        for key in AccessRule::default().keys() {
            line(out, &key, true);
        }
    }
    for rule in rules {
        out.push_str("[[access]]\n");
        for (key, default) in rule.keys().iter().zip(AccessRule::default().keys()) {
            if key.written != default.written {
                line(out, key, false);
            }
        }
    }
}

fn comment(out: &mut String, doc: &[&str]) {
    for text in doc {
        out.push_str(&format!("#{text}\n"));
    }
}
