//! Every object identifier on the wire, once, by its standard name. Which of them a server supports is not said here.

/// Notice of disconnection (RFC 4511 section 4.4.1).
pub const NOTICE_OF_DISCONNECTION: &str = "1.3.6.1.4.1.1466.20036";

// Extended operations.

/// StartTLS (RFC 4511 section 4.14).
pub const START_TLS: &str = "1.3.6.1.4.1.1466.20037";
/// Cancel (RFC 3909).
pub const CANCEL: &str = "1.3.6.1.1.8";
/// Password modify (RFC 3062).
pub const PASSWORD_MODIFY: &str = "1.3.6.1.4.1.4203.1.11.1";
/// Who am I? (RFC 4532).
pub const WHO_AM_I: &str = "1.3.6.1.4.1.4203.1.11.3";
/// Password policy state (UnboundID).
pub const PASSWORD_POLICY_STATE: &str = "1.3.6.1.4.1.30221.1.6.1";
/// Validate TOTP password (UnboundID).
pub const VALIDATE_TOTP_PASSWORD: &str = "1.3.6.1.4.1.30221.2.6.15";
/// Deliver one-time password, request (UnboundID).
pub const DELIVER_ONE_TIME_PASSWORD: &str = "1.3.6.1.4.1.30221.2.6.24";
/// Deliver one-time password, response of a success (UnboundID).
pub const DELIVER_ONE_TIME_PASSWORD_RESPONSE: &str = "1.3.6.1.4.1.30221.2.6.25";
/// Get password quality requirements, request (UnboundID).
pub const GET_PASSWORD_QUALITY_REQUIREMENTS: &str = "1.3.6.1.4.1.30221.2.6.43";
/// Get password quality requirements, response of a success (UnboundID).
pub const GET_PASSWORD_QUALITY_REQUIREMENTS_RESPONSE: &str = "1.3.6.1.4.1.30221.2.6.44";
/// Deliver password reset token, request (UnboundID).
pub const DELIVER_PASSWORD_RESET_TOKEN: &str = "1.3.6.1.4.1.30221.2.6.45";
/// Deliver password reset token, response of a success (UnboundID).
pub const DELIVER_PASSWORD_RESET_TOKEN_RESPONSE: &str = "1.3.6.1.4.1.30221.2.6.46";
/// Get supported OTP delivery mechanisms, request (UnboundID).
pub const GET_SUPPORTED_OTP_DELIVERY_MECHANISMS: &str = "1.3.6.1.4.1.30221.2.6.47";
/// Get supported OTP delivery mechanisms, response of a success (UnboundID).
pub const GET_SUPPORTED_OTP_DELIVERY_MECHANISMS_RESPONSE: &str = "1.3.6.1.4.1.30221.2.6.48";
/// Deliver single-use token, request (UnboundID).
pub const DELIVER_SINGLE_USE_TOKEN: &str = "1.3.6.1.4.1.30221.2.6.49";
/// Deliver single-use token, response of a success (UnboundID).
pub const DELIVER_SINGLE_USE_TOKEN_RESPONSE: &str = "1.3.6.1.4.1.30221.2.6.50";
/// Consume single-use token (UnboundID).
pub const CONSUME_SINGLE_USE_TOKEN: &str = "1.3.6.1.4.1.30221.2.6.51";
/// Register YubiKey OTP device (UnboundID).
pub const REGISTER_YUBIKEY_OTP_DEVICE: &str = "1.3.6.1.4.1.30221.2.6.54";
/// Deregister YubiKey OTP device (UnboundID).
pub const DEREGISTER_YUBIKEY_OTP_DEVICE: &str = "1.3.6.1.4.1.30221.2.6.55";
/// Generate TOTP shared secret, request (UnboundID).
pub const GENERATE_TOTP_SHARED_SECRET: &str = "1.3.6.1.4.1.30221.2.6.56";
/// Generate TOTP shared secret, response of a success (UnboundID).
pub const GENERATE_TOTP_SHARED_SECRET_RESPONSE: &str = "1.3.6.1.4.1.30221.2.6.57";
/// Revoke TOTP shared secret (UnboundID).
pub const REVOKE_TOTP_SHARED_SECRET: &str = "1.3.6.1.4.1.30221.2.6.58";
/// Generate password, request (UnboundID).
pub const GENERATE_PASSWORD: &str = "1.3.6.1.4.1.30221.2.6.62";
/// Generate password, response of a success (UnboundID).
pub const GENERATE_PASSWORD_RESPONSE: &str = "1.3.6.1.4.1.30221.2.6.63";

// Extended operations of our own, below the arc that the schema's attributes stand below too (a UUID, X.667).

/// Generate recovery codes.
pub const GENERATE_RECOVERY_CODES: &str = "2.25.296566869065816028913783352829498204460.2.1";
/// Count recovery codes.
pub const COUNT_RECOVERY_CODES: &str = "2.25.296566869065816028913783352829498204460.2.2";
/// Revoke recovery codes.
pub const REVOKE_RECOVERY_CODES: &str = "2.25.296566869065816028913783352829498204460.2.3";

// Controls.

/// Password policy (draft-behera-ldap-password-policy), request and response.
pub const PASSWORD_POLICY: &str = "1.3.6.1.4.1.42.2.27.8.5.1";
/// Password expired (draft-vchu-ldap-pwd-policy), response.
pub const PASSWORD_EXPIRED: &str = "2.16.840.1.113730.3.4.4";
/// Password expiring (draft-vchu-ldap-pwd-policy), response.
pub const PASSWORD_EXPIRING: &str = "2.16.840.1.113730.3.4.5";
/// Authorization identity, request (RFC 3829).
pub const AUTHORIZATION_IDENTITY_REQUEST: &str = "2.16.840.1.113730.3.4.16";
/// Authorization identity, response (RFC 3829).
pub const AUTHORIZATION_IDENTITY_RESPONSE: &str = "2.16.840.1.113730.3.4.15";
/// Retain identity (UnboundID).
pub const RETAIN_IDENTITY: &str = "1.3.6.1.4.1.30221.2.5.3";
/// Retire password (UnboundID).
pub const RETIRE_PASSWORD: &str = "1.3.6.1.4.1.30221.2.5.31";
/// Purge password (UnboundID).
pub const PURGE_PASSWORD: &str = "1.3.6.1.4.1.30221.2.5.32";
/// Password validation details, request (UnboundID).
pub const PASSWORD_VALIDATION_DETAILS_REQUEST: &str = "1.3.6.1.4.1.30221.2.5.40";
/// Password validation details, response (UnboundID).
pub const PASSWORD_VALIDATION_DETAILS_RESPONSE: &str = "1.3.6.1.4.1.30221.2.5.41";
/// Get recent login history, request (UnboundID).
pub const GET_RECENT_LOGIN_HISTORY_REQUEST: &str = "1.3.6.1.4.1.30221.2.5.61";
/// Get recent login history, response (UnboundID): JSON text, not BER.
pub const GET_RECENT_LOGIN_HISTORY_RESPONSE: &str = "1.3.6.1.4.1.30221.2.5.62";
/// Generate access token, request (UnboundID).
pub const GENERATE_ACCESS_TOKEN: &str = "1.3.6.1.4.1.30221.2.5.67";
/// Generate access token, response (UnboundID).
pub const GENERATE_ACCESS_TOKEN_RESPONSE: &str = "1.3.6.1.4.1.30221.2.5.68";
/// Proxied authorization, version 1 (draft-weltman-ldapv3-proxy).
pub const PROXIED_AUTHORIZATION_V1: &str = "2.16.840.1.113730.3.4.12";
/// Proxied authorization, version 2 (RFC 4370).
pub const PROXIED_AUTHORIZATION_V2: &str = "2.16.840.1.113730.3.4.18";
/// Assertion (RFC 4528).
pub const ASSERTION: &str = "1.3.6.1.1.12";
/// Pre-read, request and response (RFC 4527).
pub const PRE_READ: &str = "1.3.6.1.1.13.1";
/// Post-read, request and response (RFC 4527).
pub const POST_READ: &str = "1.3.6.1.1.13.2";
/// Simple paged results, request and response (RFC 2696).
pub const PAGED_RESULTS: &str = "1.2.840.113556.1.4.319";
/// ManageDsaIT (RFC 3296).
pub const MANAGE_DSA_IT: &str = "2.16.840.1.113730.3.4.2";
/// Permissive modify (Microsoft).
pub const PERMISSIVE_MODIFY: &str = "1.2.840.113556.1.4.1413";
/// Subtree delete (draft-armijo-ldap-treedelete).
pub const SUBTREE_DELETE: &str = "1.2.840.113556.1.4.805";

// Features (RFC 3674).

/// All operational attributes by `+` (RFC 3673).
pub const FEATURE_ALL_OPERATIONAL_ATTRIBUTES: &str = "1.3.6.1.4.1.4203.1.5.1";
/// Object class attribute sets, `@class` (RFC 4529).
pub const FEATURE_OBJECT_CLASS_ATTRIBUTES: &str = "1.3.6.1.4.1.4203.1.5.2";
/// Absolute true and false filters (RFC 4526).
pub const FEATURE_TRUE_FALSE_FILTERS: &str = "1.3.6.1.4.1.4203.1.5.3";
/// Modify-increment (RFC 4525).
pub const FEATURE_MODIFY_INCREMENT: &str = "1.3.6.1.1.14";
