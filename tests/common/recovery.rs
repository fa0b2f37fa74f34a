//! Recovery codes: the requests about them, and what is read from the answers.

use super::{
    ber,
    client::{Client, Response, tagged},
    oid,
};

/// Has codes made, which must succeed, and returns them.
pub fn generate(client: &mut Client, members: &[(u8, &str)]) -> Vec<String> {
    let response = client.extended(oid::GENERATE_RECOVERY, Some(&tagged(members)));
    assert_eq!((response.code, &response.name), (0, &None), "{}", response.diagnostic);
    let value = response.value.expect("a value");
    ber::elements(ber::elements(&value)[0].1).into_iter().map(|(_, code)| ber::text(code)).collect()
}

/// The answer to the question how many codes a user has left.
pub fn ask_count(client: &mut Client, dn: &str) -> Response {
    client.extended(oid::COUNT_RECOVERY, Some(&tagged(&[(0, dn)])))
}

/// How many codes a user has left.
pub fn count(client: &mut Client, dn: &str) -> u8 {
    let response = ask_count(client, dn);
    assert_eq!((response.code, &response.name), (0, &None), "{}", response.diagnostic);
    match response.value.expect("a value")[..] {
        [0x30, 3, 0x80, 1, left] => left,
        ref other => panic!("{other:?}"),
    }
}
