//! Syntaxes (RFC 4517 section 3): which octets are a value.

use super::{
    Normalized,
    definition::Definition,
    matching::is_identifier,
    prepare::{Case, Spaces, prepare},
    time::normalize_time,
};
use crate::directory::dn::Dn;

/// A syntax that the server knows.
#[derive(Debug)]
pub struct Syntax {
    /// Its OID.
    pub oid: &'static str,
    /// Its name in RFC 4517.
    pub description: &'static str,
    accepts: fn(&[u8]) -> bool,
}

impl Syntax {
    /// The syntax with this OID.
    pub fn find(oid: &str) -> Option<&'static Self> {
        SYNTAXES.iter().find(|syntax| syntax.oid == oid)
    }

    /// All syntaxes that the server knows.
    pub fn all() -> &'static [Self] {
        SYNTAXES
    }

    /// Whether these octets are a value of this syntax.
    pub fn accepts(&self, value: &[u8]) -> bool {
        (self.accepts)(value)
    }
}

fn text(value: &[u8]) -> Option<&str> {
    std::str::from_utf8(value).ok()
}

fn anything(_value: &[u8]) -> bool {
    true
}

/// At least one character (RFC 4517 section 3.3.6).
fn directory_string(value: &[u8]) -> bool {
    !value.is_empty() && prepare(value, Case::Exact, Spaces::Repeated, &mut Normalized::new())
}

fn ia5_string(value: &[u8]) -> bool {
    value.is_ascii()
}

fn is_printable(octet: u8) -> bool {
    octet.is_ascii_alphanumeric() || b"'()+,-.=/:? ".contains(&octet)
}

fn printable_string(value: &[u8]) -> bool {
    !value.is_empty() && value.iter().all(|octet| is_printable(*octet))
}

fn country(value: &[u8]) -> bool {
    value.len() == 2 && printable_string(value)
}

/// RFC 4517 asks for E.123; what applications store is any printable text (parentheses, extensions), and so it is accepted.
fn telephone_number(value: &[u8]) -> bool {
    !value.is_empty() && value.iter().all(|octet| matches!(octet, b' '..=b'~'))
}

fn numeric_string(value: &[u8]) -> bool {
    !value.is_empty() && value.iter().all(|octet| octet.is_ascii_digit() || *octet == b' ')
}

fn boolean(value: &[u8]) -> bool {
    matches!(value, b"TRUE" | b"FALSE")
}

/// No leading zeros, no minus zero.
fn integer(value: &[u8]) -> bool {
    match value.strip_prefix(b"-").unwrap_or(value) {
        b"0" => value == b"0",
        [b'0', ..] | [] => false,
        digits => digits.len() <= 4_096 && digits.iter().all(u8::is_ascii_digit),
    }
}

fn bit_string(value: &[u8]) -> bool {
    let bits = value.strip_prefix(b"'").and_then(|rest| rest.strip_suffix(b"'B"));
    bits.is_some_and(|bits| bits.iter().all(|bit| matches!(bit, b'0' | b'1')))
}

fn distinguished_name(value: &[u8]) -> bool {
    text(value).is_some_and(|text| Dn::parse(text).is_ok())
}

fn name_and_uid(value: &[u8]) -> bool {
    let split = text(value).and_then(|text| text.rsplit_once('#'));
    distinguished_name(value) || split.is_some_and(|(dn, bits)| bit_string(bits.as_bytes()) && Dn::parse(dn).is_ok())
}

fn generalized_time(value: &[u8]) -> bool {
    normalize_time(value, &mut Normalized::new())
}

fn object_identifier(value: &[u8]) -> bool {
    text(value).is_some_and(is_identifier)
}

fn postal_address(value: &[u8]) -> bool {
    !value.is_empty() && text(value).is_some()
}

fn uuid_text(value: &[u8]) -> bool {
    value.len() == 36 && uuid::Uuid::try_parse_ascii(value).is_ok()
}

fn definition(value: &[u8]) -> bool {
    text(value).is_some_and(|text| Definition::parse(text).is_ok())
}

/// A DER or BER element: at least a tag and a length that fits.
fn ber_element(value: &[u8]) -> bool {
    crate::directory::tlv::split_tlv(value).is_some_and(|(_, rest)| rest.is_empty())
}

fn delivery_method(value: &[u8]) -> bool {
    let known = ["any", "mhs", "physical", "telex", "teletex", "g3fax", "g4fax", "ia5", "videotex", "telephone"];
    text(value).is_some_and(|text| text.split('$').all(|method| known.contains(&method.trim())))
}

macro_rules! syntaxes {
    ($($oid:literal $description:literal $accepts:ident;)*) => {
        &[$(Syntax { oid: $oid, description: $description, accepts: $accepts },)*]
    };
}

const SYNTAXES: &[Syntax] = syntaxes! {
    "1.3.6.1.4.1.1466.115.121.1.3" "Attribute Type Description" definition;
    "1.3.6.1.4.1.1466.115.121.1.6" "Bit String" bit_string;
    "1.3.6.1.4.1.1466.115.121.1.7" "Boolean" boolean;
    "1.3.6.1.4.1.1466.115.121.1.8" "X.509 Certificate" ber_element;
    "1.3.6.1.4.1.1466.115.121.1.9" "X.509 Certificate List" ber_element;
    "1.3.6.1.4.1.1466.115.121.1.10" "X.509 Certificate Pair" ber_element;
    "1.3.6.1.4.1.1466.115.121.1.11" "Country String" country;
    "1.3.6.1.4.1.1466.115.121.1.12" "DN" distinguished_name;
    "1.3.6.1.4.1.1466.115.121.1.14" "Delivery Method" delivery_method;
    "1.3.6.1.4.1.1466.115.121.1.15" "Directory String" directory_string;
    "1.3.6.1.4.1.1466.115.121.1.16" "DIT Content Rule Description" definition;
    "1.3.6.1.4.1.1466.115.121.1.17" "DIT Structure Rule Description" definition;
    "1.3.6.1.4.1.1466.115.121.1.21" "Enhanced Guide" ia5_string;
    "1.3.6.1.4.1.1466.115.121.1.22" "Facsimile Telephone Number" telephone_number;
    "1.3.6.1.4.1.1466.115.121.1.24" "Generalized Time" generalized_time;
    "1.3.6.1.4.1.1466.115.121.1.25" "Guide" ia5_string;
    "1.3.6.1.4.1.1466.115.121.1.26" "IA5 String" ia5_string;
    "1.3.6.1.4.1.1466.115.121.1.27" "INTEGER" integer;
    "1.3.6.1.4.1.1466.115.121.1.28" "JPEG" anything;
    "1.3.6.1.4.1.1466.115.121.1.30" "Matching Rule Description" definition;
    "1.3.6.1.4.1.1466.115.121.1.31" "Matching Rule Use Description" definition;
    "1.3.6.1.4.1.1466.115.121.1.34" "Name And Optional UID" name_and_uid;
    "1.3.6.1.4.1.1466.115.121.1.35" "Name Form Description" definition;
    "1.3.6.1.4.1.1466.115.121.1.36" "Numeric String" numeric_string;
    "1.3.6.1.4.1.1466.115.121.1.37" "Object Class Description" definition;
    "1.3.6.1.4.1.1466.115.121.1.38" "OID" object_identifier;
    "1.3.6.1.4.1.1466.115.121.1.39" "Other Mailbox" ia5_string;
    "1.3.6.1.4.1.1466.115.121.1.40" "Octet String" anything;
    "1.3.6.1.4.1.1466.115.121.1.41" "Postal Address" postal_address;
    "1.3.6.1.4.1.1466.115.121.1.44" "Printable String" printable_string;
    "1.3.6.1.4.1.1466.115.121.1.45" "Subtree Specification" ia5_string;
    "1.3.6.1.4.1.1466.115.121.1.50" "Telephone Number" telephone_number;
    "1.3.6.1.4.1.1466.115.121.1.51" "Teletex Terminal Identifier" anything;
    "1.3.6.1.4.1.1466.115.121.1.52" "Telex Number" telephone_number;
    "1.3.6.1.4.1.1466.115.121.1.54" "LDAP Syntax Description" definition;
    "1.3.6.1.4.1.1466.115.121.1.58" "Substring Assertion" postal_address;
    "1.3.6.1.1.16.1" "UUID" uuid_text;
};

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;

    #[test]
    fn values_are_accepted_or_refused() {
        let accepts = |last: &str, value: &[u8]| {
            Syntax::find(&format!("1.3.6.1.4.1.1466.115.121.1.{last}")).unwrap().accepts(value)
        };
        for (syntax, good, bad) in [
            ("7", &b"TRUE"[..], &b"true"[..]),
            ("11", b"DE", b"DEU"),
            ("12", b"cn=a,dc=b", b"cn"),
            ("15", "ä".as_bytes(), b""),
            ("15", b" ", b"\xff"),
            ("24", b"20260101000000Z", b"today"),
            ("26", b"a@b", "ä".as_bytes()),
            ("27", b"-12", b"012"),
            ("34", b"cn=a#'01'B", b"cn"),
            ("36", b"1 2", b"a"),
            ("38", b"2.5.4.3", b"2..5"),
            ("44", b"a-b", b"a@b"),
            ("50", b"+49 30 1", b""),
            ("6", b"'0101'B", b"0101"),
        ] {
            assert!(accepts(syntax, good), "{syntax} {good:?}");
            assert!(!accepts(syntax, bad), "{syntax} {bad:?}");
        }
    }
}
