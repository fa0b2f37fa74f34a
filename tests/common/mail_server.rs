//! A real mail server, PyPI's aiosmtpd, in a process of its own: what it took, and the many ways in which it takes nothing.

use std::{
    io::{BufRead, BufReader},
    path::Path,
    process::{Child, Command, Stdio},
    sync::mpsc::{Receiver, channel},
    time::Duration,
};

use serde_json::{Value, json};

use super::command::repository;

/// The server; it ends with the value.
pub struct MailServer {
    pub port: u16,
    child: Child,
    mails: Receiver<Value>,
}

impl MailServer {
    /// `security`: none, starttls or tls, with the certificate in `folder`; `mode`: see the program.
    pub fn start(security: &str, folder: &Path, password: Option<&str>, mode: &str) -> Self {
        let wanted = json!({ "security": security, "folder": folder, "password": password, "mode": mode });
        let mut child = Command::new(repository("target/python/bin/python"))
            .arg(repository("tests/parts/mail_server.py"))
            .arg(wanted.to_string())
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .unwrap_or_else(|error| panic!("no Python with aiosmtpd ({error}); tests/run --parts installs it"));
        let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
        let port = lines.next().expect("aiosmtpd is there; tests/run --parts installs it").unwrap().parse().unwrap();
        let (told, mails) = channel();
        std::thread::spawn(move || {
            for line in lines.map_while(Result::ok) {
                if told.send(serde_json::from_str(&line).unwrap()).is_err() {
                    return;
                }
            }
        });
        Self { port, child, mails }
    }

    /// The next mail that it took.
    pub fn mail(&self) -> Value {
        self.mails.recv_timeout(Duration::from_secs(30)).expect("a mail")
    }

    /// How many mails it took that nobody asked for yet, after it has ended.
    pub fn end(mut self) -> usize {
        drop(self.child.stdin.take());
        self.child.wait().unwrap();
        self.mails.iter().count()
    }
}

impl Drop for MailServer {
    fn drop(&mut self) {
        drop(self.child.stdin.take());
        let _ended_already = self.child.kill();
        let _reaped_already = self.child.wait();
    }
}
