//! What is counted while the server runs, for whoever watches it from outside. Counting is a relaxed addition where it is hot, a
//! lock held for an addition where something slow was done anyway; nothing here waits for anybody who looks.
//!
//! No count has a user, a DN or an address in its labels: what is counted about one person is in the audit log.

pub mod counts;
pub mod operations;
pub mod page;

use std::time::Duration;

use countersign_proto::result_code::ResultCode;

use self::{counts::Counts, operations::Operations, page::Page};
use super::reason;
use crate::histogram::{Histogram, MICROSECONDS};

/// Everything that is counted.
#[derive(Debug)]
pub struct Metrics {
    /// LDAP operations that were answered.
    pub operations: Operations,
    requests: Counts<3>,
    request_times: Histogram,
    authentications: Counts<2>,
    proofs: Counts<2>,
    deliveries: Counts<2>,
    validations: Counts<2>,
    lockouts: Counts<1>,
}

impl Default for Metrics {
    /// Nothing counted yet.
    fn default() -> Self {
        Self {
            operations: Operations::default(),
            requests: Counts::of(["endpoint", "method", "status"]),
            request_times: Histogram::new(MICROSECONDS),
            authentications: Counts::of(["mechanism", "result"]),
            proofs: Counts::of(["factor", "outcome"]),
            deliveries: Counts::of(["mechanism", "result"]),
            validations: Counts::of(["by", "result"]),
            lockouts: Counts::of(["factor"]),
        }
    }
}

impl Metrics {
    /// A request over HTTP was answered. `endpoint`: which of those there are, by its name.
    pub fn requested(&self, endpoint: &'static str, method: &'static str, status: u16, took: Duration) {
        self.requests.add([endpoint.into(), method.into(), i64::from(status).into()]);
        self.request_times.observe(u64::try_from(took.as_micros()).unwrap_or(u64::MAX));
    }

    /// A bind has ended, at whichever door.
    pub fn authenticated(&self, mechanism: &'static str, result: ResultCode) {
        self.authentications.add([mechanism.into(), i64::from(result.0).into()]);
    }

    /// A proof was good. `factor`: what made the code, `password` without one.
    pub fn accepted(&self, factor: &'static str) {
        self.proofs.add([factor.into(), "accepted".into()]);
    }

    /// A proof was not, for a reason of `reason.rs`.
    pub fn refused(&self, factor: &'static str, why: &str) {
        self.proofs.add([factor.into(), reason::word(why).into()]);
    }

    /// A mechanism was given a message. `result`: `delivered` or `failed`.
    pub fn delivered(&self, mechanism: &str, result: &'static str) {
        self.deliveries.add([mechanism.to_owned().into(), result.into()]);
    }

    /// An OTP of a YubiKey was judged, by this server (`local`) or by others (`remote`).
    pub fn validated(&self, by: &'static str, result: &'static str) {
        self.validations.add([by.into(), result.into()]);
    }

    /// Failures have locked or closed what they count: `password` or `second-factor`.
    pub fn locked_out(&self, factor: &'static str) {
        self.lockouts.add([factor.into()]);
    }

    /// All of it.
    pub fn write(&self, page: &mut Page) {
        self.operations.write(page);
        let families = [
            (
                "countersign_authn_total",
                "Binds at all doors, by LDAP result code.",
                &self.authentications as &dyn Shown,
            ),
            ("countersign_proofs_total", "Proofs of accounts that were judged, also within operations.", &self.proofs),
            ("countersign_account_lockouts_total", "Times that failures closed something.", &self.lockouts),
            ("countersign_otp_delivery_total", "Messages with codes and tokens.", &self.deliveries),
            ("countersign_yubikey_validations_total", "OTPs of YubiKeys that were judged.", &self.validations),
            ("countersign_http_requests_total", "Requests over HTTP.", &self.requests),
        ];
        for (name, help, counts) in families {
            counts.show(page, name, help);
        }
        let times = self.request_times.so_far();
        page.seconds("countersign_http_request_duration_seconds", "How long requests over HTTP took.", &times);
    }
}

/// Counts with however many labels.
trait Shown {
    fn show(&self, page: &mut Page, name: &str, help: &str);
}

impl<const LABELS: usize> Shown for Counts<LABELS> {
    fn show(&self, page: &mut Page, name: &str, help: &str) {
        self.write(page, name, help);
    }
}
