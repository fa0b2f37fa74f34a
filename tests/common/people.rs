//! The sample directory of the tests: who is in it, with which password and which rights.

use super::{client::Client, totp};

pub const SUFFIX: &str = "dc=example,dc=com";
pub const PEOPLE: &str = "ou=people,dc=example,dc=com";
pub const GROUPS: &str = "ou=groups,dc=example,dc=com";

/// Has a factor: `totp::SECRET`.
pub const ALICE: &str = "uid=alice,ou=people,dc=example,dc=com";
pub const ALICE_PASSWORD: &str = "correct horse";
/// Has none.
pub const BOB: &str = "uid=bob,ou=people,dc=example,dc=com";
pub const BOB_PASSWORD: &str = "battery staple";
/// Works at the help desk: privilege `password-reset`.
pub const CAROL: &str = "uid=carol,ou=people,dc=example,dc=com";
pub const CAROL_PASSWORD: &str = "help is near";
/// Nobody's name.
pub const NOBODY: &str = "uid=nobody,ou=people,dc=example,dc=com";

pub const ROOT: &str = "cn=Directory Manager";
pub const ROOT_PASSWORD: &str = "root of all tests";

/// The sample directory as LDIF, for `countersign import`.
pub fn ldif() -> String {
    let person = |dn: &str, uid: &str, name: &str, password: &str, more: &str| {
        let surname = name.rsplit(' ').next().unwrap();
        format!(
            "dn: {dn}\nobjectClass: top\nobjectClass: person\nobjectClass: organizationalPerson\nobjectClass: inetOrgPerson\n\
             uid: {uid}\ncn: {name}\nsn: {surname}\nmail: {uid}@example.com\nuserPassword: {password}\n{more}\n"
        )
    };
    [
        format!("dn: {SUFFIX}\nobjectClass: top\nobjectClass: domain\ndc: example\n\n"),
        format!("dn: {PEOPLE}\nobjectClass: top\nobjectClass: organizationalUnit\nou: people\n\n"),
        format!("dn: {GROUPS}\nobjectClass: top\nobjectClass: organizationalUnit\nou: groups\n\n"),
        person(ALICE, "alice", "Alice Archer", ALICE_PASSWORD, &format!("ds-auth-totp-shared-secret: {}\n", totp::SECRET)),
        person(BOB, "bob", "Bob Baker", BOB_PASSWORD, ""),
        person(CAROL, "carol", "Carol Carter", CAROL_PASSWORD, "ds-privilege-name: password-reset\n"),
        format!("dn: cn=staff,{GROUPS}\nobjectClass: top\nobjectClass: groupOfNames\ncn: staff\nmember: {ALICE}\nmember: {BOB}\n"),
    ]
    .concat()
}

/// Adds one person below `ou=people`; the surname is the last word of `name`.
pub fn add_person(root: &mut Client, uid: &str, name: &str, password: &str, more: &[(&str, &[&str])]) {
    let surname = name.rsplit(' ').next().unwrap();
    let ascii = uid.replace(|letter: char| !letter.is_ascii(), "x");
    let (mail, dn) = (format!("{ascii}@example.com"), format!("uid={uid},{PEOPLE}"));
    let values = [[uid], [name], [surname], [mail.as_str()], [password]];
    let mut attributes: Vec<(&str, &[&str])> =
        vec![("objectClass", &["top", "person", "organizationalPerson", "inetOrgPerson"])];
    attributes.extend(["uid", "cn", "sn", "mail", "userPassword"].into_iter().zip(values.iter().map(|v| &v[..])));
    attributes.extend(more);
    assert_added(root, &dn, &attributes);
}

fn assert_added(root: &mut Client, dn: &str, attributes: &[(&str, &[&str])]) {
    let response = root.add(dn, attributes);
    assert_eq!(response.code, 0, "add {dn}: {}", response.diagnostic);
}
