//! Short messages, by a service that takes what Twilio takes: a form POSTed with basic authentication; 201 means queued.

use std::time::Duration;

use base64::{Engine, prelude::BASE64_STANDARD};
use zeroize::Zeroizing;

use super::{
    Delivery,
    error::DeliveryError,
    message::{Handover, Message, within},
};
use crate::{
    config::delivery::SmsSettings,
    outgoing::{Outgoing, Request, Url},
};

/// What the service answers when it has queued the message.
const QUEUED: u16 = 201;

/// Sends short messages.
pub struct Sms {
    url: Url,
    authorization: Zeroizing<String>,
    senders: Vec<String>,
    timeout: Duration,
    outgoing: Outgoing,
}

impl Sms {
    /// For these settings.
    ///
    /// # Errors
    /// A sentence about the key that cannot be used.
    pub fn new(settings: &SmsSettings, timeout: Duration, outgoing: Outgoing) -> Result<Self, String> {
        let base = settings.url.trim_end_matches('/');
        let url = Url::parse(&format!("{base}/2010-04-01/Accounts/{}/Messages.json", settings.account_sid))
            .map_err(|allowed| format!("url: allowed is {allowed}"))?;
        let token = settings.auth_token.as_ref().map_or("", |token| token.expose());
        let pair = Zeroizing::new(format!("{}:{token}", settings.account_sid));
        let authorization = Zeroizing::new(format!("Basic {}", BASE64_STANDARD.encode(pair.as_bytes())));
        Ok(Self { url, authorization, senders: settings.senders.clone(), timeout, outgoing })
    }

    /// A person always sees the same sender: people come to know it.
    fn sender(&self, number: &str) -> &str {
        let sum: usize = number.bytes().map(usize::from).sum();
        sum.checked_rem(self.senders.len()).and_then(|index| self.senders.get(index)).map_or("", String::as_str)
    }

    async fn send(&self, message: &Message) -> Result<(), DeliveryError> {
        let number =
            dialled(message.recipient()).ok_or_else(|| DeliveryError::new("the recipient is no phone number"))?;
        let fields = [("To", number.as_str()), ("From", self.sender(&number)), ("Body", message.text())];
        let request = Request::form(&self.url, &fields).header("authorization", &self.authorization);
        let answer = self.outgoing.exchange(request).await.map_err(|error| DeliveryError::new(error.to_string()))?;
        match answer.status {
            QUEUED => Ok(()),
            status => Err(refused(self.url.host(), status, &answer.body)),
        }
    }
}

impl Delivery for Sms {
    fn deliver<'a>(&'a self, message: &'a Message) -> Handover<'a> {
        Box::pin(within(self.timeout, self.send(message)))
    }
}

/// The number as it is dialled: people write spaces, brackets, hyphens and full stops into numbers.
fn dialled(number: &str) -> Option<String> {
    let number: String = number.chars().filter(|letter| !matches!(letter, ' ' | '-' | '.' | '(' | ')' | '/')).collect();
    let digits = number.strip_prefix('+').unwrap_or(&number);
    let is_number = (3..=15).contains(&digits.len()) && digits.bytes().all(|octet| octet.is_ascii_digit());
    is_number.then_some(number)
}

/// The service's own number for the error is in its answer; its words may quote the message.
fn refused(host: &str, status: u16, answer: &[u8]) -> DeliveryError {
    let known = serde_json::from_slice::<serde_json::Value>(answer).ok();
    DeliveryError::new(match known.as_ref().and_then(|answer| answer.get("code")?.as_u64()) {
        Some(code) => format!("{host} refused with {status}, error {code}"),
        None => format!("{host} refused with {status}"),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_dialled_as_people_write_them() {
        let table = [
            ("+1 (555) 010-9999", Some("+15550109999")),
            ("+49 30/1234.567", Some("+49301234567")),
            ("110", Some("110")),
            ("12", None),
            ("+1555010999900000", None),
            ("++15550109999", None),
            ("+1555x", None),
            ("whatsapp:+15550109999", None),
            ("\u{661}\u{662}\u{663}", None),
            ("", None),
        ];
        for (written, expected) in table {
            assert_eq!(dialled(written).as_deref(), expected, "{written}");
        }
    }
}
