//! Changes at the LDAP door: the four requests that `ldap3_proto` decodes, turned into what the handler takes, and their
//! responses with the controls that return entries.

use std::{sync::Arc, time::Instant};

use bytes::BytesMut;
use countersign_proto::{
    ber::{Reader, Writer, tag},
    ldap::{
        controls,
        message::{Message, Operation},
        response::{self, LdapResult},
        strings::Strings,
    },
    oid,
    result_code::ResultCode,
};
use ldap3_proto::{
    LdapCodec,
    proto::{LdapModify, LdapModifyType, LdapOp},
};
use tokio_util::codec::Decoder;

use super::{
    controls::{On, Requested, answered_change},
    door::is_confidential,
    outcome::{audit, outcome, refuse},
    session::{Finished, Session},
};
use crate::{
    config::LogLevel,
    directory::modify::{Modification, ModificationKind},
    error::{Error, Result},
    handlers::{
        own_password,
        update::{ReadEntry, Update, UpdateOptions, Updated, update},
    },
};

/// A request of any size may have this many elements; beyond it, one for every sixteen octets.
const MIN_ELEMENTS: usize = 65_536;
/// No change nests deeper.
const MAX_DEPTH: usize = 8;

/// What is particular to one of the four.
struct Kind {
    element: Vec<u8>,
    on: On,
    response: u8,
    name: &'static str,
}

impl Kind {
    fn of(operation: &Operation<'_>) -> Option<Self> {
        let (element, on, response, name) = match operation {
            Operation::Add(element) => (element, On::ADD, response::ADD, "add"),
            Operation::Modify(element) => (element, On::MODIFY, response::MODIFY, "modify"),
            Operation::ModifyDn(element) => (element, On::MODIFY_DN, response::MODIFY_DN, "modify-dn"),
            Operation::Delete(element) => (element, On::DELETE, response::DELETE, "delete"),
            _ => return None,
        };
        Some(Self { element: element.to_vec(), on, response, name })
    }
}

impl Session {
    /// Begins a change.
    pub(super) async fn update(&mut self, message: &Message<'_>, out: &mut Vec<u8>) {
        let Some(kind) = Kind::of(&message.operation) else { return };
        let id = message.id;
        if let Err(error) = self.begin_update(message, &kind, out).await {
            refuse(&self.door.context, out, id, kind.response, &error);
        }
    }

    async fn begin_update(&mut self, message: &Message<'_>, kind: &Kind, out: &mut Vec<u8>) -> Result<()> {
        let requested = Requested::read(message.controls, kind.on)?;
        let request = decode(&kind.element)?;
        if holds_secret(&request) {
            self.held_secret = true;
            self.door.check_confidentiality(&self.caller.channel)?;
        }
        if !own_password::is_set_by(&request, &self.door.context, &self.caller) {
            own_password::demand(&self.door.context, &self.caller).await?;
        }
        let options = options(&requested)?;
        let caller = self.requester(&requested, message.id).await?;
        let context = Arc::clone(&self.door.context);
        let (id, tag, name) = (message.id, kind.response, kind.name);
        let password_policy = requested.password_policy;
        let operation = async move {
            let begun = Instant::now();
            let dn = target(&request).to_owned();
            let result = update(request, options, &context, &caller).await;
            audit(&context.audit, LogLevel::Info, &caller, (name, Some(&dn)), begun, result.as_ref().err());
            let code = result.as_ref().map_or_else(|error| error.code, |_| ResultCode::SUCCESS);
            Finished {
                id,
                answered: (tag, code),
                response: respond(id, tag, &result, answered_change(password_policy, &caller, result.as_ref().err())),
                caller: None,
            }
        };
        self.begin(id, Box::pin(operation), out);
        Ok(())
    }
}

fn respond(id: i32, tag: u8, result: &Result<Updated>, mut list: Vec<u8>) -> Vec<u8> {
    let mut response = Vec::new();
    match result {
        Ok(Updated { pre_read, post_read }) => {
            append_entry(&mut list, oid::PRE_READ, pre_read.as_ref());
            append_entry(&mut list, oid::POST_READ, post_read.as_ref());
            response::result(&mut response, id, tag, &LdapResult::SUCCESS, |_| {}, &list);
        }
        Err(error) => {
            response::result(&mut response, id, tag, &outcome(error), |_| {}, &list);
        }
    }
    response
}

fn append_entry(list: &mut Vec<u8>, oid: &str, entry: Option<&ReadEntry>) {
    let Some(entry) = entry else { return };
    let mut value = Vec::new();
    Writer::new(&mut value).constructed(tag::SEQUENCE, |writer| {
        response::entry(writer, &entry.dn, |attributes| attributes.raw(&entry.attributes));
    });
    controls::append(list, oid, Some(&value));
}

fn options(requested: &Requested<'_>) -> Result<UpdateOptions> {
    Ok(UpdateOptions {
        assertion: requested.assertion.map(|(_, element)| element.to_vec()),
        pre_read: requested.pre_read.map(selection).transpose()?,
        post_read: requested.post_read.map(selection).transpose()?,
        permissive: requested.permissive,
        subtree: requested.subtree,
    })
}

fn selection(names: Strings<'_>) -> Result<Vec<String>> {
    let name = |octets: &[u8]| {
        String::from_utf8(octets.to_vec()).map_err(|_| Error::protocol("An attribute name is not UTF-8"))
    };
    names.iter().map(name).collect()
}

fn target(request: &Update) -> &str {
    match request {
        Update::Add { dn, .. } | Update::Modify { dn, .. } | Update::ModifyDn { dn, .. } | Update::Delete { dn } => dn,
    }
}

fn holds_secret(request: &Update) -> bool {
    match request {
        Update::Add { attributes, .. } => attributes.iter().any(|(description, _)| is_confidential(description)),
        Update::Modify { modifications, .. } => modifications.iter().any(|change| is_confidential(&change.description)),
        Update::ModifyDn { .. } | Update::Delete { .. } => false,
    }
}

/// The request in a whole element. `ldap3_proto` gets a message without controls, and only after its elements are counted: it
/// spends many octets of memory on each.
fn decode(element: &[u8]) -> Result<Update> {
    let malformed = || Error::protocol("The request is malformed");
    let mut elements = MIN_ELEMENTS.max(element.len() / 16);
    count(element, MAX_DEPTH, &mut elements).ok_or_else(malformed)?;
    let mut frame = Vec::with_capacity(element.len() + 16);
    Writer::new(&mut frame).sequence(|message| {
        message.integer(1);
        message.raw(element);
    });
    let mut codec = LdapCodec::new(Some(frame.len()), None);
    let message = codec.decode(&mut BytesMut::from(frame.as_slice())).ok().flatten().ok_or_else(malformed)?;
    Ok(match message.op {
        LdapOp::AddRequest(request) => Update::Add {
            dn: request.dn,
            attributes: request.attributes.into_iter().map(|attribute| (attribute.atype, attribute.vals)).collect(),
        },
        LdapOp::ModifyRequest(request) => {
            Update::Modify { dn: request.dn, modifications: request.changes.into_iter().map(modification).collect() }
        }
        LdapOp::ModifyDNRequest(request) => Update::ModifyDn {
            dn: request.dn,
            new_rdn: request.newrdn,
            delete_old_rdn: request.deleteoldrdn,
            new_superior: request.new_superior,
        },
        LdapOp::DelRequest(dn) => Update::Delete { dn },
        _ => return Err(malformed()),
    })
}

fn modification(change: LdapModify) -> Modification {
    Modification {
        kind: match change.operation {
            LdapModifyType::Add => ModificationKind::Add,
            LdapModifyType::Delete => ModificationKind::Delete,
            LdapModifyType::Replace => ModificationKind::Replace,
            LdapModifyType::Increment => ModificationKind::Increment,
        },
        description: change.modification.atype,
        values: change.modification.vals,
    }
}

/// Counts the elements of well-formed `octets` down from `left`; `None` if they are not well-formed, too deep or too many.
fn count(octets: &[u8], levels: usize, left: &mut usize) -> Option<()> {
    let mut reader = Reader::new(octets);
    while !reader.is_empty() {
        *left = left.checked_sub(1)?;
        let (tag, content) = reader.element().ok()?;
        if tag & 0x20 != 0 {
            count(content, levels.checked_sub(1)?, left)?;
        }
    }
    Some(())
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::panic, reason = "tests")]
    use super::*;

    fn sequence(tag: u8, content: &[u8]) -> Vec<u8> {
        let mut out = Vec::new();
        Writer::new(&mut out).tagged(tag, content);
        out
    }

    #[test]
    fn the_four_requests_are_decoded() {
        let values = sequence(0x31, &sequence(4, b"Sales"));
        let attribute = sequence(0x30, &[sequence(4, b"description"), values].concat());
        let add = sequence(0x68, &[sequence(4, b"ou=a"), sequence(0x30, &attribute)].concat());
        let Update::Add { dn, attributes } = decode(&add).unwrap() else { panic!() };
        assert_eq!((dn.as_str(), attributes), ("ou=a", vec![("description".into(), vec![b"Sales".to_vec()])]));

        let change = sequence(0x30, &[sequence(10, &[3]), attribute].concat());
        let modify = sequence(0x66, &[sequence(4, b"ou=a"), sequence(0x30, &change)].concat());
        let Update::Modify { modifications, .. } = decode(&modify).unwrap() else { panic!() };
        assert!(matches!(modifications.as_slice(), [Modification { kind: ModificationKind::Increment, .. }]));

        let rename = [sequence(4, b"ou=a"), sequence(4, b"ou=b"), sequence(1, &[1]), sequence(0x80, b"dc=c")].concat();
        let Update::ModifyDn { new_rdn, delete_old_rdn, new_superior, .. } = decode(&sequence(0x6C, &rename)).unwrap()
        else {
            panic!()
        };
        assert_eq!((new_rdn.as_str(), delete_old_rdn, new_superior.as_deref()), ("ou=b", true, Some("dc=c")));

        let Update::Delete { dn } = decode(&sequence(0x4A, b"ou=a")).unwrap() else { panic!() };
        assert_eq!(dn, "ou=a");
    }

    #[test]
    fn malformed_deep_and_crowded_requests_are_protocol_errors() {
        let deep = (0..20).fold(Vec::new(), |inner, _| sequence(0x30, &inner));
        let crowded = [4, 0].repeat(MIN_ELEMENTS + 1);
        for content in [&[4_u8, 9][..], &deep, &crowded, &[], &[4, 1, 0xFF, 0x30, 0]] {
            let error = decode(&sequence(0x68, content)).map(drop).unwrap_err();
            assert_eq!(error.code, ResultCode::PROTOCOL_ERROR);
        }
    }

    #[test]
    fn passwords_and_secrets_are_noticed_under_any_spelling() {
        let request = |description: &str| Update::Modify {
            dn: String::new(),
            modifications: vec![Modification {
                kind: ModificationKind::Replace,
                description: description.to_owned(),
                values: Vec::new(),
            }],
        };
        assert!(holds_secret(&request("USERPASSWORD;x-a")));
        assert!(holds_secret(&request("ds-auth-totp-shared-secret")));
        assert!(!holds_secret(&request("description")));
    }
}
