//! The rules that new passwords must keep, as clients are told of them: as sentences and in words for programs.

use countersign_proto::{
    password_quality::{ClientSideValidation, PasswordQualityRequirement},
    password_validation::{RuleResult, ValidationOutcome},
    text::Text,
};

use crate::{caller::Caller, factors::password::rules::Rule, handlers::context::Context};

/// All that is asked of a new password.
pub(in crate::handlers) fn requirements(context: &Context) -> Vec<PasswordQualityRequirement> {
    let rules = context.password_rules.load();
    rules.iter().map(requirement).chain(history(context)).collect()
}

/// Begins the report of a request that brings so many passwords.
pub(in crate::handlers) fn begin_report(caller: &Caller, passwords: usize) {
    caller.password_report.tell(|details| {
        details.outcome = match passwords {
            0 => ValidationOutcome::NoPassword,
            1 => ValidationOutcome::NotAttempted,
            _ => ValidationOutcome::ManyPasswords,
        };
    });
}

/// Reports which rules the one password keeps; `is_new`: it is none that was used before.
pub(super) fn report(context: &Context, caller: &Caller, judged: &[(&Rule, bool)], is_new: bool) {
    let result = |requirement, satisfied| RuleResult { requirement, satisfied };
    caller.password_report.tell(|details| {
        // One of the server's own making, or one of many, is not told of.
        if details.outcome == ValidationOutcome::NotAttempted {
            let rules = judged.iter().map(|&(rule, is_kept)| result(requirement(rule), is_kept));
            let history = history(context).map(|requirement| result(requirement, is_new));
            details.outcome = ValidationOutcome::Performed(rules.chain(history).collect());
        }
    });
}

fn requirement(rule: &Rule) -> PasswordQualityRequirement {
    let properties = rule.properties().into_iter().map(|(name, value)| (Text::from(name), Text(value)));
    let client_side = ClientSideValidation { kind: Text::from(rule.kind()), properties: properties.collect() };
    PasswordQualityRequirement { description: Text(rule.sentence()), client_side: Some(client_side) }
}

fn history(context: &Context) -> Option<PasswordQualityRequirement> {
    let count = context.config.load().password.history;
    (count > 0).then(|| PasswordQualityRequirement {
        description: Text(format!("The password must be neither the present one nor one of the {count} before it")),
        client_side: Some(ClientSideValidation { kind: Text::from("password-history"), properties: Vec::new() }),
    })
}
