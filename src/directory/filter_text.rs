//! Filters as people write them (RFC 4515), turned into the octets that a client would send, so that there is one kind of
//! filter from there on.

use countersign_proto::ber::Writer;
use ldap3_proto::{
    parse_ldap_filter_str,
    proto::{LdapFilter, LdapMatchingRuleAssertion, LdapSubstringFilter},
};

/// The BER form of a filter text; `None` if the text is no filter.
pub fn encode(text: &str) -> Option<Vec<u8>> {
    let filter = parse_ldap_filter_str(text.trim()).ok()?;
    let mut octets = Vec::new();
    write(&mut Writer::new(&mut octets), &filter);
    Some(octets)
}

fn write(out: &mut Writer<'_>, filter: &LdapFilter) {
    match filter {
        LdapFilter::And(members) => out.constructed(0xA0, |out| members.iter().for_each(|member| write(out, member))),
        LdapFilter::Or(members) => out.constructed(0xA1, |out| members.iter().for_each(|member| write(out, member))),
        LdapFilter::Not(member) => out.constructed(0xA2, |out| write(out, member)),
        LdapFilter::Equality(attribute, value) => write_assertion(out, 0xA3, attribute, value),
        LdapFilter::Substring(attribute, parts) => write_substrings(out, attribute, parts),
        LdapFilter::GreaterOrEqual(attribute, value) => write_assertion(out, 0xA5, attribute, value),
        LdapFilter::LessOrEqual(attribute, value) => write_assertion(out, 0xA6, attribute, value),
        LdapFilter::Present(attribute) => out.tagged(0x87, attribute.as_bytes()),
        LdapFilter::Approx(attribute, value) => write_assertion(out, 0xA8, attribute, value),
        LdapFilter::Extensible(assertion) => write_extensible(out, assertion),
    }
}

fn write_assertion(out: &mut Writer<'_>, tag: u8, attribute: &str, value: &str) {
    out.constructed(tag, |out| {
        out.octet_string(attribute.as_bytes());
        out.octet_string(value.as_bytes());
    });
}

fn write_substrings(out: &mut Writer<'_>, attribute: &str, parts: &LdapSubstringFilter) {
    out.constructed(0xA4, |out| {
        out.octet_string(attribute.as_bytes());
        out.sequence(|out| {
            out.tagged_optional(0x80, parts.initial.as_ref().map(String::as_bytes));
            parts.any.iter().for_each(|part| out.tagged(0x81, part.as_bytes()));
            out.tagged_optional(0x82, parts.final_.as_ref().map(String::as_bytes));
        });
    });
}

fn write_extensible(out: &mut Writer<'_>, assertion: &LdapMatchingRuleAssertion) {
    out.constructed(0xA9, |out| {
        out.tagged_optional(0x81, assertion.matching_rule.as_ref().map(String::as_bytes));
        out.tagged_optional(0x82, assertion.type_.as_ref().map(String::as_bytes));
        out.tagged(0x83, assertion.match_value.as_bytes());
        if assertion.dn_attributes {
            out.tagged_boolean(0x84, true);
        }
    });
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a test may panic")]
mod tests {
    use countersign_proto::ldap::filter::Filter;

    use super::encode;

    #[test]
    fn every_form_becomes_a_filter_that_decodes() {
        for text in ["(a=b)", "(&(a=b)(!(c=*)))", "(|(a=i*x*f)(b>=1)(c<=2)(d~=e))", "(cn:dn:2.4.6:=x)", "(cn=*x*)"] {
            let octets = encode(text).unwrap();
            assert!(Filter::decode(&octets).is_ok(), "{text}");
        }
    }

    #[test]
    fn what_is_no_filter_is_none() {
        for text in ["", "a=b", "(a=b", "(&(a=b)"] {
            assert_eq!(encode(text), None, "{text}");
        }
    }
}
