//! Messages made once and then only filled in: message ID, numbers, name fragments and codes all have a fixed length, so a request
//! costs the generator one copy and a few digits.

pub(crate) mod http;

use countersign_proto::ber::Writer;

use crate::data::{DIGITS, FRAGMENT, Person, Population, hashes, ldif::password};

/// What stands for a person's number while a frame is made.
pub(crate) const NUMBER: &str = "#######";
/// What stands for the number in a person's password.
const PASSWORD_NUMBER: &str = "%%%%%%%";
/// What stands for the letters of a name that are searched for.
pub(crate) const LETTERS: &str = "~~~~~~";
/// What stands for a code.
const CODE: &str = "^^^^^^";
/// The first message ID: all have four octets.
const FIRST_ID: u32 = 0x0100_0000;

/// Something to be filled in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Slot {
    Number,
    PasswordNumber,
    Letters,
    Code,
}

/// A message with places to fill in.
#[derive(Clone, Debug)]
pub(crate) struct Frame {
    octets: Vec<u8>,
    id_at: Option<usize>,
    slots: Vec<(usize, Slot)>,
}

impl Frame {
    /// An LDAP message around the operation that `operation` writes.
    pub(crate) fn ldap(operation: impl FnOnce(&mut Writer<'_>)) -> Self {
        let mut octets = Vec::new();
        Writer::new(&mut octets).sequence(|message| {
            message.integer(i64::from(FIRST_ID));
            operation(message);
        });
        let id = FIRST_ID.to_be_bytes();
        let id_at = octets.windows(4).position(|window| window == id);
        Self { slots: slots(&octets), octets, id_at }
    }

    /// Octets of another protocol: without message ID.
    pub(crate) fn other(octets: Vec<u8>) -> Self {
        Self { slots: slots(&octets), octets, id_at: None }
    }

    /// Appends the message with its places filled in for one person.
    pub(crate) fn append(
        &self,
        id: u32,
        population: Population,
        number: u64,
        code: Option<[u8; 6]>,
        out: &mut Vec<u8>,
    ) {
        let start = out.len();
        out.extend_from_slice(&self.octets);
        let Some(message) = out.get_mut(start..) else { return };
        if let Some(at) = self.id_at {
            put(message, at, &id.to_be_bytes());
        }
        for (at, slot) in &self.slots {
            match slot {
                Slot::Number => put(message, *at, &digits(number)),
                Slot::PasswordNumber => put(message, *at, &digits(population.password_number(number))),
                Slot::Letters => put(message, *at, &population.person(number).fragment()),
                Slot::Code => put(message, *at, &code.unwrap_or([b'0'; 6])),
            }
        }
    }

    /// The message as it stands.
    pub(crate) fn plain(&self) -> &[u8] {
        &self.octets
    }
}

/// Message IDs, which wrap around long before they would need a fifth octet.
pub(crate) const fn next_id(id: u32) -> u32 {
    if id >= i32::MAX as u32 { FIRST_ID } else { id + 1 }
}

/// The message ID to begin with.
pub(crate) const fn first_id() -> u32 {
    FIRST_ID
}

fn put(message: &mut [u8], at: usize, octets: &[u8]) {
    if let Some(place) = message.get_mut(at..at + octets.len()) {
        place.copy_from_slice(octets);
    }
}

fn digits(mut number: u64) -> [u8; DIGITS] {
    let mut text = [b'0'; DIGITS];
    for digit in text.iter_mut().rev() {
        *digit += (number % 10) as u8;
        number /= 10;
    }
    text
}

/// Where a frame is to be filled in.
fn slots(octets: &[u8]) -> Vec<(usize, Slot)> {
    let kinds =
        [(NUMBER, Slot::Number), (PASSWORD_NUMBER, Slot::PasswordNumber), (LETTERS, Slot::Letters), (CODE, Slot::Code)];
    let places = |(text, slot): (&str, Slot)| {
        let found = octets.windows(text.len()).enumerate().filter(|(_, window)| *window == text.as_bytes());
        found.map(|(at, _)| (at, slot)).collect::<Vec<_>>()
    };
    kinds.into_iter().flat_map(places).collect()
}

/// The name of the person that is filled in.
pub(crate) fn any_dn() -> String {
    format!("uid=user.{NUMBER},ou=people,{}", crate::data::SUFFIX)
}

/// The password of the person that is filled in.
pub(crate) fn any_password() -> String {
    password(0).replace(&"0".repeat(DIGITS), PASSWORD_NUMBER)
}

/// A search filter.
#[derive(Clone, Debug)]
pub(crate) enum Filter {
    /// `(objectClass=*)`
    Everything,
    /// `(attribute=value)`
    Equality(&'static str, String),
    /// `(attribute=*part*)`
    Contains(&'static str, String),
}

impl Filter {
    fn write(&self, writer: &mut Writer<'_>) {
        match self {
            Self::Everything => writer.tagged(0x87, b"objectClass"),
            Self::Equality(attribute, value) => writer.constructed(0xA3, |assertion| {
                assertion.octet_string(attribute.as_bytes());
                assertion.octet_string(value.as_bytes());
            }),
            Self::Contains(attribute, part) => writer.constructed(0xA4, |assertion| {
                assertion.octet_string(attribute.as_bytes());
                assertion.sequence(|parts| parts.tagged(0x81, part.as_bytes()));
            }),
        }
    }
}

/// A search of the base alone, or of everything below it.
pub(crate) fn search(base: &str, is_subtree: bool, filter: &Filter, attributes: &[&str]) -> Frame {
    Frame::ldap(|message| {
        message.constructed(0x63, |search| {
            search.octet_string(base.as_bytes());
            search.enumerated(if is_subtree { 2 } else { 0 });
            search.enumerated(0);
            search.integer(0);
            search.integer(0);
            search.boolean(false);
            filter.write(search);
            search.sequence(|list| attributes.iter().for_each(|name| list.octet_string(name.as_bytes())));
        });
    })
}

/// A compare.
pub(crate) fn compare(dn: &str, attribute: &str, value: &str) -> Frame {
    Frame::ldap(|message| {
        message.constructed(0x6E, |compare| {
            compare.octet_string(dn.as_bytes());
            compare.sequence(|assertion| {
                assertion.octet_string(attribute.as_bytes());
                assertion.octet_string(value.as_bytes());
            });
        });
    })
}

/// A simple bind.
pub(crate) fn simple_bind(dn: &str, password: &str) -> Frame {
    Frame::ldap(|message| {
        message.constructed(0x60, |bind| {
            bind.integer(3);
            bind.octet_string(dn.as_bytes());
            bind.tagged(0x80, password.as_bytes());
        });
    })
}

/// A simple bind with the code after the password.
pub(crate) fn simple_bind_with_code() -> Frame {
    simple_bind(&any_dn(), &format!("{}{CODE}", any_password()))
}

/// SASL UNBOUNDID-TOTP with a static password.
pub(crate) fn totp_bind() -> Frame {
    let mut credentials = Vec::new();
    Writer::new(&mut credentials).sequence(|members| {
        members.tagged(0x80, format!("dn:{}", any_dn()).as_bytes());
        members.tagged(0x82, CODE.as_bytes());
        members.tagged(0x83, any_password().as_bytes());
    });
    Frame::ldap(|message| {
        message.constructed(0x60, |bind| {
            bind.integer(3);
            bind.octet_string(b"");
            bind.constructed(0xA3, |sasl| {
                sasl.octet_string(b"UNBOUNDID-TOTP");
                sasl.octet_string(&credentials);
            });
        });
    })
}

/// A TOTP shared secret for somebody, by the right of who asks.
pub(crate) fn generate_totp() -> Frame {
    let mut value = Vec::new();
    Writer::new(&mut value).sequence(|members| members.tagged(0x80, format!("dn:{}", any_dn()).as_bytes()));
    Frame::ldap(|message| {
        message.constructed(0x77, |extended| {
            extended.tagged(0x80, b"1.3.6.1.4.1.30221.2.6.56");
            extended.tagged(0x81, &value);
        });
    })
}

/// One value in the place of all others of an attribute.
pub(crate) fn modify_replace(dn: &str, attribute: &str, value: &str) -> Frame {
    Frame::ldap(|message| {
        message.constructed(0x66, |modify| {
            modify.octet_string(dn.as_bytes());
            modify.sequence(|changes| {
                changes.sequence(|change| {
                    change.enumerated(2);
                    partial_attribute(change, attribute, &[value]);
                });
            });
        });
    })
}

/// A new person: numbers go on where the population ends.
pub(crate) fn add(like: Person) -> Frame {
    let own = like.uid();
    let (surname, text) = (format!("x{LETTERS}x"), |value: &str| value.replace(&own, &format!("user.{NUMBER}")));
    Frame::ldap(|message| {
        message.constructed(0x68, |add| {
            add.octet_string(any_dn().as_bytes());
            add.sequence(|attributes| {
                let classes = ["top", "person", "organizationalPerson", "inetOrgPerson"];
                partial_attribute(attributes, "objectClass", &classes);
                for (name, value) in like.attributes() {
                    match name {
                        "cn" => partial_attribute(attributes, name, &[&format!("New {surname}")]),
                        "sn" => partial_attribute(attributes, name, &[&surname]),
                        _ => partial_attribute(attributes, name, &[&text(&value)]),
                    }
                }
            });
        });
    })
}

/// A delete.
pub(crate) fn delete(dn: &str) -> Frame {
    Frame::ldap(|message| message.tagged(0x4A, dn.as_bytes()))
}

fn partial_attribute(writer: &mut Writer<'_>, name: &str, values: &[&str]) {
    writer.sequence(|attribute| {
        attribute.octet_string(name.as_bytes());
        attribute.constructed(0x31, |set| values.iter().for_each(|value| set.octet_string(value.as_bytes())));
    });
}

/// What the searching loads look for when they look for nobody.
pub(crate) fn nobody() -> String {
    format!("none.{NUMBER}")
}

/// A code for `step`, by the population's own secrets.
pub(crate) fn code(population: Population, number: u64, step: u64) -> [u8; 6] {
    hashes::code(&population.secret(number), step)
}

const _: () = assert!(NUMBER.len() == DIGITS && PASSWORD_NUMBER.len() == DIGITS && LETTERS.len() == FRAGMENT);

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::panic, reason = "tests")]
    use countersign_proto::ldap::message::{Authentication, Message, Operation};

    use super::*;

    const POPULATION: Population = Population { entries: 100_000, seed: 7 };

    fn filled(frame: &Frame, number: u64, code: Option<[u8; 6]>) -> Vec<u8> {
        let mut out = b"before".to_vec();
        frame.append(FIRST_ID + 5, POPULATION, number, code, &mut out);
        out.split_off(6)
    }

    #[test]
    fn a_search_names_the_person_that_is_filled_in() {
        let octets = filled(&search(&any_dn(), false, &Filter::Everything, &["cn", "mail"]), 42, None);
        let message = Message::decode(&octets).unwrap();
        assert_eq!(message.id, FIRST_ID as i32 + 5);
        let Operation::Search(search) = message.operation else { panic!() };
        assert_eq!(search.base, "uid=user.0000042,ou=people,dc=example,dc=com");
        assert_eq!(search.attributes.iter().count(), 2);
    }

    #[test]
    fn a_bind_carries_password_and_code() {
        let octets = filled(&simple_bind_with_code(), 42, Some(*b"123456"));
        let Operation::Bind(bind) = Message::decode(&octets).unwrap().operation else { panic!() };
        let Authentication::Simple(password) = bind.authentication else { panic!() };
        assert_eq!(password, b"secret-0000042123456");
    }

    #[test]
    fn a_substring_search_looks_for_a_part_of_the_name() {
        let octets = filled(&search("dc=x", true, &Filter::Contains("cn", LETTERS.into()), &[]), 42, None);
        let part = POPULATION.person(42).fragment();
        assert!(octets.windows(FRAGMENT).any(|window| window == part));
        assert!(POPULATION.person(42).surname().windows(FRAGMENT).any(|window| window == part));
    }

    #[test]
    fn no_frame_keeps_a_place_that_is_not_filled_in() {
        let frames = [
            search("dc=x", true, &Filter::Equality("uid", format!("user.{NUMBER}")), &[]),
            compare(&any_dn(), "cn", LETTERS),
            totp_bind(),
            generate_totp(),
            modify_replace(&any_dn(), "description", NUMBER),
            add(POPULATION.person(1)),
            delete(&any_dn()),
        ];
        for octets in frames.iter().map(|frame| filled(frame, 42, None)) {
            assert!(Message::decode(&octets).is_ok(), "{octets:?}");
            assert!(slots(&octets).is_empty(), "{octets:?}");
        }
    }
}
