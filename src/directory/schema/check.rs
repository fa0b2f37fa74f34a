//! What the schema demands of an entry that is about to be written (RFC 4512 section 2.4, RFC 4511 sections 4.6 and 4.7).

use std::borrow::Cow;

use countersign_proto::result_code::ResultCode;

use super::{AttributeType, Kind, Normalized, ObjectClass, Schema, Syntax};
use crate::{
    directory::{
        attribute_ids::AttributeId,
        entry::{Attribute, Entry},
    },
    error::{Error, Result},
};

impl Schema {
    /// Whether the entry may be written as it is.
    ///
    /// # Errors
    /// objectClassViolation, undefinedAttributeType, constraintViolation, attributeOrValueExists, invalidAttributeSyntax,
    /// namingViolation; the sentence names the entry, the attribute and the class, never a value.
    pub fn check(&self, entry: &Entry) -> Result<()> {
        self.check_changed(entry, &|_| true)
    }

    /// The same of an entry that was checked before, by this schema or an earlier one, when its attributes of some types were changed:
    /// the values of the others are not looked at again, and stay.
    ///
    /// # Errors
    /// As [`Schema::check`].
    pub fn check_changed(&self, entry: &Entry, is_changed: &dyn Fn(AttributeId) -> bool) -> Result<()> {
        let classes = self.classes_of(entry)?;
        self.structural_among(&classes, entry)?;
        for attribute in &entry.attributes {
            if self.type_by_id(attribute.id).is_none_or(|known| is_changed(known.id)) {
                self.check_attribute(attribute, entry)?;
            }
        }
        self.check_must(&classes, entry)?;
        self.check_may(&classes, entry)?;
        self.check_naming(entry)
    }

    /// Adds the superclasses of every object class that are not there yet (RFC 4512 section 3.3).
    pub fn complete_classes(&self, entry: &mut Entry) {
        let Some(classes) = entry.attribute_mut(self.well_known().object_class) else { return };
        let known = |value: &[u8]| std::str::from_utf8(value).ok().and_then(|name| self.object_class(name));
        let mut there: Vec<_> = classes.values.iter().filter_map(|value| known(value)).collect();
        for class in there.clone().into_iter().flat_map(|class| self.superiors(class)) {
            if !there.iter().any(|other| other.oid == class.oid) {
                there.push(class);
                classes.values.push(class.name().as_bytes().to_vec());
            }
        }
    }

    /// The structural object class of an entry: the most derived one (RFC 4512 section 2.4.2).
    ///
    /// # Errors
    /// objectClassViolation if there is none, or if two are not of one chain.
    pub fn structural_class(&self, entry: &Entry) -> Result<&ObjectClass> {
        let classes = self.classes_of(entry)?;
        self.structural_among(&classes, entry)
    }

    /// Whether all values of one attribute are of its syntax, different, and few enough.
    ///
    /// # Errors
    /// undefinedAttributeType, invalidAttributeSyntax, attributeOrValueExists, constraintViolation.
    pub fn check_attribute(&self, attribute: &Attribute, entry: &Entry) -> Result<()> {
        let name = &attribute.description;
        let known = self.type_by_id(attribute.id).ok_or_else(|| {
            violation(ResultCode::UNDEFINED_ATTRIBUTE_TYPE, entry, format!("the schema does not define {name}"))
        })?;
        if known.single_value && attribute.values.len() > 1 {
            return Err(violation(ResultCode::CONSTRAINT_VIOLATION, entry, format!("{name} has one value at most")));
        }
        if let Some(syntax) = Syntax::find(&known.syntax)
            && !attribute.values.iter().all(|value| syntax.accepts(value))
        {
            let reason = format!("a value of {name} is not of the syntax {}", syntax.description);
            return Err(violation(ResultCode::INVALID_ATTRIBUTE_SYNTAX, entry, reason));
        }
        if self.has_duplicates(known, &attribute.values) {
            let reason = format!("{name} has one value twice");
            return Err(violation(ResultCode::ATTRIBUTE_OR_VALUE_EXISTS, entry, reason));
        }
        Ok(())
    }

    /// Whether two of the values match under the equality rule.
    pub(crate) fn has_duplicates(&self, known: &AttributeType, values: &[Vec<u8>]) -> bool {
        if values.len() < 2 {
            return false;
        }
        let mut normalized: Vec<Normalized> = values.iter().map(|value| self.normalized(known, value)).collect();
        normalized.sort_unstable();
        normalized.windows(2).any(|pair| matches!(pair, [one, other] if one == other))
    }

    /// The normalized form of a value; the value itself where the rule refuses it.
    pub(crate) fn normalized(&self, known: &AttributeType, value: &[u8]) -> Normalized {
        let mut normalized = Normalized::new();
        if !self.normalize(known, value, &mut normalized) {
            normalized.extend_from_slice(value);
        }
        normalized
    }

    /// Every class of the entry with all classes above it.
    fn classes_of(&self, entry: &Entry) -> Result<Vec<&ObjectClass>> {
        let named = entry.values(self.well_known.object_class);
        if named.is_empty() {
            return Err(violation(ResultCode::OBJECT_CLASS_VIOLATION, entry, "it has no objectClass".to_owned()));
        }
        let mut classes: Vec<&ObjectClass> = Vec::with_capacity(8);
        for name in named {
            let name = String::from_utf8_lossy(name);
            let class = self.object_class(&name).ok_or_else(|| {
                let reason = format!("the schema defines no object class {}", shown(&name));
                violation(ResultCode::OBJECT_CLASS_VIOLATION, entry, reason)
            })?;
            for class in self.superiors(class).chain([class]) {
                if !classes.iter().any(|known| std::ptr::eq(*known, class)) {
                    classes.push(class);
                }
            }
        }
        Ok(classes)
    }

    fn structural_among<'s>(&'s self, classes: &[&'s ObjectClass], entry: &Entry) -> Result<&'s ObjectClass> {
        let structural = classes.iter().copied().filter(|class| class.kind == Kind::Structural);
        // The most derived one has the most structural classes above it; all others must be among these.
        let most_derived = structural.clone().max_by_key(|class| class.superiors.len()).ok_or_else(|| {
            violation(ResultCode::OBJECT_CLASS_VIOLATION, entry, "it has no structural object class".to_owned())
        })?;
        let is_above = |class: &ObjectClass| self.superiors(most_derived).any(|above| std::ptr::eq(above, class));
        for class in structural {
            if !std::ptr::eq(class, most_derived) && !is_above(class) {
                let reason = format!("it cannot be {} and {} at once", most_derived.name(), class.name());
                return Err(violation(ResultCode::OBJECT_CLASS_VIOLATION, entry, reason));
            }
        }
        Ok(most_derived)
    }

    fn check_must(&self, classes: &[&ObjectClass], entry: &Entry) -> Result<()> {
        for class in classes {
            for required in &class.must {
                let Some(known) = self.type_by_id(*required) else { continue };
                if !entry.attributes.iter().any(|attribute| self.is_of_family(attribute, known)) {
                    let reason = format!("the object class {} demands {}", class.name(), known.name());
                    return Err(violation(ResultCode::OBJECT_CLASS_VIOLATION, entry, reason));
                }
            }
        }
        Ok(())
    }

    fn check_may(&self, classes: &[&ObjectClass], entry: &Entry) -> Result<()> {
        if classes.iter().any(|class| class.oid == EXTENSIBLE_OBJECT) {
            return Ok(());
        }
        for attribute in &entry.attributes {
            let Some(known) = self.type_by_id(attribute.id).filter(|known| !known.is_operational()) else { continue };
            let allows = |class: &&ObjectClass| class.must.contains(&known.id) || class.may.contains(&known.id);
            if !classes.iter().any(allows) {
                let reason = format!("no object class of it allows {}", attribute.description);
                return Err(violation(ResultCode::OBJECT_CLASS_VIOLATION, entry, reason));
            }
        }
        Ok(())
    }

    /// The values of the RDN are among the values of the entry (RFC 4512 section 2.3).
    fn check_naming(&self, entry: &Entry) -> Result<()> {
        for (name, value) in entry.dn.rdn().iter().flat_map(|rdn| &rdn.assertions) {
            let known = self.attribute_type(name).ok_or_else(|| {
                let reason = format!("its name uses {}, which the schema does not define", shown(name));
                violation(ResultCode::UNDEFINED_ATTRIBUTE_TYPE, entry, reason)
            })?;
            let wanted = self.normalized(known, value);
            let values = entry.attributes.iter().filter(|attribute| attribute.id == known.id).flat_map(|a| &a.values);
            if !values.into_iter().any(|value| self.normalized(known, value) == wanted) {
                let reason = format!("its name has a value of {} that it does not have itself", known.name());
                return Err(violation(ResultCode::NAMING_VIOLATION, entry, reason));
            }
        }
        Ok(())
    }

    fn is_of_family(&self, attribute: &Attribute, known: &AttributeType) -> bool {
        self.type_by_id(attribute.id).is_some_and(|own| known.family.contains(&own.id))
    }
}

fn violation(code: ResultCode, entry: &Entry, reason: String) -> Error {
    Error::new(code, format!("Entry \"{}\" does not fit the schema: {reason}", entry.dn))
}

/// A client's word in a sentence: bounded and without control characters.
fn shown(name: &str) -> Cow<'_, str> {
    if name.len() <= 64 && !name.contains(char::is_control) {
        return name.into();
    }
    name.chars().filter(|c| !c.is_control()).take(64).collect()
}

const EXTENSIBLE_OBJECT: &str = "1.3.6.1.4.1.1466.101.120.111";

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use std::sync::Arc;

    use uuid::Uuid;

    use super::*;
    use crate::directory::{attribute_ids::AttributeIds, dn::Dn};

    fn entry(schema: &Schema, dn: &str, attributes: &[(&str, &[&str])]) -> Entry {
        let mut entry = Entry::new(Dn::parse(dn).unwrap(), Uuid::nil());
        for (name, values) in attributes {
            entry.set(schema, name, values.iter().map(|value| value.as_bytes().to_vec()).collect());
        }
        entry
    }

    type Attributes<'a> = &'a [(&'a str, &'a [&'a str])];

    fn check(dn: &str, attributes: Attributes<'_>) -> Result<(), ResultCode> {
        let schema = Schema::standard(Arc::new(AttributeIds::default()));
        schema.check(&entry(&schema, dn, attributes)).map_err(|error| error.code)
    }

    #[test]
    fn a_proper_entry_passes() {
        let person: &[(&str, &[&str])] =
            &[("objectClass", &["inetOrgPerson"]), ("cn", &["Ann"]), ("sn;lang-en", &["A"]), ("uid", &["ann"])];
        assert_eq!(check("UID=Ann,dc=x", person), Ok(()));
        let anything: &[(&str, &[&str])] =
            &[("objectClass", &["device", "extensibleObject"]), ("cn", &["d"]), ("mail", &["a@b"])];
        assert_eq!(check("cn=D,dc=x", anything), Ok(()));
        let domain: &[(&str, &[&str])] =
            &[("objectClass", &["top", "organization", "dcObject"]), ("o", &["X"]), ("dc", &["x"])];
        assert_eq!(check("dc=x", domain), Ok(()));
    }

    #[test]
    fn of_an_entry_that_was_checked_before_the_values_that_changed_are_looked_at() {
        let schema = Schema::standard(Arc::new(AttributeIds::default()));
        let person: &[(&str, &[&str])] =
            &[("objectClass", &["inetOrgPerson"]), ("cn", &["Ann"]), ("sn;lang-en", &[""]), ("uid", &["ann"])];
        let entry = entry(&schema, "uid=ann,dc=x", person);
        let outcome = |changed: &str| {
            let changed = schema.attribute_type(changed).unwrap().id;
            schema.check_changed(&entry, &|kind| kind == changed).map_err(|error| error.code)
        };
        assert_eq!(outcome("cn"), Ok(()));
        assert_eq!(outcome("sn"), Err(ResultCode::INVALID_ATTRIBUTE_SYNTAX), "with an option too");
        assert_eq!(schema.check(&entry).map_err(|error| error.code), Err(ResultCode::INVALID_ATTRIBUTE_SYNTAX));
    }

    #[test]
    fn what_does_not_fit_is_refused_with_its_code() {
        let refused: &[(Attributes<'_>, ResultCode)] = &[
            (&[("cn", &["a"])], ResultCode::OBJECT_CLASS_VIOLATION),
            (&[("objectClass", &["unheardOf"])], ResultCode::OBJECT_CLASS_VIOLATION),
            (&[("objectClass", &["top"]), ("cn", &["a"])], ResultCode::OBJECT_CLASS_VIOLATION),
            (&[("objectClass", &["uidObject"]), ("cn", &["a"]), ("uid", &["a"])], ResultCode::OBJECT_CLASS_VIOLATION),
            (
                &[("objectClass", &["person", "device"]), ("cn", &["a"]), ("sn", &["a"])],
                ResultCode::OBJECT_CLASS_VIOLATION,
            ),
            (&[("objectClass", &["person"]), ("cn", &["a"])], ResultCode::OBJECT_CLASS_VIOLATION),
            (
                &[("objectClass", &["person"]), ("cn", &["a"]), ("sn", &["a"]), ("mail", &["a"])],
                ResultCode::OBJECT_CLASS_VIOLATION,
            ),
            (&[("objectClass", &["person"]), ("cn", &["b"]), ("sn", &["a"])], ResultCode::NAMING_VIOLATION),
            (
                &[("objectClass", &["person"]), ("cn", &["a", "A "]), ("sn", &["a"])],
                ResultCode::ATTRIBUTE_OR_VALUE_EXISTS,
            ),
            (&[("objectClass", &["person"]), ("cn", &["a"]), ("sn", &[""])], ResultCode::INVALID_ATTRIBUTE_SYNTAX),
            (
                &[("objectClass", &["inetOrgPerson"]), ("cn", &["a"]), ("sn", &["a"]), ("displayName", &["a", "b"])],
                ResultCode::CONSTRAINT_VIOLATION,
            ),
            (
                &[("objectClass", &["person"]), ("cn", &["a"]), ("sn", &["a"]), ("unheardOf", &["a"])],
                ResultCode::UNDEFINED_ATTRIBUTE_TYPE,
            ),
        ];
        for (attributes, code) in refused {
            assert_eq!(check("cn=a,dc=x", attributes), Err(*code), "{attributes:?}");
        }
    }

    #[test]
    fn the_structural_class_is_the_most_derived() {
        let schema = Schema::standard(Arc::new(AttributeIds::default()));
        let entry = entry(&schema, "cn=a", &[("objectClass", &["top", "person", "inetOrgPerson", "uidObject"])]);
        assert_eq!(schema.structural_class(&entry).unwrap().name(), "inetOrgPerson");
    }
}
