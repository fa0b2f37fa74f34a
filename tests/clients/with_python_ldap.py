"""The Python package python-ldap (libldap underneath) against a server; see tests/clients.rs."""

import os

import ldap
import ldap.modlist
from ldap.controls import SimplePagedResultsControl

e = os.environ


def connect(dn, password):
    connection = ldap.initialize(e["URL"])
    connection.simple_bind_s(dn, password)
    return connection


def refused(error, action):
    try:
        action()
    except error:
        return
    raise SystemExit(f"{error.__name__} was expected")


bob = connect(e["BOB"], e["BOB_PASSWORD"])
assert bob.whoami_s() == "dn:" + e["BOB"]
found = bob.search_s(e["SUFFIX"], ldap.SCOPE_SUBTREE, "(mail=*@example.com)", ["cn"])
assert len(found) == 3, found
names, cookie = [], ""
while True:
    page = SimplePagedResultsControl(True, 3, cookie)
    number = bob.search_ext(e["SUFFIX"], ldap.SCOPE_SUBTREE, "(objectClass=*)", ["1.1"], serverctrls=[page])
    _, entries, _, controls = bob.result3(number)
    names += [name for name, _ in entries]
    cookie = next(control.cookie for control in controls if control.controlType == page.controlType)
    if not cookie:
        break
assert len(names) == len(set(names)) == 7, names
refused(ldap.INSUFFICIENT_ACCESS, lambda: bob.delete_s(e["ALICE"]))
refused(ldap.INVALID_CREDENTIALS, lambda: connect(e["BOB"], "wrong"))
refused(ldap.UNWILLING_TO_PERFORM, lambda: connect(e["BOB"], ""))

connect(e["ALICE"], e["ALICE_PASSWORD"] + e["CODE"])
refused(ldap.INVALID_CREDENTIALS, lambda: connect(e["ALICE"], e["ALICE_PASSWORD"] + e["CODE"]))

root = connect(e["ROOT"], e["ROOT_PASSWORD"])
dan = "uid=dan,ou=people," + e["SUFFIX"]
entry = {"objectClass": [b"inetOrgPerson"], "cn": [b"Dan"], "sn": [b"Dyer"], "userPassword": [b"first"]}
root.add_s(dan, ldap.modlist.addModlist(entry))
root.modify_s(dan, [(ldap.MOD_REPLACE, "sn", [b"Dyers"]), (ldap.MOD_ADD, "description", [b"one"])])
assert root.compare_s(dan, "sn", b"dyers")
root.rename_s(dan, "uid=daniel")
daniel = "uid=daniel,ou=people," + e["SUFFIX"]
connect(daniel, "first").passwd_s(daniel, "first", "second")
connect(daniel, "second")
root.delete_s(daniel)

secure = ldap.initialize(e["URL"])
secure.set_option(ldap.OPT_X_TLS_CACERTFILE, e["CA"])
secure.set_option(ldap.OPT_X_TLS_NEWCTX, 0)
secure.start_tls_s()
secure.simple_bind_s(e["BOB"], e["BOB_PASSWORD"])
print("python-ldap: fine")
