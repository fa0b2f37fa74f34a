//! A moment as a setting: RFC 3339, such as "2027-01-31T00:00:00Z".

use time::{OffsetDateTime, format_description::well_known::Rfc3339};

use super::{
    setting::{Setting, parsed},
    value::Value,
};

/// A moment, in whole seconds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Moment(OffsetDateTime);

impl Moment {
    /// Seconds since 1970; 0 for what was before.
    pub fn seconds(self) -> u64 {
        u64::try_from(self.0.unix_timestamp()).unwrap_or_default()
    }
}

impl Setting for Moment {
    fn read(value: &Value) -> Result<Self, String> {
        parsed(value, "a moment such as \"2027-01-31T00:00:00Z\", in quotes", |text| {
            OffsetDateTime::parse(text, &Rfc3339).ok().map(Self)
        })
    }
    fn written(&self) -> Option<String> {
        self.0.format(&Rfc3339).ok().map(|text| format!("\"{text}\""))
    }
}
