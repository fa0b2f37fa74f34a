//! The configuration file: one documented struct per section with units, defaults and bounds. The sample is printed from these
//! docs (`sample.rs`), so that it cannot go stale. What the values mean to the server is decided where they are used.
//!
//! Every key can be set by an environment variable `COUNTERSIGN_SECTION__KEY`, which wins over the file; a secret also by
//! `<key>_file` in the file or `COUNTERSIGN_SECTION__KEY_FILE`. Relative paths are relative to the file.

mod bearer;
pub mod codes;
pub mod delivery;
mod environment;
mod indexes;
mod login_history;
mod moment;
mod password;
mod problem;
mod sample;
pub(crate) mod section;
pub(crate) mod setting;
pub(crate) mod value;
mod yubikey;

use std::{
    net::SocketAddr,
    path::{Path, PathBuf},
    time::Duration,
};

pub use self::{
    bearer::BearerSettings,
    indexes::{IndexKind, IndexSettings},
    login_history::LoginHistorySettings,
    moment::Moment,
    password::{PasswordGeneratorSettings, PasswordScheme, PasswordSettings, PasswordValidatorSettings},
    problem::{ConfigError, Problem},
    setting::{Network, SecretText, Size},
    yubikey::{ValidationClient, YubikeyJudge, YubikeySettings},
};
use self::{
    codes::{DeliveredOtpSettings, DeliveryLimitsSettings, PasswordResetTokenSettings, SingleUseTokenSettings},
    delivery::DeliverySettings,
    problem::nearest,
    section::{Reading, Section, section},
    setting::words,
    value::{Kind, Member, Value},
};

section! {
    /// Where the server keeps its state, and how many processors it uses.
    pub struct ServerSettings {
        /// The folder of the database; used by one process at a time. The Unix socket of the command line is here too.
        pub data_dir: PathBuf = PathBuf::from("data");
        /// The key that seals secrets at rest. Keep it outside the data directory and its backups.
        pub seal_key_file: PathBuf = PathBuf::from("seal.key");
        /// Threads that serve connections; 0 is one per processor.
        pub threads: u32 = 0, if |count| *count <= 1024, "a whole number from 0 to 1024";
    }
}

section! {
    /// What the directory holds.
    pub struct DirectorySettings {
        /// The DNs at the top of the tree (naming contexts), at least one. Their entries need not exist yet.
        pub base_dns: Vec<String> = Vec::new(), if |list| !list.is_empty(), "a list of at least one DN", example r#"["dc=example,dc=com"]"#;
        /// The attributes that name a user in "u:name", in order.
        pub identity_attributes: Vec<String> = vec!["uid".to_owned()], if |list| !list.is_empty(), "a list of at least one attribute";
        /// Which attributes are indexed, and how: "eq", "pres", "sub", "ord". What is written here is added to the built-in
        /// list below; an empty list takes an attribute out of it. A change is carried out at the next start.
        pub indexes: IndexSettings = IndexSettings::default();
    }
}

section! {
    /// The root user: holds every privilege, is no entry, is not asked for a second factor.
    pub struct RootSettings {
        /// The name it binds with.
        pub dn: String = "cn=Directory Manager".to_owned();
        /// Its password as a hash, such as {ARGON2}$argon2id$... or {SSHA512}...; without one nobody binds as root, except over
        /// the Unix socket.
        pub password_hash: Option<SecretText> = None, example r#""{ARGON2}$argon2id$v=19$...""#;
    }
}

words! {
    /// When passwords, codes and secrets may cross a connection that is not encrypted.
    pub enum PlaintextPasswords {
        /// From loopback addresses only.
        Loopback = "loopback",
        /// Never.
        Never = "never",
        /// From everywhere: anybody on the way can read them.
        Always = "always",
    }
}

section! {
    /// The LDAP door.
    pub struct LdapSettings {
        /// Addresses for LDAP; StartTLS is offered there when there is a certificate.
        pub listen: Vec<SocketAddr> = vec![SocketAddr::from(([127, 0, 0, 1], 3389))];
        /// Addresses for LDAP over TLS (ldaps).
        pub listen_tls: Vec<SocketAddr> = vec![SocketAddr::from(([127, 0, 0, 1], 6636))];
        /// From where clear connections may carry passwords: "loopback", "never" or "always". It holds for rest.listen_plain too.
        pub allow_plaintext_passwords: PlaintextPasswords = PlaintextPasswords::Loopback;
    }
}

section! {
    /// What one client may take.
    pub struct LimitsSettings {
        /// Connections in all; 0 takes what the limit on open files leaves.
        pub connections: u32 = 0;
        /// Connections from one address; loopback is exempt.
        pub connections_per_address: u32 = 1000, if |count| *count > 0, "a whole number from 1 up";
        /// After this long without a request an anonymous connection is closed.
        pub idle_anonymous: Duration = Duration::from_secs(120), if |time| !time.is_zero(), "more than \"0s\"";
        /// After this long without a request an authenticated connection is closed.
        pub idle_authenticated: Duration = Duration::from_secs(3600), if |time| !time.is_zero(), "more than \"0s\"";
        /// The time in which a message that has begun must be complete.
        pub incomplete_message: Duration = Duration::from_secs(30), if |time| !time.is_zero(), "more than \"0s\"";
        /// The time for a TLS handshake.
        pub tls_handshake: Duration = Duration::from_secs(10), if |time| !time.is_zero(), "more than \"0s\"";
        /// A client that does not read its answers for this long is closed.
        pub write: Duration = Duration::from_secs(30), if |time| !time.is_zero(), "more than \"0s\"";
        /// After SIGTERM: the time for running operations to end.
        pub drain: Duration = Duration::from_secs(10);
        /// The longest message before authentication, 1KiB to 16MiB.
        pub message_anonymous: Size = Size::kib(64), if |size| (Size::kib(1)..=Size::mib(16)).contains(size), "\"1KiB\" to \"16MiB\"";
        /// The longest message after authentication, 1KiB to 16MiB.
        pub message_authenticated: Size = Size::mib(1), if |size| (Size::kib(1)..=Size::mib(16)).contains(size), "\"1KiB\" to \"16MiB\"";
        /// Operations of one connection that are carried out at once; beyond it the server stops reading from it.
        pub operations_per_connection: u32 = 64, if |count| *count > 0, "a whole number from 1 up";
        /// Entries that a search of an ordinary user returns; 0 is no limit.
        pub search_size: u32 = 1000;
        /// How long a search of an ordinary user may take; "0s" is no limit.
        pub search_time: Duration = Duration::from_secs(60);
        /// Candidates that a search of an ordinary user without an index may look at; 0 is no limit.
        pub lookthrough: u32 = 5000;
    }
}

words! {
    /// Who may add and remove second factors of their own account.
    pub enum SelfService {
        /// With the password alone only while there is no active factor; then with a proof of one.
        SecondFactor = "second-factor",
        /// With the password alone, always: whoever steals a password can add a factor.
        Password = "password",
    }
}

section! {
    /// Second factors in general.
    pub struct FactorsSettings {
        /// What a user must prove to add or remove a factor of their own: "second-factor" (the password enrols the first one,
        /// after that a code is needed too) or "password" (the password alone, as PingDirectory does; a stolen password is
        /// then enough to add a factor).
        pub self_service: SelfService = SelfService::SecondFactor;
        /// DNs whose entries, and all entries below them, are service accounts: applications that bind with their password
        /// alone. They are never asked for a code and cannot enrol a factor.
        pub service_accounts: Vec<String> = Vec::new(), example r#"["ou=services,dc=example,dc=com"]"#;
    }
}

words! {
    /// When a simple bind asks for a code.
    pub enum SecondFactor {
        /// Whenever the user has an active factor.
        Enrolled = "enrolled",
        /// Only where a policy says so.
        Policy = "policy",
    }
}

section! {
    /// Simple binds: the password, directly followed by the code where one is needed.
    pub struct SimpleBindSettings {
        /// "enrolled": a user with an active factor must append a code. "policy": simple binds are left to the policies alone.
        pub second_factor: SecondFactor = SecondFactor::Enrolled;
        /// What stands between password and code: "" (nothing), ",", ";", ":" or "$".
        pub separator: String = String::new(), if |text| ["", ",", ";", ":", "$"].contains(&text.as_str()), "\"\", \",\", \";\", \":\" or \"$\"";
    }
}

section! {
    /// The REST door.
    pub struct RestSettings {
        /// Addresses for HTTPS.
        pub listen: Vec<SocketAddr> = vec![SocketAddr::from(([127, 0, 0, 1], 8443))];
        /// Addresses for HTTP without encryption; for loopback, or behind a proxy on the same machine.
        pub listen_plain: Vec<SocketAddr> = Vec::new();
        /// The longest body of a request.
        pub max_body: Size = Size::mib(1), if |size| (Size::kib(1)..=Size::mib(16)).contains(size), "\"1KiB\" to \"16MiB\"";
        /// Whether users may name themselves by HTTP Basic. Without it they take an access token from authenticate first.
        pub basic: bool = true;
        /// How long an access token is good that authenticate hands out, up to 24h; "0s" hands out none. A change of password, factors or
        /// account ends it at once.
        pub access_tokens: Duration = Duration::from_secs(3600), if |time| *time <= Duration::from_secs(86_400), "\"0s\" to \"24h\"";
        /// Whether what the Directory REST API has no place for is served below /countersign/v1: validateTOTP and
        /// otpDeliveryMechanisms and accountState of an entry, deliverPasswordResetToken, deliverSingleUseToken, consumeSingleUseToken.
        pub extensions: bool = false;
    }
}

section! {
    /// Certificates, as PEM files. They are read again on SIGHUP. TLS 1.2 and 1.3 are spoken.
    pub struct TlsSettings {
        /// The server's certificate, followed by those between it and its CA.
        pub certificate: Option<PathBuf> = None, example r#""tls/server.pem""#;
        /// The private key of the certificate.
        pub private_key: Option<PathBuf> = None, example r#""tls/server.key""#;
        /// The CA whose client certificates are accepted; without it none is asked for.
        pub client_ca: Option<PathBuf> = None, example r#""tls/clients.pem""#;
    }
}

section! {
    /// Time-based one-time passwords (RFC 6238).
    pub struct TotpSettings {
        /// The name that authenticator applications show.
        pub issuer: String = "countersign".to_owned(), if |text| !text.is_empty() && !text.contains(':'), "a text that is not empty and has no colon";
        /// The length of a time step, whole seconds from 5s to 5m. Every application assumes 30s.
        pub step: Duration = Duration::from_secs(30), if |time| time.subsec_nanos() == 0 && (5..=300).contains(&time.as_secs()), "whole seconds from \"5s\" to \"5m\"";
        /// How many steps before and after the current one are accepted too, 0 to 10.
        pub window: u32 = 1, if |steps| *steps <= 10, "a whole number from 0 to 10";
    }
}

section! {
    /// When repeated failure closes an account for a while. Passwords and second factors are counted apart, by the same rule.
    pub struct LockoutSettings {
        /// Failures until the account is locked; 0 never locks.
        pub failures: u32 = 10;
        /// For how long it is locked.
        pub duration: Duration = Duration::from_secs(900), if |time| !time.is_zero(), "more than \"0s\"";
        /// A failure counts for this long.
        pub forget_after: Duration = Duration::from_secs(3600), if |time| !time.is_zero(), "more than \"0s\"";
        /// Consecutive failures of the second factor after which it is closed until somebody resets it; 0 never closes.
        pub close_factor_after: u32 = 100;
        /// An account that nobody logged in to for this long is locked until its password is reset; "0s" never.
        pub idle_after: Duration = Duration::ZERO;
    }
}

words! {
    /// How well a requester must have proved who it is.
    pub enum RequiredStrength {
        /// In any way.
        Any = "any",
        /// Over an encrypted connection.
        Tls = "tls",
        /// With two factors.
        TwoFactors = "two-factors",
    }
}

words! {
    /// What an access rule allows.
    pub enum Right {
        /// To use the attribute in a filter, and to find the entry.
        Search = "search",
        /// To see the value.
        Read = "read",
        /// To compare.
        Compare = "compare",
        /// To change values.
        Write = "write",
        /// To add entries.
        Add = "add",
        /// To delete entries.
        Delete = "delete",
        /// To rename and move entries.
        Rename = "rename",
        /// To act for the entry.
        Proxy = "proxy",
    }
}

section! {
    /// Who may see and do what; one `[[access]]` per rule. For each attribute the first rule that matches decides; what no rule
    /// matches is refused. Without any rule: anonymous clients see the root DSE and the schema; users see what is not secret
    /// and change a few attributes of their own; root and the privilege bypass-acl do all.
    pub struct AccessRule {
        /// What it is about: "subtree:DN", "entry:DN" or "*".
        pub to: String = "*".to_owned();
        /// Which attributes: names, "*" for all user attributes, "+" for operational ones, "!name" for all but this one.
        pub attributes: Vec<String> = vec!["*".to_owned()];
        /// Only entries that match this filter.
        pub filter: Option<String> = None, example r#""(objectClass=person)""#;
        /// Who: "anyone", "users", "self", "user:DN", "group:DN" or "subtree:DN".
        pub who: String = "users".to_owned();
        /// Only from these addresses; empty is from everywhere.
        pub from: Vec<Network> = Vec::new();
        /// How well proved: "any", "tls" or "two-factors".
        pub strength: RequiredStrength = RequiredStrength::Any;
        /// What is allowed: "search", "read", "compare", "write", "add", "delete", "rename", "proxy". Empty forbids.
        pub allow: Vec<Right> = Vec::new();
    }
}

words! {
    /// How a log line looks.
    pub enum LogFormat {
        /// key=value.
        Logfmt = "logfmt",
        /// One JSON object a line.
        Json = "json",
    }
}

words! {
    /// How much is logged.
    pub enum LogLevel {
        /// What the server failed at.
        Error = "error",
        /// And what deserves a look.
        Warn = "warn",
        /// And one line for each authentication and change.
        Info = "info",
        /// And one line for each operation.
        Debug = "debug",
    }
}

section! {
    /// The log, on standard error.
    pub struct LogSettings {
        /// "logfmt" or "json".
        pub format: LogFormat = LogFormat::Logfmt;
        /// "error", "warn", "info" (authentications and changes) or "debug" (every operation).
        pub level: LogLevel = LogLevel::Info;
    }
}

section! {
    /// Requests that the server itself sends by HTTP: short messages, webhooks, validation services, key sets. Certificates are
    /// always verified; http without TLS goes to this machine only.
    pub struct OutgoingSettings {
        /// The time for one whole exchange, from the name to the last octet of the answer.
        pub timeout: Duration = Duration::from_secs(10), if |time| (Duration::from_millis(100)..=Duration::from_secs(60)).contains(time), "\"100ms\" to \"60s\"";
        /// CA certificates (PEM) that are trusted beside the system's.
        pub ca_file: Option<PathBuf> = None, example r#""tls/outgoing-ca.pem""#;
        /// A proxy that makes the connections (HTTP CONNECT), without a user name; https goes through it.
        pub proxy: Option<String> = None, example r#""http://proxy.example.com:3128""#;
    }
}

section! {
    /// What is counted, for Prometheus: GET /metrics, without authentication, over HTTP in clear. /livez and /readyz answer there too.
    pub struct MetricsSettings {
        /// Addresses to serve it on, such as ["127.0.0.1:9636"]; without any, it is not served. No user is named, but load and
        /// failures are told: keep it to loopback or to a network of your own.
        pub listen: Vec<SocketAddr> = Vec::new();
    }
}

words! {
    /// Which store keeps the entries.
    pub enum StoreKind {
        /// LMDB in the data directory.
        Embedded = "embedded",
    }
}

section! {
    /// The store.
    pub struct StoreSettings {
        /// "embedded": LMDB in the data directory.
        pub kind: StoreKind = StoreKind::Embedded;
        /// The size to which the database may grow, from 16MiB; address space is set aside for it, no memory and no disk.
        pub max_size: Size = Size::gib(64), if |size| *size >= Size::mib(16), "\"16MiB\" or more";
    }
}

/// The whole configuration.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Config {
    /// `[server]`
    pub server: ServerSettings,
    /// `[directory]`
    pub directory: DirectorySettings,
    /// `[root]`
    pub root: RootSettings,
    /// `[ldap]`
    pub ldap: LdapSettings,
    /// `[limits]`
    pub limits: LimitsSettings,
    /// `[factors]`
    pub factors: FactorsSettings,
    /// `[simple_bind]`
    pub simple_bind: SimpleBindSettings,
    /// `[rest]`
    pub rest: RestSettings,
    /// `[bearer]`
    pub bearer: BearerSettings,
    /// `[tls]`
    pub tls: TlsSettings,
    /// `[totp]`
    pub totp: TotpSettings,
    /// `[yubikey]`
    pub yubikey: YubikeySettings,
    /// `[password]`
    pub password: PasswordSettings,
    /// `[password.validators]`
    pub password_validators: PasswordValidatorSettings,
    /// `[password.generator]`
    pub password_generator: PasswordGeneratorSettings,
    /// `[lockout]`
    pub lockout: LockoutSettings,
    /// `[login_history]`
    pub login_history: LoginHistorySettings,
    /// `[outgoing]`
    pub outgoing: OutgoingSettings,
    /// `[delivered_otp]`
    pub delivered_otp: DeliveredOtpSettings,
    /// `[single_use_tokens]`
    pub single_use_tokens: SingleUseTokenSettings,
    /// `[password_reset_tokens]`
    pub password_reset_tokens: PasswordResetTokenSettings,
    /// `[delivery_limits]`
    pub delivery_limits: DeliveryLimitsSettings,
    /// `[delivery.NAME]`, in order
    pub delivery: Vec<DeliverySettings>,
    /// `[[validation_client]]`
    pub validation_clients: Vec<ValidationClient>,
    /// `[[access]]`, in order
    pub access: Vec<AccessRule>,
    /// `[log]`
    pub log: LogSettings,
    /// `[metrics]`
    pub metrics: MetricsSettings,
    /// `[store]`
    pub store: StoreSettings,
}

/// Applies a macro to each plain section: its name, which is also the field's.
macro_rules! each_section {
    ($apply:ident) => {
        $apply!(
            server,
            directory,
            root,
            ldap,
            limits,
            factors,
            simple_bind,
            rest,
            bearer,
            tls,
            totp,
            yubikey,
            password,
            password_validators,
            password_generator,
            lockout,
            login_history,
            delivered_otp,
            single_use_tokens,
            password_reset_tokens,
            delivery_limits,
            outgoing,
            log,
            metrics,
            store
        )
    };
}
use each_section;

/// Sections that stand within another one: the field, and the name in the file.
const WITHIN: &[(&str, &str)] =
    &[("password_validators", "password.validators"), ("password_generator", "password.generator")];

/// The name in the file of the section with this field.
fn written_name(field: &'static str) -> &'static str {
    WITHIN.iter().find(|(own, _)| *own == field).map_or(field, |(_, name)| name)
}

/// Sections and keys of features that are not here yet: named, so that the refusal can say so.
const LATER: &[&str] = &["factor_policy", "portal"];

impl Config {
    /// Reads a file and the environment of this process.
    ///
    /// # Errors
    /// Everything that is wrong with it, at once.
    pub fn load(file: &Path) -> Result<Self, ConfigError> {
        let text = std::fs::read_to_string(file).map_err(|error| ConfigError {
            file: file.to_owned(),
            problems: vec![Problem { line: None, key: String::new(), sentence: format!("cannot be read: {error}") }],
        })?;
        Self::parse(file, &text, environment::variables())
    }

    /// Reads a text as if it stood in `file`, with these environment variables.
    ///
    /// # Errors
    /// Everything that is wrong with it, at once.
    pub fn parse(
        file: &Path,
        text: &str,
        variables: impl Iterator<Item = (String, String)>,
    ) -> Result<Self, ConfigError> {
        let folder = file.parent().unwrap_or_else(|| Path::new(""));
        let mut reading = Reading { folder, problems: Vec::new(), later: LATER, within: WITHIN };
        let mut config = Self::default();
        match value::parse(text) {
            Ok(members) => {
                for member in members {
                    config.section(&mut reading, &member.key, &member.value);
                    config.sections_within(&mut reading, &member);
                }
                environment::apply(&mut config, &mut reading, variables);
                config.relate(&mut reading);
            }
            Err(problem) => reading.problems.push(problem),
        }
        if !reading.problems.is_empty() {
            return Err(ConfigError { file: file.to_owned(), problems: reading.problems });
        }
        config.resolve(folder);
        Ok(config)
    }

    /// What deserves a look, though nothing is wrong: one sentence each.
    pub fn warnings(&self) -> Vec<String> {
        let open = self.metrics.listen.iter().filter(|address| !address.ip().is_loopback());
        let open = open.map(|address| format!("[metrics] {address} tells load and failures to whoever can reach it"));
        delivery::warnings(&self.delivery).chain(open).collect()
    }

    /// The commented file that says the same as this configuration: every key with its documentation, those at their default as
    /// comments.
    pub fn sample(&self) -> String {
        sample::of(self)
    }

    fn section(&mut self, reading: &mut Reading<'_>, name: &str, found: &Value) {
        macro_rules! read {
            ($($section:ident),+) => {
                match name {
                    $( name if name == written_name(stringify!($section)) => {
                        reading.section(&mut self.$section, name, found);
                    } )+
                    "access" => list(&mut self.access, reading, "access", found),
                    "validation_client" => list(&mut self.validation_clients, reading, "validation_client", found),
                    "delivery" => self.delivery = delivery::reading::read(reading, found),
                    _ if LATER.contains(&name) => reading.refuse(
                        found.line,
                        name,
                        "this version does not have that feature yet; take the section out".to_owned(),
                    ),
                    _ => {
                        let known = [$( written_name(stringify!($section)), )+ "access", "delivery", "validation_client"];
                        let meant = nearest(name, known.into_iter())
                            .map_or_else(String::new, |near| format!("did you mean [{near}]? "));
                        reading.refuse(
                            found.line,
                            name,
                            format!("no such section; {meant}There are {}", known.join(", ")),
                        );
                    }
                }
            };
        }
        each_section!(read);
    }

    fn sections_within(&mut self, reading: &mut Reading<'_>, outer: &Member) {
        let Kind::Table(members) = &outer.value.kind else { return };
        for member in members {
            let name = format!("{}.{}", outer.key, member.key);
            if WITHIN.iter().any(|(_, within)| *within == name) {
                self.section(reading, &name, &member.value);
            }
        }
    }

    /// What no key can be judged by alone.
    fn relate(&self, reading: &mut Reading<'_>) {
        if self.directory.base_dns.is_empty() && !reading.problems.iter().any(|p| p.key == "directory.base_dns") {
            reading.refuse(
                None,
                "directory.base_dns",
                "missing; name at least one DN: base_dns = [\"dc=example,dc=com\"]".to_owned(),
            );
        }
        if self.tls.certificate.is_some() != self.tls.private_key.is_some() {
            reading.refuse(None, "tls", "certificate and private_key belong together; one is missing".to_owned());
        }
        if self.yubikey.keys != YubikeyJudge::Local && self.yubikey.client_id.is_none() {
            let sentence = "missing; validation servers must be told which client asks".to_owned();
            reading.refuse(None, "yubikey.client_id", sentence);
        }
        for client in &self.validation_clients {
            let twice = self.validation_clients.iter().filter(|other| other.id == client.id).count() > 1;
            if client.id == 0 || client.api_key.is_none() || twice {
                let sentence = "each needs an id of its own and an api_key".to_owned();
                reading.refuse(None, "validation_client", sentence);
            }
        }
        let tls_doors = [("ldap.listen_tls", &self.ldap.listen_tls), ("rest.listen", &self.rest.listen)];
        for (key, addresses) in tls_doors {
            if !addresses.is_empty() && self.tls.certificate.is_none() {
                let sentence = "needs [tls] certificate and private_key; set them, or set this to []".to_owned();
                reading.refuse(None, key, sentence);
            }
        }
        self.bearer.relate(reading);
        self.password_generator.relate(&self.password_validators, reading);
        let doors = [&self.ldap.listen, &self.ldap.listen_tls, &self.rest.listen, &self.rest.listen_plain];
        if doors.iter().all(|addresses| addresses.is_empty()) {
            reading.refuse(None, "ldap.listen", "nothing to listen on: every list of addresses is empty".to_owned());
        }
    }

    /// Makes relative paths relative to the file.
    fn resolve(&mut self, folder: &Path) {
        let mut paths = vec![&mut self.server.data_dir, &mut self.server.seal_key_file];
        paths.extend(
            [
                &mut self.tls.certificate,
                &mut self.tls.private_key,
                &mut self.tls.client_ca,
                &mut self.outgoing.ca_file,
                &mut self.bearer.jwks_file,
                &mut self.password_validators.dictionary_file,
            ]
            .into_iter()
            .flatten(),
        );
        paths.extend(self.delivery.iter_mut().filter_map(DeliverySettings::paths));
        for path in paths {
            *path = folder.join(&*path);
        }
    }
}

/// Reads sections of which there may be any number: `[[name]]`.
fn list<S: Section + Default>(into: &mut Vec<S>, reading: &mut Reading<'_>, name: &str, found: &Value) {
    let Kind::List(sections) = &found.kind else {
        reading.refuse(found.line, name, format!("there may be several: write [[{name}]]"));
        return;
    };
    for section in sections {
        let mut read = S::default();
        reading.section(&mut read, name, section);
        into.push(read);
    }
}

#[cfg(test)]
mod tests;
