//! How the schema makes keys of names: types by their first name, values by their equality rule. `dn.rs` knows no schema, and the
//! schema no keys but those that it makes here.

use smallvec::SmallVec;

use super::{
    dn::{
        Dn, DnError, DnKey,
        key::{END_OF_ASSERTION, END_OF_RDN, ESCAPE},
        scanner::Scanner,
    },
    plain_naming,
    schema::Schema,
};

impl Dn {
    /// The normalized key.
    pub fn key(&self, schema: &Schema) -> DnKey {
        let mut key = KeyBuilder::new(schema);
        for rdn in self.rdns() {
            for (name, value) in &rdn.assertions {
                key.assertion(name, value);
            }
            key.end_rdn();
        }
        key.finish()
    }
}

impl DnKey {
    /// The key of RFC 4514 text, without building a `Dn`.
    ///
    /// # Errors
    /// What is wrong with the text.
    pub fn parse(text: &str, schema: &Schema) -> Result<Self, DnError> {
        plain_naming::key(text, schema).map_or_else(|| Self::parse_any(text, schema), Ok)
    }

    /// The same of any spelling.
    pub(super) fn parse_any(text: &str, schema: &Schema) -> Result<Self, DnError> {
        let mut key = KeyBuilder::new(schema);
        let mut scanner = Scanner::new(text);
        while let Some(assertion) = scanner.next_assertion()? {
            key.assertion(assertion.name, assertion.value);
            if assertion.ends_rdn {
                key.end_rdn();
            }
        }
        Ok(key.finish())
    }
}

/// Collects RDNs in the order of the text and turns them round at the end.
struct KeyBuilder<'s> {
    schema: &'s Schema,
    octets: SmallVec<[u8; 256]>,
    /// Where each finished RDN ends.
    ends: SmallVec<[u32; 16]>,
    /// Where each assertion of the current RDN begins.
    assertions: SmallVec<[u32; 4]>,
}

impl<'s> KeyBuilder<'s> {
    fn new(schema: &'s Schema) -> Self {
        Self { schema, octets: SmallVec::new(), ends: SmallVec::new(), assertions: SmallVec::new() }
    }

    /// Takes the next assertion of the current RDN.
    fn assertion(&mut self, name: &str, value: &[u8]) {
        self.assertions.push(self.octets.len() as u32);
        let attribute_type = self.schema.attribute_type(name);
        match attribute_type {
            Some(known) => self.octets.extend_from_slice(known.key_name.as_bytes()),
            None => self.octets.extend(name.bytes().map(|octet| octet.to_ascii_lowercase())),
        }
        self.octets.push(b'=');
        let mut normalized = SmallVec::<[u8; 128]>::new();
        self.schema.normalize_naming(attribute_type, value, &mut normalized);
        if normalized.iter().all(|octet| *octet > END_OF_ASSERTION) {
            return self.octets.extend_from_slice(&normalized);
        }
        for octet in normalized {
            if octet <= END_OF_ASSERTION {
                self.octets.push(ESCAPE);
                self.octets.push(octet + 1);
            } else {
                self.octets.push(octet);
            }
        }
    }

    /// The current RDN has all its assertions.
    fn end_rdn(&mut self) {
        if self.assertions.len() > 1 {
            self.sort_assertions();
        }
        self.octets.push(END_OF_RDN);
        self.ends.push(self.octets.len() as u32);
        self.assertions.clear();
    }

    fn sort_assertions(&mut self) {
        let first = self.assertions.first().map_or(0, |start| *start as usize);
        let ends = self.assertions.iter().skip(1).map(|end| *end as usize).chain([self.octets.len()]);
        let pieces = self.assertions.iter().zip(ends);
        let mut pieces: Vec<Vec<u8>> =
            pieces.filter_map(|(start, end)| self.octets.get(*start as usize..end).map(<[u8]>::to_vec)).collect();
        pieces.sort_unstable();
        pieces.dedup();
        self.octets.truncate(first);
        self.octets.extend_from_slice(&pieces.join(&END_OF_ASSERTION));
    }

    /// The key of all RDNs taken.
    fn finish(self) -> DnKey {
        let mut key = SmallVec::<[u8; 96]>::new();
        let starts = self.ends.iter().rev().skip(1).copied().chain([0]);
        for (end, start) in self.ends.iter().rev().zip(starts) {
            key.extend_from_slice(self.octets.get(start as usize..*end as usize).unwrap_or_default());
        }
        DnKey::of(key)
    }
}
