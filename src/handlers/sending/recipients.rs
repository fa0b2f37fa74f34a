//! How often each address and number was written to, in this process, by all doors together. It forgets with the process; the count
//! of each user, which is in the user's record, does not.

use std::{
    collections::HashMap,
    hash::{BuildHasher, RandomState},
    sync::{Mutex, PoisonError},
};

use crate::{clock::UnixMillis, factors::rate::Rate};

/// Most addresses that are remembered; beyond it the one that was quiet longest is forgotten.
const MOST: usize = 1 << 16;

/// The messages to each address that still count.
#[derive(Debug, Default)]
pub struct Recipients {
    hasher: RandomState,
    // Addresses are not kept: nobody should find here who writes to whom.
    times: Mutex<HashMap<u64, Vec<UnixMillis>>>,
}

impl Recipients {
    /// Counts one more message to this address, if `rate` allows it.
    pub fn take(&self, recipient: &str, rate: &Rate, now: UnixMillis) -> bool {
        if rate.count == 0 {
            return true;
        }
        let key = self.hasher.hash_one(recipient.to_lowercase());
        let mut times = self.times.lock().unwrap_or_else(PoisonError::into_inner);
        if times.len() >= MOST && !times.contains_key(&key) {
            make_room(&mut times, rate, now);
        }
        rate.take(times.entry(key).or_default(), now)
    }
}

fn make_room(times: &mut HashMap<u64, Vec<UnixMillis>>, rate: &Rate, now: UnixMillis) {
    times.retain(|_, sent| {
        rate.allows(sent, now);
        !sent.is_empty()
    });
    if times.len() >= MOST {
        let quietest = times.iter().min_by_key(|(_, sent)| sent.last().copied()).map(|(key, _)| *key);
        quietest.map(|key| times.remove(&key));
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    #[test]
    fn an_address_is_an_address_however_it_is_spelled() {
        let (recipients, rate) = (Recipients::default(), Rate { count: 2, per: Duration::from_secs(60) });
        let now = UnixMillis::from_seconds(1000);
        assert!(recipients.take("Alice@example.com", &rate, now) && recipients.take("alice@EXAMPLE.com", &rate, now));
        assert!(!recipients.take("alice@example.com", &rate, now));
        assert!(recipients.take("bob@example.com", &rate, now));
        assert!(recipients.take("alice@example.com", &rate, now.plus(Duration::from_secs(60))));
    }

    #[test]
    fn memory_is_bounded_and_the_quietest_is_forgotten_first() {
        let (recipients, rate) = (Recipients::default(), Rate { count: 1, per: Duration::from_secs(60) });
        let now = |step: usize| UnixMillis(1_000_000 + step as u64 / 10_000);
        for number in 0..MOST + 10 {
            assert!(recipients.take(&number.to_string(), &rate, now(number)));
        }
        assert!(recipients.times.lock().is_ok_and(|times| times.len() == MOST));
        assert!(!recipients.take(&(MOST + 9).to_string(), &rate, now(MOST)));
        // All of them are old by now.
        assert!(recipients.take("new", &rate, UnixMillis::from_seconds(2000)));
        assert!(recipients.times.lock().is_ok_and(|times| times.len() == 1));
    }
}
