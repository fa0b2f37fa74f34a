//! What a password hash costs by itself, in the same run as the binds that compute it.

use std::{
    io, thread,
    time::{Duration, Instant},
};

use crate::{data::hashes::BareHash, process::cpu_seconds};

/// Hashes by themselves, over some rounds.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Bare {
    cpu_seconds: f64,
    hashes: u64,
}

impl Bare {
    /// The sum over two rounds.
    pub(crate) fn add(&mut self, other: Self) {
        self.cpu_seconds += other.cpu_seconds;
        self.hashes += other.hashes;
    }

    /// Microseconds of processor time for one; `None` if none was computed.
    pub(crate) fn each(self) -> Option<f64> {
        (self.hashes > 0).then(|| self.cpu_seconds * 1e6 / self.hashes as f64)
    }
}

/// Computes argon2id hashes, as many at once as a server under so many connections, each in memory of its own that is used again, in
/// ordinary pages.
pub(crate) fn bare(connections: usize, time: Duration) -> io::Result<Bare> {
    let threads = connections.min(thread::available_parallelism().map_or(1, usize::from));
    let before = cpu_seconds(std::process::id())?;
    let counts = thread::scope(|scope| {
        let running: Vec<_> = (0..threads).map(|_| scope.spawn(|| count(time))).collect();
        let ended = running.into_iter().map(|thread| thread.join().unwrap_or_else(|_| Err(io::Error::other("lost"))));
        ended.collect::<io::Result<Vec<u64>>>()
    })?;
    Ok(Bare { cpu_seconds: cpu_seconds(std::process::id())? - before, hashes: counts.iter().sum() })
}

fn count(time: Duration) -> io::Result<u64> {
    let (begun, mut hash, mut done) = (Instant::now(), BareHash::new()?, 0);
    while begun.elapsed() < time {
        std::hint::black_box(hash.compute("secret-0000001", done)?);
        done += 1;
    }
    Ok(done)
}
