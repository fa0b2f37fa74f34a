//! Password modify: who may, and what becomes of locks.

use countersign_proto::password::PasswordModifyRequest;

use super::*;

impl Site {
    async fn modify(
        &self,
        caller: &Caller,
        identity: Option<&str>,
        old: Option<&[u8]>,
        new: Option<&[u8]>,
    ) -> Result<Option<Secret>> {
        let request = PasswordModifyRequest {
            user_identity: identity.and_then(id),
            old_password: old.and_then(secret),
            new_password: new.and_then(secret),
        };
        Ok(request.perform(&self.context, caller).await?.generated_password)
    }
}

#[tokio::test]
async fn the_old_password_allows_a_change_even_on_an_anonymous_connection() {
    let site = Site::new().await;
    let anonymous = site.anonymous();
    assert_eq!(site.modify(&anonymous, Some(KIM), Some(PASSWORD), Some(b"new")).await.unwrap(), None);
    assert_eq!(site.refusal(KIM, PASSWORD).await, "wrong-password");
    assert!(site.bind(KIM, "new").await.is_ok());
    assert_eq!(refused(site.modify(&anonymous, Some("u:kim"), Some(PASSWORD), Some(b"x")).await), "wrong-password");
    assert_eq!(refused(site.modify(&anonymous, Some("u:nobody"), Some(PASSWORD), Some(b"x")).await), "no-such-user");
    assert_eq!(site.record(KIM).await.password_failures.count, 1);
}

#[tokio::test]
async fn a_user_changes_its_own_password_and_gets_one_made() {
    let site = Site::new().await;
    let kim = site.caller(KIM, Strength::One).await;
    let made = site.modify(&kim, None, None, None).await.unwrap().unwrap();
    assert_eq!(made.expose().len(), 16);
    assert!(site.bind(KIM, made.expose()).await.is_ok());
    site.modify(&kim, Some(KIM), None, Some(b"chosen")).await.unwrap();
    assert!(site.bind(KIM, "chosen").await.is_ok());
    assert_eq!(site.record(KIM).await.password_changed, Some(NOON));
}

#[tokio::test]
async fn a_reset_needs_the_privilege_and_lifts_the_locks() {
    let site = Site::new().await;
    let (kim, admin) = (site.caller(KIM, Strength::One).await, site.caller(ADMIN, Strength::One).await);
    for _ in 0..10 {
        site.refusal(KIM, "wrong").await;
    }
    assert_eq!(site.refusal(KIM, PASSWORD).await, "locked");
    assert_eq!(code(site.modify(&kim, Some(ADMIN), None, Some(b"x")).await), ResultCode::INSUFFICIENT_ACCESS_RIGHTS);
    site.modify(&admin, Some("u:kim"), None, Some(b"new")).await.unwrap();
    assert!(site.bind(KIM, "new").await.is_ok());
    assert_eq!(code(site.modify(&admin, Some("u:nobody"), None, None).await), ResultCode::NO_SUCH_OBJECT);
}

#[tokio::test]
async fn what_cannot_be_is_refused() {
    let site = Site::new().await;
    let (anonymous, root) = (site.anonymous(), site.caller(ROOT, Strength::One).await);
    let kim = site.caller(KIM, Strength::One).await;
    assert_eq!(code(site.modify(&anonymous, None, Some(PASSWORD), None).await), ResultCode::UNWILLING_TO_PERFORM);
    assert_eq!(code(site.modify(&anonymous, Some(KIM), None, None).await), ResultCode::INSUFFICIENT_ACCESS_RIGHTS);
    assert_eq!(code(site.modify(&kim, None, None, Some(b"")).await), ResultCode::CONSTRAINT_VIOLATION);
    assert_eq!(code(site.modify(&kim, None, None, Some(&[b'x'; 1025])).await), ResultCode::CONSTRAINT_VIOLATION);
    assert_eq!(code(site.modify(&root, None, None, Some(b"x")).await), ResultCode::UNWILLING_TO_PERFORM);
    assert_eq!(code(site.modify(&root, None, Some(PASSWORD), Some(b"x")).await), ResultCode::UNWILLING_TO_PERFORM);
}

#[tokio::test]
async fn an_entry_that_may_have_no_password_gets_none() {
    let site = Site::new().await;
    let admin = site.caller(ADMIN, Strength::One).await;
    site.add("cn=room,dc=example,dc=com", [("objectClass", "applicationProcess"), ("cn", "room")].into_iter()).await;
    let refused = site.modify(&admin, Some("cn=room,dc=example,dc=com"), None, Some(b"x")).await;
    assert_eq!(code(refused), ResultCode::OBJECT_CLASS_VIOLATION);
}

#[tokio::test]
async fn the_old_password_stands_without_a_code() {
    let site = Site::new().await;
    let totp = site.enrol(KIM).await;
    assert_eq!(
        refused(site.modify(&site.anonymous(), Some(KIM), Some(&site.field(&totp, 0)), None).await),
        "wrong-password"
    );
    site.modify(&site.anonymous(), Some(KIM), Some(PASSWORD), Some(b"new")).await.unwrap();
    assert!(site.bind(KIM, [b"new", site.code(&totp, 0).as_bytes()].concat()).await.is_ok());
}
