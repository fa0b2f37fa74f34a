//! Binds: simple, PLAIN and UNBOUNDID-TOTP over one ledger.

use countersign_proto::{sasl_plain::PlainCredentials, totp::TotpCredentials};

use super::*;
use crate::{
    config::SecondFactor,
    handlers::{Mechanism, hashing::hash_password},
};

impl Site {
    async fn totp(
        &self,
        user: &str,
        authorization_id: Option<&str>,
        code: &str,
        password: Option<&[u8]>,
    ) -> Result<Caller> {
        let credentials = TotpCredentials {
            authentication_id: Text(user.to_owned()),
            authorization_id: authorization_id.map(Text::from),
            totp_password: Secret::new(code),
            static_password: password.map(Secret::new),
        };
        credentials.authenticate(&self.context, &self.anonymous()).await
    }

    async fn plain(&self, user: &str, authorization_id: Option<&str>, password: impl AsRef<[u8]>) -> Result<Caller> {
        let credentials = PlainCredentials {
            authorization_id: authorization_id.map(Text::from),
            authentication_id: Text(user.to_owned()),
            password: Secret::new(password.as_ref()),
        };
        credentials.authenticate(&self.context, &self.anonymous()).await
    }

    pub(super) fn applied(&self) -> u64 {
        self.store.applied.load(Ordering::SeqCst)
    }
}

#[tokio::test]
async fn a_password_proves_a_user_without_a_factor() {
    let site = Site::new().await;
    let caller = site.bind("UID=Kim, OU=People,dc=example,dc=com", PASSWORD).await.unwrap();
    assert_eq!((caller.dn(), caller.strength), (KIM, Strength::One));
    assert_eq!(site.applied(), PEOPLE.len() as u64, "a plain success writes nothing");
}

#[tokio::test]
async fn without_password_and_name_it_is_anonymous_and_with_a_name_refused() {
    let site = Site::new().await;
    assert!(site.bind("", "").await.unwrap().is_anonymous());
    assert_eq!(code(site.bind(KIM, "").await), ResultCode::UNWILLING_TO_PERFORM);
    assert_eq!(site.refusal("", PASSWORD).await, "no-such-user");
    assert_eq!(code(site.bind("kim", PASSWORD).await), ResultCode::INVALID_DN_SYNTAX);
}

#[tokio::test]
async fn every_failure_has_one_text_and_costs_one_durable_write() {
    let site = Site::new().await;
    let secret = site.enrol(ADMIN).await;
    site.set(SERVICE, "userPassword", "{UNKNOWN}x").await;
    let wrong_code = [PASSWORD, b"000000"].concat();
    let attempts: [(&str, &[u8], &str); 6] = [
        (KIM, b"wrong", "wrong-password"),
        ("uid=nobody,dc=example,dc=com", PASSWORD, "no-such-user"),
        ("ou=people,dc=example,dc=com", PASSWORD, "no-password"),
        (SERVICE, PASSWORD, "unusable-hash"),
        (ADMIN, PASSWORD, "code-missing"),
        (ADMIN, &wrong_code, "wrong-code"),
    ];
    for (dn, password, reason) in attempts {
        let before = site.applied();
        assert_eq!(site.refusal(dn, password).await, reason);
        assert_eq!(site.applied(), before + 1, "{reason}");
    }
    assert_eq!(site.refusal(ADMIN, site.field(&secret, 4)).await, "clock-off:+4");
    assert_eq!(site.refusal(ADMIN, site.field(&secret, -7)).await, "clock-off:-7");
}

#[tokio::test]
async fn a_user_with_a_factor_appends_the_code_and_it_is_good_once_at_every_door() {
    let site = Site::new().await;
    let secret = site.enrol(KIM).await;
    let field = site.field(&secret, 0);
    assert_eq!(site.bind(KIM, &field).await.unwrap().strength, Strength::TwoFactors);
    assert_eq!(site.refusal(KIM, &field).await, "code-already-used");
    assert_eq!(refused(site.plain("u:kim", None, &field).await), "code-already-used");
    let code = site.code(&secret, 0);
    assert_eq!(refused(site.totp("u:kim", None, &code, Some(PASSWORD)).await), "code-already-used");
    assert_eq!(site.refusal(KIM, site.field(&secret, -1)).await, "code-already-used");
    assert!(
        site.totp("dn:uid=kim,ou=people,dc=example,dc=com", None, &site.code(&secret, 1), Some(PASSWORD)).await.is_ok()
    );
    let record = site.record(KIM).await;
    assert_eq!((record.second_factor_failures.count, record.last_login), (0, Some(NOON)));
}

#[tokio::test]
async fn other_spellings_of_a_code_are_wrong_codes() {
    let site = Site::new().await;
    let secret = site.enrol(KIM).await;
    let code = site.code(&secret, 0);
    let (first, last) = code.split_at(3);
    for spelling in
        [format!("{first} {last}"), format!(" {code}"), format!("{code} "), format!("0{code}"), format!("+{code}")]
    {
        refused(site.totp("u:kim", None, &spelling, Some(PASSWORD)).await);
    }
    assert!(site.totp("u:kim", None, &code, Some(PASSWORD)).await.is_ok());
}

#[tokio::test]
async fn a_wrong_password_does_not_spend_the_code() {
    let site = Site::new().await;
    let secret = site.enrol(KIM).await;
    let code = site.code(&secret, 0);
    assert_eq!(site.refusal(KIM, [b"wrong", code.as_bytes()].concat()).await, "wrong-password");
    assert_eq!(refused(site.totp("u:kim", None, &code, Some(b"wrong")).await), "wrong-password");
    assert_eq!(refused(site.totp("u:kim", None, &code, None).await), "wrong-password");
    let record = site.record(KIM).await;
    assert_eq!((record.password_failures.count, record.second_factor_failures.count), (3, 0));
    assert!(site.bind(KIM, site.field(&secret, 0)).await.is_ok());
    assert_eq!(site.record(KIM).await.password_failures.count, 0);
}

#[tokio::test]
async fn digits_of_the_password_are_not_taken_for_a_code() {
    let site = Site::new().await;
    let hash = hash_password(&site.context, b"horse123456").await.unwrap();
    site.set(KIM, "userPassword", &hash).await;
    assert!(site.bind(KIM, "horse123456").await.is_ok());
    let secret = site.enrol(KIM).await;
    assert_eq!(site.refusal(KIM, "horse123456").await, "wrong-password");
    assert!(site.bind(KIM, format!("horse123456{}", site.code(&secret, 0))).await.is_ok());
}

#[tokio::test]
async fn a_separator_stands_between_password_and_code() {
    let site = Site::with(|config| config.simple_bind.separator = ",".to_owned()).await;
    let secret = site.enrol(KIM).await;
    let code = site.code(&secret, 0);
    assert_eq!(site.refusal(KIM, site.field(&secret, 0)).await, "wrong-password");
    assert!(site.bind(KIM, [PASSWORD, b",", code.as_bytes()].concat()).await.is_ok());
}

#[tokio::test]
async fn simple_binds_can_be_left_to_the_policies() {
    let site = Site::with(|config| config.simple_bind.second_factor = SecondFactor::Policy).await;
    let secret = site.enrol(KIM).await;
    assert_eq!(site.bind(KIM, PASSWORD).await.unwrap().strength, Strength::One);
    assert_eq!(site.refusal(KIM, site.field(&secret, 0)).await, "wrong-password");
    assert!(site.totp("u:kim", None, &site.code(&secret, 0), Some(PASSWORD)).await.is_ok());
}

#[tokio::test]
async fn ten_wrong_codes_lock_the_right_one_for_a_quarter_of_an_hour() {
    let site = Site::new().await;
    let secret = site.enrol(KIM).await;
    for _ in 0..10 {
        assert_eq!(site.refusal(KIM, [PASSWORD, b"000000"].concat()).await, "wrong-code");
    }
    assert_eq!(site.refusal(KIM, site.field(&secret, 0)).await, "factor-locked");
    assert_eq!(refused(site.totp("u:kim", None, &site.code(&secret, 0), Some(PASSWORD)).await), "factor-locked");
    site.pass(899);
    assert_eq!(site.refusal(KIM, site.field(&secret, 0)).await, "factor-locked");
    site.pass(1);
    assert!(site.bind(KIM, site.field(&secret, 0)).await.is_ok());
}

#[tokio::test]
async fn ten_wrong_passwords_lock_the_account_and_not_the_factor() {
    let site = Site::new().await;
    let secret = site.enrol(KIM).await;
    for _ in 0..10 {
        assert_eq!(site.refusal(KIM, "wrong000000").await, "wrong-password");
    }
    let before = site.applied();
    assert_eq!(site.refusal(KIM, site.field(&secret, 0)).await, "locked");
    assert_eq!(site.applied(), before + 1);
    let record = site.record(KIM).await;
    assert_eq!((record.password_failures.count, record.second_factor_failures.count), (10, 0));
    site.pass(900);
    assert!(site.bind(KIM, site.field(&secret, 0)).await.is_ok());
}

#[tokio::test]
async fn a_right_password_alone_does_not_reset_the_second_factor_count() {
    let site = Site::with(|config| config.simple_bind.second_factor = SecondFactor::Policy).await;
    site.enrol(KIM).await;
    refused(site.totp("u:kim", None, "000000", Some(PASSWORD)).await);
    site.refusal(KIM, "wrong").await;
    site.bind(KIM, PASSWORD).await.unwrap();
    let record = site.record(KIM).await;
    assert_eq!((record.password_failures.count, record.second_factor_failures.count), (0, 1));
}

#[tokio::test]
async fn a_hundred_failures_close_the_factor_until_an_administrator_resets_it() {
    let site = Site::new().await;
    let secret = site.enrol(KIM).await;
    for attempt in 0..100 {
        site.refusal(KIM, [PASSWORD, b"000000"].concat()).await;
        if attempt % 10 == 9 {
            site.pass(900);
        }
    }
    site.pass(1_000_000);
    assert_eq!(site.refusal(KIM, site.field(&secret, 0)).await, "factor-closed");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn of_thirty_two_uses_of_one_code_at_once_exactly_one_wins() {
    let site = Arc::new(Site::new().await);
    let secret = site.enrol(KIM).await;
    let (field, code) = (site.field(&secret, 0), site.code(&secret, 0));
    let mut uses = tokio::task::JoinSet::new();
    for number in 0..32 {
        let (site, field, code) = (Arc::clone(&site), field.clone(), code.clone());
        uses.spawn(async move {
            match number % 3 {
                0 => site.bind(KIM, field).await.is_ok(),
                1 => site.plain("kim", None, field).await.is_ok(),
                _ => site.totp("u:kim", None, &code, Some(PASSWORD)).await.is_ok(),
            }
        });
    }
    let won = uses.join_all().await.into_iter().filter(|won| *won).count();
    assert_eq!(won, 1);
    assert_eq!(site.record(KIM).await.second_factor_failures.count, 10);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn many_guesses_at_once_are_no_more_than_ten_in_a_row() {
    let site = Arc::new(Site::new().await);
    let secret = site.enrol(KIM).await;
    let mut guesses = tokio::task::JoinSet::new();
    for number in 0..40 {
        let site = Arc::clone(&site);
        guesses.spawn(
            async move { refused(site.bind(KIM, [PASSWORD, format!("{number:06}").as_bytes()].concat()).await) },
        );
    }
    let reasons = guesses.join_all().await;
    assert_eq!(reasons.iter().filter(|reason| *reason == "factor-locked").count(), 30);
    assert_eq!(site.refusal(KIM, site.field(&secret, 0)).await, "factor-locked");
}

#[tokio::test]
async fn a_failure_is_counted_though_nobody_waits_for_its_answer() {
    let site = Site::with(|config| config.password.scheme = PasswordScheme::Argon2id).await;
    let light = Scheme::Ssha.hash(PASSWORD, &[3; 16], &mut Workspace::default()).unwrap();
    site.set(KIM, "userPassword", &light).await;
    for _ in 0..3 {
        let guesses = [(); 4].map(|()| Box::pin(site.bind(KIM, "wrong")));
        // Dropped while their writes are under way, three of four about to find that another was faster.
        drop(tokio::time::timeout(std::time::Duration::ZERO, futures_util::future::join_all(guesses)).await);
    }
    quiet().await;
    assert_eq!(site.refusal(KIM, PASSWORD).await, "locked");
}

#[tokio::test]
async fn a_code_that_cannot_be_recorded_as_spent_proves_nothing() {
    let site = Site::new().await;
    let secret = site.enrol(KIM).await;
    site.store.broken.store(true, Ordering::SeqCst);
    assert_eq!(code(site.bind(KIM, site.field(&secret, 0)).await), ResultCode::UNAVAILABLE);
    assert_eq!(code(site.bind(KIM, "wrong").await), ResultCode::UNAVAILABLE);
    assert_eq!(code(site.bind("uid=nobody,dc=example,dc=com", "wrong").await), ResultCode::UNAVAILABLE);
    assert!(site.bind(ADMIN, PASSWORD).await.is_ok(), "a password needs no write");
    site.store.broken.store(false, Ordering::SeqCst);
    assert!(site.bind(KIM, site.field(&secret, 0)).await.is_ok());
}

#[tokio::test]
async fn the_root_user_is_proven_by_the_configured_hash() {
    let site = Site::new().await;
    let caller = site.bind("CN=directory manager", PASSWORD).await.unwrap();
    assert!(caller.is_root());
    let before = site.applied();
    assert_eq!(site.refusal(ROOT, "wrong").await, "wrong-password");
    assert_eq!(site.applied(), before + 1);
    assert!(site.plain("dn:cn=Directory Manager", None, PASSWORD).await.unwrap().is_root());
    assert_eq!(refused(site.totp("dn:cn=Directory Manager", None, "000000", Some(PASSWORD)).await), "no-factor");
}

#[tokio::test]
async fn plain_takes_both_forms_and_bare_names_and_no_empty_password() {
    let site = Site::new().await;
    for user in ["kim", "KIM", "u:kim", "U:Kim", "dn:uid=kim,ou=people,dc=example,dc=com", KIM] {
        assert_eq!(site.plain(user, Some(""), PASSWORD).await.unwrap().dn(), KIM, "{user}");
    }
    for user in ["", "u:", "dn:", "u:k*", "dn:kim", "u:kim)(uid=*"] {
        assert_eq!(refused(site.plain(user, None, PASSWORD).await), "no-such-user", "{user}");
    }
    assert_eq!(refused(site.plain("kim", None, "").await), "wrong-password");
    site.add("uid=kim,dc=example,dc=com", [("objectClass", "account"), ("uid", "kim")].into_iter()).await;
    assert_eq!(refused(site.plain("kim", None, PASSWORD).await), "ambiguous-user");
}

#[tokio::test]
async fn acting_as_another_needs_the_privilege_and_is_denied_only_after_the_proof() {
    let site = Site::new().await;
    let kim = Some("u:kim");
    assert_eq!(code(site.plain("admin", kim, PASSWORD).await), ResultCode::AUTHORIZATION_DENIED);
    assert_eq!(refused(site.plain("admin", kim, "wrong").await), "wrong-password");
    site.set(ADMIN, "ds-privilege-name", "proxied-auth").await;
    assert_eq!(site.plain("admin", kim, PASSWORD).await.unwrap().dn(), KIM);
    assert!(site.plain("admin", Some("dn:"), PASSWORD).await.unwrap().is_anonymous());
    for nobody in ["u:nobody", "kim", "dn:cn=Directory Manager", "x"] {
        assert_eq!(
            code(site.plain("admin", Some(nobody), PASSWORD).await),
            ResultCode::AUTHORIZATION_DENIED,
            "{nobody}"
        );
    }
    assert_eq!(
        site.plain("admin", Some("dn:uid=admin,ou=people,dc=example,dc=com"), PASSWORD).await.unwrap().dn(),
        ADMIN
    );
}

#[tokio::test]
async fn a_disabled_account_is_refused_whatever_is_right() {
    let site = Site::new().await;
    site.set(KIM, "ds-pwp-account-disabled", "true").await;
    assert_eq!(site.refusal(KIM, PASSWORD).await, "policy:account-disabled");
    let record = site.record(KIM).await;
    assert_eq!((record.password_failures, record.failure_times().len()), Default::default(), "nothing is counted");
    assert_eq!(record.state.logins.failures[0].reason.as_deref(), Some("policy:account-disabled"));
}

#[tokio::test]
async fn a_secret_copied_to_another_entry_opens_nothing() {
    let site = Site::new().await;
    let secret = site.enrol(KIM).await;
    let stolen = site.record(KIM).await;
    let key = DnKey::parse(ADMIN, &site.context.schema).unwrap();
    let id = site.context.store.find(&key).await.unwrap().unwrap();
    let change = Change::Factors { id, expected: None, record: stolen.encode() };
    site.context.store.apply(vec![change]).await.unwrap();
    assert_eq!(code(site.bind(ADMIN, site.field(&secret, 0)).await), ResultCode::UNAVAILABLE);
}

#[tokio::test]
async fn a_good_bind_may_replace_a_hash_of_another_scheme() {
    let site = Site::with(|config| config.password.rehash_on_bind = true).await;
    let old = Scheme::Ssha.hash(PASSWORD, &[3; 16], &mut Workspace::default()).unwrap();
    site.set(KIM, "userPassword", &old).await;
    site.bind(KIM, PASSWORD).await.unwrap();
    let key = DnKey::parse(KIM, &site.context.schema).unwrap();
    let account = crate::handlers::subject::Account::read(&site.context, Target::Key(&key)).await.unwrap().unwrap();
    assert!(account.passwords[0].starts_with(b"{SSHA512}"));
    assert!(site.bind(KIM, PASSWORD).await.is_ok());
}
