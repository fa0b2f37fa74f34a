//! LDIF records carried out one by one, as an LDAP client: `countersign import --add`.

use std::{
    fs::File,
    io::{BufRead, BufReader, stdin},
    path::{Path, PathBuf},
};

use ldap3_proto::proto::{
    LdapAddRequest, LdapAttribute, LdapModify, LdapModifyDNRequest, LdapModifyRequest, LdapModifyType, LdapOp,
    LdapPartialAttribute,
};

use super::{answer::Failure, site::Site};
use crate::directory::{
    ldif::{Content, Reader, Record},
    modify::{Modification, ModificationKind},
};

/// Carries out every record of the files; stops at the first that is refused, and says where.
pub(super) async fn all(site: &mut Site, files: &[PathBuf]) -> Result<u64, Failure> {
    let mut count = 0;
    for file in files {
        let input: Box<dyn BufRead> = if file == Path::new("-") {
            Box::new(stdin().lock())
        } else {
            Box::new(BufReader::new(
                File::open(file).map_err(|error| Failure::refused(format!("{}: {error}", file.display())))?,
            ))
        };
        for record in Reader::new(input) {
            let record = record.map_err(|error| {
                Failure::refused(format!("{}, {error}; {count} records before it are done", file.display()))
            })?;
            let (line, dn) = (record.line, record.dn.clone());
            site.client.change(operation(record)).await.map_err(|failure| {
                failure
                    .at(format!("{}, line {line}: {dn}", file.display()), format!("{count} records before it are done"))
            })?;
            count += 1;
        }
    }
    Ok(count)
}

fn operation(record: Record) -> LdapOp {
    let Record { dn, content, .. } = record;
    match content {
        Content::Entry(values) => LdapOp::AddRequest(LdapAddRequest { dn, attributes: gathered(values) }),
        Content::Modify(modifications) => LdapOp::ModifyRequest(LdapModifyRequest {
            dn,
            changes: modifications.into_iter().map(modification).collect(),
        }),
        Content::Rename { new_rdn, delete_old_rdn, new_superior } => LdapOp::ModifyDNRequest(LdapModifyDNRequest {
            dn,
            newrdn: new_rdn,
            deleteoldrdn: delete_old_rdn,
            new_superior,
        }),
        Content::Delete => LdapOp::DelRequest(dn),
    }
}

/// Values by their description, in the order of the first of each.
fn gathered(values: Vec<(String, Vec<u8>)>) -> Vec<LdapAttribute> {
    let mut attributes: Vec<LdapAttribute> = Vec::new();
    for (description, value) in values {
        match attributes.iter_mut().find(|attribute| attribute.atype.eq_ignore_ascii_case(&description)) {
            Some(attribute) => attribute.vals.push(value),
            None => attributes.push(LdapAttribute { atype: description, vals: vec![value] }),
        }
    }
    attributes
}

fn modification(modification: Modification) -> LdapModify {
    let operation = match modification.kind {
        ModificationKind::Add => LdapModifyType::Add,
        ModificationKind::Delete => LdapModifyType::Delete,
        ModificationKind::Replace => LdapModifyType::Replace,
        ModificationKind::Increment => LdapModifyType::Increment,
    };
    let modification = LdapPartialAttribute { atype: modification.description, vals: modification.values };
    LdapModify { operation, modification }
}
