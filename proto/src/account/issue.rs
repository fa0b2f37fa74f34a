//! What is worth saying about whether an account is usable: the numbers and names that the password policy state operation and
//! its control have for it.

use crate::text::Text;

/// A class of what is worth saying about whether an account is usable (operations 52 to 54).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum IssueClass {
    /// Of interest, no more.
    Notice,
    /// Leads to an error if nothing is done.
    Warning,
    /// The account cannot be used, or not for everything.
    Error,
}

macro_rules! issues {
    ($($(#[$doc:meta])* $constant:ident = $class:ident $code:literal, $name:literal;)*) => {
        /// Something worth saying about whether an account is usable.
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        pub struct Issue {
            /// How grave it is.
            pub class: IssueClass,
            /// Its number within the class.
            pub code: i64,
            /// Its name on the wire.
            pub name: &'static str,
        }

        impl Issue {
            $(#[doc = $name] pub const $constant: Self =
                Self { class: IssueClass::$class, code: $code, name: $name };)*
        }
    };
}

issues! {
    OUTSTANDING_RETIRED_PASSWORD = Notice 1, "outstanding-retired-password";
    OUTSTANDING_ONE_TIME_PASSWORD = Notice 2, "outstanding-one-time-password";
    OUTSTANDING_PASSWORD_RESET_TOKEN = Notice 3, "outstanding-password-reset-token";
    IN_MINIMUM_PASSWORD_AGE = Notice 4, "in-minimum-password-age";
    NO_STATIC_PASSWORD = Notice 5, "no-static-password";
    ACCOUNT_EXPIRING = Warning 1, "account-expiring";
    PASSWORD_EXPIRING = Warning 2, "password-expiring";
    OUTSTANDING_BIND_FAILURES = Warning 3, "outstanding-bind-failures";
    ACCOUNT_IDLE = Warning 4, "account-idle";
    REQUIRE_PASSWORD_CHANGE_BY_TIME = Warning 5, "require-password-change-by-time";
    DEPRECATED_PASSWORD_STORAGE_SCHEME = Warning 7, "deprecated-password-storage-scheme";
    ACCOUNT_DISABLED = Error 1, "account-disabled";
    ACCOUNT_NOT_YET_ACTIVE = Error 2, "account-not-yet-active";
    ACCOUNT_EXPIRED = Error 3, "account-expired";
    PERMANENTLY_LOCKED = Error 4, "account-permanently-locked-due-to-bind-failures";
    TEMPORARILY_LOCKED = Error 5, "account-temporarily-locked-due-to-bind-failures";
    IDLE_LOCKED = Error 6, "account-idle-locked";
    RESET_LOCKED = Error 7, "account-reset-locked";
    PASSWORD_EXPIRED = Error 8, "password-expired";
    PASSWORD_NOT_CHANGED_BY_REQUIRED_TIME = Error 9, "password-not-changed-by-required-time";
    PASSWORD_EXPIRED_WITH_GRACE_LOGINS = Error 10, "password-expired-with-grace-logins";
    MUST_CHANGE_PASSWORD = Error 11, "must-change-password";
    VALIDATION_LOCKED = Error 12, "account-validation-locked";
}

impl Issue {
    /// As operations 52 to 54 say it: `code=CODE TAB name=NAME TAB message=MESSAGE`.
    pub fn line(self, message: &str) -> Text {
        Text(format!("code={}\tname={}\tmessage={}", self.code, self.name, message.replace('\t', " ")))
    }
}
