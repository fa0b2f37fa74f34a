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
    check_defaults(config)?;
    config.delivery.iter().map(build).collect()
}

/// Whether the mechanisms that are tried by default are there.
fn check_defaults(config: &Config) -> Result<(), StartError> {
    let lists = [
        ("delivered_otp", &config.delivered_otp.default_mechanisms),
        ("single_use_tokens", &config.single_use_tokens.default_mechanisms),
        ("password_reset_tokens", &config.password_reset_tokens.default_mechanisms),
    ];
    for (section, names) in lists {
        let unknown = names.iter().find(|name| !config.delivery.iter().any(|known| known.is_called(name)));
        if let Some(name) = unknown {
            let sentence = format!("{section}.default_mechanisms: there is no [delivery.{name}]");
            return Err(StartError::new(sentence));
        }
    }
    Ok(())
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
