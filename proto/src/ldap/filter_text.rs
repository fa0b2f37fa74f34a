//! Filters as people write them (RFC 4515), turned into the element that a client would send: there is one kind of filter from
//! there on.

use super::filter::{Filter, FilterError, MAX_DEPTH};
use crate::ber::{Writer, tag};

/// The element of the filter that `text` says. Spaces between filters are overlooked, those within values are not.
///
/// # Errors
/// `text` is no filter, or one that [`Filter::decode`] refuses.
///
/// ```
/// use countersign_proto::ldap::{filter::Filter, filter_text};
///
/// let element = filter_text::encode(r"(&(objectClass=person)(!(cn=Babs*Jensen \28retired\29)))").unwrap();
/// assert!(matches!(Filter::decode(&element), Ok(Filter::And(_))));
/// assert!(filter_text::encode("(cn=a").is_err());
/// ```
pub fn encode(text: &str) -> Result<Vec<u8>, FilterError> {
    let mut out = Vec::with_capacity(text.len() + 16);
    let rest = filter(text.trim_ascii().as_bytes(), MAX_DEPTH, &mut Writer::new(&mut out))?;
    if !rest.is_empty() {
        return Err(FilterError);
    }
    Filter::decode(&out)?;
    Ok(out)
}

/// Writes the filter at the start of `text`; what follows it.
fn filter<'a>(text: &'a [u8], levels: usize, out: &mut Writer<'_>) -> Result<&'a [u8], FilterError> {
    let levels = levels.checked_sub(1).ok_or(FilterError)?;
    let inside = text.strip_prefix(b"(").ok_or(FilterError)?.trim_ascii_start();
    let rest = match inside {
        [b'&', members @ ..] => out.constructed(0xA0, |out| filters(members, levels, out))?,
        [b'|', members @ ..] => out.constructed(0xA1, |out| filters(members, levels, out))?,
        [b'!', member @ ..] => out.constructed(0xA2, |out| filter(member.trim_ascii_start(), levels, out))?,
        _ => {
            let end = inside.iter().position(|octet| matches!(octet, b'(' | b')')).ok_or(FilterError)?;
            let (item_text, rest) = inside.split_at(end);
            item(item_text, out)?;
            rest
        }
    };
    rest.trim_ascii_start().strip_prefix(b")").ok_or(FilterError)
}

fn filters<'a>(text: &'a [u8], levels: usize, out: &mut Writer<'_>) -> Result<&'a [u8], FilterError> {
    let mut rest = text.trim_ascii_start();
    while rest.starts_with(b"(") {
        rest = filter(rest, levels, out)?.trim_ascii_start();
    }
    Ok(rest)
}

fn item(text: &[u8], out: &mut Writer<'_>) -> Result<(), FilterError> {
    let (left, value) = split(text, b'=').ok_or(FilterError)?;
    match left {
        [left @ .., b'>'] => assertion(0xA5, left, value, out),
        [left @ .., b'<'] => assertion(0xA6, left, value, out),
        [left @ .., b'~'] => assertion(0xA8, left, value, out),
        [left @ .., b':'] => extensible(left, value, out),
        _ if value == b"*" => {
            out.tagged(0x87, attribute(left)?);
            Ok(())
        }
        _ if value.contains(&b'*') => substrings(attribute(left)?, value, out),
        _ => assertion(0xA3, left, value, out),
    }
}

fn assertion(choice: u8, left: &[u8], value: &[u8], out: &mut Writer<'_>) -> Result<(), FilterError> {
    let (attribute, value) = (attribute(left)?, unescaped(value)?);
    out.constructed(choice, |out| {
        out.octet_string(attribute);
        out.octet_string(&value);
    });
    Ok(())
}

fn substrings(attribute: &[u8], value: &[u8], out: &mut Writer<'_>) -> Result<(), FilterError> {
    let parts = value.split(|&octet| octet == b'*').map(unescaped).collect::<Result<Vec<_>, _>>()?;
    let last = parts.len() - 1;
    out.constructed(0xA4, |out| {
        out.octet_string(attribute);
        out.constructed(tag::SEQUENCE, |out| {
            for (place, part) in parts.iter().enumerate().filter(|(_, part)| !part.is_empty()) {
                let choice = match place {
                    0 => 0x80,
                    place if place == last => 0x82,
                    _ => 0x81,
                };
                out.tagged(choice, part);
            }
        });
    });
    Ok(())
}

/// `left`: `[attribute] [":dn"] [":" rule]`.
fn extensible(left: &[u8], value: &[u8], out: &mut Writer<'_>) -> Result<(), FilterError> {
    let (name, mut rest) = split(left, b':').unwrap_or((left, b""));
    let mut dn_attributes = false;
    if let (flag, after) = split(rest, b':').unwrap_or((rest, b""))
        && flag.eq_ignore_ascii_case(b"dn")
    {
        (dn_attributes, rest) = (true, after);
    }
    let name = if name.is_empty() { None } else { Some(attribute(name)?) };
    let rule = if rest.is_empty() { None } else { Some(attribute(rest)?) };
    let value = unescaped(value)?;
    out.constructed(0xA9, |out| {
        out.tagged_optional(0x81, rule);
        out.tagged_optional(0x82, name);
        out.tagged(0x83, &value);
        if dn_attributes {
            out.tagged_boolean(0x84, true);
        }
    });
    Ok(())
}

/// An attribute description or the name of a rule: letters, digits and `.`, `-`, `;`, `_`.
fn attribute(text: &[u8]) -> Result<&[u8], FilterError> {
    let text = text.trim_ascii();
    let is_name = |octet: &u8| octet.is_ascii_alphanumeric() || b".-;_".contains(octet);
    if !text.is_empty() && text.iter().all(is_name) { Ok(text) } else { Err(FilterError) }
}

/// The octets of a value: `\` and two hexadecimal digits are one octet.
fn unescaped(value: &[u8]) -> Result<Vec<u8>, FilterError> {
    let mut octets = Vec::with_capacity(value.len());
    let mut rest = value.iter();
    while let Some(&octet) = rest.next() {
        octets.push(match octet {
            b'\\' => hexadecimal(rest.next())? << 4 | hexadecimal(rest.next())?,
            0 | b'*' => return Err(FilterError),
            _ => octet,
        });
    }
    Ok(octets)
}

fn hexadecimal(digit: Option<&u8>) -> Result<u8, FilterError> {
    let digit = digit.and_then(|&digit| char::from(digit).to_digit(16)).ok_or(FilterError)?;
    u8::try_from(digit).map_err(|_| FilterError)
}

/// Before and after the first `separator`.
fn split(text: &[u8], separator: u8) -> Option<(&[u8], &[u8])> {
    let place = text.iter().position(|&octet| octet == separator)?;
    Some((text.get(..place)?, text.get(place + 1..)?))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::panic, reason = "tests")]
    use super::*;
    use crate::ldap::filter::Part;

    /// The filter in a notation of its own, unambiguous for any octets.
    fn told(filter: Filter<'_>) -> String {
        let text = |octets: &[u8]| String::from_utf8_lossy(octets).into_owned();
        let set = |members: Vec<String>| members.join(" ");
        match filter {
            Filter::And(members) => format!("and[{}]", set(members.iter().map(told).collect())),
            Filter::Or(members) => format!("or[{}]", set(members.iter().map(told).collect())),
            Filter::Not(members) => format!("not[{}]", set(members.iter().map(told).collect())),
            Filter::Equality(item) => format!("{} is {:?}", text(item.attribute), text(item.value)),
            Filter::GreaterOrEqual(item) => format!("{} from {:?}", text(item.attribute), text(item.value)),
            Filter::LessOrEqual(item) => format!("{} to {:?}", text(item.attribute), text(item.value)),
            Filter::Approximate(item) => format!("{} about {:?}", text(item.attribute), text(item.value)),
            Filter::Present(attribute) => format!("any {}", text(attribute)),
            Filter::Substrings(item) => {
                let part = |part| match part {
                    Part::Initial(octets) => format!("^{:?}", text(octets)),
                    Part::Any(octets) => format!("{:?}", text(octets)),
                    Part::Final(octets) => format!("{:?}$", text(octets)),
                };
                format!("{} has {}", text(item.attribute), item.parts().map(part).collect::<Vec<_>>().join(","))
            }
            Filter::Extensible(item) => {
                let (attribute, rule) = (item.attribute.map(text), item.rule.map(text));
                format!("{attribute:?} by {rule:?} dn {} is {:?}", item.dn_attributes, text(item.value))
            }
        }
    }

    #[test]
    fn the_examples_of_rfc_4515_are_read() {
        let examples = [
            ("(cn=Babs Jensen)", r#"cn is "Babs Jensen""#),
            ("(!(cn=Tim Howes))", r#"not[cn is "Tim Howes"]"#),
            (
                "(&(objectClass=Person)(|(sn=Jensen)(cn=Babs J*)))",
                r#"and[objectClass is "Person" or[sn is "Jensen" cn has ^"Babs J"]]"#,
            ),
            ("(o=univ*of*mich*)", r#"o has ^"univ","of","mich""#),
            ("(seeAlso=)", r#"seeAlso is """#),
            (
                "(cn:caseExactMatch:=Fred Flintstone)",
                r#"Some("cn") by Some("caseExactMatch") dn false is "Fred Flintstone""#,
            ),
            ("(cn:=Betty Rubble)", r#"Some("cn") by None dn false is "Betty Rubble""#),
            ("(sn:dn:2.4.6.8.10:=Barney)", r#"Some("sn") by Some("2.4.6.8.10") dn true is "Barney""#),
            ("(o:dn:=Ace Industry)", r#"Some("o") by None dn true is "Ace Industry""#),
            ("(:1.2.3:=Wilma)", r#"None by Some("1.2.3") dn false is "Wilma""#),
            ("(:DN:2.4.6.8.10:=Dino)", r#"None by Some("2.4.6.8.10") dn true is "Dino""#),
            (r"(o=Parens R Us \28for all\29)", r#"o is "Parens R Us (for all)""#),
            (r"(cn=*\2A*)", r#"cn has "*""#),
            (r"(filename=C:\5cMyFile)", r#"filename is "C:\\MyFile""#),
            (r"(sn=Lu\c4\8di\c4\87)", r#"sn is "Lučić""#),
            ("(&)", "and[]"),
            ("(|)", "or[]"),
            ("(cn;lang-de>=a=b)", r#"cn;lang-de from "a=b""#),
            ("(cn<=5)", r#"cn to "5""#),
            ("(cn~=jensen)", r#"cn about "jensen""#),
            (" ( & (a=*) (b=*x) ) ", r#"and[any a b has "x"$]"#),
        ];
        for (written, meant) in examples {
            let element = encode(written).unwrap_or_else(|_| panic!("{written}"));
            assert_eq!(told(Filter::decode(&element).unwrap()), meant, "{written}");
        }
    }

    #[test]
    fn what_is_no_filter_is_refused() {
        let deep = format!("{}(a=b){}", "(!".repeat(64), ")".repeat(64));
        let refused = [
            "",
            "()",
            "(",
            "cn=a",
            "(cn=a",
            "(cn=a))",
            "(cn)",
            "(=a)",
            "(c n=a)",
            r"(cn=\2)",
            r"(cn=\zz)",
            "(!)",
            "(!(a=b)(c=d))",
            "(a=**)",
            "(:=x)",
            "(a>=*)",
            "(&(a=b)c)",
            "(a=b)(c=d)",
            &deep,
        ];
        for written in refused {
            assert!(encode(written).is_err(), "{written}");
        }
    }
}
