//! From definitions to a schema: superiors resolved, rules inherited, closures computed once.

use std::{collections::HashMap, sync::Arc};

use smallvec::SmallVec;

use super::{
    AttributeType, Kind, MatchingRule, ObjectClass, Schema, Usage, WellKnown,
    definition::{Definition, DefinitionError, records},
    names::Names,
};
use crate::directory::{
    attribute_ids::{AttributeId, AttributeIds},
    class::Class,
};

impl Schema {
    /// The embedded definitions.
    pub fn standard(ids: Arc<AttributeIds>) -> Self {
        // Nothing is wrong with the embedded files: a test holds them to that.
        Self::load(ids, STANDARD).0
    }

    /// A schema from schema files, and what is wrong with them; a definition with a fault is left out.
    pub fn load(ids: Arc<AttributeIds>, files: &[&str]) -> (Self, Vec<DefinitionError>) {
        let mut faults = Vec::new();
        let mut types = Vec::new();
        let mut classes = Vec::new();
        for (line, kind, text) in files.iter().flat_map(|file| records(file)) {
            match (kind, Definition::parse(&text)) {
                ("attributeTypes", Ok(definition)) => types.push((line, definition, text)),
                ("objectClasses", Ok(definition)) => classes.push((line, definition, text)),
                (_, Ok(_)) => {
                    faults.push(DefinitionError { line, reason: format!("unknown kind of definition {kind}") })
                }
                (_, Err(fault)) => faults.push(DefinitionError { line, ..fault }),
            }
        }
        let names: Vec<&str> = types.iter().map(|(_, definition, _)| first_name(definition)).collect();
        ids.assign_all(names);
        let mut schema = Self {
            well_known: WellKnown::of(&ids),
            ids,
            types: Vec::new(),
            classes: Vec::new(),
            types_by_name: Names::default(),
            classes_by_name: Names::default(),
            types_by_id: Vec::new(),
        };
        for (line, definition, text) in types {
            if let Err(reason) = schema.add_type(&definition, text) {
                faults.push(DefinitionError { line, reason });
            }
        }
        schema.find_families();
        for (line, definition, text) in classes {
            if let Err(reason) = schema.add_class(&definition, text) {
                faults.push(DefinitionError { line, reason });
            }
        }
        (schema, faults)
    }

    fn add_type(&mut self, definition: &Definition, text: String) -> Result<(), String> {
        let superior = match definition.value("SUP") {
            Some(name) => Some(self.attribute_type(name).ok_or_else(|| format!("{name} is not defined before"))?),
            None => None,
        };
        let rule = |keyword: &str| match definition.value(keyword) {
            Some(name) => MatchingRule::find(name).map(Some).ok_or_else(|| format!("unknown matching rule {name}")),
            None => Ok(None),
        };
        let syntax = definition.value("SYNTAX").map(|syntax| syntax.split('{').next().unwrap_or(syntax).to_owned());
        let usage = match definition.value("USAGE") {
            None | Some("userApplications") => Usage::UserApplications,
            Some("directoryOperation") => Usage::DirectoryOperation,
            Some("distributedOperation") => Usage::DistributedOperation,
            Some("dSAOperation") => Usage::DsaOperation,
            Some(other) => return Err(format!("unknown usage {other}")),
        };
        let name = first_name(definition);
        let id = self.ids.assign(name);
        let class = match usage {
            _ if SECRET.iter().any(|secret| secret.eq_ignore_ascii_case(name)) => Class::Secret,
            Usage::UserApplications => Class::User,
            _ => Class::Operational,
        };
        let names = definition.values("NAME").to_vec();
        let attribute_type = AttributeType {
            id,
            oid: definition.oid.clone(),
            key_name: name.to_ascii_lowercase(),
            superior: superior.map(|superior| superior.id),
            equality: rule("EQUALITY")?.or_else(|| superior.and_then(|superior| superior.equality)),
            ordering: rule("ORDERING")?.or_else(|| superior.and_then(|superior| superior.ordering)),
            substring: rule("SUBSTR")?.or_else(|| superior.and_then(|superior| superior.substring)),
            syntax: syntax
                .or_else(|| superior.map(|superior| superior.syntax.clone()))
                .ok_or_else(|| format!("{name} has neither a syntax nor a superior type"))?,
            single_value: definition.has("SINGLE-VALUE"),
            no_user_modification: definition.has("NO-USER-MODIFICATION"),
            usage,
            class,
            family: SmallVec::new(),
            names: if names.is_empty() { vec![definition.oid.clone()] } else { names },
            definition: text,
        };
        self.register(attribute_type)
    }

    fn register(&mut self, attribute_type: AttributeType) -> Result<(), String> {
        let position = self.types.len();
        for name in attribute_type.names.iter().chain([&attribute_type.oid]) {
            if self.types_by_name.insert(name, position).is_some_and(|other| other != position) {
                return Err(format!("{name} is defined twice"));
            }
        }
        let at = attribute_type.id.0 as usize;
        if self.types_by_id.len() <= at {
            self.types_by_id.resize(at + 1, None);
        }
        if let Some(slot) = self.types_by_id.get_mut(at) {
            *slot = Some(position as u32);
        }
        self.types.push(attribute_type);
        Ok(())
    }

    fn find_families(&mut self) {
        let mut families: HashMap<AttributeId, SmallVec<[AttributeId; 2]>> = HashMap::new();
        for attribute_type in &self.types {
            let mut above = Some(attribute_type);
            while let Some(ancestor) = above {
                families.entry(ancestor.id).or_default().push(attribute_type.id);
                above = ancestor.superior.and_then(|id| self.type_by_id(id));
            }
        }
        for attribute_type in &mut self.types {
            attribute_type.family = families.remove(&attribute_type.id).unwrap_or_default();
        }
    }

    fn add_class(&mut self, definition: &Definition, text: String) -> Result<(), String> {
        let mut class = ObjectClass {
            oid: definition.oid.clone(),
            names: definition.values("NAME").to_vec(),
            kind: match () {
                () if definition.has("ABSTRACT") => Kind::Abstract,
                () if definition.has("AUXILIARY") => Kind::Auxiliary,
                () => Kind::Structural,
            },
            superiors: Vec::new(),
            must: self.listed(definition, "MUST")?,
            may: self.listed(definition, "MAY")?,
            definition: text,
        };
        for name in definition.values("SUP") {
            let position = self.classes_by_name.find(name.as_bytes());
            let position = position.ok_or_else(|| format!("{name} is not defined before"))?;
            let superior = self.classes.get(position).ok_or_else(|| format!("{name} is not defined before"))?;
            class.must.extend_from_slice(&superior.must);
            class.may.extend_from_slice(&superior.may);
            class.superiors.push(position);
            class.superiors.extend_from_slice(&superior.superiors);
        }
        for list in [&mut class.must, &mut class.may] {
            list.sort_unstable();
            list.dedup();
        }
        class.superiors.sort_unstable();
        class.superiors.dedup();
        if class.names.is_empty() {
            class.names.push(class.oid.clone());
        }
        for name in class.names.iter().chain([&class.oid]) {
            self.classes_by_name.insert(name, self.classes.len());
        }
        self.classes.push(class);
        Ok(())
    }

    fn listed(&self, definition: &Definition, keyword: &str) -> Result<Vec<AttributeId>, String> {
        let names = definition.values(keyword).iter();
        names
            .map(|name| {
                self.attribute_type(name).map(|known| known.id).ok_or_else(|| format!("unknown attribute type {name}"))
            })
            .collect()
    }
}

impl WellKnown {
    fn of(ids: &AttributeIds) -> Self {
        Self {
            object_class: ids.assign("objectClass"),
            entry_dn: ids.assign("entryDN"),
            entry_uuid: ids.assign("entryUUID"),
            has_subordinates: ids.assign("hasSubordinates"),
            num_subordinates: ids.assign("numSubordinates"),
            subschema_subentry: ids.assign("subschemaSubentry"),
            structural_object_class: ids.assign("structuralObjectClass"),
            user_password: ids.assign("userPassword"),
            privilege_name: ids.assign("ds-privilege-name"),
            member: ids.assign("member"),
            unique_member: ids.assign("uniqueMember"),
            uid: ids.assign("uid"),
            totp_shared_secret: ids.assign("ds-auth-totp-shared-secret"),
            yubikey_public_id: ids.assign("ds-auth-yubikey-public-id"),
            yubikey_key: ids.assign("countersign-yubikey-key"),
            account_disabled: ids.assign("ds-pwp-account-disabled"),
            account_activation_time: ids.assign("ds-pwp-account-activation-time"),
            account_expiration_time: ids.assign("ds-pwp-account-expiration-time"),
            create_timestamp: ids.assign("createTimestamp"),
        }
    }
}

fn first_name(definition: &Definition) -> &str {
    definition.value("NAME").unwrap_or(&definition.oid)
}

/// Attribute types whose values are never sent to anybody.
const SECRET: [&str; 6] = [
    "userPassword",
    "ds-auth-totp-shared-secret",
    "ds-auth-delivered-otp",
    "ds-auth-password-reset-token",
    "ds-auth-single-use-token",
    "countersign-yubikey-key",
];

const STANDARD: &[&str] = &[
    include_str!("standard/00-core.schema"),
    include_str!("standard/10-user.schema"),
    include_str!("standard/20-cosine.schema"),
    include_str!("standard/30-inetorgperson.schema"),
    include_str!("standard/40-nis.schema"),
    include_str!("standard/90-countersign.schema"),
];

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;

    #[test]
    fn nothing_is_wrong_with_the_embedded_definitions() {
        let (schema, faults) = Schema::load(Arc::new(AttributeIds::default()), STANDARD);
        assert_eq!(faults, []);
        let person = schema.object_class("INETORGPERSON").unwrap();
        assert!(person.must.contains(&schema.attribute_type("sn").unwrap().id));
        assert_eq!(schema.superiors(person).count(), 3);
        for attribute_type in schema.attribute_types() {
            assert!(super::super::Syntax::find(&attribute_type.syntax).is_some(), "{}", attribute_type.name());
        }
    }

    #[test]
    fn types_inherit_and_have_families() {
        let schema = Schema::standard(Arc::new(AttributeIds::default()));
        let cn = schema.attribute_type("2.5.4.3").unwrap();
        assert_eq!(cn.equality.unwrap().name, "caseIgnoreMatch");
        assert!(schema.attribute_type("name").unwrap().family.contains(&cn.id));
        assert_eq!(cn.family.as_slice(), [cn.id]);
        let english = schema.describe("CommonName;x-b;LANG-en;x-b").unwrap();
        assert_eq!(english.to_string(), "cn;lang-en;x-b");
        assert!(
            schema.describe("cn;").is_none() && schema.describe("cn;a b").is_none() && schema.describe("zz").is_none()
        );
        let (id, _) = schema.assign("cn;lang-en").unwrap();
        assert_eq!(schema.type_by_id(id).unwrap().name(), "cn");
        assert_eq!(schema.describe("CN;Lang-EN").unwrap().id, Some(id));
    }

    #[test]
    fn faulty_definitions_are_reported_with_their_line() {
        let text = "attributeTypes: ( 1.2 NAME 'a' SUP zz )\nobjectClasses: ( 1.3 NAME 'b' MUST zz )\nfoo: ( 1.4 )\nobjectClasses: (";
        let (_, faults) = Schema::load(Arc::new(AttributeIds::default()), &[text]);
        let mut lines: Vec<_> = faults.iter().map(|fault| fault.line).collect();
        lines.sort_unstable();
        assert_eq!(lines, [1, 2, 3, 4]);
    }
}
