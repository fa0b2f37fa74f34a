//! One message to one person, checked once for all kinds of delivery: nothing in it can begin another line, so nothing can become a
//! header, a command or another recipient.

use std::{pin::Pin, time::Duration};

use tokio::time::timeout;
use zeroize::Zeroizing;

use super::error::DeliveryError;
use crate::config::delivery::is_one_line;

/// What `Delivery::deliver` answers.
pub type Handover<'a> = Pin<Box<dyn Future<Output = Result<(), DeliveryError>> + Send + 'a>>;

/// A message that may be sent. No `Debug`: the text holds a code.
pub struct Message {
    recipient: String,
    recipient_dn: String,
    subject: String,
    text: Zeroizing<String>,
}

impl Message {
    /// `recipient`: an address as the mechanism has them; `recipient_dn`: whose it is.
    ///
    /// # Errors
    /// Where one of them holds a control character or a line end.
    pub fn new(
        recipient: &str,
        recipient_dn: &str,
        subject: &str,
        text: Zeroizing<String>,
    ) -> Result<Self, DeliveryError> {
        let parts = [("recipient", recipient), ("DN", recipient_dn), ("subject", subject), ("text", &text)];
        if let Some((part, _)) = parts.iter().find(|(_, content)| !is_one_line(content)) {
            return Err(DeliveryError::new(format!("the {part} of the message holds a control character")));
        }
        let [recipient, recipient_dn, subject] = [recipient, recipient_dn, subject].map(str::to_owned);
        Ok(Self { recipient, recipient_dn, subject, text })
    }

    /// Where it goes.
    pub fn recipient(&self) -> &str {
        &self.recipient
    }

    /// Whose address that is.
    pub fn recipient_dn(&self) -> &str {
        &self.recipient_dn
    }

    /// The subject, for mechanisms that have one.
    pub fn subject(&self) -> &str {
        &self.subject
    }

    /// The text, with the code in it.
    pub fn text(&self) -> &str {
        &self.text
    }
}

/// What `handover` comes to, or that it took too long.
pub(super) async fn within(
    limit: Duration,
    handover: impl Future<Output = Result<(), DeliveryError>>,
) -> Result<(), DeliveryError> {
    timeout(limit, handover).await.unwrap_or_else(|_| Err(too_slow(limit)))
}

/// The message was not taken in time.
pub(super) fn too_slow(limit: Duration) -> DeliveryError {
    DeliveryError::new(format!("the message was not taken within {} s", limit.as_secs_f32()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_in_a_message_can_begin_another_line() {
        let make = |parts: [&str; 4]| {
            let [recipient, dn, subject, text] = parts;
            Message::new(recipient, dn, subject, Zeroizing::new(text.to_owned()))
        };
        assert!(make(["a@example.com", "uid=a", "Grüße – 日本", "Code: 123456 \u{1F511}"]).is_ok());
        for bad in ["a\r\nBcc: b@example.com", "a\nb", "a\rb", "a\0b", "a\u{85}b", "a\u{2028}b", "a\x7fb", "a\tb"] {
            for place in 0..4 {
                let mut parts = ["x"; 4];
                parts.iter_mut().skip(place).take(1).for_each(|part| *part = bad);
                let error = make(parts).err().map(|error| error.to_string()).unwrap_or_default();
                assert!(error.contains("control character") && !error.contains('\n'), "{bad:?} {error}");
            }
        }
    }
}
