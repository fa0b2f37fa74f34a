//! Where an issuer's keys come from, and how they are kept: read again when the file has changed, or when a token names a key that is not
//! among them; what cannot be had leaves the last keys in use.

use std::{
    path::{Path, PathBuf},
    sync::{Mutex, PoisonError},
    time::{Duration, SystemTime},
};

use tokio::sync::Mutex as Turn;

use super::{
    algorithm::Algorithm,
    key::{Key, KeySet},
};
use crate::{
    clock::UnixMillis,
    config::OutgoingSettings,
    outgoing::{Outgoing, Request, Url},
};

/// The longest set that is read.
const MAX_SET: usize = 256 << 10;
/// Keys at an address are not asked for more often than this, whatever tokens say.
const PAUSE: Duration = Duration::from_secs(30);
/// Keys at an address that are older are asked for again, so that one that was withdrawn is forgotten.
const FRESH: Duration = Duration::from_secs(600);
/// A file is not looked at more often than this.
const GLANCE: Duration = Duration::from_secs(1);

/// The keys, and where they are from.
pub(super) struct Keys {
    source: Source,
    held: Mutex<Held>,
    /// Held by whoever reads them again; others wait for it where they need what comes of it.
    turn: Turn<()>,
}

/// What may have signed a token.
pub(super) struct Fitting {
    pub(super) keys: Vec<Key>,
    /// Whether the newest keys could not be had.
    pub(super) outdated: bool,
}

enum Source {
    File(PathBuf),
    Address { url: Url, outgoing: Outgoing },
}

#[derive(Default)]
struct Held {
    keys: Vec<Key>,
    /// When they were last asked for.
    asked: Option<UnixMillis>,
    /// When they last came.
    came: Option<UnixMillis>,
    /// The file that they are from, as it was.
    stamp: Option<Stamp>,
    /// Whether the last attempt failed.
    failed: bool,
}

/// By what a changed file is told.
#[derive(Clone, Copy, PartialEq, Eq)]
struct Stamp {
    modified: Option<SystemTime>,
    length: u64,
}

impl Keys {
    /// The keys in a file.
    ///
    /// # Errors
    /// A sentence, if there are none.
    pub(super) fn of_file(file: &Path) -> Result<Self, String> {
        let mut held = Held::default();
        let (stamp, set) = read(file).map_err(|why| format!("jwks_file {}: {why}", file.display()))?;
        (held.keys, held.stamp) = (set.keys, Some(stamp));
        Ok(Self { source: Source::File(file.to_owned()), held: Mutex::new(held), turn: Turn::default() })
    }

    /// The keys at an address; nothing is asked for yet.
    ///
    /// # Errors
    /// A sentence about the address.
    pub(super) fn at_url(url: &str, outgoing: &OutgoingSettings) -> Result<Self, String> {
        let url = Url::parse(url).map_err(|allowed| format!("jwks_url: \"{url}\"; allowed is {allowed}"))?;
        let outgoing = Outgoing::new(outgoing)?;
        Ok(Self { source: Source::Address { url, outgoing }, held: Mutex::default(), turn: Turn::default() })
    }

    /// The keys that may have signed a token with this `kid` and this `alg`.
    pub(super) async fn of(
        &self,
        id: Option<&str>,
        algorithm: &Algorithm,
        now: UnixMillis,
        notices: &mut Vec<String>,
    ) -> Fitting {
        if self.is_stale(now)
            && let Ok(_turn) = self.turn.try_lock()
        {
            self.renew(now, notices).await;
        }
        let fitting = self.fitting(id, algorithm);
        if !fitting.keys.is_empty() {
            return fitting;
        }
        // Somebody may be reading them again right now: what comes of it counts.
        let _turn = self.turn.lock().await;
        if self.may_ask(now) {
            self.renew(now, notices).await;
        }
        self.fitting(id, algorithm)
    }

    fn fitting(&self, id: Option<&str>, algorithm: &Algorithm) -> Fitting {
        let held = self.held();
        let keys = held.keys.iter().filter(|key| key.fits(id, algorithm.kind, algorithm.name)).cloned().collect();
        Fitting { keys, outdated: held.failed }
    }

    /// Whether it is time to look again although nobody misses a key.
    fn is_stale(&self, now: UnixMillis) -> bool {
        match &self.source {
            Source::File(_) => self.may_ask(now),
            Source::Address { .. } => {
                let came = self.held().came;
                came.is_none_or(|came| now.since(came) >= FRESH) && self.may_ask(now)
            }
        }
    }

    fn may_ask(&self, now: UnixMillis) -> bool {
        let pause = match &self.source {
            Source::File(_) => GLANCE,
            Source::Address { .. } => PAUSE,
        };
        // A clock that was set back must not close the way to new keys.
        self.held().asked.is_none_or(|asked| now.since(asked) >= pause || now < asked)
    }

    /// Has the keys read again; those that are held stay if that fails.
    async fn renew(&self, now: UnixMillis, notices: &mut Vec<String>) {
        self.held().asked = Some(now);
        let known = self.held().stamp;
        let read = match &self.source {
            Source::File(file) => look(file.clone(), known).await.map_err(|why| format!("bearer.jwks_file: {why}")),
            Source::Address { url, outgoing } => {
                fetch(url, outgoing).await.map(|set| Some((None, set))).map_err(|why| format!("bearer.jwks_url: {why}"))
            }
        };
        let mut held = self.held();
        held.failed = read.is_err();
        match read {
            Ok(None) => {}
            Ok(Some((stamp, set))) => {
                notices.extend(set.notices);
                (held.keys, held.stamp, held.came) = (set.keys, stamp, Some(now));
            }
            Err(why) => notices.push(format!("{why}; the keys that were read before stay in use")),
        }
    }

    fn held(&self) -> std::sync::MutexGuard<'_, Held> {
        self.held.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The set at an address.
async fn fetch(url: &Url, outgoing: &Outgoing) -> Result<KeySet, String> {
    let request =
        Request::get(url).header("accept", "application/jwk-set+json, application/json").answer_at_most(MAX_SET);
    let answer = outgoing.exchange(request).await.map_err(|error| error.to_string())?;
    match answer.status {
        200 => KeySet::parse(&answer.body).map_err(|why| format!("{}: {why}", url.host())),
        status => Err(format!("{} answered {status}", url.host())),
    }
}

/// The set in a file, if the file is not the one that is known; not on a thread that serves.
async fn look(file: PathBuf, known: Option<Stamp>) -> Result<Option<(Option<Stamp>, KeySet)>, String> {
    let looked = tokio::task::spawn_blocking(move || {
        if known.is_some() && stamp(&file).is_ok_and(|stamp| Some(stamp) == known) {
            return Ok(None);
        }
        read(&file).map(|(stamp, set)| Some((Some(stamp), set)))
    });
    looked.await.map_err(|error| error.to_string())?
}

fn read(file: &Path) -> Result<(Stamp, KeySet), String> {
    // The stamp is taken first: a file that changes meanwhile is read once more.
    let stamp = stamp(file).map_err(|error| error.to_string())?;
    if stamp.length > u64::try_from(MAX_SET).unwrap_or(u64::MAX) {
        return Err(format!("it is longer than {MAX_SET} octets"));
    }
    let text = std::fs::read(file).map_err(|error| error.to_string())?;
    Ok((stamp, KeySet::parse(&text)?))
}

fn stamp(file: &Path) -> std::io::Result<Stamp> {
    let facts = std::fs::metadata(file)?;
    Ok(Stamp { modified: facts.modified().ok(), length: facts.len() })
}
