//! Debian's yubiserver: somebody else's validation server, with a database and keys of its own.

use std::{
    net::{SocketAddr, TcpStream},
    path::PathBuf,
    process::{Child, Command, Stdio},
};

use super::{
    command::{repository, run},
    process::{free_addresses, wait_until},
    yubikey::Device,
};

/// The key of its one client, in base64.
pub const API_KEY: &str = "MDEyMzQ1Njc4OTAxMjM0NTY3ODk=";

/// A server that knows some devices; it ends with the value.
pub struct Yubiserver {
    pub address: SocketAddr,
    folder: tempfile::TempDir,
    child: Option<Child>,
}

impl Yubiserver {
    /// On a loopback port of its own.
    pub fn start(devices: &[Device]) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let shim = folder.path().join("loopback.so");
        let source = repository("tests/parts/loopback.c");
        run("cc", &["-shared", "-fPIC", "-o", shim.to_str().unwrap(), source.to_str().unwrap(), "-ldl"]).succeeded();
        let database = folder.path().join("yubiserver.sqlite");
        std::fs::copy(part("etc/yubiserver/yubiserver.sqlite.init"), &database).unwrap();
        let [address] = free_addresses();
        let mut server = Self { address, folder, child: None };
        for (number, device) in devices.iter().enumerate() {
            let name = format!("device{number}");
            server.administer(&["-y", "-a", &name, device.id, device.private_id, device.aes]);
        }
        server.administer(&["-p", "-a", "countersign", "01234567890123456789"]);
        server.begin();
        server
    }

    /// Serves again after `end`, with what it knew.
    pub fn begin(&mut self) {
        let port = self.address.port().to_string();
        let [database, log, shim] = ["yubiserver.sqlite", "log", "loopback.so"].map(|name| self.file(name));
        let mut command = Command::new(part("usr/bin/yubiserver"));
        command.arg("-d").arg(database).args(["-p", &port]).arg("-l").arg(log).env("LD_PRELOAD", shim);
        let child = command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
        self.child = Some(child);
        wait_until("yubiserver listens", || TcpStream::connect(self.address).is_ok());
    }

    /// Stops it in the middle of whatever it does.
    pub fn end(&mut self) {
        if let Some(mut child) = self.child.take() {
            child.kill().unwrap();
            child.wait().unwrap();
        }
    }

    fn administer(&self, words: &[&str]) {
        let database = self.file("yubiserver.sqlite");
        let arguments = [&["-b", database.to_str().unwrap()][..], words].concat();
        run(part("usr/bin/yubiserver-admin").to_str().unwrap(), &arguments).succeeded();
    }

    fn file(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }
}

/// A file of the package, where `tests/run` unpacked it.
fn part(name: &str) -> PathBuf {
    repository("target/yubiserver").join(name)
}

impl Drop for Yubiserver {
    fn drop(&mut self) {
        self.end();
    }
}
