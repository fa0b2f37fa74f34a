//! Every golden vector of `tests/vectors/`: decoded, encoded or refused, octet for octet.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

use countersign_proto::{
    ber::{Writer, tag},
    cancel::CancelRequest,
    ldap::{
        controls::{self, Control, Controls, PagedResults, PasswordPolicy, PasswordPolicyWarning},
        filter::Filter,
        message::{Authentication, Message, Operation},
        response::{self, LdapResult},
    },
    oid,
    password::{PasswordModifyRequest, PasswordModifyResult},
    result_code::ResultCode,
    sasl_plain::PlainCredentials,
    text::{DnText, Secret, Text},
    totp::{
        GenerateTotpSharedSecretRequest, GenerateTotpSharedSecretResult, RevokeTotpSharedSecretRequest,
        TotpCredentials, ValidateTotpPasswordRequest,
    },
    value::{BerRequest, BerResult, ValueError},
    who_am_i::{WhoAmIRequest, WhoAmIResult},
};
use serde_json::Value;

struct Vector(Value);

/// The vectors of one file; none may be missing.
fn vectors(file: &str) -> Vec<Vector> {
    let path = format!("{}/../tests/vectors/{file}.json", env!("CARGO_MANIFEST_DIR"));
    let all: Vec<Value> = serde_json::from_str(&std::fs::read_to_string(&path).unwrap()).unwrap();
    assert!(!all.is_empty(), "{path} is empty");
    all.into_iter().map(Vector).collect()
}

impl Vector {
    fn kind(&self) -> &str {
        self.0["type"].as_str().unwrap()
    }
    fn name(&self) -> String {
        format!("{}: {} ({})", self.kind(), self.0["description"].as_str().unwrap(), self.0["value_hex"])
    }
    fn octets(&self, member: &str) -> Option<Vec<u8>> {
        self.0[member].as_str().map(|text| hex::decode(text).unwrap())
    }
    fn value(&self) -> Option<Vec<u8>> {
        self.octets("value_hex")
    }
    fn field(&self, name: &str) -> Option<&str> {
        self.0["fields"][name].as_str()
    }
    fn text(&self, name: &str) -> Option<Text> {
        self.field(name).map(Text::from)
    }
    fn secret(&self, name: &str) -> Option<Secret> {
        let octets = self.field(&format!("{name}_hex")).map(|text| Secret::new(hex::decode(text).unwrap()));
        octets.or_else(|| self.field(name).map(Secret::new))
    }
    fn number(&self, name: &str) -> Option<i64> {
        self.0["fields"][name].as_i64()
    }
}

#[derive(Debug, PartialEq)]
enum Request {
    Generate(GenerateTotpSharedSecretRequest),
    Revoke(RevokeTotpSharedSecretRequest),
    Validate(ValidateTotpPasswordRequest),
    Password(PasswordModifyRequest),
    WhoAmI(WhoAmIRequest),
    Cancel(CancelRequest),
    Totp(TotpCredentials),
    Plain(PlainCredentials),
    StartTls,
}

impl Request {
    fn decode(kind: &str, value: Option<&[u8]>) -> Result<Self, ValueError> {
        Ok(match kind {
            "generate-totp-shared-secret-request" => Self::Generate(BerRequest::from_ber(value)?),
            "revoke-totp-shared-secret-request" => Self::Revoke(BerRequest::from_ber(value)?),
            "validate-totp-password-request" => Self::Validate(BerRequest::from_ber(value)?),
            "password-modify-request" => Self::Password(BerRequest::from_ber(value)?),
            "who-am-i-request" => Self::WhoAmI(BerRequest::from_ber(value)?),
            "cancel-request" => Self::Cancel(BerRequest::from_ber(value)?),
            "sasl-unboundid-totp" => Self::Totp(BerRequest::from_ber(value)?),
            "sasl-plain" => Self::Plain(BerRequest::from_ber(value)?),
            "start-tls-request" => {
                assert_eq!(value, None);
                Self::StartTls
            }
            other => panic!("no test knows {other}"),
        })
    }

    fn encode(&self) -> Option<Vec<u8>> {
        match self {
            Self::Generate(request) => request.to_ber(),
            Self::Revoke(request) => request.to_ber(),
            Self::Validate(request) => request.to_ber(),
            Self::Password(request) => request.to_ber(),
            Self::WhoAmI(request) => request.to_ber(),
            Self::Cancel(request) => request.to_ber(),
            Self::Totp(request) => request.to_ber(),
            Self::Plain(request) => request.to_ber(),
            Self::StartTls => None,
        }
    }

    fn described(vector: &Vector) -> Self {
        let authentication_id = vector.text("authentication_id");
        let static_password = vector.secret("static_password");
        match vector.kind() {
            "generate-totp-shared-secret-request" => {
                Self::Generate(GenerateTotpSharedSecretRequest { authentication_id, static_password })
            }
            "revoke-totp-shared-secret-request" => Self::Revoke(RevokeTotpSharedSecretRequest {
                authentication_id,
                static_password,
                totp_shared_secret: vector.secret("totp_shared_secret"),
            }),
            "validate-totp-password-request" => Self::Validate(ValidateTotpPasswordRequest {
                user_dn: DnText::from(vector.field("user_dn").unwrap()),
                totp_password: vector.secret("totp_password").unwrap(),
            }),
            "password-modify-request" => Self::Password(PasswordModifyRequest {
                user_identity: vector.text("user_identity"),
                old_password: vector.secret("old_password"),
                new_password: vector.secret("new_password"),
            }),
            "who-am-i-request" => Self::WhoAmI(WhoAmIRequest),
            "cancel-request" => {
                Self::Cancel(CancelRequest { cancel_id: vector.number("cancel_id").unwrap().try_into().unwrap() })
            }
            "sasl-unboundid-totp" => Self::Totp(TotpCredentials {
                authentication_id: authentication_id.unwrap(),
                authorization_id: vector.text("authorization_id"),
                totp_password: vector.secret("totp_password").unwrap(),
                static_password,
            }),
            "sasl-plain" => Self::Plain(PlainCredentials {
                authorization_id: vector.text("authorization_id").filter(|id| !id.is_empty()),
                authentication_id: authentication_id.unwrap(),
                password: vector.secret("password").unwrap(),
            }),
            "start-tls-request" => Self::StartTls,
            other => panic!("no test knows {other}"),
        }
    }
}

/// The value inside a whole message: of an extended request, or the credentials of a SASL bind.
fn carried<'a>(message: &Message<'a>, vector: &Vector) -> Option<&'a [u8]> {
    let expected = vector.0["oid"].as_str().unwrap();
    match message.operation {
        Operation::Extended(request) => {
            assert_eq!(request.name, expected);
            request.value
        }
        Operation::Bind(request) => {
            assert_eq!((request.version, request.name), (3, ""));
            let Authentication::Sasl { mechanism, credentials } = request.authentication else { panic!() };
            assert_eq!(mechanism, expected);
            credentials
        }
        other => panic!("{other:?}"),
    }
}

#[test]
fn requests_and_credentials_are_read_and_written() {
    for file in ["extop-requests", "sasl-credentials"] {
        for vector in vectors(file) {
            let value = vector.value();
            let described = Request::described(&vector);
            assert_eq!(Request::decode(vector.kind(), value.as_deref()).unwrap(), described, "{}", vector.name());
            assert_eq!(described.encode(), value, "{}", vector.name());
            let message = vector.octets("message_hex").unwrap();
            let message = Message::decode(&message).unwrap();
            assert_eq!(carried(&message, &vector), value.as_deref(), "{}", vector.name());
            assert!(message.controls.is_empty());
        }
    }
}

#[test]
fn malformed_values_are_refused_and_their_messages_are_not() {
    for vector in vectors("malformed-values") {
        let message = vector.octets("message_hex").unwrap();
        let message = Message::decode(&message).unwrap();
        let value = vector.value();
        assert_eq!(carried(&message, &vector), value.as_deref(), "{}", vector.name());
        let decoded = Request::decode(vector.kind(), value.as_deref());
        let accepted = match (vector.kind(), vector.0["description"].as_str().unwrap()) {
            // RFC 3062 lets the value be absent, though the SDK demands it.
            ("password-modify-request", "value absent") => true,
            // A positional sequence with a context-tagged member is refused, though the SDK overlooks the tag.
            ("cancel-request", "unknown context tag [15]") => false,
            _ => vector.0["fields"]["sdk_accepts"].as_bool().unwrap(),
        };
        assert_eq!(decoded.is_ok(), accepted, "{}: {decoded:?}", vector.name());
    }
}

fn response_value(vector: &Vector) -> Option<Vec<u8>> {
    match vector.kind() {
        "generate-totp-shared-secret-response" => vector
            .secret("totp_shared_secret")
            .and_then(|totp_shared_secret| GenerateTotpSharedSecretResult { totp_shared_secret }.to_ber()),
        "password-modify-response" => {
            PasswordModifyResult { generated_password: vector.secret("generated_password") }.to_ber()
        }
        "who-am-i-response" => {
            vector.text("authz_id").and_then(|authorization_id| WhoAmIResult { authorization_id }.to_ber())
        }
        _ => None,
    }
}

#[test]
fn responses_are_written() {
    for vector in vectors("extop-responses") {
        let value = response_value(&vector);
        assert_eq!(value, vector.value(), "{}", vector.name());
        let expected = vector.octets("message_hex").unwrap();
        let code = ResultCode(vector.number("result_code").unwrap_or(0).try_into().unwrap());
        let outcome = LdapResult {
            code,
            matched_dn: vector.field("matched_dn").unwrap_or_default(),
            diagnostic: vector.field("diagnostic_message").unwrap_or_default(),
        };
        let mut out = Vec::new();
        if vector.kind() == "notice-of-disconnection" {
            response::notice_of_disconnection(&mut out, code, "shutting down");
        } else {
            let id = countersign_proto::ber::Reader::new(&expected).sequence().unwrap().integer().unwrap();
            let name = vector.0["oid"].as_str();
            response::extended(&mut out, id.try_into().unwrap(), &outcome, name, value.as_deref(), &[]);
        }
        assert_eq!(hex::encode(&out), hex::encode(&expected), "{}", vector.name());
    }
}

#[test]
fn results_are_read_back_by_a_client() {
    let secret = Secret::new("AEHBWKBVIJHVY2LWQOIJ3KVXYTI5527Y");
    let result = GenerateTotpSharedSecretResult { totp_shared_secret: secret };
    assert_eq!(GenerateTotpSharedSecretResult::from_ber(result.to_ber().as_deref()).unwrap(), result);
    let result = PasswordModifyResult { generated_password: Some(Secret::new("gen-erated")) };
    assert_eq!(PasswordModifyResult::from_ber(result.to_ber().as_deref()).unwrap(), result);
    let result = WhoAmIResult { authorization_id: Text::from("dn:cn=a") };
    assert_eq!(WhoAmIResult::from_ber(result.to_ber().as_deref()).unwrap(), result);
}

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
