//! `countersign user show`: the entry and the state of the account, for people and for scripts; never a secret.

use countersign_proto::account::operation_type::StateOperationType as Kind;
use ldap3_proto::proto::LdapSearchResultEntry;
use serde_json::{Map, Value, json};

use crate::{
    cli::{
        account::{Account, Class},
        answer::Answer,
        factor_list, moment,
    },
    factors::record::Factor,
};

/// Entry and account together, as far as they are known; in JSON what is no attribute begins with `_`.
pub(super) fn shown(
    found: &LdapSearchResultEntry,
    account: Option<&Account>,
    factors: Option<&[Factor]>,
    recovery_codes: Option<u32>,
) -> Answer {
    let (mut text, mut members) = entry(found);
    if let Some(account) = account {
        text.push_str("\n\n");
        text.push_str(&summary(account, factors).join("\n"));
    }
    if let Some(left) = recovery_codes {
        text.push_str(&format!("\nrecovery codes left: {left}"));
    }
    members.insert("_account".to_owned(), json!(account.map(Account::to_json)));
    members.insert("_factors".to_owned(), json!(factors.map(factor_list::rows)));
    members.insert("_recoveryCodesLeft".to_owned(), json!(recovery_codes));
    Answer::new(text, Value::Object(members))
}

/// The account in lines.
fn summary(account: &Account, factors: Option<&[Factor]>) -> Vec<String> {
    let mut lines = Vec::new();
    let usable = if account.is(Kind::GetAccountIsUsable) { "may be used" } else { "may not be used" };
    lines.push(format!("the account {usable}"));
    for class in [Class::Errors, Class::Warnings, Class::Notices] {
        lines.extend(account.issues(class).into_iter().map(|sentence| format!("  {sentence}")));
    }
    if let Some(seconds) = account.seconds(Kind::GetSecondsUntilAuthenticationFailureUnlock) {
        lines.push(format!("  it is unlocked in {}, or by countersign user unlock", moment::span(seconds)));
    }
    lines.push(format!("last login: {}", last_login(account)));
    if let Some(changed) = account.first(Kind::GetPasswordChangedTime) {
        lines.push(format!("password set: {}", moment::readable(changed)));
    }
    lines.push(format!("second factors: {}", second_factors(account, factors)));
    lines
}

fn last_login(account: &Account) -> String {
    let Some(time) = account.first(Kind::GetLastLoginTime) else { return "none is recorded".to_owned() };
    let from = account.first(Kind::GetLastLoginIpAddress).map(|address| format!(" from {address}"));
    format!("{}{}", moment::readable(time), from.unwrap_or_default())
}

/// `factors`: those of the record, where it can be read; else it is only known whether there are any.
fn second_factors(account: &Account, factors: Option<&[Factor]>) -> String {
    let mut all = Vec::new();
    match factors {
        Some([]) => {}
        Some(factors) => {
            let used = moment::day(factors.iter().filter_map(|factor| factor.last_used).max());
            let unit = if factors.len() == 1 { "secret" } else { "secrets" };
            all.push(format!("{} TOTP {unit} (last used {used})", factors.len()));
        }
        None if account.is(Kind::HasTotpSharedSecret) => all.push("TOTP".to_owned()),
        None => {}
    }
    all.extend(account.all(Kind::GetRegisteredYubiKeyPublicIds).iter().map(|id| format!("YubiKey {id}")));
    if all.is_empty() { "none".to_owned() } else { all.join(", ") }
}

/// An entry as LDIF-like lines and as JSON; values that are no text are in base64.
fn entry(found: &LdapSearchResultEntry) -> (String, Map<String, Value>) {
    use base64::prelude::{BASE64_STANDARD, Engine};
    let mut text = format!("dn: {}", found.dn);
    let mut members = Map::from_iter([("_dn".to_owned(), json!(found.dn))]);
    for attribute in &found.attributes {
        let mut values = Vec::new();
        for value in &attribute.vals {
            let plain = std::str::from_utf8(value).ok().filter(|text| !text.contains(char::is_control));
            let shown = plain.map_or_else(|| BASE64_STANDARD.encode(value), str::to_owned);
            text.push_str(&format!("\n{}{} {shown}", attribute.atype, if plain.is_some() { ":" } else { "::" }));
            values.push(Value::String(shown));
        }
        members.insert(attribute.atype.clone(), Value::Array(values));
    }
    (text, members)
}
