//! Search and compare from outside: scopes, filters, selection, limits, pages, root DSE, schema, and who may see what.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

mod common;

use common::{
    ber,
    client::{BASE, Change, Client, Found, ONE, SUBORDINATES, SUBTREE, Search, control},
    code::*,
    oid,
    people::{ALICE, BOB, BOB_PASSWORD, CAROL, CAROL_PASSWORD, GROUPS, NOBODY, PEOPLE, SUFFIX, add_person},
    server::Server,
    totp::SECRET,
};

fn search(client: &mut Client, base: &str, scope: i64, filter: &str) -> Found {
    let found = client.search(&Search::new(base, scope, filter));
    assert_eq!(found.result.code, SUCCESS, "{filter}: {}", found.result.diagnostic);
    found
}

/// The user IDs that a filter finds below `ou=people`, sorted.
fn users(client: &mut Client, filter: &str) -> Vec<String> {
    let found = client.search(&Search::new(PEOPLE, SUBTREE, filter).attributes(&["uid"]));
    assert_eq!(found.result.code, SUCCESS, "{filter}: {}", found.result.diagnostic);
    let mut users: Vec<String> = found.entries.iter().flat_map(|entry| entry.values("uid")).collect();
    users.sort();
    users
}

#[test]
fn each_scope_finds_its_own() {
    let server = Server::start();
    let mut bob = server.bound(BOB, BOB_PASSWORD);
    let everything = "(objectClass=*)";
    assert_eq!(search(&mut bob, SUFFIX, BASE, everything).names(), [SUFFIX]);
    let mut below =
        search(&mut bob, SUFFIX, ONE, everything).names().iter().map(|s| (*s).to_owned()).collect::<Vec<_>>();
    below.sort();
    assert_eq!(below, [GROUPS, PEOPLE]);
    assert_eq!(search(&mut bob, SUFFIX, SUBTREE, everything).entries.len(), 7);
    assert_eq!(search(&mut bob, SUFFIX, SUBORDINATES, everything).entries.len(), 6);
    assert_eq!(search(&mut bob, ALICE, ONE, everything).entries.len(), 0);
}

#[test]
fn every_kind_of_filter_finds_what_it_says() {
    let server = Server::start();
    let mut root = server.root();
    assert_eq!(root.modify(CAROL, &[Change::Add("employeeNumber", &["42"])]).code, SUCCESS);
    assert_eq!(root.modify(CAROL, &[Change::Add("cn;lang-fr", &["Caroline"])]).code, SUCCESS);
    let cases: &[(&str, &[&str])] = &[
        ("(uid=alice)", &["alice"]),
        ("(UID=ALICE)", &["alice"]),
        ("(2.5.4.3=alice  ARCHER)", &["alice"]),
        ("(uid=nobody)", &[]),
        ("(cn=Al*)", &["alice"]),
        ("(cn=*aker)", &["bob"]),
        ("(cn=*ar*)", &["alice", "carol"]),
        ("(cn=A*e*r)", &["alice"]),
        ("(cn=A*x*r)", &[]),
        ("(mail=*@example.com)", &["alice", "bob", "carol"]),
        ("(employeeNumber=*)", &["carol"]),
        ("(!(employeeNumber=*))", &["alice", "bob"]),
        ("(&(objectClass=person)(uid=a*))", &["alice"]),
        ("(|(uid=alice)(uid=bob))", &["alice", "bob"]),
        ("(&(|(uid=alice)(uid=bob))(!(uid=alice)))", &["bob"]),
        ("(uid>=bob)", &[]),
        ("(cn~=alice archer)", &["alice"]),
        ("(cn:caseExactMatch:=Alice Archer)", &["alice"]),
        ("(cn:caseExactMatch:=alice archer)", &[]),
        ("(cn:2.5.13.2:=ALICE ARCHER)", &["alice"]),
        ("(cn:=Alice Archer)", &["alice"]),
        ("(ou:dn:=people)", &["alice", "bob", "carol"]),
        ("(:caseIgnoreMatch:=alice archer)", &["alice"]),
        ("(&)", &["alice", "bob", "carol"]),
        ("(|)", &[]),
        ("(noSuchAttribute=x)", &[]),
        ("(!(noSuchAttribute=x))", &[]),
        ("(|(noSuchAttribute=x)(uid=bob))", &["bob"]),
        ("(name=Bob Baker)", &["bob"]),
        ("(cn=Caroline)", &["carol"]),
        ("(cn;lang-fr=Caroline)", &["carol"]),
        ("(cn;lang-fr=Carol Carter)", &[]),
        ("(uid=al\\69ce)", &["alice"]),
        ("(uid=\\ff\\fe)", &[]),
    ];
    for (filter, expected) in cases {
        assert_eq!(users(&mut root, filter), *expected, "{filter}");
    }
}

#[test]
fn order_is_a_matter_of_the_ordering_rule() {
    let server = Server::start();
    let mut root = server.root();
    let before = [ALICE, BOB, CAROL].map(|dn| root.read(dn, &["createTimestamp"]).value("createTimestamp"));
    // Without the Z, which sorts behind the point of a fraction: a whole second comes before its parts.
    let before = before.iter().min_by_key(|time| time.trim_end_matches('Z').to_owned()).unwrap();
    assert_eq!(users(&mut root, &format!("(createTimestamp>={before})")), ["alice", "bob", "carol"]);
    assert_eq!(users(&mut root, "(createTimestamp<=19700101000000Z)"), [""; 0]);
    assert_eq!(users(&mut root, "(createTimestamp<=99991231235959Z)"), ["alice", "bob", "carol"]);
}

#[test]
fn selection_returns_what_was_named() {
    let server = Server::start();
    let mut bob = server.bound(BOB, BOB_PASSWORD);
    let names = |bob: &mut Client, attributes: &[&str]| {
        let entry = bob.read(BOB, attributes);
        let mut names: Vec<String> = entry.attributes.into_iter().map(|(name, _)| name).collect();
        names.sort();
        names
    };
    let user = ["cn", "mail", "objectClass", "sn", "uid"];
    assert_eq!(names(&mut bob, &[]), user);
    assert_eq!(names(&mut bob, &["*"]), user);
    assert_eq!(names(&mut bob, &["1.1"]), [""; 0]);
    assert_eq!(names(&mut bob, &["CN", "2.5.4.4", "noSuch"]), ["cn", "sn"]);
    assert_eq!(names(&mut bob, &["name"]), ["cn", "sn"], "a supertype names its subtypes");
    let operational = names(&mut bob, &["+"]);
    for name in [
        "createTimestamp",
        "creatorsName",
        "entryDN",
        "entryUUID",
        "hasSubordinates",
        "modifiersName",
        "modifyTimestamp",
        "numSubordinates",
        "structuralObjectClass",
        "subschemaSubentry",
    ] {
        assert!(operational.iter().any(|other| other == name), "{name} in {operational:?}");
    }
    assert!(!operational.iter().any(|name| user.contains(&name.as_str())));
    assert_eq!(names(&mut bob, &["*", "+"]).len(), user.len() + operational.len());
    assert_eq!(names(&mut bob, &["entryUUID", "1.1"]), ["entryUUID"]);
}

#[test]
fn operational_attributes_tell_the_truth() {
    let server = Server::start();
    let mut root = server.root();
    let attributes = ["+"];
    let people = root.read(PEOPLE, &attributes);
    assert_eq!(people.value("entryDN"), PEOPLE);
    assert_eq!((people.value("hasSubordinates"), people.value("numSubordinates")), ("TRUE".into(), "3".into()));
    let alice = root.read(ALICE, &attributes);
    assert_eq!((alice.value("hasSubordinates"), alice.value("numSubordinates")), ("FALSE".into(), "0".into()));
    assert_eq!(alice.value("structuralObjectClass"), "inetOrgPerson");
    assert_eq!(alice.value("creatorsName"), common::people::ROOT);
    assert_eq!(alice.value("entryUUID").len(), 36);
    assert_eq!(alice.value("createTimestamp"), alice.value("modifyTimestamp"));
    assert_eq!(search(&mut root, SUFFIX, SUBTREE, "(hasSubordinates=TRUE)").entries.len(), 3);
    assert_eq!(search(&mut root, SUFFIX, SUBTREE, &format!("(entryDN={ALICE})")).names(), [ALICE]);
}

#[test]
fn types_only_brings_no_values() {
    let server = Server::start();
    let mut bob = server.bound(BOB, BOB_PASSWORD);
    let found = bob.search(&Search { types_only: true, ..Search::new(BOB, BASE, "(objectClass=*)") });
    assert!(!found.entries[0].attributes.is_empty());
    assert!(found.entries[0].attributes.iter().all(|(_, values)| values.is_empty()));
}

#[test]
fn a_size_limit_stops_the_search_after_that_many() {
    let server = Server::start();
    let mut bob = server.bound(BOB, BOB_PASSWORD);
    let found = bob.search(&Search { size_limit: 2, ..Search::new(SUFFIX, SUBTREE, "(objectClass=*)") });
    assert_eq!((found.result.code, found.entries.len()), (SIZE_LIMIT_EXCEEDED, 2));
    let found = bob.search(&Search { size_limit: 7, ..Search::new(SUFFIX, SUBTREE, "(objectClass=*)") });
    assert_eq!((found.result.code, found.entries.len()), (SUCCESS, 7));
}

#[test]
fn a_missing_base_is_told_with_the_nearest_name_above() {
    let server = Server::start();
    let mut bob = server.bound(BOB, BOB_PASSWORD);
    let found = bob.search(&Search::new(&format!("cn=x,{NOBODY}"), BASE, "(objectClass=*)"));
    assert_eq!((found.result.code, found.result.matched_dn.as_str()), (NO_SUCH_OBJECT, PEOPLE));
    let found = bob.search(&Search::new("dc=nowhere", BASE, "(objectClass=*)"));
    assert_eq!((found.result.code, found.result.matched_dn.as_str()), (NO_SUCH_OBJECT, ""));
    let found = bob.search(&Search::new("this is no name", BASE, "(objectClass=*)"));
    assert_eq!(found.result.code, INVALID_DN_SYNTAX);
}

#[test]
fn every_search_has_its_own_base_whatever_was_asked_before() {
    let server = Server::start();
    let mut bob = server.bound(BOB, BOB_PASSWORD);
    for base in [PEOPLE, PEOPLE, GROUPS, "", PEOPLE, "this is no name", PEOPLE, "dc=nowhere", GROUPS, ALICE, "", GROUPS]
    {
        let found = bob.search(&Search::new(base, BASE, "(objectClass=*)"));
        let expected = match base {
            "this is no name" => (INVALID_DN_SYNTAX, vec![]),
            "dc=nowhere" => (NO_SUCH_OBJECT, vec![]),
            base => (SUCCESS, vec![base]),
        };
        assert_eq!((found.result.code, found.names()), expected, "{base}");
    }
}

#[test]
fn names_are_found_however_they_are_spelled() {
    let server = Server::start();
    let mut bob = server.bound(BOB, BOB_PASSWORD);
    for spelling in [
        "UID=Alice,OU=People,DC=Example,DC=Com",
        "uid = alice , ou = people , dc = example , dc = com",
        "uid=\\61lice,ou=people,dc=example,dc=com",
        "uid=#0405616c696365,ou=people,dc=example,dc=com",
        "0.9.2342.19200300.100.1.1=alice,2.5.4.11=people,dc=example,dc=com",
    ] {
        assert_eq!(search(&mut bob, spelling, BASE, "(objectClass=*)").names(), [ALICE], "{spelling}");
    }
}

/// The value of a paged results control.
fn page(size: i64, cookie: &[u8]) -> Vec<u8> {
    control(oid::PAGED_RESULTS, true, Some(&ber::sequence(&[ber::integer(ber::INTEGER, size), ber::octets(cookie)])))
}

fn cookie(found: &Found) -> Vec<u8> {
    let value = found.result.control(oid::PAGED_RESULTS).expect("a paged results control");
    ber::elements(ber::elements(value)[0].1)[1].1.to_vec()
}

#[test]
fn pages_bring_everything_once() {
    let server = Server::start();
    let mut root = server.root();
    for index in 0..25 {
        add_person(
            &mut root,
            &format!("user{index}"),
            &format!("User Number{index}"),
            "{SSHA}bm90aGluZy10aGF0LWFueW9uZS1rbm93cw==",
            &[],
        );
    }
    let mut bob = server.bound(BOB, BOB_PASSWORD);
    let everyone = Search::new(PEOPLE, ONE, "(objectClass=person)").attributes(&["uid"]);
    let (mut seen, mut next, mut pages) = (Vec::new(), Vec::new(), 0);
    loop {
        let found = bob.search_with(&everyone, &[page(10, &next)]);
        assert_eq!(found.result.code, SUCCESS, "{}", found.result.diagnostic);
        seen.extend(found.entries.iter().map(|entry| entry.dn.clone()));
        pages += 1;
        next = cookie(&found);
        if next.is_empty() {
            break;
        }
        assert_eq!(found.entries.len(), 10);
    }
    assert_eq!((seen.len(), pages), (28, 3));
    seen.sort();
    seen.dedup();
    assert_eq!(seen.len(), 28);
}

#[test]
fn a_page_of_nothing_ends_the_search_and_a_made_up_cookie_is_refused() {
    let server = Server::start();
    let mut bob = server.bound(BOB, BOB_PASSWORD);
    let everyone = Search::new(PEOPLE, ONE, "(objectClass=person)");
    let first = bob.search_with(&everyone, &[page(1, b"")]);
    let ended = bob.search_with(&everyone, &[page(0, &cookie(&first))]);
    assert_eq!((ended.result.code, ended.entries.len()), (SUCCESS, 0));
    assert_eq!(cookie(&ended), b"");
    for made_up in [&b"x"[..], &[0; 8], &[0xFF; 64], &[7; 4096]] {
        let refused = bob.search_with(&everyone, &[page(1, made_up)]);
        assert_eq!((refused.result.code, refused.entries.len()), (UNWILLING_TO_PERFORM, 0), "{made_up:?}");
    }
}

#[test]
fn the_root_dse_names_what_this_server_does() {
    let server = Server::start();
    let mut anonymous = server.client();
    let root_dse = anonymous.read("", &["*", "+"]);
    assert_eq!(root_dse.values("namingContexts"), [SUFFIX]);
    assert_eq!(root_dse.values("supportedLDAPVersion"), ["3"]);
    assert_eq!(root_dse.values("vendorName"), ["countersign"]);
    for name in ["vendorVersion", "subschemaSubentry", "supportedAuthPasswordSchemes"] {
        assert!(!root_dse.values(name).is_empty(), "{name}");
    }
    let extensions = root_dse.values("supportedExtension");
    for name in [
        oid::GENERATE_TOTP,
        oid::REVOKE_TOTP,
        oid::VALIDATE_TOTP,
        oid::PASSWORD_MODIFY,
        oid::WHO_AM_I,
        oid::CANCEL,
        oid::START_TLS,
    ] {
        assert!(extensions.iter().any(|other| other == name), "{name} in {extensions:?}");
    }
    let mechanisms = root_dse.values("supportedSASLMechanisms");
    assert!(mechanisms.contains(&"UNBOUNDID-TOTP".to_owned()), "{mechanisms:?}");
    let controls = root_dse.values("supportedControl");
    for name in [oid::PAGED_RESULTS, oid::ASSERTION, oid::PRE_READ, oid::POST_READ] {
        assert!(controls.iter().any(|other| other == name), "{name} in {controls:?}");
    }
    let features = root_dse.values("supportedFeatures");
    for name in ["1.3.6.1.4.1.4203.1.5.1", "1.3.6.1.4.1.4203.1.5.3", "1.3.6.1.1.14"] {
        assert!(features.iter().any(|other| other == name), "{name} in {features:?}");
    }
    let plain = anonymous.read("", &[]);
    assert_eq!(plain.attributes.len(), 1, "without `+` only objectClass: {plain:?}");
}

#[test]
fn every_advertised_extension_is_known_and_no_other() {
    let server = Server::start();
    let extensions = server.client().read("", &["supportedExtension"]).values("supportedExtension");
    for name in extensions.iter().filter(|name| *name != oid::START_TLS) {
        let response = server.client().extended(name, Some(b"no BER"));
        assert_eq!(response.code, PROTOCOL_ERROR, "{name}");
        assert!(!response.diagnostic.contains("unknown"), "{name}: {}", response.diagnostic);
    }
    let response = server.client().extended("1.3.6.1.4.1.30221.2.6.9999", None);
    assert_eq!((response.code, response.name, response.value), (PROTOCOL_ERROR, None, None));
}

#[test]
fn the_schema_is_published() {
    let server = Server::start();
    let mut anonymous = server.client();
    let place = anonymous.read("", &["subschemaSubentry"]).value("subschemaSubentry");
    assert_eq!(place.to_lowercase(), "cn=schema");
    let wanted = ["*", "ldapSyntaxes", "attributeTypes", "matchingRules", "matchingRuleUse", "objectClasses"];
    let found = anonymous.search(&Search::new(&place, BASE, "(objectClass=subschema)").attributes(&wanted));
    assert_eq!((found.result.code, found.entries.len()), (SUCCESS, 1));
    let schema = &found.entries[0];
    for (kind, name) in [
        ("attributeTypes", "'cn'"),
        ("attributeTypes", "'ds-auth-totp-shared-secret'"),
        ("attributeTypes", "'ds-privilege-name'"),
        ("attributeTypes", "'entryUUID'"),
        ("objectClasses", "'inetOrgPerson'"),
        ("objectClasses", "'groupOfNames'"),
        ("objectClasses", "'posixAccount'"),
        ("matchingRules", "'caseIgnoreMatch'"),
        ("ldapSyntaxes", "1.3.6.1.4.1.1466.115.121.1.15"),
    ] {
        assert!(schema.values(kind).iter().any(|definition| definition.contains(name)), "{name} in {kind}");
    }
}

#[test]
fn anonymous_sees_nothing_but_root_dse_and_schema() {
    let server = Server::start();
    let mut anonymous = server.client();
    for (base, scope) in [(SUFFIX, BASE), (SUFFIX, SUBTREE), (ALICE, BASE), (PEOPLE, ONE), ("", SUBTREE)] {
        let found = anonymous.search(&Search::new(base, scope, "(uid=alice)"));
        assert_eq!(found.entries.len(), 0, "{base}");
    }
    // Whether a name exists is not for anonymous to know.
    let [found, missed] = [ALICE, NOBODY].map(|dn| {
        let found = anonymous.search(&Search::new(dn, BASE, "(objectClass=*)"));
        (found.result.code, found.result.matched_dn, found.result.diagnostic)
    });
    assert_eq!(found, missed);
    let [compared, missed] = [ALICE, NOBODY].map(|dn| anonymous.compare(dn, "uid", "alice").code);
    assert_eq!(compared, missed);
}

#[test]
fn secrets_are_returned_to_nobody() {
    let server = Server::start();
    let mut root = server.root();
    let everything = ["*", "+", "userPassword", "ds-auth-totp-shared-secret"];
    for client in [&mut root, &mut server.bound(CAROL, CAROL_PASSWORD)] {
        for entry in search_all(client, &everything) {
            for (name, values) in &entry.attributes {
                let name = name.to_lowercase();
                assert!(!name.contains("password") && !name.contains("secret"), "{name} of {}: {values:?}", entry.dn);
            }
        }
    }
    let mut carol = server.bound(CAROL, CAROL_PASSWORD);
    for filter in [
        "(userPassword=*)".to_owned(),
        "(userPassword={*)".to_owned(),
        "(!(userPassword=*))".to_owned(),
        format!("(userPassword={})", common::people::ALICE_PASSWORD),
        "(ds-auth-totp-shared-secret=*)".to_owned(),
        format!("(ds-auth-totp-shared-secret={SECRET})"),
        "(ds-auth-totp-shared-secret=G*)".to_owned(),
    ] {
        assert_eq!(users(&mut carol, &filter), [""; 0], "{filter}");
    }
    assert_eq!(users(&mut root, "(userPassword=*)"), ["alice", "bob", "carol"], "its presence is for root to know");
    for (attribute, value) in [("userPassword", common::people::ALICE_PASSWORD), ("ds-auth-totp-shared-secret", SECRET)]
    {
        for client in [&mut root, &mut carol] {
            assert_ne!(client.compare(ALICE, attribute, value).code, COMPARE_TRUE, "{attribute}");
        }
    }
}

fn search_all(client: &mut Client, attributes: &[&str]) -> Vec<common::client::Entry> {
    let found = client.search(&Search::new(SUFFIX, SUBTREE, "(objectClass=*)").attributes(attributes));
    assert_eq!(found.result.code, SUCCESS);
    found.entries
}

#[test]
fn access_rules_hold_inside_filters_too() {
    let rules = "
[[access]]
to = \"*\"
attributes = [\"mail\"]
who = \"self\"
allow = [\"search\", \"read\", \"compare\"]

[[access]]
to = \"*\"
attributes = [\"*\", \"!mail\", \"!userPassword\"]
who = \"users\"
allow = [\"search\", \"read\", \"compare\"]
";
    let server = Server::with(rules);
    let mut bob = server.bound(BOB, BOB_PASSWORD);
    assert_eq!(bob.read(ALICE, &["mail", "cn"]).values("mail"), [""; 0]);
    assert_eq!(bob.read(BOB, &["mail"]).value("mail"), "bob@example.com");
    assert_eq!(users(&mut bob, "(mail=alice@example.com)"), [""; 0]);
    assert_eq!(users(&mut bob, "(!(mail=alice@example.com))"), ["bob"], "of others undefined, not false");
    assert_eq!(users(&mut bob, "(mail=*)"), ["bob"]);
    assert_eq!(users(&mut bob, "(mail=a*)"), [""; 0]);
    assert_ne!(bob.compare(ALICE, "mail", "alice@example.com").code, COMPARE_TRUE);
    assert_eq!(bob.compare(BOB, "mail", "bob@example.com").code, COMPARE_TRUE);
}

#[test]
fn compare_says_true_false_or_why_not() {
    let server = Server::start();
    let mut bob = server.bound(BOB, BOB_PASSWORD);
    assert_eq!(bob.compare(ALICE, "cn", "ALICE  archer").code, COMPARE_TRUE);
    assert_eq!(bob.compare(ALICE, "cn", "Bob Baker").code, COMPARE_FALSE);
    assert_eq!(bob.compare(ALICE, "employeeNumber", "1").code, NO_SUCH_ATTRIBUTE);
    assert_eq!(bob.compare(ALICE, "noSuchAttribute", "1").code, UNDEFINED_ATTRIBUTE_TYPE);
    assert_eq!(bob.compare(NOBODY, "cn", "x").code, NO_SUCH_OBJECT);
    assert_eq!(bob.compare(&format!("cn=staff,{GROUPS}"), "member", &ALICE.to_uppercase()).code, COMPARE_TRUE);
}

#[test]
fn an_unknown_control_matters_only_if_it_is_critical() {
    let server = Server::start();
    let mut bob = server.bound(BOB, BOB_PASSWORD);
    let myself = Search::new(BOB, BASE, "(objectClass=*)");
    let ignored = bob.search_with(&myself, &[control("1.2.3.4.5.6", false, Some(b"x"))]);
    assert_eq!((ignored.result.code, ignored.entries.len()), (SUCCESS, 1));
    let refused = bob.search_with(&myself, &[control("1.2.3.4.5.6", true, None)]);
    assert_eq!((refused.result.code, refused.entries.len()), (UNAVAILABLE_CRITICAL_EXTENSION, 0));
    let accepted = bob.search_with(&myself, &[control(oid::MANAGE_DSA_IT, true, None)]);
    assert_eq!(accepted.result.code, SUCCESS);
    let malformed = bob.search_with(&myself, &[control(oid::PAGED_RESULTS, false, Some(b"x"))]);
    assert_eq!(malformed.result.code, PROTOCOL_ERROR);
    let twice = bob.search_with(&myself, &[page(1, b""), page(1, b"")]);
    assert_eq!(twice.result.code, PROTOCOL_ERROR);
}

#[test]
fn cancel_of_what_is_not_in_progress_says_so() {
    let server = Server::start();
    let mut bob = server.bound(BOB, BOB_PASSWORD);
    let value = ber::sequence(&[ber::integer(ber::INTEGER, 999)]);
    assert_eq!(bob.extended(oid::CANCEL, Some(&value)).code, NO_SUCH_OPERATION);
    assert_eq!(bob.extended(oid::CANCEL, None).code, PROTOCOL_ERROR);
    // An abandon of nothing is not answered at all.
    bob.send(&ber::integer(0x50, 999), &[]);
    bob.assert_alive();
}

#[test]
fn many_requests_in_one_write_are_all_answered() {
    let server = Server::start();
    let mut bob = server.bound(BOB, BOB_PASSWORD);
    let search = Search::new(BOB, BASE, "(objectClass=*)").attributes(&["cn"]);
    let ids: Vec<i64> = (0..200).map(|_| bob.send_search(&search)).collect();
    let mut answered: Vec<i64> = Vec::new();
    while answered.len() < ids.len() {
        let (id, tag, ..) = bob.receive_raw().expect("an answer");
        if tag == 0x65 {
            answered.push(id);
        }
    }
    answered.sort_unstable();
    assert_eq!(answered, ids);
}
