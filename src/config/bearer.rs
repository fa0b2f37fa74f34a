//! `[bearer]`: whose tokens (JWTs) prove who asks, beside the access tokens that the server hands out itself.

use std::{path::PathBuf, time::Duration};

use super::section::{Reading, section};

section! {
    /// Bearer tokens of somebody else: JWTs signed with RS256, PS256, ES256 or EdDSA (and their longer forms), over REST and by SASL
    /// OAUTHBEARER. They must have an issuer, an audience, a subject and an end. Without this section only the access tokens are taken
    /// that authenticate hands out.
    pub struct BearerSettings {
        /// What tokens must say in "iss".
        pub issuer: String = String::new(), example r#""https://login.example.com""#;
        /// What must be among their "aud".
        pub audience: String = String::new(), example r#""https://ds.example.com""#;
        /// The issuer's public keys, as a file with a JWK set; read again when it changes.
        pub jwks_file: Option<PathBuf> = None, example r#""jwks.json""#;
        /// The same, as an address; https, or http on this machine. Asked when a key is needed that is not known, at most every 30
        /// seconds; the last keys stay in use while nobody answers.
        pub jwks_url: Option<String> = None, example r#""https://login.example.com/jwks.json""#;
        /// The claim that says who the user is.
        pub subject_claim: String = "sub".to_owned(), if |text| !text.is_empty(), "the name of a claim";
        /// The attribute whose value it is, of exactly one entry; it needs an "eq" index.
        pub subject_attribute: String = "uid".to_owned(), if |text| !text.is_empty(), "the name of an attribute";
        /// Scopes of which a token must have one; none is asked for by an empty list.
        pub scopes: Vec<String> = Vec::new(), example r#"["directory"]"#;
        /// By how much the issuer's clock may be off, 0s to 60s.
        pub clock_skew: Duration = Duration::from_secs(60), if |time| *time <= Duration::from_secs(60), "\"0s\" to \"60s\"";
    }
}

impl BearerSettings {
    /// Whether tokens of somebody else are taken.
    pub fn is_used(&self) -> bool {
        self.jwks_file.is_some() || self.jwks_url.is_some()
    }

    /// What no key can be judged by alone.
    pub(super) fn relate(&self, reading: &mut Reading<'_>) {
        let names = !self.issuer.is_empty() || !self.audience.is_empty();
        match (&self.jwks_file, &self.jwks_url) {
            (None, None) if names => {
                reading.refuse(
                    None,
                    "bearer",
                    "missing; set jwks_file or jwks_url: where the issuer's keys are".to_owned(),
                );
            }
            (Some(_), Some(_)) => {
                reading.refuse(None, "bearer", "set jwks_file or jwks_url, not both".to_owned());
            }
            _ => {}
        }
        for (key, text) in [("bearer.issuer", &self.issuer), ("bearer.audience", &self.audience)] {
            if self.is_used() && text.is_empty() {
                let sentence = "missing; without it tokens that were made for others would be taken".to_owned();
                reading.refuse(None, key, sentence);
            }
        }
    }
}
