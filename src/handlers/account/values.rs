//! How values stand in the operations: booleans, numbers and times as text.

use countersign_proto::text::{Secret, Text};

use crate::{
    clock::UnixMillis,
    directory::schema::time::unix_millis,
    error::{Error, Result},
};

/// The one boolean that a setter needs.
pub(super) fn one_boolean(values: &[Secret]) -> Result<bool> {
    match values {
        [value] if value.expose().eq_ignore_ascii_case(b"true") => Ok(true),
        [value] if value.expose().eq_ignore_ascii_case(b"false") => Ok(false),
        _ => Err(Error::protocol("The operation takes one value, true or false")),
    }
}

/// The one time that a setter takes; without one it is now.
pub(super) fn one_time(values: &[Secret], now: UnixMillis) -> Result<UnixMillis> {
    match values {
        [] => Ok(now),
        [value] => time_of(value),
        _ => Err(Error::protocol("The operation takes one time at most")),
    }
}

/// The times that a setter takes, in their order; without any it is now.
pub(super) fn times(values: &[Secret], now: UnixMillis) -> Result<Vec<UnixMillis>> {
    if values.is_empty() {
        return Ok(vec![now]);
    }
    let mut times = values.iter().map(time_of).collect::<Result<Vec<_>>>()?;
    times.sort_unstable();
    Ok(times)
}

/// The one text that a setter needs.
pub(super) fn one_text(values: &[Secret]) -> Result<&str> {
    match values {
        [value] => value.expose_text().ok_or_else(|| Error::protocol("The value is not UTF-8")),
        _ => Err(Error::protocol("The operation takes one value")),
    }
}

/// Refuses to go on without a value.
pub(super) fn some(values: &[Secret]) -> Result<&[Secret]> {
    if values.is_empty() { Err(Error::protocol("The operation needs a value")) } else { Ok(values) }
}

/// Refuses values of what takes none.
pub(super) fn none(values: &[Secret]) -> Result<()> {
    if values.is_empty() { Ok(()) } else { Err(Error::protocol("The operation takes no value")) }
}

fn time_of(value: &Secret) -> Result<UnixMillis> {
    let moment = unix_millis(value.expose()).map(UnixMillis);
    moment.ok_or_else(|| Error::protocol("The value is no generalized time, such as 20260101000000.000Z"))
}

/// A time with its milliseconds, whether or not there are any.
pub(super) fn time(moment: UnixMillis) -> Text {
    let text = moment.generalized_time();
    Text(if text.contains('.') { text } else { text.replace('Z', ".000Z") })
}

/// Whole seconds from `now` to `end`; none if it is past.
pub(super) fn seconds(end: UnixMillis, now: UnixMillis) -> Text {
    number(u32::try_from(end.since(now).as_secs()).unwrap_or(u32::MAX))
}

/// A number, as large as clients take it.
pub(super) fn number(count: u32) -> Text {
    Text(count.min(i32::MAX.unsigned_abs()).to_string())
}

/// A boolean.
pub(super) fn boolean(truth: bool) -> Text {
    Text::from(if truth { "true" } else { "false" })
}
