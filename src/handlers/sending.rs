//! Sending a code or a token to a person: by which mechanisms, to which of the person's addresses, with which words, how often. What is
//! sent, who may have it sent and what it is good for is said by `delivered_otp` and `token`.
//!
//! In this order: the words are looked at, the ways are found, the secret's hash is stored (and the message counted, in the account's
//! record, so at every door and after a restart), then the ways are tried one after another until one takes the message. Where none
//! does, what was stored is taken back, if it is still the same.

mod order;
pub mod recipients;
mod ways;
mod words;

use countersign_proto::result_code::ResultCode;

use self::ways::Ways;
pub(super) use self::{order::Order, ways::supported};
use crate::{
    config::{Config, LogLevel, codes::RateSetting},
    delivery::Message,
    error::{Error, Result},
    factors::{rate::Rate, record::Record},
    handlers::{context::Context, proof::update_record, subject::Account},
    store::Target,
    telemetry::reason,
};

/// A message that was taken.
pub(super) struct Sent {
    /// The mechanism's configured name.
    pub(super) mechanism: String,
    /// The address or number.
    pub(super) recipient: String,
}

/// What becomes of the secret's hash.
pub(super) struct Keeping<'a> {
    /// Puts it into the record; may refuse.
    pub(super) keep: &'a mut (dyn FnMut(&Account, &mut Record) -> Result<()> + Send),
    /// Takes it out again, if it is still the same.
    pub(super) take_back: &'a mut (dyn FnMut(&mut Record) + Send),
}

/// Sends `secret` to the person whose account this is.
///
/// # Errors
/// `unwillingToPerform` for words that cannot be sent and for too many messages; tokenDeliveryMechanismUnavailable,
/// tokenDeliveryInvalidRecipientID, tokenDeliveryAttemptFailed; those of `keep`; `unavailable` where nothing can be stored: then
/// nothing is sent.
pub(super) async fn send(
    context: &Context,
    account: Account,
    order: &Order<'_>,
    secret: &str,
    keeping: Keeping<'_>,
) -> Result<Sent> {
    words::check(order.texts)?;
    let id = account.user.id;
    let ways = Ways::find(context, &account.user, order).await?;
    let Keeping { keep, take_back } = keeping;
    update_record(context, account, &mut |account, record| {
        count(context, &context.config.load(), record)?;
        keep(account, record)
    })
    .await?;
    let failure = match try_ways(context, &ways, order, secret).await {
        Ok(sent) => return Ok(sent),
        Err(failure) => failure,
    };
    if let Some(account) = Account::read(context, Target::Id(id)).await? {
        update_record(context, *account, &mut |_, record| {
            take_back(record);
            Ok(())
        })
        .await?;
    }
    Err(failure)
}

/// Counts one more message to this user, if one more is allowed.
fn count(context: &Context, config: &Config, record: &mut Record) -> Result<()> {
    let sent = &mut record.delivered.get_or_insert_default().sent;
    match rate(config.delivery_limits.per_user).take(sent, context.clock.now()) {
        true => Ok(()),
        false => Err(too_many("Too many messages were sent to this user; try again later")),
    }
}

async fn try_ways(context: &Context, ways: &Ways, order: &Order<'_>, secret: &str) -> Result<Sent> {
    let per_recipient = rate(context.config.load().delivery_limits.per_recipient);
    let mut attempts = 0;
    for (mechanism, recipient) in ways.each() {
        if !context.recipients.take(recipient, &per_recipient, context.clock.now()) {
            continue;
        }
        attempts += 1;
        let (subject, text) = words::compose(order, mechanism, secret);
        let handed_over = match Message::new(recipient, ways.dn(), &subject, text) {
            Ok(message) => mechanism.delivery().deliver(&message).await,
            Err(error) => Err(error),
        };
        match handed_over {
            Ok(()) => {
                context.metrics.delivered(mechanism.name(), "delivered");
                return Ok(Sent { mechanism: mechanism.name().to_owned(), recipient: recipient.to_owned() });
            }
            Err(error) => {
                context.metrics.delivered(mechanism.name(), "failed");
                let sentence = format!("[delivery.{}] a message for {} failed: {error}", mechanism.name(), ways.dn());
                context.audit.notice(LogLevel::Warn, &sentence);
            }
        }
    }
    if attempts == 0 {
        return Err(too_many("Too many messages were sent to this recipient; try again later"));
    }
    let sentence = "The message could not be delivered in any of the ways that were tried";
    Err(Error::new(ResultCode::TOKEN_DELIVERY_ATTEMPT_FAILED, sentence).reason(reason::NOT_DELIVERED))
}

fn too_many(sentence: &'static str) -> Error {
    Error::unwilling(sentence).reason(reason::TOO_MANY_MESSAGES)
}

const fn rate(setting: RateSetting) -> Rate {
    Rate { count: setting.count, per: setting.per }
}
