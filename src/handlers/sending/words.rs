//! What a message says: the request's words around the secret, or the configured ones; nothing is put between them.

use countersign_proto::{delivery::MessageTexts, text::Text};
use zeroize::Zeroizing;

use super::Order;
use crate::{
    config::delivery::{TextForm, is_one_line},
    delivery::mechanism::Mechanism,
    error::{Error, Result},
};

/// Most characters of one of a request's texts.
const LONGEST: usize = 1000;

/// Whether the request's words can be sent. They are one line each: a second one might become a header, a command, another recipient.
///
/// # Errors
/// `unwillingToPerform`.
pub(super) fn check(texts: &MessageTexts) -> Result<()> {
    let MessageTexts { subject, full_text_before, full_text_after, compact_text_before, compact_text_after } = texts;
    let all = [subject, full_text_before, full_text_after, compact_text_before, compact_text_after];
    for text in all.into_iter().flatten() {
        if !is_one_line(text) {
            return Err(Error::unwilling("The texts of a message must not hold line ends or other control characters"));
        }
        if text.chars().count() > LONGEST {
            return Err(Error::unwilling(format!("A text of a message has at most {LONGEST} characters")));
        }
    }
    Ok(())
}

/// Subject and text for this mechanism.
pub(super) fn compose(order: &Order<'_>, mechanism: &Mechanism, secret: &str) -> (String, Zeroizing<String>) {
    let (texts, own) = (order.texts, mechanism.usual());
    let (subject, before, after) = match order.usual {
        Some((subject, before)) => (subject, before, ""),
        None => (own.subject.as_str(), own.text_before.as_str(), own.text_after.as_str()),
    };
    let given = |text: &Option<Text>| text.as_ref().map_or(String::new(), |text| text.to_string());
    let around = match mechanism.form() {
        TextForm::Full => [&texts.full_text_before, &texts.full_text_after],
        TextForm::Compact => [&texts.compact_text_before, &texts.compact_text_after],
    };
    let subject = texts.subject.as_ref().map_or_else(|| subject.to_owned(), |text| text.to_string());
    // Words for this form of text replace all configured ones; a secret without any words would be a riddle.
    let text = match around.iter().any(|text| text.is_some()) {
        true => format!("{}{secret}{}", given(around[0]), given(around[1])),
        false => format!("{before}{secret}{after}"),
    };
    (subject, Zeroizing::new(text))
}
