//! What a replayed bind came to, in sentences and as JSON. Neither the password nor the code stands in either.

use serde_json::{Value, json};

use super::reasons;
use crate::{
    caller::{Notice, Strength},
    cli::moment,
    factors::lockout::Door,
    handlers::replay::{Count, Reading, Replay, SecretFound, Worth},
    telemetry::reason,
};

/// The judgement in lines, one for each part.
pub(super) fn told(replay: &Replay) -> Vec<String> {
    let mut lines = vec!["Replayed, with nothing spent and nothing counted:".to_owned(), reading(&replay.reading)];
    lines.push(password(replay));
    lines.extend(replay.secrets.iter().map(secret));
    let [of_password, of_factor] = &replay.counts;
    lines.push(count("passwords", of_password));
    lines.push(count("codes", of_factor));
    lines.extend(outcome(replay));
    lines.iter_mut().skip(1).for_each(|line| line.insert_str(0, "  "));
    lines
}

fn reading(reading: &Reading) -> String {
    match reading {
        Reading::NoFactor => "No code is looked for: the user has no active factor.".to_owned(),
        Reading::ServiceAccount => {
            "No code is looked for: it is a service account ([factors] service_accounts).".to_owned()
        }
        Reading::LeftToPolicies => {
            "No code is looked for: [simple_bind] second_factor leaves that to the policies.".to_owned()
        }
        Reading::NoCode => {
            "A code is needed, and what was typed ends in nothing that could be one of the user's.".to_owned()
        }
        Reading::Digits { password, code } => {
            format!("The last {code} characters are taken as the code, the {password} before them as the password.")
        }
        Reading::RecoveryCode { password, left } => format!(
            "The end is taken as a recovery code, the {password} characters before it as the password; the user has {left} \
             codes left."
        ),
        Reading::YubiKey { password, public_id: None, .. } => {
            format!("The end is taken as an OTP and is none; the {password} characters before it as the password.")
        }
        Reading::YubiKey { password, public_id: Some(id), is_own } => {
            let whose = if *is_own { "the user's" } else { "not the user's" };
            format!(
                "The end is an OTP of the YubiKey {id}, which is {whose}; the {password} characters before it are the password."
            )
        }
    }
}

fn password(replay: &Replay) -> String {
    match replay.password {
        Ok(()) => "The password is right.".to_owned(),
        Err(_) if replay.whole_is_password => {
            "That is not the password, but the whole of what was typed is: the code is missing.".to_owned()
        }
        Err(reason::NO_PASSWORD) => "The account has no password.".to_owned(),
        Err(reason::UNUSABLE_HASH) => "The stored password cannot be judged: set another one.".to_owned(),
        Err(_) => "The password is wrong.".to_owned(),
    }
}

fn secret(found: &SecretFound) -> String {
    let label = if found.label.is_empty() { String::new() } else { format!(" \"{}\"", found.label) };
    let used = moment::day(found.last_used);
    let seconds = i64::from(found.step_seconds);
    let worth = match (found.worth, found.offset) {
        (Worth::Fresh, offset) => format!("the code is good, of {}", offset.map_or_else(String::new, step)),
        (Worth::Used, offset) => {
            let which = offset.map_or_else(String::new, step);
            format!("the code is of {which}, which is spent, or of one before it (last used {used})")
        }
        (Worth::Wrong, Some(offset)) => format!(
            "the code is of {}: a clock is off by {} s, more than [totp] window allows",
            step(offset),
            offset * seconds
        ),
        (Worth::Wrong, None) => "the code is of no step within ten minutes".to_owned(),
    };
    format!("TOTP secret {}{label}: {worth}.", found.id)
}

fn step(offset: i64) -> String {
    match offset {
        0 => "the present step".to_owned(),
        ahead @ 1.. => format!("the step {ahead} ahead"),
        behind => format!("the step {} back", behind.unsigned_abs()),
    }
}

fn count(what: &str, count: &Count) -> String {
    match count.door {
        Door::Locked { until } => {
            format!("Too many wrong {what}: locked until {}, whatever is presented.", moment::second(until))
        }
        Door::Closed => format!("Too many wrong {what} in a row: closed until countersign user unlock."),
        Door::Open if count.most == 0 => format!("Wrong {what} lock nothing here."),
        Door::Open => format!("Wrong {what} that count: {} of {}.", count.failures, count.most),
    }
}

fn outcome(replay: &Replay) -> Vec<String> {
    match &replay.outcome {
        Ok((strength, notice)) => {
            let factors = if *strength == Strength::TwoFactors { "with two factors" } else { "by the password alone" };
            let mut lines = vec![format!("The bind would succeed, {factors}.")];
            lines.extend(noticed(notice));
            lines
        }
        Err(why) if why == reason::VALIDATION_UNAVAILABLE => {
            vec!["Validation servers judge this device; they were not asked, for that uses the OTP up.".to_owned()]
        }
        Err(why) => {
            let mut lines = vec![format!("The bind would be refused: {why}.")];
            let seconds = replay.secrets.first().map(|secret| secret.step_seconds);
            lines.extend(match why.split_once(':') {
                Some((reason::CLOCK_OFF, steps)) => {
                    vec![reasons::clock_off(steps.parse().unwrap_or_default(), seconds)]
                }
                _ => reasons::sentences(why),
            });
            lines
        }
    }
}

fn noticed(notice: &Notice) -> Vec<String> {
    let mut lines = Vec::new();
    if notice.must_change {
        lines.push("The password must be changed before anything else.".to_owned());
    }
    if let Some(left) = notice.grace_logins_left {
        lines.push(format!("The password has expired; it would bind {left} times more."));
    }
    lines
}

/// The same for scripts.
pub(super) fn to_json(replay: &Replay) -> Value {
    let [of_password, of_factor] = &replay.counts;
    json!({
        "accepted": replay.outcome.is_ok(),
        "twoFactors": matches!(replay.outcome, Ok((Strength::TwoFactors, _))),
        "reason": replay.outcome.as_ref().err(),
        "reading": reading_word(&replay.reading),
        "passwordRight": replay.password.is_ok(),
        "wholeIsPassword": replay.whole_is_password,
        "secrets": replay.secrets.iter().map(secret_json).collect::<Vec<_>>(),
        "passwordCount": count_json(of_password),
        "secondFactorCount": count_json(of_factor),
        "explanation": told(replay),
    })
}

const fn reading_word(reading: &Reading) -> &'static str {
    match reading {
        Reading::NoFactor => "no-factor",
        Reading::ServiceAccount => "service-account",
        Reading::LeftToPolicies => "left-to-policies",
        Reading::NoCode => "no-code",
        Reading::Digits { .. } => "digits",
        Reading::RecoveryCode { .. } => "recovery-code",
        Reading::YubiKey { .. } => "yubikey",
    }
}

fn secret_json(found: &SecretFound) -> Value {
    let worth = match found.worth {
        Worth::Fresh => "fresh",
        Worth::Used => "used",
        Worth::Wrong => "wrong",
    };
    json!({ "id": found.id, "label": found.label, "worth": worth, "offset": found.offset, "stepSeconds": found.step_seconds })
}

fn count_json(count: &Count) -> Value {
    let (locked, until) = match count.door {
        Door::Open => (false, None),
        Door::Locked { until } => (true, Some(until.0)),
        Door::Closed => (true, None),
    };
    json!({ "failures": count.failures, "most": count.most, "locked": locked, "lockedUntilMillis": until })
}
