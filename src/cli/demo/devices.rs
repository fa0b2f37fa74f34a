//! The sample user's devices: secrets as the server gave them, and which of their codes have been handed out.

use zeroize::Zeroizing;

use super::super::answer::Failure;
use crate::{
    clock::{Clock, SystemClock},
    factors::hotp::Hotp,
};

/// One device.
pub(super) struct Device {
    /// Its secret in base32.
    pub(super) base32: Zeroizing<String>,
    secret: Zeroizing<Vec<u8>>,
    /// The newest step whose code was handed out.
    spent: u64,
}

/// The length of a time step in seconds.
const STEP: u64 = 30;

impl Device {
    /// A device that has scanned this secret.
    pub(super) fn new(base32: String) -> Result<Self, Failure> {
        let secret = base32::decode(base32::Alphabet::Rfc4648 { padding: false }, &base32)
            .ok_or_else(|| Failure::refused("the server gave a secret that is no base32"))?;
        Ok(Self { base32: Zeroizing::new(base32), secret: Zeroizing::new(secret), spent: 0 })
    }

    /// The octets of its secret.
    pub(super) fn secret(&self) -> &[u8] {
        &self.secret
    }

    /// A code that was not handed out before: of now, or of the next step, which the server accepts too. `Err` is the number of
    /// seconds until there is one.
    pub(super) fn code(&mut self) -> Result<String, u64> {
        let seconds = SystemClock.now().seconds();
        let now = seconds / STEP;
        let step = now.max(self.spent + 1);
        if step > now + 1 {
            return Err((step - 1) * STEP - seconds);
        }
        self.spent = step;
        Ok(Hotp::new(&self.secret, 6).code(step).as_str().to_owned())
    }
}
