//! `[delivery.NAME]`: how messages with codes and tokens reach people, one section a mechanism. NAME is the mechanism's name in requests
//! and in `ds-auth-preferred-otp-delivery-mechanism`. What each kind does is `delivery/`.

pub(super) mod reading;

use std::{path::PathBuf, time::Duration};

use super::{
    section::{Key, Section, section},
    setting::{SecretText, words},
};

section! {
    /// What every mechanism takes.
    pub struct MessageSettings {
        /// The attribute of the user's entry that holds the addresses. Without it "mail", for sms "mobile".
        pub attribute: Option<String> = None, example r#""mail""#;
        /// The subject, where the mechanism has one and the request names none.
        pub subject: String = "Your one-time password".to_owned(), if |text| is_one_line(text), "a text without control characters";
        /// What stands before a one-time password, where the request does not say it.
        pub text_before: String = "Your one-time password is: ".to_owned(), if |text| is_one_line(text), "a text without control characters";
        /// What stands after it.
        pub text_after: String = String::new(), if |text| is_one_line(text), "a text without control characters";
        /// The time in which a message must be handed over.
        pub timeout: Duration = Duration::from_secs(10), if |time| (Duration::from_millis(100)..=Duration::from_secs(60)).contains(time), "\"100ms\" to \"60s\"";
    }
}

words! {
    /// How the way to the mail server is protected.
    pub enum SmtpSecurity {
        /// A clear beginning, then TLS; without TLS nothing is sent.
        StartTls = "starttls",
        /// TLS from the first octet.
        Tls = "tls",
        /// None: to a mail server on this machine alone.
        None = "none",
    }
}

section! {
    /// kind = "smtp": mail.
    pub struct SmtpSettings {
        /// The mail server's name; its certificate must be for it.
        pub host: String = String::new(), example r#""mail.example.com""#;
        /// Its port; 0 is 587 for "starttls", 465 for "tls", 25 for "none".
        pub port: u32 = 0, if |port| *port <= 65535, "a whole number from 0 to 65535";
        /// "starttls", "tls", or "none" to a mail server on this machine.
        pub security: SmtpSecurity = SmtpSecurity::StartTls;
        /// CA certificates (PEM) that are trusted beside the system's.
        pub ca_file: Option<PathBuf> = None, example r#""tls/mail-ca.pem""#;
        /// The name to authenticate with; without it there is no authentication.
        pub user: Option<String> = None, example r#""countersign""#;
        /// Its password.
        pub password: Option<SecretText> = None, example r#""...""#;
        /// Who the mail is from.
        pub sender: String = String::new(), if |text| is_one_line(text), "an address such as \"Example <no-reply@example.com>\"", example r#""Example <no-reply@example.com>""#;
    }
}

section! {
    /// kind = "sms": short messages, by a service that takes what Twilio takes: POST /2010-04-01/Accounts/SID/Messages.json with
    /// To, From and Body, answered with 201.
    pub struct SmsSettings {
        /// The service; https, or http to this machine.
        pub url: String = "https://api.twilio.com".to_owned();
        /// The account's id, which is also the user name of the request.
        pub account_sid: String = String::new(), if |text| !text.is_empty() && text.bytes().all(|octet| octet.is_ascii_alphanumeric()), "letters and digits", example r#""AC0123456789abcdef0123456789abcdef""#;
        /// The account's token, which is the password of the request.
        pub auth_token: Option<SecretText> = None, example r#""...""#;
        /// The numbers that messages come from; a person always sees the same one of them.
        pub senders: Vec<String> = Vec::new(), if |list| list.iter().all(|text| !text.is_empty() && is_one_line(text)), "a list of numbers or names", example r#"["+15005550006"]"#;
    }
}

words! {
    /// Which of a message's two texts is sent.
    pub enum TextForm {
        /// The one for mail.
        Full = "full",
        /// The one for short messages.
        Compact = "compact",
    }
}

section! {
    /// kind = "webhook": a POST of JSON, signed. The header Countersign-Signature is t=SECONDS,v1=HEX, where HEX is the HMAC-SHA-256
    /// with `secret` over SECONDS, a full stop and the body. A receiver refuses times that are minutes off, and an "id" it knows.
    pub struct WebhookSettings {
        /// Where it goes; https, or http to this machine. Any status from 200 to 299 means that the message was taken.
        pub url: String = String::new(), example r#""https://messages.example.com/hook""#;
        /// The key of the signature, 16 characters or more.
        pub secret: Option<SecretText> = None, if |secret| secret.as_ref().is_none_or(|secret| secret.expose().len() >= 16), "16 characters or more", example r#""...""#;
        /// "full" or "compact".
        pub text: TextForm = TextForm::Full;
    }
}

section! {
    /// kind = "command": a program that is given the text on its standard input. The environment names the rest:
    /// COUNTERSIGN_MECHANISM, COUNTERSIGN_RECIPIENT, COUNTERSIGN_RECIPIENT_DN, COUNTERSIGN_SUBJECT. Exit status 0 means that the message was
    /// taken; what it prints goes nowhere. After the time-out it is killed, with all that it started.
    pub struct CommandSettings {
        /// The program, by its whole path, and its arguments; no shell is between.
        pub command: Vec<String> = Vec::new(), if |list| list.first().is_some_and(|program| program.starts_with('/')), "a list that begins with the whole path of a program", example r#"["/usr/local/bin/send-code"]"#;
        /// "full" or "compact".
        pub text: TextForm = TextForm::Full;
    }
}

section! {
    /// kind = "file": one file a message, for tests and for handing over by other means. Whoever reads the folder has the codes.
    pub struct FileSettings {
        /// The folder; it is made if it is missing.
        pub directory: PathBuf = PathBuf::new(), if |path| !path.as_os_str().is_empty(), "a path in quotes", example r#""messages""#;
        /// "full" or "compact".
        pub text: TextForm = TextForm::Full;
    }
}

words! {
    /// How messages are sent.
    pub enum DeliveryKind {
        /// Mail.
        Smtp = "smtp",
        /// Short messages.
        Sms = "sms",
        /// A signed POST.
        Webhook = "webhook",
        /// A program.
        Command = "command",
        /// A file.
        File = "file",
    }
}

/// One mechanism.
#[derive(Clone, Debug, PartialEq)]
pub struct DeliverySettings {
    /// Its name, as the file spells it.
    pub name: String,
    /// What every mechanism takes.
    pub message: MessageSettings,
    /// What this kind takes.
    pub kind: KindSettings,
}

/// What one kind of mechanism takes.
#[derive(Clone, Debug, PartialEq)]
pub enum KindSettings {
    /// kind = "smtp"
    Smtp(SmtpSettings),
    /// kind = "sms"
    Sms(SmsSettings),
    /// kind = "webhook"
    Webhook(WebhookSettings),
    /// kind = "command"
    Command(CommandSettings),
    /// kind = "file"
    File(FileSettings),
}

/// Whether a text can stand in one header line: no control characters, and none that begins a line.
pub fn is_one_line(text: &str) -> bool {
    !text.contains(|letter: char| letter.is_control() || matches!(letter, '\u{2028}' | '\u{2029}'))
}

/// What deserves a look, though it is not wrong.
pub(super) fn warnings(mechanisms: &[DeliverySettings]) -> impl Iterator<Item = String> {
    mechanisms.iter().filter(|mechanism| matches!(mechanism.kind, KindSettings::File(_))).map(|mechanism| {
        format!(
            "[delivery.{}] writes codes into files: whoever reads the folder has them",
            quoted_name(&mechanism.name)
        )
    })
}

/// The name as it stands in a section's header.
pub(super) fn quoted_name(name: &str) -> String {
    let is_bare = name.bytes().all(|octet| octet.is_ascii_alphanumeric() || matches!(octet, b'_' | b'-'));
    if is_bare { name.to_owned() } else { super::setting::quoted(name) }
}

impl DeliveryKind {
    /// All there are.
    pub(super) const ALL: [Self; 5] = [Self::Smtp, Self::Sms, Self::Webhook, Self::Command, Self::File];
}

impl DeliverySettings {
    /// Whether this is what a request means by `name`.
    pub fn is_called(&self, name: &str) -> bool {
        self.name.to_lowercase() == name.to_lowercase()
    }

    /// The paths in it, which may be relative to the file.
    pub(super) fn paths(&mut self) -> Option<&mut PathBuf> {
        match &mut self.kind {
            KindSettings::Smtp(smtp) => smtp.ca_file.as_mut(),
            KindSettings::File(file) => Some(&mut file.directory),
            KindSettings::Sms(_) | KindSettings::Webhook(_) | KindSettings::Command(_) => None,
        }
    }
}

impl KindSettings {
    /// As the file describes it where it says nothing else.
    pub(super) fn usual(kind: DeliveryKind) -> Self {
        match kind {
            DeliveryKind::Smtp => Self::Smtp(SmtpSettings::default()),
            DeliveryKind::Sms => Self::Sms(SmsSettings::default()),
            DeliveryKind::Webhook => Self::Webhook(WebhookSettings::default()),
            DeliveryKind::Command => Self::Command(CommandSettings::default()),
            DeliveryKind::File => Self::File(FileSettings::default()),
        }
    }

    /// Which kind this is.
    pub const fn kind(&self) -> DeliveryKind {
        match self {
            Self::Smtp(_) => DeliveryKind::Smtp,
            Self::Sms(_) => DeliveryKind::Sms,
            Self::Webhook(_) => DeliveryKind::Webhook,
            Self::Command(_) => DeliveryKind::Command,
            Self::File(_) => DeliveryKind::File,
        }
    }

    /// What its section says about itself, and its keys.
    pub(super) fn described(&self) -> (&'static [&'static str], Vec<Key>) {
        match self {
            Self::Smtp(own) => (SmtpSettings::ABOUT, own.keys()),
            Self::Sms(own) => (SmsSettings::ABOUT, own.keys()),
            Self::Webhook(own) => (WebhookSettings::ABOUT, own.keys()),
            Self::Command(own) => (CommandSettings::ABOUT, own.keys()),
            Self::File(own) => (FileSettings::ABOUT, own.keys()),
        }
    }
}
