//! `countersign explain`: why somebody cannot log in, in sentences. What failed lately is the server's to tell; with `--replay` a
//! password is judged here, beside the server, by the same rules and over the same store, and nothing comes of it.

mod failures;
mod reasons;
mod replayed;

use std::{
    io::{IsTerminal, stdin},
    path::{Path, PathBuf},
};

use countersign_proto::account::operation_type::StateOperationType as Kind;
use serde_json::{Value, json};

use self::failures::Failed;
use super::{
    account::{Account, Class},
    answer::{Answer, Failure},
    moment, passwords,
    site::Target,
};
use crate::{config::Config, handlers::replay, server};

/// The words of `countersign explain`.
#[derive(clap::Args)]
pub(crate) struct Explain {
    /// A user name or a DN.
    user: String,
    /// Judge a password, with the code behind it as the user typed it, without spending anything: no code is used up, no failure
    /// counted, no login noted, nothing sent. It is asked for, or read from standard input.
    #[arg(long, conflicts_with = "url")]
    replay: bool,
    /// With --replay: the file that holds the password (- for standard input).
    #[arg(long, requires = "replay")]
    password_file: Option<PathBuf>,
    #[command(flatten)]
    target: Target,
}

impl Explain {
    pub(crate) fn run(&self) -> Result<Answer, Failure> {
        let (dn, account) = self.target.with(async |site| {
            let dn = site.dn_of(&self.user).await?;
            let account = Account::read(site, &dn).await?;
            Ok((dn, account))
        })?;
        let failed = failures::of(&account)?;
        let mut lines = told(&dn, &account, failed.as_deref());
        let mut members = json!({
            "dn": dn,
            "usable": account.is(Kind::GetAccountIsUsable),
            "errors": account.issues(Class::Errors),
            "failures": failed.map(|failed| failed.iter().map(Failed::to_json).collect::<Vec<_>>()),
        });
        if self.replay {
            let replayed = self.judge(&dn)?;
            lines.push(String::new());
            lines.extend(replayed::told(&replayed));
            if let Value::Object(members) = &mut members {
                members.insert("replay".to_owned(), replayed::to_json(&replayed));
            }
        }
        Ok(Answer::new(lines.join("\n"), members))
    }

    fn judge(&self, dn: &str) -> Result<replay::Replay, Failure> {
        let field = match &self.password_file {
            Some(file) => passwords::from_file(file)?,
            None if stdin().is_terminal() => passwords::ask("The password, with the code behind it: ")?,
            None => passwords::from_file(Path::new("-"))?,
        };
        let context = server::beside(Config::load(self.target.configuration()?)?)?;
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
        let judged = runtime.block_on(replay::replay(&context, dn, field.expose().as_bytes()));
        judged.map_err(|error| Failure::refused(error.diagnostic))
    }
}

/// The account and its last failures, in lines.
fn told(dn: &str, account: &Account, failed: Option<&[Failed]>) -> Vec<String> {
    let mut lines = vec![dn.to_owned()];
    if account.is(Kind::GetAccountIsUsable) {
        lines.push("  The account may be used.".to_owned());
    }
    for class in [Class::Errors, Class::Warnings] {
        lines.extend(account.issues(class).into_iter().map(|sentence| format!("  {sentence}.")));
    }
    if let Some(left) = account.seconds(Kind::GetSecondsUntilAuthenticationFailureUnlock) {
        let left = moment::span(left);
        lines.push(format!("  It opens by itself in {left}; countersign user unlock opens it now."));
    }
    match failed {
        None => {
            lines.push("Failed logins are not kept here ([login_history] failures is 0); the log has them.".to_owned())
        }
        Some([]) => lines.push("No failed login is known.".to_owned()),
        Some(failed) => {
            lines.push("Failed logins, the last one first:".to_owned());
            lines.extend(failed.iter().flat_map(Failed::lines));
        }
    }
    lines
}
