//! Generalized time (RFC 4517 section 3.3.13): its normalized form is UTC with a fraction that has no trailing zeros.

use super::Normalized;

/// Appends `YYYYMMDDHHMMSS[.f]` in UTC; `false`, with nothing appended, if `value` is no generalized time.
pub(crate) fn normalize_time(value: &[u8], out: &mut Normalized) -> bool {
    let Some((seconds, fraction)) = parse(value) else { return false };
    let (days, second) = (seconds.div_euclid(86_400), seconds.rem_euclid(86_400));
    let (year, month, day) = civil_from_days(days);
    let text = format!("{year:04}{month:02}{day:02}{:02}{:02}{:02}", second / 3_600, second / 60 % 60, second % 60);
    out.extend_from_slice(text.as_bytes());
    if fraction > 0 {
        out.extend_from_slice(format!(".{fraction:09}").trim_end_matches('0').as_bytes());
    }
    true
}

/// Milliseconds since 1970, 0 for what was before; `None` if `value` is no generalized time.
pub(crate) fn unix_millis(value: &[u8]) -> Option<u64> {
    let (seconds, nanoseconds) = parse(value)?;
    Some(u64::try_from(seconds * 1_000 + nanoseconds / 1_000_000).unwrap_or_default())
}

/// Seconds since 1970 and nanoseconds.
fn parse(value: &[u8]) -> Option<(i64, i64)> {
    let digits = value.iter().take_while(|octet| octet.is_ascii_digit()).count();
    let (digits, rest) = value.split_at_checked(digits)?;
    let field = |from: usize, limit: std::ops::RangeInclusive<i64>| {
        digits.get(from..from + 2).map(number).filter(|field| limit.contains(field))
    };
    let year = number(digits.get(..4)?);
    let (month, day, hour) = (field(4, 1..=12)?, field(6, 1..=31)?, field(8, 0..=23)?);
    let (minute, second, unit) = match digits.len() {
        10 => (0, 0, 3_600),
        12 => (field(10, 0..=59)?, 0, 60),
        14 => (field(10, 0..=59)?, field(12, 0..=60)?, 1),
        _ => return None,
    };
    if day > days_in_month(year, month) {
        return None;
    }
    let (fraction, zone) = match rest {
        [b'.' | b',', rest @ ..] => fraction(rest)?,
        _ => (0, rest),
    };
    let nanoseconds = fraction * unit;
    let local = days_from_civil(year, month, day) * 86_400 + hour * 3_600 + minute * 60 + second;
    Some((local - offset(zone)? + nanoseconds / NANOSECONDS, nanoseconds % NANOSECONDS))
}

/// A fraction of the last unit in billionths, and what follows it.
fn fraction(text: &[u8]) -> Option<(i64, &[u8])> {
    let length = text.iter().take_while(|octet| octet.is_ascii_digit()).count();
    let (digits, rest) = text.split_at_checked(length)?;
    if digits.is_empty() {
        return None;
    }
    let nine = digits.iter().copied().chain(std::iter::repeat(b'0')).take(9);
    Some((nine.fold(0, |number, digit| number * 10 + i64::from(digit - b'0')), rest))
}

/// What decimal digits come to; few enough not to overflow.
fn number(digits: &[u8]) -> i64 {
    digits.iter().fold(0, |number, digit| number * 10 + i64::from(digit - b'0'))
}

/// Seconds that local time is ahead of UTC. A time zone must be there.
fn offset(zone: &[u8]) -> Option<i64> {
    let (sign, digits) = match zone {
        b"Z" | b"z" => return Some(0),
        [b'+', digits @ ..] => (1, digits),
        [b'-', digits @ ..] => (-1, digits),
        _ => return None,
    };
    if !matches!(digits.len(), 2 | 4) || !digits.iter().all(u8::is_ascii_digit) {
        return None;
    }
    let (hours, minutes) = digits.split_at_checked(2)?;
    let (hours, minutes) = (number(hours), number(minutes));
    (hours <= 23 && minutes <= 59).then_some(sign * (hours * 3_600 + minutes * 60))
}

fn days_in_month(year: i64, month: i64) -> i64 {
    match month {
        2 if year % 4 == 0 && (year % 100 != 0 || year % 400 == 0) => 29,
        2 => 28,
        4 | 6 | 9 | 11 => 30,
        _ => 31,
    }
}

/// Days since 1970-01-01 in the proleptic Gregorian calendar; years begin in March, so that leap days come last.
fn days_from_civil(year: i64, month: i64, day: i64) -> i64 {
    let year = if month <= 2 { year - 1 } else { year };
    let era = year.div_euclid(400);
    let year_of_era = year.rem_euclid(400);
    let day_of_year = (153 * ((month + 9) % 12) + 2) / 5 + day - 1;
    era * 146_097 + year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year - 719_468
}

fn civil_from_days(days: i64) -> (i64, i64, i64) {
    let days = days + 719_468;
    let era = days.div_euclid(146_097);
    let day_of_era = days.rem_euclid(146_097);
    let year_of_era = (day_of_era - day_of_era / 1_460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
    let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let shifted = (5 * day_of_year + 2) / 153;
    let month = if shifted < 10 { shifted + 3 } else { shifted - 9 };
    let year = year_of_era + era * 400 + i64::from(month <= 2);
    (year, month, day_of_year - (153 * shifted + 2) / 5 + 1)
}

const NANOSECONDS: i64 = 1_000_000_000;

#[cfg(test)]
mod tests {
    use super::*;

    fn normalized(text: &str) -> Option<String> {
        let mut out = Normalized::new();
        normalize_time(text.as_bytes(), &mut out).then(|| String::from_utf8_lossy(&out).into_owned())
    }

    #[test]
    fn times_become_utc() {
        for (text, expected) in [
            ("199412161032Z", "19941216103200"),
            ("199412160532-0500", "19941216103200"),
            ("20240229235959.5Z", "20240229235959.5"),
            ("2024022923.5Z", "20240229233000"),
            ("20240229235960Z", "20240301000000"),
            ("202401010030+01", "20231231233000"),
            ("20240101000000,120Z", "20240101000000.12"),
        ] {
            assert_eq!(normalized(text).as_deref(), Some(expected), "{text}");
        }
    }

    #[test]
    fn what_is_no_time_is_refused() {
        for text in [
            "",
            "2024",
            "20240101000000",
            "20240230000000Z",
            "20241301000000Z",
            "2024010124Z",
            "20240101000000.Z",
            "20240101000000+1",
        ] {
            assert_eq!(normalized(text), None, "{text}");
        }
    }
}
