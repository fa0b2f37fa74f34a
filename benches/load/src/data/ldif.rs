//! The population as LDIF, in two dialects that differ in how a second factor is written.

use std::{
    fs::File,
    io::{self, BufWriter, Write},
    path::Path,
};

use base64::{Engine as _, engine::general_purpose::STANDARD};

use super::{DIGITS, PASSWORD, Person, Population, READER, SLOW_HASHES, SUFFIX, hashes, mixed};

/// Who reads the file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Dialect {
    /// `oathTOTPToken` and what belongs to it, for slapo-otp.
    Slapd,
    /// `ds-auth-totp-shared-secret`.
    Countersign,
}

/// Where slapo-otp finds length, period and window of codes.
const TOTP_PARAMETERS: &str = "cn=totp";
/// One group for so many people.
const PEOPLE_PER_GROUP: u64 = 100;
/// Members of a group.
const MEMBERS: u64 = 20;

/// Writes everybody.
pub(crate) fn write(population: Population, dialect: Dialect, path: &Path) -> io::Result<()> {
    let mut out = BufWriter::with_capacity(1 << 20, File::create(path)?);
    tree(dialect, &mut out)?;
    let slow: Vec<String> = (0..SLOW_HASHES)
        .map(|number| hashes::argon2id_value(&password(number), mixed(number)))
        .collect::<io::Result<_>>()?;
    let slow_numbers = population.with_slow_hash();
    for number in population.all() {
        let hash = if slow_numbers.contains(&number) {
            slow.get((number % SLOW_HASHES) as usize).cloned().unwrap_or_default()
        } else {
            hashes::ssha(&password(number), mixed(number))
        };
        person(population, number, dialect, &hash, &mut out)?;
    }
    for group in 0..population.entries / PEOPLE_PER_GROUP {
        members(population, group, &mut out)?;
    }
    out.flush()
}

/// A person's password: of fixed length, so that frames can be made once.
pub(crate) fn password(number: u64) -> String {
    format!("secret-{number:0DIGITS$}")
}

/// What stands above the people, and the user that the reading loads bind as.
fn tree(dialect: Dialect, out: &mut impl Write) -> io::Result<()> {
    writeln!(
        out,
        "dn: {SUFFIX}\nobjectClass: top\nobjectClass: dcObject\nobjectClass: organization\ndc: example\no: Example\n"
    )?;
    for unit in ["people", "groups", "services"] {
        writeln!(out, "dn: ou={unit},{SUFFIX}\nobjectClass: top\nobjectClass: organizationalUnit\nou: {unit}\n")?;
    }
    let hash = hashes::ssha(PASSWORD, 1);
    writeln!(
        out,
        "dn: {READER}\nobjectClass: inetOrgPerson\nuid: reader\ncn: Reader\nsn: Reader\nuserPassword: {hash}\n"
    )?;
    if dialect == Dialect::Slapd {
        writeln!(
            out,
            "dn: {TOTP_PARAMETERS},{SUFFIX}\nobjectClass: device\nobjectClass: oathTOTPParams\ncn: totp\noathOTPLength: 6\n\
             oathHMACAlgorithm: 1.2.840.113549.2.7\noathTOTPTimeStepPeriod: 30\noathTOTPTimeStepWindow: 1\n"
        )?;
    }
    Ok(())
}

fn person(population: Population, number: u64, dialect: Dialect, hash: &str, out: &mut impl Write) -> io::Result<()> {
    let person = population.person(number);
    let has_factor = population.with_factor().contains(&number);
    writeln!(out, "dn: {}\nobjectClass: top\nobjectClass: person", person.dn())?;
    writeln!(out, "objectClass: organizationalPerson\nobjectClass: inetOrgPerson")?;
    if has_factor && dialect == Dialect::Slapd {
        writeln!(out, "objectClass: oathTOTPUser\nobjectClass: oathTOTPToken")?;
    }
    for (name, value) in person.attributes() {
        writeln!(out, "{name}: {value}")?;
    }
    writeln!(out, "userPassword: {hash}")?;
    if has_factor {
        factor(population, person, number, dialect, out)?;
    }
    writeln!(out)
}

fn factor(
    population: Population,
    person: Person,
    number: u64,
    dialect: Dialect,
    out: &mut impl Write,
) -> io::Result<()> {
    let secret = population.secret(number);
    match dialect {
        Dialect::Slapd => {
            writeln!(out, "oathTOTPToken: {}\noathSecret:: {}", person.dn(), STANDARD.encode(secret))?;
            writeln!(out, "oathTOTPParams: {TOTP_PARAMETERS},{SUFFIX}")
        }
        Dialect::Countersign => {
            let text = base32::encode(base32::Alphabet::Rfc4648 { padding: false }, &secret);
            writeln!(out, "ds-auth-totp-shared-secret: {text}")
        }
    }
}

fn members(population: Population, group: u64, out: &mut impl Write) -> io::Result<()> {
    writeln!(
        out,
        "dn: cn=group.{group},ou=groups,{SUFFIX}\nobjectClass: top\nobjectClass: groupOfNames\ncn: group.{group}"
    )?;
    let mut numbers: Vec<u64> = (0..MEMBERS).map(|at| mixed(group << 8 | at) % population.entries).collect();
    numbers.sort_unstable();
    numbers.dedup();
    for number in numbers {
        writeln!(out, "member: {}", population.person(number).dn())?;
    }
    writeln!(out)
}
