//! The entries that no store holds: the root DSE, the subschema subentry, the root user. Each is made once from the tables that
//! serve, in the form in which stored entries are kept, so that searching one is like searching any other.

mod made;

use std::{borrow::Cow, sync::Arc};

use countersign_proto::oid;
use uuid::Uuid;

pub use self::made::VirtualEntries;
use crate::{
    caller::Caller,
    directory::{
        computed::SUBSCHEMA_DN,
        dn::{Dn, DnKey},
        entry::Entry,
    },
    factors::password::SCHEME_NAMES,
    handlers::context::Context,
};

/// The encoded virtual entry with this name, if it is one that the caller may know of: the root DSE and the schema are for
/// everybody, the root user's entry for itself and whoever bypasses access rules.
pub fn find<'c>(context: &'c Context, caller: &Caller, key: &DnKey) -> Option<Cow<'c, [u8]>> {
    let entries = &context.virtual_entries;
    if key.is_empty() {
        if let Some(made) = &*entries.root_dse.load() {
            return Some(Cow::Owned(made.to_vec()));
        }
        let made = root_dse(context).encode(&context.schema);
        entries.root_dse.store(Some(Arc::new(made.clone())));
        return Some(Cow::Owned(made));
    }
    let (subschema_key, subschema) = entries.subschema.get_or_init(|| {
        let entry = subschema(context);
        (entry.dn.key(&context.schema), entry.encode(&context.schema))
    });
    if key == subschema_key {
        return Some(Cow::Borrowed(subschema));
    }
    (*key == context.root_key && caller.bypasses_access())
        .then(|| Cow::Borrowed(&**entries.root_user.get_or_init(|| root_user(context).encode(&context.schema))))
}

fn root_dse(context: &Context) -> Entry {
    let served = &context.served;
    let naming_contexts = &context.config.load().directory.base_dns;
    let mechanisms = context.mechanisms.load();
    let owned = |names: &[&'static str]| names.iter().map(|name| (*name).to_owned()).collect::<Vec<_>>();
    make(
        context,
        Dn::default(),
        [
            ("objectClass", vec!["top".to_owned()]),
            ("namingContexts", naming_contexts.clone()),
            ("subschemaSubentry", vec![SUBSCHEMA_DN.to_owned()]),
            ("supportedLDAPVersion", vec!["3".to_owned()]),
            ("supportedExtension", owned(&served.extensions)),
            ("supportedControl", owned(&served.controls)),
            ("supportedSASLMechanisms", owned(&served.mechanisms)),
            ("ds-supported-otp-delivery-mechanism", mechanisms.iter().map(|one| one.name().to_owned()).collect()),
            ("supportedFeatures", owned(FEATURES)),
            ("supportedAuthPasswordSchemes", owned(SCHEME_NAMES)),
            ("vendorName", vec![VENDOR_NAME.to_owned()]),
            ("vendorVersion", vec![VENDOR_VERSION.to_owned()]),
            ("startupUUID", vec![served.startup_uuid.to_string()]),
        ],
    )
}

fn subschema(context: &Context) -> Entry {
    let classes = ["top", "subentry", "subschema"].map(str::to_owned).to_vec();
    let fixed = [("objectClass", classes), ("cn", vec!["schema".to_owned()])];
    make(context, Dn::parse(SUBSCHEMA_DN).unwrap_or_default(), fixed.into_iter().chain(context.schema.published()))
}

fn root_user(context: &Context) -> Entry {
    let dn = Dn::parse(&context.config.load().root.dn).unwrap_or_default();
    let naming = dn.rdn().map(|rdn| rdn.assertions.clone()).unwrap_or_default();
    let mut entry = make(
        context,
        dn,
        [
            ("objectClass", ["top", "person"].map(str::to_owned).to_vec()),
            ("cn", vec!["Directory Manager".to_owned()]),
            ("sn", vec!["Manager".to_owned()]),
        ],
    );
    for (name, value) in naming {
        entry.set(&context.schema, &name, vec![value]);
    }
    entry
}

fn make<'n>(context: &Context, dn: Dn, attributes: impl IntoIterator<Item = (&'n str, Vec<String>)>) -> Entry {
    let mut entry = Entry::new(dn, Uuid::nil());
    for (name, values) in attributes {
        entry.set(&context.schema, name, values.into_iter().map(String::into_bytes).collect());
    }
    entry
}

/// The vendor's name in the root DSE and in REST's metadata.
pub const VENDOR_NAME: &str = "countersign";

/// Name and version.
pub const VENDOR_VERSION: &str = concat!("countersign ", env!("CARGO_PKG_VERSION"));

/// RFC 3673, RFC 4526 and RFC 4525.
const FEATURES: &[&str] =
    &[oid::FEATURE_ALL_OPERATIONAL_ATTRIBUTES, oid::FEATURE_TRUE_FALSE_FILTERS, oid::FEATURE_MODIFY_INCREMENT];
