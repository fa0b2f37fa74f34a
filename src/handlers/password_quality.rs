//! Get password quality requirements: the rules that a new password must keep, as sentences and in words for programs.

use countersign_proto::{
    password_quality::{
        ClientSideValidation, GetPasswordQualityRequirementsRequest, GetPasswordQualityRequirementsResult,
        PasswordQualityRequirement,
    },
    text::Text,
};

use crate::{
    caller::Caller,
    error::Result,
    factors::password::rules::Rule,
    handlers::{
        Operation,
        context::Context,
        new_password::{Setter, must_change},
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
        let rules = context.password_rules.load();
        let max_age = config.password.max_age;
        let expires = !max_age.is_zero();
        let history = (config.password.history > 0).then(|| history(config.password.history));
        Ok(GetPasswordQualityRequirementsResult {
            requirements: rules.iter().map(requirement).chain(history).collect(),
            current_password_required: (setter == Setter::User).then_some(config.password.current_password_required),
            must_change_password: Some(must_change(&config, setter)),
            seconds_until_expiration: expires.then(|| i32::try_from(max_age.as_secs()).unwrap_or(i32::MAX)),
        })
    }
}

fn requirement(rule: &Rule) -> PasswordQualityRequirement {
    let properties = rule.properties().into_iter().map(|(name, value)| (Text::from(name), Text(value)));
    let client_side = ClientSideValidation { kind: Text::from(rule.kind()), properties: properties.collect() };
    PasswordQualityRequirement { description: Text(rule.sentence()), client_side: Some(client_side) }
}

fn history(count: u32) -> PasswordQualityRequirement {
    PasswordQualityRequirement {
        description: Text(format!("The password must be neither the present one nor one of the {count} before it")),
        client_side: Some(ClientSideValidation { kind: Text::from("password-history"), properties: Vec::new() }),
    }
}
