//! How many connections the server holds, in all and from one address. Both doors ask here before they serve a connection; what
//! a connection then does is not known here.

use std::{
    collections::HashMap,
    net::{IpAddr, Ipv6Addr},
    sync::{Arc, Mutex, PoisonError},
};

/// The count of open connections; shared by all listeners.
#[derive(Debug)]
pub struct Connections {
    total: u32,
    per_address: u32,
    open: Mutex<Open>,
}

#[derive(Debug, Default)]
struct Open {
    total: u32,
    by_address: HashMap<IpAddr, u32>,
    admitted: u64,
    refused: u64,
}

/// How many connections there are and were.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Census {
    /// Open now.
    pub open: u32,
    /// Admitted since the start.
    pub admitted: u64,
    /// Refused since the start.
    pub refused: u64,
}

/// The right to one connection; given back when dropped.
#[derive(Debug)]
pub struct Admission {
    connections: Arc<Connections>,
    address: Option<IpAddr>,
}

/// Why a connection is not served.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Full {
    /// The server holds all the connections it may.
    Total,
    /// This address holds all the connections it may.
    Address,
}

impl Connections {
    /// At most `total` connections at once (0: no limit), and at most `per_address` from one address other than loopback.
    pub fn new(total: u32, per_address: u32) -> Arc<Self> {
        Arc::new(Self { total, per_address, open: Mutex::default() })
    }

    /// Admits a connection from `peer`.
    ///
    /// # Errors
    /// A limit is reached.
    pub fn admit(self: &Arc<Self>, peer: IpAddr) -> Result<Admission, Full> {
        let address = counted(peer);
        let mut open = self.open.lock().unwrap_or_else(PoisonError::into_inner);
        let admitted = open.admit(address, self);
        *if admitted.is_ok() { &mut open.admitted } else { &mut open.refused } += 1;
        drop(open);
        admitted?;
        Ok(Admission { connections: Arc::clone(self), address })
    }

    /// How many connections there are and were.
    pub fn census(&self) -> Census {
        let open = self.open.lock().unwrap_or_else(PoisonError::into_inner);
        Census { open: open.total, admitted: open.admitted, refused: open.refused }
    }
}

impl Open {
    /// Counts one more of this address, if there may be one more.
    fn admit(&mut self, address: Option<IpAddr>, limits: &Connections) -> Result<(), Full> {
        if limits.total != 0 && self.total >= limits.total {
            return Err(Full::Total);
        }
        if let Some(address) = address {
            let count = self.by_address.entry(address).or_default();
            if *count >= limits.per_address {
                return Err(Full::Address);
            }
            *count += 1;
        }
        self.total += 1;
        Ok(())
    }
}

impl Drop for Admission {
    fn drop(&mut self) {
        let mut open = self.connections.open.lock().unwrap_or_else(PoisonError::into_inner);
        open.total = open.total.saturating_sub(1);
        let Some(address) = self.address else { return };
        if let Some(count) = open.by_address.get_mut(&address) {
            *count -= 1;
            if *count == 0 {
                open.by_address.remove(&address);
            }
        }
    }
}

/// What is counted as one address: an IPv4 address, or an IPv6 network of 64 bits, since one client has all of its addresses.
/// `None` for loopback, which is exempt.
fn counted(peer: IpAddr) -> Option<IpAddr> {
    match peer.to_canonical() {
        address if address.is_loopback() => None,
        IpAddr::V6(address) => Some(IpAddr::V6(Ipv6Addr::from_bits(address.to_bits() >> 64 << 64))),
        address => Some(address),
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]
    use super::*;

    fn address(text: &str) -> IpAddr {
        text.parse().unwrap()
    }

    #[test]
    fn an_address_has_its_share_and_gets_it_back() {
        let connections = Connections::new(0, 2);
        let first = connections.admit(address("192.0.2.1")).unwrap();
        let _second = connections.admit(address("::ffff:192.0.2.1")).unwrap();
        assert_eq!(connections.admit(address("192.0.2.1")).unwrap_err(), Full::Address);
        let _other = connections.admit(address("192.0.2.2")).unwrap();
        drop(first);
        let _again = connections.admit(address("192.0.2.1")).unwrap();
        assert_eq!(connections.census(), Census { open: 3, admitted: 4, refused: 1 });
    }

    #[test]
    fn an_ipv6_network_is_one_client_and_loopback_is_exempt() {
        let connections = Connections::new(0, 1);
        let _first = connections.admit(address("2001:db8::1")).unwrap();
        assert_eq!(connections.admit(address("2001:db8::2")).unwrap_err(), Full::Address);
        let _local: Vec<_> = ["127.0.0.1", "127.0.0.1", "::1", "::1", "::ffff:127.0.0.1"]
            .map(|text| connections.admit(address(text)).unwrap())
            .into();
    }

    #[test]
    fn the_total_holds_for_loopback_too() {
        let connections = Connections::new(1, 1);
        let only = connections.admit(address("127.0.0.1")).unwrap();
        assert_eq!(connections.admit(address("127.0.0.1")).unwrap_err(), Full::Total);
        drop(only);
        assert!(connections.admit(address("127.0.0.1")).is_ok());
        assert_eq!(connections.census().open, 0);
    }
}
