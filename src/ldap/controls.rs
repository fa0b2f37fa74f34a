//! Which controls are known, on which operations they mean something, and what a request's controls say (RFC 4511 section
//! 4.1.11). What they do is done by the handlers; their values' form is `proto`'s.

use countersign_proto::{
    ldap::{
        controls::{self, Control, Controls, PagedResults, PasswordPolicy, PasswordPolicyWarning},
        filter::Filter,
        malformed::Malformed,
        strings::Strings,
    },
    oid,
    result_code::ResultCode,
};

use crate::{
    caller::{Caller, Notice, Retirement},
    error::{Error, PolicyError, Result},
};

/// The operations that carry controls, as a set.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct On(u16);

impl On {
    pub(super) const BIND: Self = Self(1);
    pub(super) const SEARCH: Self = Self(2);
    pub(super) const COMPARE: Self = Self(4);
    pub(super) const ADD: Self = Self(8);
    pub(super) const MODIFY: Self = Self(16);
    pub(super) const MODIFY_DN: Self = Self(32);
    pub(super) const DELETE: Self = Self(64);
    pub(super) const EXTENDED: Self = Self(128);
    /// An extended operation that sets a password.
    pub(super) const SETS_PASSWORD: Self = Self(256);
    const CHANGES: Self = Self(Self::ADD.0 | Self::MODIFY.0 | Self::MODIFY_DN.0 | Self::DELETE.0);
    const ENTRIES: Self = Self(Self::CHANGES.0 | Self::SEARCH.0 | Self::COMPARE.0);

    pub(super) const fn and(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }

    const fn without(self, other: Self) -> Self {
        Self(self.0 & !other.0)
    }

    const fn includes(self, other: Self) -> bool {
        self.0 & other.0 != 0
    }
}

/// One row: a control, and the operations on which it means something.
struct Known {
    oid: &'static str,
    on: On,
}

const KNOWN: &[Known] = &[
    Known { oid: oid::PAGED_RESULTS, on: On::SEARCH },
    Known { oid: oid::ASSERTION, on: On::CHANGES.and(On::COMPARE) },
    Known { oid: oid::PRE_READ, on: On::CHANGES.without(On::ADD) },
    Known { oid: oid::POST_READ, on: On::CHANGES.without(On::DELETE) },
    Known { oid: oid::MANAGE_DSA_IT, on: On::ENTRIES },
    Known { oid: oid::PROXIED_AUTHORIZATION_V2, on: On::ENTRIES.and(On::EXTENDED) },
    Known { oid: oid::PROXIED_AUTHORIZATION_V1, on: On::ENTRIES.and(On::EXTENDED) },
    Known { oid: oid::PERMISSIVE_MODIFY, on: On::MODIFY },
    Known { oid: oid::SUBTREE_DELETE, on: On::DELETE },
    Known { oid: oid::PASSWORD_POLICY, on: On::BIND.and(On::CHANGES).and(On::COMPARE).and(On::EXTENDED) },
    Known { oid: oid::AUTHORIZATION_IDENTITY_REQUEST, on: On::BIND },
    Known { oid: oid::RETAIN_IDENTITY, on: On::BIND },
    Known { oid: oid::RETIRE_PASSWORD, on: On::MODIFY.and(On::SETS_PASSWORD) },
    Known { oid: oid::PURGE_PASSWORD, on: On::MODIFY.and(On::SETS_PASSWORD) },
    Known { oid: oid::PASSWORD_VALIDATION_DETAILS_REQUEST, on: On::ADD.and(On::MODIFY).and(On::SETS_PASSWORD) },
    Known { oid: oid::GET_RECENT_LOGIN_HISTORY_REQUEST, on: On::BIND },
];

/// More controls than this on one request are refused.
const MAX_CONTROLS: usize = 32;

/// The OIDs of all known controls, for the root DSE.
pub fn supported() -> Vec<&'static str> {
    KNOWN.iter().map(|known| known.oid).collect()
}

/// What the controls of one request say.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Requested<'a> {
    /// One page of a search.
    pub(super) paged: Option<PagedResults<'a>>,
    /// What must be true of the entry; with its element.
    pub(super) assertion: Option<(Filter<'a>, &'a [u8])>,
    /// Attributes as they were before.
    pub(super) pre_read: Option<Strings<'a>>,
    /// Attributes as they are afterwards.
    pub(super) post_read: Option<Strings<'a>>,
    /// As whom to act.
    pub(super) proxied: Option<Proxied<'a>>,
    /// RFC-less: adding what is there and deleting what is not is no error.
    pub(super) permissive: bool,
    /// Delete what is below too.
    pub(super) subtree: bool,
    /// Answer with the password policy control.
    pub(super) password_policy: bool,
    /// Answer a bind with the identity.
    pub(super) authorization_identity: bool,
    /// Do not change the connection's identity.
    pub(super) retain_identity: bool,
    /// What becomes of the password that is replaced.
    pub(super) retirement: Option<Retirement>,
    /// Answer with what became of the password.
    pub(super) password_validation: bool,
    /// Answer a bind with the recent logins.
    pub(super) login_history: bool,
}

/// As whom to act.
#[derive(Clone, Copy, Debug)]
pub(super) enum Proxied<'a> {
    /// A bare DN; empty for anonymous.
    Dn(&'a str),
    /// An authorization ID; empty for anonymous.
    AuthorizationId(&'a str),
}

impl<'a> Requested<'a> {
    /// Reads the controls of a request of this kind.
    ///
    /// # Errors
    /// unavailableCriticalExtension for a critical control that is unknown or means nothing here; protocolError for a malformed
    /// value or a control that comes twice.
    pub(super) fn read(controls: Controls<'a>, on: On) -> Result<Self> {
        let mut requested = Self::default();
        if controls.is_empty() {
            return Ok(requested);
        }
        if controls.iter().nth(MAX_CONTROLS).is_some() {
            return Err(Error::protocol("The request has too many controls"));
        }
        for (place, control) in controls.iter().enumerate() {
            if controls.iter().take(place).any(|earlier| earlier.oid == control.oid) {
                return Err(Error::protocol(format!("The request has the control {} twice", control.oid)));
            }
            let known = KNOWN.iter().any(|known| known.oid == control.oid && known.on.includes(on));
            match (known, control.critical) {
                (true, _) => requested.take(control)?,
                (false, false) => {}
                (false, true) => return Err(unavailable(&control)),
            }
        }
        Ok(requested)
    }

    fn take(&mut self, control: Control<'a>) -> Result<()> {
        let malformed =
            |what: Malformed| Error::protocol(format!("The value of the control {} is malformed: {what}", control.oid));
        match control.oid {
            oid::PAGED_RESULTS => self.paged = Some(PagedResults::decode(control.value).map_err(malformed)?),
            oid::ASSERTION => {
                let filter = controls::assertion(control.value).map_err(malformed)?;
                self.assertion = Some((filter, control.value.unwrap_or_default()));
            }
            oid::PRE_READ => {
                self.pre_read = Some(controls::attribute_selection(control.value).map_err(malformed)?);
            }
            oid::POST_READ => {
                self.post_read = Some(controls::attribute_selection(control.value).map_err(malformed)?);
            }
            oid::PROXIED_AUTHORIZATION_V1 => {
                let dn = controls::proxied_authorization_v1(control.value).map_err(malformed)?;
                self.take_proxied(&control, Proxied::Dn(dn))?;
            }
            oid::PROXIED_AUTHORIZATION_V2 => {
                let id = controls::proxied_authorization_v2(control.value).map_err(malformed)?;
                self.take_proxied(&control, Proxied::AuthorizationId(id))?;
            }
            _ => self.take_flag(&control)?,
        }
        Ok(())
    }

    fn take_proxied(&mut self, control: &Control<'_>, proxied: Proxied<'a>) -> Result<()> {
        // A server that overlooked it would act with the wrong rights (RFC 4370 section 3).
        if !control.critical {
            return Err(Error::protocol("The proxied authorization control must be critical"));
        }
        if self.proxied.replace(proxied).is_some() {
            return Err(Error::protocol("The request has both versions of the proxied authorization control"));
        }
        Ok(())
    }

    fn retire(&mut self, retirement: Retirement) -> Result<()> {
        match self.retirement.replace(retirement) {
            None => Ok(()),
            Some(_) => Err(Error::protocol("The request has both the retire and the purge password control")),
        }
    }

    /// Controls without a value.
    fn take_flag(&mut self, control: &Control<'_>) -> Result<()> {
        if control.value.is_some() {
            return Err(Error::protocol(format!("The control {} has no value", control.oid)));
        }
        match control.oid {
            oid::PERMISSIVE_MODIFY => self.permissive = true,
            oid::SUBTREE_DELETE => self.subtree = true,
            oid::PASSWORD_POLICY => self.password_policy = true,
            oid::AUTHORIZATION_IDENTITY_REQUEST => self.authorization_identity = true,
            oid::RETAIN_IDENTITY => self.retain_identity = true,
            oid::RETIRE_PASSWORD => self.retire(Retirement::Retired { critical: control.critical })?,
            oid::PURGE_PASSWORD => self.retire(Retirement::Ended)?,
            oid::PASSWORD_VALIDATION_DETAILS_REQUEST => self.password_validation = true,
            oid::GET_RECENT_LOGIN_HISTORY_REQUEST => self.login_history = true,
            // ManageDsaIT: there are no referrals here, so that everything is treated as an entry anyway.
            _ => {}
        }
        Ok(())
    }
}

/// The response controls that a request asked for, whatever its outcome: the password policy control, which says what is wrong with
/// a password, if that is it.
pub(super) fn answered(password_policy: bool, error: Option<&Error>) -> Vec<u8> {
    let says = PasswordPolicy { error: error.and_then(|error| error.policy).map(code), ..PasswordPolicy::default() };
    policy_control(password_policy, says)
}

/// The same of a request of `caller` that may set a password, with what became of that.
pub(super) fn answered_change(password_policy: bool, caller: &Caller, error: Option<&Error>) -> Vec<u8> {
    let mut list = answered(password_policy, error);
    if let Some(details) = caller.password_report.told() {
        controls::append(&mut list, oid::PASSWORD_VALIDATION_DETAILS_RESPONSE, Some(&details.to_ber()));
    }
    list
}

/// The same of a bind, where the age of a good password is worth a word; and two controls that nobody needs to ask for.
pub(super) fn answered_bind(password_policy: bool, proven: Result<&Notice, &Error>) -> Vec<u8> {
    let Ok(notice) = proven else {
        let error = proven.err().and_then(|error| error.policy);
        let mut list = answered(password_policy, proven.err());
        if error == Some(PolicyError::PasswordExpired) {
            controls::append(&mut list, oid::PASSWORD_EXPIRED, Some(b"0"));
        }
        return list;
    };
    let expiring = notice.expires_in.map(PasswordPolicyWarning::TimeBeforeExpiration);
    let grace = notice.grace_logins_left.map(PasswordPolicyWarning::GraceAuthenticationsRemaining);
    let error = notice.must_change.then(|| code(PolicyError::ChangeAfterReset));
    let mut list = policy_control(password_policy, PasswordPolicy { warning: expiring.or(grace), error });
    if notice.must_change || notice.grace_logins_left.is_some() {
        controls::append(&mut list, oid::PASSWORD_EXPIRED, Some(b"0"));
    } else if let Some(seconds) = notice.expires_in {
        controls::append(&mut list, oid::PASSWORD_EXPIRING, Some(seconds.to_string().as_bytes()));
    }
    list
}

const fn code(error: PolicyError) -> u8 {
    error as u8
}

fn policy_control(password_policy: bool, says: PasswordPolicy) -> Vec<u8> {
    let mut list = Vec::new();
    if password_policy {
        controls::append(&mut list, oid::PASSWORD_POLICY, Some(&says.encode()));
    }
    list
}

fn unavailable(control: &Control<'_>) -> Error {
    Error::new(
        ResultCode::UNAVAILABLE_CRITICAL_EXTENSION,
        format!("The critical control {} is not available for this operation", control.oid),
    )
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]
    use super::*;

    fn list(controls: &[(&str, bool, Option<&[u8]>)]) -> Vec<u8> {
        let mut out = Vec::new();
        for &(oid, critical, value) in controls {
            Control { oid, critical, value }.append(&mut out);
        }
        out
    }

    fn read(controls: &[(&str, bool, Option<&[u8]>)], on: On) -> Result<(), ResultCode> {
        let list = list(controls);
        Requested::read(Controls::decode(&list).unwrap(), on).map(drop).map_err(|error| error.code)
    }

    #[test]
    fn an_unknown_control_matters_only_if_it_is_critical() {
        assert_eq!(read(&[("1.2.3", false, None)], On::SEARCH), Ok(()));
        assert_eq!(read(&[("1.2.3", true, None)], On::SEARCH), Err(ResultCode::UNAVAILABLE_CRITICAL_EXTENSION));
    }

    #[test]
    fn a_known_control_where_it_means_nothing_counts_as_unknown() {
        assert_eq!(read(&[(oid::SUBTREE_DELETE, false, None)], On::SEARCH), Ok(()));
        let critical = read(&[(oid::SUBTREE_DELETE, true, None)], On::SEARCH);
        assert_eq!(critical, Err(ResultCode::UNAVAILABLE_CRITICAL_EXTENSION));
        assert_eq!(read(&[(oid::SUBTREE_DELETE, true, None)], On::DELETE), Ok(()));
        assert_eq!(read(&[(oid::PRE_READ, true, Some(&[0x30, 0]))], On::ADD), critical);
    }

    #[test]
    fn the_same_control_twice_and_malformed_values_are_protocol_errors() {
        let protocol_error = Err(ResultCode::PROTOCOL_ERROR);
        let manage = (oid::MANAGE_DSA_IT, false, None);
        assert_eq!(read(&[manage, manage], On::SEARCH), protocol_error);
        assert_eq!(read(&[(oid::PAGED_RESULTS, false, None)], On::SEARCH), protocol_error);
        assert_eq!(read(&[(oid::PAGED_RESULTS, false, Some(&[0x30, 0]))], On::SEARCH), protocol_error);
        assert_eq!(read(&[(oid::MANAGE_DSA_IT, true, Some(&[]))], On::SEARCH), protocol_error);
        assert_eq!(read(&[(oid::PROXIED_AUTHORIZATION_V2, false, Some(b"u:a"))], On::SEARCH), protocol_error);
        let proxied = [
            (oid::PROXIED_AUTHORIZATION_V2, true, Some(&b""[..])),
            (oid::PROXIED_AUTHORIZATION_V1, true, Some(&[0x30, 2, 4, 0][..])),
        ];
        assert_eq!(read(&proxied, On::SEARCH), protocol_error);
        let many: Vec<String> = (0..40).map(|number| format!("1.2.{number}")).collect();
        let many: Vec<_> = many.iter().map(|oid| (oid.as_str(), false, None)).collect();
        assert_eq!(read(&many, On::SEARCH), protocol_error);
    }

    #[test]
    fn every_known_control_is_listed_once() {
        let mut listed = supported();
        listed.sort_unstable();
        listed.dedup();
        assert_eq!(listed.len(), KNOWN.len());
    }
}
