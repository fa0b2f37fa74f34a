//! `countersign yubikey`: the keys of YubiKeys that this server judges itself, and who has which. A key that is imported belongs to
//! nobody until a user registers it, or an administrator gives it away.

mod csv;
mod list;

use std::{
    fs::File,
    io::{Read, stdin},
    path::{Path, PathBuf},
};

use ldap3_proto::proto::{
    LdapAddRequest, LdapFilter, LdapModify, LdapModifyRequest, LdapModifyType, LdapOp, LdapResultCode, LdapSearchScope,
};
use serde_json::json;
use zeroize::Zeroizing;

use self::csv::Row;
use super::{
    answer::{Answer, Failure},
    client::{attribute, succeeded},
    passwords,
    site::{Site, Target},
};
use crate::{
    directory::device_tree,
    factors::yubikey::{Key, public_id},
};

/// The words of `countersign yubikey`.
#[derive(clap::Subcommand)]
pub(crate) enum Yubikey {
    /// Take in the keys of a CSV file: of ykman, of Yubico's upload form, or the log of the personalization tool. Keys that are
    /// known already are left as they are.
    Import {
        /// The file; - is standard input.
        file: PathBuf,
        /// Take the file's key for a device that is known with another one. A device whose key changes counts anew.
        #[arg(long)]
        replace: bool,
        #[command(flatten)]
        target: Target,
    },
    /// Take in one key; private ID and AES key are asked for.
    Add {
        /// The public ID: what every OTP of the device begins with, usually 12 characters.
        public_id: String,
        /// The number on the device.
        #[arg(long)]
        serial: Option<String>,
        /// The file that holds both, the AES key, a space, and the private ID (- for standard input); asked for otherwise.
        #[arg(long)]
        key_file: Option<PathBuf>,
        /// As for import.
        #[arg(long)]
        replace: bool,
        #[command(flatten)]
        target: Target,
    },
    /// Show every device that was imported or registered, and whose it is; never a key.
    List {
        #[command(flatten)]
        target: Target,
    },
    /// Take a device away from whoever has it, and forget its key and counters.
    Remove {
        /// The public ID.
        public_id: String,
        #[command(flatten)]
        target: Target,
    },
}

/// The attribute that names a user's devices.
const OWNED: &str = "ds-auth-yubikey-public-id";
/// The attribute as which a key is written.
const KEY: &str = "countersign-yubikey-key";

impl Yubikey {
    pub(crate) fn run(&self) -> Result<Answer, Failure> {
        match self {
            Self::Import { file, replace, target } => import(file, *replace, target),
            Self::Add { public_id, serial, key_file, replace, target } => {
                let row = asked(public_id, serial.as_deref(), key_file.as_deref())?;
                target.with(async |site| {
                    let done = put(site, &row, *replace).await?;
                    let id = &row.public_id;
                    match done {
                        Put::Known => {
                            Err(Failure::refused(format!("{id} is known already; --replace gives it this key")))
                        }
                        Put::Added | Put::Replaced => {
                            Ok(Answer::new(format!("{id} is known"), json!({ "publicID": id })))
                        }
                    }
                })
            }
            Self::List { target } => list::run(target),
            Self::Remove { public_id, target } => {
                let id = known_id(public_id)?;
                target.with(async |site| remove(site, &id).await)
            }
        }
    }
}

/// What became of a key.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Put {
    Added,
    Replaced,
    Known,
}

fn import(file: &Path, replace: bool, target: &Target) -> Result<Answer, Failure> {
    let name = if file == Path::new("-") { "standard input".to_owned() } else { file.display().to_string() };
    let text = text_of(file).map_err(|error| Failure::refused(format!("{name}: {error}")))?;
    let rows = csv::read(&text).map_err(|bad| Failure::refused(format!("{name}, {bad}; nothing was imported")))?;
    target.with(async |site| {
        let (mut added, mut replaced, mut known) = (0, 0, 0);
        for row in &rows.keys {
            let done = put(site, row, replace).await.map_err(|failure| {
                let before = format!("{} keys before it are in", added + replaced);
                failure.at(format!("{name}, line {}", row.line), before)
            })?;
            *match done {
                Put::Added => &mut added,
                Put::Replaced => &mut replaced,
                Put::Known => &mut known,
            } += 1;
        }
        let mut text = format!("imported {} keys", added + replaced);
        for (count, what) in
            [(known, "known already and left as they are"), (rows.other_modes, "lines of other modes left out")]
        {
            if count > 0 {
                text.push_str(&format!("; {count} {what}"));
            }
        }
        let json = json!({ "added": added, "replaced": replaced, "known": known, "otherModes": rows.other_modes });
        Ok(Answer::new(text, json))
    })
}

/// The whole text of a file, which holds keys.
fn text_of(file: &Path) -> std::io::Result<Zeroizing<String>> {
    let mut text = Zeroizing::new(String::new());
    if file == Path::new("-") {
        stdin().read_to_string(&mut text)?;
    } else {
        File::open(file)?.read_to_string(&mut text)?;
    }
    Ok(text)
}

/// A key that was not in a CSV file.
fn asked(id: &str, serial: Option<&str>, file: Option<&Path>) -> Result<Row, Failure> {
    let public_id = known_id(id)?;
    let key = match file {
        Some(file) => Zeroizing::new(passwords::from_file(file)?.expose().trim().to_owned()),
        None => {
            let aes = passwords::ask(&format!("AES key of {public_id} (32 hexadecimal digits): "))?;
            let private_id = passwords::ask("Private ID (12 hexadecimal digits): ")?;
            Zeroizing::new(format!("{} {}", aes.expose().replace(' ', ""), private_id.expose().replace(' ', "")))
        }
    };
    let (aes, private_id) = key.split_once(' ').unwrap_or((&key, ""));
    Key::from_hex(aes, private_id)?;
    Ok(Row { line: 0, serial: serial.map(str::to_owned), public_id, key })
}

fn known_id(text: &str) -> Result<String, Failure> {
    public_id(text).ok_or_else(|| {
        Failure::usage("a public ID is 1 to 16 modhex characters: the part of an OTP before the last 32")
    })
}

/// Makes a key known.
async fn put(site: &mut Site, row: &Row, replace: bool) -> Result<Put, Failure> {
    let dn = device_tree::dn_of(&row.public_id).to_string();
    let key = attribute(KEY, [row.key.as_str()]);
    if site.find(&dn, &["1.1"]).await.is_ok() {
        // One that was only registered, for other servers to judge, gets its key.
        let operation = if replace { LdapModifyType::Replace } else { LdapModifyType::Add };
        let changes = vec![LdapModify { operation, modification: key }];
        let done = site.client.try_change(LdapOp::ModifyRequest(LdapModifyRequest { dn, changes })).await?;
        if done.code == LdapResultCode::AttributeOrValueExists {
            return Ok(Put::Known);
        }
        return succeeded(&done).map(|()| Put::Replaced);
    }
    if site.find(device_tree::TOP, &["1.1"]).await.is_err() {
        let attributes = vec![attribute("objectClass", ["top", "applicationProcess"]), attribute("cn", ["yubikeys"])];
        let request = LdapAddRequest { dn: device_tree::TOP.to_owned(), attributes };
        site.client.change(LdapOp::AddRequest(request)).await?;
    }
    let mut attributes =
        vec![attribute("objectClass", ["top", "device"]), attribute("cn", [row.public_id.as_str()]), key];
    attributes.extend(row.serial.iter().map(|serial| attribute("serialNumber", [serial.as_str()])));
    site.client.change(LdapOp::AddRequest(LdapAddRequest { dn, attributes })).await?;
    Ok(Put::Added)
}

/// Takes a device from its owners, then forgets it: in between nobody can prove anything with it.
async fn remove(site: &mut Site, public_id: &str) -> Result<Answer, Failure> {
    let dn = device_tree::dn_of(public_id).to_string();
    let mut owners = Vec::new();
    for base in site.base_dns.clone() {
        let filter = LdapFilter::Equality(OWNED.to_owned(), public_id.to_owned());
        owners.extend(site.client.search(&base, LdapSearchScope::Subtree, filter, &["1.1"]).await?);
    }
    let is_known = site.find(&dn, &["1.1"]).await.is_ok();
    if !is_known && owners.is_empty() {
        return Err(Failure::refused(format!("there is no YubiKey {public_id}")));
    }
    let owners: Vec<String> = owners.into_iter().map(|entry| entry.dn).collect();
    for owner in &owners {
        let modification = attribute(OWNED, [public_id]);
        let changes = vec![LdapModify { operation: LdapModifyType::Delete, modification }];
        site.client.change(LdapOp::ModifyRequest(LdapModifyRequest { dn: owner.clone(), changes })).await?;
    }
    if is_known {
        site.client.change(LdapOp::DelRequest(dn)).await?;
    }
    let from = if owners.is_empty() { String::new() } else { format!("; it was registered to {}", owners.join(", ")) };
    Ok(Answer::new(format!("{public_id} is forgotten{from}"), json!({ "publicID": public_id, "owners": owners })))
}
