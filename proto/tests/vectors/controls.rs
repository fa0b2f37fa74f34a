//! The controls.

use countersign_proto::{
    ber::{Writer, tag},
    ldap::{
        controls::{self, Control, Controls, PagedResults, PasswordPolicy, PasswordPolicyWarning},
        filter::Filter,
        message::{Message, Operation},
        response,
    },
    oid,
};
use serde_json::Value;

use crate::{Vector, vectors};

fn strings(value: &Value) -> Vec<&[u8]> {
    value.as_array().unwrap().iter().map(|text| text.as_str().unwrap().as_bytes()).collect()
}

/// What the filter is that the vector's filter string says, by ldap3_proto.
fn filter_of(text: &str) -> Vec<u8> {
    use ldap3_proto::proto::{LdapMsg, LdapOp, LdapSearchRequest, LdapSearchScope};
    use tokio_util::codec::Encoder;
    let request = LdapSearchRequest {
        base: String::new(),
        scope: LdapSearchScope::Base,
        aliases: ldap3_proto::proto::LdapDerefAliases::Never,
        sizelimit: 0,
        timelimit: 0,
        typesonly: false,
        filter: ldap3_proto::parse_ldap_filter_str(text).unwrap(),
        attrs: Vec::new(),
    };
    let mut out = bytes::BytesMut::new();
    let message = LdapMsg::new(1, LdapOp::SearchRequest(request));
    ldap3_proto::LdapCodec::default().encode(message, &mut out).unwrap();
    let Operation::Search(search) = Message::decode(&out).unwrap().operation else { panic!() };
    search.filter_element.to_vec()
}

#[test]
fn control_requests_are_read_and_written() {
    for vector in vectors("control-requests") {
        let list = vector.octets("control_hex").unwrap();
        let value = vector.value();
        let controls: Vec<Control<'_>> = Controls::decode(&list).unwrap().iter().collect();
        let [control] = controls.as_slice() else { panic!("{}", vector.name()) };
        assert_eq!(Some(control.oid), vector.0["oid"].as_str(), "{}", vector.name());
        assert_eq!(Some(control.critical), vector.0["fields"]["criticality"].as_bool(), "{}", vector.name());
        assert_eq!(control.value, value.as_deref(), "{}", vector.name());
        let mut again = Vec::new();
        control.append(&mut again);
        assert_eq!(hex::encode(again), hex::encode(&list), "{}", vector.name());
        check_control_value(&vector, value.as_deref());
    }
}

fn check_control_value(vector: &Vector, value: Option<&[u8]>) {
    let fields = &vector.0["fields"];
    match vector.0["oid"].as_str().unwrap() {
        oid::PAGED_RESULTS => {
            let cookie = hex::decode(vector.field("cookie_hex").unwrap()).unwrap();
            let expected = PagedResults { size: vector.number("size").unwrap().try_into().unwrap(), cookie: &cookie };
            assert_eq!(PagedResults::decode(value).unwrap(), expected, "{}", vector.name());
            assert_eq!(Some(expected.encode().as_slice()), value, "{}", vector.name());
        }
        oid::ASSERTION => {
            let filter = controls::assertion(value).unwrap();
            let expected = filter_of(vector.field("filter").unwrap());
            let mut encoded = Vec::new();
            filter.encode(&mut Writer::new(&mut encoded));
            assert_eq!(Some(encoded.as_slice()), value, "{}", vector.name());
            assert_eq!(hex::encode(encoded), hex::encode(expected), "{}", vector.name());
            Filter::decode(value.unwrap()).unwrap();
        }
        oid::PRE_READ | oid::POST_READ => {
            let selection = controls::attribute_selection(value).unwrap();
            assert_eq!(selection.iter().collect::<Vec<_>>(), strings(&fields["attributes"]), "{}", vector.name());
        }
        oid::PROXIED_AUTHORIZATION_V1 => {
            assert_eq!(controls::proxied_authorization_v1(value).ok(), vector.field("proxy_dn"), "{}", vector.name());
        }
        oid::PROXIED_AUTHORIZATION_V2 => {
            let id = controls::proxied_authorization_v2(value).ok();
            assert_eq!(id, vector.field("authorization_id"), "{}", vector.name());
        }
        _ => assert_eq!(value, None, "{}", vector.name()),
    }
}

#[test]
fn control_responses_are_written() {
    for vector in vectors("control-responses") {
        let oid = vector.0["oid"].as_str().unwrap();
        let value = match oid {
            oid::PASSWORD_POLICY => password_policy(&vector).encode(),
            oid::AUTHORIZATION_IDENTITY_RESPONSE => vector.field("authorization_id").unwrap().as_bytes().to_vec(),
            oid::PASSWORD_EXPIRED => b"0".to_vec(),
            oid::PASSWORD_EXPIRING => vector.number("seconds_until_expiration").unwrap().to_string().into_bytes(),
            oid::PRE_READ | oid::POST_READ => read_entry(&vector.0["fields"]["entry"]),
            other => panic!("no test knows {other}"),
        };
        assert_eq!(Some(hex::encode(&value)), vector.value().map(hex::encode), "{}", vector.name());
        let mut control = Vec::new();
        controls::append(&mut control, oid, Some(&value));
        assert_eq!(Some(hex::encode(control)), vector.octets("control_hex").map(hex::encode), "{}", vector.name());
    }
}

fn password_policy(vector: &Vector) -> PasswordPolicy {
    let number = |name| vector.number(name).map(|number| number.try_into().unwrap());
    let expiration = number("time_before_expiration").map(PasswordPolicyWarning::TimeBeforeExpiration);
    let grace = number("grace_logins_remaining").map(PasswordPolicyWarning::GraceAuthenticationsRemaining);
    PasswordPolicy { warning: expiration.or(grace), error: vector.number("error").map(|code| code.try_into().unwrap()) }
}

fn read_entry(entry: &Value) -> Vec<u8> {
    let mut out = Vec::new();
    Writer::new(&mut out).constructed(tag::SEQUENCE, |writer| {
        response::entry(writer, entry["dn"].as_str().unwrap(), |attributes| {
            for attribute in entry["attributes"].as_array().unwrap() {
                let name = attribute["name"].as_str().unwrap();
                response::attribute(attributes, name.as_bytes(), strings(&attribute["values"]));
            }
        });
    });
    out
}
