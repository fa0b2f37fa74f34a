//! Failures of requesters who go away: wherever a proof is left behind, what was judged is counted, once.

use std::{pin::Pin, task::Waker, time::Duration};

use countersign_proto::delivered_otp::DeliveredOtpCredentials;

use super::*;
use crate::{
    factors::one_time_password::{Delivered, Outstanding},
    handlers::{Mechanism, proof::delivered_place, subject::Account},
};

/// More polls than any proof of these tests takes.
const POLLS: usize = 400;

impl Site {
    /// A one-time password is outstanding that nobody guesses.
    async fn deliver(&self, dn: &str) {
        let key = DnKey::parse(dn, &self.context.schema).unwrap();
        let mut account = Account::read(&self.context, Target::Key(&key)).await.unwrap().unwrap();
        let hash = self.context.sealer.keyed_hash(delivered_place(&account), b"nobody guesses it");
        let outstanding = Some(Outstanding::new(hash, self.clock.now(), Duration::from_secs(300)));
        account.record.delivered = Some(Delivered { outstanding, sent: Vec::new() });
        let record = account.record.encode();
        let change = Change::Factors { id: account.user.id, expected: account.record_version, record };
        self.store.store.apply(vec![change]).await.unwrap();
    }

    /// Has two writes lose a race, and `attempt` left behind after so many polls; whether it came to its end.
    async fn left_behind<T>(&self, polls: usize, mut attempt: Pin<Box<impl Future<Output = T>>>) -> bool {
        self.store.slow.store(true, Ordering::SeqCst);
        self.store.conflicts.store(2, Ordering::SeqCst);
        let mut is_done = false;
        for _ in 0..polls {
            // The store's own thread answers; a poll in vain is one that found it still at work.
            let applied = self.context.store.last_change();
            let mut context = std::task::Context::from_waker(Waker::noop());
            if attempt.as_mut().poll(&mut context).is_ready() {
                is_done = true;
                break;
            }
            if self.context.store.last_change() == applied {
                std::thread::yield_now();
            }
        }
        drop(attempt);
        quiet().await;
        self.store.slow.store(false, Ordering::SeqCst);
        self.store.conflicts.store(0, Ordering::SeqCst);
        is_done
    }
}

#[tokio::test]
async fn a_wrong_password_is_counted_once_wherever_its_bind_is_left_behind() {
    let (mut before, mut was_counted) = (0, false);
    let site = Site::with(|config| config.lockout.failures = 0).await;
    for polls in 0..60 {
        site.left_behind(polls, Box::pin(site.bind(KIM, "wrong"))).await;
        let count = site.record(KIM).await.password_failures.consecutive;
        assert!(count - before <= 1, "counted once");
        assert!(count > before || !was_counted, "left behind after {polls} polls it is not counted");
        (was_counted, before) = (was_counted || count > before, count);
    }
    assert!(was_counted);
    assert!(site.left_behind(usize::MAX, Box::pin(site.bind(KIM, "wrong"))).await);
    assert_eq!(site.record(KIM).await.password_failures.consecutive, before + 1);
}

#[tokio::test]
async fn a_guess_at_a_delivered_code_is_one_of_its_few_wherever_it_is_left_behind() {
    let mut was_counted = false;
    for polls in (0..60).chain([POLLS]) {
        let site = Site::new().await;
        site.deliver(KIM).await;
        let credentials = DeliveredOtpCredentials {
            authentication_id: Text(format!("dn:{KIM}")),
            authorization_id: None,
            one_time_password: Secret::new("000000"),
        };
        let anonymous = site.anonymous();
        site.left_behind(polls, Box::pin(credentials.authenticate(&site.context, &anonymous))).await;
        let record = site.record(KIM).await;
        let wrong = record.outstanding().unwrap().wrong;
        assert_eq!(record.second_factor_failures.count, wrong, "both counts go together");
        assert!(wrong == 1 || !was_counted, "left behind after {polls} polls it is not counted");
        was_counted |= wrong == 1;
    }
    assert!(was_counted);
}

#[tokio::test]
async fn a_failure_left_behind_is_among_the_recent_logins_once() {
    let site = Site::new().await;
    site.left_behind(POLLS, Box::pin(site.bind(KIM, "wrong"))).await;
    let logins = site.record(KIM).await.state.logins;
    assert_eq!((logins.failures.len(), logins.failures[0].more), (1, 0));
}
