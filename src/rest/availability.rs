//! How the server is, for load balancers and orchestrators (rest-api.md section 11); nobody has to be anybody to ask.

use hyper::StatusCode;
use tokio_util::sync::CancellationToken;

use super::{media, reply::Reply};
use crate::handlers::context::Context;

/// What is asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Question {
    /// Whether to send requests here.
    Ready,
    /// Whether the process does its work.
    Alive,
}

/// How the server is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum State {
    /// As it should be.
    Available,
    /// It still answers, and others should be asked: it is ending.
    Degraded,
    /// The store cannot be read.
    Unavailable,
}

/// Asks the store and says how the server is.
pub(super) async fn answer(question: Question, context: &Context, shutdown: &CancellationToken) -> Reply {
    let state = match context.store.statistics().await {
        Err(_) => State::Unavailable,
        Ok(_) if shutdown.is_cancelled() => State::Degraded,
        Ok(_) => State::Available,
    };
    let body = format!(r#"{{"availability-state":"{}"}}"#, state.word());
    Reply { status: state.status(question), media: media::JSON, body: body.into_bytes() }
}

impl State {
    const fn word(self) -> &'static str {
        match self {
            Self::Available => "AVAILABLE",
            Self::Degraded => "DEGRADED",
            Self::Unavailable => "UNAVAILABLE",
        }
    }

    const fn status(self, question: Question) -> StatusCode {
        match (self, question) {
            (Self::Available, _) | (Self::Degraded, Question::Alive) => StatusCode::OK,
            (Self::Degraded, Question::Ready) | (Self::Unavailable, _) => StatusCode::SERVICE_UNAVAILABLE,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_ending_server_is_alive_and_not_ready() {
        assert_eq!(State::Degraded.status(Question::Alive), StatusCode::OK);
        assert_eq!(State::Degraded.status(Question::Ready), StatusCode::SERVICE_UNAVAILABLE);
        assert_eq!(State::Unavailable.status(Question::Alive), StatusCode::SERVICE_UNAVAILABLE);
    }
}
