//! Other people's programs: ldap-utils, oathtool, curl and the clients in `tests/clients`.

use std::{
    io::Write,
    path::{Path, PathBuf},
    process::{Command, Stdio},
};

/// What a program said.
#[derive(Debug)]
pub struct Output {
    pub status: i32,
    pub stdout: String,
    pub stderr: String,
}

impl Output {
    /// The same if it succeeded; else the test fails and shows what it said.
    pub fn succeeded(self) -> Self {
        assert_eq!(self.status, 0, "{}\n{}", self.stdout, self.stderr);
        self
    }
}

/// Runs a program to its end. A program that is not there fails the test: `tests/run` installs it.
pub fn run(program: &str, arguments: &[&str]) -> Output {
    run_with_input(program, arguments, "")
}

/// The same with text for its standard input.
pub fn run_with_input(program: &str, arguments: &[&str], input: &str) -> Output {
    // A program that waits for ever fails the test instead of stopping it.
    let mut child = Command::new("timeout")
        .args(["120", program])
        .args(arguments)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("timeout, of coreutils");
    // A program that does not read its input closes it early: not an error here.
    let _closed_early = child.stdin.take().unwrap().write_all(input.as_bytes());
    let output = child.wait_with_output().unwrap();
    assert_ne!(output.status.code(), Some(127), "{program} is not there; tests/run --parts installs it");
    Output {
        status: output.status.code().unwrap_or(-1),
        stdout: String::from_utf8_lossy(&output.stdout).into_owned(),
        stderr: String::from_utf8_lossy(&output.stderr).into_owned(),
    }
}

/// A path in the repository.
pub fn repository(path: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join(path)
}
