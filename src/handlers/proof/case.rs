//! One claim against one account, as both were last looked at: the claim taken apart for the account, and what its password came to.
//! What that proves is `judgement`'s.

use super::{
    age::Purpose,
    claim::{Claim, CodeClaim},
    hashed::Hashed,
    judgement::{Evidence, Password},
    presented::Presented,
    rules::Rules,
};
use crate::{
    caller::{Notice, Strength},
    clock::UnixMillis,
    error::Result,
    handlers::{context::Context, devices::Judged, subject::Account},
    store::Target,
    telemetry::reason,
};

/// A claim and whose it would be.
pub(super) struct Case<'a> {
    pub(super) account: Box<Account>,
    pub(super) presented: Presented<'a>,
    pub(super) hashed: Hashed,
    pub(super) claim: Claim<'a>,
    purpose: Purpose,
    /// What the password was held against, where the entry's hashes are not all.
    with_retired: Option<Vec<Vec<u8>>>,
}

/// A proof that was good.
pub(in crate::handlers) struct Proven<'a> {
    /// The account as it was when it was proven.
    pub(in crate::handlers) account: Box<Account>,
    /// The password, without the code that was after it.
    pub(in crate::handlers) password: Option<&'a [u8]>,
    /// By what.
    pub(in crate::handlers) strength: Strength,
    /// What made the code, for the log; `None` without one.
    pub(in crate::handlers) factor: Option<&'static str>,
    /// What there is to say about the password.
    pub(in crate::handlers) notice: Notice,
}

impl<'a> Case<'a> {
    /// `claim` against `account`, with its password hashed.
    ///
    /// # Errors
    /// `busy`; `unavailable` if a secret of the account does not open.
    pub(super) async fn open(
        purpose: Purpose,
        context: &Context,
        rules: &Rules,
        account: Box<Account>,
        claim: Claim<'a>,
    ) -> Result<Self> {
        let presented = Presented::of(context, rules, &account, claim)?;
        let with_retired = with_retired(purpose, context, &account);
        let values = with_retired.as_ref().unwrap_or(&account.passwords);
        let hashed = Hashed::judge(context, rules, values, presented.password).await?;
        Ok(Self { account, presented, hashed, claim, purpose, with_retired })
    }

    /// Reads the account anew. The password is hashed again only where it is held against other hashes, or is another one: where it ends
    /// and a code begins is told by the account's factors.
    ///
    /// # Errors
    /// As those of `open`; the answer to a claim about nobody if the entry is gone.
    pub(super) async fn renew(&mut self, context: &Context, rules: &Rules) -> Result<()> {
        let Some(fresh) = reread(context, &self.account).await? else {
            return Err(self.hashed.refuse_stranger(context, rules, self.claim, reason::NO_SUCH_USER).await);
        };
        let presented = Presented::of(context, rules, &fresh, self.claim)?;
        let with_retired = with_retired(self.purpose, context, &fresh);
        let are_the_same = fresh.passwords == self.account.passwords && with_retired == self.with_retired;
        if presented.password != self.presented.password || !are_the_same {
            let values = with_retired.as_ref().unwrap_or(&fresh.passwords);
            let hashed = Hashed::judge(context, rules, values, presented.password).await?;
            self.hashed = Hashed { paid: hashed.paid | self.hashed.paid, ..hashed };
        }
        (self.account, self.presented, self.with_retired) = (fresh, presented, with_retired);
        Ok(())
    }

    /// What there is to weigh. `device`: what the OTP in the claim is worth, if it is one of a device of the account.
    pub(super) fn evidence(&self, device: Option<Judged>, now: UnixMillis) -> Evidence<'a> {
        let password = match self.claim.code {
            CodeClaim::Only(_) => Password::NotAsked,
            CodeClaim::DeviceAlone(_) if self.claim.password.is_none() => Password::Spared,
            _ => self.hashed.verdict,
        };
        let is_minded = !matches!(self.claim.code, CodeClaim::AloneInAnyState);
        let unusable = self.account.unusable.filter(|_| is_minded);
        Evidence { unusable, password, code: self.presented.code, device, now }
    }

    /// The claim is good.
    pub(super) fn proven(self, strength: Strength, notice: Notice) -> Proven<'a> {
        let Self { account, presented: Presented { password, code }, .. } = self;
        Proven { account, password, strength, factor: code.made_by(), notice }
    }
}

/// The same account as it is now; `None` if its entry is gone.
pub(super) async fn reread(context: &Context, account: &Account) -> Result<Option<Box<Account>>> {
    let fresh = Account::read(context, Target::Id(account.user.id)).await?;
    Ok(fresh.filter(|fresh| fresh.user.uuid == account.user.uuid))
}

/// The hashes that a password is held against where the entry's are not all: with the retired one's, for whatever sets no new password.
fn with_retired(purpose: Purpose, context: &Context, account: &Account) -> Option<Vec<Vec<u8>>> {
    let retired = account.record.state.retired.as_ref()?;
    if purpose == Purpose::NewPassword || !retired.is_good(context.clock.now()) {
        return None;
    }
    let former = retired.hashes.iter().map(|hash| hash.clone().into_bytes());
    Some(account.passwords.iter().cloned().chain(former).collect())
}
