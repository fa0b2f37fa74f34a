//! When accounts may be used, as the configuration says it. What the rules mean is `factors::account`.

use crate::{
    clock::UnixMillis,
    config::{Config, Moment},
    factors::account::Policy,
};

/// The rules in force.
pub(super) fn configured(config: &Config) -> Policy {
    Policy {
        max_age: config.password.max_age,
        change_by: config.password.change_by.map(Moment::seconds).map(UnixMillis::from_seconds),
        warn_before: config.password.warn_before,
        grace_logins: config.password.grace_logins,
        change_within: config.password.change_within,
        idle_after: config.lockout.idle_after,
    }
}
