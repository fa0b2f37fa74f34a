//! `countersign user add`: a new person, and the entries above that are missing.

use std::path::PathBuf;

use ldap3_proto::proto::{LdapAddRequest, LdapOp};
use serde_json::json;

use crate::cli::{
    answer::{Answer, Failure},
    client::attribute,
    passwords,
    site::{Site, Target},
};

/// A new person.
#[derive(clap::Args)]
pub(crate) struct Add {
    /// The user name (uid), such as alice.
    user: String,
    /// The full name; the user name if left out.
    #[arg(long)]
    name: Option<String>,
    /// The surname; the last word of the full name if left out.
    #[arg(long)]
    surname: Option<String>,
    /// The mail address.
    #[arg(long)]
    mail: Option<String>,
    /// The entry that the new one is put under; ou=people of the first base DN if left out, made if it is missing.
    #[arg(long)]
    parent: Option<String>,
    /// A further attribute, NAME=VALUE. May be given several times.
    #[arg(long = "attribute", value_name = "NAME=VALUE")]
    attributes: Vec<String>,
    /// The file with the password (- for standard input); asked for otherwise.
    #[arg(long, conflicts_with = "no_password")]
    password_file: Option<PathBuf>,
    /// Add the person without a password.
    #[arg(long)]
    no_password: bool,
    #[command(flatten)]
    target: Target,
}

impl Add {
    pub(super) fn run(&self) -> Result<Answer, Failure> {
        let password = match self.no_password {
            true => None,
            false => Some(passwords::new_password(self.password_file.as_deref(), &self.user)?),
        };
        let name = self.name.as_deref().unwrap_or(&self.user);
        let surname = self.surname.as_deref().or_else(|| name.rsplit(' ').next()).unwrap_or(name);
        let mut attributes = vec![
            attribute("objectClass", ["top", "person", "organizationalPerson", "inetOrgPerson"]),
            attribute("uid", [self.user.as_str()]),
            attribute("cn", [name]),
            attribute("sn", [surname]),
        ];
        attributes.extend(self.mail.iter().map(|mail| attribute("mail", [mail.as_str()])));
        for text in &self.attributes {
            let (name, value) = text
                .split_once('=')
                .ok_or_else(|| Failure::usage(format!("--attribute {text}: NAME=VALUE is meant")))?;
            attributes.push(attribute(name, [value]));
        }
        attributes.extend(password.iter().map(|password| attribute("userPassword", [password.expose()])));
        self.target.with(async |site| {
            let parent = match &self.parent {
                Some(parent) => parent.clone(),
                None => people(site).await?,
            };
            let dn = format!("uid={},{parent}", escaped(&self.user));
            let request = LdapAddRequest { dn: dn.clone(), attributes };
            site.client.change(LdapOp::AddRequest(request)).await?;
            Ok(Answer::new(format!("added {dn}"), json!({ "dn": dn })))
        })
    }
}

/// `ou=people` below the first base DN; made, with the base entry, if it is missing.
async fn people(site: &mut Site) -> Result<String, Failure> {
    let base = site.base_dns.first().cloned().unwrap_or_default();
    let people = format!("ou=people,{base}");
    if site.find(&base, &["1.1"]).await.is_err() {
        site.client.change(LdapOp::AddRequest(base_entry(&base)?)).await?;
    }
    if site.find(&people, &["1.1"]).await.is_err() {
        let attributes = vec![attribute("objectClass", ["top", "organizationalUnit"]), attribute("ou", ["people"])];
        site.client.change(LdapOp::AddRequest(LdapAddRequest { dn: people.clone(), attributes })).await?;
    }
    Ok(people)
}

/// The entry at the top of the tree, by what its name begins with.
fn base_entry(base: &str) -> Result<LdapAddRequest, Failure> {
    let (kind, rest) = base.split_once('=').unwrap_or_default();
    let value = rest.split(',').next().unwrap_or_default().trim();
    let (class, name) = match kind.trim().to_ascii_lowercase().as_str() {
        "dc" => ("domain", "dc"),
        "o" => ("organization", "o"),
        "ou" => ("organizationalUnit", "ou"),
        "c" => ("country", "c"),
        _ => {
            return Err(Failure::refused(format!(
                "the entry {base} is missing; add it first, over LDAP or with countersign import"
            )));
        }
    };
    let attributes = vec![attribute("objectClass", ["top", class]), attribute(name, [value])];
    Ok(LdapAddRequest { dn: base.to_owned(), attributes })
}

/// A value as it stands in a DN (RFC 4514 section 2.4).
fn escaped(value: &str) -> String {
    let last = value.chars().count().saturating_sub(1);
    let mut out = String::new();
    for (index, letter) in value.chars().enumerate() {
        let at_an_end = letter == ' ' && (index == 0 || index == last) || letter == '#' && index == 0;
        if at_an_end || matches!(letter, '"' | '+' | ',' | ';' | '<' | '>' | '\\' | '=') {
            out.push('\\');
        }
        out.push(letter);
    }
    out
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]
    use super::*;

    #[test]
    fn a_user_name_cannot_break_out_of_its_dn() {
        assert_eq!(escaped("a,ou=admins"), "a\\,ou\\=admins");
        assert_eq!(escaped(" #x "), "\\ #x\\ ");
        assert_eq!(escaped("#x"), "\\#x");
    }

    #[test]
    fn the_entry_at_the_top_is_of_the_class_that_its_name_asks_for() {
        let entry = base_entry("dc=example,dc=com").unwrap();
        assert_eq!(entry.attributes.last().unwrap().vals, [b"example"]);
        assert!(base_entry("cn=x").is_err());
    }
}
