//! A POST of JSON to a service of one's own, signed so that the service knows who asks:
//!
//! `Countersign-Signature: t=SECONDS,v1=HEX`
//!
//! where SECONDS is the time of sending since 1970 and HEX the HMAC-SHA-256, with the configured secret as its key, over SECONDS, a full
//! stop and the body as it was sent. A receiver compares in constant time, refuses a time that is minutes away from its own clock, and
//! an `id` that it has seen: then nothing can be sent a second time by somebody who overheard it.

use std::{sync::Arc, time::Duration};

use hmac::{Hmac, KeyInit, Mac};
use serde::Serialize;
use sha2::Sha256;

use super::{
    Delivery,
    error::DeliveryError,
    message::{Handover, Message, within},
};
use crate::{
    clock::Clock,
    config::{SecretText, delivery::WebhookSettings},
    outgoing::{Outgoing, Request, Url},
    random::{Random, text},
};

/// Posts to a service.
pub struct Webhook {
    mechanism: String,
    url: Url,
    secret: Option<SecretText>,
    timeout: Duration,
    outgoing: Outgoing,
    clock: Arc<dyn Clock>,
    random: Arc<dyn Random>,
}

/// What is posted.
#[derive(Serialize)]
struct Body<'a> {
    /// Never the same twice.
    id: &'a str,
    mechanism: &'a str,
    recipient: &'a str,
    #[serde(rename = "recipientDN")]
    recipient_dn: &'a str,
    subject: &'a str,
    text: &'a str,
}

impl Webhook {
    /// For the mechanism of this name and these settings.
    ///
    /// # Errors
    /// A sentence about the key that cannot be used.
    pub fn new(
        mechanism: &str,
        settings: &WebhookSettings,
        timeout: Duration,
        outgoing: Outgoing,
        (clock, random): (Arc<dyn Clock>, Arc<dyn Random>),
    ) -> Result<Self, String> {
        let url = Url::parse(&settings.url).map_err(|allowed| format!("url: allowed is {allowed}"))?;
        Ok(Self {
            mechanism: mechanism.to_owned(),
            url,
            secret: settings.secret.clone(),
            timeout,
            outgoing,
            clock,
            random,
        })
    }

    async fn send(&self, message: &Message) -> Result<(), DeliveryError> {
        let failed = |error: &dyn std::fmt::Display| DeliveryError::new(error.to_string());
        let id = text(&*self.random, b"0123456789abcdef", 32).map_err(|error| failed(&error))?;
        let body = Body {
            id: &id,
            mechanism: &self.mechanism,
            recipient: message.recipient(),
            recipient_dn: message.recipient_dn(),
            subject: message.subject(),
            text: message.text(),
        };
        let body = serde_json::to_vec(&body).map_err(|error| failed(&error))?;
        let key = self.secret.as_ref().map_or("", |secret| secret.expose());
        let signature = signature(key, self.clock.now().seconds(), &body);
        let request = Request::post(&self.url, "application/json", body).header("countersign-signature", &signature);
        let answer = self.outgoing.exchange(request).await.map_err(|error| failed(&error))?;
        match answer.status {
            200..=299 => Ok(()),
            status => Err(DeliveryError::new(format!("{} refused with {status}", self.url.host()))),
        }
    }
}

impl Delivery for Webhook {
    fn deliver<'a>(&'a self, message: &'a Message) -> Handover<'a> {
        Box::pin(within(self.timeout, self.send(message)))
    }
}

/// The value of the header.
fn signature(key: &str, seconds: u64, body: &[u8]) -> String {
    // A key of any length will do: longer ones are hashed, shorter ones padded.
    let Ok(mut mac) = Hmac::<Sha256>::new_from_slice(key.as_bytes()) else { return String::new() };
    mac.update(format!("{seconds}.").as_bytes());
    mac.update(body);
    let octets = mac.finalize().into_bytes();
    let hex: String = octets.iter().map(|octet| format!("{octet:02x}")).collect();
    format!("t={seconds},v1={hex}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_signature_is_what_openssl_makes_of_it() {
        // printf '1700000000.{"a":1}' | openssl dgst -sha256 -hmac 'a key of some length'
        let expected = "t=1700000000,v1=5addd6e1974497a6f13107dc1d36ff9e93009bb7a7af041559bc7d90f1aaf271";
        assert_eq!(signature("a key of some length", 1_700_000_000, b"{\"a\":1}"), expected);
    }
}
