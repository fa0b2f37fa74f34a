//! The tree that the server keeps beside the configured ones: `cn=yubikeys`, with one entry for each YubiKey that it has heard of,
//! named by the key's public ID. Who may see it is `access`; what is kept of a device, `handlers/devices.rs`.

use super::{
    dn::{Dn, DnKey},
    schema::Schema,
};

/// The name at the top of the tree.
pub const TOP: &str = "cn=yubikeys";

/// The key of the name at the top; what is within it belongs to the server.
pub fn top_key(schema: &Schema) -> DnKey {
    Dn::parse(TOP).unwrap_or_default().key(schema)
}

/// The name of the device with this public ID, which is modhex and needs no escaping.
pub fn dn_of(public_id: &str) -> Dn {
    Dn::parse(&format!("cn={public_id},{TOP}")).unwrap_or_default()
}

/// The public ID of the device whose entry has this name; `None` for any other entry.
pub fn public_id_of<'d>(dn: &'d Dn, schema: &Schema) -> Option<&'d str> {
    let [(_, value)] = dn.rdn()?.assertions.as_slice() else { return None };
    let public_id = std::str::from_utf8(value).ok()?;
    (dn.key(schema) == dn_of(public_id).key(schema)).then_some(public_id)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use std::sync::Arc;

    use super::*;
    use crate::directory::attribute_ids::AttributeIds;

    #[test]
    fn a_device_is_told_from_any_other_entry_by_its_name() {
        let schema = Schema::standard(Arc::new(AttributeIds::default()));
        let public_id = |dn: &str| public_id_of(&Dn::parse(dn).unwrap(), &schema).map(str::to_owned);
        assert_eq!(public_id("CN=vvccccbb, cn=YubiKeys").as_deref(), Some("vvccccbb"));
        for other in [
            "cn=yubikeys",
            "",
            "cn=a,cn=b,cn=yubikeys",
            "sn=vvcc,cn=yubikeys",
            "cn=vvcc,dc=example",
            "cn=v+sn=v,cn=yubikeys",
        ] {
            assert_eq!(public_id(other), None, "{other}");
        }
        assert!(dn_of("vvcc").key(&schema).is_within(&top_key(&schema)));
    }
}
