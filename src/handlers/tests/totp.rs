//! Generating, revoking and validating, row by row of ldap-wire.md 4.1 to 4.3.

use countersign_proto::{
    text::DnText,
    totp::{RevokeTotpSharedSecretRequest, ValidateTotpPasswordRequest},
};

use super::*;
use crate::config::SelfService;

const KIM_ID: &str = "dn:uid=kim,ou=people,dc=example,dc=com";

impl Site {
    async fn generate(&self, caller: &Caller, id: Option<&str>, password: Option<&[u8]>) -> Result<Vec<u8>> {
        let request = GenerateTotpSharedSecretRequest {
            authentication_id: id.map(Text::from),
            static_password: password.map(Secret::new),
        };
        let outcome = request.perform(&self.context, caller).await?;
        let text = outcome.totp_shared_secret.expose_text().unwrap();
        assert!(text.len() == 32 && text.bytes().all(|octet| b"ABCDEFGHIJKLMNOPQRSTUVWXYZ234567".contains(&octet)));
        Ok(secret_from_base32(text).unwrap())
    }

    async fn revoke(
        &self,
        caller: &Caller,
        id: Option<&str>,
        password: Option<&[u8]>,
        secret: Option<&str>,
    ) -> Result<()> {
        let request = RevokeTotpSharedSecretRequest {
            authentication_id: id.map(Text::from),
            static_password: password.map(Secret::new),
            totp_shared_secret: secret.map(Secret::new),
        };
        request.perform(&self.context, caller).await.map(drop)
    }

    async fn validate(&self, caller: &Caller, dn: &str, code: &str) -> Result<()> {
        let request = ValidateTotpPasswordRequest { user_dn: DnText::from(dn), totp_password: Secret::new(code) };
        request.perform(&self.context, caller).await.map(drop)
    }

    async fn secrets(&self) -> usize {
        self.record(KIM).await.factors.len()
    }
}

#[tokio::test]
async fn the_first_secret_needs_the_password_alone_and_a_further_one_a_proof_of_the_factor() {
    let site = Site::new().await;
    let anonymous = site.anonymous();
    let first = site.generate(&anonymous, Some(KIM_ID), Some(PASSWORD)).await.unwrap();
    assert_eq!(refused(site.generate(&anonymous, Some(KIM_ID), Some(PASSWORD)).await), "second-factor-needed");
    let second = site.generate(&anonymous, Some("u:kim"), Some(&site.field(&first, 0))).await.unwrap();
    assert_eq!(
        refused(site.generate(&anonymous, Some("u:kim"), Some(&site.field(&first, 0))).await),
        "code-already-used"
    );
    let itself = site.caller(KIM, Strength::TwoFactors).await;
    site.generate(&itself, None, Some(PASSWORD)).await.unwrap();
    let gateway = site.caller(ADMIN, Strength::One).await;
    site.generate(&gateway, Some(KIM_ID), Some(PASSWORD)).await.unwrap();
    assert_eq!(site.secrets().await, 4);
    assert!(site.bind(KIM, site.field(&second, 0)).await.is_ok(), "each secret has its own ledger");
}

#[tokio::test]
async fn the_literal_rule_asks_for_the_password_alone() {
    let site = Site::with(|config| config.factors.self_service = SelfService::Password).await;
    for _ in 0..2 {
        site.generate(&site.anonymous(), Some(KIM_ID), Some(PASSWORD)).await.unwrap();
    }
    site.revoke(&site.anonymous(), Some(KIM_ID), Some(PASSWORD), None).await.unwrap();
    assert_eq!(site.secrets().await, 0);
}

#[tokio::test]
async fn generate_refuses_whoever_may_not() {
    let site = Site::new().await;
    let (anonymous, kim) = (site.anonymous(), site.caller(KIM, Strength::TwoFactors).await);
    let admin = site.caller(ADMIN, Strength::One).await;
    assert_eq!(refused(site.generate(&anonymous, Some("u:nobody"), Some(PASSWORD)).await), "no-such-user");
    assert_eq!(refused(site.generate(&anonymous, None, Some(PASSWORD)).await), "no-such-user");
    assert_eq!(refused(site.generate(&anonymous, Some(""), Some(PASSWORD)).await), "no-such-user");
    assert_eq!(refused(site.generate(&kim, None, Some(b"")).await), "wrong-password");
    assert_eq!(refused(site.generate(&kim, None, Some(b"wrong")).await), "wrong-password");
    assert_eq!(site.record(KIM).await.password_failures.count, 2);
    for (caller, id, expected) in [
        (&anonymous, KIM_ID, ResultCode::INSUFFICIENT_ACCESS_RIGHTS),
        (&anonymous, "u:nobody", ResultCode::INSUFFICIENT_ACCESS_RIGHTS),
        (&kim, KIM_ID, ResultCode::UNWILLING_TO_PERFORM),
        (&kim, "u:admin", ResultCode::INSUFFICIENT_ACCESS_RIGHTS),
        (&kim, "u:nobody", ResultCode::INSUFFICIENT_ACCESS_RIGHTS),
        (&admin, "u:nobody", ResultCode::NO_SUCH_OBJECT),
        (&admin, "u:admin", ResultCode::UNWILLING_TO_PERFORM),
        (&admin, "dn:cn=Directory Manager", ResultCode::UNWILLING_TO_PERFORM),
        (&kim, "dn:cn=Directory Manager", ResultCode::INSUFFICIENT_ACCESS_RIGHTS),
        (&admin, "u:wiki", ResultCode::UNWILLING_TO_PERFORM),
    ] {
        assert_eq!(code(site.generate(caller, Some(id), None).await), expected, "{} {id}", caller.dn());
    }
}

#[tokio::test]
async fn an_account_has_ten_secrets_at_most() {
    let site = Site::new().await;
    let root = site.caller(ROOT, Strength::One).await;
    for _ in 0..10 {
        site.generate(&root, Some(KIM_ID), None).await.unwrap();
    }
    assert_eq!(code(site.generate(&root, Some(KIM_ID), None).await), ResultCode::UNWILLING_TO_PERFORM);
}

#[tokio::test]
async fn a_secret_is_its_own_proof_for_revoking_it() {
    let site = Site::new().await;
    let kim = site.caller(KIM, Strength::One).await;
    let texts = [site.enrol(KIM).await, site.enrol(KIM).await, site.enrol(KIM).await]
        .map(|secret| crate::factors::totp::secret_to_base32(&secret));
    assert_eq!(refused(site.revoke(&site.anonymous(), None, None, Some(&texts[0])).await), "no-such-user");
    site.revoke(&site.anonymous(), Some("u:kim"), None, Some(&texts[0].to_lowercase())).await.unwrap();
    site.revoke(&kim, None, None, Some(&format!("{}==", texts[1]))).await.unwrap();
    assert_eq!(refused(site.revoke(&kim, None, None, Some(&texts[0])).await), "wrong-code");
    assert_eq!(refused(site.revoke(&kim, None, None, Some("not base32!")).await), "wrong-code");
    assert_eq!(refused(site.revoke(&kim, None, None, Some("")).await), "wrong-code");
    assert_eq!(site.record(KIM).await.password_failures.count, 3, "a guess is a failure");
    assert_eq!(refused(site.revoke(&kim, None, Some(b"wrong"), Some(&texts[2])).await), "wrong-password");
    assert_eq!(code(site.revoke(&kim, None, Some(PASSWORD), Some(&texts[0])).await), ResultCode::NO_SUCH_ATTRIBUTE);
    let admin = site.caller(ADMIN, Strength::One).await;
    assert_eq!(code(site.revoke(&admin, Some("u:kim"), None, Some(&texts[0])).await), ResultCode::NO_SUCH_ATTRIBUTE);
    assert_eq!(site.secrets().await, 1);
    site.revoke(&kim, None, Some(PASSWORD), Some(&texts[2])).await.unwrap();
    assert_eq!(site.secrets().await, 0);
    let last = site.enrol(KIM).await;
    let text = crate::factors::totp::secret_to_base32(&last);
    site.revoke(&site.anonymous(), Some("u:kim"), Some(&site.field(&last, 0)), Some(&text)).await.unwrap();
}

#[tokio::test]
async fn guessing_secrets_locks_the_account() {
    let site = Site::new().await;
    let text = crate::factors::totp::secret_to_base32(&site.enrol(KIM).await);
    for _ in 0..10 {
        refused(site.revoke(&site.anonymous(), Some("u:kim"), None, Some("AAAAAAAA")).await);
    }
    assert_eq!(refused(site.revoke(&site.anonymous(), Some("u:kim"), None, Some(&text)).await), "locked");
}

#[tokio::test]
async fn all_secrets_go_by_proof_or_by_an_administrator() {
    let site = Site::new().await;
    let (kim, admin) = (site.caller(KIM, Strength::One).await, site.caller(ADMIN, Strength::One).await);
    site.revoke(&admin, Some("u:kim"), None, None).await.unwrap();
    let secret = site.enrol(KIM).await;
    assert_eq!(refused(site.revoke(&kim, None, Some(PASSWORD), None).await), "second-factor-needed");
    assert_eq!(code(site.revoke(&kim, Some(KIM_ID), None, None).await), ResultCode::UNWILLING_TO_PERFORM);
    assert_eq!(code(site.revoke(&kim, Some("u:admin"), None, None).await), ResultCode::INSUFFICIENT_ACCESS_RIGHTS);
    assert_eq!(site.secrets().await, 1);
    site.revoke(&kim, None, Some(&site.field(&secret, 0)), None).await.unwrap();
    assert_eq!(site.secrets().await, 0);
    site.enrol(KIM).await;
    site.revoke(&admin, Some("u:kim"), None, None).await.unwrap();
    assert!(site.bind(KIM, PASSWORD).await.is_ok());
}

#[tokio::test]
async fn an_administrators_revocation_opens_a_closed_factor() {
    let site = Site::with(|config| config.lockout.close_factor_after = 3).await;
    let secret = site.enrol(KIM).await;
    for _ in 0..3 {
        site.refusal(KIM, [PASSWORD, b"000000"].concat()).await;
    }
    assert_eq!(site.refusal(KIM, site.field(&secret, 0)).await, "factor-closed");
    let admin = site.caller(ADMIN, Strength::One).await;
    site.revoke(&admin, Some("u:kim"), None, None).await.unwrap();
    let secret = site.enrol(KIM).await;
    assert!(site.bind(KIM, site.field(&secret, 0)).await.is_ok());
}

#[tokio::test]
async fn validation_spends_the_code_in_the_common_ledger() {
    let site = Site::new().await;
    let secret = site.enrol(KIM).await;
    let (kim, admin) = (site.caller(KIM, Strength::One).await, site.caller(ADMIN, Strength::One).await);
    site.validate(&kim, KIM, &site.code(&secret, 0)).await.unwrap();
    assert_eq!(site.refusal(KIM, site.field(&secret, 0)).await, "code-already-used");
    assert_eq!(refused(site.validate(&admin, KIM, &site.code(&secret, 0)).await), "code-already-used");
    site.validate(&admin, KIM, &site.code(&secret, 1)).await.unwrap();
    site.pass(60);
    for _ in 0..10 {
        assert_eq!(refused(site.validate(&kim, KIM, "000000").await), "wrong-code");
    }
    assert_eq!(refused(site.validate(&kim, KIM, &site.code(&secret, 0)).await), "factor-locked");
    assert_eq!(site.refusal(KIM, site.field(&secret, 0)).await, "factor-locked");
}

#[tokio::test]
async fn validation_is_for_oneself_and_administrators() {
    let site = Site::new().await;
    let (anonymous, kim) = (site.anonymous(), site.caller(KIM, Strength::One).await);
    let (admin, root) = (site.caller(ADMIN, Strength::One).await, site.caller(ROOT, Strength::One).await);
    let nobody = "uid=nobody,dc=example,dc=com";
    for (caller, dn, expected) in [
        (&kim, "dn:uid=kim", ResultCode::INVALID_DN_SYNTAX),
        (&kim, "kim", ResultCode::INVALID_DN_SYNTAX),
        (&anonymous, KIM, ResultCode::INSUFFICIENT_ACCESS_RIGHTS),
        (&anonymous, nobody, ResultCode::INSUFFICIENT_ACCESS_RIGHTS),
        (&kim, ADMIN, ResultCode::INSUFFICIENT_ACCESS_RIGHTS),
        (&kim, nobody, ResultCode::INSUFFICIENT_ACCESS_RIGHTS),
        (&admin, nobody, ResultCode::NO_SUCH_OBJECT),
        (&kim, KIM, ResultCode::INAPPROPRIATE_AUTHENTICATION),
        (&admin, KIM, ResultCode::INAPPROPRIATE_AUTHENTICATION),
        (&root, ROOT, ResultCode::INAPPROPRIATE_AUTHENTICATION),
    ] {
        assert_eq!(code(site.validate(caller, dn, "123456").await), expected, "{} {dn}", caller.dn());
    }
}

#[tokio::test]
async fn a_secret_is_nowhere_in_the_stores_files() {
    let site = Site::new().await;
    let secret = site.enrol(KIM).await;
    let text = crate::factors::totp::secret_to_base32(&secret);
    for file in std::fs::read_dir(site._folder.path()).unwrap() {
        let octets = std::fs::read(file.unwrap().path()).unwrap();
        for needle in [secret.as_slice(), text.as_bytes(), PASSWORD] {
            assert!(!octets.windows(needle.len()).any(|window| window == needle));
        }
    }
}
