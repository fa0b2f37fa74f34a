//! The mechanisms by which codes and tokens reach people, built as the configuration describes them. Nothing is sent here.

use std::sync::Arc;

use super::StartError;
use crate::{
    clock::Clock,
    config::{
        Config,
        delivery::{DeliverySettings, KindSettings},
    },
    delivery::{
        Delivery, command::CommandDelivery, file::FileDelivery, mechanism::Mechanism, sms::Sms, smtp::Smtp,
        webhook::Webhook,
    },
    directory::schema::Schema,
    outgoing::Outgoing,
    random::Random,
};

/// What the mechanisms are built from.
pub(super) struct Parts {
    /// The time, for dates and signatures.
    pub(super) clock: Arc<dyn Clock>,
    /// Names of messages are drawn here.
    pub(super) random: Arc<dyn Random>,
}

/// All configured mechanisms, in the order of the file.
///
/// # Errors
/// The first that cannot be built, with the reason.
pub(super) fn build(config: &Config, schema: &Schema, parts: &Parts) -> Result<Vec<Mechanism>, StartError> {
    let outgoing = Outgoing::new(&config.outgoing).map_err(|error| StartError::because("[outgoing]", error))?;
    let build = |settings: &DeliverySettings| {
        let mechanism = delivery(settings, &outgoing, parts)
            .map(|delivery| Mechanism::new(settings.clone(), delivery))
            .map_err(|error| StartError::because(format!("[delivery.{}]", settings.name), error))?;
        match schema.attribute_type(mechanism.attribute()) {
            Some(_) => Ok(mechanism),
            None => Err(StartError::new(format!(
                "[delivery.{}]: the schema has no attribute {}",
                settings.name,
                mechanism.attribute()
            ))),
        }
    };
    config.delivery.iter().map(build).collect()
}

fn delivery(settings: &DeliverySettings, outgoing: &Outgoing, parts: &Parts) -> Result<Box<dyn Delivery>, String> {
    let timeout = settings.message.timeout;
    let (clock, random) = (Arc::clone(&parts.clock), Arc::clone(&parts.random));
    Ok(match &settings.kind {
        KindSettings::Smtp(own) => Box::new(Smtp::new(own.clone(), timeout, clock, random)?),
        KindSettings::Sms(own) => Box::new(Sms::new(own, timeout, outgoing.clone())?),
        KindSettings::Webhook(own) => {
            Box::new(Webhook::new(&settings.name, own, timeout, outgoing.clone(), (clock, random))?)
        }
        KindSettings::Command(own) => Box::new(CommandDelivery::new(&settings.name, own, timeout)?),
        KindSettings::File(own) => Box::new(FileDelivery::new(own, clock, random)),
    })
}
