//! What is sent to people: one-time passwords and tokens, how they look, how long they are good, how often they may be sent.

use std::time::Duration;

use super::{
    section::section,
    setting::{Setting, TIME_UNITS, in_units, measured, parsed, words},
    value::Value,
};

section! {
    /// One-time passwords that are sent to a person: extended operation deliver one-time password, SASL UNBOUNDID-DELIVERED-OTP.
    pub struct DeliveredOtpSettings {
        /// How long one is good, up to 10 minutes (NIST SP 800-63B).
        pub validity: Duration = Duration::from_secs(300), if |time| (Duration::from_secs(10)..=Duration::from_secs(600)).contains(time), "\"10s\" to \"10m\"";
        /// Decimal digits of one.
        pub digits: u32 = 6, if |count| (6..=12).contains(count), "a whole number from 6 to 12";
        /// Wrong guesses after which one is good no more; 1: any attempt uses it up.
        pub wrong_guesses: u32 = 5, if |count| (1..=10).contains(count), "a whole number from 1 to 10";
        /// The mechanisms that are tried, in order, where neither the request nor the user names any; empty: all, in the order of
        /// this file.
        pub default_mechanisms: Vec<String> = Vec::new();
    }
}

section! {
    /// Tokens that applications have sent to a person for a purpose of theirs, and consume.
    pub struct SingleUseTokenSettings {
        /// How long one is good, where the request does not say it.
        pub validity: Duration = Duration::from_secs(300), if |time| *time >= Duration::from_secs(1), "\"1s\" or more";
        /// The longest time that a request may ask for; more is cut to it.
        pub longest_validity: Duration = Duration::from_secs(86_400), if |time| *time >= Duration::from_secs(1), "\"1s\" or more";
        /// Characters of one.
        pub length: u32 = 8, if |count| (6..=64).contains(count), "a whole number from 6 to 64";
        /// Wrong guesses after which one is good no more.
        pub wrong_guesses: u32 = 5, if |count| (1..=10).contains(count), "a whole number from 1 to 10";
        /// The mechanisms that are tried, in order, where neither the request nor the user names any; empty: all.
        pub default_mechanisms: Vec<String> = Vec::new();
    }
}

words! {
    /// A state of an account.
    pub enum ResetCondition {
        /// Nothing is wrong with it.
        AccountUsable = "account-usable",
        /// Its password has expired.
        PasswordExpired = "password-expired",
        /// Too many wrong passwords have locked it.
        LockedDueToFailures = "account-locked-due-to-failures",
    }
}

section! {
    /// Tokens with which a person sets a new password without the old one.
    pub struct PasswordResetTokenSettings {
        /// How long one is good.
        pub validity: Duration = Duration::from_secs(1800), if |time| (Duration::from_secs(10)..=Duration::from_secs(86_400)).contains(time), "\"10s\" to \"24h\"";
        /// Characters of one.
        pub length: u32 = 12, if |count| (10..=64).contains(count), "a whole number from 10 to 64";
        /// In which states of the account one is sent and may be used: "account-usable", "password-expired",
        /// "account-locked-due-to-failures".
        pub use_conditions: Vec<ResetCondition> = vec![ResetCondition::AccountUsable, ResetCondition::PasswordExpired, ResetCondition::LockedDueToFailures];
        /// The mechanisms that are tried, in order, where neither the request nor the user names any; empty: all.
        pub default_mechanisms: Vec<String> = Vec::new();
    }
}

/// So often within so long, written "5/15m".
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RateSetting {
    /// This many times; 0: as often as one likes.
    pub count: u32,
    /// Within this long.
    pub per: Duration,
}

section! {
    /// How often codes and tokens are sent. Over it the request is refused and nothing is sent.
    pub struct DeliveryLimitsSettings {
        /// To one user, whichever way; "0/1h" is no limit.
        pub per_user: RateSetting = RateSetting { count: 5, per: Duration::from_secs(900) };
        /// To one address or number, whosever it is; "0/1h" is no limit.
        pub per_recipient: RateSetting = RateSetting { count: 20, per: Duration::from_secs(3600) };
    }
}

impl Setting for RateSetting {
    fn read(value: &Value) -> Result<Self, String> {
        parsed(value, "a rate such as \"5/15m\": at most 1000 times within a day or less", |text| {
            let (count, per) = text.split_once('/')?;
            let (count, per) = (count.trim().parse().ok()?, measured(per.trim(), &TIME_UNITS)?);
            let per = Duration::from_millis(per);
            let is_rate = count <= 1000 && !per.is_zero() && per <= Duration::from_secs(86_400);
            is_rate.then_some(Self { count, per })
        })
    }

    fn written(&self) -> Option<String> {
        let per = in_units(u64::try_from(self.per.as_millis()).unwrap_or(u64::MAX), &TIME_UNITS);
        Some(format!("\"{}/{}\"", self.count, per.trim_matches('"')))
    }
}
