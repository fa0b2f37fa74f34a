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

/// Adds the sample directory over LDAP; `root` is bound as the root user.
pub fn add_all(root: &mut Client) {
    let domain: &[(&str, &[&str])] = &[("objectClass", &["top", "domain"]), ("dc", &["example"])];
    assert_added(root, SUFFIX, domain);
    for (dn, name) in [(PEOPLE, "people"), (GROUPS, "groups")] {
        assert_added(root, dn, &[("objectClass", &["top", "organizationalUnit"]), ("ou", &[name])]);
    }
    let secret: &[(&str, &[&str])] = &[("ds-auth-totp-shared-secret", &[totp::SECRET])];
    add_person(root, "alice", "Alice Archer", ALICE_PASSWORD, secret);
    add_person(root, "bob", "Bob Baker", BOB_PASSWORD, &[]);
    add_person(root, "carol", "Carol Carter", CAROL_PASSWORD, &[("ds-privilege-name", &["password-reset"])]);
    let staff: &[(&str, &[&str])] =
        &[("objectClass", &["top", "groupOfNames"]), ("cn", &["staff"]), ("member", &[ALICE, BOB])];
    assert_added(root, &format!("cn=staff,{GROUPS}"), staff);
}

/// Adds one person below `ou=people`; the surname is the last word of `name`.
pub fn add_person(root: &mut Client, uid: &str, name: &str, password: &str, more: &[(&str, &[&str])]) {
    let surname = name.rsplit(' ').next().unwrap();
    let (mail, dn) = (format!("{uid}@example.com"), format!("uid={uid},{PEOPLE}"));
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
