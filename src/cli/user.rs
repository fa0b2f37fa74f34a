//! `countersign user`: people, their passwords, and whether their accounts may be used.

mod add;
mod shown;

use std::path::PathBuf;

use countersign_proto::{account::operation_type::StateOperationType as Kind, ber::Writer, oid};
use serde_json::json;

use self::add::Add;
use super::{
    account::{Account, Class},
    answer::{Answer, Failure},
    client::succeeded,
    factor_list, passwords, recovery,
    site::{Site, Target},
};
use crate::config::Config;

/// The words of `countersign user`.
#[derive(clap::Subcommand)]
pub(crate) enum User {
    /// Add a person; the password is asked for.
    Add(Add),
    /// Show what is known of a person, without secrets.
    Show {
        /// A user name or a DN.
        user: String,
        #[command(flatten)]
        target: Target,
    },
    /// Close an account: nothing that its user presents opens it any more, at any door.
    Lock {
        /// A user name or a DN.
        user: String,
        #[command(flatten)]
        target: Target,
    },
    /// Open an account again that was closed: by an administrator, by too many failures of the password or the second factor, or
    /// because its password broke the rules.
    Unlock {
        /// A user name or a DN.
        user: String,
        #[command(flatten)]
        target: Target,
    },
    /// Set a new password.
    Password {
        /// A user name or a DN.
        user: String,
        /// The file with the new password (- for standard input); asked for otherwise.
        #[arg(long)]
        password_file: Option<PathBuf>,
        #[command(flatten)]
        target: Target,
    },
}

impl User {
    pub(crate) fn run(&self) -> Result<Answer, Failure> {
        match self {
            Self::Add(add) => add.run(),
            Self::Show { user, target } => show(user, target),
            Self::Lock { user, target } => target.with(async |site| lock(site, user).await),
            Self::Unlock { user, target } => target.with(async |site| unlock(site, user).await),
            Self::Password { user, password_file, target } => {
                let password = passwords::new_password(password_file.as_deref(), user)?;
                target.with(async |site| {
                    let dn = site.dn_of(user).await?;
                    let mut value = Vec::new();
                    Writer::new(&mut value).sequence(|request| {
                        request.tagged(0x80, format!("dn:{dn}").as_bytes());
                        request.tagged(0x82, password.expose().as_bytes());
                    });
                    let (result, _) = site.client.extended(oid::PASSWORD_MODIFY, Some(value)).await?;
                    succeeded(&result)?;
                    Ok(Answer::new(format!("{dn} has a new password"), json!({ "dn": dn })))
                })
            }
        }
    }
}

/// Whoever may not ask for some of it sees everything else.
fn show(user: &str, target: &Target) -> Result<Answer, Failure> {
    let (entry, account, recovery_codes) = target.with(async |site| {
        let entry = site.find(user, &["*", "+"]).await?;
        let account = Account::read(site, &entry.dn).await.ok();
        let recovery_codes = recovery::left(site, &entry.dn).await.ok();
        Ok((entry, account, recovery_codes))
    })?;
    let factors = match target.configuration() {
        Ok(file) => Some(factor_list::of(&Config::load(file)?, &entry.dn)?),
        Err(_) => None,
    };
    Ok(shown::shown(&entry, account.as_ref(), factors.as_deref(), recovery_codes))
}

async fn lock(site: &mut Site, user: &str) -> Result<Answer, Failure> {
    let dn = site.dn_of(user).await?;
    Account::change(site, &dn, &[(Kind::SetAccountDisabled, &["true"])]).await?;
    Ok(Answer::new(format!("{dn} is locked until somebody unlocks it"), json!({ "dn": dn, "locked": true })))
}

/// Takes away every lock that an administrator may take away; what still keeps the user out is said.
async fn unlock(site: &mut Site, user: &str) -> Result<Answer, Failure> {
    let dn = site.dn_of(user).await?;
    let opened: [(Kind, &[&str]); 3] = [
        (Kind::ClearAccountDisabled, &[]),
        (Kind::ClearAuthenticationFailureTimes, &[]),
        (Kind::SetAccountIsValidationLocked, &["false"]),
    ];
    Account::change(site, &dn, &opened).await?;
    let account = Account::read(site, &dn).await?;
    let left = account.issues(Class::Errors);
    let mut text = format!("{dn} is unlocked");
    for sentence in &left {
        text.push_str(&format!("\n  but: {sentence}"));
    }
    Ok(Answer::new(
        text,
        json!({ "dn": dn, "locked": false, "usable": account.is(Kind::GetAccountIsUsable), "errors": left }),
    ))
}
