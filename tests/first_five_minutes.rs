//! What the README promises to whoever has just arrived: `countersign demo`, the lines that it prints, and a directory of one's own.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

mod common;

use std::{
    fs,
    io::{BufRead, BufReader},
    process::{Child, Command, Stdio},
    sync::{Arc, Mutex},
};

use common::{
    command::{self, repository},
    process::{PROGRAM, free_addresses, wait_until},
};

/// A child process whose standard output is collected.
struct Spoken {
    child: Child,
    said: Arc<Mutex<String>>,
}

impl Spoken {
    fn start(command: &mut Command) -> Self {
        let mut child = command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::null()).spawn().unwrap();
        let said: Arc<Mutex<String>> = Arc::default();
        let (lines, into) = (BufReader::new(child.stdout.take().unwrap()).lines(), Arc::clone(&said));
        std::thread::spawn(move || {
            for line in lines.map_while(Result::ok) {
                *into.lock().unwrap() += &(line + "\n");
            }
        });
        Self { child, said }
    }

    fn said(&self) -> String {
        self.said.lock().unwrap().clone()
    }

    /// Ctrl-C; returns the exit status.
    fn interrupt(&mut self) -> i32 {
        let pid = rustix::process::Pid::from_raw(self.child.id().cast_signed()).unwrap();
        rustix::process::kill_process(pid, rustix::process::Signal::INT).unwrap();
        self.child.wait().unwrap().code().unwrap_or(-1)
    }
}

impl Drop for Spoken {
    fn drop(&mut self) {
        let _already_gone = self.child.kill();
        let _status = self.child.wait();
    }
}

/// The commands that a text offers for pasting: lines whose first word, after settings of the environment, is one of these,
/// with what a backslash continues.
fn commands(text: &str, programs: &[&str]) -> Vec<String> {
    let program = |line: &str| line.split_whitespace().find(|word| !word.contains('=')).unwrap_or("").to_owned();
    let joined = text.replace("\\\n", " ");
    let lines = joined.lines().map(str::trim);
    lines.filter(|line| programs.contains(&program(line).as_str())).map(str::to_owned).collect()
}

/// Waits until the demo has said this, which must be before it ends.
fn wait_for(demo: &mut Spoken, words: &[&str]) -> String {
    wait_until("the demo is ready", || {
        let said = demo.said();
        words.iter().all(|word| said.contains(word)) || demo.child.try_wait().unwrap().is_some()
    });
    let said = demo.said();
    assert!(words.iter().all(|word| said.contains(word)), "{words:?} in: {said}");
    said
}

#[test]
fn the_demo_shows_what_it_does_and_its_lines_work_when_pasted() {
    let folder = tempfile::tempdir().unwrap();
    let kept = folder.path().join("kept");
    let mut demo = Spoken::start(Command::new(PROGRAM).args(["demo", "--keep"]).arg(&kept));
    let said = wait_for(&mut demo, &["otpauth://totp/", "again", "ldapsearch", "ldapwhoami", "curl", "Ctrl-C"]);
    for program in ["ldapsearch", "ldapwhoami", "curl"] {
        let lines = commands(&said, &[program]);
        assert!(!lines.is_empty(), "a line with {program}: {said}");
        for line in lines {
            let shown = command::run("bash", &["-c", &line]);
            assert_eq!(shown.status, 0, "{line}\n{}{}\n{said}", shown.stdout, shown.stderr);
            assert!(!shown.stdout.trim().is_empty(), "{line}");
        }
    }
    assert_eq!(demo.interrupt(), 0);
    assert!(kept.exists());
}

#[test]
fn the_demo_leaves_nothing_behind() {
    let folder = tempfile::tempdir().unwrap();
    let mut demo = Spoken::start(Command::new(PROGRAM).arg("demo").env("TMPDIR", folder.path()));
    wait_for(&mut demo, &["Ctrl-C"]);
    assert!(fs::read_dir(folder.path()).unwrap().next().is_some(), "it works in the temporary folder");
    assert_eq!(demo.interrupt(), 0);
    assert!(fs::read_dir(folder.path()).unwrap().next().is_none());
}

#[test]
fn the_readme_names_the_two_commands() {
    let readme = fs::read_to_string(repository("README.md")).unwrap();
    assert!(readme.contains("\ncargo run --release -- demo"));
    assert!(readme.contains("\ntests/run "));
    assert!(repository("tests/run").exists());
}

#[test]
fn a_directory_of_ones_own_is_made_by_the_lines_of_the_readme() {
    let readme = fs::read_to_string(repository("README.md")).unwrap();
    let section = readme.split("## A directory of your own").nth(1).expect("the section");
    let lines = commands(section, &["countersign"]);
    let line = |verb: &str| {
        let found = lines.iter().find(|line| line.starts_with(&format!("countersign {verb}")));
        found.unwrap_or_else(|| panic!("a line with {verb}")).split('#').next().unwrap().trim().to_owned()
    };
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("root-password"), "root of one's own").unwrap();
    fs::copy(repository("examples/people.ldif"), folder.path().join("people.ldif")).unwrap();
    let [ldap, ldaps, rest] = free_addresses();
    let shell = |line: &str| {
        let words: Vec<&str> = line.split_whitespace().skip(1).collect();
        let mut command = Command::new(PROGRAM);
        command.args(words).current_dir(folder.path());
        command.env("COUNTERSIGN_LDAP__LISTEN", ldap.to_string());
        command.env("COUNTERSIGN_LDAP__LISTEN_TLS", ldaps.to_string());
        command.env("COUNTERSIGN_REST__LISTEN", rest.to_string());
        command
    };
    for verb in ["init", "check-config", "import"] {
        let line = line(verb);
        let output = shell(&line).output().unwrap();
        assert!(output.status.success(), "{line}: {}", String::from_utf8_lossy(&output.stderr));
    }
    let mut serving = Spoken::start(&mut shell(&line("serve")));
    wait_until("it serves", || {
        std::net::TcpStream::connect(ldap).is_ok() || serving.child.try_wait().unwrap().is_some()
    });
    let mut client = common::client::Client::connect(ldap);
    assert_eq!(client.bind("cn=Directory Manager", "root of one's own").code, 0);
    let people = common::client::Search::new("dc=example,dc=com", common::client::SUBTREE, "(objectClass=person)");
    assert!(!client.search(&people).entries.is_empty());
    let line = line("export");
    let output = shell(&line).output().unwrap();
    assert!(output.status.success(), "beside the server: {}", String::from_utf8_lossy(&output.stderr));
    assert!(String::from_utf8_lossy(&output.stdout).contains("dn: dc=example,dc=com"));
    assert_eq!(serving.interrupt(), 0);
}
