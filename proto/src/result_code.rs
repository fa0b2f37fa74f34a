//! LDAP result codes: the standard's, and those that the multi-factor operations add.

use std::fmt;

/// A result code; open, for a code this list does not name is still a code (RFC 4511 section 4.1.9).
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct ResultCode(pub i32);

macro_rules! codes {
    ($($(#[$doc:meta])* $constant:ident = $value:literal, $standard:literal, $sdk:literal;)*) => {
        impl ResultCode {
            $($(#[$doc])* pub const $constant: Self = Self($value);)*

            /// The standard's name (`invalidCredentials`), or `other` for a code without one.
            pub const fn standard_name(self) -> &'static str {
                match self.0 { $($value => $standard,)* _ => "other" }
            }

            /// The name in lower-case words as the LDAP SDK prints it (`invalid credentials`).
            pub const fn words(self) -> &'static str {
                match self.0 { $($value => $sdk,)* _ => "other" }
            }
        }
    };
}

codes! {
    /// RFC 4511 appendix A.
    SUCCESS = 0, "success", "success";
    /// RFC 4511 appendix A.
    OPERATIONS_ERROR = 1, "operationsError", "operations error";
    /// RFC 4511 appendix A.
    PROTOCOL_ERROR = 2, "protocolError", "protocol error";
    /// RFC 4511 appendix A.
    TIME_LIMIT_EXCEEDED = 3, "timeLimitExceeded", "time limit exceeded";
    /// RFC 4511 appendix A.
    SIZE_LIMIT_EXCEEDED = 4, "sizeLimitExceeded", "size limit exceeded";
    /// RFC 4511 appendix A.
    COMPARE_FALSE = 5, "compareFalse", "compare false";
    /// RFC 4511 appendix A.
    COMPARE_TRUE = 6, "compareTrue", "compare true";
    /// RFC 4511 appendix A.
    AUTH_METHOD_NOT_SUPPORTED = 7, "authMethodNotSupported", "auth method not supported";
    /// RFC 4511 appendix A.
    STRONGER_AUTH_REQUIRED = 8, "strongerAuthRequired", "strong auth required";
    /// RFC 4511 appendix A.
    ADMIN_LIMIT_EXCEEDED = 11, "adminLimitExceeded", "admin limit exceeded";
    /// RFC 4511 appendix A.
    UNAVAILABLE_CRITICAL_EXTENSION = 12, "unavailableCriticalExtension", "unavailable critical extension";
    /// RFC 4511 appendix A.
    CONFIDENTIALITY_REQUIRED = 13, "confidentialityRequired", "confidentiality required";
    /// RFC 4511 appendix A.
    SASL_BIND_IN_PROGRESS = 14, "saslBindInProgress", "sasl bind in progress";
    /// RFC 4511 appendix A.
    NO_SUCH_ATTRIBUTE = 16, "noSuchAttribute", "no such attribute";
    /// RFC 4511 appendix A.
    UNDEFINED_ATTRIBUTE_TYPE = 17, "undefinedAttributeType", "undefined attribute type";
    /// RFC 4511 appendix A.
    INAPPROPRIATE_MATCHING = 18, "inappropriateMatching", "inappropriate matching";
    /// RFC 4511 appendix A.
    CONSTRAINT_VIOLATION = 19, "constraintViolation", "constraint violation";
    /// RFC 4511 appendix A.
    ATTRIBUTE_OR_VALUE_EXISTS = 20, "attributeOrValueExists", "attribute or value exists";
    /// RFC 4511 appendix A.
    INVALID_ATTRIBUTE_SYNTAX = 21, "invalidAttributeSyntax", "invalid attribute syntax";
    /// RFC 4511 appendix A.
    NO_SUCH_OBJECT = 32, "noSuchObject", "no such object";
    /// RFC 4511 appendix A.
    INVALID_DN_SYNTAX = 34, "invalidDNSyntax", "invalid DN syntax";
    /// RFC 4511 appendix A.
    INAPPROPRIATE_AUTHENTICATION = 48, "inappropriateAuthentication", "inappropriate authentication";
    /// RFC 4511 appendix A.
    INVALID_CREDENTIALS = 49, "invalidCredentials", "invalid credentials";
    /// RFC 4511 appendix A.
    INSUFFICIENT_ACCESS_RIGHTS = 50, "insufficientAccessRights", "insufficient access rights";
    /// RFC 4511 appendix A.
    BUSY = 51, "busy", "busy";
    /// RFC 4511 appendix A.
    UNAVAILABLE = 52, "unavailable", "unavailable";
    /// RFC 4511 appendix A.
    UNWILLING_TO_PERFORM = 53, "unwillingToPerform", "unwilling to perform";
    /// RFC 4511 appendix A.
    NAMING_VIOLATION = 64, "namingViolation", "naming violation";
    /// RFC 4511 appendix A.
    OBJECT_CLASS_VIOLATION = 65, "objectClassViolation", "object class violation";
    /// RFC 4511 appendix A.
    NOT_ALLOWED_ON_NON_LEAF = 66, "notAllowedOnNonLeaf", "not allowed on non-leaf";
    /// RFC 4511 appendix A.
    NOT_ALLOWED_ON_RDN = 67, "notAllowedOnRDN", "not allowed on RDN";
    /// RFC 4511 appendix A.
    ENTRY_ALREADY_EXISTS = 68, "entryAlreadyExists", "entry already exists";
    /// RFC 4511 appendix A.
    OBJECT_CLASS_MODS_PROHIBITED = 69, "objectClassModsProhibited", "object class mods prohibited";
    /// RFC 4511 appendix A.
    AFFECTS_MULTIPLE_DSAS = 71, "affectsMultipleDSAs", "affects multiple DSAs";
    /// RFC 4511 appendix A.
    OTHER = 80, "other", "other";
    /// RFC 3909 section 2.3.
    CANCELED = 118, "canceled", "canceled";
    /// RFC 3909 section 2.3.
    NO_SUCH_OPERATION = 119, "noSuchOperation", "no such operation";
    /// RFC 3909 section 2.3.
    TOO_LATE = 120, "tooLate", "too late";
    /// RFC 3909 section 2.3.
    CANNOT_CANCEL = 121, "cannotCancel", "cannot cancel";
    /// RFC 4528 section 4.
    ASSERTION_FAILED = 122, "assertionFailed", "assertion failed";
    /// RFC 4370 section 4.
    AUTHORIZATION_DENIED = 123, "authorizationDenied", "authorization denied";
    /// None of the delivery mechanisms tried is supported for the user.
    TOKEN_DELIVERY_MECHANISM_UNAVAILABLE = 30221004, "tokenDeliveryMechanismUnavailable", "token delivery mechanism unavailable";
    /// Mechanisms were usable but every delivery attempt failed.
    TOKEN_DELIVERY_ATTEMPT_FAILED = 30221005, "tokenDeliveryAttemptFailed", "token delivery attempt failed";
    /// The recipient ID named by the client is not this user's.
    TOKEN_DELIVERY_INVALID_RECIPIENT_ID = 30221006, "tokenDeliveryInvalidRecipientID", "token delivery invalid recipient ID";
    /// The account is disabled, locked, expired or the like.
    TOKEN_DELIVERY_INVALID_ACCOUNT_STATE = 30221007, "tokenDeliveryInvalidAccountState", "token delivery invalid account state";
}

impl fmt::Display for ResultCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.0, self.standard_name())
    }
}

impl fmt::Debug for ResultCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}
