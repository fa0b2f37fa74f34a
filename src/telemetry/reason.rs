//! Why something was refused, as the log says it: one list, for the audit line, for whoever reads it, and for tests. The client
//! never sees these. A reason may carry a detail after a colon: `clock-off:+3`.

macro_rules! reasons {
    ($( $(#[doc = $doc:literal])+ $NAME:ident = $word:literal; )+) => {
        $( $(#[doc = $doc])+ pub const $NAME: &str = $word; )+

        /// Every reason with its meaning.
        pub const ALL: &[(&str, &str)] = &[ $( ($word, concat!($($doc),+)), )+ ];
    };
}

reasons! {
    /// No entry has this name or authentication ID.
    NO_SUCH_USER = "no-such-user";
    /// The authentication ID names more than one entry.
    AMBIGUOUS_USER = "ambiguous-user";
    /// The connection itself proves nobody: no Unix socket, or a peer that is neither the server's own user nor root.
    NO_EXTERNAL_IDENTITY = "no-external-identity";
    /// The static password is not the account's.
    WRONG_PASSWORD = "wrong-password";
    /// The account has no static password.
    NO_PASSWORD = "no-password";
    /// The stored password is in a form that this server does not know, or whose work factor is out of bounds.
    UNUSABLE_HASH = "unusable-hash";
    /// The password was right, but the code that has to follow it was missing.
    CODE_MISSING = "code-missing";
    /// The code belongs to no time step in the window.
    WRONG_CODE = "wrong-code";
    /// The code was right, and was spent before.
    CODE_ALREADY_USED = "code-already-used";
    /// The code is right for a step outside the window; how many steps its clock is off follows: `clock-off:+3`.
    CLOCK_OFF = "clock-off";
    /// The account is locked after too many wrong passwords.
    LOCKED = "locked";
    /// The second factor is locked after too many wrong codes.
    FACTOR_LOCKED = "factor-locked";
    /// The second factor is closed until somebody resets it.
    FACTOR_CLOSED = "factor-closed";
    /// The account has no active factor of the kind that the mechanism asks for.
    NO_FACTOR = "no-factor";
    /// Changing a factor needs a proof of the second factor.
    SECOND_FACTOR_NEEDED = "second-factor-needed";
    /// That was the account's last recovery code: it is time to make new ones.
    NO_RECOVERY_CODE_LEFT = "no-recovery-code-left";
    /// A policy refused it; its name follows: `policy:RULE`.
    POLICY = "policy";
    /// The password is right and has expired.
    PASSWORD_EXPIRED = "password-expired";
    /// The password was set by somebody else and must be changed before anything else.
    MUST_CHANGE_PASSWORD = "must-change-password";
    /// Not from this address.
    NOT_FROM_HERE = "not-from-here";
    /// The token has expired.
    TOKEN_EXPIRED = "token-expired";
    /// The access token was handed out before the password, a factor or the account changed.
    TOKEN_REVOKED = "token-revoked";
    /// The bearer token is none that is taken; what is wrong with it follows: `bad-token:signature`.
    BAD_TOKEN = "bad-token";
    /// The bearer token has none of the scopes that are asked for.
    INSUFFICIENT_SCOPE = "insufficient-scope";
    /// The keys of the tokens' issuer cannot be had.
    KEYS_UNAVAILABLE = "keys-unavailable";
    /// The YubiKey's key is not here, and no validation server is set up.
    NO_KEY = "no-key";
    /// No code or token of this kind is outstanding: none was sent, or it was used, replaced or given up.
    NOT_OUTSTANDING = "not-outstanding";
    /// The token is not the one that was sent.
    WRONG_TOKEN = "wrong-token";
    /// No delivery mechanism can reach the user.
    NO_MECHANISM = "no-mechanism";
    /// The recipient ID is none of the user's.
    FOREIGN_RECIPIENT = "foreign-recipient";
    /// No delivery mechanism took the message; the notices before say why.
    NOT_DELIVERED = "not-delivered";
    /// Too many messages were sent to the user or the recipient.
    TOO_MANY_MESSAGES = "too-many-messages";
    /// A validation server did not answer.
    VALIDATION_UNAVAILABLE = "validation-unavailable";
    /// The validation servers refuse this server as their client: its settings are wrong.
    VALIDATION_REFUSED = "validation-refused";
    /// What the decision rests on could not be recorded durably.
    NOT_RECORDED = "not-recorded";
    /// The password would have crossed a connection that is not encrypted.
    NOT_CONFIDENTIAL = "not-confidential";
    /// The requester lacks the right or the privilege.
    NOT_ALLOWED = "not-allowed";
    /// Too much is queued.
    BUSY = "busy";
}

/// The word of the list that a reason begins with, without its detail; `other` for one that is not in the list.
pub fn word(reason: &str) -> &'static str {
    let word = reason.split(':').next().unwrap_or_default();
    ALL.iter().map(|(known, _)| *known).find(|known| *known == word).unwrap_or("other")
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]
    use super::{ALL, word};

    #[test]
    fn a_detail_is_no_part_of_the_word() {
        assert_eq!((word("clock-off:+3"), word("locked"), word("nonsense")), ("clock-off", "locked", "other"));
    }

    #[test]
    fn every_reason_is_one_word_of_its_own_and_has_a_meaning() {
        for (index, (word, meaning)) in ALL.iter().enumerate() {
            assert!(word.bytes().all(|octet| octet.is_ascii_lowercase() || octet == b'-'), "{word}");
            assert!(meaning.trim().ends_with(['.', '`']), "{word}: {meaning}");
            assert!(!ALL.iter().skip(index + 1).any(|(other, _)| other == word), "{word} twice");
        }
    }
}
