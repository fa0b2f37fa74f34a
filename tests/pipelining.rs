//! Many requests on one connection at once: order, barriers, abandon and cancel, message IDs, StartTLS, and how a connection ends.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

mod common;

use common::{
    ber::{INTEGER, constructed, integer, octets, sequence, tlv},
    client::{BASE, Change, Client, SUBTREE, Search, control, extended, message, modify, simple_bind},
    code::*,
    oid,
    people::{ALICE, BOB, BOB_PASSWORD, CAROL, PEOPLE, ROOT, ROOT_PASSWORD, SUFFIX},
    server::Server,
};

const PROXIED_AUTHORIZATION: &str = "2.16.840.1.113730.3.4.18";
const AUTHORIZATION_IDENTITY: &str = "2.16.840.1.113730.3.4.16";
const RETAIN_IDENTITY: &str = "1.3.6.1.4.1.30221.2.5.3";
const PASSWORD_POLICY: &str = "1.3.6.1.4.1.42.2.27.8.5.1";

const UNBIND: &[u8] = &[0x42, 0];

fn search(base: &str, scope: i64, filter: &[u8]) -> Vec<u8> {
    let limits = [integer(0x0A, scope), integer(0x0A, 0), integer(INTEGER, 0), integer(INTEGER, 0), tlv(1, [0])];
    constructed(0x63, &[octets(base), limits.concat(), filter.to_vec(), sequence(&[])])
}

fn everything(base: &str, scope: i64) -> Vec<u8> {
    search(base, scope, &tlv(0x87, "objectClass"))
}

/// The messages one after the other, numbered from 1, in one write.
fn send_all(client: &mut Client, operations: &[Vec<u8>]) {
    let messages: Vec<u8> = (1..).zip(operations).flat_map(|(id, operation)| message(id, operation, &[])).collect();
    client.send_raw(&messages).unwrap();
}

/// Everything that comes until the server closes, without entries: message ID, tag and result code.
fn outcomes(client: &mut Client) -> Vec<(i64, u8, i64)> {
    let mut all = Vec::new();
    while let Some((id, tag, body, _)) = client.receive_raw() {
        if tag != 0x64 {
            all.push((id, tag, common::ber::number(common::ber::elements(&body)[0].1)));
        }
    }
    all
}

/// Makes the directory so large that a search of all of it does not fit into one step.
fn fill(server: &Server) {
    let mut root = server.root();
    let long = "x".repeat(8_000);
    for number in 0..40 {
        let dn = format!("ou=department {number},{SUFFIX}");
        let ou = format!("department {number}");
        let added =
            root.add(&dn, &[("objectClass", &["organizationalUnit"]), ("ou", &[&ou]), ("description", &[&long])]);
        assert_eq!(added.code, SUCCESS, "{}", added.diagnostic);
    }
}

#[test]
fn requests_sent_at_once_are_answered_in_order() {
    let server = Server::start();
    let mut client = server.client();
    let mut operations = vec![everything("", BASE); 50];
    operations.push(UNBIND.to_vec());
    send_all(&mut client, &operations);
    let expected: Vec<_> = (1..=50).map(|id| (id, 0x65, SUCCESS)).collect();
    assert_eq!(outcomes(&mut client), expected);
}

#[test]
fn a_bind_is_a_barrier() {
    let server = Server::start();
    let mut client = server.client();
    let who_am_i = extended(oid::WHO_AM_I, None);
    let operations = [
        who_am_i.clone(),
        simple_bind(BOB, BOB_PASSWORD),
        who_am_i.clone(),
        simple_bind(BOB, "wrong"),
        who_am_i.clone(),
        simple_bind(ROOT, ROOT_PASSWORD),
        who_am_i,
    ];
    send_all(&mut client, &operations);
    let answers: Vec<_> = operations.iter().map(|_| client.receive()).collect();
    let codes: Vec<_> = answers.iter().map(|answer| (answer.id, answer.code)).collect();
    let (good, bad) = (SUCCESS, INVALID_CREDENTIALS);
    assert_eq!(codes, [(1, good), (2, good), (3, good), (4, bad), (5, good), (6, good), (7, good)]);
    let identities = [0, 2, 4, 6].map(|place| String::from_utf8(answers[place].value.clone().unwrap()).unwrap());
    assert_eq!(identities, [String::new(), format!("dn:{BOB}"), String::new(), format!("dn:{ROOT}")]);
}

#[test]
fn a_search_sent_before_a_bind_ends_first_and_keeps_its_rights() {
    let server = Server::start();
    fill(&server);
    let mut client = server.root();
    let operations = [everything(SUFFIX, SUBTREE), simple_bind("", ""), everything(SUFFIX, SUBTREE), UNBIND.to_vec()];
    send_all(&mut client, &operations);
    let (mut entries, mut done) = (0, Vec::new());
    while let Some((id, tag, body, _)) = client.receive_raw() {
        if tag == 0x64 {
            entries += 1;
            assert_eq!(id, 1, "an anonymous search finds nothing");
        } else {
            done.push((id, common::ber::number(common::ber::elements(&body)[0].1)));
        }
    }
    assert!(entries > 40);
    assert_eq!(done, [(1, SUCCESS), (2, SUCCESS), (3, NO_SUCH_OBJECT)]);
}

#[test]
fn a_canceled_search_is_answered_and_so_is_the_cancel() {
    let server = Server::start();
    fill(&server);
    let mut client = server.root();
    let cancel = extended(oid::CANCEL, Some(&sequence(&[integer(INTEGER, 1)])));
    send_all(&mut client, &[everything(SUFFIX, SUBTREE), cancel.clone(), cancel, UNBIND.to_vec()]);
    let expected = [(1, 0x65, CANCELED), (2, 0x78, CANCELED), (3, 0x78, NO_SUCH_OPERATION)];
    assert_eq!(outcomes(&mut client), expected);
}

#[test]
fn an_abandoned_search_is_not_answered() {
    let server = Server::start();
    fill(&server);
    let mut client = server.root();
    send_all(&mut client, &[everything(SUFFIX, SUBTREE), tlv(0x50, [1]), extended(oid::WHO_AM_I, None)]);
    client.send_raw(&message(9, UNBIND, &[])).unwrap();
    assert_eq!(outcomes(&mut client), [(3, 0x78, SUCCESS)]);
}

#[test]
fn several_long_searches_take_turns_and_bring_everything() {
    let server = Server::start();
    fill(&server);
    let mut client = server.root();
    send_all(&mut client, &vec![everything(SUFFIX, SUBTREE); 4]);
    let (mut counts, mut done) = ([0; 5], 0);
    while done < 4 {
        let (id, tag, body, _) = client.receive_raw().unwrap();
        counts[usize::try_from(id).unwrap()] += 1;
        if tag == 0x65 {
            assert_eq!(common::ber::number(common::ber::elements(&body)[0].1), SUCCESS);
            done += 1;
        }
    }
    assert!(counts[1] > 40);
    assert_eq!(counts, [0, counts[1], counts[1], counts[1], counts[1]]);
}

#[test]
fn a_message_id_in_use_ends_the_connection() {
    let server = Server::start();
    fill(&server);
    let mut client = server.root();
    let twice = [message(5, &everything(SUFFIX, SUBTREE), &[]), message(5, &everything("", BASE), &[])].concat();
    client.send_raw(&twice).unwrap();
    assert_eq!(outcomes(&mut client), [(0, 0x78, PROTOCOL_ERROR)]);
    // One after the other is fine.
    let mut client = server.client();
    for _ in 0..2 {
        client.send_raw(&message(5, &extended(oid::WHO_AM_I, None), &[])).unwrap();
        assert_eq!(client.receive().id, 5);
    }
}

#[test]
fn more_changes_at_once_than_may_run_are_all_made() {
    let server = Server::with("[limits]\noperations_per_connection = 3\n");
    let mut root = server.root();
    let operations: Vec<_> =
        (0..40).map(|number| modify(BOB, &[Change::Replace("description", &[&format!("number {number}")])])).collect();
    send_all(&mut root, &operations);
    let mut answered: Vec<_> =
        operations.iter().map(|_| root.receive()).map(|answer| (answer.id, answer.code)).collect();
    answered.sort_unstable();
    assert_eq!(answered, (1..=40).map(|id| (id, SUCCESS)).collect::<Vec<_>>());
}

#[test]
fn what_was_sent_before_the_client_closed_its_side_is_answered() {
    let server = Server::start();
    let mut client = server.client();
    send_all(&mut client, &[simple_bind(BOB, BOB_PASSWORD), everything(BOB, BASE)]);
    client.shut_down_writing();
    assert_eq!(outcomes(&mut client), [(1, 0x61, SUCCESS), (2, 0x65, SUCCESS)]);
}

#[test]
fn a_change_is_made_though_the_client_leaves_at_once() {
    let server = Server::start();
    let mut root = server.root();
    let change = modify(BOB, &[Change::Replace("description", &["left"])]);
    root.send_raw(&[message(1, &change, &[]), message(2, UNBIND, &[])].concat()).unwrap();
    while root.receive_raw().is_some() {}
    let mut again = server.root();
    common::process::wait_until("the change is made", || {
        again.read(BOB, &["description"]).value("description") == "left"
    });
}

#[test]
fn start_tls_makes_the_connection_anonymous_and_happens_once() {
    let server = Server::start();
    let mut client = server.bound(BOB, BOB_PASSWORD);
    client.start_tls(server.trust());
    assert_eq!(client.who_am_i(), "");
    assert_eq!(client.extended(oid::START_TLS, None).code, OPERATIONS_ERROR);
    assert_eq!(client.bind(BOB, BOB_PASSWORD).code, SUCCESS);
    assert_eq!(client.who_am_i(), format!("dn:{BOB}"));
    let mut client = server.client();
    assert_eq!(client.extended(oid::START_TLS, Some(b"")).code, PROTOCOL_ERROR);
    client.assert_alive();
}

#[test]
fn start_tls_needs_a_quiet_connection_and_nothing_after_it() {
    let server = Server::start();
    fill(&server);
    let mut client = server.root();
    let start_tls = extended(oid::START_TLS, None);
    send_all(&mut client, &[everything(SUFFIX, SUBTREE), start_tls.clone(), UNBIND.to_vec()]);
    assert_eq!(outcomes(&mut client)[0], (2, 0x78, OPERATIONS_ERROR));
    let mut client = server.client();
    send_all(&mut client, &[start_tls, extended(oid::WHO_AM_I, None)]);
    assert_eq!(outcomes(&mut client), [(0, 0x78, PROTOCOL_ERROR)]);
}

#[test]
fn passwords_cross_clear_connections_only_where_that_is_allowed() {
    let server = Server::with("[ldap]\nallow_plaintext_passwords = \"never\"\n");
    let mut client = server.client();
    assert_eq!(client.bind(BOB, BOB_PASSWORD).code, CONFIDENTIALITY_REQUIRED);
    assert_eq!(client.bind_plain("u:bob", BOB_PASSWORD).code, CONFIDENTIALITY_REQUIRED);
    // Before anything is looked at: neither the credentials nor the value are well-formed.
    assert_eq!(client.bind_sasl("UNBOUNDID-TOTP", Some(b"x")).code, CONFIDENTIALITY_REQUIRED);
    assert_eq!(client.extended(oid::GENERATE_TOTP, Some(b"x")).code, CONFIDENTIALITY_REQUIRED);
    let compare = constructed(0x6E, &[octets(BOB), sequence(&[octets("userPassword"), octets("x")])]);
    assert_eq!(client.request(&compare, &[]).code, CONFIDENTIALITY_REQUIRED);
    let change = [Change::Replace("userPassword", &["x"])];
    assert_eq!(client.modify(BOB, &change).code, CONFIDENTIALITY_REQUIRED);
    assert_eq!(client.bind("", "").code, SUCCESS);
    client.start_tls(server.trust());
    assert_eq!(client.bind(BOB, BOB_PASSWORD).code, SUCCESS);
    let mut secure = Client::connect_tls(server.ldaps(), server.trust());
    assert_eq!(secure.bind(BOB, BOB_PASSWORD).code, SUCCESS);
}

#[test]
fn whoever_may_act_for_others_does_so_request_by_request() {
    let server = Server::start();
    let as_alice = control(PROXIED_AUTHORIZATION, true, Some(format!("dn:{ALICE}").as_bytes()));
    let who_am_i = extended(oid::WHO_AM_I, None);
    let mut root = server.root();
    let answer = root.request(&who_am_i, std::slice::from_ref(&as_alice));
    assert_eq!(answer.value.unwrap(), format!("dn:{ALICE}").into_bytes());
    let as_nobody = control(PROXIED_AUTHORIZATION, true, Some(b""));
    assert_eq!(root.request(&who_am_i, &[as_nobody]).value.unwrap(), b"");
    assert_eq!(root.who_am_i(), format!("dn:{ROOT}"));
    let casual = control(PROXIED_AUTHORIZATION, false, Some(b""));
    assert_eq!(root.request(&who_am_i, &[casual]).code, PROTOCOL_ERROR);
    let mut bob = server.bound(BOB, BOB_PASSWORD);
    assert_eq!(bob.request(&who_am_i, &[as_alice]).code, AUTHORIZATION_DENIED);
    let stranger = control(PROXIED_AUTHORIZATION, true, Some(b"u:nobody"));
    assert_eq!(root.request(&who_am_i, &[stranger]).code, AUTHORIZATION_DENIED);
}

#[test]
fn a_bind_says_who_was_bound_and_may_leave_the_connection_as_it_was() {
    let server = Server::start();
    let mut root = server.root();
    let asked = [AUTHORIZATION_IDENTITY, RETAIN_IDENTITY, PASSWORD_POLICY].map(|oid| control(oid, true, None));
    let answer = root.request(&simple_bind(BOB, BOB_PASSWORD), &asked);
    assert_eq!(answer.code, SUCCESS);
    assert_eq!(answer.control("2.16.840.1.113730.3.4.15").unwrap(), format!("dn:{BOB}").into_bytes());
    assert_eq!(answer.control(PASSWORD_POLICY).unwrap(), [0x30, 0]);
    assert_eq!(root.who_am_i(), format!("dn:{ROOT}"));
    assert_eq!(root.request(&simple_bind(BOB, "wrong"), &asked).code, INVALID_CREDENTIALS);
    assert_eq!(root.who_am_i(), format!("dn:{ROOT}"));
    assert_eq!(root.bind(CAROL, "wrong").code, INVALID_CREDENTIALS);
    assert_eq!(root.who_am_i(), "");
}

#[test]
fn a_server_that_stops_says_so_and_finishes_what_runs() {
    let mut server = Server::start();
    let address = server.ldap();
    let mut idle = server.client();
    let mut busy = server.root();
    let id = busy.send_search(&Search::new(PEOPLE, SUBTREE, "(objectClass=*)"));
    assert_eq!(busy.collect(id).result.code, SUCCESS);
    server.stop();
    for client in [&mut idle, &mut busy] {
        let notice = client.receive();
        assert_eq!((notice.id, notice.code), (0, 52));
        assert_eq!(notice.name.as_deref(), Some(oid::NOTICE_OF_DISCONNECTION));
        assert!(client.try_receive().is_none());
    }
    assert!(Client::try_connect(address).is_err());
}
