//! The password policy as clients name it. There is one, which the configuration describes; it has a DN because the operations
//! want one, and no entry.

use countersign_proto::result_code::ResultCode;

use crate::{
    caller::{Caller, Privilege},
    directory::dn::DnKey,
    error::{Error, Result},
    handlers::{context::Context, subject::Account},
};

/// The policy's name.
pub(super) const DN: &str = "cn=Default Password Policy,cn=Password Policies,cn=config";

/// Refuses a name that is not the policy's.
///
/// # Errors
/// `invalidDNSyntax`; `noSuchObject`.
pub(super) fn known(context: &Context, dn: &str) -> Result<()> {
    let named =
        DnKey::parse(dn, &context.schema).map_err(|error| Error::new(ResultCode::INVALID_DN_SYNTAX, error.reason))?;
    let own = DnKey::parse(DN, &context.schema).map_err(|error| Error::other(error.reason))?;
    if named == own {
        return Ok(());
    }
    Err(Error::new(ResultCode::NO_SUCH_OBJECT, format!("The only password policy is {DN}")))
}

/// Whether `caller` may have the account's own values compared with a password.
pub(super) fn may_know(caller: &Caller, account: &Account) -> bool {
    caller.is(account.user.id) || caller.may(Privilege::PasswordReset) || caller.bypasses_access()
}
