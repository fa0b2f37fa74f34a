#!/usr/bin/env python3
"""The second-factor operations from Python, with the ldap3 package and nothing else.

    mfa_client.py --url ldap://127.0.0.1:3389 generate --user u:alice            a new secret; asks for the password
    mfa_client.py --url ldap://127.0.0.1:3389 bind     --user u:alice            SASL UNBOUNDID-TOTP; asks for password and code
    mfa_client.py --url ldap://127.0.0.1:3389 validate --dn uid=alice,... --bind-dn DN    checks a code for step-up
    mfa_client.py --url ldap://127.0.0.1:3389 revoke   --user u:alice            removes all secrets

Passwords and codes are asked for on the terminal, or read line by line from standard input when that is no terminal.
With ldaps:// give the server's CA file by --ca.
"""

import argparse
import getpass
import ssl
import sys

import ldap3
from ldap3.protocol.sasl.sasl import send_sasl_negotiation

GENERATE = "1.3.6.1.4.1.30221.2.6.56"
REVOKE = "1.3.6.1.4.1.30221.2.6.58"
VALIDATE = "1.3.6.1.4.1.30221.2.6.15"


def tlv(tag, content):
    """One BER element: tag, minimal definite length, content."""
    length = len(content)
    if length < 128:
        head = bytes([tag, length])
    else:
        octets = length.to_bytes((length.bit_length() + 7) // 8, "big")
        head = bytes([tag, 0x80 | len(octets)]) + octets
    return head + content


def sequence(**members):
    """A SEQUENCE of context-tagged strings, `m0` first; members that are None are left out."""
    parts = (tlv(0x80 | int(name[1:]), text.encode()) for name, text in sorted(members.items()) if text is not None)
    return tlv(0x30, b"".join(parts))


def members(value):
    """The context-tagged strings of a SEQUENCE, by tag number; enough for the short values used here."""
    assert value[0] == 0x30 and value[1] < 128
    found, rest = {}, value[2 : 2 + value[1]]
    while rest:
        found[rest[0] & 0x1F] = rest[2 : 2 + rest[1]].decode()
        rest = rest[2 + rest[1] :]
    return found


def extended(connection, oid, value):
    """Sends one extended request with a ready BER value; returns the value of the response."""
    connection.extended(oid, value, no_encode=True)
    result = connection.result
    if result["result"] != 0:
        sys.exit(f"{result['description']} ({result['result']}): {result['message']}")
    return result.get("responseValue")


def bind_totp(connection, user, password, code):
    """Binds with SASL mechanism UNBOUNDID-TOTP, which ldap3 does not know by itself."""
    connection.sasl_in_progress = True
    connection.sasl_mechanism = "UNBOUNDID-TOTP"
    connection.authentication = ldap3.SASL
    result = send_sasl_negotiation(connection, None, sequence(m0=user, m2=code, m3=password))
    connection.sasl_in_progress = False
    if result["result"] != 0:
        sys.exit(f"{result['description']} ({result['result']}): {result['message']}")
    return connection.extend.standard.who_am_i()


def ask(what):
    """Something secret, from the terminal or from the next line of standard input."""
    if sys.stdin.isatty():
        return getpass.getpass(f"{what}: ")
    return sys.stdin.readline().rstrip("\n")


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--url", default="ldap://127.0.0.1:3389")
    parser.add_argument("--ca", help="file with the CA of the server's certificate, for ldaps://")
    parser.add_argument("what", choices=["generate", "bind", "validate", "revoke"])
    parser.add_argument("--user", help="u:NAME or dn:DN")
    parser.add_argument("--dn", help="validate: the user whose code it is")
    parser.add_argument("--bind-dn", help="validate: who asks")
    options = parser.parse_args()

    tls = ldap3.Tls(validate=ssl.CERT_REQUIRED, ca_certs_file=options.ca) if options.ca else None
    connection = ldap3.Connection(ldap3.Server(options.url, tls=tls, get_info=ldap3.NONE), auto_bind=ldap3.AUTO_BIND_NONE)
    connection.open()

    if options.what == "generate":
        value = extended(connection, GENERATE, sequence(m0=options.user, m1=ask("Password")))
        print(members(value)[0])
    elif options.what == "revoke":
        extended(connection, REVOKE, sequence(m0=options.user, m1=ask("Password, directly followed by a code")))
        print("no secret is left")
    elif options.what == "bind":
        print(bind_totp(connection, options.user, ask("Password"), ask("Code")))
    else:
        connection.user, connection.password = options.bind_dn, ask("Password of the one who asks")
        connection.authentication = ldap3.SIMPLE
        if not connection.bind():
            sys.exit(connection.result["description"])
        extended(connection, VALIDATE, sequence(m0=options.dn, m1=ask("Code")))
        print("the code is right, and spent")


if __name__ == "__main__":
    main()
