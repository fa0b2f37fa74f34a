//! The access rules that hold where the configuration has none.

use crate::config::{AccessRule, Right};

/// What holds without any `[[access]]`: users change what harms nobody of their own entry (not `mail` or `mobile`: codes are
/// sent there) and see everything but other people's factors and account state.
pub(super) fn default_rules() -> Vec<AccessRule> {
    let see = vec![Right::Search, Right::Read, Right::Compare];
    let names = |names: &[&str]| names.iter().map(|name| (*name).to_owned()).collect::<Vec<_>>();
    vec![
        AccessRule {
            who: "self".to_owned(),
            attributes: names(OWN_WRITABLE),
            allow: [see.as_slice(), &[Right::Write]].concat(),
            ..AccessRule::default()
        },
        AccessRule {
            who: "self".to_owned(),
            attributes: names(&["*", "+"]),
            allow: see.clone(),
            ..AccessRule::default()
        },
        AccessRule {
            who: "users".to_owned(),
            attributes: [names(&["*", "+"]), FACTOR_STATE.iter().map(|name| format!("!{name}")).collect()].concat(),
            allow: see,
            ..AccessRule::default()
        },
    ]
}

/// Attributes that a user may change in their own entry by default.
const OWN_WRITABLE: &[&str] = &[
    "displayName",
    "description",
    "telephoneNumber",
    "homePhone",
    "postalAddress",
    "roomNumber",
    "preferredLanguage",
    "jpegPhoto",
    "labeledURI",
    "initials",
    "ds-auth-preferred-otp-delivery-mechanism",
];

/// Attributes that by default only their owner and administrators see.
const FACTOR_STATE: &[&str] = &[
    "ds-auth-yubikey-public-id",
    "ds-auth-preferred-otp-delivery-mechanism",
    "ds-privilege-name",
    "ds-pwp-password-policy-dn",
    "ds-pwp-account-disabled",
    "ds-pwp-account-activation-time",
    "ds-pwp-account-expiration-time",
];
