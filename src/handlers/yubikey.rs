//! What the server does with YubiKeys: devices registered and deregistered, and the SASL mechanism UNBOUNDID-YUBIKEY-OTP. What an OTP is
//! worth stands in `factors::yubikey`; who judges it and what is kept of a device, in `devices`; whose account it is, in `subject`
//! and `proof`.

mod ownership;

use std::pin::pin;

use countersign_proto::{
    text::Secret,
    value::NoValue,
    yubikey::{DeregisterYubiKeyOtpDeviceRequest, RegisterYubiKeyOtpDeviceRequest, YubiKeyOtpCredentials},
};

use self::ownership::{add_device, not_registered, remove_devices};
use crate::{
    caller::Caller,
    error::{Error, Result},
    factors::yubikey::Otp,
    handlers::{
        AboutEntry, Mechanism, Operation,
        bind::{Attempt, Outcome},
        context::Context,
        owner::{need_second_factor, only_as_first, password_needed, prove_owner},
        proof::{Claim, CodeClaim, Origin, is_refused},
        subject::{Account, Permitted, Subject, named, named_or_own, permitted},
    },
    telemetry::reason,
};

/// Who asks for a change of an account's devices, once it is known that they may.
struct Entitled {
    account: Account,
    /// By the privilege `password-reset`, not as the owner.
    as_administrator: bool,
}

impl Operation for RegisterYubiKeyOtpDeviceRequest {
    type Outcome = NoValue;

    async fn perform(self, context: &Context, caller: &Caller) -> Result<NoValue> {
        let subject = named_or_own(context, caller, self.authentication_id.as_deref()).await?;
        // Before the OTP is judged: a refused requester uses no OTP up.
        let Entitled { account, as_administrator } =
            entitled(context, caller, subject, self.static_password.as_ref()).await?;
        if account.is_service {
            return Err(Error::unwilling("A service account binds with its password alone and has no second factor"));
        }
        let otp =
            Otp::parse(self.yubikey_otp.expose()).ok_or_else(|| Error::invalid_credentials(reason::WRONG_CODE))?;
        let only_as_first = !as_administrator && only_as_first(context, caller, &account);
        add_device(context, caller, account.user.id, &otp, only_as_first).await?;
        Ok(NoValue {})
    }
}

impl AboutEntry for RegisterYubiKeyOtpDeviceRequest {
    fn about(self, dn: &str) -> Self {
        Self { authentication_id: Some(format!("dn:{dn}").as_str().into()), ..self }
    }
}

impl Operation for DeregisterYubiKeyOtpDeviceRequest {
    type Outcome = NoValue;

    async fn perform(self, context: &Context, caller: &Caller) -> Result<NoValue> {
        let subject = named_or_own(context, caller, self.authentication_id.as_deref()).await?;
        let Entitled { account, as_administrator } =
            entitled(context, caller, subject, self.static_password.as_ref()).await?;
        let which = match &self.yubikey_otp {
            None => None,
            // It only names the device: whether it is fresh, or even good, does not matter.
            Some(typed) => Some(Otp::parse(typed.expose()).ok_or_else(not_registered)?.public_id().to_owned()),
        };
        remove_devices(context, caller, account.user.id, which.as_deref(), as_administrator).await?;
        Ok(NoValue {})
    }
}

impl AboutEntry for DeregisterYubiKeyOtpDeviceRequest {
    fn about(self, dn: &str) -> Self {
        Self { authentication_id: Some(format!("dn:{dn}").as_str().into()), ..self }
    }
}

impl Mechanism for YubiKeyOtpCredentials {
    async fn authenticate(self, context: &Context, caller: &Caller) -> Result<Caller> {
        let attempt = Attempt {
            mechanism: Self::MECHANISM,
            user: &self.authentication_id,
            authorization_id: self.authorization_id.as_deref(),
        };
        let outcome = pin!(async {
            let subject = match named(context, &self.authentication_id).await {
                Ok(subject) => subject,
                Err(error) => return Outcome::failed(error),
            };
            let password = self.static_password.as_ref().map(Secret::expose);
            let otp = self.yubikey_otp.expose();
            let code = match context.config.load().yubikey.require_static_password {
                true => CodeClaim::Device(otp),
                false => CodeClaim::DeviceAlone(otp),
            };
            let claim = Claim { password, code, origin: Origin::sasl(Self::MECHANISM, caller) };
            attempt.prove(context, caller, subject, claim).await
        });
        attempt.audited(context, caller, outcome).await
    }
}

/// Whose devices may be changed: the owner's by the static password, or as the user who is authenticated, with what `[factors]
/// self_service` asks besides; another's by an administrator.
async fn entitled(context: &Context, caller: &Caller, subject: Subject, password: Option<&Secret>) -> Result<Entitled> {
    if let Some(password) = password {
        let mut nothing = |_: &Account, _: &mut _| Ok(());
        let (account, ()) = prove_owner(context, caller, subject, password.expose(), &mut nothing).await?;
        return Ok(Entitled { account, as_administrator: false });
    }
    match permitted(caller, subject)? {
        Permitted::Administrator(account) => Ok(Entitled { account: *account, as_administrator: true }),
        Permitted::Itself(_) if !context.config.load().yubikey.self_registration_without_password => {
            Err(password_needed())
        }
        Permitted::Itself(account) => {
            if is_refused(context, &account) {
                return Err(Error::invalid_credentials(reason::LOCKED));
            }
            need_second_factor(context, caller, &account)?;
            Ok(Entitled { account: *account, as_administrator: false })
        }
    }
}
