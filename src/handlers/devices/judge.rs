//! Who judges an OTP: this server by the device's key, or validation servers, as `[yubikey] keys` says.

use super::Device;
use crate::{
    config::YubikeyJudge,
    error::{Error, Result},
    factors::yubikey::{Otp, Verdict},
    handlers::context::Context,
    store::Change,
    telemetry::reason,
    validation::Outcome,
};

/// What an OTP is worth.
pub(in crate::handlers) enum Judged {
    /// Good, if this change is made; without one it is used up already, by the validation servers.
    Fresh(Option<Change>),
    /// Used before.
    Used,
    /// Not good; why, for the log.
    Wrong(&'static str),
    /// Nobody can say: to be answered with this error, and counted by nobody.
    Unknown(Error),
}

/// Has one OTP judged. Validation servers are asked once, for asking uses the OTP up; our own judgement is made anew each time,
/// since the device may have been used meanwhile.
#[derive(Default)]
pub(in crate::handlers) struct Judge {
    remote: Option<Outcome>,
}

impl Judge {
    /// What `otp` is worth now.
    ///
    /// # Errors
    /// `unavailable` where the store cannot be read or the device's key does not open.
    pub(in crate::handlers) async fn judge(&mut self, context: &Context, otp: &Otp) -> Result<Judged> {
        let by = context.config.load().yubikey.keys;
        if by != YubikeyJudge::Remote && self.remote.is_none() {
            let device = Device::find(context, otp.public_id()).await?;
            let verdict = device.as_ref().map(|device| device.judge(context, otp)).transpose()?.flatten();
            if let Some(verdict) = &verdict {
                context.metrics.validated("local", word_of_verdict(verdict));
            }
            match (verdict, device) {
                (Some(Verdict::Fresh(token)), Some(device)) => {
                    return Ok(Judged::Fresh(Some(device.spent(token, None, context.clock.now()))));
                }
                (Some(Verdict::Used(_)), _) => return Ok(Judged::Used),
                (Some(_), _) => return Ok(Judged::Wrong(reason::WRONG_CODE)),
                (None, _) if by == YubikeyJudge::Local => return Ok(Judged::Wrong(reason::NO_KEY)),
                (None, _) => {}
            }
        }
        if self.remote.is_none() {
            let outcome = ask(context, otp).await;
            context.metrics.validated("remote", word_of_outcome(&outcome));
            self.remote = Some(outcome);
        }
        Ok(match &self.remote {
            Some(Outcome::Good) => Judged::Fresh(None),
            Some(Outcome::Replayed) => Judged::Used,
            Some(Outcome::Bad) | None => Judged::Wrong(reason::WRONG_CODE),
            Some(Outcome::Unavailable(why)) => {
                Judged::Unknown(Error::unavailable(why.as_str()).reason(reason::VALIDATION_UNAVAILABLE))
            }
            Some(Outcome::Misconfigured(why)) => {
                Judged::Unknown(Error::other(why.as_str()).reason(reason::VALIDATION_REFUSED))
            }
        })
    }
}

/// As what a judgement of ours is counted.
const fn word_of_verdict(verdict: &Verdict) -> &'static str {
    match verdict {
        Verdict::Fresh(_) => "good",
        Verdict::Used(_) => "replayed",
        Verdict::Wrong => "bad",
    }
}

/// As what an answer of validation servers is counted.
const fn word_of_outcome(outcome: &Outcome) -> &'static str {
    match outcome {
        Outcome::Good => "good",
        Outcome::Replayed => "replayed",
        Outcome::Bad => "bad",
        Outcome::Unavailable(_) => "unavailable",
        Outcome::Misconfigured(_) => "misconfigured",
    }
}

async fn ask(context: &Context, otp: &Otp) -> Outcome {
    match context.validators.load_full() {
        Some(validators) => validators.ask(otp.as_str(), &*context.random).await,
        None => Outcome::Unavailable("no validation server is set up".to_owned()),
    }
}
