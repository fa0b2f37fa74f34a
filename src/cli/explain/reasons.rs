//! The reasons of the log in sentences for whoever has to do something about them: what it means, and what helps.

use std::time::Duration;

use crate::{cli::moment, telemetry::reason};

/// What helps, by the word of the reason; what it means stands beside the word itself.
const ADVICE: &[(&str, &str)] = &[
    (
        reason::WRONG_PASSWORD,
        "The code, if there was one, was not spent. countersign user password sets another password.",
    ),
    (reason::NO_PASSWORD, "countersign user password gives the account one."),
    (reason::UNUSABLE_HASH, "Have the password set again: countersign user password."),
    (
        reason::CODE_MISSING,
        "The code belongs directly behind the password, in the same field. An application that cannot ask for one is named in [factors] service_accounts.",
    ),
    (
        reason::WRONG_CODE,
        "A mistyped code, or one of another account's or of a secret that was replaced: countersign totp list shows when each was added and last used.",
    ),
    (
        reason::CODE_ALREADY_USED,
        "A code is good once: wait for the next one. Applications that bind twice with one password need a service account; otherwise somebody may have seen the code.",
    ),
    (
        reason::LOCKED,
        "The lock ends by itself; countersign user unlock ends it now. Find out first who guesses: the addresses are above and in the log.",
    ),
    (
        reason::FACTOR_LOCKED,
        "Whoever guesses knows the password: have it changed. The lock ends by itself; countersign user unlock ends it now.",
    ),
    (
        reason::FACTOR_CLOSED,
        "Too many wrong codes in a row, all with the right password: have it changed, then countersign user unlock.",
    ),
    (
        reason::NO_FACTOR,
        "countersign totp add gives the user one; a YubiKey is registered with countersign yubikey or by its user.",
    ),
    (
        reason::PASSWORD_EXPIRED,
        "countersign user password sets a new one; whether users may do it themselves is [password] change_expired.",
    ),
    (reason::MUST_CHANGE_PASSWORD, "The user sets a new password, which any client may do that is bound as the user."),
    (
        reason::NO_KEY,
        "countersign yubikey import takes the key in; or name validation servers: [yubikey] keys = \"remote\".",
    ),
    (reason::NOT_OUTSTANDING, "Have a new one sent."),
    (reason::TOKEN_EXPIRED, "Have a new one sent; how long it is good is said in the configuration."),
    (
        reason::VALIDATION_UNAVAILABLE,
        "Nothing was counted. Can this machine reach the servers of [yubikey] validation_urls?",
    ),
    (reason::VALIDATION_REFUSED, "Are [yubikey] client_id and api_key those that the servers know?"),
    (reason::NOT_RECORDED, "Nothing was accepted because nothing could be written down: look at the disk and the log."),
    (
        reason::BUSY,
        "Nothing was judged: too many passwords were being hashed ([password] hashing_threads, hashing_queue).",
    ),
];

/// The rules of account states.
const STATES: &[(&str, &str)] = &[
    ("account-disabled", "An administrator has closed the account: countersign user unlock opens it."),
    ("account-not-yet-active", "The account's activation time has not come (ds-pwp-account-activation-time)."),
    ("account-expired", "The account's expiration time is over (ds-pwp-account-expiration-time)."),
    ("account-idle-locked", "Nobody used the account for too long ([lockout] idle_after): a new password opens it."),
    ("account-reset-locked", "The password was not changed in time after a reset: set another one."),
    (
        "account-validation-locked",
        "The password breaks the password rules: set another one, or countersign user unlock.",
    ),
];

/// A reason of the log, such as `clock-off:+3`, in sentences.
pub(super) fn sentences(reason: &str) -> Vec<String> {
    let (word, detail) = reason.split_once(':').unwrap_or((reason, ""));
    if let (reason::CLOCK_OFF, Ok(steps)) = (word, detail.parse()) {
        return vec![clock_off(steps, None)];
    }
    if word == reason::POLICY {
        let known = STATES.iter().find(|(rule, _)| *rule == detail);
        return vec![known.map_or_else(|| format!("The policy {detail} refused it."), |(_, text)| (*text).to_owned())];
    }
    let of =
        |list: &[(&'static str, &'static str)]| list.iter().find(|(known, _)| *known == word).map(|(_, text)| *text);
    let meaning = of(reason::ALL).map(|text| text.trim().to_owned());
    meaning.into_iter().chain(of(ADVICE).map(str::to_owned)).collect()
}

/// A code of a clock that is off by so many steps; of this length each, if it is known.
pub(super) fn clock_off(steps: i64, step_seconds: Option<u32>) -> String {
    let (count, side) = (steps.unsigned_abs(), if steps > 0 { "ahead of" } else { "behind" });
    let unit = if count == 1 { "step" } else { "steps" };
    let span = step_seconds.map(|seconds| moment::span(Duration::from_secs(count.saturating_mul(seconds.into()))));
    let span = span.map_or_else(String::new, |span| format!(" ({span})"));
    format!(
        "The password was right, and the code is that of a clock {count} {unit}{span} {side} the server's: set the clock of \
         the device, or look at this machine's."
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_reason_has_a_sentence_and_none_is_advised_that_is_not_there() {
        for (word, _) in reason::ALL {
            assert!(!sentences(word).is_empty(), "{word}");
        }
        for (word, advice) in ADVICE {
            assert!(reason::ALL.iter().any(|(known, _)| known == word), "{word}");
            assert!(advice.ends_with(['.', '?']), "{advice}");
        }
        assert!(sentences("no-reason-of-ours").is_empty());
    }

    #[test]
    fn a_clock_is_told_with_its_side() {
        assert!(sentences("clock-off:+3").concat().contains("3 steps ahead of the server's"));
        assert!(clock_off(-1, Some(30)).contains("1 step (30 s) behind the server's"));
    }

    #[test]
    fn every_state_of_an_account_has_a_sentence() {
        use crate::factors::account::Unusable;
        let states = [
            Unusable::Disabled,
            Unusable::NotYetActive,
            Unusable::Expired,
            Unusable::IdleLocked,
            Unusable::ResetLocked,
            Unusable::ValidationLocked,
        ];
        for state in states {
            assert!(!sentences(state.reason()).concat().contains("The policy"), "{}", state.reason());
        }
    }
}
