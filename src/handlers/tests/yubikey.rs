//! YubiKeys against a store that fails, and what the log says of each refusal.

use std::sync::atomic::Ordering;

use countersign_proto::{
    result_code::ResultCode,
    text::{Secret, Text},
    yubikey::{DeregisterYubiKeyOtpDeviceRequest, RegisterYubiKeyOtpDeviceRequest, YubiKeyOtpCredentials},
};

use super::{ADMIN, KIM, PASSWORD, ROOT, SERVICE, Site, code, id, refused, secret};
use crate::{
    caller::{Caller, Strength},
    error::Result,
    handlers::{
        Mechanism, Operation,
        update::{Update, UpdateOptions, update},
        validation::validate,
    },
    validation::Status,
};

/// The published vector: the device, its key, and what it typed.
const DEVICE: &str = "dteffuje";
const KEY: &str = "ecde18dbe76fbd0c33330f1c354871db 8792ebfe26cc";
const OTP: &str = "dteffujehknhfjbrjnlnldnhcujvddbikngjrtgh";
const NONCE: &str = "0123456789abcdef";

impl Site {
    /// Has the server know the device; its key too, if `with_key`.
    async fn know_device(&self, with_key: bool) {
        let root = self.caller(ROOT, Strength::One).await;
        let values = |values: &[&str]| values.iter().map(|value| value.as_bytes().to_vec()).collect::<Vec<_>>();
        let mut device = vec![("objectClass".to_owned(), values(&["device"])), ("cn".to_owned(), values(&[DEVICE]))];
        device.extend(with_key.then(|| ("countersign-yubikey-key".to_owned(), values(&[KEY]))));
        let top =
            vec![("objectClass".to_owned(), values(&["applicationProcess"])), ("cn".to_owned(), values(&["yubikeys"]))];
        for (dn, attributes) in [("cn=yubikeys".to_owned(), top), (format!("cn={DEVICE},cn=yubikeys"), device)] {
            let add = Update::Add { dn, attributes };
            update(add, UpdateOptions::default(), &self.context, &root).await.unwrap();
        }
    }

    async fn register(&self, caller: &Caller, of: Option<&str>, password: Option<&[u8]>, otp: &str) -> Result<()> {
        let request = RegisterYubiKeyOtpDeviceRequest {
            authentication_id: of.and_then(id),
            static_password: password.and_then(secret),
            yubikey_otp: Secret::new(otp.as_bytes()),
        };
        request.perform(&self.context, caller).await.map(drop)
    }

    async fn yubikey(&self, password: &[u8], otp: &str) -> Result<Caller> {
        let credentials = YubiKeyOtpCredentials {
            authentication_id: Text("u:kim".to_owned()),
            authorization_id: None,
            static_password: secret(password),
            yubikey_otp: Secret::new(otp.as_bytes()),
        };
        credentials.authenticate(&self.context, &self.anonymous()).await
    }
}

#[tokio::test]
async fn an_otp_that_cannot_be_recorded_as_spent_proves_nothing() {
    let site = Site::new().await;
    site.know_device(true).await;
    site.set(KIM, "ds-auth-yubikey-public-id", DEVICE).await;
    site.store.broken.store(true, Ordering::SeqCst);
    assert_eq!(code(site.yubikey(PASSWORD, OTP).await), ResultCode::UNAVAILABLE);
    assert_eq!(code(site.bind(KIM, [PASSWORD, OTP.as_bytes()].concat()).await), ResultCode::UNAVAILABLE);
    assert!(validate(&site.context, OTP, NONCE).await.is_err());
    site.store.broken.store(false, Ordering::SeqCst);
    let caller = site.yubikey(PASSWORD, OTP).await.unwrap();
    assert_eq!(caller.strength, Strength::TwoFactors);
    assert_eq!(refused(site.yubikey(PASSWORD, OTP).await), "code-already-used");
    assert_eq!(validate(&site.context, OTP, NONCE).await.unwrap(), (Status::ReplayedOtp, None));
}

#[tokio::test]
async fn success_is_one_write_and_so_is_each_refusal() {
    let site = Site::new().await;
    site.know_device(true).await;
    site.set(KIM, "ds-auth-yubikey-public-id", DEVICE).await;
    for (password, otp, reason) in [
        (&b"wrong"[..], OTP, "wrong-password"),
        (PASSWORD, "no OTP", "no-factor"),
        (PASSWORD, "vvvvvvvvhknhfjbrjnlnldnhcujvddbikngjrtgh", "no-factor"),
        (PASSWORD, "dteffujehknhfjbrjnlnldnhcujvddbikngjrtgg", "wrong-code"),
    ] {
        let before = site.applied();
        assert_eq!(refused(site.yubikey(password, otp).await), reason);
        assert_eq!(site.applied(), before + 1, "{reason}");
    }
    let before = site.applied();
    site.yubikey(PASSWORD, OTP).await.unwrap();
    assert_eq!(site.applied(), before + 1);
    assert_eq!(site.record(KIM).await.second_factor_failures.count, 0);
}

#[tokio::test]
async fn a_device_without_a_key_here_proves_nothing_and_the_log_says_why() {
    let site = Site::new().await;
    site.know_device(false).await;
    site.set(KIM, "ds-auth-yubikey-public-id", DEVICE).await;
    assert_eq!(refused(site.yubikey(PASSWORD, OTP).await), "no-key");
    assert_eq!(refused(site.bind(KIM, PASSWORD).await), "code-missing", "it is a second factor all the same");
    assert_eq!(validate(&site.context, OTP, NONCE).await.unwrap().0, Status::BadOtp);
}

#[tokio::test]
async fn an_otp_that_registered_its_device_is_spent_and_a_refused_one_is_not() {
    let site = Site::new().await;
    site.know_device(true).await;
    let (nobody, kim) = (site.anonymous(), site.caller(KIM, Strength::One).await);
    assert_eq!(refused(site.register(&nobody, Some("u:kim"), Some(b"wrong"), OTP).await), "wrong-password");
    assert_eq!(code(site.register(&nobody, None, None, OTP).await), ResultCode::INSUFFICIENT_ACCESS_RIGHTS);
    let admin = site.caller(ADMIN, Strength::One).await;
    assert_eq!(
        code(site.register(&admin, Some(&format!("dn:{SERVICE}")), None, OTP).await),
        ResultCode::UNWILLING_TO_PERFORM
    );
    site.store.broken.store(true, Ordering::SeqCst);
    assert_eq!(code(site.register(&kim, None, None, OTP).await), ResultCode::UNAVAILABLE);
    site.store.broken.store(false, Ordering::SeqCst);
    site.register(&kim, None, None, OTP).await.unwrap();
    assert_eq!(refused(site.yubikey(PASSWORD, OTP).await), "code-already-used");
    assert_eq!(refused(site.register(&kim, None, None, OTP).await), "second-factor-needed");
    let request = DeregisterYubiKeyOtpDeviceRequest { authentication_id: id("u:kim"), ..Default::default() };
    assert_eq!(refused(request.clone().perform(&site.context, &kim).await), "second-factor-needed");
    request.perform(&site.context, &admin).await.unwrap();
    assert!(site.bind(KIM, PASSWORD).await.is_ok());
}

#[tokio::test]
async fn a_closed_second_factor_is_opened_by_an_administrators_deregistration() {
    let site = Site::new().await;
    site.know_device(true).await;
    site.set(KIM, "ds-auth-yubikey-public-id", DEVICE).await;
    for _ in 0..10 {
        refused(site.yubikey(PASSWORD, "dteffujehknhfjbrjnlnldnhcujvddbikngjrtgg").await);
    }
    assert_eq!(refused(site.yubikey(PASSWORD, OTP).await), "factor-locked");
    let admin = site.caller(ADMIN, Strength::One).await;
    let request = DeregisterYubiKeyOtpDeviceRequest { authentication_id: id("u:kim"), ..Default::default() };
    request.perform(&site.context, &admin).await.unwrap();
    site.register(&admin, Some("u:kim"), None, OTP).await.unwrap();
    assert_eq!(site.record(KIM).await.second_factor_failures.count, 0);
    assert_eq!(refused(site.yubikey(PASSWORD, OTP).await), "code-already-used");
}
