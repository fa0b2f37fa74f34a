//! `countersign token`: tokens that are good once. A token goes to its user alone, by the configured ways of delivery; whoever asks
//! for it is told where it went, never what it is.

use std::{num::NonZeroU64, time::Duration};

use countersign_proto::{
    oid,
    text::{DnText, Secret, Text},
    token::{
        ConsumeSingleUseTokenRequest, DeliverPasswordResetTokenRequest, DeliverSingleUseTokenRequest,
        TokenDeliveryResult,
    },
    value::{BerRequest, BerResult},
};
use serde_json::json;

use super::{
    answer::{Answer, Failure},
    client::succeeded,
    passwords,
    site::{Site, Target},
};
use crate::config::{setting::Setting, value::Value};

/// The words of `countersign token`.
#[derive(clap::Subcommand)]
pub(crate) enum Token {
    /// Have a new token sent to a user. It replaces an earlier one for the same purpose.
    New(New),
    /// Use a token up, as the application does that it was meant for.
    Consume {
        /// A user name or a DN.
        user: String,
        /// The purpose that it was made for.
        #[arg(long)]
        purpose: String,
        /// The file that holds the token (- for standard input); asked for otherwise.
        #[arg(long)]
        token_file: Option<std::path::PathBuf>,
        #[command(flatten)]
        target: Target,
    },
}

/// A token to be sent.
#[derive(clap::Args)]
pub(crate) struct New {
    /// A user name or a DN.
    user: String,
    /// What the token is for: a word that the application that consumes it knows.
    #[arg(long, required_unless_present = "password_reset")]
    purpose: Option<String>,
    /// One with which the user sets a new password: it stands in the place of the old one.
    #[arg(long, conflicts_with_all = ["purpose", "validity", "in_any_state"])]
    password_reset: bool,
    /// How long it is good, such as 10m; as configured otherwise.
    #[arg(long)]
    validity: Option<String>,
    /// Send it by this mechanism. May be given several times: the first that takes it is used.
    #[arg(long = "by", value_name = "MECHANISM")]
    mechanisms: Vec<String>,
    /// Send it even if the account is locked, disabled or expired, or its password is.
    #[arg(long)]
    in_any_state: bool,
    #[command(flatten)]
    target: Target,
}

impl Token {
    pub(crate) fn run(&self) -> Result<Answer, Failure> {
        match self {
            Self::New(new) => new.run(),
            Self::Consume { user, purpose, token_file, target } => {
                let token = match token_file {
                    Some(file) => passwords::from_file(file)?,
                    None => passwords::ask(&format!("Token of {user}: "))?,
                };
                target.with(async |site| {
                    let dn = site.dn_of(user).await?;
                    let request = ConsumeSingleUseTokenRequest {
                        user_dn: DnText(dn.clone()),
                        token_id: Text(purpose.clone()),
                        token_value: Secret::new(token.expose()),
                    };
                    let (result, _) = site.client.extended(oid::CONSUME_SINGLE_USE_TOKEN, request.to_ber()).await?;
                    succeeded(&result)?;
                    let text = format!("the token of {dn} for {purpose} was right; it is used up");
                    Ok(Answer::new(text, json!({ "dn": dn, "purpose": purpose })))
                })
            }
        }
    }
}

impl New {
    fn run(&self) -> Result<Answer, Failure> {
        let validity = self.validity.as_deref().map(millis).transpose()?;
        self.target.with(async |site| self.send(site, validity).await)
    }

    async fn send(&self, site: &mut Site, validity_duration_millis: Option<NonZeroU64>) -> Result<Answer, Failure> {
        let dn = site.dn_of(&self.user).await?;
        let user_dn = DnText(dn.clone());
        let preferred_mechanisms = self.mechanisms.iter().map(|name| Text(name.clone()).into()).collect();
        let (oid, value) = match &self.purpose {
            Some(purpose) => {
                let request = DeliverSingleUseTokenRequest {
                    user_dn,
                    token_id: Text(purpose.clone()),
                    validity_duration_millis,
                    preferred_mechanisms,
                    deliver_if_password_expired: self.in_any_state,
                    deliver_if_account_locked: self.in_any_state,
                    deliver_if_account_disabled: self.in_any_state,
                    deliver_if_account_expired: self.in_any_state,
                    ..DeliverSingleUseTokenRequest::default()
                };
                (oid::DELIVER_SINGLE_USE_TOKEN, request.to_ber())
            }
            None => {
                let texts = Default::default();
                let request = DeliverPasswordResetTokenRequest { user_dn, texts, preferred_mechanisms };
                (oid::DELIVER_PASSWORD_RESET_TOKEN, request.to_ber())
            }
        };
        let (result, value) = site.client.extended(oid, value).await?;
        succeeded(&result)?;
        let sent = TokenDeliveryResult::from_ber(value.as_deref()).map_err(|error| {
            Failure::refused(format!("the server's answer cannot be read: {}", error.into_sentence()))
        })?;
        let (mechanism, recipient) = (sent.delivery_mechanism.0, sent.recipient_id.map(|recipient| recipient.0));
        let to = recipient.as_deref().map_or_else(String::new, |recipient| format!(" to {recipient}"));
        Ok(Answer::new(
            format!("sent{to} by {mechanism}"),
            json!({ "dn": dn, "purpose": self.purpose, "mechanism": mechanism, "recipient": recipient }),
        ))
    }
}

/// A duration as the configuration writes it, in milliseconds.
fn millis(text: &str) -> Result<NonZeroU64, Failure> {
    let duration = Duration::read(&Value::from_environment(text.to_owned()))
        .ok()
        .and_then(|duration| u64::try_from(duration.as_millis()).ok());
    let wrong = || Failure::usage(format!("--validity {text}: a duration is meant, such as 90s or 10m"));
    duration.and_then(NonZeroU64::new).ok_or_else(wrong)
}
