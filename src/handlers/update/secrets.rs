//! `ds-auth-totp-shared-secret` in an add or modify: never stored in the entry, but sealed in the factor record of the same change.

use countersign_proto::result_code::ResultCode;
use subtle::ConstantTimeEq;
use uuid::Uuid;
use zeroize::Zeroizing;

use crate::{
    caller::Caller,
    directory::modify::{Modification, ModificationKind},
    error::{Error, Result},
    factors::{
        record::{Factor, Kind, Record},
        totp::secret_from_base32,
    },
    handlers::context::Context,
    seal::Place,
};

/// Name of the attribute, which sealed secrets are bound to.
pub(super) const TOTP_SHARED_SECRET: &str = "ds-auth-totp-shared-secret";
/// Octets below which a secret is no secret: 80 bits, as the first authenticator applications had them.
const MIN_SECRET: usize = 10;

/// The octets of a secret.
pub(in crate::handlers) type Secret = Zeroizing<Vec<u8>>;

/// A modification of the secrets of an account.
pub(in crate::handlers) struct SecretChange {
    kind: ModificationKind,
    secrets: Vec<Secret>,
}

/// The change that a modification asks for.
///
/// # Errors
/// insufficientAccessRights by others than root and `bypass-acl`; invalidAttributeSyntax for what is no base32 text.
pub(super) fn read(modification: &Modification, caller: &Caller) -> Result<SecretChange> {
    if !caller.bypasses_access() {
        return Err(Error::insufficient_access("TOTP shared secrets are written by root and bypass-acl alone"));
    }
    let secrets = modification.values.iter().map(|value| decoded(value)).collect::<Result<Vec<_>>>()?;
    match modification.kind {
        ModificationKind::Add if secrets.is_empty() => Err(Error::protocol("Adding a secret needs a value")),
        ModificationKind::Increment => Err(Error::protocol("A secret cannot be incremented")),
        kind => Ok(SecretChange { kind, secrets }),
    }
}

/// A secret in base32 text.
pub(in crate::handlers) fn decoded(value: &[u8]) -> Result<Secret> {
    let secret = std::str::from_utf8(value).ok().and_then(secret_from_base32).map(Zeroizing::new);
    secret.filter(|secret| secret.len() >= MIN_SECRET).ok_or_else(|| {
        Error::new(
            ResultCode::INVALID_ATTRIBUTE_SYNTAX,
            "A TOTP shared secret is base32 text of at least 80 bits (RFC 4648 section 6)",
        )
    })
}

impl SecretChange {
    /// These secrets added, deleted, or put in the place of all.
    pub(in crate::handlers) const fn new(kind: ModificationKind, secrets: Vec<Secret>) -> Self {
        Self { kind, secrets }
    }

    /// Applies it to an account's factor record.
    ///
    /// # Errors
    /// attributeOrValueExists, noSuchAttribute, unless `permissive`; unavailable if a stored secret does not open.
    pub(in crate::handlers) fn apply(
        &self,
        record: &mut Record,
        uuid: Uuid,
        context: &Context,
        permissive: bool,
    ) -> Result<()> {
        match self.kind {
            ModificationKind::Delete if !self.secrets.is_empty() => self.delete(record, uuid, context, permissive),
            ModificationKind::Add => self.add(record, uuid, context, permissive),
            _ => {
                let had_one = record.factors.iter().any(is_totp);
                if self.kind == ModificationKind::Delete && !had_one && !permissive {
                    return Err(missing());
                }
                record.factors.retain(|factor| !is_totp(factor));
                // The factor begins anew, and so does the count of its failures.
                record.second_factor_failures = Default::default();
                self.add(record, uuid, context, false)
            }
        }
    }

    fn add(&self, record: &mut Record, uuid: Uuid, context: &Context, permissive: bool) -> Result<()> {
        for secret in &self.secrets {
            if position(record, uuid, secret, context)?.is_none() {
                let place = Place { entry: uuid, attribute: TOTP_SHARED_SECRET };
                let sealed = context.sealer.seal(&*context.random, place, secret).map_err(Error::unavailable)?;
                record.add_totp(sealed, String::new(), context.clock.now());
            } else if !permissive {
                return Err(Error::new(ResultCode::ATTRIBUTE_OR_VALUE_EXISTS, "The account has this secret already"));
            }
        }
        Ok(())
    }

    fn delete(&self, record: &mut Record, uuid: Uuid, context: &Context, permissive: bool) -> Result<()> {
        for secret in &self.secrets {
            match position(record, uuid, secret, context)? {
                Some(at) => drop(record.factors.remove(at)),
                None if permissive => {}
                None => return Err(missing()),
            }
        }
        Ok(())
    }
}

fn is_totp(factor: &Factor) -> bool {
    factor.kind == Kind::Totp
}

/// Where in the record the factor with this secret is.
fn position(record: &Record, uuid: Uuid, secret: &[u8], context: &Context) -> Result<Option<usize>> {
    for (at, factor) in record.factors.iter().enumerate().filter(|(_, factor)| is_totp(factor)) {
        let place = Place { entry: uuid, attribute: TOTP_SHARED_SECRET };
        let opened = context.sealer.open(place, &factor.secret).map_err(Error::unavailable)?;
        if bool::from(opened.ct_eq(secret)) {
            return Ok(Some(at));
        }
    }
    Ok(None)
}

fn missing() -> Error {
    Error::new(ResultCode::NO_SUCH_ATTRIBUTE, "The account has no such TOTP shared secret")
}
