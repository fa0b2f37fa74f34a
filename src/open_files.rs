//! The system's limit on open files, and how many connections it leaves room for.

use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};

/// Files that the server needs besides connections: the store, listeners, certificates, the log.
const OTHER_FILES: u64 = 128;

/// Raises the soft limit of this process to the hard one, and gives the number of files it may open then.
pub fn raise_limit() -> u64 {
    let Rlimit { current, maximum } = getrlimit(Resource::Nofile);
    let raised = setrlimit(Resource::Nofile, Rlimit { current: maximum, maximum });
    let limit = if raised.is_ok() { maximum } else { current };
    limit.unwrap_or(u64::MAX)
}

/// How many connections fit, given what the configuration says (0: as many as fit).
pub fn connections(configured: u32, open_files: u64) -> u32 {
    let room = u32::try_from(open_files.saturating_sub(OTHER_FILES).max(16)).unwrap_or(u32::MAX);
    if configured == 0 { room } else { configured.min(room) }
}

#[cfg(test)]
mod tests {
    use super::connections;

    #[test]
    fn connections_fit_into_the_open_files() {
        assert_eq!(connections(0, 1024), 896);
        assert_eq!(connections(10_000, 1024), 896);
        assert_eq!(connections(100, 1024), 100);
        assert_eq!(connections(0, 64), 16);
    }
}
