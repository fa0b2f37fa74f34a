//! What the tests share: a server of their own, clients that speak to it over real sockets, and the sample directory.
#![allow(missing_docs, unreachable_pub, reason = "names that say it all, for the tests beside it")]
#![allow(dead_code, reason = "no test uses all of it")]
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

pub mod account_state;
pub mod ber;
pub mod client;
pub mod command;
pub mod filter;
pub mod http;
pub mod issuer;
pub mod mail_server;
pub mod mailbox;
pub mod people;
pub mod process;
pub mod recovery;
pub mod requests;
pub mod secrets;
pub mod server;
pub mod totp;
pub mod web_server;
pub mod yubikey;
pub mod yubiserver;

/// Result codes (RFC 4511 appendix A) by name.
pub mod code {
    pub const SUCCESS: i64 = 0;
    pub const OPERATIONS_ERROR: i64 = 1;
    pub const PROTOCOL_ERROR: i64 = 2;
    pub const SIZE_LIMIT_EXCEEDED: i64 = 4;
    pub const COMPARE_FALSE: i64 = 5;
    pub const COMPARE_TRUE: i64 = 6;
    pub const AUTH_METHOD_NOT_SUPPORTED: i64 = 7;
    pub const ADMIN_LIMIT_EXCEEDED: i64 = 11;
    pub const UNAVAILABLE_CRITICAL_EXTENSION: i64 = 12;
    pub const CONFIDENTIALITY_REQUIRED: i64 = 13;
    pub const NO_SUCH_ATTRIBUTE: i64 = 16;
    pub const UNDEFINED_ATTRIBUTE_TYPE: i64 = 17;
    pub const CONSTRAINT_VIOLATION: i64 = 19;
    pub const ATTRIBUTE_OR_VALUE_EXISTS: i64 = 20;
    pub const INVALID_ATTRIBUTE_SYNTAX: i64 = 21;
    pub const NO_SUCH_OBJECT: i64 = 32;
    pub const INVALID_DN_SYNTAX: i64 = 34;
    pub const INAPPROPRIATE_AUTHENTICATION: i64 = 48;
    pub const INVALID_CREDENTIALS: i64 = 49;
    pub const INSUFFICIENT_ACCESS_RIGHTS: i64 = 50;
    pub const UNAVAILABLE: i64 = 52;
    pub const UNWILLING_TO_PERFORM: i64 = 53;
    pub const NAMING_VIOLATION: i64 = 64;
    pub const OBJECT_CLASS_VIOLATION: i64 = 65;
    pub const NOT_ALLOWED_ON_NON_LEAF: i64 = 66;
    pub const NOT_ALLOWED_ON_RDN: i64 = 67;
    pub const ENTRY_ALREADY_EXISTS: i64 = 68;
    pub const OBJECT_CLASS_MODS_PROHIBITED: i64 = 69;
    pub const OTHER: i64 = 80;
    pub const CANCELED: i64 = 118;
    pub const NO_SUCH_OPERATION: i64 = 119;
    pub const CANNOT_CANCEL: i64 = 121;
    pub const ASSERTION_FAILED: i64 = 122;
    pub const AUTHORIZATION_DENIED: i64 = 123;
    pub const MECHANISM_UNAVAILABLE: i64 = 30_221_004;
    pub const DELIVERY_FAILED: i64 = 30_221_005;
    pub const INVALID_RECIPIENT_ID: i64 = 30_221_006;
    pub const INVALID_ACCOUNT_STATE: i64 = 30_221_007;
}

/// Names on the wire.
pub mod oid {
    pub const GENERATE_TOTP: &str = "1.3.6.1.4.1.30221.2.6.56";
    pub const GENERATE_TOTP_RESPONSE: &str = "1.3.6.1.4.1.30221.2.6.57";
    pub const REVOKE_TOTP: &str = "1.3.6.1.4.1.30221.2.6.58";
    pub const VALIDATE_TOTP: &str = "1.3.6.1.4.1.30221.2.6.15";
    pub const DELIVER_OTP: &str = "1.3.6.1.4.1.30221.2.6.24";
    pub const DELIVER_OTP_RESPONSE: &str = "1.3.6.1.4.1.30221.2.6.25";
    pub const DELIVER_RESET_TOKEN: &str = "1.3.6.1.4.1.30221.2.6.45";
    pub const DELIVER_RESET_TOKEN_RESPONSE: &str = "1.3.6.1.4.1.30221.2.6.46";
    pub const SUPPORTED_MECHANISMS: &str = "1.3.6.1.4.1.30221.2.6.47";
    pub const SUPPORTED_MECHANISMS_RESPONSE: &str = "1.3.6.1.4.1.30221.2.6.48";
    pub const DELIVER_TOKEN: &str = "1.3.6.1.4.1.30221.2.6.49";
    pub const DELIVER_TOKEN_RESPONSE: &str = "1.3.6.1.4.1.30221.2.6.50";
    pub const CONSUME_TOKEN: &str = "1.3.6.1.4.1.30221.2.6.51";
    pub const PASSWORD_MODIFY: &str = "1.3.6.1.4.1.4203.1.11.1";
    pub const GENERATE_PASSWORD: &str = "1.3.6.1.4.1.30221.2.6.62";
    pub const QUALITY_REQUIREMENTS: &str = "1.3.6.1.4.1.30221.2.6.43";
    pub const PASSWORD_POLICY: &str = "1.3.6.1.4.1.42.2.27.8.5.1";
    pub const REGISTER_YUBIKEY: &str = "1.3.6.1.4.1.30221.2.6.54";
    pub const DEREGISTER_YUBIKEY: &str = "1.3.6.1.4.1.30221.2.6.55";
    pub const GENERATE_RECOVERY: &str = "2.25.296566869065816028913783352829498204460.2.1";
    pub const COUNT_RECOVERY: &str = "2.25.296566869065816028913783352829498204460.2.2";
    pub const REVOKE_RECOVERY: &str = "2.25.296566869065816028913783352829498204460.2.3";
    pub const PASSWORD_EXPIRED: &str = "2.16.840.1.113730.3.4.4";
    pub const PASSWORD_EXPIRING: &str = "2.16.840.1.113730.3.4.5";
    pub const PASSWORD_POLICY_STATE: &str = "1.3.6.1.4.1.30221.1.6.1";
    pub const WHO_AM_I: &str = "1.3.6.1.4.1.4203.1.11.3";
    pub const START_TLS: &str = "1.3.6.1.4.1.1466.20037";
    pub const CANCEL: &str = "1.3.6.1.1.8";
    pub const NOTICE_OF_DISCONNECTION: &str = "1.3.6.1.4.1.1466.20036";
    pub const PAGED_RESULTS: &str = "1.2.840.113556.1.4.319";
    pub const ASSERTION: &str = "1.3.6.1.1.12";
    pub const PRE_READ: &str = "1.3.6.1.1.13.1";
    pub const POST_READ: &str = "1.3.6.1.1.13.2";
    pub const MANAGE_DSA_IT: &str = "2.16.840.1.113730.3.4.2";
    pub const SUBTREE_DELETE: &str = "1.2.840.113556.1.4.805";
    pub const PERMISSIVE_MODIFY: &str = "1.2.840.113556.1.4.1413";
}
