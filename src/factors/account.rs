//! When an account may be used: disabled, outside its time, idle, reset and not taken up, its password expired. Wrong passwords are
//! `lockout`'s; what a refusal means to a client is decided in the handlers.
//!
//! ```text
//!   the password's age:   Good ──▶ Expiring (`warn_before` the end) ──▶ Grace (`grace_logins` left) ──▶ Expired
//!                          ▲                                                                              │
//!                          └───────────────────────────── a new password ◀────────────────────────────────┘
//! ```

use std::time::Duration;

use minicbor::{Decode, Encode};

use super::{login_history::Logins, retired_password::Retired};
use crate::clock::UnixMillis;

/// The rules. A duration of zero is a rule that is not there.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Policy {
    /// How long a password is good.
    pub max_age: Duration,
    /// By when everybody must have changed their password; whoever has not finds it expired.
    pub change_by: Option<UnixMillis>,
    /// How long before its end its user is warned.
    pub warn_before: Duration,
    /// How often an expired password still binds.
    pub grace_logins: u32,
    /// How long a password that somebody else set waits for its user.
    pub change_within: Duration,
    /// How long an account may go unused.
    pub idle_after: Duration,
}

/// What is stored about an account beside its factors.
#[derive(Clone, Debug, Default, PartialEq, Eq, Encode, Decode)]
#[cbor(map)]
pub struct State {
    /// Somebody else set the password: its user may do nothing but set another.
    #[n(0)]
    #[cbor(default)]
    pub must_change: bool,
    /// When somebody else set it.
    #[n(1)]
    pub reset: Option<UnixMillis>,
    /// When its user was first warned that it expires.
    #[n(2)]
    pub warned: Option<UnixMillis>,
    /// When it bound although it had expired.
    #[n(3)]
    #[cbor(default)]
    pub grace_uses: Vec<UnixMillis>,
    /// The last time by which everybody had to change their password, and this user did.
    #[n(4)]
    pub changed_by: Option<UnixMillis>,
    /// From where the last login came; best effort.
    #[n(5)]
    pub last_address: Option<String>,
    /// When the password was last held against the password rules at a bind.
    #[n(6)]
    pub validated: Option<UnixMillis>,
    /// Closed because the password breaks the password rules.
    #[n(7)]
    #[cbor(default)]
    pub validation_locked: bool,
    /// When authentications failed, oldest first; how many of them count is said by the counts of failures.
    #[n(8)]
    #[cbor(default)]
    pub failure_times: Vec<UnixMillis>,
    /// The recent logins, as far as they are kept.
    #[n(9)]
    #[cbor(default)]
    pub logins: Logins,
    /// The password before the present one, if it was retired rather than ended.
    #[n(10)]
    pub retired: Option<Retired>,
    /// How often the access tokens that had been handed out were ended by a change of the account.
    #[n(12)]
    #[cbor(default)]
    pub tokens_ended: u32,
}

/// An account as these rules see it, at one moment.
#[derive(Clone, Copy, Debug)]
pub struct Facts<'a> {
    /// An administrator has closed it.
    pub disabled: bool,
    /// Before this moment it is not open yet.
    pub activation: Option<UnixMillis>,
    /// From this moment on it is closed.
    pub expiration: Option<UnixMillis>,
    /// When its entry was made.
    pub created: Option<UnixMillis>,
    /// Whether it has a password at all.
    pub has_password: bool,
    /// When the password was last set.
    pub password_changed: Option<UnixMillis>,
    /// The last login that is recorded.
    pub last_login: Option<UnixMillis>,
    /// What else is stored.
    pub state: &'a State,
    /// The rules.
    pub policy: Policy,
}

/// Why an account may not be used at all, whatever is proven.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Unusable {
    /// An administrator has closed it.
    Disabled,
    /// Its time has not come.
    NotYetActive,
    /// Its time is over.
    Expired,
    /// Nobody used it for too long.
    IdleLocked,
    /// Its user did not change in time the password that somebody else set.
    ResetLocked,
    /// Its password breaks the password rules.
    ValidationLocked,
}

/// What the age of a password means.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Age {
    /// It is good.
    Good,
    /// It is good, and expires soon.
    Expiring {
        /// In this time.
        left: Duration,
    },
    /// It has expired and still binds.
    Grace {
        /// So many times.
        left: u32,
    },
    /// It has expired.
    Expired,
}

impl Unusable {
    /// The reason for the log.
    pub const fn reason(self) -> &'static str {
        match self {
            Self::Disabled => "policy:account-disabled",
            Self::NotYetActive => "policy:account-not-yet-active",
            Self::Expired => "policy:account-expired",
            Self::IdleLocked => "policy:account-idle-locked",
            Self::ResetLocked => "policy:account-reset-locked",
            Self::ValidationLocked => "policy:account-validation-locked",
        }
    }
}

impl Facts<'_> {
    /// Why the account may not be used at `now`, if it may not.
    pub fn unusable(&self, now: UnixMillis) -> Option<Unusable> {
        let over = |moment: Option<UnixMillis>| moment.is_some_and(|moment| moment <= now);
        match () {
            () if self.disabled => Some(Unusable::Disabled),
            () if self.activation.is_some_and(|activation| now < activation) => Some(Unusable::NotYetActive),
            () if over(self.expiration) => Some(Unusable::Expired),
            () if self.state.validation_locked => Some(Unusable::ValidationLocked),
            () if over(self.reset_lock()) => Some(Unusable::ResetLocked),
            () if over(self.idle_lock()) => Some(Unusable::IdleLocked),
            () => None,
        }
    }

    /// When the account closes if nobody uses it; `None` without that rule.
    pub fn idle_lock(&self) -> Option<UnixMillis> {
        let used = self.last_login.max(self.password_changed).max(self.created)?;
        after(used, self.policy.idle_after)
    }

    /// When the account closes if its user does not change the password that somebody else set.
    pub fn reset_lock(&self) -> Option<UnixMillis> {
        let reset = self.state.reset.filter(|_| self.state.must_change)?;
        after(reset, self.policy.change_within)
    }

    /// When the password expires; `None` if it never does.
    pub fn password_expires(&self) -> Option<UnixMillis> {
        let since = self.password_changed.or(self.created).filter(|_| self.has_password);
        let by_age = since.and_then(|since| after(since, self.policy.max_age));
        by_age.into_iter().chain(self.change_due()).min()
    }

    /// By when the password must be changed as everybody's, if it still must.
    pub fn change_due(&self) -> Option<UnixMillis> {
        let is_due = |time: &UnixMillis| self.state.changed_by.is_none_or(|changed_by| changed_by < *time);
        self.policy.change_by.filter(|time| self.has_password && is_due(time))
    }

    /// What the age of the password means at `now`.
    pub fn age(&self, now: UnixMillis) -> Age {
        let Some(end) = self.password_expires() else { return Age::Good };
        let left = end.since(now);
        if !left.is_zero() {
            return if left <= self.policy.warn_before { Age::Expiring { left } } else { Age::Good };
        }
        match self.grace_left() {
            0 => Age::Expired,
            left => Age::Grace { left },
        }
    }

    /// How often the password still binds once it has expired.
    pub fn grace_left(&self) -> u32 {
        let used = u32::try_from(self.state.grace_uses.len()).unwrap_or(u32::MAX);
        self.policy.grace_logins.saturating_sub(used)
    }
}

/// The moment this long after `start`, unless the time is none.
fn after(start: UnixMillis, time: Duration) -> Option<UnixMillis> {
    (!time.is_zero()).then(|| start.plus(time))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    const DAY: Duration = Duration::from_secs(86_400);

    const fn day(number: u64) -> UnixMillis {
        UnixMillis::from_seconds(number * 86_400)
    }

    fn facts(state: &State) -> Facts<'_> {
        Facts {
            disabled: false,
            activation: None,
            expiration: None,
            created: Some(day(100)),
            has_password: true,
            password_changed: None,
            last_login: None,
            state,
            policy: Policy::default(),
        }
    }

    #[test]
    fn an_account_is_open_within_its_time() {
        let state = State::default();
        let dated = Facts { activation: Some(day(110)), expiration: Some(day(120)), ..facts(&state) };
        for (number, expected) in [
            (109, Some(Unusable::NotYetActive)),
            (110, None),
            (119, None),
            (120, Some(Unusable::Expired)),
            (500, Some(Unusable::Expired)),
        ] {
            assert_eq!(dated.unusable(day(number)), expected, "{number}");
        }
        assert_eq!(Facts { disabled: true, ..dated }.unusable(day(115)), Some(Unusable::Disabled));
        assert_eq!(facts(&state).unusable(day(10_000)), None, "without rules it is open for ever");
    }

    #[test]
    fn an_account_that_nobody_uses_closes() {
        let state = State::default();
        let policy = Policy { idle_after: 30 * DAY, ..Policy::default() };
        let idle = Facts { policy, ..facts(&state) };
        assert_eq!(idle.unusable(day(129)), None);
        assert_eq!(idle.unusable(day(130)), Some(Unusable::IdleLocked));
        assert_eq!(Facts { last_login: Some(day(125)), ..idle }.unusable(day(130)), None);
        assert_eq!(Facts { password_changed: Some(day(125)), ..idle }.unusable(day(130)), None, "a reset opens it");
    }

    #[test]
    fn a_reset_password_waits_only_so_long() {
        let state = State { must_change: true, reset: Some(day(100)), ..State::default() };
        let policy = Policy { change_within: 3 * DAY, ..Policy::default() };
        let reset = Facts { policy, ..facts(&state) };
        assert_eq!((reset.unusable(day(102)), reset.unusable(day(103))), (None, Some(Unusable::ResetLocked)));
        let taken = State { must_change: false, ..state.clone() };
        assert_eq!(Facts { state: &taken, ..reset }.unusable(day(200)), None);
        assert_eq!(facts(&state).unusable(day(200)), None, "without the rule it waits for ever");
    }

    #[test]
    fn a_password_is_good_then_expiring_then_out_of_grace() {
        let mut state = State::default();
        let policy = Policy { max_age: 90 * DAY, warn_before: 5 * DAY, grace_logins: 2, ..Policy::default() };
        let aging = |state: &State, now| Facts { policy, password_changed: Some(day(200)), ..facts(state) }.age(now);
        assert_eq!(aging(&state, day(284)), Age::Good);
        assert_eq!(aging(&state, day(286)), Age::Expiring { left: 4 * DAY });
        assert_eq!(aging(&state, day(290)), Age::Grace { left: 2 });
        state.grace_uses = vec![day(291), day(292)];
        assert_eq!(aging(&state, day(293)), Age::Expired);
        assert_eq!(facts(&state).age(day(10_000)), Age::Good, "without the rule");
        let none = Facts { policy, has_password: false, ..facts(&state) };
        assert_eq!(none.age(day(10_000)), Age::Good, "without a password");
        assert_eq!(
            Facts { policy, ..facts(&state) }.password_expires(),
            Some(day(190)),
            "from when the entry was made"
        );
    }

    #[test]
    fn a_password_that_everybody_must_change_by_then_expires_then() {
        let mut state = State::default();
        let policy = Policy { change_by: Some(day(150)), max_age: 90 * DAY, ..Policy::default() };
        let aging = |state: &State| Facts { policy, ..facts(state) }.password_expires();
        assert_eq!(aging(&state), Some(day(150)), "before its age would have it so");
        state.changed_by = Some(day(149));
        assert_eq!(aging(&state), Some(day(150)), "that was for an earlier time");
        state.changed_by = Some(day(150));
        assert_eq!(aging(&state), Some(day(190)));
        let none = Facts { policy, has_password: false, ..facts(&State::default()) }.change_due();
        assert_eq!(none, None, "without a password");
    }

    #[test]
    fn a_state_comes_back_as_it_was() {
        let state = State {
            must_change: true,
            grace_uses: vec![day(1), day(2)],
            last_address: Some("192.0.2.1".to_owned()),
            ..State::default()
        };
        let encoded = minicbor::to_vec(&state).unwrap();
        assert_eq!(minicbor::decode::<State>(&encoded).unwrap(), state);
        assert_eq!(minicbor::decode::<State>(&[0xA0]).unwrap(), State::default());
    }
}
