//! The audit line: one for each event, with the same keys in the same order everywhere:
//! `ts level event conn op client app user dn mech factor result reason took_ms`. A key without a value is `-` (null in JSON).
//! `result` is the LDAP result code as a number; `reason` is from `reason.rs`. No secret and no code ever stands in a line.
//!
//! What is no event of a client (starting, stopping, failures of the server itself) is a notice: `ts level event=notice
//! message`; the cause of a failed operation follows its line as a notice with the same `conn` and `op`.

use std::{
    io::Write,
    net::SocketAddr,
    sync::{
        Arc,
        atomic::{AtomicU8, Ordering},
    },
    time::Duration,
};

use countersign_proto::result_code::ResultCode;

use super::{line::Line, writer::Writer};
use crate::{
    clock::{Clock, UnixMillis},
    config::{LogFormat, LogLevel, LogSettings},
    error::Error,
};

/// One event. `Event::default()` with what is known filled in.
#[derive(Clone, Copy, Debug, Default)]
pub struct Event<'a> {
    /// What happened: `bind`, `search`, `modify`, `connect`, `totp-generate`, ...
    pub event: &'static str,
    /// When; absent: now.
    pub at: Option<UnixMillis>,
    /// The number of the connection.
    pub connection: Option<u64>,
    /// The message ID, or the number of the request on its connection.
    pub operation: Option<i64>,
    /// Where the client is.
    pub client: Option<SocketAddr>,
    /// The application, where it said which it is.
    pub application: Option<&'a str>,
    /// The user as the client named it (authentication ID).
    pub user: Option<&'a str>,
    /// The DN that this is about: the account of a bind, the target of a change.
    pub dn: Option<&'a str>,
    /// The mechanism: `simple`, `PLAIN`, `UNBOUNDID-TOTP`, ...
    pub mechanism: Option<&'a str>,
    /// The second factor that was used.
    pub factor: Option<&'a str>,
    /// The outcome.
    pub result: Option<ResultCode>,
    /// Why it was refused, from `reason.rs`.
    pub reason: Option<&'a str>,
    /// From the request's arrival to its answer.
    pub took: Option<Duration>,
}

impl<'a> Event<'a> {
    /// The same event, failed with `error`: its code and its reason.
    #[must_use]
    pub fn failed(self, error: &'a Error) -> Self {
        Self { result: Some(error.code), reason: error.reason.as_deref(), ..self }
    }
}

/// Where events go. Clones write to the same log; writing a line never waits.
#[derive(Clone)]
pub struct Audit(Arc<Log>);

struct Log {
    clock: Arc<dyn Clock>,
    format: LogFormat,
    level: AtomicU8,
    writer: Writer,
}

impl Audit {
    /// A log that is written to `sink` by a thread of its own.
    pub fn new(settings: &LogSettings, clock: Arc<dyn Clock>, sink: Box<dyn Write + Send>) -> Self {
        let (format, stamp) = (settings.format, Arc::clone(&clock));
        let lost = move |count| {
            let message = format!("{count} lines were dropped: the log is not read fast enough");
            notice(format, &*stamp, LogLevel::Warn, None, &message)
        };
        let writer = Writer::start(sink, lost);
        Self(Arc::new(Log { clock, format, level: AtomicU8::new(rank(settings.level)), writer }))
    }

    /// Whether a line of this level would be written; asked first where making the event costs something.
    pub fn wants(&self, level: LogLevel) -> bool {
        rank(level) <= self.0.level.load(Ordering::Relaxed)
    }

    /// Changes the level, from now on.
    pub fn set_level(&self, level: LogLevel) {
        self.0.level.store(rank(level), Ordering::Relaxed);
    }

    /// Writes one event. Authentications and changes are `Info`, reading is `Debug`.
    pub fn record(&self, level: LogLevel, event: &Event<'_>) {
        if !self.wants(level) {
            return;
        }
        let mut line = Line::new(self.0.format);
        line.time("ts", event.at.unwrap_or_else(|| self.0.clock.now()));
        line.text("level", Some(level.word()));
        line.text("event", Some(event.event));
        line.number("conn", event.connection);
        line.number("op", event.operation);
        line.address("client", event.client);
        line.text("app", event.application);
        line.text("user", event.user);
        line.text("dn", event.dn);
        line.text("mech", event.mechanism);
        line.text("factor", event.factor);
        line.number("result", event.result.map(|code| code.0));
        line.text("reason", event.reason);
        line.number("took_ms", event.took.map(|took| u64::try_from(took.as_millis()).unwrap_or(u64::MAX)));
        self.0.writer.write(&line.end());
    }

    /// Writes an event that failed, and the cause of the failure, if it has one, as a notice.
    pub fn record_failure(&self, level: LogLevel, event: Event<'_>, error: &Error) {
        self.record(level, &event.failed(error));
        if let Some(source) = &error.source
            && self.wants(LogLevel::Error)
        {
            let origin = Some((event.connection, event.operation));
            self.0.writer.write(&notice(self.0.format, &*self.0.clock, LogLevel::Error, origin, &causes(&**source)));
        }
    }

    /// Says something about the server itself, in a sentence.
    pub fn notice(&self, level: LogLevel, message: &str) {
        if self.wants(level) {
            self.0.writer.write(&notice(self.0.format, &*self.0.clock, level, None, message));
        }
    }

    /// Waits until every line is written; later ones are lost.
    pub fn close(&self) {
        self.0.writer.close();
    }
}

impl std::fmt::Debug for Audit {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Audit")
    }
}

fn notice(
    format: LogFormat,
    clock: &dyn Clock,
    level: LogLevel,
    origin: Option<(Option<u64>, Option<i64>)>,
    message: &str,
) -> String {
    let mut line = Line::new(format);
    line.time("ts", clock.now());
    line.text("level", Some(level.word()));
    line.text("event", Some("notice"));
    if let Some((connection, operation)) = origin {
        line.number("conn", connection);
        line.number("op", operation);
    }
    line.text("message", Some(message));
    line.end()
}

/// An error and what caused it, in one text.
fn causes(error: &(dyn std::error::Error + 'static)) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(error) = cause {
        text = format!("{text}: {error}");
        cause = error.source();
    }
    text
}

const fn rank(level: LogLevel) -> u8 {
    match level {
        LogLevel::Error => 0,
        LogLevel::Warn => 1,
        LogLevel::Info => 2,
        LogLevel::Debug => 3,
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]
    use std::sync::Mutex;

    use super::*;
    use crate::{clock::FixedClock, telemetry::reason};

    #[derive(Clone, Default)]
    struct Sink(Arc<Mutex<Vec<u8>>>);

    impl Write for Sink {
        fn write(&mut self, octets: &[u8]) -> std::io::Result<usize> {
            self.0.lock().unwrap().extend_from_slice(octets);
            Ok(octets.len())
        }
        fn flush(&mut self) -> std::io::Result<()> {
            Ok(())
        }
    }

    fn logged(format: LogFormat, write: impl FnOnce(&Audit)) -> String {
        let sink = Sink::default();
        let clock = Arc::new(FixedClock::at(UnixMillis(1_790_000_000_123)));
        let settings = LogSettings { format, level: LogLevel::Info };
        let audit = Audit::new(&settings, clock, Box::new(sink.clone()));
        write(&audit);
        audit.close();
        let written = sink.0.lock().unwrap().clone();
        String::from_utf8(written).unwrap()
    }

    fn a_bind(audit: &Audit) {
        let event = Event {
            event: "bind",
            connection: Some(7),
            operation: Some(2),
            client: Some("127.0.0.1:5000".parse().unwrap()),
            dn: Some("uid=a b,dc=\"x\"\nts=1"),
            mechanism: Some("simple"),
            took: Some(Duration::from_millis(31)),
            ..Event::default()
        };
        audit.record_failure(
            LogLevel::Info,
            event,
            &Error::invalid_credentials(reason::WRONG_CODE).because("disk \u{202e}full"),
        );
        audit.record(LogLevel::Debug, &event);
    }

    #[test]
    fn a_logfmt_line_has_all_keys_in_order_and_values_cannot_break_out() {
        assert_eq!(
            logged(LogFormat::Logfmt, a_bind),
            "ts=2026-09-21T14:13:20.123Z level=info event=bind conn=7 op=2 client=127.0.0.1:5000 app=- user=- \
             dn=\"uid=a b,dc=\\\"x\\\"\\nts=1\" mech=simple factor=- result=49 reason=wrong-code took_ms=31\n\
             ts=2026-09-21T14:13:20.123Z level=error event=notice conn=7 op=2 message=\"disk \\u202efull\"\n"
        );
    }

    #[test]
    fn a_json_line_is_one_object_with_the_same_keys() {
        let text = logged(LogFormat::Json, a_bind);
        let first: serde_json::Value = serde_json::from_str(text.lines().next().unwrap()).unwrap();
        assert_eq!(first.get("result"), Some(&49.into()));
        assert_eq!(first.get("user"), Some(&serde_json::Value::Null));
        assert_eq!(first.get("dn"), Some(&"uid=a b,dc=\"x\"\nts=1".into()));
        assert!(
            text.starts_with("{\"ts\":\"2026-09-21T14:13:20.123Z\",\"level\":\"info\",\"event\":\"bind\",\"conn\":7,")
        );
    }

    #[test]
    fn a_huge_value_is_cut() {
        let long = "x".repeat(100_000);
        let text = logged(LogFormat::Logfmt, |audit| {
            audit.record(LogLevel::Info, &Event { event: "bind", user: Some(&long), ..Event::default() });
        });
        assert!(text.len() < 1000);
    }
}
