//! Distinguished names (RFC 4514): parsed, printed, and as keys that sort a parent before its children.

use super::schema::Schema;

/// A parsed name; the first RDN is the entry's own, the last the root's. The empty name is the root DSE.
#[derive(Clone, Debug, PartialEq, Eq, Default)]
pub struct Dn {
    rdns: Vec<Rdn>,
}

/// One RDN: one or more attribute value assertions.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Rdn {
    /// Attribute type as written, and the unescaped value.
    pub assertions: Vec<(String, Vec<u8>)>,
}

/// Why a text is no DN.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DnError {
    /// What is wrong, as a sentence without the name itself.
    pub reason: &'static str,
}

/// The normalized name, root first: equal keys are equal names (RFC 4517 section 4.2.15), and an entry's key is a prefix of the
/// keys of all below it. Each RDN ends in the octet 0; 0 and 1 within values are escaped.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct DnKey(smallvec::SmallVec<[u8; 96]>);

impl Dn {
    /// Parses RFC 4514 text (also the spaces and `;` of RFC 2253 section 4).
    pub fn parse(_text: &str) -> Result<Self, DnError> {
        todo!()
    }
    /// The entry's own RDN; `None` for the empty name.
    pub fn rdn(&self) -> Option<&Rdn> {
        self.rdns.first()
    }
    /// The RDNs, the entry's own first.
    pub fn rdns(&self) -> &[Rdn] {
        &self.rdns
    }
    /// The name above; `None` for the empty name.
    pub fn parent(&self) -> Option<Self> {
        todo!()
    }
    /// This name with `rdn` before it.
    pub fn child(&self, _rdn: Rdn) -> Self {
        todo!()
    }
    /// The normalized key.
    pub fn key(&self, _schema: &Schema) -> DnKey {
        todo!()
    }
}

impl std::fmt::Display for Dn {
    fn fmt(&self, _f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        todo!()
    }
}

impl DnKey {
    /// The key of RFC 4514 text, without building a `Dn` where the text is plain.
    pub fn parse(_text: &str, _schema: &Schema) -> Result<Self, DnError> {
        todo!()
    }
    /// A key read back from a store.
    pub fn from_bytes(bytes: &[u8]) -> Self {
        Self(bytes.into())
    }
    /// The octets.
    pub fn as_bytes(&self) -> &[u8] {
        &self.0
    }
    /// Whether this is the empty name.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
    /// Whether `self` is `ancestor` or below it.
    pub fn is_within(&self, ancestor: &Self) -> bool {
        self.0.starts_with(&ancestor.0)
    }
    /// The key above; `None` for the empty key.
    pub fn parent(&self) -> Option<Self> {
        todo!()
    }
    /// How many RDNs.
    pub fn depth(&self) -> usize {
        todo!()
    }
    /// This key moved from below `old` to below `new`; `None` if it is not within `old`.
    pub fn rebased(&self, _old: &Self, _new: &Self) -> Option<Self> {
        todo!()
    }
}
