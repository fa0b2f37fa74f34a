//! Tokens that others hand out: JWTs in the compact form (RFC 7519), judged by the keys of their issuer. Whose account a token is about,
//! and whether that may be used, is the handlers' business; the tokens that this server hands out itself are no JWTs.
//!
//! What holds (RFC 8725): only signatures with a public key, the algorithm fits the key and not the other way about, `none` and HMAC do not
//! exist here; no key comes from the token itself; issuer, audience, subject and an end in time must be there.

mod algorithm;
mod claims;
mod compact;
mod der;
mod key;
mod keys;
mod refused;

use crate::{
    clock::UnixMillis,
    config::{BearerSettings, OutgoingSettings},
};

pub use self::refused::Refused;
use self::{claims::Claims, compact::Compact, keys::Keys};

/// The longest token that is looked at, in octets.
const MAX_TOKEN: usize = 16 << 10;

/// Whom to believe, and what tokens must say.
pub struct Issuer {
    settings: BearerSettings,
    keys: Keys,
}

/// What a token is worth.
pub struct Judgement {
    /// Whom it names, or why it is refused.
    pub outcome: Result<String, Refused>,
    /// What happened to the keys meanwhile, for the log.
    pub notices: Vec<String>,
}

impl Issuer {
    /// The issuer of these settings; keys in a file are read at once, keys at an address when they are first needed. `None` if no issuer is
    /// configured.
    ///
    /// # Errors
    /// A sentence about the file or the address that cannot be used.
    pub fn new(settings: &BearerSettings, outgoing: &OutgoingSettings) -> Result<Option<Self>, String> {
        let keys = match (&settings.jwks_file, &settings.jwks_url) {
            (Some(file), _) => Keys::of_file(file)?,
            (None, Some(url)) => Keys::at_url(url, outgoing)?,
            (None, None) => return Ok(None),
        };
        Ok(Some(Self { settings: settings.clone(), keys }))
    }

    /// Judges a token at `now`.
    pub async fn judge(&self, token: &str, now: UnixMillis) -> Judgement {
        let mut notices = Vec::new();
        let outcome = self.subject_of(token, now, &mut notices).await;
        Judgement { outcome, notices }
    }

    async fn subject_of(&self, token: &str, now: UnixMillis, notices: &mut Vec<String>) -> Result<String, Refused> {
        if token.len() > MAX_TOKEN {
            return Err(Refused::Bad("too-long"));
        }
        let token = Compact::parse(token).map_err(Refused::Bad)?;
        let algorithm = token.header.algorithm().map_err(Refused::Bad)?;
        let found = self.keys.of(token.header.key_id(), algorithm, now, notices).await;
        if !found.keys.iter().any(|key| algorithm.verifies(key, token.signed, &token.signature)) {
            let why = match found.keys.is_empty() {
                true if found.outdated => return Err(Refused::Unknown),
                true => "unknown-key",
                false => "signature",
            };
            return Err(Refused::Bad(why));
        }
        // Nothing of what it says was looked at before.
        let claims = Claims::parse(&token.claims).ok_or(Refused::Bad("claims"))?;
        claims.judge(&self.settings, now)
    }
}
