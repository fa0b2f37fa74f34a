//! Requests and filters as another implementation (ldap3_proto) makes and reads them, and values that round-trip.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

use bytes::BytesMut;
use countersign_proto::{
    ber::Writer,
    cancel::CancelRequest,
    ldap::{
        filter::{Assertion, Filter, Part},
        message::{Authentication, Message, Operation, Scope},
        response::{self, LdapResult},
    },
    password::PasswordModifyRequest,
    recovery::{CountRecoveryCodesRequest, GenerateRecoveryCodesRequest, RevokeRecoveryCodesRequest},
    result_code::ResultCode,
    sasl_plain::PlainCredentials,
    text::{DnText, Secret, Text},
    totp::{
        GenerateTotpSharedSecretRequest, RevokeTotpSharedSecretRequest, TotpCredentials, ValidateTotpPasswordRequest,
    },
    value::BerRequest,
};
use ldap3_proto::{
    LdapCodec, parse_ldap_filter_str,
    proto::{
        LdapBindCred, LdapBindRequest, LdapCompareRequest, LdapDerefAliases, LdapExtendedRequest, LdapFilter,
        LdapMatchingRuleAssertion, LdapMsg, LdapOp, LdapSearchRequest, LdapSearchScope, LdapSubstringFilter,
        SaslCredentials,
    },
};
use proptest::{collection::vec, option, prelude::*};
use tokio_util::codec::{Decoder, Encoder};

fn encoded(operation: LdapOp) -> BytesMut {
    let mut out = BytesMut::new();
    LdapCodec::default().encode(LdapMsg::new(9, operation), &mut out).unwrap();
    out
}

fn search_for(filter: LdapFilter) -> BytesMut {
    encoded(LdapOp::SearchRequest(LdapSearchRequest {
        base: "ou=people,dc=example,dc=com".into(),
        scope: LdapSearchScope::OneLevel,
        aliases: LdapDerefAliases::Always,
        sizelimit: 100,
        timelimit: i32::MAX,
        typesonly: true,
        filter,
        attrs: vec!["cn".into(), "+".into()],
    }))
}

fn text(octets: &[u8]) -> String {
    String::from_utf8(octets.to_vec()).unwrap()
}

fn pair(assertion: Assertion<'_>) -> (String, String) {
    (text(assertion.attribute), text(assertion.value))
}

/// Our filter in the oracle's words.
fn in_its_words(filter: Filter<'_>) -> LdapFilter {
    match filter {
        Filter::And(set) => LdapFilter::And(set.iter().map(in_its_words).collect()),
        Filter::Or(set) => LdapFilter::Or(set.iter().map(in_its_words).collect()),
        Filter::Not(set) => LdapFilter::Not(Box::new(in_its_words(set.iter().next().unwrap()))),
        Filter::Equality(item) => LdapFilter::Equality(pair(item).0, pair(item).1),
        Filter::GreaterOrEqual(item) => LdapFilter::GreaterOrEqual(pair(item).0, pair(item).1),
        Filter::LessOrEqual(item) => LdapFilter::LessOrEqual(pair(item).0, pair(item).1),
        Filter::Approximate(item) => LdapFilter::Approx(pair(item).0, pair(item).1),
        Filter::Present(attribute) => LdapFilter::Present(text(attribute)),
        Filter::Substrings(item) => {
            let mut parts = LdapSubstringFilter::default();
            for part in item.parts() {
                match part {
                    Part::Initial(octets) => parts.initial = Some(text(octets)),
                    Part::Any(octets) => parts.any.push(text(octets)),
                    Part::Final(octets) => parts.final_ = Some(text(octets)),
                }
            }
            LdapFilter::Substring(text(item.attribute), parts)
        }
        Filter::Extensible(item) => LdapFilter::Extensible(LdapMatchingRuleAssertion {
            matching_rule: item.rule.map(text),
            type_: item.attribute.map(text),
            match_value: text(item.value),
            dn_attributes: item.dn_attributes,
        }),
    }
}

fn check_filter(filter: &LdapFilter) {
    let frame = search_for(filter.clone());
    let Operation::Search(search) = Message::decode(&frame).unwrap().operation else { panic!() };
    assert_eq!(&in_its_words(search.filter), filter);
    let mut again = Vec::new();
    search.filter.encode(&mut Writer::new(&mut again));
    assert_eq!(in_its_words(Filter::decode(&again).unwrap()), *filter);
    assert_eq!(search.base, "ou=people,dc=example,dc=com");
    assert_eq!((search.scope, search.size_limit, search.time_limit), (Scope::One, 100, i32::MAX as u32));
    assert!(search.types_only);
    assert_eq!(search.attributes.iter().collect::<Vec<_>>(), [&b"cn"[..], b"+"]);
}

#[test]
fn filter_strings_arrive_as_they_were_written() {
    // The oracle's parser knows neither escapes nor options, and wants spaces quoted.
    let filters = [
        "(objectClass=*)",
        r#"(cn="Babs Jensen")"#,
        r#"(!(cn="Tim Howes"))"#,
        "(&(objectClass=Person)(|(sn=Jensen)(cn=Babs*)))",
        "(o=univ*of*mich)",
        "(cn=*J*)",
        "(cn:=Betty)",
        "(sn:dn:2.4.6.8.10:=Barney)",
        "(:1.2.3:=Wilma)",
        "(age>=42)",
        "(age<=42)",
        "(cn~=jensen)",
    ];
    for filter in filters {
        let parsed = parse_ldap_filter_str(filter).map_err(|error| format!("{filter}: {error}"));
        check_filter(&parsed.unwrap());
    }
}

fn word() -> impl Strategy<Value = String> {
    "[a-zA-Zäöü0-9 ;-]{1,40}"
}

fn filter() -> impl Strategy<Value = LdapFilter> {
    let substrings = (option::of(word()), vec(word(), 0..3), option::of(word()))
        .prop_filter("at least one part", |(initial, any, last)| initial.is_some() || !any.is_empty() || last.is_some())
        .prop_map(|(initial, any, final_)| LdapSubstringFilter { initial, any, final_ });
    let extensible = (option::of(word()), word(), word(), any::<bool>()).prop_map(|(rule, attribute, value, dn)| {
        LdapFilter::Extensible(LdapMatchingRuleAssertion {
            matching_rule: rule,
            type_: Some(attribute),
            match_value: value,
            dn_attributes: dn,
        })
    });
    let leaf = prop_oneof![
        (word(), word()).prop_map(|(attribute, value)| LdapFilter::Equality(attribute, value)),
        (word(), word()).prop_map(|(attribute, value)| LdapFilter::GreaterOrEqual(attribute, value)),
        (word(), word()).prop_map(|(attribute, value)| LdapFilter::LessOrEqual(attribute, value)),
        (word(), word()).prop_map(|(attribute, value)| LdapFilter::Approx(attribute, value)),
        word().prop_map(LdapFilter::Present),
        (word(), substrings).prop_map(|(attribute, parts)| LdapFilter::Substring(attribute, parts)),
        extensible,
    ];
    leaf.prop_recursive(6, 40, 5, |inner| {
        prop_oneof![
            vec(inner.clone(), 0..5).prop_map(LdapFilter::And),
            vec(inner.clone(), 0..5).prop_map(LdapFilter::Or),
            inner.prop_map(|inner| LdapFilter::Not(Box::new(inner))),
        ]
    })
}

fn secret() -> impl Strategy<Value = Secret> {
    vec(any::<u8>(), 0..200).prop_map(Secret::new)
}

fn name() -> impl Strategy<Value = Text> {
    "\\PC{0,150}".prop_map(Text)
}

fn round_trip<R: BerRequest + PartialEq + std::fmt::Debug>(request: &R) {
    let value = request.to_ber();
    assert_eq!(&R::from_ber(value.as_deref()).unwrap(), request);
    // Whatever is cut off, the rest is no value; and nothing may follow.
    let value = value.unwrap_or_default();
    for end in 1..value.len() {
        assert!(R::from_ber(value.get(..end)).is_err(), "cut at {end}");
    }
    if !value.is_empty() {
        assert!(R::from_ber(Some(&[value.as_slice(), &[0]].concat())).is_err());
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn filters_arrive_as_they_were_sent(filter in filter()) {
        check_filter(&filter);
    }

    #[test]
    fn binds_arrive_as_they_were_sent(dn in "\\PC{0,200}", password in "\\PC{0,200}", credentials in vec(any::<u8>(), 0..300)) {
        let simple = LdapBindRequest { version: 3, dn: dn.clone(), cred: LdapBindCred::Simple(password.clone()) };
        let frame = encoded(LdapOp::BindRequest(simple));
        let Operation::Bind(bind) = Message::decode(&frame).unwrap().operation else { panic!() };
        prop_assert_eq!(bind.name, &dn);
        prop_assert!(matches!(bind.authentication, Authentication::Simple(sent) if sent == password.as_bytes()));
        let cred = SaslCredentials { mechanism: "PLAIN".into(), credentials: credentials.clone() };
        let sasl = LdapBindRequest { version: 3, dn: String::new(), cred: LdapBindCred::SASL(cred) };
        let frame = encoded(LdapOp::BindRequest(sasl));
        let Operation::Bind(bind) = Message::decode(&frame).unwrap().operation else { panic!() };
        let Authentication::Sasl { mechanism, credentials: sent } = bind.authentication else { panic!() };
        prop_assert_eq!((mechanism, sent), ("PLAIN", Some(credentials.as_slice())));
    }

    #[test]
    fn compares_and_extended_requests_arrive_as_they_were_sent(dn in "\\PC{0,200}", value in vec(any::<u8>(), 0..300)) {
        let frame = encoded(LdapOp::CompareRequest(LdapCompareRequest { dn: dn.clone(), atype: "cn".into(), val: value.clone() }));
        let Operation::Compare(compare) = Message::decode(&frame).unwrap().operation else { panic!() };
        prop_assert_eq!((compare.dn, compare.attribute, compare.value), (dn.as_str(), &b"cn"[..], value.as_slice()));
        let request = LdapExtendedRequest { name: "1.3.6.1.4.1.30221.2.6.56".into(), value: Some(value.clone()) };
        let frame = encoded(LdapOp::ExtendedRequest(request));
        let Operation::Extended(request) = Message::decode(&frame).unwrap().operation else { panic!() };
        prop_assert_eq!(request.value, Some(value.as_slice()));
    }

    #[test]
    fn entries_and_results_are_read_by_others(dn in "\\PC{0,200}", values in vec(vec(any::<u8>(), 0..300), 1..5), id in 1..i32::MAX) {
        let mut segment = Vec::new();
        response::attribute(&mut Writer::new(&mut segment), b"cn", &values);
        let mut out = Vec::new();
        response::search_entry(&mut out, id, &dn, &[&segment], &[]);
        let outcome = LdapResult { code: ResultCode::NO_SUCH_OBJECT, matched_dn: &dn, diagnostic: &dn };
        response::search_done(&mut out, id, &outcome, &[]);
        let mut codec = LdapCodec::default();
        let mut stream = BytesMut::from(out.as_slice());
        let message = codec.decode(&mut stream).unwrap().unwrap();
        prop_assert_eq!(message.msgid, id);
        let LdapOp::SearchResultEntry(entry) = message.op else { panic!() };
        prop_assert_eq!((&entry.dn, entry.attributes[0].atype.as_str()), (&dn, "cn"));
        prop_assert_eq!(&entry.attributes[0].vals, &values);
        let LdapOp::SearchResultDone(done) = codec.decode(&mut stream).unwrap().unwrap().op else { panic!() };
        prop_assert_eq!((done.matcheddn, done.message), (dn.clone(), dn));
    }

    #[test]
    fn values_round_trip(id in name(), other in option::of(name()), first in secret(), second in option::of(secret()), third in option::of(secret())) {
        round_trip(&GenerateTotpSharedSecretRequest { authentication_id: other.clone(), static_password: Some(first.clone()) });
        round_trip(&RevokeTotpSharedSecretRequest {
            authentication_id: other.clone(),
            static_password: second.clone(),
            totp_shared_secret: Some(first.clone()),
        });
        round_trip(&GenerateRecoveryCodesRequest { authentication_id: None, static_password: Some(first.clone()) });
        round_trip(&RevokeRecoveryCodesRequest { authentication_id: Some(id.clone()), static_password: third.clone() });
        round_trip(&CountRecoveryCodesRequest { user_dn: DnText(id.0.clone()) });
        round_trip(&ValidateTotpPasswordRequest { user_dn: DnText(id.0.clone()), totp_password: first.clone() });
        round_trip(&PasswordModifyRequest {
            user_identity: other.clone(),
            old_password: second.clone(),
            new_password: third.clone(),
        });
        round_trip(&TotpCredentials {
            authentication_id: id,
            authorization_id: other,
            totp_password: first,
            static_password: third,
        });
    }

    #[test]
    fn plain_and_cancel_round_trip(id in "[^\\x00]{0,60}", other in option::of("[^\\x00]{1,60}"), password in vec(1_u8.., 0..60), cancel_id in 0..i32::MAX) {
        let credentials = PlainCredentials {
            authorization_id: other.map(Text),
            authentication_id: Text(id),
            password: Secret::new(password),
        };
        prop_assert_eq!(PlainCredentials::from_ber(credentials.to_ber().as_deref()).unwrap(), credentials);
        round_trip(&CancelRequest { cancel_id });
    }
}

#[test]
fn members_may_come_in_any_order_and_only_once() {
    let reordered = [0x30, 8, 0x81, 2, b'p', b'w', 0x80, 2, b'u', b':'];
    let request = GenerateTotpSharedSecretRequest::from_ber(Some(&reordered)).unwrap();
    assert_eq!(request.authentication_id.as_deref(), Some("u:"));
    let repeated = [0x30, 8, 0x81, 2, b'p', b'w', 0x81, 2, b'p', b'w'];
    assert!(GenerateTotpSharedSecretRequest::from_ber(Some(&repeated)).is_err());
    let not_utf8 = [0x30, 7, 0x80, 1, 0xFF, 0x81, 2, b'p', b'w'];
    assert!(GenerateTotpSharedSecretRequest::from_ber(Some(&not_utf8)).is_err());
}

#[test]
fn json_is_strict_and_never_shows_a_secret() {
    let parsed: GenerateTotpSharedSecretRequest = serde_json::from_str(r#"{"staticPassword":"p\u00e4ss"}"#).unwrap();
    assert_eq!(parsed.static_password, Some(Secret::new("päss")));
    assert!(!format!("{parsed:?}").contains("ss\""));
    assert!(serde_json::from_str::<GenerateTotpSharedSecretRequest>(r#"{"staticpassword":"p"}"#).is_err());
    assert!(serde_json::from_str::<GenerateTotpSharedSecretRequest>(r#"{"authenticationID":"u:x"}"#).is_err());
    let error = serde_json::from_str::<GenerateTotpSharedSecretRequest>(r#"{"staticPassword":31415926}"#).unwrap_err();
    assert!(!error.to_string().contains("31415926"), "{error}");
    let result = countersign_proto::totp::GenerateTotpSharedSecretResult { totp_shared_secret: Secret::new("ABC") };
    assert_eq!(serde_json::to_string(&result).unwrap(), r#"{"totpSharedSecret":"ABC"}"#);
}
