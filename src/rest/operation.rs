//! `POST {dn}/{operation}` and `POST {operation}`: a row of the switchboard, with the request in the body and perhaps an entry in the path. What the
//! operation does, and to whom it is allowed, is the handler's; both doors share it.

use countersign_proto::result_code::ResultCode;
use serde::Serialize;
use serde_json::{Map, Value};

use super::{
    controls, json,
    reply::Reply,
    status::{Hearer, Refusal, ResultCodeBody},
};
use crate::{
    caller::{Caller, PasswordReport},
    config::LogLevel,
    handlers::context::Context,
    routes::{Pending, Route},
    telemetry::audit::Event,
};

/// What a successful operation answers.
#[derive(Serialize)]
struct Outcome {
    #[serde(rename = "resultCode")]
    result_code: ResultCodeBody,
    #[serde(flatten)]
    members: Map<String, Value>,
    #[serde(rename = "_controls", skip_serializing_if = "Option::is_none")]
    controls: Option<Value>,
}

/// The members of a body, and what its controls want to be told of a password; an empty body has none.
///
/// # Errors
/// 400 for what is no JSON object of the strict kind, and for a critical control that is not carried out here.
pub(super) fn members(body: &[u8], route: &Route) -> Result<(Map<String, Value>, PasswordReport), Refusal> {
    if body.iter().all(u8::is_ascii_whitespace) {
        return Ok((Map::new(), PasswordReport::default()));
    }
    let mut members = json::object(body).map_err(Refusal::invalid)?;
    let report = controls::of_change(members.remove(controls::MEMBER), route.sets_password)?;
    Ok((members, report))
}

/// Carries the operation out for `caller`; `dn`: the entry in the path.
///
/// # Errors
/// The operation's result, as HTTP says it.
pub(super) async fn answer(
    route: &Route,
    dn: Option<&str>,
    performed: Pending<'_, Map<String, Value>>,
    context: &Context,
    caller: &Caller,
) -> Result<Reply, Refusal> {
    let began = context.clock.now();
    let performed = performed.await;
    let event = Event {
        event: route.name,
        connection: Some(caller.channel.connection),
        operation: Some(caller.operation),
        client: caller.channel.peer,
        user: Some(caller.dn()).filter(|user| !user.is_empty()),
        dn,
        took: Some(context.clock.now().since(began)),
        ..Event::default()
    };
    match performed {
        Ok(members) => {
            context.audit.record(LogLevel::Info, &Event { result: Some(ResultCode::SUCCESS), ..event });
            let controls = controls::answered(caller);
            let outcome = Outcome { result_code: ResultCode::SUCCESS.into(), members, controls };
            Ok(Reply::ok(&outcome))
        }
        Err(error) => {
            context.audit.record_failure(LogLevel::Info, event, &error);
            // What a password lacks is the request's fault, whoever makes it (rest-api.md section 19).
            let is_about_password = route.sets_password && error.code == ResultCode::UNWILLING_TO_PERFORM;
            let hearer = if is_about_password { Hearer::Anonymous } else { Hearer::of(caller) };
            Err(Refusal { controls: controls::answered(caller), ..Refusal::of(&error, hearer) })
        }
    }
}
