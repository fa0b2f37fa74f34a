//! Get password quality requirements: the rules that a new password must keep, as sentences and in words for programs.

use countersign_proto::password_quality::{
    GetPasswordQualityRequirementsRequest, GetPasswordQualityRequirementsResult,
};

use crate::{
    caller::Caller,
    error::Result,
    handlers::{
        Operation,
        context::Context,
        new_password::{Setter, must_change, requirements},
        password_policy,
        subject::{by_dn, named_or_own, permitted},
    },
};

impl Operation for GetPasswordQualityRequirementsRequest {
    type Outcome = GetPasswordQualityRequirementsResult;

    async fn perform(self, context: &Context, caller: &Caller) -> Result<GetPasswordQualityRequirementsResult> {
        let setter = match self {
            Self::Add => Setter::Creator,
            Self::AddWithPolicy(dn) => password_policy::known(context, &dn).map(|()| Setter::Creator)?,
            Self::SelfChange => {
                permitted(caller, named_or_own(context, caller, None).await?)?;
                Setter::User
            }
            Self::SelfChangeFor(dn) => {
                permitted(caller, by_dn(context, &dn).await?)?;
                Setter::User
            }
            Self::AdministrativeReset(dn) => {
                permitted(caller, by_dn(context, &dn).await?)?;
                Setter::Administrator
            }
        };
        let config = context.config.load();
        let max_age = config.password.max_age;
        let expires = !max_age.is_zero();
        Ok(GetPasswordQualityRequirementsResult {
            requirements: requirements(context),
            current_password_required: (setter == Setter::User).then_some(config.password.current_password_required),
            must_change_password: Some(must_change(&config, setter)),
            seconds_until_expiration: expires.then(|| i32::try_from(max_age.as_secs()).unwrap_or(i32::MAX)),
        })
    }
}
