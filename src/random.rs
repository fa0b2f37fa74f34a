//! Unpredictable octets, as a trait: the system's generator, and a seeded one for tests. Nothing else draws random octets.

use std::{
    fmt,
    sync::atomic::{AtomicU64, Ordering},
};

use sha2::{Digest, Sha256};

/// The system's generator failed; nothing secret can be made until it works again.
#[derive(Clone, Copy, Debug)]
pub struct RandomError;

impl fmt::Display for RandomError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the system's random generator failed")
    }
}

impl std::error::Error for RandomError {}

/// Draws random octets fit for secrets.
pub trait Random: Send + Sync + 'static {
    /// Overwrites all of `octets`.
    ///
    /// # Errors
    /// The generator failed; `octets` must not be used.
    fn fill(&self, octets: &mut [u8]) -> Result<(), RandomError>;
}

/// The operating system's generator.
#[derive(Clone, Copy, Debug, Default)]
pub struct SystemRandom;

impl Random for SystemRandom {
    fn fill(&self, octets: &mut [u8]) -> Result<(), RandomError> {
        getrandom::fill(octets).map_err(|_| RandomError)
    }
}

/// The same octets on every run, never the same twice within one; for tests.
#[derive(Debug)]
pub struct SeededRandom {
    seed: u64,
    drawn: AtomicU64,
}

impl SeededRandom {
    /// A generator whose octets follow from `seed`.
    pub const fn new(seed: u64) -> Self {
        Self { seed, drawn: AtomicU64::new(0) }
    }
}

impl Random for SeededRandom {
    fn fill(&self, octets: &mut [u8]) -> Result<(), RandomError> {
        for chunk in octets.chunks_mut(32) {
            let position = self.drawn.fetch_add(1, Ordering::Relaxed);
            let block =
                Sha256::new().chain_update(self.seed.to_be_bytes()).chain_update(position.to_be_bytes()).finalize();
            chunk.iter_mut().zip(block).for_each(|(octet, drawn)| *octet = drawn);
        }
        Ok(())
    }
}

/// `N` random octets.
///
/// # Errors
/// The generator failed.
pub fn octets<const N: usize>(random: &dyn Random) -> Result<[u8; N], RandomError> {
    let mut octets = [0; N];
    random.fill(&mut octets)?;
    Ok(octets)
}

/// `length` characters of `alphabet`, each as likely as any other.
/// `alphabet`: 1 to 256 ASCII characters; the text is empty if it is empty.
///
/// # Errors
/// The generator failed.
pub fn text(random: &dyn Random, alphabet: &[u8], length: usize) -> Result<String, RandomError> {
    let mut text = String::with_capacity(length);
    let Some(fair) = 256usize.checked_div(alphabet.len()).map(|times| times * alphabet.len()) else {
        return Ok(text);
    };
    while text.len() < length {
        // Octets beyond the last whole multiple of the alphabet would favour its first characters.
        let [octet] = octets::<1>(random)?;
        if usize::from(octet) < fair {
            text.extend(alphabet.get(usize::from(octet) % alphabet.len()).map(|&character| char::from(character)));
        }
    }
    Ok(text)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn a_seed_gives_the_same_octets_again_but_never_twice_in_one_run() {
        let first = SeededRandom::new(7);
        let (a, b) = (octets::<40>(&first).unwrap(), octets::<40>(&first).unwrap());
        assert_ne!(a, b);
        assert_eq!(a, octets::<40>(&SeededRandom::new(7)).unwrap());
        assert_ne!(a, octets::<40>(&SeededRandom::new(8)).unwrap());
    }

    #[test]
    fn the_system_generator_draws() {
        assert_ne!(octets::<32>(&SystemRandom).unwrap(), octets::<32>(&SystemRandom).unwrap());
    }

    #[test]
    fn text_uses_the_whole_alphabet_and_nothing_else() {
        let drawn = text(&SeededRandom::new(1), b"0123456789", 400).unwrap();
        assert_eq!(drawn.len(), 400);
        assert!((b'0'..=b'9').all(|digit| drawn.as_bytes().contains(&digit)));
        assert!(drawn.bytes().all(|octet| octet.is_ascii_digit()));
        assert_eq!(text(&SeededRandom::new(1), b"", 4).unwrap(), "");
    }
}
