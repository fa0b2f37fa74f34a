#!/usr/bin/env bash
# The second-factor operations from a shell: ldap-utils for LDAP, curl for REST, oathtool for the codes.
#
#   mfa_client.sh LDAP_URL REST_URL DN PASSWORD_FILE
#   mfa_client.sh ldap://127.0.0.1:3389 https://127.0.0.1:8443 uid=bob,ou=people,dc=example,dc=com password.txt
#
# Enrols the user over REST, binds with password and code over LDAP, shows that the code is spent, and removes the
# factor again. For https:// set CURL_CA_BUNDLE, for ldaps:// LDAPTLS_CACERT, to the server's CA file.
set -euo pipefail
[ $# = 4 ] || { sed -n '4,5p' "$0" >&2; exit 2; }
ldap=$1 rest=$2 dn=$3 password=$(cat "$4")

# Bodies and passwords travel by standard input and files: arguments can be read by every process of the machine.
post() { curl --silent --show-error --fail-with-body -H 'Content-Type: application/json' --data @- "$rest/directory/v1/$1"; }
member() { sed -n "s/.*\"$1\" *: *\"\([^\"]*\)\".*/\1/p"; }
code() { printf '%s' "$secret" | oathtool --totp --base32 -; }
whoami() { ldapwhoami -x -H "$ldap" -D "$dn" -y <(printf '%s%s' "$password" "$1"); }

secret=$(printf '{"staticPassword":"%s"}' "$password" | post "$dn/generateTOTPSharedSecret" | member totpSharedSecret)
echo "enrolled"

code=$(code)
echo "bind with the code after the password: $(whoami "$code")"
if whoami "$code" >/dev/null 2>&1; then echo "the code was accepted twice" >&2; exit 1; fi
echo "the same code again: refused"

# The secret itself is proof enough to remove it.
printf '{"totpSharedSecret":"%s"}' "$secret" | post "$dn/revokeTOTPSharedSecret" >/dev/null
echo "removed; bind with the password alone: $(whoami "")"
