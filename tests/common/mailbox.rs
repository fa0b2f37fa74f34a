//! Where the server's `file` mechanisms put their messages, and the requests that have them sent.

use std::{fs, path::PathBuf};

use super::{
    ber::{constructed, octets, sequence, tlv},
    client::{Client, Response},
    oid,
};

/// A folder for messages. `settings` is what the server needs to know of it.
pub struct Mailbox {
    folder: tempfile::TempDir,
}

/// One message.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Mail {
    /// The mechanism that sent it.
    pub by: String,
    pub to: String,
    pub subject: String,
    pub text: String,
}

impl Mailbox {
    pub fn new() -> Self {
        Self { folder: tempfile::tempdir().unwrap() }
    }

    /// TOML for a mechanism of kind `file` with this name.
    pub fn settings(&self, name: &str) -> String {
        let folder = self.folder.path().join(name);
        format!("[delivery.\"{name}\"]\nkind = \"file\"\ndirectory = \"{}\"\n", folder.display())
    }

    /// Everything that is there, oldest first.
    pub fn mails(&self) -> Vec<Mail> {
        let mut found: Vec<(PathBuf, Mail)> = Vec::new();
        for mechanism in fs::read_dir(self.folder.path()).unwrap().map(|entry| entry.unwrap().path()) {
            for path in fs::read_dir(&mechanism).unwrap().map(|entry| entry.unwrap().path()) {
                let content = fs::read_to_string(&path).unwrap();
                let (head, text) = content.split_once("\n\n").unwrap();
                let (to, subject) = head.split_once('\n').unwrap();
                let mail = Mail {
                    by: mechanism.file_name().unwrap().to_str().unwrap().to_owned(),
                    to: to.strip_prefix("To: ").unwrap().to_owned(),
                    subject: subject.strip_prefix("Subject: ").unwrap().to_owned(),
                    text: text.to_owned(),
                };
                found.push((path, mail));
            }
        }
        found.sort_by_key(|(path, _)| path.file_name().unwrap().to_owned());
        found.into_iter().map(|(_, mail)| mail).collect()
    }

    /// Takes out what is there; it must be one message.
    pub fn take(&self) -> Mail {
        let mut mails = self.mails();
        assert_eq!(mails.len(), 1, "{mails:?}");
        self.empty();
        mails.remove(0)
    }

    /// Takes out all.
    pub fn empty(&self) {
        for mechanism in fs::read_dir(self.folder.path()).unwrap() {
            fs::remove_dir_all(mechanism.unwrap().path()).unwrap();
        }
    }
}

impl Mail {
    /// The code or token in the configured words.
    pub fn secret(&self) -> &str {
        self.text.rsplit(": ").next().unwrap()
    }
}

/// A way to be preferred: a mechanism's name, and perhaps a recipient ID.
pub type Way<'a> = (&'a str, Option<&'a str>);

/// The content of a list of ways.
pub fn ways(tag: u8, ways: &[Way<'_>]) -> Vec<u8> {
    let each = ways.iter().map(|(name, recipient)| {
        let mut members = vec![octets(name)];
        members.extend(recipient.map(octets));
        sequence(&members)
    });
    constructed(tag, &each.collect::<Vec<_>>())
}

/// Has a one-time password sent.
pub fn deliver(client: &mut Client, authentication_id: &str, password: Option<&str>) -> Response {
    deliver_with(client, authentication_id, password, Vec::new())
}

/// The same with more members.
pub fn deliver_with(
    client: &mut Client,
    authentication_id: &str,
    password: Option<&str>,
    more: Vec<Vec<u8>>,
) -> Response {
    let mut members = vec![tlv(0x80, authentication_id)];
    members.extend(password.map(|password| tlv(0x81, password)));
    members.extend(more);
    client.extended(oid::DELIVER_OTP, Some(&sequence(&members)))
}

/// The credentials of mechanism UNBOUNDID-DELIVERED-OTP.
pub fn delivered_credentials(authentication_id: &str, code: &str) -> Vec<u8> {
    super::client::tagged(&[(0, authentication_id), (2, code)])
}

/// A bind with a code that was sent.
pub fn bind(client: &mut Client, authentication_id: &str, code: &str) -> Response {
    client.bind_sasl("UNBOUNDID-DELIVERED-OTP", Some(&delivered_credentials(authentication_id, code)))
}
