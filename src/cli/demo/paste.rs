//! Lines to paste into another terminal, each with a code of its own that has not been spent.

use super::{
    super::answer::say,
    Stage,
    devices::Device,
    show::{PASSWORD, USER, request},
};
use crate::server::Running;

/// Prints the lines, or how long it is until there are fresh codes.
pub(super) fn print(stage: &Stage, running: &Running, devices: &mut [Device]) {
    let port = |addresses: &[std::net::SocketAddr]| addresses.first().map_or(0, std::net::SocketAddr::port);
    // Not "localhost": libldap would look for the machine's own name in the certificate.
    let (ldap, ldaps, https) = (port(&running.ldap), port(&running.ldap_tls), port(&running.rest));
    let ca = stage.ca.display();
    let codes: Result<Vec<String>, u64> = devices.iter_mut().map(Device::code).collect();
    let codes = match codes {
        Ok(codes) => codes,
        Err(seconds) => return say(&format!("The next codes come in {seconds} seconds.")),
    };
    let [one, two, three] = codes.as_slice() else { return };
    say("To paste into another terminal. Each line has a code of its own, good once and for a minute:\n");
    say(&format!(
        "  LDAPTLS_CACERT={ca} ldapsearch -x -LLL -H ldaps://127.0.0.1:{ldaps} \\\n    \
         -D {USER} -w '{PASSWORD}{one}' -b dc=example,dc=com '(objectClass=person)' cn mail\n"
    ));
    say(&format!(
        "  LDAPTLS_CACERT={ca} ldapwhoami -x -ZZ -H ldap://127.0.0.1:{ldap} \\\n    -D {USER} -w '{PASSWORD}{two}'\n"
    ));
    say(&format!(
        "  curl -sS --cacert {ca} https://127.0.0.1:{https}/directory/v1/authenticate \\\n    \
         -H 'Content-Type: application/json' \\\n    -d '{}'\n",
        request(three)
    ));
}
