//! A program of the operator's that is given the text on its standard input. No shell, nothing secret in the arguments (everybody on the
//! machine can read those), an environment of its own, nothing of what it prints is kept.

use std::{process::Stdio, time::Duration};

use rustix::process::{Pid, Signal, kill_process_group};
use tokio::{
    io::AsyncWriteExt,
    process::{Child, Command},
    time::timeout,
};

use super::{
    Delivery,
    error::DeliveryError,
    message::{Handover, Message, too_slow},
};
use crate::config::delivery::CommandSettings;

/// What a program needs of our environment. Nothing else is handed on: secrets may stand in it.
const KEPT: [&str; 4] = ["PATH", "HOME", "LANG", "TZ"];

/// Starts a program for each message.
pub struct CommandDelivery {
    mechanism: String,
    program: String,
    arguments: Vec<String>,
    timeout: Duration,
}

/// A running program and all that it started; ended with this value unless it ended by itself.
struct Group(Option<Pid>);

impl CommandDelivery {
    /// For the mechanism of this name and these settings.
    ///
    /// # Errors
    /// When there is no such program.
    pub fn new(mechanism: &str, settings: &CommandSettings, timeout: Duration) -> Result<Self, String> {
        let (program, arguments) = settings.command.split_first().ok_or("command names no program")?;
        if !std::path::Path::new(program).is_file() {
            return Err(format!("command: there is no program {program}"));
        }
        let [mechanism, program] = [mechanism, program].map(str::to_owned);
        Ok(Self { mechanism, program, arguments: arguments.to_vec(), timeout })
    }

    fn start(&self, message: &Message) -> std::io::Result<Child> {
        let kept = KEPT.into_iter().filter_map(|name| std::env::var_os(name).map(|value| (name, value)));
        Command::new(&self.program)
            .args(&self.arguments)
            .env_clear()
            .envs(kept)
            .env("COUNTERSIGN_MECHANISM", &self.mechanism)
            .env("COUNTERSIGN_RECIPIENT", message.recipient())
            .env("COUNTERSIGN_RECIPIENT_DN", message.recipient_dn())
            .env("COUNTERSIGN_SUBJECT", message.subject())
            .current_dir("/")
            .stdin(Stdio::piped())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .process_group(0)
            .kill_on_drop(true)
            .spawn()
    }

    async fn run(&self, message: &Message) -> Result<(), DeliveryError> {
        let failed = |error: std::io::Error| DeliveryError::new(format!("{} cannot be run: {error}", self.program));
        let mut child = self.start(message).map_err(failed)?;
        let mut group = Group::of(&child);
        let ended = timeout(self.timeout, async {
            if let Some(mut input) = child.stdin.take() {
                // A program that ends without reading everything speaks by its exit status.
                let _closed_early = input.write_all(message.text().as_bytes()).await;
            }
            child.wait().await
        })
        .await;
        let Ok(ended) = ended else {
            group.kill();
            // Killed, it ends at once; waited for, it leaves nothing behind.
            let _reaped = child.wait().await;
            return Err(too_slow(self.timeout));
        };
        group.0 = None;
        match ended.map_err(failed)? {
            status if status.success() => Ok(()),
            status => Err(DeliveryError::new(format!("{} ended with {status}", self.program))),
        }
    }
}

impl Delivery for CommandDelivery {
    fn deliver<'a>(&'a self, message: &'a Message) -> Handover<'a> {
        Box::pin(self.run(message))
    }
}

impl Group {
    fn of(child: &Child) -> Self {
        Self(child.id().and_then(|id| i32::try_from(id).ok()).and_then(Pid::from_raw))
    }

    fn kill(&mut self) {
        if let Some(leader) = self.0.take() {
            // What has ended meanwhile need not be ended.
            let _gone = kill_process_group(leader, Signal::KILL);
        }
    }
}

impl Drop for Group {
    fn drop(&mut self) {
        self.kill();
    }
}
