//! The commented configuration file, printed from the docs of the structs.

use super::{
    Config,
    delivery::{DeliveryKind, DeliverySettings, KindSettings, MessageSettings, quoted_name},
    each_section,
    section::{Key, Section},
    written_name,
};

const HEAD: &str = "\
# countersign configuration. A line that begins with # and a key shows the default.
# Every key can also be set by an environment variable: COUNTERSIGN_SECTION__KEY, such as COUNTERSIGN_LOG__LEVEL=debug;
# a section within another is written with _ for the dot: COUNTERSIGN_PASSWORD_VALIDATORS__MIN_LENGTH=8;
# a secret also by the name of a file that holds it: <key>_file here, or COUNTERSIGN_SECTION__KEY_FILE.
# Durations: \"500ms\", \"30s\", \"15m\", \"1h\", \"7d\". Sizes: \"64KiB\", \"1MiB\", \"2GiB\".
# Relative paths are relative to this file. `countersign check-config FILE` tells what is wrong with it.
";

/// The file for this configuration.
pub(super) fn of(config: &Config) -> String {
    let mut out = HEAD.to_owned();
    let default = Config::default();
    macro_rules! print {
        ($($name:ident),+) => { $( section(&mut out, written_name(stringify!($name)), &config.$name, &default.$name); )+ };
    }
    each_section!(print);
    delivery(&mut out, &config.delivery);
    list(&mut out, "validation_client", &config.validation_clients);
    list(&mut out, "access", &config.access);
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

/// The mechanisms there are; without any, what there could be.
fn delivery(out: &mut String, mechanisms: &[DeliverySettings]) {
    out.push_str(
        "\n# How messages with codes and tokens reach people: one [delivery.NAME] a mechanism. NAME is its name in requests and in\n\
         # ds-auth-preferred-otp-delivery-mechanism; kind says which of the following it is.\n",
    );
    let usual = MessageSettings::default();
    if mechanisms.is_empty() {
        for kind in DeliveryKind::ALL {
            let (about, keys) = KindSettings::usual(kind).described();
            comment(out, about);
            out.push_str(&format!("#[delivery.{0}]\n#kind = \"{0}\"\n", kind.word()));
            keys.iter().for_each(|key| line(out, key, true));
        }
        comment(out, MessageSettings::ABOUT);
        usual.keys().iter().for_each(|key| line(out, key, true));
    }
    for mechanism in mechanisms {
        let (word, (about, keys)) = (mechanism.kind.kind().word(), mechanism.kind.described());
        let (_, usual_keys) = KindSettings::usual(mechanism.kind.kind()).described();
        comment(out, about);
        out.push_str(&format!("[delivery.{}]\nkind = \"{word}\"\n", quoted_name(&mechanism.name)));
        let both = keys.into_iter().chain(mechanism.message.keys());
        for (key, default) in both.zip(usual_keys.into_iter().chain(usual.keys())) {
            line(out, &key, key.written == default.written);
        }
    }
}

/// Sections of which there may be any number; without any, what one could be.
fn list<S: Section + Default>(out: &mut String, name: &str, sections: &[S]) {
    out.push('\n');
    comment(out, S::ABOUT);
    if sections.is_empty() {
        out.push_str(&format!("#[[{name}]]\n"));
        for key in S::default().keys() {
            line(out, &key, true);
        }
    }
    for section in sections {
        out.push_str(&format!("[[{name}]]\n"));
        for (key, default) in section.keys().iter().zip(S::default().keys()) {
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
