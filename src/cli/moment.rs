//! Times as people read them.

use std::time::Duration;

use time::{OffsetDateTime, macros::format_description};

use crate::{clock::UnixMillis, directory::schema::time::unix_millis};

/// Year to minute in UTC, or `never`.
pub(crate) fn day(moment: Option<UnixMillis>) -> String {
    let format = format_description!("[year]-[month]-[day] [hour]:[minute]Z");
    moment.map_or_else(|| "never".to_owned(), |moment| formatted(moment, format))
}

/// Year to second in UTC.
pub(crate) fn second(moment: UnixMillis) -> String {
    formatted(moment, format_description!("[year]-[month]-[day] [hour]:[minute]:[second]Z"))
}

/// A generalized time as year to minute; what is none stays as it is.
pub(crate) fn readable(generalized: &str) -> String {
    unix_millis(generalized.as_bytes()).map_or_else(|| generalized.to_owned(), |millis| day(Some(UnixMillis(millis))))
}

/// A span in its two largest units: `1 min 30 s`.
pub(crate) fn span(duration: Duration) -> String {
    const UNITS: [(u64, &str); 4] = [(86_400, "d"), (3_600, "h"), (60, "min"), (1, "s")];
    let mut left = duration.as_secs();
    let mut parts = Vec::new();
    for (length, unit) in UNITS {
        let count = left / length;
        left %= length;
        if count > 0 {
            parts.push(format!("{count} {unit}"));
        }
    }
    parts.truncate(2);
    if parts.is_empty() { "0 s".to_owned() } else { parts.join(" ") }
}

fn formatted(moment: UnixMillis, format: &(impl time::formatting::Formattable + ?Sized)) -> String {
    OffsetDateTime::from_unix_timestamp(i64::try_from(moment.seconds()).unwrap_or(i64::MAX))
        .ok()
        .and_then(|moment| moment.format(format).ok())
        .unwrap_or_else(|| "unknown".to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_span_is_told_in_its_two_largest_units() {
        let told = [0, 45, 90, 3_600, 93_784].map(|seconds| span(Duration::from_secs(seconds)));
        assert_eq!(told, ["0 s", "45 s", "1 min 30 s", "1 h", "1 d 2 h"]);
    }

    #[test]
    fn moments_are_told_in_utc() {
        assert_eq!(second(UnixMillis::from_seconds(2_000_000_015)), "2033-05-18 03:33:35Z");
        assert_eq!(day(None), "never");
        assert_eq!((readable("20330518033335.000Z").as_str(), readable("x").as_str()), ("2033-05-18 03:33Z", "x"));
    }
}
