//! The recent logins of an account as clients read them: JSON text, in an operation of the policy state (88) and in the response
//! control of a bind. What is kept of them is the server's.

use serde::Serialize;

use crate::text::Text;

/// The recent logins of an account.
///
/// Response control 1.3.6.1.4.1.30221.2.5.62, whose value is this text: `{"successful-attempts":[...],"failed-attempts":[...]}`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub struct RecentLoginHistory {
    /// Those that succeeded, the newest first.
    pub successful_attempts: Vec<LoginAttempt>,
    /// Those that failed, the newest first.
    pub failed_attempts: Vec<LoginAttempt>,
}

/// One attempt, or several that are alike on one day.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub struct LoginAttempt {
    /// Whether it succeeded.
    pub successful: bool,
    /// When: RFC 3339, UTC, with milliseconds.
    pub timestamp: Text,
    /// `simple`, `internal`, or `SASL` and the mechanism.
    pub authentication_method: Text,
    /// The IP address that it came from.
    #[serde(rename = "client-ip-address", skip_serializing_if = "Option::is_none")]
    pub client_ip_address: Option<Text>,
    /// Why it failed. Clients take a failure only with it, and a success only without.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub failure_reason: Option<Text>,
    /// How many more there were of its kind on that day.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub additional_attempt_count: Option<u32>,
}

impl RecentLoginHistory {
    /// The text.
    pub fn to_json(&self) -> String {
        // Neither map keys nor numbers of this type can be refused.
        serde_json::to_string(self).unwrap_or_default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_text_has_the_members_that_clients_demand() {
        let success = LoginAttempt {
            successful: true,
            timestamp: Text::from("2026-01-02T03:04:05.006Z"),
            authentication_method: Text::from("simple"),
            client_ip_address: None,
            failure_reason: None,
            additional_attempt_count: None,
        };
        let failure = LoginAttempt {
            successful: false,
            authentication_method: Text::from("SASL PLAIN"),
            client_ip_address: Some(Text::from("192.0.2.1")),
            failure_reason: Some(Text::from("wrong-password")),
            additional_attempt_count: Some(2),
            ..success.clone()
        };
        let history = RecentLoginHistory { successful_attempts: vec![success], failed_attempts: vec![failure] };
        assert_eq!(
            history.to_json(),
            concat!(
                r#"{"successful-attempts":[{"successful":true,"timestamp":"2026-01-02T03:04:05.006Z","#,
                r#""authentication-method":"simple"}],"failed-attempts":[{"successful":false,"#,
                r#""timestamp":"2026-01-02T03:04:05.006Z","authentication-method":"SASL PLAIN","#,
                r#""client-ip-address":"192.0.2.1","failure-reason":"wrong-password","additional-attempt-count":2}]}"#
            )
        );
        assert_eq!(RecentLoginHistory::default().to_json(), r#"{"successful-attempts":[],"failed-attempts":[]}"#);
    }
}
