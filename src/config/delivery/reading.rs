//! Reading `[delivery.NAME]` from the file and the environment: what is refused, and in which words.

use super::{DeliveryKind, DeliverySettings, KindSettings, MessageSettings, is_one_line};
use crate::config::{
    problem::nearest,
    section::{Key, Reading, Section},
    setting::Setting,
    value::{Kind as Found, Member, Value},
};

/// The most letters of a mechanism's name.
const MAX_NAME: usize = 64;

/// Reads all of `[delivery]`, in the order of the file.
pub(in crate::config) fn read(reading: &mut Reading<'_>, found: &Value) -> Vec<DeliverySettings> {
    let mut mechanisms: Vec<DeliverySettings> = Vec::new();
    let Found::Table(sections) = &found.kind else {
        reading.refuse(found.line, "delivery", "a section for each mechanism is meant: [delivery.NAME]".to_owned());
        return mechanisms;
    };
    for section in sections {
        let full = format!("delivery.{}", section.key);
        let is_name = !section.key.trim().is_empty() && is_one_line(&section.key) && !section.key.contains('=');
        if !is_name || section.key.chars().count() > MAX_NAME {
            let sentence = format!("a name has 1 to {MAX_NAME} letters, none of them a control character or \"=\"");
            reading.refuse(section.line, &full, sentence);
        } else if mechanisms.iter().any(|known| known.is_called(&section.key)) {
            reading.refuse(
                section.line,
                &full,
                "two mechanisms have this name; large and small letters count as the same".to_owned(),
            );
        } else {
            mechanisms.extend(mechanism(reading, section, &full));
        }
    }
    mechanisms
}

fn mechanism(reading: &mut Reading<'_>, section: &Member, full: &str) -> Option<DeliverySettings> {
    let Found::Table(members) = &section.value.kind else {
        let sentence = format!("found {}; a section [{full}] is meant", section.value.described());
        reading.refuse(section.line, full, sentence);
        return None;
    };
    let Some(kind) = members.iter().find(|member| member.key == "kind") else {
        let meant = members.iter().find_map(|member| nearest(&member.key, ["kind"].into_iter()).map(|_| member));
        let line = meant.map_or(section.line, |member| member.line);
        reading.refuse(line, full, format!("kind is missing: {}", every_kind()));
        return None;
    };
    let kind = match DeliveryKind::read(&kind.value) {
        Ok(kind) => kind,
        Err(allowed) => {
            let sentence = format!("found {}; allowed is {allowed}", kind.value.described());
            reading.refuse(kind.line, &format!("{full}.kind"), sentence);
            return None;
        }
    };
    let mut settings = DeliverySettings {
        name: section.key.clone(),
        message: MessageSettings::default(),
        kind: KindSettings::usual(kind),
    };
    for member in members.iter().filter(|member| member.key != "kind") {
        settings.member(reading, full, member);
    }
    for missing in settings.missing() {
        reading.refuse(section.line, &format!("{full}.{missing}"), "missing; this kind needs it".to_owned());
    }
    Some(settings)
}

/// Sets what an environment variable says: `COUNTERSIGN_DELIVERY__NAME__KEY`, where what is no letter or digit in the name is `_`.
pub(in crate::config) fn set(mechanisms: &mut [DeliverySettings], reading: &mut Reading<'_>, member: &Member) {
    let written = |name: &str| -> String {
        name.chars().map(|letter| if letter.is_alphanumeric() { letter.to_ascii_lowercase() } else { '_' }).collect()
    };
    let found = member.key.split_once("__").and_then(|(name, key)| {
        mechanisms.iter_mut().find(|mechanism| written(&mechanism.name) == name).map(|mechanism| (mechanism, key))
    });
    match found {
        Some((mechanism, key)) => {
            let full = format!("delivery.{}", mechanism.name);
            mechanism.member(reading, &full, &Member { key: key.to_owned(), ..member.clone() });
        }
        None => {
            reading.refuse(None, "delivery", "the file has no such mechanism; its section must be there".to_owned())
        }
    }
}

fn every_kind() -> String {
    DeliveryKind::ALL.map(|kind| format!("\"{}\"", kind.word())).join(" or ")
}

impl DeliverySettings {
    fn member(&mut self, reading: &mut Reading<'_>, full: &str, member: &Member) {
        let message = &mut self.message;
        match &mut self.kind {
            KindSettings::Smtp(own) => reading.member(&mut Both { own, message }, full, member),
            KindSettings::Sms(own) => reading.member(&mut Both { own, message }, full, member),
            KindSettings::Webhook(own) => reading.member(&mut Both { own, message }, full, member),
            KindSettings::Command(own) => reading.member(&mut Both { own, message }, full, member),
            KindSettings::File(own) => reading.member(&mut Both { own, message }, full, member),
        }
    }

    /// The keys without which this kind cannot work, and which are not set.
    fn missing(&self) -> Vec<&'static str> {
        let lacks = |keys: &[(&'static str, bool)]| {
            keys.iter().filter(|(_, is_set)| !is_set).map(|(key, _)| *key).collect::<Vec<_>>()
        };
        match &self.kind {
            KindSettings::Smtp(own) => lacks(&[
                ("host", !own.host.is_empty()),
                ("sender", !own.sender.is_empty()),
                ("user", own.user.is_some() || own.password.is_none()),
                ("password", own.password.is_some() || own.user.is_none()),
            ]),
            KindSettings::Sms(own) => lacks(&[
                ("account_sid", !own.account_sid.is_empty()),
                ("auth_token", own.auth_token.is_some()),
                ("senders", !own.senders.is_empty()),
            ]),
            KindSettings::Webhook(own) => lacks(&[("url", !own.url.is_empty()), ("secret", own.secret.is_some())]),
            KindSettings::Command(own) => lacks(&[("command", !own.command.is_empty())]),
            KindSettings::File(own) => lacks(&[("directory", !own.directory.as_os_str().is_empty())]),
        }
    }
}

/// The two structs that make one section of the file.
struct Both<'a, Own> {
    own: &'a mut Own,
    message: &'a mut MessageSettings,
}

impl<Own: Section> Section for Both<'_, Own> {
    const ABOUT: &'static [&'static str] = Own::ABOUT;

    fn keys(&self) -> Vec<Key> {
        self.own.keys().into_iter().chain(self.message.keys()).collect()
    }

    fn set(&mut self, key: &str, value: &Value) -> Option<Result<(), String>> {
        self.own.set(key, value).or_else(|| self.message.set(key, value))
    }
}
