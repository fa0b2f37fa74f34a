//! Asking validation servers: all at once, with the same nonce, and believing only what is signed and answers this very question.

use futures_util::{StreamExt, stream::FuturesUnordered};

use super::{ApiKey, SIGNATURE, Status, field, fields_of};
use crate::{
    config::YubikeySettings,
    outgoing::{Answer, Outgoing, Request, Url},
    random::{Random, text},
};

/// The longest answer that is read.
const MAX_ANSWER: usize = 8 << 10;
/// Characters of a nonce; 16 to 40 are allowed.
const NONCE: usize = 32;
const ALPHANUMERIC: &[u8] = b"0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ";

/// The servers that judge OTPs whose keys are elsewhere.
pub struct Validators {
    outgoing: Outgoing,
    urls: Vec<Url>,
    client_id: String,
    api_key: Option<ApiKey>,
}

/// What came of asking.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// The OTP was good; now it is used.
    Good,
    /// The OTP was not made by a device that the servers know.
    Bad,
    /// The OTP was used before.
    Replayed,
    /// No server gave an answer that can be believed; what they gave instead, for the log.
    Unavailable(String),
    /// The servers refuse us as their client: our settings are wrong; how, for the log.
    Misconfigured(String),
}

impl Validators {
    /// The servers of these settings.
    ///
    /// # Errors
    /// A sentence about the key or the address that cannot be used.
    pub fn new(settings: &YubikeySettings, outgoing: Outgoing) -> Result<Self, String> {
        let read = |text: &String| {
            Url::parse(text).map_err(|allowed| format!("validation_urls: \"{text}\"; allowed is {allowed}"))
        };
        let api_key = match &settings.api_key {
            None => None,
            Some(key) => Some(ApiKey::from_base64(key.expose()).ok_or("api_key: a key in base64 is meant")?),
        };
        Ok(Self {
            outgoing,
            urls: settings.validation_urls.iter().map(read).collect::<Result<_, _>>()?,
            client_id: settings.client_id.unwrap_or_default().to_string(),
            api_key,
        })
    }

    /// Has the servers judge an OTP. The first decisive answer that can be believed counts; the OTP may be used up whatever comes of it,
    /// so it is never asked about again with another nonce.
    pub async fn ask(&self, otp: &str, random: &dyn Random) -> Outcome {
        let nonce = match text(random, ALPHANUMERIC, NONCE) {
            Ok(nonce) => nonce,
            Err(error) => return Outcome::Unavailable(error.to_string()),
        };
        let asked: FuturesUnordered<_> = self.urls.iter().map(|url| self.ask_one(url, otp, &nonce)).collect();
        let mut answers = std::pin::pin!(asked);
        let (mut misconfigured, mut unavailable) = (None, Vec::new());
        while let Some((host, said)) = answers.next().await {
            match said {
                Ok(Status::Ok) => return Outcome::Good,
                Ok(Status::BadOtp) => return Outcome::Bad,
                Ok(Status::ReplayedOtp) => return Outcome::Replayed,
                Ok(
                    status @ (Status::BadSignature
                    | Status::MissingParameter
                    | Status::NoSuchClient
                    | Status::OperationNotAllowed),
                ) => misconfigured = Some(format!("{host}: {status}")),
                // The nonce is ours and fresh, so a repeated request is not the user's doing.
                Ok(status @ (Status::ReplayedRequest | Status::BackendError | Status::NotEnoughAnswers)) => {
                    unavailable.push(format!("{host}: {status}"));
                }
                Err(why) => unavailable.push(why),
            }
        }
        misconfigured.map_or_else(|| Outcome::Unavailable(unavailable.join("; ")), Outcome::Misconfigured)
    }

    /// One server's host and status, or why there is none to believe.
    async fn ask_one(&self, url: &Url, otp: &str, nonce: &str) -> (String, Result<Status, String>) {
        let host = url.host().to_owned();
        let mut parameters = vec![("id", self.client_id.as_str()), ("nonce", nonce), ("otp", otp)];
        let signature = self.api_key.as_ref().map(|key| key.sign(&parameters));
        parameters.extend(signature.as_deref().map(|signature| (SIGNATURE, signature)));
        let request = Request::get(&url.with_parameters(&parameters)).answer_at_most(MAX_ANSWER);
        let said = match self.outgoing.exchange(request).await {
            Ok(answer) => self.believed(&answer, otp, nonce).map_err(|why| format!("{host}: {why}")),
            Err(error) => Err(error.to_string()),
        };
        (host, said)
    }

    /// The status of an answer to this question. A server that does not know us cannot sign; what it says then lets nobody in.
    fn believed(&self, answer: &Answer, otp: &str, nonce: &str) -> Result<Status, &'static str> {
        if answer.status != 200 {
            return Err("an HTTP status other than 200");
        }
        let body = std::str::from_utf8(&answer.body).map_err(|_| "an answer that is no text")?;
        let fields = fields_of(body).ok_or("an answer that is no list of fields")?;
        let status = field(&fields, "status").and_then(Status::parse).ok_or("an answer without a known status")?;
        let refuses_us = matches!(
            status,
            Status::BadSignature | Status::MissingParameter | Status::NoSuchClient | Status::OperationNotAllowed
        );
        if refuses_us {
            return Ok(status);
        }
        if let Some(key) = &self.api_key
            && !field(&fields, SIGNATURE).is_some_and(|signature| key.verifies(&fields, signature))
        {
            return Err("an answer whose signature is wrong or missing");
        }
        if matches!(status, Status::BackendError | Status::NotEnoughAnswers) {
            return Ok(status);
        }
        if field(&fields, "otp") != Some(otp) {
            return Err("an answer about another OTP");
        }
        if field(&fields, "nonce") != Some(nonce) {
            return Err("an answer to another request");
        }
        Ok(status)
    }
}
