//! Matching rules (RFC 4517 section 4, RFC 4530 section 2): each gives values a normalized form whose octets are equal where the
//! values match and sort as the values do.

use super::{
    Normalized, Schema,
    prepare::{Case, Spaces, prepare},
    time::normalize_time,
};
use crate::directory::dn::DnKey;

/// A matching rule.
#[derive(Debug)]
pub struct MatchingRule {
    /// `caseIgnoreMatch`, ...
    pub name: &'static str,
    /// Its OID.
    pub oid: &'static str,
    /// The OID of the syntax of its assertion values.
    pub syntax: &'static str,
    /// What it asks of a value.
    pub kind: RuleKind,
    /// How its values are normalized.
    pub form: Form,
}

/// What a rule asks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RuleKind {
    /// Whether value and assertion are equal.
    Equality,
    /// Whether the value comes before the assertion.
    Ordering,
    /// Whether the value has the parts of the assertion.
    Substring,
    /// Whether all bits of the assertion are set in the value.
    BitAnd,
    /// Whether one of them is.
    BitOr,
}

/// Normalized forms; rules with the same form can share an index.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Form {
    /// Prepared string without case.
    CaseIgnore,
    /// Prepared string.
    CaseExact,
    /// Lines separated by `$`, each prepared.
    CaseIgnoreList,
    /// Digits without spaces.
    Numeric,
    /// Without spaces, hyphens and case.
    Telephone,
    /// `TRUE` or `FALSE`.
    Boolean,
    /// Sign, number of digits, digits.
    Integer,
    /// As it is.
    Octets,
    /// A `DnKey`.
    DistinguishedName,
    /// A `DnKey` and perhaps a bit string.
    UniqueMember,
    /// UTC.
    Time,
    /// The OID that a name stands for.
    ObjectIdentifier,
    /// The same of the first element of a definition.
    FirstIdentifier,
    /// The integer that is the first element of a definition.
    FirstInteger,
    /// 16 octets.
    Uuid,
}

impl MatchingRule {
    /// The rule with this name or OID, in any case.
    pub fn find(name: &str) -> Option<&'static Self> {
        RULES.iter().find(|rule| rule.name.eq_ignore_ascii_case(name) || rule.oid == name)
    }

    /// All rules that the server knows.
    pub fn all() -> &'static [Self] {
        RULES
    }

    /// Whether the rule can be used on values of this syntax although no attribute type names it.
    pub fn applies_to(&self, syntax: &str) -> bool {
        let same = |oids: &[&str]| oids.iter().any(|last| syntax.strip_prefix(LDAP_SYNTAX) == Some(last));
        match self.form {
            Form::CaseIgnore | Form::CaseExact => same(&["15", "26", "44", "11", "36", "50", "38"]),
            Form::CaseIgnoreList => same(&["41"]),
            Form::Numeric => same(&["36"]),
            Form::Telephone => same(&["50"]),
            Form::Octets => same(&["40", "6", "8", "9", "10", "28"]),
            _ if self.kind == RuleKind::Substring => false,
            _ => self.syntax == syntax,
        }
    }
}

impl Form {
    /// Appends the normalized form of an attribute value; `false`, with nothing appended, if it is none of this form.
    pub fn normalize(self, schema: &Schema, value: &[u8], out: &mut Normalized) -> bool {
        match self {
            Self::CaseIgnore => prepare(value, Case::Ignore, Spaces::Insignificant, out),
            Self::CaseExact => prepare(value, Case::Exact, Spaces::Insignificant, out),
            Self::CaseIgnoreList => normalize_list(value, out),
            Self::Numeric => prepare(value, Case::Exact, Spaces::None, out),
            Self::Telephone => prepare(value, Case::Ignore, Spaces::NoneNorHyphens, out),
            Self::Boolean => normalize_boolean(value, out),
            Self::Integer => normalize_integer(value, out),
            Self::Octets => {
                out.extend_from_slice(value);
                true
            }
            Self::DistinguishedName => normalize_dn(schema, value, out),
            Self::UniqueMember => normalize_unique_member(schema, value, out),
            Self::Time => normalize_time(value, out),
            Self::ObjectIdentifier => normalize_identifier(schema, value, out),
            Self::FirstIdentifier => {
                let first = first_component(value);
                first.is_some_and(|oid| normalize_identifier(schema, oid, out))
            }
            Self::FirstInteger => first_component(value).is_some_and(|number| normalize_integer(number, out)),
            Self::Uuid => normalize_uuid(value, out),
        }
    }

    /// The same of an assertion value: for rules on first components that is the component alone.
    pub fn normalize_assertion(self, schema: &Schema, value: &[u8], out: &mut Normalized) -> bool {
        match self {
            Self::FirstIdentifier => normalize_identifier(schema, value, out),
            Self::FirstInteger => normalize_integer(value, out),
            _ => self.normalize(schema, value, out),
        }
    }

    /// Appends the normalized form of one part of a substring assertion.
    pub fn normalize_part(self, part: &[u8], out: &mut Normalized) -> bool {
        match self {
            Self::CaseIgnore | Self::CaseIgnoreList => prepare(part, Case::Ignore, Spaces::Repeated, out),
            Self::CaseExact => prepare(part, Case::Exact, Spaces::Repeated, out),
            Self::Numeric => prepare(part, Case::Exact, Spaces::None, out),
            Self::Telephone => prepare(part, Case::Ignore, Spaces::NoneNorHyphens, out),
            Self::Octets => {
                out.extend_from_slice(part);
                true
            }
            _ => false,
        }
    }

    /// Whether spaces at the edges of values and parts need the care of RFC 4518 section 2.6.1.
    pub(crate) fn has_insignificant_spaces(self) -> bool {
        matches!(self, Self::CaseIgnore | Self::CaseExact | Self::CaseIgnoreList)
    }
}

fn normalize_list(value: &[u8], out: &mut Normalized) -> bool {
    let start = out.len();
    for (index, line) in value.split(|octet| *octet == b'$').enumerate() {
        if index > 0 {
            out.push(b'$');
        }
        if !prepare(line, Case::Ignore, Spaces::Insignificant, out) {
            out.truncate(start);
            return false;
        }
    }
    true
}

fn normalize_boolean(value: &[u8], out: &mut Normalized) -> bool {
    let is_boolean = value.eq_ignore_ascii_case(b"TRUE") || value.eq_ignore_ascii_case(b"FALSE");
    if is_boolean {
        out.extend(value.iter().map(u8::to_ascii_uppercase));
    }
    is_boolean
}

/// One octet for the sign, two for the number of digits, the digits; all but the sign complemented below zero.
fn normalize_integer(value: &[u8], out: &mut Normalized) -> bool {
    let (negative, digits) = match value {
        [b'-', digits @ ..] => (true, digits),
        digits => (false, digits),
    };
    if digits.is_empty() || digits.len() > usize::from(u16::MAX) || !digits.iter().all(u8::is_ascii_digit) {
        return false;
    }
    let zeros = digits.iter().take_while(|digit| **digit == b'0').count();
    let digits = digits.get(zeros..).unwrap_or_default();
    let negative = negative && !digits.is_empty();
    let mask = if negative { 0xff } else { 0 };
    out.push(if negative { b'-' } else { b'0' });
    out.extend((digits.len() as u16).to_be_bytes().into_iter().chain(digits.iter().copied()).map(|octet| octet ^ mask));
    true
}

fn normalize_dn(schema: &Schema, value: &[u8], out: &mut Normalized) -> bool {
    let Some(key) = std::str::from_utf8(value).ok().and_then(|text| DnKey::parse(text, schema).ok()) else {
        return false;
    };
    out.extend_from_slice(key.as_bytes());
    true
}

/// A DN, perhaps followed by `#` and a bit string (RFC 4517 section 3.3.21).
fn normalize_unique_member(schema: &Schema, value: &[u8], out: &mut Normalized) -> bool {
    let position = value.iter().rposition(|octet| *octet == b'#');
    let parts = position.and_then(|position| value.split_at_checked(position)).filter(|(_, bits)| is_bit_string(bits));
    let (dn, bits) = parts.unwrap_or((value, &[]));
    let fits = normalize_dn(schema, dn, out);
    if fits {
        out.extend_from_slice(bits);
    }
    fits
}

fn is_bit_string(bits: &[u8]) -> bool {
    let inner = bits.strip_prefix(b"#'").and_then(|rest| rest.strip_suffix(b"'B"));
    inner.is_some_and(|bits| bits.iter().all(|bit| matches!(bit, b'0' | b'1')))
}

fn normalize_identifier(schema: &Schema, value: &[u8], out: &mut Normalized) -> bool {
    let Some(name) = std::str::from_utf8(value).ok().map(str::trim) else { return false };
    if !is_identifier(name) {
        return false;
    }
    match schema.oid_of(name) {
        Some(oid) => out.extend_from_slice(oid.as_bytes()),
        None => out.extend(name.bytes().map(|octet| octet.to_ascii_lowercase())),
    }
    true
}

/// Whether this is a descriptor or a numeric OID (RFC 4512 section 1.4).
pub(crate) fn is_identifier(name: &str) -> bool {
    match name.bytes().next() {
        Some(b'0'..=b'9') => {
            name.split('.').all(|arc| !arc.is_empty() && arc.bytes().all(|digit| digit.is_ascii_digit()))
        }
        Some(first) => {
            let is_key = |octet: u8| octet.is_ascii_alphanumeric() || matches!(octet, b'-' | b'_');
            first.is_ascii_alphabetic() && name.bytes().all(is_key)
        }
        None => false,
    }
}

fn first_component(definition: &[u8]) -> Option<&[u8]> {
    let rest = definition.trim_ascii_start().strip_prefix(b"(")?.trim_ascii_start();
    rest.split(|octet| octet.is_ascii_whitespace() || *octet == b')').next()
}

fn normalize_uuid(value: &[u8], out: &mut Normalized) -> bool {
    let uuid = Some(value).filter(|value| value.len() == 36).and_then(|value| uuid::Uuid::try_parse_ascii(value).ok());
    out.extend(uuid.iter().flat_map(|uuid| uuid.into_bytes()));
    uuid.is_some()
}

const LDAP_SYNTAX: &str = "1.3.6.1.4.1.1466.115.121.1.";

macro_rules! rules {
    ($($name:literal $oid:literal $syntax:literal $kind:ident $form:ident;)*) => {
        &[$(MatchingRule { name: $name, oid: $oid, syntax: $syntax, kind: RuleKind::$kind, form: Form::$form },)*]
    };
}

const RULES: &[MatchingRule] = rules! {
    "objectIdentifierMatch" "2.5.13.0" "1.3.6.1.4.1.1466.115.121.1.38" Equality ObjectIdentifier;
    "distinguishedNameMatch" "2.5.13.1" "1.3.6.1.4.1.1466.115.121.1.12" Equality DistinguishedName;
    "caseIgnoreMatch" "2.5.13.2" "1.3.6.1.4.1.1466.115.121.1.15" Equality CaseIgnore;
    "caseIgnoreOrderingMatch" "2.5.13.3" "1.3.6.1.4.1.1466.115.121.1.15" Ordering CaseIgnore;
    "caseIgnoreSubstringsMatch" "2.5.13.4" "1.3.6.1.4.1.1466.115.121.1.58" Substring CaseIgnore;
    "caseExactMatch" "2.5.13.5" "1.3.6.1.4.1.1466.115.121.1.15" Equality CaseExact;
    "caseExactOrderingMatch" "2.5.13.6" "1.3.6.1.4.1.1466.115.121.1.15" Ordering CaseExact;
    "caseExactSubstringsMatch" "2.5.13.7" "1.3.6.1.4.1.1466.115.121.1.58" Substring CaseExact;
    "numericStringMatch" "2.5.13.8" "1.3.6.1.4.1.1466.115.121.1.36" Equality Numeric;
    "numericStringOrderingMatch" "2.5.13.9" "1.3.6.1.4.1.1466.115.121.1.36" Ordering Numeric;
    "numericStringSubstringsMatch" "2.5.13.10" "1.3.6.1.4.1.1466.115.121.1.58" Substring Numeric;
    "caseIgnoreListMatch" "2.5.13.11" "1.3.6.1.4.1.1466.115.121.1.41" Equality CaseIgnoreList;
    "caseIgnoreListSubstringsMatch" "2.5.13.12" "1.3.6.1.4.1.1466.115.121.1.58" Substring CaseIgnoreList;
    "booleanMatch" "2.5.13.13" "1.3.6.1.4.1.1466.115.121.1.7" Equality Boolean;
    "integerMatch" "2.5.13.14" "1.3.6.1.4.1.1466.115.121.1.27" Equality Integer;
    "integerOrderingMatch" "2.5.13.15" "1.3.6.1.4.1.1466.115.121.1.27" Ordering Integer;
    "bitStringMatch" "2.5.13.16" "1.3.6.1.4.1.1466.115.121.1.6" Equality Octets;
    "octetStringMatch" "2.5.13.17" "1.3.6.1.4.1.1466.115.121.1.40" Equality Octets;
    "octetStringOrderingMatch" "2.5.13.18" "1.3.6.1.4.1.1466.115.121.1.40" Ordering Octets;
    "octetStringSubstringsMatch" "2.5.13.19" "1.3.6.1.4.1.1466.115.121.1.58" Substring Octets;
    "telephoneNumberMatch" "2.5.13.20" "1.3.6.1.4.1.1466.115.121.1.50" Equality Telephone;
    "telephoneNumberSubstringsMatch" "2.5.13.21" "1.3.6.1.4.1.1466.115.121.1.58" Substring Telephone;
    "uniqueMemberMatch" "2.5.13.23" "1.3.6.1.4.1.1466.115.121.1.34" Equality UniqueMember;
    "generalizedTimeMatch" "2.5.13.27" "1.3.6.1.4.1.1466.115.121.1.24" Equality Time;
    "generalizedTimeOrderingMatch" "2.5.13.28" "1.3.6.1.4.1.1466.115.121.1.24" Ordering Time;
    "integerFirstComponentMatch" "2.5.13.29" "1.3.6.1.4.1.1466.115.121.1.27" Equality FirstInteger;
    "objectIdentifierFirstComponentMatch" "2.5.13.30" "1.3.6.1.4.1.1466.115.121.1.38" Equality FirstIdentifier;
    "caseExactIA5Match" "1.3.6.1.4.1.1466.109.114.1" "1.3.6.1.4.1.1466.115.121.1.26" Equality CaseExact;
    "caseIgnoreIA5Match" "1.3.6.1.4.1.1466.109.114.2" "1.3.6.1.4.1.1466.115.121.1.26" Equality CaseIgnore;
    "caseIgnoreIA5SubstringsMatch" "1.3.6.1.4.1.1466.109.114.3" "1.3.6.1.4.1.1466.115.121.1.58" Substring CaseIgnore;
    "caseExactIA5SubstringsMatch" "1.3.6.1.4.1.4203.1.2.1" "1.3.6.1.4.1.1466.115.121.1.58" Substring CaseExact;
    "uuidMatch" "1.3.6.1.1.16.2" "1.3.6.1.1.16.1" Equality Uuid;
    "uuidOrderingMatch" "1.3.6.1.1.16.3" "1.3.6.1.1.16.1" Ordering Uuid;
    "integerBitAndMatch" "1.2.840.113556.1.4.803" "1.3.6.1.4.1.1466.115.121.1.27" BitAnd Integer;
    "integerBitOrMatch" "1.2.840.113556.1.4.804" "1.3.6.1.4.1.1466.115.121.1.27" BitOr Integer;
};

#[cfg(test)]
mod tests {
    use std::sync::{Arc, LazyLock};

    use proptest::prelude::*;

    use super::*;
    use crate::directory::attribute_ids::AttributeIds;

    fn normalized(form: Form, value: &str) -> Option<Vec<u8>> {
        static SCHEMA: LazyLock<Schema> = LazyLock::new(|| Schema::standard(Arc::new(AttributeIds::default())));
        let mut out = Normalized::new();
        form.normalize(&SCHEMA, value.as_bytes(), &mut out).then(|| out.to_vec())
    }

    #[test]
    fn values_that_match_have_one_form() {
        for (form, one, other) in [
            (Form::CaseIgnoreList, "1 Main St. $ Anytown", " 1 MAIN st.$anytown "),
            (Form::Telephone, "+1 512-315 0280", "+15123150280"),
            (Form::Boolean, "true", "TRUE"),
            (Form::Integer, "-007", "-7"),
            (Form::Integer, "-0", "0"),
            (Form::DistinguishedName, "CN=a, DC=b", "cn=A,dc=B"),
            (Form::UniqueMember, "CN=a#'01'B", "cn=A#'01'B"),
            (Form::ObjectIdentifier, "Person", "2.5.6.6"),
            (Form::FirstIdentifier, "( 2.5.4.3 NAME 'cn' )", "(2.5.4.3)"),
            (Form::Uuid, "597AE2F6-16A6-1027-98F4-D28B5365DC14", "597ae2f6-16a6-1027-98f4-d28b5365dc14"),
        ] {
            assert_eq!(normalized(form, one), normalized(form, other), "{one} {other}");
            assert!(normalized(form, one).is_some(), "{one}");
        }
    }

    #[test]
    fn values_of_another_syntax_have_none() {
        for (form, value) in [
            (Form::Boolean, "yes"),
            (Form::Integer, "1.5"),
            (Form::Integer, "-"),
            (Form::DistinguishedName, "nobody"),
            (Form::ObjectIdentifier, "a b"),
            (Form::ObjectIdentifier, "1..2"),
            (Form::Uuid, "597ae2f616a6102798f4d28b5365dc14"),
            (Form::Time, "yesterday"),
        ] {
            assert_eq!(normalized(form, value), None, "{value}");
        }
    }

    proptest! {
        #[test]
        fn integers_sort_as_numbers(one in any::<i64>(), other in any::<i64>()) {
            let forms = (normalized(Form::Integer, &one.to_string()), normalized(Form::Integer, &other.to_string()));
            prop_assert_eq!(forms.0.cmp(&forms.1), one.cmp(&other));
        }
    }
}
