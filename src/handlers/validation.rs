//! What our own server of the validation protocol says of an OTP: judged by the key that is here, and used up for binds too. Who may
//! ask, and how it is said, is `rest/validation.rs`. No account is asked: the protocol is about devices.

use crate::{
    error::Result,
    factors::yubikey::{Counters, Otp, Token, Verdict},
    handlers::{
        context::Context,
        devices::{Device, is_race},
    },
    validation::Status,
};

/// What a device told of itself in an OTP.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Told {
    /// Its clock: eighths of a second since it was powered up.
    pub timestamp: u32,
    /// How often it was powered up and used.
    pub session: u16,
    /// Which OTP of this session it was.
    pub uses: u8,
}

/// How often an OTP is judged anew after its device was used meanwhile.
const MAX_ATTEMPTS: usize = 64;

/// What an OTP is worth, and what its device told, if it is a good one. `typed` may be anything.
///
/// # Errors
/// Where the store cannot be read or written, or the key does not open: nothing is used up then.
pub async fn validate(context: &Context, typed: &str, nonce: &str) -> Result<(Status, Option<Told>)> {
    let Some(otp) = Otp::parse(typed.as_bytes()) else { return Ok((Status::BadOtp, None)) };
    for _ in 0..MAX_ATTEMPTS {
        let Some(device) = Device::find(context, otp.public_id()).await? else { return Ok((Status::BadOtp, None)) };
        let token = match device.judge(context, &otp)? {
            None | Some(Verdict::Wrong) => return Ok((Status::BadOtp, None)),
            Some(Verdict::Used(token)) => {
                let is_same = device.last().is_some_and(|(last, by)| last == token && by == Some(nonce));
                let status = if is_same { Status::ReplayedRequest } else { Status::ReplayedOtp };
                return Ok((status, None));
            }
            Some(Verdict::Fresh(token)) => token,
        };
        match context.store.apply(vec![device.spent(token, Some(nonce), context.clock.now())]).await {
            Ok(_) => return Ok((Status::Ok, Some(told(token)))),
            Err(error) if is_race(&error) => {}
            Err(error) => return Err(error.into()),
        }
    }
    Ok((Status::BackendError, None))
}

const fn told(token: Token) -> Told {
    let Token { counters: Counters { session, uses }, timestamp } = token;
    Told { timestamp, session, uses }
}
