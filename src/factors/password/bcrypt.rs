//! bcrypt: `$2a$`, `$2b$`, `$2y$`, behind `{BCRYPT}`, `{CRYPT}` or bare. It looks at the first 72 octets of a password only, which is
//! why it is not offered for new ones.

/// `2^cost` key schedules: 14 takes about a second.
const COSTS: std::ops::RangeInclusive<u32> = 4..=14;

/// A stored hash.
#[derive(Clone, PartialEq, Eq)]
pub(super) struct Stored<'a> {
    text: &'a str,
}

impl<'a> Stored<'a> {
    pub(super) fn parse(text: &'a str) -> Option<Self> {
        let rest = ["$2a$", "$2b$", "$2y$"].iter().find_map(|prefix| text.strip_prefix(prefix))?;
        let (cost, encoded) = rest.split_once('$')?;
        let cost_is_bounded = cost.len() == 2 && cost.parse().is_ok_and(|cost| COSTS.contains(&cost));
        let is_encoded =
            encoded.len() == 53 && encoded.bytes().all(|octet| octet.is_ascii_alphanumeric() || b"./".contains(&octet));
        (cost_is_bounded && is_encoded).then_some(Self { text })
    }

    pub(super) fn verify(&self, password: &[u8]) -> bool {
        ::bcrypt::verify(password, self.text).unwrap_or(false)
    }
}
