//! What a password hash costs by itself, in the same run as the binds that compute it.

use std::{
    io, thread,
    time::{Duration, Instant},
};

use crate::{data::hashes::BareHash, process::cpu_seconds};

/// Microseconds of processor time for one argon2id hash with as many computed at once as `threads` says, each in memory of its own
/// that is used again.
pub(crate) fn bare(threads: usize, time: Duration) -> io::Result<f64> {
    let before = cpu_seconds(std::process::id())?;
    let counts = thread::scope(|scope| {
        let running: Vec<_> = (0..threads).map(|_| scope.spawn(|| count(time))).collect();
        let ended = running.into_iter().map(|thread| thread.join().unwrap_or_else(|_| Err(io::Error::other("lost"))));
        ended.collect::<io::Result<Vec<u64>>>()
    })?;
    let taken = cpu_seconds(std::process::id())? - before;
    Ok(taken * 1e6 / counts.iter().sum::<u64>().max(1) as f64)
}

fn count(time: Duration) -> io::Result<u64> {
    let (begun, mut hash, mut done) = (Instant::now(), BareHash::new()?, 0);
    while begun.elapsed() < time {
        std::hint::black_box(hash.compute("secret-0000001", done)?);
        done += 1;
    }
    Ok(done)
}
