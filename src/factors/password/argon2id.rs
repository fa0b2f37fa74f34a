//! Argon2 (RFC 9106): `$argon2id$v=19$m=19456,t=2,p=1$salt$hash`, also `argon2i`, `argon2d` and version 16, behind `{ARGON2}` or bare.

use argon2::{Algorithm, Argon2, Block, Params, Version};
use base64::Engine;
use subtle::ConstantTimeEq;

use super::base64_text::STANDARD;
use crate::large_pages;

/// 256 MiB.
const MAX_MEMORY_KIB: u32 = 256 * 1024;
/// Memory times passes: one gibibyte, about a second.
const MAX_WORK_KIB: u64 = 1024 * 1024;
const MAX_LANES: u32 = 16;
/// Memory above this is given back after use.
const KEPT_MEMORY_KIB: usize = 64 * 1024;
const SALTS: std::ops::RangeInclusive<usize> = 8..=64;
const HASHES: std::ops::RangeInclusive<usize> = 16..=128;

/// The work factors of argon2id.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Argon2Cost {
    /// Memory in KiB, 8 times `lanes` to 262,144.
    pub memory_kib: u32,
    /// Passes over the memory; times `memory_kib` at most 1,048,576.
    pub passes: u32,
    /// Lanes, 1 to 16; computed one after the other.
    pub lanes: u32,
}

impl Default for Argon2Cost {
    fn default() -> Self {
        Self { memory_kib: 19 * 1024, passes: 2, lanes: 1 }
    }
}

/// The memory that is filled, kept from one hash to the next: to fault in fresh pages would cost a tenth of the hash.
#[derive(Default)]
pub(super) struct Memory {
    blocks: Vec<Block>,
}

/// A stored hash.
#[derive(Clone, PartialEq, Eq)]
pub(super) struct Stored {
    algorithm: Algorithm,
    version: Version,
    cost: Argon2Cost,
    salt: Vec<u8>,
    hash: Vec<u8>,
}

impl Stored {
    pub(super) fn parse(text: &str) -> Option<Self> {
        let mut parts = text.strip_prefix('$')?.split('$').peekable();
        let algorithm = match parts.next()? {
            "argon2id" => Algorithm::Argon2id,
            "argon2i" => Algorithm::Argon2i,
            "argon2d" => Algorithm::Argon2d,
            _ => return None,
        };
        // Without a version the text is of the time before there were two.
        let version = match parts.next_if(|part| part.starts_with("v=")) {
            Some("v=19") => Version::V0x13,
            Some("v=16") | None => Version::V0x10,
            Some(_) => return None,
        };
        let cost = Argon2Cost::parse(parts.next()?)?;
        let mut octets = || STANDARD.decode(parts.next()?).ok();
        let (salt, hash) = (octets()?, octets()?);
        let fits = parts.next().is_none() && SALTS.contains(&salt.len()) && HASHES.contains(&hash.len());
        fits.then_some(Self { algorithm, version, cost, salt, hash })
    }

    pub(super) fn verify(&self, password: &[u8], memory: &mut Memory) -> bool {
        let mut hash = vec![0; self.hash.len()];
        let computed = memory.fill(self.algorithm, self.version, &self.cost, password, &self.salt, &mut hash);
        computed.is_some() & bool::from(hash.ct_eq(&self.hash))
    }

    pub(super) fn costs(&self, cost: &Argon2Cost) -> bool {
        self.algorithm == Algorithm::Argon2id && self.version == Version::V0x13 && self.cost == *cost
    }
}

/// The password as `{ARGON2}$argon2id$...`; `None` if the work factors are out of bounds.
pub(super) fn hash(password: &[u8], salt: &[u8; 16], cost: &Argon2Cost, memory: &mut Memory) -> Option<String> {
    let mut hash = [0; 32];
    memory.fill(Algorithm::Argon2id, Version::V0x13, cost.bounded()?, password, salt, &mut hash)?;
    let Argon2Cost { memory_kib, passes, lanes } = cost;
    let (salt, hash) = (STANDARD.encode(salt), STANDARD.encode(hash));
    Some(format!("{{ARGON2}}$argon2id$v=19$m={memory_kib},t={passes},p={lanes}${salt}${hash}"))
}

impl Argon2Cost {
    fn parse(text: &str) -> Option<Self> {
        let mut parts = text.split(',');
        let mut number = |name: &str| parts.next()?.strip_prefix(name)?.parse().ok();
        let cost = Self { memory_kib: number("m=")?, passes: number("t=")?, lanes: number("p=")? };
        if parts.next().is_some() {
            return None;
        }
        cost.bounded().copied()
    }

    fn bounded(&self) -> Option<&Self> {
        let work = u64::from(self.memory_kib) * u64::from(self.passes);
        let fits = self.memory_kib <= MAX_MEMORY_KIB
            && (1..=MAX_WORK_KIB).contains(&work)
            && (1..=MAX_LANES).contains(&self.lanes);
        (fits && self.memory_kib >= 8 * self.lanes).then_some(self)
    }
}

impl Memory {
    /// Makes room for so many blocks; what stood in fewer is of no use any more.
    fn grow(&mut self, blocks: usize) {
        if self.blocks.len() < blocks {
            self.blocks = Vec::new();
            self.blocks = large_pages::row_of(blocks, Block::default);
        }
    }

    fn fill(
        &mut self,
        algorithm: Algorithm,
        version: Version,
        cost: &Argon2Cost,
        password: &[u8],
        salt: &[u8],
        hash: &mut [u8],
    ) -> Option<()> {
        let params = Params::new(cost.memory_kib, cost.passes, cost.lanes, Some(hash.len())).ok()?;
        let blocks = params.block_count();
        self.grow(blocks);
        let argon2 = Argon2::new(algorithm, version, params);
        let done = argon2.hash_password_into_with_memory(password, salt, hash, self.blocks.get_mut(..blocks)?).ok();
        if self.blocks.len() > KEPT_MEMORY_KIB {
            self.blocks = Vec::new();
        }
        done
    }
}
