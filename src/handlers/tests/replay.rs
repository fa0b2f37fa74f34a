//! A replayed bind against the bind itself: the same outcome, and nothing of it in the store.

use std::{borrow::Cow, time::Duration};

use super::{ADMIN, KIM, PASSWORD, SERVICE, Site, refused};
use crate::{
    caller::Strength,
    clock::Clock,
    config::{SecondFactor, YubikeyJudge},
    factors::{
        lockout::Door,
        password::{Scheme, Workspace},
        retired_password::Retired,
    },
    handlers::{
        proof::update_record,
        replay::{Reading, Replay, Worth, replay},
        subject::{Subject, by_dn},
    },
};

/// The published vector: the device, and what it typed.
const DEVICE: &str = "dteffuje";
const OTP: &str = "dteffujehknhfjbrjnlnldnhcujvddbikngjrtgh";

impl Site {
    /// What a bind would come to; it must not write, nor change what the bind then comes to.
    async fn replayed(&self, dn: &str, field: impl AsRef<[u8]>) -> Replay {
        let before = (self.applied(), self.record(dn).await);
        let replayed = replay(&self.context, dn, field.as_ref()).await.unwrap();
        assert!((self.applied(), self.record(dn).await) == before, "a replay wrote");
        replayed
    }

    /// The same, and then the bind.
    async fn replayed_and_bound(&self, dn: &str, field: impl AsRef<[u8]>) -> Result<Strength, String> {
        let replayed = self.replayed(dn, &field).await.outcome;
        let bound = self.bind(dn, &field).await;
        match (replayed, bound) {
            (Ok((strength, notice)), Ok(caller)) => {
                assert_eq!((strength, notice), (caller.strength, caller.notice));
                Ok(strength)
            }
            (Err(reason), bound) => {
                assert_eq!(reason, refused(bound));
                Err(reason.into_owned())
            }
            (Ok(_), Err(error)) => panic!("{error:?}"),
        }
    }
}

#[tokio::test]
async fn a_replay_says_what_the_bind_then_comes_to() {
    let site = Site::new().await;
    let secret = site.enrol(ADMIN).await;
    let field = |offset| site.field(&secret, offset);
    assert_eq!(site.replayed_and_bound(KIM, PASSWORD).await, Ok(Strength::One));
    assert_eq!(site.replayed_and_bound(SERVICE, PASSWORD).await, Ok(Strength::One));
    let wrong = [b"wrong".as_slice(), site.code(&secret, 0).as_bytes()].concat();
    for (field, reason) in [
        (PASSWORD.to_vec(), "code-missing"),
        (wrong, "wrong-password"),
        ([PASSWORD, b"000000"].concat(), "wrong-code"),
        (field(7), "clock-off:+7"),
        (field(-3), "clock-off:-3"),
    ] {
        assert_eq!(site.replayed_and_bound(ADMIN, field).await, Err(reason.to_owned()));
    }
    assert_eq!(site.replayed_and_bound(ADMIN, field(0)).await, Ok(Strength::TwoFactors));
    assert_eq!(site.replayed_and_bound(ADMIN, field(0)).await, Err("code-already-used".to_owned()));
    assert_eq!(site.replayed_and_bound(ADMIN, field(-1)).await, Err("code-already-used".to_owned()));
    for _ in 0..10 {
        refused(site.bind(ADMIN, [PASSWORD, b"000000"].concat()).await);
    }
    assert_eq!(site.replayed_and_bound(ADMIN, field(1)).await, Err("factor-locked".to_owned()));
    let [of_password, of_factor] = site.replayed(ADMIN, field(1)).await.counts;
    assert!(of_password.door == Door::Open && matches!(of_factor.door, Door::Locked { .. }));
    for _ in 0..10 {
        refused(site.bind(KIM, b"wrong").await);
    }
    assert_eq!(site.replayed_and_bound(KIM, PASSWORD).await, Err("locked".to_owned()));
    site.set(SERVICE, "ds-pwp-account-disabled", "true").await;
    assert_eq!(site.replayed_and_bound(SERVICE, PASSWORD).await, Err("policy:account-disabled".to_owned()));
}

#[tokio::test]
async fn a_replay_knows_a_retired_password() {
    let site = Site::new().await;
    let former = Scheme::Ssha.hash(b"former", &[3; 16], &mut Workspace::default()).unwrap();
    let account = by_dn(&site.context, KIM).await.unwrap();
    let Subject::Account(account) = account else { panic!("no account") };
    let retired = Retired::new(&[former.into_bytes()], site.clock.now(), Duration::from_secs(300));
    update_record(&site.context, *account, &mut |_, record| {
        record.state.retired = retired.clone();
        Ok(())
    })
    .await
    .unwrap();
    assert_eq!(site.replayed_and_bound(KIM, "former").await, Ok(Strength::One));
    site.pass(301);
    assert_eq!(site.replayed_and_bound(KIM, "former").await, Err("wrong-password".to_owned()));
}

#[tokio::test]
async fn a_replay_tells_how_the_field_was_read() {
    let site = Site::new().await;
    let secret = site.enrol(ADMIN).await;
    let digits = Reading::Digits { password: PASSWORD.len(), code: 6 };
    for (dn, field, reading) in [
        (KIM, PASSWORD.to_vec(), Reading::NoFactor),
        (SERVICE, PASSWORD.to_vec(), Reading::ServiceAccount),
        (ADMIN, PASSWORD.to_vec(), Reading::NoCode),
        (ADMIN, site.field(&secret, 1), digits),
    ] {
        assert_eq!(site.replayed(dn, field).await.reading, reading);
    }
    let found = site.replayed(ADMIN, site.field(&secret, 1)).await.secrets;
    assert!(matches!(found.as_slice(), [one] if (one.worth, one.offset, one.id) == (Worth::Fresh, Some(1), 0)));
    // Neither what is before the digits nor the whole.
    site.set(ADMIN, "userPassword", "{SSHA}5mIxaYwpIlGzYZ1Qk3Zf0dCMBTkBAgMEBQYHCA==").await;
    let replayed = site.replayed(ADMIN, b"no code 000000").await;
    assert!(!replayed.whole_is_password && replayed.password == Err("wrong-password"));
    assert!(replay(&site.context, "uid=nobody,dc=example,dc=com", b"x").await.is_err());
    assert!(replay(&site.context, super::ROOT, b"x").await.is_err());
}

#[tokio::test]
async fn where_codes_are_left_to_the_policies_none_is_looked_for() {
    let site = Site::with(|config| config.simple_bind.second_factor = SecondFactor::Policy).await;
    site.enrol(ADMIN).await;
    assert_eq!(site.replayed(ADMIN, PASSWORD).await.reading, Reading::LeftToPolicies);
    assert_eq!(site.replayed_and_bound(ADMIN, PASSWORD).await, Ok(Strength::One));
}

#[tokio::test]
async fn a_device_that_others_judge_is_named_and_nobody_is_asked() {
    let site = Site::with(|config| config.yubikey.keys = YubikeyJudge::Remote).await;
    site.set(KIM, "ds-auth-yubikey-public-id", DEVICE).await;
    let replayed = site.replayed(KIM, [PASSWORD, OTP.as_bytes()].concat()).await;
    let public_id = Some(DEVICE.to_owned());
    assert_eq!(replayed.reading, Reading::YubiKey { password: PASSWORD.len(), public_id, is_own: true });
    assert_eq!(replayed.outcome, Err(Cow::Borrowed("validation-unavailable")));
    assert!(replayed.password.is_ok());
}
