//! The account's factor record: everything about factors that is stored beside an entry and changes without it.
//! What the parts mean is decided in `totp`, `lockout` and the handlers; secrets in it are sealed by `seal`.
//!
//! Encoded as a version octet and a CBOR map of numbered fields (minicbor). A newer program may add numbers; an older one skips
//! what it does not know. A new version octet is for changes that an older program must not skip. What a store gives is decoded
//! with a bound, [`MAX_LENGTH`].

use std::fmt;

use minicbor::{Decode, Decoder, Encode, Encoder, decode as decode_fields, decode, encode};

use super::{
    account::State,
    lockout::Failures,
    one_time_password::{Delivered, Outstanding, Tokens},
    recovery::RecoveryCodes,
    totp::{Settings, Step},
    yubikey::Token,
};
use crate::clock::UnixMillis;

/// The longest record that is read, in octets.
pub const MAX_LENGTH: usize = 256 * 1024;
/// What the record of an account with one factor seldom exceeds, in octets.
const USUAL_LENGTH: usize = 256;
const VERSION: u8 = 1;
/// Most times of failures that are kept.
const MAX_FAILURE_TIMES: usize = 100;

/// Everything that is stored about one account's factors. An account without a record has an empty one.
#[derive(Clone, Default, PartialEq, Eq, Encode, Decode)]
#[cbor(map)]
pub struct Record {
    /// The account's factors, oldest first.
    #[n(0)]
    #[cbor(default)]
    pub factors: Vec<Factor>,
    /// Failures of the static password.
    #[n(1)]
    #[cbor(default)]
    pub password_failures: Failures,
    /// Failures of the second factor, all factors and all doors together.
    #[n(2)]
    #[cbor(default)]
    pub second_factor_failures: Failures,
    /// When the password was last changed.
    #[n(3)]
    pub password_changed: Option<UnixMillis>,
    /// Hashes of former passwords, newest first.
    #[n(4)]
    #[cbor(default)]
    pub history: Vec<String>,
    /// The last successful authentication; best effort.
    #[n(5)]
    pub last_login: Option<UnixMillis>,
    /// The id that the next factor gets; ids are never used again.
    #[n(6)]
    #[cbor(default)]
    pub next_id: u32,
    /// The one-time password that was sent, and how often something was sent.
    #[n(7)]
    pub delivered: Option<Delivered>,
    /// Tokens that were sent.
    #[n(8)]
    pub tokens: Option<Tokens>,
    /// Codes on paper for whoever has lost the device; `None`: none were made.
    #[n(9)]
    pub recovery: Option<RecoveryCodes>,
    /// What else is stored about the account.
    #[n(11)]
    #[cbor(default)]
    pub state: State,
}

/// One factor of an account.
#[derive(Clone, PartialEq, Eq, Encode, Decode)]
#[cbor(map)]
pub struct Factor {
    /// Names the factor within its account.
    #[n(0)]
    pub id: u32,
    /// What it is.
    #[n(1)]
    pub kind: Kind,
    /// What its owner calls it; may be empty.
    #[n(2)]
    #[cbor(default)]
    pub label: String,
    /// Set up but not yet proven by a code: it neither helps nor hinders.
    #[n(3)]
    #[cbor(default)]
    pub pending: bool,
    /// When it was added.
    #[n(4)]
    #[cbor(default)]
    pub added: UnixMillis,
    /// When it last proved its owner.
    #[n(5)]
    pub last_used: Option<UnixMillis>,
    /// Its secret, sealed; empty for a kind without one.
    #[n(6)]
    #[cbor(default, with = "minicbor::bytes")]
    pub secret: Vec<u8>,
    /// TOTP: the newest time step that is spent.
    #[n(7)]
    pub last_step: Option<Step>,
    /// TOTP: digits of a code; absent: as configured.
    #[n(8)]
    pub digits: Option<u8>,
    /// TOTP: seconds of a time step; absent: as configured.
    #[n(9)]
    pub period_seconds: Option<u32>,
    /// YubiKey: its public ID, in lower case.
    #[n(10)]
    pub public_id: Option<String>,
    /// YubiKey: the newest token that was seen of it.
    #[n(11)]
    pub last_token: Option<Token>,
    /// YubiKey: the nonce with which a client of the validation protocol brought that token.
    #[n(12)]
    pub last_nonce: Option<String>,
}

/// What a factor is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// A TOTP shared secret (RFC 6238), HMAC-SHA-1.
    Totp,
    /// A YubiKey that makes Yubico OTPs; `secret` is its AES key and private ID, empty where other servers have them. It stands in
    /// the device's own record, not in its owner's: the counters are the device's, whoever owns it.
    Yubikey,
    /// A kind of a newer program: kept, never used.
    Unknown(u32),
}

/// Why stored octets are no record.
#[derive(Debug)]
pub enum RecordError {
    /// Longer than [`MAX_LENGTH`].
    TooLong,
    /// Written by a newer program in a form that this one must not guess at.
    Version(u8),
    /// Damaged.
    Malformed(decode::Error),
}

impl Record {
    /// The record in `octets`, as a store returned them.
    ///
    /// # Errors
    /// Why they are none. An account whose record cannot be read must be refused, not taken as one without factors.
    pub fn decode(octets: &[u8]) -> Result<Self, RecordError> {
        if octets.len() > MAX_LENGTH {
            return Err(RecordError::TooLong);
        }
        match octets.split_first() {
            Some((&VERSION, fields)) => decode_fields(fields).map_err(RecordError::Malformed),
            Some((&version, _)) => Err(RecordError::Version(version)),
            None => Err(RecordError::Malformed(decode::Error::end_of_input())),
        }
    }

    /// The octets to store.
    pub fn encode(&self) -> Vec<u8> {
        let mut octets = Vec::with_capacity(USUAL_LENGTH);
        octets.push(VERSION);
        // Writing to a vector fails never, and no field refuses to be encoded.
        let Ok(()) = Encoder::new(&mut octets).encode(self).map(drop) else { return Vec::new() };
        octets
    }

    /// The TOTP factors that count: those that are not pending.
    pub fn active_totp(&self) -> impl Iterator<Item = &Factor> {
        self.factors.iter().filter(|factor| factor.kind == Kind::Totp && !factor.pending)
    }

    /// Whether any factor that this program knows is active.
    pub fn has_active_factor(&self) -> bool {
        self.factors.iter().any(|factor| !factor.pending && !matches!(factor.kind, Kind::Unknown(_)))
    }

    /// A further TOTP factor with this sealed secret, active at once; its id.
    pub fn add_totp(&mut self, sealed_secret: Vec<u8>, label: String, now: UnixMillis) -> u32 {
        self.add(Factor { label, secret: sealed_secret, ..Factor::new(Kind::Totp, now) })
    }

    /// The device that this record is about, if it is a YubiKey's record.
    pub fn yubikey(&self) -> Option<&Factor> {
        self.factors.iter().find(|factor| factor.kind == Kind::Yubikey)
    }

    /// The same, to be changed; it is added if the record has none.
    pub fn yubikey_mut(&mut self, public_id: &str, now: UnixMillis) -> Option<&mut Factor> {
        if self.yubikey().is_none() {
            self.add(Factor { public_id: Some(public_id.to_owned()), ..Factor::new(Kind::Yubikey, now) });
        }
        self.factors.iter_mut().find(|factor| factor.kind == Kind::Yubikey)
    }

    fn add(&mut self, factor: Factor) -> u32 {
        let id = self.next_id;
        self.next_id = id.saturating_add(1);
        self.factors.push(Factor { id, ..factor });
        id
    }

    /// Takes a time step of a factor once and for all; later claims of it or of an earlier one are refused by `totp::matching_step`.
    pub fn claim_step(&mut self, factor: u32, step: Step, now: UnixMillis) {
        if let Some(factor) = self.factors.iter_mut().find(|candidate| candidate.id == factor) {
            factor.last_step = factor.last_step.max(Some(step));
            factor.last_used = Some(now);
        }
    }

    /// Writes down when an authentication failed that has just been counted.
    pub fn note_failure(&mut self, now: UnixMillis) {
        self.state.failure_times.push(now);
        let kept = self.failure_times().len();
        let surplus = self.state.failure_times.len() - kept.min(MAX_FAILURE_TIMES);
        self.state.failure_times.drain(..surplus);
    }

    /// When the failures were that count now, of the password and of the second factor, oldest first.
    pub fn failure_times(&self) -> &[UnixMillis] {
        let counted = self.password_failures.count.saturating_add(self.second_factor_failures.count);
        let counted = usize::try_from(counted).unwrap_or(usize::MAX);
        let times = &self.state.failure_times;
        times.get(times.len().saturating_sub(counted)..).unwrap_or_default()
    }

    /// The one-time password that was sent and is neither used nor given up.
    pub fn outstanding(&self) -> Option<&Outstanding> {
        self.delivered.as_ref()?.outstanding.as_ref()
    }

    /// The token with which a new password may be set.
    pub fn reset_token(&self) -> Option<&Outstanding> {
        self.tokens.as_ref()?.reset.as_ref()
    }

    /// Ends the access tokens that have been handed out, also where the account comes back to the state it had.
    pub fn end_tokens(&mut self) {
        self.state.tokens_ended = self.state.tokens_ended.wrapping_add(1);
    }

    /// Both counts of failures cleared, as by a success with every factor or a reset.
    pub fn clear_failures(&mut self) {
        self.password_failures = Failures::default();
        self.second_factor_failures = Failures::default();
    }
}

impl Factor {
    fn new(kind: Kind, now: UnixMillis) -> Self {
        Self {
            id: 0,
            kind,
            label: String::new(),
            pending: false,
            added: now,
            last_used: None,
            secret: Vec::new(),
            last_step: None,
            digits: None,
            period_seconds: None,
            public_id: None,
            last_token: None,
            last_nonce: None,
        }
    }

    /// How this factor's codes are made, where it differs from the configuration.
    pub fn settings(&self, configured: &Settings) -> Settings {
        Settings {
            digits: self.digits.unwrap_or(configured.digits),
            period_seconds: self.period_seconds.unwrap_or(configured.period_seconds),
            ..*configured
        }
    }
}

impl fmt::Debug for Record {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // Neither hashes nor secrets, not even sealed ones, belong into a log.
        f.debug_struct("Record")
            .field("factors", &self.factors)
            .field("former_passwords", &self.history.len())
            .finish_non_exhaustive()
    }
}

impl fmt::Debug for Factor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Factor")
            .field("id", &self.id)
            .field("kind", &self.kind)
            .field("pending", &self.pending)
            .finish_non_exhaustive()
    }
}

impl<C> Encode<C> for Kind {
    fn encode<W: encode::Write>(&self, encoder: &mut Encoder<W>, _: &mut C) -> Result<(), encode::Error<W::Error>> {
        encoder.u32(match self {
            Self::Totp => 1,
            Self::Yubikey => 2,
            Self::Unknown(number) => *number,
        })?;
        Ok(())
    }
}

impl<'b, C> Decode<'b, C> for Kind {
    fn decode(decoder: &mut Decoder<'b>, _: &mut C) -> Result<Self, decode::Error> {
        Ok(match decoder.u32()? {
            1 => Self::Totp,
            2 => Self::Yubikey,
            number => Self::Unknown(number),
        })
    }
}

impl fmt::Display for RecordError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::TooLong => f.write_str("a factor record is too long"),
            Self::Version(version) => {
                write!(f, "a factor record has version {version}; this program knows version {VERSION}")
            }
            Self::Malformed(_) => f.write_str("a factor record is damaged"),
        }
    }
}

impl std::error::Error for RecordError {}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use proptest::prelude::*;

    use std::time::Duration;

    use super::*;
    use crate::factors::{one_time_password::SingleUse, yubikey::Counters};

    const NOW: UnixMillis = UnixMillis(1_700_000_000_123);

    fn sample() -> Record {
        let mut record = Record { history: vec!["{SSHA}x".to_owned()], last_login: Some(NOW), ..Record::default() };
        let id = record.add_totp(vec![1, 2, 3], "phone".to_owned(), NOW);
        record.claim_step(id, Step(55), NOW);
        record.add_totp(vec![4], String::new(), NOW);
        record.password_failures = Failures { count: 3, consecutive: 4, last: NOW };
        let device = record.yubikey_mut("vvcc", NOW).unwrap();
        device.last_token = Some(Token { counters: Counters { session: 7, uses: 3 }, timestamp: 99 });
        device.last_nonce = Some("nonce".to_owned());
        let outstanding = Outstanding::new(vec![1, 2, 3], NOW, Duration::from_secs(300));
        record.delivered = Some(Delivered { outstanding: Some(outstanding.clone()), sent: vec![NOW, NOW] });
        let single_use = vec![SingleUse { id: "phone".to_owned(), token: outstanding.clone() }];
        record.tokens = Some(Tokens { reset: outstanding.after_wrong_guess(5), single_use });
        let mut codes = RecoveryCodes::new(vec![vec![1, 2, 3], vec![4]], NOW);
        codes.spend(1, NOW);
        record.recovery = Some(codes);
        record
    }

    #[test]
    fn a_record_comes_back_as_it_was() {
        for record in [Record::default(), sample()] {
            assert_eq!(Record::decode(&record.encode()).unwrap(), record);
        }
    }

    #[test]
    fn a_record_of_today_stays_readable() {
        // Written by version 1 of this program; must be read by every later one.
        let golden: Vec<u8> = vec![
            1, 0xA4, 0, 0x81, 0xA3, 0, 7, 1, 1, 7, 0x18, 55, 1, 0xA3, 0, 2, 1, 2, 2, 9, 6, 8, 0x18, 99, 0x81, 0xF6,
        ];
        let record = Record::decode(&golden).unwrap();
        assert_eq!((record.next_id, record.factors.len()), (8, 1));
        assert_eq!(record.active_totp().next().unwrap().last_step, Some(Step(55)));
        assert_eq!(record.password_failures, Failures { count: 2, consecutive: 2, last: UnixMillis(9) });
    }

    #[test]
    fn a_kind_of_a_newer_program_is_kept_and_does_not_count() {
        let mut record = sample();
        record.factors.iter_mut().for_each(|factor| factor.kind = Kind::Unknown(9));
        let back = Record::decode(&record.encode()).unwrap();
        assert_eq!(back, record);
        assert!(!back.has_active_factor());
    }

    #[test]
    fn what_is_no_record_is_refused() {
        assert!(matches!(Record::decode(&[]), Err(RecordError::Malformed(_))));
        assert!(matches!(Record::decode(&[2, 0xA0]), Err(RecordError::Version(2))));
        assert!(matches!(Record::decode(&vec![1; MAX_LENGTH + 1]), Err(RecordError::TooLong)));
        let whole = sample().encode();
        assert!((1..whole.len()).all(|length| whole.get(..length).is_some_and(|part| Record::decode(part).is_err())));
    }

    #[test]
    fn nothing_secret_is_printed() {
        let printed = format!("{:?}", sample());
        assert!(!printed.contains("SSHA") && !printed.contains("[1, 2, 3]") && !printed.contains("phone"), "{printed}");
    }

    proptest! {
        #[test]
        fn arbitrary_octets_never_do_harm(octets in prop::collection::vec(any::<u8>(), 0..512)) {
            drop(Record::decode(&octets));
            drop(Record::decode(&[&[VERSION][..], &octets].concat()));
        }
    }
}
