//! Which media types are taken and given (rest-api.md section 2).

/// What entries and results are sent as.
pub const HAL: &str = "application/hal+json";
/// What errors and availability are sent as, and the only type of a request's body.
pub const JSON: &str = "application/json";

/// Whether one of the types that this API sends satisfies the Accept header's fields (RFC 9110 section 12.5.1); none does.
pub fn acceptable<'h>(fields: impl Iterator<Item = &'h [u8]>) -> bool {
    let mut none = true;
    let mut best = [(0, false); 2];
    for range in fields.flat_map(|field| field.split(|b| *b == b',')) {
        let range = range.trim_ascii();
        if range.is_empty() {
            continue;
        }
        none = false;
        let mut parts = range.split(|b| *b == b';').map(<[u8]>::trim_ascii);
        let name = parts.next().unwrap_or_default();
        let wanted = !parts.any(is_zero_weight);
        for (best, own) in best.iter_mut().zip([HAL, JSON]) {
            let specificity = specificity(name, own.as_bytes());
            if specificity > best.0 {
                *best = (specificity, wanted);
            }
        }
    }
    none || best.iter().any(|(_, wanted)| *wanted)
}

/// Whether a Content-Type field says `application/json`, in UTF-8 if it names a charset.
pub fn is_json(field: &[u8]) -> bool {
    let mut parts = field.split(|b| *b == b';').map(<[u8]>::trim_ascii);
    let name = parts.next().unwrap_or_default();
    let parameters_fit = parts.all(|parameter| match parameter.iter().position(|b| *b == b'=') {
        Some(at) => {
            let (name, value) = parameter.split_at(at);
            let value = value.get(1..).unwrap_or_default();
            let value = value.strip_prefix(b"\"").and_then(|v| v.strip_suffix(b"\"")).unwrap_or(value);
            !name.eq_ignore_ascii_case(b"charset")
                || value.eq_ignore_ascii_case(b"utf-8")
                || value.eq_ignore_ascii_case(b"utf8")
        }
        None => parameter.is_empty(),
    });
    name.eq_ignore_ascii_case(JSON.as_bytes()) && parameters_fit
}

/// How closely a media range names `own`: 0 not at all, 1 `*/*`, 2 `application/*`, 3 the type itself.
fn specificity(range: &[u8], own: &[u8]) -> u8 {
    if range == b"*/*" || range == b"*" {
        1
    } else if range.eq_ignore_ascii_case(b"application/*") {
        2
    } else if range.eq_ignore_ascii_case(own) {
        3
    } else {
        0
    }
}

/// Whether a parameter is `q=0`, that is: not this one.
fn is_zero_weight(parameter: &[u8]) -> bool {
    let Some((name, value)) = parameter.split_at_checked(2) else { return false };
    name.eq_ignore_ascii_case(b"q=") && !value.is_empty() && value.iter().all(|b| matches!(b, b'0' | b'.'))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ranges_are_judged_by_the_closest() {
        let table: [(&[&str], bool); 14] = [
            (&[], true),
            (&[""], true),
            (&["*/*"], true),
            (&["application/json"], true),
            (&["application/HAL+json"], true),
            (&["application/*;q=0.1"], true),
            (&["text/html, application/json;q=0.5"], true),
            (&["text/html", "application/hal+json"], true),
            (&["text/html"], false),
            (&["text/html, text/*"], false),
            (&["application/json;q=0"], false),
            (&["application/json;q=0, */*"], true),
            (&["application/*;q=0.000, */*"], false),
            (&["image/png;a=b, application/xml"], false),
        ];
        for (fields, expected) in table {
            assert_eq!(acceptable(fields.iter().map(|f| f.as_bytes())), expected, "{fields:?}");
        }
    }

    #[test]
    fn only_json_in_utf8_is_a_body() {
        let table = [
            ("application/json", true),
            ("Application/JSON; charset=UTF-8", true),
            ("application/json;charset=\"utf-8\"", true),
            ("application/json; version=1;", true),
            ("application/json; charset=latin1", false),
            ("application/hal+json", false),
            ("application/jsonx", false),
            ("text/json", false),
            ("application/x-www-form-urlencoded", false),
            ("", false),
            ("application/json; nonsense", false),
        ];
        for (field, expected) in table {
            assert_eq!(is_json(field.as_bytes()), expected, "{field}");
        }
    }
}
