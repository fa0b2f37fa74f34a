//! What a setting may be: how each type of value is read from the file or the environment and written into the sample.

use std::{fmt, net::IpAddr, net::SocketAddr, path::PathBuf, str::FromStr, time::Duration};

use zeroize::Zeroizing;

use super::value::{Kind, Value};

/// A type that a setting may have.
pub(crate) trait Setting: Sized {
    /// Reads what was found.
    ///
    /// # Errors
    /// What is allowed instead, as the end of a sentence: `a duration such as "30s"`.
    fn read(value: &Value) -> Result<Self, String>;

    /// As it stands in the file; `None` if it is not set.
    fn written(&self) -> Option<String>;

    /// Whether the value is secret, so that it may also be given as the name of a file that holds it.
    const SECRET: bool = false;
}

/// A number of octets, written "64KiB", "1MiB", "2GiB".
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Size(pub u64);

/// A secret: never printed, wiped when dropped.
#[derive(Clone, PartialEq, Eq)]
pub struct SecretText(Zeroizing<String>);

/// A range of addresses in CIDR form, or one address.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Network {
    address: IpAddr,
    prefix: u8,
}

impl Size {
    /// `count` KiB.
    pub const fn kib(count: u64) -> Self {
        Self(count << 10)
    }
    /// `count` MiB.
    pub const fn mib(count: u64) -> Self {
        Self(count << 20)
    }
    /// `count` GiB.
    pub const fn gib(count: u64) -> Self {
        Self(count << 30)
    }
    /// As a length in memory.
    pub fn octets(self) -> usize {
        usize::try_from(self.0).unwrap_or(usize::MAX)
    }
}

impl SecretText {
    /// Takes a secret in.
    pub fn new(secret: String) -> Self {
        Self(Zeroizing::new(secret))
    }
    /// The secret itself; what is done with it is the caller's to answer for.
    pub fn expose(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for SecretText {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("(secret)")
    }
}

impl Network {
    /// Whether `address` lies in it; an IPv4 address mapped into IPv6 counts as the IPv4 address.
    pub fn contains(&self, address: IpAddr) -> bool {
        match (self.address, address.to_canonical()) {
            (IpAddr::V4(own), IpAddr::V4(other)) => {
                let shift = 32 - u32::from(self.prefix.min(32));
                u32::from(own).checked_shr(shift) == u32::from(other).checked_shr(shift)
            }
            (IpAddr::V6(own), IpAddr::V6(other)) => {
                let shift = 128 - u32::from(self.prefix.min(128));
                u128::from(own).checked_shr(shift) == u128::from(other).checked_shr(shift)
            }
            _ => false,
        }
    }
}

impl FromStr for Network {
    type Err = ();

    fn from_str(text: &str) -> Result<Self, ()> {
        let (address, prefix) = match text.split_once('/') {
            Some((address, prefix)) => (address, Some(prefix.parse::<u8>().map_err(|_| ())?)),
            None => (text, None),
        };
        let address: IpAddr = address.parse().map_err(|_| ())?;
        let widest = if address.is_ipv4() { 32 } else { 128 };
        let prefix = prefix.unwrap_or(widest);
        if prefix > widest { Err(()) } else { Ok(Self { address, prefix }) }
    }
}

impl fmt::Display for Network {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.address, self.prefix)
    }
}

/// Reads a text with `parse`, or says what is allowed.
pub(super) fn parsed<T>(value: &Value, allowed: &str, parse: impl FnOnce(&str) -> Option<T>) -> Result<T, String> {
    match &value.kind {
        Kind::Text(text) => parse(text.trim()).ok_or_else(|| allowed.to_owned()),
        _ => Err(allowed.to_owned()),
    }
}

impl Setting for String {
    fn read(value: &Value) -> Result<Self, String> {
        match &value.kind {
            Kind::Text(text) => Ok(text.clone()),
            _ => Err("a text in quotes".to_owned()),
        }
    }
    fn written(&self) -> Option<String> {
        Some(quoted(self))
    }
}

impl Setting for bool {
    fn read(value: &Value) -> Result<Self, String> {
        match &value.kind {
            Kind::Boolean(truth) => Ok(*truth),
            Kind::Text(text) if value.is_from_environment() => text.parse().map_err(|_| "true or false".to_owned()),
            _ => Err("true or false, without quotes".to_owned()),
        }
    }
    fn written(&self) -> Option<String> {
        Some(self.to_string())
    }
}

impl Setting for u32 {
    fn read(value: &Value) -> Result<Self, String> {
        let allowed = || "a whole number from 0 up".to_owned();
        match &value.kind {
            Kind::Integer(number) => Self::try_from(*number).map_err(|_| allowed()),
            Kind::Text(text) if value.is_from_environment() => text.trim().parse().map_err(|_| allowed()),
            Kind::Text(text) if text.parse::<Self>().is_ok() => Err("a whole number, without quotes".to_owned()),
            _ => Err(allowed()),
        }
    }
    fn written(&self) -> Option<String> {
        Some(self.to_string())
    }
}

/// Units of time, the greatest first.
pub(super) const TIME_UNITS: [(&str, u64); 5] =
    [("d", 86_400_000), ("h", 3_600_000), ("m", 60_000), ("s", 1000), ("ms", 1)];

/// Units of size, the greatest first.
const SIZE_UNITS: [(&str, u64); 4] = [("GiB", 1 << 30), ("MiB", 1 << 20), ("KiB", 1 << 10), ("B", 1)];

/// A whole number and one of these units.
pub(super) fn measured(text: &str, units: &[(&str, u64)]) -> Option<u64> {
    let digits = text.find(|letter: char| !letter.is_ascii_digit())?;
    let (number, unit) = text.split_at_checked(digits)?;
    let (_, factor) = units.iter().find(|(name, _)| name.eq_ignore_ascii_case(unit.trim()))?;
    number.parse::<u64>().ok()?.checked_mul(*factor)
}

/// The greatest unit in which this is a whole number.
pub(super) fn in_units(amount: u64, units: &[(&str, u64)]) -> String {
    units
        .iter()
        .find(|(_, factor)| amount >= *factor && amount.is_multiple_of(*factor))
        .or_else(|| units.last())
        .map_or_else(String::new, |(name, factor)| format!("\"{}{name}\"", amount / factor))
}

impl Setting for Duration {
    fn read(value: &Value) -> Result<Self, String> {
        parsed(value, "a duration such as \"500ms\", \"30s\", \"15m\", \"1h\" or \"7d\"", |text| {
            measured(text, &TIME_UNITS).map(Self::from_millis)
        })
    }
    fn written(&self) -> Option<String> {
        if self.is_zero() {
            return Some("\"0s\"".to_owned());
        }
        Some(in_units(u64::try_from(self.as_millis()).unwrap_or(u64::MAX), &TIME_UNITS))
    }
}

impl Setting for Size {
    fn read(value: &Value) -> Result<Self, String> {
        parsed(value, "a size such as \"64KiB\", \"1MiB\" or \"2GiB\"", |text| measured(text, &SIZE_UNITS).map(Self))
    }
    fn written(&self) -> Option<String> {
        Some(in_units(self.0, &SIZE_UNITS))
    }
}

impl Setting for PathBuf {
    fn read(value: &Value) -> Result<Self, String> {
        parsed(value, "a path in quotes", |text| (!text.is_empty()).then(|| Self::from(text)))
    }
    fn written(&self) -> Option<String> {
        Some(quoted(&self.to_string_lossy()))
    }
}

impl Setting for SecretText {
    fn read(value: &Value) -> Result<Self, String> {
        parsed(value, "a text in quotes", |text| (!text.is_empty()).then(|| Self::new(text.to_owned())))
    }
    fn written(&self) -> Option<String> {
        Some(quoted(self.expose()))
    }
    const SECRET: bool = true;
}

impl Setting for SocketAddr {
    fn read(value: &Value) -> Result<Self, String> {
        parsed(
            value,
            "an address and a port such as \"127.0.0.1:3389\", \"0.0.0.0:389\" or \"[::1]:636\"; port 0 takes a free one",
            |text| text.parse().ok(),
        )
    }
    fn written(&self) -> Option<String> {
        Some(quoted(&self.to_string()))
    }
}

impl Setting for Network {
    fn read(value: &Value) -> Result<Self, String> {
        parsed(value, "an address or a network such as \"10.0.0.0/8\" or \"::1\"", |text| text.parse().ok())
    }
    fn written(&self) -> Option<String> {
        Some(quoted(&self.to_string()))
    }
}

impl<T: Setting> Setting for Option<T> {
    fn read(value: &Value) -> Result<Self, String> {
        T::read(value).map(Some)
    }
    fn written(&self) -> Option<String> {
        self.as_ref().and_then(T::written)
    }
    const SECRET: bool = T::SECRET;
}

impl<T: Setting> Setting for Vec<T> {
    fn read(value: &Value) -> Result<Self, String> {
        match &value.kind {
            Kind::List(items) => items
                .iter()
                .map(|item| {
                    T::read(item).map_err(|allowed| format!("a list, each of it {allowed}; not {}", item.described()))
                })
                .collect(),
            // One item needs no brackets in an environment variable; none at all is the empty list.
            Kind::Text(text) if value.is_from_environment() && text.is_empty() => Ok(Self::new()),
            Kind::Text(_) if value.is_from_environment() => Ok(vec![T::read(value)?]),
            _ => Err("a list in brackets: [\"...\", \"...\"]".to_owned()),
        }
    }
    fn written(&self) -> Option<String> {
        let items: Vec<String> = self.iter().filter_map(T::written).collect();
        Some(format!("[{}]", items.join(", ")))
    }
}

/// A TOML string.
pub(crate) fn quoted(text: &str) -> String {
    toml::Value::String(text.to_owned()).to_string()
}

/// Declares an enum whose variants stand in the file as words.
macro_rules! words {
    (
        $(#[$about:meta])*
        pub enum $Name:ident { $( $(#[$doc:meta])* $Variant:ident = $word:literal, )+ }
    ) => {
        $(#[$about])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        pub enum $Name { $( $(#[$doc])* $Variant, )+ }

        impl $Name {
            /// The word in the file.
            pub const fn word(self) -> &'static str {
                match self { $( Self::$Variant => $word, )+ }
            }
        }

        impl $crate::config::setting::Setting for $Name {
            fn read(value: &$crate::config::value::Value) -> Result<Self, String> {
                match &value.kind {
                    $( $crate::config::value::Kind::Text(text) if text == $word => Ok(Self::$Variant), )+
                    _ => Err([$( concat!("\"", $word, "\""), )+].join(" or ")),
                }
            }
            fn written(&self) -> Option<String> {
                Some(format!("\"{}\"", self.word()))
            }
        }
    };
}

pub(crate) use words;
