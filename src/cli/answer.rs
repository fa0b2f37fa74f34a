//! How a command ends: with an answer for people and for scripts, or with a failure and its exit code.

use std::{fmt, io::Write, process::ExitCode};

use serde_json::{Value, json};

/// What a command has to say: text for people, JSON for `--json`.
pub(crate) struct Answer {
    /// Lines for people, without the last line end.
    pub(crate) text: String,
    /// The same for scripts.
    pub(crate) json: Value,
}

/// Why a command did not do what it was asked.
#[derive(Debug)]
pub(crate) struct Failure {
    exit: Exit,
    sentence: String,
}

/// The exit codes besides 0.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Exit {
    Refused = 1,
    Usage = 2,
    Unreachable = 3,
}

impl Answer {
    /// Text, and the same as JSON.
    pub(crate) fn new(text: impl Into<String>, json: Value) -> Self {
        Self { text: text.into(), json }
    }
}

impl Failure {
    /// Understood and refused, or tried and failed: exit code 1.
    pub(crate) fn refused(sentence: impl fmt::Display) -> Self {
        Self { exit: Exit::Refused, sentence: sentence.to_string() }
    }

    /// The command line does not say what is needed: exit code 2.
    pub(crate) fn usage(sentence: impl fmt::Display) -> Self {
        Self { exit: Exit::Usage, sentence: sentence.to_string() }
    }

    /// The same, with the place before it and what else must be known behind it.
    pub(crate) fn at(self, place: impl fmt::Display, more: impl fmt::Display) -> Self {
        Self { sentence: format!("{place}: {}; {more}", self.sentence), ..self }
    }

    /// The server cannot be reached: exit code 3.
    pub(crate) fn unreachable(sentence: impl fmt::Display) -> Self {
        Self { exit: Exit::Unreachable, sentence: sentence.to_string() }
    }
}

impl<E: std::error::Error> From<E> for Failure {
    fn from(error: E) -> Self {
        Self::refused(error)
    }
}

/// Prints the outcome of a command and gives its exit code.
pub(crate) fn finish(outcome: Result<Answer, Failure>, as_json: bool) -> ExitCode {
    match outcome {
        Ok(answer) => {
            let text = if as_json { answer.json.to_string() } else { answer.text };
            if !text.is_empty() {
                say(&text);
            }
            ExitCode::SUCCESS
        }
        Err(failure) => {
            let code = failure.exit as u8;
            let text = if as_json {
                json!({ "error": failure.sentence, "exit": code }).to_string()
            } else {
                format!("countersign: {}", failure.sentence)
            };
            let _ = writeln!(std::io::stderr(), "{text}");
            ExitCode::from(code)
        }
    }
}

/// A line on standard output; a reader that went away is no error of ours.
pub(crate) fn say(text: &str) {
    let mut out = std::io::stdout().lock();
    let _ = writeln!(out, "{text}").and_then(|()| out.flush());
}
