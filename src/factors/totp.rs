//! Time-based one-time passwords (RFC 6238): which time step a code belongs to, and whether that step may still be claimed.
//! Claiming it, once and durably, is the handler's.

use minicbor::{Decode, Encode};

use super::hotp::Hotp;
use crate::clock::UnixMillis;

/// How codes are made and how far clocks may differ.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Settings {
    /// The length of a time step in seconds; 30 unless configured. 0 is taken as 1.
    pub period_seconds: u32,
    /// How many steps before and after the present one are accepted; RFC 6238 section 5.2 advises one at most.
    pub window: u8,
    /// Digits of a code, 6 to 8.
    pub digits: u8,
}

impl Default for Settings {
    fn default() -> Self {
        Self { period_seconds: 30, window: 1, digits: 6 }
    }
}

/// A time step: the number of whole periods since 1970 (T0 = 0).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Encode, Decode)]
#[cbor(transparent)]
pub struct Step(#[n(0)] pub u64);

/// What a code is worth.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// It belongs to this step, which is newer than every step used before. To be claimed before success is answered.
    Fresh(Step),
    /// It belongs to a step within the window that was used already, or to one before it.
    Used,
    /// It belongs to no step within the window.
    Wrong,
}

/// Octets of a new shared secret: the 160 bits that RFC 4226 requirement R6 recommends, and a whole number of base32 groups.
pub const SECRET_LENGTH: usize = 20;

/// The shared secret in base32 text (RFC 4648 section 6), in any case, padded or not; `None` if it is none or empty.
pub fn secret_from_base32(text: &str) -> Option<Vec<u8>> {
    let text = text.trim_end_matches('=').to_ascii_uppercase();
    // The decoder would drop what is left over of a text cut in the middle of an octet.
    if matches!(text.len() % 8, 1 | 3 | 6) {
        return None;
    }
    base32::decode(base32::Alphabet::Rfc4648 { padding: false }, &text).filter(|secret| !secret.is_empty())
}

/// A shared secret as base32 text, upper case, without padding: as authenticator applications take it.
pub fn secret_to_base32(secret: &[u8]) -> String {
    base32::encode(base32::Alphabet::Rfc4648 { padding: false }, secret)
}

/// How many steps either side [`clock_offset`] looks: ten minutes at 30 seconds a step.
const SEARCHED_STEPS: i64 = 20;

/// The newest step within `settings.window` of `now` whose code is `code`, judged against `last_step`, the newest step that is
/// spent (see [`spent_by_fence`] too). Every step of the window is computed and compared in constant time, whatever matches.
/// Source: RFC 6238 sections 4.2 and 5.2.
pub fn matching_step(
    secret: &[u8],
    code: &[u8],
    now: UnixMillis,
    settings: &Settings,
    last_step: Option<Step>,
) -> Verdict {
    let hotp = Hotp::new(secret, settings.digits);
    let window = i64::from(settings.window);
    let matching = (-window..=window).filter_map(|offset| settings.neighbour(now, offset)).fold(None, |found, step| {
        // The newest match is claimed, so that no later step of the window is left to the same digits.
        if hotp.code(step.0).matches(code) { Some(step) } else { found }
    });
    match matching {
        None => Verdict::Wrong,
        Some(step) if last_step.is_some_and(|last| step <= last) => Verdict::Used,
        Some(step) => Verdict::Fresh(step),
    }
}

/// How many steps the clock behind `code` is ahead of ours (behind: negative), looking ten minutes either side; for the log only.
/// Always costs the same, so that it can be asked after every failure and its time tells nothing.
pub fn clock_offset(secret: &[u8], code: &[u8], now: UnixMillis, settings: &Settings) -> Option<i64> {
    let hotp = Hotp::new(secret, settings.digits);
    (-SEARCHED_STEPS..=SEARCHED_STEPS).fold(None, |found, offset| {
        let step = settings.neighbour(now, offset)?;
        if hotp.code(step.0).matches(code) { Some(offset) } else { found }
    })
}

/// The newest step that a fence raised at `fence` spends: after a restore, every code that may have been used before it is refused.
pub fn spent_by_fence(fence: UnixMillis, settings: &Settings) -> Step {
    Step(settings.step_at(fence).0.saturating_add(u64::from(settings.window)))
}

impl Settings {
    /// The step at `moment`.
    pub fn step_at(&self, moment: UnixMillis) -> Step {
        Step(moment.seconds() / u64::from(self.period_seconds.max(1)))
    }

    fn neighbour(&self, now: UnixMillis, offset: i64) -> Option<Step> {
        self.step_at(now).0.checked_add_signed(offset).map(Step)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECRET: &[u8] = b"12345678901234567890";
    const EIGHT: Settings = Settings { digits: 8, window: 0, period_seconds: 30 };

    fn at(seconds: u64) -> UnixMillis {
        UnixMillis::from_seconds(seconds)
    }

    fn code_of(step: u64) -> String {
        Hotp::new(SECRET, 6).code(step).as_str().to_owned()
    }

    #[test]
    fn codes_are_those_of_rfc_6238_appendix_b() {
        let appendix_b = [
            (59, "94287082"),
            (1_111_111_109, "07081804"),
            (1_111_111_111, "14050471"),
            (1_234_567_890, "89005924"),
            (2_000_000_000, "69279037"),
            (20_000_000_000, "65353130"),
        ];
        for (time, code) in appendix_b {
            let verdict = matching_step(SECRET, code.as_bytes(), at(time), &EIGHT, None);
            assert_eq!(verdict, Verdict::Fresh(Step(time / 30)), "{time}");
        }
    }

    #[test]
    fn the_window_ends_exactly_at_its_steps() {
        for window in 0..=2u8 {
            let settings = Settings { window, ..Settings::default() };
            let (first, last) = (1000 - u64::from(window), 1000 + u64::from(window));
            let code = code_of(1000);
            for (time, accepted) in
                [(first * 30 - 1, false), (first * 30, true), (last * 30 + 29, true), (last * 30 + 30, false)]
            {
                let verdict = matching_step(SECRET, code.as_bytes(), at(time), &settings, None);
                assert_eq!(
                    verdict,
                    if accepted { Verdict::Fresh(Step(1000)) } else { Verdict::Wrong },
                    "{window} {time}"
                );
            }
        }
    }

    #[test]
    fn a_step_is_good_once_and_so_is_every_step_before_it() {
        let settings = Settings::default();
        let verdict =
            |step: u64, last| matching_step(SECRET, code_of(step).as_bytes(), at(30_000), &settings, Some(Step(last)));
        assert_eq!(verdict(1000, 1000), Verdict::Used);
        assert_eq!(verdict(999, 1000), Verdict::Used);
        assert_eq!(verdict(1001, 1000), Verdict::Fresh(Step(1001)));
        assert_eq!(verdict(1002, 1000), Verdict::Wrong);
    }

    #[test]
    fn a_clock_set_back_revives_no_code() {
        let settings = Settings::default();
        let verdict = matching_step(SECRET, code_of(900).as_bytes(), at(900 * 30), &settings, Some(Step(1000)));
        assert_eq!(verdict, Verdict::Used);
    }

    #[test]
    fn a_fence_spends_every_step_that_may_have_been_used_before_it() {
        let settings = Settings::default();
        let spent = spent_by_fence(at(30_000), &settings);
        assert_eq!(spent, Step(1001));
        let verdict = |step: u64, now| matching_step(SECRET, code_of(step).as_bytes(), at(now), &settings, Some(spent));
        assert_eq!(verdict(1001, 30_000), Verdict::Used);
        assert_eq!(verdict(1002, 30_030), Verdict::Fresh(Step(1002)));
    }

    #[test]
    fn base32_is_read_in_any_case_padded_or_not() {
        const TEXT: &str = "GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ";
        assert_eq!(secret_to_base32(SECRET), TEXT);
        assert_eq!(secret_from_base32(&TEXT.to_lowercase()).as_deref(), Some(SECRET));
        assert_eq!(secret_from_base32("DUONDFSY3TRN73HZDGWJDUSTWY======").map(|secret| secret.len()), Some(16));
        assert_eq!(secret_from_base32("DUONDFSY3TRN73HZDGWJDUSTWY").map(|secret| secret.len()), Some(16));
        for text in ["", "====", "G", "GEZ", "GEZDGN", "GEZD1NBV", "GEZ DGNBV", "\u{e4}EZDGNBV"] {
            assert_eq!(secret_from_base32(text), None, "{text}");
        }
    }

    #[test]
    fn the_log_is_told_how_far_off_a_clock_is() {
        let settings = Settings::default();
        let offset = |step: u64| clock_offset(SECRET, code_of(step).as_bytes(), at(30_000), &settings);
        assert_eq!(offset(1004), Some(4));
        assert_eq!(offset(985), Some(-15));
        assert_eq!(offset(1021), None);
        assert_eq!(clock_offset(SECRET, b"000000", at(0), &settings), None);
    }

    #[test]
    fn the_first_steps_of_1970_and_the_last_of_time_are_no_trouble() {
        let settings = Settings { period_seconds: 0, window: 2, digits: 6 };
        assert_eq!(matching_step(SECRET, code_of(0).as_bytes(), at(0), &settings, None), Verdict::Fresh(Step(0)));
        assert_eq!(matching_step(SECRET, b"x", UnixMillis(u64::MAX), &settings, None), Verdict::Wrong);
    }
}
