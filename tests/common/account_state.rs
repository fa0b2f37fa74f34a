//! The password policy state operation as the tests ask it.

use std::collections::BTreeMap;

use super::{ber, client::Client, code::SUCCESS, oid};

/// What is told, by the number of the operation that reads it.
pub type State = BTreeMap<i64, Vec<String>>;

/// The value of a request: operations by number, each with its values.
pub fn request(dn: &str, operations: &[(i64, &[&str])]) -> Vec<u8> {
    let operations: Vec<Vec<u8>> = operations
        .iter()
        .map(|(number, values)| {
            let mut members = vec![ber::integer(ber::ENUMERATED, *number)];
            if !values.is_empty() {
                members.push(ber::sequence(&values.iter().map(ber::octets).collect::<Vec<_>>()));
            }
            ber::sequence(&members)
        })
        .collect();
    let mut members = vec![ber::octets(dn)];
    if !operations.is_empty() {
        members.push(ber::sequence(&operations));
    }
    ber::sequence(&members)
}

/// Asks, and gives what is told by number, or the result code of a refusal.
pub fn ask(client: &mut Client, dn: &str, operations: &[(i64, &[&str])]) -> Result<State, i64> {
    let response = client.extended(oid::PASSWORD_POLICY_STATE, Some(&request(dn, operations)));
    assert_eq!(response.name, None, "the response has no OID");
    let Some(value) = response.value else { return Err(response.code) };
    assert_eq!(response.code, SUCCESS);
    let members = ber::elements(ber::split(&value).unwrap().1);
    assert_eq!(ber::text(members[0].1), dn);
    let mut state = State::new();
    for (_, part) in ber::elements(members[1].1) {
        let parts = ber::elements(part);
        assert_eq!(parts[0].0, ber::ENUMERATED);
        let values =
            parts.get(1).map(|values| ber::elements(values.1).iter().map(|value| ber::text(value.1)).collect());
        assert!(values.as_ref().is_none_or(|values: &Vec<_>| !values.is_empty()), "empty lists are left out");
        let before = state.insert(ber::number(parts[0].1), values.unwrap_or_default());
        assert_eq!(before, None, "each type once");
    }
    Ok(state)
}

/// Sets one thing and gives what is told about it.
pub fn set(client: &mut Client, dn: &str, number: i64, values: &[&str]) -> Vec<String> {
    let told = ask(client, dn, &[(number, values)]).unwrap_or_else(|code| panic!("{number} {values:?}: {code}"));
    assert_eq!(told.len(), 1, "{number}");
    told.into_values().next().unwrap()
}

pub fn get(client: &mut Client, dn: &str, number: i64) -> Vec<String> {
    ask(client, dn, &[(number, &[])]).unwrap().remove(&number).unwrap()
}
