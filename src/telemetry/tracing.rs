//! What the parts of the server say by `tracing` becomes notices of the log. Events of other crates are left out: some of them
//! would show requests.

use std::fmt::{Debug, Write};

use tracing::{
    Event, Level, Metadata, Subscriber,
    field::{Field, Visit},
    span,
};

use super::audit::Audit;
use crate::config::LogLevel;

/// Passes events of this crate on to a log.
pub struct Notices(Audit);

impl Notices {
    /// Makes `audit` the log of this process.
    pub fn install(audit: Audit) {
        // Only the first server of a process can; tests start several, and none of them reads notices.
        let _ = tracing::subscriber::set_global_default(Self(audit));
    }
}

impl Subscriber for Notices {
    fn enabled(&self, metadata: &Metadata<'_>) -> bool {
        metadata.is_event() && metadata.target().starts_with("countersign") && self.0.wants(level(metadata.level()))
    }

    fn event(&self, event: &Event<'_>) {
        let mut message = Message::default();
        event.record(&mut message);
        self.0.notice(level(event.metadata().level()), &format!("{}{}", message.text, message.details));
    }

    // There are no spans here.
    fn new_span(&self, _: &span::Attributes<'_>) -> span::Id {
        span::Id::from_u64(1)
    }
    fn record(&self, _: &span::Id, _: &span::Record<'_>) {}
    fn record_follows_from(&self, _: &span::Id, _: &span::Id) {}
    fn enter(&self, _: &span::Id) {}
    fn exit(&self, _: &span::Id) {}
}

fn level(level: &Level) -> LogLevel {
    match *level {
        Level::ERROR => LogLevel::Error,
        Level::WARN => LogLevel::Warn,
        Level::INFO => LogLevel::Info,
        _ => LogLevel::Debug,
    }
}

/// The sentence of an event, and its fields behind it.
#[derive(Default)]
struct Message {
    text: String,
    details: String,
}

impl Visit for Message {
    fn record_debug(&mut self, field: &Field, value: &dyn Debug) {
        // Writing to a String cannot fail.
        let _ = match field.name() {
            "message" => write!(self.text, "{value:?}"),
            name => write!(self.details, ", {name}: {value:?}"),
        };
    }
}
