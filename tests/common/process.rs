//! The program itself as a child process, made ready by `countersign init`: for what only a real process can show.

use std::{
    fs,
    io::{BufRead, BufReader},
    net::{SocketAddr, TcpListener, TcpStream},
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    sync::{Arc, Mutex},
    time::{Duration, Instant, SystemTime, UNIX_EPOCH},
};

use super::{
    client::Client,
    people::{self, ROOT, ROOT_PASSWORD, SUFFIX},
    totp,
};

/// The program under test.
pub const PROGRAM: &str = env!("CARGO_BIN_EXE_countersign");

/// A server process with a folder of its own.
pub struct Process {
    folder: tempfile::TempDir,
    child: Child,
    ldap: SocketAddr,
    rest: SocketAddr,
    log: Arc<Mutex<String>>,
    variables: Vec<(String, String)>,
}

impl Process {
    /// A running server with the sample directory in it.
    pub fn start() -> Self {
        Self::with("")
    }

    /// The same with further sections of the configuration (TOML).
    pub fn with(settings: &str) -> Self {
        Self::with_variables(settings, &[])
    }

    /// The same with keys that `init` has written already, by their environment variables without `COUNTERSIGN_`.
    pub fn with_variables(settings: &str, variables: &[(&str, &str)]) -> Self {
        let variables: Vec<(String, String)> =
            variables.iter().map(|(name, value)| (format!("COUNTERSIGN_{name}"), (*value).to_owned())).collect();
        let folder = tempfile::tempdir().unwrap();
        init(&folder.path().join("site"));
        let configuration = folder.path().join("site/countersign.toml");
        let written = fs::read_to_string(&configuration).unwrap();
        fs::write(&configuration, format!("{written}\n{settings}")).unwrap();
        import(&folder.path().join("site"));
        let [ldap, rest] = free_addresses();
        let log = Arc::default();
        let child = serve(&folder.path().join("site"), ldap, rest, &log, &variables);
        let process = Self { folder, child, ldap, rest, log, variables };
        process.wait_until_ready();
        process
    }

    /// Ends the process as a power cut would, as far as a program can tell.
    pub fn kill(&mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }

    /// Starts the server again over the same folder and the same addresses.
    pub fn start_again(&mut self) {
        self.child = serve(&self.site(), self.ldap, self.rest, &self.log, &self.variables);
        self.wait_until_ready();
    }

    /// Sends SIGTERM and returns the exit status.
    pub fn terminate(&mut self) -> i32 {
        let pid = rustix::process::Pid::from_raw(self.child.id().cast_signed()).unwrap();
        rustix::process::kill_process(pid, rustix::process::Signal::TERM).unwrap();
        self.child.wait().unwrap().code().unwrap_or(-1)
    }

    /// Sends SIGHUP, and waits until the settings are read again or are said to stay.
    pub fn reload(&self) {
        let before = self.log().matches("SIGHUP: ").count();
        let pid = rustix::process::Pid::from_raw(self.child.id().cast_signed()).unwrap();
        rustix::process::kill_process(pid, rustix::process::Signal::HUP).unwrap();
        wait_until("SIGHUP is answered", || self.log().matches("SIGHUP: ").count() > before);
    }

    /// The folder that `init` made.
    pub fn site(&self) -> PathBuf {
        self.folder.path().join("site")
    }

    /// The configuration file that `init` wrote.
    pub fn configuration(&self) -> PathBuf {
        self.site().join("countersign.toml")
    }

    /// Everything that the process has written to standard error and standard output so far.
    pub fn log(&self) -> String {
        self.log.lock().unwrap().clone()
    }

    /// Where it speaks LDAP.
    pub fn ldap(&self) -> SocketAddr {
        self.ldap
    }

    /// Where it speaks HTTP in clear.
    pub fn rest(&self) -> SocketAddr {
        self.rest
    }

    /// The process ID.
    pub fn id(&self) -> u32 {
        self.child.id()
    }

    /// An anonymous connection.
    pub fn client(&self) -> Client {
        Client::connect(self.ldap)
    }

    /// A connection bound as the root user.
    pub fn root(&self) -> Client {
        self.bound(ROOT, ROOT_PASSWORD)
    }

    /// A connection that is bound.
    pub fn bound(&self, dn: &str, password: &str) -> Client {
        let mut client = self.client();
        let response = client.bind(dn, password);
        assert_eq!(response.code, 0, "bind as {dn}: {}", response.diagnostic);
        client
    }

    /// The code of `totp::SECRET`, `offset` steps from now by the machine's clock.
    pub fn code(&self, offset: i64) -> String {
        let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_secs();
        totp::code_at(totp::SECRET, now, offset)
    }

    fn wait_until_ready(&self) {
        wait_until("the server listens", || [self.ldap, self.rest].iter().all(|at| TcpStream::connect(at).is_ok()));
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        let _already_gone = self.child.kill();
        let _status = self.child.wait();
        if std::thread::panicking() {
            eprintln!("--- the server's log ---\n{}", self.log());
        }
    }
}

/// Runs `countersign init` for a new folder.
pub fn init(folder: &Path) {
    let password = folder.with_extension("root-password");
    fs::write(&password, ROOT_PASSWORD).unwrap();
    let arguments = ["init", "--dir", folder.to_str().unwrap(), "--base-dn", SUFFIX, "--root-password-file"];
    let mut init = command(&arguments);
    init.arg(&password);
    assert_done(init);
}

/// Imports the sample directory into a folder that `init` made.
pub fn import(folder: &Path) {
    let (file, configuration) = (folder.with_extension("ldif"), folder.join("countersign.toml"));
    fs::write(&file, people::ldif()).unwrap();
    let arguments = ["import", "--config", configuration.to_str().unwrap(), file.to_str().unwrap()];
    assert_done(command(&arguments));
}

/// Runs the program to its end, which must be a good one.
pub fn assert_done(mut command: Command) {
    let output = command.output().unwrap();
    assert!(output.status.success(), "{command:?}: {}", String::from_utf8_lossy(&output.stderr));
}

/// The program with these arguments, and with what it needs to know of the site.
pub fn command(arguments: &[&str]) -> Command {
    let mut command = Command::new(PROGRAM);
    command.args(arguments);
    command
}

fn serve(
    site: &Path,
    ldap: SocketAddr,
    rest: SocketAddr,
    log: &Arc<Mutex<String>>,
    variables: &[(String, String)],
) -> Child {
    let mut child = command(&["serve", "--config", site.join("countersign.toml").to_str().unwrap()])
        .env("COUNTERSIGN_LDAP__LISTEN", ldap.to_string())
        .env("COUNTERSIGN_LDAP__LISTEN_TLS", "")
        .env("COUNTERSIGN_REST__LISTEN", "")
        .env("COUNTERSIGN_REST__LISTEN_PLAIN", rest.to_string())
        .env("COUNTERSIGN_LOG__LEVEL", "debug")
        .envs(variables.iter().map(|(name, value)| (name, value)))
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let (lines, log) = (BufReader::new(child.stderr.take().unwrap()).lines(), Arc::clone(log));
    std::thread::spawn(move || {
        for line in lines.map_while(Result::ok) {
            let mut log = log.lock().unwrap();
            log.push_str(&line);
            log.push('\n');
        }
    });
    child
}

/// Addresses on loopback where nobody listens now.
pub fn free_addresses<const COUNT: usize>() -> [SocketAddr; COUNT] {
    let held: [TcpListener; COUNT] = std::array::from_fn(|_| TcpListener::bind("127.0.0.1:0").unwrap());
    held.map(|listener| listener.local_addr().unwrap())
}

/// Asks again and again, for a minute at most.
pub fn wait_until(what: &str, mut holds: impl FnMut() -> bool) {
    let deadline = Instant::now() + Duration::from_secs(60);
    while !holds() {
        assert!(Instant::now() < deadline, "a minute has passed, and still not: {what}");
        // Not a wait for time to pass: only so that asking does not take the processor from who is asked.
        std::thread::park_timeout(Duration::from_millis(5));
    }
}
