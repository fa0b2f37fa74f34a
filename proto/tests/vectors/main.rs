//! Every golden vector of `tests/vectors/`: decoded, encoded or refused, octet for octet.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

mod controls;
mod hostile;
mod requests;
mod responses;

use countersign_proto::{
    delivery::{MessageTexts, PreferredMechanism},
    text::{DnText, Secret, Text},
};
use serde_json::Value;

struct Vector(Value);

/// The vectors of one file; none may be missing.
fn vectors(file: &str) -> Vec<Vector> {
    let path = format!("{}/../tests/vectors/{file}.json", env!("CARGO_MANIFEST_DIR"));
    let all: Vec<Value> = serde_json::from_str(&std::fs::read_to_string(&path).unwrap()).unwrap();
    assert!(!all.is_empty(), "{path} is empty");
    all.into_iter().map(Vector).collect()
}

impl Vector {
    fn kind(&self) -> &str {
        self.0["type"].as_str().unwrap()
    }
    fn name(&self) -> String {
        format!("{}: {} ({})", self.kind(), self.0["description"].as_str().unwrap(), self.0["value_hex"])
    }
    fn octets(&self, member: &str) -> Option<Vec<u8>> {
        self.0[member].as_str().map(|text| hex::decode(text).unwrap())
    }
    fn value(&self) -> Option<Vec<u8>> {
        self.octets("value_hex")
    }
    fn field(&self, name: &str) -> Option<&str> {
        self.0["fields"][name].as_str()
    }
    fn text(&self, name: &str) -> Option<Text> {
        self.field(name).map(Text::from)
    }
    fn secret(&self, name: &str) -> Option<Secret> {
        let octets = self.field(&format!("{name}_hex")).map(|text| Secret::new(hex::decode(text).unwrap()));
        octets.or_else(|| self.field(name).map(Secret::new))
    }
    fn number(&self, name: &str) -> Option<i64> {
        self.0["fields"][name].as_i64()
    }
    fn flag(&self, name: &str) -> Option<bool> {
        self.0["fields"][name].as_bool()
    }
    fn dn(&self, name: &str) -> DnText {
        DnText::from(self.field(name).unwrap())
    }
    fn list(&self, name: &str) -> &[Value] {
        self.0["fields"][name].as_array().map(Vec::as_slice).unwrap_or_default()
    }
    fn preferred_mechanisms(&self) -> Vec<PreferredMechanism> {
        let one = |one: &Value| PreferredMechanism {
            mechanism: Text::from(one["mechanism"].as_str().unwrap()),
            recipient_id: one["recipient_id"].as_str().map(Text::from),
        };
        self.list("preferred_mechanisms").iter().map(one).collect()
    }
    fn texts(&self) -> MessageTexts {
        MessageTexts {
            subject: self.text("message_subject"),
            full_text_before: self.text("full_text_before"),
            full_text_after: self.text("full_text_after"),
            compact_text_before: self.text("compact_text_before"),
            compact_text_after: self.text("compact_text_after"),
        }
    }
}
