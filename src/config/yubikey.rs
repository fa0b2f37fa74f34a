//! `[yubikey]`: YubiKeys that type one-time passwords, and who judges them; `[[validation_client]]`: for whom this server judges.

use super::{SecretText, section::section, setting::words};

words! {
    /// Who judges the OTPs of YubiKeys.
    pub enum YubikeyJudge {
        /// This server.
        Local = "local",
        /// Validation servers.
        Remote = "remote",
        /// This server where it has the device's key, else validation servers.
        Both = "both",
    }
}

section! {
    /// YubiKeys that type one-time passwords.
    pub struct YubikeySettings {
        /// Who judges the OTPs: "local" (this server, by keys taken in with `countersign yubikey import`), "remote" (validation
        /// servers), or "both" (this server where it has the device's key, else validation servers).
        pub keys: YubikeyJudge = YubikeyJudge::Local;
        /// The validation servers (Yubico's protocol 2.0), all asked at once; https, or http on this machine.
        pub validation_urls: Vec<String> = vec!["https://api.yubico.com/wsapi/2.0/verify".to_owned()], if |list| !list.is_empty(), "a list of at least one address";
        /// Which client of the validation servers this is; a number that they give out.
        pub client_id: Option<u32> = None, example "87";
        /// The key that belongs to it, in base64: requests are signed with it, and answers without its signature are not believed.
        pub api_key: Option<SecretText> = None, example r#""bm9ib2R5J3Mga2V5""#;
        /// Whether the SASL mechanism asks for the static password too. Without it a YubiKey alone lets its owner in.
        pub require_static_password: bool = true;
        /// Whether a user who is authenticated may register a YubiKey by its OTP alone, subject to factors.self_service.
        pub self_registration_without_password: bool = true;
    }
}

section! {
    /// Clients of the validation server that this server is itself (Yubico's protocol 2.0, GET /wsapi/2.0/verify on the REST
    /// addresses): pam_yubico, ykclient and the like; one `[[validation_client]]` a client. It judges by the keys that are here, and
    /// an OTP that it takes is used up for binds too. Without a client there is no such server.
    pub struct ValidationClient {
        /// The number that the client calls itself.
        pub id: u32 = 0, if |id| *id > 0, "a whole number from 1 up", example "1";
        /// The key that the two share, in base64: answers are signed with it, and so are requests.
        pub api_key: Option<SecretText> = None, example r#""bm9ib2R5J3Mga2V5""#;
        /// Whether a request must be signed. A signature that is given must be right in any case.
        pub require_signature: bool = true;
    }
}
