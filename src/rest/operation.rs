//! `POST {dn}/{operation}`: a row of the switchboard, with the entry in the path and the rest of the request in the body. What the
//! operation does, and to whom it is allowed, is the handler's; both doors share it.

use countersign_proto::result_code::ResultCode;
use serde::Serialize;
use serde_json::{Map, Value};

use super::{
    controls, json,
    path::Segment,
    read,
    reply::Reply,
    status::{Hearer, Refusal, ResultCodeBody},
};
use crate::{
    caller::Caller,
    config::LogLevel,
    handlers::context::Context,
    routes::{JsonCall, Route},
    telemetry::audit::Event,
};

/// What a successful operation answers.
#[derive(Serialize)]
struct Outcome {
    #[serde(rename = "resultCode")]
    result_code: ResultCodeBody,
    #[serde(flatten)]
    members: Map<String, Value>,
}

/// The members of a body; an empty body has none.
///
/// # Errors
/// 400 for what is no JSON object of the strict kind, and for a critical control.
pub(super) fn members(body: &[u8]) -> Result<Map<String, Value>, Refusal> {
    if body.iter().all(u8::is_ascii_whitespace) {
        return Ok(Map::new());
    }
    let mut members = json::object(body).map_err(Refusal::invalid)?;
    controls::check(members.remove(controls::MEMBER))?;
    Ok(members)
}

/// Carries the operation out for `caller`.
///
/// # Errors
/// The operation's result, as HTTP says it.
pub(super) async fn answer(
    segment: Segment<'_>,
    (route, call): (&Route, JsonCall),
    members: Map<String, Value>,
    context: &Context,
    caller: &Caller,
) -> Result<Reply, Refusal> {
    let dn = read::dn_of(segment)?;
    let began = context.clock.now();
    let performed = call(&dn, members, context, caller).await;
    let event = Event {
        event: route.name,
        connection: Some(caller.channel.connection),
        operation: Some(caller.operation),
        client: caller.channel.peer,
        user: Some(caller.dn()).filter(|user| !user.is_empty()),
        dn: Some(&dn),
        took: Some(context.clock.now().since(began)),
        ..Event::default()
    };
    match performed {
        Ok(members) => {
            context.audit.record(LogLevel::Info, &Event { result: Some(ResultCode::SUCCESS), ..event });
            let outcome = Outcome { result_code: ResultCode::SUCCESS.into(), members };
            Ok(Reply::ok(&outcome))
        }
        Err(error) => {
            context.audit.record_failure(LogLevel::Info, event, &error);
            Err(Refusal::of(&error, Hearer::of(caller)))
        }
    }
}
