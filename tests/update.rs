//! Add, modify, modify DN and delete from outside, raw and by ldap-utils.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

mod common;

use common::{
    ber,
    client::{BASE, Change, Client, SUBTREE, Search, control},
    code::*,
    filter, oid,
    people::{ALICE, BOB, BOB_PASSWORD, CAROL, CAROL_PASSWORD, GROUPS, NOBODY, PEOPLE, ROOT, ROOT_PASSWORD, SUFFIX},
    server::Server,
};

const PERSON: (&str, &[&str]) = ("objectClass", &["top", "person"]);

fn assert_code(response: &common::client::Response, expected: i64) {
    assert_eq!(response.code, expected, "{}", response.diagnostic);
}

#[test]
fn add_refuses_what_the_schema_does_not_allow() {
    let server = Server::start();
    let mut root = server.root();
    let dn = format!("cn=dan,{PEOPLE}");
    type Case<'a> = (&'a str, &'a [(&'a str, &'a [&'a str])], i64);
    let cases: &[Case<'_>] = &[
        (&dn, &[PERSON, ("cn", &["dan"])], OBJECT_CLASS_VIOLATION),
        (&dn, &[PERSON, ("cn", &["dan"]), ("sn", &["d"]), ("mail", &["x"])], OBJECT_CLASS_VIOLATION),
        (&dn, &[("objectClass", &["noSuchClass"]), ("cn", &["dan"])], OBJECT_CLASS_VIOLATION),
        (&dn, &[("objectClass", &["top"]), ("cn", &["dan"])], OBJECT_CLASS_VIOLATION),
        (&dn, &[("cn", &["dan"]), ("sn", &["d"])], OBJECT_CLASS_VIOLATION),
        (&dn, &[PERSON, ("cn", &["dan"]), ("sn", &["d"]), ("noSuch", &["x"])], UNDEFINED_ATTRIBUTE_TYPE),
        (&dn, &[PERSON, ("cn", &["dan"]), ("sn", &["d"]), ("seeAlso", &["no name"])], INVALID_ATTRIBUTE_SYNTAX),
        (&dn, &[PERSON, ("cn", &["dan", "DAN"]), ("sn", &["d"])], ATTRIBUTE_OR_VALUE_EXISTS),
        (&dn, &[PERSON, ("cn", &["dan"]), ("sn", &[])], PROTOCOL_ERROR),
        (
            &dn,
            &[PERSON, ("cn", &["dan"]), ("sn", &["d"]), ("createTimestamp", &["20200101000000Z"])],
            CONSTRAINT_VIOLATION,
        ),
        (ALICE, &[("objectClass", &["inetOrgPerson"]), ("cn", &["x"]), ("sn", &["x"])], ENTRY_ALREADY_EXISTS),
        (&format!("cn=x,{NOBODY}"), &[PERSON, ("cn", &["x"]), ("sn", &["x"])], NO_SUCH_OBJECT),
        ("cn=x,dc=nowhere", &[PERSON, ("cn", &["x"]), ("sn", &["x"])], NO_SUCH_OBJECT),
        ("no name", &[PERSON], INVALID_DN_SYNTAX),
    ];
    for (dn, attributes, expected) in cases {
        let response = root.add(dn, attributes);
        assert_eq!(response.code, *expected, "{dn} {attributes:?}: {}", response.diagnostic);
        assert!(!response.diagnostic.is_empty(), "{dn} {attributes:?}");
    }
    root.assert_alive();
}

#[test]
fn add_puts_the_value_of_the_name_into_the_entry() {
    let server = Server::start();
    let mut root = server.root();
    let dn = format!("cn=Dan\\, the Man+sn=Miller,{PEOPLE}");
    assert_code(&root.add(&dn, &[PERSON]), SUCCESS);
    let entry = root.read(&dn, &["cn", "sn"]);
    assert_eq!((entry.value("cn"), entry.value("sn")), ("Dan, the Man".into(), "Miller".into()));
}

#[test]
fn modify_adds_deletes_replaces_and_increments() {
    let server = Server::start();
    let mut root = server.root();
    let description = |root: &mut Client| root.read(ALICE, &["description"]).values("description");
    assert_code(&root.modify(ALICE, &[Change::Add("description", &["one", "two"])]), SUCCESS);
    assert_code(&root.modify(ALICE, &[Change::Add("description", &["ONE"])]), ATTRIBUTE_OR_VALUE_EXISTS);
    assert_code(&root.modify(ALICE, &[Change::Delete("description", &["One"])]), SUCCESS);
    assert_eq!(description(&mut root), ["two"]);
    assert_code(&root.modify(ALICE, &[Change::Delete("description", &["one"])]), NO_SUCH_ATTRIBUTE);
    assert_code(&root.modify(ALICE, &[Change::Replace("description", &["three", "four"])]), SUCCESS);
    assert_eq!(description(&mut root).len(), 2);
    assert_code(&root.modify(ALICE, &[Change::Replace("description", &[])]), SUCCESS);
    assert_code(&root.modify(ALICE, &[Change::Replace("description", &[])]), SUCCESS);
    assert_code(&root.modify(ALICE, &[Change::Delete("description", &[])]), NO_SUCH_ATTRIBUTE);
    assert_code(&root.modify(NOBODY, &[Change::Replace("description", &["x"])]), NO_SUCH_OBJECT);

    let account: &[(&str, &[&str])] = &[
        ("objectClass", &["top", "account", "posixAccount"]),
        ("cn", &["counter"]),
        ("uidNumber", &["41"]),
        ("gidNumber", &["1"]),
        ("homeDirectory", &["/"]),
    ];
    let counter = format!("uid=counter,{PEOPLE}");
    assert_code(&root.add(&counter, account), SUCCESS);
    assert_code(&root.modify(&counter, &[Change::Increment("uidNumber", "1")]), SUCCESS);
    assert_code(&root.modify(&counter, &[Change::Increment("gidNumber", "-5")]), SUCCESS);
    let entry = root.read(&counter, &[]);
    assert_eq!((entry.value("uidNumber"), entry.value("gidNumber")), ("42".into(), "-4".into()));
    assert_code(&root.modify(&counter, &[Change::Increment("cn", "1")]), CONSTRAINT_VIOLATION);
    assert_code(&root.modify(ALICE, &[Change::Increment("employeeNumber", "1")]), NO_SUCH_ATTRIBUTE);
}

#[test]
fn a_modify_happens_whole_or_not_at_all() {
    let server = Server::start();
    let mut root = server.root();
    let changes = [Change::Replace("sn", &["Changed"]), Change::Delete("description", &[])];
    assert_code(&root.modify(ALICE, &changes), NO_SUCH_ATTRIBUTE);
    assert_eq!(root.read(ALICE, &[]).value("sn"), "Archer");
    // Within one request an intermediate state may break the schema; only the end counts.
    assert_code(&root.modify(ALICE, &[Change::Delete("sn", &[]), Change::Add("sn", &["Bowman"])]), SUCCESS);
    assert_code(&root.modify(ALICE, &[Change::Delete("sn", &[])]), OBJECT_CLASS_VIOLATION);
}

#[test]
fn modify_leaves_alone_what_only_the_server_changes() {
    let server = Server::start();
    let mut root = server.root();
    let uuid = root.read(ALICE, &["entryUUID"]).value("entryUUID");
    for change in [
        Change::Replace("entryUUID", &["00000000-0000-0000-0000-000000000000"]),
        Change::Replace("modifyTimestamp", &["20200101000000Z"]),
        Change::Replace("creatorsName", &["cn=x"]),
        Change::Replace("entryDN", &["cn=x"]),
    ] {
        assert_code(&root.modify(ALICE, &[change]), CONSTRAINT_VIOLATION);
    }
    assert_code(&root.modify(ALICE, &[Change::Replace("uid", &["other"])]), NOT_ALLOWED_ON_RDN);
    assert_code(&root.modify(ALICE, &[Change::Delete("uid", &["alice"])]), NOT_ALLOWED_ON_RDN);
    let structural = root.modify(ALICE, &[Change::Replace("objectClass", &["top", "account"])]);
    assert!([OBJECT_CLASS_MODS_PROHIBITED, OBJECT_CLASS_VIOLATION].contains(&structural.code), "{structural:?}");
    let mut bob = server.bound(BOB, BOB_PASSWORD);
    assert_eq!(bob.read(ALICE, &["entryUUID"]).value("entryUUID"), uuid);
}

#[test]
fn a_changed_value_is_judged_however_its_attribute_is_named() {
    let server = Server::start();
    let mut root = server.root();
    for name in ["SN", "surname", "2.5.4.4", "sn;lang-en", "surname;lang-en", "2.5.4.4;lang-en"] {
        assert_code(&root.modify(ALICE, &[Change::Add(name, &[""])]), INVALID_ATTRIBUTE_SYNTAX);
    }
    for name in ["objectclass", "2.5.4.0"] {
        let structural = root.modify(ALICE, &[Change::Replace(name, &["top", "account"])]);
        assert!([OBJECT_CLASS_MODS_PROHIBITED, OBJECT_CLASS_VIOLATION].contains(&structural.code), "{structural:?}");
    }
}

#[test]
fn a_write_tells_when_and_by_whom() {
    let server = Server::start();
    let mut bob = server.bound(BOB, BOB_PASSWORD);
    server.advance(std::time::Duration::from_secs(3600));
    assert_code(&bob.modify(BOB, &[Change::Replace("telephoneNumber", &["+1 555 0100"])]), SUCCESS);
    let entry = bob.read(BOB, &["+"]);
    assert_eq!(entry.value("modifiersName"), BOB);
    assert!(entry.value("modifyTimestamp") > entry.value("createTimestamp"));
}

#[test]
fn users_change_few_things_of_their_own_and_nothing_of_others() {
    let server = Server::start();
    let mut bob = server.bound(BOB, BOB_PASSWORD);
    assert_code(&bob.modify(BOB, &[Change::Replace("displayName", &["Bobby"])]), SUCCESS);
    for change in [
        Change::Replace("mail", &["thief@example.com"]),
        Change::Replace("mobile", &["+1"]),
        Change::Replace("ds-privilege-name", &["bypass-acl"]),
        Change::Add("ds-auth-totp-shared-secret", &["JBSWY3DPEHPK3PXP"]),
        Change::Add("objectClass", &["extensibleObject"]),
        Change::Replace("cn", &["Root"]),
    ] {
        assert_code(&bob.modify(BOB, &[change]), INSUFFICIENT_ACCESS_RIGHTS);
    }
    assert_code(&bob.modify(ALICE, &[Change::Replace("displayName", &["x"])]), INSUFFICIENT_ACCESS_RIGHTS);
    assert_code(&bob.add(&format!("cn=x,{PEOPLE}"), &[PERSON, ("sn", &["x"])]), INSUFFICIENT_ACCESS_RIGHTS);
    assert_code(&bob.delete(ALICE), INSUFFICIENT_ACCESS_RIGHTS);
    assert_code(&bob.rename(ALICE, "uid=x", true, None), INSUFFICIENT_ACCESS_RIGHTS);
    let mut anonymous = server.client();
    for response in [anonymous.delete(ALICE), anonymous.delete(NOBODY), anonymous.rename(ALICE, "uid=x", true, None)] {
        assert!([INSUFFICIENT_ACCESS_RIGHTS, NO_SUCH_OBJECT].contains(&response.code), "{response:?}");
    }
}

#[test]
fn a_privilege_given_to_an_entry_works_at_once() {
    let server = Server::start();
    let mut carol = server.bound(CAROL, CAROL_PASSWORD);
    assert_code(&carol.modify(ALICE, &[Change::Replace("title", &["Dr"])]), INSUFFICIENT_ACCESS_RIGHTS);
    assert_code(&server.root().modify(CAROL, &[Change::Add("ds-privilege-name", &["bypass-acl"])]), SUCCESS);
    let mut carol = server.bound(CAROL, CAROL_PASSWORD);
    assert_code(&carol.modify(ALICE, &[Change::Replace("title", &["Dr"])]), SUCCESS);
}

#[test]
fn rename_changes_the_name_and_keeps_the_entry() {
    let server = Server::start();
    let mut root = server.root();
    let uuid = root.read(BOB, &["entryUUID"]).value("entryUUID");
    let robert = format!("uid=robert,{PEOPLE}");
    assert_code(&root.rename(BOB, "uid=robert", true, None), SUCCESS);
    let entry = root.read(&robert, &["uid", "entryUUID", "entryDN"]);
    assert_eq!((entry.value("uid"), entry.value("entryUUID")), ("robert".into(), uuid));
    assert_eq!(entry.value("entryDN"), robert);
    assert_eq!(root.search(&Search::new(BOB, BASE, "(objectClass=*)")).result.code, NO_SUCH_OBJECT);
    assert_code(&server.client().bind(&robert, BOB_PASSWORD), SUCCESS);

    assert_code(&root.rename(&robert, "uid=rob", false, None), SUCCESS);
    let mut both = root.read(&format!("uid=rob,{PEOPLE}"), &["uid"]).values("uid");
    both.sort();
    assert_eq!(both, ["rob", "robert"]);
    assert_code(&root.rename(&format!("uid=rob,{PEOPLE}"), "uid=alice", true, None), ENTRY_ALREADY_EXISTS);
    assert_code(&root.rename(NOBODY, "uid=x", true, None), NO_SUCH_OBJECT);
    assert_code(&root.rename(ALICE, "uid=x", true, Some(NOBODY)), NO_SUCH_OBJECT);
    assert_code(&root.rename(ALICE, "no name", true, None), INVALID_DN_SYNTAX);
}

#[test]
fn a_whole_subtree_moves_with_its_top() {
    let server = Server::start();
    let mut root = server.root();
    let code = server.code(0);
    let crew = format!("ou=crew,{GROUPS}");
    assert_code(&root.rename(PEOPLE, "ou=crew", true, Some(GROUPS)), SUCCESS);
    let found = root.search(&Search::new(&crew, SUBTREE, "(objectClass=*)").attributes(&["entryDN"]));
    assert_eq!((found.result.code, found.entries.len()), (SUCCESS, 4));
    assert!(found.names().iter().all(|name| name.ends_with(&crew)), "{:?}", found.names());
    let found = root.search(&Search::new(SUFFIX, SUBTREE, "(uid=alice)").attributes(&["entryDN"]));
    let alice = format!("uid=alice,{crew}");
    assert_eq!(found.names(), [alice.as_str()]);
    assert_eq!(found.entries[0].value("entryDN"), alice);
    assert_code(&server.client().bind(&alice, format!("{}{code}", common::people::ALICE_PASSWORD)), SUCCESS);
    assert_code(&root.rename(&crew, "ou=crew", true, Some(&alice)), UNWILLING_TO_PERFORM);
    assert_eq!(root.search(&Search::new(SUFFIX, SUBTREE, "(objectClass=*)")).entries.len(), 7);
}

#[test]
fn delete_takes_leaves_and_with_the_control_whole_trees() {
    let server = Server::start();
    let mut root = server.root();
    assert_code(&root.delete(PEOPLE), NOT_ALLOWED_ON_NON_LEAF);
    assert_code(&root.delete(ALICE), SUCCESS);
    assert_code(&root.delete(ALICE), NO_SUCH_OBJECT);
    assert_code(&server.client().bind(ALICE, "anything"), INVALID_CREDENTIALS);
    assert_code(&root.delete_with(PEOPLE, &[control(oid::SUBTREE_DELETE, true, None)]), SUCCESS);
    assert_eq!(root.search(&Search::new(SUFFIX, SUBTREE, "(objectClass=person)")).entries.len(), 0);
    assert_code(&server.client().bind(BOB, BOB_PASSWORD), INVALID_CREDENTIALS);
}

#[test]
fn a_user_deleted_and_added_again_is_another_user() {
    let server = Server::start();
    let mut root = server.root();
    let before = root.read(ALICE, &["entryUUID"]).value("entryUUID");
    assert_code(&root.delete(ALICE), SUCCESS);
    common::people::add_person(&mut root, "alice", "Alice Again", "another password", &[]);
    assert_ne!(root.read(ALICE, &["entryUUID"]).value("entryUUID"), before);
    assert_code(&server.client().bind(ALICE, "another password"), SUCCESS);
}

#[test]
fn an_assertion_must_hold_for_the_write_to_happen() {
    let server = Server::start();
    let mut root = server.root();
    let assertion = |text| control(oid::ASSERTION, true, Some(&filter::encode(text)));
    let change = [Change::Replace("title", &["Dr"])];
    assert_code(&root.modify_with(ALICE, &change, &[assertion("(sn=Other)")]), ASSERTION_FAILED);
    assert_eq!(root.read(ALICE, &["title"]).values("title"), [""; 0]);
    assert_code(&root.modify_with(ALICE, &change, &[assertion("(sn=Archer)")]), SUCCESS);
    assert_code(&root.delete_with(ALICE, &[assertion("(sn=Other)")]), ASSERTION_FAILED);
}

#[test]
fn reads_before_and_after_the_write_come_with_it() {
    let server = Server::start();
    let mut root = server.root();
    let attributes = ber::sequence(&[ber::octets("sn")]);
    let controls = [control(oid::PRE_READ, true, Some(&attributes)), control(oid::POST_READ, true, Some(&attributes))];
    let response = root.modify_with(ALICE, &[Change::Replace("sn", &["Bowman"])], &controls);
    assert_code(&response, SUCCESS);
    for (oid, expected) in [(oid::PRE_READ, "Archer"), (oid::POST_READ, "Bowman")] {
        let value = response.control(oid).expect("a response control");
        let entry = ber::elements(value);
        assert_eq!(entry[0].0, ber::SEQUENCE);
        let members = ber::elements(entry[0].1);
        assert_eq!(ber::text(members[0].1), ALICE);
        assert!(String::from_utf8_lossy(members[1].1).contains(expected));
    }
    let deleted = root.delete_with(ALICE, &controls[..1]);
    assert_code(&deleted, SUCCESS);
    assert!(deleted.control(oid::PRE_READ).is_some());
}

#[test]
fn secrets_that_root_gives_become_factors_and_are_never_shown() {
    const NAME: &str = "ds-auth-totp-shared-secret";
    let (one, two) = ("JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP", "GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ");
    let server = Server::start();
    let mut root = server.root();
    let code = |secret: &str| common::totp::code_at(secret, server.now(), 0);
    let bob = |suffix: &str| server.client().bind(BOB, format!("{BOB_PASSWORD}{suffix}")).code;
    assert_code(&root.modify(BOB, &[Change::Add(NAME, &["1 is no base32"])]), INVALID_ATTRIBUTE_SYNTAX);
    assert_code(&root.modify(BOB, &[Change::Delete(NAME, &[])]), NO_SUCH_ATTRIBUTE);
    assert_code(&root.modify(BOB, &[Change::Add(NAME, &[one]), Change::Replace("title", &["Dr"])]), SUCCESS);
    assert_eq!(root.read(BOB, &["title"]).value("title"), "Dr");
    assert_eq!((bob(""), bob(&code(one))), (INVALID_CREDENTIALS, SUCCESS));
    assert_code(&root.modify(BOB, &[Change::Add(NAME, &[&one.to_lowercase()])]), ATTRIBUTE_OR_VALUE_EXISTS);
    assert_code(&root.modify(BOB, &[Change::Delete(NAME, &[two])]), NO_SUCH_ATTRIBUTE);
    let shown = root.read(BOB, &["*", "+", NAME]);
    assert!(shown.attributes.iter().all(|(name, _)| !name.eq_ignore_ascii_case(NAME)));
    assert_eq!(root.search(&Search::new(SUFFIX, SUBTREE, &format!("({NAME}={one})"))).entries.len(), 0);

    // What is refused as a whole leaves the factor as it was.
    let refused = root.modify(BOB, &[Change::Delete(NAME, &[]), Change::Add("noSuchThing", &["x"])]);
    assert_code(&refused, UNDEFINED_ATTRIBUTE_TYPE);
    assert_eq!(bob(""), INVALID_CREDENTIALS);
    assert_code(&root.modify(BOB, &[Change::Replace(NAME, &[two])]), SUCCESS);
    assert_eq!((bob(&code(one)), bob(&code(two))), (INVALID_CREDENTIALS, SUCCESS));
    assert_code(&root.modify(BOB, &[Change::Delete(NAME, &[two])]), SUCCESS);
    assert_eq!(bob(""), SUCCESS);
}

#[test]
fn passwords_are_hashed_checked_and_deleted_by_value() {
    let server = Server::start();
    let mut root = server.root();
    let bob = |password: &str| server.client().bind(BOB, password).code;
    assert_code(&root.modify(BOB, &[Change::Replace("userPassword", &["new one", "and another"])]), SUCCESS);
    assert_eq!((bob(BOB_PASSWORD), bob("new one"), bob("and another")), (INVALID_CREDENTIALS, SUCCESS, SUCCESS));
    assert_code(&root.modify(BOB, &[Change::Delete("userPassword", &["never set"])]), NO_SUCH_ATTRIBUTE);
    assert_code(&root.modify(BOB, &[Change::Delete("userPassword", &["new one"])]), SUCCESS);
    assert_eq!((bob("new one"), bob("and another")), (INVALID_CREDENTIALS, SUCCESS));
    assert_code(&root.modify(BOB, &[Change::Replace("userPassword", &[""])]), CONSTRAINT_VIOLATION);
    // A hash that this server cannot judge is kept and matches nothing.
    assert_code(&root.modify(BOB, &[Change::Replace("userPassword", &["{NOSUCH}abc"])]), SUCCESS);
    assert_eq!((bob("abc"), bob("{NOSUCH}abc")), (INVALID_CREDENTIALS, INVALID_CREDENTIALS));
    // {SSHA} of "secret".
    let hash = "{SSHA}D1zYLQMOExPrVIrbOdL3cckpMB1zb21lc2FsdA==";
    let set = root.modify(BOB, &[Change::Replace("userPassword", &[hash])]);
    assert_code(&set, SUCCESS);
    assert_eq!(root.read(BOB, &["userPassword"]).values("userPassword"), [""; 0]);
}

#[test]
fn a_password_that_root_sets_opens_a_locked_account() {
    let server = Server::start();
    for _ in 0..10 {
        assert_code(&server.client().bind(BOB, "wrong"), INVALID_CREDENTIALS);
    }
    assert_code(&server.client().bind(BOB, BOB_PASSWORD), INVALID_CREDENTIALS);
    assert_code(&server.root().modify(BOB, &[Change::Replace("userPassword", &["a new one"])]), SUCCESS);
    assert_code(&server.client().bind(BOB, "a new one"), SUCCESS);
}

#[test]
fn modifies_at_once_are_all_counted() {
    let server = Server::start();
    let mut root = server.root();
    let posix: &[Change<'_>] = &[
        Change::Add("objectClass", &["posixAccount"]),
        Change::Add("uidNumber", &["0"]),
        Change::Add("gidNumber", &["0"]),
        Change::Add("homeDirectory", &["/"]),
    ];
    assert_code(&root.modify(BOB, posix), SUCCESS);
    std::thread::scope(|scope| {
        for _ in 0..16 {
            scope.spawn(|| {
                let mut root = server.root();
                for _ in 0..10 {
                    assert_code(&root.modify(BOB, &[Change::Increment("uidNumber", "1")]), SUCCESS);
                }
            });
        }
    });
    assert_eq!(root.read(BOB, &["uidNumber"]).value("uidNumber"), "160");
}

#[test]
fn classes_bring_their_superclasses() {
    let server = Server::start();
    let mut root = server.root();
    let dan = format!("cn=dan,{PEOPLE}");
    assert_code(&root.add(&dan, &[("objectClass", &["inetOrgPerson"]), ("sn", &["Dyer"])]), SUCCESS);
    let mut classes = root.read(&dan, &["objectClass"]).values("objectClass");
    classes.sort();
    assert_eq!(classes, ["inetOrgPerson", "organizationalPerson", "person", "top"]);
    assert_eq!(root.read(&dan, &["cn"]).values("cn"), ["dan"]);
}

#[test]
fn ldap_utils_add_modify_rename_and_delete() {
    let server = Server::start();
    let url = format!("ldap://{}", server.ldap());
    let tool = |name: &str, more: &[&str], input: &str| {
        let mut arguments = vec!["-x", "-H", &url, "-D", ROOT, "-w", ROOT_PASSWORD];
        arguments.extend(more);
        common::command::run_with_input(name, &arguments, input)
    };
    let dan = format!("uid=dan,{PEOPLE}");
    let ldif =
        format!("dn: {dan}\nobjectClass: inetOrgPerson\nuid: dan\ncn: Dan Dyer\nsn: Dyer\nuserPassword: first\n");
    tool("ldapadd", &[], &ldif).succeeded();
    assert_eq!(tool("ldapadd", &[], &ldif).status, ENTRY_ALREADY_EXISTS as i32);
    let changes = format!(
        "dn: {dan}\nchangetype: modify\nreplace: sn\nsn: Dyers\n-\nadd: description\ndescription:: {}\n-\n",
        "w6R0IGhvbWU="
    );
    tool("ldapmodify", &[], &changes).succeeded();
    tool("ldapmodrdn", &["-r", &dan, "uid=daniel"], "").succeeded();
    let daniel = format!("uid=daniel,{PEOPLE}");
    let shown = tool("ldapsearch", &["-LLL", "-b", &daniel, "-s", "base", "sn", "uid", "description"], "").succeeded();
    assert!(shown.stdout.contains("sn: Dyers") && shown.stdout.contains("uid: daniel"), "{}", shown.stdout);
    assert!(!shown.stdout.contains("uid: dan\n"));
    let shown =
        tool("ldapsearch", &["-LLL", "-E", "pr=2/noprompt", "-b", SUFFIX, "(objectClass=*)", "1.1"], "").succeeded();
    assert_eq!(shown.stdout.matches("dn: ").count(), 8);
    assert_eq!(tool("ldapcompare", &[&daniel, "sn:dyers"], "").status, COMPARE_TRUE as i32);
    assert_eq!(tool("ldapcompare", &[&daniel, "sn:other"], "").status, COMPARE_FALSE as i32);
    tool("ldapdelete", &[&daniel], "").succeeded();
    tool("ldapdelete", &["-r", PEOPLE], "").succeeded();
    assert_eq!(tool("ldapdelete", &[PEOPLE], "").status, NO_SUCH_OBJECT as i32);
}
