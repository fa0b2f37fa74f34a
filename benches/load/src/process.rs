//! What the kernel says of a process: processor time, memory.

use std::{
    fs, io,
    path::Path,
    process::{Child, Command, ExitStatus},
    thread::sleep,
    time::{Duration, Instant},
};

/// Processor time in seconds, user and system together; exact to a tick (10 ms).
pub(crate) fn cpu_seconds(pid: u32) -> io::Result<f64> {
    let stat = fs::read_to_string(format!("/proc/{pid}/stat"))?;
    cpu_of(&stat).ok_or_else(|| io::Error::other(format!("/proc/{pid}/stat is unreadable")))
}

fn cpu_of(stat: &str) -> Option<f64> {
    // The name, in parentheses, may hold spaces.
    let fields: Vec<&str> = stat.rsplit_once(')')?.1.split_whitespace().collect();
    let ticks = fields.get(11)?.parse::<f64>().ok()? + fields.get(12)?.parse::<f64>().ok()?;
    Some(ticks / rustix::param::clock_ticks_per_second() as f64)
}

/// Memory of a process in KiB.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Memory {
    /// All that is resident, pages of mapped files too.
    pub(crate) resident: u64,
    /// What belongs to this process alone: what it costs the machine.
    pub(crate) private: u64,
}

/// What it has now. Private memory leaves out clean pages of files, which the system takes back when it likes.
pub(crate) fn memory(pid: u32) -> io::Result<Memory> {
    let rollup = fs::read_to_string(format!("/proc/{pid}/smaps_rollup"))?;
    Ok(Memory { resident: kib(&rollup, "Rss:"), private: kib(&rollup, "Private_Dirty:") })
}

fn kib(text: &str, key: &str) -> u64 {
    let value = text.lines().find_map(|line| line.strip_prefix(key));
    value.and_then(|rest| rest.trim().split(' ').next()?.parse().ok()).unwrap_or(0)
}

/// A command that is ended by the kernel when this process ends, however that comes about; where `setpriv` is there to ask for it.
pub(crate) fn ending_with_us(program: &Path) -> Command {
    const SETPRIV: &str = "/usr/bin/setpriv";
    if !Path::new(SETPRIV).exists() {
        return Command::new(program);
    }
    let mut command = Command::new(SETPRIV);
    command.args(["--pdeathsig", "TERM"]).arg(program);
    command
}

/// What a program that ran to its end took.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Taken {
    /// From start to end.
    pub(crate) seconds: f64,
    /// Of the processor.
    pub(crate) cpu_seconds: f64,
    /// Peak of resident memory, KiB.
    pub(crate) peak_resident: u64,
    /// Peak of memory that belongs to no file, KiB; looked at every 20 ms.
    pub(crate) peak_anonymous: u64,
}

/// Runs a program to its end and watches it.
pub(crate) fn watch(command: &mut Command) -> io::Result<Taken> {
    let begun = Instant::now();
    let mut child = command.spawn()?;
    let (pid, mut taken) = (child.id(), Taken::default());
    // A process that has ended but was not waited for (a zombie) still tells its processor time.
    while !has_ended(pid)? {
        let status = fs::read_to_string(format!("/proc/{pid}/status"))?;
        taken.peak_resident = taken.peak_resident.max(kib(&status, "VmHWM:"));
        taken.peak_anonymous = taken.peak_anonymous.max(kib(&status, "RssAnon:"));
        sleep(Duration::from_millis(20));
    }
    taken.seconds = begun.elapsed().as_secs_f64();
    taken.cpu_seconds = cpu_seconds(pid)?;
    succeeded(child.wait()?, command)?;
    Ok(taken)
}

fn has_ended(pid: u32) -> io::Result<bool> {
    let stat = fs::read_to_string(format!("/proc/{pid}/stat"))?;
    Ok(stat.rsplit_once(')').is_some_and(|(_, rest)| rest.trim_start().starts_with('Z')))
}

/// Runs a program to its end.
pub(crate) fn run(command: &mut Command) -> io::Result<()> {
    succeeded(command.status()?, command)
}

fn succeeded(status: ExitStatus, command: &Command) -> io::Result<()> {
    if status.success() { Ok(()) } else { Err(io::Error::other(format!("{command:?} ended with {status}"))) }
}

/// A running program, stopped when it is dropped.
pub(crate) struct Running(Child);

impl Running {
    /// Starts it.
    pub(crate) fn start(command: &mut Command) -> io::Result<Self> {
        command.spawn().map(Self)
    }

    /// Its process ID.
    pub(crate) fn pid(&self) -> u32 {
        self.0.id()
    }

    /// An error if it has ended already.
    pub(crate) fn still(&mut self) -> io::Result<()> {
        match self.0.try_wait()? {
            None => Ok(()),
            Some(status) => Err(io::Error::other(format!("the server ended with {status}"))),
        }
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        if let Some(pid) = i32::try_from(self.0.id()).ok().and_then(rustix::process::Pid::from_raw) {
            let _ = rustix::process::kill_process(pid, rustix::process::Signal::TERM);
        }
        let begun = Instant::now();
        while matches!(self.0.try_wait(), Ok(None)) {
            if begun.elapsed() > Duration::from_secs(20) {
                let _ = self.0.kill();
            }
            sleep(Duration::from_millis(5));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn processor_time_is_read_behind_any_name() {
        let stat = "1 (a ) b) S 1 1 1 0 -1 4 1 0 0 0 150 50 0 0 20 0 1 0 1 1 1";
        let ticks = rustix::param::clock_ticks_per_second() as f64;
        assert_eq!(cpu_of(stat), Some(200.0 / ticks));
    }
}
