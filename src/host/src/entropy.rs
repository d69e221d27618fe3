//! Randomness as a trait.

use base::Prng;
use std::io::Result;

/// A source of bytes that nobody can guess.
pub trait Entropy: Send + Sync {
    /// Fills `buffer`.
    fn fill(&self, buffer: &mut [u8]) -> Result<()>;

    /// Eight bytes as a number.
    fn next_u64(&self) -> Result<u64> {
        let mut bytes = [0; 8];
        self.fill(&mut bytes)?;
        Ok(u64::from_le_bytes(bytes))
    }
}

/// The operating system's.
#[derive(Clone, Copy, Debug)]
pub struct RealEntropy;

impl Entropy for RealEntropy {
    fn fill(&self, buffer: &mut [u8]) -> Result<()> {
        getrandom::fill(buffer).map_err(|error| std::io::Error::other(error.to_string()))
    }
}

/// Repeats for the same seed: tests only.
#[derive(Debug)]
pub struct SeededEntropy(parking_lot::Mutex<Prng>);

impl SeededEntropy {
    /// A source that repeats for the same seed.
    pub const fn new(seed: u64) -> SeededEntropy {
        SeededEntropy(parking_lot::Mutex::new(Prng::new(seed)))
    }
}

impl Entropy for SeededEntropy {
    fn fill(&self, buffer: &mut [u8]) -> Result<()> {
        let mut prng = self.0.lock();
        for chunk in buffer.chunks_mut(8) {
            chunk.copy_from_slice(&prng.next_u64().to_le_bytes()[..chunk.len()]);
        }
        Ok(())
    }
}
