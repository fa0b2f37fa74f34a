//! `[login_history]`: how much is kept of the recent logins of each account.

use std::time::Duration;

use super::section::section;

section! {
    /// The recent logins of each account, for its user, administrators and `countersign explain`: when, how, from where, and why
    /// one failed; never what was presented. Those alike on one day are one line with a count.
    pub struct LoginHistorySettings {
        /// Lines of failed logins that are kept, up to 100; 0 keeps none. They cost no write of their own: a failure is recorded
        /// in any case.
        pub failures: u32 = 10, if |count| *count <= 100, "a whole number from 0 to 100";
        /// Lines of successful logins that are kept, up to 100; 0 keeps none. With any, each bind writes, also one by a password
        /// alone, which otherwise writes nothing.
        pub successes: u32 = 0, if |count| *count <= 100, "a whole number from 0 to 100";
        /// How long a line is kept; "0s" is until others take its place.
        pub max_age: Duration = Duration::from_secs(90 * 86_400);
    }
}
