//! `countersign totp`: the time-based codes of a user. A new secret is pending until one correct code shows that the user's
//! application has it: until then it exists only here, and nothing asks for codes.

use std::io::{BufRead, IsTerminal, Write};

use countersign_proto::{ber::Writer, oid};
use ldap3_proto::proto::{LdapModify, LdapModifyRequest, LdapModifyType, LdapOp};
use serde_json::json;
use zeroize::Zeroizing;

use super::{
    answer::{Answer, Failure, say},
    client::{attribute, succeeded},
    factor_list,
    otpauth::Enrolment,
    site::{Site, Target},
};
use crate::{
    clock::{Clock, SystemClock},
    config::Config,
    factors::totp::{Settings, Verdict, matching_step},
    random::{SystemRandom, octets},
};

/// The words of `countersign totp`.
#[derive(clap::Subcommand)]
pub(crate) enum Totp {
    /// Give a user a new secret: shows the QR code, and takes effect when one correct code is typed.
    Add {
        /// A user name or a DN.
        user: String,
        #[command(flatten)]
        target: Target,
    },
    /// Show which secrets a user has: when they were added and last used; never the secrets.
    List {
        /// A user name or a DN.
        user: String,
        #[command(flatten)]
        target: Target,
    },
    /// Take all secrets of a user away, or one: without any, the password alone is enough afterwards.
    Remove {
        /// A user name or a DN.
        user: String,
        /// The number of the one to take away, as list shows it.
        id: Option<u32>,
        #[command(flatten)]
        target: Target,
    },
}

/// How many codes may be wrong before a new secret is thrown away.
const TRIES: usize = 3;

impl Totp {
    pub(crate) fn run(&self, as_json: bool) -> Result<Answer, Failure> {
        match self {
            Self::Add { user, target } => target.with(async |site| add(site, user, as_json).await),
            Self::List { user, target } => factor_list::run(user, target),
            Self::Remove { user, id: None, target } => target.with(async |site| remove(site, user).await),
            Self::Remove { user, id: Some(id), target } => {
                let config = Config::load(target.configuration()?)?;
                // One after the other: without a server, each opens the data directory for itself.
                let dn = target.with(async |site| site.dn_of(user).await)?;
                let secret = factor_list::secret(&config, &dn, *id)?;
                target.with(async |site| remove_one(site, &dn, *id, &secret).await)
            }
        }
    }
}

async fn add(site: &mut Site, user: &str, as_json: bool) -> Result<Answer, Failure> {
    let entry = site.find(user, &["uid"]).await?;
    let name = entry.attributes.iter().flat_map(|found| &found.vals).find_map(|value| std::str::from_utf8(value).ok());
    let secret = Zeroizing::new(octets::<20>(&SystemRandom)?);
    let settings = Settings { period_seconds: u32::try_from(site.step.as_secs()).unwrap_or(30), window: 1, digits: 6 };
    let enrolment = Enrolment::new(&*secret, &site.issuer, name.unwrap_or(&entry.dn), site.step);
    if as_json {
        say(&json!({ "dn": entry.dn, "uri": *enrolment.uri, "secret": *enrolment.base32, "pending": true }).to_string());
    } else {
        say(&format!(
            "Scan this with an authenticator application:\n\n{}\n  {}\n  secret: {}\n",
            enrolment.qr("  "),
            *enrolment.uri,
            *enrolment.grouped()
        ));
    }
    let code = prove(&*secret, &settings)?;
    let values = attribute("ds-auth-totp-shared-secret", [enrolment.base32.as_bytes()]);
    let changes = vec![LdapModify { operation: LdapModifyType::Add, modification: values }];
    site.client.change(LdapOp::ModifyRequest(LdapModifyRequest { dn: entry.dn.clone(), changes })).await?;
    spend(site, &entry.dn, &code).await?;
    Ok(Answer::new(
        format!("{} is asked for codes from now on. The code just typed is spent; the next one works.", entry.dn),
        json!({ "dn": entry.dn, "pending": false }),
    ))
}

/// Asks until a code is right.
fn prove(secret: &[u8], settings: &Settings) -> Result<Zeroizing<String>, Failure> {
    for left in (0..TRIES).rev() {
        if std::io::stdin().is_terminal() {
            let mut prompt = std::io::stderr();
            let _ = write!(prompt, "The code that the application shows: ").and_then(|()| prompt.flush());
        }
        let mut line = Zeroizing::new(String::new());
        if std::io::stdin().lock().read_line(&mut line)? == 0 {
            return Err(Failure::refused(
                "no code was given: nothing was changed, and the secret above is worth nothing",
            ));
        }
        let code = Zeroizing::new(line.trim().to_owned());
        if let Verdict::Fresh(_) = matching_step(secret, code.as_bytes(), SystemClock.now(), settings, None) {
            return Ok(code);
        }
        if left > 0 {
            let _ = writeln!(std::io::stderr(), "That is not the code of now. {left} more, or Ctrl-C.");
        }
    }
    Err(Failure::refused("no code was right: nothing was changed. Check the clocks of this machine and of the device"))
}

/// Takes the code just typed out of use, as the server does with every code that proved something.
async fn spend(site: &mut Site, dn: &str, code: &str) -> Result<(), Failure> {
    let mut value = Vec::new();
    Writer::new(&mut value).sequence(|request| {
        request.tagged(0x80, dn.as_bytes());
        request.tagged(0x81, code.as_bytes());
    });
    let (result, _) = site.client.extended(oid::VALIDATE_TOTP_PASSWORD, Some(value)).await?;
    succeeded(&result).map_err(|_| {
        Failure::refused(
            "the secret was added, but the server does not take its code: its clock differs from this machine's",
        )
    })
}

/// Revokes the secret with this number; the server knows it by itself only.
async fn remove_one(site: &mut Site, dn: &str, id: u32, secret: &str) -> Result<Answer, Failure> {
    let mut value = Zeroizing::new(Vec::new());
    Writer::new(&mut value).sequence(|request| {
        request.tagged(0x80, format!("dn:{dn}").as_bytes());
        request.tagged(0x82, secret.as_bytes());
    });
    let (result, _) = site.client.extended(oid::REVOKE_TOTP_SHARED_SECRET, Some(value.to_vec())).await?;
    succeeded(&result)?;
    Ok(Answer::new(format!("{dn} has lost the TOTP secret {id}"), json!({ "dn": dn, "id": id })))
}

async fn remove(site: &mut Site, user: &str) -> Result<Answer, Failure> {
    let dn = site.dn_of(user).await?;
    let mut value = Vec::new();
    Writer::new(&mut value).sequence(|request| request.tagged(0x80, format!("dn:{dn}").as_bytes()));
    let (result, _) = site.client.extended(oid::REVOKE_TOTP_SHARED_SECRET, Some(value)).await?;
    succeeded(&result)?;
    Ok(Answer::new(format!("{dn} has no TOTP secret any more"), json!({ "dn": dn })))
}
