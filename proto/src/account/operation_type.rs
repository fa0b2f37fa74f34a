//! The numbers of the password policy state operation: which part of an account's state each reads or changes.

macro_rules! types {
    ($($variant:ident = $number:literal, $name:literal;)*) => {
        /// What a state operation reads or changes. Whatever changes answers as the operation that reads.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
        #[repr(u8)]
        pub enum StateOperationType {
            $(#[doc = $name] $variant = $number,)*
        }

        impl StateOperationType {
            /// Every type, in the order of their numbers.
            pub const ALL: &[Self] = &[$(Self::$variant,)*];

            /// The type with this number.
            pub const fn of(number: i64) -> Option<Self> {
                match number { $($number => Some(Self::$variant),)* _ => None }
            }

            /// What it does, in words.
            pub const fn name(self) -> &'static str {
                match self { $(Self::$variant => $name,)* }
            }
        }
    };
}

types! {
    GetPasswordPolicyDn = 0, "get password policy DN";
    GetAccountDisabled = 1, "get account disabled";
    SetAccountDisabled = 2, "set account disabled";
    ClearAccountDisabled = 3, "clear account disabled";
    GetAccountExpirationTime = 4, "get account expiration time";
    SetAccountExpirationTime = 5, "set account expiration time";
    ClearAccountExpirationTime = 6, "clear account expiration time";
    GetSecondsUntilAccountExpiration = 7, "get seconds until account expiration";
    GetPasswordChangedTime = 8, "get password changed time";
    SetPasswordChangedTime = 9, "set password changed time";
    ClearPasswordChangedTime = 10, "clear password changed time";
    GetPasswordExpirationWarnedTime = 11, "get password expiration warned time";
    SetPasswordExpirationWarnedTime = 12, "set password expiration warned time";
    ClearPasswordExpirationWarnedTime = 13, "clear password expiration warned time";
    GetSecondsUntilPasswordExpiration = 14, "get seconds until password expiration";
    GetSecondsUntilPasswordExpirationWarning = 15, "get seconds until password expiration warning";
    GetAuthenticationFailureTimes = 16, "get authentication failure times";
    AddAuthenticationFailureTime = 17, "add authentication failure time";
    SetAuthenticationFailureTimes = 18, "set authentication failure times";
    ClearAuthenticationFailureTimes = 19, "clear authentication failure times";
    GetSecondsUntilAuthenticationFailureUnlock = 20, "get seconds until authentication failure unlock";
    GetRemainingAuthenticationFailureCount = 21, "get remaining authentication failure count";
    GetLastLoginTime = 22, "get last login time";
    SetLastLoginTime = 23, "set last login time";
    ClearLastLoginTime = 24, "clear last login time";
    GetSecondsUntilIdleLockout = 25, "get seconds until idle lockout";
    GetPasswordResetState = 26, "get password reset state";
    SetPasswordResetState = 27, "set password reset state";
    ClearPasswordResetState = 28, "clear password reset state";
    GetSecondsUntilPasswordResetLockout = 29, "get seconds until password reset lockout";
    GetGraceLoginUseTimes = 30, "get grace login use times";
    AddGraceLoginUseTime = 31, "add grace login use time";
    SetGraceLoginUseTimes = 32, "set grace login use times";
    ClearGraceLoginUseTimes = 33, "clear grace login use times";
    GetRemainingGraceLoginCount = 34, "get remaining grace login count";
    GetPasswordChangedByRequiredTime = 35, "get password changed by required time";
    SetPasswordChangedByRequiredTime = 36, "set password changed by required time";
    ClearPasswordChangedByRequiredTime = 37, "clear password changed by required time";
    GetSecondsUntilRequiredChangeTime = 38, "get seconds until required change time";
    GetPasswordHistory = 39, "get password history";
    ClearPasswordHistory = 40, "clear password history";
    HasRetiredPassword = 41, "has retired password";
    GetPasswordRetiredTime = 42, "get password retired time";
    GetRetiredPasswordExpirationTime = 43, "get retired password expiration time";
    PurgeRetiredPassword = 44, "purge retired password";
    GetAccountActivationTime = 45, "get account activation time";
    SetAccountActivationTime = 46, "set account activation time";
    ClearAccountActivationTime = 47, "clear account activation time";
    GetSecondsUntilAccountActivation = 48, "get seconds until account activation";
    GetLastLoginIpAddress = 49, "get last login IP address";
    SetLastLoginIpAddress = 50, "set last login IP address";
    ClearLastLoginIpAddress = 51, "clear last login IP address";
    GetAccountUsabilityNotices = 52, "get account usability notices";
    GetAccountUsabilityWarnings = 53, "get account usability warnings";
    GetAccountUsabilityErrors = 54, "get account usability errors";
    GetAccountIsUsable = 55, "get account is usable";
    GetAccountIsNotYetActive = 56, "get account is not yet active";
    GetAccountIsExpired = 57, "get account is expired";
    GetPasswordExpirationTime = 58, "get password expiration time";
    GetAccountIsFailureLocked = 59, "get account is failure locked";
    SetAccountIsFailureLocked = 60, "set account is failure locked";
    GetFailureLockoutTime = 61, "get failure lockout time";
    GetAccountIsIdleLocked = 62, "get account is idle locked";
    GetIdleLockoutTime = 63, "get idle lockout time";
    GetAccountIsResetLocked = 64, "get account is reset locked";
    GetResetLockoutTime = 65, "get reset lockout time";
    GetPasswordHistoryCount = 66, "get password history count";
    GetPasswordIsExpired = 67, "get password is expired";
    GetAvailableSaslMechanisms = 68, "get available SASL mechanisms";
    GetAvailableOtpDeliveryMechanisms = 69, "get available OTP delivery mechanisms";
    HasTotpSharedSecret = 70, "has TOTP shared secret";
    GetRegisteredYubiKeyPublicIds = 71, "get registered YubiKey public IDs";
    AddRegisteredYubiKeyPublicId = 72, "add registered YubiKey public ID";
    RemoveRegisteredYubiKeyPublicId = 73, "remove registered YubiKey public ID";
    SetRegisteredYubiKeyPublicIds = 74, "set registered YubiKey public IDs";
    ClearRegisteredYubiKeyPublicIds = 75, "clear registered YubiKey public IDs";
    AddTotpSharedSecret = 76, "add TOTP shared secret";
    RemoveTotpSharedSecret = 77, "remove TOTP shared secret";
    SetTotpSharedSecrets = 78, "set TOTP shared secrets";
    ClearTotpSharedSecrets = 79, "clear TOTP shared secrets";
    HasRegisteredYubiKeyPublicId = 80, "has registered YubiKey public ID";
    HasStaticPassword = 81, "has static password";
    GetLastBindPasswordValidationTime = 82, "get last bind password validation time";
    GetSecondsSinceLastBindPasswordValidation = 83, "get seconds since last bind password validation";
    SetLastBindPasswordValidationTime = 84, "set last bind password validation time";
    ClearLastBindPasswordValidationTime = 85, "clear last bind password validation time";
    GetAccountIsValidationLocked = 86, "get account is validation locked";
    SetAccountIsValidationLocked = 87, "set account is validation locked";
    GetRecentLoginHistory = 88, "get recent login history";
    ClearRecentLoginHistory = 89, "clear recent login history";
}

impl StateOperationType {
    /// The number on the wire.
    pub const fn number(self) -> i64 {
        self as i64
    }

    /// Whether it only reads.
    pub fn reads(self) -> bool {
        self.name().starts_with("get") || self.name().starts_with("has")
    }
}
