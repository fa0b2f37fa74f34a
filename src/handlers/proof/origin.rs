//! By what and from where a claim is brought: what the account's recent logins say of it beside the outcome.

use std::net::{IpAddr, Ipv4Addr};

use crate::{caller::Caller, clock::UnixMillis, factors::login_history::Attempt};

/// By what and from where.
#[derive(Clone, Copy, Debug)]
pub(in crate::handlers) struct Origin {
    method: Method,
    address: Option<IpAddr>,
}

#[derive(Clone, Copy, Debug)]
enum Method {
    Simple,
    Sasl(&'static str),
    /// Within another operation.
    Internal,
}

impl Origin {
    /// A simple bind.
    pub(in crate::handlers) fn simple(caller: &Caller) -> Self {
        Self::of(Method::Simple, caller)
    }

    /// A bind by this SASL mechanism.
    pub(in crate::handlers) fn sasl(mechanism: &'static str, caller: &Caller) -> Self {
        Self::of(Method::Sasl(mechanism), caller)
    }

    /// A proof that some other operation asks for.
    pub(in crate::handlers) fn internal(caller: &Caller) -> Self {
        Self::of(Method::Internal, caller)
    }

    /// Nowhere: what is only replayed is written down nowhere either.
    pub(super) const fn nowhere() -> Self {
        Self { method: Method::Internal, address: None }
    }

    fn of(method: Method, caller: &Caller) -> Self {
        Self { method, address: caller.channel.peer.map(|peer| peer.ip().to_canonical()) }
    }

    /// The address as it is written down.
    pub(in crate::handlers) fn address(&self) -> Option<String> {
        self.address.map(|address| match address {
            IpAddr::V4(address) => dotted(address),
            IpAddr::V6(address) => address.to_string(),
        })
    }

    /// An attempt at `now` from here: refused for `reason`, or not.
    pub(in crate::handlers) fn attempt(&self, now: UnixMillis, reason: Option<&str>) -> Attempt {
        let method = match self.method {
            Method::Simple => "simple".to_owned(),
            Method::Sasl(mechanism) => format!("SASL {mechanism}"),
            Method::Internal => "internal".to_owned(),
        };
        Attempt { time: now, method, address: self.address(), reason: reason.map(str::to_owned), more: 0 }
    }
}

/// As `Display` has it, without its machinery: every proof of a second factor writes one down.
fn dotted(address: Ipv4Addr) -> String {
    let mut text = String::with_capacity("255.255.255.255".len());
    for octet in address.octets() {
        if !text.is_empty() {
            text.push('.');
        }
        text.push_str(itoa::Buffer::new().format(octet));
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_is_written_down_as_it_is_displayed() {
        for address in [Ipv4Addr::LOCALHOST, Ipv4Addr::UNSPECIFIED, Ipv4Addr::BROADCAST, Ipv4Addr::new(192, 0, 2, 10)] {
            assert_eq!(dotted(address), address.to_string());
        }
    }
}
