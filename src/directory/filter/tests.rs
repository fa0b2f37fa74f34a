//! Filters on entries, written as people write them.

#![allow(clippy::unwrap_used, clippy::panic)]

use std::sync::{Arc, LazyLock};

use proptest::prelude::*;
use uuid::Uuid;

use super::{CompiledFilter, Node, Truth, Truth::*};
use crate::directory::{
    attribute_ids::AttributeIds,
    computed::Surroundings,
    dn::Dn,
    entry::{Entry, EntryRef},
    schema::Schema,
};
use countersign_proto::ldap::{filter::Filter, filter_text};

struct Sample {
    schema: &'static Schema,
    stored: Vec<u8>,
}

impl Sample {
    fn new() -> Self {
        static SCHEMA: LazyLock<Schema> = LazyLock::new(|| Schema::standard(Arc::new(AttributeIds::default())));
        let schema = &*SCHEMA;
        let mut entry = Entry::new(Dn::parse("uid=ada+cn=Ada King,ou=Numbers,dc=example,dc=com").unwrap(), Uuid::nil());
        for (name, values) in [
            ("objectClass", &["top", "inetOrgPerson", "posixAccount"][..]),
            ("cn", &["Ada King", "Countess  of   Lovelace"]),
            ("sn;lang-en", &["King"]),
            ("uid", &["ada"]),
            ("telephoneNumber", &["+44 20-7946 0000"]),
            ("uidNumber", &["1005"]),
            ("manager", &["uid=Charles, dc=example,dc=com"]),
            ("description", &["Straße nach Zürich"]),
            ("postalAddress", &["1 Main St $ London"]),
            ("homeDirectory", &["/home/Ada"]),
            ("createTimestamp", &["20260101120000Z"]),
            ("userPassword", &["{X}hash"]),
            ("jpegPhoto", &["photo"]),
        ] {
            entry.set(schema, name, values.iter().map(|value| value.as_bytes().to_vec()).collect());
        }
        let stored = entry.encode(schema);
        Self { schema, stored }
    }

    fn compile(&self, text: &str) -> CompiledFilter {
        let octets = filter_text::encode(text).unwrap_or_else(|_| panic!("{text} is no filter"));
        let mut compiled = CompiledFilter::default();
        compiled.compile(Filter::decode(&octets).unwrap(), self.schema);
        compiled
    }

    fn matches(&self, text: &str) -> Truth {
        self.matches_without(text, "")
    }

    fn matches_without(&self, text: &str, hidden: &str) -> Truth {
        let hidden = self.schema.attribute_type(hidden).map(|known| known.id);
        let entry = EntryRef::new(&self.stored).unwrap();
        let surroundings = Surroundings { children: 3 };
        self.compile(text).matches(entry, surroundings, self.schema, &|id| Some(id) != hidden)
    }
}

#[test]
fn every_form_of_item_matches_by_its_rule() {
    let sample = Sample::new();
    for (text, truth) in [
        ("(cn=ADA  king)", True),
        ("(2.5.4.3=ada king)", True),
        ("(commonName=ada)", False),
        ("(name=countess of lovelace)", True),
        ("(sn=king)", True),
        ("(sn;lang-EN=king)", True),
        ("(sn;lang-de=king)", False),
        ("(cn;lang-en=ada king)", False),
        ("(mail=*)", False),
        ("(objectClass=PERSON)", False),
        ("(objectClass=2.16.840.1.113730.3.2.2)", True),
        ("(telephoneNumber=+442079460000)", True),
        ("(telephoneNumber=*7946*)", True),
        ("(uidNumber>=1000)", True),
        ("(uidNumber<=1000)", False),
        ("(uidNumber>=99)", True),
        ("(uidNumber<=01005)", True),
        ("(uidNumber>=x)", Undefined),
        ("(cn>=ada)", Undefined),
        ("(createTimestamp>=20260101130000+0200)", True),
        ("(manager=UID=charles,DC=example,dc=com)", True),
        ("(manager=nobody)", Undefined),
        ("(manager=uid=Charles, dc=example,dc=com)", True),
        ("(manager=uid=Charlie, dc=example,dc=com)", False),
        ("(description=strasse nach zu\u{308}rich)", True),
        ("(postalAddress=1 main st$LONDON)", True),
        ("(postalAddress=*london)", True),
        ("(homeDirectory=/home/ada)", False),
        ("(homeDirectory=/home/Ada)", True),
        ("(unheardOf=x)", Undefined),
        ("(unheardOf=*)", Undefined),
        ("(jpegPhoto=*)", True),
        ("(jpegPhoto=photo)", Undefined),
        ("(cn~=ada king)", True),
        ("(userPassword={X}hash)", Undefined),
        ("(userPassword={X}*)", Undefined),
        ("(userPassword>={X})", Undefined),
        ("(userPassword:octetStringMatch:={X}hash)", Undefined),
        ("(userPassword=*)", True),
    ] {
        assert_eq!(sample.matches(text), truth, "{text}");
    }
}

#[test]
fn substrings_mind_only_spaces_that_count() {
    let sample = Sample::new();
    for (text, truth) in [
        ("(cn=ada*)", True),
        ("(cn=ada *)", True),
        ("(cn=*king)", True),
        ("(cn=*king *)", True),
        ("(cn=* ada*)", True),
        ("(cn=*a  k*)", True),
        ("(cn=*ak*)", False),
        ("(cn=king*)", False),
        ("(cn=*ada)", False),
        ("(cn=c*of*lace)", True),
        ("(cn=c*lace*of*)", False),
        ("(cn=ada king*king)", False),
        ("(cn=countess*of*of*)", False),
        ("(description=*STRASSE*)", True),
        ("(homeDirectory=/home*)", Undefined),
        ("(uidNumber=1*)", Undefined),
    ] {
        assert_eq!(sample.matches(text), truth, "{text}");
    }
}

#[test]
fn extensible_items_choose_their_rule() {
    let sample = Sample::new();
    for (text, truth) in [
        ("(cn:=ada king)", True),
        ("(cn:caseExactMatch:=ada king)", False),
        ("(cn:caseExactMatch:=Ada King)", True),
        ("(cn:2.5.13.5:=Ada King)", True),
        ("(cn:integerMatch:=1)", Undefined),
        ("(cn:noSuchRule:=1)", Undefined),
        ("(:caseIgnoreMatch:=ADA)", True),
        ("(:caseExactMatch:=/home/Ada)", True),
        ("(:caseIgnoreMatch:=numbers)", False),
        ("(:dn:caseIgnoreMatch:=numbers)", True),
        ("(ou:dn:=numbers)", True),
        ("(ou:=numbers)", False),
        ("(ou:dn:caseExactMatch:=numbers)", False),
        ("(cn:dn:=ada king)", True),
        ("(dc:dn:=com)", True),
        ("(uidNumber:1.2.840.113556.1.4.803:=5)", True),
        ("(uidNumber:1.2.840.113556.1.4.803:=6)", False),
        ("(uidNumber:1.2.840.113556.1.4.804:=6)", True),
        ("(uidNumber:integerOrderingMatch:=1006)", True),
        ("(uidNumber:integerOrderingMatch:=1005)", False),
    ] {
        assert_eq!(sample.matches(text), truth, "{text}");
    }
}

#[test]
fn combinations_know_three_truths() {
    let sample = Sample::new();
    for (text, truth) in [
        ("(&)", True),
        ("(|)", False),
        ("(!(&))", False),
        ("(!(unheardOf=x))", Undefined),
        ("(&(uid=ada)(unheardOf=x))", Undefined),
        ("(&(uid=bob)(unheardOf=x))", False),
        ("(|(uid=ada)(unheardOf=x))", True),
        ("(|(unheardOf=x)(uid=bob))", Undefined),
        ("(&(uid=ada)(!(uid=bob))(|(cn=x)(sn=king)))", True),
    ] {
        assert_eq!(sample.matches(text), truth, "{text}");
    }
}

#[test]
fn computed_attributes_take_part() {
    let sample = Sample::new();
    for (text, truth) in [
        ("(entryDN=CN=ada king+UID=ada, OU=numbers,dc=example,dc=com)", True),
        ("(entryDN=dc=example)", False),
        ("(hasSubordinates=TRUE)", True),
        ("(hasSubordinates=false)", False),
        ("(numSubordinates>=3)", True),
        ("(numSubordinates=4)", False),
        ("(subschemaSubentry=CN=Schema)", True),
        ("(entryDN=*)", True),
    ] {
        assert_eq!(sample.matches(text), truth, "{text}");
    }
}

#[test]
fn what_is_not_readable_is_undefined_whether_it_is_there_or_not() {
    let sample = Sample::new();
    for text in ["(uid=ada)", "(uid=*)", "(!(uid=ada))", "(uid=a*)", "(uid:dn:=ada)"] {
        assert_eq!(sample.matches_without(text, "uid"), Undefined, "{text}");
    }
    assert_eq!(sample.matches_without("(!(mail=x))", "mail"), Undefined);
    assert_eq!(sample.matches_without("(name=king)", "sn"), False, "a subtype that is hidden");
    assert_eq!(sample.matches_without("(:caseIgnoreMatch:=ADA)", "uid"), False);
}

#[test]
fn a_planner_sees_types_and_terms() {
    let sample = Sample::new();
    let uid = sample.schema.attribute_type("uid").unwrap().id;
    let filter = sample.compile("(&(uid=ADA)(cn=*a b*)(!(sn=x)))");
    let Node::And(members) = filter.root() else { panic!() };
    let members: Vec<_> = members.collect();
    assert!(
        matches!(&members[..], &[Node::Equality { types: &[only], term: b"ada" }, Node::Substrings { .. }, Node::Not] if only == uid)
    );
    assert!(matches!(sample.compile("(uid:dn:=x)").root(), Node::True), "names are in no index");
    assert!(matches!(sample.compile("(uid:caseExactMatch:=x)").root(), Node::True), "another rule than the index's");
}

#[test]
fn a_filter_that_is_compiled_again_forgets_the_one_before() {
    let sample = Sample::new();
    let mut filter = sample.compile("(&(uid=ada)(cn=a*b*c))");
    filter.compile_equality(b"uid", b"bob", sample.schema);
    let entry = EntryRef::new(&sample.stored).unwrap();
    assert_eq!(filter.matches(entry, Surroundings::default(), sample.schema, &|_| true), False);
}

/// A part of a value as a filter text.
fn escaped(text: &str) -> String {
    text.bytes().map(|octet| format!("\\{octet:02x}")).collect()
}

proptest! {
    /// Against a second way to say the same: with single spaces and lower case, substrings are those of plain text.
    #[test]
    fn substrings_agree_with_plain_text(
        words in prop::collection::vec("[a-c]{1,3}", 1..4),
        parts in prop::collection::vec("[a-c]{1,2}( [a-c]{1,2})?", 1..4),
        open in any::<(bool, bool)>(),
    ) {
        let sample = Sample::new();
        let value = words.join(" ");
        let mut entry = Entry::new(Dn::parse("cn=x").unwrap(), Uuid::nil());
        entry.set(sample.schema, "description", vec![value.to_uppercase().replace(' ', "   ").into_bytes()]);
        let stored = entry.encode(sample.schema);
        let body = parts.iter().map(|part| escaped(part)).collect::<Vec<_>>().join("*");
        let text = match open {
            (true, true) => format!("*{body}*"),
            (true, false) => format!("*{body}"),
            (false, _) => format!("{body}*"),
        };
        let mut rest = Some(value.as_str());
        for (index, part) in parts.iter().enumerate() {
            rest = rest.and_then(|rest| match open {
                (false, _) if index == 0 => rest.strip_prefix(part.as_str()),
                (true, false) if index + 1 == parts.len() => rest.ends_with(part.as_str()).then_some(""),
                _ => rest.find(part.as_str()).and_then(|at| rest.get(at + part.len()..)),
            });
        }
        let filter = sample.compile(&format!("(description={text})"));
        let found = filter.matches(EntryRef::new(&stored).unwrap(), Surroundings::default(), sample.schema, &|_| true);
        prop_assert_eq!(found == True, rest.is_some(), "{} in {}", text, value);
    }

    #[test]
    fn no_filter_makes_the_evaluator_stumble(text in "[(&|!)a-z=*:~<>;. ]{0,40}") {
        let sample = Sample::new();
        if filter_text::encode(&text).is_ok() {
            sample.matches(&text);
        }
    }
}
