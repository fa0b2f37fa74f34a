//! Who is asking, and over what: known to the doors, the access rules and the handlers alike. How somebody became this caller is
//! `handlers/bind.rs`; what the caller may do is `access.rs`.

mod password_report;

use std::{net::SocketAddr, sync::Arc};

use uuid::Uuid;

pub use self::password_report::PasswordReport;
use crate::{
    directory::dn::DnKey,
    store::{EntryId, Version},
};

/// Who asks for an operation, how surely we know it, and the way the request came.
#[derive(Clone, Debug)]
pub struct Caller {
    /// Whose rights count.
    pub identity: Identity,
    /// How the identity was proven.
    pub strength: Strength,
    /// The connection that brought the request.
    pub channel: Arc<Channel>,
    /// The identity this connection had before its last bind: an application that looks a user up, binds as the user and binds
    /// back is recognized by it.
    pub previously: Option<Identity>,
    /// The number of the request on its connection, for the log.
    pub operation: i64,
    /// What there was to say about the password that proved it.
    pub notice: Notice,
    /// What the request is told of the password that it sets.
    pub password_report: PasswordReport,
    /// What becomes of the password that the request replaces.
    pub retirement: Retirement,
    /// What an access token for this caller would rest on.
    pub basis: Basis,
}

/// What a request wants of the password that it replaces.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Retirement {
    /// It ends at once.
    #[default]
    Ended,
    /// It is good for a while longer, if the configuration has it so.
    Retired {
        /// Otherwise the request fails.
        critical: bool,
    },
}

/// What an access token rests on: the state of an account's password, factors and validity, as they were when they were proven.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Basis {
    /// Nobody wants a token.
    #[default]
    NotWanted,
    /// The door wants to hand one out once somebody is proven.
    Wanted,
    /// The digest of that state.
    Proven([u8; 32]),
}

/// What a password policy says about the password that proved a caller.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Notice {
    /// It expires soon, in so many seconds.
    pub expires_in: Option<i32>,
    /// It has expired, and binds so many times more.
    pub grace_logins_left: Option<i32>,
    /// Somebody else set it: the caller may do nothing but set another.
    pub must_change: bool,
}

/// Whose rights count.
#[derive(Clone, Debug, Default)]
pub enum Identity {
    /// Nobody has been proven.
    #[default]
    Anonymous,
    /// The root user of the configuration, by its DN: holds every privilege and is no entry.
    Root(Arc<str>),
    /// The user of an entry.
    User(Arc<User>),
}

/// A user as last read from the store; `handlers/context.rs` refreshes it when the store has changed.
#[derive(Clone, Debug)]
pub struct User {
    /// The entry.
    pub id: EntryId,
    /// The entry's UUID: stays when the entry is renamed.
    pub uuid: Uuid,
    /// The DN in its stored spelling.
    pub dn: String,
    /// The normalized DN.
    pub key: DnKey,
    /// Values of `ds-privilege-name`.
    pub privileges: Privileges,
    /// The groups named by access rules that this user is a member of.
    pub groups: Vec<DnKey>,
    /// The version of the entry that this was read from.
    pub version: Version,
    /// The store's change number up to which this is known to hold.
    pub as_of: u64,
}

/// How an identity was proven; ordered from weak to strong.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Default)]
pub enum Strength {
    /// Not at all.
    #[default]
    None,
    /// By a password, a certificate or the operating system's word alone.
    One,
    /// By a password and a second factor.
    TwoFactors,
}

/// The way requests come in: one per connection.
#[derive(Clone, Debug)]
pub struct Channel {
    /// A number for the log, unique while the process runs.
    pub connection: u64,
    /// Whether the octets are protected by TLS.
    pub tls: bool,
    /// The other end; `None` for the Unix socket.
    pub peer: Option<SocketAddr>,
    /// The listener's name for rules and log: `ldap`, `ldaps`, `ldapi`, `rest`, `rest-plain`.
    pub listener: &'static str,
    /// For the Unix socket: whether the peer runs as root or as the server's own user, who is the root user by SASL EXTERNAL.
    pub trusted_peer: bool,
}

impl Channel {
    /// Whether the octets cannot be read on a network: TLS, a loopback address or the Unix socket.
    pub fn is_local(&self) -> bool {
        self.peer.is_none_or(|peer| peer.ip().to_canonical().is_loopback())
    }
}

impl Caller {
    /// A connection nobody has bound on yet.
    pub fn anonymous(channel: Arc<Channel>) -> Self {
        Self {
            identity: Identity::Anonymous,
            strength: Strength::None,
            channel,
            previously: None,
            operation: 0,
            notice: Notice::default(),
            password_report: PasswordReport::default(),
            retirement: Retirement::default(),
            basis: Basis::NotWanted,
        }
    }

    /// This connection with another identity; the present one is remembered.
    #[must_use]
    pub fn become_identity(&self, identity: Identity, strength: Strength) -> Self {
        let previously = match &self.identity {
            Identity::Anonymous => self.previously.clone(),
            known => Some(known.clone()),
        };
        let (channel, operation) = (self.channel.clone(), self.operation);
        let password_report = self.password_report.clone();
        let (notice, basis, retirement) = (Notice::default(), Basis::NotWanted, self.retirement);
        Self { identity, strength, channel, previously, operation, notice, password_report, retirement, basis }
    }

    /// Whether nobody has been proven.
    pub fn is_anonymous(&self) -> bool {
        matches!(self.identity, Identity::Anonymous)
    }

    /// Whether this is the root user.
    pub fn is_root(&self) -> bool {
        matches!(self.identity, Identity::Root(_))
    }

    /// The user's entry, if the caller is one.
    pub fn user(&self) -> Option<&User> {
        match &self.identity {
            Identity::User(user) => Some(user),
            _ => None,
        }
    }

    /// Whether the caller is the user of this entry.
    pub fn is(&self, entry: EntryId) -> bool {
        self.user().is_some_and(|user| user.id == entry)
    }

    /// Whether the caller holds a privilege; root holds all.
    pub fn may(&self, privilege: Privilege) -> bool {
        match &self.identity {
            Identity::Anonymous => false,
            Identity::Root(_) => true,
            Identity::User(user) => user.privileges.contains(privilege),
        }
    }

    /// Whether access rules are not asked: root, or the privilege `bypass-acl`.
    pub fn bypasses_access(&self) -> bool {
        self.may(Privilege::BypassAcl)
    }

    /// The DN as text; empty for anonymous.
    pub fn dn(&self) -> &str {
        match &self.identity {
            Identity::Anonymous => "",
            Identity::Root(dn) => dn,
            Identity::User(user) => &user.dn,
        }
    }

    /// The authorization ID that "who am I?" answers (RFC 4532): `dn:...`, or empty for anonymous.
    pub fn authorization_id(&self) -> String {
        match &self.identity {
            Identity::Anonymous => String::new(),
            _ => format!("dn:{}", self.dn()),
        }
    }
}

/// A right that is not tied to an entry: a value of `ds-privilege-name`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Privilege {
    /// `bypass-acl`: access rules are not asked.
    BypassAcl = 0,
    /// `modify-acl`: may change access rules.
    ModifyAcl,
    /// `password-reset`: may act on other users' passwords and factors.
    PasswordReset,
    /// `proxied-auth`: may act as another user.
    ProxiedAuth,
    /// `unindexed-search`: no lookthrough limit.
    UnindexedSearch,
    /// `permit-get-password-policy-state-issues`: may ask why a bind failed.
    PolicyStateIssues,
    /// `permit-verify-password-request`: may have a password checked without a bind.
    VerifyPassword,
    /// `config-read`.
    ConfigRead,
    /// `config-write`.
    ConfigWrite,
}

const PRIVILEGE_NAMES: [(&str, Privilege); 9] = [
    ("bypass-acl", Privilege::BypassAcl),
    ("modify-acl", Privilege::ModifyAcl),
    ("password-reset", Privilege::PasswordReset),
    ("proxied-auth", Privilege::ProxiedAuth),
    ("unindexed-search", Privilege::UnindexedSearch),
    ("permit-get-password-policy-state-issues", Privilege::PolicyStateIssues),
    ("permit-verify-password-request", Privilege::VerifyPassword),
    ("config-read", Privilege::ConfigRead),
    ("config-write", Privilege::ConfigWrite),
];

/// A set of privileges.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub struct Privileges(u16);

impl Privileges {
    /// The set that the values of `ds-privilege-name` name, in any case; `-name` takes one away whatever the order; unknown
    /// names grant nothing.
    pub fn from_values<'a>(values: impl Iterator<Item = &'a [u8]>) -> Self {
        let (mut granted, mut taken) = (0, 0);
        for value in values {
            let (name, set) = match value.strip_prefix(b"-") {
                Some(name) => (name, &mut taken),
                None => (value, &mut granted),
            };
            if let Some((_, privilege)) =
                PRIVILEGE_NAMES.iter().find(|(known, _)| known.as_bytes().eq_ignore_ascii_case(name))
            {
                *set |= 1 << *privilege as u16;
            }
        }
        Self(granted & !taken)
    }

    /// Whether the set holds `privilege`.
    pub fn contains(self, privilege: Privilege) -> bool {
        self.0 & (1 << privilege as u16) != 0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn privileges_are_named_in_any_case_and_a_minus_takes_away() {
        let values: [&[u8]; 4] = [b"Password-Reset", b"bypass-acl", b"-bypass-acl", b"no-such-thing"];
        let set = Privileges::from_values(values.into_iter());
        assert!(set.contains(Privilege::PasswordReset));
        assert!(!set.contains(Privilege::BypassAcl));
        assert!(!set.contains(Privilege::ProxiedAuth));
    }
}
