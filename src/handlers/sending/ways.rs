//! The ways in which a person can be reached: the mechanisms that a request, the person or the configuration names, each with an
//! address of the person's own.

use std::sync::Arc;

use countersign_proto::{delivered_otp::OtpDeliveryMechanism, delivery::PreferredMechanism, result_code::ResultCode};

use super::order::Order;
use crate::{
    caller::User,
    delivery::mechanism::Mechanism,
    directory::{entry::EntryRef, schema::Schema},
    error::{Error, Result},
    handlers::context::Context,
    store::Target,
    telemetry::reason,
};

/// The attribute in which people say how they want to be reached: a mechanism's name, or `name=address`.
const PREFERENCES: &str = "ds-auth-preferred-otp-delivery-mechanism";

/// At least one way to reach a person.
pub(super) struct Ways {
    mechanisms: Arc<Vec<Mechanism>>,
    /// Places in `mechanisms`, and addresses.
    ways: Vec<(usize, String)>,
    dn: String,
}

/// What a person's entry says about reaching them.
struct Reachable {
    dn: String,
    /// For each mechanism the addresses in the entry, the first one first.
    addresses: Vec<Vec<String>>,
    preferences: Vec<String>,
}

impl Ways {
    /// The ways to try, in order.
    ///
    /// # Errors
    /// tokenDeliveryMechanismUnavailable where there is none; tokenDeliveryInvalidRecipientID for an address that is not the
    /// user's: else whoever has the password could have the second factor sent to themselves.
    pub(super) async fn find(context: &Context, user: &User, order: &Order<'_>) -> Result<Self> {
        let mechanisms = context.mechanisms.load_full();
        let reachable = Reachable::read(context, user, &mechanisms).await?;
        let ways = match order.preferred {
            [] => reachable.unasked(&context.schema, &mechanisms, order.defaults),
            preferred => reachable.asked(&context.schema, &mechanisms, preferred)?,
        };
        if ways.is_empty() {
            let sentence = "None of the delivery mechanisms can reach this user";
            let error = Error::new(ResultCode::TOKEN_DELIVERY_MECHANISM_UNAVAILABLE, sentence);
            return Err(error.reason(reason::NO_MECHANISM));
        }
        Ok(Self { mechanisms, ways, dn: reachable.dn })
    }

    /// Each mechanism with the address to use there.
    pub(super) fn each(&self) -> impl Iterator<Item = (&Mechanism, &str)> {
        let mechanism = |place: usize| self.mechanisms.get(place);
        self.ways.iter().filter_map(move |(place, address)| Some((mechanism(*place)?, address.as_str())))
    }

    /// Whose addresses these are.
    pub(super) fn dn(&self) -> &str {
        &self.dn
    }
}

/// Every configured mechanism, and whether it could reach the user.
///
/// # Errors
/// `noSuchObject` if the entry is gone; `unavailable`.
pub(in crate::handlers) async fn supported(context: &Context, user: &User) -> Result<Vec<OtpDeliveryMechanism>> {
    let mechanisms = context.mechanisms.load_full();
    let reachable = Reachable::read(context, user, &mechanisms).await?;
    let described = mechanisms.iter().enumerate().map(|(place, mechanism)| {
        let address = reachable.usual_address(&mechanisms, place);
        OtpDeliveryMechanism {
            delivery_mechanism: mechanism.name().into(),
            is_supported: Some(address.is_some()),
            recipient_id: address.map(|address| address.as_str().into()),
        }
    });
    Ok(described.collect())
}

impl Reachable {
    async fn read(context: &Context, user: &User, mechanisms: &[Mechanism]) -> Result<Self> {
        let mut reachable = None;
        let mut reader = |found: crate::store::Found<'_>| {
            let addresses = |mechanism: &Mechanism| values(&context.schema, found.entry, mechanism.attribute());
            reachable = Some(Self {
                dn: found.entry.dn().to_owned(),
                addresses: mechanisms.iter().map(addresses).collect(),
                preferences: values(&context.schema, found.entry, PREFERENCES),
            });
        };
        context.store.read(Target::Id(user.id), false, &mut reader).await?;
        reachable.ok_or_else(|| Error::no_such_object(None))
    }

    /// The address to use where nobody names one.
    fn usual_address(&self, mechanisms: &[Mechanism], place: usize) -> Option<&String> {
        let takes_names = mechanisms.get(place).is_some_and(Mechanism::takes_names);
        let first = self.addresses.get(place).and_then(|addresses| addresses.first());
        first.or_else(|| takes_names.then_some(&self.dn))
    }

    /// The address of the user's that `named` spells; `None` if it is none of theirs.
    fn own_address(&self, schema: &Schema, mechanisms: &[Mechanism], place: usize, named: &str) -> Option<String> {
        let mechanism = mechanisms.get(place)?;
        let own = self.addresses.get(place)?;
        let found = own.iter().find(|address| is_same(schema, mechanism.attribute(), address, named));
        let by_name = mechanism.takes_names() && own.is_empty() && self.dn.eq_ignore_ascii_case(named);
        found.cloned().or_else(|| by_name.then(|| self.dn.clone()))
    }

    /// What the request names, and nothing else; mechanisms that are not there are passed over.
    fn asked(
        &self,
        schema: &Schema,
        mechanisms: &[Mechanism],
        preferred: &[PreferredMechanism],
    ) -> Result<Vec<(usize, String)>> {
        let mut ways = Vec::new();
        for one in preferred {
            let Some(place) = mechanisms.iter().position(|known| known.is_called(&one.mechanism)) else { continue };
            let address = match &one.recipient_id {
                None => self.usual_address(mechanisms, place).cloned(),
                Some(named) => Some(self.own_address(schema, mechanisms, place, named).ok_or_else(foreign_recipient)?),
            };
            ways.extend(address.map(|address| (place, address)));
        }
        Ok(ways)
    }

    /// What the user prefers, else what is configured.
    fn unasked(&self, schema: &Schema, mechanisms: &[Mechanism], defaults: &[String]) -> Vec<(usize, String)> {
        let place_of = |name: &str| mechanisms.iter().position(|known| known.is_called(name));
        let preference = |text: &String| match text.split_once('=') {
            Some((name, address)) => {
                let place = place_of(name)?;
                Some((place, self.own_address(schema, mechanisms, place, address)?))
            }
            None => place_of(text).and_then(|place| Some((place, self.usual_address(mechanisms, place)?.clone()))),
        };
        let ways: Vec<_> = self.preferences.iter().filter_map(preference).collect();
        if !ways.is_empty() {
            return ways;
        }
        let places: Vec<usize> = match defaults {
            [] => (0..mechanisms.len()).collect(),
            names => names.iter().filter_map(|name| place_of(name)).collect(),
        };
        let usual = |place: usize| Some((place, self.usual_address(mechanisms, place)?.clone()));
        places.into_iter().filter_map(usual).collect()
    }
}

/// The values of an attribute that are text, in their stored order.
fn values(schema: &Schema, entry: EntryRef<'_>, attribute: &str) -> Vec<String> {
    let found = schema.attribute_type(attribute).and_then(|kind| entry.attribute(kind.id));
    let values = found.into_iter().flat_map(|attribute| attribute.values());
    values.filter_map(|value| String::from_utf8(value.to_vec()).ok()).filter(|value| !value.is_empty()).collect()
}

/// Whether two addresses are the same by the attribute's own rule.
fn is_same(schema: &Schema, attribute: &str, one: &str, other: &str) -> bool {
    let normalized = |value: &str| {
        let mut normal = Default::default();
        let kind = schema.attribute_type(attribute)?;
        schema.normalize(kind, value.as_bytes(), &mut normal).then_some(normal)
    };
    match (normalized(one), normalized(other)) {
        (Some(one), Some(other)) => one == other,
        _ => one == other,
    }
}

fn foreign_recipient() -> Error {
    let sentence = "The recipient ID is none of this user's";
    Error::new(ResultCode::TOKEN_DELIVERY_INVALID_RECIPIENT_ID, sentence).reason(reason::FOREIGN_RECIPIENT)
}
