//! The configured mechanisms: a name, where a person's addresses are found, and the way of handing over.

use super::Delivery;
use crate::config::delivery::{DeliverySettings, KindSettings, MessageSettings, TextForm};

/// One configured mechanism.
pub struct Mechanism {
    settings: DeliverySettings,
    delivery: Box<dyn Delivery>,
}

impl Mechanism {
    /// What the settings describe, fulfilled by `delivery`.
    pub fn new(settings: DeliverySettings, delivery: Box<dyn Delivery>) -> Self {
        Self { settings, delivery }
    }

    /// Its name as the configuration spells it.
    pub fn name(&self) -> &str {
        &self.settings.name
    }

    /// Whether this is what a request means by `name`: large and small letters are the same.
    pub fn is_called(&self, name: &str) -> bool {
        self.settings.is_called(name)
    }

    /// The attribute that holds a person's addresses.
    pub fn attribute(&self) -> &str {
        let usual = if matches!(self.settings.kind, KindSettings::Sms(_)) { "mobile" } else { "mail" };
        self.settings.message.attribute.as_deref().unwrap_or(usual)
    }

    /// Whether a person without an address can be reached all the same, named by the DN.
    pub fn takes_names(&self) -> bool {
        match self.settings.kind {
            KindSettings::Smtp(_) | KindSettings::Sms(_) => false,
            KindSettings::Webhook(_) | KindSettings::Command(_) | KindSettings::File(_) => true,
        }
    }

    /// Which of a message's two texts it sends.
    pub fn form(&self) -> TextForm {
        match &self.settings.kind {
            KindSettings::Smtp(_) => TextForm::Full,
            KindSettings::Sms(_) => TextForm::Compact,
            KindSettings::Webhook(own) => own.text,
            KindSettings::Command(own) => own.text,
            KindSettings::File(own) => own.text,
        }
    }

    /// What a message says where the request does not.
    pub fn usual(&self) -> &MessageSettings {
        &self.settings.message
    }

    /// The way of handing over.
    pub fn delivery(&self) -> &dyn Delivery {
        &*self.delivery
    }
}
