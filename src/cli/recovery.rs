//! `countersign recovery`: the codes on paper with which a user who has lost the device gets in. They are shown once, when they are made.

use countersign_proto::{
    ber::Writer,
    oid,
    recovery::{CountRecoveryCodesResult, GenerateRecoveryCodesResult},
    value::BerResult,
};
use serde_json::json;
use zeroize::Zeroizing;

use super::{
    answer::{Answer, Failure},
    client::succeeded,
    site::{Site, Target},
};

/// The words of `countersign recovery`.
#[derive(clap::Subcommand)]
pub(crate) enum Recovery {
    /// Make ten new codes for a user and show them, this once; earlier ones are good no more.
    Generate {
        /// A user name or a DN.
        user: String,
        #[command(flatten)]
        target: Target,
    },
    /// Show how many codes a user has left; never a code.
    Count {
        /// A user name or a DN.
        user: String,
        #[command(flatten)]
        target: Target,
    },
    /// Take all codes of a user away.
    Revoke {
        /// A user name or a DN.
        user: String,
        #[command(flatten)]
        target: Target,
    },
}

impl Recovery {
    pub(crate) fn run(&self) -> Result<Answer, Failure> {
        match self {
            Self::Generate { user, target } => target.with(async |site| generate(site, user).await),
            Self::Count { user, target } => target.with(async |site| count(site, user).await),
            Self::Revoke { user, target } => target.with(async |site| revoke(site, user).await),
        }
    }
}

async fn generate(site: &mut Site, user: &str) -> Result<Answer, Failure> {
    let dn = site.dn_of(user).await?;
    let value = asked(site, oid::GENERATE_RECOVERY_CODES, &format!("dn:{dn}")).await?.map(Zeroizing::new);
    let GenerateRecoveryCodesResult { recovery_codes } =
        GenerateRecoveryCodesResult::from_ber(value.as_ref().map(|value| value.as_slice()))?;
    let codes: Vec<&str> = recovery_codes.iter().filter_map(|code| code.expose_text()).collect();
    let text = format!(
        "Recovery codes of {dn}, each good once in place of the device's code:\n\n  {}\n\n\
         They are not shown again, and whatever codes there were before are good no more.",
        codes.join("\n  ")
    );
    Ok(Answer::new(text, json!({ "dn": dn, "recoveryCodes": codes })))
}

async fn count(site: &mut Site, user: &str) -> Result<Answer, Failure> {
    let dn = site.dn_of(user).await?;
    let left = left(site, &dn).await?;
    let text = match left {
        1 => format!("{dn} has 1 recovery code left"),
        left => format!("{dn} has {left} recovery codes left"),
    };
    Ok(Answer::new(text, json!({ "dn": dn, "recoveryCodesLeft": left })))
}

/// How many codes a user has left.
pub(super) async fn left(site: &mut Site, dn: &str) -> Result<u32, Failure> {
    let value = asked(site, oid::COUNT_RECOVERY_CODES, dn).await?;
    let CountRecoveryCodesResult { left } = CountRecoveryCodesResult::from_ber(value.as_deref())?;
    Ok(left)
}

async fn revoke(site: &mut Site, user: &str) -> Result<Answer, Failure> {
    let dn = site.dn_of(user).await?;
    asked(site, oid::REVOKE_RECOVERY_CODES, &format!("dn:{dn}")).await?;
    Ok(Answer::new(format!("{dn} has no recovery code any more"), json!({ "dn": dn })))
}

/// The answer to an operation about one user, named in the first member of its value.
async fn asked(site: &mut Site, oid: &str, user: &str) -> Result<Option<Vec<u8>>, Failure> {
    let mut value = Vec::new();
    Writer::new(&mut value).sequence(|request| request.tagged(0x80, user.as_bytes()));
    let (result, value) = site.client.extended(oid, Some(value)).await?;
    succeeded(&result)?;
    Ok(value)
}
