//! The failed logins that the server remembers, with what each means.

use countersign_proto::account::operation_type::StateOperationType;
use serde_json::{Value, json};

use super::reasons;
use crate::cli::{account::Account, answer::Failure};

/// One failure, or several that were alike on one day.
pub(super) struct Failed {
    /// RFC 3339, of the last of them.
    timestamp: String,
    method: String,
    address: Option<String>,
    reason: String,
    count: u64,
}

/// The failures of an account, the last one first; `None` where the server keeps none.
pub(super) fn of(account: &Account) -> Result<Option<Vec<Failed>>, Failure> {
    let Some(text) = account.first(StateOperationType::GetRecentLoginHistory) else { return Ok(None) };
    let history: Value = serde_json::from_str(text)?;
    let attempts = history.get("failed-attempts").and_then(Value::as_array);
    let mut failed: Vec<Failed> = attempts.into_iter().flatten().map(Failed::read).collect();
    failed.sort_by(|one, other| other.timestamp.cmp(&one.timestamp));
    Ok(Some(failed))
}

impl Failed {
    fn read(attempt: &Value) -> Self {
        let text = |name: &str| attempt.get(name).and_then(Value::as_str).map(str::to_owned);
        Self {
            timestamp: text("timestamp").unwrap_or_default(),
            method: text("authentication-method").unwrap_or_default(),
            address: text("client-ip-address"),
            reason: text("failure-reason").unwrap_or_default(),
            count: attempt.get("additional-attempt-count").and_then(Value::as_u64).unwrap_or_default() + 1,
        }
    }

    /// When and from where, and what it means.
    pub(super) fn lines(&self) -> Vec<String> {
        let from = self.address.as_ref().map_or_else(|| " over the Unix socket".to_owned(), |at| format!(" from {at}"));
        let often = if self.count > 1 { format!(", {} times that day", self.count) } else { String::new() };
        let how = match self.method.as_str() {
            "simple" => "simple bind".to_owned(),
            "internal" => "a proof within another operation".to_owned(),
            other => other.to_owned(),
        };
        let mut lines = vec![format!("  {}  {how}{from}{often}: {}", self.timestamp, self.reason)];
        lines.extend(reasons::sentences(&self.reason).into_iter().map(|sentence| format!("    {sentence}")));
        lines
    }

    pub(super) fn to_json(&self) -> Value {
        json!({
            "timestamp": self.timestamp,
            "method": self.method,
            "address": self.address,
            "reason": self.reason,
            "count": self.count,
            "explanation": reasons::sentences(&self.reason).join(" "),
        })
    }
}
