"""The Python package ldap3 against a server; what is expected stands in the environment (see tests/clients.rs)."""

import os

import ldap3
from ldap3.core.exceptions import LDAPInvalidCredentialsResult, LDAPInsufficientAccessRightsResult

e = os.environ
server = ldap3.Server(e["URL"], get_info=ldap3.ALL)


def connect(dn, password):
    return ldap3.Connection(server, dn, password, auto_bind=True, raise_exceptions=True)


def refused(error, action):
    try:
        action()
    except error:
        return
    raise SystemExit(f"{error.__name__} was expected")


bob = connect(e["BOB"], e["BOB_PASSWORD"])
assert bob.extend.standard.who_am_i() == "dn:" + e["BOB"]
assert e["SUFFIX"] in server.info.naming_contexts
assert "inetOrgPerson" in server.schema.object_classes
assert "1.3.6.1.4.1.30221.2.6.56" in [extension[0] for extension in server.info.supported_extensions]

assert bob.search(e["SUFFIX"], "(&(objectClass=person)(cn=*ar*))", attributes=["cn", "mail"])
assert sorted(entry.cn.value for entry in bob.entries) == ["Alice Archer", "Carol Carter"]
pages = bob.extend.standard.paged_search(e["SUFFIX"], "(objectClass=*)", paged_size=2, generator=False)
assert len(pages) == 7, pages
refused(LDAPInsufficientAccessRightsResult, lambda: bob.delete(e["ALICE"]))
refused(LDAPInvalidCredentialsResult, lambda: connect(e["BOB"], "wrong"))

connect(e["ALICE"], e["ALICE_PASSWORD"] + e["CODE"])
refused(LDAPInvalidCredentialsResult, lambda: connect(e["ALICE"], e["ALICE_PASSWORD"] + e["CODE"]))

root = connect(e["ROOT"], e["ROOT_PASSWORD"])
dan = "uid=dan,ou=people," + e["SUFFIX"]
root.add(dan, "inetOrgPerson", {"cn": "Dan Dyer", "sn": "Dyer", "userPassword": "first"})
root.modify(dan, {"description": [(ldap3.MODIFY_ADD, ["one", "two"])], "sn": [(ldap3.MODIFY_REPLACE, ["Dyers"])]})
assert root.compare(dan, "sn", "dyers")
root.modify_dn(dan, "uid=daniel")
daniel = "uid=daniel,ou=people," + e["SUFFIX"]
assert connect(daniel, "first").extend.standard.modify_password(daniel, "first", "second")
connect(daniel, "second")
root.delete(daniel)
print("ldap3: fine")
