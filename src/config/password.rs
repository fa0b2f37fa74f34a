//! `[password]` and the sections within it: how passwords are kept, what new ones must be like, and how the server makes some.

use std::{path::PathBuf, time::Duration};

use super::{
    moment::Moment,
    section::{Reading, section},
    setting::words,
};

words! {
    /// How new passwords are hashed.
    pub enum PasswordScheme {
        /// Argon2id with 19 MiB, 2 passes, 1 lane.
        Argon2id = "argon2id",
        /// PBKDF2 with HMAC-SHA-256, 600,000 rounds.
        Pbkdf2Sha256 = "pbkdf2-sha256",
        /// PBKDF2 with HMAC-SHA-512, 210,000 rounds.
        Pbkdf2Sha512 = "pbkdf2-sha512",
        /// Salted SHA-512: fast, so that stolen hashes are guessed fast too.
        Ssha512 = "ssha512",
        /// Salted SHA-256: as fast.
        Ssha256 = "ssha256",
        /// Salted SHA-1: as fast, and old.
        Ssha = "ssha",
    }
}

section! {
    /// Static passwords.
    pub struct PasswordSettings {
        /// How new passwords are hashed: "argon2id", "pbkdf2-sha256", "pbkdf2-sha512", or the fast and weak "ssha512",
        /// "ssha256", "ssha". All known schemes are verified.
        pub scheme: PasswordScheme = PasswordScheme::Argon2id;
        /// How many former passwords must not be used again, up to 24; the present one counts too. 0 keeps none.
        pub history: u32 = 0, if |count| *count <= 24, "a whole number from 0 to 24";
        /// How long a password must have been used before its user may change it again; "0s" is no time.
        pub min_age: Duration = Duration::ZERO;
        /// How long a password is good; "0s" is for ever.
        pub max_age: Duration = Duration::ZERO;
        /// A moment by which everybody must have changed their password, while this line stands here; whoever has not finds it
        /// expired.
        pub change_by: Option<Moment> = None, example r#""2027-01-31T00:00:00Z""#;
        /// How long before a password expires its user is warned, by the controls of a bind.
        pub warn_before: Duration = Duration::from_secs(5 * 86_400);
        /// How often an expired password still binds.
        pub grace_logins: u32 = 0, if |count| *count <= 100, "a whole number from 0 to 100";
        /// How long the password before the present one still binds, where the change asked for that by the retire password
        /// control; "0s" never.
        pub retired_for: Duration = Duration::ZERO;
        /// Whether an expired password may still be changed by its user: the old one is then good for that alone.
        pub change_expired: bool = true;
        /// Whether a password that somebody else set must be changed by its user before anything else.
        pub change_after_reset: bool = false;
        /// The same of the password that an entry is added with.
        pub change_after_add: bool = false;
        /// How long a password that must be changed waits for its user; then the account is locked. "0s" is for ever.
        pub change_within: Duration = Duration::ZERO;
        /// Whether users may change their own password. One that must be changed first may be changed all the same.
        pub user_changes: bool = true;
        /// Whether users who change their own password must give the present one, even when they are authenticated.
        pub current_password_required: bool = false;
        /// Whether a good bind replaces a hash of another scheme by one of this scheme.
        pub rehash_on_bind: bool = false;
        /// Threads that compute hashes; 0 is one per processor.
        pub hashing_threads: u32 = 0, if |count| *count <= 1024, "a whole number from 0 to 1024";
        /// Hashes that may wait for a thread; beyond it binds are answered with busy.
        pub hashing_queue: u32 = 256, if |count| *count > 0, "a whole number from 1 up";
    }
}

section! {
    /// What a new password must be like, whoever sets it; one that is set as a hash cannot be judged. Without any of these every
    /// password is taken. NIST SP 800-63B asks for min_length 8 at least and a dictionary.
    pub struct PasswordValidatorSettings {
        /// Characters at least; 0 asks for none.
        pub min_length: u32 = 0, if |count| *count <= 1024, "a whole number from 0 to 1024";
        /// Characters at most; 0 is as many as any password may have, 1024 octets.
        pub max_length: u32 = 0, if |count| *count <= 1024, "a whole number from 0 to 1024";
        /// Of how many of the four classes a password must have characters: small letters, capitals, digits, others.
        pub min_classes: u32 = 0, if |count| *count <= 4, "a whole number from 0 to 4";
        /// Small letters at least.
        pub min_lowercase: u32 = 0, if |count| *count <= 1024, "a whole number from 0 to 1024";
        /// Capitals at least.
        pub min_uppercase: u32 = 0, if |count| *count <= 1024, "a whole number from 0 to 1024";
        /// Digits at least.
        pub min_digits: u32 = 0, if |count| *count <= 1024, "a whole number from 0 to 1024";
        /// Characters that are neither letters nor digits, at least.
        pub min_symbols: u32 = 0, if |count| *count <= 1024, "a whole number from 0 to 1024";
        /// How often one character may stand in a row; 0 is no limit.
        pub max_repeated: u32 = 0;
        /// Different characters at least.
        pub min_unique: u32 = 0, if |count| *count <= 1024, "a whole number from 0 to 1024";
        /// Characters that a password must not have.
        pub forbidden_characters: String = String::new();
        /// Regular expressions that a password must match, all of them.
        pub required_patterns: Vec<String> = Vec::new();
        /// Regular expressions that a password must not match.
        pub forbidden_patterns: Vec<String> = Vec::new();
        /// Attributes whose values are no passwords, whatever the case, nor backwards; one of 4 characters or more not even
        /// within a password.
        pub attribute_values: Vec<String> = Vec::new(), example r#"["uid", "cn", "sn", "givenName", "mail", "telephoneNumber"]"#;
        /// A list of words that are no passwords, one a line, whatever the case, backwards, or with digits and signs around
        /// them. Read at the start and on SIGHUP.
        pub dictionary_file: Option<PathBuf> = None, example r#""/usr/share/dict/words""#;
        /// By how many characters a password must differ from the one it replaces, where that is given with it; 0 asks for none.
        pub min_difference: u32 = 0, if |count| *count <= 1024, "a whole number from 0 to 1024";
    }
}

section! {
    /// How the server makes passwords: for a password modify without a new one, and for generate password.
    pub struct PasswordGeneratorSettings {
        /// Characters, 8 to 128.
        pub length: u32 = 16, if |count| (8..=128).contains(count), "a whole number from 8 to 128";
        /// The characters to draw from; the default leaves out what people take for one another.
        pub characters: String = "abcdefghijkmnpqrstuvwxyzABCDEFGHJKLMNPQRSTUVWXYZ23456789".to_owned(), if |text| can_draw(text), "10 to 95 different characters of ASCII that can be seen";
    }
}

fn can_draw(text: &str) -> bool {
    let distinct: std::collections::HashSet<char> = text.chars().collect();
    text.chars().all(|letter| letter.is_ascii_graphic() || letter == ' ')
        && distinct.len() == text.len()
        && text.len() >= 10
}

impl PasswordGeneratorSettings {
    /// What is made must be able to keep the rules.
    pub(super) fn relate(&self, rules: &PasswordValidatorSettings, reading: &mut Reading<'_>) {
        let mut refuse = |sentence: &str| {
            reading.refuse(
                None,
                "password.generator",
                format!("cannot make what [password.validators] asks for: {sentence}"),
            );
        };
        if self.length < rules.min_length || rules.max_length > 0 && self.length > rules.max_length {
            refuse("length is not within min_length and max_length");
        }
        let has = |class: fn(&char) -> bool| self.characters.chars().any(|letter| class(&letter));
        let classes = [
            (rules.min_lowercase, has(char::is_ascii_lowercase), "small letters"),
            (rules.min_uppercase, has(char::is_ascii_uppercase), "capitals"),
            (rules.min_digits, has(char::is_ascii_digit), "digits"),
            (rules.min_symbols, has(|letter| !letter.is_ascii_alphanumeric()), "other characters"),
        ];
        for (asked, has, name) in classes {
            if asked > 0 && !has {
                refuse(&format!("characters has no {name}"));
            }
        }
        let present = classes.iter().filter(|(_, has, _)| *has).count();
        if usize::try_from(rules.min_classes).is_ok_and(|asked| asked > present) {
            refuse("characters has fewer classes than min_classes");
        }
    }
}
